"""Mutated files: every parser gives a value or a typed error, within bounded time and memory.

``corpus`` keeps the seeds, and whatever once did something else. A mutant that does is written there by hand, under a
name that says what it did, and is replayed by the quick suite from then on.
"""

import random
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from snark.errors import SnarkError
from snark.groth16.formats.ptau import read_ptau
from snark.groth16.formats.zkey import read_zkey
from snark.r1cs.r1cs_file import read_r1cs
from snark.r1cs.sym_file import iterate_symbols
from snark.r1cs.wtns_file import read_wtns
from tests.snark.shared_vectors import list_vectors, name_vector, needs_vectors

CORPUS: Final = Path(__file__).parent / "corpus"
MOST_SECONDS: Final = 2.0
LEAST_ALLOWANCE: Final = 65_536
MOST_BYTES_FOR_EACH: Final = 200
"""Memory may grow with the file, and with nothing that stands in it."""
INTERESTING: Final = (0, 1, 0x20, 0x30, 0x31, 0x7F, 0x80, 0xFF)

Parse = Callable[[bytes], object]


def parse_r1cs(data: bytes) -> None:
    read_r1cs(data).require_well_formed()


def parse_wtns(data: bytes) -> None:
    list(read_wtns(data).values)


def parse_zkey(data: bytes) -> None:
    zkey = read_zkey(data)
    zkey.require_well_formed()
    list(zkey.ic)


def parse_ptau(data: bytes) -> None:
    ptau = read_ptau(data)
    ptau.require_well_formed()
    list(ptau.tau_g1[:8])


def parse_sym(data: bytes) -> None:
    for _ in iterate_symbols(data):
        pass


PARSERS: Final[dict[str, Parse]] = {
    "r1cs": parse_r1cs,
    "wtns": parse_wtns,
    "zkey": parse_zkey,
    "ptau": parse_ptau,
    "sym": parse_sym,
}
SEEDS: Final = sorted(path for path in CORPUS.iterdir() if path.suffix[1:] in PARSERS)

each_seed = pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)


def try_to_parse(parse: Parse, data: bytes, what: str) -> bool:
    """Whether the bytes are a file; anything but a value or a typed error fails the test and shows the mutant."""
    try:
        parse(data)
    except SnarkError:
        return False
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is the finding
        pytest.fail(f"{what}: {type(error).__name__}: {error}\n{data[:4096].hex()}")
    return True


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


@each_seed
def test_the_corpus_does_what_its_names_say(path: Path) -> None:
    expected = path.stem.startswith("whole")
    assert try_to_parse(PARSERS[path.suffix[1:]], path.read_bytes(), path.name) is expected


@each_seed
def test_a_few_mutants(path: Path) -> None:
    seed, choose = path.read_bytes(), random.Random(path.name)  # noqa: S311 -- mutants, not secrets
    for index in range(100):
        try_to_parse(PARSERS[path.suffix[1:]], mutate(seed, choose), f"{path.name}, mutant {index}")


@pytest.mark.slow
@each_seed
def test_every_truncation(path: Path) -> None:
    seed = path.read_bytes()
    for length in range(len(seed)):
        whole = try_to_parse(PARSERS[path.suffix[1:]], seed[:length], f"{path.name}, {length} bytes")
        assert not whole or path.suffix == ".sym", f"{length} bytes of {path.name} were taken for a whole file"


@pytest.mark.slow
@each_seed
def test_every_byte_of_the_header(path: Path) -> None:
    for index, mutant in enumerate(flip_header_bytes(path.read_bytes())):
        try_to_parse(PARSERS[path.suffix[1:]], mutant, f"{path.name}, header {index}")


@pytest.mark.slow
@each_seed
def test_many_mutants(path: Path) -> None:
    seed, choose = path.read_bytes(), random.Random(f"many {path.name}")  # noqa: S311 -- mutants, not secrets
    for index in range(6000):
        try_to_parse(PARSERS[path.suffix[1:]], mutate(seed, choose), f"{path.name}, mutant {index}")


@pytest.mark.slow
@each_seed
def test_memory_and_time_follow_the_length_and_not_what_it_says(path: Path) -> None:
    seed, choose = path.read_bytes(), random.Random(f"memory {path.name}")  # noqa: S311 -- mutants, not secrets
    parse = PARSERS[path.suffix[1:]]
    tracemalloc.start()
    try:
        for index in range(300):
            mutant = mutate(seed, choose)
            tracemalloc.reset_peak()
            before, began = tracemalloc.get_traced_memory()[0], time.perf_counter()
            try_to_parse(parse, mutant, f"{path.name}, mutant {index}")
            assert time.perf_counter() - began < MOST_SECONDS
            assert tracemalloc.get_traced_memory()[1] - before < LEAST_ALLOWANCE + MOST_BYTES_FOR_EACH * len(mutant)
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@needs_vectors
@pytest.mark.parametrize("path", list_vectors("*/*.[rwzp]*"), ids=name_vector)
def test_mutants_of_files_from_elsewhere(path: Path) -> None:
    parse = PARSERS.get(path.suffix[1:])
    if parse is None:
        pytest.skip("not of these formats")
    seed, choose = path.read_bytes(), random.Random(path.name)  # noqa: S311 -- mutants, not secrets
    for index in range(100):
        try_to_parse(parse, mutate(seed, choose), f"{path.name}, mutant {index}")
    for length in [*range(0, len(seed), 1 + len(seed) // 100), len(seed) - 1]:
        assert not try_to_parse(parse, seed[:length], f"{path.name}, {length} bytes")
