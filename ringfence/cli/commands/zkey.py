"""``ringfence zkey``: what a proving key is made of, and who contributed to it."""

import typer

from ringfence.cli.commands.ceremony import KeyArgument, MostExponentOption, PowersArgument, answer_key
from ringfence.cli.commands.r1cs import CircuitArgument
from ringfence.cli.options import JsonOption, ThreadsOption
from ringfence.cli.terminal import draw_facts, draw_table, make_printable, write_json
from snark.bn254.encoding import decode_g2
from snark.groth16.ceremony.phase2_transcript import MOST_BEACON_EXPONENT
from snark.groth16.development import is_development_gamma
from snark.groth16.formats.contribution import ContributionKind
from snark.groth16.formats.zkey import Zkey, ZkeyContribution, read_zkey

app = typer.Typer(help="Groth16 proving keys (.zkey).", no_args_is_help=True)


@app.command()
def info(
    key: KeyArgument,
    *,
    as_json: JsonOption = False,
) -> None:
    """Read a proving key to its end and tell what it is made of; its points are not checked."""
    zkey = read_zkey(key)
    zkey.require_well_formed()
    facts = describe_key(zkey)
    contributions = [describe_contribution(each) for each in zkey.contributions]
    if as_json:
        write_json(facts | {"contributions": contributions})
        return
    draw_facts(key.name, facts)
    shown = ("kind", "name", "iterations", "beacon")
    rows = [[number, *(each[fact] for fact in shown)] for number, each in enumerate(contributions, start=1)]
    if rows:
        draw_table("Contributions", ["", *shown], rows)


@app.command()
def verify(
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


def describe_key(zkey: Zkey) -> dict[str, object]:
    """The sizes of a key and the hash of its circuit."""
    return {
        "protocol": "groth16",
        "curve": "bn128",
        "variables": zkey.header.variables,
        "public": zkey.header.public,
        "domain": zkey.header.domain,
        "coefficients": zkey.coefficient_count,
        "circuit_hash": zkey.circuit_hash.hex(),
        "development": is_development_gamma(decode_g2(zkey.header.gamma_g2)),
        "contributed": bool(zkey.contributions),
    }


def describe_contribution(contribution: ZkeyContribution) -> dict[str, object]:
    """Who or what contributed."""
    provenance = contribution.provenance
    exponent = provenance.iterations_exponent
    return {
        "kind": "beacon" if provenance.kind is ContributionKind.BEACON else "person",
        "name": None if provenance.name is None else make_printable(provenance.name),
        "iterations": None if exponent is None else f"2^{exponent}",
        "beacon": None if provenance.beacon is None else provenance.beacon.hex(),
        "transcript": contribution.transcript.hex(),
    }
