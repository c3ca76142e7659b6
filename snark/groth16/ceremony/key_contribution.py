"""A contribution to the second phase: delta is multiplied by a secret, C and H are divided by it.

The secret is drawn from the operating system, used, and gone with this call; nothing of it is written anywhere.
"""

from dataclasses import replace
from pathlib import Path

from snark.bn254.backend import CurveBackend
from snark.bn254.encoding import decode_g1, decode_g2, encode_g1, encode_g2
from snark.bn254.points import G1Point
from snark.groth16.ceremony.bulk import Secret, SecretStream, choose_bulk
from snark.groth16.ceremony.derivation import hash_to_g2, stretch_beacon
from snark.groth16.ceremony.phase2_transcript import hash_contribution, hash_transcript
from snark.groth16.ceremony.progress import Progress, Tally, ignore_progress, iterate_chunks
from snark.groth16.ceremony.provenance import name_beacon, name_person
from snark.groth16.formats.contribution import Provenance
from snark.groth16.formats.zkey import LAYOUT, C, H, Zkey, ZkeyContribution, encode_section
from snark.r1cs.container import write_container


def contribute_to_key(
    zkey: Zkey, path: Path, name: str, curve: CurveBackend, progress: Progress = ignore_progress
) -> bytes:
    """Write the key with one more contribution; returns its hash, for the contributor to publish."""
    return apply_secret(zkey, path, name_person(name), choose_bulk(curve).draw_stream(), curve, progress=progress)


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
    stream = choose_bulk(curve).open_stream(stretch_beacon(beacon, exponent))
    return apply_secret(zkey, path, provenance, stream, curve, progress=progress)


def apply_secret(
    zkey: Zkey,
    path: Path,
    provenance: Provenance,
    stream: SecretStream,
    curve: CurveBackend,
    *,
    progress: Progress = ignore_progress,
) -> bytes:
    """Draw a secret from a stream, prove that it is known, and apply it."""
    secret = stream.next_secret()
    contribution = prove_knowledge(zkey, provenance, secret, stream.next_g1())
    delta_g2 = secret.multiply_g2(decode_g2(zkey.header.delta_g2))
    changed = replace(
        zkey,
        order=tuple(sorted(zkey.order)),
        header=replace(zkey.header, delta_g1=contribution.delta_after, delta_g2=encode_g2(delta_g2)),
        contributions=(*zkey.contributions, contribution),
    )
    write_divided(changed, path, secret.invert(), curve, progress)
    return hash_contribution(contribution)


def prove_knowledge(zkey: Zkey, provenance: Provenance, secret: Secret, s: G1Point) -> ZkeyContribution:
    """The record of a contribution to this key."""
    sx = secret.multiply_g1(s)
    transcript = hash_transcript(zkey.circuit_hash, zkey.contributions, s, sx)
    return ZkeyContribution(
        delta_after=encode_g1(secret.multiply_g1(decode_g1(zkey.header.delta_g1))),
        s=encode_g1(s),
        sx=encode_g1(sx),
        spx=encode_g2(secret.multiply_g2(hash_to_g2(transcript))),
        transcript=transcript,
        provenance=provenance,
    )


def write_divided(zkey: Zkey, path: Path, factor: Secret, curve: CurveBackend, progress: Progress) -> None:
    """Write the key with every point of C and H multiplied."""
    tally, group = Tally(progress, len(zkey.c) + len(zkey.h)), choose_bulk(curve).g1
    with write_container(path, LAYOUT) as writer:
        for kind in zkey.order:
            if kind not in {C, H}:
                writer.add_section(kind, encode_section(zkey, kind))
                continue
            points = zkey.c if kind == C else zkey.h
            with writer.section(kind) as file:
                for start, piece in iterate_chunks(points):
                    file.write(group.multiply(piece, factor, points.place, start))
                    tally.add(len(piece) // points.size)
