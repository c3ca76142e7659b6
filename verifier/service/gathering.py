"""Messages of a stream, in lists that are as long as there are messages waiting: one thread reads, another works."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import Final, Generic, TypeVar

T = TypeVar("T")
PATIENCE_SECONDS: Final = 0.1


class Gathering(Generic[T]):
    """Reads a stream while what was read before is worked on; never more than ``most`` ahead."""

    def __init__(self, messages: Iterator[T], most: int) -> None:
        self._messages = messages
        self._most = most
        self._queue: Queue[T | BaseException | None] = Queue(most)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, name="gathering", daemon=True)

    def __iter__(self) -> Iterator[list[T]]:
        """Lists of what has come, each as soon as there is one; an error of the stream comes behind what came first."""
        self._thread.start()
        try:
            while True:
                gathered, end = self._take()
                if gathered:
                    yield gathered
                if isinstance(end, BaseException):
                    raise end
                if end is None:
                    return
        finally:
            self._stopped.set()

    def _take(self) -> tuple[list[T], T | BaseException | None]:
        """What is there, waiting for the first alone, and what stood behind it: an error, the end, or more."""
        last = self._queue.get()
        gathered: list[T] = []
        with suppress(Empty):
            while last is not None and not isinstance(last, BaseException):
                gathered.append(last)
                if len(gathered) == self._most:
                    break
                last = self._queue.get_nowait()
        return gathered, last

    def _read(self) -> None:
        try:
            for message in self._messages:
                if not self._put(message):
                    return
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where the messages are read
            self._put(error)
        else:
            self._put(None)

    def _put(self, item: T | BaseException | None) -> bool:
        """Whether there was somebody to take it."""
        while not self._stopped.is_set():
            with suppress(Full):
                self._queue.put(item, timeout=PATIENCE_SECONDS)
                return True
        return False
