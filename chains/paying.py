"""Has escrows pay: a release of an owner and the word of those who speak for its domain, at the door that both are for.

    withdraw     a word by which the lock was let go
    seize        a word by which it was seized, for the very account that the release pays

A release can be brought by anybody, and pays whom it says. What an escrow refuses for now (its root has not ripened,
the acceptance has not lapsed by its clock, it is paused) is tried again. It is asked in every round whether it has
paid: what a reorganisation takes back is brought anew. Whoever sees the transaction can copy it and be first: then the
same was paid to the same, and that is known here by the escrow's own word.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Any, Final, Protocol

from chains.contracts import Contract, RevertedError, describe_refusal, name_refusal
from chains.gate import Quorum, ask_quorum, join_signatures, write_attestation
from chains.guarding import NATIVE, Holders, by_revision
from chains.rpc import spell
from chains.transactions import Receipt, Sender
from facts.attestation import Attestation, SignedForChain
from facts.context import name_domain
from facts.log_entry import Event
from facts.secp256k1 import ADDRESS_BYTES
from margin.errors import InternalError, MalformedError, MarginError, Reason, RejectedError
from snark.groth16.proof import Proof

WORD_BYTES: Final = 32
DOORS: Final = {"withdraw": Event.FREE, "seize": Event.SEIZE}
"""Of each door the event that its word is about."""
COIN, TOKEN = "slip44", "erc20"
MOST_FAILED: Final = 3
"""So often a payment may fail in its block that would not have failed before it: whom it pays can have it fail, and
the gas is the sender's."""
WAITING: Final = frozenset(
    {
        *("Paused", "FromTheFuture", "SignerUnknown", "SignaturesMiscounted", "RoleUnknown", "VerifierUnknown"),
        *("RootUnknown", "RootUnripe", "AcceptanceNotLapsed"),
    }
)
"""Complaints of an escrow that end by themselves, or when its governors and watchers have done what is theirs."""


@unique
class Paid(StrEnum):
    """What became of a release."""

    PAID = "paid"
    KNOWN = "known"
    """The lock was paid before."""
    WAITING = "waiting"
    """Not now; it is tried again."""
    REFUSED = "refused"
    """The escrow says no for good: somebody has to look."""


@dataclass(frozen=True, slots=True)
class Order:
    """A release with its proof: what is to be paid, by which door, to whom."""

    name: str
    """By which whoever left it knows it."""
    chain_id: int
    door: bytes
    """The escrow's address and a selector."""
    domain: str
    verifier: str
    asset: str
    amount: int
    lock_root: int
    nullifier: int
    recipient: bytes
    expiry: int
    proof: Proof = field(repr=False)

    @property
    def escrow(self) -> bytes:
        """The contract that is to pay."""
        return self.door[:ADDRESS_BYTES]

    @property
    def token(self) -> str:
        """What is paid, as an escrow names it."""
        chain, _, reference = self.asset.partition("/")
        kind, _, name = reference.partition(":")
        if chain != f"eip155:{self.chain_id}" or kind not in {COIN, TOKEN}:
            expected = f"a coin or a token of chain {self.chain_id}"
            raise MalformedError(Reason.WRONG_CONTEXT, "asset", found=self.asset, expected=expected)
        return NATIVE if kind == COIN else name

    @property
    def payment(self) -> tuple[Any, ...]:
        """As the doors of an escrow take it."""
        place = self.token, self.amount, name_domain(self.domain), self.verifier
        return (*place, self.lock_root, self.nullifier, spell(self.recipient), self.expiry)


@dataclass(frozen=True, slots=True)
class PaymentTold:
    """One line of what happens."""

    step: Paid
    order: Order
    receipt: Receipt | None = None
    why: str = ""
    reason: str = ""
    """The same in one word of a few."""


class Orders(Protocol):
    """Where releases are left to be paid."""

    def list_orders(self) -> Sequence[Order]:
        """All of them as they are now."""


@dataclass(slots=True)
class Payer:
    """An escrow, and who has it pay."""

    contract: Contract
    sender: Sender
    holders: Sequence[Holders]
    orders: Orders
    tell: Callable[[PaymentTold], object]
    refused: int = 0
    """How often an escrow said no for good."""
    waiting: int = 0
    """How many were not paid in the last round."""
    _told: dict[str, str] = field(default_factory=dict)
    """Of each release what was told of it last; empty where an escrow said no for good."""
    _failed: Counter[str] = field(default_factory=Counter)
    """How often each has failed in its block."""

    def attend(self) -> None:
        """Have whatever can be paid now be paid."""
        self.waiting = 0
        for order in self.orders.list_orders():
            is_here = (order.chain_id, order.escrow) == (self.contract.chain.chain_id, self.contract.address)
            if not is_here or self._told.get(order.name) == "":
                continue
            try:
                self._bring(order)
            except RevertedError as error:
                self._judge(order, error)
            except RejectedError as error:
                self._doubt(order, error)
            except InternalError as error:
                self._wait(order, error)
            except MarginError as error:
                self._refuse(order, error)

    def _bring(self, order: Order) -> None:
        """By a word that enough have signed."""
        function = self._find_door(order)
        if self._is_paid(order):
            return
        signed, signatures = self._find_word(order, DOORS[function])
        said = signed.attestation
        word = (said.chain_id, spell(said.contract), write_attestation(signed), signatures)
        try:
            receipt = self.sender.send(self.contract, function, order.payment, write_proof(order.proof), word)
        except (InternalError, RejectedError):
            if not self._is_paid(order):  # by somebody who was faster
                raise
        else:
            self._tell(PaymentTold(Paid.PAID, order, receipt))

    def _is_paid(self, order: Order) -> bool:
        """Whether the escrow has paid it, which is told unless it was."""
        is_paid: bool = self.contract.ask_one("isPaid", order.nullifier)
        if is_paid and self._told.get(order.name) not in {Paid.PAID, Paid.KNOWN}:
            self._tell(PaymentTold(Paid.KNOWN, order))
        return is_paid

    def _find_door(self, order: Order) -> str:
        for function in DOORS:
            if order.door == self.contract.address + self.contract.face.select(function):
                return function
        expected = f"{' or '.join(DOORS)} of the escrow"
        raise MalformedError(Reason.WRONG_CONTEXT, "contract", found=spell(order.door), expected=expected)

    def _find_word(self, order: Order, event: Event) -> tuple[SignedForChain, list[bytes]]:
        """The word that lets the lock go, with the signatures that count for it."""
        role = self.contract.ask_one("roleOf", name_domain(order.domain), order.verifier)
        quorum, failure = ask_quorum(self.contract, role), None
        for holders in self.holders:
            try:
                found = find_word(holders, order, event, quorum)
            except (InternalError, RejectedError) as error:
                failure = failure or error
                continue
            if found is not None:
                return found
        expected = f"a word of {event.name.lower()} by those who speak for {order.verifier}"
        raise failure or RejectedError(Reason.TOO_FEW_SIGNERS, "word", found="none", expected=expected)

    def _judge(self, order: Order, error: RevertedError) -> None:
        """What the escrow's refusal means."""
        if error.complaint.name in WAITING:
            self._wait(order, error)
        else:
            self._refuse(order, error)

    def _doubt(self, order: Order, error: RejectedError) -> None:
        """What it means that it was not even handed over, or failed in its block alone."""
        self._failed[order.name] += error.reason is Reason.REVERTED
        if self._failed[order.name] < MOST_FAILED:
            self._wait(order, error)
        else:
            self._refuse(order, error)

    def _wait(self, order: Order, error: MarginError) -> None:
        """Later; told once, as long as the reason is the same."""
        self.waiting += 1
        if self._told.get(order.name) != (why := describe_refusal(error)):
            self._told[order.name] = why
            self.tell(PaymentTold(Paid.WAITING, order, why=why, reason=name_refusal(error)))

    def _refuse(self, order: Order, error: MarginError) -> None:
        """Nothing more is to be done about it."""
        self.refused += 1
        self._told[order.name] = ""
        self.tell(PaymentTold(Paid.REFUSED, order, why=describe_refusal(error), reason=name_refusal(error)))

    def _tell(self, told: PaymentTold) -> None:
        self._told[told.order.name] = told.step.value
        self.tell(told)


def find_word(
    holders: Holders, order: Order, event: Event, quorum: Quorum
) -> tuple[SignedForChain, list[bytes]] | None:
    """The same of those alone who can be asked here; why there is none of them, or None where they say nothing."""
    failure: MarginError | None = None
    acceptance = holders.find_holder(order.nullifier)
    for alike in by_revision(holders.ask(acceptance, lambda _: quorum.members)) if acceptance else ():
        if not is_about(alike[0].attestation, order, event):
            failure = failure or doubt(alike[0].attestation, order, event)
            continue
        try:
            return alike[0], join_signatures(alike, quorum)
        except RejectedError as error:
            failure = failure or error
    if failure is not None:
        raise failure
    return None


def is_about(said: Attestation, order: Order, event: Event) -> bool:
    """Whether a word lets this lock go, to this account where it was seized."""
    is_named = (said.verifier, said.domain, said.event) == (order.verifier, order.domain, event)
    return is_named and order.nullifier in said.left and (event is not Event.SEIZE or said.recipient == order.recipient)


def doubt(said: Attestation, order: Order, event: Event) -> RejectedError | None:
    """What it means that a word of the seizure of this very lock names somebody else."""
    if event is not Event.SEIZE or said.event is not event or order.nullifier not in said.left:
        return None
    found, expected = spell(said.recipient), f"{spell(order.recipient)}, or the seizure said again by its release"
    return RejectedError(Reason.WRONG_CONTEXT, "word.recipient", found=found, expected=expected)


def write_proof(proof: Proof) -> list[int]:
    """The eight words of a proof."""
    data = proof.encode()
    return [int.from_bytes(data[start : start + WORD_BYTES], "big") for start in range(0, len(data), WORD_BYTES)]
