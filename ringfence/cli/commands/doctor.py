"""``ringfence doctor``: what is here, how fast it is, and what mends what is missing."""

import importlib.metadata
import os
import platform
import shutil
import sys
import time
from fractions import Fraction
from pathlib import Path

from margin.batch import BACKEND_VARIABLE, Backend, available_backends, evaluate_batch
from margin.columns import PositionColumns
from margin.contracts import Side
from margin.documents.published import list_policies, load_policy
from margin.position import MarketState
from ringfence import __version__
from ringfence.cli.options import JsonOption
from ringfence.cli.terminal import draw_facts, draw_table, out, write_json

PACKAGES = ("matplotlib", "protobuf", "rich", "typer")
SAMPLE_ROWS = {Backend.NATIVE: 50_000, Backend.REFERENCE: 300}
REINSTALL = "--force-reinstall --no-deps ringfence"
SAMPLE_POLICY, SAMPLE_MARKET = "binance-usdm", "BTCUSDT"

Report = dict[str, object]


def doctor(*, as_json: JsonOption = False) -> None:
    """Tell which backends are here and how fast, the versions, and the command that mends what is missing."""
    backends = [examine_backend(backend) for backend in (Backend.NATIVE, Backend.REFERENCE)]
    versions = {"ringfence": __version__, "python": platform.python_version(), **package_versions()}
    report: Report = {
        "usable": True,
        "backend": os.environ.get(BACKEND_VARIABLE, available_backends()[0].value),
        "backends": backends,
        "versions": versions,
        "machine": {"system": platform.platform(), "processors": os.cpu_count(), "cargo": find_cargo()},
        "policies": len(list_policies()),
        "missing": list_missing(),
    }
    if as_json:
        write_json(report)
    else:
        show(report, backends, versions)


def examine_backend(backend: Backend) -> Report:
    """Whether a backend is here, and what it reached just now on one core."""
    present = backend in available_backends()
    return {
        "name": backend.value,
        "present": present,
        "does": "exact integers in Rust" if backend is Backend.NATIVE else "exact fractions in Python",
        "positions_per_second": measure_speed(backend) if present else None,
    }


def measure_speed(backend: Backend) -> int:
    """Positions a second on one core: a short run, so a figure to expect and not a benchmark."""
    market = load_policy(SAMPLE_POLICY).market(SAMPLE_MARKET)
    rows = SAMPLE_ROWS[backend]
    positions = PositionColumns()
    for row in range(rows):
        notional = 10_000_000_000 + row
        positions.append(
            side=Side.LONG if row % 2 else Side.SHORT, size=500, entry_notional=notional, cash=notional // 10
        )
    state = MarketState(market.units.ticks(Fraction(20_000)))
    began = time.perf_counter()
    evaluate_batch(market.policy, state, positions, backend=backend)
    return round(rows / (time.perf_counter() - began))


def package_versions() -> dict[str, str]:
    """The versions of what runs beneath."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}


def find_cargo() -> str | None:
    """Where the Rust toolchain is, if it is."""
    return shutil.which("cargo")


def list_missing() -> list[Report]:
    """What is missing, what that costs, and the command that mends it."""
    if Backend.NATIVE in available_backends():
        return []
    mend = "make native" if Path("native/Cargo.toml").is_file() else f"{sys.executable} -m pip install {REINSTALL}"
    if find_cargo() is None:
        mend = f"install Rust (rustup), then: {mend}"
    return [
        {
            "what": "the native core (margin._native)",
            "cost": "batches are evaluated by the reference backend: the same results, hundreds of times slower",
            "mend": mend,
        }
    ]


def show(report: Report, backends: list[Report], versions: dict[str, str]) -> None:
    """The report as tables."""
    rows = [[each["name"], each["present"], each["positions_per_second"], each["does"]] for each in backends]
    draw_table("Backends", ["backend", "here", "positions/s on one core", "how"], rows)
    draw_facts("Versions", dict(versions))
    draw_facts("Machine", {**dict(report["machine"]), "policies": report["policies"]})  # type: ignore[call-overload]
    missing = list_missing()
    for each in missing:
        out.print(
            f"[yellow]missing[/yellow] {each['what']}: {each['cost']}\n  mend it with: [bold]{each['mend']}[/bold]"
        )
    if not missing:
        out.print("[green]Nothing is missing.[/green]")
