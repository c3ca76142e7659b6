"""A round of an oracle: members report prices, the round takes the median of each feed, and members sign the round.

    price of a feed        floor of the median of the reported prices
    confidence             what it takes from there to the median of the lows and to that of the highs
    moment of a feed       the median of the moments

Of an even number of reports the lower middle one counts among lows and moments and the upper one among highs, so that
doubt widens the confidence and never favours a trader. While fewer than half of the reports are false, each of these
medians lies between numbers of honest reports.

Two signatures are asked of a member, under two kinds of statement: one under what it saw, and one under the round that
everybody made of it, which it computes anew before it signs.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from facts.canonical import (
    DIGEST_BYTES,
    ByteReader,
    encode_label,
    encode_number,
    encode_root,
    prefix_of,
    require_digest,
    require_label,
    require_root,
    require_sequence,
)
from facts.committee import Committee, Verified, verify_signed
from facts.feed import (
    FeedPrice,
    Rules,
    encode_prices,
    find_jumps,
    is_within,
    read_prices,
    require_believable,
    require_prices,
)
from facts.moments import require_moment
from facts.signed import Kind, Purpose, Signed
from margin.errors import Reason, RejectedError

ONE_SIGNER: Final = 1


@dataclass(frozen=True, slots=True)
class PriceReport:
    """What one member of an oracle committee saw."""

    KIND: ClassVar = Kind.PRICE_REPORT
    SIGNED_BY: ClassVar = Purpose.ORACLE

    scope: str
    """The oracle's name."""
    committee: bytes
    sequence: int
    """Of the round that it is for."""
    prices: tuple[FeedPrice, ...]

    def __post_init__(self) -> None:
        require_label(self.scope, "scope")
        require_digest(self.committee, "committee")
        require_sequence(self.sequence)
        require_prices(self.prices)

    def encode(self) -> bytes:
        """The canonical bytes."""
        head = prefix_of(self.KIND), encode_label(self.scope), self.committee, encode_number(self.sequence)
        return b"".join((*head, encode_prices(self.prices)))

    @classmethod
    def decode(cls, data: bytes) -> "PriceReport":
        """The report of canonical bytes."""
        reader = ByteReader(data)
        reader.expect(prefix_of(cls.KIND), "report")
        scope, committee = reader.label("scope"), reader.take(DIGEST_BYTES, "committee")
        sequence, prices = reader.number("sequence"), read_prices(reader)
        reader.finish("report")
        return cls(scope, committee, sequence, prices)


@dataclass(frozen=True, slots=True)
class MarketRound:
    """What an oracle committee says: the market root of a round, and the prices that stand in its leaves."""

    KIND: ClassVar = Kind.MARKET_ROUND
    SIGNED_BY: ClassVar = Purpose.ORACLE

    scope: str
    """The oracle's name."""
    committee: bytes
    sequence: int
    closed_at: int
    root: int
    prices: tuple[FeedPrice, ...]

    def __post_init__(self) -> None:
        require_label(self.scope, "scope")
        require_digest(self.committee, "committee")
        require_sequence(self.sequence)
        require_moment(self.closed_at, "closed_at")
        require_root(self.root)
        require_prices(self.prices)

    def encode(self) -> bytes:
        """The canonical bytes."""
        head = prefix_of(self.KIND), encode_label(self.scope), self.committee
        numbers = encode_number(self.sequence), encode_number(self.closed_at), encode_root(self.root)
        return b"".join((*head, *numbers, encode_prices(self.prices)))

    @classmethod
    def decode(cls, data: bytes) -> "MarketRound":
        """The round of canonical bytes."""
        reader = ByteReader(data)
        reader.expect(prefix_of(cls.KIND), "round")
        scope, committee = reader.label("scope"), reader.take(DIGEST_BYTES, "committee")
        sequence, closed_at, root = reader.number("sequence"), reader.number("closed_at"), reader.root()
        prices = read_prices(reader)
        reader.finish("round")
        return cls(scope, committee, sequence, closed_at, root, prices)


# --- From reports to a round -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RoundTerms:
    """What a round is closed on: who may report, the rule of every feed, and the round before, if there was one."""

    committee: Committee
    revoked: frozenset[bytes]
    rules: Rules
    sequence: int
    moment: int
    before: MarketRound | None = None

    def __post_init__(self) -> None:
        if self.before is not None and self.sequence <= self.before.sequence:
            expected = f"above {self.before.sequence}"
            raise RejectedError(Reason.NOT_RISING, "sequence", found=self.sequence, expected=expected)


def verify_report(unverified: Signed[PriceReport], terms: RoundTerms) -> Verified[PriceReport]:
    """A report that one member signed for this round, of known feeds, recent, and sure enough of itself."""
    found = len(unverified.signatures)
    if found != ONE_SIGNER:
        raise RejectedError(Reason.WRONG_COUNT, "signatures", found=found, expected="one: a report is one member's")
    verified = verify_signed(unverified, terms.committee, revoked=terms.revoked, moment=terms.moment, least=ONE_SIGNER)
    if verified.statement.sequence != terms.sequence:
        found_sequence, expected = verified.statement.sequence, f"{terms.sequence}, the round that is closed"
        raise RejectedError(Reason.NOT_RISING, "sequence", found=found_sequence, expected=expected)
    for price in verified.statement.prices:
        require_believable(price, terms.rules, terms.moment)
    return verified


def close_prices(unverified: Sequence[Signed[PriceReport]], terms: RoundTerms) -> tuple[FeedPrice, ...]:
    """The price of every feed that has a rule; refused unless the threshold of members reported it, and agree."""
    reports = [verify_report(report, terms) for report in unverified]
    require_distinct(reports)
    reported: dict[str, list[FeedPrice]] = defaultdict(list)
    for report in reports:
        for price in report.statement.prices:
            reported[price.feed].append(price)
    prices = tuple(close_feed(feed, reported[feed], terms) for feed in sorted(terms.rules))
    jumps = find_jumps(prices, terms.before.prices if terms.before else (), terms.rules)
    for price in prices:
        if price.feed in jumps:
            agreeing = count_agreeing(reported[price.feed], price.price, terms)
            require_reporters(price.feed, agreeing, terms.committee.quorum, Reason.JUMP_TOO_LARGE)
    return prices


def close_feed(feed: str, reported: Sequence[FeedPrice], terms: RoundTerms) -> FeedPrice:
    """The median of what was reported of a feed, with which enough reports agree."""
    require_reporters(feed, len(reported), terms.committee.threshold, Reason.TOO_FEW_SIGNERS)
    middle = find_middle([each.price for each in reported])
    agreeing = count_agreeing(reported, middle, terms)
    require_reporters(feed, agreeing, terms.committee.threshold, Reason.FEEDS_DISAGREE)
    price = take_median(reported)
    require_believable(price, terms.rules, terms.moment)
    return price


def count_agreeing(reported: Sequence[FeedPrice], middle: int, terms: RoundTerms) -> int:
    """How many reports of a feed are near to their median."""
    return sum(is_within(each.price, middle, terms.rules[each.feed].max_spread_ppm) for each in reported)


def find_middle(prices: Sequence[int]) -> int:
    """The median; where it is between two ticks, the lower one."""
    ordered = sorted(prices)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) // 2


def take_median(reported: Sequence[FeedPrice]) -> FeedPrice:
    """One price of several of one feed, as the head of this module says."""
    feed, price = reported[0].feed, find_middle([each.price for each in reported])
    lower, upper = (len(reported) - 1) // 2, len(reported) // 2
    low = sorted(each.low for each in reported)[lower]
    high = sorted(each.high for each in reported)[upper]
    moment = sorted(each.observed_at for each in reported)[lower]
    confidence = max(price - low, high - price)
    if confidence >= price:
        found, expected = f"{confidence} of {price}", "less than the price"
        raise RejectedError(Reason.CONFIDENCE_TOO_WIDE, f"{feed}.confidence", found=found, expected=expected)
    return FeedPrice(feed, price, confidence, moment)


def require_distinct(reports: Iterable[Verified[PriceReport]]) -> None:
    """One report of a member; two of them are one voice, and two opinions of it none."""
    heard: set[bytes] = set()
    for place, report in enumerate(reports):
        if report.signers & heard:
            found = next(iter(report.signers)).hex()
            raise RejectedError(Reason.DUPLICATE_FIELD, f"reports[{place}]", found=found, expected="each signer once")
        heard |= report.signers


def require_reporters(feed: str, found: int, wanted: int, reason: Reason) -> None:
    """So many members stand behind a price."""
    if found < wanted:
        raise RejectedError(reason, feed, found=f"{found} reports", expected=f"at least {wanted}")


def require_same_round(
    proposed: MarketRound, unverified: Sequence[Signed[PriceReport]], terms: RoundTerms, root: int
) -> None:
    """What a member checks before it signs a round: it closes the same prices, and has the same leaves itself."""
    prices = close_prices(unverified, terms)
    mine = MarketRound(terms.committee.scope, terms.committee.digest, terms.sequence, terms.moment, root, prices)
    for name in ("scope", "committee", "sequence", "root", "prices"):
        if getattr(proposed, name) != getattr(mine, name):
            reason = Reason.WRONG_ROOT if name == "root" else Reason.CONFLICTING_FIELDS
            expected = "what the reports and the leaves of this member make"
            raise RejectedError(reason, name, found="another one", expected=expected)
    if proposed.closed_at > terms.moment:
        expected = f"at most {terms.moment}"
        raise RejectedError(Reason.FROM_THE_FUTURE, "closed_at", found=proposed.closed_at, expected=expected)


# --- What a round has to keep by its verifier --------------------------------------------------------


def require_round_prices(
    verified: Verified[MarketRound], before: MarketRound | None, rules: Rules, moment: int
) -> None:
    """Every feed that has a rule is there, each keeps its rule, and a jump has the committee's quorum behind it."""
    prices = verified.statement.prices
    for price in prices:
        require_believable(price, rules, moment)
    missing = sorted(set(rules) - {price.feed for price in prices})
    if missing:
        raise RejectedError(Reason.MISSING_PRICE, missing[0], found="no price", expected="one of every feed")
    jumps = find_jumps(prices, before.prices if before else (), rules)
    if jumps and not verified.has_quorum:
        found, expected = f"{len(verified.signers)} signers", f"the quorum of {verified.committee.quorum} for a jump"
        raise RejectedError(Reason.JUMP_TOO_LARGE, jumps[0], found=found, expected=expected)
