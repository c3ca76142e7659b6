"""``release`` names one lock's asset and amount, and no position."""

from collections.abc import Iterator

import pytest

from circuits.builder import Builder
from circuits.engine import IntegerEngine
from circuits.errors import BrokenRuleError
from circuits.statements.claim import Inputs
from circuits.statements.release import Release, ReleaseWitness, inputs_for
from facts.commitments import Lock, commit_lock, commit_lock_owner, commit_release
from facts.tree import Tree
from snark.r1cs.program.execution import Given
from tests.circuits.statements.cheating import number
from tests.circuits.statements.claim_breaches import after, with_other_root
from tests.circuits.statements.claims import BINDING, DOMAIN, draw_element
from tests.circuits.statements.judgements import Judgement, require_constraints_agree
from tests.margin.strategies import SeededChooser

SECRET, SALT, LEVELS = 1234567, 7654321, 2
SHAPE = Release(LEVELS)


def make_witness(amount: int = 5) -> ReleaseWitness:
    lock = Lock(10, DOMAIN, 99, amount, commit_lock_owner(SECRET, SALT), 3)
    return ReleaseWitness(SECRET, lock, SALT, Tree(LEVELS, {17: commit_lock(lock)}).path(17), BINDING)


def judge(count: int, seed: int) -> Iterator[Judgement]:
    """Random locks in random places, each as it is and with one thing about it said that is not so."""
    choose = SeededChooser(seed)
    for _ in range(count):
        inputs = inputs_for(choose_witness(choose))
        yield Judgement(inputs)
        yield Judgement(*choose.pick(false_releases(inputs)))


def choose_witness(choose: SeededChooser) -> ReleaseWitness:
    """A lock of any size of any asset."""
    secret, salt, asset = (draw_element(choose) for _ in range(3))
    amount, index = choose.pick((1, choose.integer(2, 2**128 - 2), 2**128 - 1)), choose.integer(0, 2**64 - 1)
    lock = Lock(choose.integer(1, 2**64 - 1), DOMAIN, asset, amount, commit_lock_owner(secret, salt), index)
    place, other = choose.integer(0, 31), choose.integer(32, 63)
    path = Tree(LEVELS, {place: commit_lock(lock), other: draw_element(choose)}).path(place)
    return ReleaseWitness(secret, lock, salt, path, BINDING)


def false_releases(inputs: Inputs) -> tuple[tuple[Inputs, tuple[str]], ...]:
    """More than there is, another asset, another lock's nullifier, another owner, another tree."""
    asset, amount = number(inputs, "lock[0].asset"), number(inputs, "lock[0].amount")
    return (
        (inputs | {"policy": commit_release(asset, amount % (2**128 - 1) + 1)}, ("release_is_of_lock",)),
        (inputs | {"policy": commit_release(asset ^ 1, amount)}, ("release_is_of_lock",)),
        (after(inputs, "nullifier[0]"), ("lock[0].nullifier_is_of_lock",)),
        (after(inputs, "secret"), ("lock[0].path_holds_leaf",)),
        (with_other_root(inputs, "lock[0].path"), ("lock[0].lock_in_tree",)),
    )


def run(inputs: dict[str, Given]) -> list[int]:
    engine = IntegerEngine(inputs)
    SHAPE.define(Builder(engine))
    return engine.public


def test_a_release_shows_asset_and_amount() -> None:
    witness = make_witness()
    assert run(inputs_for(witness)) == list(witness.public_inputs().values)


def test_constraints_agree_on_locks_of_all_sizes() -> None:
    require_constraints_agree(SHAPE, judge(6, seed=7))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_constraints_agree_on_a_thousand_releases(seed: int) -> None:
    require_constraints_agree(SHAPE, judge(100, seed=3000 + seed))


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
