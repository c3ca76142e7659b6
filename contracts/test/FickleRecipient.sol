// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title A recipient that takes coin only while somebody asks what would happen
/// @notice In a block there is a price for gas, and then it takes none: whoever pays it has paid for nothing.
contract FickleRecipient {
    /// @notice Coin is not wanted now.
    error NotNow();

    receive() external payable {
        if (tx.gasprice != 0) revert NotNow();
    }
}
