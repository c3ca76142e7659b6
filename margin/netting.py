"""Netting sets: positions net inside a set, sets give each other partial relief, all else stands alone.

Every position belongs to exactly one set. Offsets are pairs of correlated sets with a share rho,
the best first. They are taken in that order, and what a pair sets against each other is used up:

    matched   m = min(what is left of a, what is left of b), taken from both
    relief    rho * m
    required  sum of the sets' own requirements - sum of reliefs

With two sets this is ``a + b - rho * min(a, b)``. For any number, and whatever the pairs:

- never above the sum, because every relief is at least zero;
- never below any one set's own requirement: each match takes at least its amount from sets other than
  that one, so all of them together take no more than those sets have;
- never rises with rho, because what is matched does not depend on it;
- never falls when a set's own requirement rises: one more unit in a set passes along a chain of
  pairs with falling rho, and changes the sum by 1 - rho1 + rho2 - ..., which is at least zero.
  This is why the order is asked for.

Sets that are linked by offsets share what they need and form a group. Groups are isolated: the
surplus of one never helps another.
"""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from margin.errors import MalformedError, Reason
from margin.quantities import require_at_least_zero, require_share, require_tuple

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class NettingSet:
    """Positions that were netted into one ``requirement``; one position alone is a set too."""

    name: str
    positions: tuple[str, ...]
    requirement: Fraction

    def __post_init__(self) -> None:
        """Refuse a set without a name or a position, and a requirement below zero."""
        require_name(self.name, "name")
        if not require_tuple(self.positions, str, "positions"):
            raise MalformedError(Reason.WRONG_COUNT, "positions", found=0, expected="at least one position")
        for index, position in enumerate(self.positions):
            require_name(position, f"positions[{index}]")
        require_at_least_zero(self.requirement, "requirement")


@dataclass(frozen=True, slots=True)
class Offset:
    """Of what two correlated sets need against each other, ``share`` is released."""

    first: str
    second: str
    share: Fraction

    def __post_init__(self) -> None:
        """Refuse a set against itself, and a release of more than all."""
        require_name(self.first, "first")
        require_name(self.second, "second")
        if self.first == self.second:
            raise MalformedError(Reason.CONFLICTING_FIELDS, "second", found=self.second, expected="another set")
        require_share(self.share, "share")


@dataclass(frozen=True, slots=True)
class Relief:
    """What one offset matched and released."""

    offset: Offset
    matched: Fraction
    released: Fraction


@dataclass(frozen=True, slots=True)
class GroupMargin:
    """Sets that share what they need: the plain sum, what offsets released, and the difference."""

    names: tuple[str, ...]
    plain_sum: Fraction
    reliefs: tuple[Relief, ...]

    @property
    def requirement(self) -> Fraction:
        """What the group needs."""
        return self.plain_sum - sum((relief.released for relief in self.reliefs), ZERO)


@dataclass(frozen=True, slots=True)
class NettingMargin:
    """The groups, each to be covered by its own equity."""

    groups: tuple[GroupMargin, ...]

    @property
    def requirement(self) -> Fraction:
        """What all groups need together."""
        return sum((group.requirement for group in self.groups), ZERO)


def require_name(value: object, field: str) -> str:
    """A name that is not empty."""
    if not isinstance(value, str) or not value:
        raise MalformedError(Reason.NOT_A_STRING, field, found=value, expected="a name")
    return value


def compute_netting_margin(sets: tuple[NettingSet, ...], offsets: tuple[Offset, ...] = ()) -> NettingMargin:
    """What disjoint ``sets`` need when ``offsets``, best first, relieve them."""
    require_disjoint(sets)
    require_ordered(offsets, {each.name for each in sets})
    reliefs = match_offsets({each.name: each.requirement for each in sets}, offsets)
    required = {each.name: each.requirement for each in sets}
    groups = []
    for names in group_sets(tuple(required), offsets):
        plain_sum = sum((required[name] for name in names), ZERO)
        own = tuple(relief for relief in reliefs if relief.offset.first in names)
        groups.append(GroupMargin(names, plain_sum, own))
    return NettingMargin(tuple(groups))


def match_offsets(left: dict[str, Fraction], offsets: tuple[Offset, ...]) -> tuple[Relief, ...]:
    """Take each pair in order and use up what it matches of what is ``left`` of each set."""
    reliefs = []
    for offset in offsets:
        matched = min(left[offset.first], left[offset.second])
        left[offset.first] -= matched
        left[offset.second] -= matched
        reliefs.append(Relief(offset, matched, offset.share * matched))
    return tuple(reliefs)


def group_sets(names: tuple[str, ...], offsets: tuple[Offset, ...]) -> tuple[tuple[str, ...], ...]:
    """The sets that offsets link, directly or through others, in the order given."""
    group_of = {name: {name} for name in names}
    for offset in offsets:
        joined = group_of[offset.first] | group_of[offset.second]
        for name in joined:
            group_of[name] = joined
    groups: dict[int, tuple[str, ...]] = {}
    for name in names:
        members = group_of[name]
        groups.setdefault(id(members), tuple(other for other in names if other in members))
    return tuple(groups.values())


def require_disjoint(sets: tuple[NettingSet, ...]) -> None:
    """Every set named once, every position in one set, once."""
    if not require_tuple(sets, NettingSet, "sets"):
        raise MalformedError(Reason.WRONG_COUNT, "sets", found=0, expected="at least one set")
    names: set[str] = set()
    positions: set[str] = set()
    for index, each in enumerate(sets):
        require_new(each.name, names, f"sets[{index}].name")
        for place, position in enumerate(each.positions):
            require_new(position, positions, f"sets[{index}].positions[{place}]")


def require_ordered(offsets: tuple[Offset, ...], names: set[str]) -> None:
    """Every offset between two known sets, every pair once, shares falling or equal."""
    require_tuple(offsets, Offset, "offsets")
    pairs: set[str] = set()
    for index, offset in enumerate(offsets):
        for field, name in (("first", offset.first), ("second", offset.second)):
            if name not in names:
                raise MalformedError(
                    Reason.NOT_A_CHOICE, f"offsets[{index}].{field}", found=name, expected="the name of a set"
                )
        require_new(" and ".join(sorted((offset.first, offset.second))), pairs, f"offsets[{index}]")
    for index, (before, after) in enumerate(pairwise(offsets), start=1):
        if after.share > before.share:
            raise MalformedError(
                Reason.CONFLICTING_FIELDS,
                f"offsets[{index}].share",
                found=after.share,
                expected=f"at most {before.share}, the share before it: the best offset first",
            )


def require_new(value: str, seen: set[str], field: str) -> None:
    """``value`` for the first time; it is remembered."""
    if value in seen:
        raise MalformedError(Reason.DUPLICATE_FIELD, field, found=value, expected="each one once")
    seen.add(value)
