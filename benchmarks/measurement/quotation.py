"""The tables of the pages, made of the committed results: ``python -m benchmarks.measurement.quotation``.

A page says where a table stands by two comments; what is between them is written here, and a test holds it to
the results.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
RESULTS: Final = ROOT / "benchmarks" / "results"
PAGES: Final = {
    "proving": ROOT / "docs" / "snark" / "proving.md",
    "verifying": ROOT / "docs" / "snark" / "verifying.md",
    "serving": ROOT / "docs" / "verifier" / "service.md",
    "bridging": ROOT / "docs" / "bridge" / "sequences.md",
    "gas": ROOT / "docs" / "bridge" / "gas.md",
    "solvency": ROOT / "docs" / "solvency-figures.md",
    "trees": ROOT / "docs" / "trees.md",
}
PLACE: Final = re.compile(r"(<!-- measured: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)

WHOLE_FROM: Final = 100
"""From here on three digits are no fraction."""
OPENING: Final = {
    "signed": "enough watchers have signed the root with the lock",
    "accepted": "the trader has proved, the verifier accepted",
    "open": "the relayer has told the gate, which is open",
}

Results = Mapping[str, Any]


def main() -> None:
    """Write every table of every page anew."""
    for name, page in PAGES.items():
        page.write_text(quote(page.read_text(encoding="utf-8"), read_results(name)), encoding="utf-8")


def read_results(name: str) -> Results:
    """What a benchmark saved."""
    results: Results = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return results


def quote(page: str, results: Results) -> str:
    """The page with its tables as the results have them."""
    return PLACE.sub(lambda found: f"{found[1]}{TABLES[found[2]](results)}\n{found[4]}", page)


def quote_statements(results: Results) -> str:
    """Each prover once, with two columns for each statement."""
    measured = results["statements"]["measurements"]
    rows = list(dict.fromkeys(it["rows"] for it in measured))
    head = ["prover"] + [name for count in rows for name in (f"{count:,} constraints, ms", "times the first")]
    body = []
    for prover in dict.fromkeys(it["prover"] for it in measured):
        cells = [name_prover(prover)]
        for count in rows:
            of_size = {it["prover"]: it["milliseconds"] for it in measured if it["rows"] == count}
            cells += [figure(of_size[prover]), figure(of_size[prover] / next(iter(of_size.values())))]
        body.append(cells)
    return table(head, body) + describe(results["statements"])


def quote_sizes(results: Results) -> str:
    """Each size once, with the time for each constraint of every prover."""
    measured = results["sizes"]["measurements"]
    provers = list(dict.fromkeys(it["prover"] for it in measured))
    body = []
    for count in dict.fromkeys(it["rows"] for it in measured):
        of_size = {it["prover"]: it["milliseconds"] for it in measured if it["rows"] == count}
        each = [figure(of_size[prover] * 1000 / count) if prover in of_size else "" for prover in provers]
        body.append([f"{count:,}", figure(next(iter(of_size.values()))), *each])
    names = [name_prover(prover) for prover in provers]
    head = ["constraints", f"{names[0]}, ms", *(f"{name}, µs for each" for name in names)]
    return table(head, body) + describe(results["sizes"])


def name_prover(prover: str) -> str:
    """A contestant as a reader knows it: ours go by how they were run."""
    return f"Ringfence, {prover}" if prover.startswith(("multiples", "no multiples")) else prover


def quote_verifying(results: Results) -> str:
    """Each verifier once, with two columns for each number of inputs."""
    measured = results["measurements"]
    inputs = list(dict.fromkeys(it["inputs"] for it in measured))
    head = ["verifier", "proofs"] + [name for n in inputs for name in (f"{n} inputs, ms a proof", "times the first")]
    body = []
    for contestant in dict.fromkeys(it["contestant"] for it in measured):
        own = {it["inputs"]: it for it in measured if it["contestant"] == contestant}
        cells = [contestant, f"{own[inputs[0]]['proofs']:,}"]
        for count in inputs:
            first = next(it["median_ms"] for it in measured if it["inputs"] == count)
            cells += [figure(own[count]["median_ms"]), figure(own[count]["median_ms"] / first)]
        body.append(cells)
    return table(head, body) + describe(results)


def quote_serving(results: Results) -> str:
    """Each method once, with how long callers wait at half of what it takes; then the server's memory."""
    body = []
    for method in results["methods"]:
        waits = method["at_half"]
        rest = [figure(waits[name]) for name in ("median", "p99", "longest")] if waits else [""] * 3
        body.append([f"`{method['method']}`", figure(method["per_second"]), *rest])
    head = ["method", "a second", "at half of it: median, ms", "p99, ms", "longest, ms"]
    return table(head, body) + tell_memory(results["memory"]) + describe(results)


def tell_memory(memory: Mapping[str, float] | None) -> str:
    """How the server's memory went, where it was watched."""
    if memory is None:
        return ""
    first, last, largest = (figure(memory[name]) for name in ("first", "last", "largest"))
    told = f"{first} MB at first, {last} MB at last, {largest} MB at most"
    return f"\n\nMemory over {figure(memory['minutes'])} minutes at half the load of `Verify`: {told}."


def quote_tree_rounds(results: Results) -> str:
    """Each contestant with each size of a round."""
    counts = {"leaves": "leaves", "batch": "leaves a round", "rounds": "rounds"}
    figures = {
        "updates_per_second": "updates a second",
        "processor_us": "processor µs for each",
        "longest_ms": "longest round, ms",
    }
    body = [
        [it["contestant"], *(f"{it[name]:,}" for name in counts), *(figure(it[name]) for name in figures)]
        for it in results["measurements"]
    ]
    return table(["contestant", *counts.values(), *figures.values()], body) + describe(results)


def quote_tree_upkeep(results: Results) -> str:
    """What else a stored tree takes."""
    told = {
        "filled_per_second": "leaves a second while it is filled in a row, in rounds of 131,072",
        "paths_per_second": "paths a second, newest round",
        "old_paths_per_second": "paths a second, oldest round that is kept",
        "open_seconds": "start, s",
        "open_after_kill_seconds": "start after a kill that left 20 rounds of 10,000 to be written again, s",
        "verify_seconds": "`verify`, s",
        "nodes_mib": "`nodes`, MiB",
        "journal_mib": "`journal`, 64 rounds of 10,000, MiB",
        "peak_mib": "memory of the process at its peak, MiB",
    }
    upkeep = results["upkeep"]
    body = [[words, figure(upkeep[name])] for name, words in told.items()]
    return table([f"stored tree of {upkeep['leaves']:,} leaves", ""], body)


def quote_solvency_sizes(results: Results) -> str:
    """Each statement with what an account is of it."""
    body = [
        [f"`{it['statement']}`", f"{it['accounts']:,}", f"{it['constraints']:,}", f"{it['for_each']:,.0f}"]
        for it in results["sizes"]
    ]
    return table(["statement", "parts of accounts", "constraints", "for each"], body)


def quote_solvency_throughput(results: Results) -> str:
    """Each prover with how much of the first one it does."""
    measured = results["throughput"]
    body = [
        [
            it["prover"],
            f"{it['constraints']:,}",
            f"{it['per_second']:,.0f}",
            f"{it['fastest']:,.0f}",
            figure(measured[0]["per_second"] / it["per_second"]),
        ]
        for it in measured
    ]
    head = [
        "prover",
        "constraints of a proof",
        "constraints a second, median",
        "fastest turn",
        "the first is faster by",
    ]
    return table(head, body) + describe(results)


def quote_solvency_runs(results: Results) -> str:
    """A column for each run."""
    told = {
        "batches": "batches",
        "prepare_seconds": "prepare, s",
        "prove_seconds": "prove all batches, s",
        "finish_seconds": "prove the total and publish, s",
        "ms_for_each": "all three, ms an account",
        "peak_mib": "memory at its peak, MiB",
        "state_bytes": "private state, bytes",
        "published_bytes": "published, bytes",
        "verify_seconds": "verify all of it, s",
        "verify_peak_mib": "memory of that, MiB",
        "receipt_bytes": "a receipt, bytes",
        "receipt_ms": "a receipt checked, ms",
    }
    runs = results["runs"]
    body = [[words, *(figure(run[name]) for run in runs)] for name, words in told.items()]
    return table(["", *(f"{run['accounts']:,} accounts" for run in runs)], body)


def quote_solvency_projection(results: Results) -> str:
    """The arithmetic, line by line."""
    projection, run = results["projection"], results["runs"][-1]
    accounts, machines = projection["accounts"], projection["machines"]
    times = accounts / run["accounts"]
    body = [
        ["prepare, on one machine", f"{run['prepare_seconds']:,.1f} s * {times:,.0f}", projection["prepare_seconds"]],
        [
            f"prove the batches, on {machines} machines",
            f"{run['prove_seconds']:,.1f} s * {times:,.0f} / {machines}",
            projection["prove_seconds"],
        ],
        [
            "prove the total and publish, on one",
            f"{run['finish_seconds']:,.1f} s * {times:,.0f}",
            projection["finish_seconds"],
        ],
    ]
    whole = [["together", "", projection["minutes"] * 60], ["verify", "", projection["verify_seconds"]]]
    rows = [[name, sum_, figure(seconds)] for name, sum_, seconds in (*body, *whole)]
    return table([f"{accounts:,} accounts, {projection['cores_of_each']} cores each", "", "seconds"], rows)


def quote_gas_costs(results: Results) -> str:
    """Each transaction, with what it has to stay under where something is asked."""
    body = [
        [
            f"`{it['contract']}`" if it["contract"].isalpha() else it["contract"],
            f"`{it['function']}`",
            it["case"],
            f"{it['gas']:,}",
            f"{it['limit']:,}" if it["limit"] else "",
        ]
        for it in results["costs"]
    ]
    made_of = ", ".join(f"{name} {version}" for name, version in results["made_of"].items())
    head = ["contract", "function", "case", "gas", "asked: under"]
    return table(head, body) + f"\n\nMeasured with: {made_of}."


def quote_gas_verifiers(results: Results) -> str:
    """Each verifier with how much of the first one it takes."""
    measured = results["verifiers"]
    body = [
        [
            it["written_by"],
            f"`{it['function']}`",
            f"{it['gas']:,}",
            f"{it['gas'] - measured[0]['gas']:+,}" if it is not measured[0] else "",
            f"{it['deployed_bytes']:,}",
            f"{it['deployment']:,}",
        ]
        for it in measured
    ]
    return table(["written by", "function", "gas", "more than the first", "bytes", "gas to deploy"], body)


def quote_bridge_openings(results: Results) -> str:
    """When each was done, and what was asked of the last."""
    body = []
    for moment, name in OPENING.items():
        seconds = [each[moment] for each in results["rounds"]]
        asked = f"{results['limit_seconds']:g}" if moment == "open" else ""
        body.append([name, *(f"{it:.2f}" for it in (median(seconds), min(seconds), max(seconds))), asked])
    head = [f"{len(results['rounds'])} deposits: seconds until", "median", "least", "most", "asked: under"]
    return table(head, body) + describe(results)


TABLES: Final[Mapping[str, Callable[[Results], str]]] = {
    "statements": quote_statements,
    "sizes": quote_sizes,
    "verifying": quote_verifying,
    "serving": quote_serving,
    "solvency_sizes": quote_solvency_sizes,
    "solvency_throughput": quote_solvency_throughput,
    "solvency_runs": quote_solvency_runs,
    "solvency_projection": quote_solvency_projection,
    "tree_rounds": quote_tree_rounds,
    "tree_upkeep": quote_tree_upkeep,
    "bridge_openings": quote_bridge_openings,
    "gas_costs": quote_gas_costs,
    "gas_verifiers": quote_gas_verifiers,
}


def table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Rows as Markdown has them."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *body))


def figure(value: float) -> str:
    """Three digits that mean something."""
    return f"{value:,.0f}" if value >= WHOLE_FROM else f"{value:.3g}"


def describe(results: Results) -> str:
    """The machine, below a table."""
    machine = results["machine"]
    load = f"{machine['cores']} cores, load {machine['load']}"
    return f"\n\nMeasured on: {machine['cpu']}, {load}, {machine['python']}, Rust {machine['rust']}."


if __name__ == "__main__":
    main()
