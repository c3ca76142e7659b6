"""A prover that serves changes positions: what opens their new leaves is on the disk before a proof is anywhere."""

import json
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from facts.commitments import commit_position
from facts.public_inputs import PublicInputs
from facts.transition import StatedTransition
from prover.config import Proving
from prover.place import Where
from prover.publication import Publication, read_publication, write_publication
from prover.vault import Vault
from prover.wallet import KeptPosition, Secrets, Standing, Successor, Wallet
from ringfence.client.connection import Connection
from ringfence.client.prover import Prover, TransitionRequest
from ringfence.client.settings import ConnectionSettings
from ringfence.v1 import prover_service_pb2 as wire
from ringfence.wire.claim import write_demand, write_place
from ringfence.wire.commitment import read_opening
from ringfence.wire.operation import read_operation
from serving.errors import RejectedError
from snark.groth16.verify import verify_proof
from tests.prover.farm import CALL_SECONDS, PASSPHRASE, Caller, Farm, open_wallet, request_id, serving_farm, settings_of
from tests.prover.proofs import document
from tests.prover.test_service import reason_of, verifying_key
from tests.prover.test_wallet import some_position

pytestmark = pytest.mark.native
slow = pytest.mark.slow
STATEMENT = "transition"


def change(*changes: dict[str, object]) -> bytes:
    return json.dumps({"format": "ringfence.transition/1", "changes": changes}).encode()


def top_up(amount: str, position: str = "one") -> bytes:
    return change({"position": position, "change": "top_up", "amount": amount})


def asked(caller: Caller, wanted: bytes, **fields: object) -> wire.CreateProofRequest:
    place = write_place(caller.demand.domain, caller.demand.binding)
    named = {"request_id": request_id(), "demand": place, "transition": wanted, **fields}
    return wire.CreateProofRequest(**named)  # type: ignore[arg-type] # as the test wants it


def create(caller: Caller, wanted: bytes, **fields: object) -> wire.Operation:
    return caller.stub.CreateProof(asked(caller, wanted, **fields), timeout=CALL_SECONDS).operation


def kept_on_disk(folder: Path, name: str = "one") -> KeptPosition:
    return Wallet.open(folder / "wallet", PASSPHRASE).secrets.positions[name]


# --- The wallet first ----------------------------------------------------------------------------------


def test_what_may_succeed_a_position_is_on_the_disk_before_anything_is_handed_out(tmp_path: Path) -> None:
    vault = Vault(open_wallet(tmp_path), "local")
    successor = Successor(salt=4242, body=77, cash=5)

    def make(_: Secrets, positions: object) -> tuple[str, dict[str, KeptPosition]]:
        assert positions == {}
        kept = some_position()
        return "what leaves", {"one": KeptPosition(kept.committed, successors=(successor,))}

    assert vault.change("local", make) == "what leaves"
    found = kept_on_disk(tmp_path)
    assert found.successors == (successor,)
    assert found.committed == some_position().committed, "the old one is there as well"
    assert found.standing is Standing.COMMITTED


def test_nothing_is_handed_out_where_the_wallet_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wallet = open_wallet(tmp_path)
    vault = Vault(wallet, "local")

    def fail(*_: object) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr("prover.wallet.write_sealed", fail)
    with pytest.raises(RejectedError):
        vault.change("local", lambda *_: ("what leaves", {"one": some_position()}))
    assert wallet.secrets.positions == {}


def test_a_change_of_nothing_is_kept_as_nothing(tmp_path: Path) -> None:
    vault = Vault(open_wallet(tmp_path), "local")
    before = (tmp_path / "wallet").read_bytes()

    def refuse(*_: object) -> tuple[str, dict[str, KeptPosition]]:
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        vault.change("local", refuse)
    assert (tmp_path / "wallet").read_bytes() == before


# --- Over a socket ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory, circuit_cache: Path) -> Iterator[Farm]:
    folder = tmp_path_factory.mktemp("farm")
    settings = settings_of(folder, proving=Proving(development=("perp-k0", STATEMENT), threads=1))
    with pytest.MonkeyPatch.context() as patch, serving_farm(folder, circuit_cache, patch, settings) as found:
        yield found


@pytest.fixture
def caller(farm: Farm) -> Iterator[Caller]:
    with farm.calling() as found:
        if "one" not in Wallet.open(farm.folder / "wallet", PASSPHRASE).secrets.positions:
            found.commit("one", document(cash="9000"))
            found.commit("two", document(cash="9000"))
        yield found


def apply(farm: Farm, name: str = "one") -> None:
    """What a venue does: a leaf that was proved last stands in the place of the old one."""
    kept, folder = kept_on_disk(farm.folder, name), farm.folder / "facts"
    published = read_publication(folder)
    old, new = commit_position(kept.committed), kept.successors[-1].leaf(kept.committed)
    leaves = [new if leaf == old else leaf for leaf in published.leaves]
    write_publication(folder, Publication(leaves, published.facts, published.chains))


@slow
def test_a_transition_is_proved_kept_and_gone_on_from(farm: Farm, caller: Caller, circuit_cache: Path) -> None:
    operation = create(caller, top_up("12.5"))
    kept = kept_on_disk(farm.folder)
    assert len(kept.successors) >= 1, "before the proof is there"
    report = read_operation(caller.wait(operation))
    assert report.claim is not None, report.failure
    assert report.statement == STATEMENT
    claim = report.claim
    inputs = PublicInputs.of(verify_proof(verifying_key(circuit_cache, STATEMENT), claim.values, claim.proof).inputs)
    stated = claim.demand.policy
    assert isinstance(stated, StatedTransition)
    assert inputs.policy == stated.encode()
    assert stated.flows.paid_in == 12_500_000
    assert stated.leaves[0] == kept.successors[-1].leaf(kept.committed)
    old = read_opening(caller.stub.OpenCommitment(wire.OpenCommitmentRequest(name="one")))
    apply(farm)
    new = read_opening(caller.stub.OpenCommitment(wire.OpenCommitmentRequest(name="one")))
    assert commit_position(new) == stated.leaves[0]
    assert new.cash == old.cash + 12_500_000
    margin = read_operation(caller.prove("one", demand=write_demand(caller.demand)))
    assert margin.claim is not None, margin.failure
    again = kept_on_disk(farm.folder)
    assert (again.standing, again.successors) == (Standing.CHANGED, ())


@slow
def test_the_client_asks_and_checks(farm: Farm, caller: Caller) -> None:
    del caller
    address = f"127.0.0.1:{farm.server.port}"
    place = Where(Caller(None, farm.folder).demand.domain, Caller(None, farm.folder).demand.binding)  # type: ignore[arg-type] # its folder alone
    with Connection(ConnectionSettings(address, plaintext=True)) as connection:
        claim = connection.ask(Prover().prove(TransitionRequest(top_up("1", "two"), place.domain, place.binding)))
    assert isinstance(claim.demand.policy, StatedTransition)
    assert claim.demand.policy.flows.paid_in == 1_000_000


@slow
def test_a_rule_that_is_broken_is_told_without_a_number(farm: Farm, caller: Caller) -> None:
    del farm
    wanted = change({"position": "two", "change": "withdraw", "amount": "8765.432198"})
    operation = caller.wait(create(caller, wanted))
    assert operation.state == wire.OPERATION_STATE_FAILED
    assert operation.failure.reason == "W30_RULE_BROKEN"
    told = operation.SerializeToString() + str(operation).encode()
    assert b"8765" not in told


@slow
def test_a_cancelled_transition_leaves_old_and_new(farm: Farm, caller: Caller) -> None:
    before = kept_on_disk(farm.folder, "two")
    operation = create(caller, top_up("3", "two"))
    assert caller.cancel(operation).state == wire.OPERATION_STATE_CANCELLED
    after = kept_on_disk(farm.folder, "two")
    assert after.committed == before.committed
    assert len(after.successors) == len(before.successors) + 1


@slow
def test_the_same_request_is_the_same_change(farm: Farm, caller: Caller) -> None:
    request = asked(caller, top_up("4", "two"))
    first = caller.stub.CreateProof(request, timeout=CALL_SECONDS).operation
    kept = kept_on_disk(farm.folder, "two").successors
    assert caller.stub.CreateProof(request, timeout=CALL_SECONDS).operation.id == first.id
    assert kept_on_disk(farm.folder, "two").successors == kept
    caller.wait(first)


@slow
def test_what_cannot_be_is_told_at_once(caller: Caller) -> None:
    strange = {
        "no document": (b"{", "NOT_READABLE"),
        "another format": (b'{"format": "ringfence.transition/9"}', "NOT_A_CHOICE"),
        "nobody's position": (top_up("1", "nobody"), "NOT_IN_TREE"),
        "a name beside it": (top_up("1"), "CONFLICTING_FIELDS"),
        "a demand beside it": (top_up("1"), "CONFLICTING_FIELDS"),
        "another statement": (top_up("1"), "NOT_APPLICABLE"),
    }
    more: dict[str, dict[str, object]] = {
        "a name beside it": {"name": "one"},
        "a demand beside it": {"demand": write_demand(caller.demand)},
        "another statement": {"statement": "perp-k0"},
    }
    for what, (wanted, reason) in strange.items():
        found, told = reason_of(lambda wanted=wanted, what=what: create(caller, wanted, **more.get(what, {})))  # type: ignore[misc]
        assert found == reason, what
        assert "nobody" not in told


@slow
def test_a_stream_proves_transitions_too(caller: Caller) -> None:
    requests = [wire.ProveStreamRequest(number=n, proof=asked(caller, top_up(str(n), "two"))) for n in (1, 2)]
    answers = {each.number: each.operation for each in caller.stub.ProveStream(iter(requests), timeout=CALL_SECONDS)}
    assert {n: each.state for n, each in answers.items()} == dict.fromkeys((1, 2), wire.OPERATION_STATE_SUCCEEDED)


@slow
def test_the_keys_are_listed(caller: Caller) -> None:
    listed = caller.stub.ListStatements(wire.ListStatementsRequest()).statements
    assert {each.name: each.lock_count for each in listed} == {"perp-k0": 0, STATEMENT: 0}
    with pytest.raises(grpc.RpcError):
        caller.prove("one", statement=STATEMENT)
