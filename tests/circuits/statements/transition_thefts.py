"""Transitions in which everything fits but one thing: what an owner would do who wants something for nothing.

Each changes numbers of an honest transition, and then all that is committed to, stated or derived from them, so that
one rule is left to refuse it.
"""

from collections.abc import Iterator
from typing import Final

from circuits.statements.claim import Inputs
from circuits.statements.transition import inputs_for
from facts.transition import derive_absent_birth, derive_absent_nullifier
from tests.circuits.statements.cheating import number
from tests.circuits.statements.claims import SHALLOW, Depths
from tests.circuits.statements.transition_cases import TransitionCase
from tests.circuits.statements.transition_cheating import SCOPES, forge, restate, shift_money, spends_of

Theft = tuple[str, Inputs]
"""The rule that refuses it, and its inputs."""
ILL_GOTTEN: Final = 5


def thefts_of_unchanged(case: TransitionCase, depths: Depths = SHALLOW) -> Iterator[Theft]:
    """Of two positions that stay as they are, with money to spare."""
    honest = inputs_for(case.witness(depths))
    for scope in SCOPES:
        salted = honest | {f"{scope}.salt": number(honest, f"{scope}.salt") + 1}
        yield f"{scope}.path_holds_leaf", restate(salted | dict(spends_of(salted)))
        yield f"{scope}.cash_is_conserved", forge(honest, {f"{scope}.after.cash.sign": 1})
        yield f"{scope}.what_is_whole_does_not_round", forge(honest, {f"{scope}.rounds": 1})
        yield f"{scope}.cash_is_conserved", enrich(honest, scope, settled=-ILL_GOTTEN)
        yield f"{scope}.cash_is_conserved", lift_entry(honest, scope, 0, cash=ILL_GOTTEN)
        yield f"{scope}.entry_rounds_up_to_the_next", lift_entry(honest, scope, 1)
        yield f"{scope}.entry_keeps_its_share", lift_entry(honest, scope, -1)
    yield "settlement_adds_up", forge(honest, {"flows.sign": 1 - number(honest, "flows.sign")})
    yield "settlement_adds_up", forge(honest, shift_money(honest, "flows", ILL_GOTTEN))


def thefts_of_absent(opened: TransitionCase, depths: Depths = SHALLOW) -> Iterator[Theft]:
    """Of two positions that are opened."""
    honest = inputs_for(opened.witness(depths))
    for index, scope in enumerate(SCOPES):
        yield (
            f"{scope}.absent_has_nothing",
            forge(honest, {f"{scope}.cash.magnitude": ILL_GOTTEN, **richer_after(honest, scope, ILL_GOTTEN)}),
        )
        yield f"{scope}.birth_is_of_position", forge(honest, {}) | {f"nullifier[{2 + index}]": derive_absent_birth(7)}
        yield f"{scope}.entry_grows_by_value", lift_entry(honest, scope, 1)
        yield f"{scope}.entry_grows_by_value", lift_entry(honest, scope, -1)
        yield f"{scope}.cash_is_conserved", enrich(honest, scope, settled=-1)


def thefts_of_closed(closed: TransitionCase, depths: Depths = SHALLOW) -> Iterator[Theft]:
    """Of two positions that are closed, all of them."""
    honest = inputs_for(closed.witness(depths))
    for index, scope in enumerate(SCOPES):
        yield f"{scope}.after.zero_has_no_sign", forge(honest, {f"{scope}.after.cash.sign": 1})
        yield f"{scope}.after.absent_has_nothing", bring(honest, scope, ILL_GOTTEN)
        yield f"{scope}.nullifier_is_of_leaf", restate(honest | {f"nullifier[{index}]": derive_absent_nullifier(7)})
        yield f"{scope}.basis_above_floor", forge(honest, {f"{scope}.after.present": 1})


def thefts_of_closing(closing: TransitionCase, depths: Depths = SHALLOW) -> Iterator[Theft]:
    """Of two positions some of whose lots are closed."""
    honest = inputs_for(closing.witness(depths))
    for scope in SCOPES:
        yield f"{scope}.entry_keeps_its_share", lift_entry(honest, scope, -1)
        yield f"{scope}.entry_rounds_up_to_the_next", lift_entry(honest, scope, 1)
        yield f"{scope}.cash_is_conserved", enrich(honest, scope, settled=-1)
        yield f"{scope}.cash_is_conserved", forge(honest, {f"{scope}.side": 1 - number(honest, f"{scope}.side")})


def thefts_of_withdrawn(withdrawn: TransitionCase, depths: Depths = SHALLOW) -> Iterator[Theft]:
    """Of two positions out of which money is taken."""
    honest = inputs_for(withdrawn.witness(depths))
    for scope in SCOPES:
        yield f"{scope}.cash_is_conserved", forge(honest, {f"{scope}.draws": 0})
        yield f"{scope}.cash_is_conserved", enrich(honest, scope, paid_out=ILL_GOTTEN)
    yield "wallet_balances", forge(honest, {"flows.paid_out": number(honest, "flows.paid_out") + ILL_GOTTEN})
    yield "fees_add_up", forge(honest, {"flows.fees": number(honest, "flows.fees") + ILL_GOTTEN})


def thefts_of_fractions(added: TransitionCase, depths: Depths = SHALLOW) -> Iterator[Theft]:
    """Of two positions to which lots are added that are worth parts of a unit."""
    honest = inputs_for(added.witness(depths))
    for scope in SCOPES:
        lower = lift_entry(honest, scope, -1)
        if not is_falling(honest, scope):
            lower = forge(honest, {f"{scope}.entry_after": number(honest, f"{scope}.entry_after") - 1})
        yield f"{scope}.what_is_left_rounds_up", forge(lower, {f"{scope}.rounds": 0})
        yield f"{scope}.cash_is_conserved", enrich(honest, scope, settled=-1)


# --- What fits it --------------------------------------------------------------------------------------


def richer_after(inputs: Inputs, scope: str, step: int) -> dict[str, int]:
    """More cash afterwards."""
    return shift_money(inputs, f"{scope}.after.cash", step)


def enrich(inputs: Inputs, scope: str, *, settled: int = 0, paid_out: int = 0) -> Inputs:
    """More cash, or money paid out, that the rest of the market is said to pay, or nobody."""
    if paid_out:
        out = {name: number(inputs, name) + paid_out for name in (f"{scope}.transfer", "flows.paid_out")}
        return forge(inputs, out)
    return forge(inputs, {**richer_after(inputs, scope, -settled), **shift_money(inputs, "flows", settled)})


def lift_entry(inputs: Inputs, scope: str, step: int, *, cash: int = 0) -> Inputs:
    """Another entry notional afterwards, with the cash and the settlement that belong to it."""
    gain = (-step if is_falling(inputs, scope) else step) + cash
    return forge(
        inputs,
        {
            f"{scope}.entry_after": number(inputs, f"{scope}.entry_after") + step,
            **richer_after(inputs, scope, gain),
            **shift_money(inputs, "flows", -gain),
        },
    )


def is_falling(inputs: Inputs, scope: str) -> bool:
    """Whether equity falls as the notional grows: a linear short, an inverse long."""
    return number(inputs, f"{scope}.side") != number(inputs, f"{scope}.market.kind")


def bring(inputs: Inputs, scope: str, step: int) -> Inputs:
    """More money brought, with the wallet and the cash afterwards that belong to it."""
    draws = number(inputs, f"{scope}.draws")
    brought = number(inputs, f"{scope}.transfer") * (-1 if draws else 1) + step
    paid = number(inputs, "flows.paid_in") - number(inputs, "flows.paid_out") + step
    return forge(
        inputs,
        {
            f"{scope}.transfer": abs(brought),
            f"{scope}.draws": int(brought < 0),
            "flows.paid_in": max(paid, 0),
            "flows.paid_out": max(-paid, 0),
            **richer_after(inputs, scope, step),
        },
    )
