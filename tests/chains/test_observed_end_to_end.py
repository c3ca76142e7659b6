"""Collateral behind a gate that checks proofs, from its deposit to its last payment, on two real chains.

The gate and its observers on one chain, the escrow on another, and between them two commands as they are run:
``ringfence attest-gate``, each observer with a key and a folder of its own, and ``ringfence relay``, which follows no
verifier. Every step is read from the chains.
"""

import json
import os
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import pytest

from facts.key_file import Algorithm, Role
from facts.key_set import KeyFolder
from facts.sealed_file import Cost
from facts.secp256k1 import address_of
from ringfence.cli.bridging.programs import find_address, run_program
from ringfence.cli.entry import run
from tests.chains.nodes import needs_nodes
from tests.chains.observed import GATE_CHAIN, VENUE, Watched, forward, open_gate
from tests.chains.releases import leave_release
from tests.chains.scripted_chain import SilenceError, node_of
from tests.contracts.arena import CHAIN_ID, DAY, PERIOD, open_arena, spell
from tests.contracts.escrows import EXIT, EXITS, RELEASES, SEIZURE, Escrow, Leaving, Locked, Payment
from tests.contracts.proof_gates import RECIPIENT, Claim

pytestmark = [needs_nodes, pytest.mark.slow]

PASSPHRASE = "a passphrase of the tests"  # noqa: S105 - of the tests
TRADER = b"\x71" * 20
WEI = 10**20
LOCK = 100
ROOT = 7


class Member(NamedTuple):
    """Who speaks for the gate, as an escrow is told."""

    address: bytes


@dataclass
class Bridge:
    """Everybody."""

    watched: Watched
    escrow: Escrow
    folder: Path
    capsys: pytest.CaptureFixture[str]
    locks: dict[str, Locked] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)

    # --- The commands ------------------------------------------------------------------------------------

    def run(self, command: str, settings: str) -> tuple[int, str]:
        self.capsys.readouterr()
        told = "--settings", str(self.folder / settings), "--passphrase-file", str(self.folder / "passphrase")
        return run([command, *told, "--once", "--json"]), self.capsys.readouterr().out

    def observe(self, *numbers: int) -> list[list[tuple[str, int]]]:
        """A look of some observers; what each says is new."""
        said = []
        for number in numbers:
            code, report = self.run("attest-gate", f"observe-{number}.json")
            assert code == 0
            said.append([(each["event"], each["revision"]) for each in json.loads(report)["said"]])
        return said

    def relay(self) -> tuple[int, list[dict[str, Any]]]:
        code, lines = self.run("relay", "relay.json")
        return code, list(map(json.loads, lines.splitlines()))

    def show(self, name: str) -> str:
        """Have a program show metrics, and a relayer say how it is; where they are."""
        path, address = self.folder / f"{name}.json", find_address()
        said = json.loads(path.read_text()) | {"metrics": address}
        write(path, said | ({"status": str(self.folder / "status.json")} if name == "relay" else {}))
        return address

    # --- What people do ----------------------------------------------------------------------------------

    def pledge(self, name: str) -> None:
        """A lock for the gate, and a proof that shows it."""
        self.locks[name] = self.escrow.deposit(LOCK, domain=self.watched.gate.name)
        self.claims[name] = self.watched.accept(nullifier=self.locks[name].nullifier)

    def leave(self, name: str) -> Leaving:
        leaving = Leaving(self.escrow, self.locks[name], self.escrow.arena.now + DAY, TRADER)
        leaving.request()
        return leaving

    def payment(self, name: str, function: str, recipient: bytes) -> Payment:
        usual = self.escrow.pay(self.locks[name], function, root=ROOT)
        return replace(usual, recipient=recipient, verifier=self.watched.gate.name)

    def leave_release(self, name: str, payment: Payment) -> None:
        """A release in the folder of payments, as ``ringfence prove`` leaves it."""
        leave_release(self.folder / "payments" / name, payment, ROOT)

    def meet(self) -> None:
        """The clocks of both chains at about the same moment."""
        behind = self.watched.arena.now - self.escrow.arena.now
        if behind > 0:
            self.escrow.arena.node.advance(behind)


def make_key(folder: Path, role: Role) -> Member:
    key = KeyFolder(folder).create("one", role, Algorithm.SECP256K1, PASSPHRASE, moment=1, cost=Cost(14))
    return Member(address_of(key.public_key))


def write(path: Path, document: object) -> None:
    path.write_text(json.dumps(document))
    path.chmod(0o600)


@pytest.fixture
def bridge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Bridge]:
    with open_gate() as gate, open_arena() as arena:
        escrow = Escrow.found(arena, RELEASES.key, EXITS.key, is_for_development=False)
        made = Bridge(Watched(gate, tmp_path), escrow, tmp_path, capsys)
        (tmp_path / "passphrase").touch(mode=0o600)
        (tmp_path / "passphrase").write_text(PASSPHRASE + "\n")
        members = [make_key(tmp_path / f"keys-{number}", Role.ATTESTATION) for number in range(3)]
        escrow.open(gate.name, gate.name, sorted(members))
        for number in range(3):
            write(tmp_path / f"observe-{number}.json", observe_document(made, number))
        payer = make_key(tmp_path / "keys-payer", Role.SENDER)
        arena.node.give(spell(payer.address), WEI)
        (tmp_path / "payments").mkdir()
        write(tmp_path / "relay.json", relay_document(made))
        yield made


def observe_document(bridge: Bridge, number: int) -> dict[str, object]:
    gate = bridge.watched.gate
    return {
        "format": "ringfence.observe/1",
        "gate": gate.contract.spelling,
        "from_block": gate.contract.block,
        "state": str(bridge.folder / f"state-{number}"),
        "keys": str(bridge.folder / f"keys-{number}"),
        "parts": str(bridge.folder / "parts"),
        "venues": [{"pledged_to": spell(RECIPIENT), "paid_to": spell(VENUE)}],
        "chain": {"chain_id": GATE_CHAIN, "endpoints": [gate.arena.node.url]},
    }


def relay_document(bridge: Bridge) -> dict[str, object]:
    escrow, gate = bridge.escrow.contract, bridge.watched.gate.contract
    return {
        "format": "ringfence.relay/1",
        "keys": str(bridge.folder / "keys-payer"),
        "payments": str(bridge.folder / "payments"),
        "chains": [{"chain_id": CHAIN_ID, "endpoints": [bridge.escrow.arena.node.url]}],
        "escrows": [{"chain_id": CHAIN_ID, "contract": escrow.spelling, "first_block": 0}],
        "observed": [{"chain_id": GATE_CHAIN, "contract": gate.spelling, "parts": str(bridge.folder / "parts")}],
    }


def steps(lines: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["step"], each.get("release", "")) for each in lines]


def test_a_lock_of_a_gate_is_held_up_seized_and_withdrawn(bridge: Bridge) -> None:
    gate, escrow = bridge.watched.gate.contract, bridge.escrow
    bridge.pledge("alice")
    bridge.pledge("bob")
    alice, bob = bridge.locks["alice"].nullifier, bridge.locks["bob"].nullifier
    assert gate.ask("isHeld", alice)
    assert gate.ask("isHeld", bob)

    # Of Alice it is final, of Bob not yet; then of both, said by two of three, and enough.
    assert bridge.observe(0) == [[("accept", 0)]]
    bridge.watched.finalise()
    assert bridge.observe(0, 1) == [[("accept", 0)], [("accept", 0)] * 2]
    assert bridge.observe(0) == [[]], "once"

    # Alice leaves while the gate relies on her lock.
    bridge.meet()
    leaving = bridge.leave("alice")
    assert leaving.finishes_at == escrow.arena.now + EXIT
    code, lines = bridge.relay()
    lapses_at = gate.ask("find", alice)[2]
    assert (code, steps(lines)) == (0, [("contested", "")])
    assert leaving.finishes_at == lapses_at + SEIZURE
    assert bridge.relay() == (0, []), "a second one has nothing to add"

    # Bob does without his lock; Alice has nothing to show at the prices of now, and lapses.
    bridge.watched.gate.free(bridge.claims["bob"])
    bridge.watched.lapse()
    assert not gate.ask("isHeld", alice)
    assert [sorted(each) for each in bridge.observe(0, 2)] == [[("free", 1), ("lapse", 1), ("seize", 2)]] * 2

    # Alice would seize from the venue, which anybody's release cannot; nothing is paid before a root has ripened.
    bridge.meet()
    seizure, theft = (bridge.payment("alice", "seize", each) for each in (VENUE, TRADER))
    bridge.leave_release("theft", theft)
    bridge.leave_release("venue", seizure)
    code, lines = bridge.relay()
    assert (code, steps(lines)) == (1, [("waiting", "theft"), ("waiting", "venue")])
    assert lines[1]["why"].startswith("RootUnknown")
    escrow.post(ROOT)
    code, lines = bridge.relay()
    assert (code, steps(lines)) == (1, [("waiting", "theft"), ("paid", "venue")])
    assert (escrow.balance(VENUE), escrow.balance(TRADER)) == (LOCK, 0)
    assert escrow.contract.ask("isPaid", alice)
    assert leaving.refusal_of_end() in {"ExitPending", "NullifierPaid"}

    # Bob's owner takes his lock back.
    bridge.leave_release("bob", bridge.payment("bob", "withdraw", TRADER))
    code, lines = bridge.relay()
    assert (code, sorted(steps(lines))) == (0, [("known", "theft"), ("known", "venue"), ("paid", "bob")])
    assert escrow.balance(TRADER) == LOCK
    assert escrow.contract.ask("isPaid", bob)
    assert escrow.balance(escrow.contract.address) == 0
    escrow.arena.node.advance(EXIT + SEIZURE + PERIOD)
    assert leaving.refusal_of_end() == "NullifierPaid"


def test_one_of_three_moves_nothing(bridge: Bridge) -> None:
    """Fewer than the quorum: no contest, no payment, and what one says is told as too little."""
    bridge.pledge("alice")
    bridge.watched.finalise()
    bridge.observe(0)
    bridge.meet()
    leaving = bridge.leave("alice")
    finishes_at = leaving.finishes_at
    code, lines = bridge.relay()
    assert (code, steps(lines)) == (0, [("exit", "")])
    assert "TOO_FEW_SIGNERS" in lines[0]["why"] or "of members" in lines[0]["why"]
    assert leaving.finishes_at == finishes_at
    bridge.watched.lapse()
    bridge.observe(0)
    bridge.meet()
    bridge.escrow.post(ROOT)
    bridge.leave_release("venue", bridge.payment("alice", "seize", VENUE))
    code, lines = bridge.relay()
    assert code == 1
    assert ("waiting", "venue") in steps(lines)
    bridge.observe(1)
    assert ("paid", "venue") in steps(bridge.relay()[1]), "the second is enough, whenever it comes"


def test_attack_what_others_put_into_its_folders_keeps_no_relayer_from_contesting_and_paying(bridge: Bridge) -> None:
    """Pipes among the payments, and before the folder of parts another one that nobody can look into."""
    bridge.pledge("alice")
    bridge.watched.finalise()
    bridge.observe(0, 1)
    bridge.meet()
    leaving = bridge.leave("alice")
    shut = bridge.folder / "shut"
    shut.symlink_to(shut)
    relay = json.loads((bridge.folder / "relay.json").read_text())
    relay["observed"] = [relay["observed"][0] | {"parts": str(shut)}, *relay["observed"]]
    write(bridge.folder / "relay.json", relay)
    payments = bridge.folder / "payments"
    os.mkfifo(payments / "0")
    for number in range(1, 100):
        (payments / str(number)).mkdir()
        os.mkfifo(payments / str(number) / "demand.toml")
    code, lines = bridge.relay()
    assert (code, steps(lines)) == (0, [("contested", ""), ("exit", "")])
    assert lines[1]["why"].startswith("STORE_UNAVAILABLE shut: found")
    assert leaving.finishes_at == bridge.watched.gate.contract.ask("find", bridge.locks["alice"].nullifier)[2] + SEIZURE
    bridge.watched.lapse()
    bridge.observe(0, 1)
    bridge.meet()
    bridge.escrow.post(ROOT)
    bridge.leave_release("venue", bridge.payment("alice", "seize", VENUE))
    assert ("paid", "venue") in steps(bridge.relay()[1])


def test_an_observer_whose_node_leaves_out_a_lock_signs_nothing_and_says_why(bridge: Bridge) -> None:
    bridge.watched.accept()
    bridge.watched.accept(nullifier=78)
    bridge.watched.finalise()

    def leave_out(method: str, _: list[Any], answer: Any) -> Any:  # noqa: ANN401
        return answer[:-1] if method == "eth_getLogs" else answer

    with node_of(forward(bridge.watched.arena, leave_out)) as url:
        chain = {"chain_id": GATE_CHAIN, "endpoints": [url]}
        write(bridge.folder / "observe-0.json", observe_document(bridge, 0) | {"chain": chain})
        code, said = bridge.run("attest-gate", "observe-0.json")
    assert (code, json.loads(said)["error"]["reason"]) == (4, "WRONG_LOGS")
    status = json.loads((bridge.folder / "state-0" / "status.json").read_text())
    assert (status["ok"], status["alarm"], status["reason"]) == (False, True, "WRONG_LOGS")
    assert list((bridge.folder / "parts").glob("*")) == []
    write(bridge.folder / "observe-0.json", observe_document(bridge, 0))
    assert bridge.observe(0) == [[("accept", 0)] * 2], "another node makes up for it"


def test_programs_that_run_hold_up_an_exit_by_themselves(bridge: Bridge) -> None:
    """Three observers and a relayer as processes: nobody starts anything when somebody leaves."""
    passphrase = "--passphrase-file", bridge.folder / "passphrase"
    pages = {name: bridge.show(name) for name in ("observe-0", "relay")}
    bridge.pledge("alice")
    bridge.watched.finalise()
    bridge.meet()
    with ExitStack() as stack:
        observers = [
            stack.enter_context(
                run_program(
                    bridge.folder,
                    f"observer-{number}",
                    ("attest-gate", "--settings", bridge.folder / f"observe-{number}.json", *passphrase, "--json"),
                )
            )
            for number in range(3)
        ]
        relaying = "relay", "--settings", bridge.folder / "relay.json", *passphrase, "--json"
        relayer = stack.enter_context(run_program(bridge.folder, "relayer", relaying))
        leaving = bridge.leave("alice")
        for program in observers:
            program.wait_until_it_says('"event": "accept"')
        relayer.wait_until_it_says("contested")
        final, nodes = bridge.watched.arena.node.final, (bridge.watched.arena.node, bridge.escrow.arena.node)
        wanted = {
            "observe-0": {
                'ringfence_words_total{event="accept"} 1.0',
                'ringfence_words_total{event="seize"} 0.0',
                f"ringfence_observe_block {float(final)}",
                f'ringfence_final_block{{chain_id="{GATE_CHAIN}"}} {float(final)}',
                "ringfence_look_alarms_total 0.0",
            },
            "relay": {
                'ringfence_relayed_total{cargo="exit",step="contested"} 1.0',
                'ringfence_relayed_total{cargo="payment",step="refused"} 0.0',
                'ringfence_relay_waiting{cargo="exit"} 0.0',
                f'ringfence_node_faults_total{{chain_id="{CHAIN_ID}",endpoint="endpoints[0]",fault="no_answer"}} 0.0',
            },
        }
        for name, address in pages.items():  # a program says what it did before its round is over
            wait_until(lambda name=name, address=address: wanted[name] <= read_page(address))  # type: ignore[misc]
        said = {name: read_page(address) for name, address in pages.items()}
    hidden = [str(bridge.locks["alice"].nullifier), PASSPHRASE, *(node.url for node in nodes)]
    assert [each for lines in said.values() for each in hidden if each in "\n".join(lines)] == []
    assert leaving.finishes_at == bridge.watched.gate.contract.ask("find", bridge.locks["alice"].nullifier)[2] + SEIZURE
    for number in range(3):
        settings = str(bridge.folder / f"observe-{number}.json")
        assert run(["attest-gate", "--settings", settings, "--check"]) == 0, "it says that it is well"
    assert run(["relay", "--settings", str(bridge.folder / "relay.json"), "--check"]) == 0


def read_page(address: str) -> set[str]:
    """The lines of a page of metrics."""
    with urllib.request.urlopen(f"http://{address}/metrics") as page:
        return set(page.read().decode().splitlines())


def test_a_relayer_says_how_it_is(bridge: Bridge) -> None:
    bridge.show("relay")
    check = ["relay", "--settings", str(bridge.folder / "relay.json"), "--check", "--json"]
    assert run(check) == 3, "it has not said anything yet"
    bridge.locks["alice"] = bridge.escrow.deposit(LOCK, domain=bridge.watched.gate.name)
    bridge.leave_release("venue", bridge.payment("alice", "seize", VENUE))
    code, lines = bridge.relay()
    assert (code, steps(lines)) == (1, [("waiting", "venue")])
    bridge.capsys.readouterr()
    assert run(check) == 0
    said = json.loads(bridge.capsys.readouterr().out)
    assert [said[f"{each}_waiting"] for each in ("attestations", "exits", "payments")] == [0, 0, 1]


def test_a_relayer_that_is_blind_says_so_until_its_chain_is_there_again(bridge: Bridge) -> None:
    passphrase, silent = ("--passphrase-file", bridge.folder / "passphrase"), Event()
    address, path = bridge.show("relay"), bridge.folder / "relay.json"
    fault = f'ringfence_node_faults_total{{chain_id="{CHAIN_ID}",endpoint="endpoints[0]",fault="no_answer"}} 0.0'
    failed = 'ringfence_looks_total{outcome="failed",reason="CHAIN_UNAVAILABLE"}'

    def answer(method: str, params: list[Any]) -> object:
        if silent.is_set():
            raise SilenceError
        return bridge.escrow.arena.node.ask(method, *params)

    def check() -> int:
        return run(["relay", "--settings", str(path), "--check"])

    with node_of(answer) as url:
        said = json.loads(path.read_text())
        said["chains"][0]["endpoints"] = [url]
        write(path, said | {"every_seconds": 1})
        with run_program(bridge.folder, "relayer", ("relay", "--settings", path, *passphrase)) as relayer:
            wait_until(lambda: check() == 0)
            assert fault in read_page(address)
            silent.set()
            wait_until(lambda: check() == 1)
            relayer.wait_until_it_says('"event": "LOOK_FAILED"')
            page = read_page(address)
            assert any(line.startswith(failed) for line in page)
            assert fault not in page
            assert url not in relayer.said
            silent.clear()
            wait_until(lambda: check() == 0)


def wait_until(holds: Callable[[], bool]) -> None:
    """For as long as a busy machine may need."""
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
