"""Who may speak, how many of them it takes, and for how long a key counts."""

from dataclasses import replace

import pytest

from facts.committee import Committee, Verified, verify_signed
from facts.market_round import MarketRound
from facts.signed import Purpose, Signed
from margin.errors import Reason
from tests.facts.refusals import refused
from tests.facts.specimens import (
    END,
    NOW,
    ORACLE,
    OUTSIDER,
    REPORTERS,
    ROUND,
    START,
    VENUE,
    committee_of,
    keys_of,
    member_of,
    signed_by,
)


def verify(
    signed: Signed[MarketRound],
    *,
    committee: Committee = ORACLE,
    revoked: frozenset[bytes] = frozenset(),
    moment: int = NOW,
    least: int | None = None,
) -> Verified[MarketRound]:
    return verify_signed(signed, committee, revoked=revoked, moment=moment, least=least)


@pytest.mark.parametrize("count", [3, 4, 5])
def test_enough_members_speak_for_their_committee(count: int) -> None:
    verified = verify(signed_by(ROUND, REPORTERS[:count]))
    assert verified.statement == ROUND
    assert verified.signers == {key.public_key for key in REPORTERS[:count]}
    assert verified.has_quorum is (count >= 4)


def test_any_of_them_do() -> None:
    for left_out in range(5):
        keys = [key for place, key in enumerate(REPORTERS) if place not in {left_out, (left_out + 1) % 5}]
        assert len(verify(signed_by(ROUND, keys)).signers) == 3


def test_more_can_be_asked_for() -> None:
    assert refused(verify, signed_by(ROUND, REPORTERS[:3]), least=4) == (Reason.TOO_FEW_SIGNERS, "signatures")


def test_a_committee_is_heard_from_its_beginning_on() -> None:
    signed = signed_by(ROUND, REPORTERS[:3])
    verify(signed, moment=START)
    assert refused(verify, signed, moment=START - 1) == (Reason.NOT_ACTIVE, "committee")
    verify(signed, moment=END - 1)
    assert refused(verify, signed, moment=END) == (Reason.EXPIRED_SIGNER, "signatures[0].key")


def test_one_signature_that_is_not_right_refuses_all_of_them() -> None:
    signed = signed_by(ROUND, REPORTERS)
    for place in range(5):
        wrong = list(signed.signatures)
        wrong[place] = replace(wrong[place], signature=wrong[(place + 1) % 5].signature)
        refusal = refused(verify, replace(signed, signatures=tuple(wrong)))
        assert refusal == (Reason.WRONG_SIGNATURE, f"signatures[{place}].signature")


def test_a_committee_takes_more_than_half_of_its_members() -> None:
    for count, least in ((1, 1), (2, 2), (3, 2), (4, 3), (5, 3)):
        keys = keys_of("some", count)
        committee_of(Purpose.ORACLE, "o", keys, least, count)
        assert refused(committee_of, Purpose.ORACLE, "o", keys, least - 1, count)[1] == "threshold"
        assert refused(committee_of, Purpose.ORACLE, "o", keys, count + 1, count + 1)[1] == "threshold"
    assert refused(replace, ORACLE, quorum=2) == (Reason.OUT_OF_BOUNDS, "quorum")
    assert refused(replace, ORACLE, quorum=6) == (Reason.OUT_OF_BOUNDS, "quorum")


def test_members_stand_by_rising_key_each_once() -> None:
    members = ORACLE.members
    for bad in ((members[0], members[0], members[1]), (members[1], members[0], members[2])):
        assert refused(replace, ORACLE, members=bad, threshold=2, quorum=2)[0] is Reason.DUPLICATE_FIELD
    assert refused(replace, VENUE, members=())[1] == "members"


def test_a_key_counts_for_some_time() -> None:
    key = REPORTERS[0]
    assert refused(member_of, key, START, START) == (Reason.OUT_OF_BOUNDS, "valid_until")
    assert refused(member_of, key, 0, END) == (Reason.OUT_OF_BOUNDS, "valid_from")


def test_a_first_committee_follows_none_and_every_other_follows_one() -> None:
    assert refused(replace, ORACLE, predecessor=bytes([1]) * 32) == (Reason.OUT_OF_BOUNDS, "predecessor")
    assert refused(replace, ORACLE, epoch=2) == (Reason.OUT_OF_BOUNDS, "predecessor")
    later = committee_of(Purpose.ORACLE, ORACLE.scope, REPORTERS, 3, 4, after=ORACLE)
    assert (later.epoch, later.predecessor) == (2, ORACLE.digest)


def test_an_outsider_among_enough_members_refuses_all_of_them() -> None:
    assert refused(verify, signed_by(ROUND, [*REPORTERS, OUTSIDER]))[0] is Reason.UNKNOWN_SIGNER
