"""Proofs from a proving key and a witness, in the formats of snarkjs: ``.zkey`` and ``.wtns``.

With the native backend everything that takes time happens in one call without the interpreter lock; the reference
proves small circuits, to be read and compared with. Each proof has fresh randomness from the operating system; there
is no way to give it any other.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final, Literal, Protocol, Self, cast

from snark.bn254.backend import BackendName, choose_name
from snark.bn254.threads import require_threads
from snark.errors import MalformedError, MisuseError, Reason, SnarkError
from snark.groth16.proof import Proof
from snark.r1cs.program.execution import Engine, Executable, encode_inputs

PIN: Final = re.compile("[0-9a-fA-F]{64}")
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


class Prover(Protocol):
    """A key that one backend has made ready."""

    sizes: tuple[int, int, int, int]
    is_for_development: bool

    def prove(self, witness: bytes, threads: int, *, check: bool) -> tuple[Proof, tuple[int, ...]]:
        """Prove from the content of a ``.wtns``."""
        ...

    def prove_from_inputs(
        self, engine: Engine, elements: bytearray, threads: int, *, check: bool
    ) -> tuple[Proof, tuple[int, ...]]:
        """Execute a witness program with the elements of its inputs, and prove what comes out."""
        ...


class ProvingKey:
    """A ``.zkey`` made ready for as many proofs as are wanted, from any thread.

    ``tables`` says what becomes of multiples of the key's points, which make proofs faster and can be
    worked out once: ``"auto"`` keeps them in ``<key>.multiples`` beside the key, a path in that file,
    ``"memory"`` in no file, and ``None`` makes none. There are as many of them as ``memory_limit`` bytes
    hold. A file that does not belong to the key, or is damaged, is made anew; one that cannot be written
    is done without. The reference backend has none, one thread, and a bound on the size of the key.
    """

    def __init__(self, prover: Prover, threads: int) -> None:
        self._prover = prover
        self._threads = threads

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        backend: BackendName | str = BackendName.AUTO,
        threads: int | None = None,
        tables: Literal["auto", "memory"] | os.PathLike[str] | None = "auto",
        memory_limit: int = MULTIPLES_LIMIT,
        portable: bool = False,
        sha256: str | None = None,
        allow_development_keys: bool = False,
    ) -> Self:
        """Read the key; ``threads`` is the number of cores where it is not given.

        ``portable`` does without the instructions that only some processors have. ``sha256``, in hex, is what the
        file has to hash to: no check of a key can see every altered byte, this one does. A key that is marked as made
        for development is refused unless ``allow_development_keys``. Files are read and not mapped, unless they are
        sealed (``shared_key``): whatever becomes of them afterwards, proofs are made with the key that was checked.
        """
        key = Path(path)
        count = require_threads(threads)
        with about_file(key):
            prover = choose_prover(backend)(
                key,
                threads=count,
                tables=place_of_multiples(key, tables),
                memory_limit=0 if tables is None else memory_limit,
                portable=portable,
                allow_development=allow_development_keys,
                pin=None if sha256 is None else parse_pin(sha256),
            )
        return cls(prover, count)

    @property
    def sizes(self) -> KeySizes:
        """What the key is made of."""
        return KeySizes(*self._prover.sizes)

    @property
    def is_for_development(self) -> bool:
        """Whether the key is marked: what it proves is proved to nobody who did not make it."""
        return self._prover.is_for_development

    def prove(
        self, witness: bytes | os.PathLike[str] | str, *, threads: int | None = None, check: bool = True
    ) -> tuple[Proof, tuple[int, ...]]:
        """Prove from a ``.wtns``, its content or its path; returns the proof and its public inputs.

        A key does not hold the third matrix of its constraints, so that a witness which breaks one of them
        is found only by verifying the proof. ``check`` does that, and refuses the witness without telling
        a value of it.
        """
        count = self._threads if threads is None else require_threads(threads)
        with nullcontext() if isinstance(witness, bytes) else about_file(witness):
            content = witness if isinstance(witness, bytes) else read_witness(witness)
            return self._prover.prove(content, count, check=check)

    def prove_from_inputs(
        self,
        program: Executable,
        inputs: Mapping[str, int | Sequence[int]],
        *,
        threads: int | None = None,
        check: bool = True,
    ) -> tuple[Proof, tuple[int, ...]]:
        """Execute the witness program and prove what comes out; natively, in one call.

        The witness then exists in that call alone, and is wiped at its end. Inputs that break a rule of the program are
        refused with the rule's name.
        """
        return self.prove_from_elements(program, encode_inputs(program.inputs, inputs), threads=threads, check=check)

    def prove_from_elements(
        self, program: Executable, elements: bytearray, *, threads: int | None = None, check: bool = True
    ) -> tuple[Proof, tuple[int, ...]]:
        """The same from inputs that are encoded already; they are wiped when this returns."""
        count = self._threads if threads is None else require_threads(threads)
        try:
            return self._prover.prove_from_inputs(program.engine, elements, count, check=check)
        finally:
            elements[:] = bytes(len(elements))


def choose_prover(backend: BackendName | str) -> Callable[..., Prover]:
    """What the chosen backend makes a key ready with."""
    module = import_module(f"snark.groth16.{choose_name(backend)}_prover")  # when asked for: native may be absent
    return cast("Callable[..., Prover]", module.PROVER)


@contextmanager
def about_file(path: str | os.PathLike[str]) -> Iterator[None]:
    """A refusal in here is about this file, and says so."""
    try:
        yield
    except SnarkError as refusal:
        raise refusal.in_file(os.fspath(path)) from None


def read_witness(path: str | os.PathLike[str]) -> bytes:
    """The content of a ``.wtns``."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        found = error.strerror or "an error"
        raise MalformedError(Reason.F01_NOT_READABLE, "witness", found=found, expected="a readable file") from None


def require_native() -> ModuleType:
    """The native module, for what it alone can do."""
    choose_name(BackendName.NATIVE)
    return import_module("snark._native")


def place_of_multiples(key: Path, tables: str | os.PathLike[str] | None) -> Path | None:
    """The file in which multiples are kept, if in any."""
    if tables is None or tables == "memory":
        return None
    return key.with_name(key.name + ".multiples") if tables == "auto" else Path(tables)


def parse_pin(text: str) -> bytes:
    """A SHA-256 in hex."""
    if not PIN.fullmatch(text):
        raise MisuseError(Reason.NOT_A_CHOICE, "sha256", found=text, expected="a SHA-256: 64 hex digits")
    return bytes.fromhex(text)
