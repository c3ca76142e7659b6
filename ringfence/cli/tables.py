"""Tables as a stream: CSV rows of positions through the batch engine, NDJSON lines as whole documents of any kind.

Rows are read, judged and written a block at a time, so a table may be larger than memory. A row that
can't be read is reported by its line number and never stops the others.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import IO, cast

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from margin.amounts import parse_decimal, render_exact
from margin.documents.reading import MAX_DOCUMENT_BYTES, parse_json
from margin.errors import MalformedError, MarginError, MisuseError, Reason
from margin.requirement import RequirementKind
from ringfence.cli.documents import Judged, JudgedAccount, JudgedNetting, JudgedPosition, JudgedStructure, judge_content
from ringfence.cli.exits import ExitCode
from ringfence.cli.position_rows import COLUMNS, Cells, RowJudge, RowResult
from ringfence.cli.terminal import describe_error, draw_facts, draw_table, err, write_json_line

TABLE_SUFFIXES = frozenset({".csv", ".ndjson", ".jsonl"})
BLOCK_ROWS = 8192
FIRST_PROBLEMS = 10
HEADLINES = ("equity", "initial", "maintenance")
OUTPUT_COLUMNS = (
    "line",
    "label",
    "covers_initial",
    "covers_maintenance",
    "currency",
    "notional",
    *HEADLINES,
    "liquidation_price",
    "liquidation_cause",
    "bankruptcy_price",
    "error",
)


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row's outcome: the headline numbers, and the whole report where its line was a document."""

    line: int
    headline: RowResult
    report: RowResult | None = None
    error: MarginError | None = None

    def as_document(self) -> RowResult:
        """The row as one JSON line."""
        if self.error is not None:
            return {"line": self.line, "error": describe_error(self.error)}
        return {"line": self.line, **(self.headline if self.report is None else self.report)}

    def as_cells(self) -> RowResult:
        """The row as cells of a CSV file."""
        text = "" if self.error is None else f"{self.error.reason.value} {self.error}"
        return {"line": self.line, **self.headline, "error": text}


@dataclass(slots=True)
class Summary:
    """What a whole table came to."""

    kind: RequirementKind
    rows: int = 0
    covered: int = 0
    uncovered: int = 0
    malformed: int = 0
    totals: dict[str, dict[str, Fraction]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Fraction)))
    problems: list[tuple[int, str]] = field(default_factory=list)

    def add(self, row: TableRow) -> None:
        """Count one row."""
        self.rows += 1
        if row.error is not None:
            self.malformed += 1
            self.note(row.line, f"{row.error.reason.value} {row.error}")
            return
        covered = row.headline[f"covers_{self.kind.value}"]
        self.covered += covered is True
        self.uncovered += covered is False
        if covered is False:
            self.note(row.line, f"{row.headline['label']}: equity is below the {self.kind.value} requirement")
        for name in HEADLINES:
            if isinstance(row.headline[name], str):
                self.totals[str(row.headline["currency"])][name] += parse_fraction(str(row.headline[name]))

    def note(self, line: int, problem: str) -> None:
        """Keep the first problems to show."""
        if len(self.problems) < FIRST_PROBLEMS:
            self.problems.append((line, problem))

    @property
    def exit_code(self) -> ExitCode:
        """Malformed rows win over uncovered ones: what could not be read was not answered."""
        if self.malformed:
            return ExitCode.MALFORMED
        return ExitCode.NO if self.uncovered else ExitCode.YES

    def report(self) -> dict[str, object]:
        """The summary as a program reads it."""
        return {
            "rows": self.rows,
            "covered": self.covered,
            "uncovered": self.uncovered,
            "malformed": self.malformed,
            "totals": {
                currency: {name: render_exact(total) for name, total in totals.items()}
                for currency, totals in self.totals.items()
            },
        }


def parse_fraction(text: str) -> Fraction:
    """A number that this program wrote: a decimal or ``numerator/denominator``."""
    return Fraction(text) if "/" in text else parse_decimal(text, "total")


def evaluate_table(
    path: Path, output: Path | None, defaults: Mapping[str, str | None], kind: RequirementKind, *, as_json: bool
) -> ExitCode:
    """Judge every row of a table; write each result where asked, and the summary."""
    summary = Summary(kind)
    with ExitStack() as stack:
        source = stack.enter_context(open_table(path))
        write = open_output(stack, output, as_json=as_json)
        progress = start_progress(stack, path, source)
        for row in judge_rows(path, source, defaults, progress):
            summary.add(row)
            write(row)
    show_summary(summary, as_json=as_json)
    return summary.exit_code


def open_table(path: Path) -> IO[bytes]:
    """The table's bytes."""
    try:
        return path.open("rb")
    except OSError as error:
        raise MalformedError(
            Reason.NOT_READABLE, str(path), found=error.strerror or "an error", expected="a readable file"
        ) from None


def judge_rows(
    path: Path, source: IO[bytes], defaults: Mapping[str, str | None], progress: Callable[[], None]
) -> Iterator[TableRow]:
    """The outcome of every row, in order."""
    if path.suffix == ".csv":
        judge = RowJudge(path.parent, defaults)
        rows = read_csv(source)
        while block := list(islice(rows, BLOCK_ROWS)):
            for line, result in judge.judge(block):
                yield refuse_row(line, result) if isinstance(result, MarginError) else TableRow(line, result)
            progress()
        return
    for line, text in enumerate(iter(lambda: source.readline(MAX_DOCUMENT_BYTES + 1), b""), start=1):
        if text.strip():
            yield judge_line(line, text, path.parent)
            progress()


def refuse_row(line: int, error: MarginError) -> TableRow:
    """A row that was not judged."""
    return TableRow(line, {}, error=error)


def judge_line(line: int, text: bytes, folder: Path) -> TableRow:
    """One NDJSON line: a document of any kind."""
    try:
        if len(text) > MAX_DOCUMENT_BYTES:
            raise MalformedError(
                Reason.OUT_OF_BOUNDS, "line", found=len(text), expected=f"at most {MAX_DOCUMENT_BYTES} bytes"
            )
        judged = judge_content(parse_json(text), folder)
    except MarginError as error:
        return refuse_row(line, error)
    return TableRow(line, headline_of(judged), judged.report)


def headline_of(judged: Judged) -> RowResult:
    """The headline numbers of a report, under the same names for every kind of document."""
    match judged:
        case JudgedPosition():
            return headline_position(judged.report)
        case JudgedStructure():
            return headline_structure(judged.report)
        case JudgedAccount():
            return headline_account(judged.report)
        case JudgedNetting():
            return headline_netting(judged.report)


def headline_position(report: RowResult) -> RowResult:
    """The headline numbers of a position's report."""
    totals = {name: cast("RowResult", report[name])["total"] for name in HEADLINES}
    currency = cast("RowResult", report["units"])["currency"]
    kept = (
        "label",
        "covers_initial",
        "covers_maintenance",
        "liquidation_price",
        "liquidation_cause",
        "bankruptcy_price",
    )
    return {
        **{name: report[name] for name in kept},
        **totals,
        "currency": currency,
        "notional": report["mark_notional"],
    }


def headline_structure(report: RowResult) -> RowResult:
    """The headline numbers of a structure's report."""
    asked = cast("RowResult", report["requirement"] or {"initial": None, "maintenance": None})
    kept = {name: report[name] for name in ("label", "covers_initial", "covers_maintenance", "equity")}
    return {**kept, "initial": asked["initial"], "maintenance": asked["maintenance"], "currency": "quote"}


def headline_account(report: RowResult) -> RowResult:
    """The headline numbers of an account's report."""
    kept = ("label", "covers_initial", "covers_maintenance", *HEADLINES)
    return {**{name: report[name] for name in kept}, "currency": "quote"}


def headline_netting(report: RowResult) -> RowResult:
    """The headline numbers of a netting report: one requirement, initially and to keep."""
    return {
        "label": report["label"],
        "covers_initial": report["covers"],
        "covers_maintenance": report["covers"],
        "equity": report["equity"],
        "initial": report["requirement"],
        "maintenance": report["requirement"],
        "currency": report["currency"],
    }


def read_csv(source: IO[bytes]) -> Iterator[tuple[int, Cells]]:
    """The rows of a CSV table by line number; its header is checked before anything else."""
    reader = csv.reader((decode(line) for line in source), strict=True)
    try:
        header = next(reader, None)
        require_header(header)
        for cells in reader:
            if cells:
                yield reader.line_num, dict(zip(header or [], cells, strict=False))
    except csv.Error as error:
        raise MalformedError(Reason.NOT_READABLE, f"line {reader.line_num}", found=str(error), expected="CSV") from None


def decode(line: bytes) -> str:
    """A line of text; bytes that are none are refused."""
    try:
        return line.decode("utf-8-sig" if line.startswith(b"\xef\xbb\xbf") else "utf-8")
    except UnicodeDecodeError:
        raise MalformedError(Reason.NOT_READABLE, "line", found="bytes", expected="UTF-8 text") from None


def require_header(header: list[str] | None) -> None:
    """Every column is known and named once."""
    for index, name in enumerate(header or [""]):
        if name not in COLUMNS:
            raise MalformedError(
                Reason.UNKNOWN_FIELD, "header", found=name, expected=f"columns among {', '.join(COLUMNS)}"
            )
        if name in (header or [])[:index]:
            raise MalformedError(Reason.DUPLICATE_FIELD, "header", found=name, expected="each column once")


def open_output(stack: ExitStack, output: Path | None, *, as_json: bool) -> Callable[[TableRow], object]:
    """Where rows go: a file, standard output as JSON lines, or nowhere but the summary."""
    if output is None:
        return (lambda row: write_json_line(row.as_document())) if as_json else lambda _: None
    if output.suffix not in TABLE_SUFFIXES:
        expected = f"a name ending in {', '.join(sorted(TABLE_SUFFIXES))}"
        raise MisuseError(Reason.NOT_A_CHOICE, "output", found=output.name, expected=expected)
    try:
        file = stack.enter_context(output.open("w", encoding="utf-8", newline=""))
    except OSError as error:
        raise MisuseError(
            Reason.NOT_READABLE, "output", found=error.strerror or "an error", expected="a file that can be written"
        ) from None
    if output.suffix != ".csv":
        return lambda row: file.write(json.dumps(row.as_document(), ensure_ascii=False) + "\n")
    writer = csv.DictWriter(file, OUTPUT_COLUMNS, extrasaction="ignore")
    writer.writeheader()
    return lambda row: writer.writerow(row.as_cells())


def start_progress(stack: ExitStack, path: Path, source: IO[bytes]) -> Callable[[], None]:
    """A progress bar over the bytes of the table, on standard error and only where that is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    progress = stack.enter_context(Progress(*columns, console=err, transient=True, disable=not err.is_terminal))
    task = progress.add_task(path.name, total=path.stat().st_size)
    return lambda: progress.update(task, completed=source.tell())


def show_summary(summary: Summary, *, as_json: bool) -> None:
    """Counts, sums and the first problems."""
    report = summary.report()
    if as_json:
        write_json_line({"summary": report})
        return
    counts = {name: report[name] for name in ("rows", "covered", "uncovered", "malformed")}
    draw_facts(f"Table ({summary.kind.value} requirement)", counts)
    rows = [
        [currency, *(render_exact(totals[name]) for name in HEADLINES)] for currency, totals in summary.totals.items()
    ]
    draw_table("Sums", ["currency", *HEADLINES], rows)
    if summary.problems:
        draw_table("First problems", ["line", "problem"], summary.problems)
