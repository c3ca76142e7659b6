"""Proofs from a proving key and a witness, in the formats of snarkjs: ``.zkey`` and ``.wtns``.

Everything that takes time happens in one native call without the interpreter lock. Each proof has
fresh randomness from the operating system; there is no way to give it any other.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final, Literal, Self

from snark.bn254.constants import FIELD_BYTES
from snark.bn254.encoding import decode_g1, decode_g2
from snark.errors import MisuseError, Reason
from snark.groth16.proof import Proof
from snark.r1cs.program.execution import Executable, NativeEngine, encode_inputs

if TYPE_CHECKING:
    import snark._native

MOST_THREADS: Final = 1024
MULTIPLES_LIMIT: Final = 256 * 2**20
"""How many bytes of multiplied points a key may have where nothing else is said."""


@dataclass(frozen=True, slots=True)
class KeySizes:
    """What a proving key is made of."""

    wires: int
    public_inputs: int
    domain: int
    point_bytes: int
    """The memory of its points, with their multiples."""


class ProvingKey:
    """A ``.zkey`` made ready for as many proofs as are wanted, from any thread.

    ``tables`` says what becomes of multiples of the key's points, which make proofs faster and can be
    worked out once: ``"auto"`` keeps them in ``<key>.multiples`` beside the key, a path in that file,
    ``"memory"`` in no file, and ``None`` makes none. There are as many of them as ``memory_limit`` bytes
    hold. A file that does not belong to the key, or is damaged, is made anew; one that cannot be written
    is done without.
    """

    def __init__(self, native: "snark._native.ProvingKey", threads: int) -> None:
        self._native = native
        self._threads = threads

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        threads: int | None = None,
        tables: Literal["auto", "memory"] | os.PathLike[str] | None = "auto",
        memory_limit: int = MULTIPLES_LIMIT,
        portable: bool = False,
    ) -> Self:
        """Read the key; ``threads`` is the number of cores where it is not given.

        ``portable`` does without the instructions that only some processors have.
        """
        key = Path(path)
        count = require_threads(threads)
        limit = 0 if tables is None else memory_limit
        native = require_native().ProvingKey.open(key, place_of_multiples(key, tables), limit, count, portable)
        return cls(native, count)

    @property
    def sizes(self) -> KeySizes:
        """What the key is made of."""
        return KeySizes(*self._native.sizes)

    def prove(
        self, witness: bytes | os.PathLike[str] | str, *, threads: int | None = None, check: bool = True
    ) -> tuple[Proof, tuple[int, ...]]:
        """Prove from a ``.wtns``, its content or its path; returns the proof and its public inputs.

        A key does not hold the third matrix of its constraints, so that a witness which breaks one of them
        is found only by verifying the proof. ``check`` does that, and refuses the witness without telling
        a value of it.
        """
        content = witness if isinstance(witness, bytes) else Path(witness).read_bytes()
        count = self._threads if threads is None else require_threads(threads)
        a, b, c, public = self._native.prove(content, count, check)
        return Proof(decode_g1(a), decode_g2(b), decode_g1(c)), decode_scalars(public)

    def prove_from_inputs(
        self,
        program: Executable,
        inputs: Mapping[str, int | Sequence[int]],
        *,
        threads: int | None = None,
        check: bool = True,
    ) -> tuple[Proof, tuple[int, ...]]:
        """Execute the witness program and prove what comes out, in one native call.

        The witness exists in that call alone, and is wiped at its end. Inputs that break a rule of the program are
        refused with the rule's name.
        """
        engine = program.engine
        if not isinstance(engine, NativeEngine):
            expected = "a program loaded by the native backend"
            raise MisuseError(Reason.BACKEND_MISSING, "program", found=type(engine).__name__, expected=expected)
        count = self._threads if threads is None else require_threads(threads)
        elements = encode_inputs(program.inputs, inputs)
        try:
            proved = require_native().prove_from_inputs(engine.program, self._native, elements, count, check)
        finally:
            elements[:] = bytes(len(elements))
        a, b, c, public = proved
        return Proof(decode_g1(a), decode_g2(b), decode_g1(c)), decode_scalars(public)


def require_native() -> ModuleType:
    """The native module; the reference backend proves through ``snark.groth16.reference``."""
    try:
        return import_module("snark._native")
    except ImportError as error:
        raise MisuseError(
            Reason.BACKEND_MISSING, "snark._native", found="not built", expected="the native module: make native"
        ) from error


def decode_scalars(data: bytes) -> tuple[int, ...]:
    """Little-endian numbers of 32 bytes each."""
    return tuple(int.from_bytes(data[at : at + FIELD_BYTES], "little") for at in range(0, len(data), FIELD_BYTES))


def place_of_multiples(key: Path, tables: str | os.PathLike[str] | None) -> Path | None:
    """The file in which multiples are kept, if in any."""
    if tables is None or tables == "memory":
        return None
    return key.with_name(key.name + ".multiples") if tables == "auto" else Path(tables)


def require_threads(threads: int | None) -> int:
    """As many as asked for, or as there are cores to run on."""
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not 1 <= threads <= MOST_THREADS:
        raise MisuseError(Reason.OUT_OF_BOUNDS, "threads", found=threads, expected=f"1 to {MOST_THREADS}")
    return threads
