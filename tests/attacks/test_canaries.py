"""P2 and P3: no value of a witness is told by an error, a log, an answer or a file, whatever goes wrong."""

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ringfence.cli.entry import run
from ringfence.cli.exits import ExitCode
from snark.bn254.constants import FIELD_MODULUS, GROUP_ORDER
from snark.errors import Reason, RejectedError, SnarkError
from snark.groth16.ceremony.development_key import make_development_key
from snark.groth16.prove import ProvingKey
from snark.r1cs.program.assembler import Assembler
from snark.r1cs.program.encoding import encode_program
from snark.r1cs.program.execution import load_program
from snark.r1cs.r1cs_file import read_r1cs
from snark.r1cs.satisfaction import require_satisfied
from snark.r1cs.wtns_file import read_wtns, write_wtns
from tests.snark import small_files as small

CANARY = secrets.randbits(250) | 1 << 249
"""The secret input a of ``d = a b + a``; each run has another one."""
B = 10
HONEST = (1, CANARY * (B + 1) % GROUP_ORDER, B, CANARY, CANARY * B % GROUP_ORDER)


def spellings(value: int) -> Iterator[bytes]:
    """The value as text and as bytes, plain and in Montgomery form, and enough of its beginning to know it by."""
    for number in (value, value * 2**256 % GROUP_ORDER, value * 2**256 % FIELD_MODULUS):
        yield from (text.encode() for text in (str(number)[:20], f"{number:x}"[:16], f"{number:X}"[:16]))
        yield number.to_bytes(32, "little")[:12]
        yield number.to_bytes(32, "big")[:12]


FORBIDDEN = [spelling for value in (CANARY, HONEST[4]) for spelling in spellings(value)]


def require_silent(told: bytes) -> None:
    for spelling in FORBIDDEN:
        assert spelling not in told, "a value of the witness was told"


def describe(error: BaseException | None) -> str:
    """All that an error could put into a log: itself, its parts, and what it came from."""
    if error is None:
        return ""
    return f"{error}{error!r}{vars(error)}{describe(error.__cause__)}{describe(error.__context__)}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "circuit.r1cs").write_bytes(small.r1cs_file())
    (tmp_path / "circuit.sym").write_bytes(small.SYM_FILE)
    write_wtns(tmp_path / "good.wtns", HONEST)
    good = (tmp_path / "good.wtns").read_bytes()
    (tmp_path / "bad.wtns").write_bytes(small.wtns_file((*HONEST[:1], 5, *HONEST[2:])))
    (tmp_path / "short.wtns").write_bytes(small.wtns_file(HONEST[:4]))
    (tmp_path / "cut.wtns").write_bytes(good[:-3])
    (tmp_path / "tail.wtns").write_bytes(good + b"tail")
    (tmp_path / "second-name.wtns").write_bytes(small.wtns_file((*HONEST[:4], HONEST[4] + GROUP_ORDER)))
    (tmp_path / "first.wtns").write_bytes(small.wtns_file((CANARY, *HONEST[1:])))
    return tmp_path


WITNESSES = ["good", "bad", "short", "cut", "tail", "second-name", "first"]


@pytest.mark.native
@pytest.mark.parametrize("options", [[], ["--json"]], ids=["person", "json"])
@pytest.mark.parametrize("witness", WITNESSES)
def test_p2_no_command_tells_a_value(
    folder: Path,
    witness: str,
    options: list[str],
    capfdbinary: pytest.CaptureFixture[bytes],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    make_development_key(folder / "circuit.r1cs", folder / "circuit.zkey")
    wtns = str(folder / f"{witness}.wtns")
    made = ["--proof", str(folder / "proof.json"), "--public", str(folder / "public.json")]
    prove = ["groth16", "prove", "--zkey", str(folder / "circuit.zkey"), "--wtns", wtns, "--development", *made]
    check = ["wtns", "check", str(folder / "circuit.r1cs"), wtns, "--sym", str(folder / "circuit.sym")]
    for command in (prove, check, ["r1cs", *check[1:]], ["r1cs", "info", wtns], ["zkey", "info", wtns]):
        code = run([*command, *options])
        assert code == (ExitCode.YES if witness == "good" and "info" not in command else code)
        assert code != ExitCode.INTERNAL
    captured = capfdbinary.readouterr()
    require_silent(captured.out + captured.err + caplog.text.encode())
    for path in set(folder.iterdir()) - set(folder.glob("*.wtns")):
        require_silent(path.name.encode() + path.read_bytes())


@pytest.mark.parametrize("witness", WITNESSES)
def test_p2_no_error_of_reading_or_checking_tells_a_value(folder: Path, witness: str) -> None:
    r1cs, path = read_r1cs(folder / "circuit.r1cs"), folder / f"{witness}.wtns"
    told = ""
    try:
        values = read_wtns(path)
        told = repr(values)
        require_satisfied(r1cs, values)
    except SnarkError as error:
        told += describe(error)
    require_silent(told.encode())


@pytest.mark.native
@pytest.mark.parametrize("witness", WITNESSES)
def test_p2_no_error_of_proving_tells_a_value(folder: Path, witness: str) -> None:
    make_development_key(folder / "circuit.r1cs", folder / "circuit.zkey")
    key = ProvingKey.open(folder / "circuit.zkey", allow_development_keys=True)
    told = repr(key) + repr(vars(key))
    try:
        told += repr(key.prove(folder / f"{witness}.wtns"))
    except SnarkError as error:
        told += describe(error)
    require_silent(told.encode())


@pytest.mark.parametrize("backend", ["reference", pytest.param("native", marks=pytest.mark.native)])
@pytest.mark.parametrize(
    "inputs",
    [{"a": CANARY}, {"a": CANARY, "b": CANARY}, {"a": [CANARY, CANARY], "b": 1}, {"a": CANARY + GROUP_ORDER, "b": 1}],
    ids=["missing", "out of its bound", "too many", "out of the field"],
)
def test_p2_no_error_of_a_witness_program_tells_an_input(backend: str, inputs: dict[str, int | list[int]]) -> None:
    assembler = Assembler()
    a, b = assembler.declare_input("a"), assembler.declare_input("b", bits=8)
    assembler.assert_nonzero(b, rule="b_is_not_zero")
    made = assembler.finish(made_for=bytes(32), outputs=[], public_inputs=[], private_inputs=[a, b], internals=[])
    program = load_program(encode_program(made), backend)
    with pytest.raises(SnarkError) as caught:
        program.execute(inputs)
    require_silent(describe(caught.value).encode())


def test_p2_a_defect_is_told_without_its_text(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], folder: Path
) -> None:
    def fail(*_: object) -> None:
        raise ValueError(CANARY, *HONEST)

    monkeypatch.setattr("ringfence.cli.commands.r1cs.find_failure", fail)
    for options in ([], ["--json"]):
        assert run(["wtns", "check", str(folder / "circuit.r1cs"), str(folder / "good.wtns"), *options]) == 4
    captured = capfdbinary.readouterr()
    require_silent(captured.out + captured.err)


def test_p3_an_unsatisfied_witness_reports_the_constraint_and_no_value(folder: Path) -> None:
    with pytest.raises(RejectedError) as caught:
        require_satisfied(read_r1cs(folder / "circuit.r1cs"), read_wtns(folder / "bad.wtns"))
    assert caught.value.reason is Reason.F20_UNSATISFIED
    assert caught.value.field.endswith("constraint 1")
    require_silent(describe(caught.value).encode())


@pytest.mark.native
def test_p3_a_prover_says_no_more_than_that_a_constraint_is_broken(folder: Path) -> None:
    """Whoever asks a prover is told the same whichever constraint is broken, and by how much."""
    make_development_key(folder / "circuit.r1cs", folder / "circuit.zkey")
    key = ProvingKey.open(folder / "circuit.zkey", tables=None, allow_development_keys=True)
    told = set()
    for place in range(1, len(HONEST)):
        for shift in (1, CANARY):
            values = [*HONEST]
            values[place] = (values[place] + shift) % GROUP_ORDER
            with pytest.raises(RejectedError) as caught:
                key.prove(small.wtns_file(values))
            told.add(str(caught.value))
    assert len(told) == 1


def test_the_canary_would_be_heard() -> None:
    """The test of the tests: each spelling of the value is found where it is told."""
    sing: list[Callable[[], bytes]] = [
        lambda: str(CANARY).encode(),
        lambda: f"{CANARY:064x}".lstrip("0").encode(),
        lambda: b"x" + CANARY.to_bytes(32, "little"),
    ]
    for song in sing:
        with pytest.raises(AssertionError), suppress(KeyError):
            require_silent(song())
