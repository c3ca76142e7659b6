"""RedStone's signed packages: every byte has a meaning, and a price has known signers behind it."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.observation import Observation
from facts.redstone import MAX_PAYLOAD_BYTES, name_redstone_feed, observe_redstone, read_redstone_payload
from facts.secp256k1 import ORDER, require_public_key, require_signature
from margin.errors import MarginError, Reason
from tests.facts.redstone_payloads import KEYS, MILLISECONDS, SIGNERS, body_of, package_of, payload_of, sign
from tests.facts.refusals import refused

VECTORS: dict[str, Any] = json.loads(Path(__file__).with_name("redstone_vectors.json").read_text(encoding="utf-8"))
BTC = 65_000_12345678
ONE, TWO, THREE = (
    package_of(key, {"BTC": BTC + 200 * place, "ETH": 2500 * 10**8}) for place, key in enumerate(KEYS[:3])
)
PAYLOAD = payload_of(ONE, TWO, THREE)


def observe(payload: bytes, feed: str = "BTC", threshold: int = 3) -> Observation:
    return observe_redstone(payload, feed, decimals=8, signers=SIGNERS, threshold=threshold)


def test_a_price_is_the_median_of_its_signers() -> None:
    assert observe(PAYLOAD) == Observation(
        "BTC", Fraction("65000.12345878"), Fraction("0.000002"), MILLISECONDS // 1000
    )
    assert observe(PAYLOAD, "ETH").confidence == 0


def test_of_an_even_number_it_is_between_the_two() -> None:
    assert observe(payload_of(ONE, TWO), threshold=2).price == Fraction("65000.12345778")


def test_the_oldest_package_gives_the_moment() -> None:
    older = package_of(KEYS[1], {"BTC": BTC}, MILLISECONDS - 5000)
    assert observe(payload_of(ONE, older), threshold=2).observed_at == MILLISECONDS // 1000 - 5


def test_metadata_says_nothing() -> None:
    assert observe(payload_of(ONE, TWO, THREE, metadata=b"1.0#")) == observe(PAYLOAD)


def test_packages_of_other_feeds_do_not_count() -> None:
    other = package_of(KEYS[2], {"ETH": 1})
    assert refused(observe, payload_of(ONE, TWO, other)) == (Reason.TOO_FEW_SIGNERS, "BTC")
    assert refused(observe, PAYLOAD, "SOL") == (Reason.UNKNOWN_FEED, "feed")


def test_a_signer_speaks_once_of_a_feed() -> None:
    assert refused(observe, payload_of(ONE, ONE, TWO)) == (Reason.DUPLICATE_FIELD, "signature")
    apart = payload_of(package_of(KEYS[0], {"BTC": BTC}), package_of(KEYS[0], {"ETH": 1}))
    assert observe(apart, threshold=1).price == Fraction(BTC, 10**8)


def test_a_signer_is_known() -> None:
    assert refused(observe_redstone, PAYLOAD, "BTC", decimals=8, signers=SIGNERS[:2], threshold=2)[0] is (
        Reason.UNKNOWN_SIGNER
    )
    assert refused(observe_redstone, PAYLOAD, "BTC", decimals=8, signers=(), threshold=1)[0] is Reason.UNKNOWN_SIGNER


@pytest.mark.parametrize("threshold", [0, -1, 5])
def test_a_threshold_can_be_met(threshold: int) -> None:
    assert refused(observe, PAYLOAD, threshold=threshold) == (Reason.OUT_OF_BOUNDS, "threshold")


@given(st.integers(0, 8 * len(ONE) - 1))
def test_every_signed_bit_counts(bit: int) -> None:
    bad = bytearray(payload_of(ONE))
    bad[bit // 8] ^= 1 << bit % 8
    if bit // 8 == len(ONE) - 1:
        return  # v, which others need to find the key
    with pytest.raises(MarginError):
        observe(bytes(bad), threshold=1)


@given(st.binary(max_size=400))
def test_other_bytes_are_refused(data: bytes) -> None:
    refused(read_redstone_payload, data)
    refused(read_redstone_payload, data + PAYLOAD[-9:])


def test_nothing_is_missing_and_nothing_is_left_over() -> None:
    payload = payload_of(ONE)
    for start in range(1, len(payload)):
        refused(read_redstone_payload, payload[start:])
    assert refused(read_redstone_payload, b"\0" + payload) == (Reason.WRONG_COUNT, "payload")
    assert refused(read_redstone_payload, payload + b"\0") == (Reason.NOT_READABLE, "marker")
    assert refused(read_redstone_payload, bytes(MAX_PAYLOAD_BYTES + 1)) == (Reason.OUT_OF_BOUNDS, "payload")
    assert refused(read_redstone_payload, payload_of()) == (Reason.OUT_OF_BOUNDS, "packages")


def test_feeds_of_a_package_rise_each_once() -> None:
    body = body_of({"BTC": 1, "ETH": 2})
    first, second, tail = body[:64], body[64:128], body[128:]
    for bad in (second + first + tail, first + first + tail):
        refusal = refused(read_redstone_payload, payload_of(bad + sign(KEYS[0], bad)))
        assert refusal == (Reason.DUPLICATE_FIELD, "feed_id")


@pytest.mark.parametrize("size", [0, 33, 2**31])
def test_a_value_has_a_bounded_size(size: int) -> None:
    body = body_of({"BTC": 1})[:-7] + size.to_bytes(4, "big") + bytes([0, 0, 1])
    assert refused(read_redstone_payload, payload_of(body + sign(KEYS[0], body))) == (
        Reason.OUT_OF_BOUNDS,
        "value_size",
    )


@pytest.mark.parametrize("size", [8, 16, 31])
def test_a_value_may_be_shorter(size: int) -> None:
    body = body_of({"BTC": BTC}, size=size)
    assert observe(payload_of(body + sign(KEYS[0], body)), threshold=1).price == Fraction(BTC, 10**8)


@pytest.mark.parametrize("v", [0, 1, 26, 29, 255])
def test_v_is_27_or_28(v: int) -> None:
    body = body_of({"BTC": 1})
    assert refused(observe, payload_of(body + sign(KEYS[0], body, v)), threshold=1)[0] is Reason.WRONG_SIGNATURE


def test_s_is_the_low_one_and_both_are_in_range() -> None:
    signature = sign(KEYS[0], body_of({"BTC": 1}))
    r, s = require_signature(signature)
    for numbers in ((r, ORDER - s), (0, s), (r, 0), (ORDER, s), (r, 2**256 - 1)):
        data = b"".join(number.to_bytes(32, "big") for number in numbers) + b"\x1b"
        assert refused(require_signature, data) == (Reason.WRONG_SIGNATURE, "signature")
    assert refused(require_signature, signature[:-1])[0] is Reason.WRONG_SIGNATURE


def test_a_price_of_nothing_is_none() -> None:
    assert refused(observe, payload_of(package_of(KEYS[0], {"BTC": 0})), threshold=1) == (
        Reason.OUT_OF_BOUNDS,
        "price",
    )
    zero = payload_of(package_of(KEYS[0], {"BTC": 1}, 999))
    assert refused(observe, zero, threshold=1) == (Reason.OUT_OF_BOUNDS, "observed_at")


@pytest.mark.parametrize("key", [b"", bytes(65), b"\x04" + bytes(64), b"\x02" + SIGNERS[0][1:], SIGNERS[0][:33]])
def test_a_key_is_a_point_in_its_65_bytes(key: bytes) -> None:
    assert refused(require_public_key, key) == (Reason.NOT_A_KEY, "key")


@pytest.mark.parametrize("name", ["", "B" * 32, "\uff22TC", "BTC\n"])
def test_a_feed_has_a_plain_name(name: str) -> None:
    assert refused(name_redstone_feed, name) == (Reason.NOT_READABLE, "feed")


def test_the_vectors_are_computed_anew() -> None:
    assert PAYLOAD.hex() == VECTORS["payload"]
    assert [key.hex() for key in SIGNERS] == VECTORS["signers"]
    observed = observe(bytes.fromhex(VECTORS["payload"]))
    assert str(observed.price) == VECTORS["price"]
