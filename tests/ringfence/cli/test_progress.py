"""The lines that tell how far long work is where there is no terminal."""

import time

import pytest

from ringfence.cli.progress import TenthLines, tell_left


def test_a_line_for_each_tenth_says_what_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = iter(range(0, 10_000, 30))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(now)))
    report = TenthLines("proving", "batches")
    for done in (50, 55, 60, 100):
        report(done, 100)
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "proving: 50 %, 50 of 100 batches",
        "proving: 60 %, 60 of 100 batches, 4 min 0 s left",
        "proving: 100 %, 100 of 100 batches",
    ]


def test_what_took_no_time_is_not_guessed_from() -> None:
    assert tell_left(time.monotonic(), 0, 1, 100) == ""
    assert tell_left(time.monotonic() - 50, 40, 50, 100) == ", 4 min 10 s left"
    assert tell_left(time.monotonic() - 50, 50, 50, 100) == ""
    assert tell_left(time.monotonic() - 10, 0, 50, 100) == ", 10 s left"
