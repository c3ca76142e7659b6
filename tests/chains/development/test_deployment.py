"""Contracts that are compiled, put on a node, asked and told, and refuse by their own errors."""

import pytest

from chains.development.anvil import Manner, run_anvil
from chains.development.compilation import compile_contracts, read_artifact
from chains.development.deployment import deploy, found, role
from facts.secp256k1 import SigningKey
from margin.errors import InternalError, MisuseError
from tests.chains.nodes import needs_nodes

pytestmark = [needs_nodes, pytest.mark.slow]

AMOUNT = 1_000


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    compile_contracts()


def test_a_token_is_deployed_asked_and_told() -> None:
    with run_anvil(Manner(77)) as node:
        holder, taker = node.accounts[1:3]
        token = deploy(node, read_artifact("TrialDollars"), [holder], AMOUNT)
        assert (token.ask("balanceOf", holder), token.ask("decimals")) == (AMOUNT, 6)
        assert token.send(holder, "transfer", taker, AMOUNT // 4) > 21_000
        assert [token.ask("balanceOf", each) for each in (holder, taker)] == [AMOUNT * 3 // 4, AMOUNT // 4]
        complaint = token.refusal(holder, "transfer", taker, AMOUNT)
        assert (complaint.name, complaint.told["needed"]) == ("ERC20InsufficientBalance", AMOUNT)
        with pytest.raises(InternalError):
            token.refusal(holder, "transfer", taker, 1)
        with pytest.raises(InternalError, match=r"a transaction that failed: ERC20InsufficientBalance"):
            token.send(holder, "transfer", taker, AMOUNT)


def test_a_gate_knows_its_committees() -> None:
    keys = sorted(SigningKey.draw().address for _ in range(3))
    with run_anvil(Manner(77)) as node:
        charter = [found("governors", keys), found("verifiers", keys[:1])], 0, 60
        gate = deploy(node, read_artifact("AttestationGate"), charter, "verifier", "domain", *[True])
        epoch, members, threshold = gate.ask("committeeOf", role("governors"))
        assert (epoch, threshold) == (1, 2)
        assert [bytes.fromhex(each[2:]) for each in members] == keys
        assert gate.door("submit")[:20] == gate.address
        assert len(gate.door("submit")) == 24
        assert gate.refusal(node.accounts[0], "pause").name == "NotGovernor"


def test_a_contract_that_is_not_there_is_not_deployed() -> None:
    with pytest.raises(MisuseError):
        read_artifact("NoSuchContract")
