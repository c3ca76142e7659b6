"""Signed facts and published roots come back as they went."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.roots import PublishedRoot, PublishedRoots
from facts.signed import Kind, decode_signed
from margin.errors import MalformedError
from ringfence.v1 import registry_service_pb2
from ringfence.wire.facts import (
    STATEMENTS,
    decode_any,
    read_roots,
    read_signed_fact,
    require_roots,
    write_roots,
    write_signed_fact,
)
from tests.facts.specimens import BOOK, LOCKS, NOW, ONE_OF_EACH, ROUND, SIGNERS, signed_by
from tests.ringfence.wire.faults import faults, taken

KINDS = pytest.mark.parametrize("kind", list(Kind))


def signed_of(kind: Kind) -> bytes:
    """One signed statement of each kind, as it travels."""
    statement = ONE_OF_EACH[kind.value]
    return signed_by(statement, SIGNERS[statement.SIGNED_BY]).encode()


@KINDS
def test_every_kind_of_fact_comes_back_byte_for_byte(kind: Kind) -> None:
    signed = signed_of(kind)
    message = registry_service_pb2.SignedFact.FromString(write_signed_fact(signed).SerializeToString())
    assert read_signed_fact(message, kind) == signed
    assert decode_any(signed) == decode_signed(signed, STATEMENTS[kind])


@KINDS
def test_every_fault_is_refused_by_its_path(kind: Kind) -> None:
    for path, how, faulty in faults(write_signed_fact(signed_of(kind))):
        if path.startswith("signatures[") and how == "zeros":
            continue  # well formed: who signed is for the registry to say
        with pytest.raises(MalformedError) as refused:
            read_signed_fact(faulty, kind, "")  # type: ignore[arg-type]
        assert refused.value.field == path, how


@KINDS
def test_a_fact_of_another_kind_is_refused(kind: Kind) -> None:
    for other in Kind:
        if other is not kind:
            with pytest.raises(MalformedError) as refused:
                read_signed_fact(write_signed_fact(signed_of(other)), kind)
            assert refused.value.field == "fact.statement"


def test_signers_stand_once_and_by_rising_key() -> None:
    message = write_signed_fact(signed_of(Kind.MARKET_ROUND))
    message.signatures.reverse()
    with pytest.raises(MalformedError) as refused:
        read_signed_fact(message, Kind.MARKET_ROUND)
    assert refused.value.field == "fact.signatures[1].public_key"


@given(st.binary(max_size=80))
def test_no_other_bytes_are_a_signed_fact(data: bytes) -> None:
    with pytest.raises(MalformedError):
        write_signed_fact(data)


ROOTS = PublishedRoots(
    book=PublishedRoot(BOOK.root, BOOK.sequence, NOW, NOW + 60, (signed_of(Kind.BOOK_ROOT),)),
    market=PublishedRoot(ROUND.root, ROUND.sequence, NOW, NOW + 30, (signed_of(Kind.MARKET_ROUND),)),
    locks=PublishedRoot(LOCKS.root, 9, NOW, NOW + 600, (signed_of(Kind.LOCK_ROOT), signed_of(Kind.LOCK_ROOT))),
)


@pytest.mark.parametrize("left_out", [None, "book", "market", "locks"])
def test_roots_come_back_as_they_went(left_out: str | None) -> None:
    kept = {name: getattr(ROOTS, name) for name in ("book", "market", "locks") if name != left_out}
    roots = PublishedRoots(**kept)
    assert read_roots(registry_service_pb2.Roots.FromString(write_roots(roots).SerializeToString())) == roots


def test_every_fault_of_roots_is_refused_by_its_path() -> None:
    through = taken(write_roots(ROOTS), lambda message: read_roots(message, ""))
    absent = {(name, "absent") for name in ("book", "market", "locks")}
    late = {(f"{name}.{at}_at_seconds", "largest") for name, _ in absent for at in ("observed", "expires")}
    unsigned = {(path, how) for path, how in through if ".signatures[" in path and how == "zeros"}
    assert through == absent | late | unsigned


def test_an_answer_without_roots_is_none() -> None:
    with pytest.raises(MalformedError) as refused:
        require_roots(registry_service_pb2.GetRootsResponse())
    assert refused.value.field == "roots"
    assert require_roots(registry_service_pb2.GetRootsResponse(roots=write_roots(ROOTS))) == ROOTS


def test_a_root_has_its_facts() -> None:
    message = write_roots(ROOTS)
    message.book.facts.extend(list(message.book.facts))
    with pytest.raises(MalformedError) as refused:
        read_roots(message)
    assert refused.value.field == "roots.book.facts"
    message.book.ClearField("facts")
    with pytest.raises(MalformedError):
        read_roots(message)
