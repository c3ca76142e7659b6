"""Settings of relayers and posters: what the readers take the schemas take, and what they refuse the schemas refuse."""

import json
from copy import deepcopy
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from chains.roots import RootKind
from chains.transactions import GWEI
from margin.documents.reading import read_document
from margin.errors import MarginError, Reason
from ringfence.cli.relay_settings import read_posting_settings, read_relay_settings
from tests.packaging.sources import REPOSITORY

SERVER = {"address": "127.0.0.1:50051", "plaintext": True}
CHAINS = [
    {"chain_id": 1, "endpoints": ["https://node.example/key"], "confirmations": 3, "most_fee_gwei": 50},
    {"chain_id": 5, "endpoints": ["http://127.0.0.1:8545"], "plaintext": True},
]
PLACE = {"chain_id": 1, "contract": "0x" + "11" * 20}
RELAY: dict[str, Any] = {
    "format": "ringfence.relay/1",
    "anchor": "anchor.toml",
    "state": "relay.json",
    "keys": "keys",
    "every_seconds": 5,
    "status": "status.json",
    "metrics": "127.0.0.1:9464",
    "verifiers": [SERVER | {"heads": "heads"}, SERVER],
    "chains": CHAINS,
    "gates": [PLACE, PLACE | {"chain_id": 5}],
    "escrows": [PLACE | {"first_block": 7}],
    "observed": [PLACE | {"chain_id": 10, "parts": "parts"}],
    "payments": "payments",
    "words": "words",
    "release": {
        "key": "release.key",
        "passphrase_file": "release-passphrase",
        "verifying_key": "release.json",
        "verifying_key_id": "ab" * 32,
        "recipient": "0x" + "22" * 20,
        "escrows": [PLACE],
    },
}
POSTING: dict[str, Any] = {
    "format": "ringfence.posting/1",
    "registry": SERVER,
    "trust": "trust.toml",
    "appointments": "appointments",
    "keys": "keys",
    "parts": "parts",
    "every_seconds": 5,
    "status": "status.json",
    "metrics": "127.0.0.1:9464",
    "chains": CHAINS,
    "boards": [
        PLACE | {"kinds": ["lock", "book"], "spacing_seconds": 60},
        PLACE | {"kinds": ["lock"], "own_chain": True},
    ],
}
READERS = {"relay": (RELAY, read_relay_settings), "posting": (POSTING, read_posting_settings)}
BAD: list[tuple[str, list[str | int], object]] = [
    ("relay", ["format"], "ringfence.relay/2"),
    ("relay", ["anchor"], None),
    ("relay", ["state"], ""),
    ("relay", ["verifiers"], []),
    ("relay", ["verifiers", 0, "address"], None),
    ("relay", ["gates"], []),
    ("relay", ["gates", 0, "contract"], "0x11"),
    ("relay", ["chains"], []),
    ("relay", ["chains", 0, "chain_id"], 0),
    ("relay", ["chains", 0, "endpoints"], []),
    ("relay", ["chains", 0, "endpoints"], [5]),
    ("relay", ["chains", 0, "most_gas"], 5),
    ("relay", ["escrows", 0, "first_block"], -1),
    ("relay", ["escrows"], None),
    ("relay", ["escrows"], []),
    ("relay", ["observed"], []),
    ("relay", ["observed", 0, "parts"], None),
    ("relay", ["observed", 0, "contract"], "0x11"),
    ("relay", ["payments"], ""),
    ("relay", ["words"], ""),
    ("relay", ["words"], None),
    ("relay", ["verifiers"], None),
    ("relay", ["gates"], None),
    *(("relay", ["release", name], None) for name in RELAY["release"]),
    ("relay", ["release", "verifying_key_id"], "AB" * 32),
    ("relay", ["release", "recipient"], "0x22"),
    ("relay", ["release", "escrows"], []),
    ("relay", ["release", "passphrase"], "never"),
    ("relay", ["every_seconds"], 0),
    ("relay", ["status"], ""),
    ("relay", ["metrics"], ""),
    ("relay", ["passphrase"], "never"),
    ("posting", ["trust"], None),
    ("posting", ["registry"], None),
    ("posting", ["boards"], []),
    ("posting", ["boards", 0, "kinds"], []),
    ("posting", ["boards", 0, "kinds"], ["locks"]),
    ("posting", ["boards", 0, "spacing_seconds"], -1),
    ("posting", ["status"], ""),
    ("posting", ["metrics"], ""),
]


def validator_of(name: str) -> Draft202012Validator:
    schema = json.loads((resources.files("ringfence.cli") / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def change(content: dict[str, Any], path: list[str | int], value: object) -> dict[str, Any]:
    changed = deepcopy(content)
    inner: Any = changed
    for each in path[:-1]:
        inner = inner[each]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return changed


@pytest.mark.parametrize("name", READERS)
def test_both_take_what_is_well(name: str) -> None:
    content, read = READERS[name]
    assert not list(validator_of(name).iter_errors(content))
    read(content)


def test_the_example_of_a_poster_is_a_whole_document() -> None:
    content = read_document(REPOSITORY / "examples" / "posting" / "post.toml")
    assert not list(validator_of("posting").iter_errors(content))
    said = read_posting_settings(content)
    assert (str(said.status), said.metrics) == ("status.json", "127.0.0.1:9467")


def test_the_example_is_a_whole_document() -> None:
    content = read_document(REPOSITORY / "examples" / "relaying" / "relay.toml")
    assert not list(validator_of("relay").iter_errors(content))
    assert read_relay_settings(content).followed is None


@pytest.mark.parametrize(("name", "path", "value"), BAD)
def test_both_refuse_what_is_not(name: str, path: list[str | int], value: object) -> None:
    content, read = READERS[name]
    bad = change(content, path, value)
    assert list(validator_of(name).iter_errors(bad))
    with pytest.raises(MarginError):
        read(bad)


def test_settings_say_what_they_say() -> None:
    relay, posting = read_relay_settings(RELAY), read_posting_settings(POSTING)
    assert relay.chains[1].bounds.fee_per_gas == 50 * GWEI
    assert (relay.chains[1].confirmations, relay.chains[5].confirmations) == (3, None)
    assert relay.followed is not None
    assert [each.chain_id for each in relay.followed.gates] == [1, 5]
    assert relay.escrows[0].first_block == 7
    assert (str(relay.status), relay.metrics) == ("status.json", "127.0.0.1:9464")
    assert relay.release is not None
    assert (relay.release.recipient, relay.release.escrows) == (b"\x22" * 20, (relay.followed.gates[0],))
    assert read_relay_settings(change(RELAY, ["release"], None)).release is None
    (heard,) = relay.observed
    assert (heard.place.chain_id, str(heard.parts), str(relay.payments)) == (10, "parts", "payments")
    assert (str(posting.status), posting.metrics) == ("status.json", "127.0.0.1:9464")
    assert posting.boards[0].kinds == (RootKind.BOOK, RootKind.LOCK)
    assert [each.own_chain for each in posting.boards] == [False, True]


def test_no_confirmations_are_those_of_the_nodes_as_watchers_have_it() -> None:
    """Nobody means that the newest block is final, which the same 0 would say beside a watcher's."""
    read = read_relay_settings(change(RELAY, ["chains", 0, "confirmations"], 0))
    assert read.chains[1].confirmations is None


@pytest.mark.parametrize(
    "path", [["gates", 0, "chain_id"], ["escrows", 0, "chain_id"], ["release", "escrows", 0, "chain_id"]]
)
def test_a_contract_is_on_a_chain_that_is_named(path: list[str | int]) -> None:
    with pytest.raises(MarginError):
        read_relay_settings(change(RELAY, path, 77))


FOLLOWED = ("anchor", "state", "verifiers", "gates", "release", "words")


def test_observers_can_be_heard_where_no_verifier_is_followed() -> None:
    alone = {name: value for name, value in RELAY.items() if name not in FOLLOWED}
    assert not list(validator_of("relay").iter_errors(alone))
    assert read_relay_settings(alone).followed is None
    for bad in (
        alone | {"release": RELAY["release"]},
        alone | {"anchor": "anchor.toml"},
        alone | {"words": "words"},
        {**alone, "observed": []},
    ):
        assert list(validator_of("relay").iter_errors(bad))
        with pytest.raises(MarginError):
            read_relay_settings(bad)


def test_payments_beside_verifiers_need_no_observers_but_escrows_and_a_folder_of_words() -> None:
    said = change(RELAY, ["observed"], None)
    assert not list(validator_of("relay").iter_errors(said))
    assert read_relay_settings(said).payments is not None
    for missing, expected in (("escrows", "which are to pay"), ("words", "escrows pay by them")):
        bad = change(said, [missing], None)
        assert list(validator_of("relay").iter_errors(bad))
        with pytest.raises(MarginError, match=expected) as caught:
            read_relay_settings(bad)
        assert (caught.value.reason, caught.value.field) == (Reason.MISSING_FIELD, missing)


def test_a_gate_and_a_chain_stand_once() -> None:
    for name, value in (("gates", [PLACE, PLACE]), ("chains", [CHAINS[0], CHAINS[0]])):
        with pytest.raises(MarginError):
            read_relay_settings(RELAY | {name: value})
