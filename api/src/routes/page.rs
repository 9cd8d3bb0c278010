//! `GET /` and the page's files

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::problem::{Kind, Problem};

/// The page, as it lies in `web/`.
#[derive(RustEmbed)]
#[folder = "../web"]
struct Web;

/// The page.
pub async fn index(headers: HeaderMap) -> Result<Response, Problem> {
    serve("index.html", &headers)
}

/// One of its files.
pub async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    serve(&name, &headers)
}

fn serve(name: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let file = Web::get(name).ok_or_else(|| Problem::new(Kind::NotFound, "the page has no such file"))?;
    let tag = tag(&file);
    let held = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_held = held.is_some_and(|held| held.trim_start_matches("W/") == tag);
    let mut response = if is_held {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(file.data.into_owned()))
    };
    let headers = response.headers_mut();
    for (name, value) in [(header::CONTENT_TYPE, file.metadata.mimetype().to_owned()), (header::ETAG, tag)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

fn tag(file: &EmbeddedFile) -> String {
    format!("\"{}\"", alloy_primitives::hex::encode(&file.metadata.sha256_hash()[..16]))
}
