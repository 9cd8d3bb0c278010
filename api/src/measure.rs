//! What the service measures of itself: requests as they go by, and now and then how fresh the database is.

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use jiff::Timestamp;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use store::read::progress::{self, Needs};
use store::read::{ReadError, readiness};

use crate::app::App;

/// How often the database is asked.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Says what there is, for those who read the figures.
pub fn describe() {
    describe_counter!("api_requests_total", "Requests answered, by route and status.");
    describe_histogram!("api_request_seconds", Unit::Seconds, "From a request's head to its answer's, by route.");
    describe_gauge!("api_snapshot_block_number", "The newest block that is served, of each cursor.");
    describe_gauge!("api_snapshot_age_seconds", Unit::Seconds, "Since that block's time, by this server's clock.");
    describe_gauge!("api_lag_seconds", Unit::Seconds, "Since the state was last confirmed to be of the head.");
    describe_counter!("api_tables_made_total", "Capacity tables read, of the head or of past blocks.");
    describe_counter!("api_tables_found_total", "Capacity tables asked for that were there or being made.");
    describe_counter!(
        "api_tables_refused_total",
        "Requests refused because too many tables of past blocks were asked for."
    );
    describe_gauge!("api_ready", "1 where /readyz is 200.");
}

/// Counts a request and how long it took. Routes are named as they are declared: paths are the clients' to make up.
pub async fn count(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |path| path.as_str().into());
    let began = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    histogram!("api_request_seconds", "route" => path.clone()).record(began.elapsed());
    counter!("api_requests_total", "route" => path, "status" => status).increment(1);
    response
}

/// Asks the database now and then, for as long as it is polled.
pub async fn watch(app: App) {
    loop {
        if let Err(error) = look(&app).await {
            tracing::debug!("no figures: {error}");
            gauge!("api_ready").set(0);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What is not known is no number.
async fn look(app: &App) -> Result<(), ReadError> {
    let mut reading = app.database().begin().await?;
    let progress = progress::progress(&mut reading).await?;
    let known = app.deployment(&mut reading, progress.deployment_digest).await.ok();
    let clock = known.and_then(|known| known.deployment.clock);
    let ready = readiness::reasons(&progress, clock, app.settings().max_lag_seconds).is_empty();
    gauge!("api_ready").set(f64::from(u8::from(ready)));
    let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
    for (name, needs) in [("capacity", Needs::Capacity), ("supply", Needs::Both)] {
        let newest = needs.newest(&progress);
        let timestamp = newest.and_then(|cursor| cursor.timestamp.or_else(|| clock?.timestamp(cursor.number)));
        let lag = newest.and_then(|cursor| readiness::lag_seconds(&progress, cursor, clock));
        gauge!("api_snapshot_block_number", "cursor" => name).set(number(newest.map(|cursor| cursor.number)));
        gauge!("api_snapshot_age_seconds", "cursor" => name)
            .set(number(timestamp.map(|then| now.saturating_sub(then))));
        gauge!("api_lag_seconds", "cursor" => name).set(number(lag));
    }
    Ok(())
}

/// Block numbers and seconds, no amounts: below 2^53 a float holds them to the unit.
#[expect(clippy::cast_precision_loss, reason = "block numbers and seconds stay below 2^53")]
fn number(value: Option<u64>) -> f64 {
    value.map_or(f64::NAN, |value| value as f64)
}
