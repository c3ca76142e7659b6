"""What a watcher knows, in a folder that is whole after a kill at any moment.

    watch.json     of which escrow on which chain
    tree/          the locks, a stored tree
    pending        a checkpoint with all leaves that it changes, until they are in the tree
    journal.json   the newest checkpoints, and which of them are still to be published

A checkpoint is made in four steps: it is written to ``pending``, its leaves are put into the tree, it is written to the
journal, and ``pending`` is taken away. To do any of them again changes nothing, and a start does those that are left.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from chains.escrow import Account
from chains.rpc import HASH_BYTES, WORD_BYTES, Block
from facts.canonical import ByteReader, encode_number, encode_root, prefix_of
from facts.committee_document import parse_hexadecimal
from facts.lock_root import CHAIN_LEVELS
from facts.roots import parse_element
from facts.sealed_file import sync_folder, write_sealed
from facts.stored_tree.keeper import TreeKeeper
from facts.stored_tree.tree import is_stored_tree
from facts.tree import empty_node
from margin.documents.policy_document import require_format
from margin.documents.reading import Fields, read_document
from margin.errors import InternalError, MalformedError, MisuseError, Reason
from snark.bn254.constants import FIELD_BYTES

STATE_FORMAT: Final = "ringfence.watch-state/1"
JOURNAL_FORMAT: Final = "ringfence.watch-journal/1"
NAMED: Final = "watch.json"
TREE: Final = "tree"
PENDING: Final = "pending"
JOURNAL: Final = "journal.json"
PENDING_PREFIX: Final = prefix_of("watch-pending")
DIGEST_BYTES: Final = 32
KEPT: Final = 8
"""So many checkpoints are known, and may still be published: as many as a registry keeps of one signer."""
LEAVES_AT_ONCE: Final = 1 << 16
NUMBER_BITS: Final = 63
OWNER_ALONE: Final = 0o700


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A final block, and what the escrow and the tree of its locks were at it."""

    block: int
    hash: bytes
    timestamp: int
    account: Account
    root: int
    is_settled: bool = False
    """Whether nothing is to be done for it any more: it is published, or a later one is."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A checkpoint on its way into the tree."""

    block: Block
    account: Account
    changes: Mapping[int, int]

    def encode(self) -> bytes:
        """The bytes of the file, their digest behind them."""
        block, account = self.block, self.account
        head = map(encode_number, (block.number, block.timestamp, account.count, len(self.changes)))
        leaves = (encode_number(place) + encode_root(leaf) for place, leaf in sorted(self.changes.items()))
        data = b"".join((PENDING_PREFIX, *head, block.hash, block.parent, account.chained, *leaves))
        return data + sha256(data).digest()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """What was written; a file that was damaged since is refused."""
        if sha256(data[:-DIGEST_BYTES]).digest() != data[-DIGEST_BYTES:]:
            raise damaged(PENDING, "another digest", "a file as it was written")
        reader = ByteReader(data[:-DIGEST_BYTES])
        reader.expect(PENDING_PREFIX, PENDING)
        number, timestamp, deposits, count = (reader.number(name) for name in ("block", "timestamp", "count", "leaves"))
        hashed, parent = reader.take(HASH_BYTES, "hash"), reader.take(HASH_BYTES, "parent")
        chained = reader.take(WORD_BYTES, "chained")
        changes = {
            reader.number("place"): int.from_bytes(reader.take(FIELD_BYTES, "leaf"), "big") for _ in range(count)
        }
        reader.finish(PENDING)
        return cls(Block(number, hashed, parent, timestamp), Account(deposits, chained), changes)


class WatchState:
    """The folder of one watcher, which nobody else has meanwhile."""

    def __init__(self, folder: Path, chain_id: int, escrow: bytes, from_block: int) -> None:
        """Open it, or make it; what a kill left undone is done."""
        self.folder = folder
        name_folder(folder, chain_id, escrow, from_block)
        tree = folder / TREE
        self._tree = TreeKeeper(tree) if is_stored_tree(tree) else TreeKeeper.create(tree, CHAIN_LEVELS)
        try:
            self._known = read_journal(folder / JOURNAL)
            self._finish()
        except BaseException:
            self._tree.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it."""
        self._tree.close()

    @property
    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """The newest ones, the newest last."""
        return self._known

    @property
    def last(self) -> Checkpoint | None:
        """The newest one."""
        return self._known[-1] if self._known else None

    @property
    def account(self) -> Account:
        """What the escrow was at the newest one."""
        return self._known[-1].account if self._known else Account()

    def advance(self, block: Block, account: Account, changes: Mapping[int, int]) -> Checkpoint:
        """Go on to a block; it is on the disk when this returns."""
        pending = Pending(block, account, changes)
        write_sealed(self.folder / PENDING, pending.encode(), PENDING)
        return self._apply(pending)

    def settle(self, block: int) -> None:
        """Nothing is to be done any more for a checkpoint, and those before it."""
        self._write([replace(each, is_settled=each.is_settled or each.block <= block) for each in self._known])

    def _finish(self) -> None:
        """Do what is left of a checkpoint that was begun."""
        path = self.folder / PENDING
        pending = Pending.decode(path.read_bytes()) if path.exists() else None
        if pending is not None and (self.last is None or pending.block.number > self.last.block):
            self._apply(pending)
        elif pending is not None:
            self._forget_pending()
        if self._tree.root != (self.last.root if self.last else empty_node(CHAIN_LEVELS)):
            raise damaged(JOURNAL, "another root than that of the tree", "the root of the newest checkpoint")

    def _apply(self, pending: Pending) -> Checkpoint:
        """Put the leaves of a checkpoint into the tree, and write down that they are there."""
        places = sorted(pending.changes)
        for start in range(0, len(places), LEAVES_AT_ONCE):
            self._tree.update({place: pending.changes[place] for place in places[start : start + LEAVES_AT_ONCE]})
        block = pending.block
        made = Checkpoint(block.number, block.hash, block.timestamp, pending.account, self._tree.root)
        self._write([*self._known, made])
        self._forget_pending()
        return made

    def _write(self, known: list[Checkpoint]) -> None:
        kept = tuple(known[-KEPT:])
        write_sealed(self.folder / JOURNAL, render_journal(kept).encode(), JOURNAL)
        self._known = kept

    def _forget_pending(self) -> None:
        (self.folder / PENDING).unlink(missing_ok=True)
        sync_folder(self.folder)


def name_folder(folder: Path, chain_id: int, escrow: bytes, from_block: int) -> None:
    """The folder is of this escrow on this chain; a new one is from now on."""
    named = {"chain_id": chain_id, "escrow": f"0x{escrow.hex()}", "from_block": from_block}
    path = folder / NAMED
    if not path.exists():
        folder.mkdir(mode=OWNER_ALONE, parents=True, exist_ok=True)
        write_sealed(path, (json.dumps({"format": STATE_FORMAT, **named}, indent=2) + "\n").encode(), NAMED)
    with Fields(read_document(path)) as fields:
        require_format(fields, STATE_FORMAT)
        found = {name: fields.take(name) for name in named}
    for name, value in named.items():
        if found[name] != value:
            raise MisuseError(Reason.WRONG_CONTEXT, f"state.{name}", found=found[name], expected=str(value))


# --- The journal -----------------------------------------------------------------------------------------


def render_journal(known: tuple[Checkpoint, ...]) -> str:
    """The checkpoints as a document."""
    rows = [
        {
            "block": each.block,
            "hash": each.hash.hex(),
            "timestamp": each.timestamp,
            "count": each.account.count,
            "chained": each.account.chained.hex(),
            "root": str(each.root),
            "settled": each.is_settled,
        }
        for each in known
    ]
    return json.dumps({"format": JOURNAL_FORMAT, "checkpoints": rows}, indent=1) + "\n"


def read_journal(path: Path) -> tuple[Checkpoint, ...]:
    """The checkpoints of a document; none where there is none yet."""
    if not path.exists():
        return ()
    with Fields(read_document(path)) as fields:
        require_format(fields, JOURNAL_FORMAT)
        known = tuple(read_checkpoint(each) for each in fields.items("checkpoints", KEPT))
    numbers = [each.block for each in known]
    if numbers != sorted(set(numbers)):
        raise MalformedError(Reason.NOT_RISING, "checkpoints", found="another order", expected="blocks that rise")
    return known


def read_checkpoint(fields: Fields) -> Checkpoint:
    """One of them."""
    most = 2**NUMBER_BITS - 1
    with fields:
        return Checkpoint(
            block=fields.integer("block", 1, most),
            hash=parse_hexadecimal(fields.text("hash"), "hash", HASH_BYTES),
            timestamp=fields.integer("timestamp", 1, most),
            account=Account(
                fields.integer("count", 0, most), parse_hexadecimal(fields.text("chained"), "chained", WORD_BYTES)
            ),
            root=parse_element(fields.text("root"), "root"),
            is_settled=fields.boolean("settled"),
        )


def damaged(name: str, found: str, expected: str) -> InternalError:
    """Somebody else than a watcher wrote to its folder."""
    return InternalError(Reason.BROKEN_INVARIANT, f"state.{name}", found=found, expected=expected)
