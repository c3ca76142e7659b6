"""A worker: a process that makes one proof at a time, and that can be killed at any of its instructions.

It is started with the descriptor of a socket as its only argument, hears statements and inputs there, and tells proofs.
It has no wallet, no facts, no file of its own and no other way out. It ends when whoever started it does: by the
kernel's word where there is one, and by the end of the socket everywhere, also in the middle of a proof.
"""

import os
import socket
import sys
import threading
from dataclasses import dataclass
from queue import SimpleQueue

from prover.exchange import Channel, Kind, Message
from prover.secrecy import end_with_parent, forbid_dumps
from snark.bn254.backend import BackendName
from snark.bn254.constants import FIELD_BYTES
from snark.errors import SnarkError
from snark.groth16.formats.calldata import encode_proof
from snark.groth16.prove import ProvingKey
from snark.groth16.shared_key import path_of
from snark.r1cs.program.execution import Executable, load_program


@dataclass(frozen=True, slots=True)
class Ready:
    """A statement that can be proved at once."""

    program: Executable
    key: ProvingKey


class Worker:
    """Does what it is told, in the order in which it is told."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._heard: SimpleQueue[Message] = SimpleQueue()
        self._ready: dict[str, Ready] = {}

    def run(self) -> None:
        """Work until the process is ended."""
        threading.Thread(target=self._listen, daemon=True).start()
        self._channel.tell(Kind.READY)
        while True:
            self._follow(self._heard.get())

    def _listen(self) -> None:
        """In a thread of its own: who has nobody to tell a proof to stops in the middle of it."""
        try:
            while (message := self._channel.hear()) is not None:
                self._heard.put(message)
        finally:
            os._exit(0)

    def _follow(self, message: Message) -> None:
        try:
            if message.kind is Kind.LOAD:
                self._load(message)
            else:
                self._prove(message)
        except SnarkError as error:
            reason, field, expected = error.reason.value, error.field, error.expected
            self._channel.tell_texts(Kind.REFUSED, reason=reason, field=field, expected=expected)
        except Exception as error:  # noqa: BLE001 - its words may hold anything, its kind does not
            self._channel.tell_texts(Kind.BROKEN, error=type(error).__name__)

    def _load(self, message: Message) -> None:
        told, (program, key, *multiples) = message.read(), message.descriptors
        try:
            self._ready[message.statement] = Ready(
                load_program(path_of(program).read_bytes(), BackendName.NATIVE),
                ProvingKey.open(
                    path_of(key),
                    backend=BackendName.NATIVE,
                    threads=int(told["threads"]),
                    tables=path_of(multiples[0]) if multiples else None,
                    memory_limit=int(told["multiples_bytes"]),
                    allow_development_keys=told["development"] == "yes",
                ),
            )
        finally:
            for descriptor in message.descriptors:
                os.close(descriptor)
        self._channel.tell(Kind.LOADED)

    def _prove(self, message: Message) -> None:
        ready = self._ready[message.statement]
        proof, values = ready.key.prove_from_elements(ready.program, message.content)
        inputs = b"".join(value.to_bytes(FIELD_BYTES, "big") for value in values)
        self._channel.tell(Kind.PROVED, encode_proof(proof) + inputs)


def main() -> None:
    """The process."""
    forbid_dumps()
    end_with_parent()
    Worker(Channel(socket.socket(fileno=int(sys.argv[1])))).run()


if __name__ == "__main__":
    main()
