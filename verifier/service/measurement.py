"""What a verifier counts: few labels, all known beforehand, and no amount, name or nullifier among them.

A signing without the row that it is about, or at a rate that nobody's requests explain, is what a stolen verifier looks
like: attestations are counted beside what was written into the log, and one that the log does not say raises an alarm.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter

from facts.log_entry import Event
from serving.log import Event as LogEvent
from serving.log import Log
from serving.metrics import label_reason
from verifier.signer import Alarm
from verifier.steps import Step

VALID: Final = "valid"


class Measures:
    """The counters of one process."""

    def __init__(self, registry: CollectorRegistry, log: Log) -> None:
        self._log = log
        self._answers = Counter(
            "ringfence_claims", "Claims that were answered", ("purpose", "outcome", "reason"), registry=registry
        )
        self._attestations = Counter(
            "ringfence_attestations", "Attestations that were signed", ("event",), registry=registry
        )
        self._alarms = Counter(
            "ringfence_signing_alarms",
            "What should never happen to a signer; must stay 0",
            ("alarm",),
            registry=registry,
        )
        for alarm in Alarm:
            self._alarms.labels(alarm.value)

    def answer(self, purpose: str) -> None:
        """A claim was found good."""
        self._answers.labels(purpose, VALID, "").inc()

    def refuse(self, purpose: str, step: Step, reason: str) -> None:
        """A claim was refused at a step, for a reason of those that there are."""
        self._answers.labels(purpose, f"refused_{step.name.lower()}", label_reason(reason)).inc()

    def attestation_signed(self, event: Event) -> None:
        """An attestation left."""
        self._attestations.labels(event.name.lower()).inc()

    def alarm_raised(self, alarm: Alarm) -> None:
        """Something was signed, or was to be signed, that should not have been."""
        self._alarms.labels(alarm.value).inc()
        self._log.warn(LogEvent.ALARM, reason=alarm.value)
