"""The hash, with whichever backend there is: the same numbers from either.

``hash_inputs([1, 2])`` is circomlibjs' ``poseidon([1, 2])``. ``hash_many`` is for trees: rows of equally many inputs
in one buffer, hashed on all cores without the interpreter lock.
"""

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Protocol

from snark.bn254.backend import BackendName, choose_name
from snark.bn254.constants import FIELD_BYTES
from snark.bn254.encoding import encode_scalar, require_scalar
from snark.errors import MalformedError, MisuseError, Reason
from snark.poseidon import reference
from snark.poseidon.parameters import require_width


class Poseidon(Protocol):
    """What a backend does."""

    def hash_inputs(self, inputs: Sequence[int]) -> int:
        """The hash of 1 to 16 elements."""

    def hash_many(self, width: int, rows: bytes, threads: int = 0) -> bytes:
        """The hash of each row of ``width - 1`` elements; elements and hashes are 32 canonical little-endian bytes."""


class ReferencePoseidon:
    """The paper's rounds, in Python."""

    def hash_inputs(self, inputs: Sequence[int]) -> int:
        """The hash of 1 to 16 elements."""
        require_width(len(inputs) + 1)
        return reference.hash_row([require_scalar(value, "inputs") for value in inputs])

    def hash_many(self, width: int, rows: bytes, threads: int = 0) -> bytes:
        """The hash of each row, one after the other."""
        require_rows(width, rows, threads)
        return b"".join(encode_scalar(reference.hash_row(row)) for row in reference.rows_of(rows, width - 1))


class NativePoseidon:
    """The same permutation with sparse matrices in its partial rounds, and on many rows at once."""

    def hash_inputs(self, inputs: Sequence[int]) -> int:
        """The hash of 1 to 16 elements."""
        width = require_width(len(inputs) + 1)
        row = b"".join(require_scalar(value, "inputs").to_bytes(FIELD_BYTES, "little") for value in inputs)
        return int.from_bytes(native().poseidon_hash_many(width, row, 1), "little")

    def hash_many(self, width: int, rows: bytes, threads: int = 0) -> bytes:
        """The hash of each row; without a number of threads, on all cores."""
        require_rows(width, rows, threads)
        hashes: bytes = native().poseidon_hash_many(width, rows, threads)
        return hashes


def native() -> ModuleType:
    """The native module, which is absent where it could not be built."""
    return import_module("snark._native")


def require_rows(width: int, rows: bytes, threads: int) -> None:
    """Whole rows, and a number of threads that can be."""
    length = (require_width(width) - 1) * FIELD_BYTES
    if len(rows) % length:
        found = f"{len(rows)} bytes"
        raise MalformedError(Reason.WRONG_COUNT, "rows", found=found, expected=f"rows of {length} bytes")
    if threads < 0:
        raise MisuseError(Reason.OUT_OF_BOUNDS, "threads", found=threads, expected="a number of threads, or 0 for all")


def choose_poseidon(backend: BackendName | str = BackendName.AUTO) -> Poseidon:
    """The chosen backend; left open, the environment decides, and else the fastest that is there."""
    return ReferencePoseidon() if choose_name(backend) is BackendName.REFERENCE else NativePoseidon()


def hash_inputs(inputs: Sequence[int]) -> int:
    """The hash of 1 to 16 elements."""
    return choose_poseidon().hash_inputs(inputs)


def hash_many(width: int, rows: bytes, threads: int = 0) -> bytes:
    """The hash of each row of ``width - 1`` elements of 32 canonical little-endian bytes."""
    return choose_poseidon().hash_many(width, rows, threads)
