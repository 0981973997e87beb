//! Many sessions against servers that fail at random: each ends once, and none says what is not so.

use std::time::Duration;

use fastrand::Rng;
use millstream_engine::{Outcome, ResumeMode, RetryPolicy, SessionRequest, Timeouts};
use millstream_wire::Event;

use crate::support::{
    Server, Step, Told, answer, chunk, engine, finish, finishes, head, last_chunk, opening, recorder, request, starts,
    stream_head, text, text_of, text_with_id,
};

const SESSIONS: usize = 500;
const AT_ONCE: usize = 50;
const PIECES: usize = 6;

/// Text whose every piece is told apart, so that nothing can be delivered twice unseen.
fn piece(n: usize, ids: bool) -> String {
    let piece = format!("<{n}>");
    if ids { text_with_id(&(n + 1).to_string(), &piece) } else { text(&piece) }
}

/// The transfer chunks of an answer, split anywhere.
fn split(rng: &mut Rng, body: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = body.as_bytes();
    while !rest.is_empty() {
        let (head, tail) = rest.split_at(rng.usize(1..=rest.len().min(120)));
        steps.push(chunk(head));
        rest = tail;
    }
    steps
}

fn script(rng: &mut Rng, ids: bool) -> Vec<Step> {
    let body = |from: usize, to: usize| (from..to).map(|n| piece(n, ids)).collect::<String>();
    let mut steps = vec![stream_head()];
    match rng.u8(0..12) {
        0 => return vec![answer(*rng.choice(&[400, 401, 408, 429, 500, 503, 529]).unwrap(), "", "no")],
        1 => return vec![Step::Reset],
        2 => return vec![Step::AwaitClose],
        3 => return vec![answer(200, "content-type: text/html\r\n", "<html>")],
        4 => return vec![head(200, "content-length: 0\r\n")],
        5 => steps.extend([chunk(opening()), chunk(": ping\n\n"), Step::AwaitClose]),
        6 => {
            steps.extend(split(rng, &body(0, 3)));
            steps.push(chunk("data: {\"error\":{\"message\":\"x\",\"type\":\"overloaded_error\"}}\n\n"));
        }
        7 => steps.extend([chunk(format!("data: {}", "x".repeat(5000))), Step::AwaitClose]),
        8 => steps.extend([chunk(body(0, 2)), chunk([0xff, 0x00, b'\n', b'\n', b'd', b'a'].as_slice()), Step::Reset]),
        9 => {
            let broken = body(0, 4);
            let keep = rng.usize(0..broken.len());
            steps.extend(split(rng, &broken[..keep]));
            let ending = rng.choice([Step::Reset, Step::Close, last_chunk(), Step::AwaitClose]).unwrap();
            steps.push(ending);
        }
        10 => {
            // What a server that keeps the answer sends after an event ID.
            steps.extend(split(rng, &format!("{}{}", body(2, PIECES), finish())));
            steps.push(last_chunk());
        }
        _ => {
            steps.extend(split(rng, &format!("{}{}{}", opening(), body(0, PIECES), finish())));
            steps.push(last_chunk());
        }
    }
    steps
}

async fn one(number: u64) {
    let mut rng = Rng::with_seed(number);
    let ids = rng.bool();
    let server = Server::start((0..4).map(|_| script(&mut rng, ids)).collect()).await;
    let limit = Some(Duration::from_millis(150));
    let asked = SessionRequest {
        max_event_bytes: 4096,
        timeouts: Timeouts { first_content: limit, idle: limit, content_idle: limit, ..Timeouts::default() },
        retry: RetryPolicy { initial_delay: Duration::from_millis(1), ..RetryPolicy::default() },
        // An answer from its middle only makes sense to a session that continues.
        resume: *rng.choice(&[ResumeMode::Auto, ResumeMode::Restart, ResumeMode::None]).unwrap(),
        ..request(server.url())
    };
    let (exit, mut record) = recorder();
    let session = engine().open(asked, exit);
    let cancel_after = rng.bool().then(|| Duration::from_millis(rng.u64(0..80)));
    let canceller = tokio::spawn(async move {
        if let Some(wait) = cancel_after {
            tokio::time::sleep(wait).await;
            session.cancel();
        }
    });
    let told = record.rest().await;
    canceller.await.unwrap();
    check(number, &told);
}

fn check(number: u64, told: &[Told]) {
    let ends = told.iter().filter(|told| matches!(told, Told::End(_))).count();
    assert_eq!(ends, 1, "session {number}: {told:#?}");
    assert!(starts(told) <= 1, "session {number}: {told:#?}");
    let complete = matches!(told.last(), Some(Told::End(Outcome::Complete)));
    assert_eq!(finishes(told), usize::from(complete), "session {number}: {told:#?}");
    assert!(!told.iter().any(|told| matches!(told, Told::Event(Event::Error(_)))), "session {number}: {told:#?}");
    // Whole pieces in the right order, and never one twice.
    let text = text_of(told);
    let numbers: Vec<usize> =
        text.split_terminator('>').map(|piece| piece.strip_prefix('<').unwrap().parse().unwrap()).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "session {number}: {text}");
    if let Some(Told::End(Outcome::Failed(error))) = told.last() {
        assert!(
            !error.message.is_empty() && !error.code.is_empty() && error.attempt >= 1,
            "session {number}: {error:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_session_ends_once_and_delivers_nothing_twice() {
    let mut running = tokio::task::JoinSet::new();
    for number in 0..SESSIONS as u64 {
        if running.len() >= AT_ONCE {
            running.join_next().await.unwrap().unwrap();
        }
        running.spawn(one(number));
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
}
