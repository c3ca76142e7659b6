"""The name of a structure, to show to a person. A name never changes a requirement.

A structure is written as a pattern: its legs by rising strike, each with its sign, its size against
the smallest and its kind (``C``, ``P``, ``U``), ``<`` between strikes and ``=`` within one. The
table below is the whole knowledge of names: an iron condor is ``+P<-P<-C<+C``.
"""

from fractions import Fraction
from math import gcd, lcm
from types import MappingProxyType

from margin.payoff import Leg, LegKind, Structure

LETTERS = {LegKind.UNDERLYING: "U", LegKind.CALL: "C", LegKind.PUT: "P"}

NAMES = MappingProxyType(
    {
        "+U": "long underlying",
        "-U": "short underlying",
        "+C": "long call",
        "-C": "short call",
        "+P": "long put",
        "-P": "short put",
        "+C<-C": "bull call spread",
        "-C<+C": "bear call spread",
        "+P<-P": "bull put spread",
        "-P<+P": "bear put spread",
        "+C<-2C": "call ratio spread",
        "-C<+2C": "call backspread",
        "-2P<+P": "put ratio spread",
        "+2P<-P": "put backspread",
        "+C=+P": "long straddle",
        "-C=-P": "short straddle",
        "+P<+C": "long strangle",
        "-P<-C": "short strangle",
        "+C<+P": "long guts",
        "-C<-P": "short guts",
        "+C=+2P": "strip",
        "+2C=+P": "strap",
        "+C=-P": "synthetic long",
        "-C=+P": "synthetic short",
        "-P<+C": "bullish risk reversal",
        "+P<-C": "bearish risk reversal",
        "+C<-2C<+C": "long call butterfly",
        "-C<+2C<-C": "short call butterfly",
        "+P<-2P<+P": "long put butterfly",
        "-P<+2P<-P": "short put butterfly",
        "+C<-C<-C": "bull call ladder",
        "-C<+C<+C": "bear call ladder",
        "+P<+P<-P": "bull put ladder",
        "-P<-P<+P": "bear put ladder",
        "-P<+C<-C": "bullish seagull",
        "+P<-P<-C": "bearish seagull",
        "+C<-C<-C<+C": "long call condor",
        "-C<+C<+C<-C": "short call condor",
        "+P<-P<-P<+P": "long put condor",
        "-P<+P<+P<-P": "short put condor",
        "+P<-P<-C<+C": "iron condor",
        "-P<+P<+C<-C": "reverse iron condor",
        "+P<-C=-P<+C": "iron butterfly",
        "-P<+C=+P<-C": "reverse iron butterfly",
        "+C=-P<-C=+P": "long box",
        "-C=+P<+C=-P": "short box",
        "+U-C": "covered call",
        "-U-P": "covered put",
        "+U+P": "protective put",
        "-U+C": "protective call",
        "+U+P<-C": "collar",
        "-U-P<+C": "short collar",
        "+U-C=+P": "conversion",
        "-U+C=-P": "reversal",
        "+U+P<-P<-C": "put spread collar",
        "+U-P<-C": "covered strangle",
        "+U-C=-P": "covered straddle",
    }
)
BUTTERFLIES = frozenset({"+C<-2C<+C", "-C<+2C<-C", "+P<-2P<+P", "-P<+2P<-P", "+P<-C=-P<+C", "-P<+C=+P<-C"})

Key = tuple[Fraction, LegKind]
"""What makes two legs the same instrument, apart from how much of it: strike and kind."""


def name_structure(structure: Structure) -> str:
    """The name by which traders know the structure; what it is made of where they have none."""
    holdings = net_holdings(structure.legs)
    if not holdings:
        return "flat"
    pattern = write_pattern(holdings)
    if pattern in BUTTERFLIES and has_uneven_wings(holdings):
        return f"broken-wing {NAMES[pattern]}"
    return NAMES.get(pattern) or describe_holdings(holdings)


def net_holdings(legs: tuple[Leg, ...]) -> dict[Key, Fraction]:
    """What is held of each instrument, by rising strike, the underlying first; what nets to nothing left out.

    The entry price of an underlying leg is no strike: all of them are one instrument.
    """
    held: dict[Key, Fraction] = {}
    for leg in legs:
        key = (Fraction(0) if leg.kind is LegKind.UNDERLYING else leg.strike, leg.kind)
        held[key] = held.get(key, Fraction(0)) + leg.signed_quantity
    by_strike = sorted(held.items(), key=lambda item: (item[0][0], item[0][1].value))
    return {key: quantity for key, quantity in by_strike if quantity}


def write_pattern(holdings: dict[Key, Fraction]) -> str:
    """The pattern of ``holdings``: signs, whole ratios, kinds, and how strikes follow each other."""
    scale = lcm(*(quantity.denominator for quantity in holdings.values()))
    unit = gcd(*(int(quantity * scale) for quantity in holdings.values()))
    pattern = ""
    previous: Fraction | None = None
    for (strike, kind), quantity in holdings.items():
        ratio = abs(int(quantity * scale)) // unit
        joint = "" if not previous else "=" if strike == previous else "<"  # none after the underlying, at 0
        pattern += f"{joint}{'+' if quantity > 0 else '-'}{ratio if ratio > 1 else ''}{LETTERS[kind]}"
        previous = strike
    return pattern


def has_uneven_wings(holdings: dict[Key, Fraction]) -> bool:
    """Whether the body of a butterfly is not half way between its wings."""
    low, body, high = sorted({strike for strike, _ in holdings})
    return body - low != high - body


def describe_holdings(holdings: dict[Key, Fraction]) -> str:
    """A plain description of a structure that has no name of its own."""
    hedged = any(kind is LegKind.UNDERLYING for _, kind in holdings)
    options = len(holdings) - hedged
    legs = f"{options} option leg{'s' if options != 1 else ''}"
    return f"delta-hedged structure of {legs}" if hedged else f"structure of {legs}"
