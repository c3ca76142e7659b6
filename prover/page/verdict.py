"""Whether a position holds what a proof would say of it: asked before anything is proved.

The same comparisons as the statements make, by ``margin``:

    perp           equity >= requirement * (1 + buffer), at the attested price after the policy's shock
    defined_risk   equity >= 0,  a greatest loss at expiry,  equity >= greatest loss * (1 + buffer)
    scenario       equity >= (short minimums + max(0, -outcome)) * (1 + buffer) in every scenario

and the basket counts for the least value that is demanded; the two latter have none, and know no shock.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from facts.policy import StatementPolicy
from margin.amounts import Rounding, render_exact, render_rounded
from margin.bounds import PPM
from margin.documents.netting_report import name_scenarios
from margin.documents.position_document import PositionDocument
from margin.errors import Reason, RejectedError
from margin.payoff import Unlimited
from margin.position import compute_equity
from margin.requirement import compute_requirement
from prover.option_structure import OptionStructure
from prover.page.expiry_outlook import CoveredStructure, near_end, worst_ranges
from prover.page.price_outlook import attest
from prover.page.scenario_outlook import CoveredSet
from prover.perpetual import Perpetual
from prover.portfolio import Portfolio
from prover.request import Request
from prover.rules import describe_rule
from prover.witness import Situation

COVERS, COUNTS, NO_SHOCK = "equity_covers_requirement", "basket_covers_least_value", "policy_has_no_shock"
NOT_NEGATIVE, LIMITED, COVERS_LOSS = "equity_is_not_negative", "loss_is_limited", "equity_covers_worst_loss"
COVERS_MINIMUMS, COVERS_SCENARIO = "equity_covers_short_minimums", "equity_covers_scenario"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Equity against what is asked, in the currency."""

    equity: Fraction
    asked: Fraction | None
    """The requirement with the buffer on top; nothing where no amount would do."""
    broken: str | None
    """The rule that the position breaks, if it breaks one."""
    money_unit: Fraction
    price: str | None
    """Where it was valued, if at a price."""
    scenario: str | None = None
    """The scenario that asks for most, if there are scenarios."""

    def require_holds(self) -> None:
        """Refuse what no proof can be made of."""
        if self.broken is not None:
            found, expected = "one that breaks a rule", describe_rule(self.broken)
            raise RejectedError(Reason.INSUFFICIENT_MARGIN, "position", found=found, expected=expected)

    def report(self) -> dict[str, object]:
        """Rounded against the trader; what is lacked would have to be added in cash."""
        asked = self.asked
        lacked = None if asked is None else max(Fraction(0), asked - self.equity)
        return {
            "holds": self.broken is None,
            "rule": None if self.broken is None else describe_rule(self.broken),
            "price": self.price,
            "scenario": self.scenario,
            "equity": render_rounded(self.equity, self.money_unit, Rounding.DOWN),
            "asked": None if asked is None else render_rounded(asked, self.money_unit, Rounding.UP),
            "lacked": None if lacked is None else render_rounded(lacked, self.money_unit, Rounding.UP),
        }


def judge(request: Request, situation: Situation) -> Verdict:
    """A position of any kind as its statement judges it."""
    published, policy = situation.publication, situation.demand.margin_policy
    match request.subject:
        case Perpetual() as subject:
            return judge_perpetual(attest(request, subject, published, len(situation.kept.locks)), policy)
        case OptionStructure() as subject:
            return judge_structure(CoveredStructure.attest(subject, published), policy)
        case Portfolio() as subject:
            return judge_set(subject, CoveredSet.attest(subject, published), policy)


def judge_perpetual(document: PositionDocument, policy: StatementPolicy) -> Verdict:
    """The position at the price of its side, moved against it by the shock."""
    rules, position, state, units = document.market.policy, document.position, document.state, document.market.units
    shock = Fraction(policy.shock_ppm, PPM)
    price = state.price_for(position.side, rules.price_rule) * (1 - position.side.sign * shock)
    moved = replace(state, mark=price, confidence=Fraction(0))
    equity = compute_equity(rules.contract, position, moved, rules.price_rule)
    asked = with_buffer(compute_requirement(rules, position, moved, policy.requirement).total, policy)
    covers = COVERS if equity.total < asked else None
    counts = COUNTS if equity.basket < policy.least_basket_value else None
    unit = units.money_unit
    return Verdict(equity.total * unit, asked * unit, covers or counts, unit, units.show_price(price))


def judge_structure(covered: CoveredStructure, policy: StatementPolicy) -> Verdict:
    """The structure at the price of its greatest loss."""
    loss, ranges = covered.loss, worst_ranges(covered)
    asked = None if isinstance(loss, Unlimited) else with_buffer(loss, policy)
    broken = find_unasked(policy)
    if broken is None and covered.cash < 0:
        broken = NOT_NEGATIVE
    if broken is None and asked is None:
        broken = LIMITED
    if broken is None and asked is not None and covered.cash < asked:
        broken = COVERS_LOSS
    price = render_exact(near_end(ranges[0])) if ranges else None
    return Verdict(covered.cash, asked, broken, covered.subject.money_unit, price)


def judge_set(subject: Portfolio, covered: CoveredSet, policy: StatementPolicy) -> Verdict:
    """The set in its worst scenario."""
    margin, unit = covered.margin, subject.money_unit
    asked = with_buffer(Fraction(margin.requirement), policy)
    broken = find_unasked(policy)
    if broken is None and covered.equity < with_buffer(Fraction(margin.short_minimum), policy):
        broken = COVERS_MINIMUMS
    if broken is None and covered.equity < asked:
        broken = COVERS_SCENARIO
    name = name_scenarios(subject.document.grid, len(margin.outcomes))[margin.worst]
    return Verdict(covered.equity * unit, asked * unit, broken, unit, None, name)


def with_buffer(requirement: Fraction, policy: StatementPolicy) -> Fraction:
    """What is asked on top of a requirement."""
    return requirement * (1 + Fraction(policy.buffer_ppm, PPM))


def find_unasked(policy: StatementPolicy) -> str | None:
    """What may not be asked of a position that nothing is locked for and that is judged at its own worst."""
    if policy.shock_ppm:
        return NO_SHOCK
    return COUNTS if policy.least_basket_value else None
