//! A key, a prompt and what else the caller sends never stand in an error, a log line or a redirected request.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(dead_code, reason = "the support module serves another test too")]

#[path = "engine/support.rs"]
mod support;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use millstream_engine::{ResumeMode, SessionRequest};
use tracing_subscriber::fmt::MakeWriter;

use support::{
    Server, Step, answer, chunk, engine, failure, finish, good, head, request, retries, stream_head, text, told,
};

const KEY: &str = "sk-canary-0123456789abcdef";
const COOKIE: &str = "session-canary-42";
const PROMPT: &str = "the canary sings of secret plans at midnight";
const PASSWORD: &str = "hunter2canary";
const QUERY: &str = "query-canary-777";
const SECRETS: [&str; 5] = [KEY, COOKIE, PROMPT, PASSWORD, QUERY];

/// Everything that is logged, at the finest level, of every crate.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn secret_request(server: &Server) -> SessionRequest {
    let mut asked = request(format!("http://user:{PASSWORD}@{}/v1?api_key={QUERY}", server.addr));
    asked.headers =
        vec![("x-api-key".to_owned(), KEY.to_owned()), ("cookie".to_owned(), format!("id={COOKIE}; theme=dark"))];
    asked.body = Bytes::from(format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{PROMPT}"}}]}}"#));
    asked.resume = ResumeMode::Auto;
    asked
}

/// A provider's error that quotes everything it was sent.
fn echo() -> String {
    format!("bad key {KEY}, cookie {COOKIE}, prompt '{PROMPT}', password {PASSWORD}, query {QUERY}")
}

#[tokio::test]
async fn secrets_stay_secret() {
    let log = Log::default();
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).with_ansi(false).init();
    let json = "content-type: application/json\r\n";
    let error_body = serde_json::json!({ "error": { "message": echo(), "code": KEY } }).to_string();
    let error_event = format!("data: {error_body}\n\n");
    let long = format!("{}{KEY}", "x".repeat(2040));
    let long_body = serde_json::json!({ "error": { "message": long } }).to_string();
    let scripts: Vec<Vec<Step>> = vec![
        vec![answer(401, json, &error_body)],
        vec![answer(400, json, &long_body)],
        vec![answer(400, "content-type: text/plain\r\n", &echo())],
        vec![answer(400, &format!("request-id: {KEY}\r\n"), "")],
        vec![stream_head(), chunk(&error_event)],
        vec![stream_head(), chunk(text("a")), chunk(&error_event)],
        vec![answer(200, "content-type: text/html\r\n", &format!("<html>{}</html>", echo()))],
        vec![stream_head(), chunk(format!("data: {{\"{}\n\n", echo()))],
        vec![answer(307, &format!("location: http://127.0.0.1:1/?{KEY}\r\n"), "")],
        vec![answer(302, "location: :::\r\n", "")],
        vec![head(200, &format!("content-encoding: {KEY}\r\ncontent-length: 0\r\n"))],
        vec![stream_head(), chunk(text("a")), Step::Reset],
    ];
    let count = scripts.len();
    for script in scripts {
        let server = Server::start(vec![script]).await;
        let told = told(&engine(), SessionRequest { retry: support::no_retry(), ..secret_request(&server) }).await;
        let error = failure(&told);
        let shown = format!("{error:?} {error} {}", error.to_json());
        for secret in SECRETS {
            assert!(!shown.contains(secret), "{secret} stands in {shown}");
            assert!(!shown.contains(&secret[..secret.len() - 6]), "most of {secret} stands in {shown}");
        }
        // It was sent, so that it could have been told.
        assert_eq!(server.seen()[0].header("x-api-key"), Some(KEY));
    }
    assert_eq!(count, 12);

    // Retries, a continued stream and a good end are logged too.
    let with_id = format!("id: 1\n{}", text("a"));
    let server = Server::start(vec![
        vec![answer(503, json, &error_body)],
        vec![stream_head(), chunk(with_id), Step::Sleep(10), Step::Reset],
        vec![stream_head(), chunk(format!("id: 2\n{}{}", text("b"), finish()))],
    ])
    .await;
    let all = told(&engine(), secret_request(&server)).await;
    support::assert_complete(&all);
    for (_, _, error) in retries(&all) {
        assert!(SECRETS.iter().all(|secret| !error.message.contains(secret)), "{error}");
    }

    // A redirect elsewhere is not followed at all.
    let other = Server::start(vec![good(&["stolen"])]).await;
    let server = Server::start(vec![vec![answer(308, &format!("location: {}\r\n", other.url()), "")]]).await;
    failure(&told(&engine(), secret_request(&server)).await);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(other.seen().is_empty());

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("answer began") && log.contains("session failed") && log.contains("retry"), "{log}");
    for secret in SECRETS {
        assert!(!log.contains(secret), "{secret} was logged: {log}");
    }
}
