"""A registry of the facts of these tests: who is trusted, what was appointed, and statements that are one word away."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from facts.committee import Committee
from facts.context import Binding
from facts.demand import Demand
from facts.ed25519 import SigningKey
from facts.lock_root import name_chain
from facts.policy import StatementPolicy
from facts.public_inputs import PublicInputs
from facts.roster import Appointment, Revocation
from facts.round_leaves import Listings
from facts.signed import Purpose
from margin.requirement import RequirementKind
from tests.facts.specimens import (
    BOOK,
    CHAIN,
    GOVERNANCE,
    GOVERNORS,
    LOCKS,
    NOW,
    ORACLE,
    REPORTERS,
    ROUND,
    RULES,
    VENUE,
    VENUE_KEY,
    WATCHERS,
    committee_of,
    keys_of,
    signed_by,
)
from tests.verifier.claims import IDENTITY, Watch
from verifier.freshness import AgeLimit
from verifier.registry import Registry
from verifier.store.database import Database
from verifier.trust import Chain, Trust

AGE = 60
AHEAD = 5
LIMIT = AgeLimit(AGE, AHEAD)
SECOND_WATCHERS = keys_of("watcher of the second", 3)
SECOND_CHAIN = committee_of(Purpose.WATCHERS, name_chain(2), SECOND_WATCHERS, 2, 3)
TRUST = Trust(
    governance=GOVERNANCE,
    digest=GOVERNANCE.digest,
    venue=VENUE.scope,
    book_limit=LIMIT,
    oracle=ORACLE.scope,
    round_limit=LIMIT,
    rules=RULES,
    chains={1: Chain(1, 0, LIMIT), 2: Chain(2, 5, LIMIT)},
    listings=Listings.of((), ()),
)
POLICY_WORD = StatementPolicy(RequirementKind.INITIAL).encode()
DEMAND = Demand(
    StatementPolicy(RequirementKind.INITIAL), "clearing.example", Binding("desk-1", 1, b"\1", b"\2", NOW + 9999)
)


def new_registry(database: Database, clock: Watch, *, trust: Trust = TRUST) -> Registry:
    """What is in a store, and nobody appointed by this."""
    return Registry(database, IDENTITY, trust, clock)


def open_registry(database: Database, clock: Watch) -> Registry:
    """A registry in which everybody has been appointed."""
    registry = new_registry(database, clock)
    for committee in (ORACLE, VENUE, CHAIN, SECOND_CHAIN):
        registry.publish(appointment_of(committee))
    return registry


def appointment_of(committee: Committee, governors: Collection[SigningKey] = GOVERNORS) -> bytes:
    """Governance appoints."""
    return signed_by(Appointment(GOVERNANCE.scope, GOVERNANCE.digest, committee), governors).encode()


def revocation_of(key: SigningKey, governors: Collection[SigningKey] = GOVERNORS) -> bytes:
    """Governance revokes."""
    return signed_by(Revocation(GOVERNANCE.scope, GOVERNANCE.digest, key.public_key), governors).encode()


def book_of(
    sequence: int = 12, root: int = BOOK.root, at: int = NOW, keys: Collection[SigningKey] = (VENUE_KEY,)
) -> bytes:
    """The venue's word."""
    return signed_by(replace(BOOK, sequence=sequence, root=root, published_at=at), keys).encode()


def round_of(
    sequence: int = 7,
    root: int = ROUND.root,
    at: int = NOW,
    keys: Collection[SigningKey] = REPORTERS[:4],
    **changes: object,
) -> bytes:
    """The oracle's word, its prices as old as the specimen's unless others are given."""
    prices = tuple(replace(price, observed_at=price.observed_at + at - NOW) for price in ROUND.prices)
    named: dict[str, object] = {"prices": prices, **changes}
    stated = replace(ROUND, sequence=sequence, root=root, closed_at=at, **named)  # type: ignore[arg-type]
    return signed_by(stated, keys).encode()


def locks_of(
    sequence: int = LOCKS.sequence,
    root: int = LOCKS.root,
    at: int = NOW,
    *,
    chain_id: int = 1,
    keys: Sequence[SigningKey] | None = None,
) -> bytes:
    """The watchers' word on a chain."""
    committee, known = (CHAIN, WATCHERS) if chain_id == 1 else (SECOND_CHAIN, SECOND_WATCHERS)
    stated = replace(
        LOCKS,
        chain_id=chain_id,
        committee=committee.digest,
        sequence=sequence,
        final_block=sequence + 40,
        root=root,
        observed_at=at,
    )
    return signed_by(stated, known[:2] if keys is None else keys).encode()


def part_of(watcher: SigningKey, **changes: Any) -> bytes:  # noqa: ANN401 - as ``locks_of`` has them
    """What one watcher says alone."""
    return locks_of(keys=[watcher], **changes)


def claim_of(registry: Registry, moment: int = NOW, **changes: int) -> PublicInputs:
    """The public inputs of a claim at the roots of a moment."""
    roots = registry.roots(moment)
    named = {
        name: 1 if root is None else root.root
        for name, root in (("book_root", roots.book), ("market_root", roots.market), ("lock_root", roots.locks))
    }
    return PublicInputs(
        **{**named, **changes}, position_tag=77, nullifiers=(5,), context=DEMAND.context, policy=POLICY_WORD
    )
