"""Verifying keys: a key that exists is sane, and has one id.

No check of a key can see whether somebody knows the secrets behind it: with them, or with a known ratio of delta and
gamma, anyone can forge. Whoever verifies for others therefore pins the ids of the keys that they trust.
"""

from collections.abc import Collection
from dataclasses import InitVar, dataclass, field
from hashlib import sha256
from typing import Final

from snark.bn254.backend import BackendName
from snark.bn254.encoding import (
    G1_BYTES,
    G2_BYTES,
    decode_g1_evm,
    decode_g2_evm,
    encode_g1_evm,
    encode_g2_evm,
)
from snark.bn254.points import G1Point, G2Point
from snark.errors import MalformedError, Reason, RejectedError
from snark.groth16.development import is_development_gamma, require_no_development
from snark.groth16.equation import PreparedKey, choose_equation
from snark.groth16.proof import MAX_INPUTS

KEY_TAG: Final = b"ringfence/groth16/bn254/verifying-key/1\n"
"""The canonical bytes of a key begin with this, so that they are those of nothing else."""

COUNT_BYTES: Final = 4
FIXED_BYTES: Final = G1_BYTES + 3 * G2_BYTES


@dataclass(frozen=True, slots=True, eq=False)
class VerifyingKey:
    """alpha, beta, gamma, delta and the IC points; made only where every check of a key passes.

    A key that is marked as made for development is refused like any bad one, unless the caller allows it. Two keys are
    equal where their ids are.
    """

    alpha: G1Point
    beta: G2Point
    gamma: G2Point
    delta: G2Point
    ic: tuple[G1Point, ...]
    backend: InitVar[BackendName | str] = BackendName.AUTO
    allow_development_keys: InitVar[bool] = False
    id: str = field(init=False)
    """The SHA-256 of the canonical bytes, in hexadecimal: how everything that names a key names it."""

    _points: bytes = field(init=False, repr=False)
    _prepared: dict[BackendName, PreparedKey] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self, backend: BackendName | str, allow_development_keys: bool) -> None:
        require_input_count(len(self.ic) - 1)
        if not allow_development_keys:
            require_no_development(self.gamma, "vk_gamma_2")
        fixed = encode_g1_evm(self.alpha) + b"".join(map(encode_g2_evm, (self.beta, self.gamma, self.delta)))
        object.__setattr__(self, "_points", fixed + b"".join(map(encode_g1_evm, self.ic)))
        object.__setattr__(self, "id", sha256(self.encode()).hexdigest())
        self.prepare(backend)

    @property
    def input_count(self) -> int:
        """How many public inputs a statement under this key has."""
        return len(self.ic) - 1

    @property
    def is_for_development(self) -> bool:
        """Whether the key is marked: then it proves nothing to anyone who did not make it."""
        return is_development_gamma(self.gamma)

    def prepare(self, backend: BackendName | str = BackendName.AUTO) -> PreparedKey:
        """What the backend works out once for all proofs; the key's checks are done on the way."""
        equation = choose_equation(backend)
        prepared = self._prepared.get(equation.name)
        if prepared is None:
            prepared = equation.prepare_key(self.alpha, (self.beta, self.gamma, self.delta), self.ic, self._points)
            self._prepared[equation.name] = prepared
        return prepared

    def encode(self) -> bytes:
        """The canonical bytes: tag, number of inputs, alpha, beta, gamma, delta, IC; points as in EIP-196/197."""
        return KEY_TAG + self.input_count.to_bytes(COUNT_BYTES, "big") + self._points

    @classmethod
    def decode(
        cls, data: bytes, *, backend: BackendName | str = BackendName.AUTO, allow_development_keys: bool = False
    ) -> "VerifyingKey":
        """A key from its canonical bytes."""
        header = len(KEY_TAG) + COUNT_BYTES
        if not data.startswith(KEY_TAG) or len(data) < header:
            raise MalformedError(Reason.V01_NOT_READABLE, "key", found="other bytes", expected="a verifying key")
        inputs = int.from_bytes(data[len(KEY_TAG) : header], "big")
        require_input_count(inputs)
        expected = header + FIXED_BYTES + (inputs + 1) * G1_BYTES
        if len(data) != expected:
            found = f"{len(data)} bytes"
            raise MalformedError(Reason.V01_NOT_READABLE, "key", found=found, expected=f"{expected} bytes")
        alpha, rest = data[header : header + G1_BYTES], data[header + G1_BYTES :]
        names = ("vk_beta_2", "vk_gamma_2", "vk_delta_2")
        beta, gamma, delta = (decode_g2_evm(rest[i * G2_BYTES :][:G2_BYTES], name) for i, name in enumerate(names))
        ic = rest[3 * G2_BYTES :]
        points = (decode_g1_evm(ic[i * G1_BYTES :][:G1_BYTES], f"IC[{i}]") for i in range(inputs + 1))
        alpha_g1 = decode_g1_evm(alpha, "vk_alpha_1")
        return cls(alpha_g1, beta, gamma, delta, tuple(points), backend, allow_development_keys)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VerifyingKey) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)


def require_input_count(inputs: int) -> None:
    """A key has an IC point for the constant, and one for each of a bounded number of inputs."""
    if not 0 <= inputs <= MAX_INPUTS:
        found, expected = f"{inputs} inputs", f"0 to {MAX_INPUTS} inputs"
        raise RejectedError(Reason.V20_KEY_IC_COUNT, "IC", found=found, expected=expected)


def require_pinned(unverified_key: VerifyingKey, allowed_ids: Collection[str]) -> VerifyingKey:
    """Refuse a key that the caller does not name, however well formed it is."""
    if unverified_key.id not in allowed_ids:
        raise RejectedError(Reason.V23_KEY_NOT_PINNED, "key", found=unverified_key.id, expected="a pinned key")
    return unverified_key
