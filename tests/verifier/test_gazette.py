"""What is read back from a store is what was decided when it was written, whatever was published in whatever order."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from facts.ed25519 import SigningKey
from margin.errors import MarginError, Reason
from tests.facts.specimens import GOVERNORS, LOCKS, POLICY, REPORTERS, WATCHERS, signed_by
from tests.verifier.claims import IDENTITY, Watch
from tests.verifier.registries import (
    SECOND_WATCHERS,
    book_of,
    locks_of,
    new_registry,
    open_registry,
    revocation_of,
    round_of,
)
from verifier.gazette import STALE, step_of
from verifier.store.schema import upgrade_store
from verifier.store.sqlite import SQLiteDatabase, create_file

Act = Callable[[int, int], bytes]
"""What is published, by a number and a moment."""
KEYS: tuple[SigningKey, ...] = (*REPORTERS[:2], WATCHERS[0], SECOND_WATCHERS[0])
ACTS: dict[str, Act] = {
    "book": lambda number, at: book_of(12 + number, 1000 + number, at),
    "round": lambda number, at: round_of(7 + number, 2000 + number, at),
    "locks": lambda number, at: locks_of(LOCKS.sequence + number, 3000 + number, at),
    "locks of the second": lambda number, at: locks_of(LOCKS.sequence + number, 4000 + number, at, chain_id=2),
    "locks of more watchers": lambda number, at: locks_of(LOCKS.sequence + number, 5000 + number, at, keys=WATCHERS),
    "policy": lambda number, at: signed_by(replace(POLICY, active_from=at + number), GOVERNORS[:2]).encode(),
    "revocation": lambda number, at: revocation_of(KEYS[number % len(KEYS)]),  # noqa: ARG005 - it has no moment
}
PUBLISHED = st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.integers(0, 12), st.integers(0, 25)), max_size=12)


@settings(max_examples=25, deadline=None)
@given(PUBLISHED)
def test_what_is_read_back_is_what_was_decided(published: list[tuple[str, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, clock = Path(folder) / "store.db", Watch()
        create_file(path)
        database = SQLiteDatabase(path)
        upgrade_store(database, IDENTITY)
        registry, beside = open_registry(database, clock), new_registry(database, clock)
        for name, number, later in published:
            clock.now += later
            before = registry.gazette
            try:
                registry.publish(ACTS[name](number, clock.now))
            except MarginError:
                assert registry.gazette == before
            if number % 3 == 0:
                assert beside.gazette == registry.gazette
        for each in (beside, new_registry(database, clock)):
            assert each.gazette == registry.gazette
            assert each.roots(clock.now) == registry.roots(clock.now)
        gazette = registry.gazette
        roots = gazette.current(clock.now)
        for combination in gazette.combinations:
            assert combination.facts
            scopes = [fact.statement.scope for fact in combination.facts]
            assert scopes == sorted(set(scopes))
        for root in (roots.book, roots.market, roots.locks):
            assert root is None or root.observed_at <= clock.now < root.expires_at
        assert [change.place for change in gazette.changes] == list(range(gazette.last + 1))
        database.close()


def test_the_step_that_refused_is_told_by_the_reason() -> None:
    for reason in Reason:
        refusal = MarginError(reason, "book_root", found="", expected="")
        assert step_of(refusal) == (4 if reason in STALE else 3)
