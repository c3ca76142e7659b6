"""One connection to the verifier, and everything that is asked and followed through it.

    log           the head, again and again, and every leaf up to it; every head has to continue the one before
    trust         what the verifier says of itself, held against the anchor
    roots         the roots as they change
    acceptances   what was demanded of each, where the certificate's roles may know
    measures      the verifier's counters, where their address is given

Each goes on by itself. What a role may not see, and what does not answer, is said on the page. An answer that does not
hold ends what asked for it, and is said there, too, until the console is started anew.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, Final

import grpc

from facts.attestation_document import render_attestation
from facts.log_head import SignedHead
from ringfence.client.aio import AsyncConnection
from ringfence.client.answers import Holding
from ringfence.client.errors import AnswerError, ClientError, StatusError
from ringfence.client.log import ENTRIES_AT_ONCE
from ringfence.client.registry import Registry
from ringfence.client.verifier import Verifier
from ringfence.console.bulletin import Bulletin
from ringfence.console.documents import (
    describe_anchor,
    describe_error,
    describe_head,
    describe_ledger,
    describe_receipt,
    describe_roots,
    describe_story,
    describe_trust,
)
from ringfence.console.ledger import MOST_STORIES, Ledger
from ringfence.console.measures import Gauge
from ringfence.wire.acceptance import AcceptanceReport

LOOK_SECONDS: Final = 1.0
TRUST_SECONDS: Final = 30.0
AGAIN_SECONDS: Final = 2.0
DENIED_SECONDS: Final = 300.0
MOST_EVENTS: Final = 50
"""Of one story; the last ones."""
DENIED: Final = frozenset({grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED})
HIDDEN: Final = DENIED | {grpc.StatusCode.NOT_FOUND}
"""How a verifier answers that does not tell one caller what is another's."""

Part = Callable[[], Awaitable[None]]


class Watcher:
    """Everything that is known, and whom to ask for the rest."""

    def __init__(
        self, connection: AsyncConnection, verifier: Verifier, bulletin: Bulletin, gauge: Gauge | None
    ) -> None:
        self._connection = connection
        self._verifier = verifier
        self._bulletin = bulletin
        self._gauge = gauge
        self._head: SignedHead | None = None
        self._ledger = Ledger()
        self._reports: dict[str, AcceptanceReport] = {}
        self._parts: dict[str, Mapping[str, str]] = {}

    async def run(self) -> None:
        """All of it, until cancelled."""
        parts: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            "log": self._follow_log,
            "trust": self._follow_trust,
            "roots": self._follow_roots,
            "acceptances": self._follow_acceptances,
        }
        if self._gauge is not None:
            parts["measures"] = self._follow_measures
        else:
            self._tell_part("measures", {"kind": "absent"})
        async with asyncio.TaskGroup() as group:
            for name, part in parts.items():
                group.create_task(self._keep_going(name, part))

    # --- What pages ask for ------------------------------------------------------------------------------

    def list_stories(self, state: str, words: str, most: int) -> dict[str, object]:
        """Acceptances, the one that changed last first: those in a state, whose ids or tags have these digits."""
        found = []
        for story in reversed(self._ledger.stories.values()):
            row = describe_story(story, self._reports.get(story.id))
            fits = state in {"", row["state"]} or (state == "live" and story.entry.state.is_live)
            if fits and (words in story.id or words in str(row["position_tag"])):
                found.append(row)
                if len(found) > most:
                    break
        return {"acceptances": found[:most], "more": len(found) > most, "moment": int(time.time())}

    async def tell_story(self, acceptance: str) -> dict[str, object] | None:
        """Every event of an acceptance as its leaf of the log, with the steps to one head; None where there is none.

        Where the certificate may have it, the attestation of the last one is there, too.
        """
        story = self._ledger.stories.get(acceptance)
        if story is None or self._head is None:
            return None
        last = story.indices[-1]
        holding, failure = await self._find_holding(acceptance)
        head = self._head
        if holding is not None:  # it may be about what happened since the log was read
            last = max(last, holding.attestation.log_index)
            head = max(head, holding.head, key=lambda each: each.head.size)
        told = sorted({*(index for index in story.indices if index < last), last})
        indices = told[-MOST_EVENTS:]
        receipts = [await self._connection.ask(self._verifier.log.receipt(index, head)) for index in indices]
        return {
            **describe_story(story, self._reports.get(acceptance)),
            "head": describe_head(head),
            "events": [describe_receipt(receipt) for receipt in receipts],
            "earlier": len(told) - len(indices),
            "moment": int(time.time()),
            "attestation": None if holding is None else render_attestation(holding.signed),
            "attestation_failure": failure,
        }

    async def _find_holding(self, acceptance: str) -> tuple[Holding | None, Mapping[str, str] | None]:
        """What the verifier attests of an acceptance, or why that does not hold; neither where a role may not know."""
        try:
            return await self._connection.ask(self._verifier.acceptance(acceptance)), None
        except AnswerError as error:
            return None, describe_error(error)
        except StatusError as error:
            if error.code in HIDDEN:
                return None, None
            raise

    async def show_consistency(self, size: int, larger: int) -> dict[str, object] | None:
        """The steps between two heads; None where there are no such two trees."""
        if self._head is None or not 0 < size <= larger <= self._head.head.size:
            return None
        path = await self._connection.ask(self._verifier.log.consistency(size, larger)) if size < larger else ()
        return {"first": size, "second": larger, "path": [step.hex() for step in path]}

    # --- What goes on ------------------------------------------------------------------------------------

    async def _keep_going(self, name: str, part: Part) -> None:
        """One part, again after whatever passes."""
        while True:
            try:
                await part()
            except AnswerError as error:
                self._tell_part(name, {**describe_error(error), "kind": "broken"})
                return
            except StatusError as error:
                self._tell_part(name, {**describe_error(error), "kind": "denied" if error.code in DENIED else "failed"})
                await asyncio.sleep(DENIED_SECONDS if error.code in DENIED else AGAIN_SECONDS)
            except ClientError as error:
                self._tell_part(name, {**describe_error(error), "kind": "unreachable"})
                await asyncio.sleep(AGAIN_SECONDS)

    def _tell_part(self, name: str, how: Mapping[str, str]) -> None:
        """How a part is, if that is new."""
        if self._parts.get(name) != how:
            self._parts[name] = how
            self._bulletin.post("parts", dict(self._parts))

    async def _follow_log(self) -> None:
        while True:
            head = await self._connection.ask(self._verifier.log.head())
            if self._head is None:
                self._ledger.begin(head.head.size)
            self._head = head
            await self._read_leaves(head)
            self._tell_part("log", {"kind": "good"})
            told = {**describe_head(head), **describe_ledger(self._ledger), "moment": int(time.time())}
            self._bulletin.post("log", told)
            await asyncio.sleep(LOOK_SECONDS)

    async def _read_leaves(self, head: SignedHead) -> None:
        """Up to a head; whoever reads is told what changed."""
        if self._ledger.size >= head.head.size:
            return
        changed = {}
        while self._ledger.size < head.head.size:
            count = min(ENTRIES_AT_ONCE, head.head.size - self._ledger.size)
            for leaf in await self._connection.ask(self._verifier.log.leaves(self._ledger.size, count)):
                story = self._ledger.add(leaf)
                if story is not None:
                    changed[story.id] = story
        self._ledger.require_head(head.head)
        for story in changed.values():
            self._tell_story_changed(story.id)

    def _tell_story_changed(self, acceptance: str) -> None:
        story = self._ledger.stories.get(acceptance)
        if story is not None:
            row = describe_story(story, self._reports.get(acceptance))
            self._bulletin.post(f"acceptance {acceptance}", row, kept=False)

    async def _follow_trust(self) -> None:
        while True:
            trust = await self._connection.ask(self._verifier.trust())
            self._tell_part("trust", {"kind": "good"})
            self._bulletin.post("trust", {**describe_trust(trust), "pinned": describe_anchor(self._verifier.anchor)})
            await asyncio.sleep(TRUST_SECONDS)

    async def _follow_roots(self) -> None:
        registry = Registry()
        roots = await self._connection.ask(registry.roots())
        self._bulletin.post("roots", describe_roots(roots))
        self._tell_part("roots", {"kind": "good"})
        async for change in self._connection.follow(registry.watch()):
            self._tell_part("roots", {"kind": "good"})
            self._bulletin.post("roots", describe_roots(change.item))

    async def _follow_acceptances(self) -> None:
        """Terms are told by the verifier alone; what an acceptance is worth without them the log says."""
        for report in await self._connection.ask(self._verifier.acceptances(most=MOST_STORIES)):
            self._learn(report)
        self._tell_part("acceptances", {"kind": "good"})
        async for change in self._connection.follow(self._verifier.watch()):
            self._tell_part("acceptances", {"kind": "good"})
            self._learn(change.item.acceptance)

    def _learn(self, report: AcceptanceReport) -> None:
        self._reports.pop(report.id, None)
        self._reports[report.id] = report
        if len(self._reports) > MOST_STORIES:
            del self._reports[next(iter(self._reports))]
        self._tell_story_changed(report.id)

    async def _follow_measures(self) -> None:
        while self._gauge is not None:
            try:
                measures = await asyncio.to_thread(self._gauge.read)
            except OSError as error:
                found = error.strerror or str(error)
                self._tell_part("measures", {"kind": "unreachable", "reason": "METRICS", "expected": found})
            else:
                self._tell_part("measures", {"kind": "good"})
                self._bulletin.post("measures", measures)
            await asyncio.sleep(AGAIN_SECONDS)


async def stop(task: "asyncio.Task[None]") -> None:
    """End what runs."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
