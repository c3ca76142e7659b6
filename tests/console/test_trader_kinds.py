"""The trader's page of a structure and of a netting set, as it is run: a browser, and real proofs."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from circuits.catalogue import find_statement
from prover.artifacts import Cache
from tests.console.browser import drive, needs_browser, require_usable
from tests.console.front import needs_tools
from tests.console.test_trader_browsing import commit, desk, served  # noqa: F401 - a fixture among them
from tests.packaging.sources import REPOSITORY
from tests.prover.proofs import Desk

pytestmark = [pytest.mark.native, pytest.mark.slow, needs_tools, needs_browser]
EXAMPLES = REPOSITORY / "examples"
PLACES = [
    ("#/positions/condor", "Requirement: its greatest loss", "What will be revealed", "It holds:"),
    ("#/positions/naked", "No equity covers it", "What will be revealed", "No proof can be made of it"),
    ("#/positions/strangle", "Worst scenario", "What will be revealed", "It holds:"),
    ("#/positions/written", "is written out", "What will be revealed"),
]
"""A page of each kind, with words of each answer that it is drawn from: it is there whole when all of them are."""
STATEMENTS = ("defined_risk-k0", "scenario-k0")


def read_example(name: str) -> dict[str, Any]:
    """A document of the examples."""
    content: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return content


def write_array(strangle: dict[str, Any]) -> dict[str, Any]:
    """The same set with the risk array of its perpetual written out, in money units for a lot of 0.01."""
    written = deepcopy(strangle)
    thirds = [0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3]
    outcomes = [str(each) for each in thirds] + ["2.1", "-2.1"]
    written["instruments"]["ETH-PERP"] = {"kind": "array", "outcomes": outcomes, "lot": "0.01"}
    return written


@pytest.fixture
def keys(circuit_cache: Path) -> None:
    """Made before the prover starts, which is waited for no longer than a prover takes that finds them."""
    cache = Cache(circuit_cache)
    for name in STATEMENTS:
        cache.development_key(cache.artifact(find_statement(name)))


@pytest.mark.usefixtures("keys")
def test_a_trader_looks_at_what_is_no_perpetual(desk: Desk, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    condor, strangle = read_example("iron-condor"), read_example("delta-hedged-strangle")
    naked = {**condor, "label": "a call that was sold", "legs": condor["legs"][2:3]}
    documents = {"condor": condor, "naked": naked, "strangle": strangle, "written": write_array(strangle)}
    for name, content in documents.items():
        commit(desk, name, content)
    with served(desk, *STATEMENTS) as page:
        seen = drive("trader_kinds", page.addresses[-1], tmp_path / "profile")
        require_usable(page.addresses[-1], tmp_path / "other", PLACES)
    assert seen["structure"][0] == "iron condor"
    assert seen["structure"][-3:] == ["120", "100 up to 1\u202f800, or from 2\u202f200 on", "20"]
    assert seen["spared"] == ["20", "50"]
    assert seen["left"] == ["80", "110"]
    assert seen["prices"] == 1 + 7
    assert seen["set"][-1] == "8.9208 USDC"
    assert seen["worst"] == ["\u2212136.679", "176.6792", "8.9208"]
    assert seen["moved"] == ["8.9208", "\u221214.864466"]
    assert seen["scenarios"] == 1 + 16
    assert (seen["structureProofs"], seen["setProofs"]) == (1, 1)
