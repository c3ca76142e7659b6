"""The attacks on attestations: A2, A4, R5, R6 and R8; each test has the id of its threat."""

from dataclasses import fields, replace
from typing import Any

import pytest

from facts.anchor import Anchor, Destination
from facts.attestation import ATTESTATION_PREFIX, Attestation, SignedAttestation, name_key, verify_attestation
from facts.canonical import prefix_of
from facts.committee import COMMITTEE_PREFIX
from facts.ed25519 import SIGNATURE_BYTES
from facts.log_entry import ENTRY_PREFIX, Event, LogEntry, State
from facts.log_head import LogHead, LogKey, verify_head
from facts.public_inputs import CLAIM_PREFIX
from facts.signed import SIGNED_PREFIX, Kind
from margin.errors import MarginError, Reason, RejectedError
from snark.bn254.constants import GROUP_ORDER
from tests.facts.attestations import (
    ACCEPTED,
    CHAIN_KEY,
    CHAIN_STRANGER,
    KEY,
    LAPSED,
    SEIZED,
    STRANGER,
    sign,
)
from tests.facts.refusals import refused
from tests.facts.specimens import NOW, ONE_OF_EACH
from verifier.log import sign_head

HOUR, YEAR = 3600, 366 * 86_400
SIGNED = sign(ACCEPTED)
PLAIN = sign(ACCEPTED, chain_key=None)
TRUSTED: dict[str, Any] = {"keys": [KEY.public_key], "signers": [CHAIN_KEY.address]}
ANCHOR = Anchor(
    ACCEPTED.verifier,
    ACCEPTED.domain,
    (KEY.public_key,),
    (CHAIN_KEY.address,),
    Destination(ACCEPTED.chain_id, ACCEPTED.contract, ACCEPTED.recipient),
)


def check(signed: SignedAttestation, moment: int = NOW, **trusted: Any) -> Attestation:  # noqa: ANN401
    return verify_attestation(signed, moment=moment, **(TRUSTED | trusted))


def test_the_honest_one_is_believed() -> None:
    assert check(SIGNED) == check(SIGNED, signers=()) == ANCHOR.verify(SIGNED, NOW) == ACCEPTED


# --- A2: whose key it is is not for the attestation to say --------------------------------------------


def test_a2_a_key_that_the_attestation_brings_is_unknown() -> None:
    forged = sign(ACCEPTED, key=STRANGER)
    assert refused(check, forged) == (Reason.UNKNOWN_SIGNER, "ed25519_key_id")
    renamed = replace(forged, ed25519_key_id=SIGNED.ed25519_key_id)
    assert refused(check, renamed) == (Reason.WRONG_SIGNATURE, "ed25519_signature")
    assert refused(check, replace(SIGNED, ed25519_key_id=name_key(STRANGER.public_key)))[0] is Reason.UNKNOWN_SIGNER
    both = replace(SIGNED, ed25519_key_id=name_key(STRANGER.public_key))
    assert refused(check, both, keys=[KEY.public_key, STRANGER.public_key])[0] is Reason.WRONG_SIGNATURE


def test_a2_nobody_is_trusted_where_nobody_is_named() -> None:
    assert refused(check, SIGNED, keys=()) == (Reason.UNKNOWN_SIGNER, "ed25519_key_id")


def test_a2_an_address_that_the_attestation_brings_is_unknown() -> None:
    forged = sign(ACCEPTED, chain_key=CHAIN_STRANGER)
    assert refused(check, forged) == (Reason.UNKNOWN_SIGNER, "eip712_signer")
    renamed = replace(forged, eip712_signer=CHAIN_KEY.address)
    assert refused(check, renamed) == (Reason.WRONG_SIGNATURE, "eip712_signature")
    assert refused(check, renamed, signers=()) == (Reason.WRONG_SIGNATURE, "eip712_signature")
    assert refused(check, replace(SIGNED, eip712_signer=CHAIN_STRANGER.address))[0] is Reason.UNKNOWN_SIGNER
    assert refused(check, replace(SIGNED, eip712_signer=bytes(20)))[0] is Reason.UNKNOWN_SIGNER


def test_a2_nothing_is_believed_unsigned() -> None:
    empty = replace(SIGNED, ed25519_signature=bytes(SIGNATURE_BYTES))
    assert refused(check, empty) == (Reason.WRONG_SIGNATURE, "ed25519_signature")
    assert refused(replace, SIGNED, ed25519_signature=b"") == (Reason.WRONG_COUNT, "ed25519_signature")
    assert refused(check, replace(SIGNED, eip712_signature=bytes(65)))[0] is Reason.WRONG_SIGNATURE
    assert refused(check, PLAIN) == (Reason.TOO_FEW_SIGNERS, "eip712_signature")


def test_a2_one_algorithm_does_not_stand_in_for_the_other() -> None:
    swapped = replace(SIGNED, ed25519_signature=SIGNED.eip712_signature[:64])
    assert refused(check, swapped) == (Reason.WRONG_SIGNATURE, "ed25519_signature")
    swapped = replace(SIGNED, eip712_signature=SIGNED.ed25519_signature + b"\x1b")
    with pytest.raises(RejectedError):
        check(swapped)


# --- A4: nothing in it can be altered, and it has its time --------------------------------------------

OTHERS: dict[str, Any] = {
    "verifier": "desk-2",
    "domain": "clearing.example2",
    "chain_id": 2,
    "contract": bytes(range(2, 22)),
    "recipient": bytes(20),
    "acceptance": "ac" * 32,
    "event": Event.REFRESH,
    "state": State.REFRESHED,
    "revision": 1,
    "log_index": 8,
    "moment": NOW + 1,
    "lapses_at": NOW + 601,
    "position_tag": ACCEPTED.position_tag + 1,
    "policy": 0,
    "held": ACCEPTED.held[:1],
    "left": (1,),
    "claim_id": "ac" * 32,
    "key_id": "ce" * 32,
    "is_for_development": True,
}


@pytest.mark.parametrize("field", [each.name for each in fields(Attestation)])
def test_a4_an_altered_field_is_noticed(field: str) -> None:
    altered = replace(ACCEPTED, **{field: OTHERS[field]})
    assert altered.encode() != ACCEPTED.encode()
    assert altered.digest != ACCEPTED.digest
    forged = replace(SIGNED, attestation=altered)
    assert refused(check, forged, allow_development=True) == (Reason.WRONG_SIGNATURE, "ed25519_signature")
    for_everybody = sign(altered, chain_key=None)
    chain = {name: getattr(SIGNED, name) for name in ("eip712_digest", "eip712_signer", "eip712_signature")}
    mixed = replace(for_everybody, **chain)
    kept = {"allow_development": True}
    assert refused(check, mixed, **kept) == (Reason.CONFLICTING_FIELDS, "eip712_digest")
    assert refused(check, mixed, signers=(), **kept) == (Reason.CONFLICTING_FIELDS, "eip712_digest")
    recomputed = replace(mixed, eip712_digest=altered.digest)
    assert refused(check, recomputed, signers=(), **kept) == (Reason.WRONG_SIGNATURE, "eip712_signature")


@pytest.mark.parametrize("attestation", [ACCEPTED, LAPSED], ids=["accepted", "lapsed"])
def test_a4_an_altered_byte_is_noticed(attestation: Attestation) -> None:
    data, signed = attestation.encode(), sign(attestation)
    for place in range(len(data)):
        altered = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(MarginError):
            check(replace(signed, attestation=Attestation.decode(altered)), allow_development=True)


@pytest.mark.parametrize(
    "part", ["ed25519_key_id", "ed25519_signature", "eip712_digest", "eip712_signer", "eip712_signature"]
)
def test_a4_so_is_an_altered_byte_of_a_signature(part: str) -> None:
    data = getattr(SIGNED, part)
    for place in range(0, len(data), 3):
        altered = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(RejectedError):
            check(replace(SIGNED, **{part: altered}))


@pytest.mark.parametrize("length", [0, 1, 24, 25, 26, 100, 200, -1])
def test_a4_bytes_that_were_written_otherwise_are_refused(length: int) -> None:
    data = ACCEPTED.encode()
    with pytest.raises(MarginError):
        Attestation.decode(data[:length])
    with pytest.raises(MarginError):
        Attestation.decode(data + data[:length] + b"\0")


@pytest.mark.parametrize("shift", [-YEAR, -HOUR, HOUR, YEAR])
def test_a4_a_clock_that_was_moved_believes_nothing(shift: int) -> None:
    expected = (Reason.FROM_THE_FUTURE, "moment") if shift < 0 else (Reason.EXPIRED, "lapses_at")
    assert refused(check, SIGNED, moment=NOW + shift) == expected
    assert refused(ANCHOR.verify, SIGNED, NOW + shift) == expected


def test_a4_an_attestation_ends_with_its_last_second() -> None:
    assert check(SIGNED, moment=NOW + 599) == ACCEPTED
    assert refused(check, SIGNED, moment=NOW + 600) == (Reason.EXPIRED, "lapses_at")


def test_a4_what_has_ended_is_no_collateral() -> None:
    for attestation in (LAPSED, SEIZED, replace(SEIZED, event=Event.FREE, state=State.RELEASED)):
        signed = sign(replace(attestation, is_for_development=False))
        assert refused(check, signed, signers=()) == (Reason.WRONG_STATE, "state")


# --- R5: one place ------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["verifier", "domain", "chain_id", "contract", "recipient"])
def test_r5_an_attestation_for_another_place_is_refused(field: str) -> None:
    elsewhere = sign(replace(ACCEPTED, **{field: OTHERS[field]}))
    assert refused(ANCHOR.verify, elsewhere, NOW) == (Reason.WRONG_CONTEXT, field)


@pytest.mark.parametrize("field", ["chain_id", "contract"])
def test_r5_a_contract_elsewhere_computes_another_digest(field: str) -> None:
    """Also where the statement's own hash were the same: the domain of the typed data is another."""
    elsewhere = replace(ACCEPTED, **{field: OTHERS[field]})
    assert elsewhere.digest != ACCEPTED.digest


# --- R6: one purpose ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_r6_an_attestation_is_no_signed_fact_and_none_is_an_attestation(name: str) -> None:
    kind, message = type(ONE_OF_EACH[name]), ONE_OF_EACH[name].encode()
    assert refused(kind.decode, ACCEPTED.encode())[0] is Reason.WRONG_MESSAGE
    assert refused(Attestation.decode, message) == (Reason.WRONG_MESSAGE, "attestation")
    moved = replace(PLAIN, ed25519_signature=KEY.sign(message))
    assert refused(check, moved, signers=()) == (Reason.WRONG_SIGNATURE, "ed25519_signature")


def test_r6_an_attestation_is_no_head_of_a_log_and_no_entry() -> None:
    head = LogHead("clearing.example/log", 7, bytes(range(32)))
    note = sign_head(head, KEY)
    moved = replace(PLAIN, ed25519_signature=note.signature)
    assert refused(check, moved, signers=()) == (Reason.WRONG_SIGNATURE, "ed25519_signature")
    forged = replace(note, signature=PLAIN.ed25519_signature)
    key = LogKey(head.origin, KEY.public_key)
    assert refused(verify_head, forged.note, key) == (Reason.WRONG_SIGNATURE, "signature")
    assert refused(Attestation.decode, head.text.encode())[0] is Reason.WRONG_MESSAGE
    assert refused(LogEntry.decode, ACCEPTED.encode())[0] is Reason.NOT_READABLE


def test_r6_a_message_without_its_prefix_is_none() -> None:
    bare = ACCEPTED.encode().removeprefix(ATTESTATION_PREFIX)
    assert refused(Attestation.decode, bare) == (Reason.WRONG_MESSAGE, "attestation")
    moved = replace(PLAIN, ed25519_signature=KEY.sign(bare))
    assert refused(check, moved, signers=()) == (Reason.WRONG_SIGNATURE, "ed25519_signature")


def test_r6_no_prefix_is_the_beginning_of_another() -> None:
    prefixes = [*map(prefix_of, Kind), COMMITTEE_PREFIX, SIGNED_PREFIX, CLAIM_PREFIX, ENTRY_PREFIX, ATTESTATION_PREFIX]
    assert len(set(prefixes)) == len(prefixes)
    for one in prefixes:
        assert not any(other.startswith(one) for other in prefixes if other is not one)


def test_r6_a_signature_for_a_chain_is_over_the_digest_of_this_type_alone() -> None:
    for other in (ACCEPTED.encode()[:32], bytes(31) + b"\1", b"\x19Ethereum Signed Message:\n32xxxx"):
        forged = replace(SIGNED, eip712_signature=CHAIN_KEY.sign(other))
        assert refused(check, forged) == (Reason.WRONG_SIGNATURE, "eip712_signature")


def test_r6_bytes_do_not_move_from_a_field_to_its_neighbour() -> None:
    pairs = (("ab", "c"), ("a", "bc"), ("abc", "d"))
    texts = [replace(ACCEPTED, verifier=first, domain=second) for first, second in pairs]
    addresses = [replace(ACCEPTED, contract=bytes(20 + n), recipient=bytes(20 - n)) for n in range(3)]
    sets = [replace(ACCEPTED, held=ACCEPTED.held, left=()), replace(ACCEPTED, held=(1,), left=(2,))]
    for alike in (texts, addresses, sets):
        assert len({each.encode() for each in alike}) == len(alike)
        assert len({each.digest for each in alike if each.is_for_a_chain}) == sum(each.is_for_a_chain for each in alike)


# --- R8: zero and nothing -----------------------------------------------------------------------------

NOTHING: list[tuple[str, object]] = [
    ("verifier", ""),
    ("domain", ""),
    ("chain_id", 0),
    ("contract", b""),
    ("recipient", b""),
    ("acceptance", "00" * 32),
    ("acceptance", ""),
    ("position_tag", 0),
    ("held", ()),
    ("held", (0,)),
    ("claim_id", "00" * 32),
    ("policy", GROUP_ORDER),
]


@pytest.mark.parametrize(("field", "value"), NOTHING, ids=[f"{field}={value!r}"[:20] for field, value in NOTHING])
def test_r8_what_says_nothing_is_no_attestation(field: str, value: object) -> None:
    refused(replace, ACCEPTED, **{field: value})


def test_r8_zero_is_no_event_and_no_state() -> None:
    data = ACCEPTED.encode()
    event = data.index(b"\xab" * 32) + 32
    for at in (event, event + 1):
        for bad in (0, 6):
            altered = bytearray(data)
            altered[at] = bad
            assert refused(Attestation.decode, bytes(altered))[0] is Reason.OUT_OF_BOUNDS
