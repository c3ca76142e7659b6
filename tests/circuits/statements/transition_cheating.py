"""Transitions with hidden numbers changed at will and committed to anew, as if venue, oracle and verifier agreed.

``forge`` changes inputs and makes leaves, roots, spends and the word in the place of the policy fit. What the numbers
say of each other it leaves as it is: that is what the statement has to refuse.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from circuits.statements.claim import Inputs
from facts.packing import CASH, FUNDING, MARKET_TERMS, PERP_BODY, SETTLEMENT, WALLET
from facts.tags import Tag
from facts.transition import POSITIONS
from snark.bn254.constants import GROUP_ORDER
from snark.poseidon.hashing import hash_inputs
from tests.circuits.statements.cheating import number, pack_raw, rehash

SCOPES: Final = tuple(f"position[{index}]" for index in range(POSITIONS))
NOTHING: Final = int(Tag.NO_POSITION)


def forge(inputs: Inputs, changes: Mapping[str, int]) -> Inputs:
    """The inputs with changes, and everything that is committed to or derived from them made to fit."""
    forged = inputs | dict(changes)
    moved = rehash(inputs, dict(zip(leaves_of(inputs), leaves_of(forged), strict=True)))
    return restate(forged | moved | dict(spends_of(forged)))


def restate(inputs: Inputs) -> Inputs:
    """The same with what is stated made to fit the numbers, and the nullifiers as they are."""
    leaves = (leaf_after(inputs, index) for index in range(POSITIONS))
    return inputs | {"policy": hash_inputs([int(Tag.TRANSITION), *leaves, flows(inputs)])}


def read_money(inputs: Inputs, name: str) -> int:
    """A signed number."""
    return number(inputs, f"{name}.magnitude") * (-1 if number(inputs, f"{name}.sign") else 1)


def shift_money(inputs: Inputs, name: str, step: int) -> dict[str, int]:
    """A signed number that is another."""
    money = read_money(inputs, name) + step
    return {f"{name}.magnitude": abs(money), f"{name}.sign": int(money < 0)}


def leaves_of(inputs: Inputs) -> Iterator[int]:
    """What stands in the trees: each position before, and each market."""
    for scope in SCOPES:
        yield leaf_before(inputs, scope)
        yield market_leaf(inputs, f"{scope}.market", number(inputs, f"{scope}.market_id"))


def spends_of(inputs: Inputs) -> Iterator[tuple[str, int]]:
    """The nullifiers."""
    for index, scope in enumerate(SCOPES):
        before, after = (number(inputs, f"{scope}.{name}") for name in ("present", "after.present"))
        yield f"nullifier[{index}]", nullifier_of(inputs, scope)
        whose, which = number(inputs, "secret"), number(inputs, f"{scope}.position_id")
        if before or not after:
            whose, which = number(inputs, f"{scope}.birth_salt"), NOTHING
        yield f"nullifier[{POSITIONS + index}]", hash_inputs([int(Tag.BIRTH), whose, which])


def nullifier_of(inputs: Inputs, scope: str) -> int:
    """The spend of what was there, or of nothing."""
    spent = leaf_before(inputs, scope) if number(inputs, f"{scope}.present") else NOTHING
    return hash_inputs([int(Tag.LEAF_NULLIFIER), spent, number(inputs, f"{scope}.salt")])


def leaf_before(inputs: Inputs, scope: str) -> int:
    """The commitment to what was there."""
    return commit(inputs, scope, pack_raw(PERP_BODY, inputs, scope), f"{scope}.cash", number(inputs, f"{scope}.salt"))


def leaf_after(inputs: Inputs, index: int) -> int:
    """The commitment to what is there."""
    scope = SCOPES[index]
    present = number(inputs, f"{scope}.after.present")
    market = f"{scope}.market.funding"
    parts: Inputs = {
        f"{scope}.{name}": value
        for name, value in (
            ("side", number(inputs, f"{scope}.side")),
            ("size", size_after(inputs, scope)),
            ("entry_notional", number(inputs, f"{scope}.entry_after")),
            ("funding_magnitude", number(inputs, f"{market}.magnitude")),
            ("funding_sign", number(inputs, f"{market}.sign")),
            ("market_id", number(inputs, f"{scope}.market_id")),
        )
    }
    body = pack_raw(PERP_BODY, parts, scope) if present else 0
    kind = Tag.POSITION_PERP if present else Tag.NO_POSITION
    spent, seed = number(inputs, f"nullifier[{index}]"), number(inputs, f"{scope}.after.seed")
    salt = hash_inputs([int(Tag.LEAF_SALT), spent, seed])
    return commit(inputs, scope, body, f"{scope}.after.cash", salt, kind)


def commit(inputs: Inputs, scope: str, body: int, cash: str, salt: int, kind: Tag = Tag.POSITION_PERP) -> int:
    """A leaf of the owner."""
    owner = hash_inputs([int(Tag.OWNER), number(inputs, "secret")])
    position_id = number(inputs, f"{scope}.position_id")
    return hash_inputs([int(kind), owner, position_id, body, pack_raw(CASH, inputs, cash), salt])


def size_after(inputs: Inputs, scope: str) -> int:
    """What the lots make of the size, in the field."""
    lots = number(inputs, f"{scope}.lots") * (1 if number(inputs, f"{scope}.adds") else -1)
    return (number(inputs, f"{scope}.size") + lots) % GROUP_ORDER


def flows(inputs: Inputs) -> int:
    """The commitment to the flows, in the currency of the first market."""
    parts = inputs | {"flows.currency_id": number(inputs, f"{SCOPES[0]}.market.currency_id")}
    wallet, settlement = pack_raw(WALLET, parts, "flows"), pack_raw(SETTLEMENT, parts, "flows")
    return hash_inputs([int(Tag.FLOWS), wallet, settlement])


def market_leaf(inputs: Inputs, scope: str, market_id: int) -> int:
    """The commitment to a tier of a market."""
    terms = pack_raw(MARKET_TERMS, inputs | {f"{scope}.market_id": market_id}, scope)
    rest = ("floor", "ceiling", "initial", "maintenance", "policy_hash")
    funding = pack_raw(FUNDING, inputs, f"{scope}.funding")
    return hash_inputs([int(Tag.MARKET), terms, funding, *(number(inputs, f"{scope}.{name}") for name in rest)])
