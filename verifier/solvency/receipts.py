"""What an account holder asks, alone: whether the account is counted under the root that was published.

It takes the header, the tables and the root of the run, and none of its proofs: that everything under the root is
counted is what an auditor verifies, once and for everybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from facts.solvency.account import AccountPart
from facts.solvency.header import Header
from facts.solvency.marks import require_tables
from facts.solvency.receipt import check_receipt, read_receipt
from margin.bounds import FINE_SCALE
from margin.documents.reading import located, read_document
from verifier.solvency.directory import Directory


@dataclass(frozen=True, slots=True)
class CheckedReceipt:
    """What of an account is counted."""

    header: Header
    root: int
    account: str
    parts: tuple[AccountPart, ...]

    @property
    def owed6(self) -> Mapping[str, int]:
        """What the venue owes the holder of each asset, in 1e-6 units."""
        owed = dict.fromkeys((asset.name for asset in self.header.assets), 0)
        for part in self.parts:
            for balance in part.balances:
                owed[self.header.assets[balance.asset].name] += FINE_SCALE * balance.amount
            for position in part.positions:
                settlement = self.header.markets[position.market].settlement
                owed[self.header.assets[settlement].name] += position.counted
        return {name: amount for name, amount in owed.items() if amount}

    @property
    def debts(self) -> Mapping[str, int]:
        """What the holder owes of each asset."""
        debts: dict[str, int] = {}
        for part in self.parts:
            for debt in part.debts:
                name = self.header.assets[debt.asset].name
                debts[name] = debts.get(name, 0) + debt.amount
        return debts


def check_file(path: Path, directory: Directory) -> CheckedReceipt:
    """Raise unless every part of the account is counted under the root of a published run."""
    header = directory.read_header()
    tables = require_tables(header, directory.read_tables())
    root = directory.read_total(header).root
    with located(path.name):
        receipt = read_receipt(read_document(path), header)
        return CheckedReceipt(header, root, receipt.account, check_receipt(receipt, header, tables, root))
