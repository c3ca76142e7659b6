// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Chronicle} from "./Chronicle.sol";
import {Charter, Council} from "./Council.sol";
import {Context} from "./Context.sol";
import {Elements} from "./Elements.sol";
import {IBareProofVerifier} from "./IBareProofVerifier.sol";
import {IProofVerifier} from "./IProofVerifier.sol";
import {RootBoard} from "./RootBoard.sol";

/// @notice What a trader shows of a lock and of the position that it stands for.
struct Claim {
    uint256 bookRoot;
    uint256 marketRoot;
    uint256 lockRoot;
    uint256 positionTag;
    uint256 nullifier;
    /// Who benefits, as its chain writes it, 1 to 64 bytes.
    bytes recipient;
    /// The proof is good before this second.
    uint64 expiry;
}

/// @notice What a gate asks for: the keys, the words of the policies at entry and for upkeep, for how many seconds one
/// proof is good, how old the facts of each kind may be, and whether keys count that were made for development.
struct Terms {
    IProofVerifier verifier;
    IBareProofVerifier bareVerifier;
    uint256 entryPolicy;
    uint256 upkeepPolicy;
    uint64 period;
    uint64 maxBookAge;
    uint64 maxMarketAge;
    uint64 maxLockAge;
    bool isForDevelopment;
}

/// @title A gate that opens on a proof
/// @notice Checks itself that a position is collateralised by a lock on another chain, against roots that committees
/// vouch for. It is its own registry of nullifiers: a lock names this gate as its domain when it is made, and no other
/// registry takes it. One acceptance holds one lock and is named by its nullifier.
/// @dev `chained` goes over acceptances as they stand, each time that one changes. It begins with the domain, so that no
/// two gates have the same, and the first acceptance pays no more than each later one.
contract ProofGate is RootBoard, Chronicle {
    /// @notice Zero, where nothing can be zero.
    error ClaimMalformed(string field);
    /// @notice The lock is an acceptance's already, or was once.
    error NullifierTaken(uint256 nullifier);
    /// @notice Nobody has shown the lock here.
    error AcceptanceUnknown(uint256 nullifier);
    /// @notice The acceptance was made for another position or another recipient.
    error WrongPosition(uint256 nullifier);
    /// @notice The acceptance has lapsed.
    error Lapsed(uint256 nullifier, uint64 lapsesAt);
    /// @notice The acceptance was released.
    error Released(uint256 nullifier);
    /// @notice The proof was good until then.
    error Expired(uint64 expiry);
    /// @notice The key was made for development, and the gate was not.
    error KeyForDevelopment(bytes32 keyId);
    /// @notice A term that no gate can have.
    error TermsMalformed(string field);
    /// @notice The chain calls itself by another number than when the gate was made.
    error ChainSplit(uint256 chainId);

    /// @notice A lock is held for a recipient until `lapsesAt`, unless it is refreshed.
    event Accepted(
        uint256 indexed nullifier, bytes indexed recipient, uint256 indexed positionTag, uint64 lapsesAt, Claim claim
    );
    /// @notice It is held for longer, on a proof about the same position.
    event Refreshed(uint256 indexed nullifier, uint24 revision, uint64 lapsesAt);
    /// @notice It is held no more: the position does without it, or the recipient let it go.
    event Freed(uint256 indexed nullifier, uint24 revision);

    /// @dev What is remembered of an acceptance: one word. `bond` is what it was made for, the position tag and the
    /// recipient, as 192 bits of a hash: two that are alike are as hard to find as a forged proof. A lapse of zero is
    /// that of an acceptance that was released.
    struct Acceptance {
        uint192 bond;
        uint40 lapsesAt;
        uint24 revision;
    }

    uint8 private constant ACCEPTED = 1;
    uint8 private constant REFRESHED = 2;
    uint8 private constant RELEASED = 3;
    uint8 private constant LAPSED = 4;

    /// @dev Of a policy: the requirement, the shock and the buffer, without the least value of a basket.
    uint256 private constant POLICY_WITHOUT_BASKET = (1 << 41) - 1;
    /// @dev Of a policy: whether the maintenance requirement is asked for.
    uint256 private constant MAINTENANCE = 1;
    uint256 private constant MAX_PERIOD_SECONDS = 366 days;
    /// @dev What stands in a binding before the name of the verifier: 21 bytes that every binding begins with, the
    /// length of the name in two; and of the chain after it.
    uint256 private constant BEFORE_NAME = 23;
    uint256 private constant CHAIN_ID_BYTES = 8;
    /// @dev Of an address in a binding, with its length before it.
    uint256 private constant ADDRESS_BYTES = 22;
    /// @dev Address, selector, nullifier.
    uint16 private constant DOOR_BYTES = 20 + 4 + 32;

    /// @notice Checks proofs about a position and a lock.
    IProofVerifier public immutable VERIFIER;
    /// @notice Checks proofs about a position alone.
    IBareProofVerifier public immutable BARE_VERIFIER;
    /// @notice The element of the registry of nullifiers that this gate is.
    uint256 public immutable DOMAIN;
    /// @notice What has to be proved to be accepted.
    uint256 public immutable ENTRY_POLICY;
    /// @notice What has to be proved to be refreshed.
    uint256 public immutable UPKEEP_POLICY;
    /// @notice What has to be proved without the lock for it to go: what is asked at entry, of the initial requirement.
    uint256 public immutable EXIT_POLICY;
    /// @notice So many seconds one proof is good for.
    uint64 public immutable PERIOD;
    /// @notice So many seconds old the facts of a kind may be.
    uint64 public immutable MAX_BOOK_AGE;
    uint64 public immutable MAX_MARKET_AGE;
    uint64 public immutable MAX_LOCK_AGE;
    /// @notice Whether keys count that were made for development, which prove nothing.
    bool public immutable IS_FOR_DEVELOPMENT;

    uint256 private immutable CHAIN_ID;
    // The bytes of every binding here up to its recipient: as many of these words' bytes as there are, the last of them
    // the length of an address and this one.
    bytes32 private immutable PLACE_1;
    bytes32 private immutable PLACE_2;
    bytes32 private immutable PLACE_3;
    bytes32 private immutable PLACE_4;
    uint256 private immutable PLACE_LENGTH;

    mapping(uint256 nullifier => Acceptance) private _acceptances;

    /// @param charter The governors, and who vouches for roots of books, markets and locks.
    constructor(Charter memory charter, Terms memory terms) Council(charter) {
        _requireTerms(terms);
        VERIFIER = terms.verifier;
        BARE_VERIFIER = terms.bareVerifier;
        ENTRY_POLICY = terms.entryPolicy;
        UPKEEP_POLICY = terms.upkeepPolicy;
        EXIT_POLICY = terms.entryPolicy & POLICY_WITHOUT_BASKET & ~MAINTENANCE;
        PERIOD = terms.period;
        MAX_BOOK_AGE = terms.maxBookAge;
        MAX_MARKET_AGE = terms.maxMarketAge;
        MAX_LOCK_AGE = terms.maxLockAge;
        IS_FOR_DEVELOPMENT = terms.isForDevelopment;
        CHAIN_ID = block.chainid;
        string memory called = Context.nameContract(block.chainid, address(this));
        DOMAIN = Context.nameDomain(called);
        chained = bytes32(DOMAIN);
        bytes memory place = Context.encodePlace(called, block.chainid, abi.encodePacked(address(this)));
        PLACE_LENGTH = place.length;
        (PLACE_1, PLACE_2, PLACE_3, PLACE_4) =
            abi.decode(bytes.concat(place, new bytes(128 - place.length)), (bytes32, bytes32, bytes32, bytes32));
    }

    // --- What traders and recipients do -------------------------------------------------------------------

    /// @notice Take a lock as collateral of a position, on a proof that both suffice.
    function accept(Claim calldata claim, uint256[8] calldata proof) external {
        _requireRunning();
        if (claim.nullifier == 0) revert ClaimMalformed("nullifier");
        if (_acceptances[claim.nullifier].bond != 0) revert NullifierTaken(claim.nullifier);
        uint40 lapsesAt = _endOfPeriod(claim);
        _requireProved(claim, ENTRY_POLICY, proof);
        _keep(claim.nullifier, Acceptance(_bind(claim.positionTag, claim.recipient), lapsesAt, 0));
        emit Accepted(claim.nullifier, claim.recipient, claim.positionTag, lapsesAt, claim);
    }

    /// @notice Hold a lock for longer, on a proof about the same position for the same recipient; never for a shorter
    /// time than before. What has lapsed stays so. A pause does not stop it: nothing new is taken, and nobody lapses
    /// by it.
    function refresh(Claim calldata claim, uint256[8] calldata proof) external {
        Acceptance memory found = _requireLive(claim.nullifier, claim.positionTag, claim.recipient);
        uint40 lapsesAt = _endOfPeriod(claim);
        _requireProved(claim, UPKEEP_POLICY, proof);
        if (lapsesAt < found.lapsesAt) lapsesAt = found.lapsesAt;
        found = Acceptance(found.bond, lapsesAt, found.revision + 1);
        _keep(claim.nullifier, found);
        emit Refreshed(claim.nullifier, found.revision, lapsesAt);
    }

    /// @notice Let a lock go that the position does without. The claim's lock root is not looked at: no lock counts.
    /// The proof is bound to this lock alone: its place is the door of `free` and the nullifier after it.
    function free(Claim calldata claim, uint256[8] calldata proof) external {
        Acceptance memory found = _requireLive(claim.nullifier, claim.positionTag, claim.recipient);
        _requireFresh(BOOK, claim.bookRoot, MAX_BOOK_AGE);
        _requireFresh(MARKET, claim.marketRoot, MAX_MARKET_AGE);
        uint256[6] memory inputs = [
            claim.bookRoot,
            claim.marketRoot,
            Elements.UNUSED_LOCK_ROOT,
            claim.positionTag,
            _commitContext(_door(claim.nullifier), claim),
            EXIT_POLICY
        ];
        BARE_VERIFIER.requireProof(proof, inputs);
        _letGo(claim.nullifier, found);
    }

    /// @notice Let a lock go because whoever it was pledged to says so, by an account of this chain.
    function letGo(uint256 nullifier, uint256 positionTag) external {
        _letGo(nullifier, _requireLive(nullifier, positionTag, abi.encodePacked(msg.sender)));
    }

    // --- What everybody can read --------------------------------------------------------------------------

    /// @notice Whether a lock is held now, by an acceptance that can be relied on.
    function isHeld(uint256 nullifier) external view returns (bool) {
        return block.timestamp < _acceptances[nullifier].lapsesAt;
    }

    /// @notice What has become of an acceptance: 1 accepted, 2 refreshed: live; 3 released, 4 lapsed; 0 there is none.
    /// A released one has no time at which it lapses.
    function find(uint256 nullifier) external view returns (uint8 state, uint64 revision, uint64 lapsesAt) {
        Acceptance memory found = _acceptances[nullifier];
        if (found.bond == 0) return (0, 0, 0);
        if (found.lapsesAt == 0) state = RELEASED;
        else if (block.timestamp >= found.lapsesAt) state = LAPSED;
        else state = found.revision == 0 ? ACCEPTED : REFRESHED;
        return (state, found.revision, found.lapsesAt);
    }

    /// @notice The context that a proof for a recipient has to have here.
    function contextFor(bytes calldata recipient, uint64 expiry) external view returns (uint256) {
        return Context.commit(DOMAIN, Context.bind(_place(), recipient, expiry));
    }

    /// @notice The name of this gate, as a registry of nullifiers and as a verifier, out of the bytes of its place.
    function name() external view returns (string memory called) {
        bytes memory place = _place();
        uint256 length = PLACE_LENGTH - BEFORE_NAME - CHAIN_ID_BYTES - ADDRESS_BYTES;
        assembly ("memory-safe") {
            called := add(place, BEFORE_NAME)
            mstore(called, length)
        }
    }

    // --- The rules ----------------------------------------------------------------------------------------

    /// @dev What is proved: roots that count, this gate as the place, the policy. The verifier refuses a public input
    /// that is not below r, which would be another one's second name.
    function _requireProved(Claim calldata claim, uint256 policy, uint256[8] calldata proof) private view {
        if (claim.positionTag == 0) revert ClaimMalformed("positionTag");
        _requireFresh(BOOK, claim.bookRoot, MAX_BOOK_AGE);
        _requireFresh(MARKET, claim.marketRoot, MAX_MARKET_AGE);
        _requireFresh(LOCK, claim.lockRoot, MAX_LOCK_AGE);
        uint256[7] memory inputs = [
            claim.bookRoot,
            claim.marketRoot,
            claim.lockRoot,
            claim.positionTag,
            claim.nullifier,
            _commitContext(_place(), claim),
            policy
        ];
        VERIFIER.requireProof(proof, inputs);
    }

    function _commitContext(bytes memory place, Claim calldata claim) private view returns (uint256) {
        if (block.chainid != CHAIN_ID) revert ChainSplit(block.chainid);
        if (block.timestamp >= claim.expiry) revert Expired(claim.expiry);
        return Context.commit(DOMAIN, Context.bind(place, claim.recipient, claim.expiry));
    }

    /// @dev The acceptance of a lock, if it is live and was made for this position and this recipient.
    function _requireLive(uint256 nullifier, uint256 positionTag, bytes memory recipient)
        private
        view
        returns (Acceptance memory found)
    {
        found = _acceptances[nullifier];
        if (found.bond == 0) revert AcceptanceUnknown(nullifier);
        if (found.bond != _bind(positionTag, recipient)) revert WrongPosition(nullifier);
        if (found.lapsesAt == 0) revert Released(nullifier);
        if (block.timestamp >= found.lapsesAt) revert Lapsed(nullifier, found.lapsesAt);
    }

    function _letGo(uint256 nullifier, Acceptance memory found) private {
        _keep(nullifier, Acceptance(found.bond, 0, found.revision + 1));
        emit Freed(nullifier, found.revision + 1);
    }

    /// @dev Remembers how an acceptance stands from now on. Whoever calls it emits the event.
    function _keep(uint256 nullifier, Acceptance memory kept) private {
        _acceptances[nullifier] = kept;
        _chain(abi.encode(nullifier, kept.bond, kept.lapsesAt, kept.revision, block.timestamp));
    }

    /// @dev A proof that expires earlier ends the period earlier.
    function _endOfPeriod(Claim calldata claim) private view returns (uint40) {
        uint256 end = block.timestamp + PERIOD;
        return uint40(claim.expiry < end ? claim.expiry : end);
    }

    /// @dev The top bit is set, so that no bond is zero.
    function _bind(uint256 positionTag, bytes memory recipient) private pure returns (uint192) {
        return uint192(uint256(keccak256(abi.encodePacked(positionTag, recipient)))) | uint192(1) << 191;
    }

    function _place() private view returns (bytes memory) {
        return _takePlace(PLACE_LENGTH);
    }

    /// @dev The door of `free` for one lock, in the place of the contract.
    function _door(uint256 nullifier) private view returns (bytes memory) {
        bytes memory before = _takePlace(PLACE_LENGTH - ADDRESS_BYTES);
        return abi.encodePacked(before, DOOR_BYTES, address(this), this.free.selector, nullifier);
    }

    function _takePlace(uint256 length) private view returns (bytes memory place) {
        place = abi.encodePacked(PLACE_1, PLACE_2, PLACE_3, PLACE_4);
        assembly ("memory-safe") {
            mstore(place, length)
        }
    }

    function _requireTerms(Terms memory terms) private view {
        if (terms.entryPolicy >= Elements.ORDER) revert TermsMalformed("entryPolicy");
        if (terms.upkeepPolicy >= Elements.ORDER) revert TermsMalformed("upkeepPolicy");
        if (terms.period == 0 || terms.period > MAX_PERIOD_SECONDS) revert TermsMalformed("period");
        if (terms.maxBookAge == 0 || terms.maxMarketAge == 0 || terms.maxLockAge == 0) revert TermsMalformed("maxAge");
        if (terms.isForDevelopment) return;
        if (terms.verifier.IS_FOR_DEVELOPMENT()) revert KeyForDevelopment(terms.verifier.KEY_ID());
        if (terms.bareVerifier.IS_FOR_DEVELOPMENT()) revert KeyForDevelopment(terms.bareVerifier.KEY_ID());
    }
}
