"""``ringfence demo --chains``: collateral locked on one real chain and accepted on another, told step by step."""

import time
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ringfence.cli.extras import require_web3
from ringfence.cli.terminal import draw_table, err, out, write_json

if TYPE_CHECKING:
    from ringfence.cli.bridging.telling import ToldStep


def demo_chains(*, pause: bool, as_json: bool) -> None:
    """Everything in a folder that is gone afterwards; nothing runs when this returns."""
    require_web3()
    from chains.development.anvil import find_anvil
    from chains.development.compilation import find_node

    find_node()
    find_anvil()
    from ringfence.cli.bridging.telling import tell_story

    told: list[ToldStep] = []
    began = time.perf_counter()
    with TemporaryDirectory(prefix="ringfence-demo-") as folder, err.status("") as status:
        for each in tell_story(Path(folder) / "trial", store="", progress=status.update):
            told.append(each)
            if not as_json:
                show_step(len(told), each)
                if pause:
                    out.input("[dim]Enter goes on[/dim] ")
    seconds = time.perf_counter() - began
    if as_json:
        write_json({"steps": [describe(each) for each in told], "seconds": round(seconds, 1)})
    else:
        show_end(told, seconds)


def describe(told: "ToldStep") -> dict[str, object]:
    """A step for a program."""
    step = told.step
    return {
        "name": told.name,
        "step": step.title,
        "seen": dict(step.seen),
        "read": {name: spell(value) for name, value in step.read.items()},
        "seconds": round(told.seconds, 2),
    }


def show_step(number: int, told: "ToldStep") -> None:
    """A step for a person: who saw what, then what was read."""
    out.rule(f"[bold]{number}. {told.step.title}[/bold]", align="left")
    for who, what in told.step.seen.items():
        out.print(f"[bold]{who}[/bold]: {what}", highlight=False)
    draw_table("", ["read from the chains", ""], [[name, str(spell(value))] for name, value in told.step.read.items()])


def spell(value: object) -> object:
    """What was read, as documents have it: states by their names."""
    return value.name.lower() if isinstance(value, Enum) else value


def show_end(told: "Sequence[ToldStep]", seconds: float) -> None:
    """How long each step took."""
    out.rule("[bold]How long it took[/bold]", align="left")
    rows: list[list[str]] = [[each.step.title, f"{each.seconds:.1f}"] for each in told]
    draw_table("", ["step", "s"], [*rows, ["with everything that was set up and taken down", f"{seconds:.1f}"]])
