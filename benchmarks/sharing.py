"""Memory of processes that prove with one key: ``python -m benchmarks.sharing [--zkey KEY --wtns WITNESS]``.

Some processes open the key from its files, and then as many map what this one has sealed. Each makes a proof with one
thread. The kernel counts what memory is its own, and its part of what it shares (``Pss``): the sum of these parts is
what all of them take together.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from benchmarks.proving import make_circuit
from snark.groth16.shared_key import SharedKey

PROCESSES = 3
BITS, QUICK_BITS = 14, 10
MEBI = 1024
"""The kernel counts in KiB."""

PROVES = """
import sys
from pathlib import Path
from snark.groth16.prove import ProvingKey
from snark.groth16.shared_key import SharedKey
path, witness, *descriptors = sys.argv[1:]
open_key = SharedKey(*map(int, descriptors)).open if descriptors else lambda **given: ProvingKey.open(path, **given)
key = open_key(threads=1, allow_development_keys=True)
key.prove(witness)
print("proved", flush=True)
sys.stdin.readline()
"""


def main() -> None:
    """Measure both ways and show them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sharing", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smaller circuit")
    parser.add_argument("--zkey", type=Path, help="a proving key; a mixed circuit where none is given")
    parser.add_argument("--wtns", type=Path, help="its witness")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        if not (given.zkey and given.wtns):
            statement = make_circuit(QUICK_BITS if given.quick else BITS, Path(folder))
            given.zkey, given.wtns = statement.key, statement.witness
        compare(given)


def compare(given: argparse.Namespace) -> None:
    """One row for each way."""
    table = Table("key", "own memory of each, MiB", "all together, MiB", title=f"{given.processes} processes, one key")
    with SharedKey.seal(given.zkey, allow_development_keys=True) as shared:
        for name, descriptors in (("from files", ()), ("sealed and shared", shared.descriptors)):
            own, together = measure(given, descriptors)
            table.add_row(name, ", ".join(f"{it / MEBI:.0f}" for it in own), f"{sum(together) / MEBI:.0f}")
    Console().print(table)


def measure(given: argparse.Namespace, descriptors: tuple[int, ...]) -> tuple[Sequence[int], Sequence[int]]:
    """KiB of each process: its own, and its part of what is shared and its own."""
    command = [sys.executable, "-c", PROVES, str(given.zkey), str(given.wtns), *map(str, descriptors)]
    processes = [
        subprocess.Popen(  # noqa: S603 -- a program of our own
            command, pass_fds=descriptors, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(given.processes)
    ]
    for process in processes:
        if process.stdout is None or not process.stdout.readline():
            raise SystemExit(1)
    counts = [count_memory(process.pid) for process in processes]
    for process in processes:
        process.communicate("\n")
    own = [it["Private_Clean"] + it["Private_Dirty"] for it in counts]
    return own, [it["Pss"] for it in counts]


def count_memory(process: int) -> dict[str, int]:
    """What the kernel says of it, by name."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    return {name: int(count) for name, count in re.findall(r"(\w+):\s+(\d+) kB", text)}


if __name__ == "__main__":
    main()
