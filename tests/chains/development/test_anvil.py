"""A node for trials: it answers, goes on as it is told to, and is gone with whoever started it."""

import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from chains.development.anvil import GAS, REMEMBERED_STATES, Anvil, Manner, run_anvil
from margin.errors import InternalError
from tests.chains.nodes import needs_nodes
from tests.packaging.sources import REPOSITORY

pytestmark = needs_nodes

STARTS_ONE_AND_DIES = """
import os, signal
from chains.development.anvil import Manner, run_anvil
with run_anvil(Manner(77)) as node:
    print(node.url, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def send(node: Anvil, wei: int) -> str:
    giver, taker = node.accounts[:2]
    receipt = node.send(**{"from": giver, "to": taker, "value": hex(wei)})
    assert receipt["status"] == "0x1"
    sent: str = receipt["transactionHash"]
    return sent


def test_blocks_come_with_transactions_and_become_final() -> None:
    with run_anvil(Manner(1_000_001)) as node:
        assert int(node.ask("eth_chainId"), 16) == node.chain_id == 1_000_001
        send(node, 1)
        assert (node.head, node.final) == (1, 0)
        node.finalise()
        assert (node.head, node.final) == (3, 1)


def test_a_transaction_has_room_where_nothing_is_said_of_its_gas() -> None:
    with run_anvil(Manner(77)) as node:
        assert int(node.ask("eth_getTransactionByHash", send(node, 1))["gas"], 16) == GAS
        giver, taker = node.accounts[:2]
        told = node.send(**{"from": giver, "to": taker, "gas": hex(30_000)})
        assert int(node.ask("eth_getTransactionByHash", told["transactionHash"])["gas"], 16) == 30_000


def test_a_node_that_makes_no_block_of_a_transaction_is_asked_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chains.development.anvil.NUDGE_SECONDS", 0.1)
    with run_anvil(Manner(77)) as node:
        node.ask("evm_setAutomine", False)  # noqa: FBT003 - as JSON-RPC has it
        giver, taker = node.accounts[:2]
        told = node.send(**{"from": giver, "to": taker})
        assert (told["status"], told["blockNumber"], node.head) == ("0x1", "0x1", 1)


def test_a_reorganisation_takes_back_what_was_in_the_newest_blocks() -> None:
    with run_anvil(Manner(77)) as node:
        node.mine()
        before = node.block(1)["hash"]
        sent = send(node, 5)
        taken = node.block(2)["hash"]
        node.reorganise(1)
        assert node.ask("eth_getTransactionReceipt", sent) is None
        assert node.block(1)["hash"] == before
        assert node.block(2)["hash"] != taken


def test_time_goes_on_as_it_is_told_to() -> None:
    with run_anvil(Manner(77, mines=False)) as node:
        began = node.moment
        sent = node.ask("eth_sendTransaction", {"from": node.accounts[0], "value": "0x1", "to": node.accounts[1]})
        assert node.head == 0
        node.advance(3600)
        assert node.head == 1
        assert node.ask("eth_getTransactionReceipt", sent)["blockNumber"] == "0x1"
        assert node.moment - began == 3600


def test_time_goes_by_blocks_where_no_clock_is_to_be_asked() -> None:
    with run_anvil(Manner(77, seconds_for_a_block=5)) as node:
        began = node.moment
        sleep(2)
        send(node, 1)
        assert node.moment - began == 5
        sleep(2)
        node.mine(2)
        assert node.moment - began == 15
        node.advance(3600)
        node.mine()
        assert node.moment - began == 3620


def test_nothing_is_written_however_long_a_chain_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with run_anvil(Manner(77)) as node:
        send(node, 1)
        node.mine(4 * REMEMBERED_STATES)
        assert list(tmp_path.rglob("*")) == []
        asked = [node.head - back for back in (REMEMBERED_STATES // 2, 2 * REMEMBERED_STATES)]
        recent, old = (node.request("eth_getBalance", node.accounts[0], hex(number)) for number in asked)
    assert "result" in recent
    assert "error" in old


def test_what_a_node_refuses_says_why() -> None:
    with run_anvil(Manner(77)) as node, pytest.raises(InternalError, match="eth_nothing"):
        node.ask("eth_nothing")


def test_two_chains_stand_beside_each_other_and_nothing_is_left_of_them() -> None:
    with run_anvil(Manner(77)) as one, run_anvil(Manner(78)) as other:
        assert [int(node.ask("eth_chainId"), 16) for node in (one, other)] == [77, 78]
    for node in (one, other):
        with pytest.raises(URLError):
            urlopen(node.url, timeout=5)  # noqa: S310 - of this machine


def test_a_node_never_survives_who_started_it() -> None:
    dead = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", STARTS_ONE_AND_DIES],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert dead.returncode < 0, dead.stderr
    url = dead.stdout.strip()
    assert url.startswith("http://127.0.0.1:")
    deadline = monotonic() + 60
    while monotonic() < deadline:
        try:
            urlopen(url, timeout=5).close()  # noqa: S310 - of this machine
        except OSError as gone:
            if isinstance(getattr(gone, "reason", None), ConnectionRefusedError):
                return
        sleep(0.01)
    pytest.fail("it still listens")
