"""The folder of published facts while a prover serves: read again when it changes, and the last good ones kept.

The files of a publication are written one after the other, the roots last; what lies between is not good.
"""

import threading
from collections.abc import Callable
from pathlib import Path

from facts.roots import read_roots
from margin.documents.reading import read_document
from margin.errors import MarginError
from prover.publication import BOOK, LOCKS, ROOTS, ROUND, Publication, read_publication, write_publication
from serving.errors import MisuseError, Reason
from serving.last_good import LastGood
from serving.log import Log


class FactsFolder:
    """What venue, oracle and chains have published."""

    def __init__(self, folder: Path, log: Log) -> None:
        self._folder = folder
        self._writing = threading.Lock()
        paths = [folder / name for name in (ROOTS, BOOK, ROUND, LOCKS)]
        self._content = LastGood(paths, self._read, log)
        self._was_bad = False

    @property
    def publication(self) -> Publication:
        """The newest good facts."""
        return self._content.content

    def publish(self, change: Callable[[Publication], Publication]) -> None:
        """Write what comes of a change, for development: one after the other."""
        with self._writing:
            before = self.publication
            if (after := change(before)) is not before:
                write_publication(self._folder, after)
                _ = self.publication  # taken up now: whatever is written next may not be good

    def require_good(self) -> None:
        """The facts that are there are those in use: a check of readiness. A writer has until the next to finish."""
        _ = self.publication
        failure = self._content.failure
        was_bad, self._was_bad = self._was_bad, failure is not None
        if failure is not None and was_bad:
            raise failure

    def _read(self) -> Publication:
        try:
            publication = read_publication(self._folder)
            told = read_roots(read_document(self._folder / ROOTS))
        except MarginError as error:
            field = f"facts.{error.field}" if error.field else "facts"
            raise MisuseError(Reason.NOT_READABLE, field, found=error.found, expected=error.expected) from None
        if told != publication.roots:
            expected = f"a folder whose {ROOTS} are those of its other files"
            raise MisuseError(Reason.NOT_READABLE, "facts", found="other roots", expected=expected)
        return publication
