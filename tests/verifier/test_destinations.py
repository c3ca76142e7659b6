"""Where collateral can be pledged to: the reader and the schema agree, and what is said is what is asked."""

import json
from copy import deepcopy
from dataclasses import replace
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from facts.context import Binding
from margin.errors import MarginError, Reason
from margin.requirement import RequirementKind
from tests.facts.refusals import refused
from verifier.destinations import Destinations, Sealing, read_destinations

Content = dict[str, Any]
CONTRACT, RECIPIENT, ESCROW, VENUE = (bytes([number]) * 20 for number in range(1, 5))
PLACE = Binding("desk-1", 1, CONTRACT, RECIPIENT, 2**40)
DOCUMENT: Content = {
    "format": "ringfence.destinations/1",
    "destinations": [
        {
            "chain_id": 1,
            "contract": f"0x{CONTRACT.hex()}",
            "recipients": [f"0x{RECIPIENT.hex()}"],
            "callers": ["dns:desk.example"],
            "acceptors": ["dns:bridge.example"],
            "period_seconds": 600,
            "sealed_releases": "required",
            "development_keys": False,
            "entry": {"requirement": "initial", "buffer": "10%", "least_basket_value": "1000"},
            "upkeep": {"requirement": "maintenance", "shock": "5%"},
            "seizure": {"chain_id": 5, "contract": f"0x{ESCROW.hex()}", "recipients": [f"0x{VENUE.hex()}"]},
        }
    ],
}
Path = list[str | int]
FIRST: Path = ["destinations", 0]
MISTAKES: list[tuple[Path, object]] = [
    (["format"], "ringfence.destinations/2"),
    (["destinations"], {}),
    ([*FIRST, "chain_id"], 0),
    ([*FIRST, "chain_id"], 2**64),
    ([*FIRST, "contract"], "0x"),
    ([*FIRST, "recipients"], ["no address"]),
    ([*FIRST, "recipients"], "0x11"),
    ([*FIRST, "callers"], [""]),
    ([*FIRST, "acceptors"], [1]),
    ([*FIRST, "period_seconds"], 0),
    ([*FIRST, "period_seconds"], 367 * 86_400),
    ([*FIRST, "sealed_releases"], "perhaps"),
    ([*FIRST, "development_keys"], "no"),
    ([*FIRST, "entry"], {}),
    ([*FIRST, "entry", "requirement"], "some"),
    ([*FIRST, "upkeep", "shock"], "100 %"),
    ([*FIRST, "seizure", "contract"], "0x1"),
    ([*FIRST, "seizure", "chain_id"], None),
    ([*FIRST, "money_unit"], 5),
    ([*FIRST, "stranger"], 5),
    *(([*FIRST, name], None) for name in ("chain_id", "contract", "period_seconds", "sealed_releases")),
    *(([*FIRST, name], None) for name in ("development_keys", "entry", "upkeep")),
]


def altered(path: Path, value: object) -> Content:
    """The document with another value at a place, or without one."""
    content: Any = deepcopy(DOCUMENT)
    inner = content
    for name in path[:-1]:
        inner = inner[name]
    if value is None:
        inner.pop(path[-1])
    else:
        inner[path[-1]] = value
    return dict(content)


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    folders = {"verifier": "destinations", "facts": "demand", "margin.documents": "policy"}
    contents = {
        name: json.loads((resources.files(package) / f"{name}.schema.json").read_text())
        for package, name in folders.items()
    }
    resolved = [(each["$id"], Resource.from_contents(each)) for each in contents.values()]
    registry: Registry[Any] = Registry().with_resources(resolved)
    return Draft202012Validator(contents["destinations"], registry=registry)


def read(content: Content = DOCUMENT) -> Destinations:
    return read_destinations(content)


def test_what_is_said(schema: Draft202012Validator) -> None:
    schema.validate(DOCUMENT)
    found = read().by_place[1, CONTRACT]
    assert (found.terms.entry.requirement, found.terms.entry.buffer_ppm) == (RequirementKind.INITIAL, 100_000)
    assert (found.terms.entry.least_basket_value, found.terms.upkeep.shock_ppm) == (1000 * 10**6, 50_000)
    assert (found.terms.period_seconds, found.sealing, found.takes_development_keys) == (600, Sealing.REQUIRED, False)


def test_of_a_market_that_settles_in_the_coin() -> None:
    content = altered([*FIRST, "money_unit"], "0.00000001")
    assert read(content).by_place[1, CONTRACT].terms.entry.least_basket_value == 1000 * 10**8


@pytest.mark.parametrize(("path", "value"), MISTAKES)
def test_reader_and_schema_refuse_the_same(schema: Draft202012Validator, path: Path, value: object) -> None:
    content = altered(path, value)
    assert not schema.is_valid(content)
    with pytest.raises(MarginError):
        read(content)


def test_a_place_stands_once() -> None:
    twice = {**DOCUMENT, "destinations": DOCUMENT["destinations"] * 2}
    assert refused(read, twice) == (Reason.DUPLICATE_FIELD, "destinations")


def test_who_may_pledge_and_for_whom() -> None:
    destinations = read()
    assert destinations.find(PLACE, "dns:desk.example").place == (1, CONTRACT)
    assert destinations.find(PLACE, "dns:bridge.example").place == (1, CONTRACT)
    strangers = [
        (PLACE, "dns:other.example", "contract"),
        (replace(PLACE, chain_id=2), "dns:desk.example", "contract"),
        (replace(PLACE, contract=ESCROW), "dns:desk.example", "contract"),
        (replace(PLACE, recipient=VENUE), "dns:desk.example", "recipient"),
    ]
    for binding, caller, field in strangers:
        assert refused(destinations.find, binding, caller) == (Reason.WRONG_CONTEXT, field)
    for name in ("recipients", "callers"):
        open_to_all = read(altered([*FIRST, name], None))
        open_to_all.find(PLACE, "dns:desk.example")
    read(altered([*FIRST, "callers"], None)).find(PLACE, "dns:anybody.example")
    read(altered([*FIRST, "recipients"], None)).find(replace(PLACE, recipient=VENUE), "dns:desk.example")


def test_where_locks_are_seized() -> None:
    destinations = read()
    seizure = replace(PLACE, chain_id=5, contract=ESCROW, recipient=VENUE)
    destinations.require_seizure(seizure, (1, CONTRACT))
    for stray, field in (
        (PLACE, "contract"),
        (replace(seizure, chain_id=1), "contract"),
        (replace(seizure, recipient=RECIPIENT), "recipient"),
    ):
        assert refused(destinations.require_seizure, stray, (1, CONTRACT)) == (Reason.WRONG_CONTEXT, field)
    nowhere = read(altered([*FIRST, "seizure"], None))
    assert refused(nowhere.require_seizure, seizure, (1, CONTRACT)) == (Reason.WRONG_CONTEXT, "contract")
    assert refused(destinations.require_seizure, seizure, (2, CONTRACT)) == (Reason.WRONG_CONTEXT, "contract")


def test_the_places_of_an_acceptor() -> None:
    assert read().places_of("dns:bridge.example") == ((1, CONTRACT),)
    assert read().places_of("dns:desk.example") == ()
