// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Chronicle} from "../src/Chronicle.sol";

/// @title An escrow without money, for watchers: it writes what an escrow writes, for whoever asks
contract BareEscrow is Chronicle {
    /// @notice How many deposits there were.
    uint64 public count;

    /// @notice Something was locked.
    event Deposited(
        uint64 indexed index, uint256 domain, uint256 asset, uint256 amount, uint256 lockOwner, bytes32 chained
    );
    /// @notice A lock leaves.
    event ExitRequested(
        uint64 indexed index, uint256 indexed nullifier, address recipient, uint64 finishesAt, bytes32 chained
    );

    /// @notice As many equal deposits as are asked for.
    function deposit(uint256 domain, uint256 asset, uint256 amount, uint256 lockOwner, uint64 times) external {
        for (uint64 made = 0; made < times; ++made) {
            uint64 index = count++;
            emit Deposited(
                index, domain, asset, amount, lockOwner, _chain(abi.encode(index, domain, asset, amount, lockOwner))
            );
        }
    }

    /// @notice The lock of a deposit leaves.
    function requestExit(uint64 index, uint256 nullifier) external {
        bytes32 since = _chain(abi.encode(index, nullifier));
        emit ExitRequested(index, nullifier, msg.sender, uint64(block.timestamp), since);
    }
}
