// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

/// The treasury's share of emissions under StakingV1 (1e18 = all); anyone may move it, and no event tells.
contract Oracle {
    uint256 public venicePercentage;

    constructor(uint256 venicePercentage_) {
        venicePercentage = venicePercentage_;
    }

    function setVenicePercentage(uint256 newPercentage) external {
        venicePercentage = newPercentage;
    }
}
