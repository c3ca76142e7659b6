// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {Elements} from "./Elements.sol";
import {PoseidonT4} from "./PoseidonT4.sol";

/// @title Where a proof may be used: one verifier, one contract on one chain, one recipient, until one moment
/// @notice binding = SHA-256(canonical bytes) >> 8, context = H(CONTEXT, domain, binding). The canonical bytes are the
/// fields in order, texts and addresses with their length before them in two bytes, numbers in eight.
library Context {
    /// @notice A text or an address has no bytes, or more than it can have.
    error BindingMalformed(string field);

    uint256 private constant MAX_VERIFIER_BYTES = 255;
    uint256 private constant MAX_ADDRESS_BYTES = 64;

    /// @notice The domain of a registry of nullifiers, by its name.
    function nameDomain(string memory name) internal pure returns (uint256) {
        return derive(string.concat("domain:", name));
    }

    /// @notice The element that stands for a name: SHA-256("ringfence.v1." + name) >> 8.
    function derive(string memory name) internal pure returns (uint256) {
        return uint256(sha256(abi.encodePacked(Elements.NAMESPACE, name))) >> 8;
    }

    /// @notice A contract as others name it: `eip155:<chain>/0x<address in lower case>`.
    function nameContract(uint256 chainId, address place) internal pure returns (string memory) {
        return string.concat("eip155:", Strings.toString(chainId), "/", Strings.toHexString(place));
    }

    /// @notice The part of a binding's bytes that one contract always has: all that stands before the recipient.
    /// @param verifier Its name.
    /// @param place The contract, as its chain writes it; or a door of a contract, as Solidity writes a function.
    function encodePlace(string memory verifier, uint256 chainId, bytes memory place)
        internal
        pure
        returns (bytes memory)
    {
        uint256 length = bytes(verifier).length;
        if (length == 0 || length > MAX_VERIFIER_BYTES) revert BindingMalformed("verifier");
        if (place.length == 0 || place.length > MAX_ADDRESS_BYTES) revert BindingMalformed("contract");
        if (chainId == 0 || chainId > type(uint64).max) revert BindingMalformed("chainId");
        // Both lengths fit in two bytes: they were compared with bounds below 2^16.
        return abi.encodePacked(
            Elements.NAMESPACE, "binding\n", uint16(length), verifier, uint64(chainId), uint16(place.length), place
        );
    }

    /// @notice The binding as a statement has it.
    /// @param place What `encodePlace` says.
    function bind(bytes memory place, bytes memory recipient, uint64 expiry) internal pure returns (uint256) {
        if (recipient.length == 0 || recipient.length > MAX_ADDRESS_BYTES) revert BindingMalformed("recipient");
        if (expiry == 0) revert BindingMalformed("expiry");
        return uint256(sha256(abi.encodePacked(place, uint16(recipient.length), recipient, expiry))) >> 8;
    }

    /// @notice The public input that ties a proof to its place.
    function commit(uint256 domain, uint256 binding) internal pure returns (uint256) {
        return PoseidonT4.hash(Elements.CONTEXT_TAG, domain, binding);
    }
}
