"""What was published, as a value: taking one more fact makes another gazette, and every answer is given by one of them.

    governance     the roster and the schedules of policies, made of everything that governance ever signed
    roots          of each book, oracle and chain the newest fact, and those of the last changes
    combinations   the lock roots: of each chain its newest fact that was good when something was published

A fact is *good* at a moment while the committee that made it is in force, as many of its signers as it took are neither
revoked nor expired, and it is fresh. A combination is good while every fact in it is. A chain whose watchers fall
silent leaves the next combination: its slot is then empty, so that its own locks can't be shown and all others can.

The clock is the caller's, and nothing here is durable; ``verifier.registry`` keeps what this decides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeVar

from facts.book_root import BookRoot
from facts.canonical import encode_root
from facts.committee import Verified
from facts.feed import find_jumps
from facts.lock_root import LockRoot, combine_chain_roots, name_chain
from facts.market_round import MarketRound, require_round_prices
from facts.policy_version import PolicySchedule, PolicyVersion
from facts.public_inputs import PublicInputs, unused_input
from facts.roots import PublishedRoot, PublishedRoots, Roots
from facts.roster import Appointment, Revocation, Roster
from facts.signed import Kind, Purpose, Signed, decode_signed, kind_of
from margin.errors import MalformedError, MarginError, Reason, RejectedError
from verifier.freshness import AgeLimit, require_fresh_book, require_fresh_locks, require_fresh_round
from verifier.trust import Trust

KEPT_CHANGES: Final = 1024
"""So many changes can be watched again, and a fact that was the newest during any of them may still be named."""
ONCE: Final = 1
"""The number of what happens to a key once."""
NO_ROOT: Final = 0
"""Stands for the root of an input that a statement does not use; no claim can name it."""
NOTHING_YET: Final = -1

RootFact: TypeAlias = MarketRound | BookRoot | LockRoot
Publishable: TypeAlias = RootFact | PolicyVersion | Appointment | Revocation
RootFactT = TypeVar("RootFactT", MarketRound, BookRoot, LockRoot)
Seat: TypeAlias = tuple[Kind, str]

STATEMENTS: Final[Mapping[Kind, type[Publishable]]] = MappingProxyType(
    {kind.KIND: kind for kind in (MarketRound, BookRoot, LockRoot, PolicyVersion, Appointment, Revocation)}
)
OBSERVED: Final[Mapping[Kind, str]] = MappingProxyType(
    {Kind.MARKET_ROUND: "closed_at", Kind.BOOK_ROOT: "published_at", Kind.LOCK_ROOT: "observed_at"}
)
"""Where a root says of when it is."""
STALE: Final = frozenset({Reason.TOO_OLD, Reason.FROM_THE_FUTURE})


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that was accepted."""

    place: int
    """How many were accepted before it."""
    accepted_at: int
    data: bytes
    """As it travelled."""
    verified: Verified[Any]
    wanted: int = 0
    """So many of its signers have to count for as long as it is relied on."""
    fresh_from: int = 0
    fresh_until: int = 0
    doubt: MarginError | None = None
    """Why it would not be accepted by the rules of now."""

    @property
    def statement(self) -> Any:  # noqa: ANN401 - of any kind
        """What was signed."""
        return self.verified.statement

    @property
    def seat(self) -> Seat:
        """Of what it is one in a row."""
        return self.statement.KIND, identify(self.statement)[0]

    @property
    def observed_at(self) -> int:
        """Of when its signers say that it is."""
        return int(getattr(self.statement, OBSERVED[self.statement.KIND]))


@dataclass(frozen=True, slots=True)
class Combination:
    """The locks of all chains, from one fact of each."""

    place: int
    """What was published when it came to be."""
    root: int
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """The roots as one publication left them."""

    place: int
    digest: bytes
    """Of the fact that was published."""
    roots: PublishedRoots


@dataclass(frozen=True, slots=True)
class Gazette:
    """Everything that is known of what was published."""

    trust: Trust
    roster: Roster
    schedules: Mapping[tuple[str, int], PolicySchedule] = field(default_factory=dict)
    """Of each market of each venue."""
    decrees: Mapping[tuple[Kind, str, int], Fact] = field(default_factory=dict)
    """What governance signed."""
    rows: Mapping[Seat, tuple[Fact, ...]] = field(default_factory=dict)
    """The roots of each book, oracle and chain, the newest last."""
    combinations: tuple[Combination, ...] = ()
    changes: tuple[Change, ...] = ()
    last: int = NOTHING_YET
    """The place of the newest fact."""

    @classmethod
    def start(cls, trust: Trust) -> "Gazette":
        """Before anything was published: one governance is known, and no root is."""
        return cls(trust, trust.roster)

    # --- Taking a fact -------------------------------------------------------------------------------

    def verify(self, unverified: Signed[Any], moment: int) -> Verified[Any]:
        """Raise unless those who may say such a thing signed it, and enough of them."""
        least = None
        if isinstance(unverified.statement, Appointment):
            least = self.roster.in_force(Purpose.GOVERNANCE, self.roster.governance, moment).quorum
        return self.roster.verify(unverified, moment, least=least)

    def verify_part(self, unverified: Signed[LockRoot], moment: int) -> Verified[LockRoot]:
        """Raise unless members that count signed it, however few."""
        return self.roster.verify(unverified, moment, least=1)

    def find_alike(self, statement: Publishable) -> Fact | None:
        """What was accepted with the same number, if it is still known."""
        kind, (subject, sequence) = statement.KIND, identify(statement)
        decree = self.decrees.get((kind, subject, sequence))
        if decree is not None:
            return decree
        row = self.rows.get((kind, subject), ())
        return next((fact for fact in row if fact.statement.sequence == sequence), None)

    def require_timely(self, verified: Verified[Any], moment: int) -> None:
        """Raise unless a root is of somebody who is trusted with it, follows the one before it and is fresh."""
        statement, trust = verified.statement, self.trust
        before = self.newest(statement)
        match statement:
            case BookRoot():
                require_scope(statement.scope, trust.venue)
                require_fresh_book(verified, before, trust.book_limit, moment)
            case MarketRound():
                require_scope(statement.scope, trust.oracle)
                require_fresh_round(verified, before, trust.rules, trust.round_limit, moment)
            case LockRoot():
                require_fresh_locks(verified, before, self._limit_of(statement), moment)
            case _:
                pass

    def take(self, unverified: Signed[Any], data: bytes, moment: int) -> tuple["Gazette", Fact]:
        """The gazette after one more fact, whose signatures are verified here; whether a root is timely is not asked.

        That is for when it comes in. What was accepted stays accepted when it is read again, and when rules change.
        """
        verified = self.verify(unverified, moment)
        statement = verified.statement
        after = self
        match statement:
            case Appointment():
                after = replace(self, roster=self.roster.appoint(unverified, moment))
            case Revocation():
                after = replace(self, roster=self.roster.revoke(unverified, moment))
            case PolicyVersion():
                after = replace(self, schedules=self._announce(verified))
            case _:
                require_rising(statement, self.newest(statement))
        fact = judge_fact(Fact(self.last + 1, moment, data, verified), self.newest(statement), self.trust)
        return append_fact(after, fact), fact

    def at_place(self, place: int) -> "Gazette":
        """The gazette that goes on at a place; what stood between is no longer kept."""
        return replace(self, last=place - 1)

    @property
    def governed(self) -> int:
        """How much governance has signed."""
        return len(self.decrees)

    def newest(self, statement: RootFact) -> Any:  # noqa: ANN401 - of the kind of the statement
        """What was accepted last of the same book, oracle or chain."""
        row = self.rows.get((statement.KIND, statement.scope), ())
        return row[-1].statement if row else None

    def _announce(self, verified: Verified[PolicyVersion]) -> Mapping[tuple[str, int], PolicySchedule]:
        version = verified.statement
        known = self.schedules.get(version.market)
        schedule = known.announce(verified) if known else PolicySchedule((version,))
        return MappingProxyType({**self.schedules, version.market: schedule})

    # --- Asking --------------------------------------------------------------------------------------

    def require_roots(self, inputs: PublicInputs, moment: int) -> Roots:
        """Steps 3 and 4: the roots that a claim names, each good at the moment.

        For an input that the statement does not use there is ``NO_ROOT``; whether it may leave it out is step 3, too,
        and asked by whoever knows what was demanded.
        """
        book = self._require_root("book_root", inputs.book_root, self._nameable(Kind.BOOK_ROOT), moment)
        market = self._require_root("market_root", inputs.market_root, self._nameable(Kind.MARKET_ROUND), moment)
        combined = ((each.root, each.facts) for each in reversed(self.combinations))
        lock = self._require_root("lock_root", inputs.lock_root, combined, moment)
        return Roots(book, market, lock)

    def _require_root(self, name: str, root: int, known: Iterator[tuple[int, tuple[Fact, ...]]], moment: int) -> int:
        """A root of which some fact is good; of facts that are not, the newest says why."""
        if root == stand_in(name):
            return NO_ROOT
        refusal: MarginError | None = None
        for _, facts in (each for each in known if each[0] == root):
            try:
                for fact in facts:
                    self.require_good(fact, moment, name)
            except RejectedError as error:
                refusal = refusal or error
            else:
                return root
        expected = "a root that was published here by those who are trusted with it"
        raise refusal or RejectedError(Reason.WRONG_ROOT, name, found=str(root), expected=expected)

    def _nameable(self, kind: Kind) -> Iterator[tuple[int, tuple[Fact, ...]]]:
        """The roots of a book or an oracle that may be named, the newest first."""
        horizon = horizon_of(self.last)
        row = self.rows.get((kind, self._scope_of(kind)), ())
        for place in range(len(row) - 1, -1, -1):
            if place + 1 < len(row) and row[place + 1].place <= horizon:
                return
            yield row[place].statement.root, (row[place],)

    def require_good(self, fact: Fact, moment: int, name: str) -> None:
        """A fact that can be relied on at a moment: ``name`` is what is said to be wrong with it."""
        if fact.doubt is not None:
            raise fact.doubt
        statement = fact.statement
        if self.roster.in_force(statement.SIGNED_BY, statement.scope, moment) != fact.verified.committee:
            found, expected = "one that another committee made", "a fact of the committee in force"
            raise RejectedError(Reason.WRONG_COMMITTEE, name, found=found, expected=expected)
        self.require_standing(fact, moment, name)
        if moment < fact.fresh_from:
            expected = f"a moment from {fact.fresh_from} on"
            raise RejectedError(Reason.FROM_THE_FUTURE, name, found=moment, expected=expected)
        if moment >= fact.fresh_until:
            raise RejectedError(Reason.TOO_OLD, name, found=moment, expected=f"a moment before {fact.fresh_until}")

    def require_standing(self, fact: Fact, moment: int, name: str) -> None:
        """As many of those who signed as it took still count: what others carried over the threshold is no good."""
        revoked = self.roster.revoked
        begins, ends = fact.verified.standing(fact.wanted, revoked)
        if begins <= moment < ends:
            return
        reason = Reason.REVOKED_SIGNER if fact.verified.signers & revoked else Reason.EXPIRED_SIGNER
        expected = f"{fact.wanted} signers that count"
        raise RejectedError(reason, name, found="too few of them left", expected=expected)

    def is_good(self, fact: Fact, moment: int) -> bool:
        """Whether a fact can be relied on at a moment."""
        if not fact.fresh_from <= moment < fact.fresh_until:
            return False
        try:
            self.require_good(fact, moment, "fact")
        except MarginError:
            return False
        return True

    def current(self, moment: int) -> PublishedRoots:
        """The newest root of each kind that is good."""
        book = self.best(Kind.BOOK_ROOT, self.trust.venue, moment)
        market = self.best(Kind.MARKET_ROUND, self.trust.oracle, moment)
        good = (each for each in reversed(self.combinations) if all(self.is_good(fact, moment) for fact in each.facts))
        locks = next(good, None)
        return PublishedRoots(
            self._describe(book.statement.root, book.statement.sequence, (book,)) if book else None,
            self._describe(market.statement.root, market.statement.sequence, (market,)) if market else None,
            self._describe(locks.root, locks.place + 1, locks.facts) if locks else None,
        )

    def best(self, kind: Kind, subject: str, moment: int) -> Fact | None:
        """The newest fact of a row that is good."""
        row = self.rows.get((kind, subject), ())
        return next((fact for fact in reversed(row) if self.is_good(fact, moment)), None)

    def _describe(self, root: int, sequence: int, facts: Sequence[Fact]) -> PublishedRoot:
        observed_at = min(fact.observed_at for fact in facts)
        expires_at = min(map(self._end_of, facts))
        return PublishedRoot(root, sequence, observed_at, expires_at, tuple(fact.data for fact in facts))

    def _end_of(self, fact: Fact) -> int:
        """From when on a fact is not good any more, by what is known now."""
        _, ends = fact.verified.standing(fact.wanted, self.roster.revoked)
        seat = fact.statement.SIGNED_BY, fact.statement.scope
        after = (
            each.active_from for each in self.roster.committees[seat] if each.epoch > fact.verified.committee.epoch
        )
        return min(fact.fresh_until, ends, *after)

    def _scope_of(self, kind: Kind) -> str:
        return self.trust.venue if kind is Kind.BOOK_ROOT else self.trust.oracle

    def _limit_of(self, statement: LockRoot) -> AgeLimit:
        chain = self.trust.chains.get(statement.chain_id)
        if chain is None:
            expected = "a chain that has a slot"
            raise RejectedError(Reason.WRONG_COMMITTEE, "chain_id", found=statement.chain_id, expected=expected)
        return chain.limit


def append_fact(gazette: Gazette, fact: Fact) -> Gazette:
    """The gazette with one more fact, without what nobody can ask for any more."""
    kind, (subject, sequence) = fact.statement.KIND, identify(fact.statement)
    rows, decrees = dict(gazette.rows), gazette.decrees
    if kind in OBSERVED:
        rows[kind, subject] = (*rows.get((kind, subject), ()), fact)
    else:
        decrees = MappingProxyType({**decrees, (kind, subject, sequence): fact})
    horizon = horizon_of(fact.place)
    kept = MappingProxyType({seat: trim_row(row, horizon) for seat, row in rows.items()})
    after = replace(gazette, rows=kept, decrees=decrees, last=fact.place)
    after = replace(after, combinations=combine_locks(after, fact.place, fact.accepted_at))
    change = Change(fact.place, sha256(fact.data).digest(), after.current(fact.accepted_at))
    return replace(after, changes=(*(each for each in gazette.changes if each.place > horizon), change))


def combine_locks(gazette: Gazette, place: int, moment: int) -> tuple[Combination, ...]:
    """The combinations with that of now, where it is another one than before."""
    chains = sorted(gazette.trust.chains.values(), key=lambda chain: chain.slot)
    best = {chain.slot: gazette.best(Kind.LOCK_ROOT, name_chain(chain.chain_id), moment) for chain in chains}
    there = {slot: fact for slot, fact in best.items() if fact is not None}
    facts, known = tuple(there.values()), gazette.combinations
    if facts and (not known or facts != known[-1].facts):
        root = combine_chain_roots({slot: fact.statement.root for slot, fact in there.items()})
        known = (*known, Combination(place, root, facts))
    return tuple(each for each in known[:-1] if each.place > horizon_of(place)) + known[-1:]


# --- The rules -------------------------------------------------------------------------------------------


@cache
def stand_in(name: str) -> int:
    """What stands in an input that a statement does not use; asked for with every claim, and a hash."""
    return unused_input(name)


def read_fact(data: bytes) -> Signed[Any]:
    """A signed fact of any kind that is published; a report of one member is none."""
    kind = kind_of(data)
    if kind not in STATEMENTS:
        expected = f"one of {', '.join(STATEMENTS)}"
        raise MalformedError(Reason.WRONG_MESSAGE, "statement", found=kind, expected=expected)
    return decode_signed(data, STATEMENTS[kind])


def identify(statement: Publishable) -> tuple[str, int]:
    """Of what a statement is one in a row, and its number there."""
    match statement:
        case PolicyVersion():
            return f"{statement.venue}/{statement.market_id}", statement.version
        case Appointment():
            return f"{statement.appointed.purpose}:{statement.appointed.scope}", statement.appointed.epoch
        case Revocation():
            return statement.key.hex(), ONCE
        case _:
            return statement.scope, statement.sequence


def name_content(statement: Publishable) -> bytes:
    """What a statement comes to, in 32 bytes: a root, the hash of a policy, the digest of a committee, a key."""
    match statement:
        case PolicyVersion():
            return encode_root(statement.policy_hash)
        case Appointment():
            return statement.appointed.digest
        case Revocation():
            return statement.key
        case _:
            return encode_root(statement.root)


def says_the_same(one: Publishable, other: Publishable) -> bool:
    """Whether two statements with one number say one thing: what governance repeats after a rotation is no lie."""
    if isinstance(one, Appointment | Revocation):
        return name_content(one) == name_content(other)
    return one == other


def require_scope(found: str, trusted: str) -> None:
    """The one that is trusted."""
    if found != trusted:
        raise RejectedError(Reason.WRONG_COMMITTEE, "scope", found=found, expected=trusted)


def require_rising(statement: RootFact, before: RootFact | None) -> None:
    """Whatever else is asked of a root, its number goes up."""
    if before is not None and statement.sequence <= before.sequence:
        expected = f"above {before.sequence}"
        raise RejectedError(Reason.NOT_RISING, "sequence", found=statement.sequence, expected=expected)


def judge_fact(fact: Fact, before: RootFact | None, trust: Trust) -> Fact:
    """How long a root is fresh and how many have to stand behind it, by the rules of now."""
    statement, wanted = fact.statement, fact.verified.committee.threshold
    match statement:
        case BookRoot():
            return judge_age(replace(fact, wanted=wanted), trust.book_limit)
        case LockRoot() if statement.chain_id in trust.chains:
            return judge_age(replace(fact, wanted=wanted), trust.chains[statement.chain_id].limit)
        case MarketRound():
            return judge_round(fact, before if isinstance(before, MarketRound) else None, trust)
        case _:
            return fact


def judge_age(fact: Fact, limit: AgeLimit) -> Fact:
    """How long a fact is fresh."""
    stated = fact.observed_at
    ahead, age = limit.max_ahead_seconds, limit.max_age_seconds
    return replace(fact, fresh_from=stated - ahead, fresh_until=stated + age + 1)


def judge_round(fact: Fact, before: MarketRound | None, trust: Trust) -> Fact:
    """How long a round is fresh as a whole and in every feed, and whether it is believed at all."""
    fact = judge_age(fact, trust.round_limit)
    prices = fact.statement.prices
    try:
        require_round_prices(fact.verified, before, trust.rules, fact.accepted_at)
    except MarginError as doubt:
        return replace(fact, doubt=doubt)
    spans = [(price.observed_at, trust.rules[price.feed]) for price in prices]
    jumps = find_jumps(prices, before.prices if before else (), trust.rules)
    committee = fact.verified.committee
    return replace(
        fact,
        wanted=committee.quorum if jumps else committee.threshold,
        fresh_from=max(fact.fresh_from, *(at - rule.max_ahead_seconds for at, rule in spans)),
        fresh_until=min(fact.fresh_until, *(at + rule.max_age_seconds + 1 for at, rule in spans)),
    )


def horizon_of(place: int) -> int:
    """The place up to which nothing is kept for its own sake once there is something at another place."""
    return place - KEPT_CHANGES


def trim_row(row: tuple[Fact, ...], horizon: int) -> tuple[Fact, ...]:
    """A row without the facts that were not the newest in any change after the horizon, but for the last of them.

    That one is what the next was compared with.
    """
    gone = sum(after.place <= horizon for after in row[1:])
    return row[max(gone - 1, 0) :]


def step_of(refusal: MarginError) -> int:
    """Which of the numbered steps of a claim has refused its roots: 3, or 4 where they are known and not fresh."""
    return 4 if refusal.reason in STALE else 3
