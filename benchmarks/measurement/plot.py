"""Measurements as lines over a size, both in logarithms."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

PLAIN: Final = FuncFormatter(lambda value, _: f"{value:,.10g}")
"""Numbers as people write them, not as powers."""


def plot_lines(
    lines: Mapping[str, Sequence[tuple[int, float]]], path: Path, *, title: str, across: str, up: str
) -> None:
    """Draw one line for each name into a file; the same points give the same bytes."""
    mpl.use("agg")
    mpl.rcParams["svg.hashsalt"] = "ringfence"
    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    for name, points in lines.items():
        axes.plot([place for place, _ in points], [height for _, height in points], marker="o", label=name)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(PLAIN)
    axes.yaxis.set_major_formatter(PLAIN)
    axes.set_title(title)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else {})
    plt.close(figure)
