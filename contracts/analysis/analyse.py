"""Every finding of slither in our contracts is one that was looked at: ``make analyse``.

``judged.toml`` has what was found and why it stays. What is found and not judged fails, and so does a judgement of
something that is found no more. Only the standard library is needed, and slither beside this interpreter.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
CONTRACTS: Final = HERE.parent
SLITHER: Final = Path(sys.executable).with_name("slither")
SECONDS: Final = 300

Finding = tuple[str, str]
"""A detector, and what it points at."""


def main() -> int:
    """Say what is not judged, and what is judged and not there."""
    judged = tomllib.loads((HERE / "judged.toml").read_text(encoding="utf-8"))
    known = set(list_judged(judged["finding"]))
    found = dict(find(sorted(judged["left_out"])))
    for finding in sorted(found.keys() - known):
        print(f"NOT JUDGED  {finding[0]}: {finding[1]}\n{found[finding]}")
    for detector, place in sorted(known - found.keys()):
        print(f"NOT FOUND   {detector}: {place}")
    print(f"{len(found)} findings, {len(found.keys() - known)} of them not judged")
    return int(found.keys() != known)


def list_judged(findings: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Each place of each judgement."""
    for each in findings:
        for place in each["places"]:
            yield each["detector"], place


def find(left_out: Sequence[str]) -> Iterator[tuple[Finding, str]]:
    """What slither finds, each with its own words."""
    with TemporaryDirectory(prefix="ringfence-analysis-") as folder:
        task = Path(folder) / "task.json"
        task.write_text(json.dumps(describe_task()), encoding="utf-8")
        options = [
            "--compile-force-framework",
            "Solc-json",
            "--solc",
            str(HERE / "solc.cjs"),
            "--solc-working-dir",
            ".",
        ]
        options += ["--filter-paths", "node_modules", "--exclude", ",".join(left_out), "--json", "-"]
        done = subprocess.run(  # noqa: S603 - the analyser of this very environment
            [SLITHER, task, *options], cwd=CONTRACTS, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    try:
        said = json.loads(done.stdout)
    except ValueError:
        raise SystemExit(done.stderr) from None
    if not said["success"]:
        raise SystemExit(said["error"])
    for each in said["results"].get("detectors", []):
        yield (each["check"], name_place(each["elements"])), each["description"]


def describe_task() -> Mapping[str, Any]:
    """All our contracts, as the compiler takes them."""
    sources = {str(path.relative_to(CONTRACTS)): path for path in sorted((CONTRACTS / "src").rglob("*.sol"))}
    return {
        "language": "Solidity",
        "sources": {name: {"content": path.read_text(encoding="utf-8")} for name, path in sources.items()},
        "settings": {"evmVersion": "prague", "remappings": ["@openzeppelin/=node_modules/@openzeppelin/"]},
    }


def name_place(elements: Sequence[Mapping[str, Any]]) -> str:
    """The first thing that a finding points at, and whose it is."""
    first = elements[0]
    parent = first.get("type_specific_fields", {}).get("parent", {})
    while parent.get("type") not in {"contract", "function", None}:
        parent = parent.get("type_specific_fields", {}).get("parent", {})
    names = [parent["name"]] if "name" in parent else []
    if parent.get("type") == "function":
        names.insert(0, parent["type_specific_fields"]["parent"]["name"])
    return ".".join([*names, first["name"]])


if __name__ == "__main__":
    sys.exit(main())
