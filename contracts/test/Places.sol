// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Context} from "../src/Context.sol";

/// @notice What contracts say of a place, so that it can be held against what provers and verifiers say.
contract TrialPlaces {
    /// @notice The context of a place.
    function commit(
        string calldata domain,
        string calldata verifier,
        uint256 chainId,
        bytes calldata place,
        bytes calldata recipient,
        uint64 expiry
    ) external pure returns (uint256) {
        bytes memory encoded = Context.encodePlace(verifier, chainId, place);
        return Context.commit(Context.nameDomain(domain), Context.bind(encoded, recipient, expiry));
    }
}
