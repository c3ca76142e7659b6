"""What is demanded of a proof: the reader and the schema agree, and every field is a part of what is public."""

import json
from copy import deepcopy
from fractions import Fraction
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from facts.asset import name_asset
from facts.commitments import commit_release
from facts.demand import Demand, read_demand
from facts.demand_document import render_demand
from facts.demand_words import describe_demand
from facts.policy import StatementPolicy
from facts.roots import Roots, parse_element, read_roots
from margin.errors import MarginError
from margin.requirement import RequirementKind
from snark.bn254.constants import GROUP_ORDER

Content = dict[str, Any]

DEMAND: Content = {
    "format": "ringfence.demand/1",
    "policy": {"requirement": "initial", "shock": "5%", "buffer": "1/10", "least_basket_value": "12.5"},
    "context": {
        "domain": "clearing.example",
        "verifier": "desk-1",
        "chain_id": 1,
        "contract": "0x5fbdb2315678afecb367f032d93f642f64180aa3",
        "recipient": "0x00",
        "expires": "2027-01-01T00:00:00+02:00",
    },
}
BOTH = [
    (["format"], "ringfence.demand/2"),
    (["policy"], None),
    (["release"], {"asset": "eip155:1/slip44:60", "amount": "1"}),
    (["context"], None),
    (["more"], 1),
    (["policy", "requirement"], "none"),
    (["policy", "requirement"], None),
    (["policy", "shock"], 5),
    (["policy", "shock"], "5 %"),
    (["policy", "shok"], "5%"),
    (["policy", "least_basket_value"], "1e3"),
    (["context", "domain"], ""),
    (["context", "domain"], None),
    (["context", "verifier"], 7),
    (["context", "chain_id"], 0),
    (["context", "chain_id"], "1"),
    (["context", "chain_id"], 2**64),
    (["context", "contract"], "5fbdb2315678afecb367f032d93f642f64180aa3"),
    (["context", "contract"], "0x0"),
    (["context", "contract"], "0x"),
    (["context", "contract"], "0x" + "00" * 65),
    (["context", "recipient"], "0xgg"),
    (["context", "expires"], "2027-01-01T00:00:00"),
    (["context", "expires"], "2027-01-01"),
    (["context", "expires"], 1798754400),
    (["context", "expires"], "soon"),
    (["context", "note"], "x"),
]
READER = [
    (["policy", "shock"], "100%"),
    (["policy", "shock"], "0.00005%"),
    (["policy", "buffer"], "105%"),
    (["policy", "least_basket_value"], "0.0000001"),
    (["policy", "least_basket_value"], "-1"),
    (["context", "verifier"], "x" * 256),
    (["context", "expires"], "1970-01-01T00:00:00Z"),
    (["context", "expires"], "2027-02-30T00:00:00Z"),
]


def schema_of(package: str, name: str) -> Content:
    content: Content = json.loads((resources.files(package) / name).read_text(encoding="utf-8"))
    return content


SCHEMA = schema_of("facts", "demand.schema.json")
POLICY_SCHEMA = schema_of("margin.documents", "policy.schema.json")
REGISTRY: Registry[Any] = Registry().with_resource(POLICY_SCHEMA["$id"], Resource.from_contents(POLICY_SCHEMA))
VALIDATOR = Draft202012Validator(SCHEMA, registry=REGISTRY)


def altered(path: list[str], value: object) -> Content:
    content = deepcopy(DEMAND)
    *parents, last = path
    place = content
    for name in parents:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return content


def test_a_demand_is_read() -> None:
    demand = read_demand(DEMAND)
    assert demand.policy == StatementPolicy(RequirementKind.INITIAL, 50_000, 100_000, 12_500_000)
    finer = read_demand(DEMAND, Fraction(1, 10**8)).policy
    assert finer == StatementPolicy(RequirementKind.INITIAL, 50_000, 100_000, 1_250_000_000)
    assert demand.binding.expiry == 1798754400
    assert demand.binding.contract == bytes.fromhex("5fbdb2315678afecb367f032d93f642f64180aa3")


RELEASE: Content = {"context": DEMAND["context"], "release": {"asset": "eip155:1/slip44:60", "amount": "5"}}


def test_a_release_takes_the_place_of_a_policy() -> None:
    demand = read_demand(RELEASE)
    assert not list(VALIDATOR.iter_errors(RELEASE))
    assert demand.policy.encode() == commit_release(name_asset("eip155:1/slip44:60"), 5)


@pytest.mark.parametrize("content", [DEMAND, RELEASE])
def test_a_demand_is_written_and_read(content: Content) -> None:
    demand = read_demand(content)
    written = json.loads(render_demand(demand))
    assert read_demand(written) == demand
    assert not list(VALIDATOR.iter_errors(written))


def test_what_a_demand_says_is_said_in_words() -> None:
    text = " ".join(describe_demand(read_demand(DEMAND), 2))
    for said in ("initial requirement", "5 % against", "10 % of the requirement", "2 locks", "12500000", "desk-1"):
        assert said in text
    assert "5 smallest units of eip155:1/slip44:60" in describe_demand(read_demand(RELEASE), 1)[0]


@pytest.mark.parametrize(
    "release", [{}, {"asset": "x"}, {"amount": "5"}, {"asset": "", "amount": "5"}, {"asset": "x", "amount": 5}]
)
def test_a_release_is_whole_or_none(release: Content) -> None:
    content = {**RELEASE, "release": release}
    assert list(VALIDATOR.iter_errors(content))
    with pytest.raises(MarginError):
        read_demand(content)


@pytest.mark.parametrize("amount", ["0", "-1", "0.5", str(2**128)])
def test_a_release_is_of_some_whole_amount(amount: str) -> None:
    with pytest.raises(MarginError):
        read_demand({**RELEASE, "release": {"asset": "x", "amount": amount}})


def test_what_is_left_out_asks_for_nothing() -> None:
    demand = read_demand({**DEMAND, "policy": {"requirement": "initial"}})
    assert demand.policy.encode() == 0


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert not list(VALIDATOR.iter_errors(DEMAND))


@pytest.mark.parametrize(("path", "value"), BOTH)
def test_schema_and_reader_refuse_the_same(path: list[str], value: object) -> None:
    content = altered(path, value)
    assert list(VALIDATOR.iter_errors(content))
    with pytest.raises(MarginError):
        read_demand(content)


@pytest.mark.parametrize(("path", "value"), READER)
def test_the_reader_refuses_what_no_schema_can_say(path: list[str], value: object) -> None:
    content = altered(path, value)
    assert not list(VALIDATOR.iter_errors(content))
    with pytest.raises(MarginError):
        read_demand(content)


OTHER = [
    (["policy", "requirement"], "maintenance"),
    (["policy", "shock"], "5.0001%"),
    (["policy", "buffer"], "0%"),
    (["policy", "least_basket_value"], "12.500001"),
    (["context", "domain"], "clearing.examplf"),
    (["context", "verifier"], "desk-2"),
    (["context", "chain_id"], 2),
    (["context", "contract"], "0x00"),
    (["context", "recipient"], "0x0000"),
    (["context", "expires"], "2027-01-01T00:00:01+02:00"),
]


@pytest.mark.parametrize(("path", "value"), OTHER)
def test_every_field_changes_what_is_public(path: list[str], value: object) -> None:
    def words(demand: Demand) -> tuple[int, int]:
        return demand.policy.encode(), demand.context

    assert words(read_demand(altered(path, value))) != words(read_demand(DEMAND))


def test_roots_are_written_and_read() -> None:
    roots = Roots(1, 2, GROUP_ORDER - 1)
    assert read_roots(json.loads(roots.render())) == roots


@pytest.mark.parametrize("text", ["", "01", "-1", "+1", " 1", "1e3", "0x1", "\u0661", str(GROUP_ORDER), 1, None])
def test_an_element_has_one_spelling(text: object) -> None:
    with pytest.raises(MarginError):
        parse_element(text, "book")


def test_roots_without_a_format_are_refused() -> None:
    with pytest.raises(MarginError):
        read_roots({"book": "1", "market": "2", "lock": "3"})
