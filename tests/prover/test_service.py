"""What a trader asks of a prover that serves, from a document to a proof that verifies."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from circuits.catalogue import find_statement
from facts.commitments import commit_lock, commit_position
from facts.demand import Demand, ReleaseDemand
from facts.public_inputs import PublicInputs
from prover.artifacts import Cache
from prover.config import FactsSettings, Operations, ProverSettings, Proving
from prover.development import DEMAND, DEMAND_TEXT
from prover.publication import Chain, Publication, read_publication, write_publication
from prover.wallet import Wallet
from ringfence.client.connection import Connection
from ringfence.client.prover import ProofRequest, Prover
from ringfence.client.settings import ConnectionSettings
from ringfence.v1 import prover_service_pb2 as wire
from ringfence.wire.claim import read_claim, write_demand, write_place
from ringfence.wire.commitment import read_commitment, read_opening
from ringfence.wire.operation import read_operation
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.keys import VerifyingKey
from snark.groth16.verify import verify_proof
from tests.prover.farm import (
    PASSPHRASE,
    STATEMENT,
    Caller,
    Farm,
    request_id,
    serving_farm,
    settings_of,
    wait_until,
)
from tests.prover.proofs import ROOT, document
from tests.serving.running import Details, call

pytestmark = pytest.mark.native

SUCCEEDED = wire.OPERATION_STATE_SUCCEEDED


@pytest.fixture
def farm(tmp_path: Path, circuit_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Farm]:
    with serving_farm(tmp_path, circuit_cache, monkeypatch) as farm:
        yield farm


@pytest.fixture
def caller(farm: Farm) -> Iterator[Caller]:
    with farm.calling() as caller:
        yield caller


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory, circuit_cache: Path) -> Iterator[Farm]:
    """One for tests that leave no more in it than a position under a name of their own: a start reads a key."""
    with (
        pytest.MonkeyPatch.context() as patch,
        serving_farm(tmp_path_factory.mktemp("standing"), circuit_cache, patch) as farm,
    ):
        yield farm


@pytest.fixture
def visitor(standing: Farm) -> Iterator[Caller]:
    with standing.calling() as caller:
        yield caller


def reason_of(attempt: Callable[[], object]) -> tuple[str, str]:
    """The reason of a refusal and what it tells a person."""
    try:
        attempt()
    except grpc.RpcError as error:
        told = Details(error)
        return told.info.reason, told.message
    raise AssertionError("it was answered")


def verifying_key(cache: Path, name: str = STATEMENT) -> VerifyingKey:
    found = Cache(cache)
    zkey = found.development_key(found.artifact(find_statement(name)))
    return extract_verifying_key(read_zkey(zkey), allow_development_keys=True)


def test_a_proof_verifies_under_the_key_that_is_listed(standing: Farm, visitor: Caller, circuit_cache: Path) -> None:
    committed = read_commitment(visitor.commit("listed"))
    operation = read_operation(visitor.prove("listed"))
    claim = operation.claim
    assert claim is not None
    (listed,) = visitor.stub.ListStatements(wire.ListStatementsRequest()).statements
    assert (listed.name, listed.lock_count, listed.is_for_development) == (STATEMENT, 0, True)
    assert listed.constraint_count > 8000
    assert listed.key_id.hex() == claim.key_id
    key = verifying_key(circuit_cache)
    proved = verify_proof(key, claim.values, claim.proof)
    inputs = PublicInputs.of(proved.inputs)
    published = read_publication(standing.folder / "facts")
    assert (inputs.position_tag, inputs.book_root) == (committed.position_tag, published.roots.book)
    assert committed.commitment in published.leaves
    assert inputs.context == visitor.demand.context
    assert claim.demand == visitor.demand


def test_what_opens_a_commitment_does(standing: Farm, visitor: Caller) -> None:
    committed = read_commitment(visitor.commit("a name"))
    opened = read_opening(visitor.stub.OpenCommitment(wire.OpenCommitmentRequest(name="a name")))
    assert commit_position(opened) == committed.commitment
    assert opened == Wallet.open(standing.folder / "wallet", PASSPHRASE).secrets.positions["a name"].committed


def test_many_commitments_at_once_are_all_kept(farm: Farm) -> None:
    answers: list[wire.CommitResponse] = []

    def commit(name: str) -> None:
        with farm.calling() as caller:
            answers.append(caller.commit(name))

    threads = [threading.Thread(target=commit, args=(f"position {number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = Wallet.open(farm.folder / "wallet", PASSPHRASE).secrets.positions
    leaves = read_publication(farm.folder / "facts").leaves
    assert len(kept) == len({answer.commitment for answer in answers}) == 6
    assert {commit_position(each.committed) for each in kept.values()} <= set(leaves)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"request_id": "short"}, "NOT_READABLE"),
        ({"name": ""}, "WRONG_COUNT"),
        ({"document": b""}, "OUT_OF_BOUNDS"),
        ({"document": b"{"}, "NOT_READABLE"),
        ({"document": b'{"position": "\xff"}'}, "NOT_READABLE"),
        ({"document": b"\xff\xfe{\0}\0"}, "NOT_READABLE"),
        ({"document": b'{"format": "ringfence.request/1", "position": "/etc/passwd"}'}, "NOT_APPLICABLE"),
        ({"document": json.dumps({**document(), "policy": "own.toml"}).encode()}, "UNKNOWN_POLICY"),
    ],
)
def test_what_cannot_be_committed_to_is_refused(visitor: Caller, changes: dict[str, object], reason: str) -> None:
    assert reason_of(lambda: visitor.commit(**changes))[0] == reason  # type: ignore[arg-type]


def test_a_proof_of_another_statement_or_round_is_refused(farm: Farm, caller: Caller) -> None:
    caller.commit()
    published = read_publication(farm.folder / "facts").roots.market.to_bytes(32, "big")
    other = write_demand(Demand(ReleaseDemand("WBTC", 5), caller.demand.domain, caller.demand.binding))
    assert reason_of(lambda: caller.create(statement="perp-k1"))[0] == "NOT_APPLICABLE"
    assert reason_of(lambda: caller.create(market_root=b"\1" * 32))[0] == "WRONG_ROOT"
    assert reason_of(lambda: caller.create(demand=other))[0] == "NOT_APPLICABLE"
    assert reason_of(lambda: caller.create("two"))[0] == "NOT_FOUND"
    assert reason_of(lambda: caller.create(demand=None))[0] == "MISSING_FIELD"
    assert caller.prove(statement=STATEMENT, market_root=published).state == SUCCEEDED


def test_a_proof_for_a_time_that_is_over_is_refused_before_any_work(visitor: Caller) -> None:
    visitor.commit("late")
    domain, binding = visitor.demand.domain, replace(visitor.demand.binding, expiry=int(time.time()))
    over = replace(visitor.demand, binding=binding)
    assert reason_of(lambda: visitor.create("late", demand=write_demand(over)))[0] == "EXPIRED"
    assert reason_of(lambda: visitor.create("", transition=b"{}", demand=write_place(domain, binding)))[0] == "EXPIRED"


def test_operations_are_listed_a_page_at_a_time(caller: Caller) -> None:
    caller.commit()
    ids = [caller.prove().id for _ in range(5)]
    found, token = [], ""
    while True:
        page = caller.stub.ListOperations(wire.ListOperationsRequest(page_size=2, page_token=token))
        assert len(page.operations) <= 2
        found += [each.id for each in page.operations]
        if not (token := page.next_page_token):
            break
    assert found == ids[::-1]
    request = wire.ListOperationsRequest(state=wire.OPERATION_STATE_FAILED)
    assert list(caller.stub.ListOperations(request).operations) == []
    for wrong in ("x", "-1", "9" * 19, "1.0"):
        listing = wire.ListOperationsRequest(page_token=wrong)
        assert reason_of(partial(caller.stub.ListOperations, listing))[0] == "NOT_READABLE"


def test_a_wait_ends_with_the_time_or_the_call(farm: Farm, caller: Caller) -> None:
    caller.commit()
    caller.prove()
    done = caller.stub.ListOperations(wire.ListOperationsRequest()).operations[0]
    assert caller.wait(done, 0) == done
    farm.workforce.stop()
    assert reason_of(caller.create)[0] == "QUEUE_FULL"


# --- Many over one stream --------------------------------------------------------------------------------


def test_a_stream_answers_every_request_once(
    tmp_path: Path, circuit_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(
        tmp_path,
        proving=Proving(development=(STATEMENT,), workers=2, threads=1),
        operations=Operations(queue=3, stream_in_flight=4),
    )
    with serving_farm(tmp_path, circuit_cache, monkeypatch, settings) as farm, farm.calling() as caller:
        caller.commit()
        poor = document(cash="1")
        del poor["position"]["leverage"]
        caller.commit("poor", poor)
        names = ["one"] * 12
        names[3], names[7] = "poor", "unknown"
        requests = [
            wire.ProveStreamRequest(number=number, proof=caller.ask(name)) for number, name in enumerate(names, 1)
        ]
        answers = {each.number: read_operation(each.operation) for each in caller.stub.ProveStream(iter(requests))}
        assert sorted(answers) == list(range(1, 13))
        reasons = {number: each.failure.reason for number, each in answers.items() if each.failure}
        assert reasons == {4: "W30_RULE_BROKEN", 8: "NOT_FOUND"}
        assert sum(each.claim is not None for each in answers.values()) == 10
        assert len({each.id for each in answers.values()}) == 12


def test_a_stream_with_a_number_twice_is_ended(standing: Farm, visitor: Caller) -> None:
    visitor.commit("twice")
    requests = [wire.ProveStreamRequest(number=1, proof=visitor.ask("twice")) for _ in range(2)]
    (pid,) = standing.workforce.pids
    os.kill(pid, signal.SIGSTOP)  # the first one is under way when the second one comes
    assert reason_of(lambda: list(visitor.stub.ProveStream(iter(requests))))[0] == "DUPLICATE_FIELD"


def test_a_stream_without_requests_is_over(visitor: Caller) -> None:
    assert list(visitor.stub.ProveStream(iter(()), timeout=20)) == []


# --- Locks, and facts that others publish -----------------------------------------------------------------


def with_locks(tmp_path: Path) -> ProverSettings:
    proving = Proving(development=("perp-k1", "release"), threads=1, multiples_bytes=0)
    return settings_of(tmp_path, proving=proving)


def request_with_a_lock() -> dict[str, object]:
    """The example, with all that it names in place."""
    folder = ROOT / "examples" / "proving"
    request: dict[str, object] = json.loads((folder / "request.json").read_text())
    del request["demand"]
    return request


def test_a_lock_is_found_when_its_chain_has_it(
    tmp_path: Path, circuit_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others publish; the prover is told by the folder alone, and remembers which deposit a lock is."""
    settings = with_locks(tmp_path)
    settings = replace(settings, facts=FactsSettings(tmp_path / "facts", domain="development"))
    development = FactsSettings(tmp_path / "development", development=True)
    (tmp_path / "facts").mkdir()
    developing = replace(settings, facts=development)
    with serving_farm(tmp_path, circuit_cache, monkeypatch, developing) as farm, farm.calling() as caller:
        caller.commit("elsewhere", request_with_a_lock())  # so that the market has a round
    told = read_publication(tmp_path / "development")
    write_publication(tmp_path / "facts", told)
    (tmp_path / "facts" / DEMAND).write_text(DEMAND_TEXT)
    with serving_farm(tmp_path, circuit_cache, monkeypatch, settings) as farm, farm.calling() as caller:
        committed = read_commitment(caller.commit("locked", request_with_a_lock()))
        (owner,) = committed.lock_owners
        assert reason_of(lambda: caller.create("locked"))[0] == "NOT_IN_TREE"
        (awaited,) = Wallet.open(tmp_path / "wallet", PASSPHRASE).secrets.positions["locked"].awaited
        assert awaited.lock_owner == owner.lock_owner
        (chain,) = [each for each in told.chains if each.chain_id == awaited.chain_id]
        locks = [*chain.locks, 77]
        deposit = awaited.at(len(locks)).lock
        chains = [each for each in told.chains if each is not chain]
        chains.append(Chain(chain.chain_id, [*locks, commit_lock(deposit), 78]))
        write_publication(tmp_path / "facts", Publication([*told.leaves, committed.commitment], told.facts, chains))
        operation = caller.prove("locked")
        assert operation.state == SUCCEEDED, operation
        assert operation.statement == "perp-k1"
        kept = Wallet.open(tmp_path / "wallet", PASSPHRASE).secrets.positions["locked"]
        assert [each.lock for each in kept.locks] == [deposit]
        assert kept.awaited == ()
        release = Demand(release_of(request_with_a_lock(), deposit.amount), "development", caller.demand.binding)
        released = caller.prove("locked", demand=write_demand(release))
        assert (released.state, released.statement) == (SUCCEEDED, "release")
        nullifiers = [read_claim(each.claim).inputs.nullifiers for each in (operation, released)]
        assert nullifiers[0] == nullifiers[1]
        assert kept.asked is not None
        again = caller.commit("locked", request_with_a_lock(), request_id=kept.asked.request_id)
        assert read_commitment(again) == committed


def release_of(request: dict[str, object], amount: int) -> ReleaseDemand:
    (place,) = request["locks"].values()  # type: ignore[attr-defined]
    return ReleaseDemand(place["asset"], amount)


def test_facts_that_are_written_by_halves_are_not_used(farm: Farm, caller: Caller) -> None:
    caller.commit()
    before = farm.folder / "facts" / "book.json"
    whole = before.read_text()
    before.write_text(whole.replace('"ringfence.book/1"', '"ringfence.book/2"'))
    assert caller.prove().state == SUCCEEDED, "the last good facts are kept"
    shorter = json.loads(whole)
    shorter["leaves"].pop()
    before.write_text(json.dumps(shorter))
    assert caller.prove().state == SUCCEEDED, "roots that are of other leaves"
    before.write_text(whole)
    assert caller.prove().state == SUCCEEDED


def test_a_folder_that_was_written_by_halves_is_mended_for_development(
    tmp_path: Path, circuit_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving_farm(tmp_path, circuit_cache, monkeypatch) as farm, farm.calling() as caller:
        caller.commit()
    (tmp_path / "facts" / "roots.json").write_text(Publication([1]).roots.render())
    with serving_farm(tmp_path, circuit_cache, monkeypatch) as farm, farm.calling() as caller:
        assert caller.prove().state == SUCCEEDED


def test_a_commitment_of_before_is_proved_after_a_new_start(
    tmp_path: Path, circuit_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request_id()
    with serving_farm(tmp_path, circuit_cache, monkeypatch) as farm, farm.calling() as caller:
        committed = caller.commit(request_id=asked)
    with serving_farm(tmp_path, circuit_cache, monkeypatch) as farm, farm.calling() as caller:
        assert caller.commit(request_id=asked) == committed
        assert caller.prove().state == SUCCEEDED


def test_what_a_command_wrote_into_the_wallet_meanwhile_is_not_lost(farm: Farm, caller: Caller) -> None:
    caller.commit()
    other = Wallet.open(farm.folder / "wallet", PASSPHRASE)
    other.secrets.positions["theirs"] = other.secrets.positions["one"]
    other.save()
    assert reason_of(lambda: caller.commit("two"))[0] == "WRONG_FILE"
    assert sorted(Wallet.open(farm.folder / "wallet", PASSPHRASE).secrets.positions) == ["one", "theirs"]
    assert caller.prove().state == SUCCEEDED


def test_time_is_measured(visitor: Caller) -> None:
    before = int(time.time())
    visitor.commit("timed")
    operation = read_operation(visitor.prove("timed"))
    assert before <= operation.created_at <= (operation.finished_at or 0) <= time.time()
    assert operation.progress_ppm == 1_000_000


# --- By the client ----------------------------------------------------------------------------------------


def test_a_program_commits_and_proves_through_the_client(farm: Farm, caller: Caller, circuit_cache: Path) -> None:
    prover = Prover()
    with Connection(ConnectionSettings(f"127.0.0.1:{farm.server.port}", plaintext=True)) as connection:
        committed = connection.ask(prover.commit("one", json.dumps(document()).encode()))
        assert connection.ask(prover.open("one")).cash > 0
        (shape,) = connection.ask(prover.statements())
        claim = connection.ask(prover.prove(ProofRequest("one", caller.demand)))
        assert claim.key_id == shape.key_id
        assert claim.inputs.position_tag == committed.position_tag
        verify_proof(verifying_key(circuit_cache), claim.values, claim.proof)
        proofs = [ProofRequest("one", caller.demand) for _ in range(3)]
        answers = list(connection.exchange(prover.prove_many(), proofs))
        assert len(answers) == 3
        assert len(connection.ask(prover.operations())) == 4


# --- Health -----------------------------------------------------------------------------------------------


def status_of(channel: grpc.Channel, name: str) -> int:
    request = HealthCheckRequest(service=name).SerializeToString()
    return HealthCheckResponse.FromString(call(channel, "/grpc.health.v1.Health/Check", request)).status


def test_health_tells_which_part_is_not_there_and_when_it_is_again(farm: Farm) -> None:
    serving, not_serving = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING
    with grpc.insecure_channel(f"127.0.0.1:{farm.server.port}") as channel:

        def becomes(wanted: int, *names: str) -> bool:
            return wait_until(lambda: all(status_of(channel, name) == wanted for name in names))

        service = "ringfence.v1.ProverService"
        assert becomes(serving, "", service, "wallet", "facts", "workers")
        wallet, roots = farm.folder / "wallet", farm.folder / "facts" / "roots.json"
        for path, check in ((wallet, "wallet"), (roots, "facts")):
            whole = path.read_bytes()
            path.write_bytes(whole[:-3])
            assert becomes(not_serving, service, check)
            path.write_bytes(whole)
            assert becomes(serving, service, check)
