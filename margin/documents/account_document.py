"""A whole account as a trader writes it: cash, and of each market the coins, the perpetual and the options.

    {"format": "ringfence.account/1", "policy": "derive", "cash": "2000",
     "holdings": {"ETH": {"spot": "1500", "coins": "1",
       "perpetual": {"side": "long", "quantity": "2", "entry_price": "1535", "mark": "1505", "funding": "10"},
       "expiries": [{"forward": "1501",
         "legs": [{"kind": "call", "side": "short", "quantity": "1", "strike": "1600", "mark": "31.5"}]}]}}}

The policy says how: its ``account`` section. See ``account.schema.json`` for every field.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from margin.contracts import Side
from margin.documents.account_terms import AccountTerms
from margin.documents.policy_document import PolicyDocument, require_format
from margin.documents.position_document import PolicyFinder, read_policy_reference
from margin.documents.reading import Fields
from margin.documents.structure_document import option_legs_of, read_leg
from margin.errors import MalformedError, MisuseError, Reason
from margin.options.derive_account import DepegRule, DeriveMarketRule, Expiry, MarketHolding, Perpetual
from margin.quantities import require_positive, require_signed

ACCOUNT_FORMAT = "ringfence.account/1"
MAX_EXPIRIES = 64
MAX_EXPIRY_LEGS = 256
ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class AccountDocument:
    """An account with all that is needed to judge it."""

    label: str
    policy: PolicyDocument
    depeg: DepegRule
    cash: Fraction
    stable_price: Fraction
    holdings: Mapping[str, MarketHolding]


def read_account(content: object, find_policy: PolicyFinder) -> AccountDocument:
    """An account document, checked to the last field."""
    with Fields(content) as fields:
        require_format(fields, ACCOUNT_FORMAT)
        label = fields.text("label", "account")
        policy, terms = read_account_policy(fields, find_policy)
        cash = require_signed(fields.decimal("cash"), "cash")
        stable_price = require_positive(fields.decimal("stable_price", ONE), "stable_price")
        holdings = {name: read_holding(name, entry, terms) for name, entry in fields.entries("holdings").items()}
    return AccountDocument(label, policy, terms.depeg, cash, stable_price, holdings)


def read_account_policy(fields: Fields, find_policy: PolicyFinder) -> tuple[PolicyDocument, AccountTerms]:
    """The policy, which must say how a whole account is margined."""
    policy = read_policy_reference(fields, find_policy)
    if policy is None:
        raise MalformedError(
            Reason.MISSING_FIELD, "policy", found="nothing", expected="a policy that margins whole accounts"
        )
    if policy.account is None:
        raise MisuseError(
            Reason.NOT_APPLICABLE, "policy", found=policy.name, expected="a policy that margins whole accounts"
        )
    return policy, policy.account


def read_holding(name: str, fields: Fields, terms: AccountTerms) -> MarketHolding:
    """What the account holds of one market, with the prices of the moment."""
    with fields:
        rule = find_rule(name, terms)
        return MarketHolding(
            rule=rule,
            spot=fields.decimal("spot"),
            spot_confidence=fields.rate("spot_confidence", ONE),
            coins=fields.decimal("coins", Fraction(0)),
            perpetual=read_perpetual(fields),
            expiries=tuple(read_expiry(item, rule) for item in fields.items("expiries", MAX_EXPIRIES)),
        )


def find_rule(name: str, terms: AccountTerms) -> DeriveMarketRule:
    """The rule of a market; the name in the error is that of the holding."""
    if name not in terms.markets:
        raise MisuseError(Reason.UNKNOWN_MARKET, "", found=name, expected=f"one of {', '.join(sorted(terms.markets))}")
    return terms.markets[name]


def read_perpetual(fields: Fields) -> Perpetual | None:
    """The perpetual, if one is held."""
    if not fields.has("perpetual"):
        fields.take("perpetual")
        return None
    with fields.inner("perpetual") as perpetual:
        return Perpetual(
            side=perpetual.choice("side", Side),
            quantity=perpetual.decimal("quantity"),
            entry_price=perpetual.decimal("entry_price"),
            mark=perpetual.decimal("mark"),
            funding=perpetual.decimal("funding", Fraction(0)),
            confidence=perpetual.rate("confidence", ONE),
        )


def read_expiry(fields: Fields, rule: DeriveMarketRule) -> Expiry:
    """The options of one expiry; their legs are written as in a structure."""
    with fields:
        forward = fields.decimal("forward")
        confidence = fields.rate("confidence", ONE)
        legs = tuple(read_leg(item) for item in fields.items("legs", MAX_EXPIRY_LEGS))
        return Expiry(option_legs_of(legs, rule.options), forward, confidence)
