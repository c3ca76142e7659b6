"""Nodes that lie about a gate, parts that are forged, and observers that are killed: nothing wrong is signed."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest

from chains.contracts import read_abi
from chains.observing.journal import Journal
from chains.observing.observer import Observer
from chains.observing.parts import Parts, read_part, render_part
from chains.observing.words import name_acceptance
from chains.rpc import Limits, spell
from chains.watching.watcher import is_alarm
from facts.attestation import ChainWord
from facts.keccak import hash_keccak
from margin.documents.reading import read_document
from margin.errors import InternalError, MarginError, Reason
from tests.chains.killing import run_until_killed
from tests.chains.nodes import needs_nodes
from tests.chains.observed import GATE_CHAIN, OBSERVERS, Answer, Watched, asking, forward, open_gate
from tests.chains.scripted_chain import SilenceError, node_of
from tests.contracts.arena import key_of, undone
from tests.contracts.proof_gates import RECIPIENT, Gate

pytestmark = [needs_nodes, pytest.mark.slow]

FACE = read_abi("ProofGate")
LOGS, CALL, BLOCK = "eth_getLogs", "eth_call", "eth_getBlockByNumber"
KILLS = 5
LINES = 2
"""The first of a process may be one that was said before; it is killed behind another."""
HASTY = Limits(seconds=0.5, attempts=1)

Change = Callable[[str, list[Any], Any], Any]


@pytest.fixture(scope="module")
def made() -> Iterator[Gate]:
    with open_gate() as gate:
        yield gate


@pytest.fixture
def watched(made: Gate, tmp_path: Path) -> Iterator[Watched]:
    """Two locks, one of them refreshed a second before, as of a final block that has nothing in it."""
    with undone(made.arena):
        here = Watched(made, tmp_path)
        here.refresh(here.accept())
        made.arena.node.advance(1)
        here.accept(nullifier=78)
        here.finalise()
        made.arena.node.mine()
        yield here


def honest(method: str, params: list[Any], answer: Any) -> Any:  # noqa: ANN401, ARG001
    return answer


def on_logs(change: Callable[[list[Any]], list[Any]]) -> Change:
    return lambda method, _, answer: change(answer) if method == LOGS else answer


def of_event(logs: list[Any], name: str) -> list[Any]:
    topic = spell(FACE.topic_of(name))
    return [each for each in logs if each["topics"][0] == topic]


def altered(name: str, **changes: object) -> Change:
    """One log of an event is another."""
    return on_logs(lambda logs: [{**log, **changes} if log in of_event(logs, name)[:1] else log for log in logs])


def elsewhere(logs: list[Any]) -> list[Any]:
    """The recipient of a claim is a thief's, and the topic says the same."""
    changed = []
    for log in logs:
        data = log["data"].replace(RECIPIENT.hex(), "99" * 20)
        topic = spell(hash_keccak(b"\x99" * 20))
        swapped = log["data"] != data
        changed.append(
            {**log, "data": data, "topics": [*log["topics"][:2], topic, *log["topics"][3:]]} if swapped else log
        )
    return changed


def in_each_other_s_place(logs: list[Any]) -> list[Any]:
    """The last two happened the other way round."""
    *before, one, other = logs
    said = "topics", "data"
    exchanged = ({**at, **{name: of[name] for name in said}} for at, of in ((one, other), (other, one)))
    return [*before, *exchanged]


def earlier(logs: list[Any]) -> list[Any]:
    """The last one happened right behind the one before it."""
    *before, last = logs
    named = {name: before[-1][name] for name in ("blockNumber", "blockHash")}
    return [*before, {**last, **named, "logIndex": hex(int(before[-1]["logIndex"], 16) + 1)}]


def again(logs: list[Any]) -> list[Any]:
    """The last one happened twice."""
    return [*logs, {**logs[-1], "logIndex": hex(int(logs[-1]["logIndex"], 16) + 1)}]


def other_state(method: str, params: list[Any], answer: Any) -> Any:  # noqa: ANN401
    """That nothing has ever been refreshed."""
    asked = method == CALL and params[0]["data"].startswith(spell(FACE.select("find")))
    return "0x" + bytes(96).hex() if asked else answer


def older(method: str, params: list[Any], answer: Any) -> Any:  # noqa: ANN401
    """That time has passed which has not."""
    if method == BLOCK and answer:
        return {**answer, "timestamp": hex(int(answer["timestamp"], 16) + 10**6)}
    return honest(method, params, answer)


def at_the_end(method: str, params: list[Any], answer: Any) -> Any:  # noqa: ANN401
    """The same, by empty blocks alone."""
    is_empty = method == BLOCK and bool(answer) and not answer["transactions"]
    return older(method, params, answer) if is_empty else answer


def other_hash(method: str, params: list[Any], answer: Any) -> Any:  # noqa: ANN401
    """That the gate has chained something else."""
    asked = method == CALL and params[0]["data"] == spell(FACE.select("chained"))
    return "0x" + "ab" * 32 if asked else answer


LIES_OF_LOGS: dict[str, Change] = {
    "a lock is left out": on_logs(lambda logs: [each for each in logs if each not in of_event(logs, "Accepted")[:1]]),
    "the last lock is left out": on_logs(lambda logs: logs[:-1]),
    "a refresh is left out": on_logs(lambda logs: [each for each in logs if each not in of_event(logs, "Refreshed")]),
    "none": on_logs(lambda _: []),
    "one comes twice": on_logs(lambda logs: [*logs, logs[-1]]),
    "one happened twice": on_logs(again),
    "another order": on_logs(lambda logs: logs[::-1]),
    "two in each other's place": on_logs(in_each_other_s_place),
    "one at another time": on_logs(earlier),
    "another block": altered("Accepted", blockHash="0x" + "ab" * 32),
    "another lapse": altered("Refreshed", data="0x" + "00" * 31 + "01" + "ff" * 32),
    "another recipient": on_logs(elsewhere),
    "a position that there cannot be": altered(
        "Accepted", topics=[spell(FACE.topic_of("Accepted")), *["0x" + "ff" * 32] * 3]
    ),
    "junk": altered("Refreshed", data="0x1234"),
}
"""What a node may leave out, make up or alter of what a gate wrote."""
OTHER_LIES: dict[str, Change] = {
    "what the gate says of a lock": other_state,
    "what the gate has chained": other_hash,
    "another time": older,
    "another time of the final block": at_the_end,
}
"""What else it may say that is not so."""


@pytest.mark.parametrize("lie", LIES_OF_LOGS)
def test_attack_a_node_that_alters_logs_is_found_out_by_the_gate_itself(watched: Watched, lie: str) -> None:
    """Whoever asks no other node signs nothing, is told why, and signs when the node tells everything again."""
    is_lying = True

    def answer(method: str, params: list[Any], said: Any) -> Any:  # noqa: ANN401
        return LIES_OF_LOGS[lie](method, params, said) if is_lying else said

    with node_of(forward(watched.arena, answer)) as url, asking(url) as chain, watched.observing(chain=chain) as look:
        for _ in range(2):
            with pytest.raises(InternalError) as refused:
                look()
            assert (refused.value.reason, refused.value.field) == (Reason.WRONG_LOGS, "logs")
            assert is_alarm(refused.value)
        assert watched.said == []
        is_lying = False
        assert look().shared == 2


@pytest.mark.parametrize("lie", LIES_OF_LOGS)
def test_attack_beside_an_honest_node_altered_logs_are_not_needed(watched: Watched, lie: str) -> None:
    watched.look(0)
    for number, order in enumerate((slice(None), slice(None, None, -1)), 1):
        answers: list[Answer] = [forward(watched.arena, each) for each in (honest, LIES_OF_LOGS[lie])][order]
        with node_of(answers[0]) as first, node_of(answers[1]) as second, asking(first, second) as chain:
            assert watched.look(number, chain=chain).shared == 2
    assert watched.said == 3 * watched.said[:2], "the truth, by each of them"


@pytest.mark.parametrize("lie", OTHER_LIES)
@pytest.mark.parametrize("is_alone", [True, False], ids=["alone", "beside an honest node"])
def test_attack_no_other_lie_is_signed(watched: Watched, lie: str, *, is_alone: bool) -> None:
    with ExitStack() as nodes:
        urls = [nodes.enter_context(node_of(forward(watched.arena, each))) for each in (OTHER_LIES[lie], honest)]
        chain = nodes.enter_context(asking(*urls[: 1 if is_alone else 2]))
        with pytest.raises(InternalError) as refused:
            watched.look(chain=chain)
    assert refused.value.reason in {Reason.CHAIN_REWRITTEN, Reason.WRONG_LOGS}
    assert watched.said == []
    assert watched.look().shared == 2, "and then they are signed"


def test_a_journal_that_begins_behind_the_first_event_has_nothing_signed(watched: Watched) -> None:
    """What is missing before the first look is missing for good: not even an honest node makes up for it."""
    gate, first = watched.gate.contract, watched.arena.chain.block("finalized").number
    with Journal(watched.folder / "late", GATE_CHAIN, gate.address, first) as journal:
        observer = Observer(watched.arena.chain, gate.address, journal, payees={}, from_block=first)
        with pytest.raises(InternalError) as refused:
            observer.look(watched.said.append, watched.said.append)
    assert refused.value.reason is Reason.WRONG_LOGS
    assert watched.said == []


@pytest.mark.parametrize(("method", "others"), [(LOGS, 0), (CALL, 1), (BLOCK, 1)])
def test_x1_a_node_that_drips_or_says_nothing_has_nothing_signed(watched: Watched, method: str, others: int) -> None:
    """Logs of any other node will do; without a node's word on blocks and on the gate nobody knows."""

    def silent(asked: str, params: list[Any], answer: Any) -> Any:  # noqa: ANN401
        if asked == method:
            raise SilenceError(seconds=60)
        return honest(asked, params, answer)

    with (
        node_of(forward(watched.arena, silent)) as slow,
        node_of(forward(watched.arena, honest)) as url,
        asking(*[slow, url][: 1 + others], limits=HASTY) as chain,
        pytest.raises(InternalError) as failure,
    ):
        watched.look(chain=chain)
    assert failure.value.reason is Reason.CHAIN_UNAVAILABLE
    assert watched.said == []


def test_a_node_that_takes_few_blocks_at_once_is_asked_for_fewer(watched: Watched) -> None:
    def narrow(method: str, params: list[Any], answer: Any) -> Any:  # noqa: ANN401
        if method == LOGS and int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) > 2:
            raise SilenceError(
                body=json.dumps({"jsonrpc": "2.0", "id": 0, "error": {"code": -32005}}).encode(), status=400
            )
        return honest(method, params, answer)

    with node_of(forward(watched.arena, narrow)) as url, asking(url) as chain:
        assert watched.look(chain=chain).shared == 2


# --- Parts ------------------------------------------------------------------------------------------------


def test_attack_a_forged_part_is_nobody_s(watched: Watched) -> None:
    watched.look()
    (word,) = watched.parts.ask(name_acceptance(78))
    folder, stranger = watched.folder / "parts", key_of("a stranger")
    said, gate = word.attestation, watched.gate.contract.address
    name = f"{watched.arena.node.chain_id}-{gate.hex()}-{said.acceptance}-"
    forged = ChainWord.sign(said, stranger)
    (folder / f"{name}0-{OBSERVERS[1].address.hex()}.json").write_text(render_part(forged))
    (folder / f"{name}9-{OBSERVERS[0].address.hex()}.json").write_text(render_part(word))
    (folder / f"{name}0-{'00' * 20}.json").write_text("{")
    (folder / f"{name}1-{'00' * 20}.json").write_text(render_part(word).replace("statement", "statment"))
    assert watched.parts.ask(said.acceptance) == [word]
    watched.parts.share(said, stranger)
    heard = watched.parts.ask(said.acceptance)
    assert {each.eip712_signer for each in heard} == {word.eip712_signer, stranger.address}, "it counts for its signer"


def test_a_part_is_read_as_it_was_written_and_no_otherwise(watched: Watched) -> None:
    watched.look()
    path = next((watched.folder / "parts").iterdir())
    content: Any = read_document(path)
    word = read_part(content)
    assert render_part(word) == path.read_text()
    for name, value in (
        ("format", "ringfence.observation/2"),
        ("statement", content["statement"][:-2]),
        ("statement", content["statement"].upper()),
        ("signature", content["signature"][:-2]),
        ("signature", "0x" + "ff" * 65),
        ("more", "fields"),
    ):
        with pytest.raises(MarginError):
            read_part({**content, name: value})


def test_parts_of_another_gate_in_the_same_folder_are_its_own(watched: Watched) -> None:
    watched.look()
    other = Parts(watched.folder / "parts", watched.arena.node.chain_id, b"\x12" * 20)
    assert other.find_holder(78) is None
    assert other.ask(name_acceptance(78)) == []


# --- kill -9 ----------------------------------------------------------------------------------------------


def test_an_observer_that_is_killed_goes_on_and_says_one_thing_of_a_revision(watched: Watched) -> None:
    random, said = Random(7), dict[tuple[str, int], set[str]]()  # noqa: S311 - when to kill is no secret
    claims = [watched.gate.claim(nullifier=78)]
    where = watched.arena.node.url, str(watched.folder), watched.gate.contract.address.hex()
    for number in range(KILLS):
        claims.append(watched.accept(nullifier=100 + number))
        for claim in claims:
            watched.refresh(claim)
        watched.finalise()
        seconds = random.uniform(0.0, 0.2)
        for line in run_until_killed("tests.chains.dying_observer", *where, lines=LINES, seconds=seconds):
            acceptance, revision, digest = line.split()
            said.setdefault((acceptance, int(revision)), set()).add(digest)
    watched.look()
    for claim in claims:
        word = watched.newest(claim)
        found = watched.gate.contract.ask("find", claim.nullifier)
        assert (word.state, word.revision, word.lapses_at) == tuple(found)
    assert len(said) > KILLS
    assert all(len(digests) == 1 for digests in said.values())
