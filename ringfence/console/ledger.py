"""Acceptances as the log tells them: which there are, how each stands, and which leaves tell its story.

The log says of an acceptance what happened, when, until when it is good and how many locks it holds; whoever may
read it needs no other right. Where it is read from its first leaf, every leaf has to follow from those before it, and
their root has to be the one that was signed.
"""

from dataclasses import dataclass, field
from typing import Final

from facts.applied_transition import AppliedTransition
from facts.log_entry import Event, LogEntry
from facts.log_head import LogHead
from facts.log_leaf import decode_leaf
from ringfence.client.errors import holding_answer
from ringfence.client.replay import Replay

MOST_LEAVES: Final = 100_000
"""A log that is longer is read from where so many are left."""
MOST_STORIES: Final = 50_000
"""Beyond them, those that nothing has happened to for longest are forgotten."""


@dataclass(slots=True)
class Story:
    """An acceptance, after what happened last."""

    id: str
    entry: LogEntry
    accepted_at: int | None
    """None where that was before the first leaf that was read."""
    position_tag: int | None
    indices: list[int] = field(default_factory=list)


class Ledger:
    """The stories so far."""

    def __init__(self) -> None:
        self.first = 0
        """The first leaf that was read."""
        self.size = 0
        self.transitions = 0
        self.stories: dict[str, Story] = {}
        """The one that changed last is the last one."""
        self._replay: Replay | None = Replay()

    def begin(self, size: int) -> None:
        """How long the log is, before anything of it was read."""
        self.first = self.size = max(0, size - MOST_LEAVES)
        self._replay = Replay() if self.first == 0 else None

    @property
    def is_replayed(self) -> bool:
        """Whether every leaf was held against those before it."""
        return self._replay is not None

    @property
    def live(self) -> int:
        """Acceptances that the log does not say have ended."""
        return sum(story.entry.state.is_live for story in self.stories.values())

    def add(self, leaf: bytes) -> Story | None:
        """The next leaf, and whose story it is part of; none where positions changed."""
        with holding_answer():
            entry = decode_leaf(leaf)
            if self._replay is not None:
                self._replay.add(leaf)
        index, self.size = self.size, self.size + 1
        if isinstance(entry, AppliedTransition):
            self.transitions += 1
            return None
        return self._tell(entry, index)

    def require_head(self, head: LogHead) -> None:
        """What was read is what was signed."""
        if self._replay is not None:
            with holding_answer():
                self._replay.require_head(head)

    def _tell(self, entry: LogEntry, index: int) -> Story:
        story = self.stories.pop(entry.acceptance, None)
        if story is None:
            accepted_at = entry.moment if entry.revision == 0 else None
            story = Story(entry.acceptance, entry, accepted_at, None)
        story.entry = entry
        story.indices.append(index)
        if entry.claim is not None and entry.event in {Event.ACCEPT, Event.REFRESH}:
            story.position_tag = entry.claim.inputs.position_tag
        self.stories[story.id] = story
        if len(self.stories) > MOST_STORIES:
            del self.stories[next(iter(self.stories))]
        return story
