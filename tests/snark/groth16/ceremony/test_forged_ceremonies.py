"""K6: a ceremony that was tampered with is refused, and the reason says how."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from snark.bn254.backend import BackendName, CurveBackend, choose_curve
from snark.bn254.encoding import decode_g1, decode_g2, encode_g1, encode_g2
from snark.bn254.points import G1, G1Point
from snark.errors import MisuseError, Reason, RejectedError
from snark.groth16.ceremony.key_contribution import prove_knowledge
from snark.groth16.ceremony.key_verification import require_key
from snark.groth16.ceremony.phase1_transcript import require_contributions as require_powers_contributions
from snark.groth16.ceremony.phase1_transcript import require_ptau
from snark.groth16.ceremony.phase2_transcript import require_contributions
from snark.groth16.formats.contribution import ContributionKind, Provenance
from snark.groth16.formats.ptau import ALPHA_TAU_G1, LAGRANGE_BETA_TAU_G1, TAU_G1, Ptau, PtauContribution
from snark.groth16.formats.zkey import Zkey, ZkeyContribution
from snark.r1cs.column import Column, view_g1
from tests.snark.groth16.ceremony.small_ceremony import hold_ceremony

pytestmark = pytest.mark.native


@pytest.fixture
def curve() -> CurveBackend:
    """The quick one: the slow one needs minutes for all of these, and is held equal elsewhere."""
    return choose_curve(BackendName.NATIVE)


def double(point: bytes, curve: CurveBackend) -> bytes:
    """Another point of the same group."""
    if len(point) == 64:
        return encode_g1(curve.multiply_g1(decode_g1(point), 2))
    return encode_g2(curve.multiply_g2(decode_g2(point), 2))


def with_points(points: Column[G1Point], changes: dict[int, bytes]) -> Column[G1Point]:
    raw = [changes.get(index, points.raw(index)) for index in range(len(points))]
    return view_g1(memoryview(b"".join(raw)), points.place)


def with_doubled(points: Column[G1Point], index: int, curve: CurveBackend) -> Column[G1Point]:
    return with_points(points, {index: double(points.raw(index), curve)})


def alter_first(zkey: Zkey, **changes: Any) -> Zkey:  # noqa: ANN401 -- fields of a contribution
    one, *others = zkey.contributions
    return replace(zkey, contributions=(replace(one, **changes), *others))


def claim_a_beacon(first: Zkey, curve: CurveBackend) -> Zkey:
    """A contribution with a secret of one's own that says it was a beacon's."""
    own = prove_knowledge(first, Provenance(ContributionKind.BEACON, None, 10, b"moon"), 12345, G1, curve)
    delta = encode_g2(curve.multiply_g2(decode_g2(first.header.delta_g2), 12345))
    header = replace(first.header, delta_g1=own.delta_after, delta_g2=delta)
    return replace(first, header=header, contributions=(*first.contributions, own))


def claim_another_beacon(contribution: ZkeyContribution) -> ZkeyContribution:
    return replace(contribution, provenance=replace(contribution.provenance, beacon=b"sun"))


ForgeKey = Callable[[Zkey, Zkey, CurveBackend], Zkey]
"""From the final key and the one after the first contribution."""

FORGED_KEYS: dict[str, tuple[Reason, ForgeKey]] = {
    "dropped first": (
        Reason.C02_TRANSCRIPT,
        lambda final, _first, _curve: replace(final, contributions=final.contributions[1:]),
    ),
    "dropped last": (
        Reason.C07_RESULT,
        lambda final, _first, _curve: replace(final, contributions=final.contributions[:-1]),
    ),
    "dropped all": (Reason.C01_NO_CONTRIBUTION, lambda final, _first, _curve: replace(final, contributions=())),
    "reordered": (
        Reason.C02_TRANSCRIPT,
        lambda final, _first, _curve: replace(final, contributions=final.contributions[::-1]),
    ),
    "replayed": (
        Reason.C02_TRANSCRIPT,
        lambda final, first, _curve: replace(final, contributions=(*final.contributions, *first.contributions)),
    ),
    "another circuit": (Reason.C08_ALTERED, lambda final, _first, _curve: replace(final, circuit_hash=bytes(64))),
    "another proof of knowledge": (
        Reason.C03_PROOF_OF_KNOWLEDGE,
        lambda final, _first, curve: alter_first(final, spx=double(final.contributions[0].spx, curve)),
    ),
    "the proof of knowledge of the next": (
        Reason.C03_PROOF_OF_KNOWLEDGE,
        lambda final, _first, _curve: alter_first(final, spx=final.contributions[1].spx),
    ),
    "another delta on the way": (
        Reason.C04_DOES_NOT_FOLLOW,
        lambda final, _first, curve: alter_first(final, delta_after=double(final.contributions[0].delta_after, curve)),
    ),
    "no delta on the way": (
        Reason.V14_INFINITY,
        lambda final, _first, _curve: alter_first(final, delta_after=bytes(64)),
    ),
    "another delta at the end": (
        Reason.C07_RESULT,
        lambda final, _first, curve: replace(
            final, header=replace(final.header, delta_g1=double(final.header.delta_g1, curve))
        ),
    ),
    "another delta in G2": (
        Reason.C07_RESULT,
        lambda final, _first, curve: replace(
            final, header=replace(final.header, delta_g2=double(final.header.delta_g2, curve))
        ),
    ),
    "another beacon": (
        Reason.C05_BEACON,
        lambda final, _first, _curve: replace(
            final, contributions=(final.contributions[0], claim_another_beacon(final.contributions[1]))
        ),
    ),
    "a beacon with a secret": (Reason.C05_BEACON, lambda _final, first, curve: claim_a_beacon(first, curve)),
    "another gamma": (
        Reason.C08_ALTERED,
        lambda final, _first, curve: replace(
            final, header=replace(final.header, gamma_g2=double(final.header.gamma_g2, curve))
        ),
    ),
    "another ic": (
        Reason.C08_ALTERED,
        lambda final, _first, curve: replace(final, ic=with_doubled(final.ic, 1, curve)),
    ),
    "another a": (
        Reason.C08_ALTERED,
        lambda final, _first, curve: replace(final, a=with_doubled(final.a, 1, curve)),
    ),
    "another c": (
        Reason.C09_POWERS,
        lambda final, _first, curve: replace(final, c=with_doubled(final.c, 1, curve)),
    ),
    "another h": (
        Reason.C09_POWERS,
        lambda final, _first, curve: replace(final, h=with_doubled(final.h, len(final.h) - 1, curve)),
    ),
    "h exchanged": (
        Reason.C09_POWERS,
        lambda final, _first, _curve: replace(final, h=with_points(final.h, {0: final.h.raw(1), 1: final.h.raw(0)})),
    ),
    "h of the key before": (Reason.C09_POWERS, lambda final, first, _curve: replace(final, h=first.h)),
    "h off the curve": (
        Reason.V15_OFF_CURVE,
        lambda final, _first, _curve: replace(final, h=with_points(final.h, {2: final.h.raw(2)[32:] * 2})),
    ),
}


@pytest.mark.parametrize("name", FORGED_KEYS)
def test_k6_a_forged_key_is_refused(name: str, curve: CurveBackend) -> None:
    reason, forge = FORGED_KEYS[name]
    held = hold_ceremony(curve.name)
    with pytest.raises(RejectedError) as refused:
        require_key(forge(held.final, held.first, curve), held.initial, curve)
    assert refused.value.reason is reason


def test_k6_contributions_to_another_circuit_are_refused(curve: CurveBackend) -> None:
    moved = replace(hold_ceremony(curve.name).final, circuit_hash=bytes(64))
    with pytest.raises(RejectedError) as refused:
        require_contributions(moved, curve)
    assert refused.value.reason is Reason.C02_TRANSCRIPT


def test_k6_a_beacon_can_not_make_its_verifier_work_for_ever(curve: CurveBackend) -> None:
    held = hold_ceremony(curve.name)
    with pytest.raises(MisuseError) as refused:
        require_contributions(held.final, curve, most_beacon_exponent=9)
    assert refused.value.reason is Reason.C06_BEACON_WORK
    with pytest.raises(MisuseError) as refused:
        require_powers_contributions(held.powers, curve, most_beacon_exponent=9)
    assert refused.value.reason is Reason.C06_BEACON_WORK


# --- The first phase ----------------------------------------------------------------------------------


def alter_powers(ptau: Ptau, at: int, alter: Callable[[PtauContribution], PtauContribution]) -> Ptau:
    contributions = list(ptau.contributions)
    contributions[at] = alter(contributions[at])
    return replace(ptau, contributions=tuple(contributions))


def with_section(ptau: Ptau, kind: int, index: int, curve: CurveBackend) -> Ptau:
    return replace(ptau, g1={**ptau.g1, kind: with_doubled(ptau.g1[kind], index, curve)})


ForgePowers = Callable[[Ptau, CurveBackend], Ptau]

FORGED_POWERS: dict[str, tuple[Reason, ForgePowers]] = {
    "dropped first": (
        Reason.C05_BEACON,
        lambda ptau, _curve: replace(ptau, contributions=ptau.contributions[1:]),
    ),
    "dropped last": (Reason.C07_RESULT, lambda ptau, _curve: replace(ptau, contributions=ptau.contributions[:-1])),
    "dropped all": (Reason.C01_NO_CONTRIBUTION, lambda ptau, _curve: replace(ptau, contributions=())),
    "replayed": (
        Reason.C03_PROOF_OF_KNOWLEDGE,
        lambda ptau, _curve: replace(ptau, contributions=(*ptau.contributions, ptau.contributions[0])),
    ),
    "another challenge on the way": (
        Reason.C05_BEACON,
        lambda ptau, _curve: alter_powers(ptau, 0, lambda one: replace(one, next_challenge=bytes(64))),
    ),
    "another challenge at the end": (
        Reason.C10_CHALLENGE,
        lambda ptau, _curve: alter_powers(ptau, 1, lambda one: replace(one, next_challenge=bytes(64))),
    ),
    "another response": (
        Reason.C10_CHALLENGE,
        lambda ptau, _curve: alter_powers(ptau, 1, lambda one: replace(one, hash_state=bytes(216))),
    ),
    "keys exchanged": (
        Reason.C03_PROOF_OF_KNOWLEDGE,
        lambda ptau, _curve: alter_powers(
            ptau, 0, lambda one: replace(one, tau_key=one.alpha_key, alpha_key=one.tau_key)
        ),
    ),
    "another alpha": (
        Reason.C04_DOES_NOT_FOLLOW,
        lambda ptau, curve: alter_powers(ptau, 0, lambda one: replace(one, alpha_g1=double(one.alpha_g1, curve))),
    ),
    "another tau in G2": (
        Reason.C04_DOES_NOT_FOLLOW,
        lambda ptau, curve: alter_powers(ptau, 0, lambda one: replace(one, tau_g2=double(one.tau_g2, curve))),
    ),
    "another beta in G2": (
        Reason.C04_DOES_NOT_FOLLOW,
        lambda ptau, curve: alter_powers(ptau, 1, lambda one: replace(one, beta_g2=double(one.beta_g2, curve))),
    ),
    "another beacon": (
        Reason.C05_BEACON,
        lambda ptau, _curve: alter_powers(
            ptau, 1, lambda one: replace(one, provenance=replace(one.provenance, beacon=b"sun"))
        ),
    ),
    "another power": (Reason.C09_POWERS, lambda ptau, curve: with_section(ptau, TAU_G1, 5, curve)),
    "another last power": (Reason.C09_POWERS, lambda ptau, curve: with_section(ptau, ALPHA_TAU_G1, 7, curve)),
    "another first power": (Reason.C07_RESULT, lambda ptau, curve: with_section(ptau, ALPHA_TAU_G1, 0, curve)),
    "another Lagrange point": (
        Reason.C11_LAGRANGE,
        lambda ptau, curve: with_section(ptau, LAGRANGE_BETA_TAU_G1, 9, curve),
    ),
}


@pytest.mark.parametrize("name", FORGED_POWERS)
def test_k6_forged_powers_are_refused(name: str, curve: CurveBackend) -> None:
    reason, forge = FORGED_POWERS[name]
    prepared = hold_ceremony(curve.name).prepared
    with pytest.raises(RejectedError) as refused:
        require_ptau(forge(prepared, curve), curve)
    assert refused.value.reason is reason
