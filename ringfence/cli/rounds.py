"""Rounds of relayers and posters, each a look at all that is under way: what became of it is counted and told."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry

from chains.guarding import CONTESTED, EXIT
from chains.paying import Paid
from chains.relaying import Step
from chains.rpc import Chain, spell
from margin.errors import MisuseError, Reason
from ringfence.cli.alarms import Refusal
from ringfence.cli.chain_measures import BoardMeasures, LookMeasures, NodeMeasures, RelayMeasures
from ringfence.cli.looking import Diary, patience_of, tell_health
from ringfence.cli.posting import PostRound, PostStep, PostTold
from ringfence.cli.relay_settings import PostingSettings, RelaySettings
from ringfence.cli.relaying import Cargo, Round
from serving.log import Log

RELAYED: Final = {Cargo.ATTESTATION: Step, Cargo.EXIT: (CONTESTED, EXIT), Cargo.PAYMENT: Paid}
POSTED: Final = {Cargo.ROOT: PostStep}
STEPS: Final[Mapping[Cargo, Iterable[str]]] = {**RELAYED, **POSTED}
"""What can become of each."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """What is told of them: metrics, and a file of how it is where one is named."""

    looks: LookMeasures
    nodes: NodeMeasures
    measures: RelayMeasures
    diary: Diary

    @classmethod
    def open(
        cls,
        status: Path | None,
        registry: CollectorRegistry,
        subject: str = "relay",
        cargoes: Iterable[Cargo] = tuple(RELAYED),
    ) -> "Rounds":
        """Before the first one."""
        measures = RelayMeasures(registry)
        for cargo in cargoes:
            measures.expect(cargo, STEPS[cargo])
        return cls(LookMeasures(registry), NodeMeasures(registry), measures, Diary(status, subject, Log()))

    def follow(self, chains: Iterable[Chain]) -> None:
        """Count what becomes of questions to their nodes."""
        for chain in chains:
            self.nodes.follow(chain)

    def count(self, cargo: Cargo, step: str, reason: str) -> None:
        """Something has happened to one of what is carried."""
        self.measures.relayed(cargo, step, reason)

    def ended(self, ended: Round, said: Mapping[str, object] | None = None) -> None:
        """A round is over, with what else is said of it; one in which a contract could not be looked at has failed."""
        for cargo, count in ended.waiting.items():
            self.measures.left_waiting(cargo, count)
        if ended.failure is not None:
            self.failed(ended.failure)
            return
        self.looks.look_ended()
        waiting = {f"{cargo}s_waiting": count for cargo, count in ended.waiting.items()}
        self.diary.ended({**waiting, **(said or {})})

    def failed(self, error: Refusal) -> None:
        """One that did not end well."""
        self.looks.look_failed(error)
        self.diary.failed(error)


@dataclass(frozen=True, slots=True)
class PostRounds:
    """The same of a poster, with what stands on its contracts."""

    rounds: Rounds
    boards: BoardMeasures

    @classmethod
    def open(cls, status: Path | None, registry: CollectorRegistry) -> "PostRounds":
        """Before the first one."""
        return cls(Rounds.open(status, registry, "post-roots", POSTED), BoardMeasures(registry))

    def told(self, told: PostTold) -> None:
        """Something has happened to a root."""
        self.rounds.count(Cargo.ROOT, told.step, told.reason)

    def ended(self, ended: PostRound) -> None:
        """A round is over."""
        said: list[dict[str, object]] = []
        for (board, kind), newest in ended.standing.items():
            place = board.chain_id, spell(board.contract), kind.name.lower()
            self.boards.root_stands(*place, sequence=newest.sequence, moment=newest.moment)
            said.append({**dict(zip(("chain_id", "contract", "kind"), place, strict=True)), **asdict(newest)})
        self.rounds.ended(ended.round, {"boards": said})

    def failed(self, error: Refusal) -> None:
        """The registry does not answer, or says what nobody understands."""
        self.rounds.failed(error)


def check_rounds(settings: RelaySettings | PostingSettings, title: str, *, as_json: bool) -> None:
    """Whether the one that runs has had a good round not long ago; a transaction may take its time in one."""
    if settings.status is None:
        expected = "the file in which the one that runs says how it is"
        raise MisuseError(Reason.MISSING_FIELD, "status", found="none", expected=expected)
    longest = max(access.bounds.longest_seconds for access in settings.chains.values())
    tell_health(settings.status, patience_of(settings.round_seconds) + int(longest), title, as_json=as_json)
