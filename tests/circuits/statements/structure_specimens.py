"""``release`` and ``defined_risk`` for the laboratory."""

from dataclasses import replace
from fractions import Fraction

from circuits.statements.claim import Inputs
from circuits.statements.defined_risk import DefinedRisk
from circuits.statements.defined_risk import inputs_for as structure_inputs
from circuits.statements.exit import Exit, ExitWitness
from circuits.statements.exit import inputs_for as exit_inputs
from circuits.statements.release import Release, ReleaseWitness
from circuits.statements.release import inputs_for as release_inputs
from facts.commitments import Lock, commit_lock, commit_lock_owner, derive_nullifier
from facts.policy import StatementPolicy
from facts.tree import Tree
from margin.bounds import MAX_LEGS
from margin.contracts import Side
from margin.payoff import Leg, LegKind, Structure
from margin.requirement import RequirementKind
from tests.circuits.laboratory.specimen import Specimen
from tests.circuits.statements.cheating import forge
from tests.circuits.statements.claim_breaches import (
    after,
    breaches_of_market,
    find_breaches_of_claim,
    with_other_root,
)
from tests.circuits.statements.claims import BINDING, DOMAIN, Depths
from tests.circuits.statements.perp_specimen import SIGNED_BY_THE_CHAIN, SIGNED_BY_THE_ROUND
from tests.circuits.statements.structure_cases import StructureCase

SECRET, SALT = 1234567, 7654321
PUT, CALL, UNDERLYING = LegKind.PUT, LegKind.CALL, LegKind.UNDERLYING
EITHER_REQUIREMENT = {"policy": "the loss is the same for both requirements, so that the claim is true with either bit"}
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


def make_exit() -> Specimen:
    """A lock that leaves."""
    lock = Lock(10, DOMAIN, 99, 5, commit_lock_owner(SECRET, SALT), 3)
    honest = exit_inputs(ExitWitness(SECRET, lock, SALT, BINDING))
    broken: list[tuple[str, Inputs]] = [
        *((f"{name}_is_unused", after(honest, name)) for name in ("book_root", "market_root", "position_tag")),
        ("release_is_of_lock", after(honest, "policy")),
        ("context.context_opens", after(honest, "context")),
        ("context.context_opens", after(honest, "context.binding")),
        ("lock[0].lock_is_root", after(honest, "lock_root")),
        *(("lock[0].lock_is_root", after(honest, f"lock[0].{name}")) for name in ("chain_id", "salt", "deposit_index")),
        ("lock[0].nullifier_is_of_lock", after(honest, "nullifier[0]")),
    ]
    attested = {f"lock[0].{name}": SIGNED_BY_THE_CHAIN for name in ("chain_id", "deposit_index")}
    return Specimen(Exit(), [honest], broken, attested=attested, effort=40)


def structure(cash: int, *legs: tuple[LegKind, int, int, int], asked: StatementPolicy = ASKED) -> StructureCase:
    """Legs as kind, side, quantity and strike."""
    sides = {1: Side.LONG, -1: Side.SHORT}
    made = tuple(Leg(kind, sides[side], Fraction(lots), Fraction(strike)) for kind, side, lots, strike in legs)
    return StructureCase(Structure(made), 7, cash, asked, seed=1)


CONDOR = ((PUT, 1, 1, 80), (PUT, -1, 1, 100), (CALL, -1, 1, 120), (CALL, 1, 1, 130))
HEDGED = ((UNDERLYING, 1, 2, 90), (PUT, 1, 2, 80), (CALL, -1, 1, 100))


def make_defined_risk(depths: Depths, *, examples: int) -> Specimen:
    """A condor and a hedged underlying, each with the least cash."""
    cases = [structure(0, *legs).with_least_cash() for legs in (CONDOR, HEDGED)]
    honest = [structure_inputs(case.witness(depths)) for case in cases[:examples]]
    plenty = structure_inputs(replace(cases[0], cash=2**60).witness(depths))
    least = cases[0].cash
    calls = ((CALL, 1, 1, 10 * strike) for strike in range(1, MAX_LEGS + 1))
    ladder = structure_inputs(structure(2**60, *calls).witness(depths))
    broken: list[tuple[str, Inputs]] = [
        ("equity_covers_worst_loss", structure_inputs(replace(cases[0], cash=least - 1).witness(depths))),
        ("equity_is_not_negative", structure_inputs(structure(-1, (CALL, 1, 1, 80)).witness(depths))),
        ("loss_is_limited", structure_inputs(structure(2**60, (CALL, -1, 1, 80)).witness(depths))),
        ("policy_has_no_shock", forge(plenty, {"policy.shock_ppm": 1})),
        *(find_breaches_of_claim(plenty) | breaches_of_market(plenty)).items(),
        *(
            (f"leg[{place}].leg_is_of_one_kind", forge(ladder, {f"leg[{place}].is_put": 1}))
            for place in range(MAX_LEGS)
        ),
        ("strikes_rise", forge(ladder, {"leg[7].strike": 69})),
        ("contract_is_linear", forge(plenty, {"market.kind": 1})),
    ]
    statement = DefinedRisk(0, depths.book, depths.market, depths.locks)
    attested = {f"market.{name}": SIGNED_BY_THE_ROUND for name in ("floor", "ceiling")}
    return Specimen(statement, honest, broken, free=EITHER_REQUIREMENT, attested=attested, effort=40)
