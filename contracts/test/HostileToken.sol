// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title A token that does what its owner likes
/// @notice Calls somebody in the middle of each transfer, keeps a fee of it, lies about its success.
contract HostileToken {
    mapping(address holder => uint256) public balanceOf;
    /// @notice The first four bytes with which the call in the middle was refused; zero where it was taken.
    bytes4 public refusal;
    /// @notice How often somebody was called.
    uint256 public calls;

    uint256 private _fee;
    bool private _feeIsOfSender;
    bool private _says;
    address private _target;
    bytes private _call;

    constructor(address[] memory holders, uint256 amount) {
        for (uint256 i = 0; i < holders.length; ++i) balanceOf[holders[i]] = amount;
        _says = true;
    }

    /// @notice From now on a transfer costs so much more, or brings so much less, and says that it succeeded, or not.
    function behave(uint256 fee, bool feeIsOfSender, bool says) external {
        (_fee, _feeIsOfSender, _says) = (fee, feeIsOfSender, says);
    }

    /// @notice From now on somebody is called in the middle of a transfer.
    function call(address target, bytes calldata data) external {
        (_target, _call) = (target, data);
    }

    function approve(address, uint256) external pure returns (bool) {
        return true;
    }

    function allowance(address, address) external pure returns (uint256) {
        return type(uint256).max;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        return _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        (uint256 taken, uint256 given) = _feeIsOfSender ? (amount + _fee, amount) : (amount, amount - _fee);
        balanceOf[from] -= taken;
        balanceOf[to] += given;
        if (_target != address(0)) {
            ++calls;
            (bool isTaken, bytes memory said) = _target.call(_call);
            refusal = isTaken ? bytes4(0) : bytes4(said);
        }
        return _says;
    }
}
