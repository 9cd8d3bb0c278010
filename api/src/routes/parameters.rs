//! `GET /v1/parameters`

use alloy_primitives::{Address, B256, U256, keccak256};
use axum::extract::State;
use axum::response::Response;
use ledger::parameter::Parameter;
use serde::Serialize;
use store::read::parameter::Since;
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::ReadProblems;
use crate::params::{BlockParams, FigureParams, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::{Ratio, Units};

/// Every parameter of the contracts that somebody sets. What moves with every block of rewards is in `/v1/emissions`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ParametersAnswer {
    /// All 11, by name.
    items: Vec<ParameterItem>,
    /// Names of the parameters whose value cannot be known: neither an event nor a reading tells.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// A parameter and its value in force.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ParameterItem {
    #[serde(flatten)]
    value: ParameterValue,
    /// The block that set or first showed this value; null where none ever did.
    #[schema(minimum = 0, example = 34_455_271)]
    since_block: Option<u64>,
    /// How it was known then: `event`; `call` for the contract's own answer; `inferred` where it changed without an event
    /// and the contract's answers block by block showed where; null where nothing tells.
    #[schema(example = "event")]
    source: Option<String>,
}

/// A parameter and a value.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ParameterValue {
    /// Its name.
    #[schema(example = "emission_rate_per_second")]
    name: &'static str,
    /// As `unit` says; null where it is not known.
    #[schema(example = "79274479959411466")]
    value: Option<String>,
    /// `amount`: VVV, in the unit of `units`. `seconds`. `share`: a decimal with 18 digits. `address`: in EIP-55 form.
    /// `table_hash`: keccak256 of the table's 256 words; `/v1/diem/curve` has its cells.
    #[schema(example = "amount")]
    unit: &'static str,
}

impl ParameterValue {
    /// A value as it is written.
    pub(crate) fn new(parameter: Parameter, words: Option<&[U256]>, units: Units) -> Self {
        let word = words.and_then(|words| words.first().copied());
        let (unit, value) = match parameter {
            Parameter::EmissionRate => ("amount", word.map(|word| units.write(word))),
            Parameter::SvvvCooldown | Parameter::DiemCooldown => ("seconds", word.map(|word| word.to_string())),
            Parameter::VenicePercentage | Parameter::VenicePercentageLocked => {
                ("share", word.map(|word| Ratio::new(word).into_text()))
            }
            Parameter::Treasury | Parameter::Implementation | Parameter::VvvOwner | Parameter::StakingOwner => {
                ("address", word.map(address))
            }
            Parameter::CurveBounds | Parameter::CurveRates => ("table_hash", words.map(table_hash)),
            // Of no list here: these are read now and then to add up from, so what is known of them is old.
            Parameter::LastRewardTimestamp
            | Parameter::AccRewardPerShare
            | Parameter::AccRewardPerShareLocked
            | Parameter::RewardDebts => ("working_value", None),
        };
        Self { name: parameter.name(), value, unit }
    }
}

fn address(word: U256) -> String {
    Address::from_word(B256::from(word)).to_checksum(None)
}

/// As a contract would hash the table: each word as 32 bytes, one after another.
fn table_hash(words: &[U256]) -> String {
    let bytes: Vec<u8> = words.iter().flat_map(U256::to_be_bytes::<32>).collect();
    keccak256(bytes).to_string()
}

/// Every parameter of the contracts
///
/// What was never set by an event nor read from the contract is unknown, and null: no default stands in for it. The rewards
/// per share and the time up to which they are told are no settings: `/v1/emissions` has them, as of the block.
#[utoipa::path(
    get,
    operation_id = "getParameters",
    path = "/v1/parameters",
    tag = "network",
    params(BlockParams, UnitParams),
    responses((status = 200, description = "The values in force at the block.", body = ParametersAnswer), ReadProblems),
)]
pub async fn get(
    State(app): State<App>,
    Query(query): Query<FigureParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    let mut snapshot = Snapshot::open(&app, Needs::Capacity, &query.block).await?;
    if let Some(response) = unchanged(&snapshot, &conditional) {
        return Ok(response);
    }
    let known = snapshot.parameters().await?;
    let announced = Parameter::ALL.into_iter().filter(|parameter| parameter.is_announced());
    let mut items: Vec<ParameterItem> = announced.map(|parameter| item(parameter, &known, query.units)).collect();
    items.sort_by_key(|item| item.value.name);
    let missing = items.iter().filter(|item| item.value.value.is_none()).map(|item| item.value.name.to_owned());
    let body = ParametersAnswer {
        unknown: snapshot.as_of().unknown().into_iter().chain(missing).collect(),
        items,
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

fn item(parameter: Parameter, known: &[Since], units: Units) -> ParameterItem {
    let since = known.iter().find(|since| since.parameter == parameter);
    ParameterItem {
        value: ParameterValue::new(parameter, since.and_then(|since| since.value.as_deref()), units),
        since_block: since.map(|since| since.block_number),
        source: since.map(|since| since.source.clone()),
    }
}
