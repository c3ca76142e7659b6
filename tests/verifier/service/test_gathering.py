"""Messages are gathered as they come, in order, and no further ahead than they may be."""

import threading
import time
from collections.abc import Iterator
from itertools import chain, islice

import pytest

from verifier.service.gathering import Gathering


def test_everything_comes_in_its_order_and_in_bounded_lists() -> None:
    gathered = list(Gathering(iter(range(1000)), 7))
    assert [each for part in gathered for each in part] == list(range(1000))
    assert max(map(len, gathered)) <= 7


def test_nothing_waits_for_a_list_to_be_full() -> None:
    more = threading.Event()

    def slowly() -> Iterator[int]:
        yield 1
        assert more.wait(60)
        yield 2

    parts = iter(Gathering(slowly(), 100))
    assert next(parts) == [1]
    more.set()
    assert list(parts) == [[2]]


def test_an_error_of_the_stream_comes_behind_what_came_before() -> None:
    def breaking() -> Iterator[int]:
        yield from range(5)
        raise ConnectionError

    parts = chain.from_iterable(Gathering(breaking(), 3))
    assert list(islice(parts, 5)) == list(range(5))
    with pytest.raises(ConnectionError):
        next(parts)


def test_a_stream_without_messages_is_over_at_once() -> None:
    assert list(Gathering(iter(()), 3)) == []


def test_it_reads_no_further_ahead_than_it_may_and_stops_with_its_reader() -> None:
    read = 0

    def endless() -> Iterator[int]:
        nonlocal read
        while True:
            read += 1
            yield read

    parts = iter(Gathering(endless(), 4))
    next(parts)
    time.sleep(0.1)
    assert read <= 4 + 4 + 1
    parts.close()  # type: ignore[attr-defined] # a generator
    deadline = time.monotonic() + 60
    while any(thread.name == "gathering" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
