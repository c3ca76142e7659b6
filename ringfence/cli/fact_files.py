"""Signed facts as files: the bytes that travel, with one signature or more, and in words for whoever signs next."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from facts.committee import Committee
from facts.committee_document import describe_committee, render_moment
from facts.cosigning import join_signed
from facts.feed import FeedPrice
from facts.signed import Signed, Statement
from margin.documents.reading import located
from margin.errors import MalformedError, MisuseError, Reason
from ringfence.wire.facts import decode_any
from snark.r1cs.container import replace_file

LARGEST_FACT: Final = 1 << 17
NUMBERS: Final[Mapping[str, Callable[[int], object]]] = {
    **dict.fromkeys(("closed_at", "published_at", "observed_at", "active_from"), render_moment),
    **dict.fromkeys(("root", "policy_hash"), str),
}
"""How those numbers are written that are no mere numbers: elements in decimal digits, as roots.json has them."""

KnownT = TypeVar("KnownT", bound=Statement)


def read_fact(path: Path) -> Signed[Statement]:
    """The signed fact in a file; nothing of it is verified."""
    with path.open("rb") as file:
        data = file.read(LARGEST_FACT + 1)
    if len(data) > LARGEST_FACT:
        expected = f"at most {LARGEST_FACT} bytes"
        raise MalformedError(Reason.OUT_OF_BOUNDS, str(path), found="a larger file", expected=expected)
    with located(str(path)):
        return decode_any(data)


def read_facts_of(paths: Sequence[Path], kind: type[KnownT]) -> list[Signed[KnownT]]:
    """Signed facts of one kind."""
    return [require_kind(read_fact(path), kind, str(path)) for path in paths]


def require_kind(signed: Signed[Any], kind: type[KnownT], name: str) -> Signed[KnownT]:
    """A fact of the kind that is asked for."""
    if not isinstance(signed.statement, kind):
        raise MisuseError(Reason.WRONG_MESSAGE, name, found=signed.statement.KIND, expected=f"a {kind.KIND}")
    return cast("Signed[KnownT]", signed)


def join_files(paths: Sequence[Path]) -> Signed[Statement]:
    """One fact of the signatures in several files."""
    return join_signed([read_fact(path) for path in paths])


def write_fact(path: Path, signed: Signed[Any]) -> None:
    """A file that is there whole or not at all."""
    with replace_file(path) as file:
        file.write(signed.encode())


def describe_fact(signed: Signed[Any]) -> dict[str, object]:
    """A fact in words: its kind, every field of what is said, and who signed."""
    statement = signed.statement
    said = {each.name: describe_value(each.name, getattr(statement, each.name)) for each in fields(statement)}
    return {"kind": statement.KIND.value, **said, "signers": [each.key.hex() for each in signed.signatures]}


def describe_value(name: str, value: object) -> object:
    """A field as documents have it."""
    match value:
        case bytes():
            return value.hex()
        case Committee():
            return {"digest": value.digest.hex(), **describe_committee(value)}
        case FeedPrice():
            return {each.name: describe_value(each.name, getattr(value, each.name)) for each in fields(value)}
        case tuple():
            return [describe_value(name, each) for each in value]
        case int():
            return NUMBERS.get(name, int)(value)
        case _:
            return value
