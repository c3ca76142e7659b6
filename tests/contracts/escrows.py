"""An escrow on a node, with whoever speaks for it, and proofs of whatever somebody would like to be true."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final

from chains.development.compilation import Artifact, compile_verifier
from chains.development.deployment import Deployed, deploy
from facts.asset import name_asset
from facts.commitments import Lock, commit_lock, commit_lock_owner, commit_release, derive_nullifier
from facts.context import Binding, commit_context, name_domain
from facts.keccak import hash_keccak
from facts.public_inputs import unused_input
from facts.typed_data import hash_bytes, word
from snark.groth16.keys import VerifyingKey
from tests.contracts.arena import (
    CHAIN_ID,
    DAY,
    DOMAIN,
    GOVERNORS,
    ROOT_POST,
    VERIFIER,
    VERIFIERS,
    Arena,
    Word,
    committee,
    digest_for,
    hash_addresses,
    keys_of,
    sign,
    spell,
    words_of,
)
from tests.snark.groth16.simulator import Simulator

RELEASES, EXITS = Simulator.of(7, seed=1), Simulator.of(7, seed=2)
WATCHERS: Final = keys_of("watcher", 3)
PAUSE, ROOT, EXIT, SEIZURE, PERIOD = DAY, 3600, 2 * DAY, 3 * DAY, DAY
CONTEST: Final = EXIT + SEIZURE + PERIOD
APPOINTMENT: Final = CONTEST
DELAYS: Final = (EXIT, SEIZURE, CONTEST, ROOT)
COIN: Final = f"0x{bytes(20).hex()}"
COIN_NUMBER: Final = 60
LEAST: Final = 10
OPENING: Final = "Opening(string domain,string verifier,address[] members,uint8 threshold)"
ADMISSION: Final = "Admission(address token,uint256 least)"
GATE: Final = bytes.fromhex("77" * 20)
LOCK_KIND: Final = 3
SECRET, SALT = 1234567, 7654321
OWNER: Final = commit_lock_owner(SECRET, SALT)
RECIPIENT: Final = b"\x44" * 20
DOORS: Final = {"withdraw": "0672b041", "seize": "0ddbb22b", "requestExit": "371f0b19"}
"""What sealed releases are bound to: another number here makes every one of them worthless."""
SELECTORS: Final = {name: bytes.fromhex(text) for name, text in DOORS.items()}
FREE, SEIZE = (3, 3), (5, 5)
"""What happened, and the state after it."""


@dataclass(frozen=True)
class Locked:
    """One deposit, and what its owner knows."""

    index: int
    token: str
    amount: int
    domain: str = DOMAIN
    secret: int = SECRET
    salt: int = SALT

    @property
    def asset(self) -> int:
        """By its CAIP-19 name."""
        reference = f"slip44:{COIN_NUMBER}" if self.token == COIN else f"erc20:{self.token.lower()}"
        return name_asset(f"eip155:{CHAIN_ID}/{reference}")

    @property
    def owner(self) -> int:
        return commit_lock_owner(self.secret, self.salt)

    @property
    def lock(self) -> Lock:
        return Lock(CHAIN_ID, name_domain(self.domain), self.asset, self.amount, self.owner, self.index)

    @property
    def leaf(self) -> int:
        return commit_lock(self.lock)

    @property
    def nullifier(self) -> int:
        return derive_nullifier(self.secret, self.leaf)

    @property
    def struct(self) -> tuple[object, ...]:
        return self.token, self.amount, name_domain(self.domain), self.owner


@dataclass(frozen=True)
class Escrow:
    """The escrow, a token, and their node."""

    arena: Arena
    contract: Deployed
    dollars: Deployed = field(repr=False)

    @classmethod
    def found(
        cls,
        arena: Arena,
        releases: VerifyingKey,
        exits: VerifyingKey,
        *,
        is_for_development: bool,
        verifiers: Sequence[Any] = VERIFIERS,
    ) -> "Escrow":
        """An escrow whose domain is open and whose token is admitted; the node's accounts have some of it."""
        contract = arena.deploy("CollateralEscrow", charter(), terms(arena, releases, exits, is_for_development))
        dollars = arena.deploy("TrialDollars", list(arena.node.accounts), 10**12)
        made = cls(arena, contract, dollars)
        made.open(DOMAIN, VERIFIER, verifiers)
        made.admit(dollars)
        return made

    # --- What governors and watchers do -----------------------------------------------------------------

    def opening(self, name: str, verifier: str, keys: Sequence[Any] = VERIFIERS) -> tuple[object, ...]:
        threshold = len(keys) // 2 + 1
        words = [hash_bytes(name.encode()), hash_bytes(verifier.encode()), hash_addresses(keys), word(threshold)]
        members = [spell(key.address) for key in keys]
        return name, verifier, members, threshold, sign(digest_for(self.contract, OPENING, words), GOVERNORS[:2])

    def open(self, name: str, verifier: str, keys: Sequence[Any] = VERIFIERS) -> None:
        self.arena.send(self.contract, "openDomain", *self.opening(name, verifier, keys))

    def admission(self, token: Deployed, least: int = LEAST) -> tuple[Any, ...]:
        digest = digest_for(self.contract, ADMISSION, [word(token.address), word(least)])
        return token.spelling, least, sign(digest, GOVERNORS[:2])

    def admit(self, token: Deployed, least: int = LEAST) -> None:
        self.arena.send(self.contract, "admit", *self.admission(token, least))

    def post(self, root: int, sequence: int = 1) -> None:
        """Have a root of locks posted, and wait until it is ripe."""
        moment = self.arena.now
        digest = digest_for(self.contract, ROOT_POST, [word(LOCK_KIND), word(root), word(sequence), word(moment)])
        self.arena.send(self.contract, "postRoot", LOCK_KIND, root, sequence, moment, sign(digest, WATCHERS[:2]))
        self.arena.node.advance(ROOT)

    # --- Ways in ----------------------------------------------------------------------------------------

    def deposit(self, amount: int = 100, token: Deployed | None = None, **changes: Any) -> Locked:  # noqa: ANN401
        """Lock so much of a token."""
        token = token or self.dollars
        made = Locked(self.contract.ask("count"), token.spelling, amount, **changes)
        self.arena.send(token, "approve", self.contract.spelling, amount)
        self.arena.send(self.contract, "deposit", token.spelling, amount, name_domain(made.domain), made.owner)
        return made

    def deposit_coin(self, amount: int = 100) -> Locked:
        """Lock so much of the chain's coin."""
        made = Locked(self.contract.ask("count"), COIN, amount)
        self.arena.send(self.contract, "depositNative", name_domain(made.domain), made.owner, value=amount)
        return made

    # --- Ways out ---------------------------------------------------------------------------------------

    def door(self, function: str) -> bytes:
        """What a proof for a function is bound to."""
        return self.contract.address + SELECTORS[function]

    def pay(self, locked: Locked, function: str = "withdraw", root: int = 7, **changes: Any) -> "Payment":  # noqa: ANN401
        """A payment of a lock, as its owner would have it."""
        made = Payment(self, locked, function, root, self.arena.now + 30 * DAY)
        return replace(made, **changes)

    def word(self, nullifier: int, what: tuple[int, int] = FREE, **changes: Any) -> Word:  # noqa: ANN401
        """What a verifier says of a lock that left, of an acceptance that has lapsed; who seized it is paid."""
        happening, state = what
        now = self.arena.now
        said = Word.at(now, held=(), left=(nullifier,), happening=happening, state=state, revision=2)
        return said.but(moment=now - 2 * PERIOD, lapses_at=now - PERIOD, recipient=RECIPIENT).but(**changes)

    def say(self, said: Word, keys: Sequence[Any] = VERIFIERS[:2], **place: Any) -> tuple[object, ...]:  # noqa: ANN401
        """A word as the contract takes it, signed for a gate."""
        digest = said.digest(1, GATE, **place)
        return 1, spell(GATE), said.struct, sign(digest, keys)

    def balance(self, address: bytes = RECIPIENT, token: str | None = None) -> int:
        """How much somebody has."""
        if token == COIN:
            return int(self.arena.node.ask("eth_getBalance", spell(address), "latest"), 16)
        return int(self.dollars.ask("balanceOf", spell(address)))


@dataclass(frozen=True)
class Payment:
    """What a release is for, and the proof of it."""

    escrow: Escrow
    locked: Locked
    function: str
    root: int
    expiry: int
    recipient: bytes = RECIPIENT
    verifier: str = VERIFIER
    door: bytes = b""
    """Another one than that of the function."""

    @property
    def binding(self) -> Binding:
        door = self.door or self.escrow.door(self.function)
        return Binding(self.verifier, CHAIN_ID, door, self.recipient, self.expiry)

    @property
    def struct(self) -> tuple[object, ...]:
        locked, domain = self.locked, name_domain(self.locked.domain)
        head = locked.token, locked.amount, domain, self.verifier, self.root, locked.nullifier
        return (*head, spell(self.recipient), self.expiry)

    def inputs(self, root: int) -> list[int]:
        """The public inputs of a proof for it."""
        locked = self.locked
        unused = [unused_input(name) for name in ("book_root", "market_root", "position_tag")]
        context = commit_context(name_domain(locked.domain), self.binding)
        release = commit_release(locked.asset, locked.amount)
        return [*unused[:2], root, unused[2], locked.nullifier, context, release]

    @property
    def proof(self) -> list[int]:
        return words_of(RELEASES.prove(self.inputs(self.root)))

    def refusal(self, said: tuple[object, ...], proof: list[int] | None = None) -> str:
        """How the escrow refuses it."""
        arguments = self.struct, self.proof if proof is None else proof, said
        return self.escrow.arena.refusal(self.escrow.contract, self.function, *arguments)

    def make(self, said: tuple[object, ...], proof: list[int] | None = None) -> int:
        """Have it paid; the gas."""
        arguments = self.struct, self.proof if proof is None else proof, said
        return self.escrow.arena.send(self.escrow.contract, self.function, *arguments)


@dataclass(frozen=True)
class Leaving:
    """An exit, as its owner would have it."""

    escrow: Escrow
    locked: Locked
    expiry: int
    recipient: bytes = RECIPIENT

    @property
    def payment(self) -> Payment:
        name = f"eip155:{CHAIN_ID}/{self.escrow.contract.spelling}"
        return Payment(self.escrow, self.locked, "requestExit", 0, self.expiry, self.recipient, name)

    @property
    def inputs(self) -> list[int]:
        return self.payment.inputs(self.locked.leaf)

    def arguments(self, proof: list[int] | None = None) -> tuple[object, ...]:
        locked = self.locked
        proof = words_of(EXITS.prove(self.inputs)) if proof is None else proof
        return locked.index, locked.struct, locked.nullifier, spell(self.recipient), self.expiry, proof

    def refusal(self, proof: list[int] | None = None) -> str:
        return self.escrow.arena.refusal(self.escrow.contract, "requestExit", *self.arguments(proof))

    def request(self, proof: list[int] | None = None) -> int:
        return self.escrow.arena.send(self.escrow.contract, "requestExit", *self.arguments(proof))

    def contest(self, said: tuple[object, ...]) -> None:
        self.escrow.arena.send(self.escrow.contract, "contest", *self.contesting(said))

    def refusal_of_contest(self, said: tuple[object, ...]) -> str:
        return self.escrow.arena.refusal(self.escrow.contract, "contest", *self.contesting(said))

    def contesting(self, said: tuple[object, ...]) -> tuple[object, ...]:
        return self.locked.nullifier, self.locked.struct, VERIFIER, said

    def refusal_of_end(self) -> str:
        return self.escrow.arena.refusal(self.escrow.contract, "finishExit", self.locked.nullifier, self.locked.struct)

    def finish(self) -> int:
        return self.escrow.arena.send(self.escrow.contract, "finishExit", self.locked.nullifier, self.locked.struct)

    @property
    def finishes_at(self) -> int:
        return int(self.escrow.contract.ask("exitOf", self.locked.nullifier)[1])


def charter() -> tuple[object, ...]:
    """On what an escrow begins."""
    return [committee("governors", GOVERNORS), committee("lock", WATCHERS)], APPOINTMENT, PAUSE


def terms(
    arena: Arena,
    releases: VerifyingKey,
    exits: VerifyingKey,
    is_for_development: bool,  # noqa: FBT001
    delays: tuple[int, ...] = DELAYS,
) -> tuple[object, ...]:
    """What it is made with."""
    kinds = (releases, "Releases"), (exits, "Exits")
    verifiers = (deploy(arena.node, compile_once(key, name)).spelling for key, name in kinds)
    return delays, *verifiers, arena.deploy("Commitments").spelling, COIN_NUMBER, LEAST, is_for_development


@cache
def compile_once(key: VerifyingKey, name: str) -> Artifact:
    """The verifier of a key, of which many escrows are made."""
    return compile_verifier(key, name)


def chain_deposit(chained: bytes, locked: Locked) -> bytes:
    """What the escrow chains of a deposit."""
    lock = locked.lock
    words = (lock.deposit_index, lock.domain, lock.asset, lock.amount, lock.lock_owner)
    return hash_keccak(chained + b"".join(map(word, words)))


def chain_exit(chained: bytes, locked: Locked) -> bytes:
    """What it chains of an exit."""
    return hash_keccak(chained + word(locked.index) + word(locked.nullifier))
