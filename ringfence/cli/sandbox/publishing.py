"""Says what is in the folder of facts, as venue, oracle and watchers would: signed, and handed to the registry.

The seconds since 1970 are the sequence of every root and the number of every block, so that nothing has to be
remembered between one time and the next; who publishes more often than that counts on from them.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from facts.book_root import BookRoot
from facts.committee import Committee
from facts.committee_document import read_committee
from facts.ed25519 import SigningKey
from facts.feed import FeedPrice
from facts.lock_root import LockRoot, chain_root, name_chain
from facts.market import MarketTier
from facts.market_root import Fact, identify
from facts.market_round import MarketRound
from margin.contracts import Contract
from margin.documents.reading import read_document
from margin.errors import MalformedError, MisuseError, Reason
from prover.development import replace_facts
from prover.publication import Publication, read_publication, write_publication
from prover.request import REQUEST_FORMAT, read_request
from ringfence.cli.connection import open_connection
from ringfence.cli.sandbox.parties import sign_together
from ringfence.cli.sandbox.places import FEED, ORACLE_SCOPE, VENUE_SCOPE, Sandbox
from ringfence.client.registry import Registry

ONE_TICK = 1


@dataclass(frozen=True, slots=True)
class Speakers:
    """The opened keys of everybody who publishes."""

    venue: Sequence[SigningKey]
    oracle: Sequence[SigningKey]
    watchers: Sequence[SigningKey]

    @classmethod
    def open(cls, sandbox: Sandbox) -> "Speakers":
        """All of them; each passphrase lies beside its key."""
        oracle, watchers = ([party.open_member() for party in each] for each in (sandbox.oracle, sandbox.watchers))
        return cls([sandbox.venue.open_member()], oracle, watchers)


def publish_now(sandbox: Sandbox, speakers: Speakers) -> dict[str, str]:
    """The roots as of this second, which is over afterwards: whoever publishes next has a number of its own."""
    moment = int(time.time())
    roots = publish_facts(sandbox, speakers, moment)
    time.sleep(max(0.0, moment + 1 - time.time()))
    return roots


def publish_facts(sandbox: Sandbox, speakers: Speakers, moment: int, sequence: int | None = None) -> dict[str, str]:
    """The roots of the folder as they are now, published; by their names."""
    publication = read_publication(sandbox.facts)
    for role, signed in sign_facts(sandbox, speakers, publication, moment, sequence or moment):
        with open_connection(None, sandbox.client_settings(role), None) as connection:
            connection.ask(Registry().publish(signed))
    roots = publication.roots
    return {"book": f"{roots.book:064x}", "market": f"{roots.market:064x}", "locks": f"{roots.lock:064x}"}


def sign_facts(
    sandbox: Sandbox, speakers: Speakers, publication: Publication, moment: int, sequence: int
) -> Iterator[tuple[str, bytes]]:
    """Each fact with the role of who publishes it: locks before the positions that have them."""
    for slot, chain_id in enumerate(sandbox.terms.chains):
        digest, root = committee_of(sandbox, name_chain(chain_id)).digest, chain_root(publication.locks, slot)
        block = sha256(f"{chain_id} {sequence}".encode()).digest()
        lock_root = LockRoot(chain_id, digest, sequence, block, sequence, moment, root)
        yield "watcher", sign_together(lock_root, speakers.watchers).encode()
    digest = committee_of(sandbox, ORACLE_SCOPE).digest
    price = FeedPrice(FEED, find_price(publication.facts), 0, moment)
    market_round = MarketRound(ORACLE_SCOPE, digest, sequence, moment, publication.round.root, (price,))
    yield "oracle", sign_together(market_round, speakers.oracle).encode()
    digest = committee_of(sandbox, VENUE_SCOPE).digest
    book_root = BookRoot(VENUE_SCOPE, digest, sequence, moment, publication.book.root)
    yield "venue", sign_together(book_root, speakers.venue).encode()


def move_mark(folder: Path, document: Path, mark: str) -> None:
    """The round in the folder, with the market of a document valued anew; nobody has signed it yet."""
    publication = read_publication(folder)
    request = read_request(revalue(read_document(document), document.parent, mark), document.parent)
    newer = request.subject.facts()
    told = [fact for fact in publication.facts if identify(fact) in {identify(each) for each in newer}]
    if not told:
        expected = "a document that was committed"
        raise MisuseError(Reason.UNKNOWN_MARKET, "market", found="one that is in no round", expected=expected)
    if contracts_of(told) != contracts_of(newer):
        expected = "a price on the grid on which the position was committed"
        raise MalformedError(Reason.NOT_ON_GRID, "mark", found=mark, expected=expected)
    write_publication(folder, replace(publication, facts=replace_facts(publication.facts, newer)))


def contracts_of(facts: Sequence[Fact]) -> set[Contract]:
    """In which units markets count: where a policy has none, they follow from the numbers of a document."""
    return {fact.contract for fact in facts if isinstance(fact, MarketTier)}


def revalue(content: object, folder: Path, mark: str) -> dict[str, object]:
    """A position, or a request with one, at another mark."""
    found = content if isinstance(content, dict) else {}
    if found.get("format") == REQUEST_FORMAT:
        position = found.get("position")
        inner = read_document(folder / position) if isinstance(position, str) else position
        return {**found, "position": revalue(inner, folder, mark)}
    prices = found.get("prices")
    return {**found, "prices": {**(prices if isinstance(prices, dict) else {}), "mark": mark}}


def find_price(facts: Sequence[Fact]) -> int:
    """Of the one feed of a sandbox: where the first market of the round is valued."""
    return next((fact.low_price for fact in facts if isinstance(fact, MarketTier)), ONE_TICK)


def committee_of(sandbox: Sandbox, scope: str) -> Committee:
    """Who speaks for something."""
    return read_committee(read_document(sandbox.committee(scope)))
