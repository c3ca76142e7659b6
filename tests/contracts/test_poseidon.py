"""Poseidon on a chain gives the numbers that it gives here, and the committed libraries are what is written today."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from subprocess import PIPE, Popen
from typing import cast

import pytest
from web3 import HTTPProvider, Web3
from web3.contract import Contract

from facts.tags import Tag
from snark.bn254.constants import GROUP_ORDER
from snark.poseidon.hashing import hash_inputs
from snark.poseidon.solidity import write_solidity_poseidon

CONTRACTS = Path(__file__).parents[2] / "contracts"
ANVIL = CONTRACTS / "node_modules" / ".bin" / "anvil"

pytestmark = pytest.mark.skipif(not ANVIL.exists(), reason="no node is installed: no contract is called")

HASHES = {4: "HashesThree", 8: "HashesSeven"}
MOST_GAS = {4: 25_500, 8: 85_000}


@pytest.fixture(scope="module")
def node() -> Iterator[Web3]:
    with Popen(  # noqa: S603 -- our own node
        [ANVIL, "--port", "0"], stdout=PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("Listening on"))
        yield Web3(HTTPProvider(f"http://{line.split()[-1]}"))
        process.terminate()


@pytest.fixture(scope="module", params=HASHES)
def hashing(request: pytest.FixtureRequest, node: Web3) -> tuple[int, Contract]:
    said = json.loads((CONTRACTS / "out" / f"{HASHES[request.param]}.json").read_text())
    account = node.eth.accounts[0]
    made = node.eth.contract(abi=said["abi"], bytecode=said["bytecode"]).constructor().transact({"from": account})
    address = node.eth.wait_for_transaction_receipt(made)["contractAddress"]
    return int(request.param), cast(Contract, node.eth.contract(address=address, abi=said["abi"]))


@pytest.mark.parametrize("width", HASHES)
def test_the_committed_library_is_what_is_written(width: int) -> None:
    assert (CONTRACTS / "src" / f"PoseidonT{width}.sol").read_text() == write_solidity_poseidon(width)


def test_it_gives_the_same_numbers_on_a_chain(hashing: tuple[int, Contract]) -> None:
    width, contract = hashing
    random = Random(width)  # noqa: S311 -- the same every time
    rows = [[random.randrange(GROUP_ORDER) for _ in range(width - 1)] for _ in range(40)]
    rows += [[value] * (width - 1) for value in (0, 1, GROUP_ORDER - 1, GROUP_ORDER // 2)]
    rows += [[int(Tag.CONTEXT), *([GROUP_ORDER - 1] * (width - 2))]]
    for row in rows:
        assert contract.functions.hash(row).call() == hash_inputs(row)


def test_it_takes_little_gas(hashing: tuple[int, Contract]) -> None:
    width, contract = hashing
    row = [GROUP_ORDER - 1] * (width - 1)
    whole = contract.functions.hash(row).estimate_gas()
    calldata = 16 * (4 + 32 * (width - 1))
    assert whole - 21_000 - calldata <= MOST_GAS[width]
