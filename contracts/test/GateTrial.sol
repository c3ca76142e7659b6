// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Claim, ProofGate} from "../src/ProofGate.sol";

/// @title A verifier of proofs about a position alone that takes what a trial says
/// @notice As the one of proofs with a lock: whatever begins with one is valid.
contract TrialBareProofs {
    error ProofInvalid();

    bytes32 public constant KEY_ID = 0;
    bool public constant IS_FOR_DEVELOPMENT = false;

    /// @notice As verifiers have it.
    function requireProof(uint256[8] calldata proof, uint256[6] calldata) external pure {
        if (proof[0] != 1) revert ProofInvalid();
    }
}

/// @title Whoever does everything with a gate, in any order
/// @notice Proves whatever it likes, does random things, and keeps its own books of what was taken. After each of them
/// these are held against what the gate says of the acceptance, and against the hash that it keeps.
contract GateTrial {
    error BooksDiffer(string what, uint256 found, uint256 expected);

    /// @dev What was taken of a lock: a lapse of zero is that of a lock that was let go.
    struct Standing {
        bool isTaken;
        uint256 positionTag;
        bytes recipient;
        uint64 lapsesAt;
        uint64 revision;
    }

    /// @dev So many locks are played with at a time, and so many of them are others the next time.
    uint256 private constant LOCKS = 12;
    uint256 private constant NEW_LOCKS = 4;
    uint256 private constant TAGS = 2;

    ProofGate private gate;
    uint256[3] private roots;
    uint256 private dice;
    uint256 private firstLock;
    bytes32 private chained;
    mapping(uint256 nullifier => Standing) private standings;

    /// @notice How often each kind of action was taken.
    uint256[5] public taken;

    /// @notice What it plays with, and the roots that count there.
    function begin(ProofGate gate_, uint256[3] calldata roots_) external {
        (gate, roots, chained) = (gate_, roots_, bytes32(gate_.DOMAIN()));
    }

    /// @notice So many actions.
    function play(uint256 seed, uint256 actions) external {
        dice = uint256(keccak256(abi.encode(seed)));
        firstLock += NEW_LOCKS;
        for (uint256 i = 0; i < actions; ++i) _act();
    }

    function _roll(uint256 sides) private returns (uint256) {
        dice = uint256(keccak256(abi.encode(dice)));
        return dice % sides;
    }

    function _act() private {
        uint256 what = _roll(20);
        Claim memory claim = _claim();
        Standing storage standing = standings[claim.nullifier];
        if (standing.isTaken && _roll(3) != 0) {
            (claim.positionTag, claim.recipient) = (standing.positionTag, standing.recipient);
        }
        if (what < 8) _accept(claim, standing);
        else if (what < 15) _refresh(claim, standing);
        else if (what < 17) _free(claim, standing);
        else if (what < 19) _letGo(claim, standing);
        else if (_roll(10) == 0) _pause();
        _compare(claim.nullifier, standing);
    }

    /// @dev Anything: a lock that is nothing, a proof whose time is over, nobody who benefits.
    function _claim() private returns (Claim memory) {
        uint256 who = _roll(8);
        bytes memory recipient = who < 5 ? abi.encodePacked(address(this)) : new bytes(who == 5 ? 0 : 32 * (who - 5) - 1);
        return Claim({
            bookRoot: roots[0],
            marketRoot: roots[1],
            lockRoot: roots[_roll(20) == 0 ? 0 : 2],
            positionTag: _roll(TAGS + 1),
            nullifier: _roll(40) == 0 ? 0 : firstLock + _roll(LOCKS),
            recipient: recipient,
            expiry: uint64(block.timestamp + _roll(2 * gate.PERIOD()))
        });
    }

    function _accept(Claim memory claim, Standing storage standing) private {
        if (!_call(0, abi.encodeCall(gate.accept, (claim, _proof())))) return;
        if (standing.isTaken) revert BooksDiffer("taken twice", claim.nullifier, 0);
        (standing.isTaken, standing.positionTag, standing.recipient) = (true, claim.positionTag, claim.recipient);
        standing.lapsesAt = _end(claim);
        _chain(claim.nullifier, standing);
    }

    function _refresh(Claim memory claim, Standing storage standing) private {
        if (!_call(1, abi.encodeCall(gate.refresh, (claim, _proof())))) return;
        if (_end(claim) > standing.lapsesAt) standing.lapsesAt = _end(claim);
        ++standing.revision;
        _chain(claim.nullifier, standing);
    }

    function _free(Claim memory claim, Standing storage standing) private {
        if (_call(2, abi.encodeCall(gate.free, (claim, _proof())))) _leave(claim.nullifier, standing);
    }

    function _letGo(Claim memory claim, Standing storage standing) private {
        bytes memory call = abi.encodeCall(gate.letGo, (claim.nullifier, claim.positionTag));
        if (_call(3, call)) _leave(claim.nullifier, standing);
    }

    function _pause() private {
        _call(4, abi.encodeCall(gate.pause, ()));
    }

    function _leave(uint256 nullifier, Standing storage standing) private {
        standing.lapsesAt = 0;
        ++standing.revision;
        _chain(nullifier, standing);
    }

    function _call(uint256 kind, bytes memory call) private returns (bool done) {
        (done,) = address(gate).call(call);
        if (done) ++taken[kind];
    }

    function _proof() private returns (uint256[8] memory proof) {
        proof[0] = _roll(9) == 0 ? 0 : 1;
    }

    function _end(Claim memory claim) private view returns (uint64) {
        uint64 end = uint64(block.timestamp) + gate.PERIOD();
        return claim.expiry < end ? claim.expiry : end;
    }

    function _chain(uint256 nullifier, Standing storage standing) private {
        uint256 bond = uint192(uint256(keccak256(abi.encodePacked(standing.positionTag, standing.recipient))));
        chained = keccak256(
            abi.encode(chained, nullifier, bond | 1 << 191, standing.lapsesAt, standing.revision, block.timestamp)
        );
    }

    function _compare(uint256 nullifier, Standing storage standing) private view {
        if (gate.chained() != chained) revert BooksDiffer("chained", uint256(gate.chained()), uint256(chained));
        (uint8 state, uint64 revision, uint64 lapsesAt) = gate.find(nullifier);
        if ((state != 0) != standing.isTaken) revert BooksDiffer("state", state, nullifier);
        if (revision != standing.revision) revert BooksDiffer("revision", revision, standing.revision);
        if (lapsesAt != standing.lapsesAt) revert BooksDiffer("lapsesAt", lapsesAt, standing.lapsesAt);
    }
}
