"""For each rule of ``deleverage`` inputs that break it and none before it, of a queue with two places."""

from dataclasses import replace
from fractions import Fraction
from typing import Final

from circuits.statements.claim import Inputs
from circuits.statements.deleverage import DeleverageWitness, QueuePosition, inputs_for, rank_key
from facts.commitments import commit_position
from facts.packing import PERP_BODY
from facts.tree import Tree
from margin.bounds import MAX_SIZE
from margin.contracts import Contract, ContractKind, Side
from margin.deleverage import PnlBasis
from margin.policy import Basis, MarketPolicy
from margin.position import MarketState, Position
from margin.tiers import Tier, TierRule, TierTable
from tests.circuits.statements.claim_breaches import after, breaches_of_market
from tests.circuits.statements.claims import SHALLOW, Depths
from tests.circuits.statements.deleverage_cases import DeleverageCase, Held, draw_again, hold
from tests.margin.strategies import SeededChooser

ENTRIES: Final = 2
HINTS: Final = "an honest hint keeps it, whatever the inputs; a lie breaks it"
POWERS: Final = ("numerator_splits", "denominator_splits")
"""Divisions by a power of two, whose remainder has its range by its bits."""


def stray_rules(entries: int) -> dict[str, str]:
    """Rules that no inputs can break, for a witness program that does not lie."""
    scopes = [f"queue[{place}]." for place in range(entries)]
    funding = [f"{scope}funding_rounds_up" for scope in ("", *scopes)]
    powers = [f"{scope}{rule}" for scope in scopes for rule in POWERS]
    powers += ["lowest_is_carried", "middle_is_carried"]
    kept = [rule for each in (*funding, *powers) for rule in (each, f"{each}_quotient", f"{each}_remainder")]
    divided = dict.fromkeys([*kept, *(f"{each}_remainder_below_divisor" for each in funding)], HINTS)
    fits = {f"{scope}comparison_fits": "an interval that was proved before holds the value" for scope in scopes}
    keys = {
        f"{scope}key_of_leaf{part}": "of hashes whose highest bits are those of r nobody knows one"
        for scope in scopes
        for part in ("", "_high", "_rest", "_below_field")
    }
    return divided | fits | keys


def simple_case(
    *, kind: ContractKind = ContractKind.LINEAR, basis: PnlBasis = PnlBasis.ENTRY, lots: int = 30, multiplier: int = 10
) -> DeleverageCase:
    """A short of 30 lots at 100 that has lost everything; two longs of 20 in profit, one of them more."""
    rates = (Tier(Fraction(0), Fraction(1, 10), Fraction(1, 20)),)
    table = TierTable(rates, TierRule.STEP, TierRule.STEP)
    policy = MarketPolicy(Contract(kind, multiplier), table, Basis.MARK, Basis.MARK)
    market = MarketState(Fraction(100), funding_index=5)
    choose = SeededChooser(8)
    inverse = kind is ContractKind.INVERSE
    entries = (10_000, 14_000, 17_000, 15_000) if not inverse else (1, 27_000, 24_000, 25_000)
    sizes, sides = (lots, 20, 20, 20), (Side.SHORT, Side.LONG, Side.LONG, Side.LONG)
    cash = (-60_000 if inverse else 1000, 3000, 3000, 3000)
    bankrupt, *others = (
        hold(choose, Position(side, size, Fraction(entry), Fraction(money)))
        for side, size, entry, money in zip(sides, sizes, entries, cash, strict=True)
    )
    return DeleverageCase(policy, market, bankrupt, tuple(others), basis, ENTRIES)


def find_breaches(depths: Depths = SHALLOW) -> dict[str, Inputs]:
    """A breach of each rule."""
    case = simple_case()
    first, second = case.queue()[:2]
    witness = case.witness(depths=depths)
    honest = inputs_for(witness)
    twins = with_twin(case)
    one, other = twins.queue()[:2]

    def with_bankrupt(changed: Held) -> Inputs:
        moved = replace(case, bankrupt=changed)
        return inputs_for(moved.witness([first, second], [20, 10], depths))

    def with_queue(queue: list[Held], taken: list[int]) -> Inputs:
        moved = replace(case, others=tuple({*case.others, *queue}))
        return inputs_for(moved.witness(queue, taken, depths))

    return {
        "lock_root_is_unused": after(honest, "lock_root"),
        "position_tag_is_unused": after(honest, "position_tag"),
        "context_is_given": honest | {"context": 0},
        **breaches_of_market(honest),
        "bankrupt.path_holds_leaf": inputs_for(replace(witness, bankrupt=with_other_salt(witness.bankrupt))),
        "bankrupt_in_book": inputs_for(replace(witness, bankrupt=elsewhere(witness.bankrupt)))
        | {"book_root": honest["book_root"]},
        "bankrupt_has_lots": with_bankrupt(with_parts(case.bankrupt, size=0)),
        "position_is_bankrupt": with_bankrupt(with_more_cash(case, 1)),
        **{f"queue[{place}].path_holds_leaf": with_other_leaf(witness, place) for place in range(ENTRIES)},
        **{f"queue[{place}].position_in_book": with_outsider(witness, place) for place in range(ENTRIES)},
        **{
            f"queue[{place}].{rule}": with_queue(put([first, second], place, changed), taken)
            for place, taken in ((0, [20, 10]), (1, [20, 10]))
            for rule, changed in (("equity_above_zero", poor(case, (first, second)[place])),)
        },
        **{
            f"queue[{place}].taken_at_most_size": inputs_for(case.witness([first, second], taken, depths))
            for place, taken in ((0, [21, 9]), (1, [9, 21]))
        },
        **breaches_of_bounds(depths),
        "entries_differ": inputs_for(case.witness([first, first], [20, 10], depths)),
        "no_place_left_out": with_gap(depths),
        "highest_score_first": inputs_for(case.witness([second, first], [20, 10], depths)),
        "equal_scores_by_leaf": inputs_for(twins.witness([other, one], [20, 10], depths)),
        "front_is_taken_first": inputs_for(case.witness([first, second], [19, 11], depths)),
        "all_lots_are_closed": inputs_for(case.witness([first, second], [20, 9], depths)),
        "word_is_of_queue": after(honest, "policy"),
    }


def with_parts(held: Held, **parts: int) -> Held:
    """The position with other numbers in its leaf."""
    body = PERP_BODY.encode(PERP_BODY.decode(held.committed.body) | parts)
    return replace(held, committed=replace(held.committed, body=body))


def with_more_cash(case: DeleverageCase, equity: int) -> Held:
    """The bankrupt position with so much equity."""
    held = case.bankrupt
    return replace(held, committed=replace(held.committed, cash=held.committed.cash + equity - int(case.equity(held))))


def poor(case: DeleverageCase, held: Held) -> Held:
    """A position whose equity is 0."""
    return replace(held, committed=replace(held.committed, cash=held.committed.cash - int(case.equity(held))))


def with_twin(case: DeleverageCase) -> DeleverageCase:
    """Two positions of the same score, of two traders."""
    first = case.queue()[0]
    twin = hold(SeededChooser(77), first.position)
    return replace(case, others=(*case.others, twin))


def elsewhere(place: QueuePosition) -> QueuePosition:
    """The position in a tree of its own."""
    tree = Tree(len(place.path.levels), [commit_position(place.position)])
    return replace(place, path=tree.path(0))


def put(queue: list[Held], place: int, held: Held) -> list[Held]:
    """The queue with another entry somewhere."""
    return [*queue[:place], held, *queue[place + 1 :]]


def with_outsider(witness: DeleverageWitness, place: int) -> Inputs:
    """An entry that does not stand in the book."""
    queue = [elsewhere(one) if at == place else one for at, one in enumerate(witness.queue)]
    return inputs_for(replace(witness, queue=tuple(queue)))


def with_other_salt(one: QueuePosition) -> QueuePosition:
    """The position in a leaf that its path does not hold."""
    return replace(one, position=replace(one.position, salt=one.position.salt ^ 1))


def with_other_leaf(witness: DeleverageWitness, place: int) -> Inputs:
    """An entry of which the path is another's, and which is stated as it is."""
    queue = [with_other_salt(one) if at == place else one for at, one in enumerate(witness.queue)]
    return inputs_for(replace(witness, queue=tuple(queue)))


def with_gap(depths: Depths) -> Inputs:
    """A place without an entry before one with an entry: its score is 0 of 0, and its leaf the least of some."""
    case = simple_case(lots=20)
    witness = case.witness(case.queue()[:1], [20], depths)
    present, absent = witness.queue
    least = min((draw_again(absent, seed) for seed in range(8)), key=lambda one: rank_key(one.position))
    return inputs_for(replace(witness, queue=(least, present)))


def breaches_of_bounds(depths: Depths) -> dict[str, Inputs]:
    """Amounts that a product of two has no room for."""
    huge = simple_case(lots=1, multiplier=2**60)
    inverse = simple_case(kind=ContractKind.INVERSE)
    inverse = replace(inverse, market=MarketState(Fraction(2**40), funding_index=5))
    breaches = {}
    for place in range(ENTRIES):
        large = with_parts(huge.others[place], size=MAX_SIZE)
        queue = put([*huge.others[:ENTRIES]], place, large)
        moved = replace(huge, others=tuple(queue), bankrupt=deep(huge.bankrupt))
        breaches[f"queue[{place}].notional_in_bounds"] = inputs_for(moved.witness(queue, [1, 0], depths))
        dear = with_parts(inverse.others[place], entry_notional=2**99)
        queue = put([*inverse.others[:ENTRIES]], place, dear)
        moved = replace(inverse, others=tuple(queue))
        breaches[f"queue[{place}].entry_in_bounds"] = inputs_for(moved.witness(queue, [20, 10], depths))
    return breaches


def deep(held: Held) -> Held:
    """The position with as little cash as there can be."""
    return replace(held, committed=replace(held.committed, cash=-(2**99)))
