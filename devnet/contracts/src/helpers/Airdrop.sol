// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {VVV} from "../VVV.sol";

/// Claims of VVV from a balance the contract was sent, and the burn of what nobody claimed.
contract Airdrop {
    /// The mainnet event's name is not known, only its topic0, the user in topic 1 and the amount in the third word.
    event Claim(bytes32 indexed topic0, address indexed user, uint256, uint256, uint256 amount) anonymous;

    error NotOwner();
    error NothingToClaim();

    bytes32 private constant CLAIM_TOPIC0 = 0x528937b330082d892a98d4e428ab2dcca7844b51d227a1c0ae67f0b5261acbd9;

    VVV public venice;
    address public owner;
    mapping(address account => uint256) public claimable;

    constructor(VVV venice_, address owner_) {
        venice = venice_;
        owner = owner_;
    }

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner();
        _;
    }

    function setClaimable(address[] calldata accounts, uint256 amount) external onlyOwner {
        for (uint256 i = 0; i < accounts.length; i++) claimable[accounts[i]] = amount;
    }

    function claim() external {
        uint256 amount = claimable[msg.sender];
        if (amount == 0) revert NothingToClaim();
        claimable[msg.sender] = 0;
        venice.transfer(msg.sender, amount);
        emit Claim(CLAIM_TOPIC0, msg.sender, 0, 0, amount);
    }

    function burnUnclaimed() external onlyOwner {
        venice.transfer(address(0), venice.balanceOf(address(this)));
    }
}
