"""What the pages say was measured is what was measured."""

import re
from pathlib import Path

import pytest

from benchmarks.measurement.gathering import COMPARISON, DRAWN, GATHERED, PERFORMANCE, PLACE, draw_plots, gather
from benchmarks.measurement.quotation import PAGES, TABLES, quote, read_results


@pytest.mark.parametrize("name", PAGES)
def test_pages_quote_the_committed_results(name: str) -> None:
    page = PAGES[name].read_text(encoding="utf-8")
    assert page == quote(page, read_results(name)), "python -m benchmarks.measurement.quotation writes the tables anew"


def test_gas_stays_under_what_is_asked() -> None:
    limited = [each for each in read_results("gas")["costs"] if each["limit"]]
    assert len(limited) == 2
    assert [each for each in limited if each["gas"] >= each["limit"]] == []


def test_a_gate_opens_as_fast_as_is_asked() -> None:
    results = read_results("bridging")
    assert len(results["rounds"]) >= 5
    assert max(each["open"] for each in results["rounds"]) < results["limit_seconds"] == 5


def test_every_table_has_its_place() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES.values())
    assert all(pages.count(f"<!-- measured: {name} -->\n") == 1 for name in TABLES)


@pytest.mark.parametrize("page", [PERFORMANCE, COMPARISON], ids=lambda page: page.stem)
def test_a_page_of_figures_gathers_the_committed_results(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == gather(text), "make reference writes the tables anew"


def test_everything_that_is_gathered_stands_somewhere_and_no_other_table_does() -> None:
    pages = {page: page.read_text(encoding="utf-8") for page in (PERFORMANCE, COMPARISON)}
    gathered = [
        name for text in pages.values() for name in re.findall(r"^<!-- gathered: (\w+) -->$", text, re.MULTILINE)
    ]
    assert set(gathered) == set(GATHERED)
    shown = [line for line in PLACE.sub("", pages[COMPARISON]).splitlines() if line.startswith("|")]
    assert [line for line in shown if re.search(r"\| [\d,.]+ \|", line)] == []


def test_every_plot_is_on_a_page_of_figures() -> None:
    page = PERFORMANCE.read_text(encoding="utf-8")
    assert [name for name in DRAWN if f"({name})" not in page] == []
    assert {f"plots/{path.name}" for path in (PERFORMANCE.parent / "plots").iterdir()} <= set(DRAWN)


@pytest.mark.native
@pytest.mark.slow
def test_plots_are_drawn_of_the_committed_results(tmp_path: Path) -> None:
    for name in DRAWN:
        (tmp_path / name).parent.mkdir(exist_ok=True)
    draw_plots(tmp_path)
    committed = PERFORMANCE.parent
    drawn = {name: (tmp_path / name).read_bytes() for name in DRAWN}
    assert drawn == {name: (committed / name).read_bytes() for name in DRAWN}, "make reference draws them anew"
