"""The smallest whole files of each format, put together by hand: nothing here uses what is tested."""

import struct
from collections.abc import Iterable, Sequence

R = 21888242871839275222246405745257275088548364400416034343698204186575808495617
P = 21888242871839275222246405745257275088696311157297823662689037894645226208583

G1_ONE = b"".join((value * 2**256 % P).to_bytes(32, "little") for value in (1, 2))
G2_ONE = b"".join(
    (value * 2**256 % P).to_bytes(32, "little")
    for value in (
        10857046999023057135944570762232829481370756359578518086990519993285655852781,
        11559732032986387107991004021392285783925812861821192530917403151452391805634,
        8495653923123431417604973247489272438418190587263600148770280649306958101930,
        4082367875863433681332203403145435568316851327593401208105741076214120093531,
    )
)

Sections = Sequence[tuple[int, bytes]]
Combination = Sequence[tuple[int, int]]


def u32(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def u64(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}Q", *values)


def element(value: int) -> bytes:
    return value.to_bytes(32, "little")


def modulus(value: int) -> bytes:
    return u32(32) + element(value)


def container(magic: bytes, version: int, sections: Sections) -> bytes:
    return magic + u32(version, len(sections)) + b"".join(u32(kind) + u64(len(data)) + data for kind, data in sections)


def combination(terms: Combination) -> bytes:
    return u32(len(terms)) + b"".join(u32(wire) + element(coefficient) for wire, coefficient in terms)


def constraints(*rows: tuple[Combination, Combination, Combination]) -> bytes:
    return b"".join(combination(side) for row in rows for side in row)


# --- c = a * b, then d = c + a; wires: one, d (output), b (public), a (private), c ---------------------

MULTIPLY = ([(3, R - 1)], [(2, 1)], [(4, R - 1)])
ADD = ([(4, 1), (3, 1)], [(0, 1)], [(1, 1)])
LABELS = (0, 1, 3, 2, 4)


def r1cs_sections() -> list[tuple[int, bytes]]:
    header = modulus(R) + u32(5, 1, 1, 1) + u64(7) + u32(2)
    return [(2, constraints(MULTIPLY, ADD)), (1, header), (3, u64(*LABELS))]


def r1cs_file() -> bytes:
    return container(b"r1cs", 1, r1cs_sections())


def wtns_sections(values: Iterable[int] = (1, 33, 10, 3, 30)) -> list[tuple[int, bytes]]:
    elements = [element(value) for value in values]
    return [(1, modulus(R) + u32(len(elements))), (2, b"".join(elements))]


def wtns_file(values: Iterable[int] = (1, 33, 10, 3, 30)) -> bytes:
    return container(b"wtns", 2, wtns_sections(values))


SYM_FILE = b"1,1,0,main.d\n2,3,0,main.a\n3,2,0,main.b\n4,4,0,main.c\n5,-1,1,main.inner.c\n6,4,1,main.inner.out\n"


def person(name: bytes | None = b"Ada") -> bytes:
    parameters = b"" if name is None else bytes([1, len(name)]) + name
    return u32(0, len(parameters)) + parameters


def beacon(value: bytes = bytes(range(1, 9)), exponent: int = 10, name: bytes = b"moon") -> bytes:
    parameters = bytes([1, len(name)]) + name + bytes([2, exponent, 3, len(value)]) + value
    return u32(1, len(parameters)) + parameters


def zkey_contribution(provenance: bytes) -> bytes:
    return G1_ONE * 3 + G2_ONE + bytes(range(64)) + provenance


def zkey_sections(*provenances: bytes) -> list[tuple[int, bytes]]:
    header = modulus(P) + modulus(R) + u32(5, 2, 8)
    header += G1_ONE * 2 + G2_ONE * 2 + G1_ONE + G2_ONE
    coefficients = [(0, 0, 3), (1, 0, 2), (0, 1, 4), (0, 1, 3), (1, 1, 0), (0, 2, 0), (0, 3, 1), (0, 4, 2)]
    entries = b"".join(u32(*each) + element(2**512 % R) for each in coefficients)
    records = b"".join(map(zkey_contribution, provenances))
    return [
        (1, u32(1)),
        (2, header),
        (3, G1_ONE * 3),
        (4, u32(len(coefficients)) + entries),
        (5, G1_ONE * 5),
        (6, G1_ONE * 5),
        (7, G2_ONE * 5),
        (8, G1_ONE * 2),
        (9, G1_ONE * 8),
        (10, bytes(64) + u32(len(provenances)) + records),
    ]


def zkey_file() -> bytes:
    return container(b"zkey", 1, zkey_sections(person(), beacon()))


def ptau_contribution(provenance: bytes) -> bytes:
    points = G1_ONE + G2_ONE + G1_ONE * 2 + G2_ONE + G1_ONE * 6 + G2_ONE * 3
    return points + bytes(216) + bytes(range(64)) + provenance


def ptau_sections(*provenances: bytes, prepared: bool = True) -> list[tuple[int, bytes]]:
    records = b"".join(map(ptau_contribution, provenances))
    sections = [
        (1, modulus(P) + u32(1, 1)),
        (2, G1_ONE * 3),
        (3, G2_ONE * 2),
        (4, G1_ONE * 2),
        (5, G1_ONE * 2),
        (6, G2_ONE),
        (7, u32(len(provenances)) + records),
    ]
    lagrange = [(12, G1_ONE * 7), (13, G2_ONE * 3), (14, G1_ONE * 3), (15, G1_ONE * 3)]
    return sections + (lagrange if prepared else [])


def ptau_file() -> bytes:
    return container(b"ptau", 1, ptau_sections(person(), beacon()))


def replaced(sections: Sections, kind: int, data: bytes) -> list[tuple[int, bytes]]:
    """The same sections with another content of one."""
    return [(each, data if each == kind else content) for each, content in sections]


def without(sections: Sections, kind: int) -> list[tuple[int, bytes]]:
    """The same sections without one."""
    return [section for section in sections if section[0] != kind]
