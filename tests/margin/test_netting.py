"""Netting sets: disjoint, relieved in a stated order, never below the largest set, never above the sum."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from margin.errors import MalformedError, Reason
from margin.netting import NettingSet, Offset, compute_netting_margin

F = Fraction
NAMES = "abcde"


@st.composite
def portfolios(draw: st.DrawFn) -> tuple[tuple[NettingSet, ...], tuple[Offset, ...]]:
    """Up to five sets and any offsets between them, best first."""
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    sets = tuple(NettingSet(name, (f"{name}1", f"{name}2"), F(draw(st.integers(0, 20)))) for name in names)
    pairs = [(first, second) for first in names for second in names if first < second]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    shares = sorted((draw(st.fractions(0, 1, max_denominator=6)) for _ in chosen), reverse=True)
    return sets, tuple(Offset(*pair, share) for pair, share in zip(chosen, shares, strict=True))


@given(st.fractions(0, 50), st.fractions(0, 50), st.fractions(0, 1))
def test_two_sets_are_the_published_formula(first: Fraction, second: Fraction, share: Fraction) -> None:
    sets = (NettingSet("a", ("1",), first), NettingSet("b", ("2",), second))
    margin = compute_netting_margin(sets, (Offset("a", "b", share),))
    assert margin.requirement == first + second - share * min(first, second)


@given(portfolios())
def test_between_the_largest_set_and_the_sum(portfolio: tuple[tuple[NettingSet, ...], tuple[Offset, ...]]) -> None:
    sets, offsets = portfolio
    margin = compute_netting_margin(sets, offsets)
    assert max(each.requirement for each in sets) <= margin.requirement <= sum(each.requirement for each in sets)
    for group in margin.groups:
        largest = max(each.requirement for each in sets if each.name in group.names)
        assert largest <= group.requirement <= group.plain_sum


@given(portfolios())
def test_no_set_is_matched_beyond_what_it_needs(portfolio: tuple[tuple[NettingSet, ...], tuple[Offset, ...]]) -> None:
    sets, offsets = portfolio
    reliefs = [relief for group in compute_netting_margin(sets, offsets).groups for relief in group.reliefs]
    assert len(reliefs) == len(offsets)
    for each in sets:
        used = sum(r.matched for r in reliefs if each.name in {r.offset.first, r.offset.second})
        assert 0 <= used <= each.requirement


@given(portfolios(), st.fractions(0, 1, max_denominator=8))
def test_weaker_offsets_never_need_less(
    portfolio: tuple[tuple[NettingSet, ...], tuple[Offset, ...]], factor: Fraction
) -> None:
    sets, offsets = portfolio
    weaker = tuple(replace(offset, share=factor * offset.share) for offset in offsets)
    assert compute_netting_margin(sets, weaker).requirement >= compute_netting_margin(sets, offsets).requirement


@given(portfolios(), st.data(), st.integers(1, 10))
def test_a_riskier_set_never_lowers_the_whole(
    portfolio: tuple[tuple[NettingSet, ...], tuple[Offset, ...]], data: st.DataObject, rise: int
) -> None:
    sets, offsets = portfolio
    index = data.draw(st.integers(0, len(sets) - 1))
    riskier = replace(sets[index], requirement=sets[index].requirement + rise)
    changed = (*sets[:index], riskier, *sets[index + 1 :])
    assert compute_netting_margin(changed, offsets).requirement >= compute_netting_margin(sets, offsets).requirement


@given(portfolios())
def test_groups_are_what_offsets_link(portfolio: tuple[tuple[NettingSet, ...], tuple[Offset, ...]]) -> None:
    sets, offsets = portfolio
    groups = compute_netting_margin(sets, offsets).groups
    assert sorted(name for group in groups for name in group.names) == [each.name for each in sets]
    for offset in offsets:
        assert any({offset.first, offset.second} <= set(group.names) for group in groups)
    linked = {name for offset in offsets for name in (offset.first, offset.second)}
    assert {group.names for group in groups if len(group.names) == 1} == {
        (each.name,) for each in sets if each.name not in linked
    }


def test_a_chain_is_used_up_in_order() -> None:
    sets = tuple(NettingSet(name, (name,), F(need)) for name, need in (("a", 10), ("b", 6), ("c", 9)))
    margin = compute_netting_margin(
        sets, (Offset("a", "b", F(1, 2)), Offset("b", "c", F(1, 4)), Offset("a", "c", F(0)))
    )
    assert [relief.matched for relief in margin.groups[0].reliefs] == [6, 0, 4]
    assert margin.requirement == 25 - 3


A, B = NettingSet("a", ("1",), F(1)), NettingSet("b", ("2",), F(2))


@pytest.mark.parametrize(
    ("sets", "offsets", "field", "reason"),
    [
        ((), (), "sets", Reason.WRONG_COUNT),
        ((A, replace(B, name="a")), (), "sets[1].name", Reason.DUPLICATE_FIELD),
        ((A, replace(B, positions=("2", "1"))), (), "sets[1].positions[1]", Reason.DUPLICATE_FIELD),
        ((replace(A, positions=("1", "1")),), (), "sets[0].positions[1]", Reason.DUPLICATE_FIELD),
        ((A, B), (Offset("a", "c", F(1)),), "offsets[0].second", Reason.NOT_A_CHOICE),
        ((A, B), (Offset("a", "b", F(1)), Offset("b", "a", F(1))), "offsets[1]", Reason.DUPLICATE_FIELD),
    ],
)
def test_what_can_not_be_netted_is_named(
    sets: tuple[NettingSet, ...], offsets: tuple[Offset, ...], field: str, reason: Reason
) -> None:
    with pytest.raises(MalformedError) as refusal:
        compute_netting_margin(sets, offsets)
    assert (refusal.value.field, refusal.value.reason) == (field, reason)


def test_offsets_are_given_best_first() -> None:
    sets = (A, B, NettingSet("c", ("3",), F(1)))
    with pytest.raises(MalformedError, match="best offset first"):
        compute_netting_margin(sets, (Offset("a", "b", F(1, 3)), Offset("b", "c", F(1, 2))))


def test_a_set_is_refused_where_it_makes_no_sense() -> None:
    with pytest.raises(MalformedError, match="positions"):
        NettingSet("a", (), F(1))
    with pytest.raises(MalformedError, match="requirement"):
        NettingSet("a", ("1",), F(-1))
    with pytest.raises(MalformedError, match="second"):
        Offset("a", "a", F(1))
    with pytest.raises(MalformedError, match="share"):
        Offset("a", "b", F(2))
