"""Proofs as the native module makes them."""

from pathlib import Path

from snark import _native
from snark.bn254.encoding import decode_g1, decode_g2, decode_scalars
from snark.errors import MisuseError, Reason
from snark.groth16.proof import Proof
from snark.r1cs.program.execution import Engine, NativeEngine


class NativeProver:
    """A key that the native module has made ready: everything that takes time happens without the interpreter lock."""

    def __init__(
        self,
        path: Path,
        *,
        threads: int,
        tables: Path | None,
        memory_limit: int,
        portable: bool,
        allow_development: bool,
        pin: bytes | None,
    ) -> None:
        self._key = _native.ProvingKey.open(
            path, tables, memory_limit, threads, portable=portable, allow_development=allow_development, pin=pin
        )
        self.sizes = self._key.sizes
        self.is_for_development = self._key.is_for_development

    def prove(self, witness: bytes, threads: int, *, check: bool) -> tuple[Proof, tuple[int, ...]]:
        """Prove from the content of a ``.wtns``."""
        return decode_proved(self._key.prove(witness, threads, check))

    def prove_from_inputs(
        self, engine: Engine, elements: bytearray, threads: int, *, check: bool
    ) -> tuple[Proof, tuple[int, ...]]:
        """Execute and prove in one call, in which the witness comes and goes."""
        if not isinstance(engine, NativeEngine):
            expected = "a program loaded by the native backend"
            raise MisuseError(Reason.BACKEND_MISSING, "program", found=type(engine).__name__, expected=expected)
        return decode_proved(_native.prove_from_inputs(engine.program, self._key, elements, threads, check))


def decode_proved(proved: tuple[bytes, bytes, bytes, bytes]) -> tuple[Proof, tuple[int, ...]]:
    """The points of a proof as they stand in a ``.zkey``, and its inputs as they stand in a ``.wtns``."""
    a, b, c, inputs = proved
    return Proof(decode_g1(a), decode_g2(b), decode_g1(c)), decode_scalars(inputs)


PROVER = NativeProver
