"""What every statement's inputs are made of: what a wallet keeps, among what is published, for what is demanded."""

from dataclasses import dataclass, field

from circuits.statements.claim import LockOpening, MarginClaim
from facts.commitments import commit_lock, commit_position
from facts.demand import Demand
from prover.publication import Publication
from prover.wallet import KeptLock, KeptPosition


@dataclass(frozen=True, slots=True)
class Situation:
    """A committed position among published facts, and what is demanded of it."""

    key: int = field(repr=False)
    kept: KeptPosition = field(repr=False)
    publication: Publication = field(repr=False)
    demand: Demand

    def claim(self, currency_id: int) -> MarginClaim:
        """What all margin statements share."""
        kept, demand = self.kept, self.demand
        return MarginClaim(
            secret=self.key,
            position=kept.committed,
            book_path=self.publication.position_path(commit_position(kept.committed)),
            policy=demand.margin_policy,
            domain=demand.domain_element,
            binding=demand.binding,
            locks=tuple(open_lock(self.publication, each, currency_id) for each in kept.locks),
        )


def open_lock(publication: Publication, kept: KeptLock, currency_id: int) -> LockOpening:
    """A lock with its paths, in the haircut tier that holds for its amount."""
    lock = kept.lock
    tier = publication.round.asset_tier(lock.asset, currency_id, lock.amount)
    path = publication.lock_path(lock.chain_id, commit_lock(lock))
    return LockOpening(lock, kept.salt, path, tier, publication.round.path(tier))
