"""How a venue margins a whole account, as a policy file writes it.

    [account]
    depeg = { threshold = "0.98", factor = "1.2" }

    [account.markets.ETH]
    options = "ETH"              # one of the policy's option rules
    perpetual = "ETH-PERP"       # one of its markets: its one tier has both rates
    coin_share = "10%"
    coin_initial_scale = "100%"
    oracle = { perpetual_threshold = "40%", option_threshold = "40%", coin_threshold = "40%", factor = "40%" }

Options and perpetuals are named and not written again, so that a rate stands in a policy once.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from margin.contracts import ContractKind
from margin.documents.reading import Fields
from margin.errors import MalformedError, Reason
from margin.options import DeriveRule, OptionRule
from margin.options.derive_account import DepegRule, DeriveMarketRule, OracleRule
from margin.policy import Basis, MarketPolicy
from margin.tiers import Tier


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """What a whole account is held to."""

    depeg: DepegRule
    markets: Mapping[str, DeriveMarketRule]


def read_account_terms(
    fields: Fields, markets: Mapping[str, MarketPolicy], options: Mapping[str, OptionRule]
) -> AccountTerms | None:
    """The ``account`` section of a policy, over ``markets`` whose rates are fixed; None where there is no section."""
    if not fields.has("account"):
        fields.take("account")
        return None
    with fields.inner("account") as account:
        with account.inner("depeg") as depeg:
            depeg_rule = DepegRule(depeg.rate("threshold"), depeg.decimal("factor"))
        entries = account.entries("markets")
        if not entries:
            raise MalformedError(Reason.MISSING_FIELD, "markets", found="nothing", expected="at least one market")
        return AccountTerms(depeg_rule, {name: read_rule(entry, markets, options) for name, entry in entries.items()})


def read_rule(
    fields: Fields, markets: Mapping[str, MarketPolicy], options: Mapping[str, OptionRule]
) -> DeriveMarketRule:
    """The parameters of one market."""
    with fields:
        option_rule = find_option_rule(fields.text("options"), options)
        tier = find_single_tier(fields.text("perpetual"), markets)
        with fields.inner("oracle") as oracle:
            oracle_rule = OracleRule(
                perpetual_threshold=oracle.rate("perpetual_threshold"),
                option_threshold=oracle.rate("option_threshold"),
                coin_threshold=oracle.rate("coin_threshold"),
                factor=oracle.rate("factor"),
            )
        return DeriveMarketRule(
            options=option_rule,
            perpetual_initial_rate=tier.initial_rate,
            perpetual_maintenance_rate=tier.maintenance_rate,
            coin_share=fields.rate("coin_share"),
            coin_initial_scale=fields.rate("coin_initial_scale"),
            oracle=oracle_rule,
        )


def find_option_rule(name: str, options: Mapping[str, OptionRule]) -> DeriveRule:
    """The option rule of a name; an account is put together of Derive's alone."""
    rule = options.get(name)
    if not isinstance(rule, DeriveRule):
        known = sorted(each for each, found in options.items() if isinstance(found, DeriveRule))
        raise MalformedError(
            Reason.NOT_A_CHOICE, "options", found=name, expected=f"a rule of derive: {', '.join(known) or 'none here'}"
        )
    return rule


def find_single_tier(name: str, markets: Mapping[str, MarketPolicy]) -> Tier:
    """The one row of the perpetual's table."""
    known = sorted(each for each, policy in markets.items() if is_plain(policy))
    if name not in known:
        raise MalformedError(
            Reason.NOT_A_CHOICE,
            "perpetual",
            found=name,
            expected=f"one fixed rate at a linear mark, without cap or fees: {', '.join(known) or 'none here'}",
        )
    return markets[name].table.tiers[0]


def is_plain(policy: MarketPolicy) -> bool:
    """Whether a market's requirement is one rate of the notional at the mark: all that an account's rule can say."""
    table = policy.table
    return (
        policy.contract.kind is ContractKind.LINEAR
        and policy.basis is policy.initial_basis is Basis.MARK
        and len(table.tiers) == 1
        and table.cap is None
        and table.tiers[0].floor == table.slope == policy.closing_fee_rate == policy.slippage_rate == 0
    )
