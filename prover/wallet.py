"""A wallet: the secret key of a trader, and what opens each of its commitments, in one sealed file.

Its content is JSON, and its first line ``ringfence.wallet/1``; ``facts.sealed_file`` says how it is sealed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, unique
from pathlib import Path
from typing import Final, Self

from facts.commitments import CommittedPosition, Lock, commit_owner, commit_position
from facts.elements import draw_element, require_range
from facts.roots import parse_element
from facts.sealed_file import DEFAULT_COST, Cost, Seal, open_sealed, read_sealed, write_sealed
from facts.tags import Tag
from facts.transition import commit_absence
from margin.bounds import MONEY_BITS
from margin.documents.reading import Fields, parse_json
from margin.errors import MalformedError, MisuseError, Reason

MAGIC: Final = b"ringfence.wallet/1\n"
NAME: Final = "wallet"
SECRETS_FORMAT: Final = "ringfence.secrets/3"
EARLIER_FORMATS: Final = frozenset({"ringfence.secrets/1", "ringfence.secrets/2"})
"""The first is without awaited locks, documents and callers, the second without successors; both are read, and written
anew as the third."""
MOST_SUCCESSORS: Final = 64


@dataclass(frozen=True, slots=True)
class KeptLock:
    """A lock that backs a position, and the salt that hides whose it is."""

    lock: Lock = field(repr=False)
    salt: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class AwaitedLock:
    """A lock that is to be made: the escrow of its chain has still to say which of its deposits it is."""

    chain_id: int = field(repr=False)
    domain: int = field(repr=False)
    asset: int = field(repr=False)
    amount: int = field(repr=False)
    lock_owner: int = field(repr=False)
    salt: int = field(repr=False)

    def at(self, deposit_index: int) -> KeptLock:
        """The lock, as that deposit."""
        lock = Lock(self.chain_id, self.domain, self.asset, self.amount, self.lock_owner, deposit_index)
        return KeptLock(lock, self.salt)


@unique
class Standing(Enum):
    """Where the numbers of a position stand."""

    COMMITTED = "committed"
    """In its document, and in its commitment."""
    OPENING = "opening"
    """In its commitment, which no book has yet: a transition opens it."""
    CHANGED = "changed"
    """In its commitment: transitions have changed it since its document was written."""
    CLOSED = "closed"
    """Nowhere: it is no more."""


@dataclass(frozen=True, slots=True)
class Successor:
    """What may stand in the book in the place of a position: a change that was proved, whatever became of the proof."""

    salt: int = field(repr=False)
    body: int = field(repr=False, default=0)
    """None where the position was closed: no body is 0."""
    cash: int = field(repr=False, default=0)

    def open(self, committed: CommittedPosition) -> CommittedPosition | None:
        """What opens the leaf; nothing does where the position was closed."""
        return replace(committed, body=self.body, cash=self.cash, salt=self.salt) if self.body else None

    def leaf(self, committed: CommittedPosition) -> int:
        """What the book shows of it."""
        opened = self.open(committed)
        if opened is None:
            return commit_absence(committed.owner, committed.position_id, self.salt)
        return commit_position(opened)


@dataclass(frozen=True, slots=True)
class Asked:
    """The request that a position was committed by, so that the same one again has the same answer."""

    request_id: str
    digest: str
    """Of all that was asked."""


@dataclass(frozen=True, slots=True)
class KeptPosition:
    """What opens a commitment, under the name that its owner has for it."""

    committed: CommittedPosition = field(repr=False)
    locks: tuple[KeptLock, ...] = field(repr=False, default=())
    awaited: tuple[AwaitedLock, ...] = field(repr=False, default=())
    """The locks behind them that have still to be found on their chains."""
    document: str = field(repr=False, default="")
    """The document that was committed, where whoever proves is not told it again."""
    asked: Asked | None = None
    successors: tuple[Successor, ...] = field(repr=False, default=())
    """What may stand in its place; the book shows which one does."""
    standing: Standing = Standing.COMMITTED

    @property
    def amounts(self) -> list[int]:
        """Of its locks, awaited or not."""
        return [*(each.lock.amount for each in self.locks), *(each.amount for each in self.awaited)]

    @property
    def lock_owners(self) -> list[int]:
        """Whom the escrow has as the owner of each."""
        return [*(each.lock.lock_owner for each in self.locks), *(each.lock_owner for each in self.awaited)]

    @property
    def places(self) -> list[tuple[int, int, int]]:
        """Chain, asset and amount of each."""
        found = [(each.lock.chain_id, each.lock.asset, each.lock.amount) for each in self.locks]
        return [*found, *((each.chain_id, each.asset, each.amount) for each in self.awaited)]


@dataclass(slots=True)
class Secrets:
    """What a wallet holds."""

    key: int = field(repr=False, default_factory=draw_element)
    positions: dict[str, KeptPosition] = field(repr=False, default_factory=dict)
    """Committed by whoever has the passphrase."""
    callers: dict[str, dict[str, KeptPosition]] = field(repr=False, default_factory=dict)
    """Committed by callers of a prover, each of whom sees its own alone."""

    @property
    def owner(self) -> int:
        """What the key commits to."""
        return commit_owner(self.key)

    def position(self, name: str) -> KeptPosition:
        """A position by the name that its owner has for it."""
        if name not in self.positions:
            found, expected = "a position that is not in it", "one that was committed with this wallet"
            raise MisuseError(Reason.NOT_IN_TREE, "wallet", found=found, expected=expected)
        return self.positions[name]


class Wallet:
    """An open wallet."""

    def __init__(self, path: Path, seal: Seal, content: Secrets, sealed: bytes | None = None) -> None:
        self.path = path
        self.secrets = content
        self._seal = seal
        self._sealed = sealed

    @classmethod
    def create(cls, path: Path, passphrase: str, cost: Cost | None = None) -> Self:
        """A new wallet with a fresh key; it is on the disk when this returns."""
        wallet = cls(path, Seal.draw(MAGIC, passphrase, cost or DEFAULT_COST), Secrets())
        wallet.save()
        return wallet

    @classmethod
    def open(cls, path: Path, passphrase: str) -> Self:
        """The wallet in a file, if the passphrase opens it."""
        data = read_sealed(path, NAME)
        seal, content = open_sealed(data, MAGIC, passphrase, NAME)
        return cls(path, seal, read_secrets(parse_json(content)), data)

    def save(self) -> None:
        """Write the wallet anew; one that somebody else has written meanwhile is left alone."""
        self.require_unchanged()
        sealed = self._seal.close(render_secrets(self.secrets).encode())
        write_sealed(self.path, sealed, NAME)
        self._sealed = sealed

    def require_unchanged(self) -> None:
        """The file is the one that was opened, or there is none where it is new."""
        found = read_sealed(self.path, NAME) if self.path.exists() else None
        if found != self._sealed:
            expected = "the file that was opened, or none where the wallet is new"
            raise MisuseError(Reason.WRONG_FILE, NAME, found="another file in its place", expected=expected)


# --- The content -------------------------------------------------------------------------------------

LOCK_ELEMENTS: Final = ("domain", "asset", "lock_owner")
LOCK_NUMBERS: Final = ("chain_id", "amount", "deposit_index")
AWAITED_NUMBERS: Final = ("chain_id", "domain", "asset", "amount", "lock_owner", "salt")
POSITION_ELEMENTS: Final = ("owner", "position_id", "body", "salt")


def render_secrets(content: Secrets) -> str:
    """All of it as JSON, numbers in decimal digits."""
    callers = {caller: {"positions": render_positions(kept)} for caller, kept in content.callers.items()}
    positions = render_positions(content.positions)
    return json.dumps({"format": SECRETS_FORMAT, "key": str(content.key), "positions": positions, "callers": callers})


def render_positions(positions: Mapping[str, KeptPosition]) -> Mapping[str, object]:
    """What opens positions, by their names."""
    return {name: render_position(position) for name, position in positions.items()}


def render_position(position: KeptPosition) -> Mapping[str, object]:
    """What opens a position."""
    committed, asked = position.committed, position.asked
    return {
        "kind": committed.kind.name.lower(),
        "cash": committed.cash,
        **{name: str(getattr(committed, name)) for name in POSITION_ELEMENTS},
        "locks": [render_lock(each) for each in position.locks],
        "awaited": [{name: str(getattr(each, name)) for name in AWAITED_NUMBERS} for each in position.awaited],
        "document": position.document,
        "successors": [render_successor(each) for each in position.successors],
        "standing": position.standing.value,
        **({"asked": {"request_id": asked.request_id, "digest": asked.digest}} if asked else {}),
    }


def render_successor(successor: Successor) -> Mapping[str, object]:
    """What opens a position after a change."""
    return {"salt": str(successor.salt), "body": str(successor.body), "cash": successor.cash}


def render_lock(kept: KeptLock) -> Mapping[str, str]:
    """What opens a lock."""
    names = (*LOCK_ELEMENTS, *LOCK_NUMBERS)
    return {"salt": str(kept.salt), **{name: str(getattr(kept.lock, name)) for name in names}}


def read_secrets(content: object) -> Secrets:
    """What a wallet holds, checked to the last field."""
    with Fields(content) as fields:
        if fields.text("format") not in {SECRETS_FORMAT, *EARLIER_FORMATS}:
            raise MalformedError(Reason.NOT_A_CHOICE, "format", found="another one", expected=SECRETS_FORMAT)
        key = parse_element(fields.take("key"), "key")
        positions = read_positions(fields)
        callers = {caller: read_caller(entry) for caller, entry in fields.entries("callers").items()}
    return Secrets(key, positions, callers)


def read_caller(fields: Fields) -> dict[str, KeptPosition]:
    """What a caller has committed."""
    with fields:
        return read_positions(fields)


def read_positions(fields: Fields) -> dict[str, KeptPosition]:
    """What opens positions, by their names."""
    return {name: read_kept_position(entry) for name, entry in fields.entries("positions").items()}


def read_kept_position(fields: Fields) -> KeptPosition:
    """What opens a position."""
    with fields:
        kind = Tag[fields.text("kind").upper()]
        cash = fields.take("cash")
        elements = {name: parse_element(fields.take(name), name) for name in POSITION_ELEMENTS}
        locks = tuple(map(read_kept_lock, fields.items("locks")))
        awaited = tuple(map(read_awaited_lock, fields.items("awaited")))
        document = read_kept_document(fields)
        asked = read_asked(fields.inner("asked")) if fields.has("asked") else None
        successors = tuple(map(read_successor, fields.items("successors", MOST_SUCCESSORS)))
        standing = fields.choice("standing", Standing) if fields.has("standing") else Standing.COMMITTED
    committed = CommittedPosition(kind, cash=cash, **elements)  # type: ignore[arg-type] # checked by it
    return KeptPosition(committed, locks, awaited, document, asked, successors, standing)


def read_successor(fields: Fields) -> Successor:
    """What opens a position after a change."""
    with fields:
        salt, body = (parse_element(fields.take(name), name) for name in ("salt", "body"))
        bound = 2**MONEY_BITS - 1
        return Successor(salt, body, require_range(fields.take("cash"), "cash", -bound, bound, "an amount of money"))


def read_kept_lock(fields: Fields) -> KeptLock:
    """What opens a lock."""
    with fields:
        salt = parse_element(fields.take("salt"), "salt")
        numbers = {name: parse_element(fields.take(name), name) for name in (*LOCK_ELEMENTS, *LOCK_NUMBERS)}
    return KeptLock(Lock(**numbers), salt)


def read_awaited_lock(fields: Fields) -> AwaitedLock:
    """What will open a lock."""
    with fields:
        return AwaitedLock(**{name: parse_element(fields.take(name), name) for name in AWAITED_NUMBERS})


def read_kept_document(fields: Fields) -> str:
    """The document, of any length, or none."""
    document = fields.take("document") or ""
    if not isinstance(document, str):
        raise MalformedError(Reason.NOT_A_STRING, "document", found="something else", expected="a text")
    return document


def read_asked(fields: Fields) -> Asked:
    """The request of a position."""
    with fields:
        return Asked(fields.text("request_id"), fields.text("digest"))
