"""A position and its locks as commitments, and its locks among those that a chain has published.

Whoever commits knows everything of a lock but which deposit of the escrow it will be. That is found where the lock's
commitment, as one deposit after the other, is what stands there.
"""

from collections.abc import Sequence
from dataclasses import replace

from facts.asset import name_asset
from facts.commitments import CommittedPosition, commit_lock, commit_lock_owner
from facts.elements import draw_element
from margin.basket import Holding
from margin.errors import MisuseError, Reason
from prover.publication import Publication
from prover.request import Request
from prover.wallet import AwaitedLock, KeptLock, KeptPosition, Secrets, Standing


def commit_request(request: Request, owner: Secrets, domain: int) -> KeptPosition:
    """What opens the commitments of a position, with an id and salts of its own, and of the locks that it awaits."""
    subject = request.subject
    committed = CommittedPosition(subject.kind, owner.owner, draw_element(), subject.body, subject.cash)
    return KeptPosition(committed, awaited=tuple(await_lock(request, each, owner, domain) for each in subject.basket))


def top_up(known: KeptPosition, request: Request, owner: Secrets, domain: int) -> KeptPosition | None:
    """The same position with further locks, where a document adds them behind those that it has; else nothing.

    A position is its commitment, of which locks are no part: its tag stays, and so does every proof about it.
    """
    committed, basket = known.committed, request.subject.basket
    subject = request.subject if known.standing is Standing.COMMITTED else request.about(known).subject
    is_same = (subject.kind, subject.body, subject.cash) == (committed.kind, committed.body, committed.cash)
    said, has = [place_holding(request, each) for each in basket], known.places
    if not is_same or len(said) <= len(has) or said[: len(has)] != has:
        return None
    further = tuple(await_lock(request, each, owner, domain) for each in basket[len(has) :])
    return replace(known, awaited=(*known.awaited, *further))


def place_holding(request: Request, holding: Holding) -> tuple[int, int, int]:
    """Chain, asset and amount of a lock, as a wallet has them."""
    place = request.place_of(holding.asset)
    return place.chain_id, name_asset(place.asset), holding.amount


def count_locks(kept: KeptPosition, places: Sequence[int], count: int) -> KeptPosition:
    """The position as a proof sees it that counts these of its locks, or the first so many where none is named."""
    if not places:
        return replace(kept, locks=kept.locks[:count])
    if len(set(places)) < len(places) or any(not 0 <= place < len(kept.locks) for place in places):
        found, expected = (
            ", ".join(map(str, places)),
            f"locks of the position from 0 to {len(kept.locks) - 1}, each once",
        )
        raise MisuseError(Reason.NOT_IN_TREE, "locks", found=found, expected=expected)
    return replace(kept, locks=tuple(kept.locks[place] for place in places))


def await_lock(request: Request, holding: Holding, owner: Secrets, domain: int) -> AwaitedLock:
    """A lock of a holding, under an owner that no other lock has."""
    place, salt = request.place_of(holding.asset), draw_element()
    lock_owner = commit_lock_owner(owner.key, salt)
    return AwaitedLock(place.chain_id, domain, name_asset(place.asset), holding.amount, lock_owner, salt)


def find_locks(kept: KeptPosition, publication: Publication) -> KeptPosition:
    """The position with all of its locks, each as the deposit that it is."""
    if not kept.awaited:
        return kept
    chains = {chain.chain_id: chain.locks for chain in publication.chains}
    found = tuple(find_lock(each, chains.get(each.chain_id, ())) for each in kept.awaited)
    return replace(kept, locks=(*kept.locks, *found), awaited=())


def find_lock(awaited: AwaitedLock, locks: Sequence[int]) -> KeptLock:
    """A lock among those of its chain."""
    index = find_deposit(awaited, locks)
    if index is None:
        expected = "every lock of the position on its chain"
        raise MisuseError(Reason.NOT_IN_TREE, "lock", found="one that is not there", expected=expected)
    return awaited.at(index)


def find_deposit(awaited: AwaitedLock, locks: Sequence[int]) -> int | None:
    """Which deposit of its chain a lock is; the newest are looked at first."""
    places = range(len(locks) - 1, -1, -1)
    return next((place for place in places if locks[place] == commit_lock(awaited.at(place).lock)), None)
