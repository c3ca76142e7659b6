"""The catalogue of errors says what the code says, of every reason."""

import re

import pytest

from ringfence.cli.exits import EXITS
from serving.errors import CODES_OF_KINDS, CODES_OF_REASONS
from tests.packaging.error_catalogue import MENDED, PAGE, SCRIPT, SOURCES, list_reasons, render_catalogue, render_script
from tests.packaging.sources import REPOSITORY
from verifier.steps import Step


def test_the_page_is_that_of_the_code() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_catalogue(), "make protos writes it anew"
    assert SCRIPT.read_text(encoding="utf-8") == render_script(), "make protos writes it anew"


def test_every_kind_stands_there_with_its_exit_code() -> None:
    rows = re.findall(r"^\| (\w+) \| [^|]+ \| (\d) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {(kind, int(code)) for kind, code in rows} == set(EXITS.items())


def test_of_every_refusal_it_is_said_whose_it_is_to_mend() -> None:
    assert MENDED.keys() == {*Step, *CODES_OF_KINDS.values(), *CODES_OF_REASONS.values()}


@pytest.mark.parametrize("source", SOURCES)
def test_every_reason_says_what_it_means(source: str) -> None:
    reasons = dict(list_reasons(REPOSITORY / source))
    assert len(reasons) > 10
    assert [name for name, text in reasons.items() if not text] == []
