"""The first phase: an accumulator of ones, contributions to it, and its Lagrange form for the second phase.

A contribution multiplies ``tau^i`` by ``t^i``, ``alpha tau^i`` by ``a t^i`` and ``beta tau^i`` by ``b t^i`` with its
secrets t, a and b. Sections are written and read back a piece at a time, so that memory does not grow with the powers.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from snark.bn254.backend import CurveBackend
from snark.bn254.encoding import encode_g1, encode_g2
from snark.bn254.points import G1, G2
from snark.errors import MisuseError, Reason
from snark.groth16.ceremony.bulk import Bulk, BulkGroup, OpenHash, Point, Secret, SecretStream, choose_bulk
from snark.groth16.ceremony.derivation import stretch_beacon
from snark.groth16.ceremony.lagrange import LAGRANGE_OF_POWERS, greatest_domain
from snark.groth16.ceremony.phase1_transcript import (
    Knowledge,
    derive_keys,
    hash_challenge,
    hash_first_challenge,
    hash_response,
)
from snark.groth16.ceremony.progress import Progress, Tally, cut_range, ignore_progress, iterate_chunks
from snark.groth16.ceremony.provenance import name_beacon, name_person
from snark.groth16.formats.contribution import Provenance
from snark.groth16.formats.ptau import (
    ALPHA_TAU_G1,
    BETA_G2,
    BETA_TAU_G1,
    CONTRIBUTIONS,
    GREATEST_POWER,
    HASH_BYTES,
    HEADER,
    IN_G2,
    LAGRANGE,
    LAGRANGE_TAU_G2,
    LAYOUT,
    TAU_G1,
    TAU_G2,
    Ptau,
    PtauContribution,
    RatioKey,
    count_points,
    encode_section,
)
from snark.r1cs.column import Column, view_g1, view_g2
from snark.r1cs.container import ContainerWriter, write_container
from snark.r1cs.reading import map_file

POWERS: Final = (TAU_G1, TAU_G2, ALPHA_TAU_G1, BETA_TAU_G1, BETA_G2)
"""In the order of the sections, which is that of a response and of a challenge."""


def begin_ptau(power: int, path: Path) -> None:
    """Write powers of one: what the first contribution is made on."""
    if not 1 <= power <= GREATEST_POWER:
        raise MisuseError(Reason.OUT_OF_BOUNDS, "power", found=power, expected=f"1 to {GREATEST_POWER}")
    empty = Ptau(str(path), (), power, power, {}, {}, ())
    with write_container(path, LAYOUT) as writer:
        writer.add_section(HEADER, encode_section(empty, HEADER))
        for kind in POWERS:
            one = encode_g2(G2) if kind in IN_G2 else encode_g1(G1)
            with writer.section(kind) as file:
                for start, stop in cut_range(count_points(power)[kind]):
                    file.write(one * (stop - start))
        writer.add_section(CONTRIBUTIONS, encode_section(empty, CONTRIBUTIONS))


def contribute_to_ptau(
    ptau: Ptau, path: Path, name: str, curve: CurveBackend, progress: Progress = ignore_progress
) -> bytes:
    """Write the powers with one more contribution; returns the hash of the response, for the contributor to publish."""
    bulk = choose_bulk(curve)
    return apply_secrets(ptau, path, name_person(name), bulk.draw_stream(), bulk, progress=progress)


def close_ptau_with_beacon(
    ptau: Ptau,
    path: Path,
    beacon: bytes,
    exponent: int,
    curve: CurveBackend,
    *,
    name: str | None = None,
    progress: Progress = ignore_progress,
) -> bytes:
    """Write the powers with a last contribution whose secrets a public value names that nobody could foresee."""
    bulk, provenance = choose_bulk(curve), name_beacon(beacon, exponent, name)
    stream = bulk.open_stream(stretch_beacon(beacon, exponent))
    return apply_secrets(ptau, path, provenance, stream, bulk, progress=progress)


def apply_secrets(
    ptau: Ptau, path: Path, provenance: Provenance, stream: SecretStream, bulk: Bulk, *, progress: Progress
) -> bytes:
    """Draw secrets from a stream, prove that they are known, and apply them."""
    require_whole(ptau)
    challenge = (
        ptau.contributions[-1].next_challenge if ptau.contributions else hash_first_challenge(ptau.ceremony_power)
    )
    secrets, keys = derive_keys(stream, challenge)
    hasher = bulk.start_hash()
    hasher.update(challenge)
    with write_container(path, LAYOUT) as writer:
        writer.add_section(HEADER, encode_section(ptau, HEADER))
        after = write_powers(ptau, writer, secrets, hasher, bulk, progress=progress)
        unchallenged = describe_contribution(after, keys, hasher.state(), provenance)
        response_hash = hash_response(unchallenged, "contribution")
        contribution = replace(unchallenged, next_challenge=hash_challenge(after, response_hash, bulk))
        after = replace(after, contributions=(*ptau.contributions, contribution))
        writer.add_section(CONTRIBUTIONS, encode_section(after, CONTRIBUTIONS))
    return response_hash


def write_powers(
    ptau: Ptau,
    writer: ContainerWriter,
    secrets: tuple[Secret, Secret, Secret],
    hasher: OpenHash,
    bulk: Bulk,
    *,
    progress: Progress,
) -> Ptau:
    """Write each section multiplied, hash it as the response has it, and look at what was written."""
    tau, alpha, beta = secrets
    tally = Tally(progress, sum(count_points(ptau.power)[kind] for kind in POWERS))
    ends = {}
    for kind, first in zip(POWERS, (None, None, alpha, beta, beta), strict=True):
        with writer.section(kind) as file:
            if kind in IN_G2:
                pieces = iterate_multiplied(ptau.g2[kind], first, tau, bulk.g2, hasher, tally=tally)
            else:
                pieces = iterate_multiplied(ptau.g1[kind], first, tau, bulk.g1, hasher, tally=tally)
            for piece in pieces:
                file.write(piece)
            ends[kind] = file.tell()
    return view_written(ptau, writer, ends)


def iterate_multiplied(
    points: Column[Point],
    first: Secret | None,
    ratio: Secret,
    group: BulkGroup[Point],
    hasher: OpenHash,
    *,
    tally: Tally,
) -> Iterator[bytes]:
    """A section with every point times its power, in pieces that have been hashed."""
    for start, piece in iterate_chunks(points):
        multiplied = group.multiply_powers(piece, first, ratio, points.place, start)
        hasher.update(group.compress(multiplied, points.place, start))
        yield multiplied
        tally.add(len(piece) // points.size)


def view_written(ptau: Ptau, writer: ContainerWriter, ends: dict[int, int]) -> Ptau:
    """The sections that have just been written, mapped."""
    writer.file.flush()
    file = map_file(Path(writer.file.name))

    def cut(kind: int, size: int) -> memoryview:
        return file[ends[kind] - size : ends[kind]]

    g1 = {kind: view_g1(cut(kind, len(points.data)), points.place) for kind, points in ptau.g1.items() if kind in ends}
    g2 = {kind: view_g2(cut(kind, len(points.data)), points.place) for kind, points in ptau.g2.items() if kind in ends}
    return replace(ptau, g1=g1, g2=g2)


def require_whole(ptau: Ptau) -> None:
    """A file that was cut down can't be continued: its challenge is the hash of the larger one."""
    if ptau.power != ptau.ceremony_power:
        expected = f"the whole file, of power {ptau.ceremony_power}"
        raise MisuseError(Reason.NOT_APPLICABLE, ptau.place, found=f"power {ptau.power}", expected=expected)


def describe_contribution(
    after: Ptau, keys: dict[str, Knowledge], state: bytes, provenance: Provenance
) -> PtauContribution:
    """The record of a contribution, its challenge still open."""
    tau_key, alpha_key, beta_key = (
        RatioKey(encode_g1(key.s), encode_g1(key.sx), encode_g2(key.spx)) for key in keys.values()
    )
    return PtauContribution(
        after.tau_g1.raw(1),
        after.tau_g2.raw(1),
        after.alpha_tau_g1.raw(0),
        after.beta_tau_g1.raw(0),
        after.beta_g2,
        tau_key,
        alpha_key,
        beta_key,
        hash_state=state,
        next_challenge=bytes(HASH_BYTES),
        provenance=provenance,
    )


# --- The Lagrange form ------------------------------------------------------------------------------


def prepare_ptau(ptau: Ptau, path: Path, curve: CurveBackend, progress: Progress = ignore_progress) -> None:
    """Write the powers with their Lagrange sections, with which the second phase can begin."""
    bulk = choose_bulk(curve)
    in_g1 = {lagrange: (kind, greatest_domain(ptau, kind)) for kind, lagrange in LAGRANGE_OF_POWERS}
    greatest = [ptau.power, *(domain for _, domain in in_g1.values())]
    tally = Tally(progress, sum(power << power for most in greatest for power in range(most + 1)))
    with write_container(path, LAYOUT) as writer:
        for kind in (HEADER, *POWERS, CONTRIBUTIONS):
            writer.add_section(kind, encode_section(ptau, kind))
        for lagrange in LAGRANGE:
            with writer.section(lagrange) as file:
                if lagrange == LAGRANGE_TAU_G2:
                    pieces = iterate_domains(ptau.tau_g2, ptau.power, bulk.g2, tally)
                else:
                    powers_kind, most = in_g1[lagrange]
                    pieces = iterate_domains(ptau.g1[powers_kind], most, bulk.g1, tally)
                for piece in pieces:
                    file.write(piece)


def iterate_domains(powers: Column[Point], greatest: int, group: BulkGroup[Point], tally: Tally) -> Iterator[bytes]:
    """``L_j(tau) = (1/m) sum_i w^(-ij) tau^i`` for every domain, the smallest first."""
    for power in range(greatest + 1):
        size = 1 << power
        present = bytes(powers[:size].data)
        yield group.interpolate(present.ljust(size * powers.size, b"\0"), powers.place, tally.add)
