"""``release`` names one lock's asset and amount, and no position."""

import pytest

from circuits.builder import Builder
from circuits.engine import IntegerEngine
from circuits.errors import BrokenRuleError
from circuits.statements.release import Release, ReleaseWitness, inputs_for
from facts.commitments import Lock, commit_lock, commit_lock_owner, commit_release
from facts.tree import Tree
from snark.r1cs.program.execution import Given
from tests.circuits.statements.claims import BINDING, DOMAIN

SECRET, SALT, LEVELS = 1234567, 7654321, 2
SHAPE = Release(LEVELS)


def make_witness(amount: int = 5) -> ReleaseWitness:
    lock = Lock(10, DOMAIN, 99, amount, commit_lock_owner(SECRET, SALT), 3)
    return ReleaseWitness(SECRET, lock, SALT, Tree(LEVELS, {17: commit_lock(lock)}).path(17), BINDING)


def run(inputs: dict[str, Given]) -> list[int]:
    engine = IntegerEngine(inputs)
    SHAPE.define(Builder(engine))
    return engine.public


def test_a_release_shows_asset_and_amount() -> None:
    witness = make_witness()
    assert run(inputs_for(witness)) == list(witness.public_inputs().values)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("policy", commit_release(99, 6), "release_is_of_lock"),
        ("nullifier[0]", 1, "lock[0].nullifier_is_of_lock"),
        ("lock_root", 1, "lock[0].lock_in_tree"),
        ("context", 1, "context.context_opens"),
        ("book_root", 1, "book_root_is_unused"),
        ("position_tag", 1, "position_tag_is_unused"),
        ("secret", SECRET + 1, "lock[0].path_holds_leaf"),
        ("lock[0].amount", 6, "lock[0].path_holds_leaf"),
        ("lock[0].salt", SALT + 1, "lock[0].path_holds_leaf"),
        ("context.domain", DOMAIN + 1, "context.context_opens"),
    ],
)
def test_nothing_of_it_can_be_changed(name: str, value: int, rule: str) -> None:
    with pytest.raises(BrokenRuleError) as refused:
        run(inputs_for(make_witness()) | {name: value})
    assert refused.value.field == rule
