"""The attacks on a verifier that serves: R4 to R10, D1, D2, D4, A5, A6, K4, K5, L2, O, S2, S3 and P2."""

import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from io import StringIO
from itertools import product
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from grpc_health.v1 import health_pb2

from facts.attestation import authenticate_attestation
from facts.key_file import Algorithm, Role
from facts.key_set import KeyFolder
from facts.log_head import verify_head
from facts.log_proof import hash_leaf, verify_consistency, verify_inclusion
from facts.public_inputs import unused_input
from margin.errors import InternalError, MarginError, Reason
from ringfence.v1 import log_service_pb2
from ringfence.v1 import verifier_service_pb2 as messages
from ringfence.v1.verifier_service_pb2_grpc import VerifierServiceStub
from ringfence.wire.acceptance import Answer, read_answer
from ringfence.wire.log import read_head
from serving.config import Configuration, flatten
from serving.log import Lines
from serving.roles import ROLES, list_rules
from snark.errors import SnarkError
from tests.packaging.sources import REPOSITORY
from tests.serving.running import PATIENCE, Details, code_of, stream_stream, unary_stream, unary_unary
from tests.verifier.claims import IDENTITY, NOON, PERIOD, Watch
from tests.verifier.running import (
    BRIDGE,
    CHEAP,
    DEVELOPMENT,
    ENTRY,
    PASSPHRASE,
    PLACE,
    READER,
    RECIPIENT,
    RIVAL,
    SEIZURE,
    TRADER,
    UPKEEP,
    VENUE_ACCOUNT,
    VENUE_DESK,
    Running,
    Shown,
    Trial,
    name_request,
    refusal_of,
)
from verifier.assembly import assembled
from verifier.inspection import inspect_store
from verifier.service.offering import LOG, REGISTRY, VERIFIER
from verifier.store.address import open_database
from verifier.store.schema import Identity

pytestmark = pytest.mark.native


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial(tmp_path, Watch(), str(tmp_path / "store.db"))


@pytest.fixture
def running(trial: Trial) -> Iterator[Running]:
    with trial.serving() as found:
        yield found


@pytest.fixture
def measured(trial: Trial) -> Iterator[Running]:
    trial.metrics = True
    with trial.serving() as found:
        yield found


def wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def code_and_reason(act: Callable[[], object]) -> tuple[grpc.StatusCode, str]:
    """The error of a call that has to fail."""
    with pytest.raises(grpc.RpcError) as error:
        act()
    return code_of(error.value), Details(error.value).info.reason


# --- R4: one lock, once ----------------------------------------------------------------------------------


def test_r4_a_crowd_with_one_claim_and_many_proofs_makes_one_acceptance(running: Running) -> None:
    shown = running.claim(1, 2)
    answers = list[messages.AcceptCollateralResponse]()

    def submit(seed: int) -> None:
        answers.append(running.accept(shown, claim=shown.message(seed)))

    crowd = [threading.Thread(target=submit, args=(seed,)) for seed in range(12)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()
    assert len({each.attestation.statement for each in answers}) == 1
    assert len({each.attestation.ed25519_signature for each in answers}) == 1
    assert [running.answer(each).acceptance.log_index for each in answers] == [0] * 12
    assert running.verifier.desk.ledger.head.size == 1


@pytest.mark.parametrize("kind", ["two", pytest.param("crowd", marks=pytest.mark.slow)])
def test_r4_two_verifiers_on_one_store_accept_a_lock_once(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    """Two servers with keys and witnesses of their own share one PostgreSQL; a watch at one sees the other's."""
    address = request.getfixturevalue("server").new_schema()
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    first, second = (Trial(folder, Watch(), address) for folder in folders)
    with first.serving() as one, second.serving() as two:
        watch = two.ask(BRIDGE).WatchAcceptances(messages.WatchAcceptancesRequest(), timeout=PATIENCE)
        next(watch)
        claims = [one.claim(5, tag=tag) for tag in range(1, 3 if kind == "two" else 65)]
        answers = list[messages.AcceptCollateralResponse]()

        def submit(place: int) -> None:
            found = (one, two)[place % 2].accept(claims[place])
            answers.append(found)

        crowd = [threading.Thread(target=submit, args=(place,)) for place in range(len(claims))]
        for each in crowd:
            each.start()
        for each in crowd:
            each.join()
        taken = [each for each in answers if each.HasField("acceptance")]
        refused = [refusal_of(each) for each in answers if not each.HasField("acceptance")]
        assert len(taken) == 1
        assert refused == [(8, "NULLIFIER_SPENT")] * (len(claims) - 1)
        seen = next(each for each in watch if each.HasField("acceptance"))
        assert seen.acceptance == taken[0].acceptance
        watch.cancel()


# --- R5: nowhere else ------------------------------------------------------------------------------------

ELSEWHERE = {
    "chain": replace(PLACE, chain_id=2),
    "contract": replace(PLACE, contract=b"\x66" * 20),
    "contract of another": replace(PLACE, contract=b"\x55" * 20),
    "recipient": replace(PLACE, recipient=b"\x67" * 20),
    "verifier": replace(PLACE, verifier="desk-2"),
}


@pytest.mark.parametrize("what", ELSEWHERE)
def test_r5_a_proof_for_another_place_is_refused(running: Running, what: str) -> None:
    """Whether the claim says where it was made for, or says that it was made for here."""
    running.trial.write_destinations(recipients=[f"0x{PLACE.recipient.hex()}"])
    foreign = running.claim(1, place=ELSEWHERE[what])
    disguised = replace(foreign, demand=replace(foreign.demand, binding=PLACE))
    assert refusal_of(running.accept(disguised)) == (5, "WRONG_CONTEXT")
    if what != "contract of another":
        assert refusal_of(running.accept(foreign)) == (5, "WRONG_CONTEXT")
    assert refusal_of(running.accept(running.claim(1, domain="other.example"))) == (5, "WRONG_CONTEXT")


def test_r5_an_acceptance_is_refreshed_where_it_was_made(running: Running) -> None:
    identity = running.accept(running.claim(1)).acceptance.id
    for place in ELSEWHERE.values():
        found = refusal_of(running.refresh(identity, running.claim(1, policy=UPKEEP, place=place)))
        assert found == (5, "WRONG_CONTEXT")
    assert refusal_of(running.refresh(identity, running.claim(1, policy=UPKEEP, tag=8))) == (8, "WRONG_POSITION")
    assert refusal_of(running.free(identity, [1], running.claim(tag=8))) == (8, "WRONG_POSITION")


def test_r5_a_release_is_for_the_venue_and_for_this_lock(running: Running) -> None:
    identity = running.accept(running.claim(1)).acceptance.id
    running.accept(running.claim(2, tag=8))
    running.wait(PERIOD)
    stolen = replace(SEIZURE, recipient=b"\x01" * 20)
    assert refusal_of(running.seize(identity, running.release(1, place=stolen))) == (5, "WRONG_CONTEXT")
    assert refusal_of(running.seize(identity, running.release(2))) == (8, "NULLIFIER_NOT_HELD")
    assert refusal_of(running.seize(identity, running.claim(1))) == (2, "NOT_A_KEY")
    running.answer(running.seize(identity, running.release(1)))


def test_r5_a_store_of_another_domain_does_not_start(trial: Trial) -> None:
    trial.make_store()
    trial.identity = Identity("other.example", IDENTITY.origin)
    assert refused_start(trial) == Reason.WRONG_CONTEXT


def refused_start(trial: Trial) -> str:
    """Why a verifier does not start."""
    try:
        with assembled(trial.settings, PASSPHRASE, clock=trial.clock):
            pass
    except (MarginError, SnarkError) as error:
        return str(error.reason)
    raise AssertionError("it has started")


# --- R7 and R8: what is claimed is what is proved, and nothing is nothing -----------------------------------


def test_r7_a_proof_of_something_else_than_the_request_says(running: Running) -> None:
    shown = running.claim(1, 2)
    for name in ("position_tag", "nullifiers"):
        message = shown.message()
        other = running.claim(3, 4, tag=9).message()
        if name == "nullifiers":
            message.public_inputs.nullifiers[:] = other.public_inputs.nullifiers
        else:
            message.public_inputs.position_tag = other.public_inputs.position_tag
        assert refusal_of(running.accept(shown, claim=message)) == (7, "V17_EQUATION_FAILS")
    less = replace(shown.demand, policy=replace(ENTRY, least_basket_value=1))
    assert refusal_of(running.accept(replace(shown, demand=less))) == (6, "WRONG_POLICY")
    assert running.verifier.desk.ledger.head.size == 0


@pytest.mark.parametrize(
    "clear", ["key_id", "public_inputs", "proof", "demand", "public_inputs.book_root", "demand.context"]
)
def test_r8_what_is_absent_is_refused(running: Running, clear: str) -> None:
    message = running.claim(1).message()
    *above, last = clear.split(".")
    inner = message
    for name in above:
        inner = getattr(inner, name)
    inner.ClearField(last)
    request = messages.AcceptCollateralRequest(request_id=name_request(), claim=message)
    code, _ = code_and_reason(lambda: running.ask().AcceptCollateral(request))
    assert code is grpc.StatusCode.INVALID_ARGUMENT


def test_r8_an_unused_root_stands_for_nothing_else(running: Running) -> None:
    """A margin claim may not say that it uses no book, and one with locks not that it uses no lock root."""
    for name in ("book_root", "market_root", "lock_root"):
        changes: dict[str, Any] = {name: unused_input(name)}
        assert refusal_of(running.accept(running.claim(1, **changes))) == (3, "WRONG_ROOT")


# --- R9 and R10: what left stays away, what was forgotten is missed ----------------------------------------


def test_r9_a_lock_that_left_is_never_taken_again(running: Running) -> None:
    identity = running.accept(running.claim(1, 2)).acceptance.id
    running.answer(running.free(identity, [2], running.claim(1)))
    running.wait(1)
    assert refusal_of(running.refresh(identity, running.claim(1, 2, policy=UPKEEP))) == (8, "NULLIFIER_SPENT")
    running.answer(running.free(identity, [1], caller=BRIDGE))
    for again in (running.claim(1), running.claim(1, 2), running.claim(2, tag=9)):
        assert refusal_of(running.accept(again)) == (8, "NULLIFIER_SPENT")
    assert refusal_of(running.refresh(identity, running.claim(policy=UPKEEP))) == (8, "WRONG_STATE")


def copy_store(path: Path, target: Path) -> None:
    with sqlite3.connect(path) as source, sqlite3.connect(target) as copy:
        source.backup(copy)
    source.close()
    copy.close()


def test_r10_yesterdays_store_does_not_start(trial: Trial, tmp_path: Path) -> None:
    with trial.serving() as running:
        running.accept(running.claim(1))
        copy_store(tmp_path / "store.db", tmp_path / "backup.db")
        running.accept(running.claim(2, tag=8))
    assert verify_head((tmp_path / "witness").read_text(), running.log_keys[0]).head.size == 2
    trial.store = str(tmp_path / "backup.db")
    assert refused_start(trial) == Reason.LOG_SHRUNK
    (tmp_path / "witness").unlink()
    assert refused_start(trial) == Reason.LOG_UNWITNESSED


def test_r10_the_witness_follows_within_moments(running: Running) -> None:
    running.accept(running.claim(1))
    path = running.trial.folder / "witness"
    wait_until(lambda: path.exists() and verify_head(path.read_text(), running.log_keys[0]).head.size == 1)


def test_r10_tables_that_were_altered_do_not_start(trial: Trial, tmp_path: Path) -> None:
    with trial.serving() as running:
        running.accept(running.claim(1, 2))
    with sqlite3.connect(tmp_path / "store.db") as store:
        store.execute("DELETE FROM nullifier WHERE nullifier = ?", [(1).to_bytes(32, "big")])
    store.close()
    assert refused_start(trial) == Reason.BROKEN_INVARIANT


# --- A5 and A6: keys that change, and what is never signed ------------------------------------------------


def test_a5_a_key_is_rotated_and_revoked_while_serving(running: Running) -> None:
    keys = KeyFolder(running.trial.folder / "signing")
    before = running.answer(running.accept(running.claim(1))).attestation
    keys.create("second", Role.ATTESTATION, Algorithm.ED25519, PASSPHRASE, moment=NOON + 1, cost=CHEAP)
    keys.retire("attest", NOON + 2)
    after = running.answer(running.accept(running.claim(2, tag=8))).attestation
    assert after.ed25519_key_id != before.ed25519_key_id
    authenticate_attestation(before, keys=running.verifier.desk.signer.public_keys)
    keys.revoke("attest", NOON + 3)
    with pytest.raises(MarginError):
        authenticate_attestation(before, keys=running.verifier.desk.signer.public_keys)
    keys.revoke("second", NOON + 4)
    assert code_and_reason(lambda: running.accept(running.claim(3, tag=9)))[0] is grpc.StatusCode.INTERNAL
    wait_until(lambda: health(running) == health_pb2.HealthCheckResponse.NOT_SERVING)


def health(running: Running, name: str = "") -> int:
    asked = health_pb2.HealthCheckRequest(service=name).SerializeToString()
    answer = unary_unary(running.channel(READER), "/grpc.health.v1.Health/Check")(asked, timeout=PATIENCE)
    return int(health_pb2.HealthCheckResponse.FromString(answer).status)


def test_a6_what_the_log_does_not_say_is_not_signed_and_raises_an_alarm(measured: Running) -> None:
    measured.accept(measured.claim(1))
    desk = measured.verifier.desk
    receipt, _ = desk.ledger.standing(desk.ledger.acceptances()[0].acceptance.id)
    forged = replace(receipt, acceptance=replace(receipt.acceptance, lapses_at=receipt.acceptance.lapses_at + 1))
    with pytest.raises(InternalError):
        desk.answer(forged)
    assert 'ringfence_signing_alarms_total{alarm="not_in_log"} 1.0' in read_metrics(measured)


def read_metrics(running: Running) -> str:
    url = f"http://127.0.0.1:{running.verifier.server.metrics_port}/metrics"
    with urllib.request.urlopen(url) as page:
        return str(page.read().decode())


def test_a6_what_was_decided_is_counted(measured: Running) -> None:
    measured.accept(measured.claim(1))
    measured.accept(measured.claim(1, tag=8))
    measured.verify(measured.claim(2))
    page = read_metrics(measured)
    assert 'ringfence_claims_total{outcome="valid",purpose="accept",reason=""} 1.0' in page
    assert 'ringfence_claims_total{outcome="refused_unused",purpose="accept",reason="NULLIFIER_SPENT"} 1.0' in page
    assert 'ringfence_claims_total{outcome="valid",purpose="verify",reason=""} 1.0' in page
    assert 'ringfence_attestations_total{event="accept"} 1.0' in page
    for alarm in ("not_in_log", "wrong_signature", "no_signer", "too_many"):
        assert f'ringfence_signing_alarms_total{{alarm="{alarm}"}} 0.0' in page


# --- O: stale at attest though fresh at prove ------------------------------------------------------------


def test_o1_a_root_that_goes_stale_while_the_claim_waits_is_refused(measured: Running) -> None:
    """The proof was checked; somebody else has the store meanwhile, and when the turn comes the round is too old."""
    shown = measured.claim(1)
    answers = list[messages.AcceptCollateralResponse]()
    waiting = threading.Thread(target=lambda: answers.append(measured.accept(shown)))
    counted = 'ringfence_claims_total{outcome="valid",purpose="accept",reason=""}'
    with sqlite3.connect(measured.trial.store, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting.start()
        time.sleep(0.5)
        assert counted not in read_metrics(measured)
        measured.trial.clock.now += 45
        other.execute("COMMIT")
    other.close()
    waiting.join()
    assert refusal_of(answers[0]) == (4, "TOO_OLD")
    assert measured.verifier.desk.ledger.head.size == 0


# --- D2: a store that fails ------------------------------------------------------------------------------


def test_d2_a_store_that_is_gone_and_comes_back(running: Running) -> None:
    path = Path(running.trial.store)
    running.accept(running.claim(1))
    shown = running.claim(2, tag=8)
    path.rename(path.with_name("away.db"))
    wait_until(lambda: health(running) == health_pb2.HealthCheckResponse.NOT_SERVING)
    code, reason = code_and_reason(lambda: running.accept(shown))
    assert (code, reason) == (grpc.StatusCode.UNAVAILABLE, "NOT_READY")
    path.with_name("away.db").rename(path)
    wait_until(lambda: health(running) == health_pb2.HealthCheckResponse.SERVING)
    running.answer(running.accept(shown))


# --- D4: one request, one answer -------------------------------------------------------------------------

Call = Callable[[Running, bytes, str, Shown], object]


def mutations(running: Running, identity: bytes) -> dict[str, tuple[Callable[..., object], Callable[..., object]]]:
    """Each method that changes something: a question, and another one."""
    return {
        "accept": (
            lambda name: running.accept(running.claim(31, tag=31), request_id=name),
            lambda name: running.accept(running.claim(32, tag=32), request_id=name),
        ),
        "accept, sealed otherwise": (
            lambda name: running.accept(running.claim(33, tag=33), request_id=name, sealed_releases=[b"one"]),
            lambda name: running.accept(running.claim(33, tag=33), request_id=name, sealed_releases=[b"two"]),
        ),
        "refresh": (
            lambda name: running.refresh(identity, running.claim(1, policy=UPKEEP), request_id=name),
            lambda name: running.refresh(identity, running.claim(2, policy=UPKEEP), request_id=name),
        ),
        "free": (
            lambda name: running.free(identity, [2], running.claim(1), request_id=name),
            lambda name: running.free(identity, [1], running.claim(1), request_id=name),
        ),
        "let go": (
            lambda name: running.free(identity, [1, 3], caller=BRIDGE, request_id=name),
            lambda name: running.free(identity, [1], caller=BRIDGE, request_id=name),
        ),
    }


@pytest.mark.parametrize("method", ["accept", "accept, sealed otherwise", "refresh", "free", "let go"])
def test_d4_a_request_has_one_answer(running: Running, method: str) -> None:
    """Asked again it is as before, also when its roots are stale by then; asked otherwise it is refused."""
    locks = (1, 3) if method == "let go" else (1, 2, 3)
    identity = running.accept(running.claim(*locks)).acceptance.id
    same, other = mutations(running, identity)[method]
    name = name_request()
    first = same(name)
    running.answer(first)  # type: ignore[type-var]
    assert code_and_reason(lambda: other(name)) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_TAKEN")
    again = same(name)
    assert again == first


def test_d4_an_answer_outlives_the_roots_that_it_rested_on(running: Running) -> None:
    shown, name = running.claim(1), name_request()
    message = shown.message()
    first = running.accept(shown, claim=message, request_id=name)
    running.wait(120)
    assert running.accept(shown, claim=message, request_id=name) == first
    assert refusal_of(running.accept(shown, claim=message)) == (4, "TOO_OLD")


def test_d4_a_seizure_has_one_answer(running: Running) -> None:
    identity = running.accept(running.claim(1, 2)).acceptance.id
    running.wait(PERIOD)
    name = name_request()
    first = running.seize(identity, running.release(1), request_id=name)
    running.answer(first)
    assert running.seize(identity, running.release(1), request_id=name) == first
    taken = code_and_reason(lambda: running.seize(identity, running.release(2), request_id=name))
    assert taken == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_TAKEN")


def test_a_seizure_of_an_older_store_is_named_by_its_release_and_by_no_other(running: Running) -> None:
    """Before its sixth version a store did not know whom a seizure pays, and an escrow pays nobody else by its word."""
    identity = running.accept(running.claim(1, 2)).acceptance.id
    running.wait(PERIOD)
    first = running.answer(running.seize(identity, running.release(1)))
    with closing(sqlite3.connect(running.trial.store)) as store:
        store.execute("UPDATE change SET payee = NULL")
        store.commit()

    def said_of(answer: Answer) -> bytes:
        return answer.attestation.attestation.recipient

    def told() -> bytes:
        return said_of(read_answer(running.get(identity, VENUE_DESK), running.log_keys))

    def list_unnamed() -> tuple[str, ...]:
        with closing(open_database(running.trial.store)) as store:
            return inspect_store(store).unnamed

    assert (said_of(first), told()) == (VENUE_ACCOUNT, RECIPIENT)
    assert list_unnamed() == (identity.hex(),)
    theft = replace(SEIZURE, recipient=RECIPIENT)
    assert refusal_of(running.seize(identity, running.release(1, place=theft)))[0] in {5, 8}
    assert told() == RECIPIENT
    for _ in range(2):
        again = running.answer(running.seize(identity, running.release(1)))
        assert (said_of(again), again.acceptance.log_index) == (VENUE_ACCOUNT, first.acceptance.log_index)
    assert (told(), list_unnamed()) == (VENUE_ACCOUNT, ())
    assert running.verifier.desk.ledger.head.size == first.receipt.index + 1


# --- K4 and K5: the keys that are allowed -----------------------------------------------------------------


@pytest.mark.parametrize("change", ["another key", "one byte", "cut short", "an id"])
def test_k4_a_key_that_is_not_the_pinned_one_does_not_start(trial: Trial, change: str) -> None:
    trial.make_store()
    path, other = trial.folder / "perp-k1.json", trial.folder / "perp-k2.json"
    text = path.read_text()
    match change:
        case "another key":
            shutil.copy(other, path)
        case "one byte":
            path.write_text(text.replace("1", "2", 1))
        case "cut short":
            path.write_text(text[:-40])
        case _:
            document = trial.folder / "keys.toml"
            document.write_text(document.read_text().replace('id = "', 'id = "0', 1))
    with pytest.raises((MarginError, SnarkError)), assembled(trial.settings, PASSPHRASE, clock=trial.clock):
        pass


def test_k4_a_key_that_is_swapped_after_the_start_is_not_looked_at(running: Running) -> None:
    shutil.copy(running.trial.folder / "perp-k2.json", running.trial.folder / "perp-k1.json")
    running.answer(running.accept(running.claim(1)))


def test_k5_a_key_for_development_does_not_start_in_production(tmp_path: Path) -> None:
    trial = Trial(tmp_path, Watch(), str(tmp_path / "store.db"), development=True)
    trial.make_store()
    trial.development = False
    assert refused_start(trial) == "V24_DEVELOPMENT_KEY"


def test_k5_a_destination_that_wants_ceremonies_takes_no_key_for_development(tmp_path: Path) -> None:
    trial = Trial(tmp_path, Watch(), str(tmp_path / "store.db"), development=True)
    with trial.serving() as running:
        assert refusal_of(running.accept(running.claim(1, key=DEVELOPMENT))) == (2, "NOT_A_KEY")
        assert refusal_of(running.verify(running.claim(1, key=DEVELOPMENT))) == (2, "NOT_A_KEY")


# --- L2: a log that only grows ---------------------------------------------------------------------------


def test_l2_heads_entries_and_proofs_agree_across_a_restart(trial: Trial) -> None:
    heads = []
    for start in (1, 5):
        with trial.serving() as running:
            for number in range(start, start + 4):
                running.accept(running.claim(number, tag=number))
                head = running.log().GetHead(log_service_pb2.GetHeadRequest()).head
                heads.append(read_head(head, running.log_keys).head)
    with trial.serving() as running:
        log = running.log()
        entries = log.ListEntries(log_service_pb2.ListEntriesRequest(start_index=2, page_size=4))
        assert ([each.index for each in entries.entries], entries.tree_size) == ([2, 3, 4, 5], 8)
        for each in entries.entries:
            asked = log_service_pb2.GetInclusionProofRequest(leaf_index=each.index)
            proof = log.GetInclusionProof(asked)
            verify_inclusion(hash_leaf(each.leaf), each.index, proof.tree_size, proof.path, heads[-1].root)
        for first, second in product(heads, heads):
            if first.size <= second.size:
                request = log_service_pb2.GetConsistencyProofRequest(
                    first_tree_size=first.size, second_tree_size=second.size
                )
                path = log.GetConsistencyProof(request).path
                verify_consistency(first.size, second.size, first.root, second.root, path)
        beyond = log_service_pb2.GetInclusionProofRequest(leaf_index=8)
        assert code_and_reason(lambda: log.GetInclusionProof(beyond))[0] is grpc.StatusCode.INVALID_ARGUMENT
    assert [head.size for head in heads] == list(range(1, 9))


# --- S2 and S3: who may ask, and who may see --------------------------------------------------------------

METHODS = [method for service in (VERIFIER, LOG, REGISTRY) for method in service.methods]
RULES = list_rules((VERIFIER, LOG, REGISTRY))


def test_s2_every_method_of_every_service_is_refused_to_every_role_that_its_rule_does_not_name(
    running: Running,
) -> None:
    """A method without a rule would be refused to all."""
    assert len(RULES) == len(METHODS)
    for method, role in product(METHODS, ROLES):
        path = f"/{method.containing_service.full_name}/{method.name}"
        found = try_method(running.channel(f"{role}.test"), path, method)
        assert (found is grpc.StatusCode.PERMISSION_DENIED) == (role not in RULES[path]), (path, role, found)


def try_method(channel: grpc.Channel, path: str, method: MethodDescriptor) -> grpc.StatusCode | None:
    """The code of a call with an empty message."""
    try:
        if not method.server_streaming:
            unary_unary(channel, path)(b"", timeout=PATIENCE)
            return None
        if method.client_streaming:
            responses = stream_stream(channel, path)(iter([b""]), timeout=PATIENCE)
        else:
            responses = unary_stream(channel, path)(b"", timeout=PATIENCE)
        next(iter(responses), None)
        responses.cancel()
    except grpc.RpcError as error:
        return code_of(error)
    return None


def test_s3_an_acceptance_is_not_there_for_others(running: Running) -> None:
    identity = running.accept(running.claim(1, 2)).acceptance.id
    absent = (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    claim = running.claim(1, policy=UPKEEP)
    for caller in (RIVAL, "elsewhere.example"):
        assert code_and_reason(partial(running.get, identity, caller)) == absent
        assert code_and_reason(partial(running.refresh, identity, claim, caller)) == absent
        assert code_and_reason(partial(running.free, identity, [1, 2], caller=caller)) == absent
    unknown = code_and_reason(lambda: running.get(b"\x01" * 32))
    assert unknown == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    for caller in (TRADER, BRIDGE, VENUE_DESK):
        assert running.get(identity, caller).acceptance.id == identity
    not_the_acceptor = code_and_reason(lambda: running.free(identity, [1, 2]))
    assert not_the_acceptor == (grpc.StatusCode.PERMISSION_DENIED, "NOT_ALLOWED")


def test_s3_whoever_has_the_claim_is_a_party_too(running: Running) -> None:
    """A rival that got hold of a claim and was first keeps nobody from what is theirs."""
    shown = running.claim(1)
    stolen = running.answer(running.accept(shown, RIVAL))
    mine = running.answer(running.accept(shown))
    assert mine.acceptance == stolen.acceptance
    running.answer(running.refresh(bytes.fromhex(mine.acceptance.id), running.claim(1, policy=UPKEEP)))


def test_s3_a_watch_and_a_list_show_what_is_pledged_to_the_caller(running: Running) -> None:
    watch = running.ask("elsewhere.example").WatchAcceptances(messages.WatchAcceptancesRequest(), timeout=PATIENCE)
    next(watch)
    running.accept(running.claim(1))
    theirs = running.accept(running.claim(2, tag=8, place=replace(PLACE, contract=b"\x55" * 20)))
    seen = next(each for each in watch if each.HasField("acceptance"))
    assert seen.acceptance.id == theirs.acceptance.id
    watch.cancel()


@pytest.mark.parametrize("happens", [True, False])
def test_s2_a_watch_tells_nothing_more_to_who_lost_its_role(running: Running, *, happens: bool) -> None:
    """At the next acceptance, or at the next sign of life; a venue that is one no more sees as little as others."""
    watches = {
        caller: running.ask(caller).WatchAcceptances(messages.WatchAcceptancesRequest(), timeout=PATIENCE)
        for caller in (BRIDGE, VENUE_DESK)
    }
    for watch in watches.values():
        next(watch)
    running.trial.certificates.allow({f"dns:{TRADER}": ["trader"], f"dns:{VENUE_DESK}": ["acceptor"]})
    if happens:
        running.answer(running.accept(running.claim(1)))
    ends = {}
    for caller, watch in watches.items():
        with pytest.raises(grpc.RpcError) as caught:
            assert not any(each.HasField("acceptance") for each in watch)
        ends[caller] = Details(caught.value).info.reason
    assert ends == {BRIDGE: "NOT_AUTHENTICATED", VENUE_DESK: "NOT_READY"}
    again = running.ask(VENUE_DESK).WatchAcceptances(messages.WatchAcceptancesRequest(), timeout=PATIENCE)
    assert not next(again).HasField("acceptance")
    again.cancel()


# --- P2: nothing of a claim in logs and metrics -----------------------------------------------------------


def test_p2_no_number_of_a_claim_is_in_a_log_or_a_metric(measured: Running) -> None:
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines())
    logger = logging.getLogger("tests.verifier")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    canary = 0xC0FFEE_DEC0DE_BADCAFE_1234567890
    sealed = b"a sealed canary of this test"
    try:
        measured.answer(measured.accept(measured.claim(canary, tag=canary + 1), sealed_releases=[sealed]))
        refusal_of(measured.accept(measured.claim(canary, tag=canary + 2)))
        refusal_of(measured.verify(measured.claim(canary, book_root=canary + 3)))
        code_and_reason(lambda: measured.get(canary.to_bytes(32, "big")))
        said = stream.getvalue() + read_metrics(measured)
    finally:
        logger.removeHandler(handler)
    assert "CALL_ENDED" in said
    for number in range(canary, canary + 4):
        for spelled in (str(number), f"{number:x}", f"{number:064x}", str(number.to_bytes(32, "big"))):
            assert spelled not in said
    assert sealed.decode() not in said
    assert sealed.hex() not in said
    assert PASSPHRASE not in said


# --- D1: killed ------------------------------------------------------------------------------------------


def write_config(trial: Trial) -> Path:
    """The settings of a trial, as the command reads them."""
    settings = trial.settings
    sources = {key: "a test" for key, _ in flatten(settings)}
    path = trial.folder / "verifier.toml"
    path.write_text(Configuration(settings, sources).render(), encoding="utf-8")
    secret = trial.folder / "passphrase"
    secret.touch(mode=0o600)
    secret.write_text(PASSPHRASE + "\n")
    return path


def test_d1_the_command_serves_ends_and_starts_again(trial: Trial) -> None:
    """After every end; with the clock of the machine, so that all that is asked for is what needs no fresh facts."""
    with trial.serving() as running:
        kept = running.accept(running.claim(1)).acceptance
    config = write_config(trial)
    for ending in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
        process = start_command(trial, config)
        try:
            port = read_port(process)
            credentials = trial.pair(TRADER)
            channel = grpc.secure_channel(
                f"127.0.0.1:{port}",
                grpc.ssl_channel_credentials(trial.authority.certificate, credentials.key, credentials.certificate),
            )
            with channel:
                stub = VerifierServiceStub(channel)
                found = stub.GetAcceptance(messages.GetAcceptanceRequest(acceptance_id=kept.id), timeout=PATIENCE)
                assert found.acceptance.id == kept.id
        finally:
            process.send_signal(ending)
            ended = process.wait(PATIENCE)
            assert process.stderr is not None
            process.stderr.close()
        assert ended == (0 if ending is signal.SIGTERM else -signal.SIGKILL)


def start_command(trial: Trial, config: Path) -> "subprocess.Popen[str]":
    arguments = ["verifier", "serve", "--config", str(config), "--passphrase-file", str(trial.folder / "passphrase")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RINGFENCE_")}
    return subprocess.Popen(  # noqa: S603 -- this interpreter
        [sys.executable, "-c", "from ringfence.cli import main; main()", *arguments],
        cwd=REPOSITORY,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_port(process: "subprocess.Popen[str]") -> int:
    """Where it says that it serves."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("serving on "):
            return int(line.rpartition(":")[2])
    raise AssertionError("it has not started")
