"""For each rule of ``perp`` inputs that break it and none before it."""

from typing import Final

from circuits.statements.claim import Inputs
from circuits.statements.perp import inputs_for
from facts.packing import POLICY, REQUIREMENT_TERMS
from facts.policy import MAX_SHOCK_PPM
from margin.bounds import MAX_MONEY, PPM
from tests.circuits.statements.cheating import derived_from, forge, number
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
    least = POLICY.bits - POLICY.widths["least_basket_value"]
    rich = (case.basket() + 1 << least) + number(honest, "policy") % (1 << least)
    breaches: dict[str, Inputs] = {
        "policy.shock_leaves_a_price": forge(honest, {"policy.shock_ppm": MAX_SHOCK_PPM + 1}),
        "position.size_above_zero": forge(honest, {"position.size": 0}),
        "position.entry_above_zero": forge(honest, {"position.entry_notional": 0}),
        "position.path_holds_leaf": after(honest, "position.salt"),
        "position.position_in_book": after(honest, "book_root"),
        "position.tag_is_of_position": after(honest, "position_tag"),
        "market.path_holds_leaf": after(honest, "market.policy_hash"),
        "market.market_in_round": with_other_root(honest, "market.path"),
        "basket_covers_least_value": honest | {"policy": rich},
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
    return breaches | tier_breaches(honest) | breaches_of_locks(honest, len(case.position.basket))


def breaches_of_locks(honest: Inputs, locks: int) -> dict[str, Inputs]:
    """What depends on how many locks there are."""
    if not locks:
        unused = {"lock_root_is_unused": after(honest, "lock_root")}
        return {"context_is_given": honest | {"context": 0}} | unused
    return {"context.context_opens": after(honest, "context")} | ({"locks_differ": twice(honest)} if locks > 1 else {})


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


def after(inputs: Inputs, name: str) -> Inputs:
    """The inputs with one of them larger by 1."""
    return inputs | {name: number(inputs, name) + 1}


def with_derived(inputs: Inputs) -> Inputs:
    """The inputs with the public names that follow from them."""
    return inputs | dict(derived_from(inputs))


def twice(inputs: Inputs) -> Inputs:
    """The first lock in the place of the second too."""
    first = {name: value for name, value in inputs.items() if name.startswith("lock[0].")}
    again = {name.replace("lock[0]", "lock[1]"): value for name, value in first.items()}
    return inputs | again | {"nullifier[1]": inputs["nullifier[0]"]}


def with_other_root(inputs: Inputs, path: str) -> Inputs:
    """A path that holds its leaf and leads elsewhere: a sibling at the top is another."""
    children = inputs[path]
    assert not isinstance(children, int)
    return inputs | {path: [*children[:-1], children[-1] + 1]}
