"""What the pages say was measured is what was measured."""

import pytest

from benchmarks.measurement.quotation import PAGES, TABLES, quote, read_results


@pytest.mark.parametrize("name", PAGES)
def test_pages_quote_the_committed_results(name: str) -> None:
    page = PAGES[name].read_text(encoding="utf-8")
    assert page == quote(page, read_results(name)), "python -m benchmarks.measurement.quotation writes the tables anew"


def test_every_table_has_its_place() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES.values())
    assert all(pages.count(f"<!-- measured: {name} -->\n") == 1 for name in TABLES)
