"""A gate that checks proofs, with keys whose secrets are known: proofs of whatever somebody would like to be true."""

from dataclasses import dataclass, replace
from typing import Any

from chains.development.compilation import compile_verifier
from chains.development.deployment import Deployed, deploy
from facts.context import Binding, commit_context, name_domain
from facts.policy import StatementPolicy
from facts.public_inputs import unused_input
from facts.typed_data import hash_bytes, word
from margin.requirement import RequirementKind
from tests.contracts.arena import (
    DAY,
    DISOWNING,
    GOVERNORS,
    PERIOD,
    ROOT_POST,
    Arena,
    Committee,
    committee,
    digest_for,
    keys_of,
    sign,
    words_of,
)
from tests.snark.groth16.simulator import Simulator

LOCKED, BARE = Simulator.of(7), Simulator.of(6)
VOUCHERS = keys_of("voucher", 3)
BOOK, MARKET, LOCK = range(1, 4)
ROOTS = {BOOK: 101, MARKET: 102, LOCK: 103}
MAX_AGE = 300
ENTRY = StatementPolicy(RequirementKind.INITIAL, buffer_ppm=100_000, least_basket_value=7).encode()
UPKEEP = StatementPolicy(RequirementKind.MAINTENANCE).encode()
EXIT = StatementPolicy(RequirementKind.INITIAL, buffer_ppm=100_000).encode()
RECIPIENT = b"\x44" * 20
CLAIM = "(uint256,uint256,uint256,uint256,uint256,bytes,uint64)"
FREE = hash_bytes(f"free({CLAIM},uint256[8])".encode())[:4]


@dataclass(frozen=True)
class Claim:
    """What an attacker shows."""

    expiry: int
    book: int = ROOTS[BOOK]
    market: int = ROOTS[MARKET]
    lock: int = ROOTS[LOCK]
    tag: int = 55
    nullifier: int = 77
    recipient: bytes = RECIPIENT

    @property
    def struct(self) -> tuple[Any, ...]:
        return self.book, self.market, self.lock, self.tag, self.nullifier, self.recipient, self.expiry


@dataclass(frozen=True)
class Gate:
    """The gate under attack."""

    arena: Arena
    contract: Deployed

    @property
    def name(self) -> str:
        return f"eip155:{self.contract.node.chain_id}/{self.contract.spelling}"

    def claim(self, **changes: Any) -> Claim:  # noqa: ANN401
        return replace(Claim(self.arena.now + DAY), **changes)

    def context(self, claim: Claim, **place: Any) -> int:  # noqa: ANN401
        """Of a claim at this gate, or at a place that differs."""
        domain = name_domain(str(place.pop("domain", self.name)))
        here = Binding(self.name, self.contract.node.chain_id, self.contract.address, claim.recipient, claim.expiry)
        return commit_context(domain, replace(here, **place))

    def proof(self, claim: Claim, policy: int = ENTRY, context: int | None = None, seed: int = 0) -> list[int]:
        """A valid proof of a claim with a lock."""
        said = (claim.book, claim.market, claim.lock, claim.tag, claim.nullifier)
        return words_of(LOCKED.prove((*said, self.context(claim) if context is None else context, policy), seed))

    def bare_proof(self, claim: Claim, policy: int = EXIT) -> list[int]:
        """A valid proof about a position without a lock."""
        door = self.contract.address + FREE + word(claim.nullifier)
        context = self.context(claim, contract=door)
        said = (claim.book, claim.market, unused_input("lock_root"), claim.tag, context, policy)
        return words_of(BARE.prove(said))

    def refusal(self, claim: Claim, proof: list[int] | None = None, function: str = "accept") -> str:
        proof = self.proof(claim) if proof is None else proof
        return self.arena.refusal(self.contract, function, claim.struct, proof)

    def accept(self, claim: Claim) -> None:
        self.arena.send(self.contract, "accept", claim.struct, self.proof(claim))

    def free(self, claim: Claim) -> None:
        self.arena.send(self.contract, "free", claim.struct, self.bare_proof(claim))

    def posting(self, kind: int, root: int, sequence: int, moment: int) -> tuple[Any, ...]:
        words = [word(kind), word(root), word(sequence), word(moment)]
        return kind, root, sequence, moment, sign(digest_for(self.contract, ROOT_POST, words), VOUCHERS[:2])

    def post(self, kind: int, root: int, sequence: int, moment: int) -> None:
        self.arena.send(self.contract, "postRoot", *self.posting(kind, root, sequence, moment))

    def refusal_of_root(self, kind: int, root: int, sequence: int, moment: int) -> str:
        return self.arena.refusal(self.contract, "postRoot", *self.posting(kind, root, sequence, moment))

    def disown(self, kind: int, root: int) -> None:
        signatures = sign(digest_for(self.contract, DISOWNING, [word(kind), word(root)]), GOVERNORS[:2])
        self.arena.send(self.contract, "disownRoot", kind, root, signatures)


def compile_both(ground: Arena) -> tuple[str, str]:
    """The verifiers of both shapes."""
    kinds = (LOCKED, "Locked"), (BARE, "Bare")
    locked, bare = (deploy(ground.node, compile_verifier(each.key, name)).spelling for each, name in kinds)
    return locked, bare


def found(ground: Arena, verifiers: tuple[str, str], governors: Committee | None = None) -> Deployed:
    roles = [committee(name, VOUCHERS) for name in ("book", "market", "lock")]
    charter = [governors or committee("governors", GOVERNORS), *roles], 0, DAY
    return ground.deploy("ProofGate", charter, (*verifiers, ENTRY, UPKEEP, PERIOD, MAX_AGE, MAX_AGE, MAX_AGE, False))
