"""Whoever sees what a relayer sends, or is paid by it: nobody loses money, and the relayer says what became of it."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import monotonic, sleep
from typing import Any

import pytest

from chains.contracts import find_contract
from chains.development.anvil import Anvil
from chains.gate import write_attestation
from chains.guarding import MembersOf
from chains.paying import MOST_FAILED, Order, Paid, Payer, PaymentTold
from chains.relaying import Step
from chains.rpc import open_chain
from chains.transactions import Bounds, Sender
from facts.attestation import Attestation, ChainWord, SignedForChain
from facts.log_entry import Event, State
from facts.secp256k1 import SigningKey
from facts.typed_data import hash_domain, hash_struct, hash_typed_data
from facts.typed_data import word as abi_word
from tests.chains.nodes import needs_nodes
from tests.chains.standing import GOVERNOR, PAUSE_SECONDS, Standing, standing
from tests.chains.test_guarding import VOICE, WINDOW, Watched, hold, watched  # noqa: F401 - the fixture
from tests.chains.test_relaying import VOICES, carrier, say, word
from tests.contracts.arena import CHAIN_ID, DOMAIN, GOVERNORS, VERIFIERS, Arena, keys_of, open_arena, spell
from tests.contracts.escrows import COIN, EXITS, GATE, PAUSE, RECIPIENT, RELEASES, Escrow, Payment
from tests.facts.attestations import KEY, sign
from tests.facts.specimens import NOW

pytestmark = needs_nodes
ROOT = 7
WEI = 10**20
PAYERS = keys_of("payer", 2)
THIEF = 8
"""Of the node's accounts."""
PATIENT = Bounds(replace_after_seconds=60, longest_seconds=60)
HAPPENED = {"withdraw": (Event.FREE, State.RELEASED), "seize": (Event.SEIZE, State.SEIZED)}


Call = dict[str, Any]
"""As a node takes it."""


@dataclass
class Words:
    """What verifiers have said, for whoever asks."""

    said: list[SignedForChain] = field(default_factory=list)

    def find_holder(self, nullifier: int) -> str | None:
        return next((each.attestation.acceptance for each in self.said if nullifier in each.attestation.left), None)

    def ask(self, acceptance: str, _: MembersOf | None = None, /) -> Sequence[SignedForChain]:
        return [each for each in self.said if each.attestation.acceptance == acceptance]


@dataclass
class Till:
    """An escrow, what was said about its locks, and releases that wait."""

    escrow: Escrow
    words: Words = field(default_factory=Words)
    orders: list[Order] = field(default_factory=list)

    def list_orders(self) -> Sequence[Order]:
        return self.orders

    @property
    def node(self) -> Anvil:
        return self.escrow.arena.node

    def order(self, name: str, payment: Payment) -> None:
        """A release, with the word by which its lock left."""
        locked, now = payment.locked, self.escrow.arena.now
        event, state = HAPPENED[payment.function]
        said = Attestation(
            verifier=payment.verifier,
            domain=DOMAIN,
            chain_id=1,
            contract=GATE,
            recipient=payment.recipient,
            acceptance=locked.nullifier.to_bytes(32, "big").hex(),
            event=event,
            state=state,
            revision=2,
            log_index=2,
            moment=now - 10,
            lapses_at=now - 10,
            position_tag=7,
            policy=9,
            held=(),
            left=(locked.nullifier,),
            claim_id=None,
            key_id=None,
            is_for_development=False,
        )
        self.words.said += [ChainWord.sign(said, key) for key in VERIFIERS[:2]]
        coin = "slip44:60" if locked.token == COIN else f"erc20:{locked.token.lower()}"
        binding = payment.binding
        self.orders.append(
            Order(
                name=name,
                chain_id=CHAIN_ID,
                door=binding.contract,
                domain=locked.domain,
                verifier=binding.verifier,
                asset=f"eip155:{CHAIN_ID}/{coin}",
                amount=locked.amount,
                lock_root=ROOT,
                nullifier=locked.nullifier,
                recipient=binding.recipient,
                expiry=binding.expiry,
                proof=RELEASES.prove(payment.inputs(ROOT)),
            )
        )


@dataclass
class Paying:
    """A relayer that has an escrow pay."""

    payer: Payer
    told: list[PaymentTold]
    sender: Sender

    @property
    def steps(self) -> list[Paid]:
        return [each.step for each in self.told]


@contextmanager
def paying(till: Till, key: SigningKey) -> Iterator[Paying]:
    with open_chain([till.node.url], CHAIN_ID) as chain:
        till.node.give(spell(key.address), WEI)
        told: list[PaymentTold] = []
        sender = Sender(chain, key, PATIENT)
        address = till.escrow.contract.address
        escrow = find_contract(chain, "CollateralEscrow", address)
        yield Paying(Payer(escrow, sender, [till.words], till, told.append), told, sender)


@pytest.fixture(scope="module")
def ground() -> Iterator[Arena]:
    with open_arena() as arena:
        yield arena


@pytest.fixture
def till(ground: Arena) -> Till:
    """A root that has ripened, so that whatever is ordered can be paid."""
    made = Till(Escrow.found(ground, RELEASES.key, EXITS.key, is_for_development=False))
    made.escrow.post(ROOT)
    return made


# --- A block in which somebody is faster -----------------------------------------------------------------


def until(happens: Callable[[], Any], act: "Future[Any]") -> Any:  # noqa: ANN401 - whatever it is
    deadline = monotonic() + 60
    while not (found := happens()):
        if act.done():
            act.result()
        assert monotonic() < deadline
        sleep(0.02)
    return found


def waiting(node: Anvil) -> list[dict[str, Any]]:
    """What is in nobody's block yet, as every node tells it."""
    pending: dict[str, dict[str, dict[str, Any]]] = node.ask("txpool_content")["pending"]
    return [each for by_number in pending.values() for each in by_number.values()]


@contextmanager
def unmined(node: Anvil) -> Iterator[None]:
    """Transactions wait for a block that somebody asks for."""
    node.ask("evm_setAutomine", False)  # noqa: FBT003 - as JSON-RPC has it
    try:
        yield
    finally:
        node.ask("evm_setAutomine", True)  # noqa: FBT003


def overtake(node: Anvil, act: Callable[[], object], *before: Call, behind: Sequence[Call] = ()) -> None:
    """What is sent is in one block with what others sent who saw it: before it, or behind it.

    Without another call it is copied by somebody who offers more.
    """
    with ThreadPoolExecutor(1) as pool, unmined(node):
        acting = pool.submit(act)
        (seen,) = until(lambda: waiting(node), acting)
        copied = {"from": node.accounts[THIEF], **{name: seen[name] for name in ("to", "input", "gas")}}
        fee = int(seen["maxFeePerGas"], 16)
        first, *_ = [node.ask("eth_sendTransaction", {**call, **offer(10 * fee)}) for call in before or [copied]]
        for call in behind:
            node.ask("eth_sendTransaction", {**call, **offer(fee - 1)})
        node.mine()
        acting.result(60)
    assert node.ask("eth_getTransactionReceipt", first)["transactionIndex"] == "0x0"


def offer(fee: int) -> Call:
    """A block has whoever offers more first."""
    return {"maxFeePerGas": hex(fee), "maxPriorityFeePerGas": "0x0"}


@pytest.mark.parametrize("function", ["withdraw", "seize"])
def test_r4_whoever_copies_a_payment_pays_the_same_and_the_relayer_knows(till: Till, function: str) -> None:
    """Whoever was first has paid the gas of it; the relayer has paid that of a failure, and nobody has to look."""
    locked = till.escrow.deposit()
    till.order("mine", till.escrow.pay(locked, function))
    with paying(till, PAYERS[0]) as one:
        overtake(till.node, one.payer.attend)
        assert (one.steps, one.payer.refused, one.payer.waiting) == ([Paid.KNOWN], 0, 0)
        one.payer.attend()
        assert one.steps == [Paid.KNOWN]
    assert till.escrow.balance(RECIPIENT) == locked.amount
    assert till.escrow.balance(till.escrow.contract.address) == 0


def test_r4_two_relayers_at_once_pay_once(till: Till) -> None:
    locked = till.escrow.deposit()
    till.order("mine", till.escrow.pay(locked))
    with paying(till, PAYERS[0]) as one, paying(till, PAYERS[1]) as two:
        with ThreadPoolExecutor(2) as pool, unmined(till.node):
            acting = [pool.submit(each.payer.attend) for each in (one, two)]
            until(lambda: len(waiting(till.node)) == 2, acting[0])
            till.node.mine()
            for each in acting:
                each.result(60)
        assert sorted(one.steps + two.steps) == [Paid.KNOWN, Paid.PAID]
        assert one.payer.refused + two.payer.refused == 0
    assert till.escrow.balance(RECIPIENT) == locked.amount


def test_a_payment_that_a_pause_held_up_is_made_once_behind_it(till: Till) -> None:
    """One relayer waits through the pause, another begins behind it; a third replays what was paid."""
    arena, locked = till.escrow.arena, till.escrow.deposit()
    till.order("mine", till.escrow.pay(locked))
    arena.send(till.escrow.contract, "pause", sender=arena.play(GOVERNORS[0]))
    with paying(till, PAYERS[0]) as one, paying(till, PAYERS[1]) as two:
        one.payer.attend()
        assert (one.steps, one.payer.waiting) == ([Paid.WAITING], 1)
        assert one.told[0].why.startswith("Paused(until=")
        till.node.advance(PAUSE)
        for each in (one, two, one):
            each.payer.attend()
        assert (one.steps, two.steps) == ([Paid.WAITING, Paid.PAID], [Paid.KNOWN])
    assert till.escrow.balance(RECIPIENT) == locked.amount
    refused = till.escrow.pay(locked).refusal(till.escrow.say(till.escrow.word(locked.nullifier)))
    assert refused == "NullifierPaid"


def test_r5_a_release_for_another_chain_or_escrow_is_brought_nowhere(till: Till) -> None:
    till.order("mine", till.escrow.pay(till.escrow.deposit()))
    (order,) = till.orders
    till.orders = [replace(order, chain_id=CHAIN_ID + 1), replace(order, door=b"\x09" * 20 + order.door[20:])]
    before = count_sent(till.node, PAYERS[0])
    with paying(till, PAYERS[0]) as one:
        one.payer.attend()
        assert (one.steps, count_sent(till.node, PAYERS[0])) == ([], before)


def test_a_seizure_whose_word_names_another_says_whom(till: Till) -> None:
    """As it is with one of a verifier that did not know yet whom a seizure pays."""
    locked = till.escrow.deposit()
    till.order("mine", till.escrow.pay(locked, "seize"))
    stranger = b"\x77" * 20
    till.words.said = [
        ChainWord.sign(replace(each.attestation, recipient=stranger), key)
        for each, key in zip(till.words.said, VERIFIERS[:2], strict=True)
    ]
    with paying(till, PAYERS[0]) as one:
        one.payer.attend()
        assert one.steps == [Paid.WAITING]
        assert one.told[0].why.startswith(
            f"WRONG_CONTEXT word.recipient: found {spell(stranger)}, expected {spell(RECIPIENT)}"
        )


def test_what_was_paid_while_it_waited_is_said_to_be(till: Till) -> None:
    """The last word on a release is not that it waits."""
    locked = till.escrow.deposit()
    payment = till.escrow.pay(locked)
    till.order("mine", payment)
    words, till.words.said = till.words.said, []
    with paying(till, PAYERS[0]) as one:
        one.payer.attend()
        till.words.said = words
        payment.make(till.escrow.say(till.escrow.word(locked.nullifier)))
        one.payer.attend()
        assert (one.steps, one.payer.waiting) == ([Paid.WAITING, Paid.KNOWN], 0)


def count_sent(node: Anvil, key: SigningKey) -> int:
    return int(node.ask("eth_getTransactionCount", spell(key.address), "latest"), 16)


# --- Who is paid ------------------------------------------------------------------------------------------


def test_a_recipient_does_not_make_a_relayer_pay_without_end(till: Till) -> None:
    """It takes coin only while a node estimates: each attempt costs, and after a few somebody has to look."""
    fickle = till.escrow.arena.deploy("FickleRecipient")
    locked, honest = till.escrow.deposit_coin(), till.escrow.deposit()
    till.order("fickle", till.escrow.pay(locked, recipient=fickle.address))
    till.order("honest", till.escrow.pay(honest))
    before = count_sent(till.node, PAYERS[0])
    with paying(till, PAYERS[0]) as one:
        for _ in range(2 * MOST_FAILED):
            one.payer.attend()
        told = [(each.order.name, each.step) for each in one.told]
        assert told == [("fickle", Paid.WAITING), ("honest", Paid.PAID), ("fickle", Paid.REFUSED)]
        assert count_sent(till.node, PAYERS[0]) - before == MOST_FAILED + 1
    assert not till.escrow.contract.ask("isPaid", locked.nullifier)


# --- Gates ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gate() -> Iterator[Standing]:
    """A gate that one verifier opens."""
    with standing(VOICES[:1]) as found:
        yield found


def submission(here: Standing, said: Attestation) -> Call:
    """What a gate is told of an attestation, by somebody else."""
    signed = word(said)
    arguments = write_attestation(signed), [signed.eip712_signature]
    data = here.gate.contract.face.encode_call("submit", *arguments)
    return {"from": here.node.accounts[THIEF], "to": here.deployed.spelling, "input": f"0x{data.hex()}"}


def test_r4_whoever_copies_a_submission_opens_the_gate_once(gate: Standing) -> None:
    """The copy opens it, the relayer's own transaction changes nothing, and is no failure."""
    carried, said = carrier(gate), say(gate, "copied")
    overtake(gate.node, lambda: carried.relay.take(word(said), "a"))
    assert (carried.steps, carried.relay.refused) == ([Step.SUBMITTED], 0)
    assert gate.gate.is_live(said.acceptance)
    assert gate.attested(said.acceptance) == 1
    gate.node.finalise()
    carried.relay.attend()
    assert (carried.steps, carried.relay.token) == ([Step.SUBMITTED], "a")


def test_whoever_brings_the_newer_word_first_makes_no_alarm(gate: Standing) -> None:
    carried, said = carrier(gate), say(gate, "overtaken")
    later = replace(said, event=Event.REFRESH, state=State.REFRESHED, revision=1, lapses_at=said.lapses_at + 300)
    overtake(gate.node, lambda: carried.relay.take(word(said), "a"), submission(gate, later))
    assert (carried.steps, carried.relay.refused) == ([Step.KNOWN], 0)
    carried.relay.take(word(later), "b")
    assert carried.steps == [Step.KNOWN, Step.KNOWN]
    known = gate.gate.find(said.acceptance)
    assert known is not None
    assert (known.revision, known.lapses_at) == (1, later.lapses_at)


def test_what_failed_in_its_block_alone_is_carried_again(gate: Standing) -> None:
    """A pause that begins and ends in the very block: no gate has said no for good, so that nothing is left out."""
    carried, said, node = carrier(gate), say(gate, "paused for a block"), gate.node
    governor, moment = spell(GOVERNOR.address), node.moment + 5
    node.ask("anvil_impersonateAccount", governor)
    node.give(governor, WEI)
    resumption = hash_struct("Resumption(uint64 pausedUntil)", [abi_word(moment + PAUSE_SECONDS)])
    digest = hash_typed_data(hash_domain(gate.chain.chain_id, gate.deployed.address), resumption)
    calls = [("pause", ()), ("resume", ([GOVERNOR.sign(digest)],))]
    pause, resume = (
        {
            "from": governor,
            "to": gate.deployed.spelling,
            "gas": hex(200_000),
            "input": f"0x{gate.gate.contract.face.encode_call(function, *arguments).hex()}",
        }
        for function, arguments in calls
    )
    node.ask("evm_setNextBlockTimestamp", moment)
    overtake(node, lambda: carried.relay.take(word(said), "a"), pause, behind=[resume])
    assert (carried.steps, carried.relay.refused, carried.relay.waiting) == ([Step.WAITING], 0, 1)
    carried.relay.attend()
    assert carried.steps == [Step.WAITING, Step.SUBMITTED]
    assert gate.gate.is_live(said.acceptance)


# --- Guards -----------------------------------------------------------------------------------------------


def test_r4_whoever_copies_a_contest_holds_the_exit_up_as_long(watched: Watched) -> None:  # noqa: F811
    watched.held.said = [sign(hold(51), KEY, VOICE)]
    watched.leave(51)
    overtake(watched.node, watched.guard.attend)
    assert watched.finishes_at(51) == NOW + 600 + WINDOW
    assert [(each.until, each.why) for each in watched.told] == [(NOW + 600 + WINDOW, "")]
    watched.guard.attend()
    assert len(watched.told) == 1
