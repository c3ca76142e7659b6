"""A book too large for a document, kept by the command line alone."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facts.tree import Path as TreePath
from facts.tree import Tree, empty_node, verify_path
from ringfence.cli.entry import run

LEVELS = 3
Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    def asking(*words: object, exit_code: int = 0) -> list[dict[str, Any]]:
        found = run(["tree", *map(str, words), "--json"])
        said = capsys.readouterr().out
        assert found == exit_code, said
        try:
            return [json.loads(said)]
        except json.JSONDecodeError:
            lines = said.partition('{\n  "error"')  # rounds that were made, and what ended the others
            return [*map(json.loads, lines[0].splitlines()), *([json.loads("".join(lines[1:]))] if lines[1] else [])]

    return asking


@pytest.fixture
def book(tmp_path: Path, ask: Ask) -> Path:
    (made,) = ask("create", tmp_path / "book", "--levels", LEVELS, "--kept", 3)
    assert made == {"levels": LEVELS, "kept": 3, "round": 0, "root": str(empty_node(LEVELS))}
    return tmp_path / "book"


def write_lines(folder: Path, *rounds: dict[int, int | None]) -> Path:
    """The lines of some rounds; nothing stands where a leaf is none."""
    texts = ["".join(f"{index},{'' if leaf is None else leaf}\n" for index, leaf in each.items()) for each in rounds]
    (folder / "lines").write_text("\n".join(texts))
    return folder / "lines"


def test_rounds_are_made_of_lines_and_every_kept_one_has_paths(book: Path, tmp_path: Path, ask: Ask) -> None:
    made = ask("update", book, write_lines(tmp_path, {7: 70, 500: 1}, {8: 80, 7: None}))
    first, second = Tree(LEVELS, {7: 70, 500: 1}), Tree(LEVELS, {8: 80, 500: 1})
    assert made == [
        {"round": 1, "root": str(first.root), "leaves": 2},
        {"round": 2, "root": str(second.root), "leaves": 2},
    ]
    (known,) = ask("roots", book)
    assert known["rounds"] == {"0": str(empty_node(LEVELS)), "1": str(first.root), "2": str(second.root)}
    for words, tree in ((("--round", 1), first), (("--root", first.root), first), ((), second)):
        (path,) = ask("path", book, 7, *words)
        assert path["leaf"] == str(tree.leaf(7))
        levels = tuple(tuple(map(int, children)) for children in path["levels"])
        verify_path(TreePath(path["index"], levels), int(path["leaf"]), int(path["root"]))
        assert path["root"] == str(tree.root)
    assert ask("verify", book) == [{"round": 2, "root": str(second.root)}]


def test_a_stream_is_a_keeper(book: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("1,5\r\n\n\n2,6"))
    made = ask("update", book)
    assert [(each["round"], each["leaves"]) for each in made] == [(1, 1), (2, 0), (3, 1)]
    assert made[0]["root"] == made[1]["root"]
    assert made[2]["root"] == str(Tree(LEVELS, {1: 5, 2: 6}).root)


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ("7", "lines[4]", "NOT_READABLE"),
        ("7;1", "lines[4]", "NOT_READABLE"),
        ("-7,1", "lines[4]", "NOT_READABLE"),
        ("512,1", "lines[4].index", "OUT_OF_BOUNDS"),
        ("7,01", "lines[4].leaf", "NOT_AN_INTEGER"),
        ("7," + "9" * 77, "lines[4].leaf", "OUT_OF_BOUNDS"),
        ("3,1", "lines[4].index", "DUPLICATE_FIELD"),
    ],
)
def test_a_line_that_is_not_good_is_named_and_its_round_is_not_made(
    book: Path, tmp_path: Path, ask: Ask, line: str, field: str, reason: str
) -> None:
    (tmp_path / "lines").write_text(f"1,5\n\n3,4\n{line}\n")
    made, refusal = ask("update", book, tmp_path / "lines", exit_code=3)
    assert made["round"] == 1
    assert (refusal["error"]["field"], refusal["error"]["reason"]) == (field, reason)
    assert list(ask("roots", book)[0]["rounds"]) == ["0", "1"]


def test_what_is_not_kept_is_not_told(book: Path, ask: Ask) -> None:
    assert ask("path", book, 0, "--round", 5, exit_code=2)[0]["error"]["reason"] == "TOO_OLD"
    assert ask("path", book, 0, "--root", 5, exit_code=2)[0]["error"]["reason"] == "WRONG_ROOT"
    assert ask("path", book, 8**LEVELS, exit_code=3)[0]["error"]["reason"] == "OUT_OF_BOUNDS"
    assert ask("create", book, exit_code=2)[0]["error"]["reason"] == "WRONG_FILE"


def test_a_person_reads_it_as_well(book: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = write_lines(tmp_path, {1: 2})
    for words in (("update", book, lines), ("roots", book), ("path", book, 1), ("verify", book)):
        assert run(["tree", *map(str, words)]) == 0
        assert "root" in capsys.readouterr().out
