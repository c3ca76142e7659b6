"""The second is the number of what is published: whoever publishes twice at once must not say two things under one."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ringfence.cli.sandbox import publishing
from ringfence.cli.sandbox.places import Sandbox
from ringfence.cli.sandbox.publishing import Speakers, publish_now

BEGAN = 1_800_000_000.25


@dataclass
class Clock:
    """Goes on while somebody sleeps, and by so much for each time that something is published."""

    now: float = BEGAN
    takes: float = 0.0
    moments: list[int] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def publish(self, _sandbox: Sandbox, _speakers: Speakers, moment: int) -> dict[str, str]:
        self.moments.append(moment)
        self.now += self.takes
        return {"book": f"{moment}"}


@pytest.mark.parametrize(("takes", "slept"), [(0.0, 0.75), (0.5, 0.25), (0.75, 0.0), (4.0, 0.0)])
def test_whoever_publishes_again_does_so_in_another_second(
    takes: float, slept: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clock = Clock(takes=takes)
    monkeypatch.setattr(publishing, "time", clock)
    monkeypatch.setattr(publishing, "publish_facts", clock.publish)
    sandbox, nobody = Sandbox(tmp_path), Speakers([], [], [])
    assert publish_now(sandbox, nobody) == {"book": f"{int(BEGAN)}"}
    assert clock.now == BEGAN + takes + slept
    publish_now(sandbox, nobody)
    assert clock.moments[0] < clock.moments[1]
