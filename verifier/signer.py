"""What the verifier signs: its word on an event that is in its log, and the heads of that log; with keys that change.

An attestation is never given to be signed. Whoever wants one gives the receipt of an event; the leaf that it speaks of
is looked up, and what is signed is made of both here, so that nothing is signed that is not in the log. What is signed
follows from the receipt alone: asked again, the same key says the same bytes.

Keys are asked for whenever something is signed. A key that was retired signs no more, and one that was revoked is not
believed any more either, from the next call on; this process never takes it back, whatever it is told later. Where no
key is left nothing is signed. A key is anything that signs: one from a file here, or a module that keeps its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum, unique
from threading import Lock
from typing import Final, Protocol, TypeVar

from facts import ed25519, secp256k1
from facts.attestation import Attestation, SignedAttestation, name_key
from facts.context import commit_context, name_domain
from facts.ed25519 import Signer, verify_signature
from facts.key_file import Algorithm, PrivateKey, Role
from facts.key_set import KeyFolder, KeySet
from facts.log_entry import Event
from facts.log_head import LogHead, LogKey, SignedHead
from facts.log_proof import hash_leaf
from facts.secp256k1 import ChainSigner, address_of, sign_for_chain
from margin.errors import InternalError, MarginError, MisuseError, Reason, RejectedError
from verifier.log import sign_head
from verifier.store.ledger import Clock
from verifier.store.records import Receipt
from verifier.store.schema import Identity

MINUTE_SECONDS: Final = 60
MOST_IN_A_MINUTE: Final = 60_000

FOR_CHAINS: Final = (Role.ATTESTATION, Algorithm.SECP256K1)
USES: Final = (
    (Role.ATTESTATION, Algorithm.ED25519),
    FOR_CHAINS,
    (Role.LOG, Algorithm.ED25519),
)
SignerT = TypeVar("SignerT")


@unique
class Alarm(StrEnum):
    """What should never happen, and is told to whoever watches."""

    NOT_IN_LOG = "not_in_log"
    """Something was to be signed that the log does not say."""
    WRONG_SIGNATURE = "wrong_signature"
    """A signer gave what is no signature of its key."""
    NO_SIGNER = "no_signer"
    """No key is left to sign with."""
    TOO_MANY = "too_many"
    """More was signed within a minute than is expected."""


class SigningWatch(Protocol):
    """Is told what was signed, and what should not have happened."""

    def attestation_signed(self, event: Event) -> None:
        """One more, on such an event."""

    def alarm_raised(self, alarm: Alarm) -> None:
        """Somebody has to look."""


class SignedLog(Protocol):
    """The log whose events are attested: a ledger."""

    identity: Identity

    def leaf_hash(self, place: int) -> bytes:
        """What stands in the tree for a leaf that is there."""


# --- Keys --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The keys as they stand now: those in use, and all whose signatures count, the ones in use first."""

    attestation: Signer | None = None
    attestation_keys: tuple[bytes, ...] = ()
    chain: ChainSigner | None = None
    chain_addresses: tuple[bytes, ...] = ()
    log: Signer | None = None
    log_keys: tuple[bytes, ...] = ()
    revoked: frozenset[bytes] = frozenset()
    """Keys of Ed25519, and addresses."""
    is_for_chains: bool = False
    """Whether attestations are signed for chains at all; then none is without."""
    failure: MarginError | None = None
    """Why a key that is in use could not be opened."""

    def without(self, revoked: frozenset[bytes]) -> "SigningKeys":
        """The keys but for those that were revoked."""
        is_revoked_chain = self.chain is not None and address_of(self.chain.public_key) in revoked
        return replace(
            self,
            attestation=drop(self.attestation, revoked),
            attestation_keys=tuple(key for key in self.attestation_keys if key not in revoked),
            chain=None if is_revoked_chain else self.chain,
            chain_addresses=tuple(address for address in self.chain_addresses if address not in revoked),
            log=drop(self.log, revoked),
            log_keys=tuple(key for key in self.log_keys if key not in revoked),
            revoked=revoked,
        )

    def require(self, signer: SignerT | None, field: str) -> SignerT:
        """A signer that there is."""
        if signer is None:
            found = f"none: {self.failure}" if self.failure else "none"
            raise InternalError(
                Reason.NO_SIGNER, field, found=found, expected="a key that is neither retired nor revoked"
            )
        return signer

    def require_all(self) -> None:
        """There is one for everything that is signed."""
        self.require(self.attestation, "keys.attestation")
        self.require(self.log, "keys.log")
        if self.is_for_chains:
            self.require(self.chain, "keys.chain")


def drop(signer: Signer | None, revoked: frozenset[bytes]) -> Signer | None:
    """The signer, unless its key was revoked."""
    return None if signer is None or signer.public_key in revoked else signer


class Keyring:
    """The keys as whoever reads them says that they stand, but that what was revoked once stays so."""

    def __init__(self, read: Callable[[], SigningKeys]) -> None:
        self._read = read
        self._revoked: frozenset[bytes] = frozenset()
        self._lock = Lock()

    @property
    def current(self) -> SigningKeys:
        """The keys now."""
        keys = self._read()
        with self._lock:
            self._revoked |= keys.revoked
            return keys.without(self._revoked)

    def require_all(self) -> None:
        """There is a key for everything that is signed: a check of readiness."""
        self.current.require_all()


class FolderKeys:
    """Keys in a folder, opened as they come into use.

    A list that can be read counts even where a key of it can't be opened: what it revokes is revoked.
    """

    def __init__(self, folder: KeyFolder, passphrase: str) -> None:
        self._folder = folder
        self._passphrase = passphrase
        self._opened: dict[bytes, PrivateKey] = {}

    def read(self) -> SigningKeys:
        """The keys as the list has them now."""
        listed = self._folder.read()
        self._opened, failure = self._open_those_in_use(listed)
        attestation = self._find(listed, Role.ATTESTATION, Algorithm.ED25519)
        chain = self._find(listed, Role.ATTESTATION, Algorithm.SECP256K1)
        log = self._find(listed, Role.LOG, Algorithm.ED25519)
        return SigningKeys(
            attestation=attestation if isinstance(attestation, ed25519.SigningKey) else None,
            attestation_keys=list_believed(listed, Role.ATTESTATION, Algorithm.ED25519),
            chain=chain if isinstance(chain, secp256k1.SigningKey) else None,
            chain_addresses=list_believed(listed, Role.ATTESTATION, Algorithm.SECP256K1),
            log=log if isinstance(log, ed25519.SigningKey) else None,
            log_keys=list_believed(listed, Role.LOG, Algorithm.ED25519),
            revoked=frozenset(map(name_signer, listed.revoked)),
            is_for_chains=any((key.role, key.algorithm) == FOR_CHAINS for key in listed.keys),
            failure=failure,
        )

    def _open_those_in_use(self, listed: KeySet) -> tuple[dict[bytes, PrivateKey], MarginError | None]:
        """What signs now; what does so no more is forgotten."""
        opened: dict[bytes, PrivateKey] = {}
        failure: MarginError | None = None
        for use in USES:
            key = listed.in_use(*use)
            if key is None:
                continue
            try:
                opened[key.public_key] = self._opened.get(key.public_key) or self._folder.open(key, self._passphrase)
            except MarginError as error:
                failure = error.under(f"keys.{key.name}")
        return opened, failure

    def _find(self, listed: KeySet, role: Role, algorithm: Algorithm) -> PrivateKey | None:
        key = listed.in_use(role, algorithm)
        return None if key is None else self._opened.get(key.public_key)


def list_believed(listed: KeySet, role: Role, algorithm: Algorithm) -> tuple[bytes, ...]:
    """The keys, or addresses, whose signatures count."""
    return tuple(name_signer(key.public_key) for key in listed.believed(role, algorithm))


def name_signer(public_key: bytes) -> bytes:
    """A key of Ed25519 as it is; one of secp256k1 by its address."""
    return public_key if len(public_key) == ed25519.KEY_BYTES else address_of(public_key)


# --- Attestations ------------------------------------------------------------------------------------


class AttestationSigner:
    """Signs the verifier's word on events that are in its log."""

    def __init__(
        self,
        log: SignedLog,
        keyring: Keyring,
        watch: SigningWatch,
        clock: Clock,
        most_in_a_minute: int = MOST_IN_A_MINUTE,
    ) -> None:
        self._log = log
        self._keyring = keyring
        self._watch = watch
        self._pace = Pace(clock, most_in_a_minute)

    @property
    def public_keys(self) -> tuple[bytes, ...]:
        """The Ed25519 keys whose attestations count, the one in use first."""
        return self._keyring.current.attestation_keys

    @property
    def addresses(self) -> tuple[bytes, ...]:
        """The addresses whose attestations count on chains, the one in use first."""
        return self._keyring.current.chain_addresses

    def sign(self, receipt: Receipt) -> SignedAttestation:
        """The verifier's word on an event, which the log has to have."""
        attestation = self._attest(receipt)
        keys = self._keyring.current
        try:
            signed = sign_attestation(attestation, keys)
        except InternalError as error:
            self._watch.alarm_raised(Alarm.NO_SIGNER if error.reason is Reason.NO_SIGNER else Alarm.WRONG_SIGNATURE)
            raise
        self._watch.attestation_signed(attestation.event)
        if self._pace.exceeds():
            self._watch.alarm_raised(Alarm.TOO_MANY)
        return signed

    def _attest(self, receipt: Receipt) -> Attestation:
        """What is to be signed: only what the log says."""
        try:
            require_logged(receipt, self._log)
            return attest(receipt, self._log.identity.domain)
        except (MisuseError, RejectedError) as error:
            self._watch.alarm_raised(Alarm.NOT_IN_LOG)
            found, expected = "something else", "what the log says at this place"
            raise InternalError(Reason.NOT_IN_LOG, error.field, found=found, expected=expected) from None


def require_logged(receipt: Receipt, log: SignedLog) -> None:
    """The entry is the leaf at its place."""
    if log.leaf_hash(receipt.place) != hash_leaf(receipt.entry.encode()):
        found, expected = "another leaf", "the leaf of this entry"
        raise RejectedError(Reason.NOT_IN_LOG, "entry", found=found, expected=expected)


def attest(receipt: Receipt, domain: str) -> Attestation:
    """What a receipt says, for whoever was not there."""
    acceptance, entry = receipt.acceptance, receipt.entry
    attestation = Attestation(
        verifier=acceptance.destination.verifier,
        domain=domain,
        chain_id=acceptance.destination.chain_id,
        contract=acceptance.destination.contract,
        recipient=name_recipient(receipt),
        acceptance=acceptance.id,
        event=entry.event,
        state=acceptance.state,
        revision=acceptance.revision,
        log_index=receipt.place,
        moment=entry.moment,
        lapses_at=acceptance.lapses_at,
        position_tag=acceptance.position_tag,
        policy=acceptance.terms.entry.encode(),
        held=acceptance.held,
        left=entry.left,
        claim_id=entry.claim.id if entry.claim else None,
        key_id=entry.claim.key_id if entry.claim else None,
        is_for_development=acceptance.is_for_development,
    )
    attestation.require_restates(entry, receipt.place)
    require_proved_place(receipt, domain)
    return attestation


def name_recipient(receipt: Receipt) -> bytes:
    """Who benefits; of a seizure, whom its release pays: an escrow pays nobody else by this word.

    The owner of a lock can make a release for the same door, to an account of its own.
    """
    acceptance = receipt.acceptance
    if receipt.entry.event is Event.SEIZE and acceptance.payee is not None:
        return acceptance.payee
    return acceptance.destination.recipient


def require_proved_place(receipt: Receipt, domain: str) -> None:
    """Where an acceptance is good, and on which terms, is what was proved when it was made."""
    acceptance, entry = receipt.acceptance, receipt.entry
    if entry.event is not Event.ACCEPT or entry.claim is None:
        return
    context = commit_context(name_domain(domain), acceptance.destination)
    proved = {"context": entry.claim.inputs.context, "policy": entry.claim.inputs.policy}
    for name, value in {"context": context, "policy": acceptance.terms.entry.encode()}.items():
        if proved[name] != value:
            raise RejectedError(Reason.NOT_IN_LOG, name, found="another one", expected="the one that was proved")


def sign_attestation(attestation: Attestation, keys: SigningKeys) -> SignedAttestation:
    """An attestation with its signatures, which are found out to be such before anybody sees them."""
    signer = keys.require(keys.attestation, "keys.attestation")
    message = attestation.encode()
    signature = signer.sign(message)
    try:
        verify_signature(signer.public_key, message, signature)
    except RejectedError as error:
        expected = "a signature of the key in use"
        raise InternalError(Reason.WRONG_SIGNATURE, "signature", found=error.found, expected=expected) from None
    signed = SignedAttestation(attestation, name_key(signer.public_key), signature)
    if not (keys.is_for_chains and attestation.is_for_a_chain):
        return signed
    chain = keys.require(keys.chain, "keys.chain")
    digest = attestation.digest
    return replace(
        signed,
        eip712_digest=digest,
        eip712_signer=address_of(chain.public_key),
        eip712_signature=sign_for_chain(digest, chain),
    )


class Pace:
    """Counts what happens within each minute."""

    def __init__(self, clock: Clock, most: int) -> None:
        self._clock = clock
        self._most = most
        self._minute = 0
        self._count = 0
        self._lock = Lock()

    def exceeds(self) -> bool:
        """Count one more; whether it is the first one too many of its minute."""
        minute = self._clock() // MINUTE_SECONDS
        with self._lock:
            self._count = self._count + 1 if minute == self._minute else 1
            self._minute = minute
            return self._count == self._most + 1


# --- Heads of the log --------------------------------------------------------------------------------


class HeadSigner:
    """Signs the heads of one log, with keys that sign nothing else."""

    def __init__(self, log: SignedLog, keyring: Keyring, watch: SigningWatch) -> None:
        self._origin = log.identity.origin
        self._keyring = keyring
        self._watch = watch

    @property
    def keys(self) -> tuple[LogKey, ...]:
        """The keys whose heads count, the one in use first."""
        return tuple(LogKey(self._origin, key) for key in self._keyring.current.log_keys)

    def sign(self, head: LogHead) -> SignedHead:
        """A head of this log."""
        if head.origin != self._origin:
            self._watch.alarm_raised(Alarm.NOT_IN_LOG)
            raise InternalError(Reason.NOT_IN_LOG, "origin", found=head.origin, expected=self._origin)
        keys = self._keyring.current
        if keys.log is None:
            self._watch.alarm_raised(Alarm.NO_SIGNER)
        try:
            return sign_head(head, keys.require(keys.log, "keys.log"))
        except RejectedError as error:
            self._watch.alarm_raised(Alarm.WRONG_SIGNATURE)
            expected = "a signature of the key in use"
            raise InternalError(Reason.WRONG_SIGNATURE, "head", found=error.found, expected=expected) from None
