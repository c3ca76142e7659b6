"""Logs that come to the hash of their contract: of whichever node has them, and nothing of any other."""

from collections.abc import Callable

import pytest

from chains.chronicle import link, list_logs, read_whole, wrong_logs
from chains.escrow import DEPOSITED
from chains.rpc import Chain, open_chain
from facts.keccak import hash_keccak
from margin.errors import InternalError, MarginError, MisuseError, Reason
from tests.chains.scripted_chain import CHAIN_ID, ESCROW, ScriptedChain, node_of

NODES = ["http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3"]
SILENT = InternalError(Reason.CHAIN_UNAVAILABLE, "logs", found="nobody", expected="an answer")
WRONG = wrong_logs("one twice", "each once")
FAILED = InternalError(Reason.STORE_UNAVAILABLE, "state", found="a full disk", expected="a folder")


def answering(*answers: str | MarginError) -> Callable[[Chain], str]:
    """What is read of one node after the other."""
    left = list(answers)

    def read(node: Chain) -> str:
        assert len(node.endpoints) == 1
        answer = left.pop(0)
        if isinstance(answer, MarginError):
            raise answer
        return answer

    return read


def test_the_first_node_that_has_all_logs_is_enough() -> None:
    chain = open_chain(NODES, CHAIN_ID)
    assert read_whole(chain, answering("told")) == "told"
    assert read_whole(chain, answering(SILENT, WRONG, "told")) == "told"


@pytest.mark.parametrize(
    ("failures", "told"),
    [
        ((WRONG, SILENT, SILENT), WRONG),
        ((SILENT, SILENT, WRONG), WRONG),
        ((SILENT, FAILED, WRONG), FAILED),
        ((SILENT, SILENT, SILENT), SILENT),
    ],
)
def test_of_what_went_wrong_silence_is_told_last(failures: tuple[MarginError, ...], told: MarginError) -> None:
    with pytest.raises(InternalError) as failure:
        read_whole(open_chain(NODES, CHAIN_ID), answering(*failures))
    assert failure.value.reason is told.reason


def test_what_no_other_node_can_mend_is_told_at_once() -> None:
    misused = MisuseError(Reason.WRONG_CONTEXT, "gate", found="nothing", expected="a gate")
    with pytest.raises(MisuseError):
        read_whole(open_chain(NODES, CHAIN_ID), answering(misused, "told"))


def test_a_hash_goes_over_whole_words() -> None:
    before = bytes(range(32))
    assert link(before, 1, 2**256 - 1) == hash_keccak(before + bytes(31) + b"\x01" + b"\xff" * 32)
    assert link(link(before, 1), 2) != link(link(before, 2), 1)
    assert link(before, 0) != link(before)


def test_logs_are_read_in_their_order_over_many_questions() -> None:
    told = ScriptedChain(most_blocks=7)
    for block in (3, 3, 20, 41):
        told.deposit(block)
    with node_of(told.answer) as url, open_chain([url], CHAIN_ID) as chain:
        read = [(log.block, log.place) for log in list_logs(chain, ESCROW, (DEPOSITED,), 1, 90)]
        assert read == [(3, 0), (3, 1), (20, 0), (41, 0)]
        for lie in (lambda logs: logs[::-1], lambda logs: [*logs, *logs[-1:]]):
            told.told = lie
            with pytest.raises(InternalError) as caught:
                list(list_logs(chain, ESCROW, (DEPOSITED,), 1, 90))
            assert caught.value.reason is Reason.WRONG_LOGS
