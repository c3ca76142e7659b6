"""The commands, put together."""

import platform
from typing import Annotated

import typer

from ringfence import __version__
from ringfence.cli.commands import (
    attestation,
    ceremony,
    certs,
    circuit,
    groth16,
    keys,
    log,
    margin,
    policy,
    prover,
    r1cs,
    registry,
    sandbox,
    solvency,
    store,
    transition,
    tree,
    verifier,
    wtns,
    zkey,
)
from ringfence.cli.commands.collateral import accept, acceptances, refresh, release, seal, seize, watch
from ringfence.cli.commands.commit import commit
from ringfence.cli.commands.demo import demo
from ringfence.cli.commands.doctor import doctor
from ringfence.cli.commands.prove import prove
from ringfence.cli.commands.trust import trust
from ringfence.cli.commands.verify import verify
from ringfence.cli.options import JsonOption
from ringfence.cli.terminal import out, write_json

app = typer.Typer(
    name="ringfence",
    help="Isolated margin that can be checked, in exact integers.",
    epilog="Exit codes: 0 yes, 1 a clear no, 2 misuse, 3 malformed input, 4 internal.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(margin.app, name="margin")
app.add_typer(policy.app, name="policy")
app.command()(commit)
app.command()(prove)
app.command()(verify)
app.command()(accept)
app.command()(refresh)
app.command()(release)
app.command()(seal)
app.command()(seize)
app.command()(acceptances)
app.command()(watch)
app.add_typer(transition.app, name="transition")
app.add_typer(log.app, name="log")
app.command()(trust)
app.add_typer(circuit.app, name="circuit")
app.add_typer(groth16.app, name="groth16")
app.add_typer(ceremony.app, name="ceremony")
app.add_typer(r1cs.app, name="r1cs")
app.add_typer(wtns.app, name="wtns")
app.add_typer(zkey.app, name="zkey")
app.add_typer(store.app, name="store")
app.add_typer(tree.app, name="tree")
app.add_typer(certs.app, name="certs")
app.add_typer(keys.app, name="keys")
app.add_typer(attestation.app, name="attestation")
app.add_typer(prover.app, name="prover")
app.add_typer(verifier.app, name="verifier")
app.add_typer(registry.app, name="registry")
app.add_typer(solvency.app, name="solvency")
app.add_typer(sandbox.app, name="sandbox")
app.command()(doctor)
app.command()(demo)


def show_version(wanted: bool) -> None:  # noqa: FBT001 - the signature of an option's callback
    """Print the version and stop."""
    if wanted:
        out.print(f"ringfence {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def start(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Isolated margin that can be checked, in exact integers."""


@app.command()
def version(*, as_json: JsonOption = False) -> None:
    """Show the versions of ringfence and of what it runs on."""
    facts = {"ringfence": __version__, "python": platform.python_version(), "platform": platform.platform()}
    if as_json:
        write_json(facts)
    else:
        for name, value in facts.items():
            out.print(f"{name} {value}", highlight=False)
