"""What changes a position: one pure function for each thing that can happen to it.

Each takes a position in its market and returns a ``Transition``: the position before and after, and a
ledger of what flowed, checked when it is made. Two sums must come out exactly:

    cash before   = cash after   + sum of the cash that flowed out
    equity before = equity after + sum of (cash that flowed out - claims that it met)

The second says that settling a claim moves no value: funding that is owed and profit that stands at
the mark are in the equity already, and paying them only turns them into cash.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from math import ceil, floor

from margin.amounts import render_exact
from margin.bounds import require_integer, require_money, require_money_at_least_zero, require_size
from margin.contracts import Contract
from margin.errors import InternalError, MalformedError, MisuseError, Reason, RejectedError
from margin.liquidation import compute_closeout, is_liquidatable
from margin.policy import MarketPolicy
from margin.position import MarketState, Position, compute_equity, compute_notional
from margin.requirement import RequirementKind, compute_requirement, require_leverage
from margin.sizing import compute_minimum_cash


class Party(Enum):
    """Who stands on the other end of a flow."""

    TRADER = "trader"
    """The trader's own wallet."""

    SILO = "silo"
    """Another isolated position of the same trader."""

    FUNDING_POOL = "funding_pool"
    MARKET = "market"
    """Whoever is on the other side of a trade: he pays its profit and receives its loss."""

    FEES = "fees"
    INSURANCE_FUND = "insurance_fund"
    """Receives penalties, pays bankruptcy gaps."""

    BASKET = "basket"
    """Locked assets that are turned into cash at what they count for."""

    COUNTERPARTIES = "counterparties"
    """Those who are deleveraged for what the insurance fund can't pay."""


@dataclass(frozen=True, slots=True)
class Flow:
    """``cash`` leaves the position (negative: comes in) and ``claim`` on it is met (negative: its own claim)."""

    party: Party
    cash: Fraction
    claim: Fraction = Fraction(0)

    @property
    def net(self) -> Fraction:
        """What the position is poorer by."""
        return self.cash - self.claim


@dataclass(frozen=True, slots=True)
class Transition:
    """A position before and after (None: it is gone), its equity at the mark, and what flowed."""

    before: Position
    after: Position | None
    equity_before: Fraction
    equity_after: Fraction
    flows: tuple[Flow, ...]

    def __post_init__(self) -> None:
        """Money is conserved, in cash and in value."""
        cash_after = self.after.cash if self.after else Fraction(0)
        require_balance("cash", self.before.cash - cash_after, paid(self.flows))
        require_balance(
            "equity", self.equity_before - self.equity_after, sum((flow.net for flow in self.flows), Fraction(0))
        )

    def remaining(self) -> Position:
        """The position after, where a transition can't have ended it."""
        if self.after is None:
            raise MisuseError(Reason.NOT_APPLICABLE, "after", found="no position", expected="a position that goes on")
        return self.after

    def paid_to(self, party: Party) -> Fraction:
        """The cash that ``party`` received; negative where it paid."""
        return paid(flow for flow in self.flows if flow.party is party)


def paid(flows: Iterable[Flow]) -> Fraction:
    """The cash that flowed out, in sum."""
    return sum((flow.cash for flow in flows), Fraction(0))


def require_balance(field: str, given_up: Fraction, flowed: Fraction) -> None:
    """What a position gave up is what flowed out of it."""
    if given_up != flowed:
        raise InternalError(Reason.BROKEN_INVARIANT, field, found=flowed, expected=f"flows of {given_up}")


def conclude(
    policy: MarketPolicy, market: MarketState, before: Position, after: Position | None, flows: Iterable[Flow]
) -> Transition:
    """The transition with the equity of both ends, computed from the positions and not from the flows."""
    return Transition(
        before,
        after,
        equity_of(policy, before, market),
        equity_of(policy, after, market) if after else Fraction(0),
        tuple(flow for flow in flows if flow.cash or flow.claim),
    )


def equity_of(policy: MarketPolicy, position: Position, market: MarketState) -> Fraction:
    """The equity of ``position`` at the mark."""
    return compute_equity(policy.contract, position, market, policy.price_rule).total


# --- Collateral ---------------------------------------------------------------------------------


def top_up(policy: MarketPolicy, position: Position, market: MarketState, amount: Fraction) -> Transition:
    """Add ``amount`` of cash: always allowed, for more collateral harms nobody."""
    require_amount(amount)
    after = replace(position, cash=position.cash + amount)
    return conclude(policy, market, position, after, [Flow(Party.TRADER, -amount)])


def compute_withdrawable(policy: MarketPolicy, position: Position, market: MarketState) -> Fraction:
    """The most that can be taken out: afterwards equity >= max(initial requirement, floor * notional).

    Never negative. Profit that is not realised counts, as on Hyperliquid: what is withdrawn against it
    leaves the cash negative.
    """
    least_cash = compute_minimum_cash(policy, position, market, RequirementKind.INITIAL)
    if least_cash is None:
        return Fraction(0)
    notional = compute_notional(policy.contract, position, market, policy.price_rule)
    above_floor = equity_of(policy, position, market) - policy.withdrawal_floor_rate * notional
    return max(Fraction(0), min(position.cash - least_cash, above_floor))


def withdraw(policy: MarketPolicy, position: Position, market: MarketState, amount: Fraction) -> Transition:
    """Take ``amount`` of cash out, where what stays is enough to open the position anew."""
    return release(policy, position, market, amount, Party.TRADER)


def release(
    policy: MarketPolicy, position: Position, market: MarketState, amount: Fraction, receiver: Party
) -> Transition:
    """Pay ``amount`` out of a position to ``receiver``; the initial requirement must hold afterwards."""
    require_amount(amount)
    most = compute_withdrawable(policy, position, market)
    if amount > most:
        raise RejectedError(
            Reason.INSUFFICIENT_MARGIN,
            "amount",
            found=render_exact(amount),
            expected=f"at most {render_exact(most)}, which is {render_exact(amount - most)} less",
        )
    after = replace(position, cash=position.cash - amount)
    return conclude(policy, market, position, after, [Flow(receiver, amount)])


@dataclass(frozen=True, slots=True)
class Silo:
    """A position with the market it is in and that market's policy."""

    policy: MarketPolicy
    position: Position
    market: MarketState


@dataclass(frozen=True, slots=True)
class Move:
    """Collateral that went from one silo to another: what one gave is what the other got."""

    sender: Transition
    receiver: Transition

    def __post_init__(self) -> None:
        """Nothing is lost on the way, and nothing but cash moves."""
        require_balance("receiver", self.sender.paid_to(Party.SILO), -self.receiver.paid_to(Party.SILO))
        for field, transition in (("sender", self.sender), ("receiver", self.receiver)):
            after = transition.after
            if after is None or replace(after, cash=transition.before.cash) != transition.before:
                raise InternalError(Reason.BROKEN_INVARIANT, field, found=after, expected="the same but for its cash")


def move_collateral(sender: Silo, receiver: Silo, amount: Fraction) -> Move:
    """Move ``amount`` of cash between two positions of one trader.

    The sender is treated as in a withdrawal: it must still hold its initial requirement. The receiver
    gets exactly the amount, healthy or not.
    """
    given = release(sender.policy, sender.position, sender.market, amount, Party.SILO)
    richer = replace(receiver.position, cash=receiver.position.cash + amount)
    flows = [Flow(Party.SILO, -amount)]
    return Move(given, conclude(receiver.policy, receiver.market, receiver.position, richer, flows))


def require_amount(amount: Fraction) -> Fraction:
    """An amount that is moved is above zero."""
    if amount <= 0:
        raise MalformedError(Reason.OUT_OF_BOUNDS, "amount", found=amount, expected="an amount above 0")
    return require_money(amount, "amount")


# --- Funding ------------------------------------------------------------------------------------


def settle_funding(policy: MarketPolicy, position: Position, market: MarketState) -> Transition:
    """Pay (or receive) the funding owed since the position last settled, out of its own cash.

    Lots change only after that: funding is rounded for the whole size, and a remainder of lots that
    kept the old index would be rounded anew.
    """
    flow = funding_flow(policy, position, market)
    after = replace(position, cash=position.cash - flow.cash, funding_index=market.funding_index)
    return conclude(policy, market, position, after, [flow])


def funding_flow(policy: MarketPolicy, position: Position, market: MarketState) -> Flow:
    """The funding owed: cash that meets a claim the equity has counted already."""
    owed = compute_equity(policy.contract, position, market, policy.price_rule).funding_owed
    return Flow(Party.FUNDING_POOL, owed, owed)


# --- Lots ---------------------------------------------------------------------------------------


def close_lots(policy: MarketPolicy, position: Position, market: MarketState, lots: int, price: Fraction) -> Transition:
    """Close ``lots`` of the position at ``price`` and pay the closing fee.

    Profit is realised against the same share of the entry notional. What remains must hold its
    maintenance requirement or at least be no worse than before (``improves``). All lots may be closed
    as long as the cash pays for it; the trader then gets the cash that is left, and his basket.
    """
    require_lots(lots, position)
    fee = policy.closing_fee_rate * policy.contract.notional(lots, price)
    flows = [*realise(policy, position, market, lots, price), Flow(Party.FEES, fee)]
    if lots == position.size:
        return conclude(policy, market, position, None, [*flows, hand_back(policy, position, market, flows)])
    after = remain(position, market, lots, flows)
    require_improvement(policy, position, after, market)
    return conclude(policy, market, position, after, flows)


def realise(
    policy: MarketPolicy, position: Position, market: MarketState, lots: int, price: Fraction
) -> tuple[Flow, ...]:
    """What flows when ``lots`` are closed at ``price``, before any fee: funding, then profit or loss.

    The profit that stands at the mark is in the equity; only what the price gives beyond it is new.
    """
    entry = position.entry_notional * lots / position.size
    marked = policy.contract.notional(lots, market.price_for(position.side, policy.price_rule))
    profit = policy.contract.pnl(position.side, entry, policy.contract.notional(lots, price))
    standing = policy.contract.pnl(position.side, entry, marked)
    return funding_flow(policy, position, market), Flow(Party.MARKET, -profit, -standing)


def remain(position: Position, market: MarketState, lots: int, flows: Iterable[Flow]) -> Position:
    """The position without ``lots``, its funding settled and its cash after ``flows``."""
    return replace(
        position,
        size=position.size - lots,
        entry_notional=position.entry_notional * (position.size - lots) / position.size,
        cash=position.cash - paid(flows),
        funding_index=market.funding_index,
    )


def hand_back(policy: MarketPolicy, position: Position, market: MarketState, flows: Iterable[Flow]) -> Flow:
    """What a trader gets of a position he has closed: the cash that is left, and his basket."""
    left = position.cash - paid(flows)
    if left < 0:
        raise RejectedError(
            Reason.INSUFFICIENT_MARGIN,
            "cash",
            found=render_exact(position.cash),
            expected=f"{render_exact(-left)} more, to pay for the close",
        )
    basket = compute_equity(policy.contract, position, market, policy.price_rule).basket
    return Flow(Party.TRADER, left, -basket)


def improves(policy: MarketPolicy, before: Position, after: Position, market: MarketState) -> bool:
    """Whether ``after`` is healthy, or smaller than ``before`` and no nearer to ruin for its size.

    StarkEx's rule of a lawful transition: the maintenance requirement is met, or the position has not
    grown and equity / requirement has not fallen, written without a division:

        equity_0 * requirement_1 <= equity_1 * requirement_0
    """
    kind = RequirementKind.MAINTENANCE
    equity_after, needed_after = (
        equity_of(policy, after, market),
        compute_requirement(policy, after, market, kind).total,
    )
    if equity_after >= needed_after:
        return True
    if after.side is not before.side or after.size > before.size:
        return False
    equity_before = equity_of(policy, before, market)
    return equity_before * needed_after <= equity_after * compute_requirement(policy, before, market, kind).total


def require_improvement(policy: MarketPolicy, before: Position, after: Position, market: MarketState) -> None:
    """A position may only be changed into one that is healthy or no worse."""
    if not improves(policy, before, after, market):
        needed = compute_requirement(policy, after, market, RequirementKind.MAINTENANCE).total
        equity = equity_of(policy, after, market)
        raise RejectedError(
            Reason.INSUFFICIENT_MARGIN,
            "equity",
            found=render_exact(equity),
            expected=f"{render_exact(needed - equity)} more, to maintain the {after.size} lots that stay",
        )


def increase(
    policy: MarketPolicy, position: Position, market: MarketState, lots: int, price: Fraction, *, cash: Fraction
) -> Transition:
    """Open ``lots`` more at ``price`` with ``cash`` (at least 0) of further collateral.

    Afterwards the whole position must hold the initial requirement, the cap and the leverage limit.
    """
    added = policy.contract.notional(require_size(lots, "lots"), price)
    require_money_at_least_zero(cash, "cash")
    flows = [
        funding_flow(policy, position, market),
        Flow(Party.TRADER, -cash),
        Flow(Party.MARKET, Fraction(0), open_gain(policy, position, market, lots, price)),
    ]
    after = replace(
        position,
        size=position.size + lots,
        entry_notional=position.entry_notional + added,
        cash=position.cash - paid(flows),
        funding_index=market.funding_index,
    )
    require_leverage(policy, after, market)
    require_initial(policy, after, market, cash)
    return conclude(policy, market, position, after, flows)


def open_gain(policy: MarketPolicy, position: Position, market: MarketState, lots: int, price: Fraction) -> Fraction:
    """The profit at the mark of ``lots`` opened just now at ``price``; negative at a price worse than the mark."""
    marked = policy.contract.notional(lots, market.price_for(position.side, policy.price_rule))
    return policy.contract.pnl(position.side, policy.contract.notional(lots, price), marked)


def require_initial(policy: MarketPolicy, position: Position, market: MarketState, brought: Fraction) -> None:
    """The initial requirement holds with all the cash, of which ``brought`` came last."""
    least = compute_minimum_cash(policy, position, market, RequirementKind.INITIAL)
    if least is None or position.cash < least:
        missing = (
            "a smaller size: no cash is enough" if least is None else f"{render_exact(least - position.cash)} more"
        )
        raise RejectedError(
            Reason.INSUFFICIENT_MARGIN,
            "cash",
            found=render_exact(brought),
            expected=f"{missing}, the initial requirement of {position.size} lots",
        )


def require_lots(lots: int, position: Position) -> int:
    """At least one lot and at most all of them."""
    return require_integer(lots, "lots", 1, position.size, "lots")


# --- Liquidation --------------------------------------------------------------------------------


def close_out(
    policy: MarketPolicy,
    position: Position,
    market: MarketState,
    price: Fraction,
    insurance_fund: Fraction,
    *,
    closing_fee: bool = True,
) -> Transition:
    """Liquidate the whole position at ``price``.

    The basket is sold for what it counts. Fee and penalty are paid out of what is left and the rest is
    returned; what is missing comes from the insurance fund, and from counterparties beyond that.
    """
    require_liquidatable(policy, position, market)
    charged = policy if closing_fee else replace(policy, closing_fee_rate=Fraction(0))
    closeout = compute_closeout(charged, position, market, price, insurance_fund)
    basket = compute_equity(policy.contract, position, market, policy.price_rule).basket
    flows = [
        *realise(policy, position, market, position.size, price),
        Flow(Party.BASKET, -basket, -basket),
        Flow(Party.FEES, closeout.fee),
        Flow(Party.INSURANCE_FUND, closeout.penalty - closeout.insurance_draw),
        Flow(Party.COUNTERPARTIES, -closeout.uncovered),
        Flow(Party.TRADER, closeout.returned),
    ]
    return conclude(policy, market, position, None, flows)


def require_liquidatable(policy: MarketPolicy, position: Position, market: MarketState) -> None:
    """Nobody may be liquidated who holds the maintenance requirement."""
    if not is_liquidatable(policy, position, market):
        needed = compute_requirement(policy, position, market, RequirementKind.MAINTENANCE).total
        raise RejectedError(
            Reason.NOT_LIQUIDATABLE,
            "equity",
            found=render_exact(equity_of(policy, position, market)),
            expected=f"less than the maintenance requirement of {render_exact(needed)}",
        )


# --- Commitment ---------------------------------------------------------------------------------


def round_against_trader(contract: Contract, position: Position) -> Position:
    """The position in whole money units, as it is committed to, and never in the trader's favour.

    The entry notional is rounded up on every side, so that no requirement on the entry basis falls and
    no floor of a step table is slipped under. That moves the profit by as much, up for a position that
    gains as its notional falls and down for the others; the cash makes up for it, and is rounded down:

        entry' = ceil(entry)     cash' = floor(cash + slope * (entry' - entry))

    At every price the equity falls by the same amount, less than one unit.
    """
    entry = Fraction(ceil(position.entry_notional))
    shift = contract.notional_slope(position.side) * (entry - position.entry_notional)
    return replace(position, entry_notional=entry, cash=Fraction(floor(position.cash + shift)))
