"""The commands, put together."""

import platform
from typing import Annotated

import typer

from ringfence import __version__
from ringfence.cli.commands import ceremony, circuit, groth16, margin, policy, r1cs, wtns, zkey
from ringfence.cli.commands.commit import commit
from ringfence.cli.commands.demo import demo
from ringfence.cli.commands.doctor import doctor
from ringfence.cli.commands.prove import prove
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
app.add_typer(circuit.app, name="circuit")
app.add_typer(groth16.app, name="groth16")
app.add_typer(ceremony.app, name="ceremony")
app.add_typer(r1cs.app, name="r1cs")
app.add_typer(wtns.app, name="wtns")
app.add_typer(zkey.app, name="zkey")
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
