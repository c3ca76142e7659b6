"""Who governs the contracts of a trial: they say which verifiers speak for a domain, and who no longer does."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from chains.development.deployment import Deployed, found, role
from facts.keccak import hash_keccak
from facts.secp256k1 import SigningKey
from facts.typed_data import hash_bytes, hash_domain, hash_struct, hash_typed_data, word

GOVERNORS: Final = 3
OPENING: Final = "Opening(string domain,string verifier,address[] members,uint8 threshold)"
ADMISSION: Final = "Admission(address token,uint256 least)"
REVOCATION: Final = "Revocation(bytes32 role,address member)"


@dataclass(frozen=True, slots=True)
class Governors:
    """Two of three have to sign."""

    keys: Sequence[SigningKey] = field(repr=False)

    @classmethod
    def draw(cls) -> Self:
        """Three that nobody has seen."""
        return cls(sorted((SigningKey.draw() for _ in range(GOVERNORS)), key=lambda key: key.address))

    @property
    def addresses(self) -> Sequence[bytes]:
        """As contracts know them."""
        return [key.address for key in self.keys]

    @property
    def committee(self) -> tuple[bytes, list[str], int]:
        """As contracts are founded with it."""
        return found("governors", self.addresses)

    def sign(self, contract: Deployed, struct: bytes) -> list[bytes]:
        """What enough of them sign for a contract, by rising addresses."""
        _, _, threshold = self.committee
        digest = hash_typed_data(hash_domain(contract.node.chain_id, contract.address), struct)
        return [key.sign(digest) for key in self.keys[:threshold]]

    def open_domain(self, escrow: Deployed, domain: str, verifier: str, members: Sequence[bytes]) -> None:
        """Let a verifier speak for a domain."""
        _, addresses, threshold = found("verifiers", members)
        listed = hash_keccak(b"".join(word(bytes.fromhex(address[2:])) for address in addresses))
        words = (hash_bytes(domain.encode()), hash_bytes(verifier.encode()), listed, word(threshold))
        signatures = self.sign(escrow, hash_struct(OPENING, words))
        escrow.send(escrow.node.accounts[0], "openDomain", domain, verifier, addresses, threshold, signatures)

    def admit(self, escrow: Deployed, token: bytes, least: int) -> None:
        """Let a token be locked, so much of it at least."""
        signatures = self.sign(escrow, hash_struct(ADMISSION, (word(token), word(least))))
        escrow.send(escrow.node.accounts[0], "admit", f"0x{token.hex()}", least, signatures)

    def revoke(self, contract: Deployed, name: str, member: bytes) -> None:
        """Let a member of a role never count again."""
        signatures = self.sign(contract, hash_struct(REVOCATION, (role(name), word(member))))
        contract.send(contract.node.accounts[0], "revoke", role(name), f"0x{member.hex()}", signatures)
