// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title Dollars of a trial, worth nothing anywhere
/// @notice A token as most are, with six decimals; all of it belongs to those whom the constructor names.
contract TrialDollars is ERC20 {
    constructor(address[] memory holders, uint256 amount) ERC20("Dollars of a trial", "USDC") {
        for (uint256 i = 0; i < holders.length; ++i) _mint(holders[i], amount);
    }

    /// @notice In how many digits behind the point it is counted.
    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
