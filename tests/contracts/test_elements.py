"""The constants that contracts have in common with statements are those of today."""

from chains.elements import write_elements
from tests.packaging.sources import REPOSITORY


def test_the_committed_elements_are_what_is_written() -> None:
    assert (REPOSITORY / "contracts" / "src" / "Elements.sol").read_text(encoding="utf-8") == write_elements()
