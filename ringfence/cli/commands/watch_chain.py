"""``ringfence watch-chain``: one watcher of a chain, as a program that runs for as long as the chain does."""

from pathlib import Path
from typing import Annotated

import typer

from margin.documents.reading import read_document
from ringfence.cli.connection import ServerOption, open_connection
from ringfence.cli.options import JsonOption
from ringfence.cli.passphrase import PassphraseDescriptorOption, PassphraseFileOption, ask_passphrase, prefer_option
from ringfence.cli.settings import SetOption


def watch_chain(
    *,
    settings: Annotated[Path, typer.Option("--settings", help="The watch document.", show_default=False)],
    once: Annotated[bool, typer.Option("--once", help="Look once, hand over what is due, and stop.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only whether the watcher that runs is well: for whoever looks after it.")
    ] = False,
    server: ServerOption = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="Where the registry is; that of the document where left out.")
    ] = None,
    flags: SetOption = None,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Follow an escrow to its final blocks, sign the root of its locks as one watcher, and have it published."""
    from prometheus_client import CollectorRegistry

    from chains.watching.settings import read_watch
    from ringfence.cli.looking import STATUS, Page, look_on, look_once, patience_of, tell_health
    from ringfence.cli.watching import open_station

    told = read_watch(read_document(settings))
    if check:
        tell_health(told.state / STATUS, patience_of(told.look_seconds), "The watcher is well", as_json=as_json)
        return
    file = prefer_option(passphrase_file, passphrase_fd, told.passphrase_file)
    passphrase = ask_passphrase(file, passphrase_fd, is_new=False, of="the keys")
    registry = CollectorRegistry()
    with (
        open_connection(server, config or told.connection, flags) as connection,
        open_station(told, connection, passphrase, registry) as station,
    ):
        if once:
            look_once(station, as_json=as_json)
        else:
            greeting = f"watching chain {told.chain.chain_id}"
            look_on(station, Page(told.metrics, registry), told.look_seconds, greeting, as_json=as_json)
