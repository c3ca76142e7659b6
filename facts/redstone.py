"""Prices as RedStone's nodes sign them: data packages, several of them in one payload, written to be read from its end.

    payload = packages, count of packages (2), metadata, size of metadata (3), marker (9)
    package = data points, milliseconds since 1970 (6), bytes of a value (4), count of data points (3), signature (65)
    point   = feed id (32), value

A node signs the Keccak-256 of its package up to the signature, with secp256k1. Points stand by rising feed id. The
metadata is not signed and not read. A price is the median of what distinct known signers say; the format has no
confidence, so it is the distance from there to the furthest of them, and its moment is that of the oldest package.

Who signed is found by trying the keys that are known, so that ``v``, which helps those who have no keys, is checked to
be 27 or 28 and is not read further.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import Final

from facts.keccak import hash_keccak
from facts.observation import Observation
from facts.secp256k1 import SIGNATURE_BYTES, is_signed_by
from margin.bounds import require_integer
from margin.errors import MalformedError, Reason, RejectedError

MARKER: Final = bytes.fromhex("000002ed57011e0000")
PACKAGE_COUNT_BYTES: Final = 2
METADATA_SIZE_BYTES: Final = 3
POINT_COUNT_BYTES: Final = 3
VALUE_SIZE_BYTES: Final = 4
TIMESTAMP_BYTES: Final = 6
FEED_ID_BYTES: Final = 32

MAX_PAYLOAD_BYTES: Final = 2**18
MAX_PACKAGES: Final = 64
MAX_POINTS: Final = 512
MAX_VALUE_BYTES: Final = 32
MAX_METADATA_BYTES: Final = 2**12
MAX_FEED_NAME: Final = FEED_ID_BYTES - 1
MAX_DECIMALS: Final = 18
MILLISECONDS: Final = 1000


@dataclass(frozen=True, slots=True)
class RedstonePackage:
    """A data package, its signature not yet verified."""

    points: dict[bytes, int]
    milliseconds: int
    signed: bytes
    signature: bytes

    @property
    def digest(self) -> bytes:
        """What was signed."""
        return hash_keccak(self.signed)


class TailReader:
    """Reads from the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.end = len(data)

    def take(self, count: int, field: str) -> bytes:
        """The last bytes that were not yet taken."""
        if count > self.end:
            found = f"{self.end} bytes"
            raise MalformedError(Reason.WRONG_COUNT, field, found=found, expected=f"{count} bytes")
        self.end -= count
        return self._data[self.end : self.end + count]

    def number(self, width: int, field: str) -> int:
        """A number of a width."""
        return int.from_bytes(self.take(width, field), "big")

    def until(self, end: int) -> bytes:
        """What stands between here and an end."""
        return self._data[self.end : end]


def read_redstone_payload(data: bytes) -> tuple[RedstonePackage, ...]:
    """The packages of a payload, last first; every byte of it has a meaning."""
    if len(data) > MAX_PAYLOAD_BYTES:
        found, expected = f"{len(data)} bytes", f"at most {MAX_PAYLOAD_BYTES} bytes"
        raise MalformedError(Reason.OUT_OF_BOUNDS, "payload", found=found, expected=expected)
    reader = TailReader(data)
    if (marker := reader.take(len(MARKER), "marker")) != MARKER:
        raise MalformedError(Reason.NOT_READABLE, "marker", found=marker.hex(), expected=MARKER.hex())
    size = reader.number(METADATA_SIZE_BYTES, "metadata")
    reader.take(require_integer(size, "metadata", 0, MAX_METADATA_BYTES, "bytes"), "metadata")
    count = require_integer(reader.number(PACKAGE_COUNT_BYTES, "packages"), "packages", 1, MAX_PACKAGES, "packages")
    packages = tuple(read_package(reader) for _ in range(count))
    if reader.end:
        raise MalformedError(Reason.WRONG_COUNT, "payload", found=f"{reader.end} bytes more", expected="the start")
    return packages


def read_package(reader: TailReader) -> RedstonePackage:
    """The last package that was not yet read."""
    signature = reader.take(SIGNATURE_BYTES, "signature")
    end = reader.end
    count = require_integer(reader.number(POINT_COUNT_BYTES, "points"), "points", 1, MAX_POINTS, "data points")
    size = reader.number(VALUE_SIZE_BYTES, "value_size")
    require_integer(size, "value_size", 1, MAX_VALUE_BYTES, "bytes")
    milliseconds = reader.number(TIMESTAMP_BYTES, "timestamp")
    points = [(reader.number(size, "value"), reader.take(FEED_ID_BYTES, "feed_id")) for _ in range(count)]
    for (_, after), (_, before) in pairwise(points):
        if before >= after:
            expected = "feed ids that rise, each once"
            raise MalformedError(Reason.DUPLICATE_FIELD, "feed_id", found=after.hex(), expected=expected)
    named = {feed_id: value for value, feed_id in points}
    return RedstonePackage(named, milliseconds, reader.until(end), signature)


def name_redstone_feed(name: str) -> bytes:
    """The id of a feed by its name: ASCII with zeros after it."""
    data = name.encode("ascii", errors="replace")
    if not 1 <= len(data) <= MAX_FEED_NAME or not name.isascii() or not name.isprintable():
        expected = f"1 to {MAX_FEED_NAME} printable ASCII characters"
        raise MalformedError(Reason.NOT_READABLE, "feed", found=name, expected=expected)
    return data.ljust(FEED_ID_BYTES, b"\0")


def find_signer(package: RedstonePackage, signers: Collection[bytes]) -> bytes:
    """Which of the known keys signed a package."""
    digest = package.digest
    for key in signers:
        if is_signed_by(key, digest, package.signature):
            return key
    raise RejectedError(Reason.UNKNOWN_SIGNER, "signature", found="another signer", expected="one of the known keys")


def observe_redstone(
    payload: bytes, feed: str, *, decimals: int, signers: Collection[bytes], threshold: int
) -> Observation:
    """The price of a feed in a payload, with at least ``threshold`` distinct known signers behind it."""
    require_integer(decimals, "decimals", 0, MAX_DECIMALS, "decimals")
    require_integer(threshold, "threshold", 1, max(1, len(signers)), "signers")
    told = list(listen(read_redstone_payload(payload), name_redstone_feed(feed), signers))
    if not told:
        raise RejectedError(Reason.UNKNOWN_FEED, "feed", found="other feeds", expected=feed)
    if len(told) < threshold:
        found = f"{len(told)} signers"
        raise RejectedError(Reason.TOO_FEW_SIGNERS, feed, found=found, expected=f"at least {threshold}")
    values = [Fraction(value, 10**decimals) for value, _ in told]
    price = median(values)
    furthest = max(abs(value - price) for value in values)
    return Observation(feed, price, furthest, min(moment for _, moment in told) // MILLISECONDS)


def listen(
    packages: Collection[RedstonePackage], feed_id: bytes, signers: Collection[bytes]
) -> Iterator[tuple[int, int]]:
    """Value and milliseconds of each package that has the feed; a signer that speaks twice is refused."""
    heard: set[bytes] = set()
    for package in packages:
        if feed_id not in package.points:
            continue
        key = find_signer(package, signers)
        if key in heard:
            raise RejectedError(Reason.DUPLICATE_FIELD, "signature", found="a signer twice", expected="each once")
        heard.add(key)
        yield package.points[feed_id], package.milliseconds
