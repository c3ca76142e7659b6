"""``ringfence doctor``: what is here, how fast it is, and what mends what is missing."""

import importlib.metadata
import os
import platform
import secrets
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
from snark.bn254.backend import BackendName, CurveBackend, choose_curve, is_native_built
from snark.bn254.points import G1, G2

PACKAGES = ("matplotlib", "protobuf", "py-ecc", "rich", "typer")
SAMPLE_ROWS = {Backend.NATIVE: 50_000, Backend.REFERENCE: 300}
REINSTALL = "install --force-reinstall --no-deps ."
"""From the sources that are at hand: a name alone would be looked up in an index, and be anybody's."""
SAMPLE_POLICY, SAMPLE_MARKET = "binance-usdm", "BTCUSDT"

SAMPLE_SECONDS = 0.1

Report = dict[str, object]


def doctor(*, as_json: JsonOption = False) -> None:
    """Tell which backends are here and how fast, the versions, and the command that mends what is missing."""
    backends = [examine_backend(backend) for backend in (Backend.NATIVE, Backend.REFERENCE)]
    curves = [examine_curve(name) for name in (BackendName.NATIVE, BackendName.REFERENCE)]
    versions = {"ringfence": __version__, "python": platform.python_version(), **package_versions()}
    missing = list_missing()
    machine: Report = {"system": platform.platform(), "processors": os.cpu_count(), "cargo": find_cargo()}
    report: Report = {
        "usable": True,
        "backend": os.environ.get(BACKEND_VARIABLE, available_backends()[0].value),
        "backends": backends,
        "curves": curves,
        "versions": versions,
        "machine": machine,
        "policies": len(list_policies()),
        "missing": missing,
    }
    if as_json:
        write_json(report)
    else:
        show(backends, curves, versions, {**machine, "policies": report["policies"]}, missing)


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


def examine_curve(name: BackendName) -> Report:
    """Whether a backend of the proof system is here, and how many pairings a second it reached just now."""
    present = name is BackendName.REFERENCE or is_native_built()
    return {
        "name": name.value,
        "present": present,
        "does": "our own arithmetic in Rust" if name is BackendName.NATIVE else "py_ecc",
        "pairings_per_second": measure_pairings(choose_curve(name)) if present else None,
    }


def measure_pairings(curve: CurveBackend) -> float:
    """Pairings a second on one core to two digits, from as many as fit a moment: a busy machine may not make one.

    Each is of another point, drawn anew: a backend may keep what it has worked out.
    """
    point = curve.multiply_g1(G1, secrets.randbits(64) + 1)
    done, began = 0, time.perf_counter()
    while not done or time.perf_counter() - began < SAMPLE_SECONDS:
        curve.compute_pairing(point, G2)
        point = curve.add_g1(point, G1)
        done += 1
    return float(f"{done / (time.perf_counter() - began):.2g}")


def package_versions() -> dict[str, str]:
    """The versions of what runs beneath."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}


def find_cargo() -> str | None:
    """Where the Rust toolchain is, if it is."""
    return shutil.which("cargo")


MODULES = {
    "margin._native": "whole books are evaluated by the reference backend: the same results, a thousand times slower",
    "snark._native": "the reference backend proves small circuits alone, and verifies a thousand times slower",
}


def list_missing() -> list[Report]:
    """Which native modules are missing, what that costs, and the command that mends it."""
    here = {"margin._native": Backend.NATIVE in available_backends(), "snark._native": is_native_built()}
    mend = (
        "make native"
        if Path("native/Cargo.toml").is_file()
        else f"in the folder of the sources: {sys.executable} -m pip {REINSTALL}"
    )
    if find_cargo() is None:
        mend = f"install Rust (rustup), then: {mend}"
    return [{"what": name, "cost": cost, "mend": mend} for name, cost in MODULES.items() if not here[name]]


def show(
    backends: list[Report], curves: list[Report], versions: dict[str, str], machine: Report, missing: list[Report]
) -> None:
    """The report as tables."""
    rows = [[each["name"], each["present"], each["positions_per_second"], each["does"]] for each in backends]
    draw_table("Margin", ["backend", "here", "positions/s on one core", "how"], rows)
    rows = [[each["name"], each["present"], each["pairings_per_second"], each["does"]] for each in curves]
    draw_table("Proof system", ["backend", "here", "pairings/s on one core", "how"], rows)
    draw_facts("Versions", dict(versions))
    draw_facts("Machine", machine)
    for each in missing:
        out.print(f"[yellow]missing[/yellow] {each['what']}: {each['cost']}")
        out.print(f"  mend it with: [bold]{each['mend']}[/bold]")
    if not missing:
        out.print("[green]Nothing is missing.[/green]")
