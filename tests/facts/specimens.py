"""One of each signed fact, made of keys whose seeds are written here: for tests alone, and the same at every run."""

from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256
from typing import Final

from facts.book_root import BookRoot
from facts.committee import Committee, Member, build_committee
from facts.ed25519 import SigningKey
from facts.feed import FeedPrice, FeedRule
from facts.lock_root import LockRoot, name_chain
from facts.market_round import MarketRound, PriceReport, RoundTerms
from facts.policy_version import PolicyVersion
from facts.roster import Appointment, Revocation, Roster
from facts.signed import Purpose, Signed, Statement, StatementT, gather_signatures, sign_statement
from facts.solvency.reserves import Reserve

NOW: Final = 1_800_000_000
START: Final = NOW - 1000
END: Final = NOW + 100_000


def key_of(name: str) -> SigningKey:
    """The key whose seed is the hash of a name."""
    return SigningKey.of_seed(sha256(f"a test's key: {name}".encode()).digest())


def keys_of(name: str, count: int) -> tuple[SigningKey, ...]:
    """Several keys."""
    return tuple(key_of(f"{name} {number}") for number in range(count))


def member_of(key: SigningKey, valid_from: int = START, valid_until: int = END) -> Member:
    """A key as a member."""
    return Member(key.public_key, valid_from, valid_until)


def committee_of(
    purpose: Purpose,
    scope: str,
    keys: Iterable[SigningKey],
    threshold: int,
    quorum: int,
    *,
    after: Committee | None = None,
    active_from: int = START,
) -> Committee:
    """The committee of some keys."""
    members = [member_of(key) for key in keys]
    return build_committee(
        purpose, scope, members, threshold=threshold, quorum=quorum, active_from=active_from, after=after
    )


def signed_by(statement: StatementT, keys: Collection[SigningKey]) -> Signed[StatementT]:
    """A statement with the signatures of these keys."""
    return gather_signatures(statement, [sign_statement(statement, key) for key in keys])


GOVERNORS: Final = keys_of("governor", 3)
REPORTERS: Final = keys_of("reporter", 5)
VENUE_KEY: Final = key_of("venue")
WATCHERS: Final = keys_of("watcher", 3)
AUDITORS: Final = keys_of("auditor", 3)
OUTSIDER: Final = key_of("outsider")

GOVERNANCE: Final = committee_of(Purpose.GOVERNANCE, "ringfence.example", GOVERNORS, 2, 2)
ORACLE: Final = committee_of(Purpose.ORACLE, "prices.example", REPORTERS, 3, 4)
VENUE: Final = committee_of(Purpose.VENUE, "venue.example", [VENUE_KEY], 1, 1)
CHAIN: Final = committee_of(Purpose.WATCHERS, name_chain(1), WATCHERS, 2, 3)
AUDIT: Final = committee_of(Purpose.ATTESTERS, "audit.example", AUDITORS, 2, 2)

BITCOIN, ETHER = "market:BTC-USD", "market:ETH-USD"
PRICES: Final = (FeedPrice(BITCOIN, 6_500_000, 650, NOW - 3), FeedPrice(ETHER, 250_000, 25, NOW - 2))
RULE: Final = FeedRule(
    max_age_seconds=30,
    max_confidence_ppm=2000,
    max_deviation_ppm=50_000,
    max_spread_ppm=10_000,
    max_ahead_seconds=2,
)
RULES: Final = {BITCOIN: RULE, ETHER: RULE}

REPORT: Final = PriceReport(ORACLE.scope, ORACLE.digest, 7, PRICES)
ROUND: Final = MarketRound(ORACLE.scope, ORACLE.digest, 7, NOW, 2**250 + 1, PRICES)
BOOK: Final = BookRoot(VENUE.scope, VENUE.digest, 12, NOW, 2**249 + 2)
LOCKS: Final = LockRoot(1, CHAIN.digest, 19_000_000, bytes(range(32)), 19_000_040, NOW, 2**248 + 3)
POLICY: Final = PolicyVersion(
    GOVERNANCE.scope, GOVERNANCE.digest, VENUE.scope, 7, 1, 2**247 + 4, NOW - 100, grace_seconds=3600
)
APPOINTMENT: Final = Appointment(GOVERNANCE.scope, GOVERNANCE.digest, ORACLE)
REVOCATION: Final = Revocation(GOVERNANCE.scope, GOVERNANCE.digest, REPORTERS[0].public_key)
RESERVE: Final = Reserve(
    AUDIT.scope,
    AUDIT.digest,
    VENUE.scope,
    "BTC",
    8,
    "custody.example/vault-1",
    2**70,
    NOW - 50,
)

ONE_OF_EACH: Final[dict[str, Statement]] = {
    "price-report": REPORT,
    "market-round": ROUND,
    "book-root": BOOK,
    "lock-root": LOCKS,
    "policy-version": POLICY,
    "appointment": APPOINTMENT,
    "revocation": REVOCATION,
    "reserve": RESERVE,
}
SIGNERS: Final = {
    Purpose.ORACLE: REPORTERS[:3],
    Purpose.VENUE: (VENUE_KEY,),
    Purpose.WATCHERS: WATCHERS[:2],
    Purpose.GOVERNANCE: GOVERNORS[:2],
    Purpose.ATTESTERS: AUDITORS[:2],
}


def appoint(roster: Roster, *committees: Committee, governors: Sequence[SigningKey] = GOVERNORS) -> Roster:
    """The roster after governance has appointed committees."""
    for committee in committees:
        governance = roster.in_force(Purpose.GOVERNANCE, roster.governance, NOW)
        appointment = Appointment(governance.scope, governance.digest, committee)
        roster = roster.appoint(signed_by(appointment, governors), NOW)
    return roster


ROSTER: Final = appoint(Roster.start(GOVERNANCE, GOVERNANCE.digest), ORACLE, VENUE, CHAIN, AUDIT)


def revoke(roster: Roster, key: SigningKey, governors: Sequence[SigningKey] = GOVERNORS[1:]) -> Roster:
    """The roster after governance has revoked a key."""
    governance = roster.in_force(Purpose.GOVERNANCE, roster.governance, NOW)
    revocation = Revocation(governance.scope, governance.digest, key.public_key)
    return roster.revoke(signed_by(revocation, governors), NOW)


def report_of(key: SigningKey, *prices: FeedPrice, sequence: int = 7) -> Signed[PriceReport]:
    """What one reporter saw."""
    ordered = tuple(sorted(prices, key=lambda price: price.feed))
    return signed_by(PriceReport(ORACLE.scope, ORACLE.digest, sequence, ordered), [key])


def terms_of(
    *, before: MarketRound | None = None, sequence: int = 7, moment: int = NOW, revoked: Iterable[bytes] = ()
) -> RoundTerms:
    """What the rounds of these tests are closed on."""
    return RoundTerms(ORACLE, frozenset(revoked), RULES, sequence, moment, before)
