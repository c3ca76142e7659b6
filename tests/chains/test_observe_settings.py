"""Settings of observers: what the reader takes the schema takes, and what it refuses the schema refuses."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import chains
from chains.observing.settings import read_observe
from margin.documents.reading import read_document
from margin.errors import MarginError
from ringfence.cli.entry import run
from tests.packaging.sources import REPOSITORY

VENUE = {"pledged_to": "0x" + "11" * 20, "paid_to": "0x" + "22" * 20}
OBSERVE: dict[str, Any] = {
    "format": "ringfence.observe/1",
    "gate": "0x" + "ab" * 20,
    "from_block": 7,
    "look_seconds": 5,
    "state": "observe-1",
    "keys": "keys",
    "parts": "parts",
    "passphrase_file": "passphrase",
    "metrics": "127.0.0.1:9464",
    "venues": [VENUE, {"pledged_to": "0x11", "paid_to": "0x" + "33" * 20}],
    "chain": {
        "chain_id": 10,
        "endpoints": ["https://node.example/a-secret-key", "http://127.0.0.1:8545"],
        "confirmations": 3,
        "limits": {"seconds": 5, "blocks": 100},
    },
}
REQUIRED: list[list[str | int]] = [["gate"], ["from_block"], ["state"], ["keys"], ["parts"], ["chain"]]
BAD: list[tuple[list[str | int], object]] = [
    (["format"], "ringfence.observe/2"),
    *((path, None) for path in REQUIRED),
    (["gate"], "0x11"),
    (["gate"], "0x" + "00" * 20),
    (["from_block"], -1),
    (["look_seconds"], 0),
    (["state"], ""),
    (["metrics"], ""),
    (["venues", 0, "pledged_to"], None),
    (["venues", 0, "pledged_to"], "0x"),
    (["venues", 0, "paid_to"], "0x22"),
    (["venues", 0, "paid_to"], "0x" + "00" * 20),
    (["venues", 0, "name"], "a venue"),
    (["chain", "endpoints"], []),
    (["chain", "chain_id"], 0),
    (["passphrase"], "never"),
]


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json.loads((Path(chains.__file__).parent / "observe.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_both_take_what_is_well(validator: Draft202012Validator) -> None:
    assert not list(validator.iter_errors(OBSERVE))
    said = read_observe(OBSERVE)
    assert said.payees == {b"\x11" * 20: b"\x22" * 20, b"\x11": b"\x33" * 20}
    least = {str(name): OBSERVE[str(name)] for (name,) in REQUIRED}
    assert not list(validator.iter_errors(least))
    assert (read_observe(least).payees, read_observe(least).metrics) == ({}, None)


def test_the_example_is_a_whole_document(validator: Draft202012Validator) -> None:
    content = read_document(REPOSITORY / "examples" / "observing" / "observe.toml")
    assert not list(validator.iter_errors(content))
    assert read_observe(content).metrics == "127.0.0.1:9466"


@pytest.mark.parametrize(("path", "value"), BAD)
def test_both_refuse_what_is_not(validator: Draft202012Validator, path: list[str | int], value: object) -> None:
    bad = deepcopy(OBSERVE)
    inner: Any = bad
    for each in path[:-1]:
        inner = inner[each]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    assert list(validator.iter_errors(bad))
    with pytest.raises(MarginError):
        read_observe(bad)


def test_whom_locks_are_pledged_to_stands_once() -> None:
    with pytest.raises(MarginError, match="twice"):
        read_observe(OBSERVE | {"venues": [VENUE, VENUE | {"paid_to": "0x" + "44" * 20}]})


def test_settings_are_printed_without_the_addresses_of_nodes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("web3")
    path = tmp_path / "observe.json"
    path.write_text(json.dumps(OBSERVE))
    assert run(["attest-gate", "--settings", str(path), "--print-config", "--json"]) == 0
    said = capsys.readouterr().out
    assert "secret" not in said
    assert json.loads(said)["venues"][0] == VENUE
    assert (json.loads(said)["endpoints"], json.loads(said)["metrics"]) == (2, "127.0.0.1:9464")
    assert run(["attest-gate", "--settings", str(path), "--check"]) != 0, "nobody has looked yet"
