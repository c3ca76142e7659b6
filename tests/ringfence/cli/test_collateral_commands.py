"""The commands that ask a verifier, against one that serves."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from facts.attestation_document import read_attestation
from facts.demand import ReleaseDemand
from facts.demand_document import render_demand
from facts.log_head import LogHead
from facts.policy import StatementPolicy
from facts.sealed_file import Cost
from facts.sealed_release import create_release_key
from margin.documents.reading import read_document
from ringfence.cli.entry import run
from ringfence.client import verifier as client
from snark.groth16.formats.proof_json import format_proof
from snark.groth16.formats.public_json import format_public
from snark.groth16.formats.verification_key import format_verifying_key
from tests.ringfence.client.calling import anchor_of, calling, settings_of, show, verifier_of
from tests.verifier.claims import Watch
from tests.verifier.running import (
    BRIDGE,
    PERIOD,
    READER,
    TRADER,
    UPKEEP,
    VENUE_DESK,
    Running,
    Shown,
    Trial,
    render_moment,
)

pytestmark = pytest.mark.native

Command = Callable[..., Any]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("verifier")
    with Trial(folder, Watch(), str(folder / "store.db")).serving() as found:
        yield found


def write_anchor(running: Running, path: Path, **changes: str) -> None:
    """What is pinned, as a file."""
    anchor = anchor_of(running)
    said = {"verifier": anchor.verifier, "domain": anchor.domain, **changes}
    lines = ['format = "ringfence.anchor/1"', *(f'{name} = "{value}"' for name, value in said.items())]
    lines += [f"keys = {json.dumps([key.hex() for key in anchor.keys])}"]
    lines += [f"signers = {json.dumps([f'0x{signer.hex()}' for signer in anchor.signers])}"]
    lines += ["[log]", f'origin = "{anchor.log_keys[0].origin}"']
    lines += [f"keys = {json.dumps([key.public_key.hex() for key in anchor.log_keys])}"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_claim(shown: Shown, folder: Path) -> Sequence[str]:
    """A claim as ``prove`` leaves it; the arguments that name it."""
    folder.mkdir()
    (folder / "proof.json").write_text(format_proof(shown.key.prove(shown.inputs)), encoding="utf-8")
    (folder / "public.json").write_text(format_public(shown.inputs.values), encoding="utf-8")
    (folder / "verification_key.json").write_text(format_verifying_key(shown.key.key), encoding="utf-8")
    policy, binding = shown.demand.policy, shown.demand.binding
    if isinstance(policy, StatementPolicy):
        value = policy.least_basket_value / 10**6
        says = ["[policy]", f'requirement = "{policy.requirement.value}"', f'least_basket_value = "{value:g}"']
    elif isinstance(policy, ReleaseDemand):
        says = ["[release]", f'asset = "{policy.asset}"', f'amount = "{policy.amount}"']
    else:
        (folder / "demand.json").write_text(render_demand(shown.demand), encoding="utf-8")
        return (str(folder),)
    place = ["[context]", f'domain = "{shown.demand.domain}"', f'verifier = "{binding.verifier}"']
    place += [f"chain_id = {binding.chain_id}", f'contract = "0x{binding.contract.hex()}"']
    place += [f'recipient = "0x{binding.recipient.hex()}"', f'expires = "{render_moment(binding.expiry)}"']
    text = "\n".join(['format = "ringfence.demand/1"', *says, *place]) + "\n"
    (folder / "demand.toml").write_text(text, encoding="utf-8")
    return str(folder), "--demand", str(folder / "demand.toml")


@pytest.fixture
def command(
    running: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Runs a command as a caller; what it wrote as JSON, once its exit code is the one that was expected."""
    monkeypatch.setattr(client, "read_clock", running.trial.clock)
    write_anchor(running, tmp_path / "anchor.toml")

    def execute(*arguments: str, caller: str = TRADER, expected: int = 0) -> Any:  # noqa: ANN401
        settings = settings_of(running, caller)
        config = tmp_path / f"{caller}.toml"
        lines = ["[connection]", f'address = "{settings.address}"']
        lines += [f'{name} = "{getattr(settings, name)}"' for name in ("authorities", "certificate", "key")]
        lines += ["[trust]", f'anchor = "{tmp_path / "anchor.toml"}"', f'heads = "{tmp_path / caller}.head"']
        config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        code = run([*arguments, "--config", str(config), "--json"])
        written = capsys.readouterr().out
        assert code == expected, written
        return json.loads(written)

    return execute


def test_collateral_is_accepted_refreshed_and_let_go(running: Running, command: Command, tmp_path: Path) -> None:
    claim = write_claim(running.claim(2001, tag=2001), tmp_path / "first")
    signed = tmp_path / "attestation.json"
    accepted = command("accept", *claim, "--attestation", str(signed))
    assert (accepted["event"], accepted["nullifiers"]) == ("accept", ["2001"])
    assert read_attestation(read_document(signed)).attestation.encode().hex() == accepted["attestation"]
    running.wait(5)
    again = write_claim(running.claim(2001, tag=2001, policy=UPKEEP), tmp_path / "second")
    refreshed = command("refresh", accepted["acceptance"], *again)
    assert (refreshed["state"], refreshed["revision"]) == ("refreshed", 1)
    shown = command("acceptances", accepted["acceptance"])
    assert shown["attestation"] == refreshed["attestation"]
    listed = command("acceptances", "--position-tag", "2001", caller=BRIDGE)
    assert [each["acceptance"] for each in listed] == [accepted["acceptance"]]
    released = command("release", accepted["acceptance"], "2001", caller=BRIDGE)
    assert (released["state"], released["left"]) == ("released", ["2001"])


def test_an_attestation_names_its_acceptance_and_all_locks_go_where_none_is_named(
    running: Running, command: Command, tmp_path: Path
) -> None:
    signed = str(tmp_path / "attestation.json")
    claim = write_claim(running.claim(2011, tag=2011), tmp_path / "first")
    accepted = command("accept", *claim, "--attestation", signed)
    again = write_claim(running.claim(2011, 2012, tag=2011, policy=UPKEEP), tmp_path / "second")
    assert command("refresh", signed, *again, "--attestation", signed)["acceptance"] == accepted["acceptance"]
    assert command("acceptances", signed)["revision"] == 1
    released = command("release", signed, caller=BRIDGE)
    assert (released["state"], released["left"]) == ("released", ["2011", "2012"])
    assert command("acceptances", str(tmp_path / "nothing.json"), expected=3)["error"]["reason"] == "NOT_READABLE"


def test_what_was_sealed_for_the_venue_is_what_it_seizes_by(running: Running, command: Command, tmp_path: Path) -> None:
    key, passphrase, sealed = tmp_path / "release.key", tmp_path / "passphrase", tmp_path / "sealed"
    passphrase.touch(mode=0o600)
    passphrase.write_text("a passphrase of the tests\n", encoding="utf-8")
    (tmp_path / "public").write_text(
        create_release_key(key, "a passphrase of the tests", Cost(14)).hex(), encoding="utf-8"
    )
    release = write_claim(running.release(2013), tmp_path / "release")
    assert run(["seal", *release, "--for", str(tmp_path / "public"), "--output", str(sealed)]) == 0
    assert run(["seal", *release, "--for", str(passphrase), "--output", str(sealed)]) == 3
    claim = write_claim(running.claim(2013, tag=2013), tmp_path / "claim")
    accepted = command("accept", *claim, "--sealed", str(sealed))
    seize = ("seize", accepted["acceptance"], "--release-key", str(key), "--passphrase-file", str(passphrase))
    assert command(*seize, caller=VENUE_DESK, expected=1)["error"]["reason"] == "NOT_LAPSED"
    running.wait(PERIOD + 1)
    assert command(*seize, caller=VENUE_DESK)["left"] == ["2013"]
    assert command(*seize, caller=VENUE_DESK, expected=1)["error"]["field"] == "sealed_releases"


def test_a_lapsed_lock_is_seized(running: Running, command: Command, tmp_path: Path) -> None:
    claim = write_claim(running.claim(2002, tag=2002), tmp_path / "claim")
    accepted = command("accept", *claim)
    running.wait(PERIOD + 1)
    release = write_claim(running.release(2002), tmp_path / "release")
    assert command("seize", accepted["acceptance"], *release, caller=VENUE_DESK)["state"] == "seized"


def test_a_watch_goes_on_where_it_was(running: Running, command: Command, tmp_path: Path) -> None:
    token = tmp_path / "token"
    watch = ("watch", "--most", "1", "--token", str(token))

    def accept(number: int) -> str:
        with calling(running) as callers:
            return callers.ask(verifier_of(running).accept(show(running.claim(number, tag=number)))).id

    numbers, is_seen = count(2101), Event()

    def accept_until_seen() -> list[str]:
        """One after the other: a watch tells of nothing that happened before it began."""
        accepted = [accept(next(numbers))]
        while not is_seen.wait(0.5):
            accepted.append(accept(next(numbers)))
        return accepted

    with ThreadPoolExecutor(1) as pool:
        accepting = pool.submit(accept_until_seen)
        try:
            seen = command(*watch, caller=BRIDGE)["acceptance"]
        finally:
            is_seen.set()
    accepted = [*accepting.result(), accept(next(numbers)), accept(next(numbers))]
    behind = accepted[accepted.index(seen) + 1 :]
    assert [command(*watch, caller=BRIDGE)["acceptance"] for _ in behind] == behind


def test_a_refusal_is_a_clear_no(running: Running, command: Command, tmp_path: Path) -> None:
    command("accept", *write_claim(running.claim(2003, tag=2003), tmp_path / "first"))
    error = command("accept", *write_claim(running.claim(2003, tag=9), tmp_path / "second"), expected=1)["error"]
    assert (error["kind"], error["reason"], error["found"]) == ("rejected", "NULLIFIER_SPENT", "a refusal in step 8")


def test_the_log_is_read_whole_and_witnessed(running: Running, command: Command, tmp_path: Path) -> None:
    command("accept", *write_claim(running.claim(2004, tag=2004), tmp_path / "claim"))
    head = command("log", "head")
    audit = command("log", "verify", caller=READER)
    assert (audit["size"], audit["root"]) == (head["size"], head["root"])
    witnessed = tmp_path / "witnessed"
    assert command("log", "witness", str(witnessed))["note"] == witnessed.read_text(encoding="utf-8")
    other = running.verifier.desk.heads
    larger = other.sign(LogHead(head["log"], head["size"] + 9, b"\x07" * 32))
    witnessed.write_text(larger.note, encoding="utf-8")
    error = command("log", "witness", str(witnessed), expected=1)["error"]
    assert error["reason"] == "LOG_SHRUNK"
    assert witnessed.read_text(encoding="utf-8") == larger.note


def test_trust_is_shown_and_held_against_the_anchor(running: Running, command: Command, tmp_path: Path) -> None:
    trust = command("trust", caller=READER)
    assert trust["verifier"] == running.trial.name
    assert {each["statement"] for each in trust["keys"]} >= {"perp-k1", "release"}
    write_anchor(running, tmp_path / "anchor.toml", verifier="another-desk")
    assert command("trust", caller=READER, expected=1)["error"]["field"] == "answer.verifier"


def test_without_an_anchor_nothing_is_asked(command: Command) -> None:
    assert command("trust", "--set", "trust.anchor=nowhere", expected=3)["error"]["field"] == "nowhere"


def test_a_server_that_is_not_there_is_misuse(command: Command) -> None:
    error = command("trust", "--server", "127.0.0.1:1", "--set", "connection.attempts=1", expected=2)["error"]
    assert (error["kind"], error["reason"]) == ("unreachable", "UNAVAILABLE")


def test_the_environment_stands_before_the_file(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGFENCE_TRACEBACK", "1")  # of all commands, and no setting of this one
    assert command("trust")["verifier"]
    monkeypatch.setenv("RINGFENCE_CONNECTION__ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("RINGFENCE_CONNECTION__ATTEMPTS", "1")
    assert command("trust", expected=2)["error"]["reason"] == "UNAVAILABLE"


def test_a_setting_that_there_is_not_is_an_error(command: Command) -> None:
    assert command("trust", "--set", "connection.colour=blue", expected=3)["error"]["reason"] == "UNKNOWN_KEY"


def test_tables_are_for_people(
    running: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "read_clock", running.trial.clock)
    write_anchor(running, tmp_path / "anchor.toml")
    settings = settings_of(running, BRIDGE)
    said = [f"connection.{name}={getattr(settings, name)}" for name in ("authorities", "certificate", "key", "address")]
    flags = [part for each in (*said, f"trust.anchor={tmp_path / 'anchor.toml'}") for part in ("--set", each)]
    for command in (["trust"], ["acceptances"], ["log", "head"]):
        assert run([*command, *flags]) == 0
        assert running.trial.name in capsys.readouterr().out or command != ["trust"]
