"""What pages are told as it happens: the newest word on each topic, to a bounded number of readers.

A reader that is slow is told less and not later: of several words on a topic it gets the last one. One that falls so
far behind that too many topics wait is told to look at everything anew.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

MOST_READERS: Final = 16
MOST_WAITING: Final = 1000
ANEW: Final = "anew"
Document = Mapping[str, object]


class Reader:
    """One page that is open."""

    def __init__(self, waiting: Mapping[str, Document]) -> None:
        self._waiting = dict(waiting)
        self._arrived = asyncio.Event()
        self._arrived.set()
        self.is_over = False

    def tell(self, topic: str, document: Document) -> None:
        """The newest word on a topic."""
        self._waiting.pop(topic, None)
        if len(self._waiting) >= MOST_WAITING:
            self._waiting = {ANEW: {}}
        self._waiting[topic] = document
        self._arrived.set()

    def end(self) -> None:
        """Nothing more will come."""
        self.is_over = True
        self._arrived.set()

    async def next(self, seconds: float) -> list[tuple[str, Document]]:
        """Everything that waits, or nothing after so long."""
        try:
            await asyncio.wait_for(self._arrived.wait(), seconds)
        except TimeoutError:
            return []
        self._arrived.clear()
        taken, self._waiting = list(self._waiting.items()), {}
        return taken


class Bulletin:
    """The newest word on each topic that is kept, and who reads."""

    def __init__(self) -> None:
        self.newest: dict[str, Document] = {}
        self._readers: list[Reader] = []

    def post(self, topic: str, document: Document, *, kept: bool = True) -> None:
        """Tell everybody; who comes later is told, too, if it is kept."""
        if kept:
            self.newest[topic] = document
        for reader in self._readers:
            reader.tell(topic, document)

    @property
    def is_full(self) -> bool:
        """Whether nobody else can read."""
        return len(self._readers) >= MOST_READERS

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """A reader for as long as the block lasts."""
        reader = Reader(self.newest)
        self._readers.append(reader)
        try:
            yield reader
        finally:
            self._readers.remove(reader)

    def close(self) -> None:
        """Let every reader go."""
        for reader in self._readers:
            reader.end()
