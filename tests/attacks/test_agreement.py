"""The attack V9: what one verifier takes and another one refuses. The native one and py_ecc always say the same."""

import json
import random
from functools import cache, partial
from typing import Any

import pytest

from snark.bn254.backend import BackendName
from snark.errors import SnarkError
from snark.groth16.formats.calldata import encode_proof
from snark.groth16.formats.proof_json import parse_proof
from snark.groth16.formats.public_json import parse_public
from snark.groth16.formats.verification_key import parse_verifying_key
from snark.groth16.keys import VerifyingKey
from snark.groth16.verify import verify_proof
from tests.snark.groth16.mutations import (
    EVERY,
    EXPENSIVE,
    KEY,
    STRUCTURAL,
    Case,
    Mutation,
    judge,
    judge_key,
    mutate,
    prove,
    statement,
)
from tests.snark.shared_vectors import load, needs_vectors

pytestmark = pytest.mark.native


def compare(cases: int, expensive: int, mutations: tuple[Mutation, ...], start: int = 0) -> int:
    """Compare so many cases, so many of them that are expensive; how many were compared."""
    compared = 0
    for seed in range(start, start + cases):
        case = mutate(seed, mutations)
        found = judge(case, BackendName.NATIVE)
        if found[0] in EXPENSIVE:
            expensive -= 1
            if expensive < 0:
                continue
        assert judge(case, BackendName.REFERENCE) == found, f"case {seed}: {case}"
        compared += 1
    return compared


def test_v9_the_backends_agree_on_good_proofs() -> None:
    for number in (1,):
        case = Case(list(statement(number)), bytearray(encode_proof(prove(number))))
        assert judge(case, BackendName.NATIVE) == judge(case, BackendName.REFERENCE) == ("valid", "")


def test_v9_the_backends_agree_on_mutated_proofs() -> None:
    assert compare(400, 2, EVERY) > 150


@pytest.mark.slow
def test_v9_the_backends_agree_on_a_hundred_thousand_mutated_proofs() -> None:
    assert compare(130_000, 20, STRUCTURAL, start=10_000) > 100_000
    assert compare(1_000, 40, EVERY, start=1_000_000) > 400


@cache
def parse_key(text: str, backend: BackendName) -> VerifyingKey:
    """Most cases have the same key, and the reference takes its time to check one."""
    return parse_verifying_key(text, backend=backend)


def judge_texts(case: dict[str, Any], backend: BackendName) -> tuple[str, str]:
    """What a backend says of a key, a proof and inputs as they stand in files."""
    try:
        key = parse_key(json.dumps(case["vk"]), backend)
        inputs = parse_public(json.dumps(case["public"], ensure_ascii=False))
        verify_proof(key, inputs, parse_proof(json.dumps(case["proof"])), backend=backend)
    except SnarkError as refusal:
        return refusal.reason, refusal.field
    return "valid", key.id


@pytest.mark.slow
@needs_vectors
@pytest.mark.parametrize("case", load("groth16_negatives.json"), ids=lambda case: case["name"].partition("/")[2])
def test_v9_the_backends_agree_on_vectors_from_elsewhere(case: dict[str, Any]) -> None:
    assert judge_texts(case, BackendName.NATIVE) == judge_texts(case, BackendName.REFERENCE)


def test_v9_the_backends_agree_on_mutated_keys() -> None:
    choose = random.Random(9)  # noqa: S311 -- the same cases every time
    honest = KEY.encode()
    for _ in range(60):
        data = bytearray(honest)
        for bit in choose.choices(range(8 * len(data)), k=choose.choice([1, 1, 2])):
            data[bit // 8] ^= 1 << bit % 8
        judged = partial(judge_key, bytes(data))
        assert judged(BackendName.NATIVE) == judged(BackendName.REFERENCE)
