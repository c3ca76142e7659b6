"""The attacks on signed facts: A1 to A3, A5, O1 to O5, R6 and R8; each test has the id of its threat."""

from dataclasses import replace
from typing import Any

import pytest

from facts.book_root import BookRoot
from facts.canonical import prefix_of
from facts.committee import verify_signed
from facts.context import Binding
from facts.ed25519 import verify_signature
from facts.feed import FeedPrice
from facts.market_round import PriceReport, RoundTerms, close_prices
from facts.public_inputs import CLAIM_PREFIX
from facts.roster import Roster
from facts.signed import SIGNED_PREFIX, Kind, Purpose, Signature, Signed, Statement, decode_signed, gather_signatures
from margin.errors import Reason, RejectedError
from tests.facts.refusals import refused
from tests.facts.specimens import (
    BITCOIN,
    BOOK,
    CHAIN,
    END,
    ETHER,
    GOVERNANCE,
    GOVERNORS,
    LOCKS,
    NOW,
    ONE_OF_EACH,
    ORACLE,
    OUTSIDER,
    POLICY,
    PRICES,
    REPORT,
    REPORTERS,
    ROSTER,
    ROUND,
    RULES,
    SIGNERS,
    VENUE,
    VENUE_KEY,
    appoint,
    committee_of,
    keys_of,
    report_of,
    revoke,
    signed_by,
    terms_of,
)
from tests.snark.shared_vectors import load, needs_vectors
from verifier.freshness import AgeLimit, require_fresh_book, require_fresh_round

EACH = pytest.mark.parametrize("name", ONE_OF_EACH)
LIMIT = AgeLimit(max_age_seconds=60)
BEFORE = replace(ROUND, sequence=6)


def signed_specimen(name: str) -> Signed[Statement]:
    return signed_by(ONE_OF_EACH[name], SIGNERS[ONE_OF_EACH[name].SIGNED_BY])


# --- A1: signatures as strictly as the standard's own tests ask ---------------------------------------


def wycheproof() -> list[tuple[str, dict[str, str]]]:
    groups = load("wycheproof_ed25519_test.json")
    return [
        (group["publicKey"]["pk"], case)
        for group in (groups["testGroups"] if groups else ())
        for case in group["tests"]
    ]


def answer_of(key: bytes, message: bytes, signature: bytes) -> str:
    try:
        verify_signature(key, message, signature)
    except RejectedError:
        return "invalid"
    return "valid"


@needs_vectors
def test_a1_every_wycheproof_vector_is_answered_as_it_should_be() -> None:
    answers = {"valid": 0, "invalid": 0}
    for key, case in wycheproof():
        parts = [bytes.fromhex(text) for text in (key, case["msg"], case["sig"])]
        answer = answer_of(*parts)
        assert answer == case["result"], case
        answers[answer] += 1
    assert answers == {"valid": 88, "invalid": 63}


SMALL = [bytes(32), (1).to_bytes(32, "little"), (2**255 - 20).to_bytes(32, "little"), bytes(31) + b"\x80"]
"""Keys of order 4, 1, 2 and 4: under the second, R = 1 and S = 0 is a signature of every message in lax verifiers."""


@pytest.mark.parametrize("key", SMALL, ids=bytes.hex)
def test_a1_a_key_of_small_order_signs_nothing(key: bytes) -> None:
    forged = (1).to_bytes(32, "little") + bytes(32)
    assert refused(verify_signature, key, b"anything", forged) == (Reason.NOT_A_KEY, "key")
    assert refused(replace, ORACLE.members[0], key=key) == (Reason.NOT_A_KEY, "key")
    assert refused(replace, ONE_OF_EACH["revocation"], key=key) == (Reason.NOT_A_KEY, "key")


@EACH
@pytest.mark.parametrize("bit", [0, 255, 256, 511])
def test_a1_an_altered_signature_is_none(name: str, bit: int) -> None:
    signed = signed_specimen(name)
    altered = bytearray(signed.signatures[0].signature)
    altered[bit // 8] ^= 1 << bit % 8
    entry = replace(signed.signatures[0], signature=bytes(altered))
    bad = replace(signed, signatures=(entry, *signed.signatures[1:]))
    assert refused(ROSTER.verify, bad, NOW) == (Reason.WRONG_SIGNATURE, "signatures[0].signature")


# --- A2: whose key it is is not for the caller to say -------------------------------------------------


@EACH
def test_a2_a_key_that_the_caller_brings_is_unknown(name: str) -> None:
    statement = ONE_OF_EACH[name]
    signed = signed_by(statement, [OUTSIDER])
    assert refused(ROSTER.verify, signed, NOW) == (Reason.UNKNOWN_SIGNER, "signatures[0].key")


@EACH
def test_a2_a_committee_that_the_caller_brings_is_another_one(name: str) -> None:
    statement = ONE_OF_EACH[name]
    keys = keys_of("pretender", 3)
    own = committee_of(statement.SIGNED_BY, statement.scope, keys, 2, 2)
    changes: dict[str, Any] = {"committee": own.digest}
    pretended = replace(statement, **changes)  # type: ignore[type-var]
    signed = signed_by(pretended, keys)
    verify_signed(signed, own, revoked=(), moment=NOW)
    assert refused(ROSTER.verify, signed, NOW) == (Reason.WRONG_COMMITTEE, "committee")


@EACH
def test_a2_a_signature_under_another_members_name_is_none(name: str) -> None:
    statement = ONE_OF_EACH[name]
    members = SIGNERS[statement.SIGNED_BY]
    message = statement.encode()
    entries = [Signature(key.public_key, OUTSIDER.sign(message)) for key in members]
    assert refused(ROSTER.verify, gather_signatures(statement, entries), NOW)[0] is Reason.WRONG_SIGNATURE


@EACH
def test_a2_nothing_is_believed_unsigned(name: str) -> None:
    statement = ONE_OF_EACH[name]
    assert refused(Signed, statement, ()) == (Reason.WRONG_COUNT, "signatures")
    unsigned = SIGNED_PREFIX + len(statement.encode()).to_bytes(2, "big") + statement.encode() + b"\0"
    assert refused(decode_signed, unsigned, type(statement)) == (Reason.WRONG_COUNT, "signatures")
    entries = [Signature(key.public_key, bytes(64)) for key in SIGNERS[statement.SIGNED_BY]]
    assert refused(ROSTER.verify, gather_signatures(statement, entries), NOW)[0] is Reason.WRONG_SIGNATURE


def test_a2_there_is_no_algorithm_to_choose() -> None:
    signed = signed_specimen("book-root")
    longer = bytearray(signed.encode())
    longer[-65:-64] = b"\x00\x00"
    refused(decode_signed, bytes(longer), BookRoot)


# --- A3: k of n, and each of them once ----------------------------------------------------------------


@EACH
def test_a3_one_signer_fewer_is_too_few(name: str) -> None:
    statement = ONE_OF_EACH[name]
    keys = SIGNERS[statement.SIGNED_BY]
    if len(keys) == 1:
        return
    assert refused(ROSTER.verify, signed_by(statement, keys[1:]), NOW) == (Reason.TOO_FEW_SIGNERS, "signatures")


@EACH
def test_a3_a_signer_counts_once(name: str) -> None:
    signed = signed_specimen(name)
    first = signed.signatures[0]
    assert refused(replace, signed, signatures=(first, first)) == (Reason.DUPLICATE_FIELD, "signatures[1].key")
    head = SIGNED_PREFIX + len(signed.statement.encode()).to_bytes(2, "big") + signed.statement.encode()
    twice = head + b"\x02" + 2 * (first.key + first.signature)
    assert refused(decode_signed, twice, type(signed.statement))[0] is Reason.DUPLICATE_FIELD


def test_a3_nor_does_a_reporter_in_a_round() -> None:
    one, two = (report_of(key, *PRICES) for key in REPORTERS[:2])
    terms = terms_of(before=BEFORE)
    assert refused(close_prices, [one, two, one], terms) == (Reason.DUPLICATE_FIELD, "reports[2]")
    other = report_of(REPORTERS[0], PRICES[0])
    assert refused(close_prices, [one, two, other], terms) == (Reason.DUPLICATE_FIELD, "reports[2]")


@pytest.mark.parametrize("place", range(3))
def test_a3_a_revoked_signer_does_not_count(place: int) -> None:
    revoked = revoke(ROSTER, REPORTERS[place])
    refusal = refused(revoked.verify, signed_by(ROUND, REPORTERS[:3]), NOW)
    assert refusal[0] is Reason.REVOKED_SIGNER
    others = [key for key in REPORTERS if key is not REPORTERS[place]]
    assert len(revoked.verify(signed_by(ROUND, others), NOW).signers) == 4
    terms = terms_of(before=BEFORE, revoked=revoked.revoked)
    reports = [report_of(key, *PRICES) for key in REPORTERS[:3]]
    assert refused(close_prices, reports, terms)[0] is Reason.REVOKED_SIGNER


@EACH
def test_a3_an_expired_signer_does_not_count(name: str) -> None:
    assert refused(ROSTER.verify, signed_specimen(name), END) == (Reason.EXPIRED_SIGNER, "signatures[0].key")


def test_a3_the_signers_of_two_committees_do_not_add_up() -> None:
    keys = [*REPORTERS[:2], VENUE_KEY]
    assert refused(ROSTER.verify, signed_by(ROUND, keys), NOW)[0] in {Reason.UNKNOWN_SIGNER, Reason.TOO_FEW_SIGNERS}


# --- A5: rotation and revocation while serving --------------------------------------------------------


def test_a5_a_rotated_key_is_refused_at_once_and_so_is_a_revoked_one() -> None:
    newer = keys_of("newer venue", 1)
    rotated_to = committee_of(Purpose.VENUE, VENUE.scope, newer, 1, 1, after=VENUE, active_from=NOW)
    old, new = signed_by(BOOK, [VENUE_KEY]), signed_by(replace(BOOK, committee=rotated_to.digest), newer)
    serving = ROSTER
    serving.verify(old, NOW)
    serving = appoint(serving, rotated_to)
    assert refused(serving.verify, old, NOW) == (Reason.WRONG_COMMITTEE, "committee")
    serving.verify(new, NOW)
    serving = revoke(serving, newer[0])
    assert refused(serving.verify, new, NOW) == (Reason.REVOKED_SIGNER, "signatures[0].key")


def test_a5_a_revocation_reaches_back() -> None:
    signed_before_it = signed_by(BOOK, [VENUE_KEY])
    revoked = revoke(ROSTER, VENUE_KEY)
    for moment in (NOW - 500, NOW, NOW + 500):
        assert refused(revoked.verify, signed_before_it, moment)[0] is Reason.REVOKED_SIGNER


def test_a5_a_revoked_key_stays_revoked_after_every_rotation() -> None:
    again = committee_of(Purpose.VENUE, VENUE.scope, [VENUE_KEY, *keys_of("v", 4)], 3, 4, after=VENUE, active_from=NOW)
    serving = appoint(revoke(ROSTER, VENUE_KEY), again)
    statement = replace(BOOK, committee=again.digest)
    keys = [VENUE_KEY, *keys_of("v", 4)]
    assert refused(serving.verify, signed_by(statement, keys), NOW)[0] is Reason.REVOKED_SIGNER
    serving.verify(signed_by(statement, keys[1:]), NOW)


def test_a5_a_revoked_governor_neither_appoints_nor_revokes() -> None:
    serving = revoke(ROSTER, GOVERNORS[0])
    for keys in (GOVERNORS[:2], GOVERNORS):
        refusal = refused(serving.revoke, signed_by(ONE_OF_EACH["revocation"], keys), NOW)
        assert refusal[0] is Reason.REVOKED_SIGNER


def test_a5_old_appointments_do_not_bring_old_keys_back() -> None:
    newer = committee_of(Purpose.ORACLE, ORACLE.scope, keys_of("n", 5), 3, 4, after=ORACLE, active_from=NOW)
    serving = appoint(ROSTER, newer)
    assert refused(serving.appoint, signed_specimen("appointment"), NOW) == (Reason.NOT_RISING, "epoch")


# --- O1 to O5: prices that are not what they should be ------------------------------------------------


def reports_of(*prices: FeedPrice, count: int = 3) -> list[Signed[PriceReport]]:
    return [report_of(key, *prices) for key in REPORTERS[:count]]


def close(reports: list[Signed[PriceReport]], terms: RoundTerms | None = None) -> tuple[FeedPrice, ...]:
    return close_prices(reports, terms or terms_of(before=BEFORE))


def bitcoin(**changes: int) -> tuple[FeedPrice, FeedPrice]:
    return replace(PRICES[0], **changes), PRICES[1]  # type: ignore[arg-type]


def test_o1_a_price_that_is_too_old_is_refused() -> None:
    close(reports_of(*bitcoin(observed_at=NOW - 30)))
    assert refused(close, reports_of(*bitcoin(observed_at=NOW - 31))) == (Reason.TOO_OLD, f"{BITCOIN}.observed_at")


def test_o1_ages_are_those_of_each_feed() -> None:
    rules = RULES | {BITCOIN: replace(RULES[BITCOIN], max_age_seconds=300)}
    terms = replace(terms_of(before=BEFORE), rules=rules)
    close(reports_of(*bitcoin(observed_at=NOW - 300)), terms)
    stale = PRICES[0], replace(PRICES[1], observed_at=NOW - 31)
    assert refused(close, reports_of(*stale), terms) == (Reason.TOO_OLD, f"{ETHER}.observed_at")


def test_o1_a_price_from_the_future_is_refused() -> None:
    close(reports_of(*bitcoin(observed_at=NOW + 2)))
    future = reports_of(*bitcoin(observed_at=NOW + 3))
    assert refused(close, future) == (Reason.FROM_THE_FUTURE, f"{BITCOIN}.observed_at")


def test_o2_a_report_that_nobody_signed_is_refused() -> None:
    signed = report_of(REPORTERS[0], *PRICES)
    forged = replace(signed, signatures=(replace(signed.signatures[0], signature=bytes(64)),))
    good = reports_of(*PRICES)[1:]
    assert refused(close, [forged, *good])[0] is Reason.WRONG_SIGNATURE
    assert refused(close, [report_of(OUTSIDER, *PRICES), *good])[0] is Reason.UNKNOWN_SIGNER
    two = signed_by(REPORT, REPORTERS[:2])
    assert refused(close, [two, *good]) == (Reason.WRONG_COUNT, "signatures")


def test_o2_a_feed_that_nobody_asked_for_is_refused() -> None:
    stranger = FeedPrice("market:BTC-USDT", 6_500_000, 0, NOW)
    assert refused(close, reports_of(*PRICES, stranger)) == (Reason.UNKNOWN_FEED, "feed")


def test_o3_a_confidence_that_is_too_wide_is_refused() -> None:
    close(reports_of(*bitcoin(confidence=13_000)))
    wide = reports_of(*bitcoin(confidence=13_001))
    assert refused(close, wide) == (Reason.CONFIDENCE_TOO_WIDE, f"{BITCOIN}.confidence")


def test_o3_prices_that_spread_are_a_wide_confidence_too() -> None:
    apart = (6_500_000, 6_500_000, 6_540_000, 6_540_000)
    spread = [report_of(key, *bitcoin(price=price)) for key, price in zip(REPORTERS, apart, strict=False)]
    assert refused(close, spread) == (Reason.CONFIDENCE_TOO_WIDE, f"{BITCOIN}.confidence")


def test_o4_a_jump_takes_the_quorum_of_the_committee() -> None:
    close(reports_of(*bitcoin(price=6_825_000)))
    for price in (6_825_001, 6_174_999):
        assert refused(close, reports_of(*bitcoin(price=price))) == (Reason.JUMP_TOO_LARGE, BITCOIN)
        assert close(reports_of(*bitcoin(price=price), count=4))[0].price == price


def test_o4_a_feed_that_was_left_out_is_no_way_around_it() -> None:
    without = replace(BEFORE, prices=PRICES[1:])
    assert refused(close, reports_of(*bitcoin(price=13_000_000)), terms_of(before=without)) == (
        Reason.JUMP_TOO_LARGE,
        BITCOIN,
    )
    assert refused(close, reports_of(*PRICES), terms_of()) == (Reason.JUMP_TOO_LARGE, BITCOIN)


def test_o4_those_who_disagree_with_a_jump_do_not_count_for_it() -> None:
    jumped = reports_of(*bitcoin(price=13_000_000))
    told = [*jumped, report_of(REPORTERS[3], *PRICES)]
    assert refused(close, told) == (Reason.JUMP_TOO_LARGE, BITCOIN)
    told = [*jumped, *(report_of(key, *PRICES) for key in REPORTERS[3:])]
    assert refused(close, told) == (Reason.JUMP_TOO_LARGE, BITCOIN)


def test_o4_nor_is_a_signature_that_is_not_there_when_it_is_verified() -> None:
    jumped = replace(ROUND, prices=bitcoin(price=13_000_000))
    for count in (3, 4, 5):
        verified = ROSTER.verify(signed_by(jumped, REPORTERS[:count]), NOW)
        if count < ORACLE.quorum:
            refusal = refused(require_fresh_round, verified, BEFORE, RULES, LIMIT, NOW)
            assert refusal == (Reason.JUMP_TOO_LARGE, BITCOIN)
        else:
            require_fresh_round(verified, BEFORE, RULES, LIMIT, NOW)


def test_o5_feeds_that_disagree_close_no_round() -> None:
    apart = (6_400_000, 6_500_000, 6_600_000)
    told = [report_of(key, *bitcoin(price=price)) for key, price in zip(REPORTERS, apart, strict=False)]
    assert refused(close, told) == (Reason.FEEDS_DISAGREE, BITCOIN)


def test_o5_one_liar_among_enough_changes_nothing() -> None:
    told = [*reports_of(*PRICES), report_of(REPORTERS[3], *bitcoin(price=1, confidence=0))]
    assert close(told)[0].price == PRICES[0].price


@pytest.mark.parametrize("sequence", [1, 6])
def test_o5_a_number_that_goes_backward_is_refused(sequence: int) -> None:
    assert refused(terms_of, before=BEFORE, sequence=sequence) == (Reason.NOT_RISING, "sequence")
    verified = ROSTER.verify(signed_by(replace(ROUND, sequence=sequence), REPORTERS), NOW)
    assert refused(require_fresh_round, verified, ROUND, RULES, LIMIT, NOW) == (Reason.NOT_RISING, "sequence")


@pytest.mark.parametrize("sequence", [6, 8])
def test_o5_a_report_is_for_one_round(sequence: int) -> None:
    reports = [*reports_of(*PRICES, count=2), report_of(REPORTERS[2], *PRICES, sequence=sequence)]
    assert refused(close, reports) == (Reason.NOT_RISING, "sequence")


def test_o5_two_rounds_with_one_number_are_a_lie() -> None:
    other = ROSTER.verify(signed_by(replace(ROUND, root=5), REPORTERS), NOW)
    assert refused(require_fresh_round, other, ROUND, RULES, LIMIT, NOW) == (Reason.EQUIVOCATION, "sequence")


def test_o1_fresh_when_it_was_proved_is_not_fresh_when_it_is_attested() -> None:
    verified = ROSTER.verify(signed_by(ROUND, REPORTERS[:3]), NOW)
    require_fresh_round(verified, BEFORE, RULES, LIMIT, NOW)
    require_fresh_round(verified, ROUND, RULES, LIMIT, NOW + 20)
    assert refused(require_fresh_round, verified, ROUND, RULES, LIMIT, NOW + 28)[0] is Reason.TOO_OLD


# --- R6: one purpose ----------------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize("other", ONE_OF_EACH)
def test_r6_a_message_of_one_kind_is_none_of_another(name: str, other: str) -> None:
    if name == other:
        return
    signed, kind = signed_specimen(name), type(ONE_OF_EACH[other])
    assert refused(decode_signed, signed.encode(), kind)[0] is Reason.WRONG_MESSAGE
    assert refused(kind.decode, signed.statement.encode())[0] is Reason.WRONG_MESSAGE
    moved = gather_signatures(ONE_OF_EACH[other], signed.signatures)
    assert refused(ROSTER.verify, moved, NOW)[0] in {Reason.WRONG_SIGNATURE, Reason.UNKNOWN_SIGNER}


@EACH
def test_r6_a_message_without_its_prefix_is_none(name: str) -> None:
    statement = ONE_OF_EACH[name]
    bare = statement.encode().removeprefix(prefix_of(statement.KIND))
    assert bare != statement.encode()
    assert refused(type(statement).decode, bare)[0] is Reason.WRONG_MESSAGE
    key = SIGNERS[statement.SIGNED_BY][0]
    refusal = refused(verify_signature, key.public_key, statement.encode(), key.sign(bare))
    assert refusal[0] is Reason.WRONG_SIGNATURE


def test_r6_no_prefix_is_the_beginning_of_another() -> None:
    binding = Binding("v", 1, b"\1", b"\2", 1).encode()[: len(b"ringfence.v1.binding\n")]
    prefixes = [*map(prefix_of, Kind), prefix_of("committee"), SIGNED_PREFIX, CLAIM_PREFIX, binding]
    assert len(set(prefixes)) == len(prefixes) == len(Kind) + 4
    for one in prefixes:
        assert not any(other.startswith(one) for other in prefixes if other is not one)


@EACH
def test_r6_a_committee_speaks_of_its_own_alone(name: str) -> None:
    statement = ONE_OF_EACH[name]
    for committee, keys in ((GOVERNANCE, GOVERNORS), (ORACLE, REPORTERS), (VENUE, [VENUE_KEY])):
        if committee.purpose is not statement.SIGNED_BY:
            signed = signed_by(replace(statement, committee=committee.digest), keys)  # type: ignore[type-var]
            refusal = refused(verify_signed, signed, committee, revoked=(), moment=NOW)
            assert refusal == (Reason.WRONG_COMMITTEE, "scope")


def test_r6_watchers_speak_of_their_own_chain() -> None:
    elsewhere = signed_by(replace(LOCKS, chain_id=2), SIGNERS[Purpose.WATCHERS])
    assert refused(verify_signed, elsewhere, CHAIN, revoked=(), moment=NOW) == (Reason.WRONG_COMMITTEE, "scope")
    assert refused(ROSTER.verify, elsewhere, NOW) == (Reason.WRONG_COMMITTEE, "committee")


def test_r6_bytes_do_not_move_from_a_field_to_its_neighbour() -> None:
    spelled = {
        replace(POLICY, scope=first, venue=second).encode()
        for first, second in (("ab", "c"), ("a", "bc"), ("abc", "d"))
    }
    assert len(spelled) == 3
    one = FeedPrice("ab", 1, 0, 1), FeedPrice("c", 1, 0, 1)
    other = FeedPrice("a", 1, 0, 1), FeedPrice("bc", 1, 0, 1)
    assert replace(ROUND, prices=one).encode() != replace(ROUND, prices=other).encode()


# --- R8: zero and nothing -----------------------------------------------------------------------------

NOTHING: list[tuple[str, str, object]] = [
    (name, field, 0)
    for name, fields in {
        "price-report": ("sequence",),
        "market-round": ("sequence", "closed_at", "root"),
        "book-root": ("sequence", "published_at", "root"),
        "lock-root": ("chain_id", "sequence", "final_block", "observed_at", "root"),
        "policy-version": ("market_id", "version", "policy_hash", "active_from"),
    }.items()
    for field in fields
]
NOTHING += [(name, "committee", empty) for name in ONE_OF_EACH for empty in (b"", bytes(32), bytes(31), None, "")]
NOTHING += [(name, "scope", "") for name in ONE_OF_EACH if name != "lock-root"]
NOTHING += [("lock-root", "block_hash", bytes(32)), ("policy-version", "venue", "")]
NOTHING += [(name, "prices", ()) for name in ("price-report", "market-round")]


@pytest.mark.parametrize(("name", "field", "value"), NOTHING)
def test_r8_nothing_is_no_value(name: str, field: str, value: object) -> None:
    changes: dict[str, Any] = {field: value}
    assert refused(replace, ONE_OF_EACH[name], **changes)[1] == field


@pytest.mark.parametrize("field", ["price", "observed_at"])
def test_r8_nothing_is_no_price(field: str) -> None:
    assert refused(replace, PRICES[0], **{field: 0})[1] == field


@EACH
def test_r8_zeros_are_no_statement(name: str) -> None:
    statement = ONE_OF_EACH[name]
    length = len(statement.encode())
    prefix = prefix_of(statement.KIND)
    for zeros in (b"", bytes(length), prefix, prefix + bytes(length - len(prefix))):
        refused(type(statement).decode, zeros)
        refused(decode_signed, zeros, type(statement))


@EACH
def test_r8_a_store_that_was_just_installed_knows_nobody(name: str) -> None:
    fresh = Roster.start(GOVERNANCE, GOVERNANCE.digest)
    statement = ONE_OF_EACH[name]
    if statement.SIGNED_BY is not Purpose.GOVERNANCE:
        assert refused(fresh.verify, signed_specimen(name), NOW) == (Reason.WRONG_COMMITTEE, "committee")


def test_r8_a_root_from_the_future_or_of_a_block_that_is_not_final_is_refused() -> None:
    early = ROSTER.verify(signed_by(replace(BOOK, published_at=NOW + 1), [VENUE_KEY]), NOW)
    assert refused(require_fresh_book, early, None, LIMIT, NOW) == (Reason.FROM_THE_FUTURE, "published_at")
    assert refused(replace, LOCKS, final_block=LOCKS.sequence - 1) == (Reason.NOT_FINAL, "sequence")


@pytest.mark.parametrize("value", [True, 1.0, "1", None])
def test_r8_a_number_is_an_integer(value: Any) -> None:  # noqa: ANN401 -- anything but a number
    assert refused(replace, ROUND, root=value) == (Reason.NOT_AN_INTEGER, "root")
    assert refused(replace, BOOK, sequence=value) == (Reason.NOT_AN_INTEGER, "sequence")
