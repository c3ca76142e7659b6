"""``ringfence console``: the verifier's side as a web page, for the browsers of this machine."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli.connection import ServerOption
from ringfence.cli.extras import require_starlette
from ringfence.cli.settings import ConfigOption, PrintConfigOption, SetOption, read_settings
from ringfence.cli.terminal import err


def console(
    *,
    config: ConfigOption = None,
    anchor: Annotated[
        Path | None, typer.Option("--anchor", help="Whose word counts; short for trust.anchor.", show_default=False)
    ] = None,
    server: ServerOption = None,
    listen: Annotated[
        str | None,
        typer.Option("--listen", help="Where the page is, elsewhere over TLS alone; short for console.address."),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option("--metrics", help="Where the verifier shows its metrics; short for console.metrics."),
    ] = None,
    flags: SetOption = None,
    print_config: PrintConfigOption = False,
) -> None:
    """Show acceptances, roots and the log in a browser, live and read-only, until told to end (SIGTERM, SIGINT)."""
    from ringfence.console.settings import ConsoleSettings

    named = {
        "trust.anchor": anchor,
        "connection.address": server,
        "console.address": listen,
        "console.metrics": metrics,
    }
    said = [f"{key}={value}" for key, value in named.items() if value is not None]
    configuration = read_settings(ConsoleSettings, config, [*said, *(flags or ())])
    if print_config:
        sys.stdout.write(configuration.render())
        return
    require_starlette()
    from ringfence.console.program import serve

    serve(configuration.settings, tell_address)


def tell_address(address: str, *, once: bool) -> None:
    """Tell the person at the terminal where to look: by an address that opens the page once, or with a certificate."""
    told = f"open once: {address}" if once else f"open with a certificate: {address}"
    err.print(told, highlight=False, markup=False)
