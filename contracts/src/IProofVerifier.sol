// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title A Groth16 verifier under one key, for seven public inputs
/// @notice What is written from a verifying key has this face where its statement takes one lock:
/// book root, market root, lock root, position tag, nullifier, context, policy.
interface IProofVerifier {
    /// @notice The SHA-256 of the key's canonical bytes.
    function KEY_ID() external view returns (bytes32);

    /// @notice Whether the key was made for development: then it proves nothing to those who did not make it.
    function IS_FOR_DEVELOPMENT() external view returns (bool);

    /// @notice Returns if the proof is valid, and reverts with the reason if it is not.
    function requireProof(uint256[8] calldata proof, uint256[7] calldata inputs) external view;
}
