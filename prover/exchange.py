"""What a prover and its workers tell each other: messages over a socket between two processes of one machine.

    kind        1 byte
    statement   64 bytes: how long its name is, and the name
    length      of the content, 4 bytes
    content     so many bytes; with the message may travel descriptors of files

No name of a file and no secret is ever an argument or a variable of a worker: all of it comes through here.
"""

import json
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Self, cast

HEADER: Final = struct.Struct("=c64pI")
LONGEST: Final = 1 << 26
"""Of a content: the inputs of the largest statement have far less."""
MOST_DESCRIPTORS: Final = 3


class Kind(Enum):
    """What a message is."""

    LOAD = b"L"
    """To the worker: make a statement ready; its program, its key and the key's multiples travel with it."""
    PROVE = b"P"
    """To the worker: the elements of a statement's inputs."""
    READY = b"r"
    """From the worker: it has started."""
    LOADED = b"l"
    """From the worker: the statement is ready."""
    PROVED = b"p"
    """From the worker: the points of the proof and its public inputs."""
    REFUSED = b"n"
    """From the worker: a rule said no, and which."""
    BROKEN = b"b"
    """From the worker: an error that is nobody's refusal, by its kind."""


@dataclass(slots=True)
class Message:
    """What was told."""

    kind: Kind
    statement: str = ""
    content: bytearray = field(repr=False, default_factory=bytearray)
    descriptors: list[int] = field(default_factory=list)

    def read(self) -> Mapping[str, str]:
        """A content of names and texts."""
        return cast("Mapping[str, str]", json.loads(self.content))


class Channel:
    """One end of the socket."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    @classmethod
    def pair(cls) -> tuple[Self, socket.socket]:
        """An end for here, and one to hand to a process that is started."""
        ours, theirs = socket.socketpair()
        return cls(ours), theirs

    def tell(
        self, kind: Kind, content: bytes | bytearray = b"", *, statement: str = "", descriptors: Sequence[int] = ()
    ) -> None:
        """Send a message; where the other has gone this raises ``OSError``."""
        header = HEADER.pack(kind.value, statement.encode(), len(content))
        socket.send_fds(self._end, [header], list(descriptors))
        self._end.sendall(content)

    def tell_texts(self, kind: Kind, statement: str = "", descriptors: Sequence[int] = (), **texts: str) -> None:
        """Send names and texts."""
        self.tell(kind, json.dumps(texts).encode(), statement=statement, descriptors=descriptors)

    def hear(self, seconds: float | None = None) -> Message | None:
        """The next message; nothing where the other has gone, ``TimeoutError`` where none came in time."""
        self._end.settimeout(seconds)
        try:
            return self._receive()
        except ConnectionError:
            return None

    def close(self) -> None:
        """Nothing more is told."""
        self._end.close()

    def _receive(self) -> Message | None:
        header, descriptors, _, _ = socket.recv_fds(self._end, HEADER.size, MOST_DESCRIPTORS)
        if len(header) < HEADER.size:
            return None
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)  # noqa: FBT003 - its only form
        kind, statement, length = HEADER.unpack(header)
        if length > LONGEST:
            return None
        content = bytearray(length)
        view, at = memoryview(content), 0
        while at < length:
            if not (count := self._end.recv_into(view[at:])):
                return None
            at += count
        return Message(Kind(kind), statement.decode(), content, descriptors)
