"""Receipts: what an account holder checks alone, quickly, and what no changed receipt passes."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facts.solvency.receipt import render_receipt
from margin.errors import MarginError, MisuseError, RejectedError
from prover.solvency.prepared import Prepared
from prover.solvency.reading import read_accounts
from prover.solvency.receipts import Receipts
from prover.solvency.records import AccountRecord
from prover.solvency.state import State
from tests.prover.solvency.small_run import SmallRun
from verifier.solvency.directory import Directory
from verifier.solvency.receipts import check_file

pytestmark = pytest.mark.native

LARGEST_BYTES = 4096
LONGEST_SECONDS = 0.02


@pytest.fixture
def receipts(small_run: SmallRun) -> Receipts:
    return Receipts(Prepared.load(State.find(small_run.state)))


def read_ledger(small_run: SmallRun) -> list[AccountRecord]:
    return [record for _, record in read_accounts(small_run.folder / "accounts.csv", lambda _done, _of: None)]


def test_every_account_has_a_receipt_that_says_what_the_ledger_says(
    small_run: SmallRun, receipts: Receipts, tmp_path: Path
) -> None:
    ledger = {record.account: record for record in read_ledger(small_run)}
    made = {receipt.account: receipt for receipt in receipts.make_all()}
    assert made.keys() == ledger.keys()
    for account, receipt in made.items():
        assert receipt == receipts.make(account)
        path = tmp_path / f"{account}.json"
        path.write_text(render_receipt(receipt, small_run.header))
        checked = check_file(path, Directory(small_run.out))
        assert checked.account == account
        balances = {held.asset: held.amount for held in ledger[account].balances}
        counted = {
            small_run.header.assets[held.asset].name: held.amount for part in checked.parts for held in part.balances
        }
        assert counted == balances
        assert sum(len(part.positions) for part in checked.parts) == len(ledger[account].positions)


def test_all_receipts_together_are_the_totals(small_run: SmallRun, receipts: Receipts, tmp_path: Path) -> None:
    owed = dict.fromkeys((asset.name for asset in small_run.header.assets), 0)
    for receipt in receipts.make_all():
        path = tmp_path / "receipt.json"
        path.write_text(render_receipt(receipt, small_run.header))
        for name, amount in check_file(path, Directory(small_run.out)).owed6.items():
            owed[name] += amount
    totals = json.loads((small_run.out / "total.json").read_text())["totals"]
    assert owed == {row["asset"]: int(row["owed6"]) for row in totals}


def test_a_receipt_is_small_and_soon_checked(small_run: SmallRun, receipts: Receipts, tmp_path: Path) -> None:
    path = tmp_path / "receipt.json"
    path.write_text(render_receipt(receipts.make("u-00000001"), small_run.header))
    assert path.stat().st_size < LARGEST_BYTES
    fastest = min(measure(lambda: check_file(path, Directory(small_run.out))) for _ in range(5))
    assert fastest < LONGEST_SECONDS


def measure(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def test_an_account_that_is_not_there_has_no_receipt(receipts: Receipts) -> None:
    with pytest.raises(MisuseError, match="an account of this run"):
        receipts.make("nobody")


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "more": lambda receipt: receipt["parts"][0]["balances"][0].update(amount="123456"),
    "another account": lambda receipt: receipt.update(account="u-00000002"),
    "another leaf": lambda receipt: receipt["parts"][0].update(leaf=receipt["parts"][0]["leaf"] ^ 1),
    "another salt": lambda receipt: receipt["parts"][0].update(salt="5"),
    "another root": lambda receipt: receipt.update(root="5"),
    "another header": lambda receipt: receipt.update(header="5"),
    "another day": lambda receipt: receipt.update(time=receipt["time"] + 1),
    "a part twice": lambda receipt: receipt["parts"].append(receipt["parts"][0]),
    "no part": lambda receipt: receipt.update(parts=[]),
    "a field more": lambda receipt: receipt.update(note="x"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_receipt_that_was_changed_is_refused(
    small_run: SmallRun, receipts: Receipts, tmp_path: Path, name: str
) -> None:
    content = json.loads(render_receipt(receipts.make("u-00000001"), small_run.header))
    CHANGES[name](content)
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(content))
    with pytest.raises(MarginError, match=r"receipt\.json|parts"):
        check_file(path, Directory(small_run.out))


def test_a_receipt_of_another_run_is_refused(small_run: SmallRun, receipts: Receipts, tmp_path: Path) -> None:
    folder = small_run.copy(tmp_path)
    document = json.loads((folder / "total.json").read_text())
    document["root"] = "7"
    (folder / "total.json").write_text(json.dumps(document))
    path = tmp_path / "receipt.json"
    path.write_text(render_receipt(receipts.make("u-00000001"), small_run.header))
    with pytest.raises(RejectedError):
        check_file(path, Directory(folder))
