"""The document of what a member of an oracle saw."""

import json
from copy import deepcopy
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from facts.price_document import read_prices
from margin.documents.reading import read_document
from margin.errors import MarginError, Reason
from tests.facts.refusals import refused

EXAMPLE: Any = read_document(Path(__file__).parents[2] / "examples" / "registry" / "prices.toml")
SCHEMA = json.loads((resources.files("facts") / "prices.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def test_the_example_is_read_by_rising_name() -> None:
    prices = read_prices({**EXAMPLE, "prices": EXAMPLE["prices"][::-1]})
    assert not list(VALIDATOR.iter_errors(EXAMPLE))
    assert [price.feed for price in prices] == ["asset:ETH-USD", "market:BTC-USD"]
    assert (prices[1].low, prices[1].high, prices[1].observed_at) == (6_499_350, 6_500_650, 1_800_000_000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, None) for name in ("feed", "price", "confidence", "observed_at")),
        ("feed", "with a space"),
        ("price", 0),
        ("price", "6500000"),
        ("price", 2**64),
        ("confidence", -1),
        ("observed_at", 1_800_000_000),
        ("tick", "0.01"),
    ],
)
def test_what_is_no_price_is_refused(name: str, value: object) -> None:
    content = deepcopy(EXAMPLE)
    content["prices"][0] = {
        key: each for key, each in {**content["prices"][0], name: value}.items() if each is not None
    }
    assert list(VALIDATOR.iter_errors(content))
    with pytest.raises(MarginError):
        read_prices(content)


def test_a_document_says_what_it_is() -> None:
    assert refused(read_prices, {"prices": EXAMPLE["prices"]})[0] is Reason.MISSING_FIELD
    assert refused(read_prices, {**EXAMPLE, "format": "ringfence.prices/2"})[0] is Reason.NOT_A_CHOICE
