"""A whole ceremony over a circuit of two constraints, held once for each backend that asks."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from snark.bn254.backend import BackendName, choose_curve
from snark.groth16.ceremony.key_contribution import close_with_beacon, contribute_to_key
from snark.groth16.ceremony.key_setup import set_up_key
from snark.groth16.ceremony.ptau_contribution import (
    begin_ptau,
    close_ptau_with_beacon,
    contribute_to_ptau,
    prepare_ptau,
)
from snark.groth16.formats.ptau import Ptau, read_ptau
from snark.groth16.formats.zkey import Zkey, read_zkey
from snark.r1cs.r1cs_file import R1cs, read_r1cs
from tests.snark import small_files as small

POWER = 3
BEACON = bytes(range(1, 32))


@dataclass(frozen=True)
class Ceremony:
    """What a ceremony leaves behind; the files are mapped, and stay where they are no longer named."""

    r1cs: R1cs
    powers: Ptau
    prepared: Ptau
    initial: Zkey
    first: Zkey
    final: Zkey
    first_hash: bytes


@cache
def hold_ceremony(backend: BackendName) -> Ceremony:
    """A ceremony, the same for all who ask."""
    return run_ceremony(backend)


@cache
def hold_another_ceremony(backend: BackendName) -> Ceremony:
    """Another one for the same circuit, with other people's secrets."""
    return run_ceremony(backend)


def run_ceremony(backend: BackendName) -> Ceremony:
    """Both phases, each with one person and a beacon."""
    curve = choose_curve(backend)
    with TemporaryDirectory() as name:
        folder = Path(name)
        powers = [folder / f"{index}.ptau" for index in range(4)]
        begin_ptau(POWER, powers[0])
        contribute_to_ptau(read_ptau(powers[0]), powers[1], "Ada", curve)
        close_ptau_with_beacon(read_ptau(powers[1]), powers[2], BEACON, 10, curve, name="moon")
        prepare_ptau(read_ptau(powers[2]), powers[3], curve)
        r1cs, prepared = read_r1cs(small.r1cs_file()), read_ptau(powers[3])
        keys = [folder / f"{index}.zkey" for index in range(3)]
        set_up_key(r1cs, prepared, keys[0], curve)
        first_hash = contribute_to_key(read_zkey(keys[0]), keys[1], "Grace", curve)
        close_with_beacon(read_zkey(keys[1]), keys[2], BEACON, 10, curve)
        initial, first, final = map(read_zkey, keys)
        return Ceremony(r1cs, read_ptau(powers[2]), prepared, initial, first, final, first_hash)
