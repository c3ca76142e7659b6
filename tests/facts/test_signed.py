"""Canonical bytes: one spelling for each statement, and nothing else is read."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.book_root import BookRoot
from facts.committee import Committee
from facts.feed import FeedPrice
from facts.lock_root import LockRoot
from facts.market_round import MarketRound, PriceReport
from facts.policy_version import PolicyVersion
from facts.signed import Signature, Signed, decode_signed
from margin.errors import MarginError, Reason
from snark.bn254.constants import GROUP_ORDER
from tests.facts.refusals import refused
from tests.facts.specimens import BOOK, ONE_OF_EACH, ORACLE, PRICES, ROUND, SIGNERS, VENUE_KEY, signed_by

EACH = pytest.mark.parametrize("name", ONE_OF_EACH)

labels = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,63}", fullmatch=True)
moments = st.integers(1, 2**40 - 1)
sequences = st.integers(1, 2**63 - 1)
roots = st.integers(1, GROUP_ORDER - 1)
digests = st.binary(min_size=32, max_size=32).filter(any)
books = st.builds(BookRoot, labels, digests, sequences, moments, roots)


@st.composite
def prices(draw: st.DrawFn) -> tuple[FeedPrice, ...]:
    feeds = sorted(draw(st.sets(labels, min_size=1, max_size=4)))
    found = []
    for feed in feeds:
        price = draw(st.integers(1, 2**64 - 1))
        found.append(FeedPrice(feed, price, draw(st.integers(0, price - 1)), draw(moments)))
    return tuple(found)


@st.composite
def lock_roots(draw: st.DrawFn) -> LockRoot:
    block = draw(sequences)
    final = draw(st.integers(block, 2**63 - 1))
    chain = draw(st.integers(1, 2**64 - 1))
    return LockRoot(chain, draw(digests), block, draw(digests), final, draw(moments), draw(roots))


statements = st.one_of(
    books,
    lock_roots(),
    st.builds(PriceReport, labels, digests, sequences, prices()),
    st.builds(MarketRound, labels, digests, sequences, moments, roots, prices()),
    st.builds(
        PolicyVersion,
        labels,
        digests,
        labels,
        st.integers(1, 2**20 - 1),
        st.integers(1, 2**32 - 1),
        roots,
        moments,
        st.integers(0, 10**8),
    ),
)


@given(statements)
def test_a_statement_is_read_back(statement: Any) -> None:  # noqa: ANN401 -- one of several
    assert type(statement).decode(statement.encode()) == statement


@given(statements, statements)
def test_two_statements_never_share_their_bytes(one: object, other: object) -> None:
    assert isinstance(one, BookRoot | LockRoot | PriceReport | MarketRound | PolicyVersion)
    assert isinstance(other, BookRoot | LockRoot | PriceReport | MarketRound | PolicyVersion)
    assert (one == other) is (one.encode() == other.encode())


@given(statements, st.data())
def test_whatever_is_read_from_altered_bytes_spells_those_bytes(statement: Any, data: st.DataObject) -> None:  # noqa: ANN401
    spelled = bytearray(statement.encode())
    place = data.draw(st.integers(0, len(spelled) - 1))
    spelled[place] ^= data.draw(st.integers(1, 255))
    try:
        read = type(statement).decode(bytes(spelled))
    except MarginError:
        return
    assert read != statement
    assert read.encode() == bytes(spelled)


@EACH
def test_nothing_is_missing_and_nothing_is_left_over(name: str) -> None:
    statement = ONE_OF_EACH[name]
    spelled = statement.encode()
    assert type(statement).decode(spelled) == statement
    for length in range(len(spelled)):
        with pytest.raises(MarginError):
            type(statement).decode(spelled[:length])
    assert refused(type(statement).decode, spelled + b"\0")[0] is Reason.WRONG_COUNT


@EACH
def test_what_travels_is_read_back(name: str) -> None:
    statement = ONE_OF_EACH[name]
    signed = signed_by(statement, SIGNERS[statement.SIGNED_BY])
    spelled = signed.encode()
    assert decode_signed(spelled, type(statement)) == signed
    assert refused(decode_signed, spelled + b"\0", type(statement))[0] is Reason.WRONG_COUNT
    assert refused(decode_signed, spelled[:-1], type(statement))[0] is Reason.WRONG_COUNT
    assert refused(decode_signed, statement.encode(), type(statement)) == (Reason.WRONG_MESSAGE, "signed")


def test_committees_are_read_back() -> None:
    assert Committee.decode(ORACLE.encode()) == ORACLE
    assert refused(Committee.decode, ORACLE.encode() + b"\0") == (Reason.WRONG_COUNT, "committee")
    spelled = bytearray(ORACLE.encode())
    for purpose in (0, 6, 255):
        spelled[len(b"ringfence.v1.committee\n")] = purpose
        assert refused(Committee.decode, bytes(spelled)) == (Reason.NOT_A_CHOICE, "purpose")


@pytest.mark.parametrize("label", ["", " ", "a b", "venue\n", "\uff56enue", "-venue", "v" * 65, "vénue", 7, None])
def test_a_name_looks_the_same_to_everybody(label: object) -> None:
    assert refused(replace, BOOK, scope=label) == (Reason.NOT_READABLE, "scope")


def test_prices_stand_by_rising_feed_each_once() -> None:
    bitcoin, ether = PRICES
    for bad in ((ether, bitcoin), (bitcoin, bitcoin)):
        assert refused(replace, ROUND, prices=bad) == (Reason.DUPLICATE_FIELD, "prices[1].feed")
    assert refused(replace, ROUND, prices=()) == (Reason.OUT_OF_BOUNDS, "prices")


def test_a_price_is_above_its_confidence() -> None:
    assert PRICES[0].low == 6_500_000 - 650
    assert PRICES[0].high == 6_500_000 + 650
    assert refused(replace, PRICES[0], confidence=6_500_000) == (Reason.OUT_OF_BOUNDS, "confidence")
    assert refused(replace, PRICES[0], confidence=-1) == (Reason.OUT_OF_BOUNDS, "confidence")
    assert refused(replace, PRICES[0], price=2**64) == (Reason.OUT_OF_BOUNDS, "price")


def test_the_most_feeds_and_the_largest_committee_fit_their_frames() -> None:
    most = tuple(FeedPrice(f"{place:064}", 2, 1, 1) for place in range(512))
    largest = replace(ROUND, prices=most)
    signed = signed_by(largest, [VENUE_KEY])
    assert decode_signed(signed.encode(), MarketRound) == signed
    assert refused(replace, ROUND, prices=(*most, FeedPrice("z", 2, 1, 1))) == (Reason.OUT_OF_BOUNDS, "prices")


def test_a_signature_has_its_length() -> None:
    assert refused(Signature, bytes(31), bytes(64)) == (Reason.WRONG_COUNT, "key")
    assert refused(Signature, bytes(32), bytes(63)) == (Reason.WRONG_COUNT, "signature")
    assert refused(Signed, BOOK, ()) == (Reason.WRONG_COUNT, "signatures")
