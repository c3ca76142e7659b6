"""A venue and an oracle: the book with the positions that traders show, the round of prices, and both of them signed.

Beside them the locks of the chain lie as its watchers have them, for traders who prove: whoever reads the chain can
write them down, and they count for nothing unless their root is the one that the watchers have signed.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from facts.book_root import BookRoot
from facts.feed import FeedPrice
from facts.lock_root import chain_root
from facts.market_round import MarketRound
from margin.documents.reading import parse_json
from prover.development import facts_of, insert_somewhere, replace_facts
from prover.publication import Chain, Publication, read_publication, write_publication
from prover.request import read_request
from ringfence.cli.connection import open_connection
from ringfence.cli.sandbox.parties import sign_together
from ringfence.cli.sandbox.places import FEED, ORACLE_SCOPE, VENUE_SCOPE, Sandbox
from ringfence.cli.sandbox.publishing import Speakers, committee_of, find_price, revalue
from ringfence.client.registry import Registry


@dataclass(slots=True)
class Venue:
    """Who keeps the book; the oracle sits beside it."""

    sandbox: Sandbox
    others: Sequence[Sandbox]
    """Further verifiers, which are told the same."""
    speakers: Speakers
    sequence: int = 0
    """Of what was signed last."""

    @property
    def publication(self) -> Publication:
        """What lies in the folder of facts."""
        return read_publication(self.sandbox.facts)

    def enter(self, document: bytes, commitment: int) -> None:
        """Put a position into the book; its market and its assets are in the round from now on."""
        before = self.publication
        request = read_request(parse_json(document), None)
        leaves = insert_somewhere(before.leaves, commitment)
        self._write(replace(before, leaves=leaves, facts=replace_facts(before.facts, facts_of(request))))

    def move_mark(self, document: bytes, mark: str) -> None:
        """Let the price of a document's market be another one; nobody has signed it yet."""
        before = self.publication
        request = read_request(revalue(parse_json(document), self.sandbox.facts, mark), None)
        self._write(replace(before, facts=replace_facts(before.facts, request.subject.facts())))

    def write_locks(self, chain_id: int, locks: Sequence[int]) -> int:
        """The locks of a chain, for whoever proves; the root that its watchers have to have signed."""
        before = self.publication
        chains = [Chain(chain_id, list(locks)) if each.chain_id == chain_id else each for each in before.chains]
        after = replace(before, chains=chains)
        self._write(after)
        return chain_root(after.locks, self.sandbox.terms.chains.index(chain_id))

    def publish(self) -> None:
        """Sign book and round as they are, and hand them to every verifier."""
        signed = self.sign()
        for sandbox in (self.sandbox, *self.others):
            for role, fact in signed:
                self.hand_over(sandbox, role, fact)

    def hand_over(self, sandbox: Sandbox, role: str, fact: bytes) -> None:
        """Tell a verifier what was signed, as somebody of a role."""
        with open_connection(None, sandbox.client_settings(role), None) as connection:
            connection.ask(Registry().publish(fact))

    def sign(self) -> list[tuple[str, bytes]]:
        """Each fact with the role of who publishes it."""
        publication, moment = self.publication, int(time.time())
        self.sequence = max(self.sequence + 1, moment)
        oracle, venue = (committee_of(self.sandbox, scope).digest for scope in (ORACLE_SCOPE, VENUE_SCOPE))
        price = FeedPrice(FEED, find_price(publication.facts), 0, moment)
        prices = MarketRound(ORACLE_SCOPE, oracle, self.sequence, moment, publication.round.root, (price,))
        book = BookRoot(VENUE_SCOPE, venue, self.sequence, moment, publication.book.root)
        return [
            ("oracle", sign_together(prices, self.speakers.oracle).encode()),
            ("venue", sign_together(book, self.speakers.venue).encode()),
        ]

    def _write(self, publication: Publication) -> None:
        write_publication(self.sandbox.facts, publication)
