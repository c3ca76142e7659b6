"""Where a passphrase may come from."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from margin.errors import MisuseError
from ringfence.cli.passphrase import ask_passphrase


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a person types, in order, at a terminal."""
    words: list[str] = []
    monkeypatch.setattr("getpass.getpass", lambda _: words.pop(0))
    monkeypatch.setattr(sys, "stdin", type("Terminal", (), {"isatty": lambda _: True})())
    yield words
    assert words == []


def test_an_old_passphrase_is_typed_once(typed: list[str]) -> None:
    typed += ["one"]
    assert ask_passphrase(None, None, is_new=False) == "one"


def test_a_new_passphrase_is_typed_twice(typed: list[str]) -> None:
    typed += ["one", "one"]
    assert ask_passphrase(None, None, is_new=True) == "one"
    typed += ["one", "two"]
    with pytest.raises(MisuseError):
        ask_passphrase(None, None, is_new=True)


def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", type("Pipe", (), {"isatty": lambda _: False})())
    with pytest.raises(MisuseError):
        ask_passphrase(None, None, is_new=False)


@pytest.mark.parametrize("content", [b"one\ntwo\n", b"one\r\n", b"one"])
def test_the_first_line_of_a_file_counts(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    path.touch(mode=0o600)
    path.write_bytes(content)
    assert ask_passphrase(path, None, is_new=True) == "one"


def test_a_long_line_comes_through_a_descriptor_whole() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"x" * 1000 + b"\nrest")
    os.close(writing)
    assert ask_passphrase(None, reading, is_new=False) == "x" * 1000
    os.close(reading)


def test_two_sources_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(MisuseError):
        ask_passphrase(tmp_path / "passphrase", 0, is_new=False)


def test_what_cannot_be_read_is_no_passphrase(tmp_path: Path) -> None:
    with pytest.raises(MisuseError):
        ask_passphrase(tmp_path / "nowhere", None, is_new=False)
    with pytest.raises(MisuseError):
        ask_passphrase(None, 10**6, is_new=False)
    path = tmp_path / "bytes"
    path.touch(mode=0o600)
    path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(MisuseError):
        ask_passphrase(path, None, is_new=False)
