"""An observer that runs: it looks again and again, signs with its own key, and tells how it is, as a watcher does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry

from chains.observing.journal import Journal
from chains.observing.observer import Look, Observer
from chains.observing.parts import Parts
from chains.observing.settings import ObserveSettings
from facts.attestation import Attestation
from facts.committee_document import render_moment
from facts.key_file import Role
from facts.lock_root import name_chain
from facts.secp256k1 import SigningKey
from margin.errors import MarginError
from ringfence.cli.chain_measures import LookMeasures, NodeMeasures, ObserveMeasures
from ringfence.cli.looking import STATUS, Diary, Station
from ringfence.cli.own_key import open_own_key
from serving.log import Log


@dataclass(frozen=True, slots=True)
class Desk:
    """Where words are signed as one observer, and left for the others."""

    parts: Parts
    signer: SigningKey
    measures: ObserveMeasures

    def share(self, said: Attestation) -> None:
        """Sign a word, and leave it."""
        try:
            self.parts.share(said, self.signer)
        except (MarginError, OSError) as error:
            self.measures.word_refused(error)
            raise
        self.measures.word_shared(said)

    def forget(self, said: Attestation) -> None:
        """Take one away that lies behind newer ones."""
        self.parts.forget(said, self.signer)


@contextmanager
def open_observer(settings: ObserveSettings, passphrase: str, registry: CollectorRegistry) -> Iterator[Station[Look]]:
    """An observer for as long as the block lasts; nobody is asked yet."""
    signer = open_own_key(settings.keys, Role.ATTESTATION, SigningKey, passphrase)
    chain_id = settings.chain.chain_id
    with (
        settings.chain.open() as chain,
        Journal(settings.state, chain_id, settings.gate, settings.from_block) as journal,
    ):
        NodeMeasures(registry).follow(chain)
        observer = Observer(
            chain,
            settings.gate,
            journal,
            payees=settings.payees,
            from_block=settings.from_block,
            confirmations=settings.chain.confirmations,
        )
        measures = ObserveMeasures(registry)
        desk = Desk(Parts(settings.parts, chain_id, settings.gate), signer, measures)

        def look() -> Look:
            return observer.look(desk.share, desk.forget)

        diary = Diary(settings.state / STATUS, name_chain(chain_id), Log())
        yield Station(look, describe_look, measures.look_ended, LookMeasures(registry), diary)


def describe_look(look: Look) -> dict[str, Any]:
    """A look as a program reads it."""
    return {
        "block": look.block.number,
        "block_hash": look.block.hash.hex(),
        "observed_at": render_moment(look.block.timestamp),
        "shared": look.shared,
        "said": [
            {
                "acceptance": each.acceptance,
                "event": each.event.name.lower(),
                "state": each.state.name.lower(),
                "revision": each.revision,
                "lapses_at": each.lapses_at,
                "digest": each.digest.hex(),
            }
            for each in look.said
        ],
    }


def describe_settings(settings: ObserveSettings) -> dict[str, Any]:
    """What an observer was told; of nodes no more than how many there are."""
    chain = settings.chain
    return {
        "chain_id": chain.chain_id,
        "endpoints": len(chain.endpoints),
        "confirmations": chain.confirmations,
        "gate": f"0x{settings.gate.hex()}",
        "from_block": settings.from_block,
        "look_seconds": settings.look_seconds,
        "state": str(settings.state),
        "keys": str(settings.keys),
        "parts": str(settings.parts),
        "passphrase_file": None if settings.passphrase_file is None else str(settings.passphrase_file),
        "metrics": settings.metrics,
        "venues": [
            {"pledged_to": f"0x{pledged.hex()}", "paid_to": f"0x{paid.hex()}"}
            for pledged, paid in settings.payees.items()
        ],
    }
