"""The signer says what the log says, with the keys of the moment."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from facts.attestation import authenticate_attestation, verify_attestation
from facts.key_file import Algorithm, Role
from facts.key_set import KeyFolder
from facts.log_entry import Event, State
from facts.log_head import verify_head
from facts.sealed_file import Cost
from margin.errors import Reason
from tests.facts.attestations import CHAIN_KEY, KEY, STRANGER
from tests.facts.refusals import refused
from tests.facts.specimens import key_of
from tests.verifier.claims import BINDING, IDENTITY, NOON, PERIOD, TAG, TERMS, UPKEEP, Watch, ask, prove, prove_release
from tests.verifier.signing import Told, keys_in_use
from verifier.signer import Alarm, AttestationSigner, FolderKeys, HeadSigner, Keyring, SigningKeys
from verifier.store.address import open_database
from verifier.store.ledger import Ledger
from verifier.store.schema import upgrade_store
from verifier.store.sqlite import create_file

CHEAP = Cost(14)
PASSPHRASE = "correct horse battery staple"  # noqa: S105 - of keys made for a test
LOG_KEY = key_of("log")
ALL = keys_in_use(KEY, CHAIN_KEY, LOG_KEY)


@pytest.fixture
def ledger(tmp_path: Path, clock: Watch) -> Iterator[Ledger]:
    create_file(tmp_path / "store.db")
    database = open_database(str(tmp_path / "store.db"))
    upgrade_store(database, IDENTITY)
    yield Ledger(database, IDENTITY, clock)
    database.close()


def signer_of(ledger: Ledger, keys: SigningKeys = ALL, told: Told | None = None, **more: Any) -> AttestationSigner:  # noqa: ANN401
    return AttestationSigner(ledger, Keyring(lambda: keys), told or Told(), Watch(), **more)


def test_an_attestation_says_what_was_accepted(ledger: Ledger) -> None:
    receipt = ledger.accept(ask(), prove(9, 5), TERMS)
    signed = signer_of(ledger).sign(receipt)
    trusted: dict[str, Any] = {"keys": [KEY.public_key], "signers": [CHAIN_KEY.address]}
    attestation = verify_attestation(signed, moment=NOON, **trusted)
    attestation.require_restates(receipt.entry, receipt.place)
    place = (attestation.verifier, attestation.chain_id, attestation.contract, attestation.recipient)
    assert place == (BINDING.verifier, BINDING.chain_id, BINDING.contract, BINDING.recipient)
    assert (attestation.domain, attestation.position_tag) == (IDENTITY.domain, TAG)
    assert (attestation.policy, attestation.held) == (TERMS.entry.encode(), (5, 9))
    assert (attestation.moment, attestation.lapses_at) == (NOON, NOON + PERIOD)


def test_every_event_is_attested_as_it_was(ledger: Ledger, clock: Watch) -> None:
    told = Told()
    signer = signer_of(ledger, told=told)
    identity = ledger.accept(ask(), prove(5, 9), TERMS).acceptance.id
    clock.now += 10
    receipts = [ledger.refresh(ask(), identity, prove(5, 6, policy=UPKEEP, book=2))]
    clock.now += 10
    receipts.append(ledger.free(ask(), identity, prove(5, 6, policy=TERMS.exit, book=3), [9]))
    clock.now += PERIOD
    receipts.append(ledger.seize(ask(), identity, prove_release(5)))
    states = []
    for receipt in receipts:
        attestation = authenticate_attestation(signer.sign(receipt), keys=[KEY.public_key])
        attestation.require_restates(receipt.entry, receipt.place)
        assert attestation.position_tag == TAG
        states.append((attestation.event, attestation.state, attestation.held, attestation.left))
        payee = prove_release(5).demand.binding.recipient
        assert attestation.recipient == (payee if attestation.event is Event.SEIZE else BINDING.recipient)
    assert states == [
        (Event.REFRESH, State.REFRESHED, (5, 6, 9), ()),
        (Event.FREE, State.REFRESHED, (5, 6), (9,)),
        (Event.SEIZE, State.SEIZED, (6,), (5,)),
    ]
    assert told.signed == {Event.REFRESH: 1, Event.FREE: 1, Event.SEIZE: 1}
    assert told.alarms == []


def test_a_lapse_and_a_release_at_will_are_attested_without_a_claim(ledger: Ledger, clock: Watch) -> None:
    signer = signer_of(ledger)
    identity = ledger.accept(ask(), prove(1), TERMS).acceptance.id
    released = signer.sign(ledger.let_go(ask(), identity, [1])).attestation
    assert (released.state, released.claim_id, released.left) == (State.RELEASED, None, (1,))
    ledger.accept(ask(), prove(2, tag=3), TERMS)
    clock.now += PERIOD
    (lapse,) = ledger.lapse_overdue()
    lapsed = signer.sign(lapse).attestation
    assert (lapsed.event, lapsed.state, lapsed.claim_id, lapsed.held) == (Event.LAPSE, State.LAPSED, None, (2,))


def test_asked_again_it_says_the_same_bytes(ledger: Ledger, clock: Watch) -> None:
    request = ask()
    signer = signer_of(ledger)
    first = signer.sign(ledger.accept(request, prove(1), TERMS))
    clock.now += 77
    assert signer.sign(ledger.accept(request, prove(1), TERMS)) == first
    assert signer_of(ledger).sign(ledger.accept(request, prove(1), TERMS)) == first


def test_a_contract_that_is_no_address_of_a_chain_has_no_signature_for_one(ledger: Ledger) -> None:
    elsewhere = replace(BINDING, contract=bytes(range(32)))
    signed = signer_of(ledger).sign(ledger.accept(ask(), prove(1, binding=elsewhere), TERMS))
    assert not signed.is_signed_for_a_chain


def test_a_verifier_that_signs_for_no_chain_signs_for_none(ledger: Ledger) -> None:
    signed = signer_of(ledger, keys_in_use(KEY)).sign(ledger.accept(ask(), prove(1), TERMS))
    assert not signed.is_signed_for_a_chain


# --- Keys ----------------------------------------------------------------------------------------------


def test_nothing_is_signed_without_a_key(ledger: Ledger) -> None:
    receipt = ledger.accept(ask(), prove(1), TERMS)
    for keys, field in (
        (keys_in_use(), "keys.attestation"),
        (keys_in_use(KEY, None, None, CHAIN_KEY), "keys.chain"),
    ):
        told = Told()
        assert refused(signer_of(ledger, keys, told).sign, receipt) == (Reason.NO_SIGNER, field)
        assert (told.signed, told.alarms) == ({}, [Alarm.NO_SIGNER])
        assert refused(keys.require_all)[0] is Reason.NO_SIGNER
    ALL.require_all()
    keys_in_use(KEY, None, LOG_KEY).require_all()


class Confused:
    """A module that signs with another key than it says."""

    public_key = KEY.public_key

    def sign(self, message: bytes) -> bytes:
        return STRANGER.sign(message)


class ConfusedChain:
    """The same for chains."""

    public_key = CHAIN_KEY.public_key

    def sign_digest(self, _: bytes) -> tuple[int, int]:
        return CHAIN_KEY.sign_digest(b"\7" * 32)


@pytest.mark.parametrize(
    "keys", [keys_in_use(Confused()), keys_in_use(KEY, ConfusedChain())], ids=["ed25519", "secp256k1"]
)
def test_a_signer_that_signs_with_another_key_is_found_out(ledger: Ledger, keys: SigningKeys) -> None:
    told = Told()
    receipt = ledger.accept(ask(), prove(1), TERMS)
    assert refused(signer_of(ledger, keys, told).sign, receipt) == (Reason.WRONG_SIGNATURE, "signature")
    assert (told.signed, told.alarms) == ({}, [Alarm.WRONG_SIGNATURE])


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    made = KeyFolder(tmp_path / "keys")
    for name, role, algorithm in (
        ("word", Role.ATTESTATION, Algorithm.ED25519),
        ("chain", Role.ATTESTATION, Algorithm.SECP256K1),
        ("log", Role.LOG, Algorithm.ED25519),
        ("member", Role.MEMBER, Algorithm.ED25519),
    ):
        made.create(name, role, algorithm, PASSPHRASE, moment=NOON, cost=CHEAP)
    return made


def test_keys_of_a_folder_sign(ledger: Ledger, folder: KeyFolder) -> None:
    source, told = FolderKeys(folder, PASSPHRASE), Told()
    keyring = Keyring(source.read)
    keyring.current.require_all()
    signer = AttestationSigner(ledger, keyring, told, Watch())
    signed = signer.sign(ledger.accept(ask(), prove(1), TERMS))
    verify_attestation(signed, keys=signer.public_keys, signers=signer.addresses, moment=NOON)
    heads = HeadSigner(ledger, keyring, told)
    (key,) = heads.keys
    assert verify_head(heads.sign(ledger.head).note, key).head == ledger.head
    assert {key.public_key, *signer.public_keys} == {folder.read().find(name).public_key for name in ("word", "log")}


def test_a_folder_that_can_not_be_opened_signs_nothing_and_says_why(ledger: Ledger, folder: KeyFolder) -> None:
    keys = FolderKeys(folder, "another").read()
    assert keys.failure is not None
    assert keys.failure.reason is Reason.WRONG_PASSPHRASE
    assert refused(keys.require_all) == (Reason.NO_SIGNER, "keys.attestation")
    receipt = ledger.accept(ask(), prove(1), TERMS)
    assert refused(signer_of(ledger, keys).sign, receipt) == (Reason.NO_SIGNER, "keys.attestation")


def test_what_a_list_revokes_is_revoked_also_where_the_next_key_can_not_be_opened(folder: KeyFolder) -> None:
    source = FolderKeys(folder, PASSPHRASE)
    keyring = Keyring(source.read)
    first = keyring.current.attestation_keys[0]
    folder.create("next", Role.ATTESTATION, Algorithm.ED25519, "another passphrase", moment=NOON, cost=CHEAP)
    assert keyring.current.attestation is not None
    folder.revoke("word", NOON + 1)
    keys = keyring.current
    assert keys.attestation is None
    assert keys.revoked == frozenset({first})
    assert keys.attestation_keys == (folder.read().find("next").public_key,)


# --- Heads ---------------------------------------------------------------------------------------------


def test_heads_of_another_log_are_not_signed(ledger: Ledger) -> None:
    told = Told()
    heads = HeadSigner(ledger, Keyring(lambda: ALL), told)
    head = ledger.head
    assert heads.sign(head).head == head
    assert refused(heads.sign, replace(head, origin="other.example")) == (Reason.NOT_IN_LOG, "origin")
    none = HeadSigner(ledger, Keyring(lambda: keys_in_use(KEY)), told)
    assert refused(none.sign, head) == (Reason.NO_SIGNER, "keys.log")
    confused = HeadSigner(ledger, Keyring(lambda: keys_in_use(log=Confused())), told)
    assert refused(confused.sign, head) == (Reason.WRONG_SIGNATURE, "head")
    assert told.alarms == [Alarm.NOT_IN_LOG, Alarm.NO_SIGNER, Alarm.WRONG_SIGNATURE]
