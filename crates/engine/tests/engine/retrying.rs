//! Asking again: when, how often, after how long.

use std::time::{Duration, Instant, SystemTime};

use millstream_engine::{ErrorKind, RetryPolicy};

use crate::support::{
    Answer, Server, Step, Told, answer, asking_recorder, assert_complete, chunk, engine, failure, good, opening,
    request, retries, starts, stream_head, text, text_of, told,
};

fn error_event(kind: &str) -> String {
    format!("data: {}\n\n", serde_json::json!({ "error": { "type": kind, "message": "said so" } }))
}

#[tokio::test]
async fn a_failed_attempt_is_followed_by_another_after_the_delay_it_names() {
    let server = Server::start(vec![vec![answer(503, "", "")], vec![answer(500, "", "")], good(&["finally"])]).await;
    let mut asked = request(server.url());
    asked.retry.initial_delay = Duration::from_millis(60);
    let told = told(&engine(), asked).await;
    assert_complete(&told);
    assert_eq!(text_of(&told), "finally");
    let retries = retries(&told);
    let expected = [(1, Duration::from_millis(60), Some(503)), (2, Duration::from_millis(120), Some(500))];
    let got: Vec<_> = retries.iter().map(|(attempt, delay, error)| (*attempt, *delay, error.status)).collect();
    assert_eq!(got, expected);
    let seen = server.seen();
    for (pair, (_, delay, _)) in seen.windows(2).zip(expected) {
        let waited = pair[1].at - pair[0].at;
        assert!(waited >= delay && waited < delay + Duration::from_millis(60), "{waited:?} for {delay:?}");
    }
}

#[tokio::test]
async fn retries_run_out() {
    let server = Server::start(vec![vec![answer(503, "", "")]; 5]).await;
    let told = told(&engine(), request(server.url())).await;
    assert_eq!(retries(&told).len(), 3);
    let error = failure(&told);
    assert_eq!((error.attempt, error.status, error.retryable), (4, Some(503), true));
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn a_wait_the_server_asks_for_is_kept_in_each_form() {
    let soon = SystemTime::now() + Duration::from_secs(2);
    let date = format!("retry-after: {}\r\n", httpdate::fmt_http_date(soon));
    for (header, least, most) in [
        ("retry-after-ms: 40\r\n", 40, 40),
        ("retry-after: 0.05\r\n", 50, 50),
        ("retry-after: 7\r\nretry-after-ms: 30\r\n", 30, 30),
        (date.as_str(), 500, 2000),
        ("retry-after: Fri, 31 Dec 1999 23:59:59 GMT\r\n", 0, 0),
    ] {
        let server = Server::start(vec![vec![answer(429, header, "")], good(&["x"])]).await;
        let told = told(&engine(), request(server.url())).await;
        assert_complete(&told);
        let delay = retries(&told)[0].1.as_millis();
        assert!((least..=most).contains(&delay), "{header}: {delay} ms");
    }
}

#[tokio::test]
async fn a_long_wait_is_surfaced() {
    let server = Server::start(vec![vec![answer(429, "retry-after: 3600\r\n", "")], good(&["x"])]).await;
    let began = Instant::now();
    let told = told(&engine(), request(server.url())).await;
    let error = failure(&told);
    assert_eq!((error.kind, error.retry_after), (ErrorKind::RateLimit, Some(Duration::from_secs(3600))));
    assert!(error.retryable && retries(&told).is_empty() && began.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_wait_the_server_asks_for_may_be_disregarded() {
    let server = Server::start(vec![vec![answer(429, "retry-after: 3600\r\n", "")], good(&["x"])]).await;
    let mut asked = request(server.url());
    asked.retry.respect_retry_after = false;
    let told = told(&engine(), asked).await;
    assert_complete(&told);
    assert_eq!(retries(&told)[0].1, Duration::from_millis(1));
}

#[tokio::test]
async fn nothing_is_asked_again_after_content() {
    let broken = [
        vec![stream_head(), chunk(text("Hel")), Step::Reset],
        vec![stream_head(), chunk(text("Hel")), chunk(error_event("overloaded_error"))],
        vec![stream_head(), chunk(text("Hel")), Step::Close],
    ];
    for script in broken {
        let server = Server::start(vec![script, good(&["Hello"])]).await;
        let told = told(&engine(), request(server.url())).await;
        failure(&told);
        assert_eq!(text_of(&told), "Hel");
        assert!(retries(&told).is_empty());
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn what_asking_again_can_not_mend_is_not_asked_again() {
    for status in [400, 401, 403, 404, 413, 422] {
        let server = Server::start(vec![vec![answer(status, "", "")], good(&["x"])]).await;
        let error = failure(&told(&engine(), request(server.url())).await);
        assert_eq!((error.status, error.retryable, error.attempt), (Some(status), false, 1));
        assert!(error.message.starts_with(&format!("HTTP {status}: ")), "{}", error.message);
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn the_caller_chooses_the_statuses() {
    let server = Server::start(vec![vec![answer(418, "", "")], vec![answer(503, "", "")]]).await;
    let mut asked = request(server.url());
    asked.retry.retryable_status_codes = vec![418];
    let told = told(&engine(), asked).await;
    assert_eq!(retries(&told).len(), 1);
    assert_eq!(failure(&told).status, Some(503));
}

#[tokio::test]
async fn the_server_may_overrule_its_status() {
    let server = Server::start(vec![vec![answer(400, "x-should-retry: true\r\n", "")], good(&["x"])]).await;
    assert_complete(&told(&engine(), request(server.url())).await);

    let server = Server::start(vec![vec![answer(503, "x-should-retry: false\r\n", "")], good(&["x"])]).await;
    let told = told(&engine(), request(server.url())).await;
    assert!(!failure(&told).retryable && retries(&told).is_empty());
}

#[tokio::test]
async fn a_spent_quota_is_a_rate_limit_that_waiting_does_not_lift() {
    let body = r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}"#;
    let server = Server::start(vec![vec![answer(429, "content-type: application/json\r\n", body)]]).await;
    let error = failure(&told(&engine(), request(server.url())).await);
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::RateLimit, "insufficient_quota"));
    assert!(!error.retryable);
    assert_eq!(error.message, "HTTP 429: You exceeded your current quota");
}

#[tokio::test]
async fn network_failures_are_asked_again() {
    let server = Server::start(vec![vec![Step::Reset], vec![Step::Close], good(&["there"])]).await;
    let told = told(&engine(), request(server.url())).await;
    assert_complete(&told);
    let retries = retries(&told);
    assert_eq!(retries.len(), 2);
    for (_, _, error) in retries {
        assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Connection, "ECONNRESET"));
        assert!(error.message.starts_with("fetch failed: "), "{}", error.message);
    }
}

#[tokio::test]
async fn an_error_in_the_stream_before_content_is_asked_again_by_its_kind() {
    let failing = vec![stream_head(), chunk(opening()), chunk(error_event("overloaded_error")), Step::Close];
    let server = Server::start(vec![failing, good(&["fine"])]).await;
    let first = told(&engine(), request(server.url())).await;
    assert_complete(&first);
    let again = retries(&first);
    assert_eq!((again.len(), again[0].2.kind, again[0].2.status), (1, ErrorKind::Overloaded, None));
    assert_eq!((starts(&first), text_of(&first).as_str()), (1, "fine"));

    let failing = vec![stream_head(), chunk(error_event("invalid_request_error")), Step::Close];
    let server = Server::start(vec![failing, good(&["fine"])]).await;
    let second = told(&engine(), request(server.url())).await;
    assert!(retries(&second).is_empty());
    assert_eq!(failure(&second).kind, ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn a_break_before_content_leaves_no_trace() {
    let failing = vec![stream_head(), chunk(opening()), Step::Reset];
    let server = Server::start(vec![failing, good(&["fine"])]).await;
    let told = told(&engine(), request(server.url())).await;
    assert_complete(&told);
    assert_eq!((retries(&told).len(), starts(&told), text_of(&told).as_str()), (1, 1, "fine"));
}

#[tokio::test]
async fn what_came_before_content_is_let_out_when_the_session_fails() {
    let server =
        Server::start(vec![vec![stream_head(), chunk(opening()), chunk(error_event("invalid_request_error"))]]);
    let server = server.await;
    let told = told(&engine(), request(server.url())).await;
    failure(&told);
    assert_eq!(starts(&told), 1);
}

#[tokio::test]
async fn the_exit_may_be_asked() {
    for (decision, requests) in [(Answer::Yes, 2), (Answer::No, 1)] {
        let server = Server::start(vec![vec![answer(503, "", "")], good(&["x"])]).await;
        let mut asked = request(server.url());
        asked.retry.ask = true;
        let (exit, mut record) = asking_recorder(decision);
        engine().open(asked, exit);
        let told = record.rest().await;
        assert_eq!(server.seen().len(), requests);
        let waits = told.iter().filter(|told| matches!(told, Told::Retry { .. })).count();
        assert_eq!(waits, requests - 1);
    }
}

#[tokio::test]
async fn the_sum_of_waits_has_a_cap() {
    let server = Server::start(vec![vec![answer(503, "", "")]; 4]).await;
    let mut asked = request(server.url());
    asked.retry = RetryPolicy {
        initial_delay: Duration::from_millis(20),
        multiplier: 1.0,
        max_retries: 9,
        max_total_delay: Some(Duration::from_millis(50)),
        ..RetryPolicy::default()
    };
    let told = told(&engine(), asked).await;
    assert_eq!(retries(&told).len(), 2);
    assert_eq!(failure(&told).attempt, 3);
}
