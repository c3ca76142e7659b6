"""Who takes part in a trial, each with a folder of its own: a passphrase that was drawn for it, and sealed keys.

The passphrase lies beside what it opens, in a file that its owner alone may read. Nothing is safe in a sandbox.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar, cast

from facts.committee import Committee, Member, build_committee
from facts.ed25519 import SigningKey
from facts.key_file import Algorithm, Role
from facts.key_set import KeyFolder
from facts.roster import Appointment
from facts.sealed_file import Cost
from facts.secp256k1 import SigningKey as ChainKey
from facts.secp256k1 import address_of
from facts.signed import Purpose, Signed, Statement, gather_signatures, sign_statement
from serving.development_certificates import write_privately

PASSPHRASE_FILE: Final = "passphrase"  # noqa: S105 - the name of a file
KEYS_FOLDER: Final = "keys"
MEMBER: Final = "member"
DAY_SECONDS: Final = 86_400
LIFE_SECONDS: Final = 90 * DAY_SECONDS
"""For so long the keys of committees count."""
COST: Final = Cost(14)
"""The least: a passphrase of many random letters is not found by trying, however little that costs."""

StatementT = TypeVar("StatementT", bound=Statement)


@dataclass(frozen=True, slots=True)
class Party:
    """A folder of somebody's own."""

    folder: Path

    @property
    def passphrase_file(self) -> Path:
        """What opens everything here."""
        return self.folder / PASSPHRASE_FILE

    @property
    def passphrase(self) -> str:
        """Its only line."""
        return self.passphrase_file.read_text(encoding="utf-8").rstrip("\n")

    @property
    def keys(self) -> KeyFolder:
        """Its signing keys."""
        return KeyFolder(self.folder / KEYS_FOLDER)

    def create(self) -> None:
        """The folder, and a passphrase."""
        self.folder.mkdir(mode=0o700)
        write_privately(self.passphrase_file, f"development-{secrets.token_urlsafe(24)}\n".encode())

    def create_member(self, moment: int) -> None:
        """The folder, and a key with which somebody signs as a member of a committee."""
        self.create()
        self.keys.create(MEMBER, Role.MEMBER, Algorithm.ED25519, self.passphrase, moment=moment, cost=COST)

    def create_chain_key(self, role: Role, moment: int) -> bytes:
        """A key for chains, beside what is there; its address."""
        self.keys.create(role.value, role, Algorithm.SECP256K1, self.passphrase, moment=moment, cost=COST)
        return self.chain_address(role)

    def chain_address(self, role: Role) -> bytes:
        """By which contracts know it."""
        return address_of(self.keys.read().find(role.value).public_key)

    def open_chain_key(self, role: Role) -> ChainKey:
        """Its key for chains."""
        return cast("ChainKey", self.keys.open(self.keys.read().find(role.value), self.passphrase))

    def create_verifier_keys(self, moment: int) -> None:
        """Keys for attestations, for those that chains check, and for heads of the log."""
        for name, role, algorithm in (
            ("attestation", Role.ATTESTATION, Algorithm.ED25519),
            ("chain", Role.ATTESTATION, Algorithm.SECP256K1),
            ("log", Role.LOG, Algorithm.ED25519),
        ):
            self.keys.create(name, role, algorithm, self.passphrase, moment=moment, cost=COST)

    @property
    def public_key(self) -> bytes:
        """Of its key as a member."""
        return self.keys.read().find(MEMBER).public_key

    def open_member(self) -> SigningKey:
        """Its key as a member."""
        return cast("SigningKey", self.keys.open(self.keys.read().find(MEMBER), self.passphrase))


def form_committee(purpose: Purpose, scope: str, parties: Sequence[Party], moment: int) -> Committee:
    """A committee of everybody, more than half of whom have to sign."""
    members = [Member(party.public_key, moment - DAY_SECONDS, moment + LIFE_SECONDS) for party in parties]
    threshold = len(members) // 2 + 1
    return build_committee(
        purpose, scope, members, threshold=threshold, quorum=threshold, active_from=moment - DAY_SECONDS
    )


def sign_together(statement: StatementT, signers: Sequence[SigningKey]) -> Signed[StatementT]:
    """A statement with a signature of each."""
    return gather_signatures(statement, (sign_statement(statement, signer) for signer in signers))


def appoint(governance: Committee, signer: SigningKey, appointed: Committee) -> bytes:
    """The word of governance that somebody speaks for something, as it travels."""
    return sign_together(Appointment(governance.scope, governance.digest, appointed), [signer]).encode()
