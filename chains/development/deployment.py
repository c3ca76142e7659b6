"""Contracts put on chains for trials, from the accounts of a node that has them unlocked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from chains.contracts import CODEC, Complaint, Face, select, types_of
from chains.development.anvil import Anvil
from chains.development.compilation import Artifact
from facts.keccak import hash_keccak
from margin.errors import InternalError, Reason

NAMESPACE: Final = "ringfence.v1.role:"
SUCCEEDED: Final = "0x1"


@dataclass(frozen=True, slots=True)
class Deployed:
    """A contract on a chain of a trial."""

    node: Anvil = field(repr=False)
    face: Face = field(repr=False)
    abi: Sequence[Mapping[str, Any]] = field(repr=False)
    address: bytes
    block: int
    """In which it came to be."""
    asked: tuple[Face, ...] = field(default=(), repr=False)
    """Of contracts that it asks, whose errors it hands on."""

    @property
    def spelling(self) -> str:
        """Its address as documents have it."""
        return f"0x{self.address.hex()}"

    def door(self, function: str) -> bytes:
        """Address and selector of a function, as Solidity writes one."""
        (found,) = (each for each in self.abi if (each["type"], each.get("name")) == ("function", function))
        return self.address + select(found)

    def ask(self, function: str, *arguments: Any) -> Any:  # noqa: ANN401 - whatever Solidity has
        """What a function answers now: its one value, or all of them."""
        told = self.node.ask("eth_call", {"to": self.spelling, "data": self._encode(function, arguments)}, "latest")
        values = self.face.decode_answer(function, bytes.fromhex(told[2:]))
        return values[0] if len(values) == 1 else values

    def send(self, sender: str, function: str, *arguments: Any, value: int = 0) -> int:  # noqa: ANN401
        """Have a function do what it does, from an account of the node; the gas that it took."""
        call = self._call(sender, function, arguments, value)
        receipt = self.node.send(**call)
        if receipt["status"] != SUCCEEDED:
            raise failed(function, self._complaint(call))
        return int(receipt["gasUsed"], 16)

    def refusal(self, sender: str, function: str, *arguments: Any) -> Complaint:  # noqa: ANN401 - whatever Solidity has
        """Why a function would not do it, by the contract's own error."""
        complaint = self._complaint(self._call(sender, function, arguments))
        if complaint is None:
            found_done = "a call that would be taken"
            raise InternalError(Reason.BROKEN_INVARIANT, function, found=found_done, expected="a refusal")
        return complaint

    def _complaint(self, call: Mapping[str, object]) -> Complaint | None:
        answer = self.node.request("eth_call", call, "latest")
        if "error" not in answer:
            return None
        data = answer["error"].get("data") or "0x"
        told = bytes.fromhex(data[2:])
        named = (face.name_error(told) for face in (self.face, *self.asked))
        return next((each for each in named if each), Complaint("unnamed", {"data": told}))

    def _call(self, sender: str, function: str, arguments: Sequence[Any], value: int = 0) -> Mapping[str, object]:
        data = self._encode(function, arguments)
        return {"from": sender, "to": self.spelling, "data": data, "value": hex(value)}

    def _encode(self, function: str, arguments: Sequence[Any]) -> str:
        return f"0x{self.face.encode_call(function, *arguments).hex()}"


def deploy(node: Anvil, artifact: Artifact, *arguments: Any) -> Deployed:  # noqa: ANN401 - whatever Solidity has
    """A contract with what its constructor takes, from the first account of the node."""
    inputs: Sequence[Mapping[str, Any]] = next(
        (each["inputs"] for each in artifact.abi if each["type"] == "constructor"), []
    )
    data = artifact.bytecode + CODEC.encode(types_of(inputs), arguments).hex()
    receipt = node.send(**{"from": node.accounts[0], "data": data})
    if receipt["status"] != SUCCEEDED:
        raise failed(artifact.name)
    address = bytes.fromhex(receipt["contractAddress"][2:])
    return Deployed(node, Face(artifact.name, artifact.abi), artifact.abi, address, int(receipt["blockNumber"], 16))


def send(node: Anvil, sender: str, what: str, **transaction: object) -> int:
    """A transaction that has to do what it is for; the gas that it took."""
    receipt = node.send(**{"from": sender, **transaction})
    if receipt["status"] != SUCCEEDED:
        raise failed(what)
    return int(receipt["gasUsed"], 16)


def failed(what: str, complaint: Complaint | None = None) -> InternalError:
    """A transaction in a block has not necessarily done anything; why not, if the contract still says so."""
    why = "" if complaint is None else f": {complaint}"
    return InternalError(
        Reason.BROKEN_INVARIANT, what, found=f"a transaction that failed{why}", expected="one that is done"
    )


def role(name: str) -> bytes:
    """A role of a council, as contracts name it."""
    return hash_keccak(f"{NAMESPACE}{name}".encode())


def found(name: str, members: Sequence[bytes]) -> tuple[bytes, list[str], int]:
    """The first committee of a role: more than half of its members have to sign."""
    addresses = [f"0x{address.hex()}" for address in sorted(members)]
    return role(name), addresses, len(addresses) // 2 + 1
