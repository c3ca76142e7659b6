"""From named inputs to a proof: one native call on a program and a key that are loaded once.

A witness that breaks a rule is refused with the rule in the words of the domain, and with no number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from circuits.artifact import Artifact
from margin.errors import MisuseError, Reason
from prover.rules import describe_rule
from snark.errors import Reason as SnarkReason
from snark.errors import RejectedError
from snark.groth16.formats.verification_key import format_verifying_key
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.proof import Proof
from snark.groth16.prove import KeySizes, ProvingKey
from snark.r1cs.program.execution import Executable

Inputs = Mapping[str, int | Sequence[int]]


@dataclass(frozen=True, slots=True)
class Prover:
    """A circuit with its proving key, ready for any number of proofs."""

    artifact: Artifact
    program: Executable
    key: ProvingKey

    @classmethod
    def open(
        cls, artifact: Artifact, zkey: Path, *, threads: int | None = None, allow_development_keys: bool = False
    ) -> Self:
        """Load the witness program and the key, which have to be of one circuit."""
        key = ProvingKey.open(zkey, threads=threads, allow_development_keys=allow_development_keys)
        require_key_of(artifact, key.sizes)
        return cls(artifact, artifact.load_program(), key)

    def prove(self, inputs: Inputs) -> tuple[Proof, tuple[int, ...]]:
        """A proof and its public inputs; a witness exists in the native call alone."""
        try:
            return self.key.prove_from_inputs(self.program, inputs)
        except RejectedError as error:
            raise explain(error) from None


def require_key_of(artifact: Artifact, sizes: KeySizes) -> None:
    """A key is as large as the circuit that it is to be for."""
    counts = artifact.interface.counts
    if (counts.wires, counts.public_inputs) != (sizes.wires, sizes.public_inputs):
        expected = f"a key of {artifact.interface.name}"
        raise MisuseError(Reason.WRONG_FILE, "zkey", found="a key of another circuit", expected=expected)


def explain(error: RejectedError) -> RejectedError:
    """A broken rule in the words of its domain."""
    if error.reason is not SnarkReason.W30_RULE_BROKEN:
        return error
    return RejectedError(error.reason, error.field, found="inputs that break it", expected=describe_rule(error.field))


def render_verifying_key(zkey: Path) -> str:
    """The verifying key of a proving key, as its own file has it; whoever reads it says which keys it allows."""
    return format_verifying_key(extract_verifying_key(read_zkey(zkey), allow_development_keys=True))
