"""What accounts and netting sets share: their schemas, their refusals, their examples, their place in a table."""

import json
import tomllib
from collections.abc import Callable, Iterator
from copy import deepcopy
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from margin.documents.account_document import read_account
from margin.documents.netting_document import read_netting
from margin.documents.published import load_policy
from margin.documents.reading import read_document
from margin.errors import MarginError
from ringfence.cli.entry import run
from ringfence.cli.exits import ExitCode

Content = dict[str, Any]

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[2] / "examples"
MALFORMED = tomllib.loads((HERE / "malformed_holdings.toml").read_text(encoding="utf-8"))
KINDS = ("account", "netting")
FOLDER = resources.files("margin.documents")
SCHEMAS: dict[str, Content] = {
    kind: json.loads((FOLDER / f"{kind}.schema.json").read_text(encoding="utf-8"))
    for kind in (*KINDS, "policy", "structure")
}
REGISTRY: Registry[Any] = Registry().with_resources(
    (schema["$id"], Resource.from_contents(schema)) for schema in SCHEMAS.values()
)
VALIDATORS = {kind: Draft202012Validator(SCHEMAS[kind], registry=REGISTRY) for kind in (*KINDS, "structure")}
READERS: dict[str, Callable[[object], object]] = {
    "account": lambda content: read_account(content, load_policy),
    "netting": read_netting,
}
FAULTS = [(kind, row) for kind in KINDS for row in MALFORMED[kind]]
every_fault = pytest.mark.parametrize(("kind", "row"), FAULTS, ids=[f"{kind}: {row['id']}" for kind, row in FAULTS])
every_kind = pytest.mark.parametrize("kind", KINDS)


def subschemas(schema: object) -> Iterator[Content]:
    """Every object of a schema, itself first."""
    if isinstance(schema, dict):
        yield schema
    for child in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from subschemas(child)


def altered(kind: str, row: Content) -> object:
    """The well-formed document of a kind with one change."""
    content: Any = deepcopy(MALFORMED["documents"][kind])
    *parents, last = row["path"]
    place = content
    for name in parents:
        place = place[name]
    if "value" in row:
        place[last] = row["value"]
    else:
        del place[last]
    return content


def render_path(path: list[str | int]) -> str:
    """``["sets", 0, "name"]`` as errors write it: ``sets[0].name``."""
    text = ""
    for name in path:
        text += f"[{name}]" if isinstance(name, int) else f".{name}" if text else name
    return text


@every_kind
def test_a_schema_is_one_of_2020_12_and_describes_every_field(kind: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[kind])
    for schema in subschemas(SCHEMAS[kind]):
        if schema.get("type") == "object":
            for name, field in schema.get("properties", {}).items():
                assert "description" in field or "$ref" in field, name


@every_kind
def test_the_examples_of_a_schema_are_valid(kind: str) -> None:
    for schema in subschemas(SCHEMAS[kind]):
        if isinstance(schema.get("examples"), list):
            root = {**schema, "$id": f"{SCHEMAS[kind]['$id']}:example", "$defs": SCHEMAS[kind]["$defs"]}
            for example in schema["examples"]:
                assert Draft202012Validator(root, registry=REGISTRY).is_valid(example), (schema, example)


@every_kind
def test_the_document_that_is_altered_is_well_formed(kind: str) -> None:
    content = MALFORMED["documents"][kind]
    assert [error.message for error in VALIDATORS[kind].iter_errors(content)] == []
    READERS[kind](content)


@every_fault
def test_a_refusal_names_the_field(kind: str, row: Content) -> None:
    with pytest.raises(MarginError) as refusal:
        READERS[kind](altered(kind, row))
    assert refusal.value.field == row.get("field", render_path(row["path"]))
    assert refusal.value.reason.value == row["reason"]


@every_fault
def test_the_schema_refuses_what_a_schema_can_say(kind: str, row: Content) -> None:
    assert VALIDATORS[kind].is_valid(altered(kind, row)) is not row.get("schema", True)


@pytest.mark.parametrize(
    ("name", "kind", "numbers"),
    [
        ("iron-condor", "structure", {"name": "iron condor", "equity": "120"}),
        ("derive-account", "account", {"equity": "1151.5", "initial": "759.22", "excess_maintenance": "532.31"}),
        ("netting", "netting", {"covers": True, "equity": "1092.48"}),
    ],
)
def test_an_example_is_valid_and_runs(
    name: str, kind: str, numbers: Content, capsys: pytest.CaptureFixture[str]
) -> None:
    path = EXAMPLES / f"{name}.json"
    assert [error.message for error in VALIDATORS[kind].iter_errors(read_document(path))] == []
    assert run(["margin", "evaluate", str(path), "--json"]) == ExitCode.YES
    report = json.loads(capsys.readouterr().out)
    assert {field: report[field] for field in numbers} == numbers
    assert run(["margin", "evaluate", str(path)]) == ExitCode.YES
    assert str(report["label"]) in capsys.readouterr().out


def test_a_table_takes_every_kind_of_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "all.ndjson"
    names = ("long-btc", "iron-condor", "derive-account", "netting")
    rows = [json.dumps(json.loads((EXAMPLES / f"{name}.json").read_text())) for name in names]
    table.write_text("\n".join([*rows, '{"format": "ringfence.netting/1", "sets": []}']) + "\n")
    output = tmp_path / "results.csv"
    assert run(["margin", "evaluate", str(table), "--output", str(output), "--json"]) == ExitCode.MALFORMED
    summary = json.loads(capsys.readouterr().out)["summary"]
    assert (summary["rows"], summary["covered"], summary["malformed"]) == (5, 4, 1)
    assert summary["totals"]["USDC"]["equity"] == "1092.48"
    assert Fraction(summary["totals"]["quote"]["maintenance"]) == Fraction("619.19") + 100
    assert run(["margin", "evaluate", str(table), "--json"]) == ExitCode.MALFORMED
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("format") for line in lines[:4]] == [
        "ringfence.evaluation/1",
        "ringfence.structure-evaluation/1",
        "ringfence.account-evaluation/1",
        "ringfence.netting-evaluation/1",
    ]
    assert lines[4]["error"]["field"] == "sets"
