"""For each rule of ``liquidation`` inputs that break it and none before it.

``forge_liquidation`` changes hidden numbers and commits to them anew, all the way up to the roots and the public word,
as if venue, oracle and governance had signed that: what is left to refuse it is the statement's own arithmetic.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Final, cast

from circuits.relations.market_tiers import SHARED
from circuits.statements.claim import Inputs
from facts.commitments import commit_position
from facts.packing import (
    CASH,
    FUNDING,
    LIQUIDATION_TERMS,
    MARKET_TERMS,
    PERP_BODY,
    REQUIREMENT_TERMS,
    sign_parts,
)
from facts.tags import Tag
from facts.tree import ARITY
from margin.bounds import MAX_MONEY
from margin.contracts import Contract, ContractKind, Side
from margin.policy import (
    Basis,
    FeeBasis,
    FeeScope,
    LiquidationRule,
    LiquidationTarget,
    LiquidationTerms,
    MarketPolicy,
)
from margin.position import MarketState, Position
from margin.tiers import Tier, TierRule, TierTable
from snark.bn254.constants import GROUP_ORDER
from snark.poseidon.hashing import hash_inputs
from tests.circuits.statements.cheating import number, pack_raw
from tests.circuits.statements.claim_breaches import after, with_other_root
from tests.circuits.statements.claims import SHALLOW, Depths
from tests.circuits.statements.liquidation_cases import LiquidationCase

KEPT_BY_HINTS: Final = {
    "comparison_fits": "an interval that was proved before holds the value",
    **{
        f"{rule}{part}": "an honest hint keeps it, whatever the inputs; a lie breaks it"
        for rule in ("funding_rounds_up", "fee_rounds_up", "penalty_rounds_up")
        for part in ("", "_quotient", "_remainder", "_remainder_below_divisor")
    },
}
"""Rules that no inputs can break, for a witness program that does not lie."""

TIERS: Final = ("before", "after", "more")


def tiered_case(
    rule: LiquidationRule,
    *,
    cash: int = -1200,
    side: Side = Side.LONG,
    kind: ContractKind = ContractKind.LINEAR,
    basis: Basis = Basis.MARK,
    target: LiquidationTarget = LiquidationTarget.INITIAL,
    slippage: int = 0,
) -> LiquidationCase:
    """30 lots of 1,000 each in a table of three tiers, opened for 33,000 or 27,000, so that it lost 3,000."""
    table = TierTable(
        (
            Tier(Fraction(0), Fraction(1, 50), Fraction(1, 100)),
            Tier(Fraction(10_000), Fraction(1, 20), Fraction(1, 40)),
            Tier(Fraction(20_000), Fraction(1, 10), Fraction(1, 20)),
        ),
        TierRule.STEP,
        TierRule.STEP,
        cap=Fraction(100_000),
    )
    terms = LiquidationTerms(
        rule,
        penalty_rate=Fraction(1, 100),
        target=target,
        buffer_rate=Fraction(1, 10),
        fraction=Fraction(3, 10),
        fraction_threshold=Fraction(20_000),
    )
    multiplier = 10 if kind is ContractKind.LINEAR else 100_000
    contract = Contract(kind, multiplier)
    policy = MarketPolicy(contract, table, basis, basis, closing_fee_rate=Fraction(1, 1000), liquidation=terms)
    falls = contract.notional_slope(side) < 0
    entry = Fraction(27_000 if falls else 33_000)
    position = Position(side, 30, entry, Fraction(cash + 5000), funding_index=-2_000_001)
    market = MarketState(Fraction(100), funding_index=1_000_000)
    return LiquidationCase(policy, position, market, slippage, charges_fee=True, seed=5)


def find_breaches(depths: Depths = SHALLOW) -> dict[str, Inputs]:
    """A breach of each rule."""
    least = tiered_case(LiquidationRule.LEAST)
    honest = least.inputs(depths=depths)
    planned = least.planned
    fraction = tiered_case(LiquidationRule.FRACTION)
    entry = tiered_case(LiquidationRule.LEAST, basis=Basis.ENTRY).inputs(depths=depths)
    maintained = replace(least, policy=with_target(least.policy, LiquidationTarget.MAINTENANCE))
    return {
        "lock_root_is_unused": after(honest, "lock_root"),
        "position_tag_is_unused": after(honest, "position_tag"),
        "context_is_given": honest | {"context": 0},
        "position.size_above_zero": forge_liquidation(honest, {"position.size": 0}),
        "position.path_holds_leaf": in_tree_of(honest, forge_liquidation(honest, {"position.salt": 5})),
        "position.position_in_book": after(honest, "book_root"),
        "position.nullifier_is_of_leaf": after(honest, "nullifier[0]"),
        **{f"market.{name}.path_holds_leaf": after(honest, f"market.{name}.floor") for name in TIERS},
        "market.more.lacked_is_of_tier": after(honest, "market.more.lacked.deduction"),
        "market.top_holds_tier": with_other_path(honest),
        "market.market_in_round": after(honest, "market_root"),
        "price_above_zero": forge_liquidation(honest, {"market.low_price": 0, "market.high_price": 0}),
        "execution_above_zero": honest | {"slippage": number(honest, "market.low_price")},
        "closed_above_zero": honest | {"closed": 0},
        "closed_at_most_size": honest | {"closed": number(honest, "position.size") + 1},
        "left_entry_rounds_up": honest | {"left_entry": number(honest, "left_entry") - 1},
        "left_entry_is_least": after(honest, "left_entry"),
        "notional_against_trader": after(honest, "closed_notional"),
        "notional_is_nearest": honest | {"closed_notional": number(honest, "closed_notional") - 1},
        "rule_is_provable": forge_liquidation(fraction.inputs(depths=depths), {"market.liquidation.rule": 4}),
        "notional_at_most_ceiling": forge_liquidation(honest, {"market.before.floor": 0, "market.before.ceiling": 1}),
        "entry_at_most_ceiling": forge_liquidation(entry, {"market.before.floor": 0, "market.before.ceiling": 1}),
        "basis_above_floor": forge_liquidation(
            honest, {"market.before.floor": MAX_MONEY - 1, "market.before.ceiling": MAX_MONEY}
        ),
        "position_was_breached": least.at_boundary().inputs(planned, depths),
        "full_closes_all": tiered_case(LiquidationRule.FULL).inputs(29, depths),
        "small_position_is_closed": forge_liquidation(
            fraction.inputs(depths=depths), {"market.liquidation.threshold": 30_000}
        ),
        "fraction_is_closed": fraction.inputs(fraction.planned - 1, depths),
        "fraction_is_least": fraction.inputs(fraction.planned + 1, depths),
        "requirements_on_one_basis": forge_liquidation(honest, {"market.after.initial.on_entry": 1}),
        "denominator_in_bounds": huge_denominator(depths),
        "left_at_most_ceiling": forge_liquidation(honest, {"market.after.floor": 0, "market.after.ceiling": 1}),
        "left_above_floor": forge_liquidation(honest, {"market.after.floor": 30_000}),
        "more_above_floor": forge_liquidation(honest, {"market.more.floor": 30_000}),
        "target_is_restored": maintained.inputs(maintained.planned - 1, depths),
        "initial_target_is_restored": least.inputs(maintained.planned, depths),
        "initial_is_a_target": maintained.inputs(depths=depths)
        | {"market.lacks_initial": 1}
        | lacked_initially(maintained.inputs(depths=depths)),
        "one_lot_less_is_too_few": least.inputs(planned + 1, depths),
        "cash_is_conserved": with_left_cash(least, 1, depths),
        "zero_has_no_sign": with_negative_zero(depths),
        "word_is_of_outcome": after(honest, "policy"),
    }


def with_target(policy: MarketPolicy, target: LiquidationTarget) -> MarketPolicy:
    """The policy with another target."""
    return replace(policy, liquidation=replace(policy.liquidation, target=target))


def with_fee_on_entry(case: LiquidationCase) -> LiquidationCase:
    """The case with a fee of 5 % of the entry notional counted into both requirements."""
    policy = replace(
        case.policy,
        closing_fee_rate=Fraction(1, 20),
        closing_fee_basis=FeeBasis.ENTRY,
        closing_fee_scope=FeeScope.BOTH,
    )
    return replace(case, policy=policy, charges_fee=False)


def lacked_initially(inputs: Inputs) -> Inputs:
    """The initial requirement of the third tier taken apart, in the place of the other one."""
    parts = REQUIREMENT_TERMS.decode(number(inputs, "market.more.initial"))
    return {f"market.more.lacked.{name}": value for name, value in parts.items()}


def in_tree_of(honest: Inputs, other: Inputs) -> Inputs:
    """Another position with its own nullifier, and the path of the one that is there."""
    return other | {name: honest[name] for name in ("position.path", "book_root")}


def with_left_cash(case: LiquidationCase, more: int, depths: Depths = SHALLOW) -> Inputs:
    """What is left has more cash than it should, and so it is stated."""
    witness = case.witness(depths=depths)
    kept = witness.new_position()
    assert kept is not None
    richer = replace(kept, cash=kept.cash + more)
    stated = replace(witness.stated(), leaf=commit_position(richer)).encode()
    return case.inputs(depths=depths) | {
        "policy": stated,
        **{f"left_cash.{name}": value for name, value in sign_parts(richer.cash).items()},
    }


def with_negative_zero(depths: Depths) -> Inputs:
    """Nothing is left of a position, and its cash is said to be below zero by nothing."""
    case = tiered_case(LiquidationRule.FULL)
    witness = case.witness(depths=depths)
    opening = (witness.position.owner, witness.position.position_id, 0, CASH.encode({"magnitude": 0, "sign": 1}))
    leaf = hash_inputs([int(Tag.NO_POSITION), *opening, witness.salt])
    stated = replace(witness.stated(), leaf=leaf).encode()
    return case.inputs(depths=depths) | {"policy": stated, "left_cash.sign": 1}


def huge_denominator(depths: Depths) -> Inputs:
    """An inverse contract whose prices are too large to be multiplied."""
    case = tiered_case(LiquidationRule.LEAST, kind=ContractKind.INVERSE)
    policy = replace(case.policy, contract=Contract(ContractKind.INVERSE, 10**15))
    market = replace(case.market, mark=Fraction(10**12))
    return replace(case, policy=policy, market=market).inputs(1, depths)


def with_other_path(inputs: Inputs) -> Inputs:
    """A tier whose path holds its leaf and leads elsewhere."""
    return with_other_root(inputs, "market.more.path")


# --- Commitments to anything -------------------------------------------------------------------------


def forge_liquidation(inputs: Inputs, changes: Mapping[str, int]) -> Inputs:
    """The inputs with changes, and everything that is committed to or derived from them made to fit.

    A part that tiers share is changed in all of them.
    """
    forged = inputs | dict(changes)
    renamed = dict(zip(leaves_of(inputs), leaves_of(forged), strict=True))
    paths = {name: list(cast("list[int]", inputs[name])) for name in path_names()}
    for start in range(0, max(map(len, paths.values())), ARITY):
        for path in paths.values():
            if node := path[start : start + ARITY]:
                path[start : start + ARITY] = [renamed.get(child, child) for child in node]
                renamed[hash_inputs(node)] = hash_inputs(path[start : start + ARITY])
    top = [renamed.get(child, child) for child in cast("list[int]", inputs["market.top"])]
    book = renamed.get(number(inputs, "book_root"), number(inputs, "book_root"))
    spent = hash_inputs([int(Tag.LEAF_NULLIFIER), position_leaf(forged), number(forged, "position.salt")])
    public = {"book_root": book, "market_root": hash_inputs(top), "nullifier[0]": spent}
    opaque = {name: value for name, value in requirements_of(forged).items() if name in forged}
    return forged | opaque | paths | {"market.top": top} | public


def path_names() -> list[str]:
    """The paths below the shared node, and that of the position."""
    return ["position.path", *(f"market.{name}.path" for name in TIERS)]


def leaves_of(inputs: Inputs) -> Iterator[int]:
    """The position, and the market in three tiers."""
    yield position_leaf(inputs)
    liquidation = pack_raw(LIQUIDATION_TERMS, inputs, "market.liquidation")
    named = hash_inputs([int(Tag.POLICY), number(inputs, "market.document"), liquidation])
    terms, funding = pack_raw(MARKET_TERMS, inputs, "market"), pack_raw(FUNDING, inputs, "market.funding")
    requirements = requirements_of(inputs)
    for name in TIERS:
        ends = (number(inputs, f"market.{name}.{end}") for end in ("floor", "ceiling"))
        asked = (requirements[f"market.{name}.{kind}"] for kind in ("initial", "maintenance"))
        yield hash_inputs([int(Tag.MARKET), terms, funding, *ends, *asked, named])


def position_leaf(inputs: Inputs) -> int:
    """The commitment to the position."""
    names = ("position.owner", "position.position_id")
    body, cash = pack_raw(PERP_BODY, inputs, "position"), pack_raw(CASH, inputs, "position.cash")
    opening = (*(number(inputs, name) for name in names), body, cash, number(inputs, "position.salt"))
    return hash_inputs([int(Tag.POSITION_PERP), *opening])


def requirements_of(inputs: Inputs) -> dict[str, int]:
    """Both requirements of each tier as elements, as they are made of parts, or as they were given."""
    shared = {name: number(inputs, f"market.before.maintenance.{name}") for name in SHARED}
    chosen = "initial" if number(inputs, "market.lacks_initial") else "maintenance"
    scopes = {
        "market.before.maintenance": "market.before.maintenance",
        "market.after.maintenance": "market.after.maintenance",
        "market.after.initial": "market.after.initial",
        f"market.more.{chosen}": "market.more.lacked",
    }
    packed = {name: pack_requirement(inputs, scope, shared) for name, scope in scopes.items()}
    given = ("market.before.initial", "market.more.initial", "market.more.maintenance")
    return {name: number(inputs, name) for name in given} | packed


def pack_requirement(inputs: Inputs, scope: str, shared: Mapping[str, int]) -> int:
    """A requirement whose parts may be of any size; what it does not have itself it shares."""
    packed = place = 0
    for name, bits in REQUIREMENT_TERMS.parts:
        packed += number(inputs, f"{scope}.{name}", shared.get(name)) << place
        place += bits
    return packed % GROUP_ORDER
