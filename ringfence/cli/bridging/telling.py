"""The story of a bridge from its first step to its last, one step when it is asked for, each with its time."""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prover.artifacts import Progress
from ringfence.cli.bridging.observed import hold_up_exit, pay_from_proof_gate
from ringfence.cli.bridging.setting import ROUND_AGE_SECONDS, open_setting
from ringfence.cli.bridging.story import Step, Story, begin_story

STEPS: Final[tuple[Callable[[Story], Step], ...]] = (
    Story.reorganise,
    Story.deposit_all,
    Story.open_gate,
    Story.refuse_again,
    Story.refuse_elsewhere,
    Story.refuse_rival,
    Story.open_for_others,
    Story.free_one,
    Story.open_proof_gate,
    hold_up_exit,
    Story.crash,
    Story.seize,
    Story.withdraw,
    pay_from_proof_gate,
    Story.revoke_watcher,
    Story.contest_exit,
    Story.finish_exit,
)


@dataclass(frozen=True, slots=True)
class ToldStep:
    """A step that has happened, and how long it took."""

    name: str
    step: Step
    seconds: float


def tell_story(
    folder: Path, *, store: str, progress: Progress, round_age_seconds: int = ROUND_AGE_SECONDS
) -> Generator[ToldStep, None, None]:
    """Each step as it happens; whoever stops listening ends everything."""
    setting_up = open_setting(folder, store=store, progress=progress, round_age_seconds=round_age_seconds)
    with setting_up as setting, begin_story(setting) as story:
        for happen in STEPS:
            progress(happen.__name__.replace("_", " "))
            began = time.perf_counter()
            step = happen(story)
            yield ToldStep(happen.__name__, step, time.perf_counter() - began)
