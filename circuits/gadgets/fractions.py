"""Fractions of the field, for sums that are compared at a point: what a log-derivative lookup is made of.

    sum over what was used of  times / (challenge - entry)  =  sum over the table of  multiplicity / (challenge - entry)

As functions of the challenge both sides have poles at their entries and nowhere else. With a challenge that is drawn
after all entries and multiplicities are fixed they are equal only if every entry is used as often as the table says:
who is wrong has one chance in 2^253 for each entry. Groth16 draws no challenge inside a proof. One comes from outside,
as the hash of what was committed before, and is a public input.
"""

from circuits.signal import Signal


def divide_by_fixed(numerator: Signal, denominator: Signal, *, rule: str) -> Signal:
    """``numerator / denominator``: t with t * denominator = numerator, one constraint.

    Only for a denominator that was fixed before the challenge in it was drawn, so that it is 0 by no one's choice: of
    0 / 0 every t is a quotient. Bad cases: a quotient that is none; a denominator of 0 below anything else.
    """
    builder = numerator.builder
    quotient = Signal(builder, builder.engine.compute_fraction(numerator.expression, denominator.expression))
    builder.enforce_product(quotient, denominator, numerator, rule=rule)
    return quotient


def invert(value: Signal, *, rule: str) -> Signal:
    """``1 / value``: i with i * value = 1, one constraint. Whoever chooses the value can't choose 0: it has no inverse.

    Bad cases: 0, an inverse that is none.
    """
    builder = value.builder
    inverse = Signal(builder, builder.engine.compute_fraction(builder.expression_of(1), value.expression))
    builder.enforce_product(inverse, value, 1, rule=rule)
    return inverse
