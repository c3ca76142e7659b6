"""``public.json`` as snarkjs reads and writes it: a list of numbers in strings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from snark.bn254.encoding import require_scalar
from snark.errors import MalformedError, Reason
from snark.groth16.formats.strict_json import parse, read_file, require_decimal, require_list, write_text
from snark.groth16.proof import MAX_INPUTS

MAX_BYTES: Final = 2**23


def parse_public(data: bytes | str) -> tuple[int, ...]:
    """Public inputs, each below r and in its one spelling."""
    entries = require_list(parse(data, MAX_BYTES, "public"), "public")
    if len(entries) > MAX_INPUTS:
        found, expected = f"{len(entries)} inputs", f"at most {MAX_INPUTS} inputs"
        raise MalformedError(Reason.V02_TOO_LARGE, "public", found=found, expected=expected)
    fields = ((f"inputs[{index}]", entry) for index, entry in enumerate(entries))
    return tuple(require_scalar(require_decimal(entry, field), field) for field, entry in fields)


def read_public(path: str | Path) -> tuple[int, ...]:
    """The same from a file."""
    return read_file(path, MAX_BYTES, "public", parse_public)


def format_public(inputs: Sequence[int]) -> str:
    """The text that snarkjs writes."""
    return write_text([str(require_scalar(value, f"inputs[{index}]")) for index, value in enumerate(inputs)])
