"""From a final deposit on one chain to an open gate on another: ``python -m benchmarks.bridging [--quick]``.

Two real nodes on loopback, the programs as they are run (three watchers, a verifier, a relayer) and a trader who
proves; each round has a place of its own. The clock starts when the block of the deposit is final: for that a chain
takes its own time, which says nothing of a bridge. What is told is when each was done, counted from there:

    signed      enough watchers have signed the root that has the lock
    accepted    the trader has proved, and the verifier accepted
    open        the relayer has carried the word, and the gate says that it is live
"""

import argparse
import json
import statistics
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from benchmarks.measurement.machine import describe_machine
from margin.errors import MisuseError
from ringfence.cli.bridging.story import Story
from ringfence.cli.bridging.telling import tell_story

ROUNDS: Final = 5
LIMIT_SECONDS: Final = 5.0
"""What is asked: under that, besides what a chain takes until a block is final."""
MOMENTS: Final = ("signed", "accepted", "open")


@dataclass(frozen=True)
class Opening:
    """Seconds since the deposit was final."""

    signed: float
    accepted: float
    open: float


def main() -> None:
    """Measure, show, and write the results where they are asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bridging", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a single round")
    parser.add_argument("--json", type=Path, help="where to write the results")
    given = parser.parse_args()
    machine = describe_machine()
    try:
        openings = [measure() for _ in range(1 if given.quick else ROUNDS)]
    except MisuseError as error:
        print(f"not measured: {error}")
        return
    report(openings)
    if given.json:
        results: dict[str, Any] = {
            "machine": machine,
            "limit_seconds": LIMIT_SECONDS,
            "rounds": [asdict(each) for each in openings],
        }
        given.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def measure() -> Opening:
    """A bridge is built, and torn down when its gate has opened."""
    with TemporaryDirectory(prefix="ringfence-bridging-") as folder:
        telling = tell_story(Path(folder) / "trial", store="", progress=lambda _: None)
        with closing(telling):
            read = next(each.step.read for each in telling if each.name == Story.open_gate.__name__)
    seconds = (read[f"{moment}_after_seconds"] for moment in MOMENTS)
    return Opening(*(each for each in seconds if isinstance(each, float)))


def report(openings: Sequence[Opening]) -> None:
    """A row for each moment."""
    table = Table("seconds until", "median", "least", "most", title=f"{len(openings)} deposits that are final")
    for moment in MOMENTS:
        seconds = [getattr(each, moment) for each in openings]
        table.add_row(moment, *(f"{it:.2f}" for it in (statistics.median(seconds), min(seconds), max(seconds))))
    Console().print(table)


if __name__ == "__main__":
    main()
