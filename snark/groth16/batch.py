"""Verification of many proofs at once, by a random linear combination; on failure, the bad ones by name.

Each claim's equation is raised to the power of its own coefficient, 128 random bits from the operating system, and all
are multiplied: wrong claims cancel with a chance of 2^-128, whatever their authors know of each other. Where the
product fails, the batch is halved until what is wrong stands alone, with fresh coefficients every time.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from snark.bn254.backend import BackendName
from snark.errors import MalformedError, MisuseError, Reason, RejectedError, SnarkError
from snark.groth16.equation import COEFFICIENT_BYTES, Equation, PreparedClaim, choose_equation
from snark.groth16.keys import VerifyingKey
from snark.groth16.proof import Proof, ProvedStatement, require_inputs

MAX_CLAIMS: Final = 2**16
MAX_THREADS: Final = 256
SINGLY: Final = 4
"""So few claims are checked one by one: halving them further would cost more."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A proof of these inputs under this key, or so its author says."""

    key: VerifyingKey
    unverified_inputs: Sequence[int]
    unverified_proof: Proof


class BatchRejectedError(RejectedError):
    """Some claims are not valid: ``refusals`` has the reason of each, by its place; every other claim is valid."""

    def __init__(self, refusals: Mapping[int, SnarkError], claims: int) -> None:
        self.refusals = dict(refusals)
        found = f"{len(refusals)} bad of {claims}: {', '.join(map(str, refusals))}"
        super().__init__(Reason.V18_BATCH_FAILS, "claims", found=found, expected="valid proofs")

    def under(self, parent: str) -> "BatchRejectedError":
        """The same error seen from one level further out."""
        error = BatchRejectedError(self.refusals, 0)
        SnarkError.__init__(error, self.reason, f"{parent}.{self.field}", found=self.found, expected=self.expected)
        return error


def verify_batch(
    claims: Sequence[Claim], *, backend: BackendName | str = BackendName.AUTO, threads: int = 1
) -> tuple[ProvedStatement, ...]:
    """Raise ``BatchRejectedError`` unless every claim is valid; the keys may differ."""
    require_bounds(len(claims), threads)
    equation = choose_equation(backend)
    refusals: dict[int, SnarkError] = {}
    prepared: dict[int, PreparedClaim] = {}
    for place, claim in enumerate(claims):
        try:
            inputs = require_inputs(claim.unverified_inputs, claim.key.input_count)
        except SnarkError as refusal:
            refusals[place] = refusal
        else:
            prepared[place] = PreparedClaim(claim.key.prepare(equation.name), inputs, claim.unverified_proof)
    refusals |= find_refusals(equation, prepared, threads)
    if refusals:
        raise BatchRejectedError(dict(sorted(refusals.items())), len(claims))
    return tuple(
        ProvedStatement(claim.key.id, checked.inputs, claim.key.is_for_development)
        for claim, checked in zip(claims, prepared.values(), strict=True)
    )


def require_bounds(claims: int, threads: int) -> None:
    """A batch is bounded, as everything that comes from outside."""
    if claims > MAX_CLAIMS:
        found, expected = f"{claims} claims", f"at most {MAX_CLAIMS} claims"
        raise MalformedError(Reason.V02_TOO_LARGE, "claims", found=found, expected=expected)
    if not 1 <= threads <= MAX_THREADS:
        raise MisuseError(Reason.OUT_OF_BOUNDS, "threads", found=threads, expected=f"1 to {MAX_THREADS}")


def find_refusals(equation: Equation, claims: Mapping[int, PreparedClaim], threads: int) -> dict[int, RejectedError]:
    """What is wrong with each claim that is not valid, by its place."""
    places = list(claims)
    if len(places) <= SINGLY:
        return find_singly(equation, claims)
    randomness = secrets.token_bytes(COEFFICIENT_BYTES * len(places))
    finding = equation.check_together(list(claims.values()), randomness, threads)
    refusals = {places[index]: refusal for index, refusal in finding.refusals.items()}
    if not finding.holds:
        rest = [place for place in places if place not in refusals]
        middle = len(rest) // 2
        for half in (rest[:middle], rest[middle:]):
            refusals |= find_refusals(equation, {place: claims[place] for place in half}, threads)
    return refusals


def find_singly(equation: Equation, claims: Mapping[int, PreparedClaim]) -> dict[int, RejectedError]:
    """The same, one claim after the other."""
    refusals = {}
    for place, claim in claims.items():
        try:
            equation.require_proof(claim)
        except RejectedError as refusal:
            refusals[place] = refusal
    return refusals
