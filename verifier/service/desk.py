"""What the services of a verifier have in common: one store, one signer, one registry, and how they answer."""

from dataclasses import dataclass

from ringfence.wire.acceptance import AcceptanceReport, Answer
from ringfence.wire.application import AppliedAnswer
from ringfence.wire.log import LogReceipt
from verifier.admission import Admission
from verifier.bell import Bell
from verifier.heads import Heads, ProvedLeaf
from verifier.registry import Registry
from verifier.service.measurement import Measures
from verifier.signer import AttestationSigner
from verifier.store.ledger import Clock, Ledger
from verifier.store.records import Kept, Receipt
from verifier.store.transitions import Applied


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is done at once, and how often streams are looked after."""

    batch: int = 256
    """Claims of a stream that are proved together at most."""
    batch_threads: int = 1
    """That prove them."""
    watch_milliseconds: int = 250
    """After so long a watch looks for what other processes have changed."""
    life_milliseconds: int = 15_000
    """After so long without a change a watch gives a sign of life."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that an answer needs."""

    ledger: Ledger
    admission: Admission
    registry: Registry
    signer: AttestationSigner
    heads: Heads
    measures: Measures
    bell: Bell
    clock: Clock
    pace: Pace

    def answer(self, receipt: Receipt) -> Answer:
        """Step 9: a change with the verifier's word on it, and the way to a head that has it."""
        report = self.report(Kept(receipt.acceptance, receipt.place, receipt.place))
        return Answer(report, self.signer.sign(receipt), receipt_of(self.heads.prove(receipt.place)))

    def answer_application(self, applied: Applied) -> AppliedAnswer:
        """Step 9: a transition with the way to a signed head of the log, which is the verifier's word on it."""
        return AppliedAnswer(applied.entry, receipt_of(self.heads.prove(applied.place)))

    def report(self, kept: Kept) -> AcceptanceReport:
        """An acceptance as the wire tells of it."""
        acceptance = kept.acceptance
        return AcceptanceReport(
            id=acceptance.id,
            state=acceptance.state,
            position_tag=acceptance.position_tag,
            nullifiers=acceptance.held,
            demand=acceptance.demand(self.admission.domain),
            key_id=acceptance.key_id,
            is_for_development=acceptance.is_for_development,
            accepted_at=acceptance.accepted_at,
            refreshed_at=acceptance.refreshed_at,
            lapses_at=acceptance.lapses_at,
            revision=acceptance.revision,
            log_index=kept.latest,
        )


def receipt_of(proved: ProvedLeaf) -> LogReceipt:
    """A proved leaf as the wire tells of it."""
    return LogReceipt(proved.head, proved.place, proved.leaf, proved.path)
