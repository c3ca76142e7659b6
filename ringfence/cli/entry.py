"""The entry point: runs a command and turns whatever ends it into an exit code."""

import os
import sys
from functools import cache

import typer
from typer.exceptions import TyperException

from margin.errors import MarginError
from ringfence.cli.commands import build_app
from ringfence.cli.exits import ExitCode
from ringfence.cli.remedies import REMEDIES, find_file_remedy
from ringfence.cli.terminal import abandon_output, err, report_error, tell_error
from ringfence.client.failure import ClientError
from serving.errors import ServingError
from snark.errors import SnarkError

SHOW_TRACEBACK = "RINGFENCE_TRACEBACK"
read_commands = cache(typer.main.get_command)
"""Commands are read off their functions once: a process may run several of them."""


def main() -> None:
    """Run ``ringfence`` with the arguments of the process."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:  # noqa: PLR0911 - one line for each way to end
    """Run one command; every way it can end has its exit code."""
    as_json = "--json" in arguments
    try:
        result = read_commands(build_app(next(iter(arguments), None))).main(
            arguments, prog_name="ringfence", standalone_mode=False
        )
        sys.stdout.flush()
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
        abandon_output()
        return ExitCode.YES
    except OSError as error:
        return report_file(error, as_json=as_json)
    except Exception as error:  # the last resort: whatever broke, no value of it is printed
        if SHOW_TRACEBACK in os.environ:
            raise
        return report_internal(error, as_json=as_json)


def report_usage(error: TyperException, *, as_json: bool) -> ExitCode:
    """The command line itself was wrong."""
    context = getattr(error, "ctx", None)
    path = "ringfence" if context is None else context.command_path
    usage = f"{path} ..." if context is None else " ".join(context.get_usage().split()).removeprefix("Usage: ")
    tell_error(
        {
            "kind": "misuse",
            "reason": "USAGE",
            "field": path,
            "found": error.format_message().replace("Value error, ", ""),
            "expected": usage,
            "remedy": f"'{path} --help' lists its commands, arguments and options",
        },
        as_json=as_json,
    )
    return ExitCode.MISUSE


def report_file(error: OSError, *, as_json: bool) -> ExitCode:
    """A file that the operating system does not hand over, or does not let be written."""
    tell_error(
        {
            "kind": "misuse",
            "reason": "FILE",
            "field": str(error.filename or "output"),
            "found": error.strerror or type(error).__name__,
            "expected": "a place that can be read and written",
            "remedy": find_file_remedy(error),
        },
        as_json=as_json,
    )
    return ExitCode.MISUSE


def report_internal(error: Exception, *, as_json: bool) -> ExitCode:
    """A defect: the kind of failure is told, its text is not, because it may hold what must not be told."""
    tell_error(
        {
            "kind": "internal",
            "reason": "DEFECT",
            "field": "ringfence",
            "found": type(error).__name__,
            "expected": "no defect; nothing that was printed may be used",
            "remedy": REMEDIES["DEFECT"],
        },
        as_json=as_json,
    )
    return ExitCode.INTERNAL
