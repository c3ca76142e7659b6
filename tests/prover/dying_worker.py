"""A worker that kills itself at a stage, as often as a file says, and is a worker like any other afterwards.

At the stage "busy" it does not die but keeps a processor busy for hours, in one call that no interpreter can end.

    python dying_worker.py STAGE FILE DESCRIPTOR
"""

import hashlib
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from prover.exchange import HEADER, Channel, Kind, Message
from prover.worker import Worker

STAGES: Final = ("starting", "loading", "taking", "telling", "told in half")


def die(stage: str) -> None:
    wanted, file = sys.argv[1], Path(sys.argv[2])
    if stage == wanted and (left := int(file.read_text())):
        file.write_text(str(left - 1))
        os.kill(os.getpid(), signal.SIGKILL)


class DyingWorker(Worker):
    def _follow(self, message: Message) -> None:
        die("loading" if message.kind is Kind.LOAD else "taking")
        if message.kind is Kind.PROVE and sys.argv[1] == "busy" and Path(sys.argv[2]).read_text() != "0":
            Path(sys.argv[2]).write_text("0")
            hashlib.pbkdf2_hmac("sha256", b"", b"", (1 << 31) - 1)
        super()._follow(message)


class DyingChannel(Channel):
    def tell(
        self, kind: Kind, content: bytes | bytearray = b"", *, statement: str = "", descriptors: Sequence[int] = ()
    ) -> None:
        if kind is Kind.PROVED:
            die("telling")
            if sys.argv[1] == "nonsense" and Path(sys.argv[2]).read_text() != "0":
                Path(sys.argv[2]).write_text("0")
                self._end.sendall(HEADER.pack(b"?", b"", 0))
            if sys.argv[1] == "told in half" and Path(sys.argv[2]).read_text() != "0":
                self._end.sendall(HEADER.pack(kind.value, b"", len(content)) + content[:100])
                die("told in half")
        super().tell(kind, content, statement=statement, descriptors=descriptors)


if __name__ == "__main__":
    die("starting")
    DyingWorker(DyingChannel(socket.socket(fileno=int(sys.argv[3])))).run()
