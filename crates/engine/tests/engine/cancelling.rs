//! Cancelling closes the upstream connection at once, wherever the session stands.

use std::time::{Duration, Instant};

use millstream_engine::{Outcome, RetryPolicy};
use millstream_wire::Event;

use crate::support::{
    Answer, Record, Server, Step, Told, answer, asking_recorder, chunk, engine, good, recorder, request, stream_head,
    text, until,
};

/// A server must see the client leave within this time.
const PROMPT: Duration = Duration::from_millis(100);

async fn cancelled(record: &mut Record) {
    assert_eq!(record.rest().await.last(), Some(&Told::End(Outcome::Cancelled)));
}

#[tokio::test]
async fn before_the_head() {
    let server = Server::start(vec![vec![Step::AwaitClose]]).await;
    let (exit, mut record) = recorder();
    let session = engine().open(request(server.url()), exit);
    server.requests(1).await;
    let began = Instant::now();
    session.cancel();
    session.cancel();
    cancelled(&mut record).await;
    assert!(server.departures(1).await - began < PROMPT);
}

#[tokio::test]
async fn in_the_middle_of_the_body() {
    let server = Server::start(vec![vec![stream_head(), chunk(text("a")), Step::AwaitClose]]).await;
    let (exit, mut record) = recorder();
    let session = engine().open(request(server.url()), exit);
    while !matches!(record.next().await, Told::Event(Event::Text { .. })) {}
    let began = Instant::now();
    session.cancel();
    cancelled(&mut record).await;
    assert!(server.departures(1).await - began < PROMPT);
}

#[tokio::test]
async fn while_waiting_to_ask_again() {
    let server = Server::start(vec![vec![answer(503, "", "")], good(&["never"])]).await;
    let mut asked = request(server.url());
    asked.retry = RetryPolicy { initial_delay: Duration::from_secs(5), ..RetryPolicy::default() };
    let (exit, mut record) = recorder();
    let session = engine().open(asked, exit);
    while !matches!(record.next().await, Told::Retry { .. }) {}
    let began = Instant::now();
    session.cancel();
    cancelled(&mut record).await;
    assert!(began.elapsed() < PROMPT);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn while_asking_whether_to_retry() {
    let server = Server::start(vec![vec![answer(503, "", "")]]).await;
    let mut asked = request(server.url());
    asked.retry.ask = true;
    let (exit, mut record) = asking_recorder(Answer::Never);
    let session = engine().open(asked, exit);
    server.requests(1).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    session.cancel();
    cancelled(&mut record).await;
}

#[tokio::test]
async fn while_the_exit_has_no_credit() {
    let server = Server::start(vec![vec![stream_head(), chunk(text("a")), Step::AwaitClose]]).await;
    let (exit, mut record) = recorder();
    record.gate.shut();
    let session = engine().open(request(server.url()), exit);
    assert!(matches!(record.next().await, Told::Open(_)));
    tokio::time::sleep(Duration::from_millis(20)).await;
    let began = Instant::now();
    session.cancel();
    cancelled(&mut record).await;
    assert!(server.departures(1).await - began < PROMPT);
}

#[tokio::test]
async fn at_once_and_after_the_end() {
    let server = Server::start(vec![good(&["a"])]).await;
    let engine = engine();
    let (exit, mut record) = recorder();
    engine.open(request(server.url()), exit).cancel();
    cancelled(&mut record).await;
    assert!(server.seen().is_empty(), "asked although cancelled");

    let (exit, mut record) = recorder();
    let session = engine.open(request(server.url()), exit);
    assert_eq!(record.rest().await.last(), Some(&Told::End(Outcome::Complete)));
    session.cancel();
}

#[tokio::test]
async fn many_broken_off_leave_no_connection() {
    let server = Server::start(vec![vec![stream_head(), chunk(text("a")), Step::AwaitClose]; 200]).await;
    let engine = engine();
    for batch in 0..4 {
        let mut sessions = Vec::new();
        for _ in 0..50 {
            let (exit, record) = recorder();
            sessions.push((engine.open(request(server.url()), exit), record));
        }
        for (session, record) in &mut sessions {
            while !matches!(record.next().await, Told::Event(Event::Text { .. })) {}
            session.cancel();
            cancelled(record).await;
        }
        until("connections to close", || server.left().len() >= (batch + 1) * 50).await;
    }
}
