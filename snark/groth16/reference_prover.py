"""Proofs as the paper makes them (J. Groth, On the Size of Pairing-based Non-interactive Arguments, 2016), to be read.

``a_0 = 1, a_1, ..., a_l`` are the statement and ``a_(l+1), ..., a_m`` the witness; ``u_i, v_i, w_i`` the polynomials of
wire i, which have the columns of the three matrices as values at the n powers of a root of unity; ``t = X^n - 1``; x is
the secret point of the set-up, and ``[y]`` is y times a generator. With fresh r and s

    A = [alpha + sum(a_i u_i(x)) + r delta]                                                   in the first group
    B = [beta  + sum(a_i v_i(x)) + s delta]                                                   in both groups
    C = [sum_(i>l)(a_i (beta u_i(x) + alpha v_i(x) + w_i(x)) / delta)] + [h(x) t(x) / delta] + s A + r B - r s [delta]

where ``h t = sum(a_i u_i) sum(a_i v_i) - sum(a_i w_i)``. A ``.zkey`` has these points, and ``L_(2i+1)(x) / delta`` for
``h t``, which is zero at the powers of the root: its values between them are its factors.

A key does not hold the third matrix. So the prover takes for ``sum(a_i w_i)`` what it should be, the polynomial with
the products of the others as values; what comes of a witness that breaks a constraint is no proof of anything.
"""

import secrets
from hashlib import sha256
from pathlib import Path
from typing import Final

from snark.bn254.backend import BackendName
from snark.bn254.constants import GROUP_ORDER
from snark.bn254.encoding import decode_g1, decode_scalars
from snark.bn254.points import G1Point
from snark.bn254.reference import (
    JacobianG1,
    sum_of_multiples_g1,
    sum_of_multiples_g2,
    to_g1,
    to_g2,
)
from snark.errors import MalformedError, MisuseError, Reason, RejectedError
from snark.groth16.domain import evaluate_between
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.proof import Proof
from snark.groth16.verify import verify_proof
from snark.r1cs.column import Column
from snark.r1cs.program.execution import Engine
from snark.r1cs.wtns_file import read_wtns

MOST_ROWS: Final = 2**10
"""The largest domain, and as many wires: half a minute for one proof. What is larger is for the native module."""


class ReferenceProver:
    """A key, its points on their curves. Threads, tables and instructions are for the native module."""

    def __init__(
        self, path: Path, *, allow_development: bool = False, pin: bytes | None = None, **_for_native: object
    ) -> None:
        self.zkey = zkey = read_zkey(read_pinned(path, pin))
        require_small(max(zkey.header.domain, zkey.header.variables))
        zkey.require_well_formed()
        self.verifying_key = extract_verifying_key(
            zkey, backend=BackendName.REFERENCE, allow_development_keys=allow_development
        )
        self.is_for_development = self.verifying_key.is_for_development
        self.u, self.v, self.mixed, self.between = map(load_g1, (zkey.a, zkey.b_g1, zkey.c, zkey.h))
        self.v_g2 = [to_g2(point, f"{zkey.b_g2.place}[{index}]") for index, point in enumerate(zkey.b_g2)]
        alpha, beta, delta = zkey.header.alpha_g1, zkey.header.beta_g1, zkey.header.delta_g1
        self.alpha, self.beta, self.delta = (to_g1(decode_g1(point), "header") for point in (alpha, beta, delta))
        self.beta_g2, self.delta_g2 = (
            to_g2(point, "header") for point in (self.verifying_key.beta, self.verifying_key.delta)
        )

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """Wires, public inputs, rows of the domain, and bytes of points."""
        header, zkey = self.zkey.header, self.zkey
        columns = (zkey.a, zkey.b_g1, zkey.b_g2, zkey.c, zkey.h)
        return header.variables, header.public, header.domain, sum(len(column.data) for column in columns)

    def prove(self, witness: bytes, threads: int, *, check: bool) -> tuple[Proof, tuple[int, ...]]:
        """Prove from the content of a ``.wtns``."""
        del threads
        return self.prove_assignment(tuple(read_wtns(witness).values), check=check)

    def prove_from_inputs(
        self, engine: Engine, elements: bytearray, threads: int, *, check: bool
    ) -> tuple[Proof, tuple[int, ...]]:
        """Execute the program and prove what comes out."""
        del threads
        require_fits("wires", engine.wires, self.zkey.header.variables)
        require_fits("public wires", engine.outputs + engine.public_inputs, self.zkey.header.public)
        return self.prove_assignment(decode_scalars(bytes(engine.execute(elements))), check=check)

    def prove_assignment(self, a: tuple[int, ...], *, check: bool) -> tuple[Proof, tuple[int, ...]]:
        """Prove with fresh r and s."""
        if len(a) != self.zkey.header.variables:
            expected = f"{self.zkey.header.variables}, as the key"
            raise MalformedError(Reason.F21_FILES_DISAGREE, "witness values", found=len(a), expected=expected)
        proof = self.compute_proof(a, draw_blinding(), draw_blinding())
        inputs = a[1 : self.zkey.header.public + 1]
        if check:
            self.require_valid(proof, inputs)
        return proof, inputs

    def compute_proof(self, a: tuple[int, ...], r: int, s: int) -> Proof:
        """The three points for one choice of r and s, which nobody may ever see or choose twice."""
        point_a = sum_of_multiples_g1((*self.u, self.alpha, self.delta), (*a, 1, r))
        point_b = sum_of_multiples_g2((*self.v_g2, self.beta_g2, self.delta_g2), (*a, 1, s))
        point_b_g1 = sum_of_multiples_g1((*self.v, self.beta, self.delta), (*a, 1, s))
        witness = a[self.zkey.header.public + 1 :]
        point_c = sum_of_multiples_g1(
            (*self.mixed, *self.between, to_g1(point_a, "A"), to_g1(point_b_g1, "B"), self.delta),
            (*witness, *self.compute_quotient(a), s, r, -r * s % GROUP_ORDER),
        )
        return Proof(point_a, point_b, point_c)

    def compute_quotient(self, a: tuple[int, ...]) -> list[int]:
        """``sum(a_i u_i) sum(a_i v_i) - sum(a_i w_i)`` between the powers of the root, where it is not zero."""
        rows = [[0] * self.zkey.header.domain for _ in ("u", "v")]
        for coefficient in self.zkey.iterate_coefficients():
            row = rows[coefficient.matrix]
            row[coefficient.row] = (row[coefficient.row] + coefficient.value * a[coefficient.wire]) % GROUP_ORDER
        u, v = rows
        w = [left * right % GROUP_ORDER for left, right in zip(u, v, strict=True)]
        between = zip(*map(evaluate_between, (u, v, w)), strict=True)
        return [(left * right - product) % GROUP_ORDER for left, right, product in between]

    def require_valid(self, proof: Proof, inputs: tuple[int, ...]) -> None:
        """Keep back the proof of a witness that breaks a constraint."""
        try:
            verify_proof(self.verifying_key, inputs, proof, backend=BackendName.REFERENCE)
        except RejectedError:
            found, expected = "values that break a constraint", "values that satisfy every constraint"
            raise RejectedError(Reason.F20_UNSATISFIED, "witness values", found=found, expected=expected) from None


def read_pinned(path: Path, pin: bytes | None) -> bytes:
    """The file, read and not mapped: what was checked is what is used. Its SHA-256 is the pin, if there is one."""
    try:
        content = path.read_bytes()
    except OSError as error:
        found = error.strerror or "an error"
        raise MalformedError(Reason.F01_NOT_READABLE, "path", found=found, expected="a file that can be read") from None
    hashed = sha256(content).digest()
    if pin not in {None, hashed}:
        field, found = "SHA-256 of the proving key", hashed.hex()
        raise RejectedError(Reason.V23_KEY_NOT_PINNED, field, found=found, expected="the one that the caller named")
    return content


def draw_blinding() -> int:
    """What hides the witness: from the operating system for each proof, and never zero."""
    return 1 + secrets.randbelow(GROUP_ORDER - 1)


def load_g1(points: Column[G1Point]) -> list[JacobianG1]:
    """Points of the key, each on its curve; infinity is one where a polynomial vanishes."""
    return [to_g1(point, f"{points.place}[{index}]") for index, point in enumerate(points)]


def require_small(size: int) -> None:
    """The reference is there to be read and compared with."""
    if size > MOST_ROWS:
        found, expected = f"{size} rows or wires", f"at most {MOST_ROWS}; larger circuits need the native module"
        raise MisuseError(Reason.OUT_OF_BOUNDS, "zkey", found=found, expected=expected)


def require_fits(field: str, program: int, key: int) -> None:
    """A program of one circuit and the key of another do not go together."""
    if program != key:
        raise MisuseError(Reason.NOT_APPLICABLE, field, found=program, expected=f"{key}, as the key has")


PROVER = ReferenceProver
