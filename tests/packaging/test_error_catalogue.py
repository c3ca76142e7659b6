"""The catalogue of errors says what the code says, of every reason."""

import pytest

from tests.packaging.error_catalogue import PAGE, SOURCES, list_reasons, render_catalogue
from tests.packaging.sources import REPOSITORY


def test_the_page_is_that_of_the_code() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_catalogue(), "make protos writes it anew"


@pytest.mark.parametrize("source", SOURCES)
def test_every_reason_says_what_it_means(source: str) -> None:
    reasons = dict(list_reasons(REPOSITORY / source))
    assert len(reasons) > 10
    assert [name for name, text in reasons.items() if not text] == []
