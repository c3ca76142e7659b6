"""``perp`` for the laboratory: both contract kinds and sides, at the exact boundary, with a breach of each rule."""

from typing import Final

from circuits.statements.perp import Perp, inputs_for
from tests.circuits.laboratory.specimen import Specimen
from tests.circuits.statements.claims import Depths
from tests.circuits.statements.perp_breaches import find_breaches, rules_of_locks
from tests.circuits.statements.perp_cases import PerpCase, bulk_perp_cases

SIGNED_BY_THE_ROUND: Final = "a number of a leaf of its own: the round's signers keep its range, and the hash fixes it"
SIGNED_BY_THE_CHAIN: Final = "a number of a leaf of its own: the escrow keeps its range, and the hash fixes it"


def choose_cases(locks: int, count: int) -> list[PerpCase]:
    """As different as possible: each side and contract kind in turn, and no asset in two locks."""
    wanted = {(side, kind): 0 for side in (1, -1) for kind in ("linear", "inverse")}
    cases = []
    for case in bulk_perp_cases(200, locks=locks, seed=31):
        kind = (case.position.side.sign, case.policy.contract.kind.value)
        assets = {held.asset for held in case.position.basket}
        if wanted.get(kind) == min(wanted.values()) and len(assets) == locks:
            wanted[kind] += 1
            cases.append(case)
        if len(cases) == count:
            break
    return cases


def attested_inputs(locks: int) -> dict[str, str]:
    """What the signers of roots answer for."""
    scopes = [f"lock[{index}]" for index in range(locks)]
    names = {f"{scope}.{name}": SIGNED_BY_THE_CHAIN for scope in scopes for name in ("chain_id", "deposit_index")}
    tiers = {f"{scope}.asset_tier.{name}": SIGNED_BY_THE_ROUND for scope in scopes for name in ("floor", "ceiling")}
    return {"market.floor": SIGNED_BY_THE_ROUND, "market.ceiling": SIGNED_BY_THE_ROUND, **names, **tiers}


def make_specimen(locks: int, depths: Depths, *, examples: int, effort: int = 40) -> Specimen:
    """``perp`` of one shape."""
    cases = choose_cases(locks, examples)
    return Specimen(
        Perp(locks, depths.book, depths.market, depths.locks),
        honest=[inputs_for(case.witness(depths)) for case in cases],
        broken=list(find_breaches(cases[0].with_cash(2**99), depths).items()),
        stray_rules=rules_of_locks(locks),
        attested=attested_inputs(locks),
        effort=effort,
    )
