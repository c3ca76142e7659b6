"""``proof.json`` as snarkjs reads and writes it."""

from pathlib import Path
from typing import Final

from snark.groth16.formats.strict_json import (
    CURVE,
    PROTOCOL,
    parse,
    read_file,
    read_g1,
    read_g2,
    require_object,
    require_system,
    write_g1,
    write_g2,
    write_text,
)
from snark.groth16.proof import Proof

MAX_BYTES: Final = 2**14
FIELDS: Final = ("pi_a", "pi_b", "pi_c", "protocol", "curve")


def parse_proof(data: bytes | str) -> Proof:
    """A claim to be a proof; nothing but its form is checked."""
    document = require_object(parse(data, MAX_BYTES, "proof"), "", FIELDS)
    require_system(document)
    return Proof(
        read_g1(document["pi_a"], "pi_a"), read_g2(document["pi_b"], "pi_b"), read_g1(document["pi_c"], "pi_c")
    )


def read_proof(path: str | Path) -> Proof:
    """The same from a file."""
    return read_file(path, MAX_BYTES, "proof", parse_proof)


def format_proof(proof: Proof) -> str:
    """The text that snarkjs writes."""
    points = {"pi_a": write_g1(proof.a), "pi_b": write_g2(proof.b), "pi_c": write_g1(proof.c)}
    return write_text({**points, "protocol": PROTOCOL, "curve": CURVE})
