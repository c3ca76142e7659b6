// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Attestation, Attestations} from "./Attestations.sol";
import {Chronicle} from "./Chronicle.sol";
import {Commitments, Use} from "./Commitments.sol";
import {Charter, Committee, Council} from "./Council.sol";
import {Elements} from "./Elements.sol";
import {IProofVerifier} from "./IProofVerifier.sol";
import {RootBoard} from "./RootBoard.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @notice How long things take on an escrow, in seconds.
struct Delays {
    /// From the request of an exit to its end; longer than a root of locks stays fresh at any verifier, and than a pause.
    uint64 exit;
    /// For so long after an acceptance has lapsed a lock that it held stays where it can be seized.
    uint64 seizure;
    /// No exit takes longer from its request on, whatever is said against it.
    uint64 contest;
    /// From the posting of a root of locks to the first payment by it: long enough for somebody to look at its leaves.
    uint64 root;
}

/// @notice What an escrow is made with, besides the charter of its council.
struct Terms {
    Delays delays;
    /// Checks proofs of `release`.
    IProofVerifier releases;
    /// Checks proofs of `exit`.
    IProofVerifier exits;
    /// Computes what both are held against.
    Commitments commitments;
    /// The number of the chain's own coin in SLIP-44: 60 is ether.
    uint32 coin;
    /// So much of it has to be locked at least.
    uint256 leastCoin;
    /// Whether keys and acceptances for development count here, which prove nothing; then no others do.
    bool isForDevelopment;
}

/// @notice What was locked. `token` is zero for the chain's own coin.
struct Deposit {
    address token;
    uint256 amount;
    /// The registry of nullifiers that may take the lock.
    uint256 domain;
    /// The commitment of whoever can spend it.
    uint256 lockOwner;
}

/// @notice What is to be paid, by a proof of `release`.
struct Payment {
    address token;
    uint256 amount;
    uint256 domain;
    /// The verifier of the domain whose word it is.
    string verifier;
    uint256 lockRoot;
    uint256 nullifier;
    address recipient;
    uint64 expiry;
}

/// @notice An attestation with its signatures and the destination that it was signed for.
struct Word {
    uint64 chainId;
    address gate;
    Attestation attestation;
    bytes[] signatures;
}

/// @notice How somebody leaves alone.
struct Exit {
    address recipient;
    uint64 finishesAt;
    uint32 index;
    uint64 requestedAt;
    /// Of the proof that it was asked for by; another proof has to be good for longer.
    uint64 expiry;
}

/// @title Collateral that is locked here and accepted elsewhere
/// @notice Keeps tokens and coins under commitments of their owners. Nothing leaves but by a proof of the owner of a lock:
///
/// - `withdraw`: the domain's verifiers have let the lock go;
/// - `seize`: they have seized it, and the owner had sealed a release for the venue;
/// - `requestExit` and `finishExit`: nobody is asked, and it takes its time.
///
/// The first two hide which deposit is paid, and so rely on a root of locks that watchers vouch for, and on the verifiers'
/// word. Watchers and verifiers who collude could invent a lock and be paid for it; no others could, and neither the
/// governors before a council of theirs takes effect, which is later than anybody needs to leave. An exit relies on no one.
/// @dev What a proof is bound to is not the contract but one of its doors, address and selector, as Solidity writes a
/// function in 24 bytes: a release that was sealed for `seize` opens no other. `chained` goes over deposits and requests
/// of exits, which are all that changes the tree of locks.
contract CollateralEscrow is RootBoard, Chronicle, ReentrancyGuard {
    using SafeERC20 for IERC20;

    /// @notice An exit outlasts a pause; a seizure two of them and a root's ripening; a contest both and an acceptance's
    /// period; a council's notice a contest.
    error DelaysMalformed();
    /// @notice The key was made for development, or it was not and the escrow was.
    error KeyOfOtherUse(IProofVerifier verifier);
    /// @notice Less than has to be locked at least, or more than a lock can hold.
    error AmountMalformed(uint256 amount);
    /// @notice The domain has less of it in its locks.
    error AmountNotHeld(uint256 domain, address token, uint256 amount);
    /// @notice Zero, or not below the order of the group.
    error LockOwnerMalformed(uint256 lockOwner);
    /// @notice A domain and a verifier have names of 1 to 255 bytes.
    error NameMalformed(string name);
    /// @notice No verifier speaks for the domain yet.
    error DomainUnknown(uint256 domain);
    /// @notice The verifier does not speak for the domain, or not before then.
    error VerifierUnknown(uint256 domain, uint64 speaksFrom);
    /// @notice There is no contract at the address.
    error NotAToken(address token);
    /// @notice The token moved another amount than was asked of it.
    error AmountMiscounted(uint256 found, uint256 expected);
    /// @notice The tree of the chain has no room for another lock.
    error EscrowFull();
    /// @notice The governors have not admitted it.
    error TokenUnknown(address token);
    /// @notice Nobody can be paid there.
    error RecipientMalformed(address recipient);
    /// @notice The lock was paid out before.
    error NullifierPaid(uint256 nullifier);
    /// @notice Not an element above zero.
    error NullifierMalformed(uint256 nullifier);
    /// @notice The proof was good until then.
    error Expired(uint64 expiry);
    /// @notice The owner has asked for this exit by a proof that is good as long, or longer.
    error ExpiryNotRising(uint64 expiry, uint64 last);
    /// @notice The acceptance could be relied on until then, whatever was said since.
    error AcceptanceNotLapsed(uint64 lapsesAt);
    /// @notice It was said by a clock that is ahead.
    error FromTheFuture(uint64 moment);
    /// @notice The attestation says something else, or nothing of this lock.
    error WordOnSomethingElse(uint256 nullifier);
    /// @notice No deposit of this index is of these parts.
    error DepositUnknown(uint64 index);
    /// @notice Nobody has asked for this exit, or it is over.
    error ExitUnknown(uint256 nullifier);
    /// @notice It is too early.
    error ExitPending(uint64 finishesAt);

    /// @notice Something was locked. `chained` is the hash of what it was before this, and this; watchers compare it.
    event Deposited(
        uint64 indexed index, uint256 domain, uint256 asset, uint256 amount, uint256 lockOwner, bytes32 chained
    );
    /// @notice A token can be deposited from now on, so much of it at least; this is its element.
    event TokenAdmitted(address indexed token, uint256 indexed asset, uint256 least);
    /// @notice A verifier speaks for a domain from `speaksFrom` on.
    event DomainOpened(
        uint256 indexed domain, bytes32 indexed role, string name, string verifier, uint64 speaksFrom
    );
    /// @notice A lock that was let go was paid to whom its owner wanted.
    event Withdrawn(uint256 indexed nullifier, address indexed recipient, address indexed token, uint256 amount);
    /// @notice A lock was paid to whom its owner had sealed it for.
    event Seized(uint256 indexed nullifier, address indexed recipient, address indexed token, uint256 amount);
    /// @notice A lock leaves: it is no longer in the chain's tree, and never comes back into it. `chained` goes over it.
    event ExitRequested(
        uint64 indexed index, uint256 indexed nullifier, address recipient, uint64 finishesAt, bytes32 chained
    );
    /// @notice Its owner wants it paid to somebody else.
    event ExitRedirected(uint256 indexed nullifier, address recipient);
    /// @notice An acceptance holds the lock, or held it until lately: the exit waits.
    event ExitContested(
        uint64 indexed index, uint256 indexed nullifier, bytes32 indexed acceptance, uint64 finishesAt
    );
    /// @notice A lock was paid to whom its owner wanted, and nobody was asked.
    event ExitFinished(uint256 indexed nullifier, address indexed recipient, address indexed token, uint256 amount);

    bytes32 private constant DOMAIN_ROLE = keccak256("ringfence.v1.role:domain");
    bytes32 private constant ADMISSION_TYPE = keccak256("Admission(address token,uint256 least)");
    bytes32 private constant OPENING_TYPE =
        keccak256("Opening(string domain,string verifier,address[] members,uint8 threshold)");
    uint256 private constant MAX_NAME_BYTES = 255;
    /// @dev Stands for the chain's own coin where a token would.
    address private constant COIN = address(0);

    /// @notice So many seconds an exit takes.
    uint64 public immutable EXIT_DELAY;
    /// @notice So many seconds a lock can be seized after its acceptance has lapsed.
    uint64 public immutable SEIZURE_WINDOW;
    /// @notice So many seconds an exit takes at most, whatever is said against it.
    uint64 public immutable CONTEST_LIMIT;
    /// @notice So many seconds a posted root of locks ripens before anything is paid by it.
    uint64 public immutable ROOT_DELAY;
    /// @notice Checks proofs of `release`.
    IProofVerifier public immutable RELEASES;
    /// @notice Checks proofs of `exit`.
    IProofVerifier public immutable EXITS;
    /// @notice Computes what proofs are held against.
    Commitments public immutable COMMITMENTS;
    /// @notice Whether keys and acceptances for development count here; then no others do.
    bool public immutable IS_FOR_DEVELOPMENT;

    /// @notice How many deposits there were.
    uint64 public count;
    /// @notice What each deposit was, as one hash.
    mapping(uint64 index => bytes32) public depositAt;
    /// @notice How much of a token is in locks of a domain that were not paid out: a payment of one domain never takes from
    /// another.
    mapping(uint256 domain => mapping(address token => uint256)) public held;
    /// @notice The element of a token; zero where it was never admitted.
    mapping(address token => uint256) public assetOf;
    /// @notice How much of a token has to be locked at least, so that nobody fills the tree with dust.
    mapping(address token => uint256) public leastOf;
    mapping(address token => mapping(uint256 least => bool)) private _wasAdmitted;
    /// @notice Whether a lock was paid out.
    mapping(uint256 nullifier => bool) public isPaid;
    /// @notice The keccak-256 of the name of a domain that a verifier speaks for.
    mapping(uint256 domain => bytes32) public nameOf;
    /// @notice From when on a role speaks for its domain; zero for never.
    mapping(bytes32 role => uint64) public speaksFrom;

    mapping(uint256 nullifier => Exit) private _exits;

    /// @param charter The governors, and the watchers as the committee of lock roots.
    constructor(Charter memory charter, Terms memory terms) Council(charter) {
        Delays memory delays = terms.delays;
        if (
            delays.exit <= charter.pauseLimit || delays.seizure < 2 * charter.pauseLimit + delays.root
                || delays.contest <= delays.exit + delays.seizure || charter.appointmentDelay < delays.contest
        ) revert DelaysMalformed();
        (EXIT_DELAY, SEIZURE_WINDOW) = (delays.exit, delays.seizure);
        (CONTEST_LIMIT, ROOT_DELAY) = (delays.contest, delays.root);
        (RELEASES, EXITS) = (terms.releases, terms.exits);
        IS_FOR_DEVELOPMENT = terms.isForDevelopment;
        if (terms.releases.IS_FOR_DEVELOPMENT() != terms.isForDevelopment) revert KeyOfOtherUse(terms.releases);
        if (terms.exits.IS_FOR_DEVELOPMENT() != terms.isForDevelopment) revert KeyOfOtherUse(terms.exits);
        COMMITMENTS = terms.commitments;
        _admit(COIN, terms.commitments.nameCoin(terms.coin), terms.leastCoin);
    }

    // --- Tokens -------------------------------------------------------------------------------------------

    /// @notice Let a token be deposited, or change how much of it at least. What is in locks is never shut in: a token that
    /// was admitted once is paid out for ever. The same terms once more change nothing: no older word undoes a newer one.
    /// @param signatures Of the governors, over `Admission`.
    function admit(address token, uint256 least, bytes[] calldata signatures) external {
        _requireQuorum(GOVERNORS, keccak256(abi.encode(ADMISSION_TYPE, token, least)), signatures);
        if (token.code.length == 0) revert NotAToken(token);
        if (_wasAdmitted[token][least]) return;
        _wasAdmitted[token][least] = true;
        _admit(token, COMMITMENTS.nameToken(token), least);
    }

    // --- Domains ------------------------------------------------------------------------------------------

    /// @notice Let a verifier speak for a domain: the first of a domain at once, each other as late as a committee that is
    /// appointed, so that whoever locked something for the domain can leave before.
    /// @param members Of the verifier, by rising addresses; later ones are appointed to the role `roleOf`.
    /// @param signatures Of the governors, over `Opening`.
    function openDomain(
        string calldata name,
        string calldata verifier,
        address[] calldata members,
        uint8 threshold,
        bytes[] calldata signatures
    ) external {
        _requireName(name);
        _requireName(verifier);
        _requireQuorum(GOVERNORS, _hashOpening(name, verifier, members, threshold), signatures);
        uint256 domain = COMMITMENTS.nameDomain(name);
        bytes32 hashed = keccak256(bytes(name));
        bytes32 role = _roleOf(hashed, verifier);
        _found(Committee(role, members, threshold));
        bool isFirst = nameOf[domain] == 0;
        uint64 from = uint64(block.timestamp) + (isFirst ? 0 : APPOINTMENT_DELAY);
        nameOf[domain] = hashed;
        speaksFrom[role] = from;
        emit DomainOpened(domain, role, name, verifier, from);
    }

    /// @notice The role of those who sign for a verifier of a domain.
    function roleOf(uint256 domain, string calldata verifier) external view returns (bytes32) {
        return _roleOf(nameOf[domain], verifier);
    }

    // --- Ways in ------------------------------------------------------------------------------------------

    /// @notice Lock so much of a token. Exactly so much has to arrive.
    /// @return index Which deposit it is: a part of the lock.
    function deposit(address token, uint256 amount, uint256 domain, uint256 lockOwner)
        external
        nonReentrant
        returns (uint64 index)
    {
        if (token == COIN) revert NotAToken(token);
        index = _lock(Deposit(token, amount, domain, lockOwner));
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 arrived = IERC20(token).balanceOf(address(this)) - before;
        if (arrived != amount) revert AmountMiscounted(arrived, amount);
    }

    /// @notice Lock what is sent along of the chain's own coin.
    /// @return index Which deposit it is: a part of the lock.
    function depositNative(uint256 domain, uint256 lockOwner) external payable nonReentrant returns (uint64 index) {
        return _lock(Deposit(COIN, msg.value, domain, lockOwner));
    }

    // --- Ways out that verifiers say yes to -----------------------------------------------------------------

    /// @notice Pay a lock that was let go to whom its owner wants.
    /// @param proof Of `release`, bound to this function.
    /// @param word By which the lock left an acceptance: it was freed.
    function withdraw(Payment calldata payment, uint256[8] calldata proof, Word calldata word) external nonReentrant {
        _settle(payment, proof, word, Attestations.FREE);
    }

    /// @notice Pay a lock that was seized to whom its owner had sealed it for.
    /// @param proof Of `release`, bound to this function.
    /// @param word By which the lock left an acceptance: it was seized, for the account that the word names. The owner
    /// could make a release for this door too, to an account of its own, and take the lock by a word that names nobody.
    function seize(Payment calldata payment, uint256[8] calldata proof, Word calldata word) external nonReentrant {
        _settle(payment, proof, word, Attestations.SEIZE);
    }

    // --- The way out that needs nobody ----------------------------------------------------------------------

    /// @notice Begin to leave: the lock is taken out of the chain's tree, so that nobody can accept it any more. Who has
    /// asked before only changes whom it is paid to, by a proof that is good for longer than the last one.
    /// @param index Which deposit it is, and what it was.
    /// @param proof Of `exit`, bound to this function: the nullifier is that of this very lock.
    function requestExit(
        uint64 index,
        Deposit calldata locked,
        uint256 nullifier,
        address recipient,
        uint64 expiry,
        uint256[8] calldata proof
    ) external nonReentrant {
        _requireDeposit(index, locked);
        _requirePayable(nullifier, recipient, expiry);
        _requireExit(index, locked, nullifier, recipient, expiry, proof);
        Exit storage leaving = _exits[nullifier];
        if (expiry <= leaving.expiry) revert ExpiryNotRising(expiry, leaving.expiry);
        (leaving.recipient, leaving.expiry) = (recipient, expiry);
        if (leaving.requestedAt != 0) {
            emit ExitRedirected(nullifier, recipient);
            return;
        }
        (leaving.index, leaving.requestedAt) = (uint32(index), uint64(block.timestamp));
        leaving.finishesAt = uint64(block.timestamp) + EXIT_DELAY;
        bytes32 since = _chain(abi.encode(index, nullifier));
        emit ExitRequested(index, nullifier, recipient, leaving.finishesAt, since);
    }

    /// @notice Make an exit wait for an acceptance that holds the lock, or that has lapsed and seizes it or may still, until
    /// its time for that is over; but never longer than an exit may take. What adds no time changes nothing.
    /// @param locked What the deposit was.
    function contest(uint256 nullifier, Deposit calldata locked, string calldata verifier, Word calldata word) external {
        Exit storage leaving = _exits[nullifier];
        if (leaving.requestedAt == 0 || isPaid[nullifier]) revert ExitUnknown(nullifier);
        _requireDeposit(leaving.index, locked);
        _requireWord(locked.domain, verifier, word);
        Attestation calldata said = word.attestation;
        bool isHeld = Attestations.contains(said.held, nullifier);
        bool isSeized = said.happening == Attestations.SEIZE && Attestations.contains(said.left, nullifier);
        if (!isHeld && !isSeized) revert WordOnSomethingElse(nullifier);
        uint256 until = uint256(isSeized ? said.moment : said.lapsesAt) + SEIZURE_WINDOW;
        uint256 last = uint256(leaving.requestedAt) + CONTEST_LIMIT;
        if (until > last) until = last;
        if (until <= leaving.finishesAt) return;
        leaving.finishesAt = uint64(until);
        emit ExitContested(leaving.index, nullifier, said.acceptance, uint64(until));
    }

    /// @notice End an exit whose time has come; anybody may.
    /// @param locked What the deposit was.
    function finishExit(uint256 nullifier, Deposit calldata locked) external nonReentrant {
        Exit memory leaving = _exits[nullifier];
        if (leaving.requestedAt == 0) revert ExitUnknown(nullifier);
        _requireDeposit(leaving.index, locked);
        if (block.timestamp < leaving.finishesAt) revert ExitPending(leaving.finishesAt);
        _spend(nullifier, locked.domain, locked.token, locked.amount);
        emit ExitFinished(nullifier, leaving.recipient, locked.token, locked.amount);
        _pay(locked.token, locked.amount, leaving.recipient);
    }

    /// @notice The longest period of an acceptance that an exit surely waits for: no verifier whose word counts here may give
    /// a longer one.
    function longestPeriod() external view returns (uint64) {
        return CONTEST_LIMIT - SEIZURE_WINDOW - EXIT_DELAY;
    }

    /// @notice How somebody leaves; all zeros where nobody asked.
    function exitOf(uint256 nullifier) external view returns (Exit memory) {
        return _exits[nullifier];
    }

    // --- How it is done -----------------------------------------------------------------------------------

    function _hashOpening(
        string calldata name,
        string calldata verifier,
        address[] calldata members,
        uint8 threshold
    ) private pure returns (bytes32) {
        bytes32 listed = keccak256(abi.encodePacked(members));
        return keccak256(
            abi.encode(OPENING_TYPE, keccak256(bytes(name)), keccak256(bytes(verifier)), listed, threshold)
        );
    }

    function _requireName(string calldata name) private pure {
        if (bytes(name).length == 0 || bytes(name).length > MAX_NAME_BYTES) revert NameMalformed(name);
    }

    function _roleOf(bytes32 name, string calldata verifier) private pure returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_ROLE, name, keccak256(bytes(verifier))));
    }

    function _admit(address token, uint256 asset, uint256 least) private {
        if (least == 0 || least >= Elements.AMOUNTS) revert AmountMalformed(least);
        (assetOf[token], leastOf[token]) = (asset, least);
        emit TokenAdmitted(token, asset, least);
    }

    /// @dev Writes a deposit down, before its money comes.
    function _lock(Deposit memory made) private returns (uint64 index) {
        _requireRunning();
        uint256 asset = _findAsset(made.token);
        if (made.amount < leastOf[made.token] || made.amount >= Elements.AMOUNTS) revert AmountMalformed(made.amount);
        if (made.lockOwner == 0 || made.lockOwner >= Elements.ORDER) revert LockOwnerMalformed(made.lockOwner);
        if (nameOf[made.domain] == 0) revert DomainUnknown(made.domain);
        index = count;
        if (index >= Elements.DEPOSITS) revert EscrowFull();
        count = index + 1;
        held[made.domain][made.token] += made.amount;
        depositAt[index] = keccak256(abi.encode(made));
        bytes32 since = _chain(abi.encode(index, made.domain, asset, made.amount, made.lockOwner));
        emit Deposited(index, made.domain, asset, made.amount, made.lockOwner, since);
    }

    function _requireDeposit(uint64 index, Deposit calldata locked) private view {
        if (depositAt[index] != keccak256(abi.encode(locked))) revert DepositUnknown(index);
    }

    /// @dev Returns if a proof could be used now, for this lock and this recipient.
    function _requirePayable(uint256 nullifier, address recipient, uint64 expiry) private view {
        if (nullifier == 0 || nullifier >= Elements.ORDER) revert NullifierMalformed(nullifier);
        if (isPaid[nullifier]) revert NullifierPaid(nullifier);
        if (recipient == address(0) || recipient == address(this)) revert RecipientMalformed(recipient);
        if (block.timestamp >= expiry) revert Expired(expiry);
    }

    /// @dev Everything that a payment by `release` needs, and then the payment. The door is that of the caller's selector.
    function _settle(
        Payment calldata payment,
        uint256[8] calldata proof,
        Word calldata word,
        uint8 happening
    ) private {
        _requireRunning();
        _requirePayable(payment.nullifier, payment.recipient, payment.expiry);
        _requireRipe(LOCK, payment.lockRoot, ROOT_DELAY);
        _requireWord(payment.domain, payment.verifier, word);
        bool isAbout = word.attestation.happening == happening
            && Attestations.contains(word.attestation.left, payment.nullifier)
            && (happening != Attestations.SEIZE || _isFor(word.attestation.recipient, payment.recipient));
        if (!isAbout) revert WordOnSomethingElse(payment.nullifier);
        uint64 lapsesAt = word.attestation.lapsesAt;
        if (block.timestamp < lapsesAt) revert AcceptanceNotLapsed(lapsesAt);
        _requireRelease(payment, proof);
        _spend(payment.nullifier, payment.domain, payment.token, payment.amount);
        if (happening == Attestations.SEIZE) {
            emit Seized(payment.nullifier, payment.recipient, payment.token, payment.amount);
        } else {
            emit Withdrawn(payment.nullifier, payment.recipient, payment.token, payment.amount);
        }
        _pay(payment.token, payment.amount, payment.recipient);
    }

    /// @dev Whether a word names an account of this chain.
    function _isFor(bytes calldata named, address recipient) private pure returns (bool) {
        return named.length == 20 && address(bytes20(named)) == recipient;
    }

    function _requireRelease(Payment calldata payment, uint256[8] calldata proof) private view {
        uint256 asset = _findAsset(payment.token);
        if (payment.amount == 0 || payment.amount >= Elements.AMOUNTS) revert AmountMalformed(payment.amount);
        Use memory use =
            Use(msg.sig, payment.domain, payment.recipient, payment.expiry, asset, payment.amount);
        uint256[7] memory inputs;
        (inputs[2], inputs[4]) = (payment.lockRoot, payment.nullifier);
        (inputs[5], inputs[6]) = COMMITMENTS.commitUse(payment.verifier, use);
        _requireProof(RELEASES, proof, inputs);
    }

    function _requireExit(
        uint64 index,
        Deposit calldata locked,
        uint256 nullifier,
        address recipient,
        uint64 expiry,
        uint256[8] calldata proof
    ) private view {
        Use memory use = Use(
            msg.sig, locked.domain, recipient, expiry, _findAsset(locked.token), locked.amount
        );
        uint256[7] memory inputs;
        inputs[2] = COMMITMENTS.commitLock(locked.domain, use.asset, locked.amount, locked.lockOwner, index);
        inputs[4] = nullifier;
        (inputs[5], inputs[6]) = COMMITMENTS.commitUse("", use);
        _requireProof(EXITS, proof, inputs);
    }

    function _findAsset(address token) private view returns (uint256 asset) {
        asset = assetOf[token];
        if (asset == 0) revert TokenUnknown(token);
    }

    /// @dev Returns if a proof is valid; what a release leaves unused is the same in each.
    function _requireProof(IProofVerifier verifier, uint256[8] calldata proof, uint256[7] memory inputs) private view {
        (inputs[0], inputs[1], inputs[3]) =
            (Elements.UNUSED_BOOK_ROOT, Elements.UNUSED_MARKET_ROOT, Elements.UNUSED_POSITION_TAG);
        verifier.requireProof(proof, inputs);
    }

    /// @dev Returns if a verifier of the domain has said it, by so many signatures as it needs.
    function _requireWord(uint256 domain, string calldata verifier, Word calldata word) private view {
        bytes32 name = nameOf[domain];
        if (name == 0) revert DomainUnknown(domain);
        bytes32 role = _roleOf(name, verifier);
        uint64 from = speaksFrom[role];
        if (from == 0 || block.timestamp < from) revert VerifierUnknown(domain, from);
        Attestations.requireSense(word.attestation);
        uint64 moment = word.attestation.moment;
        if (moment > block.timestamp + Attestations.MAX_AHEAD_SECONDS) revert FromTheFuture(moment);
        bytes32 said =
            Attestations.hash(word.attestation, keccak256(bytes(verifier)), name, IS_FOR_DEVELOPMENT);
        bytes32 separator = Attestations.hashDomain(word.chainId, word.gate);
        _requireSigned(role, MessageHashUtils.toTypedDataHash(separator, said), word.signatures);
    }

    /// @dev Marks a lock as paid, and takes it out of what its domain holds.
    function _spend(uint256 nullifier, uint256 domain, address token, uint256 amount) private {
        if (isPaid[nullifier]) revert NullifierPaid(nullifier);
        isPaid[nullifier] = true;
        if (held[domain][token] < amount) revert AmountNotHeld(domain, token, amount);
        held[domain][token] -= amount;
    }

    /// @dev Moves the money, when everything else is done.
    function _pay(address token, uint256 amount, address recipient) private {
        if (token == COIN) Address.sendValue(payable(recipient), amount);
        else IERC20(token).safeTransfer(recipient, amount);
    }
}
