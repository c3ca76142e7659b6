"""Facts for development: a book, an oracle's round and locks that nobody signed, others' positions among one's own.

What is committed here is put where a venue, an oracle and an escrow would put it, so that everything from a document to
a verified proof can be tried on one machine.
"""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from facts.asset import AssetTier, name_asset, quantise_asset_tiers
from facts.commitments import commit_lock, commit_position
from facts.demand import Demand, read_demand
from facts.elements import draw_element
from facts.market_root import Fact, identify
from margin.documents.reading import read_document
from margin.errors import MisuseError, Reason
from prover.commitment import commit_request, find_deposit, find_locks, top_up
from prover.publication import Chain, Publication, read_publication, write_publication, write_text
from prover.request import Request
from prover.wallet import AwaitedLock, KeptPosition, Secrets

OTHERS: Final = 100
"""So many positions and locks of nobody stand beside one's own."""
DEMAND: Final = "demand.toml"
DEMAND_TEXT: Final = f"""# What the verifier of this folder demands; change it as you like.
format = "ringfence.demand/1"

[policy]
requirement = "maintenance"

[context]
domain = "development"
verifier = "development"
chain_id = 31337
contract = "0x{"00" * 19}01"
recipient = "0x{"00" * 19}02"
expires = "2100-01-01T00:00:00Z"
"""


def open_development(folder: Path) -> Publication:
    """The facts in a folder; made there where nothing is yet."""
    if not (folder / DEMAND).exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_publication(folder, Publication([draw_element() for _ in range(OTHERS)]))
        write_text(folder / DEMAND, DEMAND_TEXT)
    return read_publication(folder)


def read_folder_demand(folder: Path, request: Request) -> Demand:
    """What is demanded where these facts are published."""
    return read_demand(read_document(folder / DEMAND), request.subject.money_unit)


def commit_for_development(
    request: Request, owner: Secrets, publication: Publication, demand: Demand, known: KeptPosition | None = None
) -> tuple[KeptPosition, Publication]:
    """Commit to a position and its locks, and the publication in which they stand at the document's prices.

    A position that is known is topped up by the document's further locks.
    """
    domain = demand.domain_element
    kept = commit_request(request, owner, domain) if known is None else top_up(known, request, owner, domain)
    if kept is None:
        expected = "a name that the wallet does not have yet (--name), or the same position with further locks"
        raise MisuseError(Reason.DUPLICATE_FIELD, "name", found="one that is taken", expected=expected)
    published = publish_for_development(request, kept, publication)
    return find_locks(kept, published), published


def publish_for_development(request: Request, kept: KeptPosition, publication: Publication) -> Publication:
    """What venue, oracle and escrow would say of a commitment; what was said before is not said anew."""
    if publication.stored_book is not None:
        expected = "a book that is a document"
        raise MisuseError(
            Reason.NOT_APPLICABLE, "book", found="a stored tree, which its keeper changes", expected=expected
        )
    leaf = commit_position(kept.committed)
    is_known = leaf in publication.leaves
    if is_known and all(is_deposited(each, publication.chains) for each in kept.awaited):
        return publication
    chains = [Chain(each.chain_id, list(each.locks)) for each in publication.chains]
    for awaited in kept.awaited:
        deposit(awaited, chains)
    if is_known:
        return Publication(publication.leaves, replace_facts(facts_of(request), publication.facts), chains)
    leaves = insert_somewhere(publication.leaves, leaf)
    return Publication(leaves, replace_facts(publication.facts, facts_of(request)), chains)


def is_deposited(awaited: AwaitedLock, chains: Sequence[Chain]) -> bool:
    """Whether a lock stands on its chain."""
    found = (find_deposit(awaited, chain.locks) for chain in chains if chain.chain_id == awaited.chain_id)
    return any(place is not None for place in found)


def deposit(awaited: AwaitedLock, chains: list[Chain]) -> None:
    """Lock a holding of a basket on its chain, unless it is there."""
    known = {chain.chain_id: chain for chain in chains}
    if awaited.chain_id not in known:
        known[awaited.chain_id] = Chain(awaited.chain_id, [draw_element() for _ in range(OTHERS)])
        chains.append(known[awaited.chain_id])
    locks = known[awaited.chain_id].locks
    if find_deposit(awaited, locks) is None:
        locks.append(commit_lock(awaited.at(len(locks)).lock))


def facts_of(request: Request) -> list[Fact]:
    """The market and the assets of a document as an oracle would attest them."""
    subject = request.subject
    assets: list[AssetTier] = []
    for name, asset in subject.assets.items():
        asset_id = name_asset(request.place_of(name).asset)
        assets += quantise_asset_tiers(asset, asset_id=asset_id, currency_id=subject.currency_id)
    return [*subject.facts(), *assets]


def replace_facts(known: Sequence[Fact], newer: Sequence[Fact]) -> list[Fact]:
    """A round in which what is said anew stands in the place of what was said."""
    told = {identify(fact) for fact in newer}
    return [*(fact for fact in known if identify(fact) not in told), *newer]


def insert_somewhere(leaves: Sequence[int], leaf: int) -> list[int]:
    """The leaves with one more among them."""
    place = secrets.randbelow(len(leaves) + 1)
    return [*leaves[:place], leaf, *leaves[place:]]
