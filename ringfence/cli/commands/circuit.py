"""``ringfence circuit``: the statements as constraint systems, their sizes, and the files that provers need."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from circuits.artifact import Artifact, Interface, compute_text_version, read_artifact, write_artifact
from circuits.catalogue import ENTRIES, find_statement, list_circuits, name_circuit
from circuits.sizes import Size, find_size
from circuits.statement import Statement
from prover.artifacts import Cache
from ringfence.cli.commands.r1cs import SymbolsOption, answer_check
from ringfence.cli.exits import ExitCode
from ringfence.cli.options import JsonOption
from ringfence.cli.terminal import draw_facts, draw_table, err, write_json

app = typer.Typer(help="The statements as constraint systems.", no_args_is_help=True)

NameArgument = Annotated[
    str, typer.Argument(help="A statement, such as perp, or one of a shape, such as perp-k1.", show_default=False)
]
ShapeOption = Annotated[str, typer.Option("--shape", help="Its parameters: K=1,book_levels=8.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="The folder to write; the cache where it is not given.")
]


@app.command("list")
def list_statements(*, as_json: JsonOption = False) -> None:
    """List the statements, the shapes that have a name, and their sizes where they are recorded."""
    rows = [
        {"name": name, "shape": statement.shape, "constraints": size and size.constraints}
        for name, statement in list_circuits().items()
        for size in [find_size(statement)]
    ]
    if as_json:
        parameters = {entry.name: entry.defaults for entry in ENTRIES}
        write_json({"text_version": compute_text_version(), "statements": parameters, "circuits": rows})
        return
    cells = [[row["name"], format_shape(row["shape"]), row["constraints"]] for row in rows]
    draw_table("Circuits", ["name", "shape", "constraints"], cells)


@app.command()
def info(name: NameArgument, *, shape: ShapeOption = "", as_json: JsonOption = False) -> None:
    """Tell what a circuit takes and how large it is; compiles it where it is not in the cache."""
    interface = open_artifact(find_statement(name, shape)).interface
    if as_json:
        write_json(interface.describe())
        return
    show_interface(interface)


@app.command("compile")
def compile_circuit(
    name: NameArgument, *, shape: ShapeOption = "", output: OutputOption = None, as_json: JsonOption = False
) -> None:
    """Compile a circuit into its folder: constraint system, names, witness program and interface."""
    statement = find_statement(name, shape)
    begin = time.perf_counter()
    with err.status(f"compiling {name_circuit(statement)}"):
        artifact = write_artifact(statement, output or Cache().place_of(statement))
    seconds = time.perf_counter() - begin
    facts: dict[str, object] = {"folder": str(artifact.folder), "circuit_hash": artifact.interface.circuit_hash}
    counts: dict[str, object] = {"constraints": artifact.interface.counts.constraints, "seconds": round(seconds, 2)}
    if as_json:
        write_json(facts | counts)
    else:
        draw_facts(artifact.interface.name, facts | counts)


@app.command()
def check(
    name: NameArgument,
    witness: Annotated[Path | None, typer.Argument(help="A witness (.wtns) that should satisfy it.")] = None,
    *,
    shape: ShapeOption = "",
    folder: Annotated[
        Path | None, typer.Option("--folder", help="An artifact to check; the cache's where it is not given.")
    ] = None,
    sym: SymbolsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compile a circuit again and compare: with its folder, with the recorded size and hash; then check a witness.

    Exit 0 where all agree, 1 where something does not.
    """
    statement = find_statement(name, shape)
    kept = read_artifact(folder) if folder else open_artifact(statement)
    kept.require_intact()
    report = compare(statement, kept)
    agrees = report["same_as_folder"] and report["same_as_recorded"] is not False
    if witness is None or not agrees:
        if as_json:
            write_json(report)
        else:
            draw_facts(kept.interface.name, report)
        raise typer.Exit(ExitCode.YES if agrees else ExitCode.NO)
    symbols = sym or kept.folder / "circuit.sym"
    raise typer.Exit(answer_check(kept.r1cs, witness, symbols, show_values=False, as_json=as_json))


def compare(statement: Statement, kept: Artifact) -> dict[str, object]:
    """A circuit compiled anew beside the one that is kept and the one that is recorded."""
    with TemporaryDirectory() as folder, err.status(f"compiling {name_circuit(statement)}"):
        anew = write_artifact(statement, Path(folder) / "anew").interface
    recorded = find_size(statement)
    same = None if recorded is None else recorded == Size(anew.counts.constraints, anew.circuit_hash)
    return {
        "circuit_hash": anew.circuit_hash,
        "constraints": anew.counts.constraints,
        "same_as_folder": anew.files == kept.interface.files,
        "same_as_recorded": same,
    }


def open_artifact(statement: Statement) -> Artifact:
    """The artifact from the cache; what takes a while is told to a person."""
    with err.status("") as status:
        return Cache(progress=status.update).artifact(statement)


def format_shape(shape: object) -> str:
    """The parameters of a shape on one line."""
    return ", ".join(f"{name}={value}" for name, value in shape.items()) if isinstance(shape, dict) else ""


def show_interface(interface: Interface) -> None:
    """Counts, then every input with its range and meaning."""
    counts = interface.counts
    draw_facts(
        interface.name,
        {
            "shape": format_shape(interface.shape),
            "constraints": counts.constraints,
            "wires": counts.wires,
            "public inputs": counts.public_inputs,
            "private inputs": counts.private_inputs,
            "circuit hash": interface.circuit_hash,
            "public": ", ".join(interface.public_names),
        },
    )
    rows = [
        [each.name, each.size, "any element" if each.bits > 253 else f"below 2^{each.bits}", each.meaning]  # noqa: PLR2004
        for each in interface.inputs
    ]
    draw_table("Inputs", ["name", "elements", "range", "meaning"], rows)
