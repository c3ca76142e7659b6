"""The attacks K1 to K4 on whoever loads verifying keys; each test has the id of its row in the threat model."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from snark.bn254.backend import BackendName
from snark.bn254.points import G1_INFINITY, G2_INFINITY, G1Point, G2Point
from snark.errors import Reason, SnarkError
from snark.groth16.formats.verification_key import format_verifying_key, parse_verifying_key, read_verifying_key
from snark.groth16.keys import VerifyingKey, require_pinned
from snark.groth16.verify import verify_proof
from tests.attacks.refusals import refused
from tests.snark.groth16.simulator import CURVE, Simulator

SIMULATOR = Simulator.of(2)
KEY = SIMULATOR.key


@dataclass
class Points:
    """The points of a key, to be changed."""

    alpha: G1Point = KEY.alpha
    beta: G2Point = KEY.beta
    gamma: G2Point = KEY.gamma
    delta: G2Point = KEY.delta
    ic: tuple[G1Point, ...] = KEY.ic


def refused_key(backend: BackendName, **changes: Any) -> Reason:  # noqa: ANN401 -- points and tuples of them
    return refused(VerifyingKey, **vars(Points(**changes)), backend=backend)


def test_the_honest_key_loads(backend: BackendName) -> None:
    assert VerifyingKey(**vars(Points()), backend=backend) == KEY
    assert parse_verifying_key(format_verifying_key(KEY), backend=backend) == KEY
    assert VerifyingKey.decode(KEY.encode(), backend=backend) == KEY


def test_k1_gamma_and_delta_differ_in_more_than_sign(backend: BackendName) -> None:
    assert refused_key(backend, delta=KEY.gamma) is Reason.V21_KEY_GAMMA_DELTA
    assert refused_key(backend, delta=-KEY.gamma) is Reason.V21_KEY_GAMMA_DELTA


@pytest.mark.parametrize(
    "changes", [{"alpha": G1_INFINITY}, {"beta": G2_INFINITY}, {"gamma": G2_INFINITY}, {"delta": G2_INFINITY}]
)
def test_k1_no_point_is_the_identity(backend: BackendName, changes: dict[str, Any]) -> None:
    assert refused_key(backend, **changes) is Reason.V14_INFINITY


@pytest.mark.parametrize("name", ["vk_alpha_1", "vk_beta_2", "vk_gamma_2", "vk_delta_2"])
def test_k1_no_point_is_all_zero(backend: BackendName, name: str) -> None:
    document = json.loads(format_verifying_key(KEY))
    zeros, ones = (["0", "0"], ["1", "0"]) if name.endswith("2") else ("0", "1")
    document[name] = [zeros, zeros, ones]
    assert refused(parse_verifying_key, json.dumps(document), backend=backend) is Reason.V15_OFF_CURVE


def test_k2_a_key_that_nobody_contributed_to(backend: BackendName) -> None:
    uncontributed = Simulator(SIMULATOR.alpha, SIMULATOR.beta, 1, 1, SIMULATOR.ic)
    with pytest.raises(SnarkError) as caught:
        _ = uncontributed.key
    assert caught.value.reason is Reason.V21_KEY_GAMMA_DELTA
    generator = Points(gamma=KEY.gamma, delta=KEY.gamma)
    assert refused(VerifyingKey, **vars(generator), backend=backend) is Reason.V21_KEY_GAMMA_DELTA


def test_k3_a_known_ratio_is_seen_by_the_pin_alone(backend: BackendName) -> None:
    doubled = VerifyingKey(**vars(Points(delta=CURVE.add_g2(KEY.gamma, KEY.gamma))), backend=backend)
    assert refused(require_pinned, doubled, {KEY.id}) is Reason.V23_KEY_NOT_PINNED
    assert require_pinned(KEY, {KEY.id}) == KEY


@pytest.mark.parametrize("entries", [[], KEY.ic[:1], KEY.ic[:-1], [*KEY.ic, KEY.ic[0]]])
def test_k4_one_point_for_each_input_and_one_more(entries: list[G1Point]) -> None:
    document = json.loads(format_verifying_key(KEY))
    document["IC"] = [[str(point.x), str(point.y), "1"] for point in entries]
    assert refused(parse_verifying_key, json.dumps(document)) is Reason.V20_KEY_IC_COUNT


def test_k4_a_key_without_any_ic_point(backend: BackendName) -> None:
    assert refused_key(backend, ic=()) is Reason.V20_KEY_IC_COUNT


@pytest.mark.parametrize("place", range(3))
def test_k4_every_input_is_bound(backend: BackendName, place: int) -> None:
    ic = (*KEY.ic[:place], G1_INFINITY, *KEY.ic[place + 1 :])
    assert refused_key(backend, ic=ic) is Reason.V14_INFINITY


def test_k4_the_key_of_another_circuit(backend: BackendName) -> None:
    other = Simulator.of(2, seed=1).key
    assert other.id != KEY.id
    proof = SIMULATOR.prove((1, 2))
    assert refused(verify_proof, other, (1, 2), proof, backend=backend) is Reason.V17_EQUATION_FAILS


def test_k4_a_truncated_key_and_one_with_a_tail(backend: BackendName) -> None:
    data = KEY.encode()
    for length in (0, 1, 39, 40, 44, 200, len(data) - 64, len(data) - 1):
        reason = refused(VerifyingKey.decode, data[:length], backend=backend)
        assert reason is Reason.V01_NOT_READABLE
    assert refused(VerifyingKey.decode, data + bytes(64), backend=backend) is Reason.V01_NOT_READABLE
    assert refused(parse_verifying_key, format_verifying_key(KEY)[:-9]) is Reason.V01_NOT_READABLE


def test_k4_an_id_changes_with_every_point() -> None:
    ids = {KEY.id}
    for changes in ({"alpha": -KEY.alpha}, {"beta": -KEY.beta}, {"gamma": -KEY.gamma}, {"delta": -KEY.delta}):
        ids.add(VerifyingKey(**vars(Points(**changes))).id)
    ids |= {VerifyingKey(**vars(Points(ic=ic))).id for ic in (KEY.ic[:-1], (*KEY.ic, KEY.ic[0]), KEY.ic[::-1])}
    assert len(ids) == 8


def test_k4_a_file_that_is_swapped_after_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "verification_key.json"
    path.write_text(format_verifying_key(KEY))
    key = read_verifying_key(path)
    path.write_text(format_verifying_key(Simulator.of(2, seed=1).key))
    verify_proof(key, (1, 2), SIMULATOR.prove((1, 2)))
    assert key.id == KEY.id


def test_a_ready_made_pairing_that_is_another_one(backend: BackendName) -> None:
    document = json.loads(format_verifying_key(KEY))
    document["vk_alphabeta_12"][1][2][0] = "1"
    assert refused(parse_verifying_key, json.dumps(document), backend=backend) is Reason.V22_KEY_ALPHABETA
    del document["vk_alphabeta_12"]
    assert parse_verifying_key(json.dumps(document), backend=backend) == KEY
