"""Transactions of one account of one chain, as EIP-1559 has them, one after the other and each until it is in blocks.

    payload      0x02, RLP(chain id, nonce, tip, fee, gas, to, value, data, access list)
    signed       0x02, RLP(... , parity of y, r, s); r and s are of the Keccak-256 of the payload

The account's key signs digests and is nothing else here: a key in memory or a module that keeps its own. Before a
transaction is signed the node is asked what it would do, so that a contract's refusal costs nothing and has its name.

An account has one transaction under way. Its number is that of the account in the newest block: whatever another run of
the same account left behind and no block has taken is replaced by it, or comes first, and then ``DisplacedError`` is
raised, because somebody has to look at what the chain holds now. A transaction that waits too long is signed again with
a higher fee and the same number, so that one of them counts at most; the highest fee is the caller's bound.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Final, Self

from chains.contracts import NODE, Contract
from chains.rpc import HASH_BYTES, Chain, NodeRefusedError, read_bytes, read_number, require_fields, spell
from facts.keccak import hash_keccak
from facts.secp256k1 import SCALAR_BYTES, ChainSigner, address_of, sign_for_chain
from margin.errors import InternalError, MalformedError, Reason, RejectedError

KIND: Final = b"\x02"
SHORT_TEXT, LONG_TEXT = 0x80, 0xB7
SHORT_LIST, LONG_LIST = 0xC0, 0xF7
SHORT: Final = 55
"""So many bytes say their length in the byte before them."""
WEI_BITS: Final = 256
GWEI: Final = 10**9
RISE_PERCENT: Final = 13
"""A node takes another transaction of the same number for a tenth more, or an eighth."""
FIRST_GLANCE_SECONDS, LONGEST_GLANCE_SECONDS = 0.02, 1.0
BASES_AHEAD: Final = 2
"""A fee that still does when the base fee has doubled."""
MOST_UNSEEN: Final = 3
"""So often a node may say that a number is taken and have no receipt of it: it tells of a block's receipts last."""
KNOWN: Final = ("already known", "already imported", "known transaction")
TOO_LOW: Final = ("nonce too low", "nonce is too low", "oldnonce")
POOR: Final = "insufficient funds"
UNDERPRICED: Final = ("underpriced", "fee too low", "gas price too low")
"""How nodes say no to a transaction; they agree on no codes, and what they say is read and never repeated."""

Item = bytes | Sequence["Item"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a transaction may cost and how long it may take."""

    gas: int = 3_000_000
    """No transaction may use more."""
    gas_margin_percent: int = 20
    """So much is added to what a node estimates."""
    fee_per_gas: int = 200 * GWEI
    """In the chain's smallest unit; nothing is ever offered above it."""
    tip_per_gas: int = 2 * GWEI
    """At most so much is offered to whoever makes the block, at first."""
    replace_after_seconds: float = 30
    longest_seconds: float = 900
    confirmations: int = 1
    """Blocks with the transaction and after it until it counts."""

    def __post_init__(self) -> None:
        for name in ("gas", "fee_per_gas", "confirmations"):
            if not 1 <= getattr(self, name) < 1 << 128:
                expected = "at least 1"
                raise MalformedError(Reason.OUT_OF_BOUNDS, name, found=getattr(self, name), expected=expected)
        for name in ("gas_margin_percent", "tip_per_gas", "replace_after_seconds", "longest_seconds"):
            if getattr(self, name) < 0:
                expected = "not below 0"
                raise MalformedError(Reason.OUT_OF_BOUNDS, name, found=getattr(self, name), expected=expected)


@dataclass(frozen=True, slots=True)
class Transaction:
    """What an account signs."""

    chain_id: int
    nonce: int
    tip: int
    fee: int
    gas: int
    to: bytes
    value: int
    data: bytes

    @property
    def items(self) -> list[Item]:
        """What comes before the signature."""
        numbers = (self.chain_id, self.nonce, self.tip, self.fee, self.gas)
        return [*map(encode_number, numbers), self.to, encode_number(self.value), self.data, []]

    @property
    def digest(self) -> bytes:
        """What is signed."""
        return hash_keccak(KIND + encode_item(self.items))

    def sign(self, signer: ChainSigner) -> bytes:
        """The bytes that a node takes."""
        signature = sign_for_chain(self.digest, signer)
        r, s = signature[:SCALAR_BYTES], signature[SCALAR_BYTES : 2 * SCALAR_BYTES]
        parity = signature[-1] - 27
        signed = [encode_number(parity), *(encode_number(int.from_bytes(each, "big")) for each in (r, s))]
        return KIND + encode_item([*self.items, *signed])


@dataclass(frozen=True, slots=True)
class Receipt:
    """A transaction that is in blocks."""

    hash: bytes
    block: int
    gas: int
    fee_per_gas: int
    is_well: bool
    """Whether it did what it was to do; else it cost and changed nothing."""
    attempts: int
    """How often it was signed, each time with a higher fee."""


class DisplacedError(InternalError):
    """Another transaction of the account took the number: what the chain holds now is not known here."""

    @classmethod
    def of(cls, nonce: int) -> Self:
        """By the number."""
        found, expected = f"another transaction as number {nonce}", "one of this run"
        return cls(Reason.NOT_MINED, "transaction", found=found, expected=expected)


# --- Bytes -----------------------------------------------------------------------------------------------


def encode_number(value: int) -> bytes:
    """A number in as few bytes as it takes; none for zero."""
    if not 0 <= value < 1 << WEI_BITS:
        raise MalformedError(Reason.OUT_OF_BOUNDS, "number", found=value, expected=f"at most {WEI_BITS} bits")
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def encode_item(item: Item) -> bytes:
    """Bytes, or a list, in RLP."""
    if isinstance(item, bytes):
        return item if len(item) == 1 and item[0] < SHORT_TEXT else begin(len(item), SHORT_TEXT, LONG_TEXT) + item
    inside = b"".join(map(encode_item, item))
    return begin(len(inside), SHORT_LIST, LONG_LIST) + inside


def begin(length: int, short: int, long: int) -> bytes:
    """What stands before so many bytes."""
    if length <= SHORT:
        return bytes((short + length,))
    number = encode_number(length)
    return bytes((long + len(number),)) + number


# --- An account ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Attempt:
    """A transaction under way: the same number each time it is signed."""

    transaction: Transaction
    hashes: list[bytes]
    is_rejected: bool = False
    """The node did not take the last one for its fee."""
    unseen: int = 0
    """How often its number was taken, and by none of these."""


class Sender:
    """An account that pays for transactions; one thread at a time sends with it."""

    def __init__(
        self,
        chain: Chain,
        signer: ChainSigner,
        bounds: Bounds | None = None,
        pause: Callable[[float], object] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.chain = chain
        self.address = address_of(signer.public_key)
        self.bounds = bounds or Bounds()
        self._signer = signer
        self._pause = pause
        self._now = now
        self._turn = Lock()

    def send(self, contract: Contract, function: str, *arguments: Any, value: int = 0) -> Receipt:  # noqa: ANN401
        """Call a function of a contract; what it refuses is raised by its own error."""
        data = contract.face.encode_call(function, *arguments)
        with self._turn:
            gas = self._estimate(contract, function, data, value)
            receipt = self._carry_through(self._begin(contract.address, data, value, gas))
        if not receipt.is_well:
            self._estimate(contract, function, data, value)  # says why, where it would fail again
            found, expected = "a transaction that failed in its block", "one that does what was estimated"
            raise RejectedError(Reason.REVERTED, function, found=found, expected=expected)
        return receipt

    # --- Before it is signed -----------------------------------------------------------------------------

    def _estimate(self, contract: Contract, function: str, data: bytes, value: int) -> int:
        """The gas that it is given."""
        call = {"from": spell(self.address), "to": spell(contract.address), "data": spell(data), "value": hex(value)}
        response = self.chain.request("eth_estimateGas", (call,))
        if "error" in response:
            raise contract.refusal_of(response["error"], function)
        estimated = read_number(response["result"], f"{NODE}.gas")
        if estimated > self.bounds.gas:
            expected = f"at most {self.bounds.gas}"
            raise RejectedError(Reason.OUT_OF_BOUNDS, f"{function}.gas", found=estimated, expected=expected)
        return min(self.bounds.gas, estimated * (100 + self.bounds.gas_margin_percent) // 100)

    def _begin(self, to: bytes, data: bytes, value: int, gas: int) -> Attempt:
        """The next of the account, for what blocks cost now."""
        base = self._base_fee()
        if base > self.bounds.fee_per_gas:
            expected = f"at most {self.bounds.fee_per_gas}"
            raise RejectedError(Reason.OUT_OF_BOUNDS, "fee_per_gas", found=base, expected=expected)
        tip = min(self.bounds.tip_per_gas, self._ask_number("eth_maxPriorityFeePerGas"))
        fee = min(self.bounds.fee_per_gas, BASES_AHEAD * base + tip)
        transaction = Transaction(self.chain.chain_id, self._count(), min(tip, fee), fee, gas, to, value, data)
        return Attempt(transaction, [])

    def _base_fee(self) -> int:
        block = require_fields(self.chain.ask("eth_getBlockByNumber", "latest", False), NODE)  # noqa: FBT003
        return read_number(block.get("baseFeePerGas", "0x0"), f"{NODE}.baseFeePerGas")

    def _count(self) -> int:
        """How many transactions of the account are in blocks: the number of the next."""
        return self._ask_number("eth_getTransactionCount", spell(self.address), "latest")

    def _ask_number(self, method: str, *params: object) -> int:
        return read_number(self.chain.ask(method, *params), f"{NODE}.{method}")

    # --- Until it is in blocks ---------------------------------------------------------------------------

    def _carry_through(self, attempt: Attempt) -> Receipt:
        """Offer it, and more for it when it waits."""
        self._offer(attempt)
        began = offered = self._now()
        glance = FIRST_GLANCE_SECONDS
        while True:
            found = self._find(attempt)
            if found is not None:
                return found
            moment = self._now()
            if moment - began > self.bounds.longest_seconds:
                expected = f"a block with it within {self.bounds.longest_seconds:g} s"
                raise InternalError(Reason.NOT_MINED, "transaction", found="none", expected=expected)
            if attempt.is_rejected or moment - offered >= self.bounds.replace_after_seconds:
                offered = moment
                self._raise_offer(attempt)
                continue
            self._pause(glance)
            glance = min(2 * glance, LONGEST_GLANCE_SECONDS)

    def _offer(self, attempt: Attempt) -> None:
        """Sign it and hand it to a node; what a node says of it later counts, not whether it answers now."""
        signed = attempt.transaction.sign(self._signer)
        attempt.hashes.append(hash_keccak(signed))
        response = self.chain.request("eth_sendRawTransaction", (spell(signed),))
        error = response.get("error")
        said = str(error.get("message", "")).lower() if isinstance(error, dict) else ""
        attempt.is_rejected = any(each in said for each in UNDERPRICED)
        if error is None or attempt.is_rejected or any(each in said for each in (*KNOWN, *TOO_LOW)):
            return
        if POOR in said:
            found, expected = f"{spell(self.address)} with too little", "an account that can pay for it"
            raise RejectedError(Reason.NOT_MINED, "account", found=found, expected=expected)
        raise NodeRefusedError.of(NODE, error)

    def _raise_offer(self, attempt: Attempt) -> None:
        """The same with a higher fee, while the bound lets it be higher by as much as counts."""
        now, most = attempt.transaction, self.bounds.fee_per_gas
        tip = raise_by(max(now.tip, 1), RISE_PERCENT)
        fee = max(raise_by(now.fee, RISE_PERCENT), self._base_fee() + tip)
        if fee > most:
            attempt.is_rejected = False  # what another run left may still end, and then somebody is told
            return
        attempt.transaction = replace(now, tip=min(tip, fee), fee=fee)
        self._offer(attempt)

    def _find(self, attempt: Attempt) -> Receipt | None:
        """What became of it, once there are blocks enough."""
        for digest in reversed(attempt.hashes):
            said = self.chain.ask("eth_getTransactionReceipt", spell(digest))
            if said is None:
                continue
            receipt = read_receipt(said, digest, len(attempt.hashes))
            return receipt if self._is_deep(receipt.block) else None
        if self._count() > attempt.transaction.nonce and not any(map(self._is_mined, attempt.hashes)):
            attempt.unseen += 1
            if attempt.unseen > MOST_UNSEEN:
                raise DisplacedError.of(attempt.transaction.nonce)
        return None

    def _is_mined(self, digest: bytes) -> bool:
        return self.chain.ask("eth_getTransactionReceipt", spell(digest)) is not None

    def _is_deep(self, block: int) -> bool:
        needed = self.bounds.confirmations
        return needed == 1 or self._ask_number("eth_blockNumber") >= block + needed - 1


def raise_by(value: int, percent: int) -> int:
    """So much more, and at least one."""
    return value + max(1, -(-value * percent // 100))


def read_receipt(said: object, digest: bytes, attempts: int) -> Receipt:
    """What a node says of a transaction that is in a block."""
    name = f"{NODE}.receipt"
    fields = require_fields(said, name)
    if read_bytes(fields.get("transactionHash"), f"{name}.transactionHash", HASH_BYTES) != digest:
        found, expected = "another one", "the transaction that was asked for"
        raise InternalError(Reason.CHAIN_UNAVAILABLE, name, found=found, expected=expected)
    numbers = {each: read_number(fields.get(each), f"{name}.{each}") for each in ("blockNumber", "gasUsed", "status")}
    return Receipt(
        hash=digest,
        block=numbers["blockNumber"],
        gas=numbers["gasUsed"],
        fee_per_gas=read_number(fields.get("effectiveGasPrice", "0x0"), f"{name}.effectiveGasPrice"),
        is_well=numbers["status"] == 1,
        attempts=attempts,
    )
