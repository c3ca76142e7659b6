// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Elements} from "./Elements.sol";

/// @notice A verifier's word on an acceptance: its state after one event. The names of verifier and domain do not
/// travel, since a contract knows them, and nor does whether a key was for development: another one is another digest,
/// and so an unknown signer.
struct Attestation {
    /// The SHA-256 of the canonical bytes, which say the same and more.
    bytes32 statement;
    /// Who benefits, as its chain writes it, 1 to 64 bytes; of a seizure, whom the escrow is to pay.
    bytes recipient;
    /// The id of the claim that was accepted first.
    bytes32 acceptance;
    uint8 happening;
    uint8 state;
    /// How many events the acceptance had before; it only rises.
    uint64 revision;
    uint256 positionTag;
    /// The word of its entry terms.
    uint256 policy;
    /// Nullifiers of the locks that are held after the event, rising.
    uint256[] held;
    /// Of those that left by it, rising.
    uint256[] left;
    uint64 moment;
    /// Good before this second.
    uint64 lapsesAt;
}

/// @title What is signed of an attestation, and what makes one
/// @notice EIP-712, name `Ringfence`, version `1`, chain and contract of the destination.
library Attestations {
    /// @notice A field is zero that never is, or a text too long.
    error AttestationMalformed(string field);
    /// @notice An event does not lead to this state.
    error StateImpossible(uint8 happening, uint8 state);
    /// @notice Nullifiers are elements above zero, each once, by rising order, at most 64 of them held and left.
    error NullifiersMalformed();

    // What happened.
    uint8 internal constant ACCEPT = 1;
    uint8 internal constant REFRESH = 2;
    uint8 internal constant FREE = 3;
    uint8 internal constant LAPSE = 4;
    uint8 internal constant SEIZE = 5;

    // The state after it; the first two are live.
    uint8 internal constant ACCEPTED = 1;
    uint8 internal constant REFRESHED = 2;
    uint8 internal constant RELEASED = 3;
    uint8 internal constant LAPSED = 4;
    uint8 internal constant SEIZED = 5;

    /// @dev Which event leads to which state: a byte for each event, in it a bit for each state. An acceptance is
    /// accepted (1), refreshed (2), freed of some locks (1, 2) or all (3), lapses (4), is seized (5).
    uint256 private constant TRANSITIONS = 0x20_10_0e_04_02_00;

    /// @dev So many nullifiers an acceptance may hold.
    uint256 internal constant MAX_NULLIFIERS = 64;
    uint256 internal constant MAX_RECIPIENT_BYTES = 64;
    /// @dev By so many seconds clocks may differ.
    uint64 internal constant MAX_AHEAD_SECONDS = 60;
    /// @dev No proof is good for longer.
    uint64 internal constant MAX_PERIOD_SECONDS = 366 days;

    bytes32 internal constant TYPE = keccak256(
        "Attestation(bytes32 statement,string verifier,string domain,bytes recipient,bytes32 acceptance,uint8 event,"
        "uint8 state,uint64 revision,uint256 positionTag,uint256 policy,uint256[] held,uint256[] left,uint64 moment,"
        "uint64 lapsesAt,bool isForDevelopment)"
    );
    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    /// @notice What is signed, between its domain's hash and the two bytes that stand before both.
    /// @param held Those of the attestation, and so `left`: who asks has read them from it already.
    /// @param verifier Keccak-256 of its name.
    /// @param domain Keccak-256 of the name of its registry of nullifiers.
    function hash(
        Attestation calldata attestation,
        uint256[] calldata held,
        uint256[] calldata left,
        bytes32 verifier,
        bytes32 domain,
        bool isForDevelopment
    ) internal pure returns (bytes32 digest) {
        bytes32 recipient = _hashBytes(attestation.recipient);
        bytes32 holds = _hashList(held);
        bytes32 lets = _hashList(left);
        bytes32 kind = TYPE;
        assembly ("memory-safe") {
            let words := mload(0x40)
            mstore(words, kind)
            mstore(add(words, 0x20), calldataload(attestation))
            mstore(add(words, 0x40), verifier)
            mstore(add(words, 0x60), domain)
            mstore(add(words, 0x80), recipient)
            // From the id of the acceptance to the policy, and both times: as they stand in the struct.
            calldatacopy(add(words, 0xa0), add(attestation, 0x40), 0xc0)
            mstore(add(words, 0x160), holds)
            mstore(add(words, 0x180), lets)
            calldatacopy(add(words, 0x1a0), add(attestation, 0x140), 0x40)
            mstore(add(words, 0x1e0), isForDevelopment)
            digest := keccak256(words, 0x200)
        }
    }

    /// @notice The same for whoever has not read the lists.
    function hash(Attestation calldata attestation, bytes32 verifier, bytes32 domain, bool isForDevelopment)
        internal
        pure
        returns (bytes32)
    {
        return hash(attestation, attestation.held, attestation.left, verifier, domain, isForDevelopment);
    }

    function _hashBytes(bytes calldata data) private pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            let place := mload(0x40)
            calldatacopy(place, data.offset, data.length)
            digest := keccak256(place, data.length)
        }
    }

    function _hashList(uint256[] calldata values) private pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            let place := mload(0x40)
            let length := mul(values.length, 0x20)
            calldatacopy(place, values.offset, length)
            digest := keccak256(place, length)
        }
    }

    /// @notice The domain of typed data for a gate, which may be on another chain.
    function hashDomain(uint256 chainId, address gate) internal pure returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPE, keccak256("Ringfence"), keccak256("1"), chainId, gate));
    }

    /// @notice Whether an acceptance in a state can be relied on until it lapses.
    function isLive(uint8 state) internal pure returns (bool) {
        return state == ACCEPTED || state == REFRESHED;
    }

    /// @notice Whether a nullifier is in a list.
    function contains(uint256[] calldata nullifiers, uint256 nullifier) internal pure returns (bool) {
        for (uint256 i = 0; i < nullifiers.length; ++i) if (nullifiers[i] == nullifier) return true;
        return false;
    }

    /// @notice Returns if every field can be, and no field denies what another says. It asks no clock.
    /// @param held Those of the attestation, and so `left`.
    function requireSense(Attestation calldata attestation, uint256[] calldata held, uint256[] calldata left)
        internal
        pure
    {
        if (attestation.statement == 0) revert AttestationMalformed("statement");
        if (attestation.acceptance == 0) revert AttestationMalformed("acceptance");
        uint256 length = attestation.recipient.length;
        if (length == 0 || length > MAX_RECIPIENT_BYTES) revert AttestationMalformed("recipient");
        uint256 positionTag = attestation.positionTag;
        if (positionTag == 0 || positionTag >= Elements.ORDER) revert AttestationMalformed("positionTag");
        if (attestation.moment == 0) revert AttestationMalformed("moment");
        if (attestation.lapsesAt == 0) revert AttestationMalformed("lapsesAt");
        uint8 happening = attestation.happening;
        uint8 state = attestation.state;
        if ((happening == ACCEPT) != (attestation.revision == 0)) revert AttestationMalformed("revision");
        if (state > SEIZED || (TRANSITIONS >> (uint256(happening) * 8 + state)) & 1 == 0) {
            revert StateImpossible(happening, state);
        }
        _requireNullifiers(happening, state, held, left);
    }

    /// @notice The same for whoever has not read the lists.
    function requireSense(Attestation calldata attestation) internal pure {
        requireSense(attestation, attestation.held, attestation.left);
    }

    /// @dev What is free or seized leaves; what is released holds nothing, and what is not over holds something.
    function _requireNullifiers(uint8 happening, uint8 state, uint256[] calldata held, uint256[] calldata left)
        private
        pure
    {
        bool hasLeft = happening == FREE || happening == SEIZE;
        if (hasLeft != (left.length != 0) || held.length + left.length > MAX_NULLIFIERS) revert NullifiersMalformed();
        if (held.length == 0 ? state < RELEASED || state == LAPSED : state == RELEASED) revert NullifiersMalformed();
        _requireRising(held);
        _requireRising(left);
    }

    function _requireRising(uint256[] calldata nullifiers) private pure {
        uint256 previous = 0;
        for (uint256 i = 0; i < nullifiers.length; ++i) {
            uint256 nullifier = nullifiers[i];
            if (nullifier <= previous || nullifier >= Elements.ORDER) revert NullifiersMalformed();
            previous = nullifier;
        }
    }
}
