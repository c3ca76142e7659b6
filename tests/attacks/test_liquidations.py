"""Attacks on ``liquidation`` and ``deleverage``, by name: a venue that takes more than its policy lets it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, cast

import pytest

from circuits.builder import Builder
from circuits.signal import Expression
from circuits.statement import Statement
from circuits.statements.claim import Inputs
from circuits.statements.deleverage import Deleverage
from circuits.statements.deleverage import inputs_for as queue_inputs
from circuits.statements.liquidation import Liquidation, LiquidationWitness, inputs_for
from facts.commitments import commit_owner, commit_position
from facts.deleverage import commit_entry
from facts.liquidation import LiquidationFlows
from facts.packing import CASH, FUNDING, LIQUIDATION_TERMS, MARKET_TERMS, PERP_BODY
from facts.public_inputs import input_names
from facts.transition import derive_leaf_nullifier
from margin.contracts import ContractKind, Side
from margin.deleverage import PnlBasis
from margin.policy import Basis, LiquidationRule, LiquidationTarget
from snark.bn254.constants import GROUP_ORDER
from tests.attacks.attempts import R, bits_held, flow_into_neighbours, number_after
from tests.circuits.laboratory.system import Assignment
from tests.circuits.statements.cheating import HINT, CheatingEngine, cheat, number
from tests.circuits.statements.claims import SHALLOW
from tests.circuits.statements.compiled import Compiled
from tests.circuits.statements.deleverage_breaches import poor, put, simple_case, with_parts, with_twin
from tests.circuits.statements.deleverage_cases import DeleverageCase, Held
from tests.circuits.statements.liquidation_breaches import forge_liquidation, tiered_case, with_fee_on_entry

pytestmark = pytest.mark.native  # so many hashes take the reference minutes

LEAST, FULL, FRACTION = LiquidationRule.LEAST, LiquidationRule.FULL, LiquidationRule.FRACTION
STATEMENT: Final = Liquidation(SHALLOW.book, SHALLOW.market)
CASE: Final = tiered_case(LEAST, slippage=1)
WITNESS: Final = CASE.witness()
HONEST: Final = CASE.inputs()
LOST: Final = tiered_case(FULL, cash=-3001)
BITS: Final = bits_held(STATEMENT)

QUEUE: Final = Deleverage(2, SHALLOW.book, SHALLOW.market)
RANKED: Final = simple_case()
QUEUED: Final = RANKED.inputs()
FIRST, SECOND, THIRD = RANKED.queue()


def restate(witness: LiquidationWitness, flows: LiquidationFlows) -> Inputs:
    """The same liquidation with other flows said of it."""
    stated = replace(witness.stated(), flows=flows)
    return inputs_for(witness) | {"policy": stated.encode()}


# --- Whom ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [LEAST, FULL, FRACTION])
@pytest.mark.parametrize("kind", ContractKind)
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("basis", Basis)
def test_liquidating_a_healthy_position(rule: LiquidationRule, kind: ContractKind, side: Side, basis: Basis) -> None:
    case = tiered_case(rule, kind=kind, side=side, basis=basis)
    healthy = case.at_boundary()
    breached = healthy.with_cash(healthy.position.cash.numerator - 1)
    assert cheat(STATEMENT, breached.inputs()) is None
    for more in (0, 1, 10**6):
        inputs = healthy.with_cash(healthy.position.cash.numerator + more).inputs(case.planned)
        assert cheat(STATEMENT, inputs) == "position_was_breached"


def test_liquidating_what_is_not_in_the_book() -> None:
    other = replace(WITNESS, position=replace(WITNESS.position, salt=7))
    assert cheat(STATEMENT, inputs_for(other)) == "position.path_holds_leaf"


def test_leaving_a_basket_out_is_said() -> None:
    """Of a basket nobody but the registry knows the value: it stands in the claim, where its owner finds it."""
    rich = replace(LOST.reduction(), basket=5)
    other = replace(LOST.witness(), reduction=rich)
    assert other.stated().encode() != LOST.witness().stated().encode()
    assert cheat(STATEMENT, inputs_for(other)) is None
    assert cheat(STATEMENT, LOST.inputs() | {"basket": 5}) == "word_is_of_outcome"


# --- How much ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", LiquidationTarget)
def test_too_many_lots(target: LiquidationTarget) -> None:
    case = tiered_case(LEAST, target=target)
    for closed in (case.planned + 1, case.planned + 2, case.position.size):
        assert cheat(STATEMENT, case.inputs(closed)) == "one_lot_less_is_too_few"
    fraction = tiered_case(FRACTION)
    for closed in (fraction.planned + 1, 25, fraction.position.size):
        assert cheat(STATEMENT, fraction.inputs(closed)) in {"fraction_is_least", "fraction_is_closed"}


@pytest.mark.parametrize("target", LiquidationTarget)
def test_too_few_lots(target: LiquidationTarget) -> None:
    case = tiered_case(LEAST, target=target)
    refusals = {"target_is_restored", "initial_target_is_restored"}
    for closed in (1, case.planned // 2, case.planned - 1):
        assert cheat(STATEMENT, case.inputs(closed)) in refusals
    for closed in (1, 15, 29):
        assert cheat(STATEMENT, tiered_case(FULL).inputs(closed)) == "full_closes_all"


def test_more_lots_than_there_are() -> None:
    for closed in (31, 2**64 - 1, R - 1):
        assert cheat(STATEMENT, HONEST | {"closed": closed}) is not None


def test_a_wrong_tier() -> None:
    opened = (WITNESS.before, WITNESS.after, WITNESS.more)
    assert len({each.tier for each in opened}) > 1
    for other in opened:
        if other.tier != WITNESS.before.tier:
            assert cheat(STATEMENT, inputs_for(replace(WITNESS, before=other))) is not None
        if other.tier != WITNESS.after.tier:
            assert cheat(STATEMENT, inputs_for(replace(WITNESS, after=other))) is not None
    above = replace(WITNESS, more=WITNESS.before)
    if above.more.tier != WITNESS.more.tier:
        assert cheat(STATEMENT, inputs_for(above)) == "more_above_floor"


def test_a_lower_tier_for_one_lot_more_asks_for_less() -> None:
    """It may be opened, and makes it no easier to fall short: the least close has no other proof by it."""
    for closed in (CASE.planned + 1, 25, 30):
        witness = CASE.witness(closed)
        for tier in (WITNESS.after, WITNESS.before):
            assert cheat(STATEMENT, inputs_for(replace(witness, more=tier))) is not None


# --- What it costs -------------------------------------------------------------------------------------------


def test_a_penalty_above_the_policys() -> None:
    flows = WITNESS.stated().flows
    greedy = replace(flows, penalty=flows.penalty + 1, settled=flows.settled - 1)
    assert cheat(STATEMENT, restate(WITNESS, greedy)) == "word_is_of_outcome"
    dear = replace(WITNESS.reduction, terms=replace(WITNESS.reduction.terms, penalty_ppm=20_000))
    assert cheat(STATEMENT, inputs_for(replace(WITNESS, reduction=dear))) == "market.before.path_holds_leaf"


def test_a_penalty_to_the_wrong_party() -> None:
    flows = WITNESS.stated().flows
    assert flows.fee != flows.penalty
    wrong = (
        replace(flows, fee=flows.penalty, penalty=flows.fee),
        replace(flows, fee=flows.fee + flows.penalty, penalty=0),
        replace(flows, settled=flows.settled + flows.penalty, penalty=0),
        replace(flows, returned=flows.penalty, penalty=0),
    )
    for each in wrong:
        assert cheat(STATEMENT, restate(WITNESS, each)) == "word_is_of_outcome"


@pytest.mark.parametrize("name", [name for name, _ in LIQUIDATION_TERMS.parts])
def test_another_policys_terms(name: str) -> None:
    field = f"market.liquidation.{name}"
    value = number(HONEST, field)
    inputs = HONEST | {field: 0 if name == "on_initial" else value + 1}
    assert cheat(STATEMENT, inputs) == "market.before.path_holds_leaf"


def test_another_document() -> None:
    assert cheat(STATEMENT, HONEST | {"market.document": 12}) == "market.before.path_holds_leaf"


def test_a_policy_that_closes_down_tiers_is_not_proved() -> None:
    forged = forge_liquidation(HONEST, {"market.liquidation.rule": 4})
    assert cheat(STATEMENT, forged) == "rule_is_provable"
    for rule in (0, 5, 7):
        assert cheat(STATEMENT, forge_liquidation(HONEST, {"market.liquidation.rule": rule})) == "rule_is_provable"


@pytest.mark.parametrize("side", Side)
def test_a_wrong_price_side(side: Side) -> None:
    """Prices have a distance here: the side decides, and no slippage makes an execution better than it was."""
    case = tiered_case(FULL, side=side)
    spread = case.inputs() | {}
    forged = forge_liquidation(spread, {"market.low_price": 99, "market.high_price": 101})
    own = 99 if side is Side.LONG else 101
    for slippage in (R - 1, R - 2, (R - 1) // 2):
        assert cheat(STATEMENT, forged | {"slippage": slippage}) is not None
    other = number(spread, "closed_notional") // 100 * (200 - own)
    assert cheat(STATEMENT, forged | {"closed_notional": other}) in {"notional_against_trader", "notional_is_nearest"}


def test_an_execution_that_is_not_said() -> None:
    flows = WITNESS.stated().flows
    assert flows.slippage == 1
    assert cheat(STATEMENT, restate(WITNESS, replace(flows, slippage=0))) == "word_is_of_outcome"
    assert cheat(STATEMENT, HONEST | {"slippage": 0}) is not None


def test_an_insurance_fund_that_is_overpaid_or_pays_too_much() -> None:
    witness = LOST.witness()
    flows = witness.stated().flows
    assert flows.gap > 0
    assert cheat(STATEMENT, inputs_for(witness)) is None
    for more in (-1, 1, 10**6):
        wrong = replace(flows, gap=flows.gap + more, settled=flows.settled + more)
        assert cheat(STATEMENT, restate(witness, wrong)) == "word_is_of_outcome"
    partial = WITNESS.stated().flows
    wrong = replace(partial, gap=1, settled=partial.settled + 1)
    assert cheat(STATEMENT, restate(WITNESS, wrong)) == "word_is_of_outcome"


def test_what_is_left_of_equity_is_the_traders() -> None:
    witness = tiered_case(FULL).witness()
    flows = witness.stated().flows
    assert flows.returned > 0
    wrong = replace(flows, returned=flows.returned - 1, settled=flows.settled + 1)
    assert cheat(STATEMENT, restate(witness, wrong)) == "word_is_of_outcome"


@pytest.mark.parametrize("more", [-1, 1])
def test_cash_that_is_not_what_it_should_be(more: int) -> None:
    kept = WITNESS.new_position()
    assert kept is not None
    stated = replace(WITNESS.stated(), leaf=commit_position(replace(kept, cash=kept.cash + more)))
    magnitude = number(HONEST, "left_cash.magnitude") + more * (1 - 2 * number(HONEST, "left_cash.sign"))
    inputs = HONEST | {"policy": stated.encode(), "left_cash.magnitude": magnitude}
    assert cheat(STATEMENT, inputs) == "cash_is_conserved"


# --- Where it is ---------------------------------------------------------------------------------------------


def test_an_old_leaf_that_is_used_again() -> None:
    """Whatever is done with a position, and whoever does it, its leaf has the one nullifier."""
    others = [CASE.inputs(CASE.planned + 1), LOST.with_cash(int(CASE.position.cash)).inputs()]
    spent = derive_leaf_nullifier(commit_position(WITNESS.position), WITNESS.position.salt)
    assert HONEST["nullifier[0]"] == others[0]["nullifier[0]"] == spent
    for shift in (1, -1, R // 2):
        other = (number(HONEST, "nullifier[0]") + shift) % R
        assert cheat(STATEMENT, HONEST | {"nullifier[0]": other}) == "position.nullifier_is_of_leaf"
    assert cheat(STATEMENT, HONEST | {"position.salt": 5}) == "position.path_holds_leaf"


def test_what_is_left_stays_its_owners() -> None:
    kept = WITNESS.new_position()
    assert kept is not None
    thefts = (
        replace(kept, owner=commit_owner(1)),
        replace(kept, position_id=kept.position_id + 1),
        replace(kept, body=PERP_BODY.encode(PERP_BODY.decode(kept.body) | {"size": 1})),
        replace(kept, body=PERP_BODY.encode(PERP_BODY.decode(kept.body) | {"market_id": 8})),
        replace(kept, body=PERP_BODY.encode(PERP_BODY.decode(kept.body) | {"funding_magnitude": 5})),
    )
    for theft in thefts:
        stated = replace(WITNESS.stated(), leaf=commit_position(theft))
        assert cheat(STATEMENT, HONEST | {"policy": stated.encode()}) == "word_is_of_outcome"


# --- Bits that lie -------------------------------------------------------------------------------------------


class TurningEngine(CheatingEngine):
    """Says of one number that it is zero, and goes on past the constraint that this breaks."""

    def __init__(self, inputs: Inputs, turned: int) -> None:
        super().__init__(inputs)
        self.turned = turned
        self.broken = 0
        self.word = 0

    def compute_inverse_or_zero(self, value: Expression) -> int:
        """An inverse of 0 makes a test for zero answer yes."""
        if cast("int", value) % GROUP_ORDER == self.turned:
            return 0
        return super().compute_inverse_or_zero(value)

    def enforce_product(self, left: Expression, right: Expression, product: Expression, rule: str | None) -> None:
        """Unnamed products are counted where they do not hold."""
        numbers = [cast("int", each) for each in (left, right, product)]
        if rule is None and (numbers[0] * numbers[1] - numbers[2]) % GROUP_ORDER:
            self.broken += 1
            return
        super().enforce_product(left, right, product, rule)

    def enforce_zero(self, value: Expression, rule: str | None) -> None:
        """What the public word would have to be is written down."""
        if rule == "word_is_of_outcome":
            self.word = (number(self.inputs_given, "policy") + cast("int", value)) % GROUP_ORDER
            return
        super().enforce_zero(value, rule)

    @property
    def inputs_given(self) -> Inputs:
        """As they came."""
        return cast("Inputs", dict(self.inputs))


def turn(inputs: Inputs, turned: int) -> tuple[Inputs, int]:
    """The claim that follows from the lie, and how many constraints are in its way."""
    engine = TurningEngine(inputs, turned)
    STATEMENT.define(Builder(engine))
    return inputs | {"policy": engine.word}, engine.broken


def test_a_close_of_some_lots_said_to_be_of_all() -> None:
    """The one constraint that says that nothing is left where nothing is left."""
    case = tiered_case(FULL)
    zero: Inputs = {"left_cash.magnitude": 0, "left_cash.sign": 0}
    claim, broken = turn(case.inputs(17) | zero, turned=13)
    assert broken == 1
    assert cheat(STATEMENT, claim) is not None


def test_one_rule_said_to_be_another() -> None:
    """The one constraint that says that a policy closes all only where it does."""
    case = tiered_case(FRACTION)
    claim, broken = turn(case.inputs(30), turned=2)
    assert broken == 1
    assert cheat(STATEMENT, claim) == "fraction_is_closed"


def test_a_share_of_the_entry_said_to_be_read_by_nobody() -> None:
    """The one constraint that keeps the size in the denominator: without it more lots are called the least close."""
    case = with_fee_on_entry(tiered_case(LEAST))
    inputs = case.inputs(case.planned + 1)
    claim, broken = turn(inputs, turned=3)
    assert broken == 1
    assert claim == inputs
    assert cheat(STATEMENT, claim) == "one_lot_less_is_too_few"


# --- Ranges and public inputs --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(BITS))
def test_c2_a_number_keeps_its_bits(name: str) -> None:
    for value in (1 << BITS[name], R - 1, (R - 1) // 2, (R + 1) // 2):
        assert cheat(STATEMENT, HONEST | {name: value}) is not None


@pytest.mark.parametrize(
    ("scope", "packing"),
    [
        ("position", PERP_BODY),
        ("position.cash", CASH),
        ("left_cash", CASH),
        ("market", MARKET_TERMS),
        ("market.funding", FUNDING),
        ("market.liquidation", LIQUIDATION_TERMS),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_c2_no_part_flows_into_its_neighbour(scope: str, packing: object) -> None:
    flow_into_neighbours(STATEMENT, HONEST, scope, packing)  # type: ignore[arg-type] # a packing


@pytest.mark.parametrize("name", [name for name in input_names(1) if name != "context"])
def test_c7_a_public_input_changed_alone_refuses(name: str) -> None:
    assert cheat(STATEMENT, HONEST | {name: number_after(HONEST, name)}) is not None


@pytest.mark.parametrize(
    ("statement", "honest", "spends"), [(STATEMENT, HONEST, 1), pytest.param(QUEUE, QUEUED, 0, marks=pytest.mark.slow)]
)
def test_c7_every_public_input_is_bound(statement: Statement, honest: Inputs, spends: int) -> None:
    compiled = Compiled.of(statement)
    values = Assignment(compiled, compiled.find_witness(honest))
    assert not values.broken()
    assert [compiled.input_names[wire] for wire in compiled.public] == list(input_names(spends))
    for wire in compiled.public:
        for other in (values.values[wire] + 1, 0, R - values.values[wire]):
            assert values.broken_after({wire: other - values.values[wire]})


# --- The queue -----------------------------------------------------------------------------------------------


def queue(case: DeleverageCase, front: list[Held], taken: list[int]) -> str | None:
    """What stops a queue."""
    return cheat(QUEUE, queue_inputs(case.witness(front, taken)))


@pytest.mark.parametrize("basis", PnlBasis)
@pytest.mark.parametrize("kind", ContractKind)
def test_a_queue_out_of_order(kind: ContractKind, basis: PnlBasis) -> None:
    case = simple_case(kind=kind, basis=basis)
    first, second, third = case.queue()
    assert queue(case, [first, second], [20, 10]) is None
    assert queue(case, [second, first], [20, 10]) == "highest_score_first"
    assert queue(case, [third, second], [20, 10]) == "highest_score_first"


def test_equal_scores_out_of_order() -> None:
    twins = with_twin(RANKED)
    one, other, *_ = twins.queue()
    assert queue(twins, [one, other], [20, 10]) is None
    assert queue(twins, [other, one], [20, 10]) == "equal_scores_by_leaf"


def test_an_entry_skipped() -> None:
    assert queue(RANKED, [FIRST, SECOND], [0, 20]) is not None
    assert queue(RANKED, [FIRST, SECOND], [10, 20]) == "front_is_taken_first"
    gap = simple_case(lots=20)
    witness = gap.witness(gap.queue()[:1], [20])
    assert cheat(QUEUE, queue_inputs(replace(witness, queue=witness.queue[::-1]))) == "no_place_left_out"


def test_an_entry_left_out_of_the_queue_is_not_seen() -> None:
    """What the statement does not show, and says so: a venue has to commit to the whole queue beforehand."""
    assert queue(RANKED, [SECOND, THIRD], [20, 10]) is None


def test_the_same_entry_twice() -> None:
    assert queue(RANKED, [FIRST, FIRST], [20, 10]) == "entries_differ"
    richer = [replace(FIRST, position=FIRST.position), FIRST]
    assert queue(RANKED, richer, [15, 15]) == "entries_differ"


def test_lots_taken_from_behind() -> None:
    for taken in ([19, 11], [10, 20], [11, 19]):
        assert queue(RANKED, [FIRST, SECOND], taken) == "front_is_taken_first"


def test_more_or_fewer_lots_than_are_bankrupt() -> None:
    assert queue(RANKED, [FIRST, SECOND], [20, 9]) == "all_lots_are_closed"
    assert queue(RANKED, [FIRST, SECOND], [20, 11]) == "all_lots_are_closed"
    assert queue(RANKED, [FIRST, SECOND], [21, 9]) == "queue[0].taken_at_most_size"
    assert queue(RANKED, [FIRST, SECOND], [20, 10]) is None


def test_a_position_that_is_not_bankrupt() -> None:
    held = RANKED.bankrupt
    for equity in (1, 2, 10**6):
        cash = held.committed.cash + equity - int(RANKED.equity(held))
        solvent = replace(held, committed=replace(held.committed, cash=cash))
        case = replace(RANKED, bankrupt=solvent)
        assert queue(case, [FIRST, SECOND], [20, 10]) == "position_is_bankrupt"
    zero = replace(held, committed=replace(held.committed, cash=held.committed.cash - int(RANKED.equity(held))))
    assert queue(replace(RANKED, bankrupt=zero), [FIRST, SECOND], [20, 10]) is None


def test_a_bankrupt_position_in_the_queue() -> None:
    ruined = poor(RANKED, SECOND)
    case = replace(RANKED, others=(FIRST, ruined))
    assert queue(case, [FIRST, ruined], [20, 10]) == "queue[1].equity_above_zero"


def test_a_position_of_the_same_side_or_of_another_market() -> None:
    """Both are what the bankrupt position says, so that such a leaf does not open as an entry."""
    for parts in ({"side": 1}, {"market_id": 8}):
        wrong = with_parts(FIRST, **parts)
        case = replace(RANKED, others=tuple(put(list(RANKED.others), RANKED.others.index(FIRST), wrong)))
        assert queue(case, [wrong, SECOND], [20, 10]) == "queue[0].path_holds_leaf"


def test_a_queue_said_to_be_another() -> None:
    stated = RANKED.witness().stated()
    changes: Mapping[str, object] = {
        "basis": PnlBasis.MARK,
        "entries": stated.entries[::-1],
        "bankrupt": commit_entry(commit_position(RANKED.bankrupt.committed), RANKED.bankrupt.committed.salt, 29, 0),
    }
    for name, value in changes.items():
        other = replace(stated, **{name: value})  # type: ignore[arg-type] # of the type of the field
        assert cheat(QUEUE, QUEUED | {"policy": other.encode()}) == "word_is_of_queue"


def test_a_basket_that_moves_a_rank_is_said() -> None:
    """A richer basket lowers a score: it stands in the entry, where the trader finds what his was counted for."""
    assert cheat(QUEUE, QUEUED | {"queue[0].basket": 1}) == "word_is_of_queue"


@pytest.mark.parametrize("name", ["queue[0].taken", "queue[1].taken", "queue[0].basket", "bankrupt.basket"])
def test_c2_a_number_of_the_queue_keeps_its_bits(name: str) -> None:
    for value in (1 << 100, R - 1, (R - 1) // 2, (R + 1) // 2):
        assert cheat(QUEUE, QUEUED | {name: value}) is not None


def test_c6_no_other_key_of_a_leaf() -> None:
    """The other spelling of a leaf, whose sum is the leaf and r, has a key that is not below that of r."""

    def respell(dividend: int, divisor: int) -> tuple[int, int]:
        return divmod(dividend + R if divisor == 1 << 127 else dividend, divisor)

    assert cheat(QUEUE, QUEUED, respell) in {HINT, "queue[0].key_of_leaf_below_field", "queue[0].key_of_leaf_high"}
