"""What is read of a verifier's metrics: refusals by reason, since it began and lately, and nothing else of the page."""

import pytest

from ringfence.console.measures import LONGEST_LABEL, MOST_READINGS, MOST_ROWS, Gauge, Reading, parse_page

PAGE = """# TYPE ringfence_claims counter
ringfence_claims_total{outcome="valid",purpose="accept",reason=""} 3.0
ringfence_claims_total{outcome="refused_unused",purpose="accept",reason="NULLIFIER_SPENT"} 2.0
ringfence_claims_created{outcome="valid",purpose="accept",reason=""} 1.7e+09
# TYPE ringfence_calls counter
ringfence_calls_total{code="OK",method="/a/b",reason=""} 7.0
ringfence_calls_total{code="PERMISSION_DENIED",method="/a/b",reason="NOT_ALLOWED"} 4.0
ringfence_calls_total{code="PERMISSION_DENIED",method="/a/c",reason="NOT_ALLOWED"} 1.0
# TYPE ringfence_signing_alarms counter
ringfence_signing_alarms_total{alarm="no_key"} 0.0
# TYPE other counter
other_total 9.0
"""
SPENT = ("accept", "refused_unused", "NULLIFIER_SPENT")
GOOD = ("accept", "valid", "")


def test_counters_are_read_and_nothing_else_of_a_page() -> None:
    reading = parse_page(PAGE, 1.0)
    assert reading.claims == {SPENT: 2, GOOD: 3}
    assert reading.refused_calls == {("PERMISSION_DENIED", "NOT_ALLOWED"): 5}
    assert (reading.proofs, reading.alarms) == (5, {("no_key",): 0})


@pytest.mark.parametrize(
    "page", ["{", 'ringfence_claims_total{purpose="a"} Inf\n', 'ringfence_claims_total{purpose="a"} NaN\n']
)
def test_what_is_no_page_of_metrics_is_refused(page: str) -> None:
    with pytest.raises(OSError, match="no page of metrics"):
        parse_page(page, 1.0)


def test_a_page_is_read_within_bounds() -> None:
    lines = (f'ringfence_claims_total{{purpose="{number:05}{"x" * 100}"}} 1' for number in range(2 * MOST_ROWS))
    claims = parse_page("\n".join(lines) + "\n", 1.0).claims
    assert len(claims) == MOST_ROWS
    assert {len(purpose) for purpose, _, _ in claims} == {LONGEST_LABEL}


def test_what_was_refused_lately_is_told_beside_what_was_ever() -> None:
    gauge = Gauge("127.0.0.1:1")
    gauge.take(Reading(0.0, {SPENT: 10}))
    gauge.take(Reading(2.0, {SPENT: 12, GOOD: 1}))
    told = gauge.take(Reading(4.0, {SPENT: 12, GOOD: 4}))
    named = ("purpose", "outcome", "reason")
    assert told["claims"] == [
        {**dict(zip(named, SPENT, strict=True)), "count": 12, "recent": 2},
        {**dict(zip(named, GOOD, strict=True)), "count": 4, "recent": 4},
    ]
    assert (told["milli_rates"], told["recent_seconds"]) == ([1500, 1500], 4)


def test_a_verifier_that_began_anew_counts_from_nothing() -> None:
    gauge = Gauge("127.0.0.1:1")
    gauge.take(Reading(0.0, {SPENT: 10}))
    told = gauge.take(Reading(2.0, {SPENT: 3}))
    named = {"purpose": "accept", "outcome": "refused_unused", "reason": "NULLIFIER_SPENT"}
    assert told["claims"] == [{**named, "count": 3, "recent": 3}]
    assert told["milli_rates"] == [1500]


def test_lately_is_so_many_readings() -> None:
    gauge = Gauge("127.0.0.1:1")
    told = [gauge.take(Reading(2.0 * number, {SPENT: number})) for number in range(2 * MOST_READINGS)][-1]
    assert told["claims"][0]["recent"] == MOST_READINGS - 1  # type: ignore[index] # it is a list
    assert told["recent_seconds"] == 2 * (MOST_READINGS - 1)
