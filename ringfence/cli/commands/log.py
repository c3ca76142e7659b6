"""``ringfence log``: whether a verifier's log is one history, and all of it what it says."""

from pathlib import Path
from typing import Annotated

import typer

from facts.log_head import SignedHead
from ringfence.cli.connection import ServerOption, open_counter
from ringfence.cli.options import JsonOption
from ringfence.cli.settings import ConfigOption, SetOption
from ringfence.cli.terminal import draw_facts, write_json

app = typer.Typer(help="Check the log of a verifier.", no_args_is_help=True)


@app.command("head")
def show_head(
    *,
    server: ServerOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest head, which continues the last one that was seen."""
    with open_counter(server, config, settings) as counter:
        head = counter.connection.ask(counter.verifier.log.head())
    tell_head("Head", head, as_json=as_json)


@app.command("verify")
def verify_log(
    *,
    server: ServerOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read the whole log: every entry follows from those before it, nothing was spent twice, and all make the head."""
    with open_counter(server, config, settings) as counter:
        audit = counter.connection.ask(counter.verifier.log.audit())
    report = describe_head(audit.head) | {
        "acceptances": audit.acceptances,
        "live": audit.live,
        "locks": audit.nullifiers,
        "transitions": audit.transitions,
    }
    if as_json:
        write_json(report)
    else:
        draw_facts("The log is whole", report)


@app.command("witness")
def witness_log(
    file: Annotated[Path, typer.Argument(help="The file with the last head that was seen; it only goes forwards.")],
    *,
    server: ServerOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep the last head in a file. Exit 1 where the log has shrunk or has another history than it had."""
    with open_counter(server, config, settings, file) as counter:
        head = counter.connection.ask(counter.verifier.log.head())
    tell_head("Witnessed", head, as_json=as_json)


def tell_head(title: str, head: SignedHead, *, as_json: bool) -> None:
    """A head that was checked."""
    if as_json:
        write_json(describe_head(head) | {"note": head.note})
    else:
        draw_facts(title, describe_head(head))


def describe_head(head: SignedHead) -> dict[str, object]:
    """What a head says."""
    return {"log": head.head.origin, "size": head.head.size, "root": head.head.root.hex()}
