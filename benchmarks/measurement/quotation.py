"""The tables of the pages, made of the committed results: ``python -m benchmarks.measurement.quotation``.

A page says where a table stands by two comments; what is between them is written here, and a test holds it to
the results.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
RESULTS: Final = ROOT / "benchmarks" / "results"
PAGES: Final = {
    "proving": ROOT / "docs" / "snark" / "proving.md",
    "verifying": ROOT / "docs" / "snark" / "verifying.md",
    "serving": ROOT / "docs" / "verifier" / "service.md",
}
PLACE: Final = re.compile(r"(<!-- measured: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)

WHOLE_FROM: Final = 100
"""From here on three digits are no fraction."""

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
        cells = [prover]
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
    head = ["constraints", f"{provers[0]}, ms", *(f"{name}, µs for each" for name in provers)]
    return table(head, body) + describe(results["sizes"])


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


TABLES: Final[Mapping[str, Callable[[Results], str]]] = {
    "statements": quote_statements,
    "sizes": quote_sizes,
    "verifying": quote_verifying,
    "serving": quote_serving,
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
