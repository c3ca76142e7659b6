"""The attacks V1 to V10 on whoever verifies proofs; each test has the id of its row in the threat model."""

import json
import random
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from snark.bn254.backend import BackendName
from snark.bn254.constants import FIELD_MODULUS, GROUP_ORDER
from snark.bn254.encoding import CompressedLayout
from snark.bn254.points import G1, G1_INFINITY, G2_INFINITY, G2Point
from snark.errors import Reason, RejectedError
from snark.groth16.batch import BatchRejectedError, Claim, verify_batch
from snark.groth16.equation import COEFFICIENT_BYTES, PreparedClaim, choose_equation
from snark.groth16.formats.calldata import decode_proof, encode_proof
from snark.groth16.formats.compressed import compress_proof, decompress_proof
from snark.groth16.formats.proof_json import format_proof, parse_proof
from snark.groth16.formats.public_json import format_public, parse_public
from snark.groth16.formats.verification_key import format_verifying_key, parse_verifying_key
from snark.groth16.keys import VerifyingKey
from snark.groth16.proof import Proof, ProvedStatement
from snark.groth16.verify import verify_proof
from tests.attacks.refusals import refused
from tests.snark.groth16.simulator import CURVE, Simulator, times_g1
from tests.snark.groth16.twist import TwistTorsion

STATEMENT = (5, 0, 2**200 + 1)
SIMULATOR = Simulator.of(len(STATEMENT))
KEY, PROOF = SIMULATOR.key, SIMULATOR.prove(STATEMENT)
P, R = FIELD_MODULUS, GROUP_ORDER


def verify_calldata(data: bytes, backend: BackendName = BackendName.AUTO) -> None:
    verify_proof(KEY, STATEMENT, decode_proof(data), backend=backend)


def verify_compressed(data: bytes, layout: CompressedLayout) -> None:
    verify_proof(KEY, STATEMENT, decompress_proof(data, layout))


def refused_proof(proof: Proof, backend: BackendName) -> Reason:
    return refused(verify_proof, KEY, STATEMENT, proof, backend=backend)


def edited(text: str, edit: Callable[[Any], None]) -> str:
    """A JSON text after an edit of what it holds."""
    document = json.loads(text)
    edit(document)
    return json.dumps(document, ensure_ascii=False)


def test_the_honest_statement_verifies(backend: BackendName) -> None:
    assert verify_proof(KEY, STATEMENT, PROOF, backend=backend).inputs == STATEMENT


@pytest.mark.parametrize("place", range(len(STATEMENT)))
@pytest.mark.parametrize("shift", [R, 2 * R, -R, 2**256 - 1])
def test_v1_no_input_has_a_second_name(backend: BackendName, place: int, shift: int) -> None:
    inputs = [*STATEMENT]
    inputs[place] += shift
    assert refused(verify_proof, KEY, inputs, PROOF, backend=backend) is Reason.V11_INPUT_OUT_OF_FIELD
    written = json.dumps(list(map(str, inputs)))
    assert refused(parse_public, written) in {Reason.V11_INPUT_OUT_OF_FIELD, Reason.V08_NUMBER_SPELLING}


@pytest.mark.parametrize("inputs", [(), STATEMENT[:1], STATEMENT[:-1], (*STATEMENT, 0), (*STATEMENT, 0, 0)])
def test_v2_the_number_of_inputs_is_that_of_the_key(backend: BackendName, inputs: tuple[int, ...]) -> None:
    assert refused(verify_proof, KEY, inputs, PROOF, backend=backend) is Reason.V10_INPUT_COUNT


def test_v2_a_missing_zero_is_not_assumed(backend: BackendName) -> None:
    simulator = Simulator.of(2)
    proof = simulator.prove((7, 0))
    assert refused(verify_proof, simulator.key, (7,), proof, backend=backend) is Reason.V10_INPUT_COUNT


def test_v2_the_order_of_inputs_matters(backend: BackendName) -> None:
    permuted = (STATEMENT[1], STATEMENT[0], STATEMENT[2])
    assert refused(verify_proof, KEY, permuted, PROOF, backend=backend) is Reason.V17_EQUATION_FAILS


def shift_coordinates() -> Iterator[Callable[[Any], None]]:
    """Each coordinate of a proof with p added."""
    places: list[tuple[str, tuple[int, ...]]] = [(name, (i,)) for name in ("pi_a", "pi_c") for i in (0, 1)]
    places += [("pi_b", (i, j)) for i in (0, 1) for j in (0, 1)]
    for name, path in places:

        def edit(document: Any, name: str = name, path: tuple[int, ...] = path) -> None:  # noqa: ANN401 -- JSON
            row = document[name] if len(path) == 1 else document[name][path[0]]
            row[path[-1]] = str(int(row[path[-1]]) + P)

        yield edit


@pytest.mark.parametrize("edit", list(shift_coordinates()))
def test_v3_no_coordinate_has_a_second_name(edit: Callable[[Any], None]) -> None:
    text = edited(format_proof(PROOF), edit)
    assert refused(parse_proof, text) is Reason.V12_COORDINATE_OUT_OF_FIELD


def test_v3_calldata_has_no_second_name_either() -> None:
    data = encode_proof(PROOF)
    for start in range(0, len(data), 32):
        word = int.from_bytes(data[start : start + 32], "big") + P
        shifted = data[:start] + word.to_bytes(32, "big") + data[start + 32 :]
        assert refused(decode_proof, shifted) is Reason.V12_COORDINATE_OUT_OF_FIELD


@pytest.mark.parametrize(("name", "z"), [("pi_a", "2"), ("pi_c", "0"), ("pi_b", ["2", "0"]), ("pi_b", ["1", "1"])])
def test_v3_points_are_affine(name: str, z: object) -> None:
    text = edited(format_proof(PROOF), lambda document: document[name].__setitem__(2, z))
    assert refused(parse_proof, text) is Reason.V13_NOT_AFFINE


def test_v3_points_are_on_their_curves(backend: BackendName) -> None:
    (x0, x1), (y0, y1) = PROOF.b.x, PROOF.b.y
    for proof in (
        replace(PROOF, a=replace(PROOF.a, y=(PROOF.a.y + 1) % P)),
        replace(PROOF, b=replace(PROOF.b, x=((x0 + 1) % P, x1))),
        replace(PROOF, b=G2Point((x1, x0), (y1, y0))),
        replace(PROOF, c=replace(PROOF.c, x=(PROOF.c.x + 1) % P)),
    ):
        assert refused_proof(proof, backend) is Reason.V15_OFF_CURVE


@pytest.mark.parametrize("torsion", TwistTorsion)
def test_v4_points_of_the_twist_outside_the_subgroup(backend: BackendName, torsion: TwistTorsion) -> None:
    outside = torsion.point()
    assert refused_proof(replace(PROOF, b=outside), backend) is Reason.V16_OUTSIDE_SUBGROUP
    assert refused_proof(replace(PROOF, b=torsion.added_to(PROOF.b)), backend) is Reason.V16_OUTSIDE_SUBGROUP


@pytest.mark.parametrize("name", ["beta", "gamma", "delta"])
def test_v4_the_same_in_a_key(backend: BackendName, name: str) -> None:
    points = {field: getattr(KEY, field) for field in ("beta", "gamma", "delta")}
    for outside in (TwistTorsion.SMALL.point(), TwistTorsion.SMALL.added_to(points[name])):
        bad = points | {name: outside}
        assert refused(VerifyingKey, KEY.alpha, **bad, ic=KEY.ic, backend=backend) is Reason.V16_OUTSIDE_SUBGROUP


@pytest.mark.parametrize(
    "proof",
    [
        replace(PROOF, a=G1_INFINITY),
        replace(PROOF, b=G2_INFINITY),
        replace(PROOF, c=G1_INFINITY),
        Proof(G1_INFINITY, G2_INFINITY, G1_INFINITY),
    ],
)
def test_v5_infinity(backend: BackendName, proof: Proof) -> None:
    assert refused_proof(proof, backend) is Reason.V14_INFINITY
    assert refused_proof(parse_proof(format_proof(proof)), backend) is Reason.V14_INFINITY
    assert refused_proof(decode_proof(encode_proof(proof)), backend) is Reason.V14_INFINITY
    for layout in CompressedLayout:
        assert refused_proof(decompress_proof(compress_proof(proof, layout), layout), backend) is Reason.V14_INFINITY


def test_v5_zeros(backend: BackendName) -> None:
    zeros = edited(format_proof(PROOF), lambda document: document.__setitem__("pi_a", ["0", "0", "1"]))
    assert refused(parse_proof, zeros) is Reason.V15_OFF_CURVE
    assert refused_proof(decode_proof(bytes(256)), backend) is Reason.V14_INFINITY
    for layout in CompressedLayout:
        refused(verify_compressed, bytes(128), layout)


SPELLINGS = [
    *(
        "0x5",
        "+5",
        "-5",
        "05",
        " 5",
        "5 ",
        "5\n",
        "\t5",
        "5_0",
        "5e0",
        "5.0",
        "5.",
        "",
        "\uff15",
        "\u0665",
        "5n",
        "NaN",
        "0b1",
        "00",
    ),
    *("5" * 79, "5\u200b", "\ufeff5", "1,000", "Infinity", "\u096b"),
]


@pytest.mark.parametrize("spelling", SPELLINGS, ids=ascii)
def test_v6_a_number_has_one_spelling(spelling: str) -> None:
    public = edited(format_public(STATEMENT), lambda inputs: inputs.__setitem__(0, spelling))
    assert refused(parse_public, public) is Reason.V08_NUMBER_SPELLING
    proof = edited(format_proof(PROOF), lambda document: document["pi_a"].__setitem__(0, spelling))
    assert refused(parse_proof, proof) is Reason.V08_NUMBER_SPELLING


@pytest.mark.parametrize("value", [5, True, None, ["5"], {"5": "5"}])
def test_v6_a_number_is_in_a_string(value: object) -> None:
    public = edited(format_public(STATEMENT), lambda inputs: inputs.__setitem__(0, value))
    assert refused(parse_public, public) is Reason.V06_WRONG_SHAPE


@pytest.mark.parametrize("text", ["[5.0]", "[5e3]", "[NaN]", "[Infinity]", "[-Infinity]"])
def test_v6_no_json_number_with_a_fraction(text: str) -> None:
    assert refused(parse_public, text) is Reason.V08_NUMBER_SPELLING


def flips(data: bytes) -> Iterator[bytes]:
    """Every single-bit flip."""
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        yield bytes(flipped)


@pytest.mark.native
def test_v7_every_bit_of_a_proof_counts() -> None:
    for data in flips(encode_proof(PROOF)):
        refused(verify_calldata, data)


@pytest.mark.native
@pytest.mark.parametrize("layout", CompressedLayout)
def test_v7_every_bit_of_a_compressed_proof_counts(layout: CompressedLayout) -> None:
    for data in flips(compress_proof(PROOF, layout)):
        refused(verify_compressed, data, layout)


@pytest.mark.native
def test_v7_every_bit_of_an_input_counts() -> None:
    for place, value in enumerate(STATEMENT):
        for bit in range(256):
            inputs = (*STATEMENT[:place], value ^ 1 << bit, *STATEMENT[place + 1 :])
            refused(verify_proof, KEY, inputs, PROOF)


@pytest.mark.native
def test_v7_every_bit_of_a_key_counts() -> None:
    for data in flips(KEY.encode()):
        refused(VerifyingKey.decode, data)


def test_v7_some_bits_on_the_reference() -> None:
    choose = random.Random(7)  # noqa: S311 -- the same ones every time
    for data in choose.sample(list(flips(encode_proof(PROOF))), 200):
        refused(verify_calldata, data, BackendName.REFERENCE)


@pytest.mark.parametrize(("field", "value"), [("protocol", "plonk"), ("protocol", "Groth16"), ("curve", "bls12381")])
def test_v8_other_systems_are_not_taken_for_this_one(field: str, value: str) -> None:
    for text, parse in ((format_proof(PROOF), parse_proof), (format_verifying_key(KEY), parse_verifying_key)):
        foreign = edited(text, lambda document: document.__setitem__(field, value))
        assert refused(parse, foreign) is Reason.V07_FOREIGN_SYSTEM


def test_v8_unknown_missing_and_doubled_fields() -> None:
    for text, parse in ((format_proof(PROOF), parse_proof), (format_verifying_key(KEY), parse_verifying_key)):
        unknown = edited(text, lambda document: document.__setitem__("nullifier", "1"))
        missing = edited(text, lambda document: document.pop("curve"))
        doubled = text.rstrip().removesuffix("}") + ',"protocol":"groth16"}'
        assert refused(parse, unknown) is Reason.V04_UNKNOWN_FIELD
        assert refused(parse, missing) is Reason.V05_MISSING_FIELD
        assert refused(parse, doubled) is Reason.V03_DUPLICATE_FIELD


CLAIMS = [Claim(KEY, (n, n + 1, 3), SIMULATOR.prove((n, n + 1, 3))) for n in range(8)]
BAD = replace(PROOF, c=PROOF.a)


@pytest.mark.native
@pytest.mark.parametrize("place", range(len(CLAIMS)))
def test_v10_one_bad_claim_is_found_at_every_place(place: int) -> None:
    claims = [*CLAIMS[:place], replace(CLAIMS[place], unverified_proof=BAD), *CLAIMS[place + 1 :]]
    with pytest.raises(BatchRejectedError) as caught:
        verify_batch(claims)
    assert {index: refusal.reason for index, refusal in caught.value.refusals.items()} == {
        place: Reason.V17_EQUATION_FAILS
    }


def cancelling_claims() -> list[Claim]:
    """Two claims whose errors are each other's negative, among good ones."""
    shift = times_g1(12345)
    first, second = CLAIMS[1], CLAIMS[4]
    more = replace(first.unverified_proof, c=CURVE.add_g1(first.unverified_proof.c, shift))
    less = replace(second.unverified_proof, c=CURVE.add_g1(second.unverified_proof.c, -shift))
    first, second = replace(first, unverified_proof=more), replace(second, unverified_proof=less)
    return [CLAIMS[0], first, *CLAIMS[2:4], second, *CLAIMS[5:]]


def test_v10_two_bad_claims_do_not_cancel(backend: BackendName) -> None:
    claims, equation = [cancelling_claims()[place] for place in (1, 4)], choose_equation(backend)
    prepared = [
        PreparedClaim(claim.key.prepare(backend), tuple(claim.unverified_inputs), claim.unverified_proof)
        for claim in claims
    ]
    foreseen = bytes(COEFFICIENT_BYTES) * len(claims)
    assert equation.check_together(prepared, foreseen, 1).holds, "with equal coefficients they would cancel"
    assert not equation.check_together(prepared, secrets.token_bytes(len(foreseen)), 1).holds


@pytest.mark.native
def test_v10_two_bad_claims_are_both_named() -> None:
    with pytest.raises(BatchRejectedError) as caught:
        verify_batch(cancelling_claims())
    assert sorted(caught.value.refusals) == [1, 4]


@pytest.mark.native
def test_v10_coefficients_are_fresh_and_from_the_operating_system(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[bytes] = []

    def record(count: int, draw: Callable[[int], bytes] = secrets.token_bytes) -> bytes:
        drawn.append(draw(count))
        return drawn[-1]

    monkeypatch.setattr(secrets, "token_bytes", record)
    verify_batch(CLAIMS)
    verify_batch(CLAIMS)
    assert [len(randomness) for randomness in drawn] == [COEFFICIENT_BYTES * len(CLAIMS)] * 2
    coefficients = {data[i : i + COEFFICIENT_BYTES] for data in drawn for i in range(0, len(data), COEFFICIENT_BYTES)}
    assert len(coefficients) == 2 * len(CLAIMS)


def test_a_rerandomised_proof_is_the_same_statement(backend: BackendName) -> None:
    other = Proof(-PROOF.a, -PROOF.b, PROOF.c)
    assert other != PROOF
    assert verify_proof(KEY, STATEMENT, other, backend=backend) == ProvedStatement(KEY.id, STATEMENT)


def test_the_generator_is_no_proof(backend: BackendName) -> None:
    with pytest.raises(RejectedError):
        verify_proof(KEY, STATEMENT, Proof(G1, PROOF.b, PROOF.c), backend=backend)
