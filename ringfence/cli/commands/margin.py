"""``ringfence margin``: is this margin enough, where does it end, what would a move do."""

from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from margin.errors import MisuseError, Reason
from margin.requirement import RequirementKind
from margin.stress import parse_move, parse_shock
from ringfence.cli import views
from ringfence.cli.account_view import show_account
from ringfence.cli.documents import (
    Judged,
    JudgedAccount,
    JudgedNetting,
    JudgedPosition,
    JudgedStructure,
    judge_file,
)
from ringfence.cli.exits import ExitCode
from ringfence.cli.netting_view import show_netting
from ringfence.cli.options import DocumentArgument, JsonOption
from ringfence.cli.plots import plot_position, plot_structure
from ringfence.cli.stress_view import report_position_stress, report_structure_stress, show_stress
from ringfence.cli.tables import TABLE_SUFFIXES, evaluate_table
from ringfence.cli.terminal import out, write_json

app = typer.Typer(
    help="Evaluate, plot and stress positions and structures; evaluate accounts and netting sets.", no_args_is_help=True
)

DEFAULT_SHOCKS = ["1%", "2%", "5%", "10%", "20%", "50%"]

RequireOption = Annotated[
    RequirementKind, typer.Option("--require", help="Which requirement the exit code answers for: 0 covered, 1 not.")
]


def answer(judged: Judged, kind: RequirementKind) -> ExitCode:
    """0 where the requirement is covered, or nothing was asked; 1 where it is not."""
    return ExitCode.NO if judged.covers(kind) is False else ExitCode.YES


@app.command()
def evaluate(
    file: DocumentArgument,
    *,
    require: RequireOption = RequirementKind.MAINTENANCE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="For a table: write each row's result here (.csv, .ndjson).")
    ] = None,
    policy: Annotated[str | None, typer.Option(help="For a table: the policy of rows that name none.")] = None,
    market: Annotated[str | None, typer.Option(help="For a table: the market of rows that name none.")] = None,
    mark: Annotated[str | None, typer.Option(help="For a table: the mark price of rows that name none.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Evaluate a position, structure, account or netting sets, or a whole table of them as a stream."""
    if file.suffix in TABLE_SUFFIXES:
        defaults = {"policy": policy, "market": market, "mark": mark}
        raise typer.Exit(evaluate_table(file, output, defaults, require, as_json=as_json))
    judged = judge_file(file)
    if as_json:
        write_json(judged.report)
    else:
        show_judged(judged)
    raise typer.Exit(answer(judged, require))


def show_judged(judged: Judged) -> None:
    """The report as tables for a person."""
    match judged:
        case JudgedPosition():
            views.show_position(judged.report)
        case JudgedStructure():
            views.show_structure(judged.report)
        case JudgedAccount():
            show_account(judged.report)
        case JudgedNetting():
            show_netting(judged.report)


def require_shape(judged: Judged) -> JudgedPosition | JudgedStructure:
    """What has one price to be moved or drawn over; an account or netting sets have many."""
    if isinstance(judged, JudgedAccount | JudgedNetting):
        raise MisuseError(
            Reason.NOT_APPLICABLE, "file", found=str(judged.report["format"]), expected="a position or a structure"
        )
    return judged


@app.command()
def plot(
    file: DocumentArgument,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The picture: .svg, .png or .pdf.")],
    as_json: JsonOption = False,
) -> None:
    """Draw equity against requirement over the mark price, or a structure's payoff."""
    judged = require_shape(judge_file(file))
    if isinstance(judged, JudgedPosition):
        plot_position(judged.document, judged.evaluation, output)
    else:
        plot_structure(judged.document, output)
    if as_json:
        write_json({"written": str(output), "bytes": output.stat().st_size})
    else:
        out.print(f"written {output}")


@app.command()
def stress(
    file: DocumentArgument,
    *,
    shock: Annotated[
        list[str] | None,
        typer.Option(help='A move of the mark: "10%" against the position, "+10%" up, "-10%" down; may be repeated.'),
    ] = None,
    require: RequireOption = RequirementKind.MAINTENANCE,
    as_json: JsonOption = False,
) -> None:
    """Evaluate a position or structure after moves of the price."""
    judged = require_shape(judge_file(file))
    shocks = shock or DEFAULT_SHOCKS
    if isinstance(judged, JudgedPosition):
        side = judged.document.position.side
        report, verdicts = report_position_stress(judged.document, [parse_shock(s, side) for s in shocks], require)
    else:
        moves = [move for s in shocks for move in read_both_shocks(s)]
        report, verdicts = report_structure_stress(judged.document, moves)
    if as_json:
        write_json(report)
    else:
        show_stress(report)
    raise typer.Exit(ExitCode.NO if False in verdicts else ExitCode.YES)


def read_both_shocks(text: str) -> list[Fraction]:
    """A signed move as it is; an unsigned one both ways, since a structure may lose on either side."""
    move = parse_move(text)
    return [move] if text.startswith(("+", "-")) else [-move, move]
