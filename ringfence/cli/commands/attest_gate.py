"""``ringfence attest-gate``: one observer of a gate that checks proofs itself, for as long as the gate does."""

from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli.extras import require_web3
from ringfence.cli.options import JsonOption
from ringfence.cli.passphrase import PassphraseDescriptorOption, PassphraseFileOption, ask_passphrase, prefer_option
from ringfence.cli.settings import PrintConfigOption
from ringfence.cli.terminal import draw_facts, write_json


def attest_gate(
    *,
    settings: Annotated[Path, typer.Option("--settings", help="The observe document.", show_default=False)],
    once: Annotated[bool, typer.Option("--once", help="Look once, share what is new, and stop.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only whether the observer that runs is well: for whoever looks after it.")
    ] = False,
    print_config: PrintConfigOption = False,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Follow a ProofGate to its final blocks, and sign for escrows what it holds, as one of its observers."""
    require_web3()
    from prometheus_client import CollectorRegistry

    from chains.observing.settings import read_observe
    from margin.documents.reading import read_document
    from ringfence.cli.looking import STATUS, Page, look_on, look_once, patience_of, tell_health
    from ringfence.cli.observing import describe_settings, open_observer

    told = read_observe(read_document(settings))
    if print_config:
        write_json(describe_settings(told)) if as_json else draw_facts("Settings", describe_settings(told))
        return
    if check:
        tell_health(told.state / STATUS, patience_of(told.look_seconds), "The observer is well", as_json=as_json)
        return
    file = prefer_option(passphrase_file, passphrase_fd, told.passphrase_file)
    passphrase = ask_passphrase(file, passphrase_fd, is_new=False, of="the keys")
    registry = CollectorRegistry()
    with open_observer(told, passphrase, registry) as station:
        if once:
            look_once(station, as_json=as_json)
        else:
            greeting = f"observing a gate of chain {told.chain.chain_id}"
            look_on(station, Page(told.metrics, registry), told.look_seconds, greeting, as_json=as_json)
