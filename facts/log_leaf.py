"""The leaves of a verifier's log: what happened to an acceptance, or to positions of a book. A prefix tells which."""

from facts.applied_transition import APPLIED_PREFIX, AppliedTransition
from facts.log_entry import LogEntry

LogLeaf = LogEntry | AppliedTransition


def decode_leaf(data: bytes) -> LogLeaf:
    """A leaf from its canonical bytes, all of them."""
    return AppliedTransition.decode(data) if data.startswith(APPLIED_PREFIX) else LogEntry.decode(data)
