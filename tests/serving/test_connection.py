"""Programs of this machine that keep connections to a page and ask for nothing: whoever has the page open is served."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from serving.page.door import Door, Receive, Scope, Send, answer
from serving.page.program import MOST_REQUESTS, PageBeside, PageServer, listen, place_of

SECONDS = 60.0
HASTE = 1
"""What a connection is given in the tests that wait for its end."""


async def greet(_: Scope, __: Receive, send: Send) -> None:
    await answer(send, 200, "hello")


@contextmanager
def serving(seconds: int | None = None) -> Iterator[int]:
    """A page, and its port; ``seconds`` are those in which a request has to be whole."""
    with listen("127.0.0.1:0", "page") as listening:
        place = place_of(listening)
        server = PageServer(Door(greet, "page", place, lambda _: None))
        if seconds is not None:
            server.config.timeout_keep_alive = seconds
        with PageBeside(server, listening):
            yield place[1]


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), SECONDS)


def ask(port: int, more: str = "") -> bytes:
    """The status line of an answer."""
    with closing(connect(port)) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{more}\r\n".encode())
        return connection.recv(4096).split(b"\r\n")[0]


@pytest.mark.parametrize("said", [b"", b"G", b"GET / HTTP/1.1\r\nhost: x\r\n"])
def test_attack_connections_on_which_nothing_is_asked_keep_nobody_out(said: bytes) -> None:
    with serving() as port, ExitStack() as stack:
        for _ in range(2 * MOST_REQUESTS):
            connection = stack.enter_context(closing(connect(port)))
            connection.sendall(said)
        assert ask(port) == b"HTTP/1.1 401 Unauthorized"


@pytest.mark.parametrize("first", [b"G", b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 4000\r\n\r\n"])
def test_attack_a_request_that_never_becomes_whole_is_hung_up_on(first: bytes) -> None:
    """Head or body, a byte at a time: no byte moves the deadline."""
    with serving(HASTE) as port, closing(connect(port)) as connection:
        connection.sendall(first)
        with pytest.raises(ConnectionError):
            drip(connection)


def drip(connection: socket.socket) -> None:
    """A byte now and then, for as long as somebody takes them."""
    began = time.monotonic()
    while time.monotonic() - began < SECONDS:
        connection.sendall(b"x")
        time.sleep(0.05)


def test_a_request_in_two_parts_is_answered() -> None:
    with serving() as port, closing(connect(port)) as connection:
        for part in ("GET / HTTP/1.1\r\nho", f"st: 127.0.0.1:{port}\r\n\r\n"):
            connection.sendall(part.encode())
            time.sleep(0.05)
        assert connection.recv(4096).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ("host: 127.0.0.1\r\n", b"400"),
        ("upgrade: websocket\r\nconnection: upgrade\r\n", b"401"),
        ("content-length: 1\r\ncontent-length: 2\r\n", b"400"),
        ("transfer-encoding: chunked, chunked\r\n", b"400"),
        (f"long: {'x' * 2**18}\r\n", b"400"),
    ],
)
def test_attack_a_request_that_can_be_read_two_ways_gets_nowhere(more: str, status: bytes) -> None:
    with serving() as port:
        assert ask(port, more).split(b" ")[1] == status
