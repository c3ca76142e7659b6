"""A lock that is to be paid out or seized, from a wallet to the inputs of ``release``."""

from circuits.statements.claim import Inputs
from circuits.statements.release import ReleaseWitness, inputs_for
from facts.commitments import commit_lock
from margin.errors import MisuseError, Reason
from prover.witness import Situation


def assemble_release(situation: Situation, place: int) -> Inputs:
    """The inputs of ``release`` for one of the locks of a position; the demand names its asset and amount."""
    locks = situation.kept.locks
    if not 0 <= place < len(locks):
        expected = f"one of the position's {len(locks)} locks, counted from 0"
        raise MisuseError(Reason.NOT_IN_TREE, "--lock", found=place, expected=expected)
    kept, demand = locks[place], situation.demand
    path = situation.publication.lock_path(kept.lock.chain_id, commit_lock(kept.lock))
    inputs = inputs_for(ReleaseWitness(situation.key, kept.lock, kept.salt, path, demand.binding))
    return {**inputs, "context": demand.context, "policy": demand.policy.encode()}
