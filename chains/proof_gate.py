"""A gate that checks proofs itself, as its observers read it: what happened to its acceptances, and how each stands.

    accepted     nullifier, recipient, position tag, until when
    refreshed    nullifier, revision, until when
    freed        nullifier, revision

The gate keeps a hash over them, as ``chains.chronicle`` has it. It begins with the gate's domain, and goes on to how an
acceptance stands, each time that this changes:

    chained' = keccak256(chained, nullifier, bond, until when, revision, timestamp of the block)

where ``bond`` is what the acceptance was made for, and one that was let go stands until 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self, TypeAlias

from chains.chronicle import list_logs, wrong_logs
from chains.contracts import Face, read_abi
from chains.rpc import ADDRESS_BYTES, WORD_BYTES, Block, Chain, ChainLog
from facts.context import MAX_ADDRESS_BYTES, name_domain
from facts.elements import require_element
from facts.keccak import hash_keccak
from margin.errors import MalformedError, MisuseError, Reason

FACE: Final = "ProofGate"
FOLLOWED: Final = ("Accepted", "Refreshed", "Freed")
TAG, NULLIFIER, RECIPIENT = 3, 4, 5
"""Where a claim has them."""
BOND_BYTES: Final = 24
TOP_OF_BOND: Final = 1 << 8 * BOND_BYTES - 1


@dataclass(frozen=True, slots=True)
class Accepted:
    """A lock is held."""

    nullifier: int
    recipient: bytes
    position_tag: int
    lapses_at: int


@dataclass(frozen=True, slots=True)
class Refreshed:
    """It is held for longer."""

    nullifier: int
    revision: int
    lapses_at: int


@dataclass(frozen=True, slots=True)
class Freed:
    """It is held no more."""

    nullifier: int
    revision: int


Event: TypeAlias = Accepted | Refreshed | Freed


@dataclass(frozen=True, slots=True)
class Happened:
    """An event, and the block that has it."""

    event: Event
    block: int
    block_hash: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """What a gate says of an acceptance: 0 none, 1 accepted, 2 refreshed, 3 released, 4 lapsed."""

    state: int
    revision: int
    lapses_at: int


@dataclass(frozen=True, slots=True)
class Identity:
    """What a gate is for good."""

    chain_id: int
    address: bytes
    name: str
    """Of the verifier that it is, and of its registry of nullifiers."""
    domain: int
    """The same registry as an element."""
    policy: int
    """The word of what has to be proved to be accepted."""
    is_for_development: bool

    @property
    def origin(self) -> bytes:
        """What its hash was before the first event."""
        return self.domain.to_bytes(WORD_BYTES, "big")


def name_gate(chain_id: int, address: bytes) -> str:
    """How a gate is called: as the verifier that it is, and as its registry of nullifiers."""
    return f"eip155:{chain_id}/0x{address.hex()}"


@dataclass(frozen=True, slots=True)
class ProofGate:
    """The gate at an address."""

    chain: Chain
    face: Face
    address: bytes

    @classmethod
    def at(cls, chain: Chain, address: bytes) -> Self:
        """Nobody is asked yet."""
        if len(address) != ADDRESS_BYTES:
            found, expected = f"{len(address)} bytes", f"{ADDRESS_BYTES} bytes"
            raise MalformedError(Reason.WRONG_COUNT, "gate", found=found, expected=expected)
        return cls(chain, read_abi(FACE), address)

    def identify(self, block: Block) -> Identity:
        """What all nodes say that it is; a name that is not its place is none of ours."""
        name, domain = self._ask_one(block, "name"), self._ask_one(block, "DOMAIN")
        expected = name_gate(self.chain.chain_id, self.address)
        if name != expected or domain != name_domain(expected):
            raise MisuseError(Reason.WRONG_CONTEXT, "gate.name", found="another name", expected=expected)
        policy, is_for_development = (self._ask_one(block, each) for each in ("ENTRY_POLICY", "IS_FOR_DEVELOPMENT"))
        return Identity(self.chain.chain_id, self.address, name, domain, policy, is_for_development)

    def find(self, nullifier: int, block: Block) -> Found:
        """What all nodes say that it says of an acceptance at the very block."""
        return Found(*self._ask(block, "find", nullifier))

    def chained(self, block: Block) -> bytes:
        """What all nodes say that its hash over all events was at the very block."""
        chained: bytes = self._ask_one(block, "chained")
        return chained

    def events(self, first: int, last: int) -> Iterator[Happened]:
        """What happened in some blocks, in the order in which it did."""
        topics = {self.face.topic_of(name): name for name in FOLLOWED}
        for log in list_logs(self.chain, self.address, tuple(topics), first, last):
            yield Happened(self._read_event(topics[log.topics[0]], log), log.block, log.block_hash)

    def _read_event(self, name: str, log: ChainLog) -> Event:
        """What a log tells; a gate writes no other."""
        try:
            told = self.face.decode_event(name, log.topics, log.data)
            require_element(told["nullifier"], "nullifier")
        except MalformedError:
            raise wrong_logs("another form", "an event of a gate") from None
        match name:
            case "Accepted":
                return read_accepted(told)
            case "Refreshed":
                return Refreshed(told["nullifier"], told["revision"], told["lapsesAt"])
            case _:
                return Freed(told["nullifier"], told["revision"])

    def _ask(self, block: Block, function: str, *arguments: Any) -> tuple[Any, ...]:  # noqa: ANN401
        answer = self.chain.agreed_call(self.address, self.face.encode_call(function, *arguments), block)
        if not answer:
            found, expected = "nothing", f"a gate that is there at block {block.number}"
            raise MisuseError(Reason.WRONG_CONTEXT, f"gate.{function}", found=found, expected=expected)
        return self.face.decode_answer(function, answer)

    def _ask_one(self, block: Block, function: str) -> Any:  # noqa: ANN401 - whatever Solidity has
        (value,) = self._ask(block, function)
        return value


def bind(position_tag: int, recipient: bytes) -> int:
    """What an acceptance was made for, as the gate keeps it: the top bit is set, so that no bond is zero."""
    hashed = hash_keccak(position_tag.to_bytes(WORD_BYTES, "big") + recipient)
    return int.from_bytes(hashed[-BOND_BYTES:], "big") | TOP_OF_BOND


def read_accepted(told: dict[str, Any]) -> Accepted:
    """An acceptance whose claim says what its topics say."""
    claim = told["claim"]
    nullifier, recipient, tag = claim[NULLIFIER], claim[RECIPIENT], claim[TAG]
    said = nullifier, hash_keccak(recipient), tag
    if (
        said != (told["nullifier"], told["recipient"], told["positionTag"])
        or not 0 < len(recipient) <= MAX_ADDRESS_BYTES
    ):
        raise wrong_logs("a claim that its topics deny", "an event of a gate")
    return Accepted(nullifier, recipient, tag, told["lapsesAt"])
