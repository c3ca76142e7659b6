"""The schemas and the readers agree: what ships and what is published passes both, what is malformed passes neither."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from copy import deepcopy
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from margin.documents.policy_document import read_market, read_policy
from margin.documents.position_document import read_position
from margin.documents.published import list_policies, load_policy
from margin.documents.reading import Fields, parse_json, parse_toml
from margin.documents.structure_document import read_structure
from margin.errors import MalformedError, MarginError
from margin.options.registry import OPTION_RULES, list_parameters

Content = dict[str, Any]
Reader = Callable[[object], object]

HERE = Path(__file__).parent
EXAMPLES = tomllib.loads((HERE / "published_examples.toml").read_text(encoding="utf-8"))
MALFORMED = tomllib.loads((HERE / "malformed_documents.toml").read_text(encoding="utf-8"))
FOLDER = resources.files("margin.documents")
SCHEMAS: dict[str, Content] = {
    kind: json.loads((FOLDER / f"{kind}.schema.json").read_text(encoding="utf-8"))
    for kind in ("policy", "position", "structure")
}
REGISTRY: Registry[Any] = Registry().with_resources(
    (schema["$id"], Resource.from_contents(schema)) for schema in SCHEMAS.values()
)
VALIDATORS = {kind: Draft202012Validator(schema, registry=REGISTRY) for kind, schema in SCHEMAS.items()}
READERS: dict[str, Reader] = {
    "policy": read_policy,
    "position": lambda content: read_position(content, load_policy),
    "structure": lambda content: read_structure(content, load_policy),
}
DOCUMENTS = {
    "position": {
        example["id"]: text
        for kind in ("positions", "sums")
        for example in EXAMPLES[kind]
        for text in example.get("documents", [example.get("document")])
    },
    "structure": {example["id"]: example["document"] for example in EXAMPLES["structures"]},
}


def policy_content(name: str) -> Content:
    """A shipped policy's content."""
    content = parse_toml((resources.files("margin") / "policies" / f"{name}.toml").read_bytes())
    assert isinstance(content, dict)
    return content


def schema_errors(kind: str, content: object) -> list[str]:
    """What the schema has against a document."""
    return [error.message for error in VALIDATORS[kind].iter_errors(content)]


def is_refused(kind: str, content: object) -> bool:
    """Whether the reader refuses a document."""
    try:
        READERS[kind](content)
    except MarginError:
        return True
    return False


def subschemas(schema: object) -> Iterator[Content]:
    """Every object of a schema, itself first."""
    if isinstance(schema, dict):
        yield schema
    children = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for child in children:
        yield from subschemas(child)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_schema_is_one_of_2020_12(kind: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[kind])
    assert SCHEMAS[kind]["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_field_is_described(kind: str) -> None:
    for schema in subschemas(SCHEMAS[kind]):
        if schema.get("type") == "object" and "properties" in schema:
            for name, field in schema["properties"].items():
                assert "description" in field or "$ref" in field, name


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_examples_of_a_schema_are_valid(kind: str) -> None:
    for schema in subschemas(SCHEMAS[kind]):
        examples = schema.get("examples", [])
        if isinstance(examples, list):
            root = {**schema, "$id": SCHEMAS[kind]["$id"] + ":example", "$defs": SCHEMAS[kind]["$defs"]}
            for example in examples:
                assert Draft202012Validator(root, registry=REGISTRY).is_valid(example), (schema, example)


def test_the_schema_of_option_rules_names_every_parameter() -> None:
    written = {each["properties"]["rule"]["const"]: each for each in SCHEMAS["policy"]["$defs"]["option_rule"]["oneOf"]}
    assert {name: tuple(each["required"]) for name, each in written.items()} == {
        name: ("rule", *list_parameters(rule)) for name, rule in OPTION_RULES.items()
    }


def test_the_schema_of_markets_names_every_field_that_the_reader_takes() -> None:
    fields = Fields({"kind": "linear", "basis": "mark", "tiers": [{"maintenance": "1%"}]}, "market")
    read_market("market", fields)
    assert set(SCHEMAS["policy"]["$defs"]["market"]["properties"]) == set(fields.known)


@pytest.mark.parametrize("name", list_policies())
def test_a_shipped_policy_is_valid(name: str) -> None:
    assert schema_errors("policy", policy_content(name)) == []


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, texts in DOCUMENTS.items() for name in texts])
def test_a_published_example_is_valid(kind: str, name: str) -> None:
    content = parse_json(DOCUMENTS[kind][name])
    assert schema_errors(kind, content) == []
    READERS[kind](content)


def altered(row: Content) -> object:
    """The well-formed document of a kind with one change."""
    content: Any = deepcopy(MALFORMED["documents"][row["kind"]])
    *parents, last = row["path"]
    place = content
    for name in parents:
        place = place[name]
    if "value" in row:
        place[last] = row["value"]
    else:
        del place[last]
    return content


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_document_that_is_altered_is_well_formed(kind: str) -> None:
    content = MALFORMED["documents"][kind]
    assert schema_errors(kind, content) == []
    READERS[kind](content)


@pytest.mark.parametrize("row", MALFORMED["both"], ids=lambda row: row["id"])
def test_schema_and_reader_refuse_the_same(row: Content) -> None:
    content = altered(row)
    assert schema_errors(row["kind"], content)
    assert is_refused(row["kind"], content)


@pytest.mark.parametrize("row", MALFORMED["reader"], ids=lambda row: row["id"])
def test_the_reader_refuses_what_no_schema_can_say(row: Content) -> None:
    content = altered(row)
    assert schema_errors(row["kind"], content) == []
    assert is_refused(row["kind"], content)


@pytest.mark.parametrize("row", MALFORMED["both"], ids=lambda row: row["id"])
def test_a_refusal_names_the_field(row: Content) -> None:
    if not row["path"]:
        return
    with pytest.raises(MalformedError) as refusal:
        READERS[row["kind"]](altered(row))
    assert refusal.value.field.startswith(row.get("field", render_path(row["path"])))


def render_path(path: list[str | int]) -> str:
    """``["tiers", 0, "floor"]`` as errors write it: ``tiers[0].floor``."""
    text = ""
    for name in path:
        text += f"[{name}]" if isinstance(name, int) else f".{name}" if text else name
    return text


def blocks(language: str) -> list[str]:
    """The code of one language in the guide."""
    pages = [HERE.parents[2] / "docs" / "margin" / f"{page}.md" for page in ("documents", "policies")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", blocks("json"))
def test_a_document_of_the_guide_is_valid(text: str) -> None:
    content = parse_json(text)
    kind = "structure" if isinstance(content, dict) and "legs" in content else "position"
    assert schema_errors(kind, content) == []
    READERS[kind](content)


@pytest.mark.parametrize("text", blocks("toml"))
def test_a_policy_of_the_guide_is_valid(text: str) -> None:
    content = parse_toml(text.encode())
    assert schema_errors("policy", content) == []
    read_policy(content)
