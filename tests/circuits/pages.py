"""``docs/statements/*.md``: what each statement proves, its inputs and sizes, and what the laboratory found.

``make statements`` writes them. The formula is the text's own docstring; nothing here is written twice.
"""

import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from circuits.compile import CompiledCircuit
from circuits.recording import Declaration
from snark.r1cs.program.definition import ANY_ELEMENT_BITS
from tests.circuits.laboratory.examination import Report, examine
from tests.circuits.laboratory.text import Text
from tests.circuits.sizes import read_sizes
from tests.circuits.specimens import EXHIBITS

FOLDER: Final = Path(__file__).parents[2] / "docs" / "statements"


def write_page(name: str, reports: Mapping[str, Report]) -> str:
    """One statement with all its shapes."""
    first, *_ = reports.values()
    parts = [
        f"# {name}",
        *write_proof(first),
        "## Inputs",
        "\n".join(write_inputs(first.system.circuit)),
        "## Sizes",
        "\n".join(write_sizes(name)),
        "## Laboratory",
        "What the numbers mean stands in [the laboratory](../circuits/laboratory.md).",
        *(write_section(report, shape) for shape, report in reports.items()),
    ]
    return "\n\n".join(parts) + "\n"


def write_proof(report: Report) -> Iterator[str]:
    """The docstring of the text, or of the module where it is a class; indented lines are formulas."""
    statement = report.specimen.statement
    text = statement.text if isinstance(statement, Text) else inspect.getmodule(type(statement))
    for paragraph in (inspect.getdoc(text) or "").split("\n\n"):
        if paragraph.startswith("    "):
            yield "```text\n" + inspect.cleandoc(paragraph) + "\n```"
        else:
            yield paragraph.replace("``", "`")


def write_inputs(circuit: CompiledCircuit) -> Iterator[str]:
    """A row for each input."""
    yield "| input | | range | meaning |"
    yield "|---|---|---|---|"
    for declared in circuit.declarations:
        size = f"[{declared.size}]" if declared.size > 1 else ""
        side = "public" if declared.public else "private"
        yield f"| `{declared.name}{size}` | {side} | {describe_range(declared)} | {declared.meaning} |"


def describe_range(declared: Declaration) -> str:
    """What its type says."""
    if declared.bits == ANY_ELEMENT_BITS:
        return "any element"
    return "0 or 1" if declared.bits == 1 else f"below 2^{declared.bits}"


def write_sizes(name: str) -> Iterator[str]:
    """Its rows of ``circuits/sizes.csv``."""
    yield "| shape | constraints | wires | public | non-zero terms | domain |"
    yield "|---|---|---|---|---|---|"
    for row in read_sizes():
        if row[0] == name:
            constraints, wires, public, terms = (f"{int(number):,}" for number in row[2:6])
            yield f"| {row[1].replace(';', ', ')} | {constraints} | {wires} | {public} | {terms} | {row[6]} |"


def write_section(report: Report, shape: str) -> str:
    """What was tried with one shape."""
    if report.deletions is None:
        raise ValueError("an examination that did not end")
    deletions = report.deletions
    title = shape.capitalize() or "The one shape"
    header = report.system.circuit.header
    witnesses = f"Honest witnesses: {len(report.specimen.honest)} for {header.constraints:,} constraints"
    examined = f"{witnesses}, each with up to {report.specimen.effort} lies."
    lines = [
        f"### {title}",
        "",
        f"{examined} The widest number has {report.widest} bits and a sign.",
        "",
        "| what was tried | how often | what passed |",
        "|---|---|---|",
        f"| a single wire altered | {report.single['tried']:,} | {describe_free(report.single['free'])} |",
        f"| two linked wires altered | {report.pairs['tried']:,} | {describe_free(report.pairs['free'])} |",
        f"| a public input altered | {report.public['tried']:,} | {describe_free(report.public['free'])} |",
        f"| a hint that lies | {report.lies['told']:,} | {describe_free(report.lies['free'])} |",
        f"| a rule broken by inputs | {len(report.specimen.broken):,} | nothing |",
        "",
        "| of the constraints, deleted one at a time | |",
        "|---|---|",
        f"| let an altered witness pass | {len(deletions.attacked):,} |",
        f"| leave a value open that was determined | {len(deletions.opened):,} |",
        f"| nothing notices | {len(deletions.unnoticed):,} |",
    ]
    return "\n".join([*lines, *write_reasons(report)])


def describe_free(count: int) -> str:
    """What passed, passed for a reason that is given below."""
    return f"{count:,}, for the reasons below" if count else "nothing"


def write_reasons(report: Report) -> Iterator[str]:
    """Whatever the author had to say."""
    specimen = report.specimen
    given = (
        ("May have other values", specimen.free),
        ("Determined, which the search can't see", specimen.argued),
        ("Redundant", specimen.redundant),
        ("Not held to its range", specimen.attested),
        ("No inputs break it", specimen.stray_rules),
    )
    for title, reasons in given:
        if reasons:
            yield ""
            yield f"{title}:"
            yield ""
            yield from (f"- `{name}`: {reason}" for name, reason in reasons.items())
    if report.open_wires.get("inverse"):
        yield ""
        yield "Open where the tested number is 0, because it is multiplied with 0: "
        yield f"{report.open_wires['inverse']} inverses of tests for zero."


def read_section(name: str, shape: str) -> str:
    """What the committed page says of one shape."""
    page = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    title = f"### {shape.capitalize() or 'The one shape'}\n"
    return (title + page.split(title)[1].split("\n### ")[0]).strip()


def write_pages(names: list[str]) -> None:
    """Examine everything, or what is named, and write its page."""
    FOLDER.mkdir(exist_ok=True)
    for name in dict.fromkeys(key[0] for key in EXHIBITS):
        if not names or name in names:
            shapes = {shape: exhibit for (other, shape), exhibit in EXHIBITS.items() if other == name}
            reports = {shape: examine(exhibit.make()) for shape, exhibit in shapes.items()}
            (FOLDER / f"{name}.md").write_text(write_page(name, reports), encoding="utf-8")


if __name__ == "__main__":
    write_pages(sys.argv[1:])
