"""Calls upon a server: as many as it takes, or at a steady rate.

    closed loop   so many callers, each of which asks again as soon as it was answered: calls per second
    open loop     a call every 1 / rate seconds, whatever became of those before: how long a caller waits

In the open loop a wait is counted from the moment when a call was due, not from when it was sent, so that a server that
stands still for a second shows a second for every call that was due in it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

MILLI: Final = 1000
SETTLING_SECONDS: Final = 0.5
"""What a server may need to warm up is not counted."""

Send = Callable[[], Awaitable[object]]
"""One more call; no two are alike where that matters."""


@dataclass(frozen=True)
class Waits:
    """How long callers waited, in milliseconds."""

    calls: int
    median: float
    p99: float
    longest: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Waits":
        """The quantiles of so many waits."""
        ordered = sorted(each * MILLI for each in seconds)
        return cls(len(ordered), quantile(ordered, 0.5), quantile(ordered, 0.99), ordered[-1])


def quantile(ordered: Sequence[float], part: float) -> float:
    """The value below which such a part of all is."""
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


async def count_per_second(send: Send, callers: int, seconds: float) -> float:
    """Calls that are answered in a second with so many callers, after a moment to settle."""
    answered = 0
    began = time.perf_counter() + SETTLING_SECONDS
    ends = began + seconds

    async def call_on() -> None:
        nonlocal answered
        while time.perf_counter() < ends:
            await send()
            answered += began <= time.perf_counter() < ends

    await asyncio.gather(*(call_on() for _ in range(callers)))
    return answered / seconds


async def wait_at_rate(send: Send, rate: float, seconds: float) -> Waits:
    """How long calls take that come at a steady rate."""
    waits: list[float] = []
    began = time.perf_counter()

    async def call_at(due: float) -> None:
        await send()
        waits.append(time.perf_counter() - due)

    async with asyncio.TaskGroup() as group:
        for turn in range(int(rate * seconds)):
            due = began + turn / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(call_at(due))
    return Waits.of(waits)
