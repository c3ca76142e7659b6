"""Reserves count once, from those who are trusted, of this venue and this moment, in the right units."""

from dataclasses import replace
from typing import Any

import pytest

from facts.committee import Committee
from facts.ed25519 import SigningKey
from facts.signed import Purpose, Signed
from facts.solvency.reserves import Reserve, add_reserves
from margin.errors import Reason
from tests.facts.refusals import refused
from tests.facts.solvency.venue import HEADER
from tests.facts.specimens import (
    AUDIT,
    AUDITORS,
    END,
    OUTSIDER,
    VENUE,
    VENUE_KEY,
    committee_of,
    keys_of,
    signed_by,
)

BANK_KEYS = keys_of("bank", 1)
BANK = committee_of(Purpose.ATTESTERS, "bank.example", BANK_KEYS, 1, 1)
TRUSTED = {committee.digest: committee for committee in (AUDIT, BANK)}
DAY = 86_400


def reserve(
    asset: str = "BTC",
    amount: int = 5,
    place: str = "address-1",
    by: Committee = AUDIT,
    **changes: Any,  # noqa: ANN401
) -> Reserve:
    decimals = {each.name: each.decimals for each in HEADER.assets}.get(asset, 8)
    said = Reserve(by.scope, by.digest, HEADER.venue, asset, decimals, place, amount, HEADER.time - 50)
    return replace(said, **changes)


def signed(said: Reserve, keys: tuple[SigningKey, ...] | None = None) -> Signed[Reserve]:
    return signed_by(said, keys or (BANK_KEYS if said.scope == BANK.scope else AUDITORS[:2]))


def add(*said: Signed[Reserve], **changes: Any) -> tuple[int, ...]:  # noqa: ANN401
    terms: dict[str, Any] = {"attesters": TRUSTED, "max_age_seconds": DAY} | changes
    return add_reserves(said, HEADER, **terms)


def test_reserves_of_several_places_and_attesters_add_up_by_asset() -> None:
    said = [
        reserve("BTC", 5, "address-1"),
        reserve("BTC", 7, "address-2"),
        reserve("USDT", 11, "address-1"),
        reserve("USDT", 2**90, "vault", BANK),
    ]
    assert add(*map(signed, said)) == (2**90 + 11, 12, 0)
    assert add() == (0, 0, 0)


@pytest.mark.parametrize("place", ["address-1", "ADDRESS-1"])
def test_a_place_counts_once_for_an_asset_whoever_attests_it(place: str) -> None:
    one, other = signed(reserve()), signed(reserve(place=place, by=BANK, amount=9))
    assert refused(add, one, other) == (Reason.DUPLICATE_FIELD, "reserves[1].place")
    assert refused(add, one, one) == (Reason.DUPLICATE_FIELD, "reserves[1].place")


@pytest.mark.parametrize("ahead", [-DAY - 1, DAY + 1])
def test_reserves_are_of_the_moment_of_the_run(ahead: int) -> None:
    reason = Reason.FROM_THE_FUTURE if ahead > 0 else Reason.TOO_OLD
    assert refused(add, signed(reserve(time=HEADER.time + ahead))) == (reason, "reserves[0].time")
    nearer = ahead + 1 if ahead < 0 else ahead - 1
    assert add(signed(reserve(time=HEADER.time + nearer))) == (0, 5, 0)


def test_reserves_of_another_venue_asset_or_unit_are_refused() -> None:
    for changes, reason, field in (
        ({"venue": "other.example"}, Reason.WRONG_CONTEXT, "venue"),
        ({"asset": "WBTC"}, Reason.UNKNOWN_ASSET, "asset"),
        ({"decimals": 18}, Reason.WRONG_UNIT, "decimals"),
    ):
        assert refused(add, signed(reserve(**changes))) == (reason, f"reserves[0].{field}")


def test_reserves_that_nobody_trusted_attests_are_refused() -> None:
    stranger = committee_of(Purpose.ATTESTERS, "stranger.example", [OUTSIDER], 1, 1)
    said = signed(reserve(by=stranger), (OUTSIDER,))
    assert refused(add, said) == (Reason.WRONG_COMMITTEE, "reserves[0].committee")
    venue = signed(reserve(by=VENUE), (VENUE_KEY,))
    own = {VENUE.digest: VENUE}
    assert refused(add, venue, attesters=own) == (Reason.WRONG_COMMITTEE, "reserves[0].scope")
    one = signed(reserve(), AUDITORS[:1])
    assert refused(add, one) == (Reason.TOO_FEW_SIGNERS, "reserves[0].signatures")
    forged = signed(reserve(), (AUDITORS[0], OUTSIDER))
    assert refused(add, forged)[0] in {Reason.UNKNOWN_SIGNER, Reason.WRONG_SIGNATURE}
    altered = replace(signed(reserve()), statement=reserve(amount=6))
    assert refused(add, altered) == (Reason.WRONG_SIGNATURE, "reserves[0].signatures[0].signature")
    revoked = {AUDITORS[0].public_key}
    assert refused(add, signed(reserve()), revoked=revoked)[0] is Reason.REVOKED_SIGNER
    later = replace(HEADER, time=END + 1)
    late = signed(reserve(time=END))
    assert refused(add_reserves, [late], later, TRUSTED, max_age_seconds=DAY)[0] is Reason.EXPIRED_SIGNER


def test_reserves_have_bounds() -> None:
    most = 2**104 - 1
    assert refused(reserve, amount=most + 1) == (Reason.OUT_OF_BOUNDS, "amount")
    assert refused(reserve, place="") == (Reason.NOT_READABLE, "place")
    assert refused(reserve, decimals=19) == (Reason.OUT_OF_BOUNDS, "decimals")
    assert refused(reserve, time=0) == (Reason.OUT_OF_BOUNDS, "time")
    both = signed(reserve(amount=most)), signed(reserve(amount=1, place="address-2"))
    assert refused(add, *both) == (Reason.OUT_OF_BOUNDS, "BTC")
