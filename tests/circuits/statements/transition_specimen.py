"""``transition`` for the laboratory: positions that are opened, changed and closed, with a breach of each rule."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Final

from circuits.statements.transition import Transition, inputs_for
from facts.position_change import value_of_lots
from margin.contracts import ContractKind, Side
from margin.errors import MarginError
from margin.policy import Basis
from tests.circuits.laboratory.specimen import Specimen
from tests.circuits.statements.claims import Depths
from tests.circuits.statements.perp_specimen import SIGNED_BY_THE_ROUND
from tests.circuits.statements.transition_breaches import KEPT_BY_HINTS, find_breaches
from tests.circuits.statements.transition_cases import (
    Operation,
    PlaceCase,
    TransitionCase,
    add_lots,
    close_all,
    close_and_withdraw,
    close_some,
    draw_transition,
    open_lots,
    settle,
    top_up,
    withdraw,
)
from tests.circuits.statements.transition_cheating import SCOPES
from tests.circuits.statements.transition_thefts import (
    Theft,
    thefts_of_absent,
    thefts_of_closed,
    thefts_of_closing,
    thefts_of_fractions,
    thefts_of_unchanged,
    thefts_of_withdrawn,
)
from tests.margin.strategies import SeededChooser

LINEAR, INVERSE = ContractKind.LINEAR, ContractKind.INVERSE
MOST_DRAWS: Final = 5000
KINDS: Final = (LINEAR, INVERSE)


@cache
def find_case(
    operations: tuple[Operation, Operation],
    sides: tuple[Side, Side],
    fits: Callable[[PlaceCase], bool] = bool,
    wanted: tuple[ContractKind, ContractKind] = KINDS,
) -> TransitionCase:
    """The first draw of these operations on these sides, in a linear and an inverse market if no others are wanted."""
    choose = SeededChooser(71)
    for _ in range(MOST_DRAWS):
        with suppress(MarginError):
            case = draw_transition(choose, operations)
            found = tuple((place.policy.contract.kind, place.side) for place in case.places)
            if found == tuple(zip(wanted, sides, strict=True)) and all(map(fits, case.places)):
                case.witness()
                return case
    raise LookupError(f"no such case in {MOST_DRAWS} draws")


def charges_to_close(place: PlaceCase) -> bool:
    """Whether some fee is due, and some lots stay."""
    change = place.change()
    return change.fee > place.extra_fee and change.after is not None


def with_plenty(case: TransitionCase) -> TransitionCase:
    """The same with money to spare."""
    first, second = (place.richer(2**97) for place in case.places)
    return replace(case, places=(first, second))


LONG_SHORT: Final = (Side.LONG, Side.SHORT)
SHORT_LONG: Final = (Side.SHORT, Side.LONG)


def find_thefts(sides: tuple[Side, Side], depths: Depths) -> Iterator[Theft]:
    """All of them, with positions on these sides."""
    for operation, thefts in THEFTS.items():
        yield from thefts(with_plenty(find_case((operation, operation), sides, settles)), depths)
    inverse = with_plenty(find_case((add_lots, add_lots), sides, has_fraction, (INVERSE, INVERSE)))
    yield from thefts_of_fractions(inverse, depths)


def settles(place: PlaceCase) -> bool:
    """Whether something is settled, where there was something."""
    change = place.change()
    return change.before is None or change.settled != 0


def has_fraction(place: PlaceCase) -> bool:
    """Whether the lots are worth no whole number of units, and a unit less of the entry changes no requirement."""
    change = place.change()
    value = value_of_lots(place.tiers()[0], change.side, change.lots)
    return place.policy.initial_basis is Basis.MARK and value.denominator != 1


THEFTS: Final[Mapping[Operation, Callable[[TransitionCase, Depths], Iterator[Theft]]]] = {
    settle: thefts_of_unchanged,
    open_lots: thefts_of_absent,
    close_all: thefts_of_closed,
    close_some: thefts_of_closing,
    withdraw: thefts_of_withdrawn,
}
"""What happens to both positions -> what somebody makes of it."""


def make_specimen(depths: Depths, *, examples: int, effort: int = 40) -> Specimen:
    """``transition`` of one shape.

    Both places of each example trade: where no lots do, ``adds`` may say either, and 1 only asks for more.
    """
    cases = [
        find_case((close_some, open_lots), LONG_SHORT),
        find_case((close_all, close_and_withdraw), SHORT_LONG),
    ]
    topped_up = with_plenty(find_case((top_up, top_up), LONG_SHORT))
    closing = with_plenty(find_case((close_some, close_some), LONG_SHORT, charges_to_close))
    return Specimen(
        Transition(depths.book, depths.market),
        honest=[inputs_for(case.witness(depths)) for case in cases[:examples]],
        broken=[*find_breaches(topped_up, closing, depths).items(), *find_thefts(LONG_SHORT, depths)],
        sums=[*(f"{scope}.cash_is_conserved" for scope in SCOPES), "settlement_adds_up", "wallet_balances"],
        free={f"{scope}.birth_salt": "it is of no account where a position is born" for scope in SCOPES},
        stray_rules=KEPT_BY_HINTS,
        attested={f"{scope}.market.{name}": SIGNED_BY_THE_ROUND for scope in SCOPES for name in ("floor", "ceiling")},
        effort=effort,
    )
