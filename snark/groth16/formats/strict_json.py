"""JSON as keys, proofs and inputs need it: bounded, and with one spelling for every value.

What two readers could understand differently is refused: duplicate fields, unknown fields, numbers that are not in
strings, any spelling of a number but its plain decimal digits.
"""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn, TypeVar, cast

from snark.bn254.points import G1_INFINITY, G2_INFINITY, Fp2, G1Point, G2Point, require_coordinate
from snark.errors import MalformedError, Reason, RejectedError, SnarkError

Point = TypeVar("Point", G1Point, G2Point)
Read = TypeVar("Read")
Json = dict[str, "Json"] | list["Json"] | str | int | bool | None

MOST_DIGITS: Final = 78
"""2^256 has as many."""
DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,77}", re.ASCII)
PROTOCOL: Final = "groth16"
CURVE: Final = "bn128"
"""What snarkjs calls BN254."""

AFFINE: Final = 1
INFINITY_1: Final = (0, 1, 0)
"""How snarkjs writes the neutral elements: no affine point, so it is known by its third coordinate."""
INFINITY_2: Final = ((0, 0), (1, 0), (0, 0))


def read_file(path: str | Path, limit: int, field: str, read: Callable[[bytes], Read]) -> Read:
    """What is read from a file; a refusal names the file."""
    try:
        return read(read_bounded(path, limit, field))
    except SnarkError as refusal:
        raise refusal.in_file(path) from None


def read_bounded(path: str | Path, limit: int, field: str) -> bytes:
    """A file that is no longer than ``limit``."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        found = error.strerror or "an error"
        raise MalformedError(Reason.V01_NOT_READABLE, field, found=found, expected="a readable file") from None
    return require_size(data, limit, field)


def require_size(data: bytes, limit: int, field: str) -> bytes:
    """Refuse what is longer than anything of its kind."""
    if len(data) > limit:
        expected = f"at most {limit} bytes"
        raise MalformedError(Reason.V02_TOO_LARGE, field, found=f"more than {limit} bytes", expected=expected)
    return data


def parse(data: bytes | str, limit: int, field: str) -> Json:
    """The value that this text is; every object has each of its names once."""
    encoded = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    require_size(encoded, limit, field)
    try:
        text = encoded.decode("utf-8")
        return cast(
            "Json",
            json.loads(text, object_pairs_hook=require_unique, parse_float=refuse_float, parse_constant=refuse_float),
        )
    except (ValueError, RecursionError) as error:
        found = "too deep a nesting" if isinstance(error, RecursionError) else str(error)
        raise MalformedError(Reason.V01_NOT_READABLE, field, found=found, expected="JSON") from None


def require_unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """Refuse a name that stands twice."""
    unique: dict[str, Json] = {}
    for name, value in pairs:
        if name in unique:
            raise MalformedError(Reason.V03_DUPLICATE_FIELD, name, found="the field twice", expected="it once")
        unique[name] = value
    return unique


def refuse_float(text: str) -> NoReturn:
    """None of these formats has a number with a fraction or an exponent."""
    raise MalformedError(Reason.V08_NUMBER_SPELLING, "number", found=text, expected="an integer")


def require_object(value: Json, field: str, names: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Json]:
    """An object with these fields, perhaps the optional ones, and no others."""
    if not isinstance(value, dict):
        raise wrong_shape(value, field, "an object")
    for name in value:
        if name not in names and name not in optional:
            expected = f"one of {', '.join((*names, *optional))}"
            raise MalformedError(Reason.V04_UNKNOWN_FIELD, join(field, name), found=name, expected=expected)
    for name in names:
        if name not in value:
            raise MalformedError(Reason.V05_MISSING_FIELD, join(field, name), found="nothing", expected=f"field {name}")
    return value


def join(field: str, name: str) -> str:
    """The path of a field in an object; the outermost object has no name."""
    return f"{field}.{name}" if field else name


def require_list(value: Json, field: str, count: int | None = None) -> list[Json]:
    """A list, of so many entries where that is known."""
    if not isinstance(value, list):
        raise wrong_shape(value, field, "a list")
    if count is not None and len(value) != count:
        found, expected = f"{len(value)} entries", f"{count} entries"
        raise MalformedError(Reason.V06_WRONG_SHAPE, field, found=found, expected=expected)
    return value


def require_decimal(value: Json, field: str) -> int:
    """A number in a string, in plain decimal digits without a leading zero."""
    if not isinstance(value, str):
        raise wrong_shape(value, field, "a number in a string")
    if not DECIMAL.fullmatch(value):
        expected = f"decimal digits without sign, space or leading zero, at most {MOST_DIGITS}"
        raise MalformedError(Reason.V08_NUMBER_SPELLING, field, found=value, expected=expected)
    return int(value)


def require_count(value: Json, field: str, most: int) -> int:
    """A number of things: a plain JSON integer."""
    if type(value) is not int:
        raise wrong_shape(value, field, "an integer")
    if not 0 <= value <= most:
        raise MalformedError(Reason.V02_TOO_LARGE, field, found=value, expected=f"0 to {most}")
    return value


def require_system(document: dict[str, Json]) -> None:
    """This proof system, and no other."""
    for field, expected in (("protocol", PROTOCOL), ("curve", CURVE)):
        if document[field] != expected:
            raise MalformedError(Reason.V07_FOREIGN_SYSTEM, field, found=document[field], expected=expected)


def wrong_shape(value: Json, field: str, expected: str) -> MalformedError:
    """Something of another kind than belongs here."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a truth value", int: "a number"}
    found = names.get(type(value), "null")
    return MalformedError(Reason.V06_WRONG_SHAPE, field, found=found, expected=expected)


# --- Points as snarkjs nests them --------------------------------------------------------------------


def read_coordinate(value: Json, field: str) -> int:
    """A number below p."""
    return require_coordinate(require_decimal(value, field), field)


def read_pair(value: Json, field: str) -> Fp2:
    """An element of F_p[i], the real part first."""
    real, imaginary = require_list(value, field, 2)
    return read_coordinate(real, f"{field}[0]"), read_coordinate(imaginary, f"{field}[1]")


def read_g1(value: Json, field: str) -> G1Point:
    """``[x, y, "1"]``, or snarkjs's infinity."""
    parts = require_list(value, field, 3)
    x, y, z = (read_coordinate(part, f"{field}[{index}]") for index, part in enumerate(parts))
    if (x, y, z) == INFINITY_1:
        return G1_INFINITY
    if z != AFFINE:
        raise not_affine(f"{field}[2]", z)
    return make_point(field, lambda: G1Point(x, y))


def read_g2(value: Json, field: str) -> G2Point:
    """``[[x0, x1], [y0, y1], ["1", "0"]]``, or snarkjs's infinity."""
    parts = require_list(value, field, 3)
    x, y, z = (read_pair(part, f"{field}[{index}]") for index, part in enumerate(parts))
    if (x, y, z) == INFINITY_2:
        return G2_INFINITY
    if z != (AFFINE, 0):
        raise not_affine(f"{field}[2]", z)
    return make_point(field, lambda: G2Point(x, y))


def make_point(field: str, make: Callable[[], Point]) -> Point:
    """The point, or its refusal with the name of the field that it stands in."""
    try:
        return make()
    except RejectedError as refusal:
        raise refusal.under(field) from None


def not_affine(field: str, found: object) -> RejectedError:
    """A point has many projective names, and one affine one."""
    return RejectedError(Reason.V13_NOT_AFFINE, field, found=found, expected="one")


def write_g1(point: G1Point) -> list[str]:
    """As snarkjs writes it."""
    return list(map(str, INFINITY_1 if point.infinity else (point.x, point.y, AFFINE)))


def write_g2(point: G2Point) -> list[list[str]]:
    """As snarkjs writes it."""
    rows = INFINITY_2 if point.infinity else (point.x, point.y, (AFFINE, 0))
    return [list(map(str, row)) for row in rows]


def write_text(document: object) -> str:
    """The very bytes that snarkjs writes: an indent of one space, no newline at the end."""
    return json.dumps(document, indent=1, ensure_ascii=False)
