//! The OpenAPI document is kept in the repository, so that a change of the contract is seen in review.

use api::router::document;

#[test]
fn the_document_is_the_one_in_the_repository() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let text = format!("{}\n", document().to_pretty_json().unwrap());
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == text,
        "api/openapi.json is not what `api openapi` prints; UPDATE_SNAPSHOTS=1 cargo test -p api writes it"
    );
}
