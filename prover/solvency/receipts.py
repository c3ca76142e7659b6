"""Receipts from the state of a run: for one account, or for all of them."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from facts.solvency.account import number_part
from facts.solvency.receipt import Receipt, ReceiptPart
from facts.solvency.siblings import siblings_of
from facts.tree import ARITY, Tree
from facts.tree import Path as TreePath
from margin.errors import MisuseError, Reason
from prover.solvency.parts import OpenPart
from prover.solvency.prepared import Prepared

KEPT_TREES: Final = 64


class Receipts:
    """Makes receipts of a run that is prepared."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._tree = lru_cache(KEPT_TREES)(prepared.grow_tree)

    def make(self, account: str) -> Receipt:
        """The receipt of one account."""
        first = self._find(account, 0)
        if first is None:
            found, expected = "another account", "an account of this run"
            raise MisuseError(Reason.NOT_IN_TREE, "account", found=found, expected=expected)
        return self._gather(account, *first)

    def make_all(self) -> Iterator[Receipt]:
        """The receipts of all accounts, in the order of their first parts."""
        for batch in range(self._prepared.header.batches):
            for place, (_, part) in enumerate(self._prepared.open_parts(batch)):
                if part.account and part.part == 0:
                    yield self._gather(part.account, batch, place, part)

    def _gather(self, account: str, batch: int, place: int, part: OpenPart) -> Receipt:
        """The receipt of an account whose first part was found."""
        parts = [self._describe(batch, place, part)]
        for number in range(1, part.of):
            found = self._find(account, number)
            if found is None:
                expected = "all parts of the account: the state was altered"
                raise MisuseError(Reason.WRONG_STATE, f"parts[{number}]", found="none", expected=expected)
            parts.append(self._describe(*found))
        return Receipt(account, self._prepared.header.hash, self._prepared.tree.root, tuple(parts))

    def _find(self, account: str, number: int) -> tuple[int, int, OpenPart] | None:
        """The batch of a part, and its place there."""
        prepared = self._prepared
        for place in range(len(prepared.header.classes)):
            wanted = number_part(place, prepared.header.salt, account, number)
            batch = prepared.parts.find(wanted)
            if batch is None:
                continue
            for index, (found, part) in enumerate(prepared.open_parts(batch)):
                if found == wanted and part.account == account:
                    return batch, index, part
        return None

    def _describe(self, batch: int, place: int, part: OpenPart) -> ReceiptPart:
        """A part with its way to the root."""
        prepared, levels = self._prepared, self._prepared.header.levels
        tree: Tree = self._tree(batch)
        path = TreePath(batch * ARITY**levels + place, tree.path(place).levels + prepared.tree.levels_above(batch))
        number = number_part(part.place, prepared.header.salt, part.account, part.part)
        held = tuple(part.positions), tuple(part.balances), tuple(part.debts)
        return ReceiptPart(path.index, prepared.seed.leaf_salt(number), *held, siblings_of(path))


def receipt_path(folder: Path, account: str) -> Path:
    """Where the receipt of an account goes: names of accounts may hold what names of files may not."""
    return folder / f"{''.join(spell_letter(letter) for letter in account)}.json"


def spell_letter(letter: str) -> str:
    """A letter that files can have in their names, or its number."""
    return letter if letter.isalnum() or letter in "-_" else f"%{ord(letter):02x}"
