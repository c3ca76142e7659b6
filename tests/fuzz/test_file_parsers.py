"""Mutated files: every parser gives a value or a typed error, within bounded time and memory.

``corpus`` has a folder for each parser, with its seeds and whatever once did something else. Whoever finds a mutant
that does puts it there under a name that says what it did; this suite replays it from then on. ``test_fuzzing.py``
looks for such mutants by the branches that they reach.
"""

import random
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.fuzz.targets import CORPUS, PYTHON, RUST, is_accepted
from tests.snark.shared_vectors import list_vectors, name_vector, needs_vectors

MOST_SECONDS: Final = 2.0
LEAST_ALLOWANCE: Final = 65_536
MOST_BYTES_FOR_EACH: Final = 200
"""Memory may grow with the file, and with nothing that stands in it."""
INTERESTING: Final = (0, 1, 0x20, 0x30, 0x31, 0x7F, 0x80, 0xFF)
FILES: Final = (
    "r1cs",
    "wtns",
    "zkey",
    "ptau",
    "sym",
    "signed_fact",
    "solvency_batch",
    "solvency_total",
    "accounts",
    "pyth",
    "redstone",
    "attestation",
    "key_list",
    "message",
)

SEEDS: Final = sorted(path for target in (*PYTHON, *RUST) for path in (CORPUS / target).iterdir())
SEEDS_OF_FILES: Final = [path for path in SEEDS if path.parent.name in FILES]


def name_seed(path: Path) -> str:
    return f"{path.parent.name}-{path.name}"


each_file = pytest.mark.parametrize("path", SEEDS_OF_FILES, ids=name_seed)


def try_to_parse(target: str, data: bytes, what: str) -> bool:
    """Whether the bytes are a file; anything but a value or a typed error fails the test and shows the mutant."""
    try:
        return is_accepted(target, data)
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is the finding
        pytest.fail(f"{what}: {type(error).__name__}: {error}\n{data[:4096].hex()}")


def mutate(seed: bytes, choose: random.Random) -> bytes:
    """A few changes of the kinds that break parsers."""
    data = bytearray(seed)
    for _ in range(choose.choice((1, 1, 1, 2, 3, 8))):
        at = choose.randrange(len(data)) if data else 0
        match choose.randrange(7):
            case 0:
                data[at : at + 1] = bytes([choose.randrange(256)])
            case 1:
                data[at : at + 1] = bytes([data[at] ^ 1 << choose.randrange(8)]) if data else b""
            case 2:
                data[at : at + 4] = choose.choice((0, 1, 2**31 - 1, 2**31, 2**32 - 1)).to_bytes(4, "little")
            case 3:
                data[at : at + 8] = choose.choice((0, 2**32, 2**63, 2**64 - 1)).to_bytes(8, "little")
            case 4:
                del data[at : at + choose.randrange(1, 40)]
            case 5:
                data[at:at] = data[: choose.randrange(1, 40)]
            case _:
                data[at : at + 1] = bytes([choose.choice(INTERESTING)])
    return bytes(data)


def flip_header_bytes(seed: bytes) -> Iterator[bytes]:
    """Every byte of the beginning, set to every interesting value."""
    for at in range(min(len(seed), 256)):
        for value in INTERESTING:
            yield seed[:at] + bytes([value]) + seed[at + 1 :]


MADE_OF_PARTS = {"sym", "accounts", "message"}
"""What is whole at the end of each of its lines, or fields: a field that is not there is zero, and may be."""


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=pytest.mark.native if path.parent.name in RUST else ()) for path in SEEDS],
    ids=name_seed,
)
def test_the_corpus_does_what_its_names_say(path: Path) -> None:
    expected = path.name.startswith("whole")
    assert try_to_parse(path.parent.name, path.read_bytes(), path.name) is expected


@each_file
def test_a_few_mutants(path: Path) -> None:
    seed, choose = path.read_bytes(), random.Random(path.name)  # noqa: S311 -- mutants, not secrets
    for index in range(100):
        try_to_parse(path.parent.name, mutate(seed, choose), f"{path.name}, mutant {index}")


@pytest.mark.slow
@each_file
def test_every_truncation(path: Path) -> None:
    seed = path.read_bytes()
    for length in range(len(seed)):
        whole = try_to_parse(path.parent.name, seed[:length], f"{path.name}, {length} bytes")
        assert not whole or path.parent.name in MADE_OF_PARTS, (
            f"{length} bytes of {path.name} were taken for a whole file"
        )


@pytest.mark.slow
@each_file
def test_every_byte_of_the_header(path: Path) -> None:
    for index, mutant in enumerate(flip_header_bytes(path.read_bytes())):
        try_to_parse(path.parent.name, mutant, f"{path.name}, header {index}")


@pytest.mark.slow
@each_file
def test_many_mutants(path: Path) -> None:
    seed, choose = path.read_bytes(), random.Random(f"many {path.name}")  # noqa: S311 -- mutants, not secrets
    for index in range(6000):
        try_to_parse(path.parent.name, mutate(seed, choose), f"{path.name}, mutant {index}")


@pytest.mark.slow
@each_file
def test_memory_and_time_follow_the_length_and_not_what_it_says(path: Path) -> None:
    """Of a processor, for this thread: what else the machine does costs a parser nothing. What it imports is there."""
    seed, choose = path.read_bytes(), random.Random(f"memory {path.name}")  # noqa: S311 -- mutants, not secrets
    try_to_parse(path.parent.name, seed, path.name)
    tracemalloc.start()
    try:
        for index in range(300):
            mutant = mutate(seed, choose)
            tracemalloc.reset_peak()
            before, began = tracemalloc.get_traced_memory()[0], time.thread_time()
            try_to_parse(path.parent.name, mutant, f"{path.name}, mutant {index}")
            assert time.thread_time() - began < MOST_SECONDS
            assert tracemalloc.get_traced_memory()[1] - before < LEAST_ALLOWANCE + MOST_BYTES_FOR_EACH * len(mutant)
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@needs_vectors
@pytest.mark.parametrize("path", list_vectors("*/*.[rwzp]*"), ids=name_vector)
def test_mutants_of_files_from_elsewhere(path: Path) -> None:
    target = path.suffix[1:]
    if target not in FILES:
        pytest.skip("not of these formats")
    seed, choose = path.read_bytes(), random.Random(path.name)  # noqa: S311 -- mutants, not secrets
    for index in range(100):
        try_to_parse(target, mutate(seed, choose), f"{path.name}, mutant {index}")
    for length in [*range(0, len(seed), 1 + len(seed) // 100), len(seed) - 1]:
        assert not try_to_parse(target, seed[:length], f"{path.name}, {length} bytes")
