"""What the exit code of a command means."""

from enum import IntEnum

from margin.errors import InternalError, MalformedError, MarginError, MisuseError, RejectedError


class ExitCode(IntEnum):
    """The exit codes of every command, documented in ``ringfence --help`` and never renumbered."""

    YES = 0
    NO = 1
    MISUSE = 2
    MALFORMED = 3
    INTERNAL = 4


EXIT_OF_ERROR: dict[type[MarginError], ExitCode] = {
    RejectedError: ExitCode.NO,
    MisuseError: ExitCode.MISUSE,
    MalformedError: ExitCode.MALFORMED,
    InternalError: ExitCode.INTERNAL,
}


def exit_of(error: MarginError) -> ExitCode:
    """The exit code of a refusal by the rules of margin."""
    return EXIT_OF_ERROR.get(type(error), ExitCode.INTERNAL)
