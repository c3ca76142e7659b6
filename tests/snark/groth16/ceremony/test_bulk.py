"""What works on whole columns gives, byte for byte, what one point after the other gives."""

import hashlib
import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snark.bn254.backend import BackendName, choose_curve
from snark.bn254.constants import FIELD_MODULUS, GROUP_ORDER
from snark.bn254.encoding import encode_g1, encode_g2, encode_scalars
from snark.bn254.points import G1, G1_INFINITY, G2, G2_INFINITY, G1Point, G2Point
from snark.errors import MalformedError, Reason, RejectedError, SnarkError
from snark.groth16.ceremony.blake2b import ResumableBlake2b
from snark.groth16.ceremony.bulk import Bulk, BulkGroup, Secret
from snark.groth16.ceremony.reference_bulk import ReferenceBulk
from snark.groth16.domain import iterate_powers
from snark.r1cs.r1cs_file import Constraint, R1csHeader, read_r1cs, write_r1cs
from tests.snark.groth16.twist import TwistTorsion

_native = pytest.importorskip("snark._native", reason="the native module is not built: make native")
from snark.groth16.ceremony.native_bulk import NativeBulk  # noqa: E402 -- it needs the native module

pytestmark = pytest.mark.native

CURVE = choose_curve(BackendName.NATIVE, threads=2)
"""Also below the reference, where it stands in for py_ecc: the formulas are what is compared, and py_ecc is slow."""
NATIVE, REFERENCE = NativeBulk(CURVE), ReferenceBulk(CURVE)
SEED = bytes(range(32))
COUNT = 70
"""More than some rows of eight, and no multiple of it."""

Make = Callable[[int], bytes]


def make_g1(scalar: int) -> bytes:
    return encode_g1(CURVE.multiply_g1(G1, scalar) if scalar else G1_INFINITY)


def make_g2(scalar: int) -> bytes:
    return encode_g2(CURVE.multiply_g2(G2, scalar) if scalar else G2_INFINITY)


def draw_points(make: Make, count: int = COUNT) -> bytes:
    """Random points, with infinity, twins and opposites among them."""
    rng = random.Random(count)  # noqa: S311 -- a test
    scalars = [rng.randrange(1, GROUP_ORDER) for _ in range(count)]
    scalars[1:2], scalars[3:4], scalars[5:6] = [0], scalars[2:3], [GROUP_ORDER - scalars[2]]
    return b"".join(map(make, scalars[:count]))


def secrets_of(bulk: Bulk) -> tuple[Secret, Secret]:
    stream = bulk.open_stream(SEED)
    return stream.next_secret(), stream.next_secret()


@pytest.fixture(params=["g1", "g2"])
def group(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def points(group: str) -> bytes:
    return draw_points(make_g1 if group == "g1" else make_g2)


def in_both(group: str) -> Iterator[tuple[Bulk, "BulkGroup[G1Point] | BulkGroup[G2Point]"]]:
    for bulk in (NATIVE, REFERENCE):
        yield bulk, getattr(bulk, group)


def require_same(results: list[object]) -> None:
    first, second = results
    assert first == second


def test_points_are_multiplied(group: str, points: bytes) -> None:
    require_same([each.multiply(points, secrets_of(bulk)[0], "points", 0) for bulk, each in in_both(group)])


@pytest.mark.parametrize("start", [0, 1, 1000])
@pytest.mark.parametrize("begins", [True, False])
def test_points_are_multiplied_by_powers(group: str, points: bytes, start: int, begins: bool) -> None:  # noqa: FBT001
    results: list[object] = []
    for bulk, each in in_both(group):
        first, ratio = secrets_of(bulk)
        results.append(each.multiply_powers(points, first if begins else None, ratio, "points", start))
    require_same(results)


def test_pieces_make_the_whole(group: str, points: bytes) -> None:
    each, (first, ratio) = getattr(NATIVE, group), secrets_of(NATIVE)
    size = len(points) // COUNT
    whole = each.multiply_powers(points, first, ratio, "points", 0)
    pieces = [
        each.multiply_powers(points[at * size : (at + 9) * size], first, ratio, "points", at)
        for at in range(0, COUNT, 9)
    ]
    assert b"".join(pieces) == whole


def test_points_are_subtracted(group: str, points: bytes) -> None:
    size = len(points) // COUNT
    others = points[size:] + points[:size]
    for right in (others, points, bytes(len(points))):
        require_same([each.subtract(points, right, "points", 0) for _, each in in_both(group)])


def test_points_are_combined(group: str, points: bytes) -> None:
    factors = encode_scalars(list(iterate_powers(0, 0, 1)) + list(iterate_powers(7, 2**40, COUNT - 1)))
    require_same([each.combine(points, factors, "points") for _, each in in_both(group)])
    require_same([each.combine(b"", b"", "points") for _, each in in_both(group)])


@pytest.mark.parametrize("power", range(6))
def test_points_are_interpolated(group: str, points: bytes, power: int) -> None:
    size = len(points) // COUNT << power
    told: list[int] = []
    require_same([each.interpolate(points[:size], "points", told.append) for _, each in in_both(group)])
    assert sum(told) == 2 * power << power


def test_powers_of_infinity_are_interpolated(group: str, points: bytes) -> None:
    size = len(points) // COUNT
    for data in (bytes(8 * size), points[:size] * 8, points[:size].ljust(8 * size, b"\0")):
        require_same([each.interpolate(data, "points", lambda _: None) for _, each in in_both(group)])


def test_points_are_written_for_hashes(group: str, points: bytes) -> None:
    require_same([each.encode_evm(points, "points", 0) for _, each in in_both(group)])
    require_same([each.compress(points, "points", 0) for _, each in in_both(group)])


def refusal(act: Callable[[bytes, str, int], object], points: bytes, start: int = 0) -> tuple[Reason, str]:
    with pytest.raises(SnarkError) as refused:
        act(points, "points", start)
    return refused.value.reason, refused.value.field


def with_point(points: bytes, index: int, point: bytes) -> bytes:
    at = index * len(point)
    return points[:at] + point + points[at + len(point) :]


def test_the_first_bad_point_is_named(group: str, points: bytes) -> None:
    size = len(points) // COUNT
    big = FIELD_MODULUS.to_bytes(32, "little")
    bad = {
        Reason.V15_OFF_CURVE: points[:32] * (size // 32),
        Reason.V12_COORDINATE_OUT_OF_FIELD: big + points[32:size],
    }
    if group == "g2":
        bad |= {Reason.V16_OUTSIDE_SUBGROUP: encode_g2(TwistTorsion.SMALL.point())}
    for reason, point in bad.items():
        altered = with_point(with_point(points, 66, point), 23, point)
        for _, each in in_both(group):
            assert refusal(each.require_points, altered, 100) == (reason, "points[123]")
    for _, each in in_both(group):
        each.require_points(points, "points", 0)


@pytest.mark.parametrize("torsion", TwistTorsion)
@pytest.mark.parametrize("added", [False, True])
def test_a_point_of_another_order_is_never_multiplied(torsion: TwistTorsion, added: bool) -> None:  # noqa: FBT001
    points = encode_g2(G2) * 40 + encode_g2(torsion.added_to(G2) if added else torsion.point())

    def multiply(data: bytes, place: str, start: int) -> bytes:
        return NATIVE.g2.multiply(data, secrets_of(NATIVE)[0], place, start)

    for act in (multiply, NATIVE.g2.require_points):
        assert refusal(act, points) == (Reason.V16_OUTSIDE_SUBGROUP, "points[40]")


def test_a_secret_of_one_backend_is_none_of_the_other(points: bytes) -> None:
    with pytest.raises(TypeError):
        NATIVE.g1.multiply(points, secrets_of(REFERENCE)[0], "points", 0)
    with pytest.raises(TypeError):
        REFERENCE.g1.multiply(points, secrets_of(NATIVE)[0], "points", 0)


@given(st.binary(min_size=32, max_size=32))
@settings(max_examples=20, deadline=None)
def test_streams_are_the_same(seed: bytes) -> None:
    native, reference = NATIVE.open_stream(seed), REFERENCE.open_stream(seed)
    for _ in range(3):
        one, other = native.next_secret(), reference.next_secret()
        assert one.multiply_g1(G1) == other.multiply_g1(G1)
        assert one.invert().multiply_g2(G2) == other.invert().multiply_g2(G2)
        assert native.next_g1() == reference.next_g1()


def test_secrets_of_the_operating_system_are_never_the_same() -> None:
    drawn = {NATIVE.draw_stream().next_secret().multiply_g1(G1) for _ in range(8)}
    assert len(drawn) == 8


@given(st.lists(st.binary(max_size=300), max_size=6))
@settings(deadline=None)
def test_hashes_and_their_states_are_the_same(pieces: list[bytes]) -> None:
    native, reference = NATIVE.start_hash(), ResumableBlake2b()
    for piece in pieces:
        native.update(piece)
        reference.update(piece)
    assert native.state() == reference.state()
    assert native.digest() == reference.digest() == hashlib.blake2b(b"".join(pieces)).digest()


def test_scalars_are_transformed() -> None:
    for power in range(7):
        scalars = encode_scalars(list(iterate_powers(3, 12345678901234567890**3, 1 << power)))
        assert NATIVE.transform(scalars) == REFERENCE.transform(scalars)


# --- Constraints ------------------------------------------------------------------------------------

WIRES, PUBLIC, ROWS = 23, 3, 12


@pytest.fixture(scope="module")
def circuit(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Random rows with factors of every kind."""
    rng = random.Random(4)  # noqa: S311 -- a test
    kinds = [0, 1, 2, GROUP_ORDER - 1, GROUP_ORDER - 2, 2**64, 2**127, GROUP_ORDER // 2, rng.randrange(GROUP_ORDER)]

    def side() -> tuple[tuple[int, int], ...]:
        return tuple((wire, rng.choice(kinds)) for wire in rng.sample(range(WIRES - 1), rng.randrange(8)))

    rows = [Constraint(side(), side(), side()) for _ in range(ROWS)]
    path = tmp_path_factory.mktemp("circuit") / "circuit.r1cs"
    write_r1cs(path, R1csHeader(WIRES, 1, PUBLIC - 1, 1, WIRES, ROWS), rows, range(WIRES))
    return path.read_bytes()


def test_rows_are_combined(circuit: bytes) -> None:
    r1cs = read_r1cs(circuit)
    columns = [bulk.read_columns(r1cs) for bulk in (NATIVE, REFERENCE)]
    require_same([each.encode_coefficients() for each in columns])
    in_g1, in_g2 = draw_points(make_g1, 16), draw_points(make_g2, 16)
    others = in_g1[64:] + in_g1[:64]
    parts = [(0, in_g1, "a"), (1, others, "b"), (2, in_g1, "c")]
    require_same([each.combine_g1(parts, 0, WIRES) for each in columns])
    require_same([each.combine_g1(parts[1:2], 5, 9) for each in columns])
    require_same([each.combine_g2([(1, in_g2, "b")], 0, WIRES) for each in columns])


def spoil(circuit: bytes, term: int, wire: int, factor: int) -> bytes:
    """Another wire and factor in a term of the first side that has so many."""
    r1cs = read_r1cs(circuit)
    at = circuit.index(bytes(r1cs.constraint_section.data))
    sides = [side for row in r1cs.iterate_constraints() for side in row]
    for side in sides:
        if len(side) > term + 1:
            break
        at += 4 + 36 * len(side)
    at += 4 + 36 * term
    return circuit[:at] + wire.to_bytes(4, "little") + factor.to_bytes(32, "little") + circuit[at + 36 :]


@pytest.mark.parametrize(
    ("wire", "factor", "reason"),
    [
        (WIRES, 1, Reason.F14_INDEX_OUT_OF_RANGE),
        (0, GROUP_ORDER, Reason.F15_NOT_CANONICAL),
        (None, 1, Reason.F16_DUPLICATE_TERM),
    ],
)
def test_bad_rows_are_refused_alike(circuit: bytes, wire: int | None, factor: int, reason: Reason) -> None:
    twin = next(side[0][0] for row in read_r1cs(circuit).iterate_constraints() for side in row if len(side) > 2)
    spoiled = read_r1cs(spoil(circuit, 1, twin if wire is None else wire, factor))
    for bulk in (NATIVE, REFERENCE):
        with pytest.raises(MalformedError) as refused:
            bulk.read_columns(spoiled)
        assert refused.value.reason is reason


def test_columns_that_are_too_short_are_refused(circuit: bytes) -> None:
    columns = NATIVE.read_columns(read_r1cs(circuit))
    with pytest.raises(MalformedError):
        columns.combine_g1([(0, draw_points(make_g1, 8), "a")], 0, WIRES)
    with pytest.raises(MalformedError):
        columns.combine_g1([(3, b"", "a")], 0, WIRES)
    with pytest.raises(MalformedError):
        columns.combine_g1([(0, draw_points(make_g1, 16), "a")], 0, WIRES + 1)


def test_a_bad_point_in_a_column_is_named(circuit: bytes) -> None:
    columns = NATIVE.read_columns(read_r1cs(circuit))
    spoiled = with_point(draw_points(make_g1, 16), 15, bytes([1] * 64))
    with pytest.raises(RejectedError) as refused:
        columns.combine_g1([(0, spoiled, "a")], 0, WIRES)
    assert refused.value.reason is Reason.V15_OFF_CURVE
    assert refused.value.field == "a[15]"


def test_threads_make_no_difference(points: bytes, group: str) -> None:
    results = []
    for threads in (1, 3):
        bulk = NativeBulk(choose_curve(BackendName.NATIVE, threads=threads))
        each: BulkGroup[G1Point] | BulkGroup[G2Point] = getattr(bulk, group)
        results.append(each.multiply(points * 20, secrets_of(bulk)[0], "points", 0))
    assert results[0] == results[1]


def test_the_processor_makes_no_difference(points: bytes, group: str) -> None:
    secret = _native.SecretStream.open(SEED).next_secret()
    results = [
        _native.BulkGroup(group == "g2", 2, portable=portable).multiply(points, secret, None, 0, "points")
        for portable in (False, True)
    ]
    assert results[0] == results[1]
