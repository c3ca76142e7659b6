"""What `ringfence post-roots` is made of: roots that are verified here, parts that members share, posts that are due.

A registry is believed for the signatures on its facts alone, by the same document of trust as a verifier has. The
number and the moment of a post are those of its facts, never of whoever posts them: members come to the same post by
themselves, and what is old stays old on a chain.

    book, market      the fact's own number and moment
    lock              of all chains, as proofs name it at a gate: the sum of the numbers, the earliest moment
    lock, own_chain   of the chain of the contract alone, as an escrow has it: the number and the moment of its block
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum, unique
from pathlib import Path
from typing import Any, Final

from chains.contracts import RevertedError, name_refusal
from chains.gate import Quorum
from chains.roots import Board, Newest, RootBoard, RootKind, RootPost, SignedPost, read_part, render_part
from chains.shared_file import (
    FileStamp,
    list_shared_folder,
    read_shared_file,
    remove_shared_file,
    stamp_file,
    write_shared_file,
)
from chains.transactions import Receipt
from facts.lock_root import LockRoot, combine_chain_roots
from facts.roots import PublishedRoot, PublishedRoots
from facts.secp256k1 import SigningKey
from facts.signed import Signed, Statement
from margin.documents.reading import located, parse_json
from margin.errors import InternalError, MarginError, Reason, RejectedError
from ringfence.cli.fact_files import LARGEST_FACT
from ringfence.cli.relay_settings import BoardPlace
from ringfence.cli.relaying import Cargo, Follower, Round
from ringfence.client.connection import Connection
from ringfence.client.registry import Registry
from ringfence.wire.facts import decode_any
from verifier.gazette import OBSERVED, Gazette
from verifier.trust import Trust

FACT_SUFFIX: Final = ".fact"
PART_SUFFIX: Final = ".json"
LARGEST_PART: Final = 1 << 16
MOST_DUE: Final = 256
"""Posts that wait for signatures; the oldest are given up first."""

Clock = Callable[[], int]


@unique
class PostStep(StrEnum):
    """What became of a root at a contract."""

    SIGNED = "signed"
    """Here; others have to sign, too."""
    POSTED = "posted"
    WAITING = "waiting"
    """Not now; it is tried again."""
    REFUSED = "refused"
    """The contract says no for good, or the registry said what does not hold."""


@dataclass(frozen=True, slots=True)
class PostTold:
    """One line of what happens."""

    step: PostStep
    board: Board
    post: RootPost | None
    receipt: Receipt | None = None
    why: str = ""
    reason: str = ""
    """The same in one word of a few."""


# --- What the registry says ------------------------------------------------------------------------------


@dataclass(slots=True)
class Witness:
    """Verifies what a registry publishes, by what governance signed."""

    trust: Trust
    appointments: Path | None
    clock: Clock
    _seen: tuple[tuple[str, FileStamp], ...] = ()
    _gazette: Gazette | None = None

    def posts(self, published: PublishedRoots, place: BoardPlace) -> Iterator[RootPost]:
        """The roots that a contract is to be told, each verified."""
        gazette, own = self._read(), place.place.chain_id if place.own_chain else None
        for kind in place.kinds:
            if kind is RootKind.LOCK:
                yield from self._lock_posts(gazette, published.locks, own)
            else:
                root = published.book if kind is RootKind.BOOK else published.market
                for statement in self._verified(gazette, root):
                    moment = getattr(statement, OBSERVED[statement.KIND])
                    yield RootPost(kind, statement.root, statement.sequence, moment)

    def _lock_posts(self, gazette: Gazette, published: PublishedRoot | None, own: int | None) -> Iterator[RootPost]:
        """The locks of all chains, or of one alone in the tree of all."""
        facts: Sequence[LockRoot] = [
            each for each in self._verified(gazette, published) if own is None or each.chain_id == own
        ]
        if not facts or published is None:
            return
        root = combine_chain_roots({self.trust.chains[each.chain_id].slot: each.root for each in facts})
        if own is None and root != published.root:
            expected = "the root of the facts that come with it"
            raise RejectedError(Reason.WRONG_ROOT, "roots.locks", found="another one", expected=expected)
        sequence, moment = sum(each.sequence for each in facts), min(each.observed_at for each in facts)
        yield RootPost(RootKind.LOCK, root, sequence, moment)

    def _verified(self, gazette: Gazette, published: PublishedRoot | None) -> list[Any]:
        """The facts of a root, by those who may say so and fresh now."""
        statements, moment = [], self.clock()
        for data in published.facts if published else ():
            verified = gazette.verify(decode_any(data), moment)
            gazette.require_timely(verified, moment)
            statements.append(verified.statement)
        return statements

    def _read(self) -> Gazette:
        """Who speaks for what, as governance has it now."""
        folder = self.appointments
        names = list_shared_folder(folder) if folder else []
        files = sorted(folder / each for each in names if each.endswith(FACT_SUFFIX)) if folder else []
        seen = tuple((path.name, stamp_file(path)) for path in files)
        if self._gazette is None or seen != self._seen:
            self._gazette, self._seen = self._take_all(files), seen
        return self._gazette

    def _take_all(self, files: Sequence[Path]) -> Gazette:
        """What governance signed, in the order in which each can follow."""
        gazette, waiting, moment = Gazette.start(self.trust), [read_appointment(path) for path in files], self.clock()
        while waiting:
            refusal: MarginError | None = None
            rest = []
            for each in waiting:
                try:
                    gazette, _ = gazette.take(each, each.encode(), moment)
                except MarginError as error:
                    refusal = refusal or error
                    rest.append(each)
            if refusal is not None and len(rest) == len(waiting):
                raise refusal
            waiting = rest
        return gazette


def read_appointment(path: Path) -> Signed[Statement]:
    """A fact that somebody brought; one that cannot be read may be that which revokes somebody, and ends all."""
    content = read_shared_file(path, LARGEST_FACT)
    with located(path.name):
        return decode_any(content)


# --- What the contracts are told -------------------------------------------------------------------------


@dataclass(slots=True)
class Due:
    """A post that is on its way."""

    board: RootBoard
    signed: SignedPost
    why: str = ""


@dataclass(frozen=True, slots=True)
class PostRound:
    """What came of looking at everything that is under way, and what the contracts have now."""

    round: Round
    standing: Mapping[tuple[Board, RootKind], Newest]


@dataclass(slots=True)
class Poster:
    """A member of committees: signs what is verified, and posts what enough have signed."""

    places: Sequence[tuple[BoardPlace, RootBoard]]
    witness: Witness
    signer: SigningKey
    parts: Path
    tell: Callable[[PostTold], object]
    refused: int = 0
    """How often something was said that does not hold, or a contract said no."""
    published: PublishedRoots | None = None
    """What the registry said last."""
    _due: dict[tuple[Board, RootPost], Due] = field(default_factory=dict)
    _missed: dict[int, InternalError] = field(default_factory=dict)
    """Contracts, by their places, for which that could not be signed yet."""

    @property
    def waiting(self) -> int:
        """How many have not been posted yet."""
        return len(self._due) + len(self._missed)

    def take(self, published: PublishedRoots) -> None:
        """Sign what a registry publishes, where it holds and a contract does not have it."""
        self.published = published
        for number in range(len(self.places)):
            self._take(number, published)

    def attend(self) -> PostRound:
        """Gather the parts of others, post what has enough of them, and see what the contracts have then."""
        if self.published is not None:
            for number in list(self._missed):
                self._take(number, self.published)
        for name, due in list(self._due.items()):
            try:
                if self._post(due):
                    self._drop(name)
            except RevertedError as error:
                self._drop(name)
                self._refuse(due.board, due.signed.post, error)
            except (InternalError, RejectedError) as error:
                if due.why != (why := str(error)):
                    due.why = why
                    self._wait(due.board, due.signed.post, error)
        return self._look()

    def _take(self, number: int, published: PublishedRoots) -> None:
        """Sign it for one contract; what could not be done is done later, unless it is too old by then."""
        (place, board), missed = self.places[number], self._missed.pop(number, None)
        try:
            for post in self.witness.posts(published, place):
                self._sign(place, board, post)
        except InternalError as error:
            self._missed[number] = error
            if str(missed) != str(error):
                self._wait(board, None, error)
        except MarginError as error:
            if missed is None or error.reason is not Reason.TOO_OLD:
                self._refuse(board, None, error)

    def _look(self) -> PostRound:
        """What stands on the contracts; of a post that a newer one has overtaken nobody waits for signatures."""
        standing: dict[tuple[Board, RootKind], Newest] = {}
        failure: MarginError | None = next(iter(self._missed.values()), None)
        for place, board in self.places:
            for kind in place.kinds:
                try:
                    standing[board.board, kind] = board.newest(kind)
                except MarginError as error:
                    failure = failure or error
        for chain in {board.contract.chain for _, board in self.places}:
            for node in chain.apart():
                with suppress(MarginError):  # whoever listens to the chain is told
                    node.block("latest")
        none = Newest(0, 0)
        due = sum(post.moment > standing.get((board, post.kind), none).moment for board, post in self._due)
        return PostRound(Round({Cargo.ROOT: due + len(self._missed)}, failure), standing)

    def _wait(self, board: RootBoard, post: RootPost | None, error: MarginError) -> None:
        """Not now."""
        self.tell(PostTold(PostStep.WAITING, board.board, post, why=str(error), reason=name_refusal(error)))

    def _refuse(self, board: RootBoard, post: RootPost | None, error: MarginError) -> None:
        """Somebody has to look."""
        self.refused += 1
        why = str(error.complaint) if isinstance(error, RevertedError) else str(error)
        self.tell(PostTold(PostStep.REFUSED, board.board, post, why=why, reason=name_refusal(error)))

    def _sign(self, place: BoardPlace, board: RootBoard, post: RootPost) -> None:
        """Sign it once, and leave the part where the others find it."""
        name = board.board, post
        if name in self._due or board.moment_of(post.kind, post.root) >= post.moment:
            return
        if post.moment < board.newest(post.kind).moment + place.spacing_seconds:
            return
        signed = SignedPost.of(board.board, post, ()).sign(self.signer)
        self._share(signed)
        while len(self._due) >= MOST_DUE:
            del self._due[next(iter(self._due))]
        self._due[name] = Due(board, signed)
        self.tell(PostTold(PostStep.SIGNED, board.board, post))

    def _share(self, signed: SignedPost) -> None:
        """Leave the part of this member where the others find it."""
        try:
            write_shared_file(self._part_of(signed, self.signer.address), render_part(signed).encode())
        except OSError as error:
            found, expected = error.strerror or "an error", "a folder that is written to"
            raise InternalError(Reason.STORE_UNAVAILABLE, "parts", found=found, expected=expected) from None

    def _drop(self, name: tuple[Board, RootPost]) -> None:
        """Nothing more comes of it, and nobody needs the part; one that stays does no harm."""
        with suppress(OSError):
            remove_shared_file(self._part_of(self._due.pop(name).signed, self.signer.address))

    def _post(self, due: Due) -> bool:
        """Whether nothing more is to be done about it."""
        board, post = due.board, due.signed.post
        committee = board.committee(post.kind)
        due.signed = self._gather(due.signed, committee)
        if due.signed.choose(committee) is None:
            return board.moment_of(post.kind, post.root) >= post.moment
        receipt = board.post(due.signed)
        if receipt is not None:
            self.tell(PostTold(PostStep.POSTED, board.board, post, receipt))
        return True

    def _gather(self, signed: SignedPost, committee: Quorum) -> SignedPost:
        """With the parts of members; what cannot be read, or is of another post, is nobody's part."""
        for member in committee.members:
            with suppress(MarginError):
                content = read_shared_file(self._part_of(signed, member), LARGEST_PART)
                signed = signed.join(read_part(parse_json(content)))
        return signed

    def _part_of(self, signed: SignedPost, member: bytes) -> Path:
        """Where a member leaves its part."""
        return self.parts / f"{name_of(signed.board, signed.post)}-{member.hex()}{PART_SUFFIX}"


def name_of(board: Board, post: RootPost) -> str:
    """What the parts of a post are called: the contract, the kind, and the beginning of what is signed."""
    return f"{board.chain_id}-{board.contract.hex()}-{post.kind.name.lower()}-{post.digest(board).hex()[:16]}"


def post_all(
    poster: Poster, connection: Connection, round_seconds: float, attended: Callable[[PostRound], object]
) -> None:
    """Sign and post whatever holds, for as long as somebody lets it; no round counts before the registry was heard."""
    with Follower(connection, Registry().watch()) as follower:
        while True:
            change = follower.next(round_seconds)
            if change is not None:
                poster.take(change.item)
            ended = poster.attend()
            if poster.published is not None:
                attended(ended)
