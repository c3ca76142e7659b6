"""The threat model names tests that are there, and every attack that a test is named after."""

import re
from collections import defaultdict
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache

import pytest

from tests.packaging.sources import list_files, read

PAGE = read("docs/threat-model.md")
ROW = re.compile(r"^\| ([A-Z]\d{1,2}) \|.*$", re.MULTILINE)
NAMED = re.compile(r"`([\w/*]+\.py)::(test_\w+\*?)`")
TEST = re.compile(r"^ *def (test_\w+)\(", re.MULTILINE)
AFTER = re.compile(r"test_([a-z]\d{1,2})_")
KNOWN = {
    *(f"V{number}" for number in range(1, 11)),
    *(f"K{number}" for number in range(1, 7)),
    *(f"C{number}" for number in range(1, 10)),
    *(f"R{number}" for number in range(1, 11)),
    *(f"A{number}" for number in range(1, 7)),
    *(f"O{number}" for number in range(1, 6)),
    *(f"D{number}" for number in range(1, 8)),
    *("L1", "L2", "S1", "S2", "S3", "S4", "X1", "X2", "X3", "X4", "P1", "P2", "P3"),
}
ROWS = {found[1]: found[0] for found in ROW.finditer(PAGE)}
PROMISES = sorted(set(NAMED.findall(PAGE)))


@cache
def list_tests() -> Mapping[str, list[str]]:
    """What every file of tests holds, by its path below the folder of tests."""
    files = [name for name in list_files() if name.parts[0] == "tests" and name.suffix == ".py"]
    return {str(name).removeprefix("tests/"): TEST.findall(read(name)) for name in files}


def test_every_known_attack_has_one_row_with_a_test() -> None:
    assert len(ROW.findall(PAGE)) == len(ROWS)
    assert set(ROWS) == KNOWN
    assert [id_ for id_, row in ROWS.items() if not NAMED.search(row)] == []


@pytest.mark.parametrize(("file", "name"), PROMISES)
def test_a_named_test_is_there(file: str, name: str) -> None:
    found = [test for each, tests in list_tests().items() if fnmatchcase(each, file) for test in tests]
    assert [test for test in found if fnmatchcase(test, name)]


def test_a_test_that_is_named_after_an_attack_is_named_by_it() -> None:
    homeless = defaultdict(set)
    for file, tests in list_tests().items():
        for attack in {found[1].upper() for each in tests if (found := AFTER.match(each))} & KNOWN:
            if not any(fnmatchcase(file, pattern) for pattern, _ in NAMED.findall(ROWS[attack])):
                homeless[file].add(attack)
    assert homeless == {}
