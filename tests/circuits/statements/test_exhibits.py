"""Every statement in the laboratory, and its page as the laboratory left it."""

import pytest

from tests.circuits.laboratory.examination import examine
from tests.circuits.pages import read_section, write_section
from tests.circuits.specimens import EXHIBITS

pytestmark = pytest.mark.native  # so many hashes take the reference minutes


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        pytest.param(*key, id="-".join(key), marks=[pytest.mark.slow] if exhibit.slow else [])
        for key, exhibit in EXHIBITS.items()
    ],
)
def test_a_statement_is_sound_and_its_page_is_true(name: str, shape: str) -> None:
    report = examine(EXHIBITS[name, shape].make())
    assert report.deletions is not None
    assert write_section(report, shape) == read_section(name, shape), "run `make statements` if this is what you want"
