"""What a server writes down: one line of JSON for each event, of fields that are on a list.

A field that is not on the list raises where it is written, so that no amount, witness or key gets into a log because
somebody thought that it might help. There are no free texts: an exception is told by its kind and by the lines of code
that it passed, never by its words.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, TextIO

NAME: Final = "ringfence.serving"
FIELDS: Final = frozenset(
    {
        *("address", "caller", "check", "code", "error", "field", "files", "frames", "kind", "method", "milliseconds"),
        *("reason", "request_id", "sequence", "status", "subject", "tls"),
    }
)


class Event(StrEnum):
    """What can happen."""

    STARTED = "STARTED"
    CALL_ENDED = "CALL_ENDED"
    CALL_FAILED = "CALL_FAILED"
    """An error that is nobody's refusal."""
    CHECK_CHANGED = "CHECK_CHANGED"
    RELOADED = "RELOADED"
    RELOAD_FAILED = "RELOAD_FAILED"
    ALARM = "ALARM"
    """Something that should never happen, and that somebody has to look at."""
    DRAINING = "DRAINING"
    DRAINED = "DRAINED"
    DRAIN_OVERDUE = "DRAIN_OVERDUE"
    """Calls are still at work when the final timer ends; the process ends without them."""
    LOOKED = "LOOKED"
    """A watcher has looked at its chain."""
    LOOK_FAILED = "LOOK_FAILED"
    """It could not, or nobody took what it signed; it looks again."""
    EQUIVOCATION = "EQUIVOCATION"
    """A committee has signed two statements with one number; the store keeps both."""


class Log:
    """Events with fields of the list."""

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self._logger = logger or logging.getLogger(NAME)

    def tell(self, event: Event, **fields: object) -> None:
        """Something happened."""
        self._write(logging.INFO, event, fields)

    def warn(self, event: Event, **fields: object) -> None:
        """Something happened that a person should see."""
        self._write(logging.WARNING, event, fields)

    def tell_error(self, event: Event, error: BaseException, **fields: object) -> None:
        """An error by its kind and where it came from; its words may hold anything."""
        frames = [f"{Path(at.filename).name}:{at.lineno}:{at.name}" for at in traceback.extract_tb(error.__traceback__)]
        self._write(logging.ERROR, event, {**fields, "error": type(error).__name__, "frames": frames})

    def _write(self, level: int, event: Event, fields: dict[str, object]) -> None:
        if strange := fields.keys() - FIELDS:
            raise ValueError(f"fields that no log may have: {sorted(strange)}")
        self._logger.log(level, event.value, extra={"fields": fields})


class Lines(logging.Formatter):
    """A line of JSON for a record; of what a library says, no words but where it is from."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields = getattr(record, "fields", None)
        said = {"event": record.getMessage(), **fields} if fields is not None else {"event": "LIBRARY"}
        return json.dumps({"at": moment, "level": record.levelname, "from": record.name, **said}, default=str)


def log_to(stream: TextIO | None = None) -> None:
    """Write events as lines; what libraries say is written without its words."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    logging.getLogger(NAME).setLevel(logging.INFO)
