//! How often what happens.

use super::action::{Action, Kind};
use super::scene::{Plan, Scene};
use super::{admin, diem, market, refusals, special, staking};

/// From when on something can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Era {
    /// From the first stake to the upgrade.
    FirstLogicOnly,
    /// From the first stake on.
    Always,
    /// From the upgrade on.
    SecondLogic,
}

use Era::{Always, FirstLogicOnly, SecondLogic};

/// Something that can happen, and how to plan it.
struct Offer {
    kind: Kind,
    era: Era,
    weight: u64,
    plan: fn(&mut Scene) -> Plan,
}

const fn offer(kind: Kind, era: Era, weight: u64, plan: fn(&mut Scene) -> Plan) -> Offer {
    Offer { kind, era, weight, plan }
}

/// What users do every day.
const DAILY: &[Offer] = &[
    offer(Kind::Stake, Always, 120, staking::stake),
    offer(Kind::StakeForOther, Always, 40, staking::stake_for_other),
    offer(Kind::Claim, Always, 60, staking::claim),
    offer(Kind::ClaimAndStake, SecondLogic, 50, staking::claim_and_stake),
    offer(Kind::InitiateUnstake, Always, 50, staking::initiate),
    offer(Kind::FinalizeUnstake, Always, 80, staking::finalize),
    offer(Kind::ApproveSvvv, SecondLogic, 10, staking::approve),
    offer(Kind::StakeAndMint, SecondLogic, 20, staking::stake_and_mint),
    offer(Kind::MintDiem, SecondLogic, 90, diem::mint),
    offer(Kind::BurnDiemInPart, SecondLogic, 30, diem::burn_in_part),
    offer(Kind::BurnDiemInFull, SecondLogic, 20, diem::burn_in_full),
    offer(Kind::StakeDiem, SecondLogic, 100, diem::stake),
    offer(Kind::InitiateDiemUnstake, SecondLogic, 50, diem::initiate),
    offer(Kind::InitiateDiemUnstakeAgain, SecondLogic, 25, diem::initiate_again),
    offer(Kind::UnstakeDiem, SecondLogic, 60, diem::unstake),
    offer(Kind::TransferVvv, Always, 150, market::transfer_vvv),
    offer(Kind::TransferDiem, SecondLogic, 30, market::transfer_diem),
    offer(Kind::TransferNothing, Always, 15, market::transfer_nothing),
    offer(Kind::TransferToSelf, Always, 15, market::transfer_to_self),
    offer(Kind::SellVvv, Always, 60, market::sell_vvv),
    offer(Kind::BuyVvv, Always, 60, market::buy_vvv),
    offer(Kind::SellVvvForDiem, SecondLogic, 30, market::sell_vvv_for_diem),
    offer(Kind::SellDiemForVvv, SecondLogic, 30, market::sell_diem_for_vvv),
    offer(Kind::BurnBySwap, Always, 50, market::burn_by_swap),
    offer(Kind::ClaimAirdrop, Always, 60, market::claim_airdrop),
    offer(Kind::Refused, Always, 30, refusals::refused),
];

/// What comes round by turns.
const TURNS: &[Offer] = &[
    offer(Kind::VaultStake, Always, 1, staking::vault_stake),
    offer(Kind::SetEmissionRate, Always, 1, admin::set_emission_rate),
    offer(Kind::BurnBySafe, Always, 1, special::burn_by_safe),
    offer(Kind::VaultMintDiem, SecondLogic, 1, diem::vault_mint),
    offer(Kind::SetSvvvCooldown, Always, 1, admin::set_svvv_cooldown),
    offer(Kind::VaultInitiateUnstake, Always, 1, staking::vault_initiate),
    offer(Kind::DirectMint, SecondLogic, 1, special::direct_mint),
    offer(Kind::BurnByUser, Always, 1, special::burn_by_user),
    offer(Kind::EqualMints, SecondLogic, 1, special::equal_mints),
    offer(Kind::SetVenicePercentage, SecondLogic, 1, admin::set_venice_percentage),
    offer(Kind::DonateVvv, Always, 1, special::donate_vvv),
    offer(Kind::VaultStakeDiem, SecondLogic, 1, diem::vault_stake),
    offer(Kind::SetTreasury, Always, 1, admin::set_treasury),
    offer(Kind::MintBesideDirectMint, SecondLogic, 1, special::mint_beside_direct_mint),
    offer(Kind::SetMintCurve, SecondLogic, 1, admin::set_mint_curve),
    offer(Kind::VaultFinalizeUnstake, Always, 1, staking::vault_finalize),
    offer(Kind::DirectBurn, SecondLogic, 1, special::direct_burn),
    offer(Kind::SetDiemCooldown, SecondLogic, 1, admin::set_diem_cooldown),
    offer(Kind::VaultBurnDiem, SecondLogic, 1, diem::vault_burn),
    offer(Kind::SetOracle, FirstLogicOnly, 1, admin::set_oracle),
    offer(Kind::DonateDiem, SecondLogic, 1, special::donate_diem),
    offer(Kind::SetVenicePercentageWhenLocked, SecondLogic, 1, admin::set_venice_percentage_when_locked),
    offer(Kind::VaultBatch, SecondLogic, 1, special::vault_batch),
    offer(Kind::ChangeRoles, SecondLogic, 1, admin::change_roles),
];

/// Every kind of thing that a run of some hundred blocks holds.
pub fn kinds() -> impl Iterator<Item = Kind> {
    let once = [Kind::Distribute, Kind::DeployDiem, Kind::Upgrade, Kind::BurnAirdrop];
    once.into_iter().chain(DAILY.iter().chain(TURNS).map(|offer| offer.kind))
}

fn open<'a>(offers: &'a [Offer], scene: &Scene) -> Vec<&'a Offer> {
    let is_open = |offer: &&Offer| match offer.era {
        Era::Always => true,
        Era::FirstLogicOnly => !scene.book.has_locks,
        Era::SecondLogic => scene.book.has_locks,
    };
    offers.iter().filter(is_open).collect()
}

fn planned(offer: &Offer, scene: &mut Scene) -> Option<Action> {
    (offer.plan)(scene).map(|steps| Action { kind: offer.kind, steps })
}

/// The set piece whose turn it is, or the next one that can be done.
pub(super) fn turn(scene: &mut Scene, turn: u64) -> Option<Action> {
    let open = open(TURNS, scene);
    let first = usize::try_from(turn % open.len() as u64).unwrap_or_default();
    open.iter().cycle().skip(first).take(open.len()).find_map(|offer| planned(offer, scene))
}

/// Something from everyday life. Nothing, if a few tries find nobody to do it.
pub(super) fn daily(scene: &mut Scene) -> Option<Action> {
    let open = open(DAILY, scene);
    (0..8).find_map(|_| {
        let offer = weighted(&open, scene)?;
        planned(offer, scene)
    })
}

fn weighted<'a>(offers: &[&'a Offer], scene: &mut Scene) -> Option<&'a Offer> {
    let mut left = scene.below(offers.iter().map(|offer| offer.weight).sum());
    offers.iter().copied().find(|offer| {
        let is_hit = left < offer.weight;
        left = left.saturating_sub(offer.weight);
        is_hit
    })
}
