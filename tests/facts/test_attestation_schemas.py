"""The schemas of anchors and attestations refuse what the readers refuse, and take what they take."""

import json
from copy import deepcopy
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from facts.anchor import read_anchor
from facts.attestation_document import read_attestation, render_attestation
from margin.documents.reading import read_document
from margin.errors import MarginError
from tests.facts.attestations import ACCEPTED, ATTESTATIONS, CHAIN_KEY, KEY, STRANGER, sign

Content = dict[str, Any]


def validator_of(name: str) -> Draft202012Validator:
    schema = json.loads((resources.files("facts") / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


ANCHORS, SIGNED = validator_of("anchor"), validator_of("attestation")
ANCHOR: Content = {
    "format": "ringfence.anchor/1",
    "verifier": "desk-1",
    "domain": "clearing.example",
    "keys": [KEY.public_key.hex(), f"0x{STRANGER.public_key.hex().upper()}"],
    "signers": [f"0x{CHAIN_KEY.address.hex()}"],
    "destination": {"chain_id": 1, "contract": "0x11", "recipient": "0x22"},
    "log": {"origin": "clearing.example/log", "keys": [KEY.public_key.hex()]},
    "max_ahead_seconds": 5,
    "allow_development": True,
}
BAD_ANCHORS: list[tuple[list[str], object]] = [
    (["format"], "ringfence.anchor/2"),
    (["verifier"], None),
    (["verifier"], ""),
    (["domain"], None),
    (["keys"], None),
    (["keys"], []),
    (["keys"], ["ab" * 31]),
    (["keys"], ["a b" * 32]),
    (["keys"], [KEY.public_key.hex()] * 17),
    (["keys"], KEY.public_key.hex()),
    (["keys"], [5]),
    (["signers"], ["0x" + "11" * 19]),
    (["signers"], ["nobody"]),
    (["destination", "chain_id"], 0),
    (["destination", "chain_id"], None),
    (["destination", "contract"], None),
    (["destination", "contract"], "11"),
    (["destination", "recipient"], "0x"),
    (["destination", "more"], 1),
    (["log", "origin"], "Clearing"),
    (["log", "keys"], []),
    (["max_ahead_seconds"], -1),
    (["max_ahead_seconds"], 3601),
    (["allow_development"], "yes"),
    (["key"], KEY.public_key.hex()),
]
DOCUMENT: Content = json.loads(render_attestation(sign(ACCEPTED)))
BAD_DOCUMENTS: list[tuple[list[str], object]] = [
    (["format"], "ringfence.attestation/2"),
    (["statement"], None),
    (["statement"], "AB"),
    (["statement"], "ab" * 4097),
    (["ed25519_key_id"], "ab" * 31),
    (["ed25519_signature"], None),
    (["eip712_digest"], None),
    (["eip712_signer"], "ab" * 21),
    (["eip712_signature"], ""),
    (["public_key"], KEY.public_key.hex()),
]


def altered(content: Content, path: list[str], value: object) -> Content:
    """The content with another value, or without one."""
    content = deepcopy(content)
    *parents, last = path
    place = content
    for name in parents:
        place = place[name]
    place[last] = value
    if value is None:
        del place[last]
    return content


@pytest.mark.parametrize("missing", [None, "format", "signers", "destination", "log", "max_ahead_seconds"])
def test_an_anchor_passes_both(missing: str | None) -> None:
    content = ANCHOR if missing is None else altered(ANCHOR, [missing], None)
    assert read_anchor(content).verifier == "desk-1"
    assert not list(ANCHORS.iter_errors(content))


@pytest.mark.parametrize(("path", "value"), BAD_ANCHORS)
def test_what_is_no_anchor_passes_neither(path: list[str], value: object) -> None:
    content = altered(ANCHOR, path, value)
    assert list(ANCHORS.iter_errors(content))
    with pytest.raises(MarginError):
        read_anchor(content)


@pytest.mark.parametrize("name", ATTESTATIONS)
def test_an_attestation_passes_both(name: str) -> None:
    content = json.loads(render_attestation(sign(ATTESTATIONS[name])))
    assert read_attestation(content) == sign(ATTESTATIONS[name])
    assert not list(SIGNED.iter_errors(content))


@pytest.mark.parametrize(("path", "value"), BAD_DOCUMENTS)
def test_what_is_no_attestation_passes_neither(path: list[str], value: object) -> None:
    content = altered(DOCUMENT, path, value)
    assert list(SIGNED.iter_errors(content))
    with pytest.raises(MarginError):
        read_attestation(content)


def test_the_examples_pass() -> None:
    folder = Path(__file__).parents[2] / "examples" / "attestation"
    for name, validator in (("anchor.toml", ANCHORS), ("attestation.json", SIGNED)):
        assert not list(validator.iter_errors(read_document(folder / name)))
