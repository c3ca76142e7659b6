"""Transactions: signed by a handle, one after the other, replaced within a bound, and refused by name."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
import rlp  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from chains.contracts import Contract, RevertedError, find_contract, read_abi, select
from chains.rpc import NodeRefusedError, open_chain
from chains.transactions import (
    GWEI,
    Bounds,
    DisplacedError,
    Item,
    Receipt,
    Sender,
    encode_item,
    encode_number,
)
from facts.secp256k1 import SigningKey, address_of
from margin.errors import InternalError, MalformedError, MarginError, Reason, RejectedError
from tests.chains.playing import NodeError, PlayedNode, play
from tests.facts.attestations import chain_key_of

KEY = chain_key_of("an account")
GATE = bytes(range(1, 21))
POST = ("postRoot", 1, 5, 6, 7, [b"\1" * 65])
FAST = Bounds(replace_after_seconds=0.01, longest_seconds=2)


class Handle:
    """A module that signs and never shows its key."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self.public_key = key.public_key
        self.digests: list[bytes] = []

    def sign_digest(self, digest: bytes) -> tuple[int, int]:
        self.digests.append(digest)
        return self._key.sign_digest(digest)


@contextmanager
def sending(node: PlayedNode, bounds: Bounds = FAST) -> Iterator[tuple[Callable[[], Receipt], Sender, Contract]]:
    with play(node) as url, open_chain([url], node.chain_id) as chain:
        sender, board = Sender(chain, Handle(KEY), bounds), find_contract(chain, "RootBoard", GATE)
        yield lambda: sender.send(board, *POST), sender, board


def refused(do: Callable[[], object], kind: type[MarginError] = MarginError) -> tuple[Reason, str]:
    with pytest.raises(kind) as caught:
        do()
    return caught.value.reason, caught.value.field


def test_a_transaction_says_what_was_asked_and_is_the_accounts() -> None:
    node = PlayedNode(chain_id=31337)
    with sending(node) as (send, sender, _):
        receipt = send()
    (sent,), (signer,) = node.sent, node.signers
    assert bytes.fromhex(signer[2:]) == sender.address == address_of(KEY.public_key)
    assert (sent["chainId"], sent["nonce"], bytes(sent["to"]), sent["value"]) == (31337, 0, GATE, 0)
    assert bytes(sent["data"]) == read_abi("RootBoard").encode_call(*POST)
    assert (sent["gas"], sent["maxPriorityFeePerGas"], sent["maxFeePerGas"]) == (60_000, GWEI, 3 * GWEI)
    assert (receipt.is_well, receipt.block, receipt.gas, receipt.attempts) == (True, 11, 50_000, 1)


def test_nothing_of_the_key_is_shown() -> None:
    with sending(PlayedNode()) as (_, sender, _board):
        shown = repr(vars(sender)) + repr(KEY)
    assert KEY.secret.hex() not in shown
    assert str(int.from_bytes(KEY.secret)) not in shown


items = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=6), max_leaves=20)


@settings(max_examples=50)
@given(items)
def test_rlp_is_that_of_everybody(item: Item) -> None:
    assert encode_item(item) == rlp.encode(item)


def test_numbers_are_as_short_as_they_can_be() -> None:
    assert [encode_number(each) for each in (0, 1, 255, 256)] == [b"", b"\1", b"\xff", b"\1\0"]
    assert refused(partial(encode_number, -1)) == (Reason.OUT_OF_BOUNDS, "number")
    assert refused(partial(encode_number, 1 << 256)) == (Reason.OUT_OF_BOUNDS, "number")


def test_one_that_is_stuck_is_offered_for_more_with_the_same_number() -> None:
    def take_the_third(node: PlayedNode, sent: str) -> None:
        if len(node.sent) == 3:
            node.mine(sent)

    node = PlayedNode(on_send=take_the_third)
    with sending(node) as (send, *_):
        assert send().attempts == 3
    fees = [each["maxFeePerGas"] for each in node.sent]
    assert {each["nonce"] for each in node.sent} == {0}
    assert all(10 * after >= 11 * before for before, after in itertools.pairwise(fees))


def test_nothing_is_offered_above_the_bound() -> None:
    node = PlayedNode(on_send=lambda *_: None)
    with sending(node, Bounds(replace_after_seconds=0.01, longest_seconds=0.3, fee_per_gas=4 * GWEI)) as (send, *_):
        assert refused(send, InternalError) == (Reason.NOT_MINED, "transaction")
    assert 2 <= len(node.sent) <= 4
    assert max(each["maxFeePerGas"] for each in node.sent) <= 4 * GWEI


def test_the_first_offer_that_is_late_in_its_block_counts() -> None:
    def take_the_first(node: PlayedNode, sent: str) -> None:
        names.append(sent)
        if len(names) == 2:
            node.mine(names[0])

    names: list[str] = []
    with sending(PlayedNode(on_send=take_the_first)) as (send, *_):
        assert send().hash.hex() == names[0][2:]


def test_what_another_run_left_behind_is_replaced() -> None:
    node = PlayedNode(least_fee=5 * GWEI)
    with sending(node) as (send, *_):
        send()
    assert node.sent[0]["maxFeePerGas"] >= 5 * GWEI


@pytest.mark.parametrize("is_known", [False, True])
def test_another_transaction_that_comes_first_is_told(*, is_known: bool) -> None:
    def displace(node: PlayedNode, _: str) -> None:
        node.count += 1
        if is_known:
            raise NodeError(-32000, "nonce too low")

    with sending(PlayedNode(on_send=displace)) as (send, *_):
        assert refused(send, DisplacedError) == (Reason.NOT_MINED, "transaction")


def test_numbers_go_on() -> None:
    node = PlayedNode(count=7)
    with sending(node) as (send, *_):
        send()
        send()
    assert [each["nonce"] for each in node.sent] == [7, 8]


def test_many_threads_have_one_transaction_at_a_time() -> None:
    node = PlayedNode()
    with sending(node) as (send, *_):
        threads = [threading.Thread(target=send) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [each["nonce"] for each in node.sent] == [0, 1, 2, 3, 4]


def test_confirmations_are_waited_for() -> None:
    node = PlayedNode()
    waits: list[float] = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        node.head += 1

    with play(node) as url, open_chain([url], 1) as chain:
        sender = Sender(chain, KEY, Bounds(confirmations=4), pause)
        assert sender.send(find_contract(chain, "RootBoard", GATE), *POST).block == 11
    assert (node.head, len(waits)) == (14, 3)


def test_a_block_that_is_taken_back_does_not_count() -> None:
    node = PlayedNode()

    def pause(_: float) -> None:
        if node.head == 11:  # the block with it goes, and another one has it
            ((name, receipt),) = node.receipts.items()
            node.head, node.receipts = 12, {name: receipt | {"blockNumber": "0xc"}}
        else:
            node.head += 1

    with play(node) as url, open_chain([url], 1) as chain:
        sender = Sender(chain, KEY, Bounds(confirmations=3), pause)
        assert sender.send(find_contract(chain, "RootBoard", GATE), *POST).block == 12


# --- Refusals --------------------------------------------------------------------------------------------


def complain(name: str, *values: int) -> Callable[[dict[str, Any]], str]:
    """A contract that says no by an error of its own."""
    element = next(each for each in read_abi("RootBoard")._errors.values() if each["name"] == name)  # noqa: SLF001
    data = select(element) + b"".join(value.to_bytes(32, "big") for value in values)

    def call(_: dict[str, Any]) -> str:
        raise NodeError(3, "execution reverted", f"0x{data.hex()}")

    return call


def test_a_refusal_costs_nothing_and_has_its_name() -> None:
    node = PlayedNode(calls=complain("RootDisowned", 1, 5))
    with sending(node) as (send, *_), pytest.raises(RevertedError) as caught:
        send()
    assert (caught.value.complaint.name, dict(caught.value.complaint.told)) == ("RootDisowned", {"kind": 1, "root": 5})
    assert caught.value.found == "RootDisowned(kind=1, root=5)"
    assert (caught.value.reason, caught.value.field) == (Reason.REVERTED, "postRoot")
    assert caught.value.under("boards[0]").field == "boards[0].postRoot"
    assert not node.sent


@pytest.mark.parametrize("data", ["0x", "0xdeadbeef", "0xdeadbeef00", None])
def test_a_refusal_without_a_name_is_one(data: str | None) -> None:
    def call(_: dict[str, Any]) -> str:
        raise NodeError(3, "execution reverted", data)

    with sending(PlayedNode(calls=call)) as (send, *_):
        assert refused(send, RevertedError) == (Reason.REVERTED, "postRoot")


def test_a_node_that_refuses_is_no_contract_that_does() -> None:
    def call(_: dict[str, Any]) -> str:
        raise NodeError(-32005, "too many requests for KEY-IN-URL")

    with sending(PlayedNode(calls=call)) as (send, *_), pytest.raises(NodeRefusedError) as caught:
        send()
    assert "KEY-IN-URL" not in str(caught.value)


def test_one_that_fails_in_its_block_is_refused() -> None:
    with sending(PlayedNode(on_send=lambda node, sent: node.mine(sent, status=0))) as (send, *_):
        assert refused(send, RejectedError) == (Reason.REVERTED, "postRoot")


def test_more_gas_than_may_be_used_is_refused() -> None:
    with sending(PlayedNode(gas=3_000_001)) as (send, *_):
        assert refused(send, RejectedError) == (Reason.OUT_OF_BOUNDS, "postRoot.gas")


def test_blocks_that_cost_more_than_may_be_paid_are_waited_for_elsewhere() -> None:
    node = PlayedNode(base_fee=201 * GWEI)
    with sending(node) as (send, *_):
        assert refused(send, RejectedError) == (Reason.OUT_OF_BOUNDS, "fee_per_gas")
    assert not node.sent


def test_an_account_that_is_empty_is_named() -> None:
    def take(*_: object) -> None:
        raise NodeError(-32003, "Insufficient funds for gas * price + value")

    with sending(PlayedNode(on_send=take)) as (send, sender, _), pytest.raises(RejectedError) as caught:
        send()
    assert (caught.value.reason, caught.value.field) == (Reason.NOT_MINED, "account")
    assert sender.address.hex() in caught.value.found


@pytest.mark.parametrize("wrong", [{"gas": 0}, {"confirmations": 0}, {"tip_per_gas": -1}, {"longest_seconds": -1}])
def test_bounds_are_bounds(wrong: dict[str, int]) -> None:
    assert refused(lambda: Bounds(**wrong), MalformedError)[0] is Reason.OUT_OF_BOUNDS


def test_a_receipt_of_another_transaction_is_none() -> None:
    def lie(node: PlayedNode, sent: str) -> None:
        node.mine(sent)
        node.receipts[sent]["transactionHash"] = "0x" + "11" * 32

    with sending(PlayedNode(on_send=lie)) as (send, *_):
        assert refused(send, InternalError)[0] is Reason.CHAIN_UNAVAILABLE
