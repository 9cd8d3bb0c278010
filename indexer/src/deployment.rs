//! Which chain and contracts: the deployment built in, or an operator's file.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use store::deployment::Deployment;

/// Venice on Base mainnet.
const BASE: &str = include_str!("../deployments/base.toml");

/// The deployment of that name, or in that file.
///
/// # Errors
/// If the file cannot be read, is no deployment, or contradicts itself.
pub fn load(name_or_file: &str) -> Result<Deployment> {
    if name_or_file == "base" {
        return parse(BASE).context("the deployment built in");
    }
    let text = std::fs::read_to_string(Path::new(name_or_file))
        .with_context(|| format!("--deployment {name_or_file}: neither \"base\" nor a file that can be read"))?;
    parse(&text).with_context(|| format!("--deployment {name_or_file}"))
}

fn parse(text: &str) -> Result<Deployment> {
    let deployment: Deployment = toml::from_str(text)?;
    let contracts = deployment.contracts;
    let three = [contracts.vvv, contracts.staking, contracts.diem];
    ensure!(three[0] != three[1] && three[1] != three[2] && three[0] != three[2], "two contracts have one address");
    ensure!(deployment.clock.is_none_or(|clock| clock.seconds_per_block > 0), "clock.seconds_per_block is 0");
    let is_ordered = deployment.finality.is_none_or(|depths| depths.safe_depth <= depths.finalized_depth);
    ensure!(is_ordered, "finality.safe_depth is above finality.finalized_depth");
    for (position, label) in deployment.labels.iter().enumerate() {
        let earlier = deployment.labels[..position].iter().any(|other| other.address == label.address);
        ensure!(!earlier, "{} has two labels", label.address);
    }
    let is_ordered = deployment.diem_targets.windows(2).all(|pair| pair[0].since < pair[1].since);
    ensure!(is_ordered, "diem_targets are not in the order of their days, one a day");
    Ok(deployment)
}

#[cfg(test)]
mod tests {
    use store::deployment::LabelKind;

    use super::*;

    #[test]
    fn the_one_built_in_is_whole() {
        let base = load("base").unwrap();
        assert_eq!(base.chain_id, 8453);
        assert_eq!(base.clock.unwrap().timestamp(51_530_023), Some(1_789_849_393));
        assert!(base.labels.iter().any(|label| label.kind == LabelKind::ProgrammaticBurn));
    }

    #[test]
    fn what_is_misspelt_is_refused() {
        let text = BASE.replace("start_block", "startblock");
        let message = format!("{:#}", parse(&text).unwrap_err());
        assert!(message.contains("startblock"), "{message}");
    }

    #[test]
    fn depths_are_optional_and_leave_the_digest_of_others_alone() {
        let base = parse(BASE).unwrap();
        assert_eq!(base.finality, None);
        assert!(!serde_json::to_string(&base).unwrap().contains("finality"));
        let with = parse(&format!("{BASE}\n[finality]\nsafe_depth = 10\nfinalized_depth = 900\n")).unwrap();
        assert_eq!(with.finality.map(|depths| (depths.safe_depth, depths.finalized_depth)), Some((10, 900)));
        assert_ne!(with.digest().unwrap(), base.digest().unwrap());
        assert!(parse(&format!("{BASE}\n[finality]\nsafe_depth = 10\nfinalized_depth = 9\n")).is_err());
    }

    #[test]
    fn targets_hold_from_their_day_on_and_come_in_order() {
        let target = |since: &str, amount: &str| {
            format!("[[diem_targets]]\nsince = \"{since}\"\namount = \"{amount}\"\nsource = \"the owner's word\"\n")
        };
        let (first, second) = (target("2025-08-20", "38000"), target("2026-02-10", "39500.5"));
        let deployment = parse(&format!("{BASE}\n{first}{second}")).unwrap();
        let amount = |timestamp| deployment.diem_target(timestamp).map(|target| String::from(target.amount));
        assert_eq!(amount(1_755_647_999), None, "2025-08-19T23:59:59Z");
        assert_eq!(amount(1_755_648_000).as_deref(), Some("38000.000000000000000000"));
        assert_eq!(amount(1_770_681_599).as_deref(), Some("38000.000000000000000000"));
        assert_eq!(amount(1_770_681_600).as_deref(), Some("39500.500000000000000000"));
        assert_eq!(amount(u64::MAX).as_deref(), Some("39500.500000000000000000"));
        assert!(parse(&format!("{BASE}\n{second}{first}")).is_err());
        assert!(parse(&format!("{BASE}\n{first}{first}")).is_err());
        assert!(parse(&format!("{BASE}\n{}", target("2026-02-30", "1"))).is_err());
    }

    #[test]
    fn a_label_given_twice_is_refused() {
        let again = "\n[[labels]]\naddress = \"0x01784ef301D79e4B2DF3a21ad9a536d4cF09A5Ce\"\nname = \"x\"\nkind = \"pool\"\nsource = \"x\"\n";
        assert!(parse(&format!("{BASE}{again}")).is_err());
    }
}
