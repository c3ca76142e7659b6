"""Claims as a proof would make them, about positions and locks that a test names by small numbers."""

from dataclasses import dataclass, replace
from itertools import count

from facts.context import Binding
from facts.demand import Demand, ReleaseDemand
from facts.policy import StatementPolicy
from facts.public_inputs import PublicInputs, identify_claim, unused_input
from facts.transition import UNUSED_INPUTS, Flows, StatedTransition
from margin.requirement import RequirementKind
from verifier.acceptance import Terms
from verifier.claim import ProvedClaim
from verifier.store.ledger import Request
from verifier.store.schema import Identity

DOMAIN = "clearing.example"
IDENTITY = Identity(DOMAIN, "clearing.example/log")
NOON = 1_800_000_000
PERIOD = 600
BINDING = Binding("desk-1", 1, b"\x11" * 20, b"\x22" * 20, NOON + 10_000)
ENTRY = StatementPolicy(RequirementKind.INITIAL, least_basket_value=5)
UPKEEP = StatementPolicy(RequirementKind.MAINTENANCE)
TERMS = Terms(ENTRY, UPKEEP, PERIOD)
RELEASE = ReleaseDemand("usdc", 1000)
STATED = StatedTransition((501, 502), Flows(840, paid_in=7))
KEY_ID = "ab" * 32
TAG = 77

_numbers = count(1)


@dataclass
class Watch:
    """A clock that stands still until a test moves it."""

    now: int = NOON

    def __call__(self) -> int:
        return self.now


def prove(
    *nullifiers: int,
    policy: StatementPolicy | ReleaseDemand = ENTRY,
    tag: int = TAG,
    book: int = 1,
    binding: Binding = BINDING,
    domain: str = DOMAIN,
    is_for_development: bool = False,
) -> ProvedClaim:
    """A claim that was proved; ``book`` is the round, so that another round is another claim."""
    demand = Demand(policy, domain, binding)
    inputs = PublicInputs(book, 2, 3, tag, nullifiers, demand.context, policy.encode())
    claim_id = identify_claim(demand.domain_element, KEY_ID, inputs)
    return ProvedClaim(claim_id, KEY_ID, is_for_development, inputs, demand)


def prove_release(nullifier: int, *, recipient: bytes = b"\x33" * 20) -> ProvedClaim:
    """The release of a lock to the venue."""
    claim = prove(nullifier, policy=RELEASE, tag=unused_input("position_tag"))
    return replace(claim, demand=replace(claim.demand, binding=replace(BINDING, recipient=recipient)))


def prove_transition(
    *spent: int,
    stated: StatedTransition = STATED,
    book: int = 1,
    binding: Binding = BINDING,
    domain: str = DOMAIN,
    is_for_development: bool = False,
) -> ProvedClaim:
    """A transition that was proved; what it spends are old leaves and births, which a test names by small numbers."""
    demand = Demand(stated, domain, binding)
    unused = {name: unused_input(name) for name in UNUSED_INPUTS}
    inputs = PublicInputs(
        book, 2, nullifiers=spent or (101, 102, 103, 104), context=demand.context, policy=stated.encode(), **unused
    )
    claim_id = identify_claim(demand.domain_element, KEY_ID, inputs)
    return ProvedClaim(claim_id, KEY_ID, is_for_development, inputs, demand)


def ask(name: str | None = None, caller: str = "trader.example") -> Request:
    """A request, new unless it has a name."""
    return Request(caller, name or f"request-{next(_numbers)}")
