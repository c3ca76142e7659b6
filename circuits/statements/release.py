"""``release``: this nullifier is that of a lock of so much of this asset, and nothing more.

    policy = H(tag, asset, amount)

It is what an escrow needs to pay out or to seize, and it is linked to no position: book, market and position tag are
unused. The word of the policy holds the asset and the amount instead, and everything else of the lock stays hidden but
that it is for the domain of the context.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Final

from circuits.builder import Builder
from circuits.relations.commitment import hash_tagged
from circuits.relations.context import open_context
from circuits.relations.lock import open_lock
from circuits.relations.position import declare_secret
from circuits.relations.public_inputs import declare_public_inputs
from circuits.statement import Statement
from circuits.statements.claim import Inputs, lock_parts, prefixed
from facts.commitments import Lock, commit_lock, commit_release, derive_nullifier
from facts.context import Binding, commit_context
from facts.lock_root import LOCK_LEVELS
from facts.public_inputs import PublicInputs, unused_input
from facts.tags import Tag
from facts.tree import Path

UNUSED: Final = ("book_root", "market_root", "position_tag")


@dataclass(frozen=True)
class Release(Statement):
    """One lock."""

    name: ClassVar[str] = "release"

    lock_levels: int = LOCK_LEVELS

    @property
    def shape(self) -> dict[str, int]:
        """How deep the tree of locks is."""
        return {"lock_levels": self.lock_levels}

    def define(self, builder: Builder) -> None:
        """The text."""
        define_release(builder, self.lock_levels)


def define_release(builder: Builder, lock_levels: int) -> None:
    """A lock in a tree of so many levels, and what is shown of it."""
    public = declare_public_inputs(builder, 1, unused=UNUSED)
    secret = declare_secret(builder)
    domain = open_context(builder, public.context)
    with builder.scope("lock[0]"):
        lock = open_lock(
            builder,
            secret=secret,
            domain=domain,
            nullifier=public.nullifiers[0],
            lock_root=public.lock_root,
            levels=lock_levels,
        )
    released = hash_tagged(builder, Tag.RELEASE, lock.asset, lock.amount)
    builder.enforce_equal(released, public.policy, rule="release_is_of_lock")


@dataclass(frozen=True, slots=True)
class ReleaseWitness:
    """All that the owner of a lock needs to know to make the proof."""

    secret: int = field(repr=False)
    lock: Lock = field(repr=False)
    salt: int = field(repr=False)
    path: Path = field(repr=False)
    binding: Binding

    def public_inputs(self) -> PublicInputs:
        """What the proof will be about."""
        unused = {name: unused_input(name) for name in UNUSED}
        return PublicInputs(
            **unused,
            lock_root=self.path.root,
            nullifiers=(derive_nullifier(self.secret, commit_lock(self.lock)),),
            context=commit_context(self.lock.domain, self.binding),
            policy=commit_release(self.lock.asset, self.lock.amount),
        )


def inputs_for(witness: ReleaseWitness) -> Inputs:
    """The inputs of the statement by name."""
    lock, public = witness.lock, witness.public_inputs()
    return {
        **dict(zip(public.names, public.values, strict=True)),
        "secret": witness.secret,
        **prefixed("context", {"domain": lock.domain, "binding": witness.binding.element}),
        **prefixed("lock[0]", lock_parts(lock, witness.salt, witness.path)),
    }
