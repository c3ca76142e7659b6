"""For each rule of ``transition`` inputs that break it and none before it."""

from dataclasses import replace
from typing import Final

from circuits.statements.claim import Inputs
from circuits.statements.transition import inputs_for
from facts.packing import REQUIREMENT_TERMS
from facts.transition import RESERVED_ID
from margin.bounds import MAX_MONEY, PPM
from tests.circuits.statements.cheating import number
from tests.circuits.statements.claim_breaches import after, with_other_root
from tests.circuits.statements.claims import SHALLOW, Depths
from tests.circuits.statements.transition_cases import TransitionCase
from tests.circuits.statements.transition_cheating import SCOPES, forge

KEPT_BY_HINTS: Final = {
    f"{scope}.{rule}": reason
    for scope in SCOPES
    for rule, reason in {
        "comparison_fits": "an interval that was proved before holds the value",
        "value_rounds": "the price is above zero: an honest hint keeps it, whatever the inputs; a lie breaks it",
        **{
            f"{division}{part}": "an honest hint keeps it, whatever the inputs; a lie breaks it"
            for division in ("funding_rounds_up", "value_rounds")
            for part in ("", "_quotient", "_remainder", "_remainder_below_divisor")
            if (division, part) not in {("value_rounds", ""), ("value_rounds", "_quotient")}
        },
    }.items()
}
"""Rules that no inputs can break, for a witness program that does not lie."""

MOST: Final = 2**64 - 1


def find_breaches(case: TransitionCase, closing: TransitionCase, depths: Depths = SHALLOW) -> dict[str, Inputs]:
    """A breach of each rule: of two positions topped up with money to spare, and of two that close lots for a fee."""
    honest = inputs_for(case.witness(depths))
    breaches: dict[str, Inputs] = {
        "lock_root_is_unused": after(honest, "lock_root"),
        "position_tag_is_unused": after(honest, "position_tag"),
        "context_is_given": honest | {"context": 0},
        "book_is_given": honest | {"book_root": 0},
        "positions_differ": forge(honest, {f"{SCOPES[1]}.position_id": number(honest, f"{SCOPES[0]}.position_id")}),
        "one_currency": forge(honest, {f"{SCOPES[1]}.market.currency_id": 5}),
        "wallet_balances": after(honest, "flows.paid_in"),
        "fees_add_up": after(honest, "flows.fees"),
        "settlement_adds_up": after(honest, "flows.magnitude"),
        "transition_is_stated": after(honest, "policy"),
    }
    for index, scope in enumerate(SCOPES):
        cheap = closing.with_place(index, replace(closing.places[index], extra_fee=-1))
        breaches[f"{scope}.fee_covers_closing_fee"] = inputs_for(cheap.witness(depths))
        for found in (breaches_of_leaves, breaches_of_lots, breaches_of_money, breaches_of_tiers):
            breaches |= {f"{scope}.{rule}": inputs for rule, inputs in found(honest, index, scope).items()}
    return breaches


def breaches_of_leaves(honest: Inputs, index: int, scope: str) -> dict[str, Inputs]:
    """What stands in no tree, or is spent as something else."""
    return {
        "absent_has_nothing": forge(honest, {f"{scope}.present": 0}),
        "path_holds_leaf": after(honest, f"{scope}.salt"),
        "position_in_book": with_other_root(honest, f"{scope}.path"),
        "nullifier_is_of_leaf": after(honest, f"nullifier[{index}]"),
        "market.path_holds_leaf": after(honest, f"{scope}.market.policy_hash"),
        "market.market_in_round": with_other_root(honest, f"{scope}.market.path"),
        "id_is_not_reserved": forge(honest, {f"{scope}.position_id": RESERVED_ID}),
        "birth_is_of_position": after(honest, f"nullifier[{len(SCOPES) + index}]"),
    }


def breaches_of_lots(honest: Inputs, index: int, scope: str) -> dict[str, Inputs]:  # noqa: ARG001 -- one of several
    """Lots that are not there, or that nobody paid for."""

    def changed(**changes: int) -> Inputs:
        return forge(
            honest, {f"{scope}.{name.replace('market_', 'market.')}": value for name, value in changes.items()}
        )

    size, entry = number(honest, f"{scope}.size"), number(honest, f"{scope}.entry_notional")
    short = number(honest, f"{scope}.side")
    valued = {"market_high_price": 0} if short else {"market_low_price": 0}
    price = 1 if number(honest, f"{scope}.market.kind") else MOST
    huge = {"market_multiplier": MOST, "market_low_price": price, "market_high_price": price}
    return {
        "no_more_is_closed_than_there_is": changed(lots=size + 1),
        "traded_price_above_zero": changed(market_low_price=0, market_high_price=0),
        "price_above_zero": changed(adds=1, **valued),
        "value_rounds_quotient": changed(size=1, adds=1, lots=MOST - 1, **huge),
        "entry_grows_by_value": changed(adds=1, entry_after=entry + 1),
        "entry_keeps_its_share": changed(entry_after=entry + 2**64),
        "entry_rounds_up_to_the_next": changed(entry_after=entry + 1),
        "what_is_left_rounds_up": changed(
            lots=1, adds=1, market_kind=1, market_multiplier=1, market_low_price=3, market_high_price=3
        ),
        "what_is_whole_does_not_round": changed(rounds=1),
    }


def breaches_of_money(honest: Inputs, index: int, scope: str) -> dict[str, Inputs]:  # noqa: ARG001 -- one of several
    """Money from nowhere, and too little of it."""
    cash, kept = number(honest, f"{scope}.cash.magnitude"), number(honest, f"{scope}.after.cash.magnitude")
    ruin = 2**99
    poor = {
        f"{scope}.cash.magnitude": kept + ruin - cash,
        f"{scope}.cash.sign": 1,
        f"{scope}.after.cash.magnitude": ruin,
        f"{scope}.after.cash.sign": 1,
    }
    return {
        "after.absent_has_nothing": forge(honest, {f"{scope}.after.present": 0}),
        "after.zero_has_no_sign": forge(honest, {f"{scope}.after.cash.magnitude": 0, f"{scope}.after.cash.sign": 1}),
        "cash_is_conserved": forge(honest, {f"{scope}.after.cash.magnitude": kept + 1}),
        "equity_covers_requirement": forge(honest, poor),
    }


def breaches_of_tiers(honest: Inputs, index: int, scope: str) -> dict[str, Inputs]:  # noqa: ARG001 -- one of several
    """A notional or an entry outside the tier, and a requirement that is none."""
    plain = dict.fromkeys(REQUIREMENT_TERMS.widths, 0) | {"rate_ppm": PPM // 100}
    mark, entry = (REQUIREMENT_TERMS.encode(plain | {"on_entry": on_entry}) for on_entry in (0, 1))
    below = number(honest, f"{scope}.entry_notional") - 1

    def changed(terms: int, floor: int, ceiling: int) -> Inputs:
        numbers = {"initial": terms, "maintenance": terms, "floor": floor, "ceiling": ceiling}
        return forge(honest, {f"{scope}.market.{name}": value for name, value in numbers.items()})

    too_wide = 1 << REQUIREMENT_TERMS.bits
    return {
        "initial_falls_apart": forge(honest, {f"{scope}.market.initial": too_wide}),
        "maintenance_falls_apart": forge(honest, {f"{scope}.market.maintenance": too_wide}),
        "notional_at_most_ceiling": changed(mark, 0, 0),
        "entry_at_most_ceiling": changed(entry, 0, below),
        "basis_above_floor": changed(entry, below + 1, MAX_MONEY),
    }
