"""Curves over the mark are what the rules say at each of their points, on every combination of rules."""

from fractions import Fraction

from hypothesis import given

from margin.evaluation import evaluate_position
from margin.profile import choose_marks, ends_of, trace_profile
from margin.requirement import RequirementKind, compute_requirement
from tests.margin.strategies import Case, cases

STEPS = 8


@given(cases())
def test_every_point_is_an_evaluation_of_its_own(case: Case) -> None:
    evaluation = evaluate_position(case.policy, case.position, case.market)
    marks = choose_marks(case.market, [evaluation], STEPS)
    assert marks == sorted(marks)
    assert len(marks) == STEPS + 1
    for end in ends_of(evaluation):
        assert marks[0] <= end <= marks[-1] or end <= case.market.confidence + case.market.mark / 10**6
    for point in trace_profile(case.policy, case.position, case.market, marks):
        state = case.market.at_mark(point.mark)
        if point.maintenance is None or point.initial is None:
            continue
        moved = evaluate_position(case.policy, case.position, state)
        assert (point.equity, point.maintenance) == (moved.equity.total, moved.maintenance.total)
        assert point.initial == moved.initial.total


@given(cases())
def test_where_the_rules_say_nothing_there_is_a_gap(case: Case) -> None:
    (point,) = trace_profile(case.policy, case.position, case.market, [case.market.mark])
    expected = compute_requirement(case.policy, case.position, case.market, RequirementKind.MAINTENANCE).total
    assert point.maintenance == expected
    (nowhere,) = trace_profile(case.policy, case.position, case.market, [case.market.confidence / 2 or Fraction(1)])
    assert nowhere.equity is None or isinstance(nowhere.equity, Fraction)
