"""Pictures: equity and requirement against the mark, payoff against the price at expiry.

The curves are exact at every point that is drawn; floats appear only as coordinates on paper.
"""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from margin.documents.position_document import PositionDocument
from margin.documents.structure_document import StructureDocument
from margin.errors import MarginError, MisuseError, Reason
from margin.evaluation import Evaluation
from margin.payoff import Curve, Measure, draw_curve
from margin.position import compute_equity
from margin.recognition import name_structure
from margin.requirement import RequirementKind, compute_requirement

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 400
FORMATS = (".svg", ".png", ".pdf")
BLUE, RED, ORANGE, GREY = "#1f77b4", "#d62728", "#ff7f0e", "#7f7f7f"


def plot_position(document: PositionDocument, evaluation: Evaluation, path: Path) -> None:
    """Equity and both requirements over the mark price; liquidation and bankruptcy marked."""
    units = document.market.units
    marks = sample_marks(document, evaluation)
    equity = [money_at(document, mark, equity_at) for mark in marks]
    maintenance = [money_at(document, mark, maintenance_at) for mark in marks]
    initial = [money_at(document, mark, initial_at) for mark in marks]

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


def sample_marks(document: PositionDocument, evaluation: Evaluation) -> list[Fraction]:
    """Marks from a little beyond the bankruptcy price to as far on the other side of the mark."""
    mark = document.state.mark
    ends = [evaluation.bankruptcy_price, evaluation.liquidation.price if evaluation.liquidation else None]
    reach = max([mark / 10, *(abs(mark - end) for end in ends if end is not None)]) * Fraction(5, 4)
    low = max(mark - reach, document.state.confidence + mark / 10**6)
    return [low + (mark + reach - low) * index / POINTS for index in range(POINTS + 1)]


def money_at(
    document: PositionDocument, mark: Fraction, measure: Callable[[PositionDocument, Fraction], Fraction]
) -> float:
    """A money amount at a mark, as a coordinate; a gap where the policy says nothing of that mark."""
    try:
        return float(measure(document, mark) * document.market.units.money_unit)
    except MarginError:
        return float("nan")


def equity_at(document: PositionDocument, mark: Fraction) -> Fraction:
    """Equity at a mark."""
    policy = document.market.policy
    return compute_equity(policy.contract, document.position, document.state.at_mark(mark), policy.price_rule).total


def maintenance_at(document: PositionDocument, mark: Fraction) -> Fraction:
    """Maintenance requirement at a mark."""
    state = document.state.at_mark(mark)
    return compute_requirement(document.market.policy, document.position, state, RequirementKind.MAINTENANCE).total


def initial_at(document: PositionDocument, mark: Fraction) -> Fraction:
    """Initial requirement at a mark."""
    state = document.state.at_mark(mark)
    return compute_requirement(document.market.policy, document.position, state, RequirementKind.INITIAL).total


def plot_structure(document: StructureDocument, path: Path) -> None:
    """Payoff and profit at expiry over the price of the underlying."""
    legs = document.structure.legs
    payoff, profit = draw_curve(legs, Measure.PAYOFF), draw_curve(legs, Measure.PROFIT)
    prices = curve_prices(payoff, document.market.spot if document.market else None)

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


def curve_prices(curve: Curve, spot: Fraction | None) -> list[Fraction]:
    """The corners that matter, with room on both sides; straight lines need no points between."""
    corners = [vertex.price for vertex in curve.vertices if vertex.price > 0] or [spot or Fraction(100)]
    anchors = [*corners, *([spot] if spot else [])]
    width = max(max(anchors) - min(anchors), max(anchors) / 5)
    low = max(Fraction(0), min(anchors) - width / 2)
    return sorted({low, max(anchors) + width / 2, *anchors})


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
