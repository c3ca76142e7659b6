"""Which backend does the work."""

import pytest
from py_ecc.optimized_bn128.optimized_pairing import final_exponentiate

from snark.bn254 import backend
from snark.bn254.backend import BACKEND_VARIABLE, BackendName, choose_curve, choose_name
from snark.bn254.points import G1, G2
from snark.bn254.reference import exponentiate, run_loop
from snark.errors import MisuseError, Reason


def test_the_caller_decides_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BACKEND_VARIABLE, "reference")
    monkeypatch.setattr(backend, "is_native_built", lambda: True)
    assert choose_name() is BackendName.REFERENCE
    assert choose_name("native") is BackendName.NATIVE


def test_the_fastest_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(BACKEND_VARIABLE, raising=False)
    monkeypatch.setattr(backend, "is_native_built", lambda: True)
    assert choose_name() is BackendName.NATIVE
    monkeypatch.setattr(backend, "is_native_built", lambda: False)
    assert choose_name() is BackendName.REFERENCE
    with pytest.raises(MisuseError) as caught:
        choose_name("native")
    assert caught.value.reason is Reason.BACKEND_MISSING


def test_a_backend_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MisuseError) as caught:
        choose_name("gpu")
    assert caught.value.reason is Reason.NOT_A_CHOICE
    monkeypatch.setenv(BACKEND_VARIABLE, "gpu")
    with pytest.raises(MisuseError):
        choose_name()


@pytest.mark.native
def test_pairings_are_equal_numbers() -> None:
    native, reference = choose_curve("native"), choose_curve("reference")
    p, q = native.multiply_g1(G1, 12345), native.multiply_g2(G2, 67890)
    assert native.compute_pairing(p, q) == reference.compute_pairing(p, q)


def test_the_factors_of_the_exponent_are_the_exponent_of_py_ecc() -> None:
    loop = run_loop(G1, G2)
    assert exponentiate(loop) == final_exponentiate(loop)
