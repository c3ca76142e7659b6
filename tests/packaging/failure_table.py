"""The table of failures, made of the errors in the contracts and of what to do about each: ``make abi`` writes it."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from facts.keccak import hash_keccak
from snark.groth16.formats import solidity
from tests.packaging.sources import REPOSITORY

PAGE = REPOSITORY / "docs" / "bridge" / "failures.md"
SOURCES = REPOSITORY / "contracts" / "src"
REMEDIES = REPOSITORY / "contracts" / "remedies.toml"
VERIFIER = "Groth16Verifier"
"""Written from a key; its errors stand in the template."""
OF_OTHERS = "OpenZeppelin"
"""Errors of the contracts that ours stand on: what they say is theirs, and what to do about it is ours."""
ELEMENTARY = re.compile(r"(u?int\d*|address|bool|bytes\d*|string)\b")
SIGNATURE = re.compile(r"(\w+)\((.*)\)")
ERROR = re.compile(r"((?:^ *///[^\n]*\n)+) *error (\w+)\(([^)]*)\);", re.MULTILINE)
HEAD = """# Failures

<!-- Generated from the errors in contracts/src and from contracts/remedies.toml by `make abi`. -->

A contract says no by a custom error, of which a node shows the first four bytes and the values. `ringfence relay` and
`ringfence post-roots` give it its name; a program finds it by the selector below, or in the faces in `chains/abi`. A
call that is refused changes nothing, and nothing is paid for but gas.

"""


@dataclass(frozen=True)
class Failure:
    """One error of a contract."""

    name: str
    inputs: str
    when: str

    @property
    def selector(self) -> str:
        """The four bytes that a node shows."""
        types = ",".join(name_type(each) for each in self.inputs.split(",") if each.strip())
        return f"0x{hash_keccak(f'{self.name}({types})'.encode())[:4].hex()}"

    @property
    def cells(self) -> str:
        """How it is spelled, and its selector."""
        return f"`{self.name}({self.inputs})` | `{self.selector}`"


def name_type(given: str) -> str:
    """The type of what an error tells; a contract is an address."""
    name = given.split(maxsplit=1)[0]
    return name if ELEMENTARY.match(name) else "address"


def list_failures() -> dict[str, list[Failure]]:
    """Every error of every contract, by where it is defined."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(SOURCES.rglob("*.sol"))}
    texts[VERIFIER] = solidity.HEAD
    found = {name: list(read_failures(text)) for name, text in texts.items()}
    return {name: failures for name, failures in found.items() if failures}


def read_failures(text: str) -> Iterator[Failure]:
    """The errors of a source, each with what stands above it."""
    for found in ERROR.finditer(text):
        lines = (line.strip().removeprefix("///").strip() for line in found[1].splitlines())
        yield Failure(found[2], " ".join(found[3].split()), " ".join(lines).removeprefix("@notice").strip())


def read_remedies() -> Mapping[str, Mapping[str, str]]:
    """What to do, by the place of the error and its name."""
    return tomllib.loads(REMEDIES.read_text(encoding="utf-8"))


def list_foreign() -> list[Failure]:
    """Errors of others, by their signatures."""
    found = map(SIGNATURE.fullmatch, read_remedies()[OF_OTHERS])
    return [Failure(each[1], each[2], "") for each in found if each]


def render_page() -> str:
    """The page."""
    remedies, failures = read_remedies(), list_failures()
    parts = []
    for place, told in remedies.items():
        if place == OF_OTHERS:
            continue
        rows = [f"| {each.cells} | {each.when} | {told[each.name]} |" for each in failures[place]]
        parts.append(render_table(place, "| error | selector | when | what to do |", rows))
    rows = [
        f"| {each.cells} | {remedy} |"
        for each, remedy in zip(list_foreign(), remedies[OF_OTHERS].values(), strict=True)
    ]
    parts.append(render_table(f"From {OF_OTHERS}", "| error | selector | what to do |", rows))
    return HEAD + "\n".join(parts)


def render_table(title: str, head: str, rows: Sequence[str]) -> str:
    """A heading, and rows below a head."""
    return "\n".join([f"## {title}", "", head, "|---" * (head.count("|") - 1) + "|", *rows, ""])


def write_page(page: Path = PAGE) -> None:
    """Write it anew."""
    page.write_text(render_page(), encoding="utf-8")


if __name__ == "__main__":
    write_page()
