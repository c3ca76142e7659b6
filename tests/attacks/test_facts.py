"""The attacks on what parties agree on: C8, R1 to R3, R5, R6, R8 and P2; each test has the id of its threat."""

import traceback
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import pytest

from facts.asset import AssetTier, commit_asset_tier
from facts.commitments import (
    CommittedPosition,
    Lock,
    PerpetualBody,
    commit_lock,
    commit_lock_owner,
    commit_owner,
    commit_position,
    commit_release,
    derive_nullifier,
    tag_position,
)
from facts.context import Binding, commit_context
from facts.elements import derive_element
from facts.instrument import InstrumentFact, commit_instrument
from facts.market import MarketTier, RequirementTerms, commit_market_tier
from facts.public_inputs import PublicInputs, identify_claim, unused_input
from facts.tags import Tag
from facts.tree import Tree, empty_node, verify_path
from margin.contracts import Contract, ContractKind, Side
from margin.errors import MarginError, Reason
from margin.policy import Basis, FeeBasis
from snark.bn254.constants import GROUP_ORDER
from snark.poseidon.hashing import hash_inputs

SECRET, OTHER_SECRET = 123, 124
LOCK = Lock(chain_id=1, domain=2, asset=3, amount=4, lock_owner=commit_lock_owner(SECRET, lock_salt=5), deposit_index=6)
POSITION = CommittedPosition(Tag.POSITION_PERP, commit_owner(SECRET), 1, 1, 1, salt=1)
BINDING = Binding("verifier.example", 1, b"\x11" * 20, b"\x22" * 20, 1_800_000_000)
INPUTS = PublicInputs(1, 2, 3, 4, (5, 6), 7, 8)
TERMS = RequirementTerms(1, 0, 0, Basis.MARK, FeeBasis.MARK)
MARKET = MarketTier(1, 1, Contract(ContractKind.LINEAR, 1), 1, 1, 0, 0, 1, TERMS, TERMS, 1)

ONE_OF_EACH_KIND = {
    "empty": empty_node(0),
    "empty node": empty_node(1),
    "unused": unused_input("book_root"),
    "owner": commit_owner(SECRET),
    "position": commit_position(POSITION),
    "structure": commit_position(replace(POSITION, kind=Tag.POSITION_STRUCTURE)),
    "portfolio": commit_position(replace(POSITION, kind=Tag.POSITION_PORTFOLIO)),
    "position tag": tag_position(SECRET, 1),
    "lock owner": commit_lock_owner(SECRET, 1),
    "lock": commit_lock(LOCK),
    "nullifier": derive_nullifier(SECRET, 1),
    "release": commit_release(SECRET, 1),
    "market": commit_market_tier(MARKET),
    "asset": commit_asset_tier(AssetTier(1, 1, 1, 0, 0, 0, 1)),
    "instrument": commit_instrument(InstrumentFact(1, 1, (0,) * 16, 0)),
    "context": commit_context(SECRET, BINDING),
}


def refused(act: Callable[..., object], *given: object, **named: object) -> MarginError:
    with pytest.raises(MarginError) as caught:
        act(*given, **named)
    return caught.value


# --- C8: one commitment, one meaning -----------------------------------------------------------------


def test_c8_a_leaf_of_one_kind_is_never_one_of_another() -> None:
    tree = Tree(2, list(ONE_OF_EACH_KIND.values()))
    for (place, one), (_, other) in combinations(enumerate(ONE_OF_EACH_KIND.values()), 2):
        assert one != other
        assert refused(verify_path, tree.path(place), other, tree.root).reason is Reason.NOT_IN_TREE


def test_c8_the_same_inputs_under_every_tag_are_different_hashes() -> None:
    for count in (1, 2, 4, 6, 7, 8):
        assert len({hash_inputs([int(tag), *range(count)]) for tag in Tag}) == len(Tag)


def test_c8_no_inner_node_is_a_leaf() -> None:
    tree = Tree(3, [7])
    inner = tree.node(1, 0)
    for place in range(8):
        assert refused(verify_path, tree.path(place), inner, tree.root).reason is Reason.NOT_IN_TREE
    shorter = Tree(2, {0: 7})
    assert tree.node(2, 0) == shorter.root != tree.root


def test_c8_no_tag_is_an_input_that_somebody_chooses() -> None:
    small = set(range(1000)) | {GROUP_ORDER - 1, 2**64 - 1, 2**128 - 1}
    assert not small & set(Tag)
    assert derive_element("asset:lock") not in set(Tag)


# --- R1: one lock, one nullifier ---------------------------------------------------------------------


def test_r1_the_nullifier_is_the_same_wherever_the_lock_is_spent() -> None:
    lock = commit_lock(LOCK)
    spent = {derive_nullifier(SECRET, lock)}
    for binding in (BINDING, replace(BINDING, chain_id=2), replace(BINDING, recipient=b"\x99" * 20)):
        for salt in (1, 2, 3):
            commit_context(LOCK.domain, binding)
            commit_position(replace(POSITION, salt=salt))
            spent.add(derive_nullifier(SECRET, commit_lock(LOCK)))
    assert len(spent) == 1


def test_r1_another_lock_or_another_owner_is_another_nullifier() -> None:
    locks = [LOCK] + [
        replace(LOCK, **{name: 77}) for name in ("chain_id", "domain", "asset", "amount", "deposit_index")
    ]
    spent = {derive_nullifier(secret, commit_lock(lock)) for secret in (SECRET, OTHER_SECRET) for lock in locks}
    assert len(spent) == 2 * len(locks)


def test_r1_another_key_is_not_the_owner_of_the_lock() -> None:
    assert commit_lock_owner(OTHER_SECRET, 5) != LOCK.lock_owner


def test_r1_one_lock_counts_once_in_one_proof() -> None:
    assert refused(replace, INPUTS, nullifiers=(5, 5)).field == "nullifiers"


# --- R2, R3: no second spelling ----------------------------------------------------------------------

BEYOND = [GROUP_ORDER, 2 * GROUP_ORDER, -GROUP_ORDER, 2**256 - 1]


@pytest.mark.parametrize("shift", [GROUP_ORDER, 2 * GROUP_ORDER, -GROUP_ORDER])
def test_r2_no_input_of_a_nullifier_has_a_second_name(shift: int) -> None:
    lock = commit_lock(LOCK)
    assert refused(derive_nullifier, SECRET + shift, lock).field == "secret"
    assert refused(derive_nullifier, SECRET, lock + shift).field == "lock"
    assert refused(commit_lock_owner, SECRET, 5 + shift).field == "lock_salt"


@pytest.mark.parametrize("name", ["chain_id", "domain", "asset", "amount", "lock_owner", "deposit_index"])
@pytest.mark.parametrize("shift", [GROUP_ORDER, -GROUP_ORDER])
def test_r2_no_part_of_a_lock_has_a_second_name(name: str, shift: int) -> None:
    assert refused(replace, LOCK, **{name: getattr(LOCK, name) + shift}).field == name


@pytest.mark.parametrize("bad", [True, 1.0, "1", b"1", None])
def test_r2_only_integers_are_hashed(bad: object) -> None:
    assert refused(derive_nullifier, bad, 1).reason is Reason.NOT_AN_INTEGER
    assert refused(replace, LOCK, deposit_index=bad).reason is Reason.NOT_AN_INTEGER


@pytest.mark.parametrize("bad", [True, 1.0, "1", None])
@pytest.mark.parametrize("name", ["size", "entry_notional", "funding_index", "market_id"])
def test_r2_only_integers_are_packed(name: str, bad: object) -> None:
    body = PerpetualBody(Side.LONG, 1, 1, 1, 1)
    assert refused(replace, body, **{name: bad}).reason is Reason.NOT_AN_INTEGER


@pytest.mark.parametrize("place", range(8))
@pytest.mark.parametrize("shift", BEYOND)
def test_r3_no_public_input_has_a_second_name(place: int, shift: int) -> None:
    values = list(INPUTS.values)
    values[place] += shift
    assert refused(PublicInputs.of, values).field == INPUTS.names[place]


@pytest.mark.parametrize("place", range(8))
def test_r3_nor_do_its_bytes(place: int) -> None:
    data = bytearray(INPUTS.encode())
    spelled = INPUTS.values[place] + GROUP_ORDER
    data[32 * place : 32 * place + 32] = spelled.to_bytes(32, "big")
    assert refused(PublicInputs.decode, bytes(data)).field == INPUTS.names[place]


# --- R5, R6: one place, one purpose ------------------------------------------------------------------


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(BINDING, verifier="verifier.example2"),
        replace(BINDING, chain_id=11155111),
        replace(BINDING, contract=b"\x33" * 20),
        replace(BINDING, recipient=b"\x33" * 20),
        replace(BINDING, expiry=1_800_000_001),
    ],
)
def test_r5_a_proof_for_one_place_is_none_for_another(elsewhere: Binding) -> None:
    assert commit_context(1, elsewhere) != commit_context(1, BINDING)


def test_r5_a_claim_under_another_key_or_domain_is_another_claim() -> None:
    claims = {identify_claim(domain, key * 32, INPUTS) for domain in (1, 2) for key in ("aa", "bb")}
    assert len(claims) == 4


def test_r6_bytes_do_not_move_from_a_field_to_its_neighbour() -> None:
    moved = replace(BINDING, contract=BINDING.contract + b"\x22", recipient=BINDING.recipient[1:])
    assert moved.contract + moved.recipient == BINDING.contract + BINDING.recipient
    assert moved.encode() != BINDING.encode()
    swallowed = replace(BINDING, verifier="verifier.exampl")
    assert len({BINDING.element, moved.element, swallowed.element}) == 3


def test_r6_inputs_do_not_move_from_a_slot_to_its_neighbour() -> None:
    fewer = PublicInputs.of((*INPUTS.values[:4], *INPUTS.values[5:]))
    claims = {identify_claim(1, "aa" * 32, inputs) for inputs in (INPUTS, fewer)}
    assert len(claims) == 2


# --- R8: nothing that was forgotten ------------------------------------------------------------------


@pytest.mark.parametrize("place", range(7))
def test_r8_a_zero_is_no_root_tag_nullifier_or_context(place: int) -> None:
    values = list(INPUTS.values)
    values[place] = 0
    error = refused(PublicInputs.of, values)
    assert (error.reason, error.field) == (Reason.OUT_OF_BOUNDS, INPUTS.names[place])


@pytest.mark.parametrize("name", ["chain_id", "amount"])
def test_r8_a_lock_of_nothing_is_none(name: str) -> None:
    assert refused(replace, LOCK, **{name: 0}).field == name


@pytest.mark.parametrize("change", [{"chain_id": 0}, {"expiry": 0}, {"verifier": ""}, {"contract": b""}])
def test_r8_a_binding_of_nothing_is_none(change: dict[str, object]) -> None:
    assert refused(replace, BINDING, **change).field in change


# --- P2: what is secret is not said ------------------------------------------------------------------

CANARY = 987654321987654321987654321


def test_p2_no_secret_is_in_a_repr() -> None:
    body = PerpetualBody(Side.LONG, CANARY % 2**64, CANARY, CANARY % 2**63, CANARY % 2**20)
    position = CommittedPosition(Tag.POSITION_PERP, CANARY, CANARY, CANARY, CANARY, CANARY)
    lock = Lock(CANARY % 2**63, CANARY, CANARY, CANARY, CANARY, CANARY % 2**63)
    shown = f"{body!r} {position!r} {lock!r} {Tree(2, [CANARY]).path(0)!r} {Tree(2, [CANARY])!r}"
    assert not any(str(number) in shown for number in (CANARY, body.size, body.funding_index, body.market_id))


@pytest.mark.parametrize(
    "act",
    [
        lambda: commit_owner(CANARY + GROUP_ORDER),
        lambda: derive_nullifier(1, -CANARY),
        lambda: PerpetualBody(Side.LONG, 1, CANARY * 2**64, 0, 1),
        lambda: CommittedPosition(Tag.POSITION_PERP, 1, 1, 1, CANARY * 2**64, 1),
        lambda: CommittedPosition(Tag.POSITION_PERP, 1, 1, 1, 1, f"{CANARY}"),  # type: ignore[arg-type]
        lambda: Tree(2, [CANARY * GROUP_ORDER]),
        lambda: verify_path(Tree(2, [CANARY]).path(0), CANARY + 1, 1),
    ],
)
def test_p2_no_secret_is_in_an_error(act: Callable[[], object]) -> None:
    with pytest.raises(MarginError) as caught:
        act()
    said = "".join(traceback.format_exception_only(caught.value))
    assert "987654321" not in said
    assert "98765432" not in f"{caught.value.__dict__}"
