"""The hash that a contract keeps over its own events: whoever comes to it by their logs has all of them.

    chained' = keccak256(chained, what happened)        each number of what happened a word of 32 bytes

The contract is asked for it at the hash of a block, and all nodes have to say the same. Then the logs of a single node
will do: where one is missing, doubled, moved or altered they come to another hash, and the next node is asked for its
own. Nothing follows from logs before they have come to the hash.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar, cast

from chains.rpc import WORD_BYTES, Chain, ChainLog
from facts.keccak import hash_keccak
from margin.errors import InternalError, Reason

NOWHERE: Final = -1
"""Before the first log of a block."""

ReadT = TypeVar("ReadT")


def link(chained: bytes, *happened: int) -> bytes:
    """What the hash is after something that happened."""
    return hash_keccak(chained + b"".join(number.to_bytes(WORD_BYTES, "big") for number in happened))


def list_logs(chain: Chain, address: bytes, topics: Sequence[bytes], first: int, last: int) -> Iterator[ChainLog]:
    """The logs of a contract in some blocks, in the order in which they were written."""
    before = first, NOWHERE
    for _, logs in chain.logs(address, topics, first, last):
        for log in logs:
            place = log.block, log.place
            if place <= before:
                raise wrong_logs("one twice, or in another order", "each log once, as it was written")
            before = place
            yield log


def read_whole(chain: Chain, read: Callable[[Chain], ReadT]) -> ReadT:
    """What follows from the logs of the first node that has all of them; ``read`` raises where one has not."""
    failure: InternalError | None = None
    for node in chain.apart():
        try:
            return read(node)
        except InternalError as error:
            if failure is None or failure.reason is Reason.CHAIN_UNAVAILABLE:
                failure = error
    raise cast("InternalError", failure)


def wrong_logs(found: str, expected: str) -> InternalError:
    """A node tells what a contract has not written, or not all that it has."""
    return InternalError(Reason.WRONG_LOGS, "logs", found=found, expected=expected)
