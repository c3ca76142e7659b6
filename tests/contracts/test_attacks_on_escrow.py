"""Attacks on the escrow: by owners, watchers, verifiers, governors and tokens, alone and together.

The keys of the proofs are ones whose secrets the attacker knows: he proves what he likes, and all that he gets is what
the contract itself lets him have.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from chains.development.compilation import compile_verifier, read_artifact
from chains.development.deployment import Deployed, deploy
from facts.asset import name_asset
from facts.commitments import Lock, commit_lock, commit_release
from facts.context import Binding, commit_context, name_domain
from facts.keccak import hash_keccak
from facts.public_inputs import unused_input
from facts.secp256k1 import SigningKey
from facts.typed_data import hash_bytes, hash_domain, hash_struct, hash_typed_data, word
from snark.bn254.constants import GROUP_ORDER
from tests.chains.nodes import needs_nodes
from tests.contracts.arena import (
    CHAIN_ID,
    DAY,
    GOVERNORS,
    ROOT_POST,
    VERIFIER,
    VERIFIERS,
    Arena,
    Committee,
    Word,
    committee,
    digest_for,
    hash_addresses,
    key_of,
    keys_of,
    open_arena,
    sign,
    spell,
    undone,
    words_of,
)
from tests.contracts.arena import DOMAIN as REGISTRY
from tests.snark.groth16.simulator import Simulator

pytestmark = [needs_nodes, pytest.mark.slow]

RELEASE, EXIT = Simulator.of(7, seed=1), Simulator.of(7, seed=2)
WATCHERS = keys_of("watcher", 3)
DOMAIN = name_domain(REGISTRY)
OTHERS = "another.example"
GATE = b"\x77" * 20
GATE_CHAIN = 31_339
HOUR = 3600
PAUSE, EXIT_DELAY, ROOT_DELAY, SEIZURE, CONTEST = HOUR, 2 * HOUR, HOUR // 2, 4 * HOUR, 10 * HOUR
NOTICE = CONTEST
ROOT = 4242
LOCK = 3
OWNER = 987_654_321
NULLIFIER = 55_555
FREE, SEIZE = 3, 5
COIN = bytes(20)
KEEPS_A_FEE, SAYS_NO = (1, False, True), (0, False, False)
OPENING = "Opening(string domain,string verifier,address[] members,uint8 threshold)"
ADMISSION = "Admission(address token,uint256 least)"
TERMS = "RELEASES", "EXITS", "COMMITMENTS"
THIEF = b"\x66" * 20
ALICE = b"\x61" * 20
COIN_ASSET = name_asset(f"eip155:{CHAIN_ID}/slip44:60")


Keys = Sequence[SigningKey] | None


@dataclass(frozen=True)
class Payment:
    """What is asked for by a release."""

    expiry: int
    token: bytes = COIN
    amount: int = 1000
    domain: int = DOMAIN
    verifier: str = VERIFIER
    root: int = ROOT
    nullifier: int = NULLIFIER
    recipient: bytes = ALICE

    @property
    def struct(self) -> tuple[Any, ...]:
        places = spell(self.token), self.amount, self.domain, self.verifier, self.root
        return *places, self.nullifier, spell(self.recipient), self.expiry


@dataclass(frozen=True)
class Locked:
    """What a deposit was."""

    amount: int = 1000
    token: bytes = COIN
    domain: int = DOMAIN
    owner: int = OWNER

    @property
    def struct(self) -> tuple[Any, ...]:
        return spell(self.token), self.amount, self.domain, self.owner


@dataclass(frozen=True)
class Escrow:
    """The escrow under attack."""

    arena: Arena
    contract: Deployed
    dollars: Deployed

    # --- Proofs --------------------------------------------------------------------------------------------

    def door(self, function: str) -> bytes:
        """As Solidity writes a function."""
        element = next(each for each in read_artifact("CollateralEscrow").abi if each.get("name") == function)
        sign_of = f"{function}({','.join(spell_type(each) for each in element['inputs'])})"
        return self.contract.address + hash_keccak(sign_of.encode())[:4]

    def asset(self, token: bytes) -> int:
        return COIN_ASSET if token == COIN else name_asset(f"eip155:{CHAIN_ID}/erc20:{spell(token)}")

    def release(self, paid: Payment, function: str = "withdraw", **place: Any) -> list[int]:  # noqa: ANN401
        """A valid proof of a release for a door, or for a place that differs."""
        domain = int(str(place.pop("domain", paid.domain)))
        here = Binding(paid.verifier, CHAIN_ID, self.door(function), paid.recipient, paid.expiry)
        context = commit_context(domain, replace(here, **place))
        return self.prove(
            RELEASE, paid.root, paid.nullifier, context, commit_release(self.asset(paid.token), paid.amount)
        )

    def leaving(
        self,
        index: int,
        locked: Locked,
        recipient: bytes,
        expiry: int,
        nullifier: int = NULLIFIER,
        number: int = CHAIN_ID,
        locked_under: int = CHAIN_ID,
        **place: Any,  # noqa: ANN401
    ) -> list[int]:
        """A valid proof of an exit, on a chain of this number, of a lock that was made under that one."""
        asset = self.asset(locked.token)
        lock = commit_lock(Lock(locked_under, locked.domain, asset, locked.amount, locked.owner, index))
        name = f"eip155:{number}/{self.contract.spelling}"
        here = Binding(name, number, self.door("requestExit"), recipient, expiry)
        context = commit_context(locked.domain, replace(here, **place))
        return self.prove(EXIT, lock, nullifier, context, commit_release(asset, locked.amount))

    def prove(self, key: Simulator, root: int, nullifier: int, context: int, policy: int) -> list[int]:
        unused = [unused_input(name) for name in ("book_root", "market_root", "position_tag")]
        return words_of(key.prove((unused[0], unused[1], root, unused[2], nullifier, context, policy)))

    # --- Words -----------------------------------------------------------------------------------------------

    def freed(self, **changes: Any) -> Word:  # noqa: ANN401
        """That the lock left an acceptance which has lapsed since."""
        now = self.arena.now
        usual = {"held": (), "left": (NULLIFIER,), "happening": FREE, "state": 3, "revision": 2, "lapses_at": now}
        return Word.at(now, **usual | changes)

    def seized(self, **changes: Any) -> Word:  # noqa: ANN401
        """That it was seized, for an account that is named."""
        return self.freed(**{"happening": SEIZE, "state": 5, "recipient": ALICE} | changes)

    def left(self, paid: Payment, function: str) -> Word:
        """The word that a door asks for."""
        return self.freed() if function == "withdraw" else self.seized(recipient=paid.recipient)

    def held(self, **changes: Any) -> Word:  # noqa: ANN401
        """That an acceptance holds the lock."""
        return Word.at(self.arena.now, **{"held": (NULLIFIER,)} | changes)

    def signed(self, said: Word, keys: Keys = None, gate: bytes = GATE, **names: Any) -> tuple[Any, ...]:  # noqa: ANN401
        """As the escrow takes it."""
        digest = said.digest(GATE_CHAIN, gate, **names)
        return GATE_CHAIN, spell(gate), said.struct, sign(digest, VERIFIERS[:2] if keys is None else keys)

    # --- Calls -----------------------------------------------------------------------------------------------

    def payment(self, **changes: Any) -> Payment:  # noqa: ANN401
        return replace(Payment(self.arena.now + DAY), **changes)

    def refusal(self, paid: Payment, said: Word | None = None, function: str = "withdraw", **given: Any) -> str:  # noqa: ANN401
        """What the escrow says to a payment, with a proof and a word of the attacker's, or honest ones."""
        proof = given.get("proof") or self.release(paid, function)
        signed = given.get("word") or self.signed(said or self.left(paid, function))
        return self.arena.refusal(self.contract, function, paid.struct, proof, signed)

    def pay(self, paid: Payment, function: str = "withdraw") -> None:
        said = self.signed(self.left(paid, function))
        self.arena.send(self.contract, function, paid.struct, self.release(paid, function), said)

    def deposit(self, locked: Locked, sender: int = 9) -> int:
        index: int = self.contract.ask("count")
        if locked.token == COIN:
            arguments = "depositNative", locked.domain, locked.owner
            self.arena.send(self.contract, *arguments, value=locked.amount, sender=sender)
        else:
            self.arena.send(self.contract, "deposit", *locked.struct, sender=sender)
        return index

    def exit_arguments(
        self,
        index: int,
        locked: Locked,
        recipient: bytes = ALICE,
        expiry: int | None = None,
        nullifier: int = NULLIFIER,
        **numbers: int,
    ) -> tuple[Any, ...]:
        expiry = self.arena.now + DAY if expiry is None else expiry
        proof = self.leaving(index, locked, recipient, expiry, nullifier, **numbers)
        return index, locked.struct, nullifier, spell(recipient), expiry, proof

    def govern(self, function: str, kind: str, words: list[bytes], *arguments: object) -> None:
        self.arena.send(
            self.contract, function, *arguments, sign(digest_for(self.contract, kind, words), GOVERNORS[:2])
        )

    def admit(self, token: bytes, least: int = 1) -> None:
        self.govern("admit", ADMISSION, [word(token), word(least)], spell(token), least)

    def open_domain(self, name: str, verifier: str = VERIFIER, keys: Keys = None) -> None:
        keys = VERIFIERS if keys is None else keys
        words = [hash_bytes(name.encode()), hash_bytes(verifier.encode()), hash_addresses(keys), word(2)]
        members = [spell(key.address) for key in keys]
        self.govern("openDomain", OPENING, words, name, verifier, members, 2)

    def post(self, root: int, keys: Keys = None) -> None:
        now = self.arena.now
        digest = digest_for(self.contract, ROOT_POST, [word(LOCK), word(root), word(1), word(now)])
        self.arena.send(
            self.contract, "postRoot", LOCK, root, 1, now, sign(digest, WATCHERS[:2] if keys is None else keys)
        )

    def balance(self, address: bytes) -> int:
        return int(self.arena.node.ask("eth_getBalance", spell(address), "latest"), 16)


def spell_type(given: Any) -> str:  # noqa: ANN401 - as the compiler has it
    kind: str = given["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(spell_type(each) for each in given['components'])}){kind.removeprefix('tuple')}"


@pytest.fixture(scope="module")
def ground() -> Iterator[Arena]:
    with open_arena() as arena:
        yield arena


def make(ground: Arena, governors: Committee | None = None) -> Escrow:
    keys = (RELEASE, "Releases"), (EXIT, "Exits")
    releases, exits = (deploy(ground.node, compile_verifier(each.key, name)).spelling for each, name in keys)
    commitments = ground.deploy("Commitments").spelling
    charter = [governors or committee("governors", GOVERNORS), committee("lock", WATCHERS)], NOTICE, PAUSE
    terms = (EXIT_DELAY, SEIZURE, CONTEST, ROOT_DELAY), releases, exits, commitments, 60, 1, False
    contract = ground.deploy("CollateralEscrow", charter, terms)
    dollars = ground.deploy("HostileToken", ground.node.accounts, 10**12)
    return Escrow(ground, contract, dollars)


@pytest.fixture(scope="module")
def made(ground: Arena) -> Escrow:
    """Two domains of the same verifiers, each with a deposit; a root that has ripened."""
    escrow = make(ground)
    escrow.open_domain(REGISTRY)
    escrow.open_domain(OTHERS)
    escrow.admit(escrow.dollars.address, 100)
    escrow.deposit(Locked())
    escrow.deposit(Locked(5000, domain=name_domain(OTHERS)))
    escrow.post(ROOT)
    ground.node.advance(ROOT_DELAY)
    return escrow


@pytest.fixture
def escrow(made: Escrow) -> Iterator[Escrow]:
    with undone(made.arena):
        yield made


def test_honest_payments_are_made(escrow: Escrow) -> None:
    escrow.pay(escrow.payment())
    assert escrow.balance(ALICE) == 1000
    escrow.deposit(Locked(700))
    escrow.arena.send(escrow.contract, "seize", *honest_seizure(escrow, NULLIFIER + 1))
    assert escrow.balance(ALICE) == 1700


def honest_seizure(escrow: Escrow, nullifier: int) -> tuple[Any, ...]:
    """All that a seizure takes."""
    paid = escrow.payment(nullifier=nullifier, amount=700)
    return paid.struct, escrow.release(paid, "seize"), escrow.signed(escrow.seized(left=(nullifier,)))


# --- Doors: what a release was made for --------------------------------------------------------------------


def test_a_release_that_was_sealed_for_seizure_withdraws_nothing(escrow: Escrow) -> None:
    """Nor the other way round: whoever saw the one cannot use it at the other door."""
    paid = escrow.payment(recipient=THIEF)
    assert escrow.refusal(paid, proof=escrow.release(paid, "seize")) == "ProofInvalid"
    assert escrow.refusal(paid, function="seize", proof=escrow.release(paid, "withdraw")) == "ProofInvalid"
    assert escrow.refusal(paid, proof=escrow.release(paid, "requestExit")) == "ProofInvalid"
    assert escrow.refusal(paid) == "", "by the right door it is paid"


def test_the_word_for_one_door_is_none_at_the_other(escrow: Escrow) -> None:
    paid = escrow.payment()
    assert escrow.refusal(paid, escrow.seized()) == "WordOnSomethingElse"
    assert escrow.refusal(paid, escrow.freed(), "seize") == "WordOnSomethingElse"
    lapsed = Word.at(escrow.arena.now, held=(NULLIFIER,), happening=4, state=4, revision=2, lapses_at=escrow.arena.now)
    for function in ("withdraw", "seize"):
        assert escrow.refusal(paid, lapsed, function) == "WordOnSomethingElse"
        assert escrow.refusal(paid, escrow.held(), function) == "WordOnSomethingElse"


def test_the_owner_does_not_seize_from_the_venue_by_its_own_release(escrow: Escrow) -> None:
    """Whoever owns a lock can prove a release for any door and any account, and a word of seizure is public."""
    said, stolen = escrow.seized(), escrow.payment(recipient=THIEF)
    assert escrow.refusal(stolen, said, "seize") == "WordOnSomethingElse"
    for named in (b"", THIEF[:19], THIEF + b"\0", bytes(12) + THIEF, b"\0" + THIEF[1:]):
        refused = escrow.refusal(stolen, said.but(recipient=named), "seize")
        assert refused == ("WordOnSomethingElse" if named else "AttestationMalformed"), named
    assert escrow.refusal(escrow.payment(), said, "seize") == "", "the venue is paid"
    assert escrow.refusal(stolen, escrow.freed(recipient=ALICE)) == "", "what was let go is its owner's to send"


@pytest.mark.parametrize(
    "place",
    [
        {"chain_id": CHAIN_ID + 1},
        {"chain_id": 1},
        {"contract": b"\x55" * 24},
        {"verifier": "desk-2"},
        {"recipient": THIEF},
        {"expiry": 2**40},
        {"domain": name_domain(OTHERS)},
    ],
    ids=str,
)
def test_r5_a_release_for_another_place_pays_nothing(escrow: Escrow, place: dict[str, Any]) -> None:
    paid = escrow.payment()
    assert escrow.refusal(paid, proof=escrow.release(paid, **place)) == "ProofInvalid"
    assert escrow.refusal(paid, proof=escrow.release(paid, contract=escrow.contract.address)) == "ProofInvalid"


def test_r7_a_release_pays_what_it_says_to_whom_it_says(escrow: Escrow) -> None:
    paid = escrow.payment()
    proof = escrow.release(paid)
    for changes in ({"amount": 1001}, {"recipient": THIEF}, {"nullifier": 9}, {"expiry": paid.expiry + 1}):
        other = replace(paid, **changes)
        said = escrow.freed(left=(other.nullifier,))
        assert escrow.refusal(other, said, proof=proof) == "ProofInvalid"
    token = replace(paid, token=escrow.dollars.address)
    assert escrow.refusal(token, proof=proof) == "ProofInvalid"


def test_v1_a_nullifier_has_one_name(escrow: Escrow) -> None:
    paid = escrow.payment()
    proof = escrow.release(paid)
    escrow.pay(paid)
    assert escrow.refusal(paid, proof=proof) == "NullifierPaid"
    for times in (1, 2):
        again = replace(paid, nullifier=NULLIFIER + times * GROUP_ORDER)
        assert escrow.refusal(again, escrow.freed(), proof=proof) == "NullifierMalformed"
    assert escrow.refusal(replace(paid, nullifier=9, domain=DOMAIN + GROUP_ORDER), proof=proof) == "DomainUnknown"
    assert escrow.refusal(replace(paid, nullifier=9, root=ROOT + GROUP_ORDER), proof=proof) == "RootUnknown"


def test_r8_nothing_is_paid_by_what_was_forgotten(escrow: Escrow) -> None:
    for changes, refused in (
        ({"root": 0}, "RootUnknown"),
        ({"root": ROOT + 1}, "RootUnknown"),
        ({"nullifier": 0}, "NullifierMalformed"),
        ({"recipient": bytes(20)}, "RecipientMalformed"),
        ({"recipient": escrow.contract.address}, "RecipientMalformed"),
        ({"amount": 0}, "AmountMalformed"),
        ({"amount": 2**128}, "AmountMalformed"),
        ({"domain": 0}, "DomainUnknown"),
        ({"expiry": escrow.arena.now}, "Expired"),
        ({"token": b"\x31" * 20}, "TokenUnknown"),
    ):
        paid = escrow.payment(**changes)
        proof = escrow.release(escrow.payment())
        said = escrow.freed(left=(max(paid.nullifier, 1),))
        assert escrow.refusal(paid, said, proof=proof) == refused, changes


# --- Words: who says it -----------------------------------------------------------------------------------


def test_a3_two_verifiers_are_needed_and_watchers_and_governors_are_none(escrow: Escrow) -> None:
    paid, said = escrow.payment(), escrow.freed()
    for keys, refused in (
        ([], "SignaturesMiscounted"),
        (VERIFIERS[:1], "SignaturesMiscounted"),
        (VERIFIERS[:1] * 2, "SignersNotRising"),
        (WATCHERS[:2], "SignerUnknown"),
        (GOVERNORS[:2], "SignerUnknown"),
        (keys_of("thief", 2), "SignerUnknown"),
    ):
        assert escrow.refusal(paid, word=escrow.signed(said, keys)) == refused


def test_r5_a_word_of_another_registry_or_verifier_frees_nothing(escrow: Escrow) -> None:
    paid, said = escrow.payment(), escrow.freed()
    for names in ({"domain": OTHERS}, {"verifier": "desk-2"}, {"is_for_development": True}):
        assert escrow.refusal(paid, word=escrow.signed(said, **names)) == "SignerUnknown"
    chain, gate, struct, signatures = escrow.signed(said)
    assert escrow.refusal(paid, word=(1, gate, struct, signatures)) == "SignerUnknown"
    assert escrow.refusal(paid, word=(chain, spell(b"\x78" * 20), struct, signatures)) == "SignerUnknown"
    assert escrow.refusal(replace(paid, verifier="desk-2")) == "VerifierUnknown"


def test_a4_a_word_of_tomorrow_or_altered_pays_nothing(escrow: Escrow) -> None:
    paid = escrow.payment()
    assert escrow.refusal(paid, escrow.freed(moment=escrow.arena.now + HOUR)) == "FromTheFuture"
    said = escrow.freed(left=(4, 5))
    chain, gate, _, signatures = escrow.signed(said)
    altered = said.but(left=(4, NULLIFIER))
    assert escrow.refusal(paid, word=(chain, gate, altered.struct, signatures)) == "SignerUnknown"


def test_collateral_stays_while_any_gate_may_still_rely_on_it(escrow: Escrow) -> None:
    """Freed, and withdrawn in the next block, while the word of it is kept from the gate."""
    paid = escrow.payment()
    said = escrow.freed(lapses_at=escrow.arena.now + 600)
    assert escrow.refusal(paid, said) == "AcceptanceNotLapsed"
    assert escrow.refusal(paid, escrow.seized(lapses_at=escrow.arena.now + 600), "seize") == "AcceptanceNotLapsed"
    escrow.arena.node.advance(600)
    assert escrow.refusal(paid, said) == ""


def test_a5_a_revoked_verifier_frees_nothing_from_that_second_on(escrow: Escrow) -> None:
    member = escrow.contract.ask("roleOf", DOMAIN, VERIFIER), VERIFIERS[0].address
    words = [member[0], word(member[1])]
    assert escrow.refusal(escrow.payment()) == ""
    escrow.govern("revoke", "Revocation(bytes32 role,address member)", words, member[0], spell(member[1]))
    assert escrow.refusal(escrow.payment()) == "SignerUnknown"


# --- Collusion: what is left where councils lie -------------------------------------------------------------


def test_watchers_and_verifiers_who_invent_a_lock_take_from_their_own_domain_alone(escrow: Escrow) -> None:
    escrow.post(666)
    invented = escrow.payment(root=666, nullifier=1, recipient=THIEF)
    assert escrow.refusal(invented, escrow.freed(left=(1,))) == "RootUnripe", "there is time to look at its leaves"
    escrow.arena.node.advance(ROOT_DELAY)
    escrow.open_domain("thieves.example", keys=keys_of("thief", 3))
    beyond = escrow.payment(root=666, nullifier=1, recipient=THIEF, amount=1001)
    assert escrow.refusal(beyond, escrow.freed(left=(1,))) == "AmountNotHeld"
    fresh = escrow.payment(root=666, nullifier=1, domain=name_domain("thieves.example"), amount=1)
    said = escrow.signed(escrow.freed(left=(1,)), keys_of("thief", 3)[:2], domain="thieves.example")
    assert escrow.refusal(fresh, word=said) == "AmountNotHeld", "a domain that was just opened holds nothing"


def test_one_governor_who_sees_a_forged_root_stops_the_payment_and_all_disown_it(escrow: Escrow) -> None:
    escrow.post(666)
    words = [word(LOCK), word(666)]
    escrow.govern("disownRoot", "RootDisowning(uint8 kind,uint256 root)", words, LOCK, 666)
    escrow.arena.node.advance(ROOT_DELAY)
    invented = escrow.payment(root=666, recipient=THIEF)
    assert escrow.refusal(invented) == "RootDisowned"


def test_a_second_verifier_of_a_domain_waits_as_long_as_leaving_takes(escrow: Escrow) -> None:
    thieves = keys_of("thief", 3)
    escrow.open_domain(REGISTRY, "captured", thieves)
    paid = escrow.payment(verifier="captured", recipient=THIEF)
    said = escrow.signed(escrow.freed(), thieves[:2], verifier="captured")
    assert escrow.refusal(paid, word=said) == "VerifierUnknown"
    escrow.arena.node.advance(NOTICE - HOUR)
    late = escrow.signed(escrow.freed(), thieves[:2], verifier="captured")
    assert escrow.refusal(escrow.payment(verifier="captured"), word=late) == "VerifierUnknown"
    assert NOTICE >= CONTEST, "an exit that was requested at the announcement is over by then"


def test_a_domain_that_is_open_is_not_opened_anew(escrow: Escrow) -> None:
    thieves = keys_of("thief", 3)
    words = [hash_bytes(REGISTRY.encode()), hash_bytes(VERIFIER.encode()), hash_addresses(thieves), word(2)]
    signatures = sign(digest_for(escrow.contract, OPENING, words), GOVERNORS[:2])
    members = [spell(key.address) for key in thieves]
    refused = escrow.arena.refusal(escrow.contract, "openDomain", REGISTRY, VERIFIER, members, 2, signatures)
    assert refused == "RoleFounded"


def test_nothing_is_locked_for_a_domain_that_nobody_speaks_for(escrow: Escrow) -> None:
    arguments = name_domain("nobody.example"), OWNER
    assert escrow.arena.refusal(escrow.contract, "depositNative", *arguments, value=1000) == "DomainUnknown"


@pytest.mark.parametrize("owner", [0, GROUP_ORDER, GROUP_ORDER + OWNER, 2**256 - 1])
def test_r8_nothing_is_locked_for_an_owner_that_is_no_element(escrow: Escrow, owner: int) -> None:
    assert escrow.arena.refusal(escrow.contract, "depositNative", DOMAIN, owner, value=1000) == "LockOwnerMalformed"


# --- Exits -------------------------------------------------------------------------------------------------


def test_an_exit_that_nobody_contests_pays_though_everybody_else_is_gone(escrow: Escrow) -> None:
    arguments = escrow.exit_arguments(0, Locked())
    escrow.arena.send(escrow.contract, "requestExit", *arguments)
    assert escrow.arena.refusal(escrow.contract, "finishExit", NULLIFIER, Locked().struct) == "ExitPending"
    escrow.arena.node.advance(EXIT_DELAY)
    escrow.arena.send(escrow.contract, "finishExit", NULLIFIER, Locked().struct)
    assert escrow.balance(ALICE) == 1000
    for function, given in (("requestExit", arguments), ("finishExit", (NULLIFIER, Locked().struct))):
        assert escrow.arena.refusal(escrow.contract, function, *given) == "NullifierPaid"
    assert escrow.refusal(escrow.payment()) == "NullifierPaid", "an exit and a release pay once together"


def test_an_exit_is_of_its_own_deposit(escrow: Escrow) -> None:
    index, struct, nullifier, recipient, expiry, proof = escrow.exit_arguments(0, Locked())
    refuse = escrow.arena.refusal
    for at, locked in ((1, Locked()), (2, Locked()), (0, Locked(5000)), (0, Locked(owner=OWNER + GROUP_ORDER))):
        assert refuse(escrow.contract, "requestExit", at, locked.struct, nullifier, recipient, expiry, proof) == (
            "DepositUnknown"
        )
    for changes in ((9, recipient, expiry), (nullifier, spell(THIEF), expiry), (nullifier, recipient, expiry + 1)):
        assert refuse(escrow.contract, "requestExit", index, struct, *changes, proof) == "ProofInvalid"
    larger = nullifier + GROUP_ORDER
    assert (
        refuse(escrow.contract, "requestExit", index, struct, larger, recipient, expiry, proof) == "NullifierMalformed"
    )


def test_r5_an_exit_of_another_escrow_or_chain_or_door_is_none_here(escrow: Escrow) -> None:
    expiry = escrow.arena.now + DAY
    for place in (
        {"chain_id": CHAIN_ID + 1},
        {"contract": b"\x55" * 24},
        {"contract": escrow.door("withdraw")},
        {"contract": escrow.door("finishExit")},
        {"verifier": VERIFIER},
    ):
        proof = escrow.leaving(0, Locked(), ALICE, expiry, **place)
        arguments = 0, Locked().struct, NULLIFIER, spell(ALICE), expiry, proof
        assert escrow.arena.refusal(escrow.contract, "requestExit", *arguments) == "ProofInvalid"


def test_r5_a_chain_that_changes_its_number_pays_no_lock_a_second_time(escrow: Escrow) -> None:
    """Under another number the same deposit would be another lock, with a nullifier that was never paid."""
    escrow.pay(escrow.payment())
    index, locked, other = escrow.deposit(Locked(700)), Locked(700), NULLIFIER + 1
    with calling_itself(escrow, CHAIN_ID + 1) as number:
        again = escrow.exit_arguments(0, Locked(), nullifier=other, number=number, locked_under=number)
        assert escrow.arena.refusal(escrow.contract, "requestExit", *again) == "ProofInvalid"
        of_before = escrow.exit_arguments(index, locked, nullifier=other)
        assert escrow.arena.refusal(escrow.contract, "requestExit", *of_before) == "ProofInvalid"
        leaving = escrow.exit_arguments(index, locked, nullifier=other, number=number)
        assert escrow.arena.refusal(escrow.contract, "requestExit", *leaving) == "", "who was not paid is not shut in"


def test_r5_a_chain_that_changes_its_number_renames_no_token(escrow: Escrow) -> None:
    """A lock has the asset's name of the day; under another one it could not leave, or would be another lock."""
    dollars, words = escrow.dollars, [word(escrow.dollars.address), word(7)]
    with calling_itself(escrow, CHAIN_ID + 1) as number:
        digest = hash_typed_data(hash_domain(number, escrow.contract.address), hash_struct(ADMISSION, words))
        admission = dollars.spelling, 7, sign(digest, GOVERNORS[:2])
        assert escrow.arena.refusal(escrow.contract, "admit", *admission) == "ChainSplit"
        terms = (EXIT_DELAY, SEIZURE, CONTEST, ROOT_DELAY), *(escrow.contract.ask(each) for each in TERMS), 60, 1, False
        charter = [committee("governors", GOVERNORS)], NOTICE, PAUSE
        assert escrow.arena.refusal_of_making("CollateralEscrow", charter, terms) == "ChainSplit"
    assert escrow.arena.refusal_of_making("CollateralEscrow", charter, terms) == ""


@contextmanager
def calling_itself(escrow: Escrow, number: int) -> Iterator[int]:
    """The chain has another number meanwhile."""
    escrow.arena.node.ask("anvil_setChainId", number)
    try:
        yield number
    finally:
        escrow.arena.node.ask("anvil_setChainId", CHAIN_ID)


def test_a_release_is_no_exit_and_an_exit_no_release(escrow: Escrow) -> None:
    paid = escrow.payment()
    asset = escrow.asset(COIN)
    lock = commit_lock(Lock(CHAIN_ID, DOMAIN, asset, 1000, OWNER, 0))
    here = Binding(
        f"eip155:{CHAIN_ID}/{escrow.contract.spelling}", CHAIN_ID, escrow.door("requestExit"), ALICE, paid.expiry
    )
    context, policy = commit_context(DOMAIN, here), commit_release(asset, 1000)
    by_release = escrow.prove(RELEASE, lock, NULLIFIER, context, policy)
    arguments = 0, Locked().struct, NULLIFIER, spell(ALICE), paid.expiry, by_release
    assert escrow.arena.refusal(escrow.contract, "requestExit", *arguments) == "ProofInvalid"
    context = commit_context(DOMAIN, Binding(VERIFIER, CHAIN_ID, escrow.door("withdraw"), ALICE, paid.expiry))
    assert escrow.refusal(paid, proof=escrow.prove(EXIT, ROOT, NULLIFIER, context, policy)) == "ProofInvalid"


def test_a_request_that_was_seen_before_does_not_redirect_an_exit_back(escrow: Escrow) -> None:
    now = escrow.arena.now
    first = escrow.exit_arguments(0, Locked(), THIEF, now + DAY)
    second = escrow.exit_arguments(0, Locked(), ALICE, now + DAY + 1)
    escrow.arena.send(escrow.contract, "requestExit", *first)
    chained = escrow.contract.ask("chained")
    escrow.arena.send(escrow.contract, "requestExit", *second)
    assert escrow.contract.ask("chained") == chained, "the tree does not change by it"
    for seen in (first, second):
        assert escrow.arena.refusal(escrow.contract, "requestExit", *seen) == "ExpiryNotRising"
    escrow.arena.node.advance(EXIT_DELAY)
    escrow.arena.send(escrow.contract, "finishExit", NULLIFIER, Locked().struct)
    assert (escrow.balance(ALICE), escrow.balance(THIEF)) == (1000, 0)


def test_what_is_accepted_elsewhere_does_not_leave_before_it_could_be_seized(escrow: Escrow) -> None:
    escrow.arena.send(escrow.contract, "requestExit", *escrow.exit_arguments(0, Locked()))
    requested = escrow.arena.now
    said = escrow.held(lapses_at=requested + HOUR)
    contest = NULLIFIER, Locked().struct, VERIFIER, escrow.signed(said)
    escrow.arena.send(escrow.contract, "contest", *contest)
    escrow.arena.node.advance(EXIT_DELAY)
    assert escrow.arena.refusal(escrow.contract, "finishExit", NULLIFIER, Locked().struct) == "ExitPending"
    escrow.pay(escrow.payment(recipient=THIEF), "seize")
    escrow.arena.node.advance(CONTEST)
    assert escrow.arena.refusal(escrow.contract, "finishExit", NULLIFIER, Locked().struct) == "NullifierPaid"


def test_one_word_contests_no_longer_than_it_says_and_a_lying_committee_not_for_ever(escrow: Escrow) -> None:
    escrow.arena.send(escrow.contract, "requestExit", *escrow.exit_arguments(0, Locked()))
    requested = escrow.arena.now
    lapsed = escrow.held(happening=4, state=4, revision=2, lapses_at=requested - HOUR)
    escrow.arena.send(escrow.contract, "contest", NULLIFIER, Locked().struct, VERIFIER, escrow.signed(lapsed))
    until = requested - HOUR + SEIZURE
    escrow.arena.node.advance(SEIZURE - HOUR)
    escrow.arena.send(escrow.contract, "contest", NULLIFIER, Locked().struct, VERIFIER, escrow.signed(lapsed))
    assert tuple(escrow.contract.ask("exitOf", NULLIFIER))[1] == until, "again it adds nothing"
    lie = escrow.held(lapses_at=2**62)
    escrow.arena.send(escrow.contract, "contest", NULLIFIER, Locked().struct, VERIFIER, escrow.signed(lie))
    escrow.arena.node.advance(CONTEST - SEIZURE + HOUR)
    escrow.arena.send(escrow.contract, "contest", NULLIFIER, Locked().struct, VERIFIER, escrow.signed(escrow.held()))
    escrow.arena.send(escrow.contract, "finishExit", NULLIFIER, Locked().struct)
    assert escrow.balance(ALICE) == 1000


def test_nobody_contests_by_a_word_about_something_else(escrow: Escrow) -> None:
    struct = Locked().struct
    contest = escrow.arena.refusal
    before = NULLIFIER, struct, VERIFIER, escrow.signed(escrow.held())
    assert contest(escrow.contract, "contest", *before) == "ExitUnknown"
    escrow.arena.send(escrow.contract, "requestExit", *escrow.exit_arguments(0, Locked()))
    for said in (escrow.held(held=(1, 2)), escrow.freed()):
        assert contest(escrow.contract, "contest", NULLIFIER, struct, VERIFIER, escrow.signed(said)) == (
            "WordOnSomethingElse"
        )
    said = escrow.held()
    for signed in (
        escrow.signed(said, VERIFIERS[:1]),
        escrow.signed(said, keys_of("thief", 2)),
        escrow.signed(said, domain=OTHERS),
    ):
        assert contest(escrow.contract, "contest", NULLIFIER, struct, VERIFIER, signed) in {
            "SignaturesMiscounted",
            "SignerUnknown",
        }
    other = Locked(5000, domain=name_domain(OTHERS)).struct
    assert contest(escrow.contract, "contest", NULLIFIER, other, VERIFIER, escrow.signed(said, domain=OTHERS)) == (
        "DepositUnknown"
    )


def test_a_pause_stops_payments_and_deposits_and_no_exit(escrow: Escrow) -> None:
    arena, contract = escrow.arena, escrow.contract
    arena.send(contract, "pause", sender=arena.play(GOVERNORS[0]))
    assert escrow.refusal(escrow.payment()) == "Paused"
    assert escrow.refusal(escrow.payment(), function="seize") == "Paused"
    assert arena.refusal(contract, "depositNative", DOMAIN, OWNER, value=1000) == "Paused"
    arena.send(contract, "requestExit", *escrow.exit_arguments(0, Locked()))
    arena.send(contract, "contest", NULLIFIER, Locked().struct, VERIFIER, escrow.signed(escrow.held()))
    arena.node.advance(CONTEST)
    arena.send(contract, "pause", sender=arena.play(GOVERNORS[1]))
    assert contract.ask("isPaused")
    other = Locked(5000, domain=name_domain(OTHERS))
    arena.send(contract, "requestExit", *escrow.exit_arguments(1, other, nullifier=9))
    arena.send(contract, "finishExit", NULLIFIER, Locked().struct)
    assert escrow.balance(ALICE) == 1000


def test_two_governors_in_turn_cannot_hide_the_time_to_seize(escrow: Escrow) -> None:
    """Pauses one after the other leave as long a time between them, and the time to seize has two pauses and more."""
    arena, contract = escrow.arena, escrow.contract
    lapses_at = arena.now + 60
    arena.send(contract, "requestExit", *escrow.exit_arguments(0, Locked()))
    arena.send(
        contract, "contest", NULLIFIER, Locked().struct, VERIFIER, escrow.signed(escrow.held(lapses_at=lapses_at))
    )
    arena.node.advance(60)
    running = 0
    while arena.refusal(contract, "finishExit", NULLIFIER, Locked().struct):
        for governor in GOVERNORS[:2]:
            if not arena.refusal(contract, "pause", sender=arena.play(governor)):
                arena.send(contract, "pause", sender=spell(governor.address))
        running += escrow.refusal(escrow.payment(recipient=THIEF), function="seize") == ""
        arena.node.advance(PAUSE // 2)
    assert running > 0, "there was a time to seize"


# --- Tokens --------------------------------------------------------------------------------------------------


def test_reentrance_by_a_token_gets_nothing(escrow: Escrow) -> None:
    token, contract = escrow.dollars, escrow.contract
    locked = Locked(500, token.address)
    index = escrow.deposit(locked)
    guarded = hash_keccak(b"ReentrancyGuardReentrantCall()")[:4]
    paid = escrow.payment(token=token.address, amount=500, nullifier=8)
    inner = {
        "deposit": contract.face.encode_call("deposit", *locked.struct),
        "withdraw": contract.face.encode_call(
            "withdraw", paid.struct, escrow.release(paid), escrow.signed(escrow.freed(left=(8,)))
        ),
        "requestExit": contract.face.encode_call("requestExit", *escrow.exit_arguments(index, locked, nullifier=8)),
        "finishExit": contract.face.encode_call("finishExit", 8, locked.struct),
    }
    for name, call in inner.items():
        token.send(escrow.arena.node.accounts[9], "call", contract.spelling, call)
        escrow.deposit(locked)
        assert token.ask("refusal") == guarded, name
    assert contract.ask("held", DOMAIN, spell(token.address)) == 500 * 5 == token.ask("balanceOf", contract.spelling)


def test_a_token_that_keeps_a_fee_or_says_no_is_not_counted(escrow: Escrow) -> None:
    token, locked = escrow.dollars, Locked(500, escrow.dollars.address)
    account = escrow.arena.node.accounts[9]
    token.send(account, "behave", *KEEPS_A_FEE)
    assert escrow.arena.refusal(escrow.contract, "deposit", *locked.struct) == "AmountMiscounted"
    token.send(account, "behave", *SAYS_NO)
    assert escrow.arena.refusal(escrow.contract, "deposit", *locked.struct) == "SafeERC20FailedOperation"


def test_dust_does_not_fill_the_tree_and_a_token_that_nobody_admitted_is_none(escrow: Escrow) -> None:
    refuse, token = escrow.arena.refusal, escrow.dollars
    assert refuse(escrow.contract, "deposit", *Locked(99, token.address).struct) == "AmountMalformed"
    assert refuse(escrow.contract, "deposit", *Locked(0, token.address).struct) == "AmountMalformed"
    assert refuse(escrow.contract, "depositNative", DOMAIN, OWNER, value=0) == "AmountMalformed"
    stranger = escrow.arena.deploy("HostileToken", escrow.arena.node.accounts, 10**30)
    assert refuse(escrow.contract, "deposit", *Locked(500, stranger.address).struct) == "TokenUnknown"
    assert refuse(escrow.contract, "deposit", *Locked(500, COIN).struct) == "NotAToken"
    assert refuse(escrow.contract, "deposit", *Locked(500, b"\x31" * 20).struct) in {"TokenUnknown", "NotAToken"}


def test_coin_that_is_forced_in_is_nobody_s_and_hurts_nobody(escrow: Escrow) -> None:
    before = escrow.balance(escrow.contract.address)
    escrow.arena.node.give(escrow.contract.spelling, before + 12_345)
    escrow.pay(escrow.payment())
    assert escrow.balance(escrow.contract.address) == before + 12_345 - 1000
    sent = {"from": escrow.arena.node.accounts[9], "to": escrow.contract.spelling, "value": "0x1"}
    assert "error" in escrow.arena.chain.request("eth_call", [sent, "latest"]), "nothing comes in by no door"


# --- Making one ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "delays",
    [
        (PAUSE, SEIZURE, CONTEST, ROOT_DELAY),
        (EXIT_DELAY, 2 * PAUSE, CONTEST, ROOT_DELAY),
        (EXIT_DELAY, SEIZURE, EXIT_DELAY + SEIZURE, ROOT_DELAY),
        (EXIT_DELAY, SEIZURE, NOTICE + 1, ROOT_DELAY),
        (0, 0, 0, 0),
    ],
    ids=["pauses hide exits", "pauses hide seizures", "no period", "captured before one can leave", "none"],
)
def test_an_escrow_with_delays_that_trap_somebody_is_not_made(escrow: Escrow, delays: tuple[int, ...]) -> None:
    contract = escrow.contract
    places = [contract.ask(name) for name in ("RELEASES", "EXITS", "COMMITMENTS")]
    charter = [committee("governors", GOVERNORS), committee("lock", WATCHERS)], NOTICE, PAUSE
    refused = escrow.arena.refusal_of_making("CollateralEscrow", charter, (delays, *places, 60, 1, False))
    assert refused == "DelaysMalformed"


def test_a_key_that_is_not_for_development_makes_no_escrow_for_it(escrow: Escrow) -> None:
    places = [escrow.contract.ask(name) for name in ("RELEASES", "EXITS", "COMMITMENTS")]
    charter = [committee("governors", GOVERNORS), committee("lock", WATCHERS)], NOTICE, PAUSE
    terms = (EXIT_DELAY, SEIZURE, CONTEST, ROOT_DELAY), *places, 60, 1, True
    assert escrow.arena.refusal_of_making("CollateralEscrow", charter, terms) == "KeyOfOtherUse"


def test_a_stranger_governs_nothing(escrow: Escrow) -> None:
    token = spell(escrow.dollars.address)
    words = [word(escrow.dollars.address), word(1)]
    for keys in (GOVERNORS[:1], WATCHERS[:2], VERIFIERS[:2], [key_of("stranger")] * 2):
        signatures = sign(digest_for(escrow.contract, ADMISSION, words), keys)
        refused = escrow.arena.refusal(escrow.contract, "admit", token, 1, signatures)
        assert refused in {"SignaturesMiscounted", "SignerUnknown", "SignersNotRising"}


def test_an_old_admission_does_not_let_dust_in_again(escrow: Escrow) -> None:
    """The governors have raised what has to be locked at least; somebody brings their older word again."""
    token = escrow.dollars.address
    words = [word(token), word(100)]
    signatures = sign(digest_for(escrow.contract, ADMISSION, words), GOVERNORS[:2])
    escrow.admit(token, 10_000)
    if not escrow.arena.refusal(escrow.contract, "admit", spell(token), 100, signatures):
        escrow.arena.send(escrow.contract, "admit", spell(token), 100, signatures)
    assert escrow.contract.ask("leastOf", spell(token)) == 10_000
