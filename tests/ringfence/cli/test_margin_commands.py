"""The margin commands as their user runs them: documents in, verdicts, pictures and exit codes out."""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringfence.cli.entry import run
from ringfence.cli.exits import ExitCode

EXAMPLES = Path(__file__).parents[3] / "examples"
W1: dict[str, dict[str, object]] = {
    "market": {"kind": "linear", "basis": "entry", "tiers": [{"maintenance": "0.5%"}]},
    "position": {"side": "long", "size": "1", "entry_price": "20000", "leverage": "50"},
}


class Command:
    """Runs ``ringfence`` and keeps what it wrote."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: str | Path) -> tuple[int, str]:
        """The exit code and what standard output holds."""
        code = run([str(argument) for argument in arguments])
        return code, self.capsys.readouterr().out

    def json(self, *arguments: str | Path) -> tuple[int, dict[str, object]]:
        """The exit code and the one JSON document on standard output."""
        code, text = self(*arguments, "--json")
        document: dict[str, object] = json.loads(text)
        assert isinstance(document, dict)
        return code, document


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[object], Path]:
    def write(document: object, name: str = "document.json") -> Path:
        path = tmp_path / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    return write


def changed(path: str, value: object) -> dict[str, object]:
    """The plain document with one field set, or taken away where the value is None."""
    document: dict[str, object] = json.loads(json.dumps(W1))
    *parents, last = path.split(".")
    place: dict[str, Any] = document
    for parent in parents:
        place = place.setdefault(parent, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    return document


def test_a_covered_position_answers_yes_with_exact_numbers(command: Command, written: Callable[[object], Path]) -> None:
    code, report = command.json("margin", "evaluate", written(W1))
    assert code == ExitCode.YES
    assert report["liquidation_price"] == "19700"
    assert report["bankruptcy_price"] == "19600"
    assert report["covers_initial"] is True


def test_an_uncovered_position_answers_no(command: Command, written: Callable[[object], Path]) -> None:
    code, report = command.json("margin", "evaluate", written(changed("prices.mark", "19699.99")))
    assert code == ExitCode.NO
    assert report["liquidation_cause"] == "now"
    assert report["covers_maintenance"] is False
    code, _ = command.json("margin", "evaluate", written(changed("prices.mark", "19700")))
    assert code == ExitCode.YES


def test_the_exit_code_answers_for_the_requirement_that_was_asked(
    command: Command, written: Callable[[object], Path]
) -> None:
    document = written(changed("prices.mark", "19999.99"))
    assert command.json("margin", "evaluate", document)[0] == ExitCode.YES
    assert command.json("margin", "evaluate", document, "--require", "initial")[0] == ExitCode.NO


@pytest.mark.parametrize(
    ("path", "value", "reason", "field"),
    [
        ("position.size", "0", "OUT_OF_BOUNDS", "position.size"),
        ("position.size", "-1", "OUT_OF_BOUNDS", "position.size"),
        ("position.size", 1, "NOT_A_DECIMAL", "position.size"),
        ("position.size", "1e400", "NOT_A_DECIMAL", "position.size"),
        ("position.size", "NaN", "NOT_A_DECIMAL", "position.size"),
        ("position.size", "１", "NOT_A_DECIMAL", "position.size"),  # noqa: RUF001 - a full-width digit
        ("position.size", "1" + "0" * 30, "OUT_OF_BOUNDS", "position.size"),
        ("position.entry_price", "-20000", "OUT_OF_BOUNDS", "position.entry_price"),
        ("position.entry_price", "0", "OUT_OF_BOUNDS", "position.entry_price"),
        ("position.entry_price", "20000 USDT", "NOT_A_DECIMAL", "position.entry_price"),
        ("position.entry_price", None, "MISSING_FIELD", "position.entry_price"),
        ("position.entry_notional", "20000", "CONFLICTING_FIELDS", "position.entry_notional"),
        ("position.side", "LONG", "NOT_A_CHOICE", "position.side"),
        ("position.leverage", "0.5", "OUT_OF_BOUNDS", "position.leverage"),
        ("position.leverage", "1001", "OUT_OF_BOUNDS", "position.leverage"),
        ("position.leverage", None, "MISSING_FIELD", "position.cash"),
        ("market", {**W1["market"], "money_unit": "1"}, "NOT_ON_GRID", "market.money_unit"),
        ("position.colour", "red", "UNKNOWN_FIELD", "position.colour"),
        ("prices.mark", "-1", "OUT_OF_BOUNDS", "prices.mark"),
        ("prices.mark", "0", "OUT_OF_BOUNDS", "prices.mark"),
        ("prices.mark", 19700.5, "NOT_A_DECIMAL", "prices.mark"),
        ("prices.marks", "1", "UNKNOWN_FIELD", "prices.marks"),
        ("prices", {"mark": "10", "confidence": "10"}, "OUT_OF_BOUNDS", "prices.confidence"),
        ("market.tiers", [], "MISSING_FIELD", "market.tiers"),
        ("market.tiers", [{"maintenance": "101%"}], "OUT_OF_BOUNDS", "market.tiers[0].maintenance"),
        ("market.tiers", [{"maintenance": "0"}], "OUT_OF_BOUNDS", "market.tiers[0].maintenance"),
        ("market.tiers", [{"maintenance": 0.005}], "NOT_A_RATE", "market.tiers[0].maintenance"),
        ("market.tiers", [{"maintenance": "5%", "initial": "4%"}], "OUT_OF_BOUNDS", "market.tiers[0].maintenance"),
        ("market.tiers", [{"maintenance": "1%"}] * 13, "WRONG_COUNT", "market.tiers"),
        ("market.basis", "middle", "NOT_A_CHOICE", "market.basis"),
        ("market.basis", None, "MISSING_FIELD", "market.basis"),
        ("market.kind", None, "MISSING_FIELD", "market.kind"),
        ("market.tick", "0", "OUT_OF_BOUNDS", "market.tick"),
        ("market", "BTCUSDT", "MISSING_FIELD", "policy"),
        ("policy", "no-such-venue", "UNKNOWN_POLICY", "policy"),
        ("format", "ringfence.position/2", "NOT_A_CHOICE", "format"),
    ],
)
def test_bad_input_names_its_field_and_never_gives_a_number(
    command: Command, written: Callable[[object], Path], path: str, value: object, reason: str, field: str
) -> None:
    code, document = command.json("margin", "evaluate", written(changed(path, value)))
    error = document["error"]
    assert isinstance(error, dict)
    assert (error["reason"], error["field"]) == (reason, field)
    assert code == (ExitCode.MISUSE if error["kind"] == "misuse" else ExitCode.MALFORMED)
    assert list(document) == ["error"]


def test_unsorted_tiers_and_a_wrong_amount_are_refused(command: Command, written: Callable[[object], Path]) -> None:
    rules = {"kind": "linear", "basis": "mark", "tier_rule": "marginal", "initial_rule": "step"}
    falling = [{"floor": "0", "maintenance": "1%"}, {"floor": "10", "maintenance": "0.5%"}]
    unsorted = [{"floor": "10", "maintenance": "1%", "amount": "0"}, {"floor": "5", "maintenance": "2%"}]
    wrong = [{"floor": "0", "maintenance": "1%"}, {"floor": "10", "maintenance": "2%", "amount": "0.2"}]
    reasons = []
    for tiers in (falling, unsorted, wrong):
        code, document = command.json("margin", "evaluate", written(changed("market", {**rules, "tiers": tiers})))
        assert code == ExitCode.MALFORMED
        error = document["error"]
        assert isinstance(error, dict)
        reasons.append((error["reason"], error["field"]))
    assert reasons == [
        ("TIERS_UNSORTED", "market.tiers[1].maintenance"),
        ("TIERS_UNSORTED", "market.tiers[1].floor"),
        ("TIERS_DISCONTINUOUS", "market.tiers[1].amount"),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"a": 1, "a": 2}', '{"position": NaN}', '{"position": 1e400}', "[" * 100_000, "\udcff"],
)
def test_what_is_no_document_is_refused(command: Command, tmp_path: Path, text: str) -> None:
    path = tmp_path / "document.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    code, document = command.json("margin", "evaluate", path)
    assert code == ExitCode.MALFORMED
    assert "error" in document


def test_a_file_that_is_not_there_or_too_large_is_refused(command: Command, tmp_path: Path) -> None:
    assert command.json("margin", "evaluate", tmp_path / "none.json")[0] == ExitCode.MALFORMED
    large = tmp_path / "large.json"
    large.write_text(" " * ((1 << 20) + 1))
    assert command.json("margin", "evaluate", large)[0] == ExitCode.MALFORMED


def test_usage_errors_are_misuse(command: Command) -> None:
    assert run(["margin", "evaluate"]) == ExitCode.MISUSE
    assert run(["margin", "nothing"]) == ExitCode.MISUSE
    code, document = command.json("margin", "evaluate", "--nothing")
    assert (code, list(document)) == (ExitCode.MISUSE, ["error"])


def test_a_defect_tells_no_value(
    command: Command, monkeypatch: pytest.MonkeyPatch, written: Callable[[object], Path]
) -> None:
    def fail(_: Path) -> None:
        raise ZeroDivisionError("secret 12345")

    monkeypatch.setattr("ringfence.cli.commands.margin.judge_file", fail)
    code, document = command.json("margin", "evaluate", written(W1))
    assert code == ExitCode.INTERNAL
    assert "12345" not in json.dumps(document)


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.iterdir() if path.is_file()))
def test_every_example_is_evaluated_for_a_person(command: Command, name: str) -> None:
    code, text = command("margin", "evaluate", EXAMPLES / name)
    assert code in {ExitCode.YES, ExitCode.NO}
    assert text.strip()


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
@pytest.mark.parametrize("name", ["long-btc.json", "iron-condor.json", "short-inverse.json"])
def test_plots_are_pictures_and_the_same_each_time(command: Command, tmp_path: Path, name: str, suffix: str) -> None:
    magic = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}[suffix]
    pictures = []
    for turn in ("first",) if suffix == ".pdf" else ("first", "second"):  # a PDF has the moment in it
        path = tmp_path / f"{turn}{suffix}"
        code, document = command.json("margin", "plot", EXAMPLES / name, "-o", path)
        assert (code, document["written"]) == (ExitCode.YES, str(path))
        pictures.append(path.read_bytes())
    assert pictures[0].startswith(magic)
    assert len(set(pictures)) == 1


def test_a_plot_in_an_unknown_format_or_place_is_misuse(command: Command, tmp_path: Path) -> None:
    for path in (tmp_path / "chart.gif", tmp_path / "no" / "such" / "folder.svg"):
        assert command.json("margin", "plot", EXAMPLES / "long-btc.json", "-o", path)[0] == ExitCode.MISUSE


def test_stress_moves_against_the_position_unless_it_is_told_where(
    command: Command, written: Callable[[object], Path]
) -> None:
    code, report = command.json(
        "margin", "stress", written(W1), "--shock", "1.5%", "--shock", "+1.5%", "--shock", "-2%"
    )
    rows = report["rows"]
    assert isinstance(rows, list)
    assert [(row["shock"], row["price"], row["covered"]) for row in rows] == [
        ("-1.5%", "19700", True),
        ("+1.5%", "20300", True),
        ("-2%", "19600", False),
    ]
    assert code == ExitCode.NO


def test_a_shock_that_leaves_no_price_is_refused(command: Command, written: Callable[[object], Path]) -> None:
    assert command.json("margin", "stress", written(W1), "--shock", "100%")[0] == ExitCode.MALFORMED


def test_a_table_is_judged_row_by_row(command: Command, tmp_path: Path) -> None:
    table = tmp_path / "positions.csv"
    table.write_text(
        "label,side,size,entry_price,leverage,cash\n"
        "good,long,1,60000,10,\n"
        "bad,long,0,60000,10,\n"
        "gone,long,1,60000,,100\n"
    )
    output = tmp_path / "results.csv"
    options = ("--policy", "binance-usdm", "--market", "BTCUSDT", "--mark", "60000", "-o", output)
    code, text = command("margin", "evaluate", table, *options)
    assert code == ExitCode.MALFORMED
    assert "uncovered" in text
    rows = list(csv.DictReader(output.read_text().splitlines()))
    assert [row["label"] for row in rows] == ["good", "", "gone"]
    assert [row["covers_maintenance"] for row in rows] == ["True", "", "False"]
    assert rows[1]["error"].startswith("OUT_OF_BOUNDS position.size")


def test_a_table_and_a_document_agree(command: Command, tmp_path: Path) -> None:
    document = {
        "policy": "binance-usdm",
        "market": "BTCUSDT",
        "position": {"side": "short", "size": "0.5", "entry_price": "60000.01", "cash": "1000", "funding_owed": "3"},
        "prices": {"mark": "60500", "confidence": "2"},
    }
    lines = tmp_path / "positions.ndjson"
    lines.write_text(json.dumps(document) + "\n")
    table = tmp_path / "positions.csv"
    table.write_text(
        "policy,market,side,size,entry_price,cash,funding_owed,mark,confidence\n"
        "binance-usdm,BTCUSDT,short,0.5,60000.01,1000,3,60500,2\n"
    )
    (_, by_line), (_, by_row) = (command("margin", "evaluate", path, "--json") for path in (lines, table))
    report, row = json.loads(by_line.splitlines()[0]), json.loads(by_row.splitlines()[0])
    assert row["equity"] == report["equity"]["total"]
    assert row["maintenance"] == report["maintenance"]["total"]
    assert row["liquidation_price"] == report["shown"]["liquidation_price"]
    assert row["bankruptcy_price"] == report["shown"]["bankruptcy_price"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("label,colour\nx,red\n", "UNKNOWN_FIELD"),
        ("label,label\nx,y\n", "DUPLICATE_FIELD"),
        ("", "UNKNOWN_FIELD"),
        ('label\n"x\n', "NOT_READABLE"),
    ],
)
def test_a_broken_table_is_refused(command: Command, tmp_path: Path, text: str, reason: str) -> None:
    table = tmp_path / "positions.csv"
    table.write_text(text)
    code, document = command.json("margin", "evaluate", table)
    error = document["error"]
    assert isinstance(error, dict)
    assert (code, error["reason"]) == (ExitCode.MALFORMED, reason)


def test_lines_of_documents_are_judged_one_by_one(command: Command, tmp_path: Path) -> None:
    lines = tmp_path / "documents.ndjson"
    structure = (EXAMPLES / "iron-condor.json").read_text().replace("\n", " ")
    lines.write_text(f"{json.dumps(W1)}\n\n{{not json\n{structure}\n")
    code, text = command("margin", "evaluate", lines, "--json")
    documents = [json.loads(line) for line in text.splitlines()]
    assert [document.get("line") for document in documents] == [1, 3, 4, None]
    assert documents[1]["error"]["reason"] == "NOT_READABLE"
    assert documents[-1]["summary"]["malformed"] == 1
    assert code == ExitCode.MALFORMED


def test_the_installed_command_runs() -> None:
    installed = shutil.which("ringfence", path=str(Path(sys.executable).parent))
    assert installed is not None
    done = subprocess.run([installed, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.startswith("ringfence ")
