"""A page as a part of a program: a socket on this machine, and a server in front of which a door stands."""

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self

import uvicorn

from serving.errors import MisuseError, Reason
from serving.page.certified import PageTls
from serving.page.connection import PromptProtocol
from serving.page.door import Door
from serving.server import ENDING_SIGNALS

GRACE_SECONDS: Final = 2
MOST_REQUESTS: Final = 64
"""At once, streams among them."""


class PageServer(uvicorn.Server):
    """Serves what is behind a door; told to end it ends, and that is a good end."""

    def __init__(self, door: Door, leave: Callable[[], object] = lambda: None, tls: PageTls | None = None) -> None:
        """``leave`` lets open streams go when it is told to end, so that nobody waits for them."""
        spoken: Mapping[str, Any] = {"http": PromptProtocol} if tls is None else tls.options
        super().__init__(
            uvicorn.Config(
                door,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws="none",
                limit_concurrency=MOST_REQUESTS,
                timeout_graceful_shutdown=GRACE_SECONDS,
                **spoken,
            )
        )
        self._leave = leave

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None: whoever has the process has them, and had them before anybody was told where the page is."""
        yield

    async def serve_until(self, ending: asyncio.Event, listening: socket.socket) -> None:
        """Serve until told to end, or until that fails."""
        serving = asyncio.create_task(self.serve(sockets=[listening]))
        waiting = asyncio.create_task(ending.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        self._leave()
        self.should_exit = True
        await serving


@contextmanager
def told_to_end() -> Iterator[asyncio.Event]:
    """What happens when the process is told to end, from the first line of this block on.

    Behind it nobody listens any more, so that a second word does not kill what is ending well.
    """
    ending, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in ENDING_SIGNALS:
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(ending.set))
    try:
        yield ending
    finally:
        for number in ENDING_SIGNALS:
            signal.signal(number, signal.SIG_IGN)


class PageBeside:
    """A page in a thread of its own, beside a server that has the signals and ends both; or for as long as a block."""

    def __init__(self, server: PageServer, listening: socket.socket) -> None:
        self._server = server
        self._listening = listening
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Take requests."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more, and let those finish that are under way; what ended it before is raised here."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(2 * GRACE_SECONDS)
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._server.serve(sockets=[self._listening]))
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            self._failure = error


def listen(address: str, field: str) -> socket.socket:
    """A socket of this machine, before anything else begins."""
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host.strip("[]"), int(port)))
        listening.listen(MOST_REQUESTS)
    except OSError as error:
        listening.close()
        found, expected = error.strerror or "an error", "an address that nobody listens at"
        raise MisuseError(Reason.OUT_OF_BOUNDS, field, found=found, expected=expected) from None
    return listening


def place_of(listening: socket.socket) -> tuple[str, int]:
    """How a browser writes where a socket listens, and its port."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}", port
