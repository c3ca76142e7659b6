// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {PoseidonT4} from "../src/PoseidonT4.sol";
import {PoseidonT8} from "../src/PoseidonT8.sol";

/// @title The libraries of Poseidon as contracts of their own
contract HashesThree {
    /// @notice The hash of three elements.
    function hash(uint256[3] calldata x) external pure returns (uint256) {
        return PoseidonT4.hash(x[0], x[1], x[2]);
    }
}

/// @title The same of seven elements
contract HashesSeven {
    /// @notice The hash of seven elements.
    function hash(uint256[7] calldata x) external pure returns (uint256) {
        return PoseidonT8.hash(x[0], x[1], x[2], x[3], x[4], x[5], x[6]);
    }
}
