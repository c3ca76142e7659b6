"""An escrow as its watchers read it: what changed the tree of its locks, in one chain of hashes that it keeps itself.

    deposited          chained' = keccak256(chained, index, domain, asset, amount, lock owner)
    exit requested     chained' = keccak256(chained, index, nullifier)

as ``chains.chronicle`` has it. ``count`` and ``chained`` are asked for at the hash of a block.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from chains.chronicle import link, list_logs, wrong_logs
from chains.rpc import ADDRESS_BYTES, WORD_BYTES, Block, Chain, ChainLog
from facts.keccak import hash_keccak
from margin.errors import InternalError, MalformedError, MisuseError, Reason

DEPOSITED: Final = hash_keccak(b"Deposited(uint64,uint256,uint256,uint256,uint256,bytes32)")
EXIT_REQUESTED: Final = hash_keccak(b"ExitRequested(uint64,uint256,address,uint64,bytes32)")
CHAINED: Final = hash_keccak(b"chained()")[:4]
COUNT: Final = hash_keccak(b"count()")[:4]
NOTHING_CHAINED: Final = bytes(WORD_BYTES)
"""Before the first event."""
WORDS: Final = {DEPOSITED: (2, 5), EXIT_REQUESTED: (3, 3)}
"""Of each event so many topics and so many words of data."""


@dataclass(frozen=True, slots=True)
class Deposited:
    """A lock came."""

    index: int
    domain: int
    asset: int
    amount: int
    lock_owner: int
    chained: bytes

    def chain(self, before: bytes) -> bytes:
        """What the escrow chains of it."""
        return link(before, self.index, self.domain, self.asset, self.amount, self.lock_owner)


@dataclass(frozen=True, slots=True)
class ExitRequested:
    """A lock leaves; it never comes back."""

    index: int
    nullifier: int
    chained: bytes

    def chain(self, before: bytes) -> bytes:
        """What the escrow chains of it."""
        return link(before, self.index, self.nullifier)


Event: TypeAlias = Deposited | ExitRequested


@dataclass(frozen=True, slots=True)
class Account:
    """What an escrow says of itself at a block."""

    count: int = 0
    """How many deposits there were."""
    chained: bytes = NOTHING_CHAINED


@dataclass(frozen=True, slots=True)
class Escrow:
    """The escrow at an address."""

    chain: Chain
    address: bytes

    def __post_init__(self) -> None:
        if len(self.address) != ADDRESS_BYTES:
            found, expected = f"{len(self.address)} bytes", f"{ADDRESS_BYTES} bytes"
            raise MalformedError(Reason.WRONG_COUNT, "escrow", found=found, expected=expected)

    def events(self, first: int, last: int) -> Iterator[Event]:
        """What happened in some blocks, in the order in which it did."""
        return map(read_event, list_logs(self.chain, self.address, tuple(WORDS), first, last))

    def account(self, block: Block) -> Account:
        """What all nodes say that it says at a block."""
        count, chained = (
            self._word(name, selector, block) for name, selector in (("count", COUNT), ("chained", CHAINED))
        )
        return Account(int.from_bytes(count, "big"), chained)

    def _word(self, name: str, selector: bytes, block: Block) -> bytes:
        answer = self.chain.agreed_call(self.address, selector, block)
        if len(answer) != WORD_BYTES:
            found, expected = f"{len(answer)} bytes", f"an escrow that is there at block {block.number}"
            raise MisuseError(Reason.WRONG_CONTEXT, f"escrow.{name}", found=found, expected=expected)
        return answer


def read_event(log: ChainLog) -> Event:
    """What a log tells; an escrow writes no other."""
    topics, words = WORDS[log.topics[0]]
    if len(log.topics) != topics or len(log.data) != words * WORD_BYTES:
        raise wrong_logs("another form", "an event of an escrow")
    index, data = int.from_bytes(log.topics[1], "big"), cut(log.data)
    if log.topics[0] == DEPOSITED:
        domain, asset, amount, lock_owner = map(read_word, data[:-1])
        return Deposited(index, domain, asset, amount, lock_owner, data[-1])
    return ExitRequested(index, read_word(log.topics[2]), data[-1])


def cut(data: bytes) -> list[bytes]:
    """Words."""
    return [data[start : start + WORD_BYTES] for start in range(0, len(data), WORD_BYTES)]


def read_word(word: bytes) -> int:
    """A number as Solidity encodes it."""
    return int.from_bytes(word, "big")


def contradicts(name: str, found: str, expected: str) -> InternalError:
    """A node, or nodes, say what cannot be so."""
    return InternalError(Reason.CHAIN_REWRITTEN, name, found=found, expected=expected)
