"""Batches of parts of accounts, random and at the boundaries, with what ``facts`` and ``margin`` make of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any, Final, cast

from circuits.relations.account import LINE_BITS
from circuits.statements.claim import Inputs
from circuits.statements.solvency import STEP_BITS, BatchWitness, Solvency, inputs_for
from facts.bounds import LISTING_BITS
from facts.hash_list import hash_list
from facts.packing import ISOLATED_POSITION, Packing
from facts.solvency.account import AccountPart, Balance, Debt, IsolatedPosition, commit_part, require_covered
from facts.solvency.challenge import Challenge, Inverses, Pole
from facts.solvency.running import RunningState
from facts.solvency.tables import MarketRow, Tables
from facts.tags import Tag
from facts.tree import ARITY, Tree, empty_node
from margin.bounds import MAX_ACCOUNT_AMOUNT, MAX_FINE, SIZE_BITS
from margin.contracts import Side
from margin.errors import RejectedError
from margin.solvency import HaircutLine, find_equity
from snark.bn254.constants import GROUP_ORDER
from snark.poseidon.hashing import hash_inputs
from tests.circuits.statements.judgements import Judgement
from tests.margin.strategies import SeededChooser

R: Final = GROUP_ORDER
END: Final = MAX_ACCOUNT_AMOUNT + 1
LINES: Final = (
    (HaircutLine(7 * 10**11, 0, 0, 1000), HaircutLine(5 * 10**11, 2 * 10**14, 1000, END)),
    (HaircutLine(0, 0, 0, END),),
    (HaircutLine(2**96 - 1, 0, 0, 2**63), HaircutLine(1, 2**159, 2**63, END)),
)
TABLES: Final = Tables(
    markets=(
        MarketRow(3 * 10**9 + 7, 0),
        MarketRow(-(10**12) - 1, 1),
        MarketRow(0, 2),
        MarketRow(2**60, 0),
    ),
    assets=3,
    haircuts=LINES,
    prices=(10**12 + 1, 5, 2**96 - 1),
)
CHALLENGE: Final = Challenge(
    hash_inputs([int(Tag.CHALLENGE), 1, 2, 3]),
    hash_inputs([int(Tag.MIXER), hash_inputs([int(Tag.CHALLENGE), 1, 2, 3])]),
)
BEFORE: Final = RunningState(11, 2**64 + 5, 77, 88)


@cache
def inverses_of(challenge: Challenge) -> Inverses:
    """Of all rows of the tables."""
    return Inverses.of(challenge, TABLES)


@dataclass(frozen=True)
class SolvencyCase:
    """A batch after others."""

    statement: Solvency
    parts: tuple[AccountPart, ...]
    before: RunningState = BEFORE
    challenge: Challenge = CHALLENGE

    @cached_property
    def after(self) -> RunningState:
        """The state that follows, as whoever streams all parts computes it."""
        lines, rows = self.before.lines, self.before.rows
        for part in self.parts:
            more_lines, more_rows = inverses_of(self.challenge).sum_part(part, self.statement.batch.account)
            lines, rows = lines + more_lines, rows + more_rows
        return RunningState(22, self.parts[-1].number, lines % R, rows % R)

    def witness(self) -> BatchWitness:
        """What the batch is proven with."""
        account = self.statement.batch.account
        return BatchWitness(
            challenge=self.challenge,
            accounts_root=Tree(self.statement.levels, [commit_part(part, account) for part in self.parts]).root,
            account=account,
            weights=TABLES.weights,
            before=self.before,
            after=self.after,
            parts=self.parts,
        )

    def inputs(self) -> Inputs:
        """The same as inputs."""
        return inputs_for(self.witness())

    def refusals(self) -> tuple[str, ...]:
        """The rules that it breaks, as ``margin`` and ``facts`` have them."""
        found, above = [], self.before.number
        for place, part in enumerate(self.parts):
            if not above < part.number <= above + (1 << STEP_BITS):
                found.append("numbers_rise")
            above = part.number
            for at, each in enumerate(part.positions):
                if each.equity6 != find_equity(each.quote6, each.side, each.size, TABLES.weights[each.market]):
                    found.append(f"account[{place}].position[{at}].equity_is_at_weight")
            found += [f"account[{place}].{rule}" for rule in refusals_of_cover(part)]
        return tuple(found)


def refusals_of_cover(part: AccountPart) -> tuple[str, ...]:
    """What is wrong with how the balances of a part cover its debts."""
    try:
        require_covered(part)
    except RejectedError as error:
        tier = tuple(
            f"{error.field.replace('balances', 'balance')}.amount_{end}" for end in ("from_floor", "below_ceiling")
        )
        return ("balances_cover_debts",) if error.field == "debts" else tier
    return ()


def choose_case(choose: SeededChooser, statement: Solvency, challenge: Challenge = CHALLENGE) -> SolvencyCase:
    """A batch of random parts, many of whose numbers are the least or the greatest that there are."""
    number, parts = BEFORE.number, []
    for _ in range(statement.accounts):
        number += choose.pick((1, choose.integer(1, 2**60), choose.integer(1, 2**60), choose.integer(1, 2**65)))
        parts.append(choose_part(choose, statement, number))
    return SolvencyCase(statement, tuple(parts), challenge=challenge)


def judge_batches(count: int, seed: int, statement: Solvency) -> Iterator[Judgement]:
    """Random batches, each as it is and with one number of one part another."""
    choose = SeededChooser(seed)
    for _ in range(count):
        case = choose_case(choose, statement)
        yield Judgement(case.inputs(), case.refusals())
        at = choose.integer(0, statement.accounts - 1)
        parts = *case.parts[:at], spoil_part(choose, case.parts[at]), *case.parts[at + 1 :]
        spoilt = replace(case, parts=parts)
        yield Judgement(spoilt.inputs(), spoilt.refusals())


def spoil_part(choose: SeededChooser, part: AccountPart) -> AccountPart:
    """A part that may be wrong: an equity, a number, a debt or an amount by one."""
    step = choose.pick((-1, 1))
    names = ("positions",) if part.cover is None else ("positions", "balances", "debts")
    kinds = [kind for kind in names if getattr(part, kind)]
    kind = choose.pick((*kinds, *kinds, "number"))
    if kind == "number":
        return replace(part, number=choose.pick((BEFORE.number, BEFORE.number + 1, part.number - 1, part.number + 1)))
    places = list(getattr(part, kind))
    at = choose.integer(0, len(places) - 1)
    if kind == "positions":
        name, most = choose.pick((("quote6", MAX_FINE), ("equity6", MAX_FINE), ("size", 2**SIZE_BITS - 1)))
        least = 0 if name == "size" else -most
    else:
        name, least, most = "amount", 0, MAX_ACCOUNT_AMOUNT
    moved = max(least, min(most, getattr(places[at], name) + step))
    places[at] = replace(places[at], **{name: moved})
    spoilt: dict[str, Any] = {kind: tuple(places)}
    return replace(part, **spoilt)


def choose_part(choose: SeededChooser, statement: Solvency, number: int) -> AccountPart:
    """A part, some of whose places are empty."""
    positions = [choose_position(choose) for _ in range(choose.integer(0, statement.positions))]
    balances = [choose_balance(choose) for _ in range(choose.integer(0, statement.balances))]
    part = AccountPart(
        choose.integer(0, R - 1), choose.integer(0, R - 1), number, tuple(positions), tuple(balances), ()
    )
    return with_debts(choose, part, statement) if statement.debts else part


def choose_position(choose: SeededChooser) -> IsolatedPosition:
    """A position whose equity is at either side of nothing, at its bounds, or anywhere."""
    market, side = choose.integer(0, len(TABLES.markets) - 1), choose.pick((Side.LONG, Side.SHORT))
    size = choose.pick((0, 1, choose.integer(1, 2**20), choose.integer(1, 2**23)))
    if TABLES.weights[market] == 0:
        size = choose.pick((size, 2**SIZE_BITS - 1))
    moved = find_equity(0, side, size, TABLES.weights[market])
    ends = min(MAX_FINE, MAX_FINE + moved), max(-MAX_FINE, moved - MAX_FINE)
    equity = choose.pick((-1, 0, 1, *ends, choose.integer(-(2**80), 2**80)))
    return IsolatedPosition(market, side, size, equity - moved, equity)


def choose_balance(choose: SeededChooser) -> Balance:
    """Of any asset, at the ends of its tiers or anywhere."""
    asset = choose.integer(0, TABLES.assets - 1)
    ends = [end for line in LINES[asset] for end in (line.floor, line.ceiling - 1)]
    return Balance(asset, choose.pick((*ends, choose.integer(0, 10**6), choose.integer(0, MAX_ACCOUNT_AMOUNT))))


def with_debts(choose: SeededChooser, part: AccountPart, statement: Solvency) -> AccountPart:
    """The part with debts, the last of which asks for all that is left of its cover where it can."""
    account = statement.batch.account
    lines = TABLES.cover(part.balances, (), account).lines
    left = sum(line.value(each.amount) for line, each in zip(lines, part.balances, strict=False))
    debts = []
    for _ in range(choose.integer(0, statement.debts)):
        asset = choose.integer(0, TABLES.assets - 1)
        most = min(MAX_ACCOUNT_AMOUNT, left // TABLES.prices[asset])
        amount = choose.pick((0, most, most, choose.integer(0, most)))
        left -= amount * TABLES.prices[asset]
        debts.append(Debt(asset, amount))
    return replace(part, debts=tuple(debts), cover=TABLES.cover(part.balances, debts, account))


# --- Commitments to anything -------------------------------------------------------------------------


def recommit(
    statement: Solvency, inputs: Inputs, changes: Mapping[str, int] | None = None, *, lines: int = 0, rows: int = 0
) -> Inputs:
    """The inputs with changes, ``position.size[3]`` or ``challenge``, and all that is committed to made to fit.

    As if the venue had built its tree, its sums and its states of numbers that no honest one has. ``lines`` and
    ``rows`` say how much more of them the state afterwards has.
    """
    changed = change_inputs(inputs, changes or {})
    forged = RawBatch(statement, changed)
    return changed | {
        "accounts_root": forged.root(),
        "before": hash_running(changed, "before", *(cast("int", changed[f"before.{name}"]) for name in STATE)),
        "after": hash_running(
            changed, "after", forged.column("number")[-1], *map(int.__add__, forged.sums(), (lines, rows))
        ),
    }


def change_inputs(inputs: Inputs, changes: Mapping[str, int]) -> Inputs:
    """Some numbers of the inputs replaced, by their names and places."""
    changed: Inputs = {name: list(value) if isinstance(value, Sequence) else value for name, value in inputs.items()}
    for name, value in changes.items():
        listed, _, place = name.partition("[")
        if place:
            cast("list[int]", changed[listed])[int(place.removesuffix("]"))] = value % R
        else:
            changed[name] = value % R
    return changed


STATE: Final = ("number", "lines", "rows")


def hash_running(inputs: Inputs, name: str, *state: int) -> int:
    """A state of the run, of any numbers."""
    return hash_inputs([int(Tag.RUNNING), cast("int", inputs[f"{name}.salt"]), *(each % R for each in state)])


def column(inputs: Inputs, name: str) -> list[int]:
    """A column, which is empty where the shape has none."""
    return cast("list[int]", inputs.get(name, []))


class RawBatch:
    """What a batch commits to and adds up, of columns of any elements."""

    def __init__(self, statement: Solvency, inputs: Inputs) -> None:
        self.statement = statement
        self.account = statement.batch.account
        self.inputs = inputs

    def column(self, name: str) -> list[int]:
        """A column."""
        return column(self.inputs, name)

    def one(self, name: str, place: int) -> int:
        """One number of a column."""
        return column(self.inputs, name)[place]

    def root(self) -> int:
        """The root over the leaves."""
        nodes = [self.leaf(place) for place in range(self.statement.accounts)]
        for level in range(self.statement.levels):
            nodes += [empty_node(level)] * (-len(nodes) % ARITY)
            nodes = [hash_inputs(nodes[at : at + ARITY]) for at in range(0, len(nodes), ARITY)]
        return nodes[0]

    def leaf(self, place: int) -> int:
        """A leaf, with what is wider than its place flowing over into the next."""
        account = self.account
        words = [
            pack_raw(ISOLATED_POSITION, {name: self.one(f"position.{name}", at) for name in ISOLATED_POSITION.widths})
            for at in range(place * account.positions, (place + 1) * account.positions)
        ]
        entries = {"number": self.one("number", place)}
        for kind, count in (("balance", account.balances), ("debt", account.debts)):
            for at in range(count):
                for name in ("asset", "amount"):
                    entries[f"{kind}_{at}_{name}"] = self.one(f"{kind}.{name}", place * count + at)
        words += [pack_raw(word, entries) for word in account.words]
        return hash_inputs([account.tag, self.one("holder", place), *words, *self.cover(place)])

    def cover(self, place: int) -> list[int]:
        """The cover of a leaf, where there is one."""
        account = self.account
        if not account.debts:
            return []
        numbers = [
            self.one(f"line.{name}", at)
            for at in range(place * account.balances, (place + 1) * account.balances)
            for name in LINE_BITS
        ]
        prices = self.column("debt.price")[place * account.debts : (place + 1) * account.debts]
        return [hash_list(Tag.COVER, [*numbers, *prices])]

    def sums(self) -> tuple[int, int]:
        """Lines and rows, to which what is divided by 0 adds nothing."""
        lines, rows = cast("int", self.inputs["before.lines"]), cast("int", self.inputs["before.rows"])
        for at, size in enumerate(self.column("position.size")):
            market, weight, equity, sign = (
                self.one(f"position.{name}", at) for name in ("market", "weight", "equity_magnitude", "equity_sign")
            )
            counted = (1 - sign) * equity
            lines += counted * self.invert(Pole.COUNTED, market) + (equity - counted) * self.invert(Pole.GAP, market)
            rows += size * self.invert(Pole.MARKET, market, weight)
        for kind, pole in (("balance", Pole.BALANCE), ("debt", Pole.DEBT)):
            for asset, amount in zip(self.column(f"{kind}.asset"), self.column(f"{kind}.amount"), strict=True):
                lines += amount * self.invert(pole, asset)
        for at, price in enumerate(self.column("debt.price")):
            rows += self.invert(Pole.PRICE, self.one("debt.asset", at), price)
        for at in range(len(self.column("line.slope"))):
            numbers = (self.one(f"line.{name}", at) for name in LINE_BITS)
            rows += self.invert(Pole.HAIRCUT, self.one("balance.asset", at), *numbers)
        return lines % R, rows % R

    def invert(self, pole: Pole, place: int, *numbers: int) -> int:
        """``1 / (X - row)``, and 0 of 0."""
        return invert_row(self.inputs, pole, place, numbers)


def invert_row(inputs: Inputs, pole: Pole, place: int, numbers: Sequence[int]) -> int:
    """``1 / (X - row)`` under the challenge of the inputs, and 0 of 0."""
    challenge, mixer = (cast("int", inputs[name]) for name in ("challenge", "mixer"))
    row = (int(pole) << LISTING_BITS) + place
    row += sum(pow(mixer, power, R) * number for power, number in enumerate(numbers, 1))
    difference = (challenge - row) % R
    return pow(difference, -1, R) if difference else 0


def pack_raw(packing: Packing, numbers: Mapping[str, int]) -> int:
    """The element of numbers of any size."""
    packed = place = 0
    for name, bits in packing.parts:
        packed += numbers[name] << place
        place += bits
    return packed % R
