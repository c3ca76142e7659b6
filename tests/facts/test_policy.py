"""The public word of a policy says one thing, and one policy has one word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.policy import StatementPolicy
from margin.errors import Reason
from margin.requirement import RequirementKind
from snark.bn254.constants import GROUP_ORDER
from tests.facts.refusals import refused

policies = st.builds(
    StatementPolicy,
    st.sampled_from(RequirementKind),
    st.integers(0, 10**6 - 1),
    st.integers(0, 2**20 - 1),
    st.integers(0, 2**100 - 1),
)


@given(policies)
def test_a_policy_comes_back(policy: StatementPolicy) -> None:
    assert StatementPolicy.decode(policy.encode()) == policy


@given(policies, policies)
def test_two_policies_have_two_words(one: StatementPolicy, other: StatementPolicy) -> None:
    assert (one.encode() == other.encode()) == (one == other)


def test_the_word_is_laid_out_as_documented() -> None:
    policy = StatementPolicy(RequirementKind.MAINTENANCE, shock_ppm=3, buffer_ppm=5, least_basket_value=7)
    assert policy.encode() == 1 + 3 * 2 + 5 * 2**21 + 7 * 2**41
    assert StatementPolicy(RequirementKind.INITIAL).encode() == 0


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        *(("shock_ppm", bad) for bad in (-1, 10**6)),
        *(("buffer_ppm", bad) for bad in (-1, 2**20)),
        *(("least_basket_value", bad) for bad in (-1, 2**100)),
    ],
)
def test_the_bounds_of_a_policy(name: str, bad: int) -> None:
    assert refused(StatementPolicy, RequirementKind.INITIAL, **{name: bad}) == (Reason.OUT_OF_BOUNDS, name)


@pytest.mark.parametrize("word", [2**141, GROUP_ORDER, -1])
def test_a_word_that_says_more_is_refused(word: int) -> None:
    assert refused(StatementPolicy.decode, word) == (Reason.OUT_OF_BOUNDS, "policy")


def test_a_word_with_a_shock_of_everything_is_refused() -> None:
    assert refused(StatementPolicy.decode, 10**6 << 1) == (Reason.OUT_OF_BOUNDS, "shock_ppm")
