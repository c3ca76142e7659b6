"""A strict reader of JSON and TOML: every field is taken by name, and a field nobody took is an error."""

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from enum import Enum
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from margin.amounts import parse_decimal, parse_rate
from margin.bounds import require_integer
from margin.errors import MalformedError, MarginError, Reason

MAX_DOCUMENT_BYTES = 1 << 20
MAX_LIST = 4096
MAX_TEXT = 1000

Choice = TypeVar("Choice", bound=Enum)


class BareNumber:
    """A number that was written without quotes; kept as text so that an error can show it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        """The number as it was written."""
        return self.text


def read_document(path: Path) -> object:
    """The content of a ``.json`` or ``.toml`` file, not yet understood."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise MalformedError(
            Reason.NOT_READABLE, str(path), found=error.strerror or "an error", expected="a readable file"
        ) from None
    if len(content) > MAX_DOCUMENT_BYTES:
        raise MalformedError(
            Reason.OUT_OF_BOUNDS, str(path), found="a larger file", expected=f"at most {MAX_DOCUMENT_BYTES} bytes"
        )
    return parse_document(content, str(path))


def parse_document(content: bytes, name: str) -> object:
    """The same of what a file held; its name says what it is, and stands in every error."""
    with located(name):
        return parse_toml(content) if name.endswith(".toml") else parse_json(content)


def parse_json(content: bytes | str) -> object:
    """JSON without duplicate keys, NaN or infinity; numbers with a point are kept as text."""
    try:
        text = content if isinstance(content, str) else content.decode(json.detect_encoding(content))
        value: object = json.loads(
            text, object_pairs_hook=unique_fields, parse_float=BareNumber, parse_constant=BareNumber
        )
        if "\\u" in text:  # half a character can be written, and nothing that it stands in can be
            json.dumps(value, ensure_ascii=False, default=repr).encode()
    except (ValueError, RecursionError) as error:
        raise MalformedError(Reason.NOT_READABLE, "document", found=describe(error), expected="JSON") from None
    return value


def parse_toml(content: bytes) -> object:
    """TOML; floats are kept as text."""
    try:
        return tomllib.loads(content.decode("utf-8-sig"), parse_float=BareNumber)
    except (ValueError, RecursionError) as error:
        raise MalformedError(Reason.NOT_READABLE, "document", found=describe(error), expected="TOML") from None


def describe(error: Exception) -> str:
    """A parser's complaint on one line."""
    if isinstance(error, UnicodeDecodeError):
        return f"bytes that are not UTF-8, from place {error.start} on"
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def unique_fields(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object in which no field is named twice."""
    fields: dict[str, object] = {}
    for name, value in pairs:
        if name in fields:
            raise MalformedError(Reason.DUPLICATE_FIELD, name, found="the field twice", expected="each field once")
        fields[name] = value
    return fields


@contextmanager
def located(name: str) -> Iterator[None]:
    """Puts ``name`` in front of the field in every error raised inside."""
    try:
        yield
    except MarginError as error:
        raise error.under(name) from None


class Fields:
    """The fields of one object, read inside a ``with`` block.

    Leaving the block refuses fields that were not taken, and puts the object's name in front of the
    field in every error raised inside, so that the rules need not know where in a document they are.
    """

    def __init__(self, value: object, name: str = "") -> None:
        if not isinstance(value, dict):
            raise MalformedError(
                Reason.NOT_AN_OBJECT, name or "document", found=value, expected="an object with fields"
            )
        self.name = name
        self.rest: dict[str, object] = dict(value)
        self.known: list[str] = []
        self.meant: str | None = None
        """The format that is asked for, of a document that may leave it out."""

    def __enter__(self) -> Self:
        """Start reading."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Refuse what was not read, unless something else is wrong already; tell where it was."""
        if isinstance(error, MarginError):
            told = self.name_format(self.name_misspelt(error))
            if told is not error or self.name:
                raise told.under(self.name) from None
        if kind is None and self.rest:
            unread = MalformedError(
                Reason.UNKNOWN_FIELD,
                next(iter(self.rest)),
                found="a field nobody reads",
                expected=f"one of {', '.join(self.known)}",
            )
            raise unread.under(self.name)

    def name_misspelt(self, error: MarginError) -> MarginError:
        """A field that is not there often is, misspelt: the one that nobody read and that is nearest is named."""
        near = get_close_matches(error.field, self.rest, n=1) if error.reason is Reason.MISSING_FIELD else []
        return type(error)(error.reason, error.field, found=near[0], expected=error.expected) if near else error

    def name_format(self, error: MarginError) -> MarginError:
        """A document that does not say what it is and lacks a field may be one of another kind: say which was meant."""
        is_strange = error.reason in {Reason.MISSING_FIELD, Reason.NOT_AN_OBJECT} and "." not in error.field
        if self.meant is None or not is_strange:
            return error
        expected = f"{error.expected}, in a document of the format {self.meant}"
        return type(error)(error.reason, error.field, found=error.found, expected=expected)

    def has(self, name: str) -> bool:
        """Whether the field is there, without taking it."""
        return name in self.rest

    def take(self, name: str) -> object:
        """The raw value of a field, or None."""
        self.known.append(name)
        if name in self.rest and self.rest[name] is None:
            raise MalformedError(Reason.MISSING_FIELD, name, found="null", expected="a value, or no such field")
        return self.rest.pop(name, None)

    def take_required(self, name: str, expected: str) -> object:
        """The raw value of a field that must be there."""
        value = self.take(name)
        if value is None:
            raise MalformedError(Reason.MISSING_FIELD, name, found="nothing", expected=expected)
        return value

    def text(self, name: str, default: str | None = None) -> str:
        """A string."""
        value = self.take(name) if default is not None else self.take_required(name, "a string")
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value or len(value) > MAX_TEXT:
            raise MalformedError(Reason.NOT_A_STRING, name, found=value, expected="a string, not empty")
        return value

    def integer(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number, written without quotes."""
        value = self.take(name) if default is not None else self.take_required(name, "an integer")
        if value is None and default is not None:
            return default
        return require_integer(value, name, low, high, "a number")

    def boolean(self, name: str) -> bool:
        """True or false."""
        value = self.take_required(name, "true or false")
        if not isinstance(value, bool):
            raise MalformedError(Reason.NOT_A_CHOICE, name, found=value, expected="true or false")
        return value

    def decimal(self, name: str, default: Fraction | None = None) -> Fraction:
        """A decimal string, exactly."""
        value = self.take(name) if default is not None else self.take_required(name, 'a decimal string, like "12.5"')
        if value is None and default is not None:
            return default
        return parse_decimal(value, name)

    def decimal_or_none(self, name: str) -> Fraction | None:
        """A decimal string, or nothing."""
        value = self.take(name)
        return None if value is None else parse_decimal(value, name)

    def rate(self, name: str, default: Fraction | None = None) -> Fraction:
        """A rate string, exactly."""
        value = self.take(name) if default is not None else self.take_required(name, 'a rate, like "0.5%"')
        if value is None and default is not None:
            return default
        return parse_rate(value, name)

    def rate_or_none(self, name: str) -> Fraction | None:
        """A rate string, or nothing."""
        value = self.take(name)
        return None if value is None else parse_rate(value, name)

    def choice(self, name: str, choices: type[Choice], default: Choice | None = None) -> Choice:
        """One of the values of an enum whose values are strings, or its names in lower case."""
        named = {choice_name(choice): choice for choice in choices}
        expected = " or ".join(f'"{each}"' for each in named)
        value = self.take(name) if default is not None else self.take_required(name, expected)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or value not in named:
            raise MalformedError(Reason.NOT_A_CHOICE, name, found=value, expected=expected)
        return named[value]

    def inner(self, name: str) -> "Fields":
        """An object inside; an absent one reads as empty."""
        value = self.take(name)
        return Fields({} if value is None else value, name)

    def items(self, name: str, most: int = MAX_LIST) -> list["Fields"]:
        """A list of objects; an absent one reads as empty."""
        value = self.take(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise MalformedError(Reason.NOT_A_LIST, name, found=value, expected="a list")
        if len(value) > most:
            raise MalformedError(Reason.WRONG_COUNT, name, found=len(value), expected=f"at most {most}")
        return [Fields(item, f"{name}[{index}]") for index, item in enumerate(value)]

    def entries(self, name: str) -> dict[str, "Fields"]:
        """An object of objects, by name."""
        value = self.take(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise MalformedError(Reason.NOT_AN_OBJECT, name, found=value, expected="an object of objects")
        return {key: Fields(item, f"{name}.{key}") for key, item in value.items()}

    def refuse_both(self, first: str, second: str) -> None:
        """Two fields that say the same thing may not both be there."""
        if self.has(first) and self.has(second):
            raise MalformedError(
                Reason.CONFLICTING_FIELDS, second, found=f"both {first} and {second}", expected="one of them"
            )


def choice_name(choice: Enum) -> str:
    """How an enum's member is written in a document."""
    return choice.value if isinstance(choice.value, str) else choice.name.lower()
