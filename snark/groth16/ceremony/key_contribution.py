"""A contribution to the second phase: delta is multiplied by a secret, C and H are divided by it.

The secret is drawn from the operating system, used, and dropped with this call; nothing of it is written anywhere.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from snark.bn254.backend import CurveBackend
from snark.bn254.constants import GROUP_ORDER
from snark.bn254.encoding import decode_g1, decode_g2, encode_g1, encode_g2
from snark.bn254.points import G1Point
from snark.groth16.ceremony.derivation import ChaCha20, hash_to_g2, stretch_beacon
from snark.groth16.ceremony.phase2_transcript import hash_contribution, hash_transcript
from snark.groth16.ceremony.provenance import Progress, draw_stream, ignore_progress, name_beacon, name_person
from snark.groth16.formats.contribution import Provenance
from snark.groth16.formats.zkey import LAYOUT, C, H, Zkey, ZkeyContribution, encode_section
from snark.r1cs.column import Column
from snark.r1cs.container import write_container

POINTS_AT_ONCE: Final = 1024


def contribute_to_key(
    zkey: Zkey, path: Path, name: str, curve: CurveBackend, progress: Progress = ignore_progress
) -> bytes:
    """Write the key with one more contribution; returns its hash, for the contributor to publish."""
    return apply_secret(zkey, path, name_person(name), draw_stream(), curve, progress=progress)


def close_with_beacon(
    zkey: Zkey,
    path: Path,
    beacon: bytes,
    exponent: int,
    curve: CurveBackend,
    *,
    name: str | None = None,
    progress: Progress = ignore_progress,
) -> bytes:
    """Write the key with a last contribution whose secret a public value names that nobody could foresee."""
    provenance = name_beacon(beacon, exponent, name)
    return apply_secret(zkey, path, provenance, stretch_beacon(beacon, exponent), curve, progress=progress)


def apply_secret(
    zkey: Zkey,
    path: Path,
    provenance: Provenance,
    stream: ChaCha20,
    curve: CurveBackend,
    *,
    progress: Progress = ignore_progress,
) -> bytes:
    """Draw a secret from a stream, prove that it is known, and apply it."""
    secret = stream.next_scalar()
    contribution = prove_knowledge(zkey, provenance, secret, stream.next_g1(), curve)
    delta_g2 = curve.multiply_g2(decode_g2(zkey.header.delta_g2), secret)
    changed = replace(
        zkey,
        order=tuple(sorted(zkey.order)),
        header=replace(zkey.header, delta_g1=contribution.delta_after, delta_g2=encode_g2(delta_g2)),
        contributions=(*zkey.contributions, contribution),
    )
    write_divided(changed, path, pow(secret, -1, GROUP_ORDER), curve, progress)
    return hash_contribution(contribution)


def prove_knowledge(
    zkey: Zkey, provenance: Provenance, secret: int, s: G1Point, curve: CurveBackend
) -> ZkeyContribution:
    """The record of a contribution to this key."""
    sx = curve.multiply_g1(s, secret)
    transcript = hash_transcript(zkey.circuit_hash, zkey.contributions, s, sx)
    return ZkeyContribution(
        delta_after=encode_g1(curve.multiply_g1(decode_g1(zkey.header.delta_g1), secret)),
        s=encode_g1(s),
        sx=encode_g1(sx),
        spx=encode_g2(curve.multiply_g2(hash_to_g2(transcript), secret)),
        transcript=transcript,
        provenance=provenance,
    )


def write_divided(zkey: Zkey, path: Path, factor: int, curve: CurveBackend, progress: Progress) -> None:
    """Write the key with every point of C and H multiplied."""
    done, count = 0, len(zkey.c) + len(zkey.h)
    with write_container(path, LAYOUT) as writer:
        for kind in zkey.order:
            if kind not in {C, H}:
                writer.add_section(kind, encode_section(zkey, kind))
                continue
            with writer.section(kind) as file:
                for chunk in multiply_points(zkey.c if kind == C else zkey.h, factor, curve):
                    file.write(b"".join(chunk))
                    done += len(chunk)
                    progress(done, count)


def multiply_points(points: Column[G1Point], factor: int, curve: CurveBackend) -> Iterator[list[bytes]]:
    """Every point of a column, multiplied, some at a time."""
    for start in range(0, len(points), POINTS_AT_ONCE):
        chunk = points[start : start + POINTS_AT_ONCE]
        yield [encode_g1(curve.multiply_g1(point, factor)) for point in chunk]
