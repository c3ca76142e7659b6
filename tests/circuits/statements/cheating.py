"""Provers who do not run the honest program: inputs beyond their bounds, hints that lie, commitments to nonsense.

``CheatingEngine`` has nothing but constraints: the bounds of inputs and the intervals of types are switched off.
``forge`` changes hidden numbers of a claim and commits to them anew, all the way up to the roots, as if venue and
oracle had signed that: what is left to refuse it is the statement's own arithmetic.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, cast

from circuits.builder import Builder
from circuits.engine import IntegerEngine
from circuits.errors import BrokenRuleError
from circuits.relations.instrument import OUTCOME_WORDS
from circuits.signal import Expression
from circuits.statement import Statement
from circuits.statements.claim import Inputs
from facts.commitments import PositionKind
from facts.packing import (
    ASSET_TERMS,
    CASH,
    FUNDING,
    HOLDINGS,
    INSTRUMENT_TERMS,
    LEG,
    MARKET_TERMS,
    OUTCOMES,
    PERP_BODY,
    POLICY,
    Packing,
)
from facts.portfolio import HOLDING_PARTS
from facts.tags import Tag
from facts.tree import ARITY
from snark.bn254.constants import GROUP_ORDER
from snark.errors import InternalError
from snark.poseidon.hashing import hash_inputs
from snark.r1cs.program.execution import Given

Division = tuple[int, int]
HINT: Final = "a hint that a constraint does not keep"
ROOTS: Final = ("book_root", "market_root", "lock_root")


class CheatingEngine(IntegerEngine):
    """Values may be anything, and divisions what ``divide`` says; only constraints stop it."""

    def __init__(self, inputs: Mapping[str, Given], divide: Callable[[int, int], Division] = divmod) -> None:
        super().__init__(inputs)
        self.divide = divide
        self.lie = HINT

    def declare(self, name: str, size: int, bits: int, *, public: bool, meaning: str) -> tuple[int, ...]:  # noqa: ARG002
        given = self.inputs[name]
        return (given,) if isinstance(given, int) else tuple(given)

    def compute_digits(self, value: Expression, count: int, rule: str) -> tuple[int, ...]:
        """The lowest bits, whatever is above them: the only ones that some constraint could take."""
        whole = cast("int", value) % GROUP_ORDER
        if whole >> count:
            self.lie = rule
        return tuple(whole >> place & 1 for place in range(count))

    def compute_division(self, dividend: Expression, divisor: Expression, rule: str) -> Division:  # noqa: ARG002
        quotient, remainder = self.divide(cast("int", dividend) % GROUP_ORDER, cast("int", divisor) % GROUP_ORDER)
        return quotient % GROUP_ORDER, remainder % GROUP_ORDER

    def witness_range(self, value: Expression, low: int, high: int) -> None:
        pass


def cheat(statement: Statement, inputs: Inputs, divide: Callable[[int, int], Division] = divmod) -> str | None:
    """The rule that stops a cheat, ``HINT`` where it is one without a name, or nothing."""
    engine = CheatingEngine(inputs, divide)
    try:
        statement.define(Builder(engine))
    except BrokenRuleError as error:
        return error.field
    except InternalError:
        return engine.lie
    return None


# --- Commitments to anything -------------------------------------------------------------------------


def forge(inputs: Inputs, changes: Mapping[str, int]) -> Inputs:
    """The inputs with changes, and everything that is committed to or derived from them made to fit."""
    forged = inputs | dict(changes)
    moved = rehash(inputs, dict(zip(leaves_of(inputs), leaves_of(forged), strict=True)))
    word = number(inputs, "policy") - pack_raw(POLICY, inputs, "policy") + pack_raw(POLICY, forged, "policy")
    return forged | moved | {"policy": word} | dict(derived_from(forged))


def rehash(inputs: Inputs, leaves: Mapping[int, int]) -> Inputs:
    """Paths and roots where some leaves are others, as if whoever signs the roots had signed that."""
    renamed = dict(leaves)
    paths = {name: list(cast("list[int]", value)) for name, value in inputs.items() if name.endswith("path")}
    for start in range(0, max(map(len, paths.values())), ARITY):
        for path in paths.values():
            if node := path[start : start + ARITY]:
                path[start : start + ARITY] = [renamed.get(child, child) for child in node]
                renamed[hash_inputs(node)] = hash_inputs(path[start : start + ARITY])
    roots = {name: renamed.get(number(inputs, name), number(inputs, name)) for name in ROOTS}
    return {**paths, **roots}


def leaves_of(inputs: Inputs) -> Iterator[int]:
    """What stands in the trees: the position, what the market root says of it, each lock and its haircut tier."""
    yield position_leaf(inputs)
    if "market.kind" in inputs:
        yield market_leaf(inputs)
    for place in range(count_places(inputs, "holding", "lots")):
        yield instrument_leaf(inputs, f"holding[{place}].instrument")
    for lock in locks_of(inputs):
        yield lock_leaf(inputs, lock)
        tier = f"{lock}.asset_tier"
        asset, terms = number(inputs, f"{lock}.asset"), pack_raw(ASSET_TERMS, inputs, tier)
        bounds = (number(inputs, f"{tier}.{name}") for name in ("floor", "ceiling"))
        yield hash_inputs([int(Tag.ASSET), asset, terms, *bounds])


def position_leaf(inputs: Inputs, kind: Tag | None = None) -> int:
    """The commitment to the position, as one of its own kind or of another."""
    owner = hash_inputs([int(Tag.OWNER), number(inputs, "secret")])
    own_kind, body = body_of(inputs)
    cash = pack_raw(CASH, inputs, "position.cash")
    position_id, salt = number(inputs, "position.position_id"), number(inputs, "position.salt")
    return hash_inputs([int(kind or own_kind), owner, position_id, body, cash, salt])


def body_of(inputs: Inputs) -> tuple[PositionKind, int]:
    """What the position is besides its cash."""
    if legs := count_places(inputs, "leg", "quantity"):
        words = [pack_raw(LEG, inputs, f"leg[{place}]") for place in range(legs)]
        names = (number(inputs, f"position.{name}") for name in ("market_id", "expiry"))
        return Tag.POSITION_STRUCTURE, hash_inputs([int(Tag.STRUCTURE), *names, *words])
    if holdings := count_places(inputs, "holding", "lots"):
        words = [pack_holdings(inputs, place) for place in range(0, holdings, 2)]
        return Tag.POSITION_PORTFOLIO, hash_inputs([int(Tag.PORTFOLIO), *words])
    return Tag.POSITION_PERP, pack_raw(PERP_BODY, inputs, "position")


def pack_holdings(inputs: Inputs, place: int) -> int:
    """Two holdings as one element; their instruments are numbered where the market root has them."""
    parts = {
        f"{word}_{name}": number(
            inputs, f"holding[{place + step}].{'instrument.' if name == 'instrument_id' else ''}{name}"
        )
        for step, word in enumerate(("first", "second"))
        for name in HOLDING_PARTS
    }
    return pack_raw(HOLDINGS, {f"holdings.{name}": value for name, value in parts.items()}, "holdings")


def market_leaf(inputs: Inputs) -> int:
    """The commitment to the market's tier."""
    terms, funding = pack_raw(MARKET_TERMS, inputs, "market"), pack_raw(FUNDING, inputs, "market.funding")
    rest = ("floor", "ceiling", "initial", "maintenance", "policy_hash")
    return hash_inputs([int(Tag.MARKET), terms, funding, *(number(inputs, f"market.{name}") for name in rest)])


def instrument_leaf(inputs: Inputs, scope: str) -> int:
    """The commitment to an instrument."""
    words = [pack_raw(OUTCOMES, inputs, f"{scope}.outcomes[{word}]") for word in range(OUTCOME_WORDS)]
    return hash_inputs([int(Tag.INSTRUMENT), pack_raw(INSTRUMENT_TERMS, inputs, scope), *words])


def count_places(inputs: Inputs, scope: str, name: str) -> int:
    """How many places of a list the inputs have."""
    return sum(each.startswith(f"{scope}[") and each.endswith(f"].{name}") for each in inputs)


def lock_leaf(inputs: Inputs, lock: str) -> int:
    """The commitment to a lock."""
    own = {name: number(inputs, f"{lock}.{name}") for name in ("chain_id", "asset", "amount", "salt", "deposit_index")}
    lock_owner = hash_inputs([int(Tag.LOCK_OWNER), number(inputs, "secret"), own["salt"]])
    domain = number(inputs, "context.domain")
    first = (int(Tag.LOCK), own["chain_id"], domain, own["asset"], own["amount"])
    return hash_inputs([*first, lock_owner, own["deposit_index"]])


def derived_from(inputs: Inputs) -> Iterator[tuple[str, int]]:
    """The public names of the position and of the locks."""
    secret, position_id = number(inputs, "secret"), number(inputs, "position.position_id")
    yield "position_tag", hash_inputs([int(Tag.POSITION_TAG), secret, position_id])
    for index, lock in enumerate(locks_of(inputs)):
        yield f"nullifier[{index}]", hash_inputs([int(Tag.NULLIFIER), secret, lock_leaf(inputs, lock)])


def locks_of(inputs: Inputs) -> list[str]:
    """The scope of each lock."""
    return [name.removesuffix(".amount") for name in inputs if name.endswith(".amount")]


def pack_raw(packing: Packing, inputs: Inputs, scope: str) -> int:
    """The element of parts of any size; what two facts share is where the statement first has it."""
    shared = {
        "market_id": "position.market_id",
        "currency_id": "market.currency_id",
    }
    packed = place = 0
    for name, bits in packing.parts:
        own = f"{scope}.{name}"
        packed += number(inputs, own if own in inputs else shared.get(name, own), 0) << place
        place += bits
    return packed % GROUP_ORDER


def number(inputs: Inputs, name: str, default: int | None = None) -> int:
    """An input that is one number."""
    return cast("int", inputs[name] if default is None else inputs.get(name, default))
