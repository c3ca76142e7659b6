"""The escrow: what is locked comes out by a proof of its owner alone, at the door that the proof is for, and once."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from chains.contracts import select
from chains.development.compilation import read_artifact
from chains.development.deployment import Deployed
from circuits.catalogue import find_statement
from circuits.statements import exit as leaving
from circuits.statements import release
from facts.context import name_domain
from facts.lock_root import build_lock_tree, lock_index
from facts.public_inputs import unused_input
from prover.artifacts import Cache
from prover.proving import Prover
from snark.bn254.constants import GROUP_ORDER
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.keys import VerifyingKey
from tests.chains.nodes import needs_nodes
from tests.contracts.arena import DOMAIN, GOVERNORS, VERIFIER, VERIFIERS, Arena, keys_of, spell, words_of
from tests.contracts.escrows import (
    COIN,
    CONTEST,
    DELAYS,
    DOORS,
    EXIT,
    EXITS,
    PAUSE,
    PERIOD,
    RECIPIENT,
    RELEASES,
    ROOT,
    SEIZE,
    SEIZURE,
    Escrow,
    Leaving,
    Locked,
    chain_deposit,
    chain_exit,
    charter,
    terms,
)

pytestmark = [needs_nodes, pytest.mark.slow]

SLOT = 5
TREE_ROOT = 4711


@pytest.fixture(scope="module")
def simulated(shared_arena: Arena) -> Escrow:
    """An escrow whose proofs can be of anything, so that whatever it refuses it refuses for another reason."""
    return Escrow.found(shared_arena, RELEASES.key, EXITS.key, is_for_development=False)


@pytest.fixture
def escrow(simulated: Escrow, arena: Arena) -> Escrow:  # noqa: ARG001 - which undoes what a test does
    """The same as it was made."""
    return simulated


@cache
def open_prover(name: str) -> tuple[Prover, VerifyingKey]:
    """A statement with its key for development."""
    cache_of_keys = Cache()
    artifact = cache_of_keys.artifact(find_statement(name))
    zkey: Path = cache_of_keys.development_key(artifact)
    key = extract_verifying_key(read_zkey(zkey), allow_development_keys=True)
    return Prover.open(artifact, zkey, allow_development_keys=True), key


@pytest.fixture(scope="module")
def proved(shared_arena: Arena) -> Escrow:
    """An escrow under the keys for development of the statements themselves."""
    keys = (open_prover(name)[1] for name in ("release", "exit"))
    return Escrow.found(shared_arena, *keys, is_for_development=True)


@pytest.fixture
def real(proved: Escrow, arena: Arena) -> Escrow:  # noqa: ARG001 - which undoes what a test does
    """The same as it was made."""
    return proved


# --- Real proofs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deposit", [Escrow.deposit, Escrow.deposit_coin])
def test_a_lock_that_was_let_go_is_withdrawn_by_a_real_proof(real: Escrow, deposit: Callable[..., Locked]) -> None:
    real.deposit(50)
    locked = deposit(real, 200)
    path = build_lock_tree({SLOT: [1, locked.leaf]}).path(lock_index(SLOT, 1))
    payment = real.pay(locked, root=path.root)
    witness = release.ReleaseWitness(locked.secret, locked.lock, locked.salt, path, payment.binding)
    proof, values = open_prover("release")[0].prove(release.inputs_for(witness))
    assert list(values) == payment.inputs(path.root), "the escrow computes what the circuit is about"
    real.post(path.root)
    said = real.say(real.word(locked.nullifier), is_for_development=True)
    assert payment.refusal(real.say(real.word(locked.nullifier)), words_of(proof)) == "SignerUnknown"
    gas = payment.make(said, words_of(proof))
    assert gas < 480_000
    assert real.balance(token=locked.token) == 200
    assert payment.refusal(said, words_of(proof)) == "NullifierPaid"


def test_a_lock_leaves_by_a_real_proof_of_exit(real: Escrow) -> None:
    real.deposit(50)
    locked = real.deposit(300)
    asked = Leaving(real, locked, real.arena.now + PERIOD)
    witness = leaving.ExitWitness(locked.secret, locked.lock, locked.salt, asked.payment.binding)
    proof, values = open_prover("exit")[0].prove(leaving.inputs_for(witness))
    assert list(values) == asked.inputs
    assert replace(asked, recipient=b"\x45" * 20).refusal(words_of(proof)) == "ProofInvalid"
    assert asked.request(words_of(proof)) < 520_000
    assert asked.refusal_of_end() == "ExitPending"
    real.arena.node.advance(EXIT)
    asked.finish()
    assert real.balance() == 300
    assert asked.refusal_of_end() == "NullifierPaid"


# --- Ways in ------------------------------------------------------------------------------------------------


def test_everything_that_changes_the_tree_is_chained_in_its_order(escrow: Escrow) -> None:
    chained = bytes(32)
    locks = [escrow.deposit(100), escrow.deposit_coin(77)]
    for locked in locks:
        chained = chain_deposit(chained, locked)
    assert escrow.contract.ask("count") == 2
    assert escrow.contract.ask("chained") == chained
    Leaving(escrow, locks[0], escrow.arena.now + PERIOD).request()
    chained = chain_deposit(chain_exit(chained, locks[0]), escrow.deposit(5000))
    assert escrow.contract.ask("chained") == chained


def test_assets_have_the_elements_that_facts_give_them(escrow: Escrow) -> None:
    for token in (escrow.dollars.spelling, COIN):
        assert escrow.contract.ask("assetOf", token) == Locked(0, token, 1).asset


@pytest.mark.parametrize(
    ("amount", "domain", "owner", "error"),
    [
        (0, DOMAIN, 1, "AmountMalformed"),
        (9, DOMAIN, 1, "AmountMalformed"),
        (2**128, DOMAIN, 1, "AmountMalformed"),
        (100, "another.example", 1, "DomainUnknown"),
        (100, DOMAIN, 0, "LockOwnerMalformed"),
        (100, DOMAIN, GROUP_ORDER, "LockOwnerMalformed"),
    ],
)
def test_a_deposit_has_to_be_one_that_a_lock_can_be_of(
    escrow: Escrow, amount: int, domain: str, owner: int, error: str
) -> None:
    arguments = escrow.dollars.spelling, amount, name_domain(domain), owner
    assert escrow.arena.refusal(escrow.contract, "deposit", *arguments) == error


def test_tokens_are_admitted_by_governors(escrow: Escrow) -> None:
    other = escrow.arena.deploy("TrialDollars", list(escrow.arena.node.accounts), 10**9)
    arguments = other.spelling, 100, name_domain(DOMAIN), 1
    assert escrow.arena.refusal(escrow.contract, "deposit", *arguments) == "TokenUnknown"
    assert escrow.arena.refusal(escrow.contract, "deposit", COIN, *arguments[1:]) == "NotAToken"
    token, least, signatures = escrow.admission(other)
    assert escrow.arena.refusal(escrow.contract, "admit", token, least, signatures[:1]) == "SignaturesMiscounted"
    assert escrow.arena.refusal(escrow.contract, "admit", token, 1, signatures) == "SignerUnknown"
    escrow.admit(other)
    assert escrow.deposit(100, other).amount == 100


# --- Ways out -----------------------------------------------------------------------------------------------


def test_a_lock_that_was_seized_is_paid_to_whom_it_was_sealed_for(escrow: Escrow) -> None:
    locked = escrow.deposit()
    escrow.post(TREE_ROOT)
    payment = escrow.pay(locked, "seize", TREE_ROOT)
    payment.make(escrow.say(escrow.word(locked.nullifier, SEIZE)))
    assert escrow.balance() == 100
    assert escrow.contract.ask("held", name_domain(DOMAIN), escrow.dollars.spelling) == 0


def test_a_release_opens_the_door_that_it_was_sealed_for_and_no_other(escrow: Escrow) -> None:
    locked = escrow.deposit()
    escrow.post(TREE_ROOT)
    sealed, free = escrow.pay(locked, "seize", TREE_ROOT), escrow.pay(locked, "withdraw", TREE_ROOT)
    assert free.refusal(escrow.say(escrow.word(locked.nullifier)), sealed.proof) == "ProofInvalid"
    assert sealed.refusal(escrow.say(escrow.word(locked.nullifier, SEIZE)), free.proof) == "ProofInvalid"
    whole = replace(free, door=escrow.contract.address)
    assert free.refusal(escrow.say(escrow.word(locked.nullifier)), whole.proof) == "ProofInvalid"
    asked = Leaving(escrow, locked, free.expiry)
    assert asked.refusal(sealed.proof) == "ProofInvalid"
    assert asked.refusal(words_of(EXITS.prove(free.inputs(locked.leaf)))) == "ProofInvalid"


def test_the_word_has_to_be_the_one_that_the_door_asks_for(escrow: Escrow) -> None:
    locked = escrow.deposit()
    escrow.post(TREE_ROOT)
    payment = escrow.pay(locked, "withdraw", TREE_ROOT)
    for said in (
        escrow.word(locked.nullifier, SEIZE),
        escrow.word(locked.nullifier + 1),
        escrow.word(locked.nullifier, (1, 1), held=(locked.nullifier,), left=(), revision=0),
        escrow.word(locked.nullifier, (4, 4), held=(locked.nullifier,), left=()),
    ):
        assert payment.refusal(escrow.say(said)) == "WordOnSomethingElse"


def test_f2_nothing_is_paid_while_the_acceptance_could_be_relied_on_elsewhere(escrow: Escrow) -> None:
    locked = escrow.deposit()
    escrow.post(TREE_ROOT)
    for function, what in (("withdraw", (3, 3)), ("seize", SEIZE)):
        now = escrow.arena.now
        said = escrow.word(locked.nullifier, what, moment=now, lapses_at=now + PERIOD)
        assert escrow.pay(locked, function, TREE_ROOT).refusal(escrow.say(said)) == "AcceptanceNotLapsed"


def test_f1_one_domain_never_pays_for_another(escrow: Escrow) -> None:
    escrow.deposit(1000)
    escrow.open("other.example", VERIFIER)
    escrow.post(TREE_ROOT)
    invented = Locked(7, escrow.dollars.spelling, 500, domain="other.example")
    said = escrow.word(invented.nullifier)
    payment = escrow.pay(invented, "withdraw", TREE_ROOT)
    assert payment.refusal(escrow.say(said, domain="other.example")) == "AmountNotHeld"
    assert payment.refusal(escrow.say(said)) == "SignerUnknown", "the word is on another domain"


def test_f1_a_root_ripens_before_anything_is_paid_by_it(escrow: Escrow) -> None:
    locked = escrow.deposit()
    payment, said = escrow.pay(locked, "withdraw", TREE_ROOT), escrow.say(escrow.word(locked.nullifier))
    assert payment.refusal(said) == "RootUnknown"
    escrow.post(TREE_ROOT)
    assert escrow.pay(locked, "withdraw", TREE_ROOT + 1).refusal(said) == "RootUnknown"
    payment.make(said)
    escrow.post(TREE_ROOT + 1, sequence=9)
    escrow.post(TREE_ROOT + 2, sequence=8)
    second = escrow.deposit()
    late = escrow.pay(second, "withdraw", TREE_ROOT + 2)
    late.make(escrow.say(escrow.word(second.nullifier)))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"recipient": bytes(20)}, "RecipientMalformed"),
        ({"expiry": 1}, "Expired"),
        ({"verifier": "desk-2"}, "VerifierUnknown"),
        ({"root": 0}, "RootUnknown"),
    ],
)
def test_r8_a_payment_has_to_make_sense(escrow: Escrow, changes: dict[str, object], error: str) -> None:
    locked = escrow.deposit()
    escrow.post(TREE_ROOT)
    payment = replace(escrow.pay(locked, "withdraw", TREE_ROOT), **changes)  # type: ignore[arg-type]
    assert payment.refusal(escrow.say(escrow.word(locked.nullifier))) == error


def test_v1_a_nullifier_has_one_name(escrow: Escrow) -> None:
    locked = escrow.deposit()
    escrow.post(TREE_ROOT)
    payment = escrow.pay(locked, "withdraw", TREE_ROOT)
    struct = list(payment.struct)
    struct[5] = locked.nullifier + GROUP_ORDER
    said = escrow.say(escrow.word(locked.nullifier))
    assert escrow.arena.refusal(escrow.contract, "withdraw", tuple(struct), payment.proof, said) == "NullifierMalformed"


def test_r5_a_proof_for_another_chain_contract_or_recipient_pays_nothing(escrow: Escrow) -> None:
    locked = escrow.deposit()
    escrow.post(TREE_ROOT)
    payment, said = escrow.pay(locked, "withdraw", TREE_ROOT), escrow.say(escrow.word(locked.nullifier))
    inputs = payment.inputs(TREE_ROOT)
    others = [
        replace(payment, recipient=b"\x45" * 20),
        replace(payment, expiry=payment.expiry + 1),
        replace(payment, verifier="desk-2"),
        replace(payment, door=bytes(20) + escrow.door("withdraw")[20:]),
        replace(payment, locked=replace(locked, amount=101)),
        replace(payment, locked=replace(locked, domain="other.example")),
    ]
    for other in others:
        assert payment.refusal(said, words_of(RELEASES.prove(other.inputs(TREE_ROOT)))) == "ProofInvalid"
    position = [*inputs[:3], unused_input("lock_root"), *inputs[4:]]
    assert payment.refusal(said, words_of(RELEASES.prove(position))) == "ProofInvalid", "the unused are the unused"
    payment.make(said)


def test_a3_a_word_needs_the_quorum_of_the_verifiers_of_the_domain(escrow: Escrow) -> None:
    locked = escrow.deposit()
    escrow.post(TREE_ROOT)
    payment, word = escrow.pay(locked, "withdraw", TREE_ROOT), escrow.word(locked.nullifier)
    for keys, error in (
        (VERIFIERS[:1], "SignaturesMiscounted"),
        ([VERIFIERS[0], VERIFIERS[0]], "SignersNotRising"),
        (GOVERNORS[:2], "SignerUnknown"),
        (keys_of("watcher", 3)[:2], "SignerUnknown"),
    ):
        assert payment.refusal(escrow.say(word, keys)) == error
    early = word.but(moment=escrow.arena.now + 600, lapses_at=escrow.arena.now + 700)
    assert payment.refusal(escrow.say(early)) == "FromTheFuture"


# --- Ways out that need nobody --------------------------------------------------------------------------------


def test_an_exit_waits_for_an_acceptance_and_never_longer_than_the_limit(escrow: Escrow) -> None:
    locked = escrow.deposit()
    asked = Leaving(escrow, locked, escrow.arena.now + PERIOD)
    asked.request()
    first, now = asked.finishes_at, escrow.arena.now
    held = escrow.word(
        locked.nullifier, (2, 2), held=(locked.nullifier,), left=(), moment=now, lapses_at=now + 5 * 3600 + EXIT
    )
    asked.contest(escrow.say(held))
    assert asked.finishes_at == now + 5 * 3600 + EXIT + SEIZURE > first
    asked.contest(escrow.say(held.but(lapses_at=now - 1, moment=now - 60, revision=1)))
    assert asked.finishes_at == now + 5 * 3600 + EXIT + SEIZURE, "an older word takes no time away"
    asked.contest(escrow.say(held.but(lapses_at=2**62, revision=9)))
    limit = first - EXIT + CONTEST
    assert asked.finishes_at == limit, "no verifier shuts anybody in"
    escrow.arena.node.advance(limit - escrow.arena.now)
    asked.finish()
    assert escrow.balance() == 100
    assert asked.refusal_of_contest(escrow.say(held)) == "ExitUnknown"


def test_a_lock_that_was_seized_waits_for_the_venue(escrow: Escrow) -> None:
    locked = escrow.deposit()
    asked = Leaving(escrow, locked, escrow.arena.now + PERIOD)
    asked.request()
    now = escrow.arena.now
    asked.contest(escrow.say(escrow.word(locked.nullifier, SEIZE, moment=now)))
    assert asked.finishes_at == now + SEIZURE
    freed = escrow.word(locked.nullifier, moment=now)
    assert asked.refusal_of_contest(escrow.say(freed)) == "WordOnSomethingElse"
    escrow.post(TREE_ROOT)
    escrow.pay(locked, "seize", TREE_ROOT).make(escrow.say(escrow.word(locked.nullifier, SEIZE)))
    escrow.arena.node.advance(SEIZURE)
    assert asked.refusal_of_end() == "NullifierPaid"


def test_pauses_stop_what_verifiers_say_yes_to_and_no_exit(escrow: Escrow) -> None:
    locked, other = escrow.deposit(), escrow.deposit()
    escrow.post(TREE_ROOT)
    governor = spell(GOVERNORS[0].address)
    escrow.arena.node.give(governor, 10**18)
    escrow.arena.node.ask("anvil_impersonateAccount", governor)
    escrow.contract.send(governor, "pause")
    said = escrow.say(escrow.word(locked.nullifier))
    assert escrow.pay(locked, "withdraw", TREE_ROOT).refusal(said) == "Paused"
    arguments = name_domain(DOMAIN), 1
    assert escrow.arena.refusal(escrow.contract, "depositNative", *arguments, value=100) == "Paused"
    asked = Leaving(escrow, other, escrow.arena.now + PERIOD)
    asked.request()
    escrow.arena.node.advance(EXIT)
    asked.finish()
    assert escrow.balance() == 100
    escrow.pay(locked, "withdraw", TREE_ROOT).make(said)


def test_f4_an_old_proof_of_exit_redirects_nothing(escrow: Escrow) -> None:
    locked = escrow.deposit()
    first = Leaving(escrow, locked, escrow.arena.now + PERIOD)
    first.request()
    finishes_at, chained = first.finishes_at, escrow.contract.ask("chained")
    second = replace(first, expiry=first.expiry + 1, recipient=b"\x45" * 20)
    second.request()
    assert (first.finishes_at, escrow.contract.ask("chained")) == (finishes_at, chained), "nothing begins again"
    assert first.refusal() == second.refusal() == "ExpiryNotRising"
    escrow.arena.node.advance(EXIT)
    second.finish()
    assert (escrow.balance(), escrow.balance(second.recipient)) == (0, 100)


def test_r7_an_exit_is_of_the_deposit_that_it_says(escrow: Escrow) -> None:
    mine, theirs = escrow.deposit(), escrow.deposit(900, secret=99)
    asked = Leaving(escrow, mine, escrow.arena.now + PERIOD)
    index, struct, *rest = asked.arguments()
    refused = escrow.arena.refusal
    assert refused(escrow.contract, "requestExit", theirs.index, struct, *rest) == "DepositUnknown"
    assert refused(escrow.contract, "requestExit", index, theirs.struct, *rest) == "DepositUnknown"
    assert refused(escrow.contract, "requestExit", theirs.index, theirs.struct, *rest) == "ProofInvalid"
    asked.request()
    assert refused(escrow.contract, "finishExit", mine.nullifier, theirs.struct) == "DepositUnknown"
    assert refused(escrow.contract, "finishExit", theirs.nullifier, theirs.struct) == "ExitUnknown"


# --- Tokens that lie, and recipients that refuse ----------------------------------------------------------------


@pytest.fixture
def cheat(escrow: Escrow) -> Deployed:
    token = escrow.arena.deploy("TrialCheat", list(escrow.arena.node.accounts), 10**9)
    escrow.admit(token)
    return token


def test_a_token_that_keeps_a_part_or_says_no_is_not_locked(escrow: Escrow, cheat: Deployed) -> None:
    token = cheat
    escrow.arena.send(token, "approve", escrow.contract.spelling, 10**6)
    arguments = token.spelling, 100, name_domain(DOMAIN), 1
    for cheating, error in (((1, 0), "AmountMiscounted"), ((0, 1), "SafeERC20FailedOperation")):
        escrow.arena.send(token, "cheat", *cheating, COIN, COIN, b"")
        assert escrow.arena.refusal(escrow.contract, "deposit", *arguments) == error


def test_a_token_that_calls_back_while_it_moves_gets_nowhere(escrow: Escrow, cheat: Deployed) -> None:
    locked = escrow.deposit(100, cheat)
    other = escrow.deposit(100, cheat)
    asked, second = (Leaving(escrow, each, escrow.arena.now + PERIOD) for each in (locked, other))
    asked.request()
    second.request()
    escrow.arena.node.advance(EXIT)
    again = escrow.contract.face.encode_call("finishExit", other.nullifier, other.struct)
    escrow.arena.send(cheat, "cheat", 0, 0, COIN, escrow.contract.spelling, again)
    asked.finish()
    assert cheat.ask("wasTaken") is False
    answer = escrow.arena.name(escrow.contract.face, bytes(cheat.ask("answer")))
    assert answer == "ReentrancyGuardReentrantCall"
    assert cheat.ask("balanceOf", spell(RECIPIENT)) == 100


def test_who_cannot_be_paid_can_name_somebody_else(escrow: Escrow, cheat: Deployed) -> None:
    locked = escrow.deposit(100, cheat)
    coins = escrow.deposit_coin(100)
    miser = escrow.arena.deploy("TrialMiser")
    escrow.arena.send(cheat, "cheat", 0, 0, spell(RECIPIENT), COIN, b"")
    for each, nobody in ((locked, RECIPIENT), (coins, miser.address)):
        asked = Leaving(escrow, each, escrow.arena.now + PERIOD, nobody)
        asked.request()
        escrow.arena.node.advance(EXIT)
        assert asked.refusal_of_end() == "Error"
        other = replace(asked, recipient=b"\x46" * 20, expiry=escrow.arena.now + PERIOD)
        other.request()
        other.finish()
        assert escrow.contract.ask("isPaid", each.nullifier)


# --- What it is made with, and who speaks -------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(3))
def test_f12_delays_leave_time_to_whoever_needs_it(arena: Arena, place: int) -> None:
    least = (PAUSE, 2 * PAUSE + ROOT - 1, EXIT + SEIZURE)[place]
    delays = tuple(least if each == place else value for each, value in enumerate(DELAYS))
    made = terms(arena, RELEASES.key, EXITS.key, is_for_development=False, delays=delays)
    assert arena.refusal_of_making("CollateralEscrow", charter(), made) == "DelaysMalformed"


def test_keys_for_development_are_for_escrows_for_development(arena: Arena) -> None:
    made = terms(arena, RELEASES.key, EXITS.key, is_for_development=True)
    assert arena.refusal_of_making("CollateralEscrow", charter(), made) == "KeyOfOtherUse"


def test_a_second_verifier_of_a_domain_speaks_when_whoever_distrusts_it_has_left(escrow: Escrow) -> None:
    locked = escrow.deposit()
    escrow.post(TREE_ROOT)
    others = keys_of("other", 1)
    escrow.open(DOMAIN, "desk-2", others)
    payment = escrow.pay(locked, "withdraw", TREE_ROOT, verifier="desk-2")
    said = escrow.say(escrow.word(locked.nullifier), others, verifier="desk-2")
    assert payment.refusal(said) == "VerifierUnknown"
    assert escrow.arena.refusal(escrow.contract, "openDomain", *escrow.opening(DOMAIN, VERIFIER)) == "RoleFounded"
    assert escrow.arena.refusal(escrow.contract, "openDomain", *escrow.opening("", "x")) == "NameMalformed"
    escrow.arena.node.advance(CONTEST)
    payment.make(said)


def test_doors_are_the_ones_that_releases_are_sealed_for() -> None:
    functions = {each["name"]: each for each in read_artifact("CollateralEscrow").abi if each["type"] == "function"}
    assert {name: select(functions[name]).hex() for name in DOORS} == DOORS


def test_the_longest_period_is_what_an_exit_surely_waits_for(escrow: Escrow) -> None:
    assert escrow.contract.ask("longestPeriod") == PERIOD == CONTEST - SEIZURE - EXIT
