"""``ringfence ceremony``: the two phases of a set-up, with as many contributors as there are."""

from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli.commands.r1cs import CircuitArgument
from ringfence.cli.options import JsonOption, ThreadsOption
from ringfence.cli.progress import show_progress
from ringfence.cli.terminal import draw_table, make_printable, out, write_json
from snark.bn254.backend import choose_curve
from snark.errors import MisuseError, Reason
from snark.groth16.ceremony.key_contribution import close_with_beacon, contribute_to_key
from snark.groth16.ceremony.key_setup import make_initial_key, set_up_key
from snark.groth16.ceremony.key_verification import require_key
from snark.groth16.ceremony.phase1_transcript import require_ptau
from snark.groth16.ceremony.phase2_transcript import MOST_BEACON_EXPONENT
from snark.groth16.ceremony.ptau_contribution import (
    begin_ptau,
    close_ptau_with_beacon,
    contribute_to_ptau,
    prepare_ptau,
)
from snark.groth16.formats.contribution import ContributionKind, Provenance
from snark.groth16.formats.ptau import read_ptau
from snark.groth16.formats.zkey import read_zkey
from snark.r1cs.r1cs_file import read_r1cs

app = typer.Typer(help="Set-up ceremonies.", no_args_is_help=True)
phase1 = typer.Typer(help="Powers of tau (.ptau), for every circuit up to a size.", no_args_is_help=True)
phase2 = typer.Typer(help="Proving keys (.zkey), for one circuit.", no_args_is_help=True)
app.add_typer(phase1, name="phase1")
app.add_typer(phase2, name="phase2")

PowersArgument = Annotated[Path, typer.Argument(help="Powers of tau (.ptau).", show_default=False)]
KeyArgument = Annotated[Path, typer.Argument(help="A Groth16 proving key (.zkey).", show_default=False)]
NewArgument = Annotated[Path, typer.Argument(help="The file to write.", show_default=False)]
NameOption = Annotated[str, typer.Option("--name", "-n", help="The contributor's name, which stays in the file.")]
BeaconNameOption = Annotated[str | None, typer.Option("--name", "-n", help="A name, which stays in the file.")]
BeaconArgument = Annotated[
    str, typer.Argument(help="A public value that nobody could foresee, in hex.", show_default=False)
]
ExponentArgument = Annotated[int, typer.Argument(help="It is hashed 2^EXPONENT times.", show_default=False)]
MostExponentOption = Annotated[
    int, typer.Option("--most-beacon-exponent", help="Refuse a beacon that asks for more than 2^N iterations.")
]


@phase1.command("new")
def begin(power: Annotated[int, typer.Argument(help="For circuits of up to 2^POWER rows.")], new: NewArgument) -> None:
    """Write the powers that the first contribution is made on."""
    begin_ptau(power, new)


@phase1.command("contribute")
def contribute_powers(
    powers: PowersArgument,
    new: NewArgument,
    *,
    name: NameOption,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a contribution with secrets from this machine's randomness, which are gone afterwards."""
    curve = choose_curve(threads=threads)
    with show_progress("contributing", "points", as_json=as_json) as progress:
        response_hash = contribute_to_ptau(read_ptau(powers), new, name, curve, progress)
    tell_hash("response_hash", response_hash, as_json=as_json)


@phase1.command("beacon")
def close_powers(
    powers: PowersArgument,
    new: NewArgument,
    beacon: BeaconArgument,
    exponent: ExponentArgument,
    *,
    name: BeaconNameOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close the first phase with a contribution that a public value names."""
    value, curve = parse_beacon(beacon), choose_curve(threads=threads)
    with show_progress("contributing", "points", as_json=as_json) as progress:
        response_hash = close_ptau_with_beacon(
            read_ptau(powers), new, value, exponent, curve, name=name, progress=progress
        )
    tell_hash("response_hash", response_hash, as_json=as_json)


@phase1.command()
def prepare(powers: PowersArgument, new: NewArgument, *, threads: ThreadsOption = None) -> None:
    """Add the Lagrange sections, with which the second phase can begin."""
    curve = choose_curve(threads=threads)
    with show_progress("transforming", "points", as_json=False) as progress:
        prepare_ptau(read_ptau(powers), new, curve, progress)


@phase1.command("verify")
def verify_powers(
    powers: PowersArgument,
    *,
    most_exponent: MostExponentOption = MOST_BEACON_EXPONENT,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify every contribution, every power and every Lagrange section."""
    curve = choose_curve(threads=threads)
    with show_progress("verifying", "points", as_json=as_json) as progress:
        verified = require_ptau(read_ptau(powers), curve, most_beacon_exponent=most_exponent, progress=progress)
    tell_contributions([(each.number, each.provenance, each.response_hash) for each in verified], as_json=as_json)


@phase2.command("setup")
def set_up(
    circuit: CircuitArgument,
    powers: PowersArgument,
    new: NewArgument,
    *,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the key that the first contribution is made on: a forger's key until somebody has contributed."""
    tell_hash("circuit_hash", write_initial_key(circuit, powers, new, threads, as_json=as_json), as_json=as_json)


@phase2.command("contribute")
def contribute_key(
    key: KeyArgument,
    new: NewArgument,
    *,
    name: NameOption,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a contribution with a secret from this machine's randomness, which is gone afterwards."""
    curve = choose_curve(threads=threads)
    with show_progress("contributing", "points", as_json=as_json) as progress:
        contribution_hash = contribute_to_key(read_zkey(key), new, name, curve, progress)
    tell_hash("contribution_hash", contribution_hash, as_json=as_json)


@phase2.command("beacon")
def close_key(
    key: KeyArgument,
    new: NewArgument,
    beacon: BeaconArgument,
    exponent: ExponentArgument,
    *,
    name: BeaconNameOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close the second phase with a contribution that a public value names."""
    value, curve = parse_beacon(beacon), choose_curve(threads=threads)
    with show_progress("contributing", "points", as_json=as_json) as progress:
        contribution_hash = close_with_beacon(read_zkey(key), new, value, exponent, curve, name=name, progress=progress)
    tell_hash("contribution_hash", contribution_hash, as_json=as_json)


@phase2.command("verify")
def verify_key(
    circuit: CircuitArgument,
    powers: PowersArgument,
    key: KeyArgument,
    *,
    most_exponent: MostExponentOption = MOST_BEACON_EXPONENT,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify that a key is of this circuit over these powers of tau, and every contribution to it."""
    answer_key(circuit, powers, key, most_exponent, threads=threads, as_json=as_json)


def write_initial_key(circuit: Path, powers: Path, new: Path, threads: int | None, *, as_json: bool) -> bytes:
    """The key that the first contribution is made on; returns the hash of its circuit."""
    curve = choose_curve(threads=threads)
    with show_progress("setting up", "sums", as_json=as_json) as progress:
        return set_up_key(read_r1cs(circuit), read_ptau(powers), new, curve, progress)


def answer_key(
    circuit: Path, powers: Path, key: Path, most_exponent: int, *, threads: int | None, as_json: bool
) -> None:
    """Make the set-up anew and compare; the powers themselves are for ``phase1 verify``."""
    curve = choose_curve(threads=threads)
    with show_progress("setting up", "sums", as_json=as_json) as progress:
        initial = make_initial_key(read_r1cs(circuit), read_ptau(powers), curve, progress)
    with show_progress("comparing", "points", as_json=as_json) as progress:
        verified = require_key(read_zkey(key), initial, curve, most_beacon_exponent=most_exponent, progress=progress)
    tell_contributions([(each.number, each.provenance, each.contribution_hash) for each in verified], as_json=as_json)


def parse_beacon(text: str) -> bytes:
    """A value in hex."""
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError as error:
        raise MisuseError(Reason.NOT_A_CHOICE, "beacon", found=text, expected="an even number of hex digits") from error


def tell_hash(name: str, digest: bytes, *, as_json: bool) -> None:
    """What a contributor publishes, to recognise the contribution by."""
    if as_json:
        write_json({name: digest.hex()})
    else:
        out.print(f"{name.replace('_', ' ')} {digest.hex()}", highlight=False)


def tell_contributions(verified: list[tuple[int, Provenance, bytes]], *, as_json: bool) -> None:
    """Every contribution that was verified, with the hash that its contributor can compare."""
    facts = [
        {
            "number": number,
            "kind": "beacon" if provenance.kind is ContributionKind.BEACON else "person",
            "name": None if provenance.name is None else make_printable(provenance.name),
            "hash": digest.hex(),
        }
        for number, provenance, digest in verified
    ]
    if as_json:
        write_json({"valid": True, "contributions": facts})
        return
    out.print("[green]valid[/green]")
    draw_table("Contributions", ["", "kind", "name", "hash"], [list(each.values()) for each in facts])
