"""What a node says is bounded, strict and of the right chain; what several say has to be the same."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace

import pytest

from chains.escrow import DEPOSITED
from chains.rpc import Chain, Limits, NodeRefusedError, is_shallow, open_chain, read_bytes, read_number
from margin.errors import InternalError, MarginError, MisuseError, Reason, RejectedError
from tests.chains.scripted_chain import (
    CHAIN_ID,
    ESCROW,
    QuestionRefusedError,
    ScriptedChain,
    SilenceError,
    altered,
    copy_of,
    node_of,
)

SHORT = Limits(answer_bytes=20_000, seconds=60, attempts=2, blocks=64)
"""Of answers and blocks; an honest node has time, also on a busy machine."""
HASTY = Limits(seconds=0.3, attempts=1)
"""For nodes that are late by far more than any machine is slow."""
LATE_SECONDS = 60
TOPICS = (DEPOSITED,)


@pytest.fixture
def scripted() -> ScriptedChain:
    return ScriptedChain()


@pytest.fixture
def chain(scripted: ScriptedChain) -> Iterator[Chain]:
    with node_of(scripted.answer) as url, open_chain([url], CHAIN_ID, SHORT) as chain:
        yield chain


def logs_of(chain: Chain, first: int = 0, last: int = 90) -> list[int]:
    """The blocks of all logs."""
    return [log.block for _, logs in chain.logs(ESCROW, TOPICS, first, last) for log in logs]


def test_a_node_that_comes_back_is_asked_again(chain: Chain, scripted: ScriptedChain) -> None:
    scripted.faults = [SilenceError()]
    assert chain.block(7).number == 7
    scripted.faults = [SilenceError(b'{"jsonrpc": "2.0"}', 200)]
    assert chain.block("finalized").number == scripted.final


@pytest.mark.parametrize(
    "fault",
    [
        SilenceError(),
        SilenceError(b"<html>", 200),
        SilenceError(b"[" * 10_000, 200),
        SilenceError(b'{"jsonrpc": "2.0", "id": 999999, "result": "0x1"}', 200),
        SilenceError(b'{"jsonrpc": "2.0", "result": "0x1", "error": {}}', 200),
        SilenceError(b"1" * 5000, 200),
        SilenceError(b"\xff\xfe", 200),
        SilenceError(b" " * 50_000, 200),
        QuestionRefusedError(-32000),
    ],
)
def test_what_is_no_answer_is_none(chain: Chain, scripted: ScriptedChain, fault: Exception) -> None:
    scripted.faults = [fault] * 8
    with pytest.raises(InternalError) as caught:
        chain.block(7)
    assert caught.value.reason is Reason.CHAIN_UNAVAILABLE
    scripted.faults = []
    assert chain.block(7).number == 7


def test_an_answer_that_is_late_is_none_and_not_waited_for(scripted: ScriptedChain) -> None:
    with node_of(scripted.answer) as url, open_chain([url], CHAIN_ID, HASTY) as chain:
        scripted.faults = [SilenceError(seconds=LATE_SECONDS)]
        began = time.monotonic()
        with pytest.raises(InternalError) as caught:
            chain.block(7)
        assert caught.value.reason is Reason.CHAIN_UNAVAILABLE
        assert time.monotonic() - began < LATE_SECONDS


def test_a_node_that_was_late_is_asked_again(scripted: ScriptedChain) -> None:
    patient = replace(HASTY, attempts=20)  # it may be late again where a machine is busy
    with node_of(scripted.answer) as url, open_chain([url], CHAIN_ID, patient) as chain:
        scripted.faults = [SilenceError(seconds=LATE_SECONDS)]
        assert chain.block(7).number == 7


def test_nobody_there_is_told_without_the_address() -> None:
    with node_of(ScriptedChain().answer) as url:
        pass
    chain = open_chain([url], CHAIN_ID, SHORT)
    with pytest.raises(InternalError) as caught:
        chain.block(7)
    assert caught.value.reason is Reason.CHAIN_UNAVAILABLE
    assert "secret" not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)


def test_a_node_of_another_chain_is_asked_nothing(scripted: ScriptedChain) -> None:
    with (
        node_of(scripted.answer) as url,
        open_chain([url], 1, SHORT) as chain,
        pytest.raises(RejectedError) as caught,
    ):
        chain.block(7)
    assert caught.value.reason is Reason.WRONG_CONTEXT
    assert set(scripted.asked) == {"eth_chainId"}


@pytest.mark.parametrize(
    "url", ["http://node.example/key", "ftp://localhost", "https://", "localhost:8545", "http://[::1"]
)
def test_an_address_is_sealed_or_of_this_machine_and_never_repeated(url: str) -> None:
    with pytest.raises(MarginError) as caught:
        open_chain([url], 1)
    assert "key" not in str(caught.value)
    assert "node.example" not in str(caught.value)


def test_there_is_at_least_one_endpoint_and_not_too_many() -> None:
    for urls in ([], ["https://node.example"] * 9):
        with pytest.raises(MisuseError):
            open_chain(urls, 1)


# --- Logs ------------------------------------------------------------------------------------------------


def test_a_range_that_is_refused_is_split(chain: Chain, scripted: ScriptedChain) -> None:
    for block in (3, 40, 41, 88):
        scripted.deposit(block)
    scripted.most_blocks = 10
    assert logs_of(chain) == [3, 40, 41, 88]
    asked = scripted.asked.count("eth_getLogs")
    assert asked < 40
    scripted.most_blocks = None
    assert logs_of(chain) == [3, 40, 41, 88]
    assert scripted.asked.count("eth_getLogs") - asked < 6  # what was refused once is not refused for ever


def test_an_answer_that_is_too_long_is_asked_for_in_parts(chain: Chain, scripted: ScriptedChain) -> None:
    for block in range(1, 61):
        scripted.deposit(block)
    assert logs_of(chain) == list(range(1, 61))


def test_one_block_that_is_too_much_is_told(chain: Chain, scripted: ScriptedChain) -> None:
    for _ in range(60):
        scripted.deposit(5)
    with pytest.raises(InternalError) as caught:
        logs_of(chain)
    assert caught.value.reason is Reason.CHAIN_UNAVAILABLE


def test_logs_of_a_block_that_is_refused_are_told(chain: Chain, scripted: ScriptedChain) -> None:
    scripted.most_blocks = 0
    with pytest.raises(NodeRefusedError) as refused:
        logs_of(chain)
    assert refused.value.code == -32005


@pytest.mark.parametrize(
    "changes",
    [
        {"address": f"0x{bytes(20).hex()}"},
        {"topics": [f"0x{bytes(32).hex()}"]},
        {"topics": []},
        {"blockNumber": "0xffff"},
        {"blockNumber": 5},
        {"blockHash": None},
        {"data": "0x1"},
        {"removed": True},
    ],
)
def test_a_log_that_was_not_asked_for_is_none(
    chain: Chain, scripted: ScriptedChain, changes: dict[str, object]
) -> None:
    scripted.deposit(5)
    scripted.told = altered(0, **changes)
    with pytest.raises(InternalError):
        logs_of(chain)


# --- Several nodes ---------------------------------------------------------------------------------------


def test_nodes_have_to_agree_and_the_slowest_says_what_is_final(scripted: ScriptedChain) -> None:
    behind = copy_of(scripted, final=70)
    with ExitStack() as stack:
        urls = [stack.enter_context(node_of(each.answer)) for each in (scripted, behind)]
        chain = stack.enter_context(open_chain(urls, CHAIN_ID, SHORT))
        assert chain.final_number() == 70
        assert chain.final_number(confirmations=64) == 36
        assert chain.agreed_block(70) == chain.block(70)
        behind.undo(60, "another")
        with pytest.raises(InternalError) as caught:
            chain.agreed_block(70)
        assert caught.value.reason is Reason.CHAIN_REWRITTEN
        behind.faults = [SilenceError()] * 2
        with pytest.raises(InternalError) as caught:
            chain.agreed_block(50)
        assert caught.value.reason is Reason.CHAIN_UNAVAILABLE
        scripted.faults = [SilenceError()] * 2
        assert chain.block(50).number == 50  # the other one answers


def test_web3_asks_through_the_same_nodes(chain: Chain) -> None:
    assert chain.web3.eth.chain_id == CHAIN_ID
    assert chain.web3.is_connected() is False
    assert chain.web3.eth.get_block(7)["number"] == 7


def test_a_node_that_answers_byte_by_byte_has_no_more_time_than_others() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        dripping = threading.Thread(target=drip, args=[server])
        dripping.start()
        chain = open_chain([f"http://127.0.0.1:{server.getsockname()[1]}"], CHAIN_ID, HASTY)
        began = time.monotonic()
        with pytest.raises(InternalError) as caught:
            chain.block(7)
        dripping.join()
    assert caught.value.reason is Reason.CHAIN_UNAVAILABLE
    assert time.monotonic() - began < LATE_SECONDS


def drip(server: socket.socket) -> None:
    """An answer that takes long, one byte now and then, each in time."""
    ends_at = time.monotonic() + LATE_SECONDS
    with suppress(OSError):
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while time.monotonic() < ends_at:
                connection.sendall(b"x")
                time.sleep(0.02)


@pytest.mark.parametrize(
    ("data", "is_well"),
    [
        (b'{"a": [{"b": "[[[["}, "\\"]", "\\\\"]}', True),
        (b'"' + b"[" * 99 + b'"', True),
        (b"[" * 32 + b"]" * 32, True),
        (b"[" * 33 + b"]" * 33, False),
        (b'{"a":' * 33 + b"1" + b"}" * 33, False),
        (b"[" * 100_000, False),
        (b"[}", False),
    ],
)
def test_an_answer_is_not_deeper_than_answers_are(data: bytes, is_well: bool) -> None:  # noqa: FBT001 - what is expected
    assert is_shallow(data) is is_well


@pytest.mark.parametrize("number", ["0x", "0x1_0", " 0x1", "1", 1, None, f"0x{'f' * 16}", f"0x{'0' * 17}", "0x-1"])
def test_a_number_has_one_spelling(number: object) -> None:
    with pytest.raises(InternalError):
        read_number(number, "number")


@pytest.mark.parametrize("data", ["0x1", "0x 12", "12", "0xzz", b"", None, "0x1212"])
def test_bytes_have_one_spelling(data: object) -> None:
    with pytest.raises(InternalError):
        read_bytes(data, "data", 1)
