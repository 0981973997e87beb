//! What goes wrong, and what it is called.

use std::time::{Duration, Instant};

use millstream_engine::{ErrorKind, Place, SessionRequest, StreamError};
use millstream_wire::Event;

use crate::support::{
    Server, Step, Told, answer, chunk, engine, failure, finish, head, last_chunk, no_retry, recorder, request,
    stream_head, text, text_of, told,
};

const JSON: &str = "content-type: application/json\r\n";

fn once(url: String) -> SessionRequest {
    SessionRequest { retry: no_retry(), ..request(url) }
}

async fn failing(script: Vec<Step>) -> (StreamError, Vec<Told>) {
    let server = Server::start(vec![script]).await;
    let told = told(&engine(), once(server.url())).await;
    let finishes = told.iter().filter(|told| matches!(told, Told::Event(Event::Finish { .. }))).count();
    assert_eq!(finishes, 0, "a failed answer claimed to be complete");
    (failure(&told), told)
}

#[tokio::test]
async fn every_status_has_its_kind() {
    for (status, kind, retryable) in [
        (400, ErrorKind::InvalidRequest, false),
        (401, ErrorKind::Auth, false),
        (403, ErrorKind::Auth, false),
        (404, ErrorKind::InvalidRequest, false),
        (408, ErrorKind::Timeout, true),
        (409, ErrorKind::InvalidRequest, true),
        (413, ErrorKind::InvalidRequest, false),
        (422, ErrorKind::InvalidRequest, false),
        (429, ErrorKind::RateLimit, true),
        (500, ErrorKind::Server, true),
        (501, ErrorKind::Server, false),
        (502, ErrorKind::Server, true),
        (503, ErrorKind::Server, true),
        (504, ErrorKind::Timeout, true),
        (529, ErrorKind::Overloaded, true),
        (304, ErrorKind::Protocol, false),
    ] {
        let (error, _) = failing(vec![answer(status, "", "")]).await;
        assert_eq!((error.kind, error.status, error.retryable), (kind, Some(status), retryable), "{error:?}");
        assert!(error.message.starts_with(&format!("HTTP {status}")), "{}", error.message);
    }
}

#[tokio::test]
async fn the_body_says_more_than_the_status() {
    let error = |kind: &str, code: &str| {
        serde_json::json!({ "error": { "message": "because", "type": kind, "code": code } }).to_string()
    };
    for (status, body, kind, code) in [
        (503, error("overloaded_error", ""), ErrorKind::Overloaded, "overloaded_error"),
        (400, error("invalid_request_error", "content_filter"), ErrorKind::ContentPolicy, "content_filter"),
        (400, error("x", "content_policy_violation"), ErrorKind::ContentPolicy, "content_policy_violation"),
        (
            400,
            error("invalid_request_error", "context_length_exceeded"),
            ErrorKind::InvalidRequest,
            "context_length_exceeded",
        ),
        (401, error("invalid_request_error", "invalid_api_key"), ErrorKind::Auth, "invalid_api_key"),
        (400, error("", "invalid_api_key"), ErrorKind::Auth, "invalid_api_key"),
        (500, error("server_error", "500"), ErrorKind::Server, "server_error"),
        (404, error("not_found_error", ""), ErrorKind::InvalidRequest, "not_found_error"),
    ] {
        let (error, _) = failing(vec![answer(status, JSON, &body)]).await;
        assert_eq!((error.kind, error.code.as_str()), (kind, code), "{body}");
        assert_eq!(error.message, format!("HTTP {status}: because"));
    }
}

#[tokio::test]
async fn the_headers_of_an_error_are_kept() {
    let headers = "content-type: application/json\r\nrequest-id: req_77\r\nretry-after: 2\r\n";
    let (error, _) = failing(vec![answer(429, headers, r#"{"error":{"message":"slow down"}}"#)]).await;
    assert_eq!(error.request_id.as_deref(), Some("req_77"));
    assert_eq!(error.retry_after, Some(Duration::from_secs(2)));
    let json: serde_json::Value = serde_json::from_str(&error.to_json()).unwrap();
    assert_eq!(json["type"], "rate_limit_error");
    assert_eq!(json["status"], 429);
    assert_eq!(json["retryAfter"], 2000);
    assert_eq!(json["requestId"], "req_77");
    assert_eq!((json["recoverable"].as_bool(), json["attempt"].as_u64()), (Some(true), Some(1)));
    assert!(json["suggestion"].as_str().is_some_and(|text| !text.is_empty()));
    assert!(json.get("phase").is_none());
}

#[tokio::test]
async fn an_amazon_error_is_known_by_its_header() {
    let headers = "x-amzn-errortype: ThrottlingException:http://internal.amazon.com/\r\n";
    let (error, _) = failing(vec![answer(400, headers, "")]).await;
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::RateLimit, "ThrottlingException"));
}

#[tokio::test]
async fn recorded_errors_are_told_in_the_providers_words() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/http-errors.jsonl");
    let Ok(recorded) = std::fs::read_to_string(path) else {
        println!("no recorded errors at ../shared/http-errors.jsonl");
        return;
    };
    let engine = engine();
    let mut count = 0;
    for line in recorded.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let status = u16::try_from(row["status"].as_u64().unwrap()).unwrap();
        let mut headers = String::new();
        for (name, value) in row["headers"].as_object().unwrap() {
            headers += &format!("{name}: {}\r\n", value.as_str().unwrap());
        }
        let server = Server::start(vec![vec![answer(status, &headers, row["body"].as_str().unwrap())]]).await;
        let error = failure(&told(&engine, once(server.url())).await);
        assert_eq!(error.status, Some(status));
        let reason = format!("HTTP {status}: ");
        assert!(error.message.starts_with(&reason) && error.message.len() > reason.len(), "{}", error.message);
        let kinds: &[ErrorKind] = match status {
            400 | 404 => &[ErrorKind::InvalidRequest, ErrorKind::Auth, ErrorKind::ContentPolicy],
            401 | 403 => &[ErrorKind::Auth],
            429 => &[ErrorKind::RateLimit],
            _ => &[ErrorKind::Server, ErrorKind::Overloaded],
        };
        assert!(kinds.contains(&error.kind), "{status}: {error:?}");
        assert!(!error.code.is_empty());
        count += 1;
    }
    assert!(count > 100, "only {count} recorded errors");
}

#[tokio::test]
async fn a_refused_connection_says_so() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://user:hunter22@127.0.0.1:{port}/v1?key=canary-value");
    let error = failure(&told(&engine(), once(url)).await);
    assert_eq!((error.kind, error.code.as_str(), error.retryable), (ErrorKind::Connection, "ECONNREFUSED", true));
    assert_eq!(error.message, "fetch failed: connection refused (127.0.0.1, ECONNREFUSED)");
}

#[tokio::test]
async fn an_unknown_host_says_so() {
    // A label of 70 characters: the resolver refuses it without asking anybody.
    let url = format!("http://{}.invalid/", "a".repeat(70));
    let error = failure(&told(&engine(), once(url)).await);
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Connection, "ENOTFOUND"), "{error:?}");
    assert!(error.message.starts_with("fetch failed: "), "{}", error.message);
}

#[tokio::test]
async fn a_broken_body_is_a_connection_error_with_the_partial_text() {
    for ending in [Step::Reset, Step::Close] {
        let (error, told) =
            failing(vec![stream_head(), chunk(text("par")), chunk(text("tial")), Step::Sleep(20), ending]).await;
        assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Connection, "ECONNRESET"), "{error:?}");
        assert!(error.message.starts_with("fetch failed: ") && error.retryable, "{error:?}");
        assert_eq!(error.request_id.as_deref(), Some("req-1"));
        assert_eq!(text_of(&told), "partial");
    }
}

#[tokio::test]
async fn an_end_without_the_terminal_marker_is_truncated() {
    let body = format!("{}{}", text("par"), text("tial"));
    for script in [
        vec![stream_head(), chunk(&body), last_chunk()],
        vec![
            head(200, "content-type: text/event-stream\r\nconnection: close\r\n"),
            Step::Write(body.clone().into()),
            Step::Close,
        ],
        vec![answer(200, "content-type: text/event-stream\r\n", &body)],
    ] {
        let (error, told) = failing(script).await;
        assert_eq!((error.kind, error.code.as_str(), error.status), (ErrorKind::Truncated, "UNEXPECTED_END", None));
        assert!(error.message.contains(&format!("{} bytes", body.len())), "{}", error.message);
        assert_eq!(text_of(&told), "partial");
    }
}

#[tokio::test]
async fn an_error_in_the_stream_is_an_error_whatever_follows() {
    let body = format!(
        "{}data: {}\n\n{}",
        text("par"),
        serde_json::json!({ "error": { "message": "it broke", "type": "server_error" } }),
        finish()
    );
    let (error, told) = failing(vec![stream_head(), chunk(body), last_chunk()]).await;
    assert_eq!(
        (error.kind, error.code.as_str(), error.message.as_str()),
        (ErrorKind::Server, "server_error", "it broke")
    );
    assert_eq!((error.status, text_of(&told).as_str()), (None, "par"));
    assert!(!told.iter().any(|told| matches!(told, Told::Event(Event::Error(_)))));
}

#[tokio::test]
async fn an_error_in_the_stream_is_classified_without_a_status() {
    for (kind, expected, retryable) in [
        ("overloaded_error", ErrorKind::Overloaded, true),
        ("rate_limit_error", ErrorKind::RateLimit, true),
        ("insufficient_quota", ErrorKind::RateLimit, false),
        ("api_error", ErrorKind::Server, true),
        ("authentication_error", ErrorKind::Auth, false),
        ("invalid_request_error", ErrorKind::InvalidRequest, false),
        ("content_filter", ErrorKind::ContentPolicy, false),
        ("something_new", ErrorKind::Unknown, false),
    ] {
        let event = serde_json::json!({ "error": { "message": "said so", "type": kind } });
        let (error, _) = failing(vec![stream_head(), chunk(format!("data: {event}\n\n")), last_chunk()]).await;
        assert_eq!((error.kind, error.retryable, error.status), (expected, retryable, None), "{kind}");
    }
}

#[tokio::test]
async fn what_is_no_stream_is_a_protocol_error() {
    let html = "<!doctype html><html><body>Welcome</body></html>";
    for (headers, body, code) in [
        ("content-type: text/html\r\n", html, "NOT_A_STREAM"),
        ("content-type: text/event-stream\r\n", html, "NOT_A_STREAM"),
        (JSON, r#"{"hello":"world"}"#, "NOT_A_STREAM"),
        ("content-type: text/event-stream\r\n", "", "EMPTY_BODY"),
        ("", "", "EMPTY_BODY"),
        ("content-type: text/event-stream\r\n", "data: {\"choices\": oops\n\n", "MALFORMED_FRAME"),
    ] {
        let (error, _) = failing(vec![answer(200, headers, body)]).await;
        assert_eq!((error.kind, error.code.as_str(), error.retryable), (ErrorKind::Protocol, code, false), "{error:?}");
        assert!(!error.message.contains("Welcome") && !error.message.contains("oops"), "{}", error.message);
    }
    let (error, _) = failing(vec![head(204, "")]).await;
    assert_eq!(error.code, "EMPTY_BODY");
}

#[tokio::test]
async fn a_json_error_under_a_good_status_is_the_providers_error() {
    let body = r#"{"error":{"message":"no such model","type":"invalid_request_error","code":"model_not_found"}}"#;
    let (error, _) = failing(vec![answer(200, JSON, body)]).await;
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::InvalidRequest, "model_not_found"));
    assert_eq!(error.message, "no such model");
}

#[tokio::test]
async fn an_event_beyond_the_cap_is_refused() {
    let mut script = vec![stream_head()];
    script.extend(std::iter::repeat_n(chunk(vec![b'a'; 16 * 1024]), 200));
    script[1] = chunk(format!("data: {}", "a".repeat(16 * 1024)));
    let (error, _) = failing(script).await;
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Protocol, "EVENT_TOO_LARGE"), "{error:?}");
    assert!(error.message.contains("1048576"), "{}", error.message);
}

#[tokio::test]
async fn an_endless_error_body_is_not_waited_for() {
    let server = Server::start(vec![vec![
        head(500, "content-type: text/plain\r\ntransfer-encoding: chunked\r\n"),
        chunk("overheated"),
        Step::AwaitClose,
    ]])
    .await;
    let began = Instant::now();
    let error = failure(&told(&engine(), once(server.url())).await);
    assert_eq!(error.message, "HTTP 500: overheated");
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());

    // Nor read without bound: the flood gets stuck once the client has left.
    let mut flood = vec![head(500, "content-type: text/plain\r\nconnection: close\r\n")];
    flood.push(Step::Flood(vec![b'x'; 64 * 1024], 64 * 1024 * 1024));
    let server = Server::start(vec![flood]).await;
    let error = failure(&told(&engine(), once(server.url())).await);
    assert!(error.message.len() < 2200, "{}", error.message.len());
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(server.flooded() < 16 * 1024 * 1024, "{}", server.flooded());
}

#[tokio::test]
async fn a_client_that_does_not_read_stops_the_server() {
    let event = text(&"x".repeat(1000));
    let mut piece = format!("{:x}\r\n", event.len()).into_bytes();
    piece.extend_from_slice(event.as_bytes());
    piece.extend_from_slice(b"\r\n");
    let server = Server::start(vec![vec![stream_head(), Step::Flood(piece, 256 * 1024 * 1024)]]).await;
    let (exit, mut record) = recorder();
    record.gate.shut();
    let session = engine().open(once(server.url()), exit);
    assert!(matches!(record.next().await, Told::Open(_)));
    tokio::time::sleep(Duration::from_millis(1000)).await;
    let accepted = server.flooded();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(server.flooded(), accepted, "the server could go on writing");
    // The kernel's buffers on both sides, and one read of the client.
    assert!(accepted < 16 * 1024 * 1024, "{accepted} bytes accepted");
    session.cancel();
    record.rest().await;
}

#[tokio::test]
async fn a_request_that_can_not_be_put_together_fails_by_its_member() {
    let (exit, mut record) = recorder();
    let mut refused = StreamError::new(ErrorKind::InvalidRequest, "UNSUPPORTED", "no word for it");
    refused.place = Some(Place::Field(Box::new("topK".to_owned())));
    let expected = refused.clone();
    engine().open_with(move || Err(refused), exit);
    let told = record.rest().await;
    assert_eq!(told.len(), 1, "nothing but the end is told");
    assert_eq!(failure(&told), expected);
    assert!(expected.to_json().contains(r#""field":"topK""#));
}
