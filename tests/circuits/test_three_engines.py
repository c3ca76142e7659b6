"""One text, three engines: plain integers, constraints and the witness program say the same."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings

from circuits.builder import Builder, Element, Uint
from circuits.compile import compile_statement
from circuits.engine import IntegerEngine
from circuits.errors import BrokenRuleError
from circuits.gadgets.ranges import enforce_at_most
from snark.bn254.backend import BackendName
from snark.errors import RejectedError
from snark.poseidon.hashing import hash_inputs
from snark.r1cs.program.encoding import encode_program
from snark.r1cs.program.execution import load_program
from snark.r1cs.r1cs_file import read_r1cs
from snark.r1cs.satisfaction import find_failure
from snark.r1cs.sym_file import Symbol
from snark.r1cs.wtns_file import read_wtns, write_wtns
from tests.circuits.laboratory.forging import forge
from tests.circuits.laboratory.system import Assignment, Inputs, System
from tests.circuits.laboratory.text import Text
from tests.circuits.random_texts import RandomText, given_inputs, texts

ROOT = Path(__file__).parents[2]


class Listening(IntegerEngine):
    """Takes the first public result that comes for the right one."""

    def enforce_zero(self, value: object, rule: str | None) -> None:
        """What is off is what the public input lacks."""
        if rule == "result_is_true":
            self.result = value
            return
        super().enforce_zero(value, rule)  # type: ignore[arg-type]  # expressions of this engine are integers


def complete(text: RandomText, inputs: Inputs) -> Inputs:
    """The inputs with the public result that they have."""
    engine = Listening({**inputs, "result": 0})
    text.define(Builder(engine))
    return {**inputs, "result": engine.result}  # type: ignore[dict-item]  # an integer


def require_refused(system: System, inputs: Inputs) -> None:
    """Engine and program name the rule, and no cheat gets past the constraints."""
    with pytest.raises(BrokenRuleError, match="small_within_limit"):
        system.statement.define(Builder(IntegerEngine(inputs)))
    with pytest.raises(RejectedError, match="small_within_limit"):
        system.find_witness(inputs)
    assert Assignment(system, forge(system, inputs)).broken()


@settings(max_examples=15, deadline=None)
@given(texts, given_inputs)
def test_all_engines_agree_on_random_texts(text: RandomText, inputs: Inputs) -> None:
    system = System(text)
    if int(inputs["small"]) > text.limit:  # type: ignore[arg-type]  # it is one number
        require_refused(system, {**inputs, "result": 0})
        return
    whole = complete(text, inputs)
    text.define(Builder(IntegerEngine(whole)))
    values = system.find_witness(whole)
    assert Assignment(system, values).broken() == []
    forged = forge(system, whole)
    assert all(forged[wire] == value for wire, value in values.items())
    assert [values[wire] for wire in system.public] == [whole["result"]]


def margin(builder: Builder) -> None:
    limit = builder.public("limit", Uint(16), "the most")
    amount = builder.private("amount", Uint(16), "how much")
    enforce_at_most(amount * 3, limit, rule="amount_within_limit")
    owner = builder.public("owner", Element(), "H(amount)")
    builder.enforce_equal(builder.hash_inputs([amount]), owner, rule="owner_knows_amount")


MARGIN = Text("margin", margin)


@pytest.mark.parametrize(
    "backend", [pytest.param(BackendName.NATIVE, marks=pytest.mark.native), BackendName.REFERENCE], ids=str
)
def test_files_hold_what_the_engines_say(backend: BackendName, tmp_path: Path) -> None:
    circuit = compile_statement(MARGIN)
    circuit.write_r1cs(tmp_path / "margin.r1cs")
    r1cs = read_r1cs(tmp_path / "margin.r1cs")
    r1cs.require_well_formed()
    program = load_program(encode_program(circuit.assemble(circuit.hash_circuit())), backend)
    system = System(MARGIN)
    inputs: Inputs = {"limit": 30, "amount": 10, "owner": hash_inputs([10])}
    wires = program.execute(inputs)
    assert program.public_signals(wires) == [30, inputs["owner"]]
    values = [int.from_bytes(wires[start : start + 32], "little") for start in range(0, len(wires), 32)]
    write_wtns(tmp_path / "margin.wtns", values)
    assert find_failure(r1cs, read_wtns(tmp_path / "margin.wtns")) is None
    assert list(system.find_witness(inputs).values()) == values
    values[-1] += 1
    write_wtns(tmp_path / "margin.wtns", values)
    assert find_failure(r1cs, read_wtns(tmp_path / "margin.wtns")) is not None


def test_every_wire_has_a_name() -> None:
    circuit = compile_statement(MARGIN)
    symbols = list(circuit.symbols())
    assert symbols[0] == Symbol(1, 1, 0, "main.limit")
    names = [symbol.name for symbol in symbols]
    assert len(set(names)) == len(names)
    assert {"main.limit", "main.owner", "main.amount"} <= set(names)
    line = margin.__code__.co_firstlineno + 3
    assert any(name.startswith(f"main.test_three_engines.py:{line}#") for name in names)
    placed = {symbol.wire for symbol in symbols if symbol.wire is not None}
    assert placed == set(range(1, circuit.header.wires))


def test_a_broken_rule_is_named_and_no_number() -> None:
    inputs: Inputs = {"limit": 12345, "amount": 4567, "owner": 89}
    with pytest.raises(BrokenRuleError) as broken:
        margin(Builder(IntegerEngine(inputs)))
    assert broken.value.field == "amount_within_limit"
    assert broken.value.line == f"test_three_engines.py:{margin.__code__.co_firstlineno + 3}"
    with pytest.raises(RejectedError) as refused:
        System(MARGIN).find_witness(inputs)
    assert refused.value.field == "amount_within_limit"
    for error in (broken.value, refused.value):
        told = f"{error!s} {error!r} {error.args}"
        assert not any(str(number) in told for number in (12345, 4567, 89, 4567 * 3, 12345 - 4567 * 3))


PROGRAM = """
from circuits.compile import compile_statement
from snark.r1cs.program.encoding import encode_program
from tests.circuits.test_three_engines import MARGIN
from hashlib import sha256
circuit = compile_statement(MARGIN)
digest = circuit.hash_circuit()
program, symbols = encode_program(circuit.assemble(digest)), repr(list(circuit.symbols())).encode()
print(digest.hex(), sha256(program).hexdigest(), sha256(symbols).hexdigest())
"""


def test_the_same_text_gives_the_same_bytes_in_every_process() -> None:
    outputs = {
        subprocess.run(  # noqa: S603 -- the interpreter that runs this test
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT), "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "1", "4242")
    }
    assert len(outputs) == 1
    assert len(outputs.pop().split()) == 3
