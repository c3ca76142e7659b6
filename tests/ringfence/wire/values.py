"""Values of every kind that goes over the wire, drawn at random within what they may be."""

from hypothesis import strategies as st

from facts.context import Binding
from facts.deleverage import StatedDeleverage
from facts.demand import Demand, ReleaseDemand
from facts.liquidation import SETTLED_BITS, LiquidationFlows, StatedLiquidation
from facts.log_entry import State
from facts.policy import StatementPolicy
from facts.public_inputs import PublicInputs
from facts.transition import Flows, StatedTransition
from margin.bounds import MAX_AMOUNT, MONEY_BITS
from margin.deleverage import PnlBasis
from margin.requirement import RequirementKind
from ringfence.wire.acceptance import AcceptanceReport
from ringfence.wire.claim import Refusal, UnverifiedClaim
from snark.bn254.constants import FIELD_MODULUS, GROUP_ORDER
from snark.bn254.points import G1Point, G2Point
from snark.groth16.proof import Proof

elements = st.one_of(st.integers(1, 3), st.integers(1, GROUP_ORDER - 1), st.just(GROUP_ORDER - 1))
identities = st.binary(min_size=32, max_size=32).filter(any).map(bytes.hex)
moments = st.one_of(st.integers(1, 2**34), st.integers(1, 2**62 - 1))
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
addresses = st.binary(min_size=1, max_size=64)
coordinates = st.integers(1, FIELD_MODULUS - 1)
pairs = st.tuples(coordinates, coordinates)
proofs = st.builds(
    Proof,
    st.builds(G1Point, coordinates, coordinates),
    st.builds(G2Point, pairs, pairs),
    st.builds(G1Point, coordinates, coordinates),
)
policies = st.builds(
    StatementPolicy,
    st.sampled_from(RequirementKind),
    st.integers(0, 10**6 - 1),
    st.integers(0, 2**20 - 1),
    st.integers(0, 2**MONEY_BITS - 1),
)
releases = st.builds(ReleaseDemand, names, st.integers(1, MAX_AMOUNT))
bindings = st.builds(Binding, names, st.integers(1, 2**64 - 1), addresses, addresses, st.integers(1, 2**64 - 1))
currencies, money = st.integers(1, 4095), st.integers(0, 2**MONEY_BITS - 1)
settled = st.integers(-(2**MONEY_BITS) + 1, 2**MONEY_BITS - 1)
transitions = st.builds(
    StatedTransition, st.tuples(elements, elements), st.builds(Flows, currencies, money, money, money, settled)
)
large = st.integers(0, 2**SETTLED_BITS - 1)
slippages = st.integers(0, 2**64 - 1)
liquidation_flows = st.builds(
    LiquidationFlows, currencies, money, slippages, settled.map(lambda each: 4 * each), money, money, large, large
)
liquidations = st.builds(StatedLiquidation, elements, liquidation_flows)
deleverages = st.builds(
    StatedDeleverage, st.sampled_from(PnlBasis), elements, st.lists(elements, min_size=1, max_size=12).map(tuple)
)
sayings = st.one_of(policies, releases, transitions, liquidations, deleverages)
demands = st.builds(Demand, sayings, names, bindings)
public_inputs = st.builds(
    PublicInputs,
    book_root=elements,
    market_root=elements,
    lock_root=elements,
    position_tag=elements,
    nullifiers=st.lists(elements, max_size=4, unique=True).map(tuple),
    context=elements,
    policy=st.integers(0, GROUP_ORDER - 1),
)
claims = st.builds(UnverifiedClaim, identities, public_inputs.map(lambda inputs: inputs.values), proofs, demands)
refusals = st.builds(
    Refusal,
    st.integers(1, 9),
    st.from_regex(r"[A-Z][A-Z0-9_]{0,63}", fullmatch=True),
    st.from_regex(r"[a-z_.]{0,40}", fullmatch=True),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=400),
)


@st.composite
def acceptances(draw: st.DrawFn) -> AcceptanceReport:
    accepted, refreshed = sorted((draw(moments), draw(moments)))
    return AcceptanceReport(
        id=draw(identities),
        state=draw(st.sampled_from(State)),
        position_tag=draw(elements),
        nullifiers=tuple(sorted(draw(st.sets(elements, max_size=64)))),
        demand=draw(demands),
        key_id=draw(identities),
        is_for_development=draw(st.booleans()),
        accepted_at=accepted,
        refreshed_at=refreshed,
        lapses_at=draw(moments),
        revision=draw(st.integers(0, 2**62 - 1)),
        log_index=draw(st.integers(0, 2**62 - 1)),
    )
