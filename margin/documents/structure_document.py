"""A structure of options (and underlying) as a trader writes it.

    {"policy": "bybit-options", "market": "BTC", "prices": {"spot": "20250"},
     "legs": [{"kind": "put", "side": "short", "quantity": "1", "strike": "18500", "mark": "290", "premium": "280"},
              {"kind": "put", "side": "long",  "quantity": "1", "strike": "20000", "mark": "750", "premium": "760"}]}

Without a policy only the payoff is told. See ``structure.schema.json`` for every field.
"""

from dataclasses import dataclass
from fractions import Fraction

from margin.bounds import MAX_LEGS
from margin.contracts import Side
from margin.documents.option_terms import read_option_rule
from margin.documents.policy_document import PolicyDocument, require_format
from margin.documents.position_document import PolicyFinder, read_policy_reference, require_policy
from margin.documents.reading import Fields, located
from margin.errors import MalformedError, Reason
from margin.options import OptionKind, OptionLeg, OptionMarket, OptionRule
from margin.payoff import Leg, LegKind, Structure, future_leg, spot_leg

STRUCTURE_FORMAT = "ringfence.structure/1"


@dataclass(frozen=True, slots=True)
class WrittenLeg:
    """One leg in the decimals of the document."""

    kind: LegKind
    side: Side
    quantity: Fraction
    strike: Fraction
    premium: Fraction | None
    mark: Fraction | None

    def as_payoff_leg(self) -> Leg:
        """The leg as a line over prices at expiry."""
        if self.kind is not LegKind.UNDERLYING:
            return Leg(self.kind, self.side, self.quantity, self.strike, self.premium or Fraction(0))
        if self.strike:
            return future_leg(self.side, self.quantity, self.strike)
        return spot_leg(self.side, self.quantity, self.premium or Fraction(0))

    def as_option_leg(self) -> OptionLeg:
        """The leg as an option rule sees it; a rule needs its mark."""
        if self.mark is None:
            raise MalformedError(Reason.MISSING_PRICE, "mark", found="nothing", expected="the mark price of the option")
        kind = OptionKind.CALL if self.kind is LegKind.CALL else OptionKind.PUT
        return OptionLeg(kind, self.side, self.quantity, self.strike, self.mark, self.premium)


@dataclass(frozen=True, slots=True)
class StructureDocument:
    """A structure with all that is needed to judge it."""

    label: str
    policy: PolicyDocument | None
    market_name: str | None
    rule: OptionRule | None
    market: OptionMarket | None
    structure: Structure
    option_legs: tuple[OptionLeg, ...]
    cash: Fraction | None


def read_structure(content: object, find_policy: PolicyFinder) -> StructureDocument:
    """A structure document, checked to the last field."""
    with Fields(content) as fields:
        require_format(fields, STRUCTURE_FORMAT)
        label = fields.text("label", "structure")
        policy = read_policy_reference(fields, find_policy)
        market_content = fields.take("market")
        market = read_option_market(fields)
        legs = tuple(read_leg(item) for item in fields.items("legs", MAX_LEGS))
        cash = fields.decimal_or_none("cash")
        rule = find_option_rule(market_content, policy)
    if rule is not None and market is None:
        raise MalformedError(
            Reason.MISSING_PRICE, "prices.spot", found="nothing", expected="the price of the underlying"
        )
    structure = Structure(tuple(build_leg(leg, index) for index, leg in enumerate(legs)))
    name = market_content if isinstance(market_content, str) else None
    return StructureDocument(label, policy, name, rule, market, structure, option_legs_of(legs, rule), cash)


def read_option_market(fields: Fields) -> OptionMarket | None:
    """Spot and forward of the underlying."""
    if not fields.has("prices"):
        fields.take("prices")
        return None
    with fields.inner("prices") as prices:
        return OptionMarket(prices.decimal("spot"), prices.decimal_or_none("forward"))


def find_option_rule(content: object, policy: PolicyDocument | None) -> OptionRule | None:
    """The rule by the name of the policy's market, or written out in place."""
    if isinstance(content, str):
        return require_policy(policy).option_rule(content)
    if content is not None:
        return read_option_rule(Fields(content, "market"))
    if policy is not None:
        raise MalformedError(
            Reason.MISSING_FIELD, "market", found="nothing", expected=f"one of {', '.join(sorted(policy.options))}"
        )
    return None


def read_leg(fields: Fields) -> WrittenLeg:
    """One leg; an underlying has an ``entry_price`` (a future) or a ``premium`` paid (the coin itself)."""
    with fields:
        kind = fields.choice("kind", LegKind)
        strike_field = "entry_price" if kind is LegKind.UNDERLYING else "strike"
        missing = Fraction(0) if kind is LegKind.UNDERLYING else None
        if kind is LegKind.UNDERLYING:
            fields.refuse_both("entry_price", "premium")
        return WrittenLeg(
            kind=kind,
            side=fields.choice("side", Side),
            quantity=fields.decimal("quantity") * fields.decimal("contract_size", Fraction(1)),
            strike=fields.decimal(strike_field, missing),
            premium=fields.decimal_or_none("premium"),
            mark=fields.decimal_or_none("mark"),
        )


def build_leg(leg: WrittenLeg, index: int) -> Leg:
    """A payoff leg, with the document's path in its errors."""
    with located(f"legs[{index}]"):
        return leg.as_payoff_leg()


def option_legs_of(legs: tuple[WrittenLeg, ...], rule: OptionRule | None) -> tuple[OptionLeg, ...]:
    """The legs that an option rule judges; futures and coins have rules of their own."""
    if rule is None:
        return ()
    options = []
    for index, leg in enumerate(legs):
        with located(f"legs[{index}]"):
            if leg.kind is LegKind.UNDERLYING:
                raise MalformedError(
                    Reason.NOT_APPLICABLE, "kind", found="underlying", expected="an option, where an option rule judges"
                )
            options.append(leg.as_option_leg())
    return tuple(options)
