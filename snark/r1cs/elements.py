"""Field elements side by side in a file, checked a column at a time.

r and p both begin with the byte 0x30. An element whose most significant byte is smaller is below both, and one whose
byte is larger is below neither; only about one in a hundred random elements needs to be looked at whole.
"""

from snark.bn254.constants import FIELD_BYTES, FIELD_MODULUS, GROUP_ORDER
from snark.errors import MalformedError, Reason
from snark.r1cs.reading import Reader

TOP_BYTE = GROUP_ORDER >> 248
BELOW, UNDECIDED, ABOVE = 0, 1, 2
VERDICTS = bytes(BELOW if top < TOP_BYTE else UNDECIDED if top == TOP_BYTE else ABOVE for top in range(256))

NAMES = {GROUP_ORDER: "r, the order of BN254's groups", FIELD_MODULUS: "p, the modulus of BN254's coordinates"}


def find_not_canonical(data: memoryview, modulus: int) -> int | None:
    """The first element of a column of little-endian elements that is not below the modulus, if there is one."""
    verdicts = bytes(data[FIELD_BYTES - 1 :: FIELD_BYTES]).translate(VERDICTS)
    above = verdicts.find(ABOVE)
    index = verdicts.find(UNDECIDED, 0, None if above < 0 else above)
    while index >= 0:
        element = data[index * FIELD_BYTES : (index + 1) * FIELD_BYTES]
        if int.from_bytes(element, "little") >= modulus:
            return index
        index = verdicts.find(UNDECIDED, index + 1, None if above < 0 else above)
    return None if above < 0 else above


def require_canonical(data: memoryview, modulus: int, place: str) -> None:
    """Every element of a column has its one name; the value that has not is not told."""
    index = find_not_canonical(data, modulus)
    if index is not None:
        raise MalformedError(
            Reason.F15_NOT_CANONICAL,
            f"{place}[{index}]",
            found="a number that is not below the modulus",
            expected=f"a number below {NAMES[modulus]}",
        )


def read_modulus(reader: Reader, modulus: int, field: str) -> None:
    """The width of an element and its modulus, which have to be BN254's."""
    place = f"{reader.place}: {field}"
    width = reader.read_u32(f"{field}, bytes of an element")
    if width != FIELD_BYTES:
        raise MalformedError(Reason.F11_FOREIGN_FIELD, place, found=f"{width} bytes", expected=f"{FIELD_BYTES} bytes")
    found = int.from_bytes(reader.take(FIELD_BYTES, field), "little")
    if found != modulus:
        other = NAMES.get(found, f"{found:#x}")
        raise MalformedError(Reason.F11_FOREIGN_FIELD, place, found=other, expected=f"{modulus:#x}: {NAMES[modulus]}")


def write_modulus(modulus: int) -> bytes:
    """The width of an element and its modulus."""
    return FIELD_BYTES.to_bytes(4, "little") + modulus.to_bytes(FIELD_BYTES, "little")
