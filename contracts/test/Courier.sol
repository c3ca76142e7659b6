// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Whoever brings calls to a contract, one after the other at one moment, and writes down what came of each
/// @notice After each call, taken or refused, the same questions are asked, so that nothing that changed goes unseen.
contract Courier {
    error Unanswered(uint256 place);

    /// @notice What came of a call: what it returned, or why it was refused, and every answer after it, in their order.
    event Brought(bool isTaken, bytes told, bytes answers);

    bytes[] private questions;

    /// @notice What it asks.
    function begin(bytes[] calldata questions_) external {
        questions = questions_;
    }

    /// @notice Bring some calls.
    function bring(address addressee, bytes[] calldata calls) external {
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool isTaken, bytes memory told) = addressee.call(calls[i]);
            emit Brought(isTaken, told, _ask(addressee));
        }
    }

    function _ask(address addressee) private view returns (bytes memory answers) {
        for (uint256 i = 0; i < questions.length; ++i) {
            (bool isAnswered, bytes memory answer) = addressee.staticcall(questions[i]);
            if (!isAnswered) revert Unanswered(i);
            answers = bytes.concat(answers, answer);
        }
    }
}
