"""An escrow pays by the word of verifiers: what they let go and what they seized, by ``ringfence relay`` as it is run.

The verifier and its gate on one chain, the escrow on another; every payment is read from the escrow.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from facts.anchor import read_anchor
from margin.documents.reading import read_document
from ringfence.cli.entry import run
from ringfence.cli.relay_settings import read_relay_settings
from ringfence.cli.relaying import Carriage, Telling, open_contracts, open_sources
from tests.chains.nodes import needs_nodes
from tests.chains.post import Post, add_account, posted, write_settings
from tests.chains.releases import leave_release
from tests.chains.standing import PAYER, WEI
from tests.contracts.arena import CHAIN_ID, open_arena, spell
from tests.contracts.escrows import EXIT, EXITS, RELEASES, SEIZURE, Escrow, Leaving, Locked
from tests.verifier.running import BRIDGE, PERIOD, PLACE, UPKEEP, VENUE_ACCOUNT, VENUE_DESK, Shown

pytestmark = needs_nodes
LOCK, ROOT = 200 * 10**6, 4242
TRADER = b"\x55" * 20


@dataclass
class Desk:
    """A verifier with its gate, an escrow, and a relayer between them."""

    post: Post
    escrow: Escrow
    passphrase: Path
    capsys: pytest.CaptureFixture[str]
    locks: dict[str, Locked] = field(default_factory=dict)

    def deposit(self, *names: str) -> tuple[int, ...]:
        """The nullifiers of new locks."""
        self.locks |= {name: self.escrow.deposit(LOCK) for name in names}
        return tuple(self.locks[name].nullifier for name in names)

    def claim(self, *nullifiers: int, **more: Any) -> Shown:  # noqa: ANN401
        place = replace(PLACE, contract=self.post.here.deployed.address)
        return self.post.running.claim(*nullifiers, place=place, **more)

    def accept(self, *nullifiers: int) -> bytes:
        answer = self.post.running.answer(self.post.running.accept(self.claim(*nullifiers)))
        return bytes.fromhex(answer.attestation.attestation.acceptance)

    def seize(self, acceptance: bytes, name: str) -> None:
        shown = self.post.running.release(self.locks[name].nullifier)
        self.post.running.answer(self.post.running.seize(acceptance, shown))

    def wait(self, seconds: int) -> None:
        """Let time pass for the verifier, and have both chains no further behind."""
        self.post.running.wait(seconds)
        for node in (self.post.here.node, self.escrow.arena.node):
            behind = self.post.running.trial.clock.now - node.moment
            if behind > 0:
                node.advance(behind)

    def order(self, name: str, function: str, recipient: bytes) -> None:
        payment = replace(self.escrow.pay(self.locks[name], function, root=ROOT), recipient=recipient)
        leave_release(self.post.folder / "payments" / f"{name}-{function}", payment, ROOT)

    def write_settings(self) -> None:
        """Payments beside a verifier, and no observers."""
        folder, escrow = self.post.folder, self.escrow.contract
        (folder / "payments").mkdir()
        more = f"""
            [[chains]]
            chain_id = {CHAIN_ID}
            endpoints = ["{self.escrow.arena.node.url}"]
            [[escrows]]
            chain_id = {CHAIN_ID}
            contract = "{escrow.spelling}"
            first_block = {escrow.block}
            """
        settled = f'payments = "{folder / "payments"}"\nwords = "{folder / "words"}"'
        write_settings(self.post, VENUE_DESK, more, settled)

    @contextmanager
    def opened(self) -> Iterator[Carriage]:
        """What a relayer attends to, without what it hears."""
        settings = read_relay_settings(read_document(self.post.folder / "relay.toml"))
        assert settings.followed is not None
        telling = Telling(print, print, print)
        with (
            open_sources(settings.followed, read_anchor(read_document(settings.followed.anchor))) as sources,
            open_contracts(settings, PAYER, sources, telling) as contracts,
        ):
            yield contracts

    def relay(self) -> dict[str, dict[str, Any]]:
        """What became of each release."""
        self.capsys.readouterr()
        settings = str(self.post.folder / "relay.toml")
        run(["relay", "--settings", settings, "--once", "--json", "--passphrase-file", str(self.passphrase)])
        lines = list(map(json.loads, self.capsys.readouterr().out.splitlines()))
        return {each["release"]: each for each in lines if "release" in each}

    def is_paid(self, name: str) -> bool:
        return bool(self.escrow.contract.ask("isPaid", self.locks[name].nullifier))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    with posted(tmp_path, VENUE_DESK) as post, open_arena() as arena:
        signers = [SimpleNamespace(address=each) for each in post.running.verifier.desk.signer.addresses]
        escrow = Escrow.found(arena, RELEASES.key, EXITS.key, is_for_development=False, verifiers=signers)
        for place in ("ringfence.client.verifier.read_clock", "ringfence.cli.commands.relay.read_clock"):
            monkeypatch.setattr(place, lambda: post.running.trial.clock.now)
        made = Desk(post, escrow, add_account(post, arena.node), capsys)
        arena.node.give(spell(PAYER.address), WEI)
        made.write_settings()
        made.wait(0)
        yield made


def test_what_a_verifier_seized_and_let_go_is_paid_though_it_says_something_else_since(desk: Desk) -> None:
    """Two locks are seized one after the other, and one is let go of an acceptance that lives on."""
    first, second, third, kept = desk.deposit("first", "second", "third", "kept")
    lapsing, living = desk.accept(first, second), desk.accept(third, kept)
    desk.post.running.answer(desk.post.running.free(living, [third], desk.claim(kept)))
    for name, function, recipient in (
        ("first", "seize", VENUE_ACCOUNT),
        ("second", "seize", VENUE_ACCOUNT),
        ("third", "withdraw", TRADER),
        ("kept", "withdraw", TRADER),
    ):
        desk.order(name, function, recipient)
    assert {each["step"] for each in desk.relay().values()} == {"waiting"}
    desk.wait(PERIOD - 1)
    desk.post.running.answer(desk.post.running.refresh(living, desk.claim(kept, policy=UPKEEP)))
    desk.wait(2)
    desk.seize(lapsing, "first")
    desk.relay()
    desk.seize(lapsing, "second")
    told = desk.relay()
    why = told.pop("kept-withdraw")["why"]
    assert why.startswith("TOO_FEW_SIGNERS word: found none")
    assert {name: each["why"].partition("(")[0] for name, each in told.items()} == dict.fromkeys(told, "RootUnknown")
    desk.escrow.post(ROOT)
    steps = {name: each["step"] for name, each in desk.relay().items()}
    assert steps == {**dict.fromkeys(told, "paid"), "kept-withdraw": "waiting"}
    assert list(map(desk.is_paid, desk.locks)) == [True, True, True, False]
    assert (desk.escrow.balance(VENUE_ACCOUNT), desk.escrow.balance(TRADER)) == (2 * LOCK, LOCK)


def test_a_relayer_that_begins_late_pays_by_the_last_word(desk: Desk) -> None:
    """What is not in its folder is asked for: a lock that was let go whole, and one that was seized."""
    freed, seized = desk.deposit("freed", "seized")
    acceptances = desk.accept(freed), desk.accept(seized)
    desk.post.running.answer(desk.post.running.free(acceptances[0], [freed], caller=BRIDGE))
    desk.wait(PERIOD + 1)
    desk.seize(acceptances[1], "seized")
    desk.escrow.post(ROOT)
    desk.order("freed", "withdraw", TRADER)
    desk.order("seized", "seize", VENUE_ACCOUNT)
    with desk.opened() as contracts:
        contracts.attend_once()
    assert list(map(desk.is_paid, desk.locks)) == [True, True]
    assert not (desk.post.folder / "words").exists(), "nothing was heard, only asked"


def test_an_exit_of_a_lock_that_was_seized_first_waits_for_its_venue(desk: Desk) -> None:
    first, second = desk.deposit("first", "second")
    acceptance = desk.accept(first, second)
    desk.wait(PERIOD + 1)
    for name in desk.locks:
        desk.seize(acceptance, name)
        desk.relay()
    seized_at = desk.post.running.trial.clock.now
    leaving = Leaving(desk.escrow, desk.locks["first"], desk.escrow.arena.now + 10 * EXIT, TRADER)
    leaving.request()
    assert leaving.finishes_at < seized_at + SEIZURE
    desk.relay()
    assert leaving.finishes_at == seized_at + SEIZURE
