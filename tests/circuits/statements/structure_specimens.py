"""``release``, ``defined_risk`` and ``scenario`` for the laboratory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import cast

from circuits.statements.claim import Inputs, prefixed
from circuits.statements.defined_risk import DefinedRisk
from circuits.statements.defined_risk import inputs_for as structure_inputs
from circuits.statements.release import Release, ReleaseWitness
from circuits.statements.release import inputs_for as release_inputs
from facts.commitments import Lock, commit_lock, commit_lock_owner, commit_position, derive_nullifier, hash_elements
from facts.packing import FUNDING, LEG, MARKET_TERMS
from facts.policy import MAX_SHOCK_PPM, StatementPolicy
from facts.tags import Tag
from facts.tree import ARITY, Tree
from margin.bounds import MAX_LEGS
from margin.contracts import Side
from margin.payoff import Leg, LegKind, Structure
from margin.requirement import RequirementKind
from snark.poseidon.hashing import hash_inputs
from tests.circuits.laboratory.specimen import Specimen
from tests.circuits.statements.cheating import number, pack_raw
from tests.circuits.statements.claims import BINDING, DOMAIN, Depths
from tests.circuits.statements.perp_breaches import after, with_other_root
from tests.circuits.statements.perp_specimen import SIGNED_BY_THE_CHAIN, SIGNED_BY_THE_ROUND
from tests.circuits.statements.structure_cases import StructureCase

SECRET, SALT = 1234567, 7654321
PUT, CALL, UNDERLYING = LegKind.PUT, LegKind.CALL, LegKind.UNDERLYING
ASKED = StatementPolicy(RequirementKind.MAINTENANCE, buffer_ppm=50_000)


def make_release(levels: int) -> Specimen:
    """A lock somewhere in its tree."""
    lock = Lock(10, DOMAIN, 99, 5, commit_lock_owner(SECRET, SALT), 3)
    path = Tree(levels, {17: commit_lock(lock), 4: 4}).path(17)
    honest = release_inputs(ReleaseWitness(SECRET, lock, SALT, path, BINDING))
    other = commit_lock(replace(lock, deposit_index=4))
    broken: list[tuple[str, Inputs]] = [
        *((f"{name}_is_unused", after(honest, name)) for name in ("book_root", "market_root", "position_tag")),
        ("release_is_of_lock", after(honest, "policy")),
        ("context.context_opens", after(honest, "context")),
        ("context.context_opens", after(honest, "context.binding")),
        ("lock[0].lock_in_tree", with_other_root(honest, "lock[0].path")),
        ("lock[0].nullifier_is_of_lock", after(honest, "nullifier[0]")),
        (
            "lock[0].path_holds_leaf",
            after(honest, "lock[0].deposit_index") | {"nullifier[0]": derive_nullifier(SECRET, other)},
        ),
    ]
    names = ("chain_id", "deposit_index")
    attested = {f"lock[0].{name}": SIGNED_BY_THE_CHAIN for name in names}
    return Specimen(Release(levels), [honest], broken, attested=attested, effort=40)


def structure(cash: int, *legs: tuple[LegKind, int, int, int], asked: StatementPolicy = ASKED) -> StructureCase:
    """Legs as kind, side, quantity and strike."""
    sides = {1: Side.LONG, -1: Side.SHORT}
    made = tuple(Leg(kind, sides[side], Fraction(lots), Fraction(strike)) for kind, side, lots, strike in legs)
    return StructureCase(Structure(made), 7, cash, asked, seed=1)


CONDOR = ((PUT, 1, 1, 80), (PUT, -1, 1, 100), (CALL, -1, 1, 120), (CALL, 1, 1, 130))
HEDGED = ((UNDERLYING, 1, 2, 90), (PUT, 1, 2, 80), (CALL, -1, 1, 100))


def make_defined_risk(depths: Depths) -> Specimen:
    """A condor and a hedged underlying, each with the least cash."""
    cases = [structure(0, *legs).with_least_cash() for legs in (CONDOR, HEDGED)]
    honest = [structure_inputs(case.witness(depths)) for case in cases]
    plenty = structure_inputs(replace(cases[0], cash=2**60).witness(depths))
    least = cases[0].cash
    ladder = structure(2**60, *((CALL, 1, 1, 10 * strike) for strike in range(1, MAX_LEGS + 1)))
    slots = cases[0].body.slots
    swapped = (*slots[:6], slots[7], slots[6])
    shocked = replace(cases[0], cash=2**60, asked=replace(ASKED, shock_ppm=1))
    broken: list[tuple[str, Inputs]] = [
        ("equity_covers_worst_loss", structure_inputs(replace(cases[0], cash=least - 1).witness(depths))),
        ("equity_is_not_negative", structure_inputs(structure(-1, (CALL, 1, 1, 80)).witness(depths))),
        ("loss_is_limited", structure_inputs(structure(2**60, (CALL, -1, 1, 80)).witness(depths))),
        (
            "policy_has_no_shock",
            structure_inputs(shocked.witness(depths)),
        ),
        ("context_is_given", plenty | {"context": 0}),
        ("lock_root_is_unused", after(plenty, "lock_root")),
        ("position.path_holds_leaf", after(plenty, "position.salt")),
        ("position.position_in_book", after(plenty, "book_root")),
        ("position.tag_is_of_position", after(plenty, "position_tag")),
        ("market.path_holds_leaf", after(plenty, "market.policy_hash")),
        ("market.market_in_round", after(plenty, "market_root")),
        ("basket_covers_least_value", plenty | {"policy": number(plenty, "policy") + (1 << 41)}),
        *(call_and_put(ladder, place, depths) for place in range(MAX_LEGS)),
        ("strikes_rise", with_slots(cases[0], swapped, depths)),
        ("contract_is_linear", on_inverse_market(plenty)),
        ("policy.shock_leaves_a_price", with_shock(plenty, MAX_SHOCK_PPM + 1)),
    ]
    statement = DefinedRisk(0, depths.book, depths.market, depths.locks)
    attested = {f"market.{name}": SIGNED_BY_THE_ROUND for name in ("floor", "ceiling")}
    free = {"policy": "the loss is the same for both requirements, so that the claim is true with either bit"}
    return Specimen(statement, honest, broken, free=free, attested=attested, effort=40)


def with_slots(case: StructureCase, slots: Sequence[Mapping[str, int]], depths: Depths) -> Inputs:
    """A structure that no party would write down, committed to all the same."""
    witness = replace(case, cash=2**60).witness(depths)
    legs = {f"legs[{place}]": LEG.encode(parts) for place, parts in enumerate(slots)}
    body = hash_elements(Tag.STRUCTURE, market_id=witness.body.market_id, expiry=witness.body.expiry, **legs)
    position = replace(witness.claim.position, body=body)
    path = Tree(depths.book, {0: commit_position(position)}).path(0)
    inputs = structure_inputs(replace(witness, claim=replace(witness.claim, position=position, book_path=path)))
    for place, parts in enumerate(slots):
        inputs |= prefixed(f"leg[{place}]", parts)
    return inputs


def call_and_put(case: StructureCase, place: int, depths: Depths) -> tuple[str, Inputs]:
    """A leg of two kinds, which has no quantity where there was no leg."""
    slots = [dict(parts) for parts in case.body.slots]
    slots[place] |= {"is_call": 1, "is_put": 1}
    return f"leg[{place}].leg_is_of_one_kind", with_slots(case, slots, depths)


def on_inverse_market(inputs: Inputs) -> Inputs:
    """The market's leaf says that the contract is inverse."""
    changed = inputs | {"market.kind": 1}
    before, after_ = (market_leaf(each) for each in (inputs, changed))
    path: list[int] = []
    old = cast("Sequence[int]", inputs["market.path"])
    for start in range(0, len(old), ARITY):
        node = old[start : start + ARITY]
        path += [after_ if child == before else child for child in node]
        before, after_ = hash_inputs(node), hash_inputs(path[start:])
    return changed | {"market.path": path, "market_root": after_}


def market_leaf(inputs: Inputs) -> int:
    """The commitment to the tier."""
    shared = inputs | {"market.market_id": inputs["position.market_id"]}
    terms, funding = pack_raw(MARKET_TERMS, shared, "market"), pack_raw(FUNDING, shared, "market.funding")
    rest = ("floor", "ceiling", "initial", "maintenance", "policy_hash")
    return hash_inputs([int(Tag.MARKET), terms, funding, *(number(inputs, f"market.{name}") for name in rest)])


def with_shock(inputs: Inputs, shock_ppm: int) -> Inputs:
    """A policy that no party would write down."""
    changed = inputs | {"policy.shock_ppm": shock_ppm}
    return changed | {"policy": number(inputs, "policy") + 2 * (shock_ppm - number(inputs, "policy.shock_ppm"))}
