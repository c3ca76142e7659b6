"""The second phase's transcript: each contribution multiplied delta by a secret and proved to know it.

With ``h_i`` the public key of contribution i, its transcript is ``BLAKE2b(circuit, h_1, ..., h_(i-1), s, sx)``; the
point ``sp`` that it seeds can't be known before ``s`` and ``sx`` are chosen, so that ``spx = x sp`` shows knowledge of
x for this place in this ceremony alone. A contribution that is replayed, reordered or moved has another transcript.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from snark.bn254.backend import CurveBackend
from snark.bn254.encoding import decode_g1, decode_g2, encode_g1_evm, encode_g2_evm
from snark.bn254.points import G1, G2, G1Point, G2Point
from snark.errors import MisuseError, Reason, RejectedError
from snark.groth16.ceremony.bulk import choose_bulk
from snark.groth16.ceremony.derivation import hash_to_g2, stretch_beacon
from snark.groth16.ceremony.ratio import require_same_ratio
from snark.groth16.formats.contribution import Provenance
from snark.groth16.formats.zkey import Zkey, ZkeyContribution

MOST_BEACON_EXPONENT: Final = 24
"""Sixteen million iterations: some ten seconds. A file may ask for 2^63, which would never end."""


@dataclass(frozen=True, slots=True)
class DeltaKey:
    """The public key of a contribution, decoded and on its curves."""

    delta_after: G1Point
    s: G1Point
    sx: G1Point
    spx: G2Point


@dataclass(frozen=True, slots=True)
class VerifiedContribution:
    """A contribution that holds, and the hash that its contributor can recognise it by."""

    number: int
    provenance: Provenance
    contribution_hash: bytes


def decode_key(contribution: ZkeyContribution, curve: CurveBackend, field: str) -> DeltaKey:
    """The points of a contribution, each on its curve and in its subgroup."""
    key = DeltaKey(
        decode_g1(contribution.delta_after, f"{field}, delta"),
        decode_g1(contribution.s, f"{field}, s"),
        decode_g1(contribution.sx, f"{field}, sx"),
        decode_g2(contribution.spx, f"{field}, spx"),
    )
    curve.require_g1(key.delta_after, f"{field}, delta")
    curve.require_g1(key.s, f"{field}, s")
    curve.require_g1(key.sx, f"{field}, sx")
    curve.require_g2(key.spx, f"{field}, spx")
    return key


def encode_public_key(contribution: ZkeyContribution) -> bytes:
    """What a transcript reads of a contribution: its points uncompressed, and its own transcript."""
    in_g1 = (contribution.delta_after, contribution.s, contribution.sx)
    points = b"".join(encode_g1_evm(decode_g1(point)) for point in in_g1)
    return points + encode_g2_evm(decode_g2(contribution.spx)) + contribution.transcript


def hash_contribution(contribution: ZkeyContribution) -> bytes:
    """What snarkjs tells a contributor: the hash of the contribution."""
    return hashlib.blake2b(encode_public_key(contribution)).digest()


def hash_transcript(circuit_hash: bytes, before: Sequence[ZkeyContribution], s: G1Point, sx: G1Point) -> bytes:
    """The transcript of a contribution that follows these."""
    hasher = hashlib.blake2b(circuit_hash)
    for contribution in before:
        hasher.update(encode_public_key(contribution))
    hasher.update(encode_g1_evm(s) + encode_g1_evm(sx))
    return hasher.digest()


def require_contributions(
    zkey: Zkey, curve: CurveBackend, *, most_beacon_exponent: int = MOST_BEACON_EXPONENT
) -> tuple[VerifiedContribution, ...]:
    """Every contribution follows from the one before it and shows knowledge of its secret; delta is the last one's."""
    if not zkey.contributions:
        raise RejectedError(
            Reason.C01_NO_CONTRIBUTION, zkey.place, found="no contribution", expected="one contribution at least"
        )
    delta = G1
    verified = []
    for index, contribution in enumerate(zkey.contributions):
        field = f"{zkey.place}: contribution {index + 1}"
        key = decode_key(contribution, curve, field)
        before = zkey.contributions[:index]
        require_transcript(contribution, hash_transcript(zkey.circuit_hash, before, key.s, key.sx), field)
        require_knowledge(key, contribution.transcript, delta, curve, field)
        require_beacon(key, contribution.provenance, curve, field, most_beacon_exponent)
        verified.append(VerifiedContribution(index + 1, contribution.provenance, hash_contribution(contribution)))
        delta = key.delta_after
    require_delta(zkey, delta, curve)
    return tuple(verified)


def require_transcript(contribution: ZkeyContribution, expected: bytes, field: str) -> None:
    """The contribution was made for this place in this ceremony."""
    if contribution.transcript != expected:
        raise RejectedError(
            Reason.C02_TRANSCRIPT,
            f"{field}, transcript",
            found=contribution.transcript.hex()[:16],
            expected=f"{expected.hex()[:16]}..., the hash of what came before",
        )


def require_knowledge(key: DeltaKey, transcript: bytes, before: G1Point, curve: CurveBackend, field: str) -> None:
    """One secret leads from s to sx, from sp to spx, and from the delta before to the delta after."""
    of_secret = (hash_to_g2(transcript), key.spx)
    require_same_ratio(curve, (key.s, key.sx), of_secret, Reason.C03_PROOF_OF_KNOWLEDGE, field)
    require_same_ratio(curve, (before, key.delta_after), of_secret, Reason.C04_DOES_NOT_FOLLOW, f"{field}, delta")


def require_beacon(key: DeltaKey, provenance: Provenance, curve: CurveBackend, field: str, most_exponent: int) -> None:
    """Where a beacon contributed, its secret is the one that the beacon names."""
    if provenance.beacon is None or provenance.iterations_exponent is None:
        return
    require_beacon_work(provenance.iterations_exponent, most_exponent, field)
    stream = choose_bulk(curve).open_stream(stretch_beacon(provenance.beacon, provenance.iterations_exponent))
    secret, s = stream.next_secret(), stream.next_g1()
    if (key.s, key.sx) != (s, secret.multiply_g1(s)):
        raise wrong_beacon(field)


def require_beacon_work(exponent: int, most: int, field: str) -> None:
    """A file can't make its verifier hash for ever."""
    if exponent > most:
        raise MisuseError(
            Reason.C06_BEACON_WORK, f"{field}, beacon", found=f"2^{exponent} iterations", expected=f"at most 2^{most}"
        )


def wrong_beacon(field: str) -> RejectedError:
    """The key of a beacon's contribution is somebody's own."""
    return RejectedError(
        Reason.C05_BEACON, f"{field}, beacon", found="another key", expected="the key that the beacon names"
    )


def require_delta(zkey: Zkey, delta: G1Point, curve: CurveBackend) -> None:
    """The key's delta is the one that the last contribution left behind, in both curve."""
    field = f"{zkey.place}: delta"
    if decode_g1(zkey.header.delta_g1, field) != delta:
        raise RejectedError(Reason.C07_RESULT, field, found="another delta", expected="that of the last contribution")
    delta_g2 = decode_g2(zkey.header.delta_g2, field)
    curve.require_g2(delta_g2, field)
    require_same_ratio(curve, (G1, delta), (G2, delta_g2), Reason.C07_RESULT, f"{field} in G2")
