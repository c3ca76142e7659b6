// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title One hash over everything that happened, in its order
/// @notice Whoever reads the logs of a contract and comes to the hash that it keeps has all of them, as they were written:
/// a node that leaves one out, makes one up or moves one is found out by what it says of the contract itself.
/// @dev One word of storage, which each event reads and writes once; nothing else is kept beside it.
abstract contract Chronicle {
    /// @notice The hash of what it was before the last event, and of that event.
    bytes32 public chained;

    /// @dev Goes on to something that has happened.
    /// @param happened Whole words. What happens in two ways has to differ in them, or in how many they are.
    function _chain(bytes memory happened) internal returns (bytes32 since) {
        bytes32 before = chained;
        assembly ("memory-safe") {
            let length := mload(happened)
            mstore(happened, before) // in the place of the length, so that both are hashed where they lie
            since := keccak256(happened, add(length, 32))
            mstore(happened, length)
        }
        chained = since;
    }
}
