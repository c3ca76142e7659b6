// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Attestation, Attestations} from "./Attestations.sol";
import {Charter, Council} from "./Council.sol";

/// @title A gate that opens on the word of verifiers
/// @notice Takes attestations of acceptances that are good here, from m of n verifiers of one registry of nullifiers,
/// and remembers of each acceptance what was said last and of each nullifier whose it is. Whoever brings an attestation
/// is nobody in particular: it is the same from anybody, and again it changes nothing.
contract AttestationGate is Council {
    /// @notice Something newer is known of the acceptance.
    error RevisionTooLow(bytes32 acceptance, uint64 found, uint64 known);
    /// @notice The nullifier belongs to another acceptance, for ever.
    error NullifierTaken(uint256 nullifier, bytes32 acceptance);
    /// @notice The nullifier was held by the acceptance and has left it; it never comes back.
    error NullifierSpent(uint256 nullifier);
    /// @notice The acceptance has ended in a state that nothing follows, or not this.
    error AcceptanceEnded(bytes32 acceptance, uint8 state);
    /// @notice The governors have struck it: it is not relied on any more, whatever verifiers say.
    error AcceptanceStruck(bytes32 acceptance);
    /// @notice No proof is good for so long.
    error PeriodTooLong(uint64 moment, uint64 lapsesAt);
    /// @notice It has lapsed, or lapsed before it was said.
    error Expired(uint64 lapsesAt);
    /// @notice It was said by a clock that is ahead.
    error FromTheFuture(uint64 moment);

    /// @notice What has become of an acceptance. `state`: 1 accepted, 2 refreshed: live; 3 released, 4 lapsed,
    /// 5 seized.
    event Attested(
        bytes32 indexed acceptance,
        bytes indexed recipient,
        uint8 state,
        uint64 revision,
        uint64 lapsesAt,
        uint256 policy,
        uint256[] held
    );
    /// @notice The governors have struck an acceptance.
    event Struck(bytes32 indexed acceptance);
    /// @notice A nullifier has left the acceptance whose it is, and never comes back.
    event NullifierLeft(uint256 indexed nullifier, bytes32 indexed acceptance);

    /// @notice What was said last of an acceptance, with how many locks it holds.
    struct Acceptance {
        uint8 state;
        uint8 held;
        uint64 revision;
        uint64 moment;
        uint64 lapsesAt;
    }

    /// @dev What is remembered of an acceptance is one word, written at once: its state in the lowest eight bits; how
    /// many locks it holds, as was said last; how many it ever claimed that are not known to have left; whether it was
    /// struck; revision, moment and lapse in 64 bits each.
    uint256 private constant HELD = 8;
    uint256 private constant OPEN = 16;
    uint256 private constant STRUCK = 24;
    uint256 private constant REVISION = 32;
    uint256 private constant MOMENT = 96;
    uint256 private constant LAPSE = 160;
    uint256 private constant STRUCK_BIT = 1 << STRUCK;

    bytes32 private constant STRIKE_TYPE = keccak256("Strike(bytes32 acceptance)");

    /// @notice The role of those whose word counts.
    bytes32 public constant VERIFIERS = keccak256("ringfence.v1.role:verifiers");

    /// @notice Keccak-256 of the verifier's name.
    bytes32 public immutable VERIFIER;
    /// @notice Keccak-256 of the name of its registry of nullifiers.
    bytes32 public immutable DOMAIN;
    /// @notice Whether acceptances count here that were made under keys for development, which prove nothing; then no
    /// others do.
    bool public immutable IS_FOR_DEVELOPMENT;

    mapping(bytes32 acceptance => uint256) private _kept;
    /// @notice Whose a nullifier is, for ever; zero where nobody has shown it.
    mapping(uint256 nullifier => bytes32 acceptance) public acceptanceOf;
    /// @notice Whether a nullifier was held once and is no more.
    mapping(uint256 nullifier => bool) public hasLeft;

    /// @param charter The governors, and the verifiers.
    constructor(Charter memory charter, string memory verifier, string memory domain, bool isForDevelopment)
        Council(charter)
    {
        VERIFIER = keccak256(bytes(verifier));
        DOMAIN = keccak256(bytes(domain));
        IS_FOR_DEVELOPMENT = isForDevelopment;
    }

    /// @notice Take what verifiers say of an acceptance. What is known already, by its revision, changes nothing; of
    /// what comes late only those locks are written down that left by it, since what left never comes back.
    /// @param signatures Of the verifiers, by rising addresses.
    function submit(Attestation calldata attestation, bytes[] calldata signatures) external {
        (uint256[] calldata held, uint256[] calldata left) = (attestation.held, attestation.left);
        Attestations.requireSense(attestation, held, left);
        bytes32 said = Attestations.hash(attestation, held, left, VERIFIER, DOMAIN, IS_FOR_DEVELOPMENT);
        _requireQuorum(VERIFIERS, said, signatures);
        bytes32 id = attestation.acceptance;
        uint256 kept = _kept[id];
        uint8 known = uint8(kept);
        (uint8 state, uint64 revision) = (attestation.state, attestation.revision);
        if (known != 0) {
            uint64 knownRevision = uint64(kept >> REVISION);
            if (revision == knownRevision) return;
            if (revision < knownRevision) {
                if (left.length == 0) revert RevisionTooLow(id, revision, knownRevision);
                uint256 open = _letGo(left, id, uint8(kept >> OPEN));
                _kept[id] = kept & ~(uint256(type(uint8).max) << OPEN) | open << OPEN;
                return;
            }
            if (!_mayFollow(known, state)) revert AcceptanceEnded(id, known);
        }
        if (Attestations.isLive(state)) {
            if (kept & STRUCK_BIT != 0) revert AcceptanceStruck(id);
            if (known == 0) _requireRunning();
        }
        (uint64 moment, uint64 lapsesAt) = (attestation.moment, attestation.lapsesAt);
        _requireTimely(moment, lapsesAt, state);
        // What is held is at most 64 locks, or the attestation made no sense.
        _kept[id] = uint256(state) | held.length << HELD
            | _letGo(left, id, _hold(held, id, uint8(kept >> OPEN))) << OPEN | kept & STRUCK_BIT
            | uint256(revision) << REVISION | uint256(moment) << MOMENT | uint256(lapsesAt) << LAPSE;
        emit Attested(id, attestation.recipient, state, revision, lapsesAt, attestation.policy, held);
    }

    /// @notice Rely no more on an acceptance, as on one that was signed with a stolen key; again it changes nothing.
    /// @param signatures Of the governors, over `Strike`.
    function strike(bytes32 acceptance, bytes[] calldata signatures) external {
        _requireQuorum(GOVERNORS, keccak256(abi.encode(STRIKE_TYPE, acceptance)), signatures);
        if (isStruck(acceptance)) return;
        _kept[acceptance] |= STRUCK_BIT;
        emit Struck(acceptance);
    }

    /// @notice Whether an acceptance can be relied on now.
    function isLive(bytes32 acceptance) public view returns (bool) {
        Acceptance memory found = find(acceptance);
        return Attestations.isLive(found.state) && block.timestamp < found.lapsesAt && !isStruck(acceptance);
    }

    /// @notice Whether a lock is held now, by an acceptance that can be relied on. Where a word is missing by which
    /// locks left, nobody knows which, and none of the acceptance's is.
    function isHeld(uint256 nullifier) external view returns (bool) {
        bytes32 acceptance = acceptanceOf[nullifier];
        uint256 kept = _kept[acceptance];
        return isLive(acceptance) && !hasLeft[nullifier] && uint8(kept >> HELD) == uint8(kept >> OPEN);
    }

    /// @notice What was said last of an acceptance; all zeros where nothing was.
    function find(bytes32 acceptance) public view returns (Acceptance memory) {
        uint256 kept = _kept[acceptance];
        return Acceptance(
            uint8(kept), uint8(kept >> HELD), uint64(kept >> REVISION), uint64(kept >> MOMENT), uint64(kept >> LAPSE)
        );
    }

    /// @notice Whether the governors have struck an acceptance.
    function isStruck(bytes32 acceptance) public view returns (bool) {
        return _kept[acceptance] & STRUCK_BIT != 0;
    }

    /// @dev What lives may become anything; what lapsed may be seized, lock by lock; what was released is over.
    function _mayFollow(uint8 known, uint8 state) private pure returns (bool) {
        if (Attestations.isLive(known)) return true;
        return known != Attestations.RELEASED && state == Attestations.SEIZED;
    }

    /// @dev The word of the verifiers is read by every attestation.
    function _busiestRole() internal pure override returns (bytes32) {
        return VERIFIERS;
    }

    function _requireTimely(uint64 moment, uint64 lapsesAt, uint8 state) private view {
        if (moment > block.timestamp + Attestations.MAX_AHEAD_SECONDS) revert FromTheFuture(moment);
        if (lapsesAt > uint256(moment) + Attestations.MAX_PERIOD_SECONDS) revert PeriodTooLong(moment, lapsesAt);
        if (Attestations.isLive(state) && (block.timestamp >= lapsesAt || moment >= lapsesAt)) revert Expired(lapsesAt);
    }

    /// @dev Claims what is held; returns how many are open after that.
    function _hold(uint256[] calldata nullifiers, bytes32 id, uint256 open) private returns (uint256) {
        for (uint256 i = 0; i < nullifiers.length; ++i) {
            uint256 nullifier = nullifiers[i];
            if (_claim(nullifier, id)) ++open;
            else if (hasLeft[nullifier]) revert NullifierSpent(nullifier);
        }
        return SafeCast.toUint8(open);
    }

    /// @dev Marks what left for good; returns how many are open after that.
    function _letGo(uint256[] calldata nullifiers, bytes32 id, uint256 open) private returns (uint256) {
        for (uint256 i = 0; i < nullifiers.length; ++i) {
            uint256 nullifier = nullifiers[i];
            bool isNew = _claim(nullifier, id);
            if (hasLeft[nullifier]) revert NullifierSpent(nullifier);
            if (!isNew) --open;
            hasLeft[nullifier] = true;
            emit NullifierLeft(nullifier, id);
        }
        return open;
    }

    /// @dev Whether the nullifier is new; if it is not, it is this acceptance's.
    function _claim(uint256 nullifier, bytes32 id) private returns (bool isNew) {
        bytes32 owner = acceptanceOf[nullifier];
        if (owner == id) return false;
        if (owner != 0) revert NullifierTaken(nullifier, owner);
        acceptanceOf[nullifier] = id;
        return true;
    }
}
