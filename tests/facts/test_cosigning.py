"""Signatures of many machines under one statement, and how long they carry it."""

from dataclasses import replace

import pytest

from facts.committee import Member, Verified, build_committee
from facts.cosigning import add_signature, join_signed
from facts.signed import Kind, Purpose, Signed, Statement, kind_of
from margin.errors import Reason
from tests.facts.refusals import refused
from tests.facts.specimens import (
    BOOK,
    END,
    LOCKS,
    NOW,
    ONE_OF_EACH,
    ORACLE,
    OUTSIDER,
    REPORTERS,
    ROUND,
    SIGNERS,
    START,
    keys_of,
    signed_by,
)


def test_parts_are_joined_whoever_signed_what() -> None:
    parts = [signed_by(ROUND, keys) for keys in (REPORTERS[:2], REPORTERS[1:3], REPORTERS[4:])]
    joined = join_signed(parts)
    assert joined == signed_by(ROUND, [*REPORTERS[:3], REPORTERS[4]])
    assert join_signed(parts[::-1]) == joined == join_signed([joined, *parts])


def test_o2_nothing_else_is_joined() -> None:
    first, other = signed_by(ROUND, REPORTERS[:1]), signed_by(replace(ROUND, root=5), REPORTERS[1:2])
    assert refused(join_signed, [first, other]) == (Reason.CONFLICTING_FIELDS, "facts[1]")
    assert refused(join_signed, [first, signed_by(BOOK, REPORTERS[1:2])]) == (Reason.CONFLICTING_FIELDS, "facts[1]")
    forged = replace(first, signatures=(replace(first.signatures[0], signature=bytes(64)),))
    assert refused(join_signed, [first, forged]) == (Reason.WRONG_SIGNATURE, "facts[1].signatures")
    assert refused(join_signed, []) == (Reason.WRONG_COUNT, "facts")


def test_a_member_adds_its_own_and_nobody_else_does() -> None:
    first = add_signature(ROUND, ORACLE, REPORTERS[0], NOW)
    assert first == signed_by(ROUND, REPORTERS[:1])
    assert add_signature(ROUND, ORACLE, REPORTERS[1], NOW, first) == signed_by(ROUND, REPORTERS[:2])
    assert refused(add_signature, ROUND, ORACLE, OUTSIDER, NOW) == (Reason.UNKNOWN_SIGNER, "key")
    for moment in (START - 1, END):
        assert refused(add_signature, ROUND, ORACLE, REPORTERS[0], moment) == (Reason.UNKNOWN_SIGNER, "key")
    other = replace(ROUND, root=5)
    assert refused(add_signature, other, ORACLE, REPORTERS[1], NOW, first) == (Reason.CONFLICTING_FIELDS, "statement")


KEYS = keys_of("standing", 4)
SPANS = [(10, 100), (20, 90), (30, 80), (40, 70)]


def verified(signers: int) -> Verified[Statement]:
    members = [Member(key.public_key, *span) for key, span in zip(KEYS, SPANS, strict=True)]
    committee = build_committee(Purpose.WATCHERS, "chain:1", members, threshold=3, quorum=4, active_from=1)
    return Verified(LOCKS, frozenset(key.public_key for key in KEYS[:signers]), committee)


@pytest.mark.parametrize(
    ("signers", "wanted", "revoked", "span"),
    [
        (4, 3, (), (40, 80)),
        (4, 4, (), (40, 70)),
        (4, 3, (3,), (30, 80)),
        (4, 3, (0,), (40, 70)),
        (4, 3, (0, 1), (0, 0)),
        (3, 3, (), (30, 80)),
        (3, 4, (), (0, 0)),
        (3, 1, (1, 2), (10, 100)),
    ],
)
def test_a3_so_many_signers_count_from_a_moment_until_another(
    signers: int, wanted: int, revoked: tuple[int, ...], span: tuple[int, int]
) -> None:
    assert verified(signers).standing(wanted, {KEYS[place].public_key for place in revoked}) == span


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_the_kind_of_a_fact_stands_in_front(name: str) -> None:
    statement = ONE_OF_EACH[name]
    signed: Signed[Statement] = signed_by(statement, SIGNERS[statement.SIGNED_BY])
    assert kind_of(signed.encode()) is Kind(name)
    assert refused(kind_of, statement.encode()) == (Reason.WRONG_MESSAGE, "signed")
    altered = signed.encode().replace(name.encode(), b"x" * len(name))
    assert refused(kind_of, altered) == (Reason.WRONG_MESSAGE, "statement")
