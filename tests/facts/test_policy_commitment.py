"""The policy that a leaf names: every number of its liquidation counts, and the document does."""

from dataclasses import replace
from fractions import Fraction

import pytest

from facts.market import quantise_policy
from facts.packing import LIQUIDATION_TERMS
from facts.policy_commitment import NO_TERMS, CommittedTerms, commit_policy, hash_policy, name_document
from facts.tags import Tag
from margin.documents.published import list_policies, load_policy
from margin.errors import MisuseError, Reason
from margin.policy import LiquidationRule, LiquidationTarget
from snark.poseidon.hashing import hash_inputs
from tests.facts.refusals import refused

DYDX = load_policy("dydx-v4")
MARKET = DYDX.market("SMALL-CAP").policy
TERMS = CommittedTerms.of(MARKET)


def test_a_policy_is_named_by_its_digest_and_the_liquidation_of_its_market() -> None:
    assert name_document(DYDX) == int(DYDX.digest[:62], 16)
    assert hash_policy(DYDX, MARKET) == hash_inputs([int(Tag.POLICY), name_document(DYDX), TERMS.encode()])
    assert hash_policy(DYDX, None) == commit_policy(name_document(DYDX), None)
    assert LIQUIDATION_TERMS.decode(TERMS.encode()) == TERMS.parts


def test_every_number_of_the_terms_counts() -> None:
    changed = [
        TERMS,
        replace(TERMS, rule=LiquidationRule.FULL),
        replace(TERMS, target=LiquidationTarget.INITIAL),
        replace(TERMS, penalty_ppm=7),
        replace(TERMS, buffer_ppm=7),
        replace(TERMS, fee_ppm=7),
        replace(TERMS, fraction_ppm=7),
        replace(TERMS, threshold=7),
        replace(TERMS, tiers_down=7),
    ]
    assert len({commit_policy(1, each) for each in changed} | {commit_policy(2, TERMS)}) == len(changed) + 1


def test_no_rule_is_the_word_of_no_terms() -> None:
    words = [replace(TERMS, rule=rule).encode() for rule in LiquidationRule]
    assert len(set(words)) == len(LiquidationRule)
    assert all(LIQUIDATION_TERMS.decode(word)["rule"] for word in words)
    assert LIQUIDATION_TERMS.decode(NO_TERMS)["rule"] == 0


def test_terms_are_rounded_against_the_trader() -> None:
    fine = replace(
        MARKET,
        closing_fee_rate=Fraction(1, 3),
        liquidation=replace(
            MARKET.liquidation,
            penalty_rate=Fraction(1, 3),
            buffer_rate=Fraction(1, 7),
            fraction=Fraction(1, 9),
            fraction_threshold=Fraction(21, 2),
        ),
    )
    terms = CommittedTerms.of(fine)
    assert (terms.penalty_ppm, terms.buffer_ppm, terms.fee_ppm, terms.fraction_ppm) == (
        333_334,
        142_858,
        333_334,
        111_112,
    )
    assert terms.threshold == 11
    assert CommittedTerms.of(quantise_policy(fine)) == terms
    assert quantise_policy(fine).liquidation.penalty_rate == Fraction(333_334, 10**6)


@pytest.mark.parametrize("name", list_policies())
def test_every_market_of_a_shipped_policy_has_terms(name: str) -> None:
    document = load_policy(name)
    for market in document.markets.values():
        assert LIQUIDATION_TERMS.decode(CommittedTerms.of(market.policy).encode())["rule"] > 0


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        *((name, bad) for name in ("penalty_ppm", "buffer_ppm", "fee_ppm", "fraction_ppm") for bad in (-1, 10**6 + 1)),
        *(("threshold", bad) for bad in (-1, 2**100)),
        ("tiers_down", 16),
    ],
)
def test_the_bounds_of_terms(name: str, bad: int) -> None:
    assert refused(replace, TERMS, **{name: bad}) == (Reason.OUT_OF_BOUNDS, name)


def test_a_market_that_a_document_lacks_has_no_policy() -> None:
    with pytest.raises(MisuseError):
        hash_policy(DYDX, DYDX.market("NOBODY").policy)
