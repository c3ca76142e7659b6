"""The commands, put together: all of them, or the one that is asked for.

A command imports what it works with: provers, stores, servers. Whoever wants one does not wait for the others.
"""

import platform
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Annotated, Final

import typer

from ringfence import __version__
from ringfence.cli.options import JsonOption
from ringfence.cli.terminal import out, write_json

COMMANDS: Final = {
    "commit": "commit",
    "prove": "prove",
    "verify": "verify",
    **dict.fromkeys(("accept", "refresh", "release", "seal", "seize", "acceptances", "watch"), "collateral"),
    "trust": "trust",
    "console": "console",
    "watch-chain": "watch_chain",
    "relay": "relay",
    "post-roots": "post_roots",
    "attest-gate": "attest_gate",
    "doctor": "doctor",
    "demo": "demo",
}
"""Commands, each with the module that has it as a function; ``two-words`` are ``two_words`` there."""

GROUPS: Final = (
    "margin",
    "policy",
    "transition",
    "log",
    "circuit",
    "groth16",
    "ceremony",
    "r1cs",
    "wtns",
    "zkey",
    "store",
    "tree",
    "certs",
    "keys",
    "attestation",
    "prover",
    "verifier",
    "registry",
    "solvency",
    "sandbox",
)
"""Groups of commands, each of which is a module."""

ALONE: Final = ("version", "--version")
"""What needs none of them."""


def build_app(wanted: str | None = None) -> typer.Typer:
    """The program with the command of this name, or with every one where none has it."""
    return assemble_app(wanted if wanted in {*COMMANDS, *GROUPS, *ALONE} else None)


@cache
def assemble_app(wanted: str | None) -> typer.Typer:
    """The program with one command, or with all."""
    app = typer.Typer(
        name="ringfence",
        help="Isolated margin that can be checked, in exact integers.",
        epilog="Exit codes: 0 yes, 1 a clear no, 2 misuse, 3 malformed input, 4 internal.",
        no_args_is_help=True,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name in choose(COMMANDS, wanted):
        app.command()(getattr(import_module(f"{__name__}.{COMMANDS[name]}"), name.replace("-", "_")))
    for name in choose(GROUPS, wanted):
        app.add_typer(import_module(f"{__name__}.{name}").app, name=name)
    app.callback()(start)
    app.command()(version)
    return app


def choose(names: Iterable[str], wanted: str | None) -> list[str]:
    """Those that are wanted."""
    return [name for name in names if wanted in {None, name}]


def show_version(wanted: bool) -> None:  # noqa: FBT001 - the signature of an option's callback
    """Print the version and stop."""
    if wanted:
        out.print(f"ringfence {__version__}", highlight=False)
        raise typer.Exit


def start(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Isolated margin that can be checked, in exact integers."""


def version(*, as_json: JsonOption = False) -> None:
    """Show the versions of ringfence and of what it runs on."""
    facts = {"ringfence": __version__, "python": platform.python_version(), "platform": platform.platform()}
    if as_json:
        write_json(facts)
    else:
        for name, value in facts.items():
            out.print(f"{name} {value}", highlight=False)
