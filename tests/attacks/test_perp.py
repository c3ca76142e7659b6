"""The attacks R1, R2, C1 to C3 and C6 to C8 on the statement ``perp``; each test has the id of its row."""

from dataclasses import replace
from typing import Final

import pytest

from circuits.builder import Builder
from circuits.engine import IntegerEngine
from circuits.errors import BrokenRuleError
from circuits.relations.policy import FRONT
from circuits.statements.perp import Perp, inputs_for
from facts.packing import ASSET_TERMS, CASH, FUNDING, MARKET_TERMS, PERP_BODY, POLICY, Packing
from facts.policy import StatementPolicy
from facts.public_inputs import input_names
from facts.tags import Tag
from facts.tree import Tree
from margin.bounds import PPM
from margin.contracts import Side
from margin.requirement import RequirementKind
from snark.errors import SnarkError
from tests.attacks.attempts import (
    R,
    bits_held,
    change_public_wires,
    exceed_bits,
    flow_into_neighbours,
    number_after,
    raise_flag,
    set_verdict,
)
from tests.circuits.statements.cheating import HINT, Division, cheat, forge, leaves_of, number, position_leaf
from tests.circuits.statements.claims import SHALLOW
from tests.circuits.statements.compiled import Compiled
from tests.circuits.statements.perp_cases import PerpCase, bulk_perp_cases

pytestmark = pytest.mark.native  # so many hashes take the reference minutes

LOCKS: Final = 2
STATEMENT: Final = Perp(LOCKS, SHALLOW.book, SHALLOW.market, SHALLOW.locks)


def make_case() -> PerpCase:
    """An honest case with two locks and money to spare."""
    (case,) = bulk_perp_cases(1, locks=LOCKS, seed=21)
    return case.with_cash(2**99)


CASE: Final = make_case()
HONEST: Final = inputs_for(CASE.witness())
BITS: Final = bits_held(STATEMENT)


def test_the_honest_case_is_fine_and_so_is_its_forgery() -> None:
    assert cheat(STATEMENT, HONEST) is None
    assert forge(HONEST, {}) == HONEST
    moved = forge(HONEST, {"position.cash.magnitude": 2**98})
    assert moved["book_root"] != HONEST["book_root"]
    assert cheat(STATEMENT, moved) is None


# --- R1, R2: one lock, one nullifier -----------------------------------------------------------------


def test_r1_a_lock_has_one_nullifier_in_every_proof() -> None:
    public = inputs_for(CASE.witness())
    others = (
        replace(CASE, asked=StatementPolicy(RequirementKind.MAINTENANCE, shock_ppm=7)),
        CASE.with_cash(2**98),
    )
    for other in others:
        inputs = inputs_for(other.witness())
        assert cheat(STATEMENT, inputs) is None
        assert [inputs[f"nullifier[{i}]"] for i in range(LOCKS)] == [public[f"nullifier[{i}]"] for i in range(LOCKS)]
    salted = forge(HONEST, {"position.salt": 1, "position.position_id": 2})
    assert cheat(STATEMENT, salted) is None
    assert salted["nullifier[0]"] == HONEST["nullifier[0]"]


@pytest.mark.parametrize("name", ["secret", "lock[0].salt", "lock[0].deposit_index", "lock[0].chain_id"])
def test_r1_no_other_key_or_salt_opens_a_lock(name: str) -> None:
    changed = HONEST | {name: number_after(HONEST, name)}
    assert cheat(STATEMENT, changed) is not None


def test_r1_a_lock_counts_once_in_a_proof() -> None:
    twice = HONEST | {
        name.replace("lock[0]", "lock[1]"): value for name, value in HONEST.items() if name.startswith("lock[0]")
    }
    assert cheat(STATEMENT, twice | {"nullifier[1]": HONEST["nullifier[0]"]}) == "locks_differ"
    assert cheat(STATEMENT, twice) == "lock[1].nullifier_is_of_lock"


@pytest.mark.parametrize("shift", [1, -1, R // 2])
def test_r2_no_lock_has_another_nullifier(shift: int) -> None:
    other = (number(HONEST, "nullifier[0]") + shift) % R
    assert cheat(STATEMENT, HONEST | {"nullifier[0]": other}) == "lock[0].nullifier_is_of_lock"


def test_r2_a_nullifier_has_one_name() -> None:
    inputs = HONEST | {"nullifier[0]": number(HONEST, "nullifier[0]") + R}
    with pytest.raises(SnarkError):
        STATEMENT.define(Builder(IntegerEngine(inputs)))


def test_r2_the_place_in_the_tree_does_not_matter() -> None:
    leaf = next(leaf for place, leaf in enumerate(leaves_of(HONEST)) if place == LOCKS)
    other = list(leaves_of(HONEST))[4]
    for place in (0, 9, 63):
        tree = Tree(SHALLOW.locks, {place: leaf, 20: other, 21: leaf})
        for at in (place, 21):
            inputs = HONEST | {
                "lock_root": tree.root,
                "lock[0].path": [child for level in tree.path(at).levels for child in level],
                "lock[1].path": [child for level in tree.path(20).levels for child in level],
            }
            assert cheat(STATEMENT, inputs) is None
            assert inputs["nullifier[0]"] == HONEST["nullifier[0]"]


def test_r2_a_lock_is_for_one_domain() -> None:
    assert cheat(STATEMENT, HONEST | {"context.domain": 5}) == "context.context_opens"


# --- C1: one unit short ------------------------------------------------------------------------------


@pytest.mark.parametrize("side", Side)
def test_c1_one_unit_short_refuses(side: Side) -> None:
    cases = [case for case in bulk_perp_cases(60, locks=0, seed=31) if case.position.side is side]
    statement = Perp(0, SHALLOW.book, SHALLOW.market)
    assert any(case.excess() == 0 for case in cases)
    for case in cases:
        cash = case.position.cash.numerator
        verdicts = [cheat(statement, inputs_for(case.with_cash(cash + step).witness())) for step in (-1, 0, 1)]
        assert verdicts == ["equity_covers_requirement", None, None]


def test_c1_negative_equity_does_not_wrap() -> None:
    for cash in (-(2**100) + 1, -(2**99), -(2**98) - 1):
        assert cheat(STATEMENT, inputs_for(CASE.with_cash(cash).witness())) == "equity_covers_requirement"


# --- C2, C3: ranges ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(BITS))
def test_c2_a_number_keeps_its_bits(name: str) -> None:
    exceed_bits(STATEMENT, HONEST, name, BITS[name])


PACKED: Final = [
    ("position", PERP_BODY),
    ("position.cash", CASH),
    ("market", MARKET_TERMS),
    ("market.funding", FUNDING),
    ("lock[0].asset_tier", ASSET_TERMS),
    ("policy", FRONT),
]


@pytest.mark.parametrize(("scope", "packing"), PACKED, ids=lambda each: each if isinstance(each, str) else "")
def test_c2_no_part_flows_into_its_neighbour(scope: str, packing: Packing) -> None:
    flow_into_neighbours(STATEMENT, HONEST, scope, packing)


def test_c2_the_policy_has_one_meaning() -> None:
    """Another front part would leave a least basket value that no basket is near to."""
    for name, place in (("maintenance", 0), ("shock_ppm", 1), ("buffer_ppm", 21)):
        value = number(HONEST, f"policy.{name}")
        other = value ^ 1
        assert (other - value) << place
        assert cheat(STATEMENT, HONEST | {f"policy.{name}": other}) is not None
    assert POLICY.parts[-1][0] == "least_basket_value"


EXTREMES: Final = {
    "position.size": 2**64 - 1,
    "position.entry_notional": 2**100 - 1,
    "position.funding_magnitude": 2**64 - 1,
    "position.cash.magnitude": 2**100 - 1,
    "market.multiplier": 2**64 - 1,
    "market.low_price": 2**64 - 1,
    "market.high_price": 2**65 - 1,
    "market.funding.magnitude": 2**64 - 1,
    "policy.shock_ppm": PPM - 1,
    "policy.buffer_ppm": 2**20 - 1,
    "lock[0].amount": 2**128 - 1,
    "lock[0].asset_tier.rate": 2**100 - 1,
    "lock[0].asset_tier.add_back": 2**120 - 1,
}


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("side", [0, 1])
def test_c3_the_greatest_numbers_are_refused_by_a_rule_and_not_by_a_wrap(kind: int, side: int) -> None:
    signs = [
        {"position.funding_sign": a, "market.funding.sign": b, "position.cash.sign": c}
        for a in (0, 1)
        for b in (0, 1)
        for c in (0, 1)
    ]
    for sign in signs:
        for left_out in EXTREMES:
            changes = {name: value for name, value in EXTREMES.items() if name != left_out}
            inputs = forge(HONEST, changes | sign | {"market.kind": kind, "position.side": side})
            with pytest.raises(BrokenRuleError):
                STATEMENT.define(Builder(IntegerEngine(inputs)))


# --- C6: a witness made by hand ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["position.side", "position.funding_sign", "position.cash.sign", "market.kind"])
@pytest.mark.parametrize("value", [2, R - 1])
def test_c6_a_flag_is_0_or_1(name: str, value: int) -> None:
    raise_flag(STATEMENT, HONEST, name, value)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"position.size": 0}, "position.size_above_zero"),
        ({"position.entry_notional": 0}, "position.entry_above_zero"),
        ({"market.low_price": 0, "market.high_price": 0}, "price_above_zero"),
        ({"policy.shock_ppm": PPM}, "policy.shock_leaves_a_price"),
        ({"policy.shock_ppm": 2**20 - 1}, "policy.shock_leaves_a_price"),
    ],
)
def test_c6_nothing_is_zero_that_must_not_be(changes: dict[str, int], rule: str) -> None:
    found = cheat(STATEMENT, forge(HONEST, changes))
    assert found in {rule, HINT}
    with pytest.raises(BrokenRuleError) as caught:
        STATEMENT.define(Builder(IntegerEngine(forge(HONEST, changes))))
    assert caught.value.field == rule


def shifted(by: int) -> Division | object:
    """Quotient and remainder that fit the equation and not the range."""

    def divide(dividend: int, divisor: int) -> Division:
        quotient, remainder = divmod(dividend, divisor)
        return quotient + by, remainder - by * divisor

    return divide


def in_the_field(dividend: int, divisor: int) -> Division:
    """Without a remainder, as the field divides."""
    return dividend * pow(divisor, -1, R), 0


def test_c6_no_other_quotient_or_remainder() -> None:
    indivisible = forge(HONEST, {"market.funding.magnitude": 10**6 + 1, "position.funding_magnitude": 3})
    for divide in (shifted(1), shifted(-1), shifted(-2), in_the_field):
        assert cheat(STATEMENT, indivisible, divide) is not None  # type: ignore[arg-type]


def test_c6_the_verdict_has_no_witness_of_its_own() -> None:
    case = CASE.with_least_cash()
    short = case.with_cash(case.position.cash.numerator - 1)
    enough, less = (inputs_for(each.witness()) for each in (case, short))
    flags = ("position.side", "market.kind", "policy.maintenance")
    set_verdict(Compiled.of(STATEMENT), enough, less, "equity_covers_requirement", flags)


# --- C7: public inputs are bound ---------------------------------------------------------------------


@pytest.mark.parametrize("locks", [0, LOCKS])
def test_c7_every_public_input_is_bound(locks: int) -> None:
    compiled = Compiled.of(Perp(locks, SHALLOW.book, SHALLOW.market, SHALLOW.locks))
    (case,) = bulk_perp_cases(1, locks=locks, seed=41)
    change_public_wires(compiled, inputs_for(case.witness()))


@pytest.mark.parametrize("name", input_names(LOCKS))
def test_c7_a_public_input_changed_alone_refuses(name: str) -> None:
    assert cheat(STATEMENT, HONEST | {name: number_after(HONEST, name)}) is not None


def test_c7_an_unused_lock_root_is_its_constant() -> None:
    (case,) = bulk_perp_cases(1, locks=0, seed=41)
    statement, inputs = Perp(0, SHALLOW.book, SHALLOW.market), inputs_for(case.witness())
    for other in (0, 1, HONEST["lock_root"]):
        assert cheat(statement, inputs | {"lock_root": other}) == "lock_root_is_unused"


# --- C8: commitments ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in HONEST if name.startswith("position.") and "path" not in name])
def test_c8_a_leaf_opens_to_one_position(name: str) -> None:
    assert cheat(STATEMENT, HONEST | {name: number_after(HONEST, name)}) is not None


@pytest.mark.parametrize("kind", [Tag.POSITION_STRUCTURE, Tag.POSITION_PORTFOLIO, Tag.LOCK])
def test_c8_a_leaf_of_another_kind_is_no_perpetual(kind: Tag) -> None:
    leaf = position_leaf(HONEST, kind)
    tree = Tree(SHALLOW.book, {3: leaf})
    children = [child for level in tree.path(3).levels for child in level]
    assert cheat(STATEMENT, HONEST | {"book_root": tree.root, "position.path": children}) == "position.path_holds_leaf"


def test_c8_a_position_is_of_its_own_market() -> None:
    assert cheat(STATEMENT, forge(HONEST, {"position.market_id": 8})) is None
    other = forge(HONEST, {"position.market_id": 8})
    mixed = HONEST | {name: other[name] for name in ("position.market_id", "position.path", "book_root")}
    assert cheat(STATEMENT, mixed) == "market.path_holds_leaf"


def test_c8_collateral_of_another_currency_does_not_count() -> None:
    other = forge(HONEST, {"market.currency_id": 9})
    assert cheat(STATEMENT, other) is None
    names = ("market.currency_id", "market.path", "market_root")
    mixed = HONEST | {name: other[name] for name in names}
    found = cheat(STATEMENT, mixed)
    assert found is not None
    assert found.startswith("lock[0].asset_tier")


def test_c8_a_fact_of_another_round_does_not_count() -> None:
    fresh = inputs_for(replace(CASE, market=replace(CASE.market, mark=CASE.market.mark * 2)).witness())
    stale = HONEST | {"market_root": fresh["market_root"]}
    assert cheat(STATEMENT, stale) == "market.market_in_round"
