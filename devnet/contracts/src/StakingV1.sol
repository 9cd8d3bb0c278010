// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {StakingBase} from "./StakingBase.sol";
import {VVV} from "./VVV.sol";

interface IOracle {
    function venicePercentage() external view returns (uint256);
}

/// The first logic: one accumulator, and a treasury share that an oracle moves without any event.
contract StakingV1 is StakingBase {
    constructor() {
        _disableInitializers();
    }

    /// Sets every parameter without its event. The 1 sVVV keeps the supply above zero; no VVV stands behind it.
    function initialize(
        VVV venice_,
        address treasury_,
        address oracle_,
        address owner_,
        uint256 emissionRatePerSecond_,
        uint256 cooldownDuration_
    ) external initializer(1) {
        venice = venice_;
        treasury = treasury_;
        oracle = oracle_;
        emissionRatePerSecond = emissionRatePerSecond_;
        cooldownDuration = cooldownDuration_;
        lastRewardTimestamp = block.timestamp;
        _setOwner(owner_);
        _mint(address(this), 1e18);
    }

    function getVenicePercentage() public view override returns (uint256) {
        return oracle.code.length == 0 ? 0 : IOracle(oracle).venicePercentage();
    }

    function _accrued()
        internal
        view
        override
        returns (uint256 rise, uint256 riseLocked, uint256 toStakers, uint256 toTreasury)
    {
        uint256 emitted = (block.timestamp - lastRewardTimestamp) * emissionRatePerSecond;
        toTreasury = emitted * getVenicePercentage() / WAD;
        rise = (emitted - toTreasury) * SCALE / totalSupply;
        toStakers = rise * totalSupply / SCALE;
        riseLocked = 0; // nothing can be locked
    }

    function _raise(uint256 rise, uint256) internal override {
        accRewardPerShare += rise;
    }

    function _earned(address user, uint256 rise, uint256) internal view override returns (uint256) {
        return balanceOf[user] * (accRewardPerShare + rise) / SCALE;
    }

    function _unlocked(address user) internal view override returns (uint256) {
        return balanceOf[user];
    }
}
