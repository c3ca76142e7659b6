"""A published run: everything an auditor asks, and every part of it altered, each refused at its own step."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from facts.solvency.header import decode_header
from facts.solvency.published import BatchLine, decode_batch, read_total
from margin.errors import MalformedError, MarginError, MisuseError, Reason
from snark.errors import SnarkError
from tests.prover.solvency.small_run import ATTESTERS, ORACLES, SmallRun, write_reserves
from verifier.allow_list import read_allow_list
from verifier.solvency.directory import Directory
from verifier.solvency.verification import RefusedError, Step, Trust, verify_run

pytestmark = pytest.mark.native

DEVELOPMENT = Trust(allow_development_keys=True)
WITH_ATTESTERS = Trust(allow_development_keys=True, attesters={ATTESTERS.digest: ATTESTERS})
WITH_ORACLE = Trust(allow_development_keys=True, committee=ORACLES)


def read_lines(folder: Path) -> list[bytes]:
    return (folder / "batches.jsonl").read_bytes().splitlines(keepends=True)


def write_lines(folder: Path, lines: list[bytes]) -> None:
    (folder / "batches.jsonl").write_bytes(b"".join(lines))


def alter_line(folder: Path, number: int, change: Callable[[BatchLine], BatchLine]) -> None:
    lines = read_lines(folder)
    lines[number] = change(decode_batch(lines[number])).encode()
    write_lines(folder, lines)


def alter_json(path: Path, change: Callable[[dict[str, object]], object]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document, sort_keys=True, separators=(",", ":")))


def test_a_run_holds(small_run: SmallRun) -> None:
    run = verify_run(Directory(small_run.out), DEVELOPMENT)
    assert run.proofs == run.header.batches + 1
    assert (run.has_round, run.reserves, run.is_covered, run.is_for_development) == (False, None, None, True)
    assert run.totals is not None
    assert run.totals.owed6[0] > 0


def test_keys_for_development_are_refused_unless_they_are_asked_for(small_run: SmallRun) -> None:
    with pytest.raises(MisuseError):
        verify_run(Directory(small_run.out), Trust())
    listed = small_run.out / "keys" / "keys.toml"
    with pytest.raises(SnarkError):
        read_allow_list(listed)
    keys = read_allow_list(listed, allow_development_keys=True)
    with pytest.raises(SnarkError):
        verify_run(Directory(small_run.out), Trust(keys=keys))
    assert verify_run(Directory(small_run.out), Trust(keys=keys, allow_development_keys=True)).key_ids


def test_a_key_that_is_not_on_the_list_is_refused(small_run: SmallRun, tmp_path: Path) -> None:
    folder = shutil.copytree(small_run.out / "keys", tmp_path / "keys")
    listed = folder / "keys.toml"
    first = listed.read_text().split("[[keys]]")
    listed.write_text("[[keys]]".join([first[0], first[2]]))
    keys = read_allow_list(listed, allow_development_keys=True)
    with pytest.raises(RefusedError) as refused:
        verify_run(Directory(small_run.out), Trust(keys=keys, allow_development_keys=True))
    assert (refused.value.reason, refused.value.step) == (Reason.NOT_A_KEY, Step.PROOFS)


def leave_out(folder: Path) -> None:
    lines = read_lines(folder)
    write_lines(folder, lines[:1] + lines[2:])


def leave_out_and_say_so(folder: Path) -> None:
    leave_out(folder)
    alter_json(folder / "header.json", lambda header: header["classes"][0].update(batches=3))  # type: ignore[index]


def count_twice(folder: Path) -> None:
    lines = read_lines(folder)
    write_lines(folder, [*lines[:2], lines[1], *lines[2:]])


def put_in_place(folder: Path) -> None:
    lines = read_lines(folder)
    write_lines(folder, [lines[0], lines[2], lines[1], *lines[3:]])


def swap_proofs(folder: Path) -> None:
    one, two = (decode_batch(read_lines(folder)[number]) for number in (1, 2))
    alter_line(folder, 1, lambda line: replace(line, proof=two.proof))
    alter_line(folder, 2, lambda line: replace(line, proof=one.proof))


def change_root(folder: Path) -> None:
    alter_line(folder, 2, lambda line: replace(line, root=line.root + 1))


def change_root_everywhere(folder: Path) -> None:
    change_root(folder)
    from facts.solvency.batch_tree import BatchTree  # noqa: PLC0415 - as a forger would

    header = decode_header((folder / "header.json").read_bytes())
    roots = [decode_batch(line).root for line in read_lines(folder)]
    tree = BatchTree(roots, header.levels, header.tree_levels)
    alter_json(folder / "total.json", lambda total: total.update(root=str(tree.root)))


def change_state(folder: Path) -> None:
    alter_line(folder, 1, lambda line: replace(line, after=line.after + 1))
    alter_line(folder, 2, lambda line: replace(line, before=line.before + 1))


def owe_less(folder: Path) -> None:
    alter_json(folder / "total.json", lambda total: total["totals"][0].update(owed6="1"))  # type: ignore[index]


def hide_totals(folder: Path) -> None:
    def change(total: dict[str, object]) -> None:
        rows = total.pop("totals")
        assert isinstance(rows, list)
        total["reserves"] = [{"amount": "0", "asset": row["asset"]} for row in rows]

    alter_json(folder / "total.json", change)


def change_sums(folder: Path) -> None:
    alter_json(folder / "total.json", lambda total: total.update(sums=str(int(str(total["sums"])) + 1)))


def change_root_of_holders(folder: Path) -> None:
    alter_json(folder / "total.json", lambda total: total.update(root=str(int(str(total["root"])) + 1)))


def take_the_total_of_a_batch(folder: Path) -> None:
    proof = json.loads(read_lines(folder)[0])["proof"]
    alter_json(folder / "total.json", lambda total: total.update(proof=proof))


def change_price(folder: Path) -> None:
    def change(tables: dict[str, object]) -> None:
        tier = tables["markets"][0]["tier"]  # type: ignore[index]
        tier["low_price"] = tier["high_price"] = str(int(tier["low_price"]) + 1)

    alter_json(folder / "tables.json", change)


def change_price_root(folder: Path) -> None:
    alter_json(folder / "header.json", lambda header: header.update(price_root="5"))


def change_time(folder: Path) -> None:
    alter_json(folder / "header.json", lambda header: header.update(time=1_800_000_001))


def change_salt(folder: Path) -> None:
    alter_json(folder / "header.json", lambda header: header.update(salt="11" * 32))


def change_tables(folder: Path) -> None:
    alter_json(folder / "header.json", lambda header: header.update(tables="5"))


def add_a_batch_to_the_header(folder: Path) -> None:
    alter_json(folder / "header.json", lambda header: header["classes"][0].update(batches=5))  # type: ignore[index]


ALTERED = {
    "a batch left out": (leave_out, Step.BATCHES, Reason.WRONG_COUNT, "batches.jsonl"),
    "a batch left out, and the header says so": (
        leave_out_and_say_so,
        Step.BATCHES,
        Reason.CONFLICTING_FIELDS,
        "batches.jsonl.line 2.before",
    ),
    "a batch counted twice": (count_twice, Step.BATCHES, Reason.WRONG_COUNT, "batches.jsonl.line 5"),
    "two batches swapped": (put_in_place, Step.BATCHES, Reason.CONFLICTING_FIELDS, "batches.jsonl.line 2.before"),
    "proofs swapped": (swap_proofs, Step.PROOFS, Reason.WRONG_PROOF, "batches.jsonl.line 2.proof"),
    "the root of a batch changed": (change_root, Step.CHALLENGE, Reason.WRONG_ROOT, "total.json.root"),
    "the root of a batch changed everywhere": (
        change_root_everywhere,
        Step.PROOFS,
        Reason.WRONG_PROOF,
        "batches.jsonl.line 1.proof",
    ),
    "the state between two batches changed": (
        change_state,
        Step.PROOFS,
        Reason.WRONG_PROOF,
        "batches.jsonl.line 2.proof",
    ),
    "less owed": (owe_less, Step.PROOFS, Reason.WRONG_PROOF, "total.json.proof"),
    "totals hidden that were to be shown": (hide_totals, Step.TOTAL, Reason.CONFLICTING_FIELDS, "total.json.mode"),
    "other sums": (change_sums, Step.PROOFS, Reason.WRONG_PROOF, "batches.jsonl.line 1.proof"),
    "another root for account holders": (change_root_of_holders, Step.CHALLENGE, Reason.WRONG_ROOT, "total.json.root"),
    "the proof of a batch for that of the total": (
        take_the_total_of_a_batch,
        Step.PROOFS,
        Reason.WRONG_PROOF,
        "total.json.proof",
    ),
    "another price in the tables": (change_price, Step.TABLES, Reason.NOT_IN_TREE, "markets[0]"),
    "another price root": (change_price_root, Step.TABLES, Reason.NOT_IN_TREE, "markets[0]"),
    "another moment": (change_time, Step.PROOFS, Reason.WRONG_PROOF, "batches.jsonl.line 1.proof"),
    "another salt": (change_salt, Step.PROOFS, Reason.WRONG_PROOF, "batches.jsonl.line 1.proof"),
    "other tables in the header": (change_tables, Step.TABLES, Reason.CONFLICTING_FIELDS, "tables"),
    "a batch more in the header": (add_a_batch_to_the_header, Step.BATCHES, Reason.WRONG_COUNT, "batches.jsonl"),
}


@pytest.mark.parametrize("name", ALTERED)
def test_an_altered_run_is_refused_at_its_step(small_run: SmallRun, tmp_path: Path, name: str) -> None:
    alter, step, reason, field = ALTERED[name]
    folder = small_run.copy(tmp_path)
    alter(folder)
    with pytest.raises(RefusedError) as refused:
        verify_run(Directory(folder), DEVELOPMENT)
    found = refused.value
    assert (found.step, found.reason) == (step, reason)
    assert found.field.startswith(f"step {step.value} {step.name.lower()}.{field}")


@pytest.mark.parametrize("name", ["header.json", "tables.json", "batches.jsonl", "total.json"])
def test_a_file_that_is_missing_or_no_document_is_named(small_run: SmallRun, tmp_path: Path, name: str) -> None:
    folder = small_run.copy(tmp_path)
    (folder / name).write_text("{")
    with pytest.raises(MalformedError, match=name.replace(".", r"\.")):
        verify_run(Directory(folder), DEVELOPMENT)
    (folder / name).unlink()
    with pytest.raises(MalformedError, match=name.replace(".", r"\.")):
        verify_run(Directory(folder), DEVELOPMENT)


def test_a_header_in_another_spelling_is_refused(small_run: SmallRun, tmp_path: Path) -> None:
    folder = small_run.copy(tmp_path)
    (folder / "header.json").write_text(json.dumps(json.loads((folder / "header.json").read_text())))
    with pytest.raises(MarginError, match="canonical"):
        verify_run(Directory(folder), DEVELOPMENT)


# --- The oracle's round ------------------------------------------------------------------------------


def test_the_round_is_that_of_the_committee(small_run: SmallRun, tmp_path: Path) -> None:
    folder = small_run.copy(tmp_path)
    with pytest.raises(RefusedError, match="no such file"):
        verify_run(Directory(folder), WITH_ORACLE)
    signed = small_run.sign_round()
    (folder / "round.fact").write_bytes(signed.encode())
    assert verify_run(Directory(folder), WITH_ORACLE).has_round
    other = replace(signed, statement=replace(signed.statement, root=7))
    (folder / "round.fact").write_bytes(other.encode())
    with pytest.raises(RefusedError) as refused:
        verify_run(Directory(folder), WITH_ORACLE)
    assert (refused.value.step, refused.value.reason) == (Step.ROUND, Reason.WRONG_SIGNATURE)


# --- Reserves ----------------------------------------------------------------------------------------


def test_reserves_that_are_attested_cover_what_is_owed(small_run: SmallRun, tmp_path: Path) -> None:
    folder = small_run.copy(tmp_path)
    write_reserves(folder, small_run.attest_enough())
    run = verify_run(Directory(folder), WITH_ATTESTERS)
    assert run.is_covered is True
    assert run.reserves == (10**15,) * len(run.header.assets)


def owed_units(small_run: SmallRun) -> int:
    document = json.loads((small_run.out / "total.json").read_text())
    totals = read_total(document, small_run.header.assets).totals
    assert totals is not None
    return -(-totals.owed6[0] // 10**6)


@pytest.mark.parametrize("missing", [1, 0])
def test_a_unit_too_little_is_too_little(small_run: SmallRun, tmp_path: Path, missing: int) -> None:
    folder, owed = small_run.copy(tmp_path), owed_units(small_run)
    others = [small_run.attest(asset.name, 10**15) for asset in small_run.header.assets[1:]]
    halves = owed // 2, owed - owed // 2 - missing
    both = [small_run.attest("USDT", amount, {"place": f"vault-{place}"}) for place, amount in enumerate(halves)]
    write_reserves(folder, [*others, *both])
    if not missing:
        assert verify_run(Directory(folder), WITH_ATTESTERS).is_covered
        return
    with pytest.raises(RefusedError) as refused:
        verify_run(Directory(folder), WITH_ATTESTERS)
    assert (refused.value.step, refused.value.reason) == (Step.RESERVES, Reason.INSUFFICIENT_MARGIN)
    assert refused.value.field.endswith("reserves.USDT")
    assert refused.value.expected == f"at least {owed} units"


BAD_RESERVES: dict[str, tuple[dict[str, object], Reason]] = {
    "a place twice": ({"place": "vault/BTC", "asset": "BTC", "decimals": 8}, Reason.DUPLICATE_FIELD),
    "a place twice in another case": ({"place": "VAULT/usdt"}, Reason.DUPLICATE_FIELD),
    "too old": ({"place": "old", "time": 1}, Reason.TOO_OLD),
    "of a later day": ({"place": "late", "time": 3_000_000_000}, Reason.FROM_THE_FUTURE),
    "of another venue": ({"place": "there", "venue": "other.example"}, Reason.WRONG_CONTEXT),
    "in other units": ({"place": "units", "decimals": 2}, Reason.WRONG_UNIT),
    "of an unknown asset": ({"place": "doge", "asset": "DOGE"}, Reason.UNKNOWN_ASSET),
}


@pytest.mark.parametrize("name", BAD_RESERVES)
def test_a_bad_statement_of_reserves_is_refused(small_run: SmallRun, tmp_path: Path, name: str) -> None:
    changes, reason = BAD_RESERVES[name]
    folder = small_run.copy(tmp_path)
    write_reserves(folder, [*small_run.attest_enough(), small_run.attest("USDT", 5, changes)])
    with pytest.raises(RefusedError) as refused:
        verify_run(Directory(folder), WITH_ATTESTERS)
    assert (refused.value.step, refused.value.reason) == (Step.RESERVES, reason)


def test_a_statement_of_somebody_else_is_refused(small_run: SmallRun, tmp_path: Path) -> None:
    folder = small_run.copy(tmp_path)
    write_reserves(folder, small_run.attest_enough())
    with pytest.raises(RefusedError) as refused:
        verify_run(Directory(folder), Trust(allow_development_keys=True, attesters={ORACLES.digest: ORACLES}))
    assert refused.value.reason is Reason.WRONG_COMMITTEE


def test_an_amount_that_was_changed_is_signed_by_nobody(small_run: SmallRun, tmp_path: Path) -> None:
    folder = small_run.copy(tmp_path)
    signed = small_run.attest("USDT", 5)
    write_reserves(folder, [replace(signed, statement=replace(signed.statement, amount=6))])
    with pytest.raises(RefusedError) as refused:
        verify_run(Directory(folder), WITH_ATTESTERS)
    assert refused.value.reason is Reason.WRONG_SIGNATURE
