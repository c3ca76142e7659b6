"""The faces of our contracts, which are package data, and a contract at its address.

``node contracts/compile.mjs --abi`` writes ``chains/abi``, one file for each contract that is called from outside. A
face turns calls into bytes and answers back, knows the topics of events, and gives the errors of a contract their
names: a contract says no by a selector of four bytes, which tells nobody anything who has not its face.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any, Final, Self

from chains.library import Web3
from chains.rpc import Chain, NodeRefusedError, read_bytes, spell
from facts.keccak import hash_keccak
from facts.secp256k1 import ADDRESS_BYTES
from margin.errors import InternalError, MalformedError, MarginError, MisuseError, Reason, RejectedError

CALLED: Final = ("AttestationGate", "CollateralEscrow", "ProofGate", "RootBoard")
"""Whose faces are here: ``contracts/compile.mjs`` has the same list."""
SELECTOR_BYTES: Final = 4
STRUCT: Final = "tuple"
BUILT_IN: Final = (
    {"type": "error", "name": "Error", "inputs": [{"name": "reason", "type": "string"}]},
    {"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
)
"""What a contract reverts with that has no error of its own for it: a token of somebody else's, mostly."""
ASKED: Final = (
    {"type": "error", "name": "InputTooLarge", "inputs": [{"name": "index", "type": "uint256"}]},
    {"type": "error", "name": "ProofMalformed", "inputs": []},
    {"type": "error", "name": "ProofInvalid", "inputs": []},
    {"type": "error", "name": "BindingMalformed", "inputs": [{"name": "field", "type": "string"}]},
)
"""What contracts revert with that ours ask: verifiers of keys, and the one that hashes for an escrow."""
CODEC: Final = Web3().codec
Element = Mapping[str, Any]
"""A function, an event or an error, as the compiler describes it."""
NODE: Final = "node"
REFUSAL: Final = "revert"
"""What nodes say, among other things, where a contract says no."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """How a contract says no: an error by its name, with what it tells."""

    name: str
    told: Mapping[str, Any]

    def __str__(self) -> str:
        told = ", ".join(f"{name}={describe(value)}" for name, value in self.told.items())
        return f"{self.name}({told})"


class AbsentError(InternalError):
    """Nothing stood at the address at the block that was asked about: a node may be behind, or the block before it."""


class RevertedError(RejectedError):
    """A contract refuses a call, by an error that it has a name for."""

    complaint: Complaint = Complaint("unnamed", {})

    @classmethod
    def of(cls, call: str, complaint: Complaint) -> Self:
        """By what the contract gave."""
        refused = cls(Reason.REVERTED, call, found=str(complaint), expected="a call that the contract takes")
        refused.complaint = complaint
        return refused


def name_refusal(error: MarginError) -> str:
    """Why something was not done, in one word of a few: a contract's own error by its name, any other by its reason."""
    return error.complaint.name if isinstance(error, RevertedError) else error.reason.value


def describe_refusal(error: MarginError) -> str:
    """The same with what was found and expected; a contract's own error as it stands."""
    return str(error.complaint) if isinstance(error, RevertedError) else f"{error.reason} {error}"


def describe(value: object) -> str:
    """A value as logs have it."""
    return spell(value) if isinstance(value, bytes) else str(value)


class Face:
    """What a contract understands: its functions, events and errors."""

    def __init__(self, name: str, elements: Sequence[Element]) -> None:
        self.name = name
        self._elements = elements

    # --- Calls -------------------------------------------------------------------------------------------

    def encode_call(self, function: str, *arguments: Any) -> bytes:  # noqa: ANN401 - whatever Solidity has
        """The bytes of a call."""
        element = self._find("function", function)
        try:
            encoded = CODEC.encode(types_of(element["inputs"]), arguments)
        except Exception as error:  # noqa: BLE001 - the library has many errors
            expected = f"what {sign_of(element)} takes"
            raise MalformedError(Reason.NOT_READABLE, function, found=error, expected=expected) from None
        return select(element) + encoded

    def select(self, function: str) -> bytes:
        """The four bytes that call a function."""
        return select(self._find("function", function))

    def decode_answer(self, function: str, data: bytes) -> tuple[Any, ...]:
        """What a function answered, one value for each that it returns."""
        element = self._find("function", function)
        return decode(types_of(element["outputs"]), data, function)

    def fields_of(self, function: str) -> list[str]:
        """The names of what a function answers; where that is one struct, of what is in it."""
        outputs = self._find("function", function)["outputs"]
        return [each["name"] for each in (outputs[0]["components"] if answers_struct(outputs) else outputs)]

    def decode_named(self, function: str, values: Sequence[Any]) -> dict[str, Any]:
        """Values of an answer by those names."""
        inside = values[0] if answers_struct(self._find("function", function)["outputs"]) else values
        return dict(zip(self.fields_of(function), inside, strict=True))

    # --- Events ------------------------------------------------------------------------------------------

    def topic_of(self, event: str) -> bytes:
        """What the logs of an event begin with."""
        return hash_keccak(sign_of(self._find("event", event)).encode())

    def decode_event(self, event: str, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """What a log of an event tells. Texts and lists that are indexed are there as their hashes."""
        element = self._find("event", event)
        indexed = [each for each in element["inputs"] if each["indexed"]]
        others = [each for each in element["inputs"] if not each["indexed"]]
        if len(topics) != 1 + len(indexed) or topics[0] != self.topic_of(event):
            found, expected = f"{len(topics)} topics", f"those of {sign_of(element)}"
            raise MalformedError(Reason.NOT_READABLE, event, found=found, expected=expected)
        told = dict(zip((each["name"] for each in others), decode(types_of(others), data, event), strict=True))
        for each, topic in zip(indexed, topics[1:], strict=True):
            (told[each["name"]],) = decode(types_of([each]) if is_a_word(each) else ["bytes32"], topic, event)
        return {each["name"]: told[each["name"]] for each in element["inputs"]}

    # --- Errors ------------------------------------------------------------------------------------------

    def name_error(self, data: bytes) -> Complaint | None:
        """The error whose bytes these are, if it is one of this contract's."""
        element = self._errors.get(data[:SELECTOR_BYTES])
        if element is None:
            return None
        try:
            values = decode(types_of(element["inputs"]), data[SELECTOR_BYTES:], element["name"])
        except MalformedError:
            return None
        return Complaint(
            element["name"], {each["name"]: value for each, value in zip(element["inputs"], values, strict=True)}
        )

    @cached_property
    def _errors(self) -> dict[bytes, Element]:
        elements = [*BUILT_IN, *(each for each in self._elements if each["type"] == "error")]
        return {select(each): each for each in elements}

    def _find(self, kind: str, name: str) -> Element:
        """The one element of a name; our contracts overload none."""
        found = [each for each in self._elements if each["type"] == kind and each.get("name") == name]
        if len(found) != 1:
            expected = f"a {kind} of {self.name}"
            raise MisuseError(Reason.NOT_APPLICABLE, kind, found=name, expected=expected)
        return found[0]


def answers_struct(outputs: Sequence[Element]) -> bool:
    """Whether one struct is all that a function answers."""
    return len(outputs) == 1 and outputs[0]["type"] == STRUCT


def select(element: Element) -> bytes:
    """The four bytes that call a function, or name an error."""
    return hash_keccak(sign_of(element).encode())[:SELECTOR_BYTES]


def sign_of(element: Element) -> str:
    """A name with the types of what it takes, which is what selectors and topics are hashed of."""
    return f"{element['name']}({','.join(types_of(element['inputs']))})"


def types_of(given: Sequence[Element]) -> list[str]:
    """The types of what is taken, told or returned; a struct is written out."""
    return [type_of(each) for each in given]


def type_of(given: Element) -> str:
    """One type."""
    kind: str = given["type"]
    if not kind.startswith(STRUCT):
        return kind
    return f"({','.join(types_of(given['components']))}){kind.removeprefix(STRUCT)}"


def is_a_word(given: Element) -> bool:
    """Whether a topic has the value itself: what is longer than a word is hashed."""
    kind = given["type"]
    return not (kind.endswith("]") or kind.startswith(STRUCT) or kind in {"string", "bytes"})


def decode(types: Sequence[str], data: bytes, field: str) -> tuple[Any, ...]:
    """Values of some types; bytes that are not such values are refused."""
    try:
        return CODEC.decode(types, data)
    except Exception:  # noqa: BLE001 - the library has many errors, and a node can answer anything
        found, expected = f"{len(data)} bytes", f"({','.join(types)})"
        raise MalformedError(Reason.NOT_READABLE, field, found=found, expected=expected) from None


# --- The faces that are here -----------------------------------------------------------------------------


@cache
def read_abi(name: str) -> Face:
    """The face of one of our contracts."""
    if name not in CALLED:
        raise MisuseError(Reason.NOT_APPLICABLE, "contract", found=name, expected=" or ".join(CALLED))
    try:
        text = (resources.files("chains") / "abi" / f"{name}.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        expected = "chains/abi as `make abi` writes it"
        raise InternalError(Reason.BACKEND_MISSING, "contract", found=name, expected=expected) from None
    return Face(name, json.loads(text))


def name_error(data: bytes, face: Face) -> Complaint:
    """The error that a contract gave: its own, or that of another of ours that it had asked."""
    others = (*(read_abi(name) for name in CALLED if name != face.name), Face("asked", ASKED))
    named = (each.name_error(data) for each in (face, *others))
    return next((each for each in named if each), Complaint("unnamed", {"data": data}))


@dataclass(frozen=True, slots=True)
class Contract:
    """One of our contracts at its address."""

    chain: Chain
    face: Face
    address: bytes

    def ask(self, function: str, *arguments: Any, block: int | str = "latest") -> tuple[Any, ...]:  # noqa: ANN401
        """What a function answers, one value for each that it returns."""
        call = {"to": spell(self.address), "data": spell(self.face.encode_call(function, *arguments))}
        at = hex(block) if isinstance(block, int) else block
        response = self.chain.request("eth_call", (call, at))
        if "error" in response:
            raise self.refusal_of(response["error"], function)
        answer = read_bytes(response["result"], f"{NODE}.{function}")
        if not answer:
            found, expected = "nothing", "an answer of a contract that stands there"
            raise AbsentError(Reason.CHAIN_UNAVAILABLE, f"{NODE}.{function}", found=found, expected=expected)
        return self.face.decode_answer(function, answer)

    def ask_one(self, function: str, *arguments: Any, block: int | str = "latest") -> Any:  # noqa: ANN401
        """The one value that a function answers."""
        (value,) = self.ask(function, *arguments, block=block)
        return value

    def ask_named(self, function: str, *arguments: Any, block: int | str = "latest") -> dict[str, Any]:  # noqa: ANN401
        """What a function answers, by the names that it gives."""
        return self.face.decode_named(function, self.ask(function, *arguments, block=block))

    def refusal_of(self, error: object, function: str) -> RevertedError | NodeRefusedError:
        """What a node's refusal means: that the contract says no, and why, or that the node does."""
        data = find_revert(error)
        if data is None:
            return NodeRefusedError.of(NODE, error)
        return RevertedError.of(function, name_error(data, self.face))


def find_revert(error: object) -> bytes | None:
    """The bytes that a contract gave when it said no; None where it was not the contract."""
    fields = error if isinstance(error, dict) else {}
    data = fields.get("data")
    if isinstance(data, dict):
        data = data.get("data")
    if isinstance(data, str) and data.startswith("0x"):
        return read_bytes(data, f"{NODE}.data")
    return b"" if REFUSAL in str(fields.get("message", "")).lower() else None


def find_contract(chain: Chain, name: str, address: bytes) -> Contract:
    """A contract where one stands; an address without code answers everything with nothing."""
    if len(address) != ADDRESS_BYTES:
        found, expected = f"{len(address)} bytes", f"{ADDRESS_BYTES} bytes"
        raise MalformedError(Reason.WRONG_COUNT, "address", found=found, expected=expected)
    if not read_bytes(chain.ask("eth_getCode", spell(address), "latest"), f"{NODE}.code"):
        found, expected = "no code", f"{name} at {spell(address)}"
        raise RejectedError(Reason.WRONG_CONTEXT, "address", found=found, expected=expected)
    return Contract(chain, read_abi(name), address)


def find_escrow(chain: Chain, address: bytes) -> Contract:
    """The escrow that stands at an address."""
    return find_contract(chain, "CollateralEscrow", address)
