"""``transition`` agrees with ``margin``: what suffices is proved, a unit less is refused, and no money is lost."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest

from circuits.builder import Builder
from circuits.compile import compile_statement
from circuits.engine import IntegerEngine
from circuits.errors import BrokenRuleError
from circuits.statements.claim import Inputs
from circuits.statements.transition import Transition, inputs_for
from facts.commitments import commit_owner
from facts.position_change import cash_of
from facts.public_inputs import unused_input
from facts.transition import (
    SPENDS,
    commit_absence,
    commit_transition,
    derive_absent_birth,
    derive_absent_nullifier,
    derive_birth,
    derive_leaf_nullifier,
)
from margin.contracts import Contract, ContractKind, Side
from margin.policy import Basis, MarketPolicy
from margin.position import MarketState, Position
from margin.tiers import Tier, TierRule, TierTable
from tests.circuits.laboratory.outline import record_outline
from tests.circuits.statements.claims import SHALLOW, Depths
from tests.circuits.statements.compiled import Compiled
from tests.circuits.statements.judgements import Judgement, require_constraints_agree
from tests.circuits.statements.transition_breaches import KEPT_BY_HINTS, find_breaches
from tests.circuits.statements.transition_cases import (
    MARKET_IDS,
    OPERATIONS,
    Operation,
    PlaceCase,
    TransitionCase,
    bulk_transitions,
    choose_transition,
    close_all,
    close_some,
    move_collateral,
    open_lots,
    settle,
    stay_away,
    top_up,
)
from tests.circuits.statements.transition_specimen import (
    LONG_SHORT,
    charges_to_close,
    find_case,
    with_plenty,
)
from tests.margin.strategies import SeededChooser

pytestmark = pytest.mark.native  # so many hashes take the reference minutes

DEEP = Depths()
SHALLOW_STATEMENT = Transition(SHALLOW.book, SHALLOW.market)
PER_LEVEL = 409


def run(case: TransitionCase | Inputs) -> None:
    """Carry the statement out on plain integers."""
    inputs = inputs_for(case.witness()) if isinstance(case, TransitionCase) else case
    SHALLOW_STATEMENT.define(Builder(IntegerEngine(inputs)))


def broken(case: TransitionCase | Inputs) -> str:
    """The rule that a case breaks."""
    with pytest.raises(BrokenRuleError) as caught:
        run(case)
    return caught.value.field


def judge(cases: Iterator[TransitionCase]) -> Iterator[Judgement]:
    """The least cash that suffices, and a unit more and a unit less in either place, as margin judges each."""
    for case in cases:
        yield Judgement(inputs_for(case.witness()), case.refusals())
        for index, step in product(range(2), (-1, 1)):
            moved = case.with_place(index, case.places[index].richer(step))
            yield Judgement(inputs_for(moved.witness()), moved.refusals())


def require_agreement(count: int, seed: int) -> None:
    """Margin and statement agree on each case and its neighbours, of which many meet the requirement exactly."""
    cases = list(bulk_transitions(count, seed=seed))
    refused = 0
    for judgement in judge(iter(cases)):
        judgement.hold_on_integers(SHALLOW_STATEMENT)
        refused += bool(judgement.refusals)
    assert refused >= count
    assert sum(place.excess() == 0 for case in cases for place in case.places) >= count // 10


# --- Agreement ---------------------------------------------------------------------------------------


def test_agrees_with_margin_around_the_boundary() -> None:
    require_agreement(12, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_agrees_with_margin_on_thousands(seed: int) -> None:
    require_agreement(500, seed=1000 + seed)


def test_constraints_agree_around_the_boundary() -> None:
    require_constraints_agree(SHALLOW_STATEMENT, judge(bulk_transitions(1, seed=3)))


@pytest.mark.slow
def test_constraints_agree_on_a_thousand() -> None:
    require_constraints_agree(SHALLOW_STATEMENT, judge(bulk_transitions(200, seed=2000)))


def name_of(operation: Operation) -> str:
    """What happens."""
    return str(getattr(operation, "__name__", operation))


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
def test_everything_that_can_happen_happens_alone(operation: Operation) -> None:
    run(choose_transition(SeededChooser(9), (operation, stay_away)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "pair", list(product(OPERATIONS, repeat=2)), ids=lambda pair: "-".join(p.__name__ for p in pair)
)
def test_everything_that_can_happen_happens_beside_everything(pair: tuple[type, type]) -> None:
    choose = SeededChooser(10)
    for _ in range(5):
        run(choose_transition(choose, pair))


def test_real_depths() -> None:
    (case,) = bulk_transitions(1, seed=5)
    Transition().define(Builder(IntegerEngine(inputs_for(case.witness(DEEP)))))


# --- Money -------------------------------------------------------------------------------------------


def test_collateral_moves_from_one_silo_to_the_other_and_no_wallet_sees_it() -> None:
    choose = SeededChooser(4)
    for _ in range(4):
        case = move_collateral(choose)
        flows = case.witness().stated().flows
        assert (flows.paid_in, flows.paid_out, flows.fees) == (0, 0, 0)
        run(case)
        poorer = case.with_place(0, case.places[0].richer(-1))
        assert broken(poorer) == "position[0].equity_covers_requirement"


def test_money_is_conserved_to_the_unit() -> None:
    for case in bulk_transitions(12, seed=8):
        changes = [place.change() for place in case.places]
        flows = case.witness().stated().flows
        before = sum(cash_of(change.before) for change in changes)
        after = sum(cash_of(change.after) for change in changes)
        assert before + flows.paid_in == after + flows.paid_out + flows.fees + flows.settled


# --- What is made public -----------------------------------------------------------------------------


def test_an_observer_sees_four_spends_whatever_happens() -> None:
    choose = SeededChooser(6)
    for operations in ((top_up, stay_away), (open_lots, open_lots), (settle, settle), (stay_away, stay_away)):
        public = choose_transition(choose, operations).witness().public_inputs()
        assert len(set(public.nullifiers)) == SPENDS
        assert (public.lock_root, public.position_tag) == (unused_input("lock_root"), unused_input("position_tag"))


def test_spends_are_those_of_what_was_there_and_of_what_is_born() -> None:
    witness = choose_transition(SeededChooser(2), (settle, open_lots)).witness()
    old, new = witness.places
    owner = commit_owner(witness.secret)
    assert witness.public_inputs().nullifiers == (
        derive_leaf_nullifier(old.leaf_before(owner), old.salt),
        derive_absent_nullifier(new.salt),
        derive_absent_birth(old.birth_salt),
        derive_birth(witness.secret, new.position_id),
    )


def test_a_closed_position_leaves_a_leaf_that_is_none() -> None:
    witness = choose_transition(SeededChooser(3), (close_all, settle)).witness()
    place, stated = witness.places[0], witness.stated()
    assert place.change.after is None
    assert stated.leaves[0] == commit_absence(witness.owner, place.position_id, place.salt_after(witness.owner))
    assert stated.encode() == commit_transition(stated.leaves, stated.flows)


# --- Which requirement, in which tier ----------------------------------------------------------------

FLOOR = 10_000


def tiered(size: int, lots: int = 0, brought: int = 0, *, entry: int | None = None) -> TransitionCase:
    """A linear long of one tick a lot, so that its notional is its size, in a table with a floor at 10,000."""
    table = TierTable(
        (
            Tier(Fraction(0), Fraction(1, 10), Fraction(1, 20)),
            Tier(Fraction(FLOOR), Fraction(1, 5), Fraction(1, 10)),
        ),
        TierRule.STEP,
        TierRule.STEP,
        cap=Fraction(3 * FLOOR),
    )
    policy = MarketPolicy(Contract(ContractKind.LINEAR, 1), table, Basis.MARK, Basis.MARK)
    position = Position(Side.LONG, size, Fraction(entry or size), Fraction(10**6))
    place = PlaceCase(policy, MarketState(Fraction(1)), MARKET_IDS[0], Side.LONG, position, lots, brought)
    return TransitionCase((place.with_least_cash(), replace(place, before=None, lots=0, brought=0)), seed=1)


@pytest.mark.parametrize(
    ("size", "lots", "brought", "needed"),
    [
        (FLOOR, 0, 0, FLOOR // 20),
        (FLOOR, 0, 7, FLOOR // 20),
        (FLOOR, 0, -7, FLOOR // 10),
        (FLOOR + 10, 0, 0, (FLOOR + 10) // 10),
        (FLOOR + 10, -10, 0, FLOOR // 20),
        (FLOOR + 10, -10, -7, FLOOR // 10),
        (FLOOR + 10, -5, 0, (FLOOR + 5) // 10 + 1),
        (FLOOR - 10, 10, 0, FLOOR // 10),
        (FLOOR - 10, 20, 0, (FLOOR + 10) // 5),
        (FLOOR - 10, 20, 7, (FLOOR + 10) // 5),
    ],
)
def test_the_tier_is_that_of_the_notional_afterwards(size: int, lots: int, brought: int, needed: int) -> None:
    case = tiered(size, lots, brought)
    after = case.places[0].change().after
    assert after is not None
    assert after.cash == needed
    run(case)
    poorer = case.with_place(0, case.places[0].richer(-1))
    assert broken(poorer) == "position[0].equity_covers_requirement"


@pytest.mark.parametrize(
    ("size", "lots", "rule"), [(FLOOR, 1, "notional_at_most_ceiling"), (FLOOR + 1, -1, "basis_above_floor")]
)
def test_no_other_tier_is_opened(size: int, lots: int, rule: str) -> None:
    case = tiered(size, lots)
    witness = case.with_place(0, case.places[0].richer(10**6)).witness()
    place, other = witness.places
    markets = case.tree()
    (wrong,) = [tier for tier in case.places[0].tiers() if tier != place.market]
    wronged = replace(place, market=wrong, market_path=markets.path(wrong))
    assert broken(inputs_for(replace(witness, places=(wronged, other)))) == f"position[0].{rule}"


def test_saying_more_than_happens_asks_for_the_initial_requirement() -> None:
    """Both flags may be raised over nothing, and then more is asked for."""
    for flag in ("adds", "draws"):
        for case, fine in ((tiered(FLOOR), False), (tiered(FLOOR, 0, -1), True)):
            inputs = inputs_for(case.witness()) | {f"position[0].{flag}": 1}
            if fine:
                run(inputs)
            else:
                assert broken(inputs) == "position[0].equity_covers_requirement"


# --- Every rule --------------------------------------------------------------------------------------

TOPPED_UP = with_plenty(find_case((top_up, top_up), LONG_SHORT))
CLOSING = with_plenty(find_case((close_some, close_some), LONG_SHORT, charges_to_close))
BREACHES = find_breaches(TOPPED_UP, CLOSING)


def test_every_rule_can_be_broken_or_is_kept_by_a_hint() -> None:
    recording = record_outline(SHALLOW_STATEMENT)
    ranges = {f"{each.name}_fits_{each.bits}_bits" for each in recording.declarations}
    rules = {step.rule for step in recording.steps if step.rule is not None}
    assert rules - ranges == BREACHES.keys() | KEPT_BY_HINTS.keys()


@pytest.mark.parametrize("rule", BREACHES)
def test_a_broken_rule_is_named(rule: str) -> None:
    assert broken(BREACHES[rule]) == rule
    assert Compiled.of(SHALLOW_STATEMENT).broken_rule(BREACHES[rule]) == rule


# --- Sizes -------------------------------------------------------------------------------------------


def test_the_real_shape_keeps_its_budget() -> None:
    """A level of a tree costs the same at any height, so that a shallow shape says what a deep one costs."""
    shallow = Compiled.of(SHALLOW_STATEMENT).circuit.header.constraints
    levels = 2 * (DEEP.book - SHALLOW.book + DEEP.market - SHALLOW.market)
    assert shallow + PER_LEVEL * levels <= 24_000


@pytest.mark.slow
def test_the_real_shape_keeps_its_budget_when_compiled() -> None:
    assert compile_statement(Transition()).header.constraints <= 24_000
