"""Faces of contracts: calls, answers, events and errors, and that they are those of the contracts."""

from pathlib import Path

import pytest

from chains.contracts import CALLED, CODEC, Face, describe, find_revert, name_error, read_abi, select, sign_of
from chains.development.compilation import run_compiler
from facts.keccak import hash_keccak
from margin.errors import Reason
from tests.chains.nodes import needs_nodes
from tests.facts.refusals import refused
from tests.packaging.failure_table import list_failures, list_foreign, name_type
from tests.packaging.sources import REPOSITORY

WORD = 32
FACE = Face(
    "Trial",
    [
        {
            "type": "function",
            "name": "tell",
            "inputs": [
                {"type": "tuple", "name": "what", "components": [{"type": "bytes32"}, {"type": "uint256[]"}]},
                {"type": "bytes[]", "name": "by"},
            ],
            "outputs": [{"type": "uint64", "name": "number"}],
        },
        {"type": "error", "name": "TooOld", "inputs": [{"type": "uint64", "name": "at"}]},
        {
            "type": "event",
            "name": "Told",
            "inputs": [
                {"type": "uint256", "name": "number", "indexed": True},
                {"type": "bytes", "name": "what", "indexed": True},
                {"type": "bytes", "name": "more", "indexed": False},
            ],
        },
    ],
)


def number(value: int) -> bytes:
    return value.to_bytes(WORD, "big")


def test_a_struct_is_written_out() -> None:
    data = FACE.encode_call("tell", (b"\1" * 32, [2, 3]), [b"\4"])
    assert data[:4] == hash_keccak(b"tell((bytes32,uint256[]),bytes[])")[:4]
    heads = number(64) + number(224)
    struct = b"\1" * 32 + number(64) + number(2) + number(2) + number(3)
    assert data[4:] == heads + struct + number(1) + number(32) + number(1) + b"\4".ljust(WORD, b"\0")
    assert FACE.decode_answer("tell", number(9)) == (9,)


def test_what_does_not_fit_is_malformed() -> None:
    assert refused(FACE.encode_call, "tell", 1, 2) == (Reason.NOT_READABLE, "tell")
    assert refused(FACE.encode_call, "ask") == (Reason.NOT_APPLICABLE, "function")
    assert refused(FACE.decode_answer, "tell", b"\1") == (Reason.NOT_READABLE, "tell")
    assert refused(FACE.decode_answer, "tell", b"\xff" * 32) == (Reason.NOT_READABLE, "tell")


def test_an_event_is_told_by_topics_and_data() -> None:
    topics = [FACE.topic_of("Told"), number(5), hash_keccak(b"what")]
    data = number(32) + number(2) + b"ab".ljust(WORD, b"\0")
    assert FACE.decode_event("Told", topics, data) == {"number": 5, "what": hash_keccak(b"what"), "more": b"ab"}
    assert refused(FACE.decode_event, "Told", topics[:2], data) == (Reason.NOT_READABLE, "Told")
    assert refused(FACE.decode_event, "Told", [b"\0" * 32, *topics[1:]], data) == (Reason.NOT_READABLE, "Told")


def test_errors_have_names() -> None:
    error = hash_keccak(b"TooOld(uint64)")[:4] + number(7)
    assert str(FACE.name_error(error)) == "TooOld(at=7)"
    assert FACE.name_error(error[:20]) is None
    reason = hash_keccak(b"Error(string)")[:4] + number(32) + number(2) + b"no".ljust(WORD, b"\0")
    assert str(FACE.name_error(reason)) == "Error(reason=no)"
    panic = hash_keccak(b"Panic(uint256)")[:4] + number(17)
    assert str(name_error(panic, FACE)) == "Panic(code=17)"
    assert str(name_error(b"\1\2\3\4", FACE)) == f"unnamed(data={describe(bytes([1, 2, 3, 4]))})"


def test_every_error_that_the_table_of_failures_has_is_named() -> None:
    """Those of verifiers of keys, too, which are no contract that is called from outside."""
    defaults = {"string": "x", "bool": True}
    escrow = read_abi("CollateralEscrow")
    for failures in (*list_failures().values(), list_foreign()):
        for failure in failures:
            types = [name_type(each) for each in failure.inputs.split(",") if each]
            values = [defaults.get(each, bytes(32) if each == "bytes32" else 7) for each in types]
            values = [f"0x{7:040x}" if kind == "address" else value for kind, value in zip(types, values, strict=True)]
            told = bytes.fromhex(failure.selector[2:]) + CODEC.encode(types, values)
            assert name_error(told, escrow).name == failure.name


def test_an_error_of_a_contract_that_another_had_asked_has_its_name() -> None:
    paused = hash_keccak(b"Paused(uint64)")[:4] + number(9)
    assert str(name_error(paused, FACE)) == "Paused(until=9)"


@pytest.mark.parametrize(
    ("error", "data"),
    [
        ({"code": 3, "data": "0x01"}, b"\1"),
        ({"code": 3, "data": {"data": "0x02"}}, b"\2"),
        ({"code": -32000, "message": "VM: execution reverted"}, b""),
        ({"code": -32000, "message": "busy"}, None),
        ({"code": -32000, "data": "busy"}, None),
        ("no", None),
    ],
)
def test_nodes_say_no_in_many_ways(error: object, data: bytes | None) -> None:
    assert find_revert(error) == data


@pytest.mark.parametrize("name", CALLED)
def test_no_contract_overloads_what_is_called(name: str) -> None:
    for kind in ("function", "event"):
        names = [each["name"] for each in read_abi(name)._elements if each["type"] == kind]  # noqa: SLF001
        assert len(names) == len(set(names))


def test_there_is_no_other_face() -> None:
    assert refused(read_abi, "Nothing") == (Reason.NOT_APPLICABLE, "contract")
    assert sign_of({"name": "f", "inputs": []}) == "f()"
    assert select({"name": "f", "inputs": []}) == hash_keccak(b"f()")[:4]


@needs_nodes
@pytest.mark.slow
def test_the_faces_are_those_of_the_contracts(tmp_path: Path) -> None:
    """Written by `make abi`."""
    run_compiler("--abi", tmp_path)
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_text() for path in (REPOSITORY / "chains" / "abi").iterdir()}
    assert sorted(written) == [f"{name}.json" for name in sorted(CALLED)]
