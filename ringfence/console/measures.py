"""What the verifier counts, read from its page of metrics: proofs a second, and refusals by their step and reason."""

import http.client
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

LARGEST_PAGE: Final = 1 << 20
SECONDS: Final = 2.0
MOST_READINGS: Final = 150
"""Five minutes of them, at one in two seconds."""
CLAIMS: Final = "ringfence_claims_total"
CALLS: Final = "ringfence_calls_total"
ALARMS: Final = "ringfence_signing_alarms_total"
MOST_ROWS: Final = 512
"""Purposes, outcomes, reasons, codes and alarms are few."""
LONGEST_LABEL: Final = 64

Key = tuple[str, ...]
Counts = Mapping[Key, int]


@dataclass(frozen=True, slots=True)
class Reading:
    """The counters at one moment."""

    moment: float
    claims: Counts = field(default_factory=dict)
    """By purpose, outcome and reason."""
    refused_calls: Counts = field(default_factory=dict)
    """By code and reason, whatever the method."""
    alarms: Counts = field(default_factory=dict)

    @property
    def proofs(self) -> int:
        """Claims that were answered, one way or the other."""
        return sum(self.claims.values())


class Gauge:
    """Looks at a page of metrics again and again."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._readings: deque[Reading] = deque(maxlen=MOST_READINGS)

    def read(self) -> dict[str, object]:
        """Look once more; what was seen so far."""
        return self.take(parse_page(fetch_page(self._address), time.monotonic()))

    def take(self, reading: Reading) -> dict[str, object]:
        """One more reading; what all of them say."""
        self._readings.append(reading)
        readings = list(self._readings)
        return {
            "claims": list(describe_counts(readings, lambda each: each.claims, ("purpose", "outcome", "reason"))),
            "calls": list(describe_counts(readings, lambda each: each.refused_calls, ("code", "reason"))),
            "alarms": list(describe_counts(readings, lambda each: each.alarms, ("alarm",))),
            "milli_rates": list(compute_rates(readings)),
            "recent_seconds": round(readings[-1].moment - readings[0].moment),
        }


def describe_counts(
    readings: Sequence[Reading], counts: Callable[[Reading], Counts], names: Sequence[str]
) -> Iterator[dict[str, object]]:
    """Each counter with its labels: since the server began, and within the readings."""
    recent = Counter[Key]()
    for before, after in pairwise(map(counts, readings)):
        for key, count in after.items():
            recent[key] += rise(before.get(key, 0), count)
    for key, count in sorted(counts(readings[-1]).items()):
        yield {**dict(zip(names, key, strict=True)), "count": count, "recent": recent[key]}


def rise(before: int, after: int) -> int:
    """By how much a counter went up; that of a server that began anew counts from 0."""
    return after - before if after >= before else after


def compute_rates(readings: Sequence[Reading]) -> Iterator[int]:
    """Claims in a thousand seconds, between each reading and the next."""
    for before, after in pairwise(readings):
        yield round(1000 * rise(before.proofs, after.proofs) / max(after.moment - before.moment, 0.001))


def fetch_page(address: str) -> str:
    """The page, from this machine and through nobody in between."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=SECONDS)
    try:
        connection.request("GET", "/metrics", headers={"accept": "text/plain"})
        response = connection.getresponse()
        body = response.read(LARGEST_PAGE)
        if response.status != http.HTTPStatus.OK:
            raise OSError(f"status {response.status}")
        return body.decode("utf-8", "replace")
    except http.client.HTTPException as error:
        raise OSError(type(error).__name__) from None
    finally:
        connection.close()


def parse_page(page: str, moment: float) -> Reading:
    """The counters that are shown."""
    claims, refused_calls, alarms = Counter[Key](), Counter[Key](), Counter[Key]()
    try:
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                if sample.name == CLAIMS:
                    claims[key_of(sample, "purpose", "outcome", "reason")] += int(sample.value)
                elif sample.name == CALLS and sample.labels.get("reason"):
                    refused_calls[key_of(sample, "code", "reason")] += int(sample.value)
                elif sample.name == ALARMS:
                    alarms[key_of(sample, "alarm")] += int(sample.value)
    except (ValueError, OverflowError):
        raise OSError("no page of metrics") from None
    return Reading(moment, *(dict(sorted(each.items())[:MOST_ROWS]) for each in (claims, refused_calls, alarms)))


def key_of(sample: Sample, *names: str) -> Key:
    """The labels that count; whatever the page says, they are short."""
    return tuple(sample.labels.get(name, "")[:LONGEST_LABEL] for name in names)
