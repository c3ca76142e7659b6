"""The policy word: what a verifier asks for beyond ``equity >= requirement``.

    policy = maintenance + 2 * shock_ppm + 2^21 * buffer_ppm + 2^41 * least basket value

The first three parts are range-checked. The least basket value is what is left of the word, divided by 2^41 in the
field; it gets its range where it is compared with the basket, and only then are the other parts determined. So whoever
opens a policy must call ``enforce_least_basket`` too.
"""

from dataclasses import dataclass
from typing import Final

from circuits.builder import Builder
from circuits.gadgets.packing import declare_packed
from circuits.gadgets.ranges import enforce_fits, limit_to
from circuits.signal import Bit, Bounded, Signal
from facts.packing import POLICY, Packing
from facts.policy import MAX_SHOCK_PPM
from snark.bn254.constants import GROUP_ORDER

FRONT: Final = Packing(POLICY.name, POLICY.parts[:-1])
"""All parts but the last, which is the least basket value."""

MEANINGS: Final = {
    "maintenance": "1: the maintenance requirement, 0: the initial one",
    "shock_ppm": "by how much the mark is moved against the position",
    "buffer_ppm": "by how much equity exceeds the requirement",
}


@dataclass(frozen=True, slots=True, eq=False)
class PolicySignals:
    """The parts of the word."""

    maintenance: Bit
    shock_ppm: Bounded
    buffer_ppm: Bounded
    least_basket_value: Signal


def open_policy(builder: Builder, word: Signal) -> PolicySignals:
    """The parts of a public word. A shock of 10^6 or more is refused: it would leave a long position no price."""
    with builder.scope("policy"):
        front = declare_packed(builder, FRONT, MEANINGS)
        shock = limit_to(front["shock_ppm"], MAX_SHOCK_PPM, rule="shock_leaves_a_price")
    least = (word - front.element) * pow(2, -FRONT.bits, GROUP_ORDER)
    return PolicySignals(front.bit("maintenance"), shock, front["buffer_ppm"], least)


def enforce_least_basket(policy: PolicySignals, basket: Bounded) -> None:
    """``basket >= least basket value``: their difference has no more bits than the basket.

    So the least value lies in (-2^n, 2^n) where a basket has n bits, far less than the 253 - 41 bits at which another
    front of 41 bits could make the same word modulo r: the parts are determined. Without locks the basket is the number
    0, and the policy may ask for nothing.
    """
    enforce_fits(basket - policy.least_basket_value, basket.bits, rule="basket_covers_least_value")


def enforce_no_shock(policy: PolicySignals) -> None:
    """A statement that moves no mark refuses a policy that asks for it: its proof would say less than was asked for."""
    policy.shock_ppm.builder.enforce_equal(policy.shock_ppm, 0, rule="policy_has_no_shock")
