"""Attacks on ``transition`` by name: what an owner would do who wants money, lots or a position for nothing."""

from dataclasses import replace
from fractions import Fraction
from typing import Final

import pytest

from circuits.statements.claim import Inputs
from circuits.statements.transition import Transition, TransitionWitness, inputs_for
from facts.commitments import CommittedPosition, PerpetualBody, commit_position
from facts.elements import draw_element
from facts.packing import CASH, PERP_BODY, SETTLEMENT, WALLET, Packing
from facts.position_change import Change, change_position
from facts.tags import Tag
from facts.transition import RESERVED_ID, derive_absent_nullifier, derive_birth, derive_leaf_nullifier
from facts.tree import Tree
from margin.contracts import Side
from margin.errors import MalformedError, Reason
from tests.attacks.attempts import R, bits_held, flow_into_neighbours
from tests.circuits.laboratory.forging import forge as follow_steps
from tests.circuits.statements.cheating import HINT, cheat, number
from tests.circuits.statements.claims import SHALLOW
from tests.circuits.statements.compiled import Compiled
from tests.circuits.statements.transition_cases import (
    add_lots,
    close_all,
    close_some,
    open_lots,
    settle,
    stay_away,
    top_up,
    withdraw,
)
from tests.circuits.statements.transition_cheating import SCOPES, forge
from tests.circuits.statements.transition_specimen import LONG_SHORT, SHORT_LONG, find_case, find_thefts, with_plenty

pytestmark = pytest.mark.native  # so many hashes take the reference minutes

STATEMENT: Final = Transition(SHALLOW.book, SHALLOW.market)
CASE: Final = with_plenty(find_case((close_some, add_lots), LONG_SHORT))
HONEST: Final = inputs_for(CASE.witness())
BITS: Final = bits_held(STATEMENT)
FIRST, SECOND = SCOPES


def stopped(inputs: Inputs) -> str | None:
    """The rule that stops a cheat."""
    return cheat(STATEMENT, inputs)


def with_old_leaf(witness: TransitionWitness, index: int, leaf: int) -> TransitionWitness:
    """The witness with a book in which one of its leaves is another."""
    owner, places = witness.owner, list(witness.places)
    leaves = [place.leaf_before(owner) for place in places]
    leaves[index] = leaf
    tree = Tree(SHALLOW.book, dict(enumerate(leaves)))
    first, second = (replace(place, book_path=tree.path(at)) for at, place in enumerate(places))
    return replace(witness, places=(first, second), book_root=tree.root)


def test_the_honest_case_is_fine_and_so_is_its_forgery() -> None:
    assert stopped(HONEST) is None
    assert forge(HONEST, {}) == HONEST


# --- A position from nowhere -------------------------------------------------------------------------


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("name", ["size", "entry_notional", "cash.magnitude"])
def test_no_lots_no_entry_and_no_cash_come_from_nowhere(scope: str, name: str) -> None:
    honest = inputs_for(find_case((open_lots, open_lots), LONG_SHORT).witness())
    assert stopped(forge(honest, {f"{scope}.{name}": 5})) == f"{scope}.absent_has_nothing"


@pytest.mark.parametrize("scope", SCOPES)
def test_a_position_that_is_there_is_spent(scope: str) -> None:
    """Saying that it is absent keeps its leaf, and so its money, for another time."""
    assert stopped(forge(HONEST, {f"{scope}.present": 0})) == f"{scope}.absent_has_nothing"


def test_a_leaf_of_no_position_does_not_open_as_one() -> None:
    witness = find_case((close_all, close_all), SHORT_LONG).witness()
    left = witness.stated().leaves[0]
    reborn = with_old_leaf(find_case((settle, settle), LONG_SHORT).witness(), 0, left)
    assert stopped(inputs_for(reborn)) == f"{FIRST}.path_holds_leaf"


def test_a_position_of_another_kind_is_no_perpetual() -> None:
    witness = find_case((settle, settle), LONG_SHORT).witness()
    place = witness.places[0]
    before = place.change.before
    assert before is not None
    cash = before.cash.numerator
    for kind in (Tag.POSITION_STRUCTURE, Tag.POSITION_PORTFOLIO):
        body = place.encode_body(before)
        other = commit_position(CommittedPosition(kind, witness.owner, place.position_id, body, cash, place.salt))
        assert stopped(inputs_for(with_old_leaf(witness, 0, other))) == f"{FIRST}.path_holds_leaf"


def test_a_position_of_another_owner_is_not_changed() -> None:
    witness = find_case((settle, settle), LONG_SHORT).witness()
    stolen = replace(witness, secret=witness.secret + 1)
    assert stopped(inputs_for(stolen)) == f"{FIRST}.path_holds_leaf"


# --- Spent twice, or burnt ---------------------------------------------------------------------------


def test_the_same_old_leaf_in_both_places() -> None:
    witness = find_case((settle, settle), LONG_SHORT).witness()
    first, _ = witness.places
    twice = replace(witness, places=(first, replace(first, seed=draw_element())))
    with pytest.raises(MalformedError) as refused:
        twice.public_inputs()
    assert refused.value.reason is Reason.DUPLICATE_FIELD
    inputs = dict(HONEST)
    inputs |= {name.replace(FIRST, SECOND): value for name, value in HONEST.items() if name.startswith(FIRST)}
    assert stopped(forge(inputs, {})) == "positions_differ"


def test_the_same_id_in_both_places() -> None:
    births = inputs_for(find_case((open_lots, open_lots), LONG_SHORT).witness())
    for honest in (HONEST, births):
        same = forge(honest, {f"{SECOND}.position_id": number(honest, f"{FIRST}.position_id")})
        assert stopped(same) == "positions_differ"


def test_the_spend_of_nothing_burns_nobodys_position() -> None:
    """The nullifier of somebody's leaf is none that a spend of nothing can have, whatever salt it is given."""
    honest = inputs_for(find_case((top_up, stay_away), LONG_SHORT).witness())
    victim = derive_leaf_nullifier(12345, 678)
    assert stopped(honest | {"nullifier[1]": victim}) == f"{SECOND}.nullifier_is_of_leaf"
    assert stopped(honest | {"nullifier[1]": victim, f"{SECOND}.salt": 678}) is not None
    assert derive_absent_nullifier(678) != victim


def test_a_birth_of_nothing_takes_nobodys_id() -> None:
    honest = inputs_for(find_case((top_up, stay_away), LONG_SHORT).witness())
    victim = derive_birth(999, 7)
    for salt in (999, 7):
        attempt = honest | {"nullifier[2]": victim, f"{FIRST}.birth_salt": salt}
        assert stopped(attempt) == f"{FIRST}.birth_is_of_position"


def test_a_position_is_not_reborn_under_an_id_that_exists() -> None:
    """Whoever opens the id again publishes the same birth, which the registry has."""
    witness = find_case((open_lots, stay_away), LONG_SHORT).witness()
    place, other = witness.places
    again = replace(place, salt=draw_element(), seed=draw_element(), birth_salt=draw_element())
    repeated = replace(witness, places=(again, other))
    assert stopped(inputs_for(repeated)) is None
    assert repeated.public_inputs().nullifiers[2] == witness.public_inputs().nullifiers[2]
    assert repeated.public_inputs().nullifiers[0] != witness.public_inputs().nullifiers[0]


@pytest.mark.parametrize("scope", SCOPES)
def test_a_birth_is_not_hidden_as_none(scope: str) -> None:
    honest = inputs_for(find_case((open_lots, open_lots), LONG_SHORT).witness())
    index = 2 + SCOPES.index(scope)
    hidden = honest | {f"nullifier[{index}]": derive_birth(number(honest, f"{scope}.birth_salt") + 1, 4)}
    assert stopped(hidden) == f"{scope}.birth_is_of_position"
    assert stopped(forge(honest, {f"{scope}.position_id": RESERVED_ID})) == f"{scope}.id_is_not_reserved"


def test_a_leaf_has_one_nullifier() -> None:
    salted = HONEST | {f"{FIRST}.salt": number(HONEST, f"{FIRST}.salt") + 1}
    assert stopped(salted) == f"{FIRST}.path_holds_leaf"
    for shift in (1, R - 1, R // 2):
        other = HONEST | {"nullifier[0]": (number(HONEST, "nullifier[0]") + shift) % R}
        assert stopped(other) == f"{FIRST}.nullifier_is_of_leaf"


def test_no_leaf_comes_back_whose_nullifier_is_spent() -> None:
    """Whoever changed nothing under the same salt would stay in the book under a leaf that no liquidation can spend."""
    witness = find_case((settle, settle), LONG_SHORT).witness()
    place = witness.places[0]
    settled = place.change.after
    assert settled is not None
    unchanged = replace(place, change=change_position(place.market, place.change.side, settled))
    leaf = unchanged.leaf_before(witness.owner)
    standing = with_old_leaf(replace(witness, places=(unchanged, witness.places[1])), 0, leaf)
    assert stopped(inputs_for(standing)) is None
    assert standing.places[0].change.before == standing.places[0].change.after
    assert standing.stated().leaves[0] != leaf
    assert stopped(restated(standing, leaf)) == "transition_is_stated"


# --- Another position afterwards ---------------------------------------------------------------------


def restated(witness: TransitionWitness, leaf: int) -> Inputs:
    """The witness with another new leaf for its first position stated."""
    stated = witness.stated()
    return inputs_for(witness) | {"policy": replace(stated, leaves=(leaf, stated.leaves[1])).encode()}


@pytest.mark.parametrize("change", ["market_id", "side", "position_id", "owner", "cash", "size", "entry", "funding"])
def test_nothing_else_stands_in_the_new_leaf(change: str) -> None:
    witness = CASE.witness()
    place = witness.places[0]
    after = place.change.after
    assert after is not None
    body = PerpetualBody.of(after, place.market.market_id)
    bodies = {
        "market_id": replace(body, market_id=body.market_id + 1),
        "side": replace(body, side=body.side.opposite),
        "size": replace(body, size=body.size + 1),
        "entry": replace(body, entry_notional=body.entry_notional + 1),
        "funding": replace(body, funding_index=body.funding_index + 1),
    }
    owner, position_id, cash = witness.owner, place.position_id, after.cash.numerator
    other = CommittedPosition(
        Tag.POSITION_PERP,
        owner + 1 if change == "owner" else owner,
        position_id + 1 if change == "position_id" else position_id,
        bodies.get(change, body).encode(),
        cash + 1 if change == "cash" else cash,
        place.salt_after(witness.owner),
    )
    assert stopped(restated(witness, commit_position(other))) == "transition_is_stated"


@pytest.mark.parametrize("scope", SCOPES)
def test_negative_zero_is_no_cash(scope: str) -> None:
    """A leaf that nobody else would write would be lost to the venue that has to find it."""
    honest = inputs_for(find_case((close_all, close_all), SHORT_LONG).witness())
    assert stopped(forge(honest, {f"{scope}.after.cash.sign": 1})) == f"{scope}.after.zero_has_no_sign"


@pytest.mark.parametrize("scope", SCOPES)
def test_no_position_remains_without_lots(scope: str) -> None:
    honest = inputs_for(find_case((close_all, close_all), SHORT_LONG).witness())
    assert stopped(forge(honest, {f"{scope}.after.present": 1})) == f"{scope}.basis_above_floor"
    kept = forge(honest, {f"{scope}.entry_after": 1})
    assert stopped(kept) in {f"{scope}.entry_keeps_its_share", f"{scope}.entry_rounds_up_to_the_next"}


# --- Money from nowhere ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sides",
    [pytest.param(LONG_SHORT, id="long-short"), pytest.param(SHORT_LONG, id="short-long", marks=pytest.mark.slow)],
)
def test_what_fits_but_for_one_thing_is_refused_for_it(sides: tuple[Side, Side]) -> None:
    """Every theft that hides all but one trace, stated, signed and committed to as if it were honest."""
    seen = 0
    for rule, inputs in find_thefts(sides, SHALLOW):
        assert stopped(inputs) in {rule, HINT}
        seen += 1
    assert seen >= 50


@pytest.mark.parametrize("name", ["flows.fees", "flows.paid_in", "flows.paid_out", "flows.magnitude"])
@pytest.mark.parametrize("value", [R - 1, R - 5, 2**100, (R + 1) // 2])
def test_no_flow_is_negative_and_none_wraps(name: str, value: int) -> None:
    assert stopped(forge(HONEST, {name: value})) is not None


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("name", ["fee", "transfer"])
def test_no_fee_and_no_transfer_is_negative(scope: str, name: str) -> None:
    total = {"fee": "flows.fees", "transfer": "flows.paid_in"}[name]
    taken = {f"{scope}.{name}": R - 7, total: (number(HONEST, total) - 7) % R}
    assert stopped(forge(HONEST, taken)) is not None


def test_silos_of_two_currencies_do_not_mix() -> None:
    honest = inputs_for(with_plenty(find_case((top_up, withdraw), LONG_SHORT)).witness())
    other = number(honest, f"{SECOND}.market.currency_id") + 1
    assert stopped(forge(honest, {f"{SECOND}.market.currency_id": other})) == "one_currency"


@pytest.mark.parametrize("scope", SCOPES)
def test_taking_money_out_is_not_said_to_be_nothing(scope: str) -> None:
    honest = inputs_for(find_case((withdraw, withdraw), LONG_SHORT).witness())
    assert stopped(forge(honest, {f"{scope}.draws": 0})) == f"{scope}.cash_is_conserved"


@pytest.mark.parametrize("scope", SCOPES)
def test_adding_lots_is_not_said_to_be_closing(scope: str) -> None:
    honest = inputs_for(find_case((add_lots, add_lots), LONG_SHORT).witness())
    assert stopped(forge(honest, {f"{scope}.adds": 0})) is not None


def test_funding_is_settled_whether_or_not_it_hurts() -> None:
    """A leaf that kept its old index would be rounded anew, and a loss could be left for another day."""
    for scope in SCOPES:
        index: Inputs = {f"{scope}.funding_magnitude": 1, f"{scope}.funding_sign": 0}
        assert stopped(HONEST | index) == f"{scope}.path_holds_leaf"
        assert stopped(forge(HONEST, {name: number(index, name) for name in index})) == f"{scope}.cash_is_conserved"


# --- The wrong price, the wrong tier -----------------------------------------------------------------


def told(change: Change) -> tuple[int, Fraction]:
    """What a trade made of settlement and entry."""
    assert change.after is not None
    return change.settled, change.after.entry_notional


def test_lots_are_bought_high_and_sold_low() -> None:
    """At the middle, or at the other end, a trade would be a gift of twice the confidence."""
    for case in (CASE, with_plenty(find_case((close_some, add_lots), SHORT_LONG))):
        for index, scope in enumerate(SCOPES):
            place = case.places[index]
            tier = place.tiers()[0]
            other = replace(tier, low_price=tier.high_price, high_price=tier.high_price)
            kinder = change_position(other, place.side, place.before, lots=place.lots, brought=place.brought)
            witness = case.witness()
            places = list(witness.places)
            places[index] = replace(places[index], change=kinder)
            first, second = places
            honest = told(kinder) == told(place.change())
            rule = stopped(inputs_for(replace(witness, places=(first, second))))
            assert (rule is None) is honest, (scope, rule)


def test_the_tier_is_not_that_of_the_notional_before() -> None:
    """No tier but the one that holds for what remains, whatever is below it."""
    seen = 0
    for sides in (LONG_SHORT, SHORT_LONG):
        case = with_plenty(find_case((add_lots, add_lots), sides))
        witness = case.witness()
        for index, place in enumerate(witness.places):
            for tier in case.places[index].tiers():
                if tier != place.market:
                    seen += 1
                    wrong = replace(place, market=tier, market_path=case.tree().path(tier))
                    places = (wrong, witness.places[1]) if index == 0 else (witness.places[0], wrong)
                    rule = stopped(inputs_for(replace(witness, places=places))) or ""
                    assert rule.rpartition(".")[2] in {
                        "notional_at_most_ceiling",
                        "entry_at_most_ceiling",
                        "basis_above_floor",
                    }
    assert seen


# --- Ranges and bindings -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(BITS))
def test_a_number_keeps_its_bits(name: str) -> None:
    assert stopped(forge(HONEST, {name: 1 << BITS[name]})) is not None


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(BITS))
def test_a_number_keeps_its_bits_and_does_not_wrap(name: str) -> None:
    for value in (1 << BITS[name], R - 1, (R + 1) // 2):
        assert stopped(HONEST | {name: value}) is not None
        assert stopped(forge(HONEST, {name: value})) is not None


@pytest.mark.parametrize(
    ("scope", "packing"),
    [
        (FIRST, PERP_BODY),
        (f"{FIRST}.cash", CASH),
        (f"{SECOND}.after.cash", CASH),
        ("flows", WALLET),
        ("flows", SETTLEMENT),
    ],
    ids=["body", "cash", "cash-after", "wallet", "settlement"],
)
def test_no_number_flows_into_its_neighbour(scope: str, packing: Packing) -> None:
    flow_into_neighbours(STATEMENT, HONEST, scope, packing)


def test_every_public_input_is_bound() -> None:
    """The context among them, which nothing else in the statement reads, and the book of positions that are born."""
    compiled = Compiled.of(STATEMENT)
    for case in (CASE, find_case((open_lots, open_lots), LONG_SHORT)):
        inputs = inputs_for(case.witness())
        values = compiled.find_witness(inputs)
        assert compiled.is_satisfied(values)
        for wire in compiled.public:
            assert not compiled.is_satisfied({**values, wire: (values[wire] + 1) % R})


def test_a_unit_short_has_no_witness() -> None:
    compiled = Compiled.of(STATEMENT)
    case = find_case((withdraw, close_some), SHORT_LONG)
    for index, scope in enumerate(SCOPES):
        poorer = case.with_place(index, case.places[index].richer(-1))
        inputs = inputs_for(poorer.witness())
        assert compiled.broken_rule(inputs) == f"{scope}.equity_covers_requirement"
        assert not compiled.is_satisfied(follow_steps(compiled, inputs))


def test_a_place_that_is_used_needs_a_book() -> None:
    """A path of one's own making holds for a place where nothing was, and for no other."""
    witness = find_case((settle, stay_away), LONG_SHORT).witness()
    old, empty = witness.places
    alone = replace(witness, places=(replace(old, book_path=None), empty))
    assert stopped(inputs_for(alone)) == f"{FIRST}.position_in_book"
