//! The OpenAPI document holds together, and names what the service takes.

use api::router::document;
use serde_json::Value;
use sqlx::PgPool;

use crate::service::{ALICE, Service};

fn whole() -> Value {
    serde_json::to_value(document()).unwrap()
}

/// Every `$ref` below a value.
fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, member)| match member {
                Value::String(target) if name == "$ref" => vec![target.as_str()],
                _ => references(member),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn what_is_referred_to_is_there() {
    let document = whole();
    let references = references(&document);
    assert!(references.len() > 100);
    for reference in references {
        let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        assert!(target.is_some(), "{reference} is nowhere");
    }
}

/// A value may be wrong here; a name may not.
#[sqlx::test(migrations = "../migrations")]
async fn every_query_parameter_that_it_names_is_taken(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let document = whole();
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let target = path.replace("{address}", ALICE).replace("{id}", "2026-11-20").replace("{path}", "any");
        let parameters = item["get"]["parameters"].as_array().into_iter().flatten();
        for parameter in parameters.filter(|parameter| parameter["in"] == "query") {
            let name = parameter["name"].as_str().unwrap();
            let value = match &parameter["example"] {
                Value::String(text) => text.clone(),
                Value::Null => "1".into(),
                other => other.to_string(),
            };
            let reply = service.get(&format!("{target}?{name}={value}")).await;
            assert!(!reply.text.contains("is not a parameter"), "{path} names ?{name}: {}", reply.text);
            assert_ne!(reply.status, 500, "{path}?{name}={value}");
            asked += 1;
        }
    }
    assert!(asked > 100, "{asked}");
    let reply = service.get("/v1/supply?nonsense=1").await;
    assert!(reply.problem(400, "invalid-parameter")["detail"].as_str().unwrap().contains("is not a parameter"));
}
