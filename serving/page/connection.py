"""HTTP with whoever opens a connection and asks for nothing: any program of this machine can, and so can any guest.

    owed      a request is whole so many seconds after its connection was opened or its first byte came, or never
    crowded   where as many connections are open as there may be, the oldest that owes a request makes room

Otherwise a few connections on which nothing comes would keep everybody else out for as long as somebody likes.
"""

import asyncio
from asyncio import BaseTransport, Transport
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle


class PromptProtocol(H11Protocol):
    """HTTP/1.1 in which nobody is waited for."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's
        super().__init__(*arguments, **named)
        self._opened = self.loop.time()
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def is_owed(self) -> bool:
        """Whether a request is still to come, or the rest of it."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is None or cycle.more_body or cycle.response_complete

    def connection_made(self, transport: BaseTransport) -> None:
        """Somebody is there."""
        super().connection_made(cast("Transport", transport))
        self._make_room()
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Bytes move no deadline; a whole request ends it."""
        super().data_received(data)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is expected any more."""
        self._relax()
        super().connection_lost(exc)

    def drop(self) -> None:
        """Hang up, without another word of either side."""
        self.connections.discard(self)
        self.transport.abort()

    def _expect(self) -> None:
        if not self.is_owed:
            self._relax()
        elif self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(self.timeout_keep_alive, self.drop)

    def _relax(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _make_room(self) -> None:
        if self.limit_concurrency is None or len(self.connections) < self.limit_concurrency:
            return
        others = (each for each in self.connections if isinstance(each, PromptProtocol) and each is not self)
        waiting = sorted((each for each in others if each.is_owed), key=lambda each: each._opened)  # noqa: SLF001
        if waiting:
            waiting[0].drop()
