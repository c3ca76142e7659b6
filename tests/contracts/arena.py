"""A real node with contracts on it, and whoever tries to break them: every attempt is a call with a sender and a value.

What a contract refuses is known by the name of its error, so that an attack that fails for another reason than it has
to is one that was never tried.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final, Self

from chains.contracts import CODEC, Face, read_abi, types_of
from chains.development.anvil import Anvil, Manner, run_anvil
from chains.development.compilation import compile_contracts, read_artifact
from chains.development.deployment import Deployed, deploy, role
from chains.rpc import Chain, open_chain
from facts.attestation import ATTESTATION_TYPE
from facts.secp256k1 import ORDER, SigningKey
from facts.typed_data import hash_bytes, hash_domain, hash_list, hash_struct, hash_typed_data, word
from snark.groth16.proof import Proof

VERIFIER: Final = "desk-1"
DOMAIN: Final = "clearing.example"
DAY: Final = 86_400
PERIOD: Final = 600
CHAIN_ID: Final = 31_338
Committee = tuple[bytes, list[str], int]
"""A role, its members, and how many of them have to sign."""
APPOINTMENT: Final = "Appointment(bytes32 role,uint64 epoch,address[] members,uint8 threshold)"
REVOCATION: Final = "Revocation(bytes32 role,address member)"
ROOT_POST: Final = "RootPost(uint8 kind,uint256 root,uint64 sequence,uint64 moment)"
STRIKE: Final = "Strike(bytes32 acceptance)"
RESUMPTION: Final = "Resumption(uint64 pausedUntil)"
DISOWNING: Final = "RootDisowning(uint8 kind,uint256 root)"


def key_of(name: str) -> SigningKey:
    """The key whose secret is the hash of a name."""
    return SigningKey.of_secret(sha256(f"an attacker's test: {name}".encode()).digest())


def keys_of(name: str, count: int) -> list[SigningKey]:
    """So many members of a role, by rising addresses."""
    return sorted((key_of(f"{name} {place}") for place in range(count)), key=lambda key: key.address)


GOVERNORS: Final = keys_of("governor", 3)
VERIFIERS: Final = keys_of("verifier", 3)


def sign(digest: bytes, keys: Sequence[SigningKey]) -> list[bytes]:
    """The signatures of keys in their order."""
    return [key.sign(digest) for key in keys]


def committee(name: str, keys: Sequence[SigningKey], threshold: int | None = None) -> Committee:
    """The committee of a role, of which more than half have to sign."""
    members = [spell(key.address) for key in keys]
    return role(name), members, len(keys) // 2 + 1 if threshold is None else threshold


def spell(address: bytes) -> str:
    """An address as calls take it."""
    return f"0x{address.hex()}"


def twin_of(signature: bytes) -> bytes:
    """The other signature of the same key over the same digest: with the high one of the two s."""
    s = ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes((55 - signature[64],))


@dataclass(frozen=True)
class Word:
    """A verifier's word, field by field, with whatever an attacker would like to stand in it."""

    held: tuple[int, ...] = (3, 5)
    left: tuple[int, ...] = ()
    happening: int = 1
    state: int = 1
    revision: int = 0
    acceptance: bytes = b"\xab" * 32
    moment: int = 0
    lapses_at: int = 0
    statement: bytes = b"\x11" * 32
    recipient: bytes = b"\x22" * 20
    position_tag: int = 7
    policy: int = 9

    @classmethod
    def at(cls, now: int, **changes: Any) -> Self:  # noqa: ANN401 - whatever a field holds
        """Said at a moment, good for a period."""
        return cls(**{"moment": now, "lapses_at": now + PERIOD} | changes)

    def but(self, **changes: Any) -> Self:  # noqa: ANN401 - the same
        """The same word with other fields."""
        return replace(self, **changes)

    @property
    def struct(self) -> tuple[Any, ...]:
        """As a contract takes it."""
        return (
            self.statement,
            self.recipient,
            self.acceptance,
            self.happening,
            self.state,
            self.revision,
            self.position_tag,
            self.policy,
            list(self.held),
            list(self.left),
            self.moment,
            self.lapses_at,
        )

    def digest(
        self,
        chain_id: int,
        gate: bytes,
        *,
        verifier: str = VERIFIER,
        domain: str = DOMAIN,
        is_for_development: bool = False,
        kind: str = ATTESTATION_TYPE,
    ) -> bytes:
        """What is signed of it for a gate."""
        words = (
            self.statement,
            hash_bytes(verifier.encode()),
            hash_bytes(domain.encode()),
            hash_bytes(self.recipient),
            self.acceptance,
            *map(word, (self.happening, self.state, self.revision, self.position_tag, self.policy)),
            hash_list(self.held),
            hash_list(self.left),
            *map(word, (self.moment, self.lapses_at, is_for_development)),
        )
        return hash_typed_data(hash_domain(chain_id, gate), hash_struct(kind, words))


def words_of(proof: Proof) -> list[int]:
    """A proof as contracts take it."""
    data = proof.encode()
    return [int.from_bytes(data[at : at + 32], "big") for at in range(0, len(data), 32)]


def digest_for(contract: Deployed, kind: str, words: Sequence[bytes]) -> bytes:
    """What is signed of a message to a contract."""
    return hash_typed_data(hash_domain(contract.node.chain_id, contract.address), hash_struct(kind, words))


def hash_addresses(keys: Sequence[SigningKey]) -> bytes:
    """What stands for a list of members."""
    return hash_bytes(b"".join(word(key.address) for key in keys))


@dataclass(frozen=True)
class Arena:
    """One node, and how it is asked."""

    node: Anvil
    chain: Chain = field(repr=False)

    @property
    def now(self) -> int:
        """The time at which a call would be answered."""
        return self.node.moment

    def account(self, sender: int | str) -> str:
        """An account of the node by its number, or one that it plays."""
        return sender if isinstance(sender, str) else self.node.accounts[sender]

    def play(self, key: SigningKey) -> str:
        """An account of a key, from which the node sends what it is asked to."""
        address = spell(key.address)
        self.node.ask("anvil_impersonateAccount", address)
        self.node.give(address, 10**18)
        return address

    def deploy(self, name: str, *arguments: Any) -> Deployed:  # noqa: ANN401 - whatever Solidity has
        """One of our contracts."""
        return deploy(self.node, read_artifact(name), *arguments)

    def refusal(self, contract: Deployed, function: str, *arguments: Any, value: int = 0, sender: int | str = 9) -> str:  # noqa: ANN401
        """The name of the error with which a contract refuses a call; empty where it takes it."""
        asked = {
            "from": self.account(sender),
            "to": contract.spelling,
            "value": hex(value),
            "data": f"0x{contract.face.encode_call(function, *arguments).hex()}",
        }
        answer = self.chain.request("eth_call", [asked, "latest"])
        if "error" not in answer:
            return ""
        return self.name(contract.face, bytes.fromhex(answer["error"]["data"][2:]))

    def refusal_of_making(self, name: str, *arguments: Any) -> str:  # noqa: ANN401
        """The name of the error with which a contract refuses to be made; empty where it can be."""
        artifact = read_artifact(name)
        inputs = next(each["inputs"] for each in artifact.abi if each["type"] == "constructor")
        data = artifact.bytecode + CODEC.encode(types_of(inputs), arguments).hex()
        answer = self.chain.request("eth_call", [{"from": self.node.accounts[9], "data": data}, "latest"])
        if "error" not in answer:
            return ""
        return self.name(Face(name, artifact.abi), bytes.fromhex(answer["error"]["data"][2:]))

    def name(self, face: Face, data: bytes) -> str:
        """The error that bytes are, of the contract or of a verifier of proofs behind it."""
        complaint = face.name_error(data) or PROOFS.name_error(data) or LIBRARIES.name_error(data)
        assert complaint is not None, f"an error without a name: {data.hex()}"
        return complaint.name

    def send(self, contract: Deployed, function: str, *arguments: Any, value: int = 0, sender: int | str = 9) -> int:  # noqa: ANN401
        """A call that has to be taken, in a block; its gas."""
        refused = self.refusal(contract, function, *arguments, value=value, sender=sender)
        assert not refused, refused
        return contract.send(self.account(sender), function, *arguments, value=value)


def error(name: str, *types: str) -> dict[str, Any]:
    """An error that a face does not tell of."""
    return {
        "type": "error",
        "name": name,
        "inputs": [{"name": f"_{at}", "type": kind} for at, kind in enumerate(types)],
    }


PROOFS: Final = Face(
    "Groth16Verifier", [error("InputTooLarge", "uint256"), error("ProofMalformed"), error("ProofInvalid")]
)
LIBRARIES: Final = Face(
    "libraries",
    [
        error("BindingMalformed", "string"),
        error("ChainSplit", "uint256"),
        error("ReentrancyGuardReentrantCall"),
        error("SafeERC20FailedOperation", "address"),
    ],
)


@contextmanager
def open_arena(chain_id: int = CHAIN_ID) -> Iterator[Arena]:
    """A node for as long as it is needed, whose time goes by blocks: no attack depends on how long it takes."""
    compile_contracts()
    manner = Manner(chain_id, seconds_for_a_block=1)
    with run_anvil(manner) as node, open_chain([node.url], chain_id) as chain:
        yield Arena(node, chain)


@contextmanager
def undone(arena: Arena) -> Iterator[None]:
    """Whatever happens on the node has not happened afterwards."""
    before = arena.node.ask("evm_snapshot")
    try:
        yield
    finally:
        assert arena.node.ask("evm_revert", before)


def face_of(name: str) -> Face:
    """The face of one of our contracts."""
    return read_abi(name)
