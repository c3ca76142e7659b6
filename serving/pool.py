"""Threads with a waiting room of a fixed size, in which everybody inside is counted."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class BoundedPool(ThreadPoolExecutor):
    """So many threads, and a queue of so many calls before them; who asks first whether there is room finds out."""

    def __init__(self, threads: int, queue: int, name: str) -> None:
        super().__init__(threads, thread_name_prefix=name)
        self._room = threads + queue
        self._count = 0
        self._changed = threading.Condition()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Count a call from when it is given to the pool until it is over."""
        with self._changed:
            self._count += 1
        try:
            future = super().submit(fn, *args, **kwargs)
        except RuntimeError:
            self._leave()
            raise
        future.add_done_callback(lambda _: self._leave())
        return future

    @property
    def is_full(self) -> bool:
        """Whether one more would be too many."""
        with self._changed:
            return self._count >= self._room

    @property
    def load(self) -> int:
        """How many are inside."""
        with self._changed:
            return self._count

    def wait_until_idle(self, seconds: float) -> bool:
        """Whether nobody is inside any more within so long."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._count, seconds)

    def _leave(self) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()


class Turnstile:
    """Lets so many in at a time under each name."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._inside: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def enter(self, name: str, refusal: Exception) -> Iterator[None]:
        """Be counted for as long as the block lasts, or be refused."""
        with self._lock:
            if self._inside[name] >= self._most:
                raise refusal
            self._inside[name] += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside[name] -= 1
                if not self._inside[name]:
                    del self._inside[name]
