"""Statements that are small enough to be read at a glance, for the laboratory and for comparisons with other tools."""

from typing import Final

from circuits.builder import Builder, Element, Flag, Uint
from circuits.gadgets.membership import compute_root
from circuits.gadgets.ranges import enforce_at_least_zero
from circuits.gadgets.signed import Signed
from circuits.statements.claim import children_of
from facts.tree import Tree
from snark.bn254.constants import GROUP_ORDER
from snark.poseidon.hashing import hash_inputs
from tests.circuits.laboratory.specimen import Specimen
from tests.circuits.laboratory.system import Inputs
from tests.circuits.laboratory.text import Text

PPM: Final = 10**6
LEVELS: Final = 2


def bare_margin(builder: Builder) -> None:
    """One isolated position has enough equity: the check that other tools are measured with, with no tree around it.

        10^6 * (collateral + side * size * (mark - entry) - funding) >= size * mark * rate
        commitment = H(long, size, entry, collateral, funding, blinding)

    The side is 1 of a long and -1 of a short.
    """
    long = builder.private("long", Flag(), "1 if the position is long")
    size = builder.private("size", Uint(64), "how much")
    entry = builder.private("entry", Uint(64), "at which price it was opened")
    collateral = builder.private("collateral", Uint(96), "what backs it")
    funding = builder.private("funding", Signed(95), "what is owed").value()
    blinding = builder.private("blinding", Element(), "hides the commitment")
    mark = builder.public("mark", Uint(64), "the price now")
    rate = builder.public("rate_ppm", Uint(20), "the maintenance rate")
    commitment = builder.public("commitment", Element(), "H(long, size, entry, collateral, funding, blinding)")
    pnl = (2 * long - 1) * (size * mark - size * entry)
    excess = (collateral + pnl - funding) * PPM - size * mark * rate
    enforce_at_least_zero(excess, rule="equity_covers_requirement")
    opened = builder.hash_inputs([long, size, entry, collateral, funding, blinding])
    builder.enforce_equal(opened, commitment, rule="commitment_opens")


def margin_inputs(collateral: int, *, long: int = 1, funding: int = 3, rate_ppm: int = 5000) -> Inputs:
    """5 lots that were opened at 1000 and stand at 900."""
    position = {"long": long, "size": 5, "entry": 1000, "collateral": collateral}
    committed = [*position.values(), funding % GROUP_ORDER, 77]
    signed = {"funding": abs(funding), "funding_negative": int(funding < 0), "blinding": 77}
    return {**position, **signed, "mark": 900, "rate_ppm": rate_ppm, "commitment": hash_inputs(committed)}


BARE_MARGIN = Specimen(
    Text("bare_margin", bare_margin),
    honest=[margin_inputs(526), margin_inputs(0, long=0, funding=-4), margin_inputs(2**96 - 1, long=0, funding=477)],
    broken=[
        ("equity_covers_requirement", margin_inputs(525)),
        ("equity_covers_requirement", margin_inputs(0, long=0, funding=478)),
        ("equity_covers_requirement", margin_inputs(0)),
        ("commitment_opens", {**margin_inputs(526), "blinding": 78}),
        ("commitment_opens", {**margin_inputs(526), "collateral": 527}),
    ],
)


def preimage(builder: Builder) -> None:
    """The prover knows two elements with a public hash.

    digest = H(secret, salt)
    """
    secret, salt = (builder.private(name, Element(), "part of the preimage") for name in ("secret", "salt"))
    digest = builder.public("digest", Element(), "H(secret, salt)")
    builder.enforce_equal(builder.hash_inputs([secret, salt]), digest, rule="digest_opens")


PREIMAGE = Specimen(
    Text("preimage", preimage),
    honest=[{"secret": 5, "salt": 6, "digest": hash_inputs([5, 6])}],
    broken=[("digest_opens", {"secret": 5, "salt": 7, "digest": hash_inputs([5, 6])})],
)


def membership(builder: Builder) -> None:
    """The prover knows a secret whose hash is a leaf of a tree, and does not say which.

    root = H(..., H(..., H(secret), ...), ...)
    """
    secret = builder.private("secret", Element(), "what the leaf is the hash of")
    root = builder.public("root", Element(), "the root of the tree")
    leaf = builder.hash_inputs([secret])
    builder.enforce_equal(compute_root(builder, "path", leaf, LEVELS), root, rule="root_is_known")


def membership_inputs(secret: int, place: int) -> Inputs:
    """A leaf between two others."""
    neighbours = {(place + step) % 8**LEVELS: hash_inputs([secret + step]) for step in (-1, 1)}
    tree = Tree(LEVELS, {place: hash_inputs([secret]), **neighbours})
    return {"secret": secret, "path": children_of(tree.path(place)), "root": tree.root}


MEMBERSHIP = Specimen(
    Text("membership", membership),
    honest=[membership_inputs(5, 0), membership_inputs(6, 63), membership_inputs(7, 12)],
    broken=[
        ("path_holds_leaf", {**membership_inputs(5, 0), "secret": 4}),
        ("root_is_known", {**membership_inputs(5, 0), "root": 4}),
    ],
)

SMALL = {specimen.name: specimen for specimen in (BARE_MARGIN, PREIMAGE, MEMBERSHIP)}
