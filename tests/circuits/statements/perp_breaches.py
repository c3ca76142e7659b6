"""For each rule of ``perp`` inputs that break it and none before it."""

from typing import Final

from circuits.statements.claim import Inputs
from circuits.statements.perp import inputs_for
from facts.packing import REQUIREMENT_TERMS
from margin.bounds import MAX_MONEY, PPM
from tests.circuits.statements.cheating import forge, number
from tests.circuits.statements.claim_breaches import (
    after,
    breaches_of_market,
    find_breaches_of_claim,
    with_derived,
    with_other_root,
)
from tests.circuits.statements.claims import SHALLOW, Depths
from tests.circuits.statements.perp_cases import PerpCase

KEPT_BY_HINTS: Final = {
    "comparison_fits": "an interval that was proved before holds the value",
    **{
        f"{rule}{part}": "an honest hint keeps it, whatever the inputs; a lie breaks it"
        for rule in ("funding_rounds_up", "asset_tier.value_rounds_down")
        for part in ("", "_quotient", "_remainder", "_remainder_below_divisor")
    },
}
"""Rules that no inputs can break, for a witness program that does not lie."""


def rules_of_locks(locks: int) -> dict[str, str]:
    """The same with the scope of each lock."""
    return {
        name: reason
        for rule, reason in KEPT_BY_HINTS.items()
        for name in ([f"lock[{index}].{rule}" for index in range(locks)] if rule.startswith("asset_tier") else [rule])
    }


def find_breaches(case: PerpCase, depths: Depths = SHALLOW) -> dict[str, Inputs]:
    """A breach of each rule, of a case that keeps all of them with money to spare."""
    honest = inputs_for(case.witness(depths))
    breaches: dict[str, Inputs] = {
        "position.size_above_zero": forge(honest, {"position.size": 0}),
        "position.entry_above_zero": forge(honest, {"position.entry_notional": 0}),
        "price_above_zero": forge(honest, {"market.low_price": 0, "market.high_price": 0}),
        "equity_covers_requirement": forge(honest, {"position.cash.sign": 1, "position.cash.magnitude": 2**100 - 1}),
    }
    for index in range(len(case.position.basket)):
        scope = f"lock[{index}]"
        breaches |= {
            f"{scope}.path_holds_leaf": with_derived(after(honest, f"{scope}.deposit_index")),
            f"{scope}.nullifier_is_of_lock": after(honest, f"nullifier[{index}]"),
            f"{scope}.asset_tier.path_holds_leaf": after(honest, f"{scope}.asset_tier.floor"),
            f"{scope}.asset_tier.value_in_tier_at_most_high": forge(honest, {f"{scope}.asset_tier.ceiling": 0}),
            f"{scope}.asset_tier.value_in_tier_above_low": forge(honest, {f"{scope}.asset_tier.floor": MAX_MONEY}),
        }
        for path, rule in (("path", "lock_in_tree"), ("asset_tier.path", "asset_tier.asset_tier_in_round")):
            breaches[f"{scope}.{rule}"] = with_other_root(honest, f"{scope}.{path}")
    return find_breaches_of_claim(honest, case.basket()) | breaches_of_market(honest) | breaches | tier_breaches(honest)


def tier_breaches(honest: Inputs) -> dict[str, Inputs]:
    """A notional or an entry outside the tier, and a requirement that is none."""
    requirement = "market.maintenance" if number(honest, "policy.maintenance") else "market.initial"
    plain = dict.fromkeys(REQUIREMENT_TERMS.widths, 0) | {"rate_ppm": PPM // 100}
    mark, entry = (REQUIREMENT_TERMS.encode(plain | {"on_entry": on_entry}) for on_entry in (0, 1))
    below = number(honest, "position.entry_notional") - 1
    return {
        "requirement_falls_apart": forge(honest, {requirement: 1 << REQUIREMENT_TERMS.bits}),
        "notional_at_most_ceiling": forge(honest, {requirement: mark, "market.floor": 0, "market.ceiling": 0}),
        "entry_at_most_ceiling": forge(honest, {requirement: entry, "market.floor": 0, "market.ceiling": below}),
        "basis_above_floor": forge(
            honest, {requirement: entry, "market.floor": below + 1, "market.ceiling": MAX_MONEY}
        ),
    }
