"""What a text declares and which rules it names, without the constraints: a twentieth of the work of recording it."""

from collections.abc import Sequence

from circuits.builder import Builder
from circuits.combination import Combination
from circuits.recording import Recording, RecordingEngine, Task
from circuits.statement import Statement


class OutlineEngine(RecordingEngine):
    """A recording whose hashes are one wire each: what holds them together, most of a text, bears no name."""

    def record_hash(self, state: Sequence[Combination]) -> Combination:
        """One wire."""
        return self.hint(Task.HASH, tuple(state), 1)[0]

    def hold(self, left: Combination, right: Combination, product: Combination, rule: str | None) -> None:
        """Nothing is written down."""


def record_outline(statement: Statement) -> Recording:
    """Declarations and steps of a text."""
    engine = OutlineEngine()
    statement.define(Builder(engine))
    return engine.recording
