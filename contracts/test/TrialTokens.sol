// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A token that cheats as it is told to
/// @notice It keeps a part of what moves, says no without a revert, refuses a recipient, or calls back while it moves.
contract TrialCheat is ERC20 {
    uint256 public fee;
    uint256 public saysNo;
    address public blocked;
    address public called;
    bytes public message;
    /// @notice Whether the call that it made while it moved was taken, and what it answered.
    bool public wasTaken;
    bytes public answer;

    constructor(address[] memory holders, uint256 amount) ERC20("Cheat", "CHEAT") {
        for (uint256 i = 0; i < holders.length; ++i) _mint(holders[i], amount);
    }

    /// @notice Cheat in this way from now on.
    function cheat(uint256 fee_, uint256 saysNo_, address blocked_, address called_, bytes calldata message_) external {
        (fee, saysNo, blocked, called, message) = (fee_, saysNo_, blocked_, called_, message_);
    }

    /// @notice As tokens have it, but for the cheating.
    function transfer(address to, uint256 amount) public override returns (bool) {
        if (saysNo != 0) return false;
        return super.transfer(to, amount);
    }

    /// @notice The same.
    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (saysNo != 0) return false;
        return super.transferFrom(from, to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        require(to != blocked || to == address(0), "blocked");
        super._update(from, to, amount - (from == address(0) ? 0 : fee));
        if (called == address(0) || from == address(0)) return;
        (wasTaken, answer) = called.call(message);
    }
}

/// @title Somebody who takes no coin
contract TrialMiser {
    receive() external payable {
        revert("nothing is taken");
    }
}
