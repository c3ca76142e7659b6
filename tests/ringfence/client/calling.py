"""Callers of a verifier that serves: what they pin, how they get there, and claims as they show them."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from facts.anchor import Anchor
from ringfence.client.aio import AsyncConnection
from ringfence.client.connection import Connection
from ringfence.client.heads import LastHead
from ringfence.client.procedure import Procedure, Result
from ringfence.client.settings import ConnectionSettings
from ringfence.client.verifier import Verifier
from ringfence.wire.claim import UnverifiedClaim, read_claim
from tests.verifier.running import TRADER, Running, Shown


class Ask(Protocol):
    """Runs a procedure as one of the callers."""

    def __call__(self, procedure: Procedure[Result], caller: str = TRADER) -> Result: ...


def anchor_of(running: Running) -> Anchor:
    """What a caller of this verifier was told elsewhere."""
    desk = running.verifier.desk
    return Anchor(
        running.trial.name,
        running.trial.identity.domain,
        desk.signer.public_keys,
        desk.signer.addresses,
        log_keys=desk.heads.keys,
        allow_development=running.trial.development,
    )


def settings_of(running: Running, caller: str = TRADER, port: int | None = None) -> ConnectionSettings:
    """The way there, with a certificate."""
    folder = running.trial.folder
    pair = running.trial.pair(caller)
    paths = {name: folder / f"{caller}.{name}.pem" for name in ("certificate", "key", "authorities")}
    contents = {"certificate": pair.certificate, "key": pair.key, "authorities": running.trial.authority.certificate}
    for name, path in paths.items():
        path.write_bytes(contents[name])
    address = f"127.0.0.1:{port or running.verifier.server.port}"
    return ConnectionSettings(
        address, authorities=paths["authorities"], certificate=paths["certificate"], key=paths["key"]
    )


def show(shown: Shown, seed: int = 0) -> UnverifiedClaim:
    """A claim as the client takes it; another seed is another proof of it."""
    return read_claim(shown.message(seed))


@dataclass
class Callers:
    """Connections of several callers, each opened once."""

    running: Running
    connections: dict[str, Connection] = field(default_factory=dict)

    def ask(self, procedure: Procedure[Result], caller: str = TRADER) -> Result:
        if caller not in self.connections:
            self.connections[caller] = Connection(settings_of(self.running, caller))
        return self.connections[caller].ask(procedure)

    def ask_in_a_loop(self, procedure: Procedure[Result], caller: str = TRADER) -> Result:
        async def run() -> Result:
            async with AsyncConnection(settings_of(self.running, caller)) as connection:
                return await connection.ask(procedure)

        return asyncio.run(run())

    def close(self) -> None:
        for connection in self.connections.values():
            connection.close()


@contextmanager
def calling(running: Running) -> Iterator[Callers]:
    callers = Callers(running)
    try:
        yield callers
    finally:
        callers.close()


def verifier_of(running: Running, path: Path | None = None, clock: Callable[[], int] | None = None) -> Verifier:
    """The verifier as one caller knows it."""
    anchor = anchor_of(running)
    return Verifier(anchor, LastHead(anchor.log_keys, path), clock or running.trial.clock)
