"""Reserves: what attesters found of an asset of a venue, each at one place, and what that comes to.

    statement = prefix, attester, committee, venue, asset, decimals (1 byte), place, amount (16 bytes), time

A place is an address, a custodian's account or whatever else holds the asset in one piece; an attester says that it was
the venue's, and how much there was. A place counts once for an asset, whoever attests it and in whatever case it is
spelled. Reserves are of the moment of the run: neither much older nor much younger.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from facts.canonical import (
    DIGEST_BYTES,
    ByteReader,
    encode_label,
    encode_number,
    prefix_of,
    require_digest,
    require_label,
)
from facts.committee import Committee, verify_signed
from facts.moments import require_moment, require_recent
from facts.signed import Kind, Purpose, Signed
from facts.solvency.header import MOST_DECIMALS, Header
from margin.bounds import RESERVE_BITS, require_integer
from margin.errors import MarginError, Reason, RejectedError

DECIMALS_BYTES: Final = 1
AMOUNT_BYTES: Final = 16
MAX_RESERVE: Final = 2**RESERVE_BITS - 1


@dataclass(frozen=True, slots=True)
class Reserve:
    """What an attester says: so much of an asset was the venue's, at a place and a moment."""

    KIND: ClassVar = Kind.RESERVE
    SIGNED_BY: ClassVar = Purpose.ATTESTERS

    scope: str
    """The attester's name."""
    committee: bytes
    """The digest of the attester's keys; one key is a committee of one."""
    venue: str
    asset: str
    """By the name that the header of a run has."""
    decimals: int
    """An amount counts units of 10^-decimals, as the header has it."""
    place: str
    amount: int
    time: int

    def __post_init__(self) -> None:
        require_label(self.scope, "scope")
        require_digest(self.committee, "committee")
        for name in ("venue", "asset", "place"):
            require_label(getattr(self, name), name)
        require_integer(self.decimals, "decimals", 0, MOST_DECIMALS, "decimals")
        require_integer(self.amount, "amount", 0, MAX_RESERVE, "units")
        require_moment(self.time, "time")

    def encode(self) -> bytes:
        """The canonical bytes."""
        head = prefix_of(self.KIND), encode_label(self.scope), self.committee
        asset = encode_label(self.asset), encode_number(self.decimals, DECIMALS_BYTES), encode_label(self.place)
        numbers = encode_number(self.amount, AMOUNT_BYTES), encode_number(self.time)
        return b"".join((*head, encode_label(self.venue), *asset, *numbers))

    @classmethod
    def decode(cls, data: bytes) -> "Reserve":
        """The statement of canonical bytes."""
        reader = ByteReader(data)
        reader.expect(prefix_of(cls.KIND), "reserve")
        scope, committee = reader.label("scope"), reader.take(DIGEST_BYTES, "committee")
        venue, asset = reader.label("venue"), reader.label("asset")
        decimals, place = reader.number("decimals", DECIMALS_BYTES), reader.label("place")
        amount, time = reader.number("amount", AMOUNT_BYTES), reader.number("time")
        reader.finish("reserve")
        return cls(scope, committee, venue, asset, decimals, place, amount, time)


def add_reserves(
    unverified: Sequence[Signed[Reserve]],
    header: Header,
    attesters: Mapping[bytes, Committee],
    *,
    revoked: Collection[bytes] = (),
    max_age_seconds: int,
) -> tuple[int, ...]:
    """What is attested of each asset of a run, in its order.

    The attesters are those that the caller trusts, by the digest of their committee; age is counted from the moment of
    the run, both ways.
    """
    decimals = {asset.name: asset.decimals for asset in header.assets}
    found: dict[str, int] = defaultdict(int)
    places: set[tuple[str, str]] = set()
    for position, signed in enumerate(unverified):
        try:
            reserve = verify_reserve(signed, header, attesters, revoked, max_age_seconds)
            require_units(reserve, decimals)
            require_new_place(reserve, places)
        except MarginError as error:
            raise error.under(f"reserves[{position}]") from None
        found[reserve.asset] += reserve.amount
    return tuple(require_sum(found[asset.name], asset.name) for asset in header.assets)


def verify_reserve(
    unverified: Signed[Reserve],
    header: Header,
    attesters: Mapping[bytes, Committee],
    revoked: Collection[bytes],
    max_age_seconds: int,
) -> Reserve:
    """A statement of a trusted attester about this venue at the moment of the run."""
    committee = attesters.get(unverified.statement.committee)
    if committee is None:
        found, expected = unverified.statement.committee.hex(), "an attester that is trusted"
        raise RejectedError(Reason.WRONG_COMMITTEE, "committee", found=found, expected=expected)
    reserve = verify_signed(unverified, committee, revoked=revoked, moment=header.time).statement
    if reserve.venue != header.venue:
        raise RejectedError(Reason.WRONG_CONTEXT, "venue", found=reserve.venue, expected=header.venue)
    age = max_age_seconds
    require_recent(reserve.time, header.time, max_age_seconds=age, max_ahead_seconds=age, field="time")
    return reserve


def require_units(reserve: Reserve, decimals: Mapping[str, int]) -> None:
    """An asset of the run, in the units that it is counted in there."""
    if reserve.asset not in decimals:
        expected = "an asset of the run"
        raise RejectedError(Reason.UNKNOWN_ASSET, "asset", found=reserve.asset, expected=expected)
    if reserve.decimals != decimals[reserve.asset]:
        expected = f"{decimals[reserve.asset]}, as the header counts {reserve.asset}"
        raise RejectedError(Reason.WRONG_UNIT, "decimals", found=reserve.decimals, expected=expected)


def require_new_place(reserve: Reserve, places: set[tuple[str, str]]) -> None:
    """A place that was not counted for this asset yet."""
    key = reserve.asset, reserve.place.casefold()
    if key in places:
        expected = "each place once for an asset"
        raise RejectedError(Reason.DUPLICATE_FIELD, "place", found=reserve.place, expected=expected)
    places.add(key)


def require_sum(amount: int, asset: str) -> int:
    """What is attested of an asset, in the bits that the proof has for it."""
    if amount > MAX_RESERVE:
        expected = f"at most {RESERVE_BITS} bits"
        raise RejectedError(Reason.OUT_OF_BOUNDS, asset, found=amount, expected=expected)
    return amount
