"""``ringfence wtns``: whether a witness is one, and satisfies its constraint system."""

import typer

from ringfence.cli.commands.r1cs import CircuitArgument, ShowValuesOption, SymbolsOption, WitnessArgument, answer_check
from ringfence.cli.options import JsonOption

app = typer.Typer(help="Witnesses (.wtns).", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Witnesses (.wtns)."""


@app.command()
def check(
    circuit: CircuitArgument,
    witness: WitnessArgument,
    *,
    sym: SymbolsOption = None,
    show_values: ShowValuesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Check a witness: prime, count, first value, every value below r, and every constraint of the circuit."""
    raise typer.Exit(answer_check(circuit, witness, sym, show_values=show_values, as_json=as_json))
