"""What a statement is: a claim, written once, of which every engine makes its own."""

from abc import ABC, abstractmethod
from typing import ClassVar

from circuits.builder import Builder


class Statement(ABC):
    """A claim about hidden numbers. Its shape is what its constructor takes; two shapes are two circuits."""

    name: ClassVar[str]
    """What it is called in commands and files."""

    @property
    @abstractmethod
    def shape(self) -> dict[str, int]:
        """The shape by name, in the order in which it is written."""

    @abstractmethod
    def define(self, builder: Builder) -> None:
        """The text."""
