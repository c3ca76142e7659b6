// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @notice Who speaks in a role: so many of its members have to agree.
struct Committee {
    bytes32 role;
    address[] members;
    uint8 threshold;
}

/// @notice On what a council begins: the first committee of every role, the governors among them, which speak at once;
/// how many seconds before it speaks each later one has to be appointed, zero where nobody could use the time; and how
/// many seconds a pause lasts, from one to a year's.
struct Charter {
    Committee[] committees;
    uint64 appointmentDelay;
    uint64 pauseLimit;
}

/// @title Committees that sign, and are appointed and revoked in the open
/// @notice A role has at most sixteen members, and more than half of them have to sign for it. Governors are such a
/// role: they appoint the others and themselves, revoke, take back what was wrong and, each alone, pause for a while.
/// Nothing is theirs, and there is no owner.
/// @dev A council is appointed long before it speaks, so that whoever distrusts it can leave first; revoking takes
/// effect at once, in every epoch, for good.
abstract contract Council is EIP712 {
    /// @notice The committee would be empty, too large, or could be outvoted by its other half.
    error CommitteeMalformed(bytes32 role, uint256 members, uint256 threshold);
    /// @notice A committee names its members by rising addresses, none of them zero, so that it has one spelling.
    error MembersNotRising(bytes32 role, address member);
    /// @notice Who was revoked is never appointed again.
    error MemberRevoked(bytes32 role, address member);
    /// @notice A role is founded once; after that its committee is appointed.
    error RoleFounded(bytes32 role);
    /// @notice Nobody was ever named for the role.
    error RoleUnknown(bytes32 role);
    /// @notice The next appointment of the role has another number.
    error EpochNotNext(bytes32 role, uint64 found, uint64 expected);
    /// @notice Fewer signatures, or more of them, than the role can have.
    error SignaturesMiscounted(bytes32 role, uint256 found, uint256 needed);
    /// @notice Not 65 bytes, or `s` in its upper half, or no key could have made it.
    error SignatureMalformed(uint256 index);
    /// @notice Whoever signed speaks not, or no longer, in this role; or signed something else.
    error SignerUnknown(bytes32 role, address signer);
    /// @notice Signatures stand by rising addresses of their signers, so that each counts once.
    error SignersNotRising(address signer);
    /// @notice Only a governor can do this, with a transaction of its own.
    error NotGovernor(address caller);
    /// @notice The contract is paused until then.
    error Paused(uint64 until);
    /// @notice It was paused not long ago; not again before then.
    error PausedLately(uint64 until);
    /// @notice It is not paused.
    error NotPaused();
    /// @notice A pause would have no end, or none at all.
    error PauseLimitMalformed(uint64 limit);

    /// @notice A committee was named; it speaks from `takesEffectAt` on.
    event Appointed(
        bytes32 indexed role, uint64 indexed epoch, address[] members, uint8 threshold, uint64 takesEffectAt
    );
    /// @notice A member will never speak in the role again.
    event Revoked(bytes32 indexed role, address indexed member);
    /// @notice A governor paused what opens and pays out.
    event PauseBegan(address indexed governor, uint64 until);
    /// @notice The governors ended the pause before its time.
    event PauseEnded();

    /// @dev What is known of a role: who speaks now, who will, and from when on. Of one role the word tells of the
    /// pause, too, so that it is read with what is read anyway.
    struct Standing {
        uint32 epoch;
        uint32 nextEpoch;
        uint64 nextAt;
        uint64 pausedUntil;
        uint8 threshold;
        uint8 nextThreshold;
    }

    /// @dev A member speaks in the epochs from first to last. An epoch between them that never took effect is one more
    /// that nobody asks about.
    struct Seat {
        uint32 first;
        uint32 last;
        bool isRevoked;
    }

    /// @notice The role of those who appoint and revoke.
    bytes32 public constant GOVERNORS = keccak256("ringfence.v1.role:governors");
    /// @notice No committee is larger.
    uint256 public constant MAX_MEMBERS = 16;

    bytes32 private constant APPOINTMENT_TYPE =
        keccak256("Appointment(bytes32 role,uint64 epoch,address[] members,uint8 threshold)");
    bytes32 private constant REVOCATION_TYPE = keccak256("Revocation(bytes32 role,address member)");
    bytes32 private constant RESUMPTION_TYPE = keccak256("Resumption(uint64 pausedUntil)");

    /// @notice So many seconds after it was appointed a committee takes effect.
    uint64 public immutable APPOINTMENT_DELAY;
    /// @notice So many seconds a pause lasts at most, and as long it can't be repeated after.
    uint64 public immutable PAUSE_LIMIT;

    mapping(bytes32 role => Standing) private _standings;
    mapping(bytes32 role => mapping(address member => Seat)) private _seats;
    mapping(bytes32 role => mapping(uint256 epoch => address[])) private _members;

    constructor(Charter memory charter) EIP712("Ringfence", "1") {
        if (charter.pauseLimit == 0 || charter.pauseLimit > 366 days) revert PauseLimitMalformed(charter.pauseLimit);
        APPOINTMENT_DELAY = charter.appointmentDelay;
        PAUSE_LIMIT = charter.pauseLimit;
        for (uint256 i = 0; i < charter.committees.length; ++i) _found(charter.committees[i]);
        if (_standings[GOVERNORS].epoch == 0) revert RoleUnknown(GOVERNORS);
    }

    // --- What governors do --------------------------------------------------------------------------------

    /// @notice Name the next committee of a role; one that waits to take effect is replaced by it, and never does.
    /// @param epoch One more than that of the last appointment of the role, so that none is used twice.
    /// @param signatures Of the governors, over `Appointment`.
    function appoint(Committee calldata committee, uint64 epoch, bytes[] calldata signatures) external {
        bytes32 role = committee.role;
        _requireQuorum(GOVERNORS, _hashAppointment(committee, epoch), signatures);
        Standing memory standing = _settle(_standings[role]);
        uint32 next = (standing.nextEpoch == 0 ? standing.epoch : standing.nextEpoch) + 1;
        if (epoch != next) revert EpochNotNext(role, epoch, next);
        _seat(committee, standing.epoch, next);
        standing.nextEpoch = next;
        standing.nextThreshold = committee.threshold;
        standing.nextAt = uint64(block.timestamp) + APPOINTMENT_DELAY;
        _standings[role] = standing;
        emit Appointed(role, epoch, committee.members, committee.threshold, standing.nextAt);
    }

    /// @notice Take a member out of a role at once and for good, whoever appoints it again; again it changes nothing.
    /// @dev Where fewer members are left than have to sign, nothing passes until others were appointed.
    /// @param signatures Of the governors, over `Revocation`.
    function revoke(bytes32 role, address member, bytes[] calldata signatures) external {
        _requireQuorum(GOVERNORS, keccak256(abi.encode(REVOCATION_TYPE, role, member)), signatures);
        Seat storage seat = _seats[role][member];
        if (seat.isRevoked) return;
        seat.isRevoked = true;
        emit Revoked(role, member);
    }

    /// @notice Stop what opens and what pays out, for a while and never again before as long has passed. Ways out that
    /// need nobody stay open.
    function pause() external {
        if (!isMember(GOVERNORS, msg.sender)) revert NotGovernor(msg.sender);
        Standing storage standing = _standings[_busiestRole()];
        uint64 until = standing.pausedUntil;
        if (until != 0 && block.timestamp < until + PAUSE_LIMIT) revert PausedLately(until + PAUSE_LIMIT);
        until = uint64(block.timestamp) + PAUSE_LIMIT;
        standing.pausedUntil = until;
        emit PauseBegan(msg.sender, until);
    }

    /// @notice End a pause before its time.
    /// @param signatures Of the governors, over `Resumption` of the moment that the pause would last until.
    function resume(bytes[] calldata signatures) external {
        uint64 until = pausedUntil();
        if (block.timestamp >= until) revert NotPaused();
        _requireQuorum(GOVERNORS, keccak256(abi.encode(RESUMPTION_TYPE, until)), signatures);
        _standings[_busiestRole()].pausedUntil = uint64(block.timestamp);
        emit PauseEnded();
    }

    // --- What everybody can read --------------------------------------------------------------------------

    /// @notice Who speaks in a role now, and how many of them have to.
    function committeeOf(bytes32 role)
        external
        view
        returns (uint64 epoch, address[] memory members, uint8 threshold)
    {
        Standing memory standing = _settle(_standings[role]);
        return (standing.epoch, _members[role][standing.epoch], standing.threshold);
    }

    /// @notice Who will speak in a role, and from when on; nobody and never where nothing was appointed.
    function nextCommitteeOf(bytes32 role)
        external
        view
        returns (uint64 epoch, address[] memory members, uint8 threshold, uint64 takesEffectAt)
    {
        Standing memory standing = _settle(_standings[role]);
        return (standing.nextEpoch, _members[role][standing.nextEpoch], standing.nextThreshold, standing.nextAt);
    }

    /// @notice Whether an address speaks in a role now.
    function isMember(bytes32 role, address member) public view returns (bool) {
        (uint32 epoch,) = _speaking(role);
        return _speaks(_seats[role][member], epoch);
    }

    /// @notice Until when it is, or was, paused.
    function pausedUntil() public view returns (uint64) {
        return _standings[_busiestRole()].pausedUntil;
    }

    /// @notice Whether what opens and pays out is stopped now.
    function isPaused() public view returns (bool) {
        return block.timestamp < pausedUntil();
    }

    // --- What contracts that stand on it ask for ----------------------------------------------------------

    /// @dev Names the first committee of a role, with effect at once.
    function _found(Committee memory committee) internal {
        bytes32 role = committee.role;
        Standing storage standing = _standings[role];
        if (standing.epoch != 0 || standing.nextEpoch != 0) revert RoleFounded(role);
        _seat(committee, 0, 1);
        (standing.epoch, standing.threshold) = (1, committee.threshold);
        emit Appointed(role, 1, committee.members, committee.threshold, uint64(block.timestamp));
    }

    /// @dev Returns if so many members as have to signed the struct for this very contract on this very chain.
    function _requireQuorum(bytes32 role, bytes32 structHash, bytes[] calldata signatures) internal view {
        _requireSigned(role, _hashTypedDataV4(structHash), signatures);
    }

    /// @dev The same of a digest, which may be one that another contract is spoken to with.
    function _requireSigned(bytes32 role, bytes32 digest, bytes[] calldata signatures) internal view {
        (uint32 epoch, uint8 threshold) = _speaking(role);
        if (epoch == 0) revert RoleUnknown(role);
        if (signatures.length < threshold || signatures.length > MAX_MEMBERS) {
            revert SignaturesMiscounted(role, signatures.length, threshold);
        }
        mapping(address member => Seat) storage seats = _seats[role];
        address previous;
        for (uint256 i = 0; i < signatures.length; ++i) {
            (address signer, ECDSA.RecoverError fault,) = ECDSA.tryRecoverCalldata(digest, signatures[i]);
            if (fault != ECDSA.RecoverError.NoError) revert SignatureMalformed(i);
            if (signer <= previous) revert SignersNotRising(signer);
            if (!_speaks(seats[signer], epoch)) revert SignerUnknown(role, signer);
            previous = signer;
        }
    }

    /// @dev Returns unless it is paused.
    function _requireRunning() internal view {
        uint64 until = pausedUntil();
        if (block.timestamp < until) revert Paused(until);
    }

    /// @dev The role whose word tells of the pause: the one that is asked for wherever a pause is.
    function _busiestRole() internal pure virtual returns (bytes32) {
        return GOVERNORS;
    }

    // --- How it is kept -----------------------------------------------------------------------------------

    function _hashAppointment(Committee calldata committee, uint64 epoch) private pure returns (bytes32) {
        bytes32 members = keccak256(abi.encodePacked(committee.members));
        return keccak256(abi.encode(APPOINTMENT_TYPE, committee.role, epoch, members, committee.threshold));
    }

    /// @dev A standing as it is now: what was appointed has taken effect where its time has come.
    function _settle(Standing memory standing) private view returns (Standing memory) {
        if (standing.nextEpoch == 0 || block.timestamp < standing.nextAt) return standing;
        return Standing(standing.nextEpoch, 0, 0, standing.pausedUntil, standing.nextThreshold, 0);
    }

    /// @dev Gives the members their seats. One that speaks now keeps its seat up to the new epoch; what lies between
    /// was replaced before it took effect.
    function _seat(Committee memory committee, uint32 current, uint32 epoch) private {
        (bytes32 role, address[] memory members) = (committee.role, committee.members);
        uint256 count = members.length;
        if (count == 0 || count > MAX_MEMBERS || committee.threshold > count || 2 * committee.threshold <= count) {
            revert CommitteeMalformed(role, count, committee.threshold);
        }
        address previous;
        for (uint256 i = 0; i < count; ++i) {
            address member = members[i];
            if (member <= previous) revert MembersNotRising(role, member);
            Seat storage seat = _seats[role][member];
            if (seat.isRevoked) revert MemberRevoked(role, member);
            if (seat.last == 0 || seat.last < current) seat.first = epoch;
            seat.last = epoch;
            previous = member;
        }
        _members[role][epoch] = members;
    }

    /// @dev Which committee of a role speaks now, and how many of it have to.
    function _speaking(bytes32 role) private view returns (uint32 epoch, uint8 threshold) {
        Standing storage standing = _standings[role];
        (epoch, threshold) = (standing.epoch, standing.threshold);
        uint32 nextEpoch = standing.nextEpoch;
        if (nextEpoch != 0 && block.timestamp >= standing.nextAt) return (nextEpoch, standing.nextThreshold);
    }

    function _speaks(Seat storage seat, uint32 epoch) private view returns (bool) {
        uint32 first = seat.first;
        return first != 0 && first <= epoch && epoch <= seat.last && !seat.isRevoked;
    }
}
