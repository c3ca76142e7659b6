"""The order of public inputs, their bytes, and which claim they are."""

from dataclasses import replace
from hashlib import sha256

import pytest

from facts.public_inputs import PublicInputs, identify_claim, input_names, unused_input
from margin.errors import Reason
from snark.bn254.constants import GROUP_ORDER
from tests.facts.refusals import refused

INPUTS = PublicInputs(1, 2, 3, 4, (5, 6), 7, 8)
KEY_ID = "ab" * 32


def test_the_order() -> None:
    assert input_names(0) == ("book_root", "market_root", "lock_root", "position_tag", "context", "policy")
    assert input_names(2)[4:6] == ("nullifier[0]", "nullifier[1]")
    assert INPUTS.values == (1, 2, 3, 4, 5, 6, 7, 8)
    assert INPUTS.names == input_names(2)


@pytest.mark.parametrize("locks", range(5))
def test_inputs_come_back_from_values_and_bytes(locks: int) -> None:
    inputs = replace(INPUTS, nullifiers=tuple(range(10, 10 + locks)))
    data = inputs.encode()
    assert len(data) == 32 * (6 + locks)
    assert data[-32:] == (8).to_bytes(32, "big")
    assert PublicInputs.decode(data) == PublicInputs.of(inputs.values) == inputs


@pytest.mark.parametrize("count", [0, 5, 11])
def test_a_wrong_number_of_inputs_is_refused(count: int) -> None:
    assert refused(PublicInputs.of, [1] * count) == (Reason.WRONG_COUNT, "public_inputs")
    assert refused(PublicInputs.decode, bytes(32 * count)) == (Reason.WRONG_COUNT, "public_inputs")


@pytest.mark.parametrize("data", [b"", INPUTS.encode()[:-1], INPUTS.encode() + b"\0"])
def test_bytes_that_are_no_elements_are_refused(data: bytes) -> None:
    assert refused(PublicInputs.decode, data) == (Reason.WRONG_COUNT, "public_inputs")


def test_the_plainest_policy_is_zero_and_allowed() -> None:
    assert replace(INPUTS, policy=0).values[-1] == 0


def test_an_unused_input_is_never_zero_and_never_another() -> None:
    names = input_names(4)
    constants = {unused_input(name) for name in names}
    assert len(constants) == len(names)
    assert 0 not in constants


def test_a_claim_is_its_domain_its_key_and_its_inputs() -> None:
    expected = b"ringfence.v1.claim\n" + (9).to_bytes(32, "big") + bytes.fromhex(KEY_ID) + INPUTS.encode()
    assert identify_claim(9, KEY_ID, INPUTS) == sha256(expected).hexdigest()
    others = [replace(INPUTS, policy=9), replace(INPUTS, nullifiers=(6, 5)), replace(INPUTS, nullifiers=(5,))]
    claims = {identify_claim(9, KEY_ID, inputs) for inputs in (INPUTS, *others)}
    claims |= {identify_claim(10, KEY_ID, INPUTS), identify_claim(9, "cd" * 32, INPUTS)}
    assert len(claims) == 6


@pytest.mark.parametrize("bad", ["", "AB" * 32, "ab" * 31, "ab" * 33, " " + "ab" * 31 + "a", "0x" + "ab" * 31])
def test_a_key_id_has_one_spelling(bad: str) -> None:
    assert refused(identify_claim, 1, bad, INPUTS) == (Reason.NOT_READABLE, "key_id")


def test_a_domain_is_an_element() -> None:
    assert refused(identify_claim, GROUP_ORDER, KEY_ID, INPUTS) == (Reason.OUT_OF_BOUNDS, "domain")
