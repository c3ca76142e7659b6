"""Who computes on the curve: ``native`` for work, ``reference`` to be read and compared with, one interface.

Both check every point that they are given and raise the same reasons, so that it makes no difference
for the caller which of them said no.
"""

import os
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Protocol, cast

from snark.bn254.points import G1Point, G2Point
from snark.bn254.threads import require_threads
from snark.errors import MisuseError, Reason

BACKEND_VARIABLE = "RINGFENCE_BACKEND"
"""The environment variable that chooses the backend where the caller leaves the choice open."""

TargetElement = tuple[int, ...]
"""An element of F_p12 as twelve numbers, in the order in which snarkjs nests them."""


class BackendName(StrEnum):
    """Which backend does the work."""

    AUTO = "auto"
    """``native`` where it is built, else ``reference``."""

    NATIVE = "native"
    REFERENCE = "reference"


class CurveBackend(Protocol):
    """The groups and the pairing. Scalars are below r; infinity is allowed unless it says otherwise."""

    name: BackendName
    threads: int | None
    """How many threads whole columns of points are spread over; as many as there are cores where it is not said."""

    def add_g1(self, left: G1Point, right: G1Point) -> G1Point:
        """``left + right``."""
        ...

    def multiply_g1(self, point: G1Point, scalar: int) -> G1Point:
        """``[scalar] point``."""
        ...

    def add_g2(self, left: G2Point, right: G2Point) -> G2Point:
        """``left + right``."""
        ...

    def multiply_g2(self, point: G2Point, scalar: int) -> G2Point:
        """``[scalar] point``."""
        ...

    def require_g1(self, point: G1Point, field: str) -> None:
        """Refuse infinity and what is off the curve."""
        ...

    def require_g2(self, point: G2Point, field: str) -> None:
        """Refuse infinity, what is off the twist, and what is outside the subgroup of order r."""
        ...

    def is_pairing_product_one(self, pairs: Sequence[tuple[G1Point, G2Point]]) -> bool:
        """Whether ``e(P_1, Q_1) e(P_2, Q_2) ... = 1``, as EIP-197 asks."""
        ...

    def compute_pairing(self, p: G1Point, q: G2Point) -> TargetElement:
        """The optimal ate pairing as snarkjs writes it: ``e(P, Q)`` to the power ``PAIRING_EXPONENT``."""
        ...


def choose_name(name: BackendName | str = BackendName.AUTO) -> BackendName:
    """The backend that is meant: what the caller says, else the environment, else the fastest that is there."""
    wanted = name if name != BackendName.AUTO else os.environ.get(BACKEND_VARIABLE, BackendName.AUTO)
    try:
        chosen = BackendName(wanted)
    except ValueError:
        choices = ", ".join(BackendName)
        raise MisuseError(Reason.NOT_A_CHOICE, "backend", found=wanted, expected=f"one of {choices}") from None
    if chosen is BackendName.AUTO:
        return BackendName.NATIVE if is_native_built() else BackendName.REFERENCE
    if chosen is BackendName.NATIVE and not is_native_built():
        raise MisuseError(Reason.BACKEND_MISSING, "backend", found="no native module", expected="a built native module")
    return chosen


@cache
def is_native_built() -> bool:
    """Whether the native module of this package is there."""
    try:
        import_module("snark._native")
    except ImportError:
        return False
    return True


def choose_curve(name: BackendName | str = BackendName.AUTO, *, threads: int | None = None) -> CurveBackend:
    """The curve as the chosen backend computes it."""
    require_threads(threads)
    chosen = choose_name(name)
    module = import_module(f"snark.bn254.{chosen}")  # loaded when asked for: py_ecc takes a while, native may be absent
    return cast("CurveBackend", module.make_curve(threads))
