"""What a registry says of facts is what they say themselves."""

from dataclasses import replace
from typing import Any

import pytest

from facts.roots import PublishedRoots
from facts.signed import Kind
from margin.errors import MisuseError
from ringfence.client.errors import AnswerError
from ringfence.client.registry import PUBLISHING, Cosigned, Registry
from ringfence.v1 import registry_service_pb2 as messages
from ringfence.wire.elements import write_field_element
from ringfence.wire.facts import write_roots, write_signed_fact
from tests.facts.specimens import BOOK, LOCKS, ROUND
from tests.ringfence.client.playing import play, result_of
from tests.ringfence.wire.test_facts import ROOTS, signed_of

REGISTRY = Registry()
ELEMENT = write_field_element(5)


@pytest.mark.parametrize("kind", PUBLISHING)
def test_every_fact_has_its_method(kind: Kind) -> None:
    name, _, response = PUBLISHING[kind]
    answers = {
        Kind.BOOK_ROOT: messages.PublishBookRootResponse(
            sequence=BOOK.sequence, book_root=write_field_element(BOOK.root)
        ),
        Kind.MARKET_ROUND: messages.PublishMarketRootResponse(
            sequence=ROUND.sequence, market_root=write_field_element(ROUND.root)
        ),
        Kind.LOCK_ROOT: messages.PublishLockRootResponse(sequence=19_000_000, lock_root=write_field_element(5)),
    }
    _, asked = play(REGISTRY.publish(signed_of(kind)), answers.get(kind, response()))
    assert asked[0].method == f"/ringfence.v1.RegistryService/{name}"


PART = signed_of(Kind.LOCK_ROOT)
NUMBER = LOCKS.sequence


@pytest.mark.parametrize(
    ("said", "lock_root"),
    [
        ({"sequence": NUMBER, "signatures": 1, "threshold": 2}, None),
        ({"sequence": NUMBER, "signatures": 2, "threshold": 2, "published": True, "lock_root": ELEMENT}, 5),
    ],
)
def test_how_far_locks_are_is_read(said: dict[str, Any], lock_root: int | None) -> None:
    answer, asked = play(REGISTRY.cosign_lock_root(PART), messages.CosignLockRootResponse(**said))
    assert answer == Cosigned(NUMBER, said["signatures"], 2, lock_root)
    assert answer.is_published == (lock_root is not None)
    assert asked[0].method == "/ringfence.v1.RegistryService/CosignLockRoot"
    assert asked[0].request == messages.CosignLockRootRequest(fact=write_signed_fact(PART))


@pytest.mark.parametrize(
    "said",
    [
        {"sequence": 1, "signatures": 1, "threshold": 2},
        {"sequence": NUMBER, "signatures": 0, "threshold": 2},
        {"sequence": NUMBER, "signatures": 1},
        {"sequence": NUMBER, "signatures": 2, "threshold": 2},
        {"sequence": NUMBER, "signatures": 1, "threshold": 2, "published": True, "lock_root": ELEMENT},
        {"sequence": NUMBER, "signatures": 2, "threshold": 2, "published": True},
    ],
)
def test_how_far_locks_are_has_to_go_together(said: dict[str, Any]) -> None:
    with pytest.raises(AnswerError):
        result_of(REGISTRY.cosign_lock_root(PART), messages.CosignLockRootResponse(**said))


def test_reports_of_members_are_not_published() -> None:
    with pytest.raises(MisuseError):
        result_of(REGISTRY.publish(signed_of(Kind.PRICE_REPORT)))


@pytest.mark.parametrize("changes", [{"sequence": 1}, {"book_root": write_field_element(9)}])
def test_an_answer_about_another_fact_is_refused(changes: dict[str, object]) -> None:
    said: dict[str, Any] = {"sequence": BOOK.sequence, "book_root": write_field_element(BOOK.root), **changes}
    with pytest.raises(AnswerError):
        result_of(REGISTRY.publish(signed_of(Kind.BOOK_ROOT)), messages.PublishBookRootResponse(**said))


def test_roots_are_those_of_their_facts() -> None:
    answer = messages.GetRootsResponse(roots=write_roots(ROOTS))
    assert result_of(REGISTRY.roots(), answer) == ROOTS
    assert ROOTS.book is not None
    for lied in (replace(ROOTS.book, root=7), replace(ROOTS.book, sequence=7)):
        lie = replace(ROOTS, book=lied)
        with pytest.raises(AnswerError):
            result_of(REGISTRY.roots(), messages.GetRootsResponse(roots=write_roots(lie)))
    with pytest.raises(AnswerError):
        result_of(REGISTRY.roots(), messages.GetRootsResponse())


def test_a_watch_reads_roots_and_signs_of_life() -> None:
    watch = REGISTRY.watch()
    assert result_of(watch.take(messages.WatchRootsResponse(roots=write_roots(ROOTS)))) == ROOTS
    assert result_of(watch.take(messages.WatchRootsResponse(resume_token="here"))) is None  # noqa: S106
    nothing = write_roots(PublishedRoots())
    assert result_of(watch.take(messages.WatchRootsResponse(roots=nothing))) == PublishedRoots()
