// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Context} from "./Context.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @title Assets as facts name them
/// @notice SHA-256("ringfence.v1.asset:" + name) >> 8, where the name is the one of CAIP-19 with addresses in lower case.
library Assets {
    /// @notice `eip155:<chain>/erc20:0x<address in lower case>`.
    function nameToken(uint256 chainId, address token) internal pure returns (string memory) {
        return string.concat("eip155:", Strings.toString(chainId), "/erc20:", Strings.toHexString(token));
    }

    /// @notice `eip155:<chain>/slip44:<number of its coin>`.
    function nameCoin(uint256 chainId, uint32 coin) internal pure returns (string memory) {
        return string.concat("eip155:", Strings.toString(chainId), "/slip44:", Strings.toString(coin));
    }

    /// @notice The element of a name.
    function elementOf(string memory name) internal pure returns (uint256) {
        return Context.derive(string.concat("asset:", name));
    }
}
