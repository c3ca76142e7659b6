"""A watcher that runs: it looks again and again, signs with its member's key, and has the roots published."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from chains.watching.settings import WatchSettings
from chains.watching.state import WatchState
from chains.watching.watcher import Answer, Look, Outcome, Watcher, judge_refusal
from facts.committee_document import read_committee, render_moment
from facts.cosigning import add_signature
from facts.ed25519 import Signer
from facts.ed25519 import SigningKey as MemberKey
from facts.key_file import Role
from facts.lock_root import LockRoot, name_chain
from margin.documents.reading import read_document
from ringfence.cli.chain_measures import LookMeasures, NodeMeasures, WatchMeasures
from ringfence.cli.looking import STATUS, Diary, Station
from ringfence.cli.own_key import open_own_key
from ringfence.client.connection import Connection
from ringfence.client.errors import ClientError
from ringfence.client.registry import Registry
from serving.log import Log


@dataclass(frozen=True, slots=True)
class Post:
    """Signs roots as one member of a committee, and hands them over."""

    connection: Connection
    signer: Signer
    committee: Path

    def submit(self, statement: LockRoot) -> Answer:
        """One root."""
        committee = read_committee(read_document(self.committee))
        signed = add_signature(statement, committee, self.signer, int(time.time()))
        try:
            cosigned = self.connection.ask(Registry().cosign_lock_root(signed.encode()))
        except ClientError as error:
            outcome = judge_refusal(error.reason)
            if outcome is None:
                raise
            return Answer(outcome)
        outcome = Outcome.PUBLISHED if cosigned.is_published else Outcome.WAITING
        return Answer(outcome, cosigned.signatures, cosigned.threshold)


@contextmanager
def open_station(
    settings: WatchSettings, connection: Connection, passphrase: str, registry: CollectorRegistry
) -> Iterator[Station[Look]]:
    """A watcher for as long as the block lasts; nobody is asked yet."""
    signer = open_own_key(settings.keys, Role.MEMBER, MemberKey, passphrase)
    chain_id = settings.chain.chain_id
    with (
        settings.chain.open() as chain,
        WatchState(settings.state, chain_id, settings.escrow, settings.from_block) as state,
    ):
        NodeMeasures(registry).follow(chain)
        watcher = Watcher(
            chain,
            settings.escrow,
            state,
            every_blocks=settings.every_blocks,
            from_block=settings.from_block,
            confirmations=settings.chain.confirmations,
        )
        post = Post(connection, signer, settings.committee)

        def look() -> Look:
            return watcher.look(read_committee(read_document(settings.committee)), post.submit)

        diary, count = Diary(settings.state / STATUS, name_chain(chain_id), Log()), WatchMeasures(registry).look_ended
        yield Station(look, describe_look, count, LookMeasures(registry), diary)


def describe_look(look: Look) -> dict[str, Any]:
    """A look as a program reads it."""
    last, published = look.last, [each for each in look.submitted if each.answer.outcome is Outcome.PUBLISHED]
    return {
        "final_block": look.final,
        "block": None if last is None else last.block,
        "block_hash": None if last is None else last.hash.hex(),
        "observed_at": None if last is None else render_moment(last.timestamp),
        "locks": None if last is None else last.account.count,
        "root": None if last is None else str(last.root),
        "published": max((each.block for each in published), default=None),
        "submitted": [
            {
                "block": each.block,
                "outcome": each.answer.outcome.value,
                "signatures": each.answer.signatures,
                "threshold": each.answer.threshold,
            }
            for each in look.submitted
        ],
    }
