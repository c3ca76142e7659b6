"""The attacks on the facts that claims rest on, at the registry that takes them in: A3, A5, D1, D4, D6, O, R8 and R10.

Each test has the id of its threat, and runs on both stores.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from facts.ed25519 import SigningKey
from facts.feed import FeedPrice
from facts.lock_root import CHAIN_LEVELS, combine_chain_roots
from facts.public_inputs import PublicInputs, unused_input
from facts.roots import PublishedRoots, Roots
from facts.signed import Kind, Purpose, Signature, gather_signatures
from facts.tree import empty_node
from margin.errors import InternalError, Reason, RejectedError
from tests.facts.refusals import refused
from tests.facts.specimens import (
    BITCOIN,
    BOOK,
    END,
    GOVERNORS,
    LOCKS,
    NOW,
    ORACLE,
    OUTSIDER,
    REPORTERS,
    ROUND,
    VENUE,
    VENUE_KEY,
    WATCHERS,
    committee_of,
    key_of,
    keys_of,
    report_of,
    signed_by,
)
from tests.verifier.claims import IDENTITY, Watch, ask
from tests.verifier.registries import (
    AGE,
    AHEAD,
    TRUST,
    appointment_of,
    book_of,
    claim_of,
    locks_of,
    new_registry,
    open_registry,
    revocation_of,
    round_of,
)
from verifier import gazette
from verifier.registry import Equivocation, Registry
from verifier.store import publications
from verifier.store.database import Database

Publication = Callable[..., bytes]
EACH = pytest.mark.parametrize("publish", [book_of, round_of, locks_of], ids=["book", "round", "locks"])
SEQUENCES = {book_of: BOOK.sequence, round_of: ROUND.sequence, locks_of: LOCKS.sequence}
NAMES = {book_of: "book_root", round_of: "market_root", locks_of: "lock_root"}


@pytest.fixture
def registry(database: Database, clock: Watch) -> Registry:
    return open_registry(database, clock)


def publish_all(registry: Registry, at: int = NOW) -> None:
    for data in (book_of(at=at), round_of(at=at), locks_of(at=at), locks_of(chain_id=2, at=at)):
        registry.publish(data)


def with_roots(claim: PublicInputs, **roots: int) -> PublicInputs:
    """A claim that names other roots."""
    named = {name: roots.get(name, getattr(claim, name)) for name in NAMES.values()}
    return PublicInputs(
        **named, position_tag=77, nullifiers=claim.nullifiers, context=claim.context, policy=claim.policy
    )


# --- O1: too old, and from the future --------------------------------------------------------------------


@EACH
def test_o1_a_fact_that_is_too_old_or_from_the_future_is_refused(
    registry: Registry, clock: Watch, publish: Publication
) -> None:
    data = publish()
    clock.now = NOW + AGE + 1
    assert refused(registry.publish, data)[0] is Reason.TOO_OLD
    clock.now = NOW - AHEAD - 1
    assert refused(registry.publish, data)[0] is Reason.FROM_THE_FUTURE
    clock.now = NOW
    registry.publish(data)


def test_o1_a_price_is_as_old_as_its_feed_allows(registry: Registry) -> None:
    old = tuple(replace(price, observed_at=NOW - 31) for price in ROUND.prices)
    assert refused(registry.publish, round_of(prices=old)) == (Reason.TOO_OLD, f"{BITCOIN}.observed_at")
    ahead = tuple(replace(price, observed_at=NOW + 3) for price in ROUND.prices)
    assert refused(registry.publish, round_of(prices=ahead)) == (Reason.FROM_THE_FUTURE, f"{BITCOIN}.observed_at")


@EACH
def test_o1_stale_when_it_is_attested_though_fresh_when_it_was_proved(
    registry: Registry, database: Database, clock: Watch, publish: Publication
) -> None:
    publish_all(registry)
    claim = claim_of(registry)
    registry.require_roots(claim, NOW)
    ends = NOW + (30 - 3 if publish is round_of else AGE)
    clock.now = ends
    for each in (each for each in (book_of, round_of, locks_of) if each is not publish):
        registry.publish(each(SEQUENCES[each] + 1, at=ends, root=99))
        if each is locks_of:
            registry.publish(locks_of(LOCKS.sequence + 1, chain_id=2, at=ends, root=99))
    newest = with_roots(claim_of(registry, ends), **{NAMES[publish]: getattr(claim, NAMES[publish])})
    registry.require_roots(newest, ends)
    with database.write() as transaction:
        refusal = refused(registry.require_roots, newest, ends + 1, transaction)
    assert refusal == (Reason.TOO_OLD, NAMES[publish])


def test_o1_a_root_is_named_for_its_age_and_not_only_until_the_next(registry: Registry, clock: Watch) -> None:
    publish_all(registry)
    claim = claim_of(registry)
    clock.now = NOW + 1
    for data in (book_of(13, 5, NOW + 1), round_of(8, 6, NOW + 1), locks_of(LOCKS.sequence + 1, 7, NOW + 1)):
        registry.publish(data)
    assert registry.require_roots(claim, NOW + 20).book == BOOK.root
    assert claim_of(registry, NOW + 1) != claim


def test_o1_a_clock_that_goes_back_believes_nothing_from_its_future(registry: Registry) -> None:
    publish_all(registry)
    claim = claim_of(registry)
    assert refused(registry.require_roots, claim, NOW - AHEAD - 1) == (Reason.FROM_THE_FUTURE, "book_root")


# --- O2: unsigned, and of the wrong feed -----------------------------------------------------------------


@EACH
def test_o2_what_nobody_signed_is_refused(registry: Registry, publish: Publication) -> None:
    assert refused(registry.publish, publish(keys=[OUTSIDER]))[0] is Reason.UNKNOWN_SIGNER
    data = bytearray(publish())
    data[-1] ^= 1
    assert refused(registry.publish, bytes(data))[0] is Reason.WRONG_SIGNATURE
    assert registry.roots(NOW) == PublishedRoots()


def test_o2_the_report_of_one_member_is_no_round(registry: Registry) -> None:
    report = report_of(REPORTERS[0], *ROUND.prices).encode()
    assert refused(registry.publish, report) == (Reason.WRONG_MESSAGE, "statement")


def test_o2_a_round_has_the_feeds_that_have_a_rule_and_no_others(registry: Registry) -> None:
    stranger = FeedPrice("market:XRP-USD", 60_000, 1, NOW)
    assert refused(registry.publish, round_of(prices=(*ROUND.prices, stranger))) == (Reason.UNKNOWN_FEED, "feed")
    assert refused(registry.publish, round_of(prices=ROUND.prices[:1]))[0] is Reason.MISSING_PRICE


# --- O3 and O4: confidence and jumps ---------------------------------------------------------------------


def bitcoin(price: int = ROUND.prices[0].price, confidence: int = 650) -> tuple[FeedPrice, ...]:
    return replace(ROUND.prices[0], price=price, confidence=confidence), ROUND.prices[1]


def test_o3_a_confidence_that_is_too_wide_is_refused(registry: Registry) -> None:
    wide = round_of(prices=bitcoin(confidence=13_001))
    assert refused(registry.publish, wide) == (Reason.CONFIDENCE_TOO_WIDE, f"{BITCOIN}.confidence")


def test_o4_a_jump_takes_the_quorum_and_keeps_it(registry: Registry) -> None:
    assert refused(registry.publish, round_of(keys=REPORTERS[:3])) == (Reason.JUMP_TOO_LARGE, BITCOIN)
    registry.publish(round_of(keys=REPORTERS[:4]))
    jumped = bitcoin(price=13_000_000)
    assert refused(registry.publish, round_of(8, prices=jumped, keys=REPORTERS[:3])) == (Reason.JUMP_TOO_LARGE, BITCOIN)
    registry.publish(round_of(8, 5, prices=jumped, keys=REPORTERS[:4]))
    assert registry.roots(NOW).market is not None
    registry.publish(revocation_of(REPORTERS[0]))
    assert registry.roots(NOW).market is None


# --- O5: numbers that go backward, and two facts with one number -----------------------------------------


@EACH
def test_o5_a_number_that_goes_backward_is_refused_also_after_a_restart(
    registry: Registry, database: Database, clock: Watch, publish: Publication
) -> None:
    registry.publish(publish(sequence=SEQUENCES[publish]))
    for open_again in (registry, new_registry(database, clock)):
        earlier = publish(sequence=SEQUENCES[publish] - 1)
        assert refused(open_again.publish, earlier) == (Reason.NOT_RISING, "sequence")


@EACH
def test_o5_two_facts_with_one_number_are_refused_and_kept_as_evidence(
    database: Database, clock: Watch, publish: Publication
) -> None:
    told: list[Equivocation] = []
    open_registry(database, clock)
    registry = Registry(database, IDENTITY, TRUST, clock, told.append)
    first, second, third = publish(), publish(root=5), publish(root=6)
    registry.publish(first)
    for lie in (second, third):
        assert refused(registry.publish, lie) == (Reason.EQUIVOCATION, "sequence")
    assert registry.evidence() == [(first, second)]
    assert [(each.accepted, each.refused) for each in told] == [(first, second), (first, third)]
    assert [each.sequence for each in told] == [SEQUENCES[publish]] * 2


def test_o5_what_nobody_signed_is_no_evidence(registry: Registry) -> None:
    registry.publish(book_of())
    forged = bytearray(book_of(root=5))
    forged[-1] ^= 1
    assert refused(registry.publish, bytes(forged))[0] is Reason.WRONG_SIGNATURE
    assert registry.evidence() == []


def test_o5_of_many_at_once_each_number_is_taken_once(registry: Registry, database: Database, clock: Watch) -> None:
    beside = new_registry(database, clock)
    lies = [book_of(sequence, root) for root in range(1, 5) for sequence in (12, 13)]

    def publish(place: int) -> Reason | None:
        try:
            (registry, beside)[place % 2].publish(lies[place // 2])
        except RejectedError as error:
            return error.reason
        return None

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(publish, range(2 * len(lies))))
    assert set(answers) <= {None, Reason.EQUIVOCATION, Reason.NOT_RISING}
    with database.read() as transaction:
        rows = transaction.execute("SELECT sequence, count(*) FROM fact WHERE kind = 'book-root' GROUP BY sequence")
    assert dict(rows) in ({12: 1, 13: 1}, {13: 1})
    assert registry.gazette == beside.gazette == new_registry(database, clock).gazette


# --- A3 and A5: who counts --------------------------------------------------------------------------------


@EACH
def test_a3_one_signer_too_few_or_one_who_expired_is_refused(
    registry: Registry, clock: Watch, publish: Publication
) -> None:
    too_few = {book_of: [], round_of: REPORTERS[:2], locks_of: WATCHERS[:1]}[publish]
    if too_few:
        assert refused(registry.publish, publish(keys=too_few)) == (Reason.TOO_FEW_SIGNERS, "signatures")
    clock.now = END
    assert refused(registry.publish, publish(at=END))[0] is Reason.EXPIRED_SIGNER


def test_a3_a_signer_who_expires_does_not_carry_what_he_signed_any_further(database: Database, clock: Watch) -> None:
    registry = new_registry(database, clock)
    short = replace(VENUE, members=(replace(VENUE.members[0], valid_until=NOW + 10),))
    registry.publish(appointment_of(short))
    registry.publish(signed_by(replace(BOOK, committee=short.digest), [VENUE_KEY]).encode())
    book = registry.roots(NOW).book
    assert book is not None
    assert book.expires_at == NOW + 10
    assert registry.roots(NOW + 9).book == book
    assert registry.roots(NOW + 10).book is None


def revoked_of(publish: Publication) -> SigningKey:
    return {book_of: VENUE_KEY, round_of: REPORTERS[0], locks_of: WATCHERS[0]}[publish]


@pytest.mark.parametrize("publish", [round_of, locks_of], ids=["round", "locks"])
def test_a5_what_a_revoked_key_carried_is_refused_at_once(
    registry: Registry, database: Database, clock: Watch, publish: Publication
) -> None:
    beside = new_registry(database, clock)
    publish_all(registry)
    claim = claim_of(registry)
    for each in (registry, beside):
        each.require_roots(claim, NOW)
    registry.publish(revocation_of(revoked_of(publish)))
    for each in (registry, beside, new_registry(database, clock)):
        assert refused(each.require_roots, claim, NOW) == (Reason.REVOKED_SIGNER, NAMES[publish])
    again = publish()
    assert refused(registry.publish, again)[0] is Reason.REVOKED_SIGNER
    assert refused(registry.publish, publish(SEQUENCES[publish] + 1))[0] is Reason.REVOKED_SIGNER


def test_a5_what_enough_others_signed_stays_good(registry: Registry) -> None:
    publish_all(registry)
    registry.publish(round_of(8, 5, keys=REPORTERS))
    registry.publish(locks_of(LOCKS.sequence + 1, keys=WATCHERS))
    claim = claim_of(registry)
    for key in (REPORTERS[0], WATCHERS[0]):
        registry.publish(revocation_of(key))
    registry.require_roots(claim, NOW)
    registry.publish(revocation_of(REPORTERS[1]))
    registry.require_roots(claim, NOW)


def test_a5_the_same_statement_does_not_come_back_under_other_signatures(registry: Registry) -> None:
    registry.publish(locks_of(keys=WATCHERS[:2]))
    registry.publish(revocation_of(WATCHERS[0]))
    again = locks_of(keys=WATCHERS[1:])
    assert refused(registry.publish, again) == (Reason.REVOKED_SIGNER, "sequence")
    registry.publish(locks_of(LOCKS.sequence + 1, keys=WATCHERS[1:]))
    assert registry.roots(NOW).locks is not None


def test_a5_rotate_then_revoke_while_serving(registry: Registry, database: Database, clock: Watch) -> None:
    publish_all(registry)
    claim = claim_of(registry)
    fresh = keys_of("reporter of the second epoch", 5)
    following = committee_of(Purpose.ORACLE, ORACLE.scope, fresh, 3, 4, after=ORACLE, active_from=NOW + 5)
    registry.publish(appointment_of(following))
    early = signed_by(replace(ROUND, committee=following.digest, sequence=8), fresh[:4]).encode()
    assert refused(registry.publish, early) == (Reason.WRONG_COMMITTEE, "committee")
    market = registry.roots(NOW).market
    assert market is not None
    assert market.expires_at == NOW + 5
    registry.require_roots(claim, NOW + 4)
    assert refused(registry.require_roots, claim, NOW + 5) == (Reason.WRONG_COMMITTEE, "market_root")
    clock.now = NOW + 5
    assert refused(registry.publish, round_of(8))[0] is Reason.WRONG_COMMITTEE
    registry.publish(early)
    registry.publish(revocation_of(REPORTERS[0]))
    registry.require_roots(claim_of(registry, NOW + 5), NOW + 5)
    for key in fresh[:2]:
        registry.publish(revocation_of(key))
    for each in (registry, new_registry(database, clock)):
        assert each.roots(NOW + 5).market is None


def test_a5_governance_alone_appoints_and_revokes_and_by_its_own_rules(registry: Registry) -> None:
    data = revocation_of(VENUE_KEY, keys_of("pretender", 3))
    assert refused(registry.publish, data)[0] is Reason.UNKNOWN_SIGNER
    assert refused(registry.publish, revocation_of(VENUE_KEY, GOVERNORS[:1]))[0] is Reason.TOO_FEW_SIGNERS
    skipped = committee_of(Purpose.ORACLE, ORACLE.scope, REPORTERS, 3, 4, after=ORACLE, active_from=ORACLE.active_from)
    assert refused(registry.publish, appointment_of(skipped))[1] == "active_from"


def test_a5_a_key_is_revoked_once_however_often_it_is_said(registry: Registry) -> None:
    first = registry.publish(revocation_of(REPORTERS[0]))
    assert registry.publish(revocation_of(REPORTERS[0], GOVERNORS[1:])) == first
    assert registry.evidence() == []


# --- D4: one request, one answer -------------------------------------------------------------------------


@EACH
def test_d4_the_same_request_has_the_same_answer(
    registry: Registry, database: Database, clock: Watch, publish: Publication
) -> None:
    data, request = publish(), ask()
    answer = registry.publish(data, request=request)
    following = publish(SEQUENCES[publish] + 1, root=5)
    registry.publish(following)
    clock.now = NOW + 10 * AGE
    for each in (registry, new_registry(database, clock)):
        assert each.publish(data, request=request) == answer
        assert refused(each.publish, following, request=request) == (Reason.REQUEST_REUSED, "request_id")
    other = ask(request.id, caller="other.example")
    assert refused(registry.publish, publish(SEQUENCES[publish] + 2), request=other)[0] is Reason.TOO_OLD


@EACH
def test_d4_the_same_fact_in_another_request_changes_nothing(registry: Registry, publish: Publication) -> None:
    first = registry.publish(publish(), request=ask())
    assert registry.publish(publish(), request=ask()) == first
    assert registry.gazette.last == first.place


@EACH
@pytest.mark.parametrize("written", ["insert_fact", "insert_answer", "delete_answers"])
def test_d1_what_breaks_half_way_never_happened(
    registry: Registry,
    database: Database,
    clock: Watch,
    monkeypatch: pytest.MonkeyPatch,
    publish: Publication,
    written: str,
) -> None:
    before, request = registry.gazette, ask()

    def fail(*_: object) -> None:
        raise OSError

    with monkeypatch.context() as broken:
        broken.setattr(publications, written, fail)
        with pytest.raises(InternalError) as caught:
            registry.publish(publish(), request=request)
    assert caught.value.reason is Reason.STORE_UNAVAILABLE
    assert registry.gazette == before == new_registry(database, clock).gazette
    answer = registry.publish(publish(), request=request)
    assert answer.place == before.last + 1
    assert registry.publish(publish(), request=request) == answer


# --- R8: nothing is no root, and what was just installed knows none --------------------------------------


@EACH
def test_r8_a_registry_that_was_just_installed_knows_nobody_and_no_root(
    database: Database, clock: Watch, publish: Publication
) -> None:
    fresh = new_registry(database, clock)
    assert refused(fresh.publish, publish()) == (Reason.WRONG_COMMITTEE, "committee")
    assert fresh.roots(NOW) == PublishedRoots()
    assert refused(fresh.require_roots, claim_of(fresh), NOW) == (Reason.WRONG_ROOT, "book_root")


@pytest.mark.parametrize("name", ["book_root", "market_root", "lock_root"])
def test_r8_a_root_that_nobody_published_is_refused(registry: Registry, name: str) -> None:
    publish_all(registry)
    claim = claim_of(registry)
    for root in (1, BOOK.root + 1, LOCKS.root, empty_node(CHAIN_LEVELS), combine_chain_roots({})):
        if root != getattr(claim, name):
            assert refused(registry.require_roots, with_roots(claim, **{name: root}), NOW) == (Reason.WRONG_ROOT, name)
    assert refused(with_roots, claim, **{name: 0}) == (Reason.OUT_OF_BOUNDS, name)


@pytest.mark.parametrize("name", ["book_root", "market_root", "lock_root"])
def test_r8_a_root_of_one_kind_is_none_of_another(registry: Registry, name: str) -> None:
    publish_all(registry)
    claim = claim_of(registry)
    for other in {"book_root", "market_root", "lock_root"} - {name}:
        moved = with_roots(claim, **{name: getattr(claim, other)})
        assert refused(registry.require_roots, moved, NOW) == (Reason.WRONG_ROOT, name)


def test_r8_what_a_statement_leaves_out_is_no_root_that_anybody_can_name(registry: Registry) -> None:
    claim = with_roots(claim_of(registry), **{name: unused_input(name) for name in NAMES.values()})
    assert registry.require_roots(claim, NOW) == Roots(0, 0, 0)


def test_r8_a_book_of_another_venue_and_an_unknown_chain_are_refused(registry: Registry) -> None:
    other = committee_of(Purpose.VENUE, "other.example", [VENUE_KEY], 1, 1)
    third = committee_of(Purpose.WATCHERS, "chain:3", WATCHERS, 2, 3)
    for committee in (other, third):
        registry.publish(appointment_of(committee))
    book = signed_by(replace(BOOK, scope="other.example", committee=other.digest), [VENUE_KEY])
    assert refused(registry.publish, book.encode()) == (Reason.WRONG_COMMITTEE, "scope")
    locks = signed_by(replace(LOCKS, chain_id=3, committee=third.digest), WATCHERS[:2])
    assert refused(registry.publish, locks.encode()) == (Reason.WRONG_COMMITTEE, "chain_id")


@EACH
def test_r8_a_fact_is_published_as_what_it_is(registry: Registry, publish: Publication) -> None:
    for kind in Kind:
        if SEQUENCES[publish] != SEQUENCES.get(
            {Kind.BOOK_ROOT: book_of, Kind.MARKET_ROUND: round_of}.get(kind, locks_of)
        ):
            assert refused(registry.publish, publish(), kind)[0] is Reason.WRONG_MESSAGE
    for data in (b"", b"\0" * 100, publish()[:-1], publish() + b"\0"):
        assert refused(registry.publish, data)[0] in {Reason.WRONG_MESSAGE, Reason.WRONG_COUNT}


# --- The locks of all chains -----------------------------------------------------------------------------


def test_r8_locks_are_named_by_the_newest_of_each_chain_and_by_combinations_that_were(
    registry: Registry, clock: Watch
) -> None:
    registry.publish(locks_of(root=11))
    alone = claim_of(registry)
    assert alone.lock_root == combine_chain_roots({0: 11})
    registry.publish(locks_of(chain_id=2, root=22))
    both = claim_of(registry)
    assert both.lock_root == combine_chain_roots({0: 11, 5: 22})
    clock.now = NOW + 50
    registry.publish(locks_of(LOCKS.sequence + 1, 12, NOW + 50))
    assert claim_of(registry, clock.now).lock_root == combine_chain_roots({0: 12, 5: 22})
    never = replace(alone, lock_root=combine_chain_roots({0: 12}), book_root=unused_input("book_root"))
    never = replace(never, market_root=unused_input("market_root"))
    assert refused(registry.require_roots, never, NOW + 50) == (Reason.WRONG_ROOT, "lock_root")
    registry.require_roots(replace(never, lock_root=both.lock_root), NOW + AGE)
    assert refused(registry.require_roots, replace(never, lock_root=both.lock_root), NOW + AGE + 1)[0] is Reason.TOO_OLD
    assert registry.roots(NOW + AGE + 1).locks is None


def test_o1_a_chain_that_falls_silent_takes_no_other_with_it(registry: Registry, clock: Watch) -> None:
    registry.publish(locks_of(root=11))
    registry.publish(locks_of(chain_id=2, root=22))
    clock.now = NOW + AGE + 1
    registry.publish(locks_of(LOCKS.sequence + 1, 12, clock.now))
    assert claim_of(registry, clock.now).lock_root == combine_chain_roots({0: 12})


def test_r8_no_chain_at_all_is_no_root(registry: Registry, clock: Watch) -> None:
    registry.publish(locks_of(root=11))
    clock.now = NOW + AGE + 1
    registry.publish(book_of(at=clock.now))
    assert registry.roots(clock.now).locks is None
    claim = replace(
        claim_of(registry, clock.now), lock_root=combine_chain_roots({}), market_root=unused_input("market_root")
    )
    assert refused(registry.require_roots, claim, clock.now) == (Reason.WRONG_ROOT, "lock_root")


# --- R10: a store that somebody altered ------------------------------------------------------------------


ALTERATIONS = {
    "a root": "UPDATE fact SET signed = (SELECT signed FROM fact WHERE kind = 'market-round') WHERE place = 7",
    "a number": "UPDATE fact SET sequence = sequence + 1 WHERE kind = 'book-root'",
    "a moment": "UPDATE fact SET accepted_at = 1 WHERE kind = 'book-root'",
    "an appointment that is gone": "DELETE FROM fact WHERE place = 0",
    "a gap": "DELETE FROM fact WHERE kind = 'market-round'",
    "what governance said": "UPDATE fact SET governed = 1 WHERE kind = 'book-root'",
    "a revocation that is gone": "DELETE FROM fact WHERE kind = 'revocation'",
}


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_r10_a_store_that_was_altered_does_not_start(
    registry: Registry, database: Database, clock: Watch, alteration: str
) -> None:
    registry.publish(revocation_of(key_of("somebody")))
    publish_all(registry)
    with database.write() as transaction:
        transaction.execute(ALTERATIONS[alteration])
    with pytest.raises(InternalError) as caught:
        new_registry(database, clock)
    assert caught.value.reason is Reason.BROKEN_INVARIANT


def test_r10_a_fact_that_is_put_into_the_store_without_its_signatures_is_found(
    registry: Registry, database: Database, clock: Watch
) -> None:
    registry.publish(book_of())
    entries = [Signature(VENUE_KEY.public_key, bytes(64))]
    forged = gather_signatures(replace(BOOK, sequence=13, root=5), entries).encode()
    with database.write() as transaction:
        transaction.execute(
            "INSERT INTO fact (place, kind, subject, sequence, governed, accepted_at, signed) "
            "SELECT place + 1, kind, subject, sequence + 1, governed, accepted_at, ? FROM fact "
            "WHERE kind = 'book-root'",
            forged,
        )
    for look in (lambda: registry.roots(NOW), lambda: new_registry(database, clock)):
        with pytest.raises(InternalError):
            look()


def test_r10_a_store_that_shrinks_while_it_is_served_is_noticed(registry: Registry, database: Database) -> None:
    registry.publish(book_of())
    with database.write() as transaction:
        transaction.execute("DELETE FROM fact WHERE kind = 'book-root'")
    with pytest.raises(InternalError) as caught:
        registry.publish(book_of(13))
    assert caught.value.reason is Reason.LOG_SHRUNK


def test_r10_another_governance_does_not_take_over_a_store(
    registry: Registry, database: Database, clock: Watch
) -> None:
    own = committee_of(Purpose.GOVERNANCE, TRUST.governance.scope, keys_of("pretender", 3), 2, 2)
    with pytest.raises(InternalError):
        new_registry(database, clock, trust=replace(TRUST, governance=own, digest=own.digest))
    assert refused(new_registry, database, clock, trust=replace(TRUST, governance=own))[0] is Reason.WRONG_COMMITTEE
    assert registry.roster.governance == own.scope


# --- D6: what is kept is bounded, and it is the same for whoever comes later ---------------------------------


def test_d6_old_facts_are_forgotten_and_numbers_and_rules_are_not(
    registry: Registry, database: Database, clock: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gazette, "KEPT_CHANGES", 6)
    sleeper = new_registry(database, clock)
    request = ask()
    registry.publish(locks_of(), request=request)
    registry.publish(round_of())
    registry.publish(round_of(8, keys=REPORTERS[:3]))
    for sequence in range(12, 40):
        registry.publish(book_of(sequence, root=sequence))
    with database.read() as transaction:
        counts = transaction.execute("SELECT kind, count(*) FROM fact GROUP BY kind ORDER BY kind")
        answers = transaction.execute("SELECT count(*) FROM publication")
    assert counts == [("appointment", 4), ("book-root", 8), ("lock-root", 1), ("market-round", 2)]
    assert answers == [(0,)]
    claim = claim_of(registry)
    for each in (registry, sleeper, new_registry(database, clock)):
        assert each.gazette == registry.gazette
        assert each.require_roots(claim, NOW).book == 39
        assert refused(each.require_roots, replace(claim, book_root=32), NOW) == (Reason.WRONG_ROOT, "book_root")
        each.require_roots(replace(claim, book_root=33), NOW)
        assert refused(each.publish, locks_of(LOCKS.sequence - 1)) == (Reason.NOT_RISING, "sequence")
