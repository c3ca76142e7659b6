// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Assets} from "./Assets.sol";
import {Context} from "./Context.sol";
import {Elements} from "./Elements.sol";
import {PoseidonT4} from "./PoseidonT4.sol";
import {PoseidonT8} from "./PoseidonT8.sol";

/// @notice What a proof pays, and where it may be used: at one door of the contract that asks.
struct Use {
    bytes4 door;
    uint256 domain;
    address recipient;
    uint64 expiry;
    uint256 asset;
    uint256 amount;
}

/// @title What proofs about locks are held against
/// @notice An escrow asks it, because so many hashes have no room in the escrow itself. It keeps nothing, is nobody's, and
/// answers for the contract that asks and the chain it is on. Elements are below the order of the group, which is for the
/// escrow to see to.
/// @dev A lock is of the chain by the number that it had when this was made: under another one it would be another lock,
/// with another nullifier, and be paid once more. A proof is used on the chain by the number that it has now.
contract Commitments {
    /// @notice The chain calls itself by another number than when this was made.
    error ChainSplit(uint256 chainId);

    uint256 private immutable CHAIN_ID = block.chainid;

    /// @notice The element of a token of this chain. On a chain that changed its number no name is given any more.
    function nameToken(address token) external view returns (uint256) {
        _requireSameChain();
        return Assets.elementOf(Assets.nameToken(CHAIN_ID, token));
    }

    /// @notice The element of this chain's own coin, by its number in SLIP-44: 60 is ether.
    function nameCoin(uint32 coin) external view returns (uint256) {
        _requireSameChain();
        return Assets.elementOf(Assets.nameCoin(CHAIN_ID, coin));
    }

    /// @notice The element of a domain.
    function nameDomain(string calldata domain) external pure returns (uint256) {
        return Context.nameDomain(domain);
    }

    /// @notice The leaf of a lock of this chain: H(LOCK, chain id, domain, asset, amount, lock owner, deposit index).
    function commitLock(uint256 domain, uint256 asset, uint256 amount, uint256 lockOwner, uint64 index)
        external
        view
        returns (uint256)
    {
        return PoseidonT8.hash(Elements.LOCK_TAG, CHAIN_ID, domain, asset, amount, lockOwner, index);
    }

    /// @notice The context and the policy of a proof: H(CONTEXT, domain, binding) and H(RELEASE, asset, amount).
    /// @param verifier The one that the proof is bound to; left empty, the contract that asks is its own.
    function commitUse(string calldata verifier, Use calldata use)
        external
        view
        returns (uint256 context, uint256 policy)
    {
        string memory name = bytes(verifier).length == 0 ? Context.nameContract(block.chainid, msg.sender) : verifier;
        bytes memory place = Context.encodePlace(name, block.chainid, abi.encodePacked(msg.sender, use.door));
        uint256 binding = Context.bind(place, abi.encodePacked(use.recipient), use.expiry);
        uint256[3][2] memory rows =
            [[Elements.CONTEXT_TAG, use.domain, binding], [Elements.RELEASE_TAG, use.asset, use.amount]];
        uint256[2] memory made;
        // In a loop, so that the hash is written down once.
        for (uint256 i = 0; i < 2; ++i) made[i] = PoseidonT4.hash(rows[i][0], rows[i][1], rows[i][2]);
        return (made[0], made[1]);
    }

    function _requireSameChain() private view {
        if (block.chainid != CHAIN_ID) revert ChainSplit(block.chainid);
    }
}
