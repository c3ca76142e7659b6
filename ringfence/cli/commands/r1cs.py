"""``ringfence r1cs``: what a constraint system is made of, and whether a witness satisfies it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli.exits import ExitCode
from ringfence.cli.options import JsonOption
from ringfence.cli.terminal import draw_facts, draw_table, out, write_json
from snark.errors import Reason
from snark.r1cs.r1cs_file import R1cs, read_r1cs
from snark.r1cs.satisfaction import Failure, describe_constraint, find_failure
from snark.r1cs.sym_file import name_wires
from snark.r1cs.wtns_file import Witness, read_wtns

app = typer.Typer(help="Constraint systems (.r1cs).", no_args_is_help=True)

CircuitArgument = Annotated[Path, typer.Argument(help="A constraint system (.r1cs).", show_default=False)]
WitnessArgument = Annotated[Path, typer.Argument(help="A witness (.wtns).", show_default=False)]
SymbolsOption = Annotated[Path | None, typer.Option("--sym", help="The names of the signals (.sym).")]
ShowValuesOption = Annotated[
    bool, typer.Option("--show-values", help="Show the secret values of the constraint that fails.")
]


@app.command()
def info(circuit: CircuitArgument, *, as_json: JsonOption = False) -> None:
    """Read a constraint system to its end and tell what it is made of."""
    facts = describe_circuit(read_r1cs(circuit))
    if as_json:
        write_json(facts)
    else:
        draw_facts(circuit.name, facts)


def describe_circuit(r1cs: R1cs) -> dict[str, object]:
    """The counts of the header, and of the terms behind it."""
    terms = [0, 0, 0]
    for constraint in r1cs.iterate_constraints():
        terms = [count + len(side) for count, side in zip(terms, constraint, strict=True)]
    for _ in r1cs.iterate_labels():
        pass
    header = r1cs.header
    return {
        "curve": "bn128",
        "wires": header.wires,
        "constraints": header.constraints,
        "outputs": header.outputs,
        "public_inputs": header.public_inputs,
        "private_inputs": header.private_inputs,
        "labels": header.labels,
        "terms_a": terms[0],
        "terms_b": terms[1],
        "terms_c": terms[2],
    }


@app.command()
def check(
    circuit: CircuitArgument,
    witness: Annotated[
        Path | None, typer.Argument(help="A witness (.wtns); without one, only the circuit is checked.")
    ] = None,
    *,
    sym: SymbolsOption = None,
    show_values: ShowValuesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Check that a witness satisfies every constraint, or name the first that it does not."""
    if witness is None:
        info(circuit, as_json=as_json)
        return
    raise typer.Exit(answer_check(circuit, witness, sym, show_values=show_values, as_json=as_json))


def answer_check(circuit: Path, witness: Path, sym: Path | None, *, show_values: bool, as_json: bool) -> ExitCode:
    """0 where every constraint holds, 1 where one does not."""
    r1cs, values = read_r1cs(circuit), read_wtns(witness)
    failure = find_failure(r1cs, values)
    if failure is None:
        report_satisfied(r1cs, as_json=as_json)
        return ExitCode.YES
    report_failure(failure, values, sym, show_values=show_values, as_json=as_json)
    return ExitCode.NO


def report_satisfied(r1cs: R1cs, *, as_json: bool) -> None:
    """Every constraint holds."""
    if as_json:
        write_json({"satisfied": True, "constraints": r1cs.header.constraints, "wires": r1cs.header.wires})
    else:
        out.print(f"[green]satisfied[/green] {r1cs.header.constraints} constraints, {r1cs.header.wires} wires")


def report_failure(failure: Failure, witness: Witness, sym: Path | None, *, show_values: bool, as_json: bool) -> None:
    """The first constraint that fails, by number and by the names of its signals; values only where asked for."""
    names = {} if sym is None else name_wires(sym, failure.wires)
    text = describe_constraint(failure.constraint, names)
    signals = [describe_signal(wire, witness, names, show_values=show_values) for wire in sorted(failure.wires)]
    sides = dict(zip("abc", map(str, failure.values), strict=True)) if show_values else {}
    if as_json:
        reason = Reason.F20_UNSATISFIED.value
        report = {"satisfied": False, "reason": reason, "constraint": failure.index, "text": text, "signals": signals}
        write_json(report | ({"sides": sides} if sides else {}))
        return
    out.print(f"[bold red]not satisfied[/bold red] constraint {failure.index}: {Reason.F20_UNSATISFIED.value}")
    out.print(f"  {text}", markup=False, highlight=False)
    rows = [["\n".join(each) if isinstance(each, list) else each for each in signal.values()] for signal in signals]
    draw_table("Signals of the constraint", list(signals[0]), rows)
    if sides:
        draw_facts("Its sides", sides)


def describe_signal(
    wire: int, witness: Witness, names: Mapping[int, Sequence[str]], *, show_values: bool
) -> dict[str, object]:
    """One wire of the constraint that fails."""
    signal: dict[str, object] = {"wire": wire, "names": list(names.get(wire, ()))}
    return signal | {"value": str(witness.values[wire])} if show_values else signal
