"""Wakes those who wait for something to change, in this process; what other processes change is looked for anyway."""

from threading import Condition


class Bell:
    """Counts how often it was rung."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._count = 0

    @property
    def count(self) -> int:
        """So often."""
        with self._changed:
            return self._count

    def ring(self) -> None:
        """Something has changed."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def wait(self, count: int, seconds: float) -> None:
        """Until it was rung more often than ``count``, and no longer than so long."""
        with self._changed:
            self._changed.wait_for(lambda: self._count != count, seconds)
