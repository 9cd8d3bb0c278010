// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {DIEM} from "./DIEM.sol";
import {StakingBase} from "./StakingBase.sol";

/// The logic with DIEM: sVVV can be locked to mint it, and locked and unlocked sVVV earn by accumulators of their own.
contract StakingV2 is StakingBase {
    event DiemMinted(uint256 sVVVLocked, uint256 diemMinted);
    event DiemBurned(uint256 sVVVUnlocked, uint256 diemBurned);
    event VeniceEmissionsPercentageUpdated(uint256 newPercentage);
    event VeniceEmissionsPercentageWhenLockedUpdated(uint256 newPercentage);
    event DiemMintRatesUpdated(uint256[256] diemSupply, uint256[256] diemMintRates);

    error TooLittleDiemOut();
    error MintCurveExhausted();
    error MoreThanOutstanding();

    struct LockedStake {
        uint256 sVVVLockedAmount;
        uint256 outstandingDiemAmount;
    }

    uint256 public constant ACC_REWARD_SCALE = SCALE;

    uint256 public accRewardPerShareLocked;
    uint256 public totalLockedStakedVVV;
    uint256 public veniceEmissionsPercentage;
    uint256 public veniceEmissionsPercentageWhenLocked;
    DIEM public diem;
    mapping(address => LockedStake) public lockedStakes;
    /// Upper bound of each bucket of DIEM supply, and the sVVV one DIEM costs inside it (1e18).
    uint256[256] public diemSupply;
    uint256[256] public diemMintRates;

    constructor() {
        _disableInitializers();
    }

    /// Sets every new parameter without its event and leaves the rewards as V1 left them: the first action pays for the time
    /// since V1's last one by the rules of V2.
    function initializeV2(
        DIEM diem_,
        uint256 veniceEmissionsPercentage_,
        uint256 veniceEmissionsPercentageWhenLocked_,
        uint256[256] calldata diemSupply_,
        uint256[256] calldata diemMintRates_
    ) external onlyOwner initializer(2) {
        diem = diem_;
        veniceEmissionsPercentage = veniceEmissionsPercentage_;
        veniceEmissionsPercentageWhenLocked = veniceEmissionsPercentageWhenLocked_;
        diemSupply = diemSupply_;
        diemMintRates = diemMintRates_;
    }

    /// Stakes the pending rewards where they are: no VVV moves, and nothing happens if there are none.
    function claimAndStake() external {
        _updateRewards();
        Stake storage position = stakes[msg.sender];
        uint256 pending = _earned(msg.sender, 0, 0) - position.rewardDebt;
        if (pending == 0) return;
        emit Claimed(msg.sender, pending);
        _mint(msg.sender, pending);
        position.rewardDebt = _earned(msg.sender, 0, 0);
        emit Staked(msg.sender, pending);
    }

    function mintDiem(uint256 sVVVAmountToLock, uint256 minDiemAmountOut) external settles(msg.sender) {
        if (sVVVAmountToLock == 0) revert ZeroAmount();
        if (_unlocked(msg.sender) < sVVVAmountToLock) revert InsufficientUnlocked();
        uint256 minted = getDiemAmountOut(sVVVAmountToLock);
        if (minted < minDiemAmountOut) revert TooLittleDiemOut();
        LockedStake storage position = lockedStakes[msg.sender];
        position.sVVVLockedAmount += sVVVAmountToLock;
        position.outstandingDiemAmount += minted;
        totalLockedStakedVVV += sVVVAmountToLock;
        diem.mint(msg.sender, minted);
        emit DiemMinted(sVVVAmountToLock, minted);
    }

    /// Unlocks by what the caller minted itself: DIEM from elsewhere burns only up to that.
    function burnDiem(uint256 diemAmountToBurn) external settles(msg.sender) {
        if (diemAmountToBurn == 0) revert ZeroAmount();
        LockedStake storage position = lockedStakes[msg.sender];
        uint256 outstanding = position.outstandingDiemAmount;
        if (outstanding < diemAmountToBurn) revert MoreThanOutstanding();
        uint256 unlocked = diemAmountToBurn * position.sVVVLockedAmount / outstanding;
        position.sVVVLockedAmount -= unlocked;
        position.outstandingDiemAmount = outstanding - diemAmountToBurn;
        totalLockedStakedVVV -= unlocked;
        diem.burn(msg.sender, diemAmountToBurn);
        emit DiemBurned(unlocked, diemAmountToBurn);
    }

    function setVeniceEmissionsPercentage(uint256 newPercentage) external onlyOwner {
        _updateRewards();
        veniceEmissionsPercentage = newPercentage;
        emit VeniceEmissionsPercentageUpdated(newPercentage);
    }

    function setVeniceEmissionsPercentageWhenLocked(uint256 newPercentage) external onlyOwner {
        _updateRewards();
        veniceEmissionsPercentageWhenLocked = newPercentage;
        emit VeniceEmissionsPercentageWhenLockedUpdated(newPercentage);
    }

    function setDiemMintCurve(uint256[256] calldata newDiemSupply, uint256[256] calldata newDiemMintRates)
        external
        onlyOwner
    {
        diemSupply = newDiemSupply;
        diemMintRates = newDiemMintRates;
        emit DiemMintRatesUpdated(newDiemSupply, newDiemMintRates);
    }

    function balanceOfUnlocked(address user) external view returns (uint256) {
        return _unlocked(user);
    }

    /// Walks the buckets from DIEM's supply upwards. A bucket without a rate is passed over and does not move the supply, so
    /// its width is bought at the next one's rate.
    function getDiemAmountOut(uint256 sVVVAmountToLock) public view returns (uint256) {
        uint256 amountOut = 0;
        uint256 remaining = sVVVAmountToLock;
        uint256 supply = diem.totalSupply();
        for (uint256 i = 0; i < 256; i++) {
            uint256 bound = diemSupply[i];
            uint256 rate = diemMintRates[i];
            if (supply >= bound || rate == 0) continue;
            uint256 left = bound - supply;
            uint256 cost = (rate * left + WAD - 1) / WAD;
            if (cost >= remaining) return amountOut + remaining * WAD / rate;
            remaining -= cost;
            amountOut += left;
            supply = bound;
        }
        revert MintCurveExhausted();
    }

    function getVenicePercentage() public view override returns (uint256) {
        return veniceEmissionsPercentage;
    }

    function _accrued()
        internal
        view
        override
        returns (uint256 rise, uint256 riseLocked, uint256 toStakers, uint256 toTreasury)
    {
        uint256 emitted = (block.timestamp - lastRewardTimestamp) * emissionRatePerSecond;
        toTreasury = emitted * veniceEmissionsPercentage / WAD;
        uint256 raw = emitted - toTreasury;
        uint256 locked = totalLockedStakedVVV;
        uint256 unlocked = totalSupply - locked;
        uint256 rawLocked = raw * locked / totalSupply;
        if (unlocked > 0) {
            rise = (raw - rawLocked) * SCALE / unlocked;
            toStakers = rise * unlocked / SCALE;
        }
        if (locked > 0) {
            uint256 fromLocked = rawLocked * veniceEmissionsPercentageWhenLocked / WAD;
            toTreasury += fromLocked;
            riseLocked = (rawLocked - fromLocked) * SCALE / locked;
            toStakers += riseLocked * locked / SCALE;
        }
    }

    function _raise(uint256 rise, uint256 riseLocked) internal override {
        accRewardPerShare += rise;
        accRewardPerShareLocked += riseLocked;
    }

    function _earned(address user, uint256 rise, uint256 riseLocked) internal view override returns (uint256) {
        return _unlocked(user) * (accRewardPerShare + rise) / SCALE
            + lockedStakes[user].sVVVLockedAmount * (accRewardPerShareLocked + riseLocked) / SCALE;
    }

    function _unlocked(address user) internal view override returns (uint256) {
        return balanceOf[user] - lockedStakes[user].sVVVLockedAmount;
    }
}
