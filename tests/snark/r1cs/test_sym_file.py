"""``.sym``: names of signals."""

from pathlib import Path

import pytest

from snark.errors import MalformedError, Reason
from snark.r1cs.sym_file import Symbol, iterate_symbols, name_wires, write_sym
from tests.snark.small_files import SYM_FILE


def test_what_stands_there_is_read() -> None:
    symbols = list(iterate_symbols(SYM_FILE))
    assert symbols[0] == Symbol(1, 1, 0, "main.d")
    assert symbols[4] == Symbol(5, None, 1, "main.inner.c")
    assert len(symbols) == 6


def test_wires_have_names_and_some_have_several() -> None:
    assert name_wires(SYM_FILE, {0, 4, 3, 9}) == {0: ("one",), 4: ("main.c", "main.inner.out"), 3: ("main.a",)}


def test_a_copy_is_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "copy.sym"
    write_sym(path, iterate_symbols(SYM_FILE))
    assert path.read_bytes() == SYM_FILE


@pytest.mark.parametrize(
    "line",
    [
        b"1,1,0", b"1,1,0,", b"01,1,0,main.a", b"1,-2,0,main.a", b"1,-0,0,main.a", b"+1,1,0,main.a", b"1,1,0,main a",
        b"1,1,0,main.a\r", b"1,1,0,a,b", b"1,1,0,\xff", b"1,1,0,main.\x1b[2J", b"", "1,\u0661,0,a".encode(),
        b"1" * 20 + b",1,0,a", b"1,99999999999,0,a",
    ],
)  # fmt: skip
def test_a_line_that_is_not_one_is_refused(line: bytes) -> None:
    with pytest.raises(MalformedError) as refused:
        list(iterate_symbols(b"1,1,0,main.d\n" + line + b"\n"))
    assert refused.value.reason is Reason.F17_NOT_TEXT
    assert refused.value.field.endswith("line 2")


def test_a_line_without_an_end_is_refused() -> None:
    with pytest.raises(MalformedError) as refused:
        list(iterate_symbols(SYM_FILE[:-1]))
    assert refused.value.reason is Reason.F04_TRUNCATED
    with pytest.raises(MalformedError) as refused:
        list(iterate_symbols(b"1,1,0," + b"a" * 5000))
    assert refused.value.reason is Reason.F17_NOT_TEXT
