"""Is a key what its ceremony made of the set-up? Everything but delta, C and H has to be as nobody touched it.

A contribution multiplies delta by x and divides C and H by it. Against the key of the set-up, C and H have therefore
the ratio of the two deltas, point by point, and all the rest is the same, byte by byte.
"""

from snark.bn254.backend import CurveBackend
from snark.bn254.encoding import decode_g2
from snark.errors import Reason, RejectedError
from snark.groth16.ceremony.bulk import choose_bulk
from snark.groth16.ceremony.phase2_transcript import (
    MOST_BEACON_EXPONENT,
    VerifiedContribution,
    require_contributions,
)
from snark.groth16.ceremony.progress import Progress, Tally, ignore_progress
from snark.groth16.ceremony.ratio import require_same_ratio
from snark.groth16.ceremony.sections import combine_two, require_points
from snark.groth16.development import require_no_development
from snark.groth16.formats.zkey import Zkey


def require_key(
    zkey: Zkey,
    initial: Zkey,
    curve: CurveBackend,
    *,
    most_beacon_exponent: int = MOST_BEACON_EXPONENT,
    progress: Progress = ignore_progress,
) -> tuple[VerifiedContribution, ...]:
    """The key follows from the key of the set-up by the contributions that it records.

    That ``initial`` is the set-up of a circuit over powers of tau is shown by making it anew from both.
    """
    require_no_development(decode_g2(zkey.header.gamma_g2, f"{zkey.place}: gamma"), zkey.place)
    require_untouched(zkey, initial)
    verified = require_contributions(zkey, curve, most_beacon_exponent=most_beacon_exponent)
    tally = Tally(progress, 2 * (len(zkey.c) + len(zkey.h)))
    require_points(zkey.c, choose_bulk(curve).g1, tally)
    require_points(zkey.h, choose_bulk(curve).g1, tally)
    require_divided(zkey, initial, curve, tally)
    return verified


def require_untouched(zkey: Zkey, initial: Zkey) -> None:
    """What no contribution may change is that of the set-up."""
    ours, theirs = initial.header, zkey.header
    parts = {
        "circuit hash": (initial.circuit_hash, zkey.circuit_hash),
        "variables": (ours.variables, theirs.variables),
        "public": (ours.public, theirs.public),
        "domain": (ours.domain, theirs.domain),
        "alpha in G1": (ours.alpha_g1, theirs.alpha_g1),
        "beta in G1": (ours.beta_g1, theirs.beta_g1),
        "beta in G2": (ours.beta_g2, theirs.beta_g2),
        "gamma in G2": (ours.gamma_g2, theirs.gamma_g2),
        "ic": (initial.ic.data, zkey.ic.data),
        "coefficients": (initial.coefficient_data, zkey.coefficient_data),
        "a": (initial.a.data, zkey.a.data),
        "b in G1": (initial.b_g1.data, zkey.b_g1.data),
        "b in G2": (initial.b_g2.data, zkey.b_g2.data),
    }
    for name, (expected, found) in parts.items():
        if expected != found:
            raise RejectedError(
                Reason.C08_ALTERED, f"{zkey.place}: {name}", found="another one", expected=f"that of {initial.place}"
            )


def require_divided(zkey: Zkey, initial: Zkey, curve: CurveBackend, tally: Tally) -> None:
    """C and H were divided by what delta was multiplied by, point by point."""
    deltas = decode_g2(zkey.header.delta_g2), decode_g2(initial.header.delta_g2)
    for after, before in ((zkey.c, initial.c), (zkey.h, initial.h)):
        combined = combine_two(before, after, choose_bulk(curve).g1, tally)
        if not (combined[0].infinity and combined[1].infinity):  # as they are where a circuit has no private wire
            require_same_ratio(curve, combined, deltas, Reason.C09_POWERS, after.place)
