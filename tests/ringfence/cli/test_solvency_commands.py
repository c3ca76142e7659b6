"""``ringfence solvency`` from accounts to a receipt, as the documentation has it, and what it says to what is wrong."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from circuits.catalogue import find_statement
from prover.artifacts import Cache
from tests.prover.solvency.small_run import (
    ATTESTERS,
    ORACLES,
    SmallRun,
    make_venue,
    small_run,
    write_committee,
    write_facts,
)

pytestmark = pytest.mark.native

__all__ = ("small_run",)


def test_an_account_holder_checks_alone(small_run: SmallRun, tmp_path: Path) -> None:
    path = tmp_path / "receipt.json"
    made = small_run.run("receipt", "--state", "out.state", "--account", "u-00000001", "--out", path)
    assert made["bytes"] == path.stat().st_size
    published = tmp_path / "published"
    published.mkdir()
    for name in ("header.json", "tables.json", "total.json"):
        (published / name).write_bytes((small_run.out / name).read_bytes())
    told = small_run.run("check-receipt", path, "--run", published)
    assert (told["counted"], told["account"]) == (True, "u-00000001")
    assert small_run.run("check-receipt", path, "--run", published, "--root", told["root"])["owed"] == told["owed"]
    refused = small_run.run("check-receipt", path, "--run", published, "--root", "5", code=1)
    assert refused["error"]["reason"] == "WRONG_ROOT"


def test_everybody_gets_a_receipt(small_run: SmallRun, tmp_path: Path) -> None:
    made = small_run.run("receipt", "--state", "out.state", "--all", "--out", tmp_path / "receipts")
    files = sorted((tmp_path / "receipts").iterdir())
    assert made["receipts"] == len(files) == 12
    assert all(small_run.run("check-receipt", path, "--run", "out")["counted"] for path in files[:3])


@pytest.mark.parametrize(
    "arguments",
    [
        ("receipt", "--state", "out.state"),
        ("receipt", "--state", "out.state", "--all"),
        ("receipt", "--state", "nowhere", "--account", "u-1"),
        ("prove", "--accounts", "accounts.csv", "--out", "elsewhere"),
        ("prove", "--accounts", "accounts.csv", "--development"),
        ("prove", "--accounts", "accounts.csv", "--out", "elsewhere", "--development", "--zkeys", "keys"),
        ("prove", "--state", "elsewhere", "--shard", "1/2", "--development"),
        ("verify", "out"),
    ],
)
def test_what_cannot_be_asked_for_ends_with_2(small_run: SmallRun, arguments: tuple[str, ...]) -> None:
    assert small_run.run(*arguments, code=2)["error"]["kind"] == "misuse"


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b"])
def test_a_shard_is_one_of_several(small_run: SmallRun, shard: str) -> None:
    told = small_run.run("prove", "--state", "out.state", "--shard", shard, "--development", code=3)
    assert told["error"]["field"] == "shard"


def test_a_bad_line_ends_with_3_and_is_named(small_run: SmallRun, tmp_path: Path) -> None:
    small = make_venue(tmp_path, small_run.cache)
    accounts = small.folder / "accounts.csv"
    accounts.write_text(accounts.read_text() + "u-x,balance,DOGE,1,,,,,\n")
    lines = len(accounts.read_text().splitlines())
    told = small.prove(code=3)["error"]
    assert (told["field"], told["reason"]) == (f"line {lines}.balances[0].asset", "UNKNOWN_ASSET")


def test_an_account_twice_is_named_by_both_lines(small_run: SmallRun, tmp_path: Path) -> None:
    small = make_venue(tmp_path, small_run.cache)
    accounts = small.folder / "accounts.csv"
    accounts.write_text(
        accounts.read_text() + "u-x,balance,USDT,1,,,,,\nu-y,balance,USDT,1,,,,,\nu-x,debt,USDT,1,,,,,\n"
    )
    accounts.write_text(accounts.read_text().replace("u-x,debt", "u-x,balance"))
    lines = len(accounts.read_text().splitlines())
    told = small.prove(code=3)["error"]
    assert told["field"] == f"line {lines}.account"
    assert told["found"] == f"the account of line {lines - 2}"


def test_an_altered_run_ends_with_1_and_its_step(small_run: SmallRun, tmp_path: Path) -> None:
    folder = small_run.copy(tmp_path)
    lines = (folder / "batches.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "batches.jsonl").write_bytes(b"".join(lines[1:]))
    told = small_run.run("verify", folder, "--development", code=1)
    assert told["error"]["field"] == "step 4 batches.batches.jsonl"


def test_a_person_reads_what_was_verified(small_run: SmallRun, capsys: pytest.CaptureFixture[str]) -> None:
    from ringfence.cli.entry import run  # noqa: PLC0415 - without --json

    assert run(["solvency", "verify", str(small_run.out), "--development"]) == 0
    told = capsys.readouterr().out
    assert "7  every proof is one: yes" in told
    assert "8  attested reserves cover what is owed of every asset: not asked" in told


def test_an_attester_signs_and_an_auditor_compares(small_run: SmallRun, tmp_path: Path) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.touch(mode=0o600)
    passphrase.write_text("of an attester\n")
    secret = ("--passphrase-file", str(passphrase))
    desk, folder = SmallRun(tmp_path, small_run.cache), small_run.copy(tmp_path)
    key = run_keys(desk, "new", "auditor", "--role", "member", *secret)
    others = write_committee(tmp_path, ATTESTERS)
    document = json.loads(others.read_text())
    document["members"][0]["key"] = key["public"]
    (tmp_path / "auditor.json").write_text(json.dumps(document))
    said = ("--venue", "venue.example", "--asset", "USDT", "--decimals", 6, "--at", "2027-01-15T08:00:00Z")
    where = ("--place", "vault/own", "--amount", "1000000.5", "-o", "usdt.fact")
    signer = ("--committee", "auditor.json", "--key", "ringfence-keys/auditor.key")
    desk.run("reserves", "sign", *said, *where, *signer, *secret)
    given = write_facts(tmp_path, small_run.attest_enough()[1:])
    assert len(desk.run("reserves", "add", folder, "usdt.fact", *given)["reserves"]) == len(given) + 1
    trusted = ("--attesters", "auditor.json", "--attesters", others)
    told = desk.run("verify", folder, "--development", *trusted)
    assert (told["covered"], told["reserves"]["USDT"]) == (True, "1000000.5")
    refused = desk.run("verify", folder, "--development", "--attesters", others, code=1)
    assert refused["error"]["reason"] == "WRONG_COMMITTEE"


def run_keys(desk: SmallRun, *arguments: str) -> dict[str, Any]:
    """A command of ``ringfence keys``."""
    from tests.prover.proofs import Desk  # noqa: PLC0415 - the same folder

    return Desk(desk.folder, desk.cache).run("keys", *arguments)


def test_the_round_that_an_oracle_signed_goes_with_the_run(small_run: SmallRun, tmp_path: Path) -> None:
    small = small_run.copy_all(tmp_path)
    oracle = write_committee(small.folder, ORACLES)
    signed = small_run.sign_round()
    (small.folder / "round.fact").write_bytes(signed.encode())
    small.run("reserves", "add", "out", *write_facts(tmp_path, small_run.attest_enough()))
    assert small.prove("--round", "round.fact")["proved"] == 0
    assert small.prove()["proved"] == 0
    assert len(list((small.out / "reserves").iterdir())) == len(small_run.header.assets)
    told = small.run("verify", "out", "--development", "--committee", oracle)
    assert [step["name"] for step in told["steps"] if not step["asked"]] == ["reserves"]
    other = replace(signed, statement=replace(signed.statement, root=7))
    (small.folder / "other.fact").write_bytes(other.encode())
    assert small.prove("--round", "other.fact", code=2)["error"]["field"] == "--round"


def test_keys_for_development_do_not_pass_for_those_of_a_ceremony(small_run: SmallRun, tmp_path: Path) -> None:
    small = small_run.copy_all(tmp_path)
    shutil.rmtree(small.out)
    zkeys = small.folder / "zkeys"
    zkeys.mkdir()
    arguments = ("prove", "--state", "out.state", "--out", "out", "--zkeys", "zkeys")
    assert small.run(*arguments, code=2)["error"]["field"] == "zkeys"
    statement = find_statement("solvency_total", "markets=4,assets=5,tiers=0,hidden=0")
    made = Cache(small.cache)
    shutil.copy(made.development_key(made.artifact(statement)), zkeys / "solvency_total-m4-a5-t0-h0.zkey")
    assert small.run(*arguments, code=1)["error"]["reason"].startswith("V")
    assert not small.out.exists()
