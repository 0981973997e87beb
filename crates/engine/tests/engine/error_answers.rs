//! Error answers that providers gave: every recorded one becomes the right kind of failure, in the provider's words.

use millstream_engine::ErrorKind;
use serde_json::Value;

use crate::support::{Server, answer, engine, failure, no_retry, request, told};

#[expect(clippy::print_stdout, reason = "a test that can't run says so")]
fn recorded() -> Vec<Value> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/http-errors.jsonl");
    let Ok(lines) = std::fs::read_to_string(file) else {
        println!("skipped: http-errors.jsonl is not beside the repository");
        return Vec::new();
    };
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The provider's message, read without knowing who it is.
fn message_of(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    let places = [&body["error"]["message"], &body["error"], &body["message"], &body["detail"]];
    places.into_iter().find_map(Value::as_str).map(str::to_owned)
}

fn expected_kind(provider: &str, status: u64, message: &str) -> ErrorKind {
    match (provider, status) {
        ("gemini", 400) if message.contains("API key not valid") => ErrorKind::Auth,
        ("xai", 400) if message.contains("Incorrect API key") => ErrorKind::Auth,
        (_, 401 | 403) => ErrorKind::Auth,
        (_, 429) => ErrorKind::RateLimit,
        (_, 400..500) => ErrorKind::InvalidRequest,
        _ => ErrorKind::Server,
    }
}

#[tokio::test]
async fn recorded_error_answers_are_told_in_the_providers_words() {
    let engine = engine();
    let all = recorded();
    assert!(all.is_empty() || all.len() > 100, "{}", all.len());
    for error in all {
        let provider = error["provider"].as_str().unwrap();
        let status = error["status"].as_u64().unwrap();
        let body = error["body"].as_str().unwrap();
        let what = format!("{provider} {status}: {body}");
        let kind = error["headers"]["content-type"].as_str().unwrap_or("application/json");
        let head = format!("content-type: {kind}\r\n");
        let script = vec![answer(u16::try_from(status).unwrap(), &head, body)];
        let server = Server::start(vec![script]).await;
        let mut asked = request(server.url());
        asked.retry = no_retry();
        let failed = failure(&told(&engine, asked).await);
        let said = message_of(body);
        assert_eq!(failed.kind, expected_kind(provider, status, said.as_deref().unwrap_or_default()), "{what}");
        assert_eq!(failed.status.map(u64::from), Some(status), "{what}");
        if let Some(said) = said {
            assert!(
                said.len() > 2048 || failed.message == format!("HTTP {status}: {}", said.trim()),
                "{what}\n{failed:?}"
            );
        }
        assert_eq!(failed.retryable, matches!(status, 429 | 500), "{what}");
    }
}

#[tokio::test]
async fn words_say_more_than_a_status() {
    let cases = [
        // Bedrock's and SageMaker's, by their header.
        (400, "ThrottlingException:http://internal.amazon.com/", "{}", ErrorKind::RateLimit, "ThrottlingException"),
        (400, "ExpiredTokenException", "{}", ErrorKind::Auth, "ExpiredTokenException"),
        (400, "ValidationException", r#"{"message":"no"}"#, ErrorKind::InvalidRequest, "ValidationException"),
        (503, "ServiceUnavailableException", "{}", ErrorKind::Overloaded, "ServiceUnavailableException"),
        (429, "ModelNotReadyException", "{}", ErrorKind::RateLimit, "ModelNotReadyException"),
        (424, "ModelErrorException", r#"{"message":"no"}"#, ErrorKind::InvalidRequest, "ModelErrorException"),
        // Cloudflare's envelope: its code is a number of its own.
        (
            429,
            "",
            r#"{"success":false,"errors":[{"message":"out of capacity","code":3040}],"messages":[],"result":{}}"#,
            ErrorKind::RateLimit,
            "3040",
        ),
        (
            401,
            "",
            r#"{"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"result":null}"#,
            ErrorKind::Auth,
            "10000",
        ),
    ];
    for (status, header, body, kind, code) in cases {
        let head = if header.is_empty() { String::new() } else { format!("x-amzn-errortype: {header}\r\n") };
        let server = Server::start(vec![vec![answer(status, &head, body)]]).await;
        let mut asked = request(server.url());
        asked.retry = no_retry();
        let failed = failure(&told(&engine(), asked).await);
        assert_eq!((failed.kind, failed.code.as_str()), (kind, code), "{status} {header} {body}");
    }
}
