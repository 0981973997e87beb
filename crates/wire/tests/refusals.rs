//! What a refusal says.
mod support;

use millstream_wire::providers::error_body::{MAX_MESSAGE_BYTES, parse_error_body};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The first text under the names that providers give a message, found by another road than the one tested.
fn message_in(value: &Value) -> Option<&str> {
    match value {
        Value::Array(items) => items.iter().find_map(message_in),
        Value::Object(members) => {
            let direct = ["error", "message", "detail"].iter().find_map(|name| members.get(*name)?.as_str());
            direct.or_else(|| members.get("error").and_then(message_in))
        }
        _ => None,
    }
}

#[test]
fn every_recorded_refusal_gives_the_providers_message() {
    let Some(path) = support::shared("http-errors.jsonl") else { return };
    let mut count = 0;
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let answer: Value = serde_json::from_str(line).unwrap();
        let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
        let body = answer["body"].as_str().unwrap();
        let error = parse_error_body(status, answer["headers"]["content-type"].as_str(), body.as_bytes());
        let Ok(document) = serde_json::from_str::<Value>(body) else {
            assert_eq!(error, None, "one was recorded compressed");
            continue;
        };
        let error = error.unwrap_or_else(|| panic!("nothing found in {body}"));
        let expected = message_in(&document).unwrap();
        assert!(expected.starts_with(&error.message) && !error.message.is_empty(), "{body}");
        assert_eq!(error.message.len(), expected.len().min(MAX_MESSAGE_BYTES), "{body}");
        assert_eq!(error.status, Some(status), "{body}");
        count += 1;
    }
    assert!(count > 140);
}

#[test]
fn reads_each_field_of_a_refusal() {
    let read = |body: &str| parse_error_body(429, Some("application/json"), body.as_bytes()).unwrap();
    let openai = read(r#"{"error":{"message":"m","type":"t","param":"p","code":"c"}}"#);
    assert_eq!(
        (openai.kind.as_deref(), openai.param.as_deref(), openai.code.as_deref()),
        (Some("t"), Some("p"), Some("c"))
    );
    let anthropic = read(r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#);
    assert_eq!((anthropic.kind.as_deref(), anthropic.message.as_str()), (Some("overloaded_error"), "Overloaded"));
    let google = read(
        r#"[{"error":{"code":503,"message":"m","status":"UNAVAILABLE","details":[{"@type":"x"},{"retryDelay":"1.5s"}]}}]"#,
    );
    assert_eq!(
        (google.kind.as_deref(), google.status, google.retry_after_ms),
        (Some("UNAVAILABLE"), Some(503), Some(1500))
    );
    let wrapped = read(r#"{"success":false,"errors":[{"code":3040,"message":"Capacity"}],"result":null}"#);
    assert_eq!(
        (wrapped.message.as_str(), wrapped.code.as_deref(), wrapped.status),
        ("Capacity", Some("3040"), Some(429))
    );
    assert_eq!(read(r#"{"detail":[{"loc":["body"],"msg":"field required"}]}"#).message, "field required");
    assert_eq!(read("event: error\ndata: {\"error\":{\"message\":\"m\"}}\n\n").message, "m");
    assert_eq!(
        parse_error_body(503, Some("text/plain"), b"upstream connect error").unwrap().message,
        "upstream connect error"
    );
}

#[test]
fn a_page_or_garbage_is_no_message() {
    for body in ["<html>no</html>", "", "  ", "{}", "[]", "12", "{\"error\":", "{\"error\":{}}", "\u{1f}\u{8b}"] {
        assert_eq!(parse_error_body(502, Some("text/html"), body.as_bytes()), None, "{body}");
    }
    assert_eq!(parse_error_body(502, Some("text/plain"), b"<html>"), None);
    let deep = "{\"error\":".repeat(100_000);
    assert_eq!(parse_error_body(500, None, deep.as_bytes()), None);
    let long = json!({ "error": "\u{e9}".repeat(100_000) }).to_string();
    assert!(parse_error_body(500, None, long.as_bytes()).unwrap().message.len() <= MAX_MESSAGE_BYTES);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_body_is_read_or_not_but_never_panics(
        body in prop::collection::vec(any::<u8>(), 0..200), nested in "[\\[{\"a-z:,}\\]]{0,40}"
    ) {
        for body in [&body[..], nested.as_bytes()] {
            if let Some(error) = parse_error_body(400, Some("text/plain"), body) {
                prop_assert!(!error.message.is_empty());
            }
        }
    }
}
