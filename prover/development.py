"""Facts for development: a book, an oracle's round and locks that nobody signed, others' positions among one's own.

What is committed here is put where a venue, an oracle and an escrow would put it, so that everything from a document to
a verified proof can be tried on one machine.
"""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from facts.asset import AssetTier, name_asset, quantise_asset_tiers
from facts.commitments import (
    CommittedPosition,
    Lock,
    commit_lock,
    commit_lock_owner,
    commit_position,
)
from facts.demand import Demand, read_demand
from facts.elements import draw_element
from facts.market_root import Fact, identify
from margin.documents.reading import read_document
from prover.publication import Chain, Publication, read_publication, write_publication, write_text
from prover.request import Request
from prover.wallet import KeptLock, KeptPosition, Secrets

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
    request: Request, owner: Secrets, publication: Publication, demand: Demand
) -> tuple[KeptPosition, Publication]:
    """Commit to a position and its locks, and the publication in which they stand at the document's prices."""
    chains = [Chain(each.chain_id, list(each.locks)) for each in publication.chains]
    locks = tuple(deposit(request, owner, chains, demand.domain_element))
    committed = commit_request(request, owner)
    leaves = insert_somewhere(publication.leaves, commit_position(committed))
    facts = replace_facts(publication.facts, facts_of(request))
    return KeptPosition(committed, locks), Publication(leaves, facts, chains)


def commit_request(request: Request, owner: Secrets) -> CommittedPosition:
    """The commitment of a position, with an id and a salt of its own."""
    subject = request.subject
    return CommittedPosition(subject.kind, owner.owner, draw_element(), subject.body, subject.cash)


def deposit(request: Request, owner: Secrets, chains: list[Chain], domain: int) -> list[KeptLock]:
    """Lock every holding of the basket on its chain; the chains are changed."""
    known = {chain.chain_id: chain for chain in chains}
    kept = []
    for holding in request.subject.basket:
        place = request.place_of(holding.asset)
        if place.chain_id not in known:
            known[place.chain_id] = Chain(place.chain_id, [draw_element() for _ in range(OTHERS)])
            chains.append(known[place.chain_id])
        locks, salt = known[place.chain_id].locks, draw_element()
        owner_element = commit_lock_owner(owner.key, salt)
        lock = Lock(place.chain_id, domain, name_asset(place.asset), holding.amount, owner_element, len(locks))
        locks.append(commit_lock(lock))
        kept.append(KeptLock(lock, salt))
    return kept


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
