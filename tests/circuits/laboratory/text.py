"""Statements of a few lines, for tests: a function as the text."""

from collections.abc import Callable

from circuits.builder import Builder
from circuits.statement import Statement


class Text(Statement):
    """A named function."""

    def __init__(self, name: str, define: Callable[[Builder], None]) -> None:
        self.name = name  # type: ignore[misc]  # one class for many statements
        self.text = define

    @property
    def shape(self) -> dict[str, int]:
        """It has one shape."""
        return {}

    def define(self, builder: Builder) -> None:
        """The function."""
        self.text(builder)
