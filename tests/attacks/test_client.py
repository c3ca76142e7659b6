"""The attacks on whoever asks a verifier: A2, A4, L2, R4, R6, R7, R8, R10 and S1; each test has the id of its threat.

In between is a server that passes everything on to the real one and changes what it wants to in the answers. Nothing
that it changes is handed on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from facts.anchor import Anchor
from facts.attestation import Attestation
from facts.log_entry import LogEntry
from facts.log_head import LogHead, LogKey
from margin.errors import Reason
from ringfence.client.connection import Connection
from ringfence.client.errors import AnswerError, ClientError, UnreachableError
from ringfence.client.heads import LastHead
from ringfence.client.procedure import Procedure
from ringfence.client.verifier import Verifier
from ringfence.v1 import claim_pb2
from ringfence.wire.log import write_head
from tests.facts.attestations import STRANGER, sign
from tests.ringfence.client.calling import anchor_of, settings_of, show
from tests.ringfence.client.lying import Change, lying
from tests.ringfence.wire.test_log import Tree
from tests.serving.certificates import Authority, Folder
from tests.serving.running import serving, settings_for
from tests.verifier.claims import Watch
from tests.verifier.running import READER, TRADER, UPKEEP, Running, Trial
from verifier.log import sign_head

pytestmark = pytest.mark.native

OTHER_ID = bytes(range(32))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("verifier")
    with Trial(folder, Watch(), str(folder / "store.db")).serving() as found:
        yield found


@dataclass
class Victim:
    """A caller of a server that lies."""

    running: Running
    heads: LastHead
    anchor: Anchor
    caller: str = TRADER

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.anchor, self.heads, self.running.trial.clock)

    def ask(self, procedure: Procedure[Any], **changes: Change) -> Any:  # noqa: ANN401
        with lying(self.running, changes, self.caller) as settings, Connection(settings) as connection:
            return connection.ask(procedure)

    def refused(self, procedure: Procedure[Any], **changes: Change) -> ClientError:
        """The error with which an answer is not handed on."""
        with pytest.raises(AnswerError) as refused:
            self.ask(procedure, **changes)
        return refused.value


@pytest.fixture
def victim(running: Running) -> Victim:
    anchor = anchor_of(running)
    return Victim(running, LastHead(anchor.log_keys), anchor)


_nullifiers = iter(range(5000, 10_000))


def accept(victim: Victim) -> Procedure[Any]:
    number = next(_nullifiers)
    return victim.verifier.accept(show(victim.running.claim(number, tag=number)))


def test_an_honest_answer_passes_the_server_in_between(victim: Victim) -> None:
    assert victim.ask(accept(victim)).acceptance.revision == 0


def forge(**changes: object) -> Change:
    """An attestation that says something else, signed by a stranger who knows what a verifier's word looks like."""

    def change(answer: Any) -> None:  # noqa: ANN401
        said = replace(Attestation.decode(answer.attestation.statement), **changes)  # type: ignore[arg-type]
        signed = sign(said, STRANGER)
        answer.attestation.statement = said.encode()
        answer.attestation.ed25519_key_id = signed.ed25519_key_id
        answer.attestation.ed25519_signature = signed.ed25519_signature

    return change


def restate(**changes: object) -> Change:
    """Another statement under the signatures of the real one."""

    def change(answer: Any) -> None:  # noqa: ANN401
        said = replace(Attestation.decode(answer.attestation.statement), **changes)  # type: ignore[arg-type]
        answer.attestation.statement = said.encode()

    return change


def setting(path: str, value: object) -> Change:
    """One field of an answer, changed."""

    def change(answer: Any) -> None:  # noqa: ANN401
        *parents, name = path.split(".")
        for parent in parents:
            answer = getattr(answer, parent)
        setattr(answer, name, value)

    return change


@pytest.mark.parametrize("changes", [{}, {"lapses_at": 2**40}, {"held": (1, 2, 3)}, {"acceptance": "ab" * 32}])
def test_a2_a_word_that_a_stranger_signed_is_refused(victim: Victim, changes: dict[str, object]) -> None:
    assert victim.refused(accept(victim), AcceptCollateral=forge(**changes)).reason == Reason.UNKNOWN_SIGNER


def test_a2_a_key_that_the_answer_brings_along_is_no_reason_to_trust_it(victim: Victim) -> None:
    def bring(answer: Any) -> None:  # noqa: ANN401
        answer.attestation_keys[0] = STRANGER.public_key

    assert victim.refused(victim.verifier.trust(), GetTrust=bring).reason == Reason.UNKNOWN_SIGNER


@pytest.mark.parametrize(
    "changes", [{"lapses_at": 2**40}, {"held": (1, 2, 3)}, {"revision": 1}, {"recipient": b"\x99" * 20}, {"moment": 1}]
)
def test_a4_a_word_that_was_altered_is_refused(victim: Victim, changes: dict[str, object]) -> None:
    assert victim.refused(accept(victim), AcceptCollateral=restate(**changes)).reason == Reason.WRONG_SIGNATURE


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("acceptance.id", OTHER_ID),
        ("acceptance.lapses_at_seconds", 2**40),
        ("acceptance.state", 2),
        ("acceptance.revision", 7),
        ("acceptance.log_index", 10**6),
        ("acceptance.position_tag", OTHER_ID),
        ("acceptance.key_id", OTHER_ID),
        ("acceptance.is_for_development", True),
        ("acceptance.refreshed_at_seconds", 2**40),
        ("acceptance.accepted_at_seconds", 1),
        ("acceptance.demand.policy.shock_ppm", 500_000),
        ("acceptance.demand.context.expires_at_seconds", 2**40),
        ("acceptance.demand.context.recipient", b"\x99" * 20),
        ("acceptance.demand.context.domain", "other.example"),
    ],
)
def test_a4_a_report_says_nothing_that_was_not_signed(victim: Victim, path: str, value: object) -> None:
    refused = victim.refused(accept(victim), AcceptCollateral=setting(path, value))
    assert path.startswith(refused.field.removeprefix("answer."))


@pytest.mark.parametrize("name", ["eip712_digest", "eip712_signer", "eip712_signature"])
def test_a4_a_word_for_a_chain_is_that_of_the_statement(victim: Victim, name: str) -> None:
    def change(answer: Any) -> None:  # noqa: ANN401
        data = bytearray(getattr(answer.attestation, name))
        data[0] ^= 1
        setattr(answer.attestation, name, bytes(data))

    victim.refused(accept(victim), AcceptCollateral=change)


def test_r6_a_head_is_no_attestation_and_no_other_message(victim: Victim) -> None:
    def change(answer: Any) -> None:  # noqa: ANN401
        answer.attestation.statement = answer.receipt.head.note.encode()

    assert victim.refused(accept(victim), AcceptCollateral=change).field == "answer.attestation.statement"


def test_r7_the_answer_to_another_claim_is_refused(victim: Victim) -> None:
    earlier: list[Any] = []

    def keep(answer: Any) -> None:  # noqa: ANN401
        earlier.append(answer)

    def replay(_: Any) -> Any:  # noqa: ANN401
        return earlier[0]

    victim.ask(accept(victim), AcceptCollateral=keep)
    refused = victim.refused(accept(victim), AcceptCollateral=replay)
    assert refused.reason in {Reason.CONFLICTING_FIELDS, Reason.LOG_SHRUNK}


def test_r7_another_claim_is_not_verified_by_this_answer(victim: Victim) -> None:
    claim = show(victim.running.claim(next(_nullifiers)))
    refused = victim.refused(victim.verifier.verify(claim), Verify=setting("claim_id", OTHER_ID))
    assert refused.field == "answer.claim_id"


def test_r7_another_acceptance_is_not_the_one_that_was_asked_for(victim: Victim) -> None:
    first, second = victim.ask(accept(victim)), victim.ask(accept(victim))
    answers: list[Any] = []
    victim.ask(victim.verifier.acceptance(second.id), GetAcceptance=answers.append)
    refused = victim.refused(victim.verifier.acceptance(first.id), GetAcceptance=lambda _: answers[0])
    assert refused.field == "answer.acceptance"


def test_r7_a_refresh_answers_with_what_it_did(victim: Victim) -> None:
    number = next(_nullifiers)
    accepted = victim.ask(victim.verifier.accept(show(victim.running.claim(number, tag=number))))
    answers: list[Any] = []
    victim.ask(victim.verifier.acceptance(accepted.id), GetAcceptance=answers.append)

    def stale(answer: Any) -> None:  # noqa: ANN401
        for part in ("acceptance", "attestation", "receipt"):
            getattr(answer, part).CopyFrom(getattr(answers[0], part))

    victim.running.wait(1)
    refresh = victim.verifier.refresh(accepted.id, show(victim.running.claim(number, tag=number, policy=UPKEEP)))
    assert victim.refused(refresh, RefreshAcceptance=stale).reason in {Reason.CONFLICTING_FIELDS, Reason.LOG_SHRUNK}


@pytest.mark.parametrize("verdict", [claim_pb2.VERDICT_UNSPECIFIED, 3, 99])
def test_r8_not_verified_is_never_success(victim: Victim, verdict: int) -> None:
    assert victim.refused(accept(victim), AcceptCollateral=setting("verdict", verdict)).field == "answer.verdict"
    claim = show(victim.running.claim(next(_nullifiers)))
    assert victim.refused(victim.verifier.verify(claim), Verify=setting("verdict", verdict)).field == "answer.verdict"


@pytest.mark.parametrize("part", ["acceptance", "attestation", "receipt"])
def test_r8_an_answer_without_a_part_is_none(victim: Victim, part: str) -> None:
    def drop(answer: Any) -> None:  # noqa: ANN401
        answer.ClearField(part)

    assert victim.refused(accept(victim), AcceptCollateral=drop).field == f"answer.{part}"


def test_r8_an_empty_answer_is_none(victim: Victim) -> None:
    def empty(answer: Any) -> None:  # noqa: ANN401
        answer.Clear()

    for procedure, method in (
        (accept(victim), "AcceptCollateral"),
        (victim.verifier.verify(show(victim.running.claim(1))), "Verify"),
        (victim.verifier.trust(), "GetTrust"),
        (victim.verifier.log.head(), "GetHead"),
        (victim.verifier.acceptance("ab" * 32), "GetAcceptance"),
    ):
        if method != "GetAcceptance":
            victim.refused(procedure, **{method: empty})
    accepted = victim.ask(accept(victim))
    victim.refused(victim.verifier.acceptance(accepted.id), GetAcceptance=empty)


def forked(victim: Victim, size: int) -> Any:  # noqa: ANN401
    """A head of another history, signed with the real key."""
    signer = victim.running.verifier.desk.heads
    root = bytes([size % 251 + 1]) * 32
    return write_head(signer.sign(LogHead(signer.keys[0].origin, size, root)))


def test_l2_a_head_that_the_log_did_not_sign_is_refused(victim: Victim) -> None:
    origin = victim.anchor.log_keys[0].origin
    forged = sign_head(LogHead(origin, 3, OTHER_ID), STRANGER)

    def change(answer: Any) -> None:  # noqa: ANN401
        answer.head.CopyFrom(write_head(forged))

    assert victim.refused(victim.verifier.log.head(), GetHead=change).reason == Reason.WRONG_SIGNATURE


def test_l2_two_roots_of_one_size_are_seen(victim: Victim) -> None:
    victim.ask(accept(victim))
    seen = victim.heads.head
    assert seen is not None

    def change(answer: Any) -> None:  # noqa: ANN401
        answer.head.CopyFrom(forked(victim, seen.head.size))

    assert victim.refused(victim.verifier.log.head(), GetHead=change).reason == Reason.LOG_FORKED


def test_r10_a_log_that_shrank_is_seen(victim: Victim) -> None:
    before: list[Any] = []
    victim.ask(accept(victim))
    victim.ask(victim.verifier.log.head(), GetHead=before.append)
    victim.ask(accept(victim))
    assert victim.refused(victim.verifier.log.head(), GetHead=lambda _: before[0]).reason == Reason.LOG_SHRUNK


def test_r10_a_log_that_forked_is_seen_whatever_proof_it_brings(victim: Victim) -> None:
    victim.ask(accept(victim))
    seen = victim.heads.head
    assert seen is not None

    def change(answer: Any) -> None:  # noqa: ANN401
        answer.head.CopyFrom(forked(victim, seen.head.size + 5))

    def prove(answer: Any) -> None:  # noqa: ANN401
        del answer.path[:]
        answer.path.extend([OTHER_ID] * 3)

    sent: dict[str, Change] = {"GetHead": change, "GetConsistencyProof": prove}
    with pytest.raises(ClientError):
        victim.ask(victim.verifier.log.head(), **sent)
    assert victim.heads.head == seen


def test_r10_what_one_process_saw_another_one_knows(victim: Victim, tmp_path: Path) -> None:
    path = tmp_path / "heads"
    first = replace(victim, heads=LastHead(victim.anchor.log_keys, path))
    before: list[Any] = []
    first.ask(first.verifier.log.head(), GetHead=before.append)
    first.ask(accept(first))
    second = replace(victim, heads=LastHead(victim.anchor.log_keys, path))
    assert second.refused(second.verifier.log.head(), GetHead=lambda _: before[0]).reason == Reason.LOG_SHRUNK


def test_l2_a_receipt_leads_to_its_head(victim: Victim) -> None:
    victim.ask(accept(victim))

    def change(answer: Any) -> None:  # noqa: ANN401
        answer.receipt.path[0] = OTHER_ID

    assert victim.refused(accept(victim), AcceptCollateral=change).reason == Reason.WRONG_ROOT


def test_l2_a_log_key_that_is_not_pinned_is_refused(victim: Victim) -> None:
    anchor = replace(victim.anchor, log_keys=(LogKey(victim.anchor.log_keys[0].origin, STRANGER.public_key),))
    stranger = replace(victim, anchor=anchor, heads=LastHead(anchor.log_keys))
    stranger.refused(stranger.verifier.log.head())
    stranger.refused(stranger.verifier.trust())


@pytest.mark.parametrize("place", [0, -1])
def test_l2_entries_that_are_not_those_of_the_head_are_seen(victim: Victim, place: int) -> None:
    victim.ask(accept(victim))
    entries: list[Any] = []
    reader = replace(victim, caller=READER)
    assert reader.ask(reader.verifier.log.audit(), ListEntries=entries.append).head.head.size >= 1

    def change(answer: Any) -> None:  # noqa: ANN401
        said = LogEntry.decode(answer.entries[place].leaf)
        answer.entries[place].leaf = replace(said, lapses_at=said.lapses_at + 1).encode()

    assert reader.refused(reader.verifier.log.audit(), ListEntries=change).reason == Reason.LOG_FORKED


def test_r4_a_lock_that_the_log_takes_twice_is_seen(victim: Victim) -> None:
    """A verifier that signs a log with one lock in two acceptances convicts itself before whoever reads it."""
    first = LogEntry.decode(victim.ask(accept(victim)).entry.encode())
    twice = replace(first, acceptance="77" * 32)
    tree = Tree(first.encode(), twice.encode())
    heads = victim.running.verifier.desk.heads
    signed = heads.sign(LogHead(heads.keys[0].origin, 2, tree.head().head.root))
    reader = replace(victim, caller=READER, heads=LastHead(victim.anchor.log_keys))

    def show_head(answer: Any) -> None:  # noqa: ANN401
        answer.head.CopyFrom(write_head(signed))

    def show_entries(answer: Any) -> None:  # noqa: ANN401
        del answer.entries[:]
        for index, leaf in enumerate(tree.leaves):
            answer.entries.add(index=index, leaf=leaf)

    refused = reader.refused(reader.verifier.log.audit(), GetHead=show_head, ListEntries=show_entries)
    assert refused.reason == Reason.NULLIFIER_SPENT


def test_s1_a_server_that_nobody_vouches_for_is_not_called(victim: Victim, tmp_path: Path) -> None:
    other, folder = Authority("another authority"), Folder(tmp_path)
    folder.write(other.issue_server(), other.certificate)
    folder.allow({f"dns:{TRADER}": ["trader"]})
    with serving({}, settings_for(tls=folder)) as server:
        settings = replace(settings_of(victim.running, port=server.port), attempts=1)
        with Connection(settings) as connection, pytest.raises(UnreachableError):
            connection.ask(victim.verifier.log.head())


@pytest.mark.parametrize("name", ["another.example", "127.0.0.2"])
def test_s1_a_server_with_another_name_is_not_called(victim: Victim, name: str) -> None:
    settings = replace(settings_of(victim.running), server_name=name, attempts=1)
    with Connection(settings) as connection, pytest.raises(UnreachableError):
        connection.ask(victim.verifier.log.head())


def test_s1_a_server_in_the_open_is_not_called(victim: Victim) -> None:
    with serving({}) as server:
        settings = replace(settings_of(victim.running, port=server.port), attempts=1)
        with Connection(settings) as connection, pytest.raises(UnreachableError):
            connection.ask(victim.verifier.log.head())


def test_s1_a_caller_without_a_certificate_is_not_answered(victim: Victim, tmp_path: Path) -> None:
    stranger = Authority("a stranger").issue_client(TRADER)
    (tmp_path / "certificate.pem").write_bytes(stranger.certificate)
    (tmp_path / "key.pem").write_bytes(stranger.key)
    settings = settings_of(victim.running)
    settings = replace(settings, certificate=tmp_path / "certificate.pem", key=tmp_path / "key.pem", attempts=1)
    with Connection(settings) as connection, pytest.raises(UnreachableError):
        connection.ask(victim.verifier.log.head())
