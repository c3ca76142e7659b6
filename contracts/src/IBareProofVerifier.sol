// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title A Groth16 verifier under one key, for six public inputs
/// @notice The face of a verifier whose statement takes no lock:
/// book root, market root, what stands for the lock root, position tag, context, policy.
interface IBareProofVerifier {
    /// @notice The SHA-256 of the key's canonical bytes.
    function KEY_ID() external view returns (bytes32);

    /// @notice Whether the key was made for development: then it proves nothing to those who did not make it.
    function IS_FOR_DEVELOPMENT() external view returns (bool);

    /// @notice Returns if the proof is valid, and reverts with the reason if it is not.
    function requireProof(uint256[8] calldata proof, uint256[6] calldata inputs) external view;
}
