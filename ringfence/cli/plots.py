"""Pictures: equity and requirement against the mark, payoff against the price at expiry.

The curves are exact at every point that is drawn; floats appear only as coordinates on paper.
"""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from margin.documents.position_document import PositionDocument
from margin.documents.structure_document import StructureDocument
from margin.errors import MisuseError, Reason
from margin.evaluation import Evaluation
from margin.payoff import Measure, choose_prices, draw_curve
from margin.profile import choose_marks, trace_profile
from margin.recognition import name_structure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 400
FORMATS = (".svg", ".png", ".pdf")
BLUE, RED, ORANGE, GREY = "#1f77b4", "#d62728", "#ff7f0e", "#7f7f7f"


def plot_position(document: PositionDocument, evaluation: Evaluation, path: Path) -> None:
    """Equity and both requirements over the mark price; liquidation and bankruptcy marked."""
    units = document.market.units
    marks = choose_marks(document.state, [evaluation], POINTS)
    points = list(trace_profile(document.market.policy, document.position, document.state, marks))
    equity = [coordinate(document, point.equity) for point in points]
    maintenance = [coordinate(document, point.maintenance) for point in points]
    initial = [coordinate(document, point.initial) for point in points]

    def draw(axes: "Axes") -> None:
        prices = [float(mark * units.tick) for mark in marks]
        axes.plot(prices, equity, color=BLUE, label="equity")
        axes.plot(prices, maintenance, color=RED, label="maintenance requirement")
        axes.plot(prices, initial, color=ORANGE, linestyle="--", label="initial requirement")
        axes.axhline(0, color=GREY, linewidth=0.8)
        draw_price(axes, document.state.mark * units.tick, "mark", GREY)
        if evaluation.liquidation:
            draw_price(axes, evaluation.liquidation.price * units.tick, "liquidation", RED)
        if evaluation.bankruptcy_price:
            draw_price(axes, evaluation.bankruptcy_price * units.tick, "bankruptcy", "black")
        axes.set_xlabel("mark price")
        axes.set_ylabel(units.currency)
        axes.set_title(f"{document.label}: {document.position.side.name.lower()} {document.market.name}")

    save_figure(draw, path)


def coordinate(document: PositionDocument, money: Fraction | None) -> float:
    """A money amount as a coordinate; a gap where the policy says nothing."""
    return float("nan") if money is None else float(money * document.market.units.money_unit)


def plot_structure(document: StructureDocument, path: Path) -> None:
    """Payoff and profit at expiry over the price of the underlying."""
    legs = document.structure.legs
    payoff, profit = draw_curve(legs, Measure.PAYOFF), draw_curve(legs, Measure.PROFIT)
    prices = choose_prices(payoff, [document.market.spot] if document.market else [])

    def draw(axes: "Axes") -> None:
        xs = [float(price) for price in prices]
        axes.plot(xs, [float(profit.value_at(price)) for price in prices], color=BLUE, label="profit with premiums")
        axes.plot(xs, [float(payoff.value_at(price)) for price in prices], color=GREY, linestyle="--", label="payoff")
        axes.axhline(0, color=GREY, linewidth=0.8)
        if document.market:
            draw_price(axes, document.market.spot, "spot", GREY)
        axes.set_xlabel("price at expiry")
        axes.set_ylabel("profit or loss")
        axes.set_title(f"{document.label}: {name_structure(document.structure)}")

    save_figure(draw, path)


def draw_price(axes: "Axes", price: Fraction, name: str, color: str) -> None:
    """A vertical line at a price, with its name and value in the legend."""
    axes.axvline(float(price), color=color, linewidth=1, linestyle=":", label=f"{name} {float(price):,.6g}")


def save_figure(draw: Callable[["Axes"], None], path: Path) -> None:
    """Draw one pair of axes into a file; the same input gives the same bytes."""
    if path.suffix not in FORMATS:
        raise MisuseError(
            Reason.NOT_A_CHOICE, "output", found=path.name, expected=f"a name ending in {', '.join(FORMATS)}"
        )
    import matplotlib as mpl  # here and not above: half a second of start-up that only a picture needs
    from matplotlib import pyplot as plt

    mpl.use("agg")
    mpl.rcParams["svg.hashsalt"] = "ringfence"
    figure, axes = plt.subplots(figsize=(9, 5.5), layout="constrained")
    try:
        draw(axes)
        axes.grid(visible=True, alpha=0.3)
        axes.legend()
        metadata = {"Date": None} if path.suffix == ".svg" else {}
        figure.savefig(path, metadata=metadata, dpi=144)
    except OSError as error:
        raise MisuseError(
            Reason.NOT_READABLE, "output", found=error.strerror or "an error", expected="a file that can be written"
        ) from None
    finally:
        plt.close(figure)
