// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Elements that statements and contracts share
/// @notice Written by `python -m chains.elements`; a test holds that it is what it would write today.
library Elements {
    /// @dev The order of the group: every public input is below it.
    uint256 internal constant ORDER = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;
    /// @dev Amounts are below it.
    uint256 internal constant AMOUNTS = 0x100000000000000000000000000000000;
    /// @dev So many locks the tree of a chain has room for.
    uint256 internal constant DEPOSITS = 0x1000000;
    /// @dev Whatever is named for this product begins with it.
    string internal constant NAMESPACE = "ringfence.v1.";
    /// @dev The first input of every hash of a context.
    uint256 internal constant CONTEXT_TAG = 0x6b6231ee29dc38ad32cc2aa5c1100f258dd992d2a2e81005a0c92d86570603;
    /// @dev The first input of every hash of a lock.
    uint256 internal constant LOCK_TAG = 0x19bc36a038a9b7d1bb5bb20a9d8e9c3e971c32cc96fca86b90f31c093419b1;
    /// @dev The first input of every hash of a release.
    uint256 internal constant RELEASE_TAG = 0x15521e0d0957419e321bf1c8ea5ed83c29f4d4c3db2d2a64edfafe217a8d44;
    /// @dev What stands in the input book_root of a statement that does not use it.
    uint256 internal constant UNUSED_BOOK_ROOT = 0xd4e9daa6eb4e7466025e57f5aa2aa7386dfd0b2bef84d8a6f69af208b948cf4;
    /// @dev What stands in the input market_root of a statement that does not use it.
    uint256 internal constant UNUSED_MARKET_ROOT = 0x271838f5dc43a3375764e70348e6f629866e1bbcdf6ac6fe321893eba5bac609;
    /// @dev What stands in the input lock_root of a statement that does not use it.
    uint256 internal constant UNUSED_LOCK_ROOT = 0x68741cd07e60cb784c16fd85baa173d6bfe279c43536f6a3b1705d107e0c30b;
    /// @dev What stands in the input position_tag of a statement that does not use it.
    uint256 internal constant UNUSED_POSITION_TAG = 0x17d802ae99a6e8f057e0cf211668fcdff4fafdb4ed1399dcb51cdc8b9fa372bd;
}
