"""Roots that a committee vouches for to a contract: what each member signs, how the parts come together, and the post.

    RootPost(uint8 kind,uint256 root,uint64 sequence,uint64 moment)      EIP-712, for one contract of one chain

A part is a file with one signature, or some, of one post to one contract. It holds nothing secret and is believed for
its signatures alone, so that members can hand their parts to each other in any folder that they share.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum, unique
from types import MappingProxyType
from typing import Any, Final

from chains.contracts import Contract, RevertedError, find_contract
from chains.gate import MOST_DISPLACED, Quorum, ask_quorum
from chains.rpc import Chain, spell
from chains.transactions import DisplacedError, Receipt, Sender
from facts.bounds import require_chain_id
from facts.elements import require_bits, require_element
from facts.keccak import hash_keccak
from facts.log_entry import MOMENT_BITS
from facts.roots import parse_element
from facts.secp256k1 import (
    ADDRESS_BYTES,
    SIGNATURE_BYTES,
    ChainSigner,
    address_of,
    recover_key,
    sign_for_chain,
)
from facts.typed_data import hash_domain, hash_struct, hash_typed_data, word
from margin.documents.policy_document import require_format
from margin.documents.reading import Fields
from margin.errors import InternalError, MalformedError, Reason, RejectedError

POST_TYPE: Final = "RootPost(uint8 kind,uint256 root,uint64 sequence,uint64 moment)"
PART_FORMAT: Final = "ringfence.root-post/1"
MOST_SIGNATURES: Final = 16


@unique
class RootKind(IntEnum):
    """What a root is of, as contracts number it."""

    BOOK = 1
    MARKET = 2
    LOCK = 3


COMMITTEES: Final[Mapping[RootKind, bytes]] = MappingProxyType(
    {kind: hash_keccak(f"ringfence.v1.role:{kind.name.lower()}".encode()) for kind in RootKind}
)
"""The role that vouches for roots of a kind."""


@dataclass(frozen=True, slots=True)
class Board:
    """A contract on which roots are posted, by its place."""

    chain_id: int
    contract: bytes

    def __post_init__(self) -> None:
        require_chain_id(self.chain_id)
        if len(self.contract) != ADDRESS_BYTES:
            found, expected = f"{len(self.contract)} bytes", f"{ADDRESS_BYTES} bytes"
            raise MalformedError(Reason.WRONG_COUNT, "contract", found=found, expected=expected)


@dataclass(frozen=True, slots=True)
class RootPost:
    """What a committee vouches for: the root of some facts, and when they were so."""

    kind: RootKind
    root: int
    sequence: int
    moment: int

    def __post_init__(self) -> None:
        if require_element(self.root, "root") == 0:
            raise MalformedError(Reason.OUT_OF_BOUNDS, "root", found="0", expected="an element above 0")
        for name in ("sequence", "moment"):
            if require_bits(getattr(self, name), name, MOMENT_BITS) == 0:
                raise MalformedError(Reason.OUT_OF_BOUNDS, name, found="0", expected="a number above 0")

    def digest(self, board: Board) -> bytes:
        """What a member signs, for one contract alone."""
        words = [word(each) for each in (self.kind, self.root, self.sequence, self.moment)]
        return hash_typed_data(hash_domain(board.chain_id, board.contract), hash_struct(POST_TYPE, words))


@dataclass(frozen=True, slots=True)
class SignedPost:
    """A post to a contract with the signatures that it has, each by the address that it leads to."""

    board: Board
    post: RootPost
    signatures: Mapping[bytes, bytes]

    @classmethod
    def of(cls, board: Board, post: RootPost, signatures: Iterable[bytes]) -> "SignedPost":
        """Signatures by their addresses; one that leads to no key is refused."""
        digest = post.digest(board)
        by_address = {address_of(recover_key(digest, signature)): signature for signature in signatures}
        return cls(board, post, MappingProxyType(by_address))

    def sign(self, signer: ChainSigner) -> "SignedPost":
        """The same with one more signature."""
        signature = sign_for_chain(self.post.digest(self.board), signer)
        return replace(self, signatures=MappingProxyType({**self.signatures, address_of(signer.public_key): signature}))

    def join(self, other: "SignedPost") -> "SignedPost":
        """The same with the signatures of another part."""
        if (self.board, self.post) != (other.board, other.post):
            found, expected = "another post", "a part of the same post to the same contract"
            raise RejectedError(Reason.WRONG_MESSAGE, "post", found=found, expected=expected)
        return replace(self, signatures=MappingProxyType({**other.signatures, **self.signatures}))

    def choose(self, committee: Quorum) -> list[bytes] | None:
        """As many signatures of members as have to be there, by rising addresses; None while there are fewer."""
        counting = sorted(address for address in self.signatures if address in committee.members)
        if len(counting) < committee.threshold:
            return None
        return [self.signatures[address] for address in counting[: committee.threshold]]


# --- The contract ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Newest:
    """Of a kind the root with the newest facts; zeros where there is none."""

    sequence: int
    moment: int


class RootBoard:
    """A contract with roots on it, at its address; posts are paid for by an account, where there is one."""

    def __init__(self, contract: Contract, sender: Sender | None = None) -> None:
        self.contract = contract
        self._sender = sender

    @classmethod
    def open(cls, chain: Chain, address: bytes, sender: Sender | None = None) -> "RootBoard":
        """The contract that stands at an address."""
        return cls(find_contract(chain, "RootBoard", address), sender)

    @property
    def board(self) -> Board:
        """Chain and address, which posts to it name."""
        return Board(self.contract.chain.chain_id, self.contract.address)

    def newest(self, kind: RootKind) -> Newest:
        """The one with the newest facts."""
        return Newest(*self.contract.ask("newestOf", kind))

    def moment_of(self, kind: RootKind, root: int) -> int:
        """Of when the facts under a root are; 0 where it does not count."""
        return int(self.contract.ask_one("momentOf", kind, root))

    def committee(self, kind: RootKind) -> Quorum:
        """Who vouches for roots of a kind now."""
        return ask_quorum(self.contract, COMMITTEES[kind])

    def post(self, signed: SignedPost) -> Receipt | None:
        """Post a root; None where it stands already, as of that moment or a later one."""
        if signed.board != self.board:
            found, expected = spell(signed.board.contract), spell(self.board.contract)
            raise RejectedError(Reason.WRONG_CONTEXT, "board", found=found, expected=expected)
        post, left = signed.post, MOST_DISPLACED
        while self.moment_of(post.kind, post.root) < post.moment:
            try:
                return self._send(signed)
            except DisplacedError:
                left -= 1
                if not left:
                    raise
            except RevertedError:
                if self.moment_of(post.kind, post.root) < post.moment:
                    raise
        return None

    def _send(self, signed: SignedPost) -> Receipt:
        post, committee = signed.post, self.committee(signed.post.kind)
        signatures = signed.choose(committee)
        if signatures is None:
            found, expected = f"{len(signed.signatures)} signatures", f"{committee.threshold} of members"
            raise RejectedError(Reason.TOO_FEW_SIGNERS, "signatures", found=found, expected=expected)
        if self._sender is None:
            expected = "an account that pays for transactions"
            raise InternalError(Reason.NO_SIGNER, "sender", found="none", expected=expected)
        arguments = post.kind, post.root, post.sequence, post.moment, signatures
        return self._sender.send(self.contract, "postRoot", *arguments)


# --- Parts in files --------------------------------------------------------------------------------------


def render_part(signed: SignedPost) -> str:
    """A post with its signatures, as members hand it to each other."""
    post = signed.post
    said: dict[str, Any] = {
        "format": PART_FORMAT,
        "chain_id": signed.board.chain_id,
        "contract": spell(signed.board.contract),
        "kind": post.kind.name.lower(),
        "root": str(post.root),
        "sequence": post.sequence,
        "moment": post.moment,
        "signatures": [spell(signed.signatures[address]) for address in sorted(signed.signatures)],
    }
    return json.dumps(said, indent=2) + "\n"


def read_part(content: object) -> SignedPost:
    """A part, checked to the last field; whether its signers are members is the contract's to say."""
    with Fields(content) as fields:
        require_format(fields, PART_FORMAT)
        board = Board(fields.integer("chain_id", 1, 2**64 - 1), read_hexadecimal(fields.text("contract"), "contract"))
        post = RootPost(
            kind=fields.choice("kind", RootKind),
            root=parse_element(fields.text("root"), "root"),
            sequence=fields.integer("sequence", 1, 2**MOMENT_BITS - 1),
            moment=fields.integer("moment", 1, 2**MOMENT_BITS - 1),
        )
        listed = fields.take_required("signatures", "a list of signatures")
        if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_SIGNATURES:
            expected = f"a list of 1 to {MOST_SIGNATURES}"
            raise MalformedError(Reason.NOT_A_LIST, "signatures", found="something else", expected=expected)
        signatures = [read_hexadecimal(each, "signatures", SIGNATURE_BYTES) for each in listed]
        return SignedPost.of(board, post, signatures)


def read_hexadecimal(text: object, field: str, length: int = ADDRESS_BYTES) -> bytes:
    """Bytes as chains write them: 0x and lower-case digits."""
    expected = f"0x and {2 * length} lower-case hexadecimal digits"
    digits = text.removeprefix("0x") if isinstance(text, str) else ""
    if not isinstance(text, str) or len(text) != 2 + 2 * length or not set(digits) <= set("0123456789abcdef"):
        raise MalformedError(Reason.NOT_READABLE, field, found="something else", expected=expected)
    return bytes.fromhex(digits)
