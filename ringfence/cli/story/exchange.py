"""The venue of the story with its book of ten thousand positions, the oracle beside it, and the escrow of a chain.

What is published lies in the folder of facts, for whoever proves; what counts is signed and handed to the registry.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from secrets import randbelow
from typing import Final

from circuits.statements.liquidation import Liquidation
from facts.asset import name_asset
from facts.book_change import BookChange
from facts.book_root import BOOK_LEVELS
from facts.commitments import CommittedPosition, Lock, commit_lock
from facts.context import name_domain
from facts.demand import Demand
from facts.elements import draw_element
from facts.position_opening import PositionOpening
from facts.stored_tree.keeper import TreeKeeper
from margin.documents.reading import parse_json
from margin.errors import InternalError, Reason
from prover.artifacts import Cache
from prover.development import facts_of, replace_facts
from prover.liquidation import LIQUIDATION_FORMAT, LiquidationPlan, plan_for, read_liquidation
from prover.place import Where
from prover.proving import Prover
from prover.publication import BOOK, STORED_BOOK, Chain, Publication, read_publication, write_publication
from prover.request import read_request
from ringfence.cli.sandbox.places import Sandbox
from ringfence.cli.sandbox.publishing import Speakers, publish_facts
from ringfence.cli.story.book import Others
from ringfence.cli.story.position import CHAIN_ID, Coin, View, write_position, write_request
from ringfence.wire.claim import UnverifiedClaim
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key

LOCKS: Final = 500
"""So many locks of others are on the chain before."""


@dataclass(slots=True)
class Exchange:
    """Who keeps the book, with what it knows; oracle and escrow are beside it."""

    sandbox: Sandbox
    keeper: TreeKeeper
    others: Others
    speakers: Speakers
    place: int
    """Where the next position stands."""
    sequence: int = 0
    """Of what was signed last."""

    @property
    def publication(self) -> Publication:
        """What lies in the folder of facts."""
        return read_publication(self.sandbox.facts)

    # --- What it publishes ---------------------------------------------------------------------------------

    def write(self, publication: Publication) -> None:
        """Put it into the folder, with the book as it is now."""
        write_publication(self.sandbox.facts, replace(publication, leaves=(), stored_book=self.keeper.newest))

    def publish(self) -> None:
        """Have it signed by venue, oracle and watchers, and told to the verifier."""
        moment = int(time.time())
        self.sequence = max(self.sequence + 1, moment)
        publish_facts(self.sandbox, self.speakers, moment, self.sequence)

    def value(self, coins: tuple[Coin, ...], mark: str) -> None:
        """The oracle's round: the market of the story at a price, and what is locked for it."""
        before, request = self.publication, read_request(write_request(coins, mark), None)
        self.write(replace(before, facts=replace_facts(before.facts, facts_of(request))))

    def enter(self, leaf: int) -> None:
        """Put a position into the book."""
        self.keeper.update({self.place: leaf})
        self.write(self.publication)

    def deposit(self, coin: Coin, lock_owner: int) -> int:
        """Lock a coin in the escrow of the chain; the leaf that the watchers see."""
        before = self.publication
        (chain,) = before.chains
        domain = name_domain(self.sandbox.terms.domain)
        lock = commit_lock(Lock(CHAIN_ID, domain, name_asset(coin.place), coin.units, lock_owner, len(chain.locks)))
        self.write(replace(before, chains=[Chain(CHAIN_ID, [*chain.locks, lock])]))
        return lock

    # --- What it does to a position that is breached -------------------------------------------------------

    def plan(self, committed: CommittedPosition, coins: tuple[Coin, ...], mark: str, place: Demand) -> LiquidationPlan:
        """As much of it as the policy says, by what its owner has told of it, and by what its locks count for."""
        view = View.at(mark, coins)
        document = {
            "format": LIQUIDATION_FORMAT,
            "position": write_position((), mark),
            "opening": parse_json(PositionOpening.of(committed).render()),
            "basket": view.units.show_money(view.evaluation.equity.basket),
        }
        return plan_for(read_liquidation(document), self.publication, Where(place.domain, place.binding))

    def prove(self, plan: LiquidationPlan) -> UnverifiedClaim:
        """That it did no more."""
        cache, statement = Cache(), Liquidation()
        artifact = cache.artifact(statement)
        zkey = cache.development_key(artifact)
        proof, values = Prover.open(artifact, zkey, allow_development_keys=True).prove(plan.inputs)
        key = extract_verifying_key(read_zkey(zkey), allow_development_keys=True)
        return UnverifiedClaim(key.id, values, proof, plan.demand)

    def succeed(self, change: BookChange) -> None:
        """Put the leaf of what is left into the place of the one that was spent."""
        for each in change.leaves:
            index = self.keeper.newest.find(each.before.leaf) if each.before else None
            if index is None:
                expected = "a leaf of the book"
                raise InternalError(Reason.NOT_IN_TREE, "book", found="another one", expected=expected)
            self.keeper.update({index: each.successor})
        self.write(self.publication)


@contextmanager
def open_exchange(sandbox: Sandbox, coins: tuple[Coin, ...], mark: str) -> Iterator[Exchange]:
    """A book with everybody else in it, and a chain with the locks of others."""
    others = Others.make_up(View.at(mark, coins))
    (sandbox.facts / BOOK).unlink()
    with TreeKeeper.create(sandbox.facts / STORED_BOOK, BOOK_LEVELS) as keeper:
        leaves = others.commit()
        place = randbelow(len(leaves) + 1)
        keeper.update({index + (index >= place): leaf for index, leaf in enumerate(leaves)})
        exchange = Exchange(sandbox, keeper, others, Speakers.open(sandbox), place)
        exchange.write(Publication(chains=[Chain(CHAIN_ID, [draw_element() for _ in range(LOCKS)])]))
        exchange.value(coins, mark)
        yield exchange
