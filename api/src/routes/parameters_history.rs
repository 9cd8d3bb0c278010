//! `GET /v1/parameters/history`

use axum::extract::State;
use axum::response::Response;
use ledger::parameter::Parameter;
use serde::{Deserialize, Serialize};
use store::read::parameter::{Changes, Since};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::ListProblems;
use crate::page_cursor::{PageCursor, cut, open};
use crate::params::{BlockParams, FromPairs, ListParams, Pairs, UnitParams, invalid};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::routes::parameters::ParameterValue;
use crate::snapshot::{AsOf, Needs};
use crate::wire::Units;

/// Which changes.
#[derive(Clone, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NameParams {
    /// Only of the parameter of this name, as `/v1/parameters` has it.
    #[param(value_type = Option<String>)]
    name: Option<Parameter>,
}

/// Which changes, page, block and unit.
#[derive(Clone, Debug, Default)]
pub struct HistoryParams {
    name: NameParams,
    list: ListParams,
    block: BlockParams,
    units: Units,
}

impl FromPairs for HistoryParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        let name = pairs.take("name", served, "a name that /v1/parameters has")?;
        Ok(Self {
            name: NameParams { name },
            list: ListParams::from_pairs(pairs)?,
            block: BlockParams::from_pairs(pairs)?,
            units: UnitParams::from_pairs(pairs)?.units,
        })
    }
}

/// A page of changes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ParameterHistoryAnswer {
    /// By block, then by name.
    items: Vec<ParameterChange>,
    /// For the next page; null after the last.
    next_cursor: Option<String>,
    /// Names of the parameters that have a value here which cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// A value that a parameter took; null where it changed to something that is not known.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ParameterChange {
    #[serde(flatten)]
    value: ParameterValue,
    /// The block that set or first showed it.
    #[schema(minimum = 0, example = 34_455_271)]
    block_number: u64,
    /// `event`; `call` for the contract's own answer, taken here or somewhere after the change; `inferred` where it changed
    /// in this block without an event, as the contract's answers block by block showed.
    #[schema(example = "event")]
    source: String,
}

/// Which list, and its last row so far.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    #[serde(rename = "p")]
    only: Option<String>,
    #[serde(rename = "b")]
    block_number: u64,
    #[serde(rename = "q")]
    name: String,
}

/// Changes of the parameters
///
/// A reading that shows what was already known is no change. What moves with every block of rewards is in `/v1/emissions`, not
/// here. Pages of one run all answer as of the block the first one
/// did.
#[utoipa::path(
    get,
    operation_id = "listParameterChanges",
    path = "/v1/parameters/history",
    tag = "network",
    params(NameParams, ListParams, BlockParams, UnitParams),
    responses((status = 200, description = "A page of changes.", body = ParameterHistoryAnswer), ListProblems),
)]
pub async fn get(
    State(app): State<App>,
    Query(query): Query<HistoryParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    let before = query.list.cursor.as_deref().map(PageCursor::<Key>::parse).transpose()?;
    let wanted = wanted(&query, before.as_ref())?;
    let mut snapshot = open(&app, Needs::Capacity, &query.block, before.as_ref()).await?;
    if let Some(response) = unchanged(&snapshot, &conditional) {
        return Ok(response);
    }
    let mut rows = snapshot.parameter_changes(&wanted).await?;
    let next_cursor = cut(&mut rows, query.list.limit).map(|last| {
        let only = wanted.parameter.map(|parameter| parameter.name().to_owned());
        let key = Key { only, block_number: last.block_number, name: last.parameter.name().to_owned() };
        PageCursor::next(before.as_ref(), &snapshot, key).write()
    });
    let mut missing: Vec<&str> =
        rows.iter().filter(|since| since.value.is_none()).map(|since| since.parameter.name()).collect();
    missing.sort_unstable();
    missing.dedup();
    let body = ParameterHistoryAnswer {
        unknown: snapshot.as_of().unknown().into_iter().chain(missing.into_iter().map(str::to_owned)).collect(),
        items: rows.into_iter().map(|since| change(since, query.units)).collect(),
        next_cursor,
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

/// The parameter of this name, where `/v1/parameters` has it.
fn served(name: &str) -> Option<Parameter> {
    Parameter::from_name(name).filter(|parameter| parameter.is_announced())
}

/// One row more than the page has, to tell whether there is another.
fn wanted(query: &HistoryParams, before: Option<&PageCursor<Key>>) -> Result<Changes, Problem> {
    let limit = query.list.limit + 1;
    let Some(PageCursor { key, .. }) = before else {
        return Ok(Changes { parameter: query.name.name, after: None, limit });
    };
    let nobody = || invalid("cursor", "names no parameter");
    let only = key.only.as_deref().map(|only| served(only).ok_or_else(nobody)).transpose()?;
    if query.name.name.is_some_and(|name| Some(name) != only) {
        return Err(invalid("cursor", "belongs to a list of another name"));
    }
    let name = Parameter::from_name(&key.name).ok_or_else(nobody)?;
    Ok(Changes { parameter: only, after: Some((key.block_number, name)), limit })
}

fn change(since: Since, units: Units) -> ParameterChange {
    ParameterChange {
        value: ParameterValue::new(since.parameter, since.value.as_deref(), units),
        block_number: since.block_number,
        source: since.source,
    }
}
