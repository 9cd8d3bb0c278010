// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {ERC20} from "./ERC20.sol";
import {Initializable} from "./Initializable.sol";
import {UUPS} from "./UUPS.sol";
import {VVV} from "./VVV.sol";

/// What StakingV1 and StakingV2 share: the storage V2 appends to, sVVV, the cooldown and the order of every action.
/// An action updates the network's rewards, pays its account, changes balances, and sets the account's debt from the new ones.
abstract contract StakingBase is Initializable, UUPS, ERC20 {
    event Staked(address indexed user, uint256 amount);
    event UnstakeInitiated(address indexed user, uint256 amount);
    event UnstakeFinalized(address indexed user, uint256 amount);
    event Claimed(address indexed user, uint256 amount);
    event TreasuryUpdated(address newTreasury);
    event EmissionRateUpdated(uint256 newEmissionRate);
    event CooldownDurationUpdated(uint256 newCooldownDuration);

    error ZeroAmount();
    error NotTransferable();
    error InsufficientUnlocked();
    error UnstakePending();
    error NothingCooling();
    error CooldownNotOver();

    struct Stake {
        uint256 rewardDebt;
        uint256 cooldownEnd;
        uint256 cooldownAmount;
    }

    string public constant name = "Staked VVV";
    string public constant symbol = "sVVV";

    uint256 internal constant SCALE = 1e36;
    uint256 internal constant WAD = 1e18;

    VVV public venice;
    address public treasury;
    address public oracle;
    uint256 public emissionRatePerSecond;
    uint256 public cooldownDuration;
    uint256 public lastRewardTimestamp;
    uint256 public accRewardPerShare;
    mapping(address => Stake) public stakes;

    modifier settles(address user) {
        _updateRewards();
        uint256 pending = _earned(user, 0, 0) - stakes[user].rewardDebt;
        if (pending > 0) {
            venice.transfer(user, pending);
            emit Claimed(user, pending);
        }
        _;
        stakes[user].rewardDebt = _earned(user, 0, 0);
    }

    /// The payer is the caller; everything else, the settled rewards included, concerns the recipient.
    function stake(address recipient, uint256 amount) external settles(recipient) {
        if (amount == 0) revert ZeroAmount();
        venice.transferFrom(msg.sender, address(this), amount);
        _mint(recipient, amount);
        emit Staked(recipient, amount);
    }

    function initiateUnstake(uint256 amount) external settles(msg.sender) {
        if (amount == 0) revert ZeroAmount();
        Stake storage position = stakes[msg.sender];
        if (position.cooldownAmount != 0) revert UnstakePending();
        if (_unlocked(msg.sender) < amount) revert InsufficientUnlocked();
        position.cooldownAmount = amount;
        position.cooldownEnd = block.timestamp + cooldownDuration;
        _burn(msg.sender, amount);
        emit UnstakeInitiated(msg.sender, amount);
    }

    /// What cools earns nothing, so neither the network's rewards nor the account's debt move here.
    function finalizeUnstake() external {
        Stake storage position = stakes[msg.sender];
        uint256 amount = position.cooldownAmount;
        if (amount == 0) revert NothingCooling();
        if (block.timestamp < position.cooldownEnd) revert CooldownNotOver();
        position.cooldownAmount = 0;
        position.cooldownEnd = 0;
        venice.transfer(msg.sender, amount);
        emit UnstakeFinalized(msg.sender, amount);
    }

    function claim() external settles(msg.sender) {}

    function setCooldownDuration(uint256 newCooldownDuration) external onlyOwner {
        cooldownDuration = newCooldownDuration;
        emit CooldownDurationUpdated(newCooldownDuration);
    }

    function setEmissionRate(uint256 newEmissionRate) external onlyOwner {
        _updateRewards();
        emissionRatePerSecond = newEmissionRate;
        emit EmissionRateUpdated(newEmissionRate);
    }

    function setTreasury(address newTreasury) external onlyOwner {
        treasury = newTreasury;
        emit TreasuryUpdated(newTreasury);
    }

    function pendingRewards(address _user) external view returns (uint256) {
        (uint256 rise, uint256 riseLocked,,) = _accrued();
        return _earned(_user, rise, riseLocked) - stakes[_user].rewardDebt;
    }

    function getVenicePercentage() public view virtual returns (uint256);

    /// At most once per timestamp. The mint to the proxy happens even when it is zero: it is how an update shows.
    function _updateRewards() internal {
        if (block.timestamp == lastRewardTimestamp) return;
        (uint256 rise, uint256 riseLocked, uint256 toStakers, uint256 toTreasury) = _accrued();
        lastRewardTimestamp = block.timestamp;
        _raise(rise, riseLocked);
        venice.mint(address(this), toStakers);
        if (toTreasury > 0) venice.mint(treasury, toTreasury);
    }

    /// What an update at this block's timestamp would add to the accumulators and mint.
    function _accrued()
        internal
        view
        virtual
        returns (uint256 rise, uint256 riseLocked, uint256 toStakers, uint256 toTreasury);

    function _transfer(address, address, uint256) internal pure override {
        revert NotTransferable();
    }

    function _raise(uint256 rise, uint256 riseLocked) internal virtual;

    /// All an account's present balances would have earned since the start, once the accumulators rise by the given amounts.
    function _earned(address user, uint256 rise, uint256 riseLocked) internal view virtual returns (uint256);

    function _unlocked(address user) internal view virtual returns (uint256);
}
