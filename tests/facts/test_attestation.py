"""Attestations: their bytes, and when they can be relied on."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.anchor import Anchor, Destination, read_anchor
from facts.attestation import (
    Attestation,
    ChainWord,
    SignedAttestation,
    authenticate_attestation,
    verify_attestation,
)
from facts.attestation_document import read_attestation, render_attestation
from facts.keccak import hash_keccak
from facts.log_entry import Event, LogEntry, LoggedClaim, State
from facts.public_inputs import PublicInputs
from margin.documents.reading import parse_json, parse_toml
from margin.errors import Reason
from snark.bn254.constants import GROUP_ORDER
from tests.facts.attestation_vectors import compute_vectors
from tests.facts.attestations import ACCEPTED, ATTESTATIONS, CHAIN_KEY, KEY, LAPSED, SEIZED, sign
from tests.facts.refusals import refused
from tests.facts.specimens import NOW

VECTORS: dict[str, Any] = json.loads(Path(__file__).with_name("attestation_vectors.json").read_text(encoding="utf-8"))
EACH = pytest.mark.parametrize("attestation", ATTESTATIONS.values(), ids=ATTESTATIONS)
ANCHOR = Anchor("desk-1", "clearing.example", (KEY.public_key,), (CHAIN_KEY.address,))


def test_the_vectors_are_computed_anew() -> None:
    assert compute_vectors() == VECTORS


@EACH
def test_an_attestation_is_read_as_it_was_written(attestation: Attestation) -> None:
    assert Attestation.decode(attestation.encode()) == attestation


@given(
    st.integers(0, 2**62 - 1), st.sets(st.integers(1, GROUP_ORDER - 1), min_size=1, max_size=64), st.text(max_size=60)
)
def test_whatever_it_says(number: int, held: set[int], name: str) -> None:
    changes: dict[str, Any] = {"revision": number, "moment": number, "held": tuple(sorted(held))}
    attestation = replace(ACCEPTED, domain=f"a{name}", **changes)
    assert Attestation.decode(attestation.encode()) == attestation


def test_the_bytes_are_its_fields_in_order() -> None:
    def number(value: int, width: int = 8) -> bytes:
        return value.to_bytes(width, "big")

    data = b"ringfence.v1.attestation\n" + b"\0\x06desk-1" + b"\0\x10clearing.example" + number(1)
    data += b"\0\x14" + ACCEPTED.contract + b"\0\x14" + ACCEPTED.recipient + b"\xab" * 32 + b"\1\1"
    data += number(0) + number(7) + number(NOW) + number(NOW + 600)
    data += number(ACCEPTED.position_tag, 32) + number(ACCEPTED.policy, 32)
    data += b"\2" + number(ACCEPTED.held[0], 32) + number(ACCEPTED.held[1], 32) + b"\0"
    assert ACCEPTED.encode() == data + number(64, 2) + b"\xab" * 32 + b"\xcd" * 32 + b"\0"


def test_the_digest_is_that_of_eip_712_written_out() -> None:
    def word(value: int) -> bytes:
        return value.to_bytes(32, "big")

    texts = [
        b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
        b"Ringfence",
        b"1",
    ]
    domain = hash_keccak(b"".join(map(hash_keccak, texts)) + word(1) + bytes(12) + ACCEPTED.contract)
    kind = (
        "Attestation(bytes32 statement,string verifier,string domain,bytes recipient,bytes32 acceptance,uint8 event,"
        "uint8 state,uint64 revision,uint256 positionTag,uint256 policy,uint256[] held,uint256[] left,uint64 moment,"
        "uint64 lapsesAt,bool isForDevelopment)"
    )
    struct = hash_keccak(kind.encode()) + sha256(ACCEPTED.encode()).digest()
    struct += hash_keccak(b"desk-1") + hash_keccak(b"clearing.example") + hash_keccak(ACCEPTED.recipient)
    struct += b"\xab" * 32 + word(1) + word(1) + word(0) + word(ACCEPTED.position_tag) + word(ACCEPTED.policy)
    struct += hash_keccak(word(ACCEPTED.held[0]) + word(ACCEPTED.held[1])) + hash_keccak(b"")
    struct += word(NOW) + word(NOW + 600) + word(0)
    assert ACCEPTED.digest == hash_keccak(b"\x19\x01" + domain + hash_keccak(struct))


def test_a_contract_can_tell_by_which_event_and_which_locks_left() -> None:
    """An escrow pays a lock out where it left: another one that left, or another event, is another digest."""
    fewer = replace(SEIZED, left=SEIZED.left[:-1])
    freed = replace(SEIZED, event=Event.FREE)
    assert len({SEIZED.digest, fewer.digest, freed.digest}) == 3


@EACH
@pytest.mark.parametrize("cut", [1, 2, 30, 100, -1])
def test_it_ends_where_it_ends(attestation: Attestation, cut: int) -> None:
    data = attestation.encode()
    refused(Attestation.decode, data[:-cut] if cut > 0 else data + b"\0")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"verifier": ""}, (Reason.OUT_OF_BOUNDS, "verifier")),
        ({"verifier": "v" * 256}, (Reason.OUT_OF_BOUNDS, "verifier")),
        ({"domain": ""}, (Reason.OUT_OF_BOUNDS, "domain")),
        ({"chain_id": 0}, (Reason.OUT_OF_BOUNDS, "chain_id")),
        ({"contract": b""}, (Reason.OUT_OF_BOUNDS, "contract")),
        ({"recipient": bytes(65)}, (Reason.OUT_OF_BOUNDS, "recipient")),
        ({"acceptance": "00" * 32}, (Reason.NOT_READABLE, "acceptance")),
        ({"acceptance": "AB" * 32}, (Reason.NOT_READABLE, "acceptance")),
        ({"revision": 2**62}, (Reason.OUT_OF_BOUNDS, "revision")),
        ({"log_index": -1}, (Reason.OUT_OF_BOUNDS, "log_index")),
        ({"position_tag": 0}, (Reason.OUT_OF_BOUNDS, "position_tag")),
        ({"position_tag": GROUP_ORDER}, (Reason.OUT_OF_BOUNDS, "position_tag")),
        ({"policy": GROUP_ORDER - 1}, None),
        ({"held": ()}, (Reason.CONFLICTING_FIELDS, "held")),
        ({"held": (2, 1)}, (Reason.DUPLICATE_FIELD, "held")),
        ({"held": (0,)}, (Reason.OUT_OF_BOUNDS, "held")),
        ({"left": ACCEPTED.held}, (Reason.CONFLICTING_FIELDS, "left")),
        ({"held": tuple(range(1, 33)), "left": tuple(range(40, 73))}, (Reason.CONFLICTING_FIELDS, "left")),
        ({"state": State.RELEASED}, (Reason.CONFLICTING_FIELDS, "held")),
        ({"claim_id": None}, (Reason.CONFLICTING_FIELDS, "claim_id")),
        ({"key_id": "CD" * 32}, (Reason.NOT_READABLE, "key_id")),
    ],
)
def test_an_attestation_that_says_nothing_is_none(changes: dict[str, Any], refusal: tuple[Reason, str] | None) -> None:
    found = refused(replace, ACCEPTED, **changes)
    assert refusal in (None, found)


# --- What can be relied on -----------------------------------------------------------------------------


def test_an_attestation_is_good_until_it_lapses() -> None:
    signed = sign(ACCEPTED)
    trusted: dict[str, Any] = {"keys": [KEY.public_key], "signers": [CHAIN_KEY.address]}
    for moment in (NOW - 60, NOW, NOW + 599):
        assert verify_attestation(signed, moment=moment, **trusted) == ACCEPTED
    assert refused(verify_attestation, signed, moment=NOW - 61, **trusted) == (Reason.FROM_THE_FUTURE, "moment")
    assert refused(verify_attestation, signed, moment=NOW + 600, **trusted) == (Reason.EXPIRED, "lapses_at")


@EACH
def test_only_a_live_acceptance_can_be_relied_on(attestation: Attestation) -> None:
    signed = sign(attestation)
    assert authenticate_attestation(signed, keys=[KEY.public_key]) == attestation
    if attestation is ACCEPTED:
        return
    kept: dict[str, Any] = {"keys": [KEY.public_key], "allow_development": True}
    assert refused(verify_attestation, signed, moment=NOW, **kept) == (Reason.WRONG_STATE, "state")


def test_what_was_not_proved_is_refused_unless_it_is_asked_for() -> None:
    signed = sign(replace(ACCEPTED, is_for_development=True))
    verify_attestation(signed, keys=[KEY.public_key], moment=NOW, allow_development=True)
    refusal = refused(verify_attestation, signed, keys=[KEY.public_key], moment=NOW)
    assert refusal == (Reason.CONFLICTING_FIELDS, "is_for_development")


def test_a_place_without_a_chain_has_no_signature_for_one() -> None:
    signed = sign(replace(ACCEPTED, contract=bytes(32)))
    assert not signed.is_signed_for_a_chain
    verify_attestation(signed, keys=[KEY.public_key], moment=NOW)
    trusted: dict[str, Any] = {"keys": [KEY.public_key], "signers": [CHAIN_KEY.address]}
    assert refused(verify_attestation, signed, moment=NOW, **trusted) == (Reason.TOO_FEW_SIGNERS, "eip712_signature")


# --- What it restates ----------------------------------------------------------------------------------

INPUTS = PublicInputs(1, 2, 3, ACCEPTED.position_tag, ACCEPTED.held, 4, ACCEPTED.policy)
CLAIM = LoggedClaim("ab" * 32, "cd" * 32, INPUTS)
ENTRY = LogEntry(Event.ACCEPT, State.ACCEPTED, "ab" * 32, 0, NOW, NOW + 600, ACCEPTED.held, (), CLAIM)


def test_it_says_what_the_log_says() -> None:
    ACCEPTED.require_restates(ENTRY, 7)
    lapse = LogEntry(Event.LAPSE, State.LAPSED, "ef" * 32, 3, NOW + 700, NOW + 600, (5,), (), None)
    LAPSED.require_restates(lapse, 2**61)
    seizure = replace(INPUTS, position_tag=99, nullifiers=SEIZED.left[:4])
    claim = LoggedClaim("01" * 32, "cd" * 32, seizure)
    entry = LogEntry(Event.SEIZE, State.SEIZED, "ab" * 32, 2, NOW + 900, NOW + 600, (), SEIZED.left, claim)
    SEIZED.require_restates(entry, 9)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("acceptance", "01" * 32),
        ("event", Event.REFRESH),
        ("state", State.REFRESHED),
        ("revision", 1),
        ("moment", NOW + 1),
        ("lapses_at", NOW + 601),
        ("held", (1,)),
        ("left", (1,)),
        ("claim_id", "02" * 32),
        ("key_id", "02" * 32),
        ("log_index", 8),
        ("position_tag", 3),
    ],
)
def test_and_nothing_else(field: str, value: object) -> None:
    other = replace(ACCEPTED, **{field: value})  # type: ignore[arg-type]
    assert refused(other.require_restates, ENTRY, 7) == (Reason.CONFLICTING_FIELDS, field)


# --- Documents -----------------------------------------------------------------------------------------


@EACH
def test_a_document_is_read_as_it_was_written(attestation: Attestation) -> None:
    signed = sign(attestation)
    assert read_attestation(parse_json(render_attestation(signed))) == signed


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"format": "ringfence.attestation/2"}, (Reason.NOT_A_CHOICE, "format")),
        ({"statement": sign(ACCEPTED).attestation.encode().hex().upper()}, (Reason.NOT_READABLE, "statement")),
        ({"statement": "ab" * 4097}, (Reason.NOT_READABLE, "statement")),
        ({"ed25519_signature": ""}, (Reason.NOT_READABLE, "ed25519_signature")),
        ({"ed25519_signature": "ab"}, (Reason.WRONG_COUNT, "ed25519_signature")),
        ({"eip712_signer": "ab" * 21}, (Reason.WRONG_COUNT, "eip712_signer")),
        ({"public_key": KEY.public_key.hex()}, (Reason.UNKNOWN_FIELD, "public_key")),
    ],
)
def test_another_document_is_none(change: dict[str, str], refusal: tuple[Reason, str]) -> None:
    document = json.loads(render_attestation(sign(ACCEPTED)))
    assert refused(read_attestation, document | change) == refusal


@pytest.mark.parametrize("missing", ["eip712_digest", "eip712_signer", "eip712_signature"])
def test_a_part_for_a_chain_is_whole_or_not_there(missing: str) -> None:
    document = json.loads(render_attestation(sign(ACCEPTED)))
    del document[missing]
    assert refused(read_attestation, document) == (Reason.WRONG_COUNT, missing)


def test_an_anchor_is_read_to_the_last_field() -> None:
    text = f"""
        format = "ringfence.anchor/1"
        verifier = "desk-1"
        domain = "clearing.example"
        keys = ["{KEY.public_key.hex()}"]
        signers = ["0x{CHAIN_KEY.address.hex()}"]

        [destination]
        chain_id = 1
        contract = "0x{ACCEPTED.contract.hex()}"
    """
    anchor = read_anchor(parse_toml(text.encode()))
    assert anchor == replace(ANCHOR, destination=Destination(1, ACCEPTED.contract))
    assert anchor.verify(sign(ACCEPTED), NOW) == ACCEPTED
    assert refused(read_anchor, parse_toml(text.encode() + b'key = "x"')) == (Reason.UNKNOWN_FIELD, "destination.key")
    assert refused(read_anchor, parse_toml(text.replace("keys", "kees").encode()))[1] == "keys"
    plain = parse_toml(text.partition("signers")[0].encode())
    assert read_anchor(plain) == replace(ANCHOR, signers=())


def test_an_anchor_s_recipient_is_of_what_lives_and_a_seizure_names_whom_it_pays() -> None:
    anchor = replace(ANCHOR, destination=Destination(1, ACCEPTED.contract, ACCEPTED.recipient))
    assert anchor.verify(sign(ACCEPTED), NOW) == ACCEPTED
    other = replace(ACCEPTED, recipient=b"\x77" * 20)
    assert refused(anchor.authenticate, sign(other)) == (Reason.WRONG_CONTEXT, "recipient")
    seized = replace(SEIZED, recipient=b"\x77" * 20)
    assert anchor.authenticate(sign(seized)) == seized
    assert refused(anchor.verify, sign(seized), NOW)[0] is Reason.WRONG_STATE


def test_a_word_for_chains_alone_is_of_whoever_signed_it() -> None:
    word = ChainWord.sign(ACCEPTED, CHAIN_KEY)
    assert (word.eip712_signer, word.eip712_digest) == (CHAIN_KEY.address, ACCEPTED.digest)
    assert word == ChainWord.of(ACCEPTED, word.eip712_signature)
    assert (
        ChainWord.of(replace(ACCEPTED, revision=0, moment=NOW - 1), word.eip712_signature).eip712_signer
        != CHAIN_KEY.address
    )
    assert refused(ChainWord.of, ACCEPTED, bytes(64)) == (Reason.WRONG_COUNT, "signature")
    assert refused(ChainWord.of, replace(ACCEPTED, contract=bytes(32)), bytes(65)) == (Reason.WRONG_COUNT, "contract")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"keys": ()}, (Reason.WRONG_COUNT, "keys")),
        ({"keys": (bytes(32),)}, (Reason.NOT_A_KEY, "keys[0]")),
        ({"signers": (bytes(20),)}, (Reason.NOT_A_KEY, "signers[0]")),
        ({"signers": (bytes(19) + b"\1\1",)}, (Reason.NOT_A_KEY, "signers[0]")),
    ],
)
def test_an_anchor_that_trusts_nobody_is_none(changes: dict[str, Any], refusal: tuple[Reason, str]) -> None:
    assert refused(replace, ANCHOR, **changes) == refusal


def test_a_part_of_the_wrong_length_is_none() -> None:
    assert refused(SignedAttestation, ACCEPTED, b"", b"") == (Reason.WRONG_COUNT, "ed25519_key_id")
    assert refused(SignedAttestation, ACCEPTED, bytes(32), bytes(63)) == (Reason.WRONG_COUNT, "ed25519_signature")
