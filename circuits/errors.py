"""What can go wrong with a circuit: its author made a mistake, or its inputs break a rule.

A mistake of the author is a ``MisuseError`` that names the line of the statement's text. A broken rule is a
``RejectedError`` with the name of the rule, which is all that anybody is told, and the line for whoever runs the
statement on plain integers.
"""

import sys
from functools import cache
from pathlib import Path
from typing import Final

from snark.errors import MisuseError, Reason, RejectedError

PACKAGE: Final = Path(__file__).parent
TEXT: Final = ("relations", "statements")
"""The folders of this package whose lines are the text of a statement; all else carries it out."""


class CircuitError(MisuseError):
    """A text that can't be a sound circuit: refused when it is built."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(Reason.NOT_APPLICABLE, find_line(), found=found, expected=expected)


class BrokenRuleError(RejectedError):
    """The inputs break a rule; ``line`` is where the text states it."""

    def __init__(self, rule: str) -> None:
        super().__init__(Reason.W30_RULE_BROKEN, rule, found="inputs that break it", expected="inputs that keep it")
        self.line = find_line()


def find_line() -> str:
    """The innermost line that is the text of a statement and not the language that carries it out."""
    frame = sys._getframe(1)  # noqa: SLF001 -- the interpreter's own name for it
    while frame.f_back is not None and is_language(frame.f_code.co_filename):
        frame = frame.f_back
    return f"{name_file(frame.f_code.co_filename)}:{frame.f_lineno}"


@cache
def is_language(filename: str) -> bool:
    """Whether a file belongs to this package and is no text; asked for every frame of every constraint."""
    path = Path(filename)
    return path.is_relative_to(PACKAGE) and path.relative_to(PACKAGE).parts[0] not in TEXT


@cache
def name_file(filename: str) -> str:
    """A file without its folders."""
    return Path(filename).name
