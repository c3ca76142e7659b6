"""A lock that is paid out or seized, or that leaves alone, from a wallet to the inputs of ``release`` or ``exit``.

It is for the escrow that has the lock, which knows the locks of its own chain alone.
"""

from circuits.statements.claim import Inputs
from circuits.statements.exit import ExitWitness
from circuits.statements.exit import inputs_for as exit_inputs
from circuits.statements.release import ReleaseWitness
from circuits.statements.release import inputs_for as release_inputs
from facts.commitments import commit_lock
from margin.errors import MisuseError, Reason
from prover.wallet import KeptLock
from prover.witness import Situation


def assemble_release(situation: Situation, place: int) -> Inputs:
    """The inputs of ``release`` for one of the locks of a position; the demand names its asset and amount."""
    kept, demand = find_lock(situation, place), situation.demand
    path = situation.publication.escrow_path(kept.lock.chain_id, commit_lock(kept.lock))
    inputs = release_inputs(ReleaseWitness(situation.key, kept.lock, kept.salt, path, demand.binding))
    return {**inputs, "context": demand.context, "policy": demand.policy.encode()}


def assemble_exit(situation: Situation, place: int) -> Inputs:
    """The inputs of ``exit``, for which no published lock is asked: the escrow has the deposit."""
    kept, demand = find_lock(situation, place), situation.demand
    inputs = exit_inputs(ExitWitness(situation.key, kept.lock, kept.salt, demand.binding))
    return {**inputs, "context": demand.context, "policy": demand.policy.encode()}


def find_lock(situation: Situation, place: int) -> KeptLock:
    """One of the locks of a position."""
    locks = situation.kept.locks
    if not 0 <= place < len(locks):
        expected = f"one of the position's {len(locks)} locks, counted from 0"
        raise MisuseError(Reason.NOT_IN_TREE, "--lock", found=place, expected=expected)
    return locks[place]
