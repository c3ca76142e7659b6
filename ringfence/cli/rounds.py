"""Rounds of a relayer, each a look at everything that is under way: what became of it is counted and told."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry

from chains.guarding import CONTESTED, EXIT
from chains.paying import Paid
from chains.relaying import Step
from chains.rpc import Chain
from margin.errors import MisuseError, Reason
from ringfence.cli.chain_measures import LookMeasures, NodeMeasures, RelayMeasures
from ringfence.cli.looking import Diary, patience_of, tell_health
from ringfence.cli.relay_settings import RelaySettings
from ringfence.cli.relaying import Cargo, Round
from serving.log import Log

SUBJECT: Final = "relay"
STEPS: Final = {Cargo.ATTESTATION: Step, Cargo.EXIT: (CONTESTED, EXIT), Cargo.PAYMENT: Paid}
"""What can become of each."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """What is told of them: metrics, and a file of how it is where one is named."""

    looks: LookMeasures
    nodes: NodeMeasures
    measures: RelayMeasures
    diary: Diary

    @classmethod
    def open(cls, status: Path | None, registry: CollectorRegistry) -> "Rounds":
        """Before the first one."""
        measures = RelayMeasures(registry)
        for cargo, steps in STEPS.items():
            measures.expect(cargo, steps)
        return cls(LookMeasures(registry), NodeMeasures(registry), measures, Diary(status, SUBJECT, Log()))

    def follow(self, chains: Iterable[Chain]) -> None:
        """Count what becomes of questions to their nodes."""
        for chain in chains:
            self.nodes.follow(chain)

    def count(self, cargo: Cargo, step: str, reason: str) -> None:
        """Something has happened to one of what is carried."""
        self.measures.relayed(cargo, step, reason)

    def ended(self, ended: Round) -> None:
        """A round is over; one in which an escrow could not be looked at has failed."""
        for cargo, count in ended.waiting.items():
            self.measures.left_waiting(cargo, count)
        if ended.failure is None:
            self.looks.look_ended()
            self.diary.ended({f"{cargo}s_waiting": count for cargo, count in ended.waiting.items()})
        else:
            self.looks.look_failed(ended.failure)
            self.diary.failed(ended.failure)


def check_relayer(settings: RelaySettings, *, as_json: bool) -> None:
    """Whether the one that runs has had a good round not long ago; a transaction may take its time in one."""
    if settings.status is None:
        expected = "the file in which the relayer says how it is"
        raise MisuseError(Reason.MISSING_FIELD, "status", found="none", expected=expected)
    longest = max(access.bounds.longest_seconds for access in settings.chains.values())
    patience = patience_of(settings.round_seconds) + int(longest)
    tell_health(settings.status, patience, "The relayer is well", as_json=as_json)
