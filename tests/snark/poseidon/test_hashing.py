"""Every backend gives circomlibjs' numbers."""

import json
from collections.abc import Callable
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snark.bn254.constants import GROUP_ORDER
from snark.bn254.encoding import decode_scalar, encode_scalars
from snark.errors import MalformedError, MisuseError, Reason, RejectedError, SnarkError
from snark.poseidon.hashing import NativePoseidon, Poseidon, ReferencePoseidon, choose_poseidon
from snark.poseidon.reference import hash_row, trace_permutation
from tests.snark.shared_vectors import VECTORS, needs_vectors

ZERO_AND_ONE = 12583541437132735734108669866114103169564651237895298778035846191048104863326
"""Poseidon of 0 and 1."""
EMPTY_NODE = 14744269619966411208579211824598458697587494354926760081771325075741142829156
"""Poseidon of 0 and 0: the empty node of many a Merkle tree."""

elements = st.one_of(
    st.sampled_from([0, 1, 2, GROUP_ORDER - 1, GROUP_ORDER - 2, (GROUP_ORDER - 1) // 2, 2**64, 2**128 - 1]),
    st.integers(0, GROUP_ORDER - 1),
)


@pytest.fixture(params=["reference", pytest.param("native", marks=pytest.mark.native)])
def poseidon(request: pytest.FixtureRequest) -> Poseidon:
    return choose_poseidon(str(request.param))


@needs_vectors
def test_the_hashes_are_those_of_circomlibjs(poseidon: Poseidon) -> None:
    vectors = json.loads((VECTORS / "poseidon_bn254.json").read_text(encoding="utf-8"))["vectors"]
    assert {vector["t"] for vector in vectors} == set(range(2, 18))
    for vector in vectors:
        assert poseidon.hash_inputs([int(value) for value in vector["inputs"]]) == int(vector["expected"])


def test_known_hashes(poseidon: Poseidon) -> None:
    assert poseidon.hash_inputs([0, 0]) == EMPTY_NODE
    assert poseidon.hash_inputs([0, 1]) == ZERO_AND_ONE


@pytest.mark.native
@settings(max_examples=60, deadline=None)
@given(st.lists(elements, min_size=1, max_size=16))
def test_both_backends_hash_alike(inputs: list[int]) -> None:
    assert NativePoseidon().hash_inputs(inputs) == ReferencePoseidon().hash_inputs(inputs) == hash_row(inputs)


@pytest.mark.native
@pytest.mark.parametrize("width", range(2, 18))
def test_many_rows_hash_as_each_by_itself(width: int) -> None:
    rows = [[pow(5, row * 100 + place, GROUP_ORDER) for place in range(width - 1)] for row in range(8)]
    rows += [[GROUP_ORDER - 1] * (width - 1), [0] * (width - 1)]
    hashed = NativePoseidon().hash_many(width, encode_scalars([value for row in rows for value in row]))
    hashes = [decode_scalar(hashed[start : start + 32]) for start in range(0, len(hashed), 32)]
    assert hashes == [hash_row(row) for row in rows]


def test_each_row_has_its_hash(poseidon: Poseidon) -> None:
    rows = encode_scalars([1, 2, 3, 4, 5, 6])
    assert poseidon.hash_many(3, rows) == encode_scalars([hash_row([1, 2]), hash_row([3, 4]), hash_row([5, 6])])
    assert poseidon.hash_many(3, b"") == b""


@pytest.mark.native
@pytest.mark.parametrize("rows", [0, 1, 7, 8, 9, 15, 16, 17, 63, 64, 65, 250])
@pytest.mark.parametrize("threads", [0, 1, 2, 3, 64])
def test_the_number_of_threads_does_not_show(rows: int, threads: int) -> None:
    numbers = [pow(7, number, GROUP_ORDER) for number in range(rows * 4)]
    expected = b"".join(encode_scalars([hash_row(numbers[row * 4 : row * 4 + 4])]) for row in range(min(rows, 3)))
    hashed = NativePoseidon().hash_many(5, encode_scalars(numbers), threads)
    assert len(hashed) == rows * 32
    assert hashed.startswith(expected)
    assert hashed == NativePoseidon().hash_many(5, encode_scalars(numbers), 1)


@pytest.mark.native
def test_threads_of_python_may_hash_at_once() -> None:
    rows = encode_scalars(list(range(800)))
    expected = NativePoseidon().hash_many(9, rows, 1)
    found: list[bytes] = []
    workers = [Thread(target=lambda: found.append(NativePoseidon().hash_many(9, rows, 2))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == [expected] * 4


Call = Callable[[Poseidon], object]


@pytest.mark.parametrize(
    ("call", "error", "reason"),
    [
        (lambda poseidon: poseidon.hash_inputs([]), MisuseError, Reason.OUT_OF_BOUNDS),
        (lambda poseidon: poseidon.hash_inputs([1] * 17), MisuseError, Reason.OUT_OF_BOUNDS),
        (lambda poseidon: poseidon.hash_inputs([GROUP_ORDER]), RejectedError, Reason.V11_INPUT_OUT_OF_FIELD),
        (lambda poseidon: poseidon.hash_inputs([3, 2**256]), RejectedError, Reason.V11_INPUT_OUT_OF_FIELD),
        (lambda poseidon: poseidon.hash_inputs([-1]), RejectedError, Reason.V11_INPUT_OUT_OF_FIELD),
        (lambda poseidon: poseidon.hash_many(1, b""), MisuseError, Reason.OUT_OF_BOUNDS),
        (lambda poseidon: poseidon.hash_many(18, b""), MisuseError, Reason.OUT_OF_BOUNDS),
        (lambda poseidon: poseidon.hash_many(3, bytes(32)), MalformedError, Reason.WRONG_COUNT),
        (lambda poseidon: poseidon.hash_many(3, bytes(65)), MalformedError, Reason.WRONG_COUNT),
        (lambda poseidon: poseidon.hash_many(3, bytes(64), -1), MisuseError, Reason.OUT_OF_BOUNDS),
        (lambda poseidon: poseidon.hash_many(2, b"\xff" * 32), RejectedError, Reason.V11_INPUT_OUT_OF_FIELD),
        (
            lambda poseidon: poseidon.hash_many(2, bytes(32 * 40) + GROUP_ORDER.to_bytes(32, "little")),
            RejectedError,
            Reason.V11_INPUT_OUT_OF_FIELD,
        ),
    ],
)
def test_what_cannot_be_hashed_is_refused(
    poseidon: Poseidon, call: Call, error: type[SnarkError], reason: Reason
) -> None:
    with pytest.raises(error) as refused:
        call(poseidon)
    assert refused.value.reason is reason


def test_a_trace_holds_the_powers_and_ends_in_the_hash() -> None:
    trace = trace_permutation([0, 5, 6])
    assert trace.state[0] == hash_row([5, 6])
    assert len(trace.sboxes) == 8 * 3 + 57
    for square, fourth, fifth in trace.sboxes:
        assert square * square % GROUP_ORDER == fourth
        assert fifth * fifth % GROUP_ORDER == pow(square, 5, GROUP_ORDER)


def test_a_backend_is_chosen_by_name_or_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGFENCE_BACKEND", "reference")
    assert isinstance(choose_poseidon(), ReferencePoseidon)
    with pytest.raises(MisuseError) as refused:
        choose_poseidon("abacus")
    assert refused.value.reason is Reason.NOT_A_CHOICE
