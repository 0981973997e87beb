//! The five clocks, each alone.

use std::time::{Duration, Instant};

use millstream_engine::{ErrorKind, Phase, SessionRequest, StreamError, Timeouts};

use crate::support::{
    Server, Step, Told, answer, assert_complete, chunk, engine, failure, finish, last_chunk, no_retry, opening,
    recorder, request, stream_head, text, text_of, told,
};

const OFF: Timeouts = Timeouts { connect: None, first_content: None, idle: None, content_idle: None, total: None };
const LIMIT: Option<Duration> = Some(Duration::from_millis(150));

fn with(url: String, timeouts: Timeouts) -> SessionRequest {
    SessionRequest { timeouts, retry: no_retry(), ..request(url) }
}

fn assert_timeout(error: &StreamError, phase: Phase, code: &str) {
    assert_eq!((error.kind, error.phase, error.code.as_str()), (ErrorKind::Timeout, Some(phase), code), "{error:?}");
    assert!(error.message.contains(phase.as_str()) && error.message.contains("150 ms"), "{}", error.message);
    assert_eq!(error.retryable, phase != Phase::Total);
}

#[tokio::test]
async fn connect_covers_a_tls_handshake_that_stalls() {
    // Accepts, and says nothing to the client's hello.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let began = Instant::now();
    let error = failure(&told(&engine(), with(url, Timeouts { connect: LIMIT, ..OFF })).await);
    assert_timeout(&error, Phase::Connect, "CONNECT_TIMEOUT");
    assert!(began.elapsed() >= Duration::from_millis(150), "{:?}", began.elapsed());
}

#[tokio::test]
async fn connect_does_not_run_once_connected() {
    let server =
        Server::start(vec![vec![Step::Sleep(400), stream_head(), chunk(text("a")), chunk(finish()), last_chunk()]])
            .await;
    assert_complete(&told(&engine(), with(server.url(), Timeouts { connect: LIMIT, ..OFF })).await);
}

#[tokio::test]
async fn first_content_runs_before_the_head() {
    let server = Server::start(vec![vec![Step::AwaitClose]]).await;
    let error = failure(&told(&engine(), with(server.url(), Timeouts { first_content: LIMIT, ..OFF })).await);
    assert_timeout(&error, Phase::FirstContent, "FIRST_CONTENT_TIMEOUT");
    server.departures(1).await;
}

#[tokio::test]
async fn first_content_is_not_met_by_a_role_or_a_keep_alive() {
    let mut script = vec![stream_head(), chunk(opening())];
    for _ in 0..30 {
        script.extend([Step::Sleep(20), chunk(": keep-alive\n\n")]);
    }
    script.push(Step::AwaitClose);
    let server = Server::start(vec![script]).await;
    let error = failure(&told(&engine(), with(server.url(), Timeouts { first_content: LIMIT, ..OFF })).await);
    assert_timeout(&error, Phase::FirstContent, "FIRST_CONTENT_TIMEOUT");
}

#[tokio::test]
async fn first_content_ends_with_the_first_content() {
    let mut script = vec![stream_head(), chunk(text("a")), Step::Sleep(400)];
    script.extend([chunk(finish()), last_chunk()]);
    let server = Server::start(vec![script]).await;
    assert_complete(&told(&engine(), with(server.url(), Timeouts { first_content: LIMIT, ..OFF })).await);
}

#[tokio::test]
async fn idle_is_typed_and_closes_the_socket() {
    let server = Server::start(vec![vec![stream_head(), chunk(text("partial")), Step::AwaitClose]]).await;
    let began = Instant::now();
    let told = told(&engine(), with(server.url(), Timeouts { idle: LIMIT, ..OFF })).await;
    assert_timeout(&failure(&told), Phase::Idle, "IDLE_TIMEOUT");
    assert_eq!(text_of(&told), "partial");
    assert!(server.departures(1).await - began < Duration::from_millis(450));
}

#[tokio::test]
async fn a_slow_steady_stream_never_trips_idle() {
    let mut script = vec![stream_head()];
    for _ in 0..12 {
        script.extend([Step::Sleep(50), chunk(text("x"))]);
    }
    script.extend([chunk(finish()), last_chunk()]);
    let server = Server::start(vec![script]).await;
    // Shorter than the whole takes, longer than any pause of a busy machine between two pieces.
    let limit = Some(Duration::from_millis(500));
    let limits = Timeouts { idle: limit, content_idle: limit, first_content: limit, ..OFF };
    let told = told(&engine(), with(server.url(), limits)).await;
    assert_complete(&told);
    assert_eq!(text_of(&told).len(), 12);
}

#[tokio::test]
async fn content_idle_is_not_reset_by_what_is_no_content() {
    for noise in [": ping\n\n", ":\n\n", "id: 7\n\n", "retry: 10\n\n", "data:\n\n", "event: ping\ndata: {}\n\n"] {
        let mut script = vec![stream_head(), chunk(text("a"))];
        for _ in 0..30 {
            script.extend([Step::Sleep(20), chunk(noise)]);
        }
        script.push(Step::AwaitClose);
        let server = Server::start(vec![script]).await;
        let began = Instant::now();
        // The idle clock is as short, and kept going by the noise.
        let limits = Timeouts { content_idle: LIMIT, idle: Some(Duration::from_millis(140)), ..OFF };
        let told = told(&engine(), with(server.url(), limits)).await;
        assert_timeout(&failure(&told), Phase::ContentIdle, "CONTENT_IDLE_TIMEOUT");
        assert!(began.elapsed() < Duration::from_millis(500), "{noise:?}: {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn total_ends_a_stream_that_goes_on() {
    let mut script = vec![stream_head()];
    for _ in 0..40 {
        script.extend([chunk(text("x")), Step::Sleep(20)]);
    }
    let server = Server::start(vec![script]).await;
    let told = told(&engine(), with(server.url(), Timeouts { total: LIMIT, ..OFF })).await;
    assert_timeout(&failure(&told), Phase::Total, "TOTAL_TIMEOUT");
    assert!(!text_of(&told).is_empty());
}

#[tokio::test]
async fn total_runs_while_waiting_to_ask_again() {
    let server = Server::start(vec![vec![answer(503, "", "")]; 2]).await;
    let mut asked = request(server.url());
    asked.timeouts = Timeouts { total: LIMIT, ..OFF };
    asked.retry.initial_delay = Duration::from_secs(5);
    let began = Instant::now();
    let error = failure(&told(&engine(), asked).await);
    assert_timeout(&error, Phase::Total, "TOTAL_TIMEOUT");
    assert!(error.message.contains("HTTP 503"), "{}", error.message);
    assert!(began.elapsed() < Duration::from_millis(450), "{:?}", began.elapsed());
}

#[tokio::test]
async fn silence_is_not_counted_while_the_exit_has_no_credit() {
    let mut script = vec![stream_head(), chunk(text("a")), Step::Await, Step::Sleep(70)];
    script.extend([chunk(text("b")), chunk(finish()), last_chunk()]);
    let server = Server::start(vec![script]).await;
    let (exit, mut record) = recorder();
    record.gate.shut_with_next_event();
    let limits = Timeouts { idle: LIMIT, content_idle: LIMIT, ..OFF };
    engine().open(with(server.url(), limits), exit);
    while !matches!(record.next().await, Told::Event(millstream_wire::Event::Text { .. })) {}
    tokio::time::sleep(Duration::from_millis(500)).await;
    // Now the server is silent for half of what it may be.
    record.gate.open();
    server.go();
    assert_complete(&record.rest().await);
}

#[tokio::test]
async fn total_runs_while_the_exit_has_no_credit() {
    let server = Server::start(vec![vec![stream_head(), chunk(text("a")), Step::AwaitClose]]).await;
    let (exit, mut record) = recorder();
    record.gate.shut();
    engine().open(with(server.url(), Timeouts { total: LIMIT, ..OFF }), exit);
    assert_timeout(&failure(&record.rest().await), Phase::Total, "TOTAL_TIMEOUT");
}
