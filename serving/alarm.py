"""One thread that calls back when something has taken too long, however many things are under way."""

import heapq
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count


class Alarm:
    """Watches over blocks of code: one that is not left in time has its callback called, once, from another thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: list[tuple[float, int]] = []
        self._callbacks: dict[int, Callable[[], object]] = {}
        self._numbers = count()
        self._stopped = False
        self._thread = threading.Thread(target=self._watch, name="alarm", daemon=True)
        self._thread.start()

    @contextmanager
    def after(self, milliseconds: int, callback: Callable[[], object]) -> Iterator[None]:
        """Call back unless the block is left within so long."""
        with self._changed:
            number = next(self._numbers)
            self._callbacks[number] = callback
            heapq.heappush(self._due, (time.monotonic() + milliseconds / 1000, number))
            if self._due[0][1] == number:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._callbacks.pop(number, None)

    def stop(self) -> None:
        """Watch no more."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            with self._changed:
                if self._stopped:
                    return
                callback = self._take_due()
            if callback is not None:
                callback()

    def _take_due(self) -> Callable[[], object] | None:
        """The callback whose time has come; otherwise wait until one may."""
        while self._due and self._due[0][1] not in self._callbacks:
            heapq.heappop(self._due)
        if not self._due:
            self._changed.wait()
            return None
        moment, number = self._due[0]
        if (left := moment - time.monotonic()) > 0:
            self._changed.wait(left)
            return None
        heapq.heappop(self._due)
        return self._callbacks.pop(number)
