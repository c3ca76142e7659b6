"""What becomes of a claim that positions changed: a rule without a store, like those of acceptances.

    new     a proof of a transition or a liquidation      its nullifiers are spent, its leaves stand in the book

A transition has no life: it happens once, and nothing that it spent is ever spent again. Which leaves it succeeded
nobody sees but whoever knows how they open; that they stood in the book is what was proved.
"""

from facts.applied_transition import AppliedTransition
from facts.demand import describe_stated
from facts.log_entry import LoggedClaim
from verifier.claim import ProvedClaim, require_policy


def record_transition(claim: ProvedClaim, moment: int) -> AppliedTransition:
    """What the log says of a claim that is applied."""
    kind, leaves = describe_stated(claim.demand.policy)
    require_policy(claim.inputs, claim.demand.policy)
    logged = LoggedClaim(claim.id, claim.key_id, claim.inputs)
    return AppliedTransition(kind, claim.is_for_development, moment, leaves, logged)
