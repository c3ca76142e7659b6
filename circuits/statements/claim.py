"""The inputs that all margin statements share, from the facts and secrets that they are made of.

Names are those of the statements' texts and of the parts that the facts are packed of.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from facts.asset import AssetTier
from facts.commitments import CommittedPosition, Lock, commit_lock, derive_nullifier, tag_position
from facts.context import Binding, commit_context
from facts.market import MarketTier
from facts.packing import sign_parts
from facts.policy import StatementPolicy
from facts.public_inputs import PublicInputs, unused_input
from facts.tree import Path
from snark.r1cs.program.execution import Given

Inputs = dict[str, Given]
"""What an engine and a witness program take: each input by its name."""


@dataclass(frozen=True, slots=True)
class LockOpening:
    """A lock of the trader with the salt of its owner, and the haircut tier that holds for its amount."""

    lock: Lock = field(repr=False)
    salt: int = field(repr=False)
    path: Path = field(repr=False)
    tier: AssetTier = field(repr=False)
    tier_path: Path = field(repr=False)


@dataclass(frozen=True, slots=True)
class MarginClaim:
    """A position, what backs it, and what is claimed of it where."""

    secret: int = field(repr=False)
    position: CommittedPosition = field(repr=False)
    book_path: Path = field(repr=False)
    policy: StatementPolicy
    domain: int
    binding: Binding
    locks: tuple[LockOpening, ...] = field(default=(), repr=False)

    def public_inputs(self, market_root: int) -> PublicInputs:
        """What the proof will be about."""
        return PublicInputs(
            book_root=self.book_path.root,
            market_root=market_root,
            lock_root=self.locks[0].path.root if self.locks else unused_input("lock_root"),
            position_tag=tag_position(self.secret, self.position.position_id),
            nullifiers=tuple(derive_nullifier(self.secret, commit_lock(opening.lock)) for opening in self.locks),
            context=commit_context(self.domain, self.binding),
            policy=self.policy.encode(),
        )

    def inputs(self, market_root: int) -> Inputs:
        """Public inputs, policy, position, context and locks; the body of the position is for its statement."""
        public = self.public_inputs(market_root)
        inputs: Inputs = dict(zip(public.names, public.values, strict=True))
        inputs |= prefixed("policy", without(self.policy.parts, "least_basket_value"))
        inputs |= {"secret": self.secret} | prefixed("position", position_inputs(self.position, self.book_path))
        if self.locks:
            inputs |= prefixed("context", {"domain": self.domain, "binding": self.binding.element})
        for index, opening in enumerate(self.locks):
            inputs |= prefixed(f"lock[{index}]", lock_inputs(opening))
        return inputs


def position_inputs(position: CommittedPosition, path: Path) -> Inputs:
    """What the statement has of the position besides its body."""
    return {
        "position_id": position.position_id,
        "salt": position.salt,
        "path": children_of(path),
        **prefixed("cash", sign_parts(position.cash)),
    }


def lock_inputs(opening: LockOpening) -> Inputs:
    """A lock and its haircut tier."""
    lock, tier = opening.lock, opening.tier
    asset_tier: Inputs = {
        "floor": tier.floor,
        "ceiling": tier.ceiling,
        "path": children_of(opening.tier_path),
        **without(tier.terms_parts, "currency_id"),
    }
    return lock_parts(lock, opening.salt, opening.path) | prefixed("asset_tier", asset_tier)


def lock_parts(lock: Lock, salt: int, path: Path) -> Inputs:
    """A lock, whose domain is that of the context, and where it stands."""
    return {**deposit_parts(lock, salt), "path": children_of(path)}


def deposit_parts(lock: Lock, salt: int) -> Inputs:
    """A lock, whose domain is that of the context."""
    return {
        "chain_id": lock.chain_id,
        "asset": lock.asset,
        "amount": lock.amount,
        "salt": salt,
        "deposit_index": lock.deposit_index,
    }


def market_inputs(market: MarketTier, path: Path) -> Inputs:
    """One tier of a market; which market it is stands in the position."""
    return {
        "floor": market.floor,
        "ceiling": market.ceiling,
        "initial": market.initial.encode(),
        "maintenance": market.maintenance.encode(),
        "policy_hash": market.policy_hash,
        "path": children_of(path),
        **without(market.terms_parts, "market_id"),
        **prefixed("funding", sign_parts(market.funding_index)),
    }


def children_of(path: Path) -> list[int]:
    """A path as a statement takes it: the lowest node first."""
    return [child for children in path.levels for child in children]


def prefixed(scope: str, inputs: Mapping[str, Given]) -> Inputs:
    """Inputs by the names that they have from outside a scope."""
    return {f"{scope}.{name}": value for name, value in inputs.items()}


def without(parts: Mapping[str, int], name: str) -> Inputs:
    """The parts of a packing but one, which the statement has already."""
    return {each: value for each, value in parts.items() if each != name}
