"""From reports to a round: the median, how sure it is, and what is refused."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.feed import FeedPrice, is_within
from facts.market_round import close_prices, find_middle, require_same_round, take_median
from margin.errors import Reason
from tests.facts.refusals import refused
from tests.facts.specimens import BITCOIN, ETHER, NOW, PRICES, REPORTERS, ROUND, report_of, terms_of

ETHER_PRICE = PRICES[1]


def bitcoin(price: int, confidence: int = 0, observed_at: int = NOW) -> FeedPrice:
    return FeedPrice(BITCOIN, price, confidence, observed_at)


def test_the_median_of_an_odd_number_is_one_of_them() -> None:
    reported = [bitcoin(6_500_100, 10, NOW - 5), bitcoin(6_500_000, 20, NOW - 1), bitcoin(6_499_900, 30)]
    assert take_median(reported) == bitcoin(6_500_000, 20, NOW - 1)


def test_the_median_of_an_even_number_covers_both_in_the_middle() -> None:
    assert take_median([bitcoin(100), bitcoin(101)]) == bitcoin(100, 1)
    assert take_median([bitcoin(100), bitcoin(104)]) == bitcoin(102, 2)
    assert take_median([bitcoin(90), bitcoin(100), bitcoin(104), bitcoin(200)]) == bitcoin(102, 2)


def test_one_old_report_does_not_make_the_median_old() -> None:
    moments = [NOW - 20, NOW - 2, NOW - 1, NOW]
    assert take_median([bitcoin(100, observed_at=moment) for moment in moments]).observed_at == NOW - 2


def test_a_confidence_that_reaches_the_price_is_none() -> None:
    reported = [bitcoin(1), bitcoin(100)]
    assert refused(take_median, reported) == (Reason.CONFIDENCE_TOO_WIDE, f"{BITCOIN}.confidence")


reports = st.lists(
    st.tuples(st.integers(10_000, 20_000), st.integers(0, 500)).map(lambda pair: bitcoin(*pair)), min_size=1, max_size=9
)


@given(reports, st.randoms())
def test_the_order_of_reports_says_nothing(reported: list[FeedPrice], random: object) -> None:
    shuffled = list(reported)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert take_median(shuffled) == take_median(reported)


@given(reports)
def test_as_many_are_above_the_median_as_below(reported: list[FeedPrice]) -> None:
    median = take_median(reported)
    values = [each.price for each in reported]
    assert 2 * sum(value <= median.high for value in values) >= len(values)
    assert 2 * sum(value >= median.low for value in values) >= len(values)
    assert median.low <= find_middle([each.low for each in reported])
    assert median.high >= find_middle([each.high for each in reported])


@given(reports, st.data())
def test_fewer_than_half_move_it_nowhere_that_honest_reports_do_not_go(
    honest: list[FeedPrice], data: st.DataObject
) -> None:
    lies = st.integers(10_000, 10**9).map(bitcoin)
    liars = data.draw(st.lists(lies, max_size=len(honest) - 1))
    values = [each.price for each in honest]
    assert min(values) <= find_middle([each.price for each in (*honest, *liars)]) <= max(values)
    if all(lie.price < 25_000 for lie in liars):
        median = take_median([*honest, *liars])
        assert median.price - median.low <= max(values) - min(values) + 500
        assert min(each.low for each in honest) <= median.price <= max(each.high for each in honest)


@given(reports)
def test_reports_that_agree_exactly_are_the_median(reported: list[FeedPrice]) -> None:
    same = [reported[0]] * len(reported)
    assert take_median(same) == reported[0]


@given(st.integers(1, 2**64 - 1), st.integers(1, 2**64 - 1), st.integers(0, 10**6))
def test_a_distance_is_exact(price: int, reference: int, most_ppm: int) -> None:
    assert is_within(price, reference, most_ppm) is (
        Fraction(abs(price - reference), reference) <= Fraction(most_ppm, 10**6)
    )


def test_prices_of_every_feed_are_closed() -> None:
    reports_of_three = [report_of(key, *PRICES) for key in REPORTERS[:3]]
    before = replace(ROUND, sequence=6)
    assert close_prices(reports_of_three, terms_of(before=before)) == PRICES


def test_a_report_may_leave_a_feed_out_while_others_have_it() -> None:
    part = [report_of(key, ETHER_PRICE) for key in REPORTERS[3:]]
    whole = [report_of(key, *PRICES) for key in REPORTERS[:3]]
    terms = terms_of(before=replace(ROUND, sequence=6))
    assert close_prices([*whole, *part], terms) == PRICES
    assert refused(close_prices, [*whole[:2], *part], terms) == (Reason.TOO_FEW_SIGNERS, BITCOIN)


def test_a_first_round_takes_the_quorum() -> None:
    four = [report_of(key, *PRICES) for key in REPORTERS[:4]]
    assert close_prices(four, terms_of()) == PRICES
    assert refused(close_prices, four[:3], terms_of()) == (Reason.JUMP_TOO_LARGE, BITCOIN)


def test_a_member_signs_only_the_round_that_it_makes_itself() -> None:
    whole = [report_of(key, *PRICES) for key in REPORTERS[:4]]
    require_same_round(ROUND, whole, terms_of(), ROUND.root)
    require_same_round(ROUND, whole, terms_of(moment=NOW + 5), ROUND.root)
    assert refused(require_same_round, ROUND, whole, terms_of(), 5) == (Reason.WRONG_ROOT, "root")
    other = replace(ROUND, prices=(replace(PRICES[0], price=6_500_001), ETHER_PRICE))
    assert refused(require_same_round, other, whole, terms_of(), ROUND.root) == (Reason.CONFLICTING_FIELDS, "prices")
    early = replace(ROUND, closed_at=NOW + 1)
    assert refused(require_same_round, early, whole, terms_of(), ROUND.root) == (Reason.FROM_THE_FUTURE, "closed_at")


@pytest.mark.parametrize("feed", [BITCOIN, ETHER])
def test_a_feed_that_nobody_reports_closes_no_round(feed: str) -> None:
    kept = [price for price in PRICES if price.feed != feed]
    whole = [report_of(key, *kept) for key in REPORTERS]
    assert refused(close_prices, whole, terms_of()) == (Reason.TOO_FEW_SIGNERS, feed)
