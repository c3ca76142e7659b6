"""How the story of the demo is told: figures, columns, recording; what happens in it is tried as a whole elsewhere."""

import json
import re
from fractions import Fraction
from io import StringIO

import pytest
from rich.console import Console

from facts.commitments import commit_position
from ringfence.cli.commands.demo_margin_steps import compare_venues
from ringfence.cli.entry import run
from ringfence.cli.exits import ExitCode
from ringfence.cli.story.book import Others, write_row
from ringfence.cli.story.drawing import LEAST_WIDTH, draw_seen, show_step
from ringfence.cli.story.position import BARS, DAI, USDC, View, draw_bar, tell_percent
from ringfence.cli.story.recording import WIDTH, compare_form, number_names, render_recording
from ringfence.cli.story.steps import BELOW, CRASHED, FALLS, RECOVERED, Step, name_element
from ringfence.cli.story.telling import ToldStep
from snark.bn254.constants import FIELD_BYTES
from snark.poseidon.hashing import hash_many

FIRST, SECOND = "0badcafe", "deadbeef"
PARTIES = {"one": ["a", "b"], "two": ["c"], "three": ["d"], "four": ["e"]}


def draw(width: int) -> list[str]:
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(draw_seen(PARTIES, width))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


def tell(*lines: str, picture: tuple[str, ...] = ()) -> ToldStep:
    return ToldStep("a_step", Step("A step", "It happens.", {"somebody": lines}, {}, picture), 1.25)


def test_the_price_is_above_the_boundary_until_it_is_not() -> None:
    for mark in FALLS:
        assert View.at(mark, (USDC,)).is_covered
    assert not View.at(BELOW, (USDC,)).is_covered
    assert View.at(BELOW, (USDC, DAI)).is_covered
    assert not View.at(CRASHED, (USDC, DAI)).is_covered
    bare = View.at(RECOVERED, ()).evaluation
    assert bare.equity.total >= bare.initial.total


def test_a_view_says_what_the_rules_say() -> None:
    view = View.at("150.00", (USDC,))
    assert (view.equity, view.maintenance, view.initial) == ("6,960.00", "1,800.00", "3,000.00")
    assert (view.size, view.end) == ("400", "136.71")
    assert 0 < view.distance < Fraction(1, 10)
    assert View.at(BELOW, (USDC,)).distance == 0
    assert view.show(Fraction(-1_234_567_890)) == "-1,234.57"


def test_a_bar_is_empty_for_nothing_alone() -> None:
    assert draw_bar(Fraction(0), Fraction(1)) == "·" * BARS
    assert draw_bar(Fraction(1, 10_000), Fraction(1)).count("█") == 1
    assert draw_bar(Fraction(1), Fraction(1)) == draw_bar(Fraction(2), Fraction(1)) == "█" * BARS
    assert (tell_percent(Fraction(887, 10_000)), tell_percent(Fraction(1, 250))) == ("8.9 %", "0.4 %")


def test_the_others_are_the_same_each_time_and_hashed_as_any_position() -> None:
    view = View.at("150.00", ())
    others = Others.make_up(view, 200)
    assert others.columns.buffers == Others.make_up(view, 200).columns.buffers
    below = [others.count_below(mark) for mark in ("150.00", *FALLS, BELOW, CRASHED)]
    assert below[0] == 0
    assert below == sorted(set(below))
    committed = next(others.list_committed())
    (row,) = [b"".join(write_row(committed))]
    hashed = hash_many(1 + len(row) // FIELD_BYTES, row)
    assert int.from_bytes(hashed, "little") == commit_position(committed)
    assert len(set(others.commit())) == len(others.columns)


@pytest.mark.parametrize(("width", "rows"), [(4 * LEAST_WIDTH, 1), (4 * LEAST_WIDTH - 1, 2), (LEAST_WIDTH, 4), (20, 4)])
def test_parties_stand_beside_each_other_where_there_is_room(width: int, rows: int) -> None:
    lines = draw(width)
    assert sum(line.startswith("┏") for line in lines) == rows
    assert {len(line) for line in lines} == {width}
    assert re.findall(r"[a-z]{3,}", " ".join(lines)) == list(PARTIES)


def test_a_step_is_shown_with_brackets_as_they_are() -> None:
    console = Console(file=StringIO(), width=80, color_system=None)
    show_step(console, 3, tell("nullifier[0] [red]", picture=("  █·",)))
    assert isinstance(console.file, StringIO)
    text = console.file.getvalue()
    assert text.startswith("3. A step ─")
    assert "nullifier[0] [red]" in text
    assert "\n  █·\n" in text


def test_a_recording_numbers_what_is_drawn_and_keeps_its_columns() -> None:
    page = render_recording([tell(f"{SECOND}…"), tell(f"{FIRST}…", f"{SECOND}…")], 2.5)
    assert page.count("00000001…") == 2
    assert page.count("00000002…") == 1
    assert FIRST not in page
    blocks = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 3
    assert max(len(line) for block in blocks for line in block.splitlines()) <= WIDTH
    assert compare_form(page) == compare_form(render_recording([tell(f"{FIRST}…"), tell(f"{SECOND}…", f"{FIRST}…")], 9))
    assert number_names("0badcafe and beef…") == "0badcafe and beef…"
    assert (name_element(0), name_element(1 << 200)) == ("0", "00000000…")


def test_without_the_native_core_the_rules_are_told_instead(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ringfence.cli.commands.demo.is_native_built", lambda: False)
    monkeypatch.setattr("ringfence.cli.commands.demo_margin.STEPS", (compare_venues,))
    assert run(["demo", "--json"]) == ExitCode.YES
    told = capsys.readouterr()
    assert "ringfence doctor" in told.err
    assert json.loads(told.out)[0]["step"] == "One position, four venues"
    assert run(["demo", "--keep", "x"]) == ExitCode.MISUSE


@pytest.mark.parametrize(
    "options", [("--margin", "--chains"), ("--margin", "--keep", "x"), ("--chains", "--record", "x.md")]
)
def test_one_story_at_a_time(options: tuple[str, ...]) -> None:
    assert run(["demo", *options]) == ExitCode.MISUSE
