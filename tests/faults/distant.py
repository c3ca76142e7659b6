"""A verifier in a process of its own, which a test starts, kills and asks over real sockets with mutual TLS."""

import os
import signal
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import grpc

from facts.key_file import Algorithm, Role
from facts.key_set import KeyFolder
from facts.log_head import LogKey
from ringfence.wire.acceptance import Answer, DecidedT, read_decision
from tests.faults.dying_verifier import Verifiers, disarm, has_died, write_settings
from tests.verifier.claims import IDENTITY
from tests.verifier.registries import TRUST
from tests.verifier.running import Running, Trial
from verifier.registry import Registry
from verifier.store.address import open_database
from verifier.store.database import Database
from verifier.store.ledger import Ledger

DEATH_SECONDS = 120


@dataclass
class Distant(Running):
    """The ways to a verifier that is elsewhere, and its store as this process sees it."""

    verifiers: Verifiers = field(kw_only=True)
    number: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        self.trial.make_store()
        self.database: Database = open_database(self.trial.store, 30)
        self.stack.callback(self.database.close)
        self._registry = Registry(self.database, IDENTITY, TRUST, self.trial.clock)

    @property
    def registry(self) -> Registry:
        return self._registry

    @property
    def ledger(self) -> Ledger:
        """The store as a process that has just begun sees it."""
        return Ledger(self.database, IDENTITY, self.trial.clock)

    @property
    def log_key(self) -> LogKey:
        keys = KeyFolder(self.trial.folder / "signing").read().believed(Role.LOG, Algorithm.ED25519)
        return LogKey(IDENTITY.origin, keys[0].public_key)

    def start(self) -> bool:
        """Begin to serve, if it can be."""
        path = self.trial.folder / "verifier.toml"
        write_settings(path, self.trial.settings)
        begun = self.verifiers.start(self.trial.folder, str(path))
        if begun is not None:
            self.number, self.port = begun
            self.channels.clear()
        return begun is not None

    def kill(self) -> None:
        """As if somebody had pulled the plug."""
        os.kill(self.number, signal.SIGKILL)
        self.wait_for_death()

    def end(self) -> None:
        """Have it end by itself."""
        os.kill(self.number, signal.SIGTERM)
        self.wait_for_death()

    def wait_for_death(self) -> None:
        deadline = time.monotonic() + DEATH_SECONDS
        while not has_died(self.number):
            assert time.monotonic() < deadline, "it lives"
            time.sleep(0.01)

    def revive(self) -> None:
        """Let it live after it has died, and begin again."""
        self.wait_for_death()
        disarm(self.trial.folder)
        assert self.start()

    def channel(self, caller: str = "trader.example") -> grpc.Channel:
        if caller not in self.channels:
            pair = self.trial.pair(caller)
            credentials = grpc.ssl_channel_credentials(self.trial.authority.certificate, pair.key, pair.certificate)
            options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
            self.channels[caller] = self.stack.enter_context(
                grpc.secure_channel(f"127.0.0.1:{self.port}", credentials, options)
            )
        return self.channels[caller]

    def answer(self, message: DecidedT) -> Answer:
        found = read_decision(message, [self.log_key])
        assert isinstance(found, Answer), found
        return found


def distant(trial: Trial, verifiers: Verifiers, stack: ExitStack) -> Distant:
    """A verifier that serves, with facts that are fresh."""
    made = Distant(trial, cast("Any", None), stack, verifiers=verifiers)
    made.appoint()
    made.publish()
    assert made.start()
    stack.callback(made.kill)
    return made


def folder_in(path: Path, name: str) -> Path:
    """A folder of its own."""
    (path / name).mkdir()
    return path / name
