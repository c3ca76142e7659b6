"""Documents on the pages, each read by what it is for, to the last field."""

import csv
import json
import tomllib
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar

from prover.solvency.reading import read_accounts
from ringfence.cli.connection import ClientSettings
from ringfence.cli.entry import run
from ringfence.cli.exits import ExitCode
from serving.config import read_configuration
from serving.settings import Settings
from tests.documentation.pages import Block

Choice = TypeVar("Choice")

FORMATS: Final = {
    "ringfence.anchor/1": "facts.anchor:read_anchor",
    "ringfence.committee/1": "facts.committee_document:read_committee",
    "ringfence.deleverage/1": "prover.deleverage:read_deleverage",
    "ringfence.demand/1": "facts.demand:read_demand",
    "ringfence.destinations/1": "verifier.destinations:read_destinations",
    "ringfence.keys/1": "facts.key_set:read_key_set",
    "ringfence.liquidation/1": "prover.liquidation:read_liquidation",
    "ringfence.observe/1": "chains.observing.settings:read_observe",
    "ringfence.posting/1": "ringfence.cli.relay_settings:read_posting_settings",
    "ringfence.relay/1": "ringfence.cli.relay_settings:read_relay_settings",
    "ringfence.transition/1": "prover.transition_document:read_changes",
    "ringfence.watch/1": "chains.watching.settings:read_watch",
}
"""Who reads a document that names its format."""
FILES: Final = {
    "statement": "verifier.allow_list:read_allow_list",
    "callers": "serving.roles:read_role_table",
    "zkey": "prover.config:read_key_table",
    "account": "tests.documentation.documents:read_ledger",
}
"""Who reads a file, by a field that no other kind of file has."""
PRINTED: Final = ("--print-config", "--config")
COMMANDS: Final = {
    "legs": ("margin", "evaluate"),
    "position": ("margin", "evaluate"),
    "sources": ("policy", "check"),
    "console": ("console", *PRINTED),
    "wallet": ("prover", "serve", *PRINTED),
    "verifier": ("verifier", "serve", *PRINTED),
}
"""Which command reads a file, by a field or table that it has."""
TABLES: Final = {"connection": ClientSettings, "tls": Settings, "metrics": Settings, "telemetry": Settings}
"""Which settings a file is a part of, by a table that it has and those above have not."""


def find(name: str) -> Callable[[Any], Any]:
    """The function of this name."""
    module, function = name.split(":")
    found: Callable[[Any], Any] = getattr(import_module(module), function)
    return found


def parse(language: str, text: str) -> Mapping[str, Any]:
    """What a document says, before anybody judges it."""
    if language == "csv":
        return next(csv.DictReader(text.splitlines()))
    content: Mapping[str, Any] = (tomllib if language == "toml" else json).loads(text)
    return content


def names_of(content: object) -> set[str]:
    """The names of all fields, at any depth."""
    if isinstance(content, list):
        return set().union(*map(names_of, content))
    return set(content).union(*map(names_of, content.values())) if isinstance(content, dict) else set()


def read_block(block: Block, text: str, folder: Path) -> None:
    """Have a document read by what it is for; whoever reads it ends the test where something is not so."""
    content = parse(block.language, text)
    names, said = names_of(content), str(content.get("format"))
    if said in FORMATS and "statement" not in names:
        find(FORMATS[said])(content)
        return
    is_account = block.language == "json" and "account" in content
    file = folder / ("accounts.ndjson" if is_account else f"document.{block.language}")
    file.write_text(json.dumps(content) if block.language == "json" else text, encoding="utf-8")
    if command := choose(COMMANDS, content.keys()):
        assert run([*command, str(file)]) in {ExitCode.YES, ExitCode.NO}, block.place
    elif kind := choose(TABLES, content.keys()):
        read_configuration(kind, file=file)
    else:
        name = choose(FILES, names)
        assert name, block.place
        find(name)(file)


def choose(table: Mapping[str, Choice], names: AbstractSet[str]) -> Choice | None:
    """What a table has for the first of its fields that is there."""
    return next((choice for field, choice in table.items() if field in names), None)


def read_ledger(file: Path) -> None:
    """Every account of a ledger."""
    assert list(read_accounts(file, lambda _done, _all: None))
