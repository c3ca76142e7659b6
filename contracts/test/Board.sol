// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Charter, Council} from "../src/Council.sol";
import {RootBoard} from "../src/RootBoard.sol";

/// @notice Roots on their own, so that what other contracts ask of them can be asked from outside.
contract TrialBoard is RootBoard {
    constructor(Charter memory charter) Council(charter) {}

    /// @notice Returns if the facts under a root are young enough.
    function requireFresh(uint8 kind, uint256 root, uint64 maxAge) external view {
        _requireFresh(kind, root, maxAge);
    }

    /// @notice Returns if a root has stood long enough.
    function requireRipe(uint8 kind, uint256 root, uint64 delay) external view {
        _requireRipe(kind, root, delay);
    }
}
