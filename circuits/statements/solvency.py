"""``solvency``: a batch of parts of accounts, each counted whole, between two states of a run.

    leaves of the batch under accounts_root        numbers of its parts above that of the batch before, and rising
    after.lines = before.lines + sum of amounts / (X - line)        after.rows = before.rows + sum of uses / (X - row)

What is owed is added up by asset and market as a sum of fractions, which the statement of the total takes apart, and
nothing of it is shown by a batch. A position counts for its equity at the weight of its market or, where that is below
zero, for nothing: its loss lowers nothing else that is owed, and is added up by itself. A balance counts whole. A debt
is added up by itself and has to be covered by the balances beside it.

Numbers of parts rise over all batches of a run, so that no part is counted twice. The first ``before`` is the state in
which nothing was counted and each ``after`` is the next ``before``, which a verifier sees to.

Where the constraints of one part go, of 64 with two positions and four balances each:

    494     bits of positions                    247 in the word of each
    304     bits of balances                     76 each
     66     the step of its number
     18     what positions come to               9 each: two signs, part and product, two fractions, row, inverse, lots
      4     fractions of balances
    351     its leaf, with five inputs after the tag
     67.6   its share of nine nodes of the tree, of the two states, and of the range of the last number
    1,304.6

A debt adds 1,673: 76 bits of it, 512 for amounts within their tiers, 163 for the comparison with its cover, 894 to
commit to lines and price (867 for their hash, 27 for a longer leaf), 22 for five rows, 5 products, and its fraction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Final

from circuits.builder import Builder, Element
from circuits.gadgets.ordering import enforce_rising
from circuits.relations.account import LINE_BITS, count_part, declare_parts
from circuits.relations.challenge import ChallengeSignals, RunningSignals, Tally, sum_elements
from circuits.signal import Signal
from circuits.statement import Statement
from circuits.statements.claim import Inputs, prefixed
from facts.bounds import PART_NUMBER_BITS
from facts.solvency.account import NOTHING, AccountPart, Balance, Cover, IsolatedPosition, encode_holder
from facts.solvency.challenge import Challenge
from facts.solvency.running import RunningState, commit_running
from facts.solvency.shape import AccountShape, BatchShape
from facts.tree import ARITY, empty_node
from margin.contracts import Side
from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER
from snark.poseidon.hashing import hash_many

PUBLIC: Final = ("challenge", "mixer", "accounts_root", "before", "after")
STEP_BITS: Final = 66
"""Two parts whose numbers follow one another are at most so far apart: three classes without a part, and some."""


HOLDER_WIDTH: Final = 4
"""Of the hash of tag, identity and salt."""
NO_POSITION: Final = IsolatedPosition(market=0, side=Side.LONG, size=0, quote6=0, equity6=0)


@dataclass(frozen=True)
class Solvency(Statement):
    """So many parts of one shape."""

    name: ClassVar[str] = "solvency"

    accounts: int = 64
    positions: int = 2
    balances: int = 4
    debts: int = 0
    levels: int = 2

    def __post_init__(self) -> None:
        _ = self.batch

    @cached_property
    def batch(self) -> BatchShape:
        """The shape as ``facts`` has it, which refuses what there can't be."""
        return BatchShape(AccountShape(self.positions, self.balances, self.debts), self.accounts, self.levels)

    @property
    def shape(self) -> dict[str, int]:
        """How many parts, what each has room for, and how deep the tree over them is."""
        return {
            "accounts": self.accounts,
            "positions": self.positions,
            "balances": self.balances,
            "debts": self.debts,
            "levels": self.levels,
        }

    def define(self, builder: Builder) -> None:
        """The text."""
        challenge = ChallengeSignals.declare(builder)
        accounts_root = builder.public("accounts_root", Element(), "root of the tree of the batch's leaves")
        before = RunningSignals.open(builder, "before", builder.public("before", Element(), "the state of the run"))
        after = builder.public("after", Element(), "the state of the run with this batch")
        account, tally = self.batch.account, Tally(challenge)
        if not (self.positions or self.debts):
            challenge.bind_mixer()
        numbers = builder.private_list("number", Element(), self.accounts, "what orders the parts of a run")
        rising = enforce_rising(before.number, numbers, step_bits=STEP_BITS, bits=PART_NUMBER_BITS, rule="numbers_rise")
        leaves = []
        for place, part in enumerate(declare_parts(builder, account, rising)):
            with builder.scope(f"account[{place}]"):
                leaves.append(count_part(builder, part, account, tally))
        builder.enforce_equal(hash_leaves(builder, leaves, self.levels), accounts_root, rule="accounts_are_under_root")
        lines, rows = sum_elements(before.lines, tally.lines), sum_elements(before.rows, tally.rows)
        RunningSignals(rising[-1], lines, rows).close(builder, "after", after)


def hash_leaves(builder: Builder, leaves: Sequence[Signal], levels: int) -> Signal:
    """The root of a tree of leaves in a row, with nothing in the places after them."""
    nodes = list(leaves)
    for level in range(levels):
        nodes += [builder.element(empty_node(level))] * (-len(nodes) % ARITY)
        nodes = [builder.hash_inputs(nodes[place : place + ARITY]) for place in range(0, len(nodes), ARITY)]
    return nodes[0]


@dataclass(frozen=True, slots=True)
class BatchWitness:
    """A batch with all that its proof is made of."""

    challenge: Challenge
    accounts_root: int
    account: AccountShape
    weights: Sequence[int]
    """Of each market of the tables."""
    before: RunningState = field(repr=False)
    after: RunningState = field(repr=False)
    parts: Sequence[AccountPart] = field(repr=False)

    def public_inputs(self) -> tuple[int, int, int, int, int]:
        """What the proof will be about."""
        states = commit_running(self.before), commit_running(self.after)
        return (self.challenge.challenge, self.challenge.mixer, self.accounts_root, *states)


def inputs_for(witness: BatchWitness) -> Inputs:
    """The inputs of the statement by name. Millions of parts run through here: a list for each column, and no more."""
    account, before = witness.account, witness.before
    inputs: Inputs = dict(zip(PUBLIC, witness.public_inputs(), strict=True))
    inputs |= prefixed("before", {name: getattr(before, name) for name in ("salt", "number", "lines", "rows")})
    inputs |= {
        "after.salt": witness.after.salt,
        "number": [part.number for part in witness.parts],
        "holder": commit_holders(witness.parts),
    }
    if account.positions:
        inputs |= prefixed("position", position_columns(witness))
    inputs |= prefixed("balance", entry_columns([part.balances for part in witness.parts], account.balances))
    if account.debts:
        inputs |= prefixed("debt", entry_columns([part.debts for part in witness.parts], account.debts))
        inputs |= cover_columns([part.cover for part in witness.parts if part.cover is not None])
    return inputs


def commit_holders(parts: Sequence[AccountPart]) -> list[int]:
    """The holder of each part, hashed at once."""
    hashes = hash_many(HOLDER_WIDTH, b"".join(map(encode_holder, parts)), threads=1)
    return [int.from_bytes(hashes[at : at + FIELD_BYTES], "little") for at in range(0, len(hashes), FIELD_BYTES)]


def position_columns(witness: BatchWitness) -> Inputs:
    """All places for positions, the parts one after the other."""
    places: list[IsolatedPosition] = []
    for part in witness.parts:
        places += part.positions
        places += [NO_POSITION] * (witness.account.positions - len(part.positions))
    quotes, equities = [each.quote6 for each in places], [each.equity6 for each in places]
    weights = [*witness.weights, 0]
    beyond = len(witness.weights)
    return {
        "side": [int(each.side is Side.SHORT) for each in places],
        "size": [each.size for each in places],
        "market": [each.market for each in places],
        "quote_magnitude": [*map(abs, quotes)],
        "quote_sign": [int(quote < 0) for quote in quotes],
        "equity_magnitude": [*map(abs, equities)],
        "equity_sign": [int(equity < 0) for equity in equities],
        "weight": [weights[min(each.market, beyond)] % GROUP_ORDER for each in places],
    }


def entry_columns(entries: Sequence[Sequence[Balance]], most: int) -> Inputs:
    """All places for balances, or for debts."""
    places: list[Balance] = []
    for given in entries:
        places += given
        places += [NOTHING] * (most - len(given))
    return {"asset": [each.asset for each in places], "amount": [each.amount for each in places]}


def cover_columns(covers: Sequence[Cover]) -> Inputs:
    """At what all places for balances and debts are counted."""
    lines = [line for cover in covers for line in cover.lines]
    columns = {name: [getattr(line, name) for line in lines] for name in LINE_BITS}
    return {**prefixed("line", columns), "debt.price": [price for cover in covers for price in cover.prices]}
