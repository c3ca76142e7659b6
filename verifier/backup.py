"""Copies of a store in one file, and the way back, which leads past the witness.

    {"format": "ringfence/backup/1", "version": 3, "domain": .., "origin": .., "size": 1024, "root": .., "witness": ..,
     "taken_at": ..}
    the rows
    {"lines": 9216, "sha256": ..}

A copy is of one moment, whoever writes meanwhile, and of a store that the witness knows and whose tables say what its
log says. It holds the head of its log and the witness's own signed note, but no key.

To restore one is the attack that the witness is there for: nullifiers that were spent since are unspent again. So the
copy goes into an empty store only, is held against the log leaf by leaf before anything of it is on the disk, and where
the witness has seen more than it holds, it is refused. An operator who has nothing newer can say how many entries are
given up. That is written down beside the witness, with the signed head that is given up, before the witness is turned
back to the copy's own; and whoever else kept that head will refuse the log for ever.
"""

import hashlib
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import Any, Final, cast

from facts.log_head import LogHead, SignedHead, verify_head_by_any
from margin.errors import MalformedError, MisuseError, Reason, RejectedError
from verifier.inspection import Snapshot, Witness, name_store
from verifier.store.audit import audit_rows
from verifier.store.database import Database, Transaction
from verifier.store.dump import dump_rows, load_rows, render
from verifier.store.schema import MIGRATIONS, Identity, find_identity, migrate, read_version
from verifier.witness import require_contained, require_no_older

FORMAT: Final = "ringfence/backup/1"
LARGEST_LINE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Description:
    """What a copy says of itself."""

    version: int
    """Of the schema."""
    domain: str
    head: LogHead
    witness: str
    """The note that was witnessed when it was taken; empty where nothing was."""
    taken_at: int

    @property
    def identity(self) -> Identity:
        """Which store it is of."""
        return Identity(self.domain, self.head.origin)

    @property
    def line(self) -> str:
        """The first line of the file."""
        return render(
            {
                "format": FORMAT,
                "version": self.version,
                "domain": self.domain,
                "origin": self.head.origin,
                "size": self.head.size,
                "root": b64encode(self.head.root).decode(),
                "witness": self.witness,
                "taken_at": self.taken_at,
            }
        )

    @classmethod
    def read(cls, line: bytes) -> "Description":
        """The description in a first line."""
        try:
            said = cast("dict[str, Any]", json.loads(line))
            head = LogHead(said["origin"], said["size"], b64decode(said["root"], validate=True))
            found = cls(int(said["version"]), str(said["domain"]), head, str(said["witness"]), int(said["taken_at"]))
            if found.line.encode() == line and type(head.size) is int:
                return found
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        raise unreadable(f"a backup of the format {FORMAT}")


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What an operator has said is lost, because there is nothing newer to restore."""

    entries: int | None
    """So many that were witnessed; None where the witness is lost as well, and nobody knows."""


# --- There ---------------------------------------------------------------------------------------------


def back_up_store(database: Database, path: Path, witness: Witness, moment: int) -> Description:
    """Write a copy of a store to a file that is not there yet."""
    identity = name_store(database)
    witnessed = witness.file(identity.origin).read()  # before the snapshot: the store runs ahead of its witness
    with database.read() as transaction, new_file(path) as lines:
        version = read_version(database, transaction, identity, MIGRATIONS)
        if version == len(MIGRATIONS):
            audit_rows(transaction)
        snapshot = Snapshot(transaction, identity.origin)
        require_no_older(snapshot, witnessed)
        note = witnessed.note if witnessed else ""
        description = Description(version, identity.domain, snapshot.head, note, moment)
        lines.write_all(chain([description.line], dump_rows(database, transaction, version)))
    return description


class Lines:
    """Lines on their way into a file, counted and hashed."""

    def __init__(self, opened: int) -> None:
        self._file = os.fdopen(opened, "wb")
        self._digest = hashlib.sha256()

    def write_all(self, lines: Iterable[str]) -> None:
        """Write lines, and the last one, which says what they were; then all of it is on the disk."""
        count = 0
        for count, line in enumerate(lines):  # noqa: B007 - the first line is no row
            data = line.encode()
            self._digest.update(data)
            self._file.write(data)
        self._file.write(render({"lines": count, "sha256": self._digest.hexdigest()}).encode())
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Nothing more comes."""
        self._file.close()


@contextmanager
def new_file(path: Path) -> Iterator[Lines]:
    """All of a file or none of it, for its owner alone; one that is there is not overwritten."""
    if path.exists():
        raise MisuseError(Reason.WRONG_FILE, "backup", found="a file that is there", expected="the name of a new one")
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    lines = Lines(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield lines
        lines.close()
        os.link(beside, path)  # unlike a rename, refuses where somebody was quicker
    finally:
        lines.close()
        beside.unlink()


# --- And back ------------------------------------------------------------------------------------------


def restore_store(
    path: Path, database: Database, witness: Witness, moment: int, given_up: GivenUp | None = None
) -> Description:
    """Fill an empty store from a copy, unless the witness has seen more than the copy holds."""
    with path.open("rb") as file:
        digest, description = examine_file(file)
        identity, watch = description.identity, witness.file(description.head.origin)
        witnessed = watch.read()
        with database.write() as transaction:
            require_empty(database, transaction)
            migrate(database, transaction, identity, MIGRATIONS[: description.version])
            load_rows(database, transaction, description.version, read_rows(file))
            migrate(database, transaction, identity)
            audit_rows(transaction)
            snapshot = Snapshot(transaction, identity.origin)
            noted = require_description(description, snapshot, witness)
            loss = measure_loss(snapshot, witnessed, given_up)
            if loss is not None:  # last before the commit: a loss that was not written down never happened
                watch.turn_back(noted, describe_loss(loss, description, digest, witnessed, moment))
    return description


def examine_file(file: BufferedReader) -> tuple[str, Description]:
    """The digest and the description of a whole file, which is left before its first row."""
    digest, count, line = hashlib.sha256(), 0, file.readline(LARGEST_LINE)
    description = Description.read(line)
    if not 1 <= description.version <= len(MIGRATIONS):
        found, expected = f"version {description.version}", f"at most version {len(MIGRATIONS)}"
        raise RejectedError(Reason.WRONG_SCHEMA, "backup", found=found, expected=expected)
    while following := file.readline(LARGEST_LINE):
        digest.update(line)
        count, line = count + 1, following
    last = render({"lines": count - 1, "sha256": digest.hexdigest()})
    if line != last.encode():
        raise unreadable("the number and the hash of all its lines at the end")
    file.seek(len(description.line.encode()))
    return digest.hexdigest(), description


def read_rows(file: BufferedReader) -> Iterator[str]:
    """The lines between the first and the last."""
    line = file.readline(LARGEST_LINE)
    while following := file.readline(LARGEST_LINE):
        yield line.decode()
        line = following


def require_description(description: Description, snapshot: Snapshot, witness: Witness) -> SignedHead | None:
    """What was restored has the head that the copy names, and the head that was witnessed then, which is returned."""
    if snapshot.head != description.head:
        raise RejectedError(Reason.LOG_FORKED, "backup", found="another log", expected="the log of its head")
    if not description.witness and not snapshot.head.size:
        return None
    noted = verify_head_by_any(description.witness, witness.keys(snapshot.origin))
    require_contained(noted, snapshot)
    return noted


def measure_loss(snapshot: Snapshot, witnessed: SignedHead | None, given_up: GivenUp | None) -> GivenUp | None:
    """What would be lost, if anything, which must be what the operator gave up; another history is never restored."""
    try:
        require_no_older(snapshot, witnessed)
    except RejectedError as error:
        if error.reason is Reason.LOG_FORKED:
            raise
        size = snapshot.head.size
        lost = GivenUp(witnessed.head.size - size if witnessed else None)
        if lost == given_up:
            return lost
        missing = "an unknown number of" if lost.entries is None else str(lost.entries)
        expected = f"a later backup, or an operator who gives up {missing} entries behind the first {size}"
        raise RejectedError(error.reason, error.field, found=error.found, expected=expected) from None
    if given_up is not None:
        expected = "no loss to be given up where there is none"
        raise MisuseError(Reason.NOT_APPLICABLE, "given_up", found="nothing that is lost", expected=expected)
    return None


def describe_loss(
    lost: GivenUp, description: Description, digest: str, witnessed: SignedHead | None, moment: int
) -> str:
    """The line that is kept of a restoration that lost something; the note proves that there was more."""
    return render(
        {
            "at": moment,
            "origin": description.head.origin,
            "backup": digest,
            "restored_size": description.head.size,
            "restored_root": b64encode(description.head.root).decode(),
            "lost_entries": lost.entries,
            "given_up": witnessed.note if witnessed else None,
        }
    ).rstrip()


def require_empty(database: Database, transaction: Transaction) -> None:
    """There is no store that a copy would be mixed with."""
    if find_identity(database, transaction) is not None:
        raise MisuseError(Reason.WRONG_SCHEMA, "store", found="a store", expected="a place where there is none")


def unreadable(expected: str) -> MalformedError:
    """Not a copy, or not a whole one."""
    return MalformedError(Reason.NOT_READABLE, "backup", found="something else", expected=expected)
