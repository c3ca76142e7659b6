// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Attestations} from "../src/Attestations.sol";
import {Chronicle} from "../src/Chronicle.sol";
import {Deposit, Exit, Word} from "../src/CollateralEscrow.sol";
import {Charter, Council} from "../src/Council.sol";

/// @title An escrow without money, for who guards it: exits begin without a proof, and wait by an attestation
contract BareExits is Council, Chronicle {
    /// @notice The same as of an escrow.
    error WordOnSomethingElse(uint256 nullifier);

    /// @notice The same as of an escrow.
    event Deposited(
        uint64 indexed index, uint256 domain, uint256 asset, uint256 amount, uint256 lockOwner, bytes32 chained
    );
    /// @notice The same as of an escrow.
    event TokenAdmitted(address indexed token, uint256 indexed asset, uint256 least);
    /// @notice The same as of an escrow.
    event ExitRequested(
        uint64 indexed index, uint256 indexed nullifier, address recipient, uint64 finishesAt, bytes32 chained
    );

    /// @notice The same as of an escrow.
    uint64 public constant SEIZURE_WINDOW = 1000;
    /// @notice The same as of an escrow.
    uint64 public constant CONTEST_LIMIT = 5000;

    /// @notice The same as of an escrow.
    uint64 public count;
    /// @notice The same as of an escrow.
    mapping(uint256 nullifier => bool) public isPaid;
    mapping(uint256 nullifier => Exit) private _exits;
    mapping(uint64 index => bytes32) private _deposits;

    constructor(Charter memory charter) Council(charter) {}

    /// @notice A deposit that brings nothing.
    function deposit(uint64 index, Deposit calldata made) external {
        _deposits[index] = keccak256(abi.encode(made));
        ++count;
        emit TokenAdmitted(made.token, 7, 1);
        bytes32 since = _chain(abi.encode(index, made.domain, 7, made.amount, made.lockOwner));
        emit Deposited(index, made.domain, 7, made.amount, made.lockOwner, since);
    }

    /// @notice An exit that nothing was proved for.
    function requestExit(uint64 index, uint256 nullifier) external {
        uint64 now_ = uint64(block.timestamp);
        _exits[nullifier] = Exit(msg.sender, now_ + 100, uint32(index), now_, now_);
        emit ExitRequested(index, nullifier, msg.sender, now_ + 100, _chain(abi.encode(index, nullifier)));
    }

    /// @notice A crowd of exits that are over as soon as somebody looks.
    function leaveInCrowd(uint64 index, uint256 first, uint256 times) external {
        for (uint256 nullifier = first; nullifier < first + times; ++nullifier) {
            emit ExitRequested(index, nullifier, msg.sender, 1, _chain(abi.encode(index, nullifier)));
        }
    }

    /// @notice An exit that is over.
    function pay(uint256 nullifier) external {
        isPaid[nullifier] = true;
    }

    /// @notice The same as of an escrow.
    function contest(uint256 nullifier, Deposit calldata locked, string calldata verifier, Word calldata word) external {
        Exit storage leaving = _exits[nullifier];
        require(_deposits[leaving.index] == keccak256(abi.encode(locked)));
        Attestations.requireSense(word.attestation);
        bytes32 said = Attestations.hash(word.attestation, keccak256(bytes(verifier)), keccak256("clearing.example"), false);
        bytes32 separator = Attestations.hashDomain(word.chainId, word.gate);
        _requireSigned(roleOf(locked.domain, verifier), MessageHashUtils.toTypedDataHash(separator, said), word.signatures);
        bool isHeld = Attestations.contains(word.attestation.held, nullifier);
        if (!isHeld && !Attestations.contains(word.attestation.left, nullifier)) revert WordOnSomethingElse(nullifier);
        uint64 until = (isHeld ? word.attestation.lapsesAt : word.attestation.moment) + SEIZURE_WINDOW;
        uint64 last = leaving.requestedAt + CONTEST_LIMIT;
        leaving.finishesAt = until < last ? until : last;
    }

    /// @notice The same as of an escrow.
    function exitOf(uint256 nullifier) external view returns (Exit memory) {
        return _exits[nullifier];
    }

    /// @notice Who speaks for every domain.
    function roleOf(uint256, string calldata) public pure returns (bytes32) {
        return keccak256("ringfence.v1.role:verifiers");
    }
}
