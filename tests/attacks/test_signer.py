"""The attacks on the verifier's signer: A5 and A6; each test has the id of its threat."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from facts.anchor import Anchor
from facts.attestation import verify_attestation
from facts.context import Binding
from facts.key_file import Algorithm, Role
from facts.key_set import KeyFolder, Standing
from facts.log_entry import Event, LogEntry, State
from facts.sealed_file import Cost
from margin.errors import Reason
from serving.last_good import LastGood
from serving.log import Log
from tests.facts.attestations import CHAIN_KEY, KEY
from tests.facts.refusals import refused
from tests.facts.specimens import key_of
from tests.verifier.claims import BINDING, ENTRY, IDENTITY, NOON, TERMS, Watch, ask, prove
from tests.verifier.signing import Told, keys_in_use
from verifier.signer import Alarm, AttestationSigner, FolderKeys, HeadSigner, Keyring
from verifier.store.address import open_database
from verifier.store.ledger import Ledger
from verifier.store.records import Receipt
from verifier.store.schema import upgrade_store
from verifier.store.sqlite import create_file

CHEAP = Cost(14)
PASSPHRASE = "correct horse battery staple"  # noqa: S105 - of keys made for a test
USES = ((Role.ATTESTATION, Algorithm.ED25519), (Role.ATTESTATION, Algorithm.SECP256K1), (Role.LOG, Algorithm.ED25519))
ALL = keys_in_use(KEY, CHAIN_KEY, key_of("log"))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    create_file(tmp_path / "store.db")
    database = open_database(str(tmp_path / "store.db"))
    upgrade_store(database, IDENTITY)
    yield Ledger(database, IDENTITY, Watch())
    database.close()


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    made = KeyFolder(tmp_path / "keys")
    add_keys(made, "old")
    return made


def add_keys(folder: KeyFolder, name: str) -> None:
    for role, algorithm in USES:
        called = f"{name}-{role.value}-{algorithm.value}"
        folder.create(called, role, algorithm, PASSPHRASE, moment=NOON, cost=CHEAP)


def stand(folder: KeyFolder, name: str, standing: Standing) -> None:
    change = folder.retire if standing is Standing.RETIRED else folder.revoke
    for role, algorithm in USES:
        change(f"{name}-{role.value}-{algorithm.value}", NOON)


# --- A5: rotate, then revoke, while serving -----------------------------------------------------------


def test_a5_a_retired_key_signs_no_more_and_a_revoked_one_is_refused_at_once(ledger: Ledger, folder: KeyFolder) -> None:
    keyring = Keyring(FolderKeys(folder, PASSPHRASE).read)
    signer, heads = AttestationSigner(ledger, keyring, Told(), Watch()), HeadSigner(ledger, keyring, Told())
    receipt = ledger.accept(ask(), prove(1), TERMS)

    def believe() -> Anchor:
        return Anchor(BINDING.verifier, IDENTITY.domain, signer.public_keys, signer.addresses)

    by_old = signer.sign(receipt)
    believe().verify(by_old, NOON)

    add_keys(folder, "new")
    assert signer.sign(receipt) == by_old
    assert [len(each) for each in (signer.public_keys, signer.addresses, heads.keys)] == [2, 2, 2]

    stand(folder, "old", Standing.RETIRED)
    by_new = signer.sign(receipt)
    assert by_new.ed25519_key_id != by_old.ed25519_key_id
    assert by_new.eip712_signer == signer.addresses[0] != by_old.eip712_signer == signer.addresses[1]
    for signed in (by_old, by_new):
        believe().verify(signed, NOON)
    assert heads.sign(ledger.head).hint == heads.keys[0].hint

    stand(folder, "old", Standing.REVOKED)
    believe().verify(by_new, NOON)
    assert refused(believe().verify, by_old, NOON) == (Reason.UNKNOWN_SIGNER, "ed25519_key_id")
    assert [len(each) for each in (signer.public_keys, signer.addresses, heads.keys)] == [1, 1, 1]

    stand(folder, "new", Standing.REVOKED)
    assert refused(signer.sign, receipt) == (Reason.NO_SIGNER, "keys.attestation")
    assert refused(heads.sign, ledger.head) == (Reason.NO_SIGNER, "keys.log")
    assert (signer.public_keys, signer.addresses, heads.keys) == ((), (), ())


def test_a5_a_list_of_yesterday_does_not_bring_a_revoked_key_back(ledger: Ledger, folder: KeyFolder) -> None:
    keyring, told = Keyring(FolderKeys(folder, PASSPHRASE).read), Told()
    signer = AttestationSigner(ledger, keyring, told, Watch())
    receipt = ledger.accept(ask(), prove(1), TERMS)
    signer.sign(receipt)
    yesterday = folder.list_path.read_bytes()
    stand(folder, "old", Standing.REVOKED)
    assert signer.public_keys == ()
    folder.list_path.write_bytes(yesterday)
    assert (signer.public_keys, signer.addresses) == ((), ())
    assert refused(signer.sign, receipt) == (Reason.NO_SIGNER, "keys.attestation")
    assert told.alarms == [Alarm.NO_SIGNER]


def test_a5_a_server_that_keeps_what_was_good_last_keeps_no_key_that_was_revoked(
    ledger: Ledger, folder: KeyFolder
) -> None:
    add_keys(folder, "new")
    newest = LastGood([folder.list_path], FolderKeys(folder, PASSPHRASE).read, Log())
    signer = AttestationSigner(ledger, Keyring(lambda: newest.content), Told(), Watch())
    receipt = ledger.accept(ask(), prove(1), TERMS)

    def is_good() -> bool:
        return newest.failure is None

    by_old = signer.sign(receipt)
    good = folder.list_path.read_bytes()
    folder.list_path.write_bytes(good[:-9])
    assert signer.sign(receipt) == by_old
    assert not is_good()
    folder.list_path.write_bytes(good)
    stand(folder, "old", Standing.REVOKED)
    by_new = signer.sign(receipt)
    assert by_new.ed25519_key_id != by_old.ed25519_key_id
    assert is_good()
    folder.list_path.unlink()
    assert signer.sign(receipt) == by_new
    assert len(signer.public_keys) == 1


def test_a5_one_key_that_is_revoked_stops_what_needs_both(ledger: Ledger, folder: KeyFolder) -> None:
    """No attestation for a chain goes out without the signature that the chain asks for."""
    signer = AttestationSigner(ledger, Keyring(FolderKeys(folder, PASSPHRASE).read), Told(), Watch())
    receipt = ledger.accept(ask(), prove(1), TERMS)
    folder.revoke("old-attestation-secp256k1", NOON)
    assert refused(signer.sign, receipt) == (Reason.NO_SIGNER, "keys.chain")


def test_a5_a_key_for_one_thing_is_refused_for_another(folder: KeyFolder) -> None:
    folder.key_path("old-attestation-ed25519").write_bytes(folder.key_path("old-log-ed25519").read_bytes())
    keys = FolderKeys(folder, PASSPHRASE).read()
    assert keys.attestation is None
    assert keys.failure is not None
    assert keys.failure.reason is Reason.NOT_A_KEY


# --- A6: nothing is signed that did not happen, and nothing unnoticed ---------------------------------

FALSEHOODS: dict[str, Callable[[Receipt], Receipt]] = {
    "a place that is not there": lambda receipt: replace(receipt, place=7),
    "the place of another": lambda receipt: replace(receipt, place=1),
    "an entry that was not written": lambda receipt: replace(receipt, entry=alter(receipt.entry)),
    "further locks": lambda receipt: alter_acceptance(receipt, held=(1, 2, 3)),
    "a longer life": lambda receipt: alter_acceptance(receipt, lapses_at=receipt.acceptance.lapses_at + 1),
    "another state": lambda receipt: alter_acceptance(receipt, state=State.REFRESHED),
    "another position": lambda receipt: alter_acceptance(receipt, position_tag=5),
    "another acceptance": lambda receipt: alter_acceptance(receipt, id="99" * 32),
    "another recipient": lambda receipt: move(receipt, recipient=b"\x66" * 20),
    "another contract": lambda receipt: move(receipt, contract=b"\x66" * 20),
    "another chain": lambda receipt: move(receipt, chain_id=2),
    "another verifier": lambda receipt: move(receipt, verifier="desk-2"),
    "other terms": lambda receipt: alter_acceptance(
        receipt, terms=replace(TERMS, entry=replace(ENTRY, least_basket_value=6))
    ),
}


def alter(entry: LogEntry) -> LogEntry:
    return replace(entry, held=(1, 2, 3))


def alter_acceptance(receipt: Receipt, **changes: object) -> Receipt:
    return replace(receipt, acceptance=replace(receipt.acceptance, **changes))  # type: ignore[arg-type]


def move(receipt: Receipt, **changes: object) -> Receipt:
    destination: Binding = replace(receipt.acceptance.destination, **changes)  # type: ignore[arg-type]
    return alter_acceptance(receipt, destination=destination)


@pytest.mark.parametrize("falsehood", FALSEHOODS)
def test_a6_what_is_not_in_the_log_is_not_signed_and_rings(ledger: Ledger, falsehood: str) -> None:
    told = Told()
    signer = AttestationSigner(ledger, Keyring(lambda: ALL), told, Watch())
    receipt = ledger.accept(ask(), prove(1, 2), TERMS)
    ledger.accept(ask(), prove(3, tag=8), TERMS)
    assert refused(signer.sign, FALSEHOODS[falsehood](receipt))[0] is Reason.NOT_IN_LOG
    assert (told.signed, told.alarms) == ({}, [Alarm.NOT_IN_LOG])
    verify_attestation(signer.sign(receipt), keys=signer.public_keys, signers=signer.addresses, moment=NOON)
    assert (told.signed, told.alarms) == ({Event.ACCEPT: 1}, [Alarm.NOT_IN_LOG])


def test_a6_an_acceptance_that_was_never_made_is_not_signed(ledger: Ledger, tmp_path: Path) -> None:
    create_file(tmp_path / "other.db")
    database = open_database(str(tmp_path / "other.db"))
    upgrade_store(database, IDENTITY)
    elsewhere = Ledger(database, IDENTITY, Watch()).accept(ask(), prove(1), TERMS)
    database.close()
    told = Told()
    signer = AttestationSigner(ledger, Keyring(lambda: ALL), told, Watch())
    assert refused(signer.sign, elsewhere)[0] is Reason.NOT_IN_LOG
    ledger.accept(ask(), prove(2), TERMS)
    assert refused(signer.sign, elsewhere)[0] is Reason.NOT_IN_LOG
    assert (told.signed, told.alarms) == ({}, [Alarm.NOT_IN_LOG] * 2)


def test_a6_more_signatures_than_are_expected_ring_once_a_minute(ledger: Ledger) -> None:
    told, clock = Told(), Watch()
    signer = AttestationSigner(ledger, Keyring(lambda: ALL), told, clock, most_in_a_minute=3)
    receipt = ledger.accept(ask(), prove(1), TERMS)
    for _ in range(3):
        signer.sign(receipt)
    assert told.alarms == []
    for _ in range(3):
        signer.sign(receipt)
    assert told.alarms == [Alarm.TOO_MANY]
    clock.now += 60
    for _ in range(3):
        signer.sign(receipt)
    assert told.alarms == [Alarm.TOO_MANY]
    signer.sign(receipt)
    assert told.alarms == [Alarm.TOO_MANY] * 2
    assert told.signed == {Event.ACCEPT: 10}
