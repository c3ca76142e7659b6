"""Attacks on the gate that opens on a proof: keys whose secrets the attacker knows, so that he proves what he likes.

Whatever is refused here is refused although its proof is valid: by what the proof says, and of which place.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chains.development.compilation import compile_verifier
from chains.development.deployment import Deployed, deploy
from snark.bn254.constants import GROUP_ORDER
from snark.groth16.development import compute_development_gamma
from snark.groth16.keys import VerifyingKey
from tests.chains.nodes import needs_nodes
from tests.contracts.arena import (
    CHAIN_ID,
    DAY,
    GOVERNORS,
    PERIOD,
    Arena,
    committee,
    open_arena,
    spell,
    undone,
)
from tests.contracts.proof_gates import (
    BOOK,
    ENTRY,
    EXIT,
    LOCK,
    LOCKED,
    MARKET,
    MAX_AGE,
    RECIPIENT,
    ROOTS,
    UPKEEP,
    VOUCHERS,
    Gate,
    compile_both,
    found,
)

pytestmark = [needs_nodes, pytest.mark.slow]


@pytest.fixture(scope="module")
def ground() -> Iterator[Arena]:
    with open_arena() as arena:
        yield arena


@pytest.fixture(scope="module")
def verifiers(ground: Arena) -> tuple[str, str]:
    """The verifiers of both shapes."""
    return compile_both(ground)


@pytest.fixture(scope="module")
def contract(ground: Arena, verifiers: tuple[str, str]) -> Deployed:
    return found(ground, verifiers)


@pytest.fixture
def bare_gate(ground: Arena, contract: Deployed) -> Iterator[Gate]:
    """A gate that was just made."""
    with undone(ground):
        yield Gate(ground, contract)


@pytest.fixture
def gate(bare_gate: Gate) -> Gate:
    """A gate at which the newest roots stand."""
    for kind, root in ROOTS.items():
        bare_gate.post(kind, root, 1, bare_gate.arena.now)
    return bare_gate


def test_an_honest_claim_is_taken(gate: Gate) -> None:
    claim = gate.claim()
    gate.accept(claim)
    assert gate.contract.ask("isHeld", claim.nullifier)


# --- R5: proofs for another place ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place",
    [
        {"chain_id": CHAIN_ID + 1},
        {"chain_id": 1},
        {"contract": b"\x55" * 20},
        {"contract": b"\x55" * 24},
        {"verifier": "desk-1"},
        {"recipient": b"\x45" * 20},
        {"recipient": RECIPIENT + b"\0"},
        {"expiry": 2**40},
        {"domain": "clearing.example"},
    ],
    ids=str,
)
def test_r5_a_proof_for_another_place_opens_nothing(gate: Gate, place: dict[str, Any]) -> None:
    claim = gate.claim()
    assert gate.refusal(claim, gate.proof(claim, context=gate.context(claim, **place))) == "ProofInvalid"


def test_r5_on_a_fork_that_calls_itself_otherwise_nothing_opens(gate: Gate) -> None:
    claim = gate.claim()
    gate.arena.node.ask("anvil_setChainId", CHAIN_ID + 1)
    try:
        here = gate.context(claim, chain_id=CHAIN_ID + 1)
        for proof in (gate.proof(claim), gate.proof(claim, context=here)):
            assert gate.refusal(claim, proof) == "ChainSplit"
    finally:
        gate.arena.node.ask("anvil_setChainId", CHAIN_ID)


def test_r5_nobody_takes_the_acceptance_of_somebody_else_for_himself(gate: Gate) -> None:
    claim = gate.claim()
    proof = gate.proof(claim)
    for changes in ({"recipient": b"\x99" * 20}, {"tag": 56}, {"nullifier": 78}, {"expiry": claim.expiry + 1}):
        assert gate.refusal(replace(claim, **changes), proof) == "ProofInvalid"


# --- V1, R3, R7, R8: what is said -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tag", "nullifier"])
@pytest.mark.parametrize("times", [1, 2])
def test_v1_a_public_input_has_one_name(gate: Gate, name: str, times: int) -> None:
    claim = gate.claim()
    proof = gate.proof(claim)
    gate.accept(claim)
    again = replace(claim, **{name: getattr(claim, name) + times * GROUP_ORDER})
    expected = "InputTooLarge" if name == "nullifier" else "NullifierTaken"
    assert gate.refusal(again, proof) == expected


@pytest.mark.parametrize("name", ["book", "market", "lock"])
def test_v1_a_root_has_one_name(gate: Gate, name: str) -> None:
    claim = gate.claim()
    again = replace(claim, **{name: getattr(claim, name) + GROUP_ORDER})
    assert gate.refusal(again, gate.proof(claim)) == "RootUnknown"
    assert gate.refusal_of_root(LOCK, ROOTS[LOCK] + GROUP_ORDER, 9, gate.arena.now) == "RootMalformed"


def test_r7_a_valid_proof_of_something_less_opens_nothing(gate: Gate) -> None:
    claim = gate.claim()
    for policy in (UPKEEP, EXIT, 0, ENTRY + (1 << 41), ENTRY | 1):
        assert gate.refusal(claim, gate.proof(claim, policy)) == "ProofInvalid"


def test_r7_the_proof_of_one_shape_is_none_of_the_other(gate: Gate) -> None:
    claim = gate.claim()
    assert gate.refusal(claim, gate.bare_proof(claim)) == "ProofInvalid"
    gate.accept(claim)
    assert gate.refusal(claim, gate.proof(claim), "free") == "ProofInvalid"
    for policy in (ENTRY, UPKEEP, 0):
        assert gate.refusal(claim, gate.bare_proof(claim, policy), "free") == "ProofInvalid"


def test_r8_a_gate_that_was_just_made_knows_no_root(bare_gate: Gate) -> None:
    claim = bare_gate.claim()
    assert bare_gate.refusal(claim) == "RootUnknown"
    zero = bare_gate.claim(book=0, market=0, lock=0)
    assert bare_gate.refusal(zero) == "RootUnknown"
    assert bare_gate.refusal(bare_gate.claim(nullifier=0)) == "ClaimMalformed"
    assert bare_gate.refusal(bare_gate.claim(tag=0)) == "ClaimMalformed"


def test_r8_no_root_is_zero_or_of_no_time_or_of_one_to_come(bare_gate: Gate) -> None:
    now = bare_gate.arena.now
    assert bare_gate.refusal_of_root(LOCK, 0, 1, now) == "RootMalformed"
    assert bare_gate.refusal_of_root(LOCK, 103, 1, 0) == "MomentMalformed"
    assert bare_gate.refusal_of_root(LOCK, 103, 1, now + 3600) == "MomentMalformed"
    assert bare_gate.refusal_of_root(LOCK, 103, 1, 2**64 - 1) == "MomentMalformed"
    assert bare_gate.refusal_of_root(0, 103, 1, now) == "KindUnknown"
    assert bare_gate.refusal_of_root(4, 103, 1, now) == "KindUnknown"


def test_r8_a_claim_without_a_recipient_or_with_one_that_shifts_the_fields_is_refused(gate: Gate) -> None:
    for recipient in (b"", bytes(65), bytes(65_536)):
        claim = gate.claim(recipient=recipient)
        proof = gate.proof(gate.claim())
        assert gate.refusal(claim, proof) == "BindingMalformed"


# --- Roots: age, forgery, order -----------------------------------------------------------------------------


def test_roots_are_as_old_as_their_facts_however_late_they_are_posted(bare_gate: Gate) -> None:
    old = bare_gate.arena.now - MAX_AGE - 1
    for kind, root in ROOTS.items():
        bare_gate.post(kind, root, 1, old)
    assert bare_gate.refusal(bare_gate.claim()) == "RootStale"


@pytest.mark.parametrize("kind", ROOTS)
def test_a_stale_root_of_any_kind_is_refused(gate: Gate, kind: int) -> None:
    gate.arena.node.advance(MAX_AGE + 1)
    for other, root in ROOTS.items():
        if other != kind:
            gate.post(other, root, 2, gate.arena.now)
    assert gate.refusal(gate.claim()) == "RootStale"


def test_a_root_of_one_kind_is_none_of_another(gate: Gate) -> None:
    assert gate.refusal(gate.claim(book=ROOTS[MARKET], market=ROOTS[BOOK])) == "RootUnknown"
    kind, root, sequence, moment, signatures = gate.posting(MARKET, 104, 5, gate.arena.now)
    refused = gate.arena.refusal(gate.contract, "postRoot", BOOK, root, sequence, moment, signatures)
    assert (kind, refused) == (MARKET, "SignerUnknown")


def test_a_root_that_was_disowned_never_counts_again(gate: Gate) -> None:
    claim = gate.claim()
    gate.disown(LOCK, claim.lock)
    assert gate.refusal(claim) == "RootDisowned"
    assert gate.refusal_of_root(LOCK, claim.lock, 2, gate.arena.now) == "RootDisowned"
    gate.disown(LOCK, 999)
    assert gate.refusal_of_root(LOCK, 999, 3, gate.arena.now) == "RootDisowned", "nor one that was not posted yet"


def test_a_captured_committee_cannot_post_a_number_that_nothing_follows(gate: Gate) -> None:
    gate.post(LOCK, 999, 2**64 - 1, gate.arena.now)
    gate.post(LOCK, 1000, 2, gate.arena.now)
    assert gate.refusal(gate.claim(lock=1000)) == ""


def test_whoever_posts_the_newer_root_first_does_not_shut_out_the_older(gate: Gate) -> None:
    now = gate.arena.now
    gate.post(LOCK, 1001, 12, now)
    gate.post(LOCK, 1000, 11, now - 10)
    assert gate.refusal(gate.claim(lock=1000)) == ""
    assert gate.contract.ask("newestOf", LOCK) == (12, now)


def test_an_older_posting_makes_no_root_older_nor_younger(gate: Gate) -> None:
    gate.arena.node.advance(MAX_AGE - 20)
    gate.post(LOCK, ROOTS[LOCK], 7, 1_000_000)
    assert gate.refusal(gate.claim()) == "", "still as young as it was"
    gate.arena.node.advance(60)
    gate.post(LOCK, ROOTS[LOCK], 8, gate.arena.now - MAX_AGE - 5)
    assert gate.refusal(gate.claim()) == "RootStale"


# --- R9: what is over -----------------------------------------------------------------------------------------


def test_r4_a_proof_made_anew_is_the_same_claim(gate: Gate) -> None:
    claim = gate.claim()
    gate.accept(claim)
    assert gate.refusal(claim, gate.proof(claim, seed=1)) == "NullifierTaken"
    assert gate.refusal(gate.claim(tag=56)) == "NullifierTaken"


def test_r9_a_released_lock_is_never_collateral_again(gate: Gate) -> None:
    claim = gate.claim()
    gate.accept(claim)
    gate.free(claim)
    assert not gate.contract.ask("isHeld", claim.nullifier)
    assert gate.refusal(claim) == "NullifierTaken"
    assert gate.refusal(claim, gate.proof(claim, UPKEEP), "refresh") == "Released"
    assert gate.refusal(claim, gate.bare_proof(claim), "free") == "Released"


def test_r9_what_has_lapsed_is_neither_refreshed_nor_freed_nor_taken_again(gate: Gate) -> None:
    gate.accept(gate.claim())
    gate.arena.node.advance(PERIOD)
    for kind, root in ROOTS.items():
        gate.post(kind, root, 2, gate.arena.now)
    claim = gate.claim()
    assert not gate.contract.ask("isHeld", claim.nullifier)
    assert gate.refusal(claim) == "NullifierTaken"
    assert gate.refusal(claim, gate.proof(claim, UPKEEP), "refresh") == "Lapsed"
    assert gate.refusal(claim, gate.bare_proof(claim), "free") == "Lapsed"


def test_an_acceptance_lives_no_longer_than_its_proof(gate: Gate) -> None:
    claim = gate.claim(expiry=gate.arena.now + 30)
    gate.accept(claim)
    assert gate.contract.ask("find", claim.nullifier)[2] == claim.expiry
    gate.arena.node.advance(30)
    assert not gate.contract.ask("isHeld", claim.nullifier)
    assert gate.refusal(replace(claim, nullifier=78), gate.proof(replace(claim, nullifier=78))) == "Expired"


def test_isolation_a_healthier_position_refreshes_nothing_of_another(gate: Gate) -> None:
    claim = gate.claim()
    gate.accept(claim)
    for changes in ({"tag": 56}, {"recipient": b"\x45" * 20}):
        other = replace(claim, **changes)
        assert gate.refusal(other, gate.proof(other, UPKEEP), "refresh") == "WrongPosition"
        assert gate.refusal(other, gate.bare_proof(other), "free") == "WrongPosition"
    stranger = replace(claim, nullifier=78)
    assert gate.refusal(stranger, gate.proof(stranger, UPKEEP), "refresh") == "AcceptanceUnknown"


def test_a_proof_that_freed_one_lock_frees_no_other_of_the_position(gate: Gate) -> None:
    first, second = gate.claim(), gate.claim(nullifier=78)
    gate.accept(first)
    gate.accept(second)
    shown = gate.bare_proof(first)
    assert gate.refusal(second, shown, "free") == "ProofInvalid"
    assert gate.refusal(first, shown, "free") == ""


def test_nobody_but_the_recipient_lets_a_lock_go_without_a_proof(gate: Gate) -> None:
    mine = gate.claim(recipient=bytes.fromhex(gate.arena.node.accounts[3][2:]))
    gate.accept(mine)
    for sender in (0, 9):
        refused = gate.arena.refusal(gate.contract, "letGo", mine.nullifier, mine.tag, sender=sender)
        assert refused == "WrongPosition"
    assert gate.arena.refusal(gate.contract, "letGo", mine.nullifier, mine.tag + 1, sender=3) == "WrongPosition"
    gate.arena.send(gate.contract, "letGo", mine.nullifier, mine.tag, sender=3)


def test_one_governor_makes_nobody_lapse(ground: Arena, verifiers: tuple[str, str]) -> None:
    """A pause keeps out what is new. Were refreshing paused, one governor and a venue could seize everything."""
    accounts = sorted((each.lower() for each in ground.node.accounts[:3]), key=str)
    members = committee("governors", GOVERNORS)[0], accounts, 2
    with undone(ground):
        gate = Gate(ground, found(ground, verifiers, members))
        for kind, root in ROOTS.items():
            gate.post(kind, root, 1, ground.now)
        claim = gate.claim()
        gate.accept(claim)
        ground.send(gate.contract, "pause", sender=0)
        assert gate.refusal(gate.claim(nullifier=78)) == "Paused"
        assert gate.refusal(claim, gate.proof(claim, UPKEEP), "refresh") == ""
        assert gate.refusal(claim, gate.bare_proof(claim), "free") == ""


# --- Keys -------------------------------------------------------------------------------------------------


def test_a_key_for_development_makes_no_gate_unless_it_is_said(ground: Arena, verifiers: tuple[str, str]) -> None:
    marked = replace_gamma(LOCKED.key)
    with undone(ground):
        place = deploy(ground.node, compile_verifier(marked, "Marked")).spelling
        roles = [committee(name, VOUCHERS) for name in ("governors", "book", "market", "lock")]
        terms = (place, verifiers[1], ENTRY, UPKEEP, PERIOD, MAX_AGE, MAX_AGE, MAX_AGE)
        assert ground.refusal_of_making("ProofGate", (roles, 0, DAY), (*terms, False)) == "KeyForDevelopment"
        assert ground.refusal_of_making("ProofGate", (roles, 0, DAY), (*terms, True)) == ""
        nobody = (spell(bytes(20)), *terms[1:])
        with pytest.raises(AssertionError, match="without a name"):
            ground.refusal_of_making("ProofGate", (roles, 0, DAY), (*nobody, False))


def replace_gamma(key: VerifyingKey) -> VerifyingKey:
    """The same key, marked as one for development."""
    gamma = compute_development_gamma()
    return VerifyingKey(key.alpha, key.beta, gamma, key.delta, key.ic, allow_development_keys=True)
