"""Attacks on the domain of a gate that observers speak for: what they could take at an escrow, alone and together.

Keys of proofs are ones whose secrets are known, so that whatever is refused is refused although its proof is valid.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest

from chains.observing.words import name_acceptance
from facts.secp256k1 import SigningKey
from tests.chains.nodes import needs_nodes
from tests.contracts.arena import CHAIN_ID, DOMAIN, VERIFIERS, Arena, Word, keys_of, open_arena, sign, undone
from tests.contracts.escrows import EXITS, FREE, RELEASES, SEIZE, Escrow, Leaving, Locked, Payment
from tests.contracts.proof_gates import ROOTS, UPKEEP, Gate, compile_both, found

pytestmark = [needs_nodes, pytest.mark.slow]

OBSERVERS, OTHERS = keys_of("observer", 3), keys_of("observer of another gate", 3)
THIEF, VENUE = b"\x99" * 20, b"\x66" * 20
ROOT = 7


@dataclass(frozen=True)
class Ground:
    """Two gates, an escrow that knows both and a verifier, and a lock of each."""

    arena: Arena
    escrow: Escrow
    gate: Gate
    other: Gate
    locked: Locked
    of_other: Locked
    of_verifier: Locked

    def say(self, said: Word, keys: Sequence[SigningKey], gate: Gate) -> tuple[object, ...]:
        """A word as observers of a gate sign it."""
        digest = said.digest(CHAIN_ID, gate.contract.address, verifier=gate.name, domain=gate.name)
        return CHAIN_ID, gate.contract.spelling, said.struct, sign(digest, keys)

    def word(self, locked: Locked, what: tuple[int, int] = FREE, recipient: bytes = VENUE) -> Word:
        acceptance = bytes.fromhex(name_acceptance(locked.nullifier))
        return self.escrow.word(locked.nullifier, what, acceptance=acceptance, recipient=recipient)

    def payment(self, locked: Locked, gate: Gate, function: str = "withdraw", recipient: bytes = THIEF) -> Payment:
        return replace(self.escrow.pay(locked, function, root=ROOT), verifier=gate.name, recipient=recipient)


@pytest.fixture(scope="module")
def made() -> Iterator[Ground]:
    with open_arena() as arena:
        both = compile_both(arena)
        gate, other = (Gate(arena, found(arena, both)) for _ in range(2))
        escrow = Escrow.found(arena, RELEASES.key, EXITS.key, is_for_development=False)
        escrow.open(gate.name, gate.name, OBSERVERS)
        escrow.open(other.name, other.name, OTHERS)
        locks = [escrow.deposit(100, domain=domain) for domain in (gate.name, other.name, DOMAIN)]
        escrow.post(ROOT)
        for each in (gate, other):
            for kind, root in ROOTS.items():
                each.post(kind, root, 1, arena.now)
        yield Ground(arena, escrow, gate, other, *locks)


@pytest.fixture
def ground(made: Ground) -> Iterator[Ground]:
    with undone(made.arena):
        yield made


def test_what_observers_say_is_paid(ground: Ground) -> None:
    said = ground.say(ground.word(ground.locked), OBSERVERS[:2], ground.gate)
    ground.payment(ground.locked, ground.gate, recipient=VENUE).make(said)
    assert ground.escrow.balance(VENUE) == 100


def test_a3_fewer_observers_than_the_quorum_say_nothing(ground: Ground) -> None:
    payment, word = ground.payment(ground.locked, ground.gate), ground.word(ground.locked)
    leaving = Leaving(ground.escrow, ground.locked, ground.arena.now + 86_400)
    leaving.request()
    held = Word.at(ground.arena.now, held=(ground.locked.nullifier,))
    for keys, expected in (
        (OBSERVERS[:1], "SignaturesMiscounted"),
        ([OBSERVERS[0], OBSERVERS[0]], "SignersNotRising"),
        (sorted([OBSERVERS[0], OTHERS[0]], key=lambda key: key.address), "SignerUnknown"),
        (VERIFIERS[:2], "SignerUnknown"),
    ):
        assert payment.refusal(ground.say(word, keys, ground.gate)) == expected
        contested = ground.locked.nullifier, ground.locked.struct, ground.gate.name, ground.say(held, keys, ground.gate)
        assert ground.arena.refusal(ground.escrow.contract, "contest", *contested) == expected


def test_observers_who_collude_take_nothing_but_what_owners_of_their_domain_release(ground: Ground) -> None:
    """They say what they like of any lock; without the owner's release, or of another domain, it pays nobody."""
    mine = ground.payment(ground.locked, ground.gate)
    said = ground.say(ground.word(ground.locked), OBSERVERS, ground.gate)
    others_release = ground.payment(ground.of_other, ground.other).proof
    for proof in ([0] * 8, others_release, replace(mine, recipient=VENUE).proof):
        assert mine.refusal(said, proof) in {"ProofInvalid", "ProofMalformed"}
    for locked, gate in ((ground.of_other, ground.other), (ground.of_verifier, ground.gate)):
        stolen = ground.say(ground.word(locked), OBSERVERS, gate)
        refused = ground.payment(locked, gate).refusal(stolen)
        assert refused in {"SignerUnknown", "VerifierUnknown"}
    assert mine.refusal(said) == "", "what its owner releases and they let go is paid, though the gate may hold it"


def test_an_observer_s_seizure_pays_the_account_that_it_names(ground: Ground) -> None:
    said = ground.say(ground.word(ground.locked, SEIZE), OBSERVERS[:2], ground.gate)
    assert ground.payment(ground.locked, ground.gate, "seize", THIEF).refusal(said) == "WordOnSomethingElse"
    assert ground.payment(ground.locked, ground.gate, "withdraw", VENUE).refusal(said) == "WordOnSomethingElse"
    ground.payment(ground.locked, ground.gate, "seize", VENUE).make(said)
    assert ground.escrow.balance(VENUE) == 100


def test_r4_a_lock_of_one_gate_is_none_of_another_nor_of_a_verifier(ground: Ground) -> None:
    """A proof is bound to the domain of its gate, in which the statement has the lock; so is whatever is paid."""
    claim = ground.gate.claim(nullifier=ground.locked.nullifier)
    proof = ground.gate.proof(claim)
    assert ground.other.refusal(claim, proof) == "ProofInvalid"
    ground.gate.accept(claim)
    for domain in (ground.gate.name, DOMAIN):
        elsewhere = ground.other.context(claim, domain=domain)
        assert ground.other.refusal(claim, ground.other.proof(claim, context=elsewhere)) == "ProofInvalid"
    assert ground.gate.refusal(claim, ground.gate.proof(claim, seed=1)) == "NullifierTaken"
    word = ground.word(ground.locked)
    for keys, gate in ((OTHERS[:2], ground.gate), (OBSERVERS[:2], ground.other)):
        assert ground.payment(ground.locked, gate).refusal(ground.say(word, keys, gate)) in {
            "SignerUnknown",
            "VerifierUnknown",
        }
    verifiers_word = ground.escrow.say(word, VERIFIERS[:2])
    assert ground.payment(ground.locked, ground.gate).refusal(verifiers_word) == "SignerUnknown"


def test_even_a_false_release_takes_from_the_domain_that_it_names_alone(ground: Ground) -> None:
    """As 0039 has it for verifiers: with watchers who lie, too, a domain loses what it holds and no other does."""
    invented = replace(ground.locked, amount=150, secret=99)
    said = ground.say(ground.word(invented), OBSERVERS[:2], ground.gate)
    assert ground.payment(invented, ground.gate).refusal(said) == "AmountNotHeld"
    ground.payment(replace(invented, amount=100), ground.gate).make(
        ground.say(ground.word(replace(invented, amount=100)), OBSERVERS[:2], ground.gate)
    )
    again = replace(invented, amount=1, secret=98)
    said = ground.say(ground.word(again), OBSERVERS[:2], ground.gate)
    assert ground.payment(again, ground.gate).refusal(said) == "AmountNotHeld"
    assert ground.escrow.balance(ground.escrow.contract.address) == 200, "of the others nothing"


def test_r9_a_proof_is_shown_to_a_gate_once_and_refreshes_nothing_that_is_over(ground: Ground) -> None:
    claim = ground.gate.claim(nullifier=ground.locked.nullifier)
    ground.gate.accept(claim)
    ground.gate.free(claim)
    said = ground.say(ground.word(ground.locked), OBSERVERS[:2], ground.gate)
    ground.payment(ground.locked, ground.gate).make(said)
    assert ground.gate.refusal(claim) == "NullifierTaken"
    assert ground.gate.refusal(claim, ground.gate.proof(claim, UPKEEP), "refresh") == "Released"
    assert ground.payment(ground.locked, ground.gate, recipient=VENUE).refusal(said) == "NullifierPaid"


def test_a4_a_word_of_a_clock_that_is_ahead_waits(ground: Ground) -> None:
    """The clock of the gate's chain is another one than that of the escrow's."""
    word, now = ground.word(ground.locked), ground.arena.now
    payment = ground.payment(ground.locked, ground.gate)
    for changes, expected in (
        ({"moment": now + 3600, "lapses_at": now + 3600}, "FromTheFuture"),
        ({"lapses_at": now + 3600}, "AcceptanceNotLapsed"),
    ):
        assert payment.refusal(ground.say(word.but(**changes), OBSERVERS[:2], ground.gate)) == expected
