"""The story from its first step to its last, one step when it is asked for, each with its time."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prover.artifacts import Progress
from ringfence.cli.story.setting import open_setting
from ringfence.cli.story.steps import Step, Story, begin_story

STEPS: Final[tuple[Callable[[Story], Step], ...]] = (
    Story.open_position,
    Story.prove_position,
    Story.accept,
    Story.refuse_replay,
    Story.let_price_fall,
    Story.refuse_below,
    Story.top_up,
    Story.liquidate,
    Story.release,
    Story.check_log,
    Story.check_offline,
)


@dataclass(frozen=True, slots=True)
class ToldStep:
    """A step that has happened, and how long it took."""

    name: str
    step: Step
    seconds: float


def tell_story(folder: Path, *, progress: Progress) -> Iterator[ToldStep]:
    """Each step as it happens; whoever stops listening ends everything."""
    with open_setting(folder, progress=progress) as setting, begin_story(setting) as story:
        for happen in STEPS:
            progress(happen.__name__.replace("_", " "))
            began = time.perf_counter()
            step = happen(story)
            yield ToldStep(happen.__name__, step, time.perf_counter() - began)
