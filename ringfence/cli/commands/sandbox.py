"""``ringfence sandbox``: prover and verifier with everything that they need, on one machine, for a trial."""

import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from margin.errors import MarginError
from ringfence.cli.options import JsonOption
from ringfence.cli.sandbox.making import Wanted, make_sandbox
from ringfence.cli.sandbox.places import Sandbox
from ringfence.cli.sandbox.publishing import Speakers, move_mark, publish_now
from ringfence.cli.terminal import err, out, write_json, write_json_line
from ringfence.client.errors import ClientError
from verifier.acceptance import MAX_PERIOD_SECONDS

MAKE: Final = "make"
STATEMENTS: Final = ["perp-k0", "perp-k1", "release"]
PERIOD_SECONDS: Final = 600


class MakesByDefault(TyperGroup):
    """A folder where a command could stand is one to be made: ``FOLDER`` is ``make FOLDER``."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - as Typer calls it
        """The command that is meant, and its arguments."""
        return super().resolve_command(ctx, args if args[0] in self.commands else [MAKE, *args])


app = typer.Typer(
    cls=MakesByDefault,
    help="Prover and verifier on one machine, for a trial: never for production. FOLDER alone makes one.",
    no_args_is_help=True,
)

FolderArgument = Annotated[Path, typer.Argument(help="The folder of the trial.")]


@app.command(MAKE)
def make(
    folder: FolderArgument,
    *,
    statement: Annotated[
        list[str] | None, typer.Option("--statement", help="A statement to prove, by its name; any number.")
    ] = None,
    verifier: Annotated[str, typer.Option("--verifier", help="Where the verifier listens.")] = "127.0.0.1:50052",
    prover: Annotated[str, typer.Option("--prover", help="Where the prover listens.")] = "127.0.0.1:50051",
    period: Annotated[
        int, typer.Option("--period", min=1, max=MAX_PERIOD_SECONDS, help="Seconds until an acceptance lapses.")
    ] = PERIOD_SECONDS,
    as_json: JsonOption = False,
) -> None:
    """Make every key, certificate, committee and document, and say which commands start the servers."""
    sandbox = Sandbox(folder.absolute())
    make_sandbox(
        sandbox,
        Wanted(statement or STATEMENTS, verifier, prover, period),
        moment=int(time.time()),
        progress=lambda what: err.print(what, highlight=False, markup=False),
    )
    commands = list_commands(sandbox, folder)
    if as_json:
        write_json({"folder": str(sandbox.folder), "commands": commands})
        return
    out.print("[green]Ready.[/green] Each in a terminal of its own:")
    for command in commands:
        out.print(f"  {command}", highlight=False, markup=False)
    out.print("[yellow]Every passphrase lies beside what it opens: nothing here is for production.[/yellow]")


@app.command()
def publish(
    folder: FolderArgument,
    *,
    every: Annotated[
        int | None, typer.Option("--every", min=1, help="Again after so many seconds, until told to end.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Sign what is in the folder of facts as venue, oracle and watchers, and hand it to the verifier."""
    sandbox = Sandbox(folder.absolute())
    speakers = Speakers.open(sandbox)
    if every is None:
        return tell_published(publish_now(sandbox, speakers), as_json=as_json)
    while True:
        try:
            tell_published(publish_now(sandbox, speakers), as_json=as_json)
        except (ClientError, MarginError) as error:
            err.print(f"not published, and tried again: {error}", highlight=False, markup=False)
        time.sleep(every)


def tell_published(roots: Mapping[str, str], *, as_json: bool) -> None:
    """The roots that hold from now on."""
    if as_json:
        write_json_line(dict(roots))
    else:
        told = ", ".join(f"{name} {root[:16]}..." for name, root in roots.items())
        out.print(f"published: {told}", highlight=False, markup=False)


@app.command()
def price(
    folder: FolderArgument,
    document: Annotated[Path, typer.Argument(help="A position that was committed; its market gets the price.")],
    mark: Annotated[str, typer.Argument(help="The new mark price, in the document's currency.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Let the price of a market move, in the folder of facts; `ringfence sandbox publish` has it signed."""
    sandbox = Sandbox(folder.absolute())
    move_mark(sandbox.facts, document, mark)
    if as_json:
        write_json({"mark": mark})
    else:
        out.print(f"the mark is {mark}, once it is published", highlight=False, markup=False)


def list_commands(sandbox: Sandbox, folder: Path) -> list[str]:
    """What starts the servers, and keeps facts fresh."""
    commands = (
        ("verifier", "serve", "--config", sandbox.verifier_settings),
        ("sandbox", "publish", folder, "--every", 5),
        ("prover", "serve", "--config", sandbox.prover_settings),
    )
    return [shlex.join(map(str, ("ringfence", *command))) for command in commands]
