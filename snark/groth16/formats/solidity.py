"""A verifier for chains: a Solidity contract that holds one verifying key and checks proofs under it.

    e(A, B) * e(L, -gamma) * e(C, -delta) * e(alpha, -beta) = 1        L = IC[0] + sum(input[i] * IC[i + 1])

The key's points of the second group are negated when the contract is written, so that it negates nothing itself. Four
pairings, one multiplication and one addition for each input are what the precompiles of EIP-196 and EIP-197 charge
for; all the rest is a few hundred gas.

What the precompiles check: coordinates below p, points on the curve, B in its subgroup. What they do not: a scalar of
r or more counts as its remainder, and zeros count as infinity. The contract refuses both itself.
"""

import re
from collections.abc import Iterator
from typing import Final

from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER
from snark.bn254.encoding import G1_BYTES, G2_BYTES, encode_g1_evm, encode_g2_evm, split
from snark.bn254.points import G1Point, G2Point
from snark.errors import MisuseError, Reason
from snark.groth16.keys import VerifyingKey

CONTRACT_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
MAX_INPUTS: Final = 256
"""Each input is unrolled; a contract with more of them would pass the limit of deployed code."""

INDENT: Final = " " * 16
HEAD: Final = """\
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// @title Groth16 over BN254 under one verifying key
/// @notice Whether a proof of {count} public input(s) is valid under the key KEY_ID, and nothing else: what the inputs
/// mean, and whether they may be used here and now, is for the contract that asks.{warning}
/// @dev e(A, B) * e(L, -gamma) * e(C, -delta) * e(alpha, -beta) = 1 with L = IC[0] + sum(input[i] * IC[i + 1]).
/// Proof words: A.x, A.y, B.x (imaginary, real), B.y (imaginary, real), C.x, C.y.
contract {name} {{
    /// @notice A public input is not below the order of the group, so that it would be another one's second name.
    error InputTooLarge(uint256 index);
    /// @notice A point is infinity, off its curve or outside its subgroup, or a coordinate is not below p.
    error ProofMalformed();
    /// @notice The proof does not prove these inputs.
    error ProofInvalid();

    /// @notice The SHA-256 of the key's canonical bytes, by which everything else names it.
    bytes32 public constant KEY_ID = 0x{key_id};

    /// @notice Whether the key was made for development: then it proves nothing to those who did not make it.
    bool public constant IS_FOR_DEVELOPMENT = {development};

    uint256 private constant VALID = 0;
    uint256 private constant MALFORMED = 1;
    uint256 private constant INVALID = 2;
    uint256 private constant TOO_LARGE = 3;

    /// @notice Returns if the proof is valid, and reverts with the reason if it is not.
    function requireProof(uint256[8] calldata, uint256[{count}] calldata) external view {{
        uint256 fault = _judge();
        if (fault == VALID) return;
        if (fault == MALFORMED) revert ProofMalformed();
        if (fault == INVALID) revert ProofInvalid();
        revert InputTooLarge(fault - TOO_LARGE);
    }}

    /// @notice The same as an answer, in the arguments of the verifiers that snarkjs writes.
    function verifyProof(
        uint256[2] calldata,
        uint256[2][2] calldata,
        uint256[2] calldata,
        uint256[{count}] calldata
    ) external view returns (bool) {{
        return _judge() == VALID;
    }}

    /// @dev Both functions have the same words behind the selector, and the compiler has made sure that they are there:
    /// eight of the proof, then the inputs. Nothing has used memory yet, so that it is free from 0x80 on; the block is
    /// not marked as memory-safe, so that the compiler moves nothing there. The pairing reads A B, L -gamma, C -delta,
    /// alpha -beta. L is summed up where it belongs, and each product beside it, where -gamma is written afterwards.
    function _judge() private view returns (uint256 fault) {{
        assembly {{
            function judge() -> found {{
                calldatacopy(0x{a:x}, 0x04, 0xc0)
                calldatacopy(0x{c:x}, 0xc4, 0x40)
                found := {malformed}
                if iszero(or(mload(0x{a:x}), mload(0x{ay:x}))) {{ leave }}
                if iszero(or(or(mload(0x{b:x}), mload(0x{b1:x})), or(mload(0x{b2:x}), mload(0x{b3:x})))) {{ leave }}
                if iszero(or(mload(0x{c:x}), mload(0x{cy:x}))) {{ leave }}
                let order := 0x{order:064x}
"""
RANGE: Final = """\
                if iszero(lt(calldataload(0x{offset:x}), order)) {{ found := {fault} leave }}
"""
PRODUCT: Final = """\
                mstore(0x{scalar:x}, calldataload(0x{offset:x}))
                fine := and(fine, staticcall(gas(), 7, 0x{product:x}, 0x60, 0x{product:x}, 0x40))
                fine := and(fine, staticcall(gas(), 6, 0x{sum:x}, 0x80, 0x{sum:x}, 0x40))
"""
FOOT: Final = """\
                if iszero(and(fine, staticcall(gas(), 8, 0x{a:x}, 0x300, 0x{a:x}, 0x20))) {{ leave }}
                found := mul(iszero(mload(0x{a:x})), {invalid})
            }}
            fault := judge()
        }}
    }}
}}
"""
WARNING: Final = "\n/// INSECURE: the key was made for development. Whoever made it can prove anything."
MALFORMED: Final = 1
INVALID: Final = 2
TOO_LARGE: Final = 3
"""Of input 0; one more for each after it."""
FIRST_INPUT: Final = 4 + 8 * FIELD_BYTES
FREE: Final = 0x80
"""Where the memory begins that the compiler leaves to us."""
PAIR_A, PAIR_L, PAIR_C, PAIR_ALPHA = (FREE + pair * (G1_BYTES + G2_BYTES) for pair in range(4))
"""Where the four pairs of a pairing stand."""


def write_solidity_verifier(key: VerifyingKey, name: str = "Groth16Verifier") -> str:
    """The source of the contract ``name`` for this key."""
    if not CONTRACT_NAME.fullmatch(name):
        expected = "a name of a contract: letters, digits and _, at most 64"
        raise MisuseError(Reason.NOT_A_CHOICE, "name", found=name, expected=expected)
    if not 1 <= key.input_count <= MAX_INPUTS:
        expected = f"a key of 1 to {MAX_INPUTS} inputs: each of them is unrolled into the contract"
        raise MisuseError(Reason.OUT_OF_BOUNDS, "key", found=f"{key.input_count} inputs", expected=expected)
    return "".join([write_head(key, name), *write_ranges(key), *write_sum(key), *write_key(key), write_foot()])


def write_head(key: VerifyingKey, name: str) -> str:
    """All up to the checks of the proof's points."""
    b = PAIR_A + G1_BYTES
    places = {"a": PAIR_A, "b": b, "c": PAIR_C}
    places |= {"ay": PAIR_A + FIELD_BYTES, "cy": PAIR_C + FIELD_BYTES}
    places |= {f"b{word}": b + word * FIELD_BYTES for word in (1, 2, 3)}
    return HEAD.format(
        name=name,
        count=key.input_count,
        key_id=key.id,
        development=str(key.is_for_development).lower(),
        warning=WARNING if key.is_for_development else "",
        malformed=MALFORMED,
        order=GROUP_ORDER,
        **places,
    )


def write_ranges(key: VerifyingKey) -> Iterator[str]:
    """Every input is below r: a larger one would be a second name of its remainder."""
    for index in range(key.input_count):
        yield RANGE.format(offset=FIRST_INPUT + index * FIELD_BYTES, fault=TOO_LARGE + index)


def write_sum(key: VerifyingKey) -> Iterator[str]:
    """L: the constant's point, then for each input its product, beside the sum, and their sum in its place."""
    yield f"{INDENT}let fine := 1\n"
    yield from store_g1(PAIR_L, key.ic[0])
    product = PAIR_L + G1_BYTES
    for index, point in enumerate(key.ic[1:]):
        yield from store_g1(product, point)
        offset = FIRST_INPUT + index * FIELD_BYTES
        yield PRODUCT.format(scalar=product + G1_BYTES, offset=offset, product=product, sum=PAIR_L)


def write_key(key: VerifyingKey) -> Iterator[str]:
    """The points that every proof is checked with, where the pairing reads them."""
    yield from store_g2(PAIR_L + G1_BYTES, -key.gamma)
    yield from store_g2(PAIR_C + G1_BYTES, -key.delta)
    yield from store_g1(PAIR_ALPHA, key.alpha)
    yield from store_g2(PAIR_ALPHA + G1_BYTES, -key.beta)


def write_foot() -> str:
    """The pairing, whose answer goes where A was: all has been read by then."""
    return FOOT.format(a=PAIR_A, invalid=INVALID)


def store_g1(place: int, point: G1Point) -> Iterator[str]:
    """Statements that write a point of the first group to ``place``."""
    return store_words(place, encode_g1_evm(point))


def store_g2(place: int, point: G2Point) -> Iterator[str]:
    """The same of the second group."""
    return store_words(place, encode_g2_evm(point))


def store_words(place: int, data: bytes) -> Iterator[str]:
    """One statement for each word."""
    for index, word in enumerate(split(data)):
        yield f"{INDENT}mstore(0x{place + index * FIELD_BYTES:x}, 0x{word.hex()})\n"
