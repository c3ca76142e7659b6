"""Queues against a bankrupt position, as ``margin.deleverage`` ranks them and as the statement proves them.

Markets are those of ``perp_cases``; positions are drawn so that some are in profit, some in loss, and some have the
same score as another, which their leaves decide then, as a candidate's id does in ``margin``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from circuits.statements.claim import Inputs
from circuits.statements.deleverage import DeleverageWitness, QueuePosition, fill_queue, inputs_for, rank_key
from facts.commitments import CommittedPosition, PerpetualBody, commit_position
from facts.market import MarketTier, quantise_market
from facts.market_root import MarketTree
from facts.tags import Tag
from facts.tree import Tree
from margin.basket import Holding
from margin.contracts import Side
from margin.deleverage import Candidate, PnlBasis, plan_deleverage, rank_candidates
from margin.errors import MarginError
from margin.policy import MarketPolicy
from margin.position import MarketState, Position, compute_equity
from tests.circuits.statements.claims import BINDING, DOMAIN, SHALLOW, Depths, draw_element
from tests.circuits.statements.liquidation_cases import MONEY, MONEY_ASSET
from tests.circuits.statements.perp_cases import CURRENCY_ID, MARKET_ID, POLICY_HASH, draw_perp_case
from tests.margin.strategies import Chooser, SeededChooser


@dataclass(frozen=True, slots=True)
class Held:
    """A position with the leaf that it stands in."""

    position: Position
    committed: CommittedPosition

    @property
    def basket(self) -> int:
        """What its locks count for."""
        return sum(held.amount for held in self.position.basket)


@dataclass(frozen=True, slots=True)
class DeleverageCase:
    """A bankrupt position, and everybody on the other side."""

    policy: MarketPolicy
    market: MarketState
    bankrupt: Held
    others: tuple[Held, ...]
    basis: PnlBasis
    entries: int

    # --- As margin judges it -------------------------------------------------------------------------

    def queue(self) -> list[Held]:
        """Those with equity, highest score first."""
        named = {name_candidate(held): held for held in self.others}
        candidates = [Candidate(name, held.position) for name, held in named.items()]
        ranked = rank_candidates(self.policy, self.bankrupt.position, candidates, self.market, self.basis)
        return [named[each.position_id] for each in ranked]

    def taken(self, queue: Sequence[Held]) -> list[int]:
        """How many lots of each are closed."""
        candidates = [Candidate(name_candidate(held), held.position) for held in queue]
        plan = plan_deleverage(candidates, self.bankrupt.position.size)
        return [each.lots for each in plan] + [0] * (len(queue) - len(plan))

    def equity(self, held: Held) -> Fraction:
        """At the mark."""
        return compute_equity(self.policy.contract, held.position, self.market, self.policy.price_rule).total

    # --- As a venue proves it ------------------------------------------------------------------------

    def witness(
        self, queue: Sequence[Held] | None = None, taken: Sequence[int] | None = None, depths: Depths = SHALLOW
    ) -> DeleverageWitness:
        """The honest queue, cut to the places that there are; or another one."""
        queue = self.queue()[: self.entries] if queue is None else queue
        taken = self.taken(queue) if taken is None else taken
        leaves = [commit_position(held.committed) for held in dict.fromkeys((self.bankrupt, *self.others))]
        book = Tree(depths.book, leaves)

        def place(held: Held, lots: int) -> QueuePosition:
            path = book.path(leaves.index(commit_position(held.committed)))
            return QueuePosition(held.committed, path, lots, held.basket)

        front = [place(held, lots) for held, lots in zip(queue, taken, strict=True)]
        filled = fill_queue(front, self.entries, self.bankrupt.committed)
        absent = (draw_again(one, seed) for seed, one in enumerate(filled[len(front) :]))
        tier = self.tiers()[0]
        return DeleverageWitness(
            place(self.bankrupt, self.bankrupt.position.size),
            (*front, *absent),
            self.basis,
            tier,
            MarketTree(self.tiers(), depths.market).path(tier),
            DOMAIN,
            BINDING,
        )

    def inputs(self, queue: Sequence[Held] | None = None, taken: Sequence[int] | None = None) -> Inputs:
        """The inputs of the statement."""
        return inputs_for(self.witness(queue, taken))

    def tiers(self) -> tuple[MarketTier, ...]:
        """The leaves of the market."""
        return quantise_market(
            self.policy, self.market, market_id=MARKET_ID, currency_id=CURRENCY_ID, policy_hash=POLICY_HASH
        )


def draw_again(absent: QueuePosition, seed: int) -> QueuePosition:
    """An entry of no position that is the same for the same seed."""
    choose = SeededChooser(seed)
    owner, position_id, salt = (draw_element(choose) for _ in range(3))
    position = replace(absent.position, owner=owner, position_id=position_id, salt=salt)
    return QueuePosition(position, Tree(len(absent.path.levels), [commit_position(position)]).path(0), 0)


def name_candidate(held: Held) -> str:
    """An id that decides between equal scores as the statement does."""
    return f"{rank_key(held.committed):040d}"


def choose_deleverage_case(choose: Chooser, entries: int) -> DeleverageCase:
    """A case whose queue has the lots; a draw that no leaf expresses is drawn again."""
    while True:
        try:
            case = draw_deleverage_case(choose, entries)
            case.witness()
        except MarginError:
            continue
        if case.equity(case.bankrupt) <= 0:
            return case


def draw_deleverage_case(choose: Chooser, entries: int) -> DeleverageCase:
    """A market, one position that has lost everything or a little more, up to seven others."""
    drawn = draw_perp_case(choose, 0)
    policy, market = drawn.policy, replace(drawn.market, assets={MONEY: MONEY_ASSET})
    value = policy.contract.lot_value(market.price_for(drawn.position.side, policy.price_rule))
    side = drawn.position.side
    size = choose.integer(1, 40)
    case = DeleverageCase(
        policy, market, hold(choose, lots_of(choose, side, size, value)), (), choose.pick(tuple(PnlBasis)), entries
    )
    debt = -case.equity(case.bankrupt) - choose.pick((0, 1, choose.integer(0, 10**6)))
    bankrupt = replace(case.bankrupt.position, cash=Fraction(int(case.bankrupt.position.cash + debt) - 1))
    others = [
        hold(choose, lots_of(choose, side.opposite, choose.integer(1, 30), value)) for _ in range(choose.integer(1, 6))
    ]
    twins = [hold(choose, held.position) for held in others[: choose.integer(0, 1)]]
    return replace(case, bankrupt=hold(choose, bankrupt), others=(*others, *twins))


def lots_of(choose: Chooser, side: Side, size: int, value: Fraction) -> Position:
    """So many lots, opened at half to twice their value, with some cash, of which a part may be locks."""
    entry = Fraction(max(1, int(size * value * Fraction(choose.integer(50, 200), 100))))
    cash = Fraction(choose.integer(-int(entry) // 4, int(entry)))
    basket = choose.pick((0, 0, choose.integer(1, 10**6)))
    held = (Holding(MONEY, basket),) if basket else ()
    return Position(side, size, entry, cash, funding_index=choose.integer(-1000, 1000), basket=held)


def hold(choose: Chooser, position: Position) -> Held:
    """The position in a leaf of somebody's own."""
    body = PerpetualBody.of(replace(position, basket=()), MARKET_ID).encode()
    owner, position_id, salt = (draw_element(choose) for _ in range(3))
    cash = position.cash.numerator
    return Held(position, CommittedPosition(Tag.POSITION_PERP, owner, position_id, body, cash, salt))


def bulk_deleverage_cases(count: int, *, entries: int, seed: int = 0) -> Iterator[DeleverageCase]:
    """``count`` cases, the same for the same seed."""
    choose = SeededChooser(seed)
    return (choose_deleverage_case(choose, entries) for _ in range(count))
