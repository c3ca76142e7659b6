"""A tree that is said to be deeper than the one that was proven: a receipt would lead to what nobody counted."""

from dataclasses import replace
from typing import Final

import pytest

from circuits.catalogue import name_circuit
from circuits.statements.solvency import Solvency
from facts.solvency.account import (
    AccountPart,
    Balance,
    commit_holder,
    commit_part,
    encode_part,
    name_holder,
    number_part,
)
from facts.solvency.header import AccountClass, Header
from facts.solvency.receipt import Receipt, ReceiptPart, check_receipt
from facts.solvency.shape import AccountShape, BatchShape
from facts.solvency.siblings import siblings_of
from facts.tree import ARITY, Path, Tree
from snark.poseidon.hashing import hash_inputs
from tests.facts.solvency.venue import HEADER, LENDING, TABLES

WIDE: Final = AccountShape(4, 4)
"""The hash of its leaves has as many inputs as a node has children."""
PROVEN: Final = BatchShape(WIDE, ARITY, 1)
CLAIMED: Final = BatchShape(WIDE, ARITY, 2)
VICTIM: Final = "victim"
HOLDER_AT: Final = 1


def deepen(header: Header) -> Header:
    """The header of a run of two batches, with a level more than there is."""
    classes = (AccountClass(CLAIMED, 1), AccountClass(BatchShape(LENDING, ARITY, CLAIMED.levels), 1))
    return replace(header, levels=CLAIMED.levels, classes=classes)


def test_a_tree_that_is_said_to_be_deeper() -> None:
    """Beneath a sham leaf, whose holder is free to choose, stands the leaf of the victim: the receipt is a good one.

    So the depth has to be in the name of the statement that the verifier takes the key of.
    """
    assert WIDE.inputs == ARITY
    header = deepen(HEADER)
    number = number_part(0, header.salt, VICTIM)
    victim = AccountPart(name_holder(VICTIM), 7, number, (), (Balance(0, 10**9),))
    owed = commit_part(victim, WIDE)
    inside = [WIDE.tag, owed, *encode_part(AccountPart(1, 2, number), WIDE)]
    counted = Tree(PROVEN.levels, {0: hash_inputs(inside)})
    run = Tree(1, {0: counted.root, 1: 5})
    path = Path(HOLDER_AT, (tuple(inside), *counted.path(0).levels, *run.path(0).levels))
    given = ReceiptPart(HOLDER_AT, victim.salt, (), victim.balances, (), siblings_of(path))
    receipt = Receipt(VICTIM, header.hash, run.root, (given,))
    assert check_receipt(receipt, header, TABLES, run.root) == (victim,)
    assert commit_holder(victim.identity, victim.salt) not in inside
    assert CLAIMED.name != PROVEN.name


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("account", [WIDE, AccountShape(2, 4), AccountShape(2, 4, 1)])
def test_the_name_of_a_batch_is_that_of_its_circuit(account: AccountShape, levels: int) -> None:
    statement = Solvency(ARITY, account.positions, account.balances, account.debts, levels)
    assert name_circuit(statement) == statement.batch.name == BatchShape(account, ARITY, levels).name
