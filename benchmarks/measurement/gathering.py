"""The pages that have everything that was measured: ``python -m benchmarks.measurement.gathering``.

Tables and plots are made of the committed results, and of nothing else; the same results give the same bytes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.ticker import NullFormatter

from benchmarks.measurement.plot import PLAIN
from benchmarks.measurement.quotation import (
    ROOT,
    Results,
    describe,
    figure,
    name_prover,
    quote_serving,
    quote_solvency_runs,
    quote_statements,
    quote_tree_rounds,
    quote_verifying,
    read_results,
    table,
)

PERFORMANCE: Final = ROOT / "docs" / "performance.md"
COMPARISON: Final = ROOT / "docs" / "comparison.md"
DRAWN: Final = (
    *(f"plots/{name}.svg" for name in ("batch", "gas", "proving-914", "proving-20004", "verifying")),
    "snark/proving.svg",
    "solvency.svg",
)
"""Every plot of a benchmark, as a path below the pages."""
PLACE: Final = re.compile(r"(<!-- gathered: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
OWN: Final = "#00796b"
OTHERS: Final = "#9e9e9e"
OWN_NAMES: Final = ("Ringfence", "ringfence", "native")

Bars = Sequence[tuple[str, float]]


def main() -> None:
    """Write the tables of the pages, and the plots beside them."""
    for page in (PERFORMANCE, COMPARISON):
        page.write_text(gather(page.read_text(encoding="utf-8")), encoding="utf-8")
    draw_plots(PERFORMANCE.parent)


def gather(page: str) -> str:
    """The page with its tables as the results have them."""

    def write(found: re.Match[str]) -> str:
        name, render = GATHERED[found[2]]
        return f"{found[1]}{render(read_results(name))}\n{found[4]}"

    return PLACE.sub(write, page)


def quote_batch(results: Results) -> str:
    """Whole columns of positions: a row for each market, a column for each backend and its threads."""
    measured = results["measurements"]
    ways = list(dict.fromkeys((it["backend"], it["threads"]) for it in measured))
    each = {(it["market"], it["backend"], it["threads"]): figure(it["positions_per_second"]) for it in measured}
    markets = dict.fromkeys((it["market"], it["workload"]) for it in measured)
    body = [[market, rules, *(each[market, *way] for way in ways)] for market, rules in markets]
    return table(["market", "rules", *(name_way(*way) for way in ways)], body) + describe(results)


def name_way(backend: str, threads: int) -> str:
    """A backend with its threads."""
    return f"{backend}, {threads} thread{'s' if threads > 1 else ''}"


def quote_shapes(results: Results) -> str:
    """What a proof of each statement takes, from its document."""
    body = [
        [f"`{it['statement']}`", f"{it['constraints']:,}", *(figure(it["milliseconds"][part]) for part in PARTS)]
        for it in results["statements"]
    ]
    return table(["statement", "constraints", *PARTS.values()], body) + describe(results)


PARTS: Final = {
    "inputs": "inputs, ms",
    "witness": "witness, ms",
    "proof": "proof, ms",
    "groth16py": "groth16py on the same key and witness, ms",
}


def quote_ceremony(results: Results) -> str:
    """Each step of a ceremony beside snarkjs."""
    body = [
        [it["ceremony"], it["step"], figure(it["own"]), figure(it["snarkjs"]), figure(it["snarkjs"] / it["own"])]
        for it in results["ceremony"]
    ]
    return table(["ceremony", "step", "Ringfence, s", "snarkjs, s", "times"], body) + describe(results)


def quote_survey_provers(results: Results) -> str:
    """What others' provers took, of the two statements of the survey."""
    names = {"system": "system", "version": "version", "licence": "licence", "margin_ms": "margin: proof, ms"}
    names |= {"batch_ms": "batch: proof, ms", "verify_ms": "verify, ms", "peak_mb": "peak memory, MB (margin)"}
    return quote_rows(names, results["provers"])


def quote_survey_curves(results: Results) -> str:
    """What others' curves took."""
    names = {"package": "package", "msm_ms": "MSM in G1, 4,096 points, ms", "pairing_ms": "pairing, ms"}
    return quote_rows(names | {"product_ms": "product of four pairings, ms", "note": "note"}, results["curves"])


def quote_survey_contracts(results: Results) -> str:
    """What others' contracts took."""
    names = {"verifier": "verifier", "inputs": "public inputs", "gas": "gas of execution", "bytes": "bytes deployed"}
    return quote_rows(names, results["contracts"])


def quote_rows(names: Mapping[str, str], rows: Sequence[Mapping[str, str]]) -> str:
    """Rows that are texts already."""
    return table(list(names.values()), [[row[name] for name in names] for row in rows])


GATHERED: Final[Mapping[str, tuple[str, Callable[[Results], str]]]] = {
    "batch": ("margin", quote_batch),
    "shapes": ("statements", quote_shapes),
    "provers": ("proving", quote_statements),
    "verifiers": ("verifying", quote_verifying),
    "serving": ("serving", quote_serving),
    "rounds": ("trees", quote_tree_rounds),
    "runs": ("solvency", quote_solvency_runs),
    "ceremony": ("ceremony", quote_ceremony),
    "survey_provers": ("survey", quote_survey_provers),
    "survey_curves": ("survey", quote_survey_curves),
    "survey_contracts": ("survey", quote_survey_contracts),
}


# --- Plots ----------------------------------------------------------------------------------------------


def draw_plots(folder: Path) -> None:
    """Every plot of the pages into a folder, each at its place."""
    proving = read_results("proving")["statements"]["measurements"]
    for rows in dict.fromkeys(it["rows"] for it in proving):
        bars = [(name_prover(it["prover"]), it["milliseconds"]) for it in proving if it["rows"] == rows]
        draw_bars(bars, folder / f"plots/proving-{rows}.svg", f"One proof of {rows:,} constraints", "milliseconds")
    verifying = [it for it in read_results("verifying")["measurements"] if it["inputs"] == FEW_INPUTS]
    bars = [(it["contestant"], it["median_ms"]) for it in verifying]
    title = "Verifying one proof with three public inputs"
    draw_bars(bars, folder / "plots/verifying.svg", title, "milliseconds, each proof")
    margin = [it for it in read_results("margin")["measurements"] if it["market"] == SHOWN_MARKET]
    bars = [(name_way(it["backend"], it["threads"]), it["positions_per_second"]) for it in margin]
    draw_bars(bars, folder / "plots/batch.svg", f"Positions judged, {SHOWN_MARKET}", "positions a second")
    gas = [it for it in read_results("gas")["costs"] if it["contract"] in SHOWN_CONTRACTS and it["function"] in SHOWN]
    bars = [(f"{it['contract']}.{it['function']}: {it['case']}", float(it["gas"])) for it in gas]
    draw_bars(bars, folder / "plots/gas.svg", "Gas of what a bridge does every day", "gas", logarithmic=False)
    draw_lines(folder)


def draw_lines(folder: Path) -> None:
    """Those plots that a benchmark draws of what it has just measured, of what was committed."""
    from benchmarks.proving import Measurement, plot_sizes  # noqa: PLC0415 - measures with the native core
    from benchmarks.solvency import Run, plot_runs  # noqa: PLC0415 - the same

    plot_sizes(
        [Measurement(**it) for it in read_results("proving")["sizes"]["measurements"]], folder / "snark/proving.svg"
    )
    plot_runs([Run(**it) for it in read_results("solvency")["runs"]], folder / "solvency.svg")


FEW_INPUTS: Final = 3
SHOWN_MARKET: Final = "binance-usdm BTCUSDT"
SHOWN_CONTRACTS: Final = ("AttestationGate", "ProofGate", "CollateralEscrow")
SHOWN: Final = ("submit", "accept", "refresh", "deposit", "withdraw", "seize")


def draw_bars(bars: Bars, path: Path, title: str, across: str, *, logarithmic: bool = True) -> None:
    """One bar for each name, the first on top; ours in colour, and each with its figure.

    Over a logarithm it is a point: a bar would have a length, from wherever the axis begins, that says nothing.
    """
    mpl.use("agg")
    with mpl.rc_context({"svg.hashsalt": "ringfence", "svg.fonttype": "none"}):
        figure_, axes = plt.subplots(figsize=(9, 0.9 + 0.36 * len(bars)), layout="constrained")
        names = [name for name, _ in bars]
        are_compared = any(not name.startswith(OWN_NAMES) for name in names) and logarithmic
        colours = [OTHERS if are_compared and not name.startswith(OWN_NAMES) else OWN for name in names]
        values = [value for _, value in bars]
        if logarithmic:
            axes.scatter(values, range(len(bars)), color=colours, s=64)
            for place, value in enumerate(values):
                axes.annotate(figure(value), (value, place), (8, 0), textcoords="offset points", va="center")
            axes.set_xscale("log")
            axes.xaxis.set_minor_formatter(NullFormatter())
        else:
            axes.bar_label(axes.barh(range(len(bars)), values, color=colours), [figure(it) for it in values], padding=3)
        axes.set_ylim(-0.6, len(bars) - 0.4)
        axes.set_yticks(range(len(bars)), names)
        axes.invert_yaxis()
        axes.xaxis.set_major_formatter(PLAIN)
        axes.margins(x=0.16)
        axes.set_title(title)
        axes.set_xlabel(f"{across} (each step is ten times the last)" if logarithmic else across)
        axes.grid(visible=True, axis="both" if logarithmic else "x", alpha=0.3)
        axes.set_axisbelow(True)
        figure_.savefig(path, metadata={"Date": None})
        plt.close(figure_)


if __name__ == "__main__":
    main()
