"""``ringfence demo --margin``: the margin engine on a few positions, with no keys, no servers and no waiting."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ringfence.cli.commands.demo_margin_steps import STEPS, Step
from ringfence.cli.terminal import draw_table, out, write_json


@dataclass(frozen=True, slots=True)
class TimedStep:
    """A step that was run, and how long it took."""

    step: Step
    seconds: float


def demo_margin(*, pause: bool, as_json: bool) -> None:
    """One step after the other."""
    timed = []
    for run in run_steps():
        timed.append(run)
        if not as_json:
            show_step(len(timed), run)
            if pause:
                out.input("[dim]Enter goes on[/dim] ")
    if as_json:
        write_json(
            [{"step": each.step.title, "told": each.step.told, "rows": each.step.as_records()} for each in timed]
        )
    else:
        show_end(timed)


def run_steps() -> Iterator[TimedStep]:
    """Each step when it is asked for."""
    for build in STEPS:
        began = time.perf_counter()
        step = build()
        yield TimedStep(step, time.perf_counter() - began)


def show_step(number: int, run: TimedStep) -> None:
    """A step for a person: what it shows, then its numbers."""
    out.rule(f"[bold]{number}. {run.step.title}[/bold]", align="left")
    out.print(run.step.told)
    draw_table("", run.step.columns, run.step.rows)


def show_end(timed: Sequence[TimedStep]) -> None:
    """How long each step took, and what to try next."""
    out.rule("[bold]How long it took[/bold]", align="left")
    draw_table("", ["step", "ms"], [[each.step.title, f"{each.seconds * 1000:.1f}"] for each in timed])
    out.print(
        "Next: [bold]ringfence policy list[/bold], [bold]ringfence margin evaluate examples/long-btc.json[/bold], "
        "[bold]ringfence margin plot examples/iron-condor.json -o condor.svg[/bold], [bold]ringfence doctor[/bold]"
    )
