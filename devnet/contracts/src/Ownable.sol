// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

abstract contract Ownable {
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    error NotOwner();
    error OwnerIsZero();

    address public owner;

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner();
        _;
    }

    function transferOwnership(address newOwner) external onlyOwner {
        _setOwner(newOwner);
    }

    function _setOwner(address newOwner) internal {
        if (newOwner == address(0)) revert OwnerIsZero();
        emit OwnershipTransferred(owner, newOwner);
        owner = newOwner;
    }
}
