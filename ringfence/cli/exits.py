"""What the exit code of a command means."""

from enum import IntEnum

from margin.errors import MarginError
from ringfence.client.failure import ClientError
from serving.errors import ServingError
from snark.errors import SnarkError

Refusal = MarginError | ServingError | SnarkError | ClientError
"""A refusal by the rules of margin, by what serves, by the proof system or by a server; all have one shape."""


class ExitCode(IntEnum):
    """The exit codes of every command, documented in ``ringfence --help`` and never renumbered."""

    YES = 0
    NO = 1
    MISUSE = 2
    MALFORMED = 3
    INTERNAL = 4


EXITS: dict[str, ExitCode] = {
    "rejected": ExitCode.NO,
    "misuse": ExitCode.MISUSE,
    "malformed": ExitCode.MALFORMED,
    "internal": ExitCode.INTERNAL,
    "unreachable": ExitCode.MISUSE,
}


def exit_of(error: Refusal) -> ExitCode:
    """The exit code of a refusal, by its kind."""
    return EXITS.get(error.kind, ExitCode.INTERNAL)
