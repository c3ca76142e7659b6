"""The table of failures has every error of every contract, and no other."""

import json
import re

from facts.keccak import hash_keccak
from tests.packaging.failure_table import (
    ERROR,
    OF_OTHERS,
    PAGE,
    SOURCES,
    list_failures,
    list_foreign,
    read_remedies,
    render_page,
)
from tests.packaging.sources import REPOSITORY

FACES = REPOSITORY / "chains" / "abi"


def test_the_page_is_that_of_the_contracts() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_page(), "make abi writes it anew"


def test_every_error_says_when_and_what_to_do() -> None:
    failures = list_failures()
    remedies = {place: set(told) for place, told in read_remedies().items() if place != OF_OTHERS}
    assert {place: {each.name for each in found} for place, found in failures.items()} == remedies
    assert [each.name for found in failures.values() for each in found if not each.when] == []


def test_no_error_is_overlooked() -> None:
    for path in SOURCES.rglob("*.sol"):
        text = path.read_text(encoding="utf-8")
        assert len(re.findall(r"^\s*error \w+\(", text, re.MULTILINE)) == len(ERROR.findall(text)), path.name


def test_faces_have_these_errors_alone() -> None:
    found = [*list_foreign(), *(each for failures in list_failures().values() for each in failures)]
    selectors = {each.selector: each.name for each in found}
    for path in FACES.glob("*.json"):
        for each in json.loads(path.read_text(encoding="utf-8")):
            if each["type"] == "error":
                signature = f"{each['name']}({','.join(given['type'] for given in each['inputs'])})"
                assert selectors.get(f"0x{hash_keccak(signature.encode())[:4].hex()}") == each["name"], path.name
