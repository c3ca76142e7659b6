"""``deleverage`` agrees with ``margin``: its queue and its plan are proved, and no other order or plan is."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

import pytest

from circuits.builder import Builder
from circuits.compile import compile_statement
from circuits.engine import IntegerEngine
from circuits.errors import BrokenRuleError
from circuits.statements.claim import Inputs
from circuits.statements.deleverage import Deleverage
from facts.commitments import commit_position
from facts.deleverage import commit_entry
from margin.deleverage import PnlBasis
from margin.errors import MalformedError
from tests.circuits.laboratory.outline import record_outline
from tests.circuits.statements.claims import SHALLOW, Depths
from tests.circuits.statements.compiled import Compiled
from tests.circuits.statements.deleverage_breaches import ENTRIES, find_breaches, simple_case, stray_rules
from tests.circuits.statements.deleverage_cases import DeleverageCase, bulk_deleverage_cases
from tests.circuits.statements.judgements import Judgement, require_constraints_agree

pytestmark = pytest.mark.native  # so many hashes take the reference minutes

T = TypeVar("T")

OUT_OF_ORDER = ("highest_score_first", "equal_scores_by_leaf")
OTHER_LOTS = ("front_is_taken_first", "all_lots_are_closed")


def statement(entries: int, depths: Depths = SHALLOW) -> Deleverage:
    return Deleverage(entries, depths.book, depths.market)


SMALL = statement(ENTRIES)


def broken(inputs: Inputs) -> str:
    """The rule that inputs break."""
    with pytest.raises(BrokenRuleError) as caught:
        SMALL.define(Builder(IntegerEngine(inputs)))
    return caught.value.field


def judge(case: DeleverageCase) -> Iterator[Judgement]:
    """The queue of margin, with each two neighbours in the wrong order, and with one lot taken elsewhere."""
    front = case.queue()[: case.entries]
    taken = case.taken(front)
    yield Judgement(case.inputs())
    for place in range(len(front) - 1):
        turned = swap(front, place)
        sizes = [min(lots, held.position.size) for lots, held in zip(swap(taken, place), turned, strict=True)]
        yield Judgement(case.inputs(turned, sizes), (*OUT_OF_ORDER, *OTHER_LOTS))
        if taken[place] and taken[place + 1] < front[place + 1].position.size:
            moved = [*taken[:place], taken[place] - 1, taken[place + 1] + 1, *taken[place + 2 :]]
            yield Judgement(case.inputs(front, moved), OTHER_LOTS)
    yield Judgement(case.inputs(front, [taken[0] - 1, *taken[1:]]), OTHER_LOTS)


def swap(values: list[T], place: int) -> list[T]:
    """Two neighbours in the other order."""
    return [*values[:place], values[place + 1], values[place], *values[place + 2 :]]


# --- Agreement ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("entries", "count"), [(4, 8), pytest.param(8, 3, marks=pytest.mark.slow)])
def test_agrees_with_margin(entries: int, count: int) -> None:
    for case in bulk_deleverage_cases(count, entries=entries, seed=entries):
        for judgement in judge(case):
            judgement.hold_on_integers(statement(entries))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_agrees_with_margin_on_thousands(seed: int) -> None:
    for case in bulk_deleverage_cases(60, entries=4, seed=1000 + seed):
        for judgement in judge(case):
            judgement.hold_on_integers(statement(4))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_constraints_agree(seed: int) -> None:
    cases = bulk_deleverage_cases(20, entries=3, seed=2000 + seed)
    require_constraints_agree(statement(3), (each for case in cases for each in judge(case)))


def test_constraints_agree_on_two_places() -> None:
    require_constraints_agree(SMALL, list(judge(simple_case()))[:3])


def test_every_kind_of_queue_is_drawn() -> None:
    cases = list(bulk_deleverage_cases(40, entries=4, seed=3))
    queues = [case.queue()[:4] for case in cases]
    assert {len(queue) for queue in queues} >= {1, 2, 3, 4}
    assert {case.basis for case in cases} == set(PnlBasis)
    taken = [case.taken(queue) for case, queue in zip(cases, queues, strict=True)]
    assert any(0 in lots for lots in taken)
    assert any(len([each for each in lots if each]) > 1 for lots in taken)


def test_an_entry_says_whose_it_is_to_its_owner_alone() -> None:
    case = simple_case()
    first = case.queue()[0]
    opened = commit_position(first.committed), first.committed.salt
    stated = case.witness().stated()
    assert stated.entries[0] == commit_entry(*opened, 20, 0)
    assert len({commit_entry(*opened, lots, basket) for lots in (0, 19, 20) for basket in (0, 1)}) == 6


def test_places_that_are_left_have_entries_of_no_lots() -> None:
    case = replace(simple_case(lots=20), entries=3)
    witness = case.witness(case.queue()[:1], [20])
    assert [each.taken for each in witness.queue] == [20, 0, 0]
    assert len(set(witness.stated().entries)) == 3


def test_a_queue_has_a_place_and_at_most_twelve() -> None:
    for entries in (0, 13):
        with pytest.raises(MalformedError):
            Deleverage(entries)


# --- Every rule --------------------------------------------------------------------------------------

BREACHES = find_breaches()


def test_every_rule_can_be_broken_or_is_kept_by_a_hint() -> None:
    recording = record_outline(SMALL)
    ranges = {f"{each.name}_fits_{each.bits}_bits" for each in recording.declarations}
    rules = {step.rule for step in recording.steps if step.rule is not None}
    assert rules - ranges == BREACHES.keys() | stray_rules(ENTRIES).keys()


@pytest.mark.parametrize("rule", BREACHES)
def test_a_broken_rule_is_named(rule: str) -> None:
    assert broken(BREACHES[rule]) == rule
    assert Compiled.of(SMALL).broken_rule(BREACHES[rule]) == rule


# --- Sizes -------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("entries", "budget"), [(4, 34_400), (8, 62_300)])
def test_real_shapes_keep_their_budget(entries: int, budget: int) -> None:
    assert compile_statement(Deleverage(entries)).header.constraints <= budget
