"""What the pages on the bridge call by a name is called so by the contracts, the wire or the command line."""

import re
from functools import cache

import pytest

from margin.errors import Reason
from tests.packaging.sources import list_files, read

GENERATED = "failures"
"""It has a test of its own."""
PAGES = [
    name
    for name in list_files()
    if name.parent.as_posix() == "docs/bridge" and name.suffix == ".md" and name.stem != GENERATED
]
DECLARED = re.compile(r"\b(?:function|event|error|modifier|struct|contract|library) (\w+)")
CONSTANT = re.compile(r"\b(?:constant|immutable)\b[^;=]*?(\w+)\s*(?:=|;)")
MAPPED = re.compile(r"\bpublic (\w+);")
FIELD = re.compile(r"^\s+[\w.\[\]]+ (\w+);", re.MULTILINE)
CALL = re.compile(r"`(\w+)\([^`]*\)`|(?:^|>>\w+: |, )(\w+)\((?=[^()]*\))", re.MULTILINE)
LOUD = re.compile(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`")
SIGNED = re.compile(r'"(\w+)\([^"]*\)"')
"""Messages of EIP-712."""


@cache
def names_of_contracts() -> set[str]:
    text = "".join(read(name) for name in list_files() if name.parts[:2] == ("contracts", "src"))
    return {name for pattern in (DECLARED, CONSTANT, MAPPED, FIELD, SIGNED) for name in pattern.findall(text)}


@cache
def names_of_the_wire() -> set[str]:
    return set(re.findall(r"\brpc (\w+)\(", "".join(read(name) for name in list_files() if name.suffix == ".proto")))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_what_is_called_is_there(page: str) -> None:
    called = {name for found in CALL.findall(read(page)) for name in found if name}
    assert called - names_of_contracts() - names_of_the_wire() == set()
    assert set(LOUD.findall(read(page))) - names_of_contracts() - set(Reason) == set()
