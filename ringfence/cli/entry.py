"""The entry point: runs a command and turns whatever ends it into an exit code."""

import os
import sys

import typer
from rich.markup import escape
from typer.exceptions import TyperException

from margin.errors import MarginError
from ringfence.cli.commands import app
from ringfence.cli.exits import ExitCode
from ringfence.cli.terminal import err, report_error, write_json
from ringfence.client.errors import ClientError
from serving.errors import ServingError
from snark.errors import SnarkError

SHOW_TRACEBACK = "RINGFENCE_TRACEBACK"


def main() -> None:
    """Run ``ringfence`` with the arguments of the process."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:  # noqa: PLR0911 - one line for each way to end
    """Run one command; every way it can end has its exit code."""
    as_json = "--json" in arguments
    try:
        result = typer.main.get_command(app).main(arguments, prog_name="ringfence", standalone_mode=False)
        return result if isinstance(result, int) else ExitCode.YES
    except (MarginError, ServingError, SnarkError, ClientError) as error:
        return report_error(error, as_json=as_json)
    except typer.Exit as stop:
        return stop.exit_code
    except TyperException as error:
        return report_usage(error, as_json=as_json)
    except (typer.Abort, KeyboardInterrupt):
        err.print("stopped")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.YES
    except OSError as error:
        return report_file(error, as_json=as_json)
    except Exception as error:  # the last resort: whatever broke, no value of it is printed
        if SHOW_TRACEBACK in os.environ:
            raise
        return report_internal(error, as_json=as_json)


def report_usage(error: TyperException, *, as_json: bool) -> ExitCode:
    """The command line itself was wrong."""
    if as_json:
        write_json(
            {"error": {"kind": "misuse", "reason": "USAGE", "field": "command", "found": error.format_message()}}
        )
    else:
        show = getattr(error, "show", None)
        show() if callable(show) else err.print(error.format_message())
    return ExitCode.MISUSE


def report_file(error: OSError, *, as_json: bool) -> ExitCode:
    """A file that the operating system does not hand over, or does not let be written."""
    place, found = str(error.filename or "a file"), error.strerror or type(error).__name__
    if as_json:
        write_json({"error": {"kind": "misuse", "reason": "FILE", "field": place, "found": found}})
    else:
        err.print(f"[bold red]misuse[/bold red] [bold]{escape(place)}[/bold]: {escape(found)}")
    return ExitCode.MISUSE


def report_internal(error: Exception, *, as_json: bool) -> ExitCode:
    """A defect: the kind of failure is told, its text is not, because it may hold what must not be told."""
    name = type(error).__name__
    if as_json:
        write_json({"error": {"kind": "internal", "reason": "DEFECT", "field": "", "found": name}})
    else:
        err.print(f"[bold red]internal[/bold red] {name}: a defect in ringfence; nothing that was printed may be used")
        err.print(f"  set {SHOW_TRACEBACK}=1 to see where")
    return ExitCode.INTERNAL
