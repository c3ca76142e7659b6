// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Council} from "./Council.sol";
import {Elements} from "./Elements.sol";

/// @title Roots that committees vouch for
/// @notice A root of positions, of market facts or of locks counts here once the committee of its kind has signed it.
/// Its age is that of the facts in it, not of the transaction that brought it.
/// @dev Roots may come in any order, since proofs are made against the one that was newest when they were: nothing that
/// is posted can keep another from being posted. What is old is seen by its moment.
abstract contract RootBoard is Council {
    /// @notice There are roots of books, markets and locks, and no others.
    error KindUnknown(uint8 kind);
    /// @notice Zero, or not below the order of the group.
    error RootMalformed(uint256 root);
    /// @notice Sequences begin at one.
    error SequenceMalformed();
    /// @notice The facts are from no time, or from one that has not come.
    error MomentMalformed(uint64 moment);
    /// @notice The governors have disowned it, and it never counts again.
    error RootDisowned(uint8 kind, uint256 root);
    /// @notice Nobody vouched for it.
    error RootUnknown(uint8 kind, uint256 root);
    /// @notice Its facts are older than is allowed.
    error RootStale(uint8 kind, uint256 root, uint64 moment);
    /// @notice It was posted so lately that nobody can have looked at it; it counts from then on.
    error RootUnripe(uint8 kind, uint256 root, uint64 ripeAt);

    /// @notice The committee of a kind vouches for a root; its facts are of `moment`.
    event RootPosted(uint8 indexed kind, uint256 indexed root, uint64 sequence, uint64 moment);
    /// @notice A root was found to be wrong.
    event RootTakenBack(uint8 indexed kind, uint256 indexed root);

    /// @dev What is known of a root: when its facts were so, and when it was posted first.
    struct Posting {
        uint64 moment;
        uint64 postedAt;
        bool isDisowned;
    }

    /// @dev Of a kind the one with the newest facts.
    struct Newest {
        uint64 sequence;
        uint64 moment;
    }

    /// @notice Root of the positions of a venue.
    uint8 public constant BOOK = 1;
    /// @notice Root of the markets, assets and instruments of an oracle round.
    uint8 public constant MARKET = 2;
    /// @notice Root of locks.
    uint8 public constant LOCK = 3;
    /// @notice Who vouches for roots of each kind.
    bytes32 public constant BOOK_COMMITTEE = keccak256("ringfence.v1.role:book");
    bytes32 public constant MARKET_COMMITTEE = keccak256("ringfence.v1.role:market");
    bytes32 public constant LOCK_COMMITTEE = keccak256("ringfence.v1.role:lock");
    /// @notice By so many seconds clocks may differ.
    uint64 public constant MAX_AHEAD_SECONDS = 60;

    bytes32 private constant POST_TYPE =
        keccak256("RootPost(uint8 kind,uint256 root,uint64 sequence,uint64 moment)");
    bytes32 private constant DISOWNING_TYPE = keccak256("RootDisowning(uint8 kind,uint256 root)");

    mapping(uint8 kind => mapping(uint256 root => Posting)) private _postings;
    mapping(uint8 kind => Newest) private _newest;

    /// @notice Vouch for a root; what is known already changes nothing.
    /// @param sequence The number that it has among those of its kind.
    /// @param moment When the facts in it were so.
    /// @param signatures Of the committee of the kind, over `RootPost`.
    function postRoot(uint8 kind, uint256 root, uint64 sequence, uint64 moment, bytes[] calldata signatures) external {
        bytes32 post = keccak256(abi.encode(POST_TYPE, kind, root, sequence, moment));
        _requireQuorum(committeeForRoots(kind), post, signatures);
        if (root == 0 || root >= Elements.ORDER) revert RootMalformed(root);
        if (sequence == 0) revert SequenceMalformed();
        if (moment == 0 || moment > block.timestamp + MAX_AHEAD_SECONDS) revert MomentMalformed(moment);
        Posting memory posting = _postings[kind][root];
        if (posting.isDisowned) revert RootDisowned(kind, root);
        if (moment <= posting.moment) return;
        uint64 since = posting.postedAt == 0 ? uint64(block.timestamp) : posting.postedAt;
        _postings[kind][root] = Posting(moment, since, false);
        if (moment >= _newest[kind].moment) _newest[kind] = Newest(sequence, moment);
        emit RootPosted(kind, root, sequence, moment);
    }

    /// @notice Take back a root that is wrong, whether it was posted or may yet be; again it changes nothing.
    /// @param signatures Of the governors, over `RootDisowning`.
    function disownRoot(uint8 kind, uint256 root, bytes[] calldata signatures) external {
        committeeForRoots(kind);
        _requireQuorum(GOVERNORS, keccak256(abi.encode(DISOWNING_TYPE, kind, root)), signatures);
        Posting storage posting = _postings[kind][root];
        if (posting.isDisowned) return;
        posting.isDisowned = true;
        emit RootTakenBack(kind, root);
    }

    /// @notice Of when the facts under a root are; 0 where it does not count.
    function momentOf(uint8 kind, uint256 root) public view returns (uint64) {
        Posting memory posting = _postings[kind][root];
        return posting.isDisowned ? 0 : posting.moment;
    }

    /// @notice Since when a root stands here; 0 where it does not count.
    function postedAt(uint8 kind, uint256 root) external view returns (uint64) {
        Posting memory posting = _postings[kind][root];
        return posting.isDisowned ? 0 : posting.postedAt;
    }

    /// @notice The sequence and the moment of the root of a kind with the newest facts; zeros where there is none.
    function newestOf(uint8 kind) external view returns (uint64 sequence, uint64 moment) {
        Newest memory newest = _newest[kind];
        return (newest.sequence, newest.moment);
    }

    /// @notice The role of those who vouch for roots of a kind.
    function committeeForRoots(uint8 kind) public pure returns (bytes32) {
        if (kind == BOOK) return BOOK_COMMITTEE;
        if (kind == MARKET) return MARKET_COMMITTEE;
        if (kind == LOCK) return LOCK_COMMITTEE;
        revert KindUnknown(kind);
    }

    /// @dev Returns if a root counts and its facts are not older than so many seconds.
    function _requireFresh(uint8 kind, uint256 root, uint64 maxAge) internal view {
        uint64 moment = _requirePosted(kind, root).moment;
        if (block.timestamp > uint256(moment) + maxAge) revert RootStale(kind, root, moment);
    }

    /// @dev Returns if a root counts and was posted so many seconds ago: long enough for somebody to look at it.
    function _requireRipe(uint8 kind, uint256 root, uint64 delay) internal view {
        uint64 ripeAt = _requirePosted(kind, root).postedAt + delay;
        if (block.timestamp < ripeAt) revert RootUnripe(kind, root, ripeAt);
    }

    function _requirePosted(uint8 kind, uint256 root) private view returns (Posting memory posting) {
        posting = _postings[kind][root];
        if (posting.isDisowned) revert RootDisowned(kind, root);
        if (posting.moment == 0) revert RootUnknown(kind, root);
    }
}
