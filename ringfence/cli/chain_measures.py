"""What watchers, observers, relayers and posters count: no amount, no owner, no node's address.

A label holds a word that is known beforehand, a chain or a contract of the settings, or the place of a node in them.
"""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import grpc
from prometheus_client import CollectorRegistry, Counter, Gauge

from chains.rpc import Block, Chain, Fault, Listener
from chains.watching.watcher import Look, Outcome, is_alarm
from facts.attestation import Attestation
from facts.log_entry import Event
from ringfence.cli.alarms import Refusal, reason_of
from serving.metrics import label_reason

if TYPE_CHECKING:
    from chains.observing.observer import Look as ObserverLook


STATUSES: Final = frozenset(code.name for code in grpc.StatusCode)
"""What a registry that does not answer is told by."""


def label_refusal(error: Refusal) -> str:
    """Why as a label: a reason or a status of those that there are, and a defect otherwise."""
    reason = reason_of(error)
    return reason if reason in STATUSES else label_reason(reason)


class LookMeasures:
    """Looks at chains, and what came of them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._looks = Counter(
            "ringfence_looks", "Looks at chains by what came of them", ("outcome", "reason"), registry=registry
        )
        self._alarms = Counter(
            "ringfence_look_alarms", "What cannot be so on an honest chain; must stay 0", registry=registry
        )
        self._looked = Gauge("ringfence_looked_at", "When a look ended well, seconds since 1970", registry=registry)

    def look_ended(self) -> None:
        """One that ended well."""
        self._looks.labels("ended", "").inc()
        self._looked.set(int(time.time()))

    def look_failed(self, error: Refusal) -> None:
        """One that did not."""
        self._looks.labels("failed", label_refusal(error)).inc()
        if is_alarm(error):
            self._alarms.inc()


class NodeMeasures:
    """Nodes of chains, by their places in the settings: how far each is, and where it fails."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.final = Gauge(
            "ringfence_final_block", "The newest block that all nodes have as final", ("chain_id",), registry=registry
        )
        self.behind = Gauge(
            "ringfence_node_behind_seconds",
            "How old the newest block of a node was when it last told of one",
            ("chain_id", "endpoint"),
            registry=registry,
        )
        self.faults = Counter(
            "ringfence_node_faults",
            "Questions that a node did not answer, or not as the others did",
            ("chain_id", "endpoint", "fault"),
            registry=registry,
        )

    def follow(self, chain: Chain) -> None:
        """Count what becomes of questions to the nodes of a chain, from none on: nobody sees a first one rise."""
        for endpoint in chain.endpoints:
            for fault in Fault:
                self.faults.labels(chain.chain_id, endpoint.name, fault.value)
        chain.listen(ChainNodes(self, chain.chain_id))


class ChainNodes(Listener):
    """Those of one chain."""

    def __init__(self, measures: NodeMeasures, chain_id: int) -> None:
        self._measures = measures
        self._chain_id = chain_id
        self._newest: dict[str, int] = {}

    def heard(self, endpoint: str, block: Block) -> None:
        """A block, which may be an old one that was asked for."""
        self._newest[endpoint] = max(block.timestamp, self._newest.get(endpoint, 0))
        self._measures.behind.labels(self._chain_id, endpoint).set(time.time() - self._newest[endpoint])

    def failed(self, endpoint: str, fault: Fault) -> None:
        """No answer, or another one than it should be."""
        self._measures.faults.labels(self._chain_id, endpoint, fault.value).inc()

    def found_final(self, number: int) -> None:
        """Every node has it as final."""
        self._measures.final.labels(self._chain_id).set(number)


class WatchMeasures:
    """What a watcher counts besides its looks and its nodes."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._block = Gauge("ringfence_watch_block", "The newest block whose locks are in the tree", registry=registry)
        self._published = Gauge(
            "ringfence_watch_published_block", "The newest block whose root was published", registry=registry
        )

    def look_ended(self, look: Look) -> None:
        """A look that ended well."""
        if look.last is not None:
            self._block.set(look.last.block)
        for each in look.submitted:
            if each.answer.outcome is Outcome.PUBLISHED:
                self._published.set(each.block)


class ObserveMeasures:
    """What an observer counts besides its looks and its nodes: words that left, and those that could not."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._block = Gauge("ringfence_observe_block", "The newest final block that was read", registry=registry)
        self._words = Counter("ringfence_words", "Words that were signed and shared", ("event",), registry=registry)
        self._refused = Counter(
            "ringfence_words_refused", "Words that could not be shared, by why", ("reason",), registry=registry
        )
        for event in Event:
            self._words.labels(event.name.lower())

    def look_ended(self, look: "ObserverLook") -> None:
        """A look that ended well."""
        self._block.set(look.block.number)

    def word_shared(self, said: Attestation) -> None:
        """One that has left."""
        self._words.labels(said.event.name.lower()).inc()

    def word_refused(self, error: Refusal) -> None:
        """One that has not."""
        self._refused.labels(label_refusal(error)).inc()


class RelayMeasures:
    """What relayers and posters count besides rounds and nodes: what they carried, and what kept them from that."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._relayed = Counter(
            "ringfence_relayed",
            "Attestations, exits, payments and roots by what became of them",
            ("cargo", "step"),
            registry=registry,
        )
        self._refusals = Counter(
            "ringfence_relay_refusals",
            "Why something was not done: a contract's own error, or a reason",
            ("cargo", "reason"),
            registry=registry,
        )
        self._waiting = Gauge(
            "ringfence_relay_waiting", "What could not be done in the last round", ("cargo",), registry=registry
        )

    def expect(self, cargo: str, steps: Iterable[str]) -> None:
        """Begin to count, from none on: nobody sees a first one rise."""
        self._waiting.labels(cargo)
        for step in steps:
            self._relayed.labels(cargo, step)

    def relayed(self, cargo: str, step: str, reason: str) -> None:
        """Something has happened to one; the reason is a word of a few, none where nothing was in the way."""
        self._relayed.labels(cargo, step).inc()
        if reason:
            self._refusals.labels(cargo, reason).inc()

    def left_waiting(self, cargo: str, count: int) -> None:
        """So many are tried again in the next round."""
        self._waiting.labels(cargo).set(count)


class BoardMeasures:
    """What stands on contracts that roots are posted on, whoever posted it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = "chain_id", "contract", "kind"
        self._moment = Gauge(
            "ringfence_board_moment",
            "Of when the facts are under the newest root of a contract, seconds since 1970; 0 where it has none",
            labels,
            registry=registry,
        )
        self._sequence = Gauge(
            "ringfence_board_sequence", "The number of the newest root of a contract", labels, registry=registry
        )

    def root_stands(self, chain_id: int, contract: str, kind: str, *, sequence: int, moment: int) -> None:
        """The newest root of a kind."""
        self._moment.labels(chain_id, contract, kind).set(moment)
        self._sequence.labels(chain_id, contract, kind).set(sequence)
