"""What is written into a contract for a verifying key; that it verifies is for a real EVM to show (tests/interop)."""

import re

import pytest

from snark.bn254.encoding import encode_g1_evm, encode_g2_evm, split
from snark.errors import MisuseError
from snark.groth16.formats.solidity import MAX_INPUTS, write_solidity_verifier
from snark.groth16.keys import VerifyingKey
from tests.snark.groth16.simulator import Simulator

KEY = Simulator.of(2).key


def test_every_point_of_the_key_is_there_once_and_those_that_change_sides_are_negated() -> None:
    source = write_solidity_verifier(KEY)
    words = re.findall(r"mstore\(0x[0-9a-f]+, 0x([0-9a-f]{64})\)", source)
    first = [KEY.ic[0], *KEY.ic[1:]]
    expected = b"".join(map(encode_g1_evm, first)) + encode_g2_evm(-KEY.gamma) + encode_g2_evm(-KEY.delta)
    expected += encode_g1_evm(KEY.alpha) + encode_g2_evm(-KEY.beta)
    assert words == [word.hex() for word in split(expected)]


@pytest.mark.parametrize("name", ["", "1st", "A B", "Verifier;", "Größe", "x" * 65])
def test_a_name_is_a_name_of_solidity(name: str) -> None:
    with pytest.raises(MisuseError) as refusal:
        write_solidity_verifier(KEY, name)
    assert refusal.value.field == "name"


@pytest.mark.parametrize("inputs", [0, MAX_INPUTS + 1])
def test_a_contract_has_room_for_so_many_inputs(inputs: int) -> None:
    key = VerifyingKey(KEY.alpha, KEY.beta, KEY.gamma, KEY.delta, (KEY.ic[0], *[KEY.ic[1]] * inputs))
    with pytest.raises(MisuseError) as refusal:
        write_solidity_verifier(key)
    assert refusal.value.field == "key"
