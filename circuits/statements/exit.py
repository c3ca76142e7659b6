"""``exit``: this nullifier is that of this very lock, whose owner is asking.

    lock_root = H(tag, chain id, domain, asset, amount, lock owner, deposit index)
    policy    = H(tag, asset, amount)

It is ``release`` in a tree that is a single leaf: in the place of the lock root stands the lock itself, which the
escrow computes from the deposit that it wrote down. So nobody has to vouch for a root, and it shows what leaves.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from circuits.builder import Builder
from circuits.statement import Statement
from circuits.statements.claim import Inputs, deposit_parts, prefixed
from circuits.statements.release import UNUSED, define_release
from facts.commitments import Lock, commit_lock, commit_release, derive_nullifier
from facts.context import Binding, commit_context
from facts.public_inputs import PublicInputs, unused_input


@dataclass(frozen=True)
class Exit(Statement):
    """One lock, and no tree."""

    name: ClassVar[str] = "exit"

    @property
    def shape(self) -> dict[str, int]:
        """There is nothing to choose."""
        return {}

    def define(self, builder: Builder) -> None:
        """The text."""
        define_release(builder, lock_levels=0)


@dataclass(frozen=True, slots=True)
class ExitWitness:
    """All that the owner of a lock needs to know to leave."""

    secret: int = field(repr=False)
    lock: Lock = field(repr=False)
    salt: int = field(repr=False)
    binding: Binding

    def public_inputs(self) -> PublicInputs:
        """What the proof will be about."""
        lock = commit_lock(self.lock)
        unused = {name: unused_input(name) for name in UNUSED}
        return PublicInputs(
            **unused,
            lock_root=lock,
            nullifiers=(derive_nullifier(self.secret, lock),),
            context=commit_context(self.lock.domain, self.binding),
            policy=commit_release(self.lock.asset, self.lock.amount),
        )


def inputs_for(witness: ExitWitness) -> Inputs:
    """The inputs of the statement by name."""
    public = witness.public_inputs()
    return {
        **dict(zip(public.names, public.values, strict=True)),
        "secret": witness.secret,
        **prefixed("context", {"domain": witness.lock.domain, "binding": witness.binding.element}),
        **prefixed("lock[0]", deposit_parts(witness.lock, witness.salt)),
    }
