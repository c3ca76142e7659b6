"""The policy of a statement: what its proof says of a position, in one public word.

    policy = which requirement + shock * 2 + buffer * 2^21 + least basket value * 2^41

All zeros is the initial requirement and nothing on top of it; every bit but the first makes a statement say more.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from facts.elements import require_range
from facts.packing import POLICY, PPM_BITS
from margin.bounds import MONEY_BITS, PPM
from margin.requirement import RequirementKind

MOST_KEPT: Final = 1024
MAX_SHOCK_PPM: Final = PPM - 1
"""A mark that fell by all of itself would be no price."""


@dataclass(frozen=True, slots=True)
class StatementPolicy:
    """Equity exceeds the requirement by the buffer after the mark has moved against the position by the shock."""

    requirement: RequirementKind
    shock_ppm: int = 0
    """It proves a bound on the liquidation price: the position survives such a move."""
    buffer_ppm: int = 0
    """It proves a bound on the margin ratio: equity >= requirement * (1 + buffer)."""
    least_basket_value: int = 0
    """Money units that the locks count for, at least."""

    def __post_init__(self) -> None:
        require_range(self.shock_ppm, "shock_ppm", 0, MAX_SHOCK_PPM, "ppm: at least 0, below 10^6")
        require_range(self.buffer_ppm, "buffer_ppm", 0, 2**PPM_BITS - 1, f"ppm of at most {PPM_BITS} bits")
        expected = f"money units of at most {MONEY_BITS} bits"
        require_range(self.least_basket_value, "least_basket_value", 0, 2**MONEY_BITS - 1, expected)

    def encode(self) -> int:
        """The public word."""
        return encode_policy(self)

    @property
    def parts(self) -> dict[str, int]:
        """The numbers that the word holds, as a statement takes them."""
        return {
            "maintenance": int(self.requirement is RequirementKind.MAINTENANCE),
            "shock_ppm": self.shock_ppm,
            "buffer_ppm": self.buffer_ppm,
            "least_basket_value": self.least_basket_value,
        }

    @classmethod
    def decode(cls, word: int) -> "StatementPolicy":
        """The policy that a public word says; a word that says anything else is refused."""
        values = POLICY.decode(word)
        kind = RequirementKind.MAINTENANCE if values.pop("maintenance") else RequirementKind.INITIAL
        return cls(kind, **values)


@lru_cache(maxsize=MOST_KEPT)
def encode_policy(policy: StatementPolicy) -> int:
    """The public word of a policy, of which few are asked about again and again."""
    return POLICY.encode(policy.parts)
