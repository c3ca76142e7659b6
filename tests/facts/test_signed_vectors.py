"""The bytes of signed facts are pinned, and are what the documentation says, written out here field by field."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.facts.signed_vectors import compute_vectors
from tests.facts.specimens import CHAIN, END, GOVERNANCE, NOW, ORACLE, START, VENUE

VECTORS: dict[str, Any] = json.loads(Path(__file__).with_name("signed_vectors.json").read_text(encoding="utf-8"))


def number(value: int, width: int = 8) -> bytes:
    return value.to_bytes(width, "big")


def text(value: str) -> bytes:
    return number(len(value), 2) + value.encode()


def bytes_of(name: str) -> bytes:
    return bytes.fromhex(VECTORS["statements"][name]["bytes"])


def test_the_vectors_are_computed_anew() -> None:
    assert compute_vectors() == VECTORS


def test_prefixes_follow_from_their_kinds() -> None:
    for kind, prefix in VECTORS["prefixes"].items():
        assert bytes.fromhex(prefix) == f"ringfence.v1.{kind}\n".encode()


def test_a_committee_is_its_fields_in_order() -> None:
    places = {"governance": 1, "oracle": 2, "venue": 3, "watchers": 4}
    for name, committee in {"governance": GOVERNANCE, "oracle": ORACLE, "venue": VENUE, "watchers": CHAIN}.items():
        expected = b"ringfence.v1.committee\n" + number(places[name], 1) + text(committee.scope) + number(1) + bytes(32)
        expected += number(START) + bytes([committee.threshold, committee.quorum, len(committee.members)])
        for key in sorted(member.key for member in committee.members):
            expected += key + number(START) + number(END)
        assert VECTORS["committees"][name]["bytes"] == expected.hex()
        assert VECTORS["committees"][name]["digest"] == sha256(expected).hexdigest()


def test_statements_are_their_fields_in_order() -> None:
    oracle, governance = (bytes.fromhex(VECTORS["committees"][name]["digest"]) for name in ("oracle", "governance"))
    prices = number(2, 2) + text("market:BTC-USD") + number(6_500_000) + number(650) + number(NOW - 3)
    prices += text("market:ETH-USD") + number(250_000) + number(25) + number(NOW - 2)
    head = text("prices.example") + oracle + number(7)
    assert bytes_of("price-report") == b"ringfence.v1.price-report\n" + head + prices
    root = number(2**250 + 1, 32)
    assert bytes_of("market-round") == b"ringfence.v1.market-round\n" + head + number(NOW) + root + prices
    venue = bytes.fromhex(VECTORS["committees"]["venue"]["digest"])
    book = text("venue.example") + venue + number(12) + number(NOW) + number(2**249 + 2, 32)
    assert bytes_of("book-root") == b"ringfence.v1.book-root\n" + book
    watchers = bytes.fromhex(VECTORS["committees"]["watchers"]["digest"])
    locks = number(1) + watchers + number(19_000_000) + bytes(range(32)) + number(19_000_040) + number(NOW)
    assert bytes_of("lock-root") == b"ringfence.v1.lock-root\n" + locks + number(2**248 + 3, 32)
    by_governance = text("ringfence.example") + governance
    policy = text("venue.example") + number(7) + number(1) + number(2**247 + 4, 32) + number(NOW - 100) + number(3600)
    assert bytes_of("policy-version") == b"ringfence.v1.policy-version\n" + by_governance + policy
    appointed = bytes.fromhex(VECTORS["committees"]["oracle"]["bytes"])
    appointment = by_governance + number(len(appointed), 2) + appointed
    assert bytes_of("appointment") == b"ringfence.v1.appointment\n" + appointment
    revoked = bytes.fromhex(VECTORS["reporter_keys"][0])
    assert bytes_of("revocation") == b"ringfence.v1.revocation\n" + by_governance + revoked


def test_what_travels_is_the_statement_and_its_signatures_by_rising_key() -> None:
    for name, vector in VECTORS["statements"].items():
        statement = bytes_of(name)
        head = b"ringfence.v1.signed\n" + number(len(statement), 2) + statement
        signed = bytes.fromhex(vector["signed"])
        assert signed.startswith(head)
        count, rest = signed[len(head)], signed[len(head) + 1 :]
        assert len(rest) == 96 * count
        entries = [rest[start : start + 96] for start in range(0, len(rest), 96)]
        assert entries == sorted(entries)
        for entry in entries:
            Ed25519PublicKey.from_public_bytes(entry[:32]).verify(entry[32:], statement)
