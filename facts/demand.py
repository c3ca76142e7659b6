"""What a verifier demands of a proof, as people write it: the policy that it has to prove, and where it is good.

    [policy]
    requirement = "maintenance"
    shock = "5%"

    [context]
    domain = "clearing.example"
    verifier = "desk-1"
    chain_id = 1
    contract = "0x..."
    recipient = "0x..."
    expires = "2027-01-01T00:00:00Z"

In the place of ``[policy]`` an escrow that pays out asks for ``[release]``: an ``asset`` and an ``amount`` of it in its
smallest units. Where positions change there stands what is stated of the change (``facts.transition_document``).

Prover and verifier read the same document, so that a proof is made for just what is checked. See ``demand.schema.json``
for every field.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final

from facts.applied_transition import TransitionKind
from facts.asset import name_asset
from facts.bounds import CHAIN_ID_BITS, require_amount
from facts.commitments import commit_release
from facts.context import Binding, commit_context, name_domain
from facts.deleverage import StatedDeleverage
from facts.liquidation import StatedLiquidation
from facts.policy import StatementPolicy
from facts.transition import StatedTransition
from facts.transition_document import read_stated_deleverage, read_stated_liquidation, read_stated_transition
from margin.bounds import PPM
from margin.documents.policy_document import require_format
from margin.documents.reading import Fields
from margin.errors import MalformedError, MisuseError, Reason
from margin.requirement import RequirementKind

DEMAND_FORMAT: Final = "ringfence.demand/1"
MONEY_UNIT: Final = Fraction(1, 10**6)
"""Of a market that is settled in a quote currency."""
ADDRESS: Final = re.compile(r"0x(?:[0-9a-fA-F]{2}){1,64}")


@dataclass(frozen=True, slots=True)
class ReleaseDemand:
    """A lock of so much of an asset, with no position named."""

    asset: str
    amount: int
    """In smallest units."""

    def encode(self) -> int:
        """What stands in the place of a policy."""
        return commit_release(name_asset(self.asset), self.amount)


Stated = StatedTransition | StatedLiquidation
"""What is stated of positions that changed."""
Said = StatementPolicy | ReleaseDemand | Stated | StatedDeleverage
"""What a proof says: each is one word where its proof has the policy."""
NAMES: Final = {
    ReleaseDemand: "a release",
    StatedTransition: "a change of positions",
    StatedLiquidation: "a liquidation",
    StatedDeleverage: "an auto-deleverage",
}


@dataclass(frozen=True, slots=True)
class Demand:
    """The policy of a statement, or what takes its place, and the place where its proof is good."""

    policy: Said
    domain: str
    binding: Binding

    @property
    def margin_policy(self) -> StatementPolicy:
        """The policy, where it is a position that is asked about."""
        if not isinstance(self.policy, StatementPolicy):
            found, expected = NAMES[type(self.policy)], "a policy for a position"
            raise MisuseError(Reason.NOT_APPLICABLE, "demand", found=found, expected=expected)
        return self.policy

    @property
    def domain_element(self) -> int:
        """The registry of nullifiers as a statement has it."""
        return name_domain(self.domain)

    @property
    def context(self) -> int:
        """The public input."""
        return commit_context(self.domain_element, self.binding)


def describe_stated(said: Said) -> tuple[TransitionKind, tuple[int, ...]]:
    """What changed positions, and the leaves that stand in the book from then on."""
    match said:
        case StatedTransition():
            return TransitionKind.TRANSITION, said.leaves
        case StatedLiquidation():
            return TransitionKind.LIQUIDATION, (said.leaf,)
        case _:
            expected = "a claim that positions changed"
            raise MisuseError(Reason.NOT_APPLICABLE, "policy", found="another statement", expected=expected)


def read_demand(content: object, money_unit: Fraction = MONEY_UNIT) -> Demand:
    """A demand, checked to the last field; its least basket value is counted in ``money_unit``."""
    with Fields(content) as fields:
        require_format(fields, DEMAND_FORMAT)
        policy = read_said(fields, money_unit)
        with fields.inner("context") as context:
            domain = context.text("domain")
            binding = Binding(
                verifier=context.text("verifier"),
                chain_id=context.integer("chain_id", 1, 2**CHAIN_ID_BITS - 1),
                contract=read_address(context, "contract"),
                recipient=read_address(context, "recipient"),
                expiry=read_moment(context, "expires"),
            )
    return Demand(policy, domain, binding)


def read_said(fields: Fields, money_unit: Fraction) -> Said:
    """A policy, or the one thing that stands in its place."""
    tables = ("policy", "release", "transition", "liquidation", "deleverage")
    for place, name in enumerate(tables):
        for other in tables[place + 1 :]:
            fields.refuse_both(name, other)
    chosen = next((name for name in tables if fields.has(name)), "policy")
    for name in tables:
        if name != chosen:
            fields.take(name)
    match chosen:
        case "release":
            return read_release(fields)
        case "transition":
            return read_stated_transition(fields.inner("transition"))
        case "liquidation":
            return read_stated_liquidation(fields.inner("liquidation"))
        case "deleverage":
            return read_stated_deleverage(fields.inner("deleverage"))
        case _:
            return read_policy_table(fields, "policy", money_unit)


def read_policy_table(fields: Fields, name: str, money_unit: Fraction = MONEY_UNIT) -> StatementPolicy:
    """The policy in a table of a document."""
    with fields.inner(name) as policy:
        return StatementPolicy(
            requirement=policy.choice("requirement", RequirementKind),
            shock_ppm=read_ppm(policy, "shock"),
            buffer_ppm=read_ppm(policy, "buffer"),
            least_basket_value=read_whole(policy, "least_basket_value", money_unit),
        )


def read_release(fields: Fields) -> ReleaseDemand:
    """Of which asset, and how much of it in its smallest units."""
    with fields.inner("release") as release:
        amount = read_whole(release, "amount", Fraction(1))
        return ReleaseDemand(release.text("asset"), require_amount(amount))


def read_ppm(fields: Fields, name: str) -> int:
    """A rate in whole ppm; none is 0."""
    rate = fields.rate(name, Fraction(0)) * PPM
    if rate.denominator != 1:
        raise MalformedError(Reason.NOT_ON_GRID, name, found="a part of a ppm", expected='whole ppm, like "0.0001%"')
    return rate.numerator


def read_whole(fields: Fields, name: str, unit: Fraction) -> int:
    """An amount in whole units; none is 0."""
    amount = fields.decimal(name, Fraction(0)) / unit
    if amount.denominator != 1:
        raise MalformedError(Reason.NOT_ON_GRID, name, found="a part of a unit", expected=f"a multiple of {unit}")
    return amount.numerator


def read_address(fields: Fields, name: str) -> bytes:
    """An address as its chain writes it in bytes."""
    text = fields.text(name)
    if not ADDRESS.fullmatch(text):
        raise MalformedError(Reason.NOT_READABLE, name, found=text, expected="0x and 2 to 128 hexadecimal digits")
    return bytes.fromhex(text[2:])


def read_moment(fields: Fields, name: str) -> int:
    """A moment with its time zone, in whole seconds since 1970."""
    return parse_moment(fields.text(name), name)


def parse_moment(text: str, name: str) -> int:
    """A moment as people write it."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.microsecond or moment.timestamp() < 1:
        expected = 'a moment with its time zone, like "2027-01-01T00:00:00Z"'
        raise MalformedError(Reason.NOT_READABLE, name, found=text, expected=expected)
    return int(moment.timestamp())
