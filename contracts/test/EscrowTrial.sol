// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Attestation, Attestations} from "../src/Attestations.sol";
import {CollateralEscrow, Deposit, Payment, Word} from "../src/CollateralEscrow.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @title A verifier of proofs that takes what a trial says
/// @notice It holds every proof whose first word is one to be valid: worse than any owner of locks could be.
contract TrialProofs {
    error ProofInvalid();

    bytes32 public constant KEY_ID = 0;
    bool public constant IS_FOR_DEVELOPMENT = false;

    /// @notice As verifiers have it.
    function requireProof(uint256[8] calldata proof, uint256[7] calldata) external pure {
        if (proof[0] != 1) revert ProofInvalid();
    }
}

/// @title Whoever does everything with an escrow, in any order
/// @notice Holds every key and proves whatever it likes, does random things, and keeps its own books of what was taken.
/// After every sequence they are held against the escrow's and against the balances. It signs with the number one for a
/// secret that nobody may know, so that signing is two products.
contract EscrowTrial {
    error BooksDiffer(string what, uint256 found, uint256 expected);
    error PaidTwice(uint256 nullifier);

    uint256 private constant CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    uint256 private constant GENERATOR_X = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;
    uint256 private constant NULLIFIERS = 4096;
    uint8 private constant LOCK = 3;

    CollateralEscrow private escrow;
    address[] private tokens;
    uint256[2] private domains;
    string[2] private names;
    uint256 private dice;

    mapping(uint256 domain => mapping(address token => uint256)) private inside;
    mapping(uint256 nullifier => bool) private wasPaid;
    Deposit[] private locked;
    bytes32 private chained;
    mapping(uint256 nullifier => uint256) private leaving;
    uint256[] private asked;

    /// @notice How often each kind of action was taken.
    uint256[8] public taken;

    receive() external payable {}

    /// @notice What it plays with.
    function begin(CollateralEscrow escrow_, address[] calldata tokens_, uint256[2] calldata domains_, string[2] calldata names_)
        external
        payable
    {
        (escrow, tokens, domains, names) = (escrow_, tokens_, domains_, names_);
        for (uint256 i = 0; i < tokens_.length; ++i) {
            if (tokens_[i] != address(0)) IERC20(tokens_[i]).approve(address(escrow_), type(uint256).max);
        }
    }

    /// @notice So many sequences of so many actions each.
    function play(uint256 seed, uint256 sequences, uint256 actions) external {
        for (uint256 i = 0; i < sequences; ++i) {
            dice = uint256(keccak256(abi.encode(seed, i)));
            for (uint256 j = 0; j < actions; ++j) _act();
            _compare();
        }
    }

    function _roll(uint256 sides) private returns (uint256) {
        dice = uint256(keccak256(abi.encode(dice)));
        return dice % sides;
    }

    function _act() private {
        uint256 what = _roll(16);
        if (what < 5) _deposit();
        else if (what < 9) _pay();
        else if (what < 11) _requestExit();
        else if (what < 12) _contest();
        else if (what < 14) _finishExit();
        else if (what < 15) _post();
        else if (_roll(40) == 0) _pause();
    }

    function _deposit() private {
        Deposit memory made =
            Deposit(tokens[_roll(tokens.length)], _roll(200), domains[_roll(2)], _roll(30) == 0 ? 0 : _roll(2 ** 253));
        if (_roll(50) == 0) made.domain = _roll(100);
        bool isCoin = made.token == address(0);
        bytes memory call = isCoin
            ? abi.encodeCall(escrow.depositNative, (made.domain, made.lockOwner))
            : abi.encodeCall(escrow.deposit, (made.token, made.amount, made.domain, made.lockOwner));
        (bool done,) = address(escrow).call{value: isCoin ? made.amount : 0}(call);
        if (!done) return;
        ++taken[0];
        inside[made.domain][made.token] += made.amount;
        uint256 asset = escrow.assetOf(made.token);
        chained = keccak256(abi.encode(chained, locked.length, made.domain, asset, made.amount, made.lockOwner));
        locked.push(made);
    }

    function _pay() private {
        bool isSeizure = _roll(2) == 0;
        uint256 which = _roll(2);
        Payment memory payment = Payment({
            token: tokens[_roll(tokens.length)],
            amount: 1 + _roll(300),
            domain: domains[which],
            verifier: names[which],
            lockRoot: 1 + _roll(4),
            nullifier: _roll(NULLIFIERS),
            recipient: _recipient(),
            expiry: uint64(block.timestamp + _roll(20))
        });
        bool isNamed = _roll(4) != 0;
        bytes memory named = abi.encodePacked(isNamed ? payment.recipient : address(escrow));
        Word memory word = _say(which, isSeizure == (_roll(9) != 0) ? 5 : 3, payment.nullifier, false, named);
        bytes memory call = isSeizure
            ? abi.encodeCall(escrow.seize, (payment, _proof(), word))
            : abi.encodeCall(escrow.withdraw, (payment, _proof(), word));
        (bool done,) = address(escrow).call(call);
        if (!done) return;
        if (isSeizure && !isNamed && payment.recipient != address(escrow)) revert BooksDiffer("payee", payment.nullifier, 0);
        ++taken[isSeizure ? 1 : 2];
        _book(payment.nullifier, payment.domain, payment.token, payment.amount);
    }

    function _requestExit() private {
        if (locked.length == 0) return;
        uint64 index = uint64(_roll(locked.length));
        Deposit memory made = locked[_roll(20) == 0 ? _roll(locked.length) : index];
        uint256 nullifier = _roll(NULLIFIERS);
        uint64 expiry = uint64(block.timestamp + _roll(20));
        (bool done,) = address(escrow).call(
            abi.encodeCall(escrow.requestExit, (index, made, nullifier, _recipient(), expiry, _proof()))
        );
        if (!done) return;
        ++taken[3];
        if (leaving[nullifier] != 0) return;
        leaving[nullifier] = index + 1;
        asked.push(nullifier);
        chained = keccak256(abi.encode(chained, index, nullifier));
    }

    function _contest() private {
        if (asked.length == 0) return;
        uint256 nullifier = asked[_roll(asked.length)];
        uint256 which = _roll(2);
        uint64 before = escrow.exitOf(nullifier).finishesAt;
        Word memory word = _say(which, 2, nullifier, true, hex"01");
        (bool done,) = address(escrow).call(
            abi.encodeCall(escrow.contest, (nullifier, locked[leaving[nullifier] - 1], names[which], word))
        );
        if (!done) return;
        ++taken[4];
        uint64 finishesAt = escrow.exitOf(nullifier).finishesAt;
        uint256 last = escrow.exitOf(nullifier).requestedAt + escrow.CONTEST_LIMIT();
        if (finishesAt < before || finishesAt > last) revert BooksDiffer("finishesAt", finishesAt, last);
    }

    function _finishExit() private {
        if (asked.length == 0) return;
        uint256 nullifier = asked[_roll(asked.length)];
        Deposit memory made = locked[leaving[nullifier] - 1];
        if (_roll(20) == 0) ++made.amount;
        (bool done,) = address(escrow).call(abi.encodeCall(escrow.finishExit, (nullifier, made)));
        if (!done) return;
        ++taken[5];
        if (block.timestamp < escrow.exitOf(nullifier).finishesAt) revert BooksDiffer("early", block.timestamp, 0);
        _book(nullifier, made.domain, made.token, made.amount);
    }

    function _post() private {
        uint256 root = 1 + _roll(6);
        uint64 moment = uint64(block.timestamp);
        uint64 sequence = uint64(1 + _roll(1000));
        bytes32 post = keccak256(
            abi.encode(
                keccak256("RootPost(uint8 kind,uint256 root,uint64 sequence,uint64 moment)"), LOCK, root, sequence, moment
            )
        );
        bytes32 separator = Attestations.hashDomain(block.chainid, address(escrow));
        (bool done,) = address(escrow).call(
            abi.encodeCall(escrow.postRoot, (LOCK, root, sequence, moment, _sign(separator, post)))
        );
        if (done) ++taken[6];
    }

    function _pause() private {
        (bool done,) = address(escrow).call(abi.encodeCall(escrow.pause, ()));
        if (done) ++taken[7];
    }

    function _proof() private returns (uint256[8] memory proof) {
        proof[0] = _roll(9) == 0 ? 0 : 1;
    }

    /// @dev Somebody, and now and then nobody, the escrow itself, or somebody who takes no coin.
    function _recipient() private returns (address) {
        uint256 who = _roll(24);
        if (who == 0) return address(0);
        if (who == 1) return address(escrow);
        if (who == 2) return tokens[1];
        return address(uint160(0x1000000 + who));
    }

    function _say(uint256 which, uint8 happening, uint256 nullifier, bool isHeld, bytes memory recipient)
        private
        returns (Word memory word)
    {
        word.chainId = 1;
        word.gate = address(1);
        Attestation memory said = word.attestation;
        (said.statement, said.recipient, said.acceptance) = (bytes32(uint256(1)), recipient, bytes32(uint256(1)));
        (said.happening, said.state, said.revision, said.positionTag) = (happening, happening, 1, 1);
        said.moment = uint64(block.timestamp - _roll(10));
        said.lapsesAt = uint64(block.timestamp + _roll(4000) - 3500);
        uint256[] memory one = new uint256[](1);
        one[0] = _roll(30) == 0 ? nullifier + 1 : nullifier;
        if (isHeld) said.held = one;
        else said.left = one;
        bytes32 hashed = this.hash(said, keccak256(bytes(names[which])), escrow.nameOf(domains[which]));
        word.signatures = _sign(Attestations.hashDomain(1, address(1)), hashed);
    }

    /// @notice What is signed of an attestation.
    function hash(Attestation calldata said, bytes32 verifier, bytes32 domain) external pure returns (bytes32) {
        return Attestations.hash(said, verifier, domain, false);
    }

    /// @dev With the secret one and the nonce one: s = digest + x of the generator.
    function _sign(bytes32 separator, bytes32 hashed) private returns (bytes[] memory signatures) {
        uint256 digest = uint256(MessageHashUtils.toTypedDataHash(separator, hashed));
        uint256 s = addmod(digest, GENERATOR_X, CURVE_ORDER);
        uint8 v = 27;
        if (s > CURVE_ORDER / 2) (s, v) = (CURVE_ORDER - s, 28);
        if (_roll(25) == 0) ++s;
        signatures = new bytes[](1);
        signatures[0] = abi.encodePacked(GENERATOR_X, s, v);
    }

    function _book(uint256 nullifier, uint256 domain, address token, uint256 amount) private {
        if (wasPaid[nullifier]) revert PaidTwice(nullifier);
        wasPaid[nullifier] = true;
        inside[domain][token] -= amount;
    }

    function _compare() private view {
        for (uint256 i = 0; i < tokens.length; ++i) {
            address token = tokens[i];
            uint256 whole = 0;
            for (uint256 j = 0; j < 2; ++j) {
                uint256 held = escrow.held(domains[j], token);
                if (held != inside[domains[j]][token]) revert BooksDiffer("held", held, inside[domains[j]][token]);
                whole += held;
            }
            uint256 has = token == address(0) ? address(escrow).balance : IERC20(token).balanceOf(address(escrow));
            if (has != whole) revert BooksDiffer("balance", has, whole);
        }
        if (escrow.count() != locked.length) revert BooksDiffer("count", escrow.count(), locked.length);
        if (escrow.chained() != chained) revert BooksDiffer("chained", uint256(escrow.chained()), uint256(chained));
    }
}
