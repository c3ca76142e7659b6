"""The first phase's transcript: each contribution multiplied tau, alpha and beta by secrets and proved to know them.

The challenge of a contribution is the hash of everything that it was made on; the points that its proofs of knowledge
need are derived from it. Only the last contribution's challenge can be computed from the file; the earlier accumulators
are gone, and their proofs chain them together.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from snark.bn254.backend import CurveBackend
from snark.bn254.encoding import decode_g1, decode_g2, encode_g1_evm, encode_g2_evm
from snark.bn254.points import G1, G2, G1Point, G2Point
from snark.errors import Reason, RejectedError
from snark.groth16.ceremony.blake2b import ResumableBlake2b
from snark.groth16.ceremony.bulk import Bulk, BulkGroup, Point, Secret, SecretStream, choose_bulk
from snark.groth16.ceremony.derivation import derive_phase1_point, stretch_beacon
from snark.groth16.ceremony.lagrange import require_lagrange
from snark.groth16.ceremony.phase2_transcript import MOST_BEACON_EXPONENT, require_beacon_work, wrong_beacon
from snark.groth16.ceremony.progress import POINTS_AT_ONCE, Progress, Tally, ignore_progress, iterate_chunks
from snark.groth16.ceremony.ratio import require_same_ratio
from snark.groth16.ceremony.sections import combine_neighbours, require_points
from snark.groth16.formats.contribution import Provenance
from snark.groth16.formats.ptau import (
    ALPHA_TAU_G1,
    BETA_G2,
    BETA_TAU_G1,
    TAU_G1,
    TAU_G2,
    Ptau,
    PtauContribution,
    RatioKey,
)
from snark.r1cs.column import Column

SECRETS: Final = ("tau", "alpha", "beta")
"""In the order of their personalizations, 0, 1, 2."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A proof of knowledge, decoded and on its curves."""

    s: G1Point
    sx: G1Point
    spx: G2Point


@dataclass(frozen=True, slots=True)
class Accumulator:
    """What a contribution leaves behind: the first powers, and the challenge for the next."""

    tau_g1: G1Point
    tau_g2: G2Point
    alpha_g1: G1Point
    beta_g1: G1Point
    beta_g2: G2Point
    challenge: bytes


@dataclass(frozen=True, slots=True)
class VerifiedPtauContribution:
    """A contribution that holds, and the hash of its response, by which its contributor can recognise it."""

    number: int
    provenance: Provenance
    response_hash: bytes


def hash_first_challenge(power: int) -> bytes:
    """The challenge of the first contribution: the hash of an accumulator of ones."""
    size = 1 << power
    one_g1, one_g2 = encode_g1_evm(G1), encode_g2_evm(G2)
    hasher = hashlib.blake2b(hashlib.blake2b().digest())
    for point, count in ((one_g1, 2 * size - 1), (one_g2, size), (one_g1, size), (one_g1, size), (one_g2, 1)):
        for start in range(0, count, POINTS_AT_ONCE):
            hasher.update(point * min(POINTS_AT_ONCE, count - start))
    return hasher.digest()


def encode_public_key(contribution: PtauContribution) -> bytes:
    """The proofs of knowledge as a response holds them: uncompressed, first those of G1."""
    keys = (contribution.tau_key, contribution.alpha_key, contribution.beta_key)
    in_g1 = b"".join(encode_g1_evm(decode_g1(point)) for key in keys for point in (key.s, key.sx))
    return in_g1 + b"".join(encode_g2_evm(decode_g2(key.spx)) for key in keys)


def hash_response(contribution: PtauContribution, field: str) -> bytes:
    """The hash of a contributor's response, continued from the state that the file holds."""
    hasher = ResumableBlake2b.resume(contribution.hash_state, f"{field}, state of the hash")
    return hasher.update(encode_public_key(contribution)).digest()


def hash_challenge(ptau: Ptau, response_hash: bytes, bulk: Bulk) -> bytes:
    """The challenge of the contribution after the last: the hash of all that the file holds, uncompressed."""
    hasher = hashlib.blake2b(response_hash)
    hash_section(hasher, ptau.tau_g1, bulk.g1)
    hash_section(hasher, ptau.tau_g2, bulk.g2)
    hash_section(hasher, ptau.alpha_tau_g1, bulk.g1)
    hash_section(hasher, ptau.beta_tau_g1, bulk.g1)
    hash_section(hasher, ptau.g2[BETA_G2], bulk.g2)
    return hasher.digest()


def hash_section(hasher: "hashlib.blake2b", points: Column[Point], group: BulkGroup[Point]) -> None:
    """The points of one section."""
    for start, piece in iterate_chunks(points):
        hasher.update(group.encode_evm(piece, points.place, start))


# --- The chain of contributions ------------------------------------------------------------------


def require_contributions(
    ptau: Ptau, curve: CurveBackend, *, most_beacon_exponent: int = MOST_BEACON_EXPONENT
) -> tuple[VerifiedPtauContribution, ...]:
    """Every contribution follows from the one before it and shows knowledge of its secrets."""
    if not ptau.contributions:
        raise RejectedError(
            Reason.C01_NO_CONTRIBUTION, ptau.place, found="no contribution", expected="one contribution at least"
        )
    before = Accumulator(G1, G2, G1, G1, G2, hash_first_challenge(ptau.ceremony_power))
    verified = []
    for number, contribution in enumerate(ptau.contributions, start=1):
        field = f"{ptau.place}: contribution {number}"
        after = decode_accumulator(contribution, curve, field)
        keys = {
            "tau": decode_knowledge(contribution.tau_key, curve, f"{field}, tau"),
            "alpha": decode_knowledge(contribution.alpha_key, curve, f"{field}, alpha"),
            "beta": decode_knowledge(contribution.beta_key, curve, f"{field}, beta"),
        }
        require_beacon(
            keys,
            contribution.provenance,
            before.challenge,
            curve,
            field=field,
            most_exponent=most_beacon_exponent,
        )
        require_step(before, after, keys, curve, field)
        verified.append(VerifiedPtauContribution(number, contribution.provenance, hash_response(contribution, field)))
        before = after
    return tuple(verified)


def decode_accumulator(contribution: PtauContribution, curve: CurveBackend, field: str) -> Accumulator:
    """The first powers that a contribution left behind, each on its curve and in its subgroup."""
    return Accumulator(
        tau_g1=decode_checked_g1(contribution.tau_g1, curve, f"{field}, tau in G1"),
        tau_g2=decode_checked_g2(contribution.tau_g2, curve, f"{field}, tau in G2"),
        alpha_g1=decode_checked_g1(contribution.alpha_g1, curve, f"{field}, alpha in G1"),
        beta_g1=decode_checked_g1(contribution.beta_g1, curve, f"{field}, beta in G1"),
        beta_g2=decode_checked_g2(contribution.beta_g2, curve, f"{field}, beta in G2"),
        challenge=contribution.next_challenge,
    )


def decode_knowledge(key: RatioKey, curve: CurveBackend, field: str) -> Knowledge:
    """A proof of knowledge, each point on its curve and in its subgroup."""
    return Knowledge(
        decode_checked_g1(key.s, curve, f"{field}, s"),
        decode_checked_g1(key.sx, curve, f"{field}, sx"),
        decode_checked_g2(key.spx, curve, f"{field}, spx"),
    )


def decode_checked_g1(data: bytes, curve: CurveBackend, field: str) -> G1Point:
    """A point on its curve."""
    point = decode_g1(data, field)
    curve.require_g1(point, field)
    return point


def decode_checked_g2(data: bytes, curve: CurveBackend, field: str) -> G2Point:
    """A point on its curve and in its subgroup."""
    point = decode_g2(data, field)
    curve.require_g2(point, field)
    return point


def require_step(
    before: Accumulator, after: Accumulator, keys: dict[str, Knowledge], curve: CurveBackend, field: str
) -> None:
    """The secrets that were shown to be known lead from one accumulator to the next, in both curve."""
    of_secret = {}
    for personalization, name in enumerate(SECRETS):
        key = keys[name]
        of_secret[name] = (derive_phase1_point(personalization, before.challenge, key.s, key.sx), key.spx)
        require_same_ratio(curve, (key.s, key.sx), of_secret[name], Reason.C03_PROOF_OF_KNOWLEDGE, f"{field}, {name}")
    in_g1 = {
        "tau": (before.tau_g1, after.tau_g1),
        "alpha": (before.alpha_g1, after.alpha_g1),
        "beta": (before.beta_g1, after.beta_g1),
    }
    in_g2 = {"tau": (before.tau_g2, after.tau_g2), "beta": (before.beta_g2, after.beta_g2)}
    for name, pair in in_g1.items():
        require_same_ratio(curve, pair, of_secret[name], Reason.C04_DOES_NOT_FOLLOW, f"{field}, {name} in G1")
    for name, pair_g2 in in_g2.items():
        first = (keys[name].s, keys[name].sx)
        require_same_ratio(curve, first, pair_g2, Reason.C04_DOES_NOT_FOLLOW, f"{field}, {name} in G2")


def require_beacon(
    keys: dict[str, Knowledge],
    provenance: Provenance,
    challenge: bytes,
    curve: CurveBackend,
    *,
    field: str,
    most_exponent: int,
) -> None:
    """Where a beacon contributed, its secrets are the ones that the beacon names."""
    if provenance.beacon is None or provenance.iterations_exponent is None:
        return
    require_beacon_work(provenance.iterations_exponent, most_exponent, field)
    stream = choose_bulk(curve).open_stream(stretch_beacon(provenance.beacon, provenance.iterations_exponent))
    _secrets, expected = derive_keys(stream, challenge)
    if keys != expected:
        raise wrong_beacon(field)


def derive_keys(stream: SecretStream, challenge: bytes) -> tuple[tuple[Secret, Secret, Secret], dict[str, Knowledge]]:
    """The secrets that a stream names, and the proofs that they are known, for a challenge."""
    drawn = stream.next_secret(), stream.next_secret(), stream.next_secret()
    keys = {}
    for personalization, (name, secret) in enumerate(zip(SECRETS, drawn, strict=True)):
        s = stream.next_g1()
        sx = secret.multiply_g1(s)
        sp = derive_phase1_point(personalization, challenge, s, sx)
        keys[name] = Knowledge(s, sx, secret.multiply_g2(sp))
    return drawn, keys


# --- The powers -----------------------------------------------------------------------------------


def require_ptau(
    ptau: Ptau,
    curve: CurveBackend,
    *,
    most_beacon_exponent: int = MOST_BEACON_EXPONENT,
    progress: Progress = ignore_progress,
) -> tuple[VerifiedPtauContribution, ...]:
    """The whole file: contributions, powers, the challenge that closes it, and what Lagrange sections it has."""
    verified = require_contributions(ptau, curve, most_beacon_exponent=most_beacon_exponent)
    bulk, tally = choose_bulk(curve), Tally(progress, count_checks(ptau))
    require_on_curves(ptau, bulk, tally)
    require_powers(ptau, curve, bulk, tally)
    if ptau.power == ptau.ceremony_power:
        require_challenge(ptau, verified[-1].response_hash, bulk)
    if ptau.is_prepared:
        require_lagrange(ptau, bulk, tally)
    return verified


def count_checks(ptau: Ptau) -> int:
    """Each point is looked at alone, and each but the last of a row of powers, and beta, together with the others."""
    points = sum(map(len, ptau.g1.values())) + sum(map(len, ptau.g2.values()))
    return 2 * points - len((TAU_G1, TAU_G2, ALPHA_TAU_G1, BETA_TAU_G1, BETA_G2))


def require_on_curves(ptau: Ptau, bulk: Bulk, tally: Tally) -> None:
    """Every point of every section is on its curve and in its subgroup."""
    for in_g1 in ptau.g1.values():
        require_points(in_g1, bulk.g1, tally)
    for in_g2 in ptau.g2.values():
        require_points(in_g2, bulk.g2, tally)


def require_powers(ptau: Ptau, curve: CurveBackend, bulk: Bulk, tally: Tally) -> None:
    """The sections are the powers of the last contribution's tau, times its alpha and beta."""
    last = ptau.contributions[-1]
    tau_g1, tau_g2 = decode_g1(last.tau_g1), decode_g2(last.tau_g2)
    require_same(ptau.tau_g1[:2], (G1, tau_g1))
    require_same(ptau.tau_g2[:2], (G2, tau_g2))
    require_same(ptau.alpha_tau_g1[:1], (decode_g1(last.alpha_g1),))
    require_same(ptau.beta_tau_g1[:1], (decode_g1(last.beta_g1),))
    if ptau.beta_g2 != last.beta_g2:
        raise not_the_last(f"{ptau.place}: beta in G2")
    for kind in (TAU_G1, ALPHA_TAU_G1, BETA_TAU_G1):
        powers = ptau.g1[kind]
        neighbours = combine_neighbours(powers, bulk.g1, tally)
        require_same_ratio(curve, neighbours, (G2, tau_g2), Reason.C09_POWERS, powers.place)
    neighbours_g2 = combine_neighbours(ptau.tau_g2, bulk.g2, tally)
    require_same_ratio(curve, (G1, tau_g1), neighbours_g2, Reason.C09_POWERS, ptau.tau_g2.place)


def require_same(found: Column[G1Point] | Column[G2Point], expected: tuple[G1Point | G2Point, ...]) -> None:
    """The first points of a section are one, and what the last contribution left behind."""
    if tuple(found) != expected:
        raise not_the_last(found.place)


def not_the_last(place: str) -> RejectedError:
    """The file is not the one that its last contribution describes."""
    return RejectedError(
        Reason.C07_RESULT, place, found="other first points", expected="those of the last contribution"
    )


def require_challenge(ptau: Ptau, response_hash: bytes, bulk: Bulk) -> None:
    """The hash of the file is the challenge that its last contribution names."""
    found, expected = ptau.contributions[-1].next_challenge, hash_challenge(ptau, response_hash, bulk)
    if found != expected:
        raise RejectedError(
            Reason.C10_CHALLENGE,
            f"{ptau.place}: next challenge",
            found=found.hex()[:16],
            expected=f"{expected.hex()[:16]}..., the hash of the file",
        )
