"""A log read from its first leaf: what each entry may say after those before it, and the root of all of them.

    accept    an acceptance that was not there, as revision 0, of locks that nobody ever held
    refresh   of one that lives; its locks are still held, and those that are new were never held by anybody
    free      of one that lives; some leave, and with the last of them it is released
    lapse     of one that lives; nothing leaves
    seize     of one that lapsed; some leave
    applied   a transition of a book, whose old leaves and births were never spent

Whoever replays a log knows that no lock was ever taken twice, that no leaf of a book was ever succeeded twice and that
no position was born twice, without trusting the store that it came from.
"""

from dataclasses import dataclass

from facts.applied_transition import AppliedTransition
from facts.log_entry import Event, LogEntry, State
from facts.log_head import LogHead
from facts.log_leaf import decode_leaf
from facts.log_proof import EMPTY_LOG_ROOT, hash_leaf, hash_node
from margin.errors import Reason, RejectedError


@dataclass(frozen=True, slots=True)
class Standing:
    """How an acceptance stands after an entry."""

    state: State
    revision: int
    held: frozenset[int]


class Replay:
    """The entries so far."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []
        """The complete trees that the leaves make, the largest first: how many leaves each has, and its root."""
        self._standings: dict[str, Standing] = {}
        self._taken: set[int] = set()
        """Every nullifier that was ever spent, whatever it is of."""
        self.transitions = 0
        """How many were applied."""
        self.nullifiers = 0
        """How many locks were ever taken."""

    @property
    def acceptances(self) -> int:
        """How many there ever were."""
        return len(self._standings)

    @property
    def live(self) -> int:
        """How many have not ended."""
        return sum(each.state.is_live for each in self._standings.values())

    def add(self, leaf: bytes) -> None:
        """The next leaf, if it may follow."""
        entry = decode_leaf(leaf)
        if isinstance(entry, AppliedTransition):
            self._spend(set(entry.spent), "claim.nullifiers")
            self.transitions += 1
        else:
            self._require_follows(entry)
            added = set(entry.held) - self._held_before(entry)
            self._spend(added, "held")
            self.nullifiers += len(added)
            self._standings[entry.acceptance] = Standing(entry.state, entry.revision, frozenset(entry.held))
        self._grow(hash_leaf(leaf))

    def require_head(self, head: LogHead) -> None:
        """The leaves are all of a log, in its order."""
        if (head.size, head.root) != (self.size, self.root):
            expected = f"the root of {head.size} leaves, {head.root.hex()}"
            raise RejectedError(Reason.LOG_FORKED, "head", found=self.root.hex(), expected=expected)

    @property
    def root(self) -> bytes:
        """What the leaves so far commit to."""
        if not self._peaks:
            return EMPTY_LOG_ROOT
        *others, (_, root) = self._peaks
        for _, peak in reversed(others):
            root = hash_node(peak, root)
        return root

    def _grow(self, digest: bytes) -> None:
        """Two complete trees of one size make one."""
        count = 1
        while self._peaks and self._peaks[-1][0] == count:
            _, left = self._peaks.pop()
            count, digest = 2 * count, hash_node(left, digest)
        self._peaks.append((count, digest))
        self.size += 1

    def _spend(self, nullifiers: set[int], name: str) -> None:
        """None of them was ever spent before."""
        if nullifiers & self._taken:
            raise self._wrong(Reason.NULLIFIER_SPENT, name, "one that was spent before", "nullifiers that are new")
        self._taken |= nullifiers

    def _held_before(self, entry: LogEntry) -> frozenset[int]:
        standing = self._standings.get(entry.acceptance)
        return standing.held if standing else frozenset()

    def _require_follows(self, entry: LogEntry) -> None:
        """Revision, state and locks are those that the event leads to."""
        before = self._standings.get(entry.acceptance)
        if (before is None) != (entry.event is Event.ACCEPT):
            raise self._wrong(
                Reason.WRONG_STATE, "acceptance", entry.event.name.lower(), "an acceptance before all else"
            )
        if entry.revision != (0 if before is None else before.revision + 1):
            raise self._wrong(Reason.NOT_RISING, "revision", str(entry.revision), "one more than before")
        held, left = frozenset(entry.held), frozenset(entry.left)
        had = self._held_before(entry)
        lapsed = before is not None and before.state in {State.LAPSED, State.SEIZED}
        after_leaving = before.state if before and held else State.RELEASED
        follows = {
            Event.ACCEPT: entry.state is State.ACCEPTED and bool(held) and not left,
            Event.REFRESH: was_live(before) and entry.state is State.REFRESHED and had <= held and not left,
            Event.FREE: was_live(before) and entry.state is after_leaving and parts(had, held, left),
            Event.LAPSE: was_live(before) and entry.state is State.LAPSED and held == had and not left,
            Event.SEIZE: lapsed and entry.state is State.SEIZED and parts(had, held, left),
        }
        if not follows[entry.event]:
            raise self._wrong(Reason.WRONG_STATE, "event", entry.event.name.lower(), "what the entries before allow")

    def _wrong(self, reason: Reason, name: str, found: str, expected: str) -> RejectedError:
        return RejectedError(reason, f"leaves[{self.size}].{name}", found=found, expected=expected)


def was_live(standing: Standing | None) -> bool:
    """Whether it could be relied on."""
    return standing is not None and standing.state.is_live


def parts(whole: frozenset[int], held: frozenset[int], left: frozenset[int]) -> bool:
    """Whether what was held is now either held or left, and something left."""
    return bool(left) and whole == held | left and not held & left
