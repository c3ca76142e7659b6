"""Settings of a server as its command is given them: a file, the environment and flags, in one order."""

import os
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from ringfence.cli.terminal import err
from serving.address import UNIX
from serving.config import Configuration, read_configuration

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", envvar="RINGFENCE_CONFIG", help="A TOML file with settings.", show_default=False),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting, like listen.plaintext=true; any number."),
]
PrintConfigOption = Annotated[
    bool, typer.Option("--print-config", help="Print all settings with where each comes from, and stop.")
]

S = TypeVar("S")


def read_settings(kind: type[S], file: Path | None, flags: list[str] | None) -> Configuration[S]:
    """Flags before environment before file before defaults."""
    return read_configuration(kind, file=file, environment=os.environ, flags=flags or ())


def announce(address: str, port: int) -> None:
    """Tell the person at the terminal where a server listens, with the port that was chosen."""
    place = address if address.startswith(UNIX) else f"{address.rpartition(':')[0]}:{port}"
    err.print(f"serving on {place}", highlight=False, markup=False)
