"""What programs beside chains count of their nodes and looks: every fault, in words that are known beforehand."""

import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from prometheus_client import CollectorRegistry

from chains.rpc import Chain, Limits, open_chain
from margin.errors import InternalError, MarginError, MisuseError, Reason, RejectedError
from ringfence.cli.bridging.programs import find_address
from ringfence.cli.chain_measures import LookMeasures, NodeMeasures
from ringfence.cli.looking import Diary, Page, Station, require_healthy
from ringfence.client.errors import ClientError, UnreachableError
from serving.errors import ServingError
from serving.log import Log
from tests.chains.scripted_chain import (
    BLOCK_SECONDS,
    CHAIN_ID,
    ESCROW,
    GENESIS,
    QuestionRefusedError,
    ScriptedChain,
    SilenceError,
    copy_of,
    node_of,
)

SHORT = Limits(answer_bytes=20_000, attempts=1, blocks=64)
TOPIC = b"\x11" * 32


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def scripted() -> list[ScriptedChain]:
    """What three nodes have; the second is behind."""
    first = ScriptedChain()
    return [first, copy_of(first, final=70), copy_of(first)]


@pytest.fixture
def chain(scripted: list[ScriptedChain], registry: CollectorRegistry) -> Iterator[Chain]:
    with ExitStack() as stack:
        urls = [stack.enter_context(node_of(each.answer)) for each in scripted]
        opened = stack.enter_context(open_chain(urls, CHAIN_ID, SHORT))
        NodeMeasures(registry).follow(opened)
        yield opened


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, labels)


def faults(registry: CollectorRegistry) -> dict[tuple[str, str], float]:
    """Of each node and fault how many there were, where there were any."""
    samples = [each for family in registry.collect() for each in family.samples if each.name.endswith("faults_total")]
    assert {each.labels["chain_id"] for each in samples} == {str(CHAIN_ID)}
    return {(each.labels["endpoint"], each.labels["fault"]): each.value for each in samples if each.value}


def test_how_far_each_node_is_and_what_is_final_is_told(chain: Chain, registry: CollectorRegistry) -> None:
    assert faults(registry) == {}
    assert chain.final_number() == 70
    chain.agreed_block(50)
    assert value(registry, "ringfence_final_block", chain_id=str(CHAIN_ID)) == 70
    behind = [
        value(registry, "ringfence_node_behind_seconds", chain_id=str(CHAIN_ID), endpoint=f"endpoints[{place}]")
        for place in range(3)
    ]
    ages = [time.time() - GENESIS - BLOCK_SECONDS * final for final in (90, 70, 90)]
    assert behind == pytest.approx(ages, abs=100), "an old block takes nothing back"
    assert faults(registry) == {}


def test_a_node_that_fails_is_told_where_another_one_has_answered(
    chain: Chain, scripted: list[ScriptedChain], registry: CollectorRegistry
) -> None:
    scripted[0].faults = [SilenceError()]
    scripted[1].faults = [QuestionRefusedError(-32000)]
    assert chain.block(7).number == 7, "by the third"
    assert faults(registry) == {("endpoints[0]", "no_answer"): 1, ("endpoints[1]", "refused"): 1}


def test_of_nodes_that_disagree_the_odd_one_is_told(
    chain: Chain, scripted: list[ScriptedChain], registry: CollectorRegistry
) -> None:
    scripted[1].undo(60, "another")
    with pytest.raises(InternalError):
        chain.agreed_block(70)
    assert faults(registry) == {("endpoints[1]", "contradicted"): 1}
    alone = chain.apart()[1]
    scripted[1].faults = [SilenceError()]
    with pytest.raises(InternalError):
        alone.block(7)
    assert faults(registry)["endpoints[1]", "no_answer"] == 1, "asked alone it has the same place"


def test_of_two_that_disagree_nobody_knows_which(registry: CollectorRegistry) -> None:
    first = ScriptedChain()
    other = copy_of(first)
    other.undo(60, "another")
    with ExitStack() as stack:
        urls = [stack.enter_context(node_of(each.answer)) for each in (first, other)]
        chain = stack.enter_context(open_chain(urls, CHAIN_ID, SHORT))
        NodeMeasures(registry).follow(chain)
        with pytest.raises(InternalError):
            chain.agreed_block(70)
    assert faults(registry) == {(f"endpoints[{place}]", "contradicted"): 1 for place in range(2)}


def test_a_node_of_another_chain_is_told_as_one(registry: CollectorRegistry) -> None:
    with node_of(ScriptedChain().answer) as url, open_chain([url], CHAIN_ID + 1, SHORT) as chain:
        NodeMeasures(registry).follow(chain)
        with pytest.raises(RejectedError):
            chain.block(7)
    assert value(
        registry,
        "ringfence_node_faults_total",
        chain_id=str(CHAIN_ID + 1),
        endpoint="endpoints[0]",
        fault="another_chain",
    )


def test_a_node_that_takes_fewer_blocks_at_once_has_no_fault(
    chain: Chain, scripted: list[ScriptedChain], registry: CollectorRegistry
) -> None:
    for each in scripted:
        each.faults = [QuestionRefusedError(-32005)]
    assert [until for until, _ in chain.logs(ESCROW, (TOPIC,), 0, 63)] == [31, 63]
    assert faults(registry) == {}


# --- Looks -------------------------------------------------------------------------------------------------


def station_of(folder: Path, registry: CollectorRegistry, outcome: dict[str, object] | Exception) -> Station[object]:
    """Somebody who looks, and whose looks all end alike."""

    def look() -> object:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    diary = Diary(folder / "status.json", "eip155:1", Log())
    return Station(look, lambda _: {"block": 7}, lambda _: None, LookMeasures(registry), diary)


def test_a_look_that_ended_well_is_counted_and_its_moment_kept(tmp_path: Path, registry: CollectorRegistry) -> None:
    assert station_of(tmp_path, registry, {}).look() == {"block": 7}
    assert value(registry, "ringfence_looks_total", outcome="ended", reason="") == 1
    looked_at = value(registry, "ringfence_looked_at")
    assert looked_at
    assert require_healthy(tmp_path / "status.json", 60, int(looked_at))["block"] == 7


@pytest.mark.parametrize(
    ("error", "reason", "alarms"),
    [
        (InternalError(Reason.CHAIN_REWRITTEN, "block 7", found="another", expected="it"), "CHAIN_REWRITTEN", 1),
        (InternalError(Reason.CHAIN_UNAVAILABLE, "endpoints[0]", found="-", expected="it"), "CHAIN_UNAVAILABLE", 0),
        (ClientError("a reason that\na server made up", "field", found="x", expected="y"), "INTERNAL", 0),
        (UnreachableError(grpc.StatusCode.UNAVAILABLE), "UNAVAILABLE", 0),
        (OSError("no room"), "INTERNAL", 0),
    ],
)
def test_a_look_that_failed_is_counted_by_a_reason_that_is_known(
    tmp_path: Path, registry: CollectorRegistry, error: Exception, reason: str, alarms: int
) -> None:
    with pytest.raises(type(error)):
        station_of(tmp_path, registry, error).look()
    assert value(registry, "ringfence_looks_total", outcome="failed", reason=reason) == 1
    assert value(registry, "ringfence_look_alarms_total") == alarms
    with pytest.raises(MarginError):
        require_healthy(tmp_path / "status.json", 60, 0)


# --- The page ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["0.0.0.0:0", "192.0.2.1:9464", "localhost:9464", "unix:/run/page", "9464"])
def test_attack_a_page_is_shown_to_nobody_but_this_machine(registry: CollectorRegistry, address: str) -> None:
    with pytest.raises(ServingError), Page(address, registry).shown():
        pass


def test_a_page_that_has_no_place_is_refused_and_one_that_was_not_asked_for_is_none(
    registry: CollectorRegistry, free_address: str
) -> None:
    LookMeasures(registry).look_ended()
    with Page(None, registry).shown(), Page(free_address, registry).shown():
        with urllib.request.urlopen(f"http://{free_address}/metrics") as page:
            assert 'ringfence_looks_total{outcome="ended",reason=""} 1.0' in page.read().decode()
        with pytest.raises(MisuseError), Page(free_address, registry).shown():
            pass


@pytest.fixture
def free_address() -> str:
    return find_address()
