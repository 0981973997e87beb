//! A server that does what a script says, byte by byte, and an exit that writes down what it is told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use millstream_engine::{
    Carrier, Engine, EngineConfig, Exit, Outcome, ProxySource, ResponseInfo, ResumeMode, RetryPolicy, SessionRequest,
    Signal, StreamError, Timeouts,
};
use millstream_wire::{Event, Protocol};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};

/// Nothing in a test takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Write(Vec<u8>),
    Sleep(u64),
    /// Waits until the client closes or resets, and notes when.
    AwaitClose,
    /// Closes with an RST.
    Reset,
    /// Closes with a FIN.
    Close,
    /// Waits for `Server::go`.
    Await,
    /// Writes the same piece until so many bytes are out, or a write gets stuck for 300 ms; notes how many went.
    Flood(Vec<u8>, usize),
}

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Which connection it came on, counted from 0.
    pub(crate) connection: usize,
    pub(crate) at: Instant,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (given, value) = line.split_once(':')?;
            given.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

#[derive(Default)]
struct Shared {
    scripts: Mutex<VecDeque<Vec<Step>>>,
    seen: Mutex<Vec<Seen>>,
    left: Mutex<Vec<Instant>>,
    flooded: AtomicUsize,
    arrived: Notify,
    go: Notify,
}

pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// One script per request, in the order in which requests come in; further requests are answered by a reset.
    pub(crate) async fn start(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { scripts: Mutex::new(scripts.into()), ..Shared::default() });
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            for number in 0.. {
                let Ok((socket, _)) = listener.accept().await else { return };
                connections.spawn(connection(socket, number, Arc::clone(&serving)));
            }
        });
        Self { addr, shared, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1/chat/completions", self.addr)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// When clients were seen to leave.
    pub(crate) fn left(&self) -> Vec<Instant> {
        self.shared.left.lock().unwrap().clone()
    }

    pub(crate) fn flooded(&self) -> usize {
        self.shared.flooded.load(Ordering::SeqCst)
    }

    pub(crate) fn go(&self) {
        self.shared.go.notify_one();
    }

    /// Waits until so many requests came.
    pub(crate) async fn requests(&self, count: usize) {
        until("requests to come", || self.seen().len() >= count).await;
    }

    /// Waits until so many clients left.
    pub(crate) async fn departures(&self, count: usize) -> Instant {
        until("clients to leave", || self.left().len() >= count).await;
        self.left()[count - 1]
    }
}

pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn connection(mut socket: TcpStream, number: usize, shared: Arc<Shared>) {
    socket.set_nodelay(true).unwrap();
    let mut buffer = Vec::new();
    loop {
        let Some(seen) = read_request(&mut socket, &mut buffer, number).await else { return };
        shared.seen.lock().unwrap().push(seen);
        shared.arrived.notify_waiters();
        let script = shared.scripts.lock().unwrap().pop_front().unwrap_or_else(|| vec![Step::Reset]);
        for step in script {
            match step {
                Step::Write(bytes) => {
                    if socket.write_all(&bytes).await.is_err() {
                        shared.left.lock().unwrap().push(Instant::now());
                        return;
                    }
                }
                Step::Sleep(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                Step::AwaitClose => {
                    let mut byte = [0; 64];
                    let read = tokio::time::timeout(PATIENCE, socket.read(&mut byte)).await;
                    if matches!(read, Ok(Ok(0) | Err(_))) {
                        shared.left.lock().unwrap().push(Instant::now());
                    }
                    return;
                }
                Step::Reset => {
                    socket2::SockRef::from(&socket).set_linger(Some(Duration::ZERO)).unwrap();
                    return;
                }
                Step::Close => {
                    let _ = socket.shutdown().await;
                    return;
                }
                Step::Await => shared.go.notified().await,
                Step::Flood(piece, total) => {
                    let mut written = 0;
                    while written < total {
                        match tokio::time::timeout(
                            Duration::from_millis(300),
                            socket.write(&piece[written % piece.len()..]),
                        )
                        .await
                        {
                            Ok(Ok(n)) => written += n,
                            _ => break,
                        }
                        shared.flooded.store(written, Ordering::SeqCst);
                    }
                }
            }
        }
    }
}

async fn read_request(socket: &mut TcpStream, buffer: &mut Vec<u8>, connection: usize) -> Option<Seen> {
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end + 2]).into_owned();
            let mut seen = Seen { head, body: Vec::new(), connection, at: Instant::now() };
            let length = seen.header("content-length").map_or(0, |length| length.parse::<usize>().unwrap());
            let whole = end + 4 + length;
            while buffer.len() < whole {
                if socket.read_buf(buffer).await.unwrap_or(0) == 0 {
                    return None;
                }
            }
            seen.body = buffer[end + 4..whole].to_vec();
            buffer.drain(..whole);
            return Some(seen);
        }
        if socket.read_buf(buffer).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}

/// The head of a chunked event stream.
pub(crate) fn stream_head() -> Step {
    head(200, "content-type: text/event-stream\r\ntransfer-encoding: chunked\r\nx-request-id: req-1\r\n")
}

pub(crate) fn head(status: u16, headers: &str) -> Step {
    Step::Write(format!("HTTP/1.1 {status} Status\r\n{headers}\r\n").into_bytes())
}

/// A whole answer with a length.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Step {
    Step::Write(
        format!("HTTP/1.1 {status} Status\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into_bytes(),
    )
}

/// One transfer chunk.
pub(crate) fn chunk(data: impl AsRef<[u8]>) -> Step {
    let data = data.as_ref();
    let mut bytes = format!("{:x}\r\n", data.len()).into_bytes();
    bytes.extend_from_slice(data);
    bytes.extend_from_slice(b"\r\n");
    Step::Write(bytes)
}

pub(crate) fn last_chunk() -> Step {
    Step::Write(b"0\r\n\r\n".to_vec())
}

/// An OpenAI chunk with a piece of text, as a server-sent event.
pub(crate) fn text(text: &str) -> String {
    format!("data: {}\n\n", delta("chatcmpl-1", &serde_json::json!({ "content": text })))
}

/// The same with an event ID.
pub(crate) fn text_with_id(id: &str, text: &str) -> String {
    format!("id: {id}\ndata: {}\n\n", delta("chatcmpl-1", &serde_json::json!({ "content": text })))
}

pub(crate) fn delta(id: &str, delta: &serde_json::Value) -> serde_json::Value {
    serde_json::json!({
        "id": id, "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{ "index": 0, "delta": delta, "finish_reason": null }]
    })
}

/// The opening chunk: a role, no content.
pub(crate) fn opening() -> String {
    format!("data: {}\n\n", delta("chatcmpl-1", &serde_json::json!({ "role": "assistant", "content": "" })))
}

/// Finish reason and `[DONE]`.
pub(crate) fn finish() -> String {
    let chunk = serde_json::json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }]
    });
    format!("data: {chunk}\n\ndata: [DONE]\n\n")
}

/// A whole good answer.
pub(crate) fn good(pieces: &[&str]) -> Vec<Step> {
    let mut steps = vec![stream_head()];
    steps.extend(pieces.iter().map(|piece| chunk(text(piece))));
    steps.push(chunk(finish()));
    steps.push(last_chunk());
    steps
}

pub(crate) fn engine() -> Engine {
    let config =
        EngineConfig { proxy: ProxySource::Direct, ..EngineConfig::from_env(tokio::runtime::Handle::current()) };
    Engine::new(config).unwrap()
}

/// A request with clocks that no test runs into by accident, and without waits between attempts.
pub(crate) fn request(url: impl Into<String>) -> SessionRequest {
    SessionRequest {
        url: url.into(),
        carrier: Carrier::Http,
        headers: Vec::new(),
        sign: None,
        body: Bytes::from_static(br#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true}"#),
        protocol: Protocol::OpenAi,
        max_event_bytes: 1024 * 1024,
        timeouts: Timeouts::default(),
        retry: RetryPolicy { initial_delay: Duration::from_millis(1), ..RetryPolicy::default() },
        resume: ResumeMode::None,
        json: false,
    }
}

pub(crate) fn no_retry() -> RetryPolicy {
    RetryPolicy { max_retries: 0, ..RetryPolicy::default() }
}

/// What an exit was told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    Open(ResponseInfo),
    Event(Event<'static>),
    Retry { attempt: u32, delay: Duration, error: StreamError },
    End(Outcome),
}

/// Credit that a test gives or takes.
#[derive(Default)]
pub(crate) struct Gate {
    shut: AtomicBool,
    shut_next: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Gate {
    pub(crate) fn shut(&self) {
        self.shut.store(true, Ordering::SeqCst);
    }

    /// Shuts with the next event.
    pub(crate) fn shut_with_next_event(&self) {
        self.shut_next.store(true, Ordering::SeqCst);
    }

    pub(crate) fn open(&self) {
        self.shut.store(false, Ordering::SeqCst);
        if let Some(waker) = self.waker.lock().unwrap().take() {
            waker.wake();
        }
    }
}

/// How an exit answers [`Exit::confirm_retry`].
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    Yes,
    No,
    Never,
}

pub(crate) struct Recorder {
    tell: mpsc::UnboundedSender<Told>,
    gate: Arc<Gate>,
    answer: Answer,
    ended: bool,
}

impl Exit for Recorder {
    fn signal(&mut self, signal: Signal<'_>) {
        assert!(!self.ended, "told {signal:?} after the end");
        self.ended = matches!(signal, Signal::End(_));
        if matches!(signal, Signal::Event(_)) && self.gate.shut_next.swap(false, Ordering::SeqCst) {
            self.gate.shut();
        }
        let told = match signal {
            Signal::Open(info) => Told::Open(info),
            Signal::Event(event) => Told::Event(event.into_owned()),
            Signal::Retry { attempt, delay, error } => Told::Retry { attempt, delay, error: error.clone() },
            Signal::End(outcome) => Told::End(outcome),
        };
        let _ = self.tell.send(told);
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        *self.gate.waker.lock().unwrap() = Some(cx.waker().clone());
        if self.gate.shut.load(Ordering::SeqCst) { Poll::Pending } else { Poll::Ready(()) }
    }

    async fn confirm_retry(&mut self, _error: &StreamError, _attempt: u32) -> bool {
        match self.answer {
            Answer::Yes => true,
            Answer::No => false,
            Answer::Never => std::future::pending().await,
        }
    }
}

/// The reading end of a [`Recorder`].
pub(crate) struct Record {
    told: mpsc::UnboundedReceiver<Told>,
    pub(crate) gate: Arc<Gate>,
}

impl Record {
    pub(crate) async fn next(&mut self) -> Told {
        tokio::time::timeout(PATIENCE, self.told.recv()).await.expect("a signal in time").expect("a signal")
    }

    /// Everything up to the end, and that nothing follows it.
    pub(crate) async fn rest(&mut self) -> Vec<Told> {
        let mut all = Vec::new();
        loop {
            let told = self.next().await;
            let end = matches!(told, Told::End(_));
            all.push(told);
            if end {
                // The exit is dropped with the end, which closes the channel.
                assert_eq!(tokio::time::timeout(PATIENCE, self.told.recv()).await.expect("the exit dropped"), None);
                return all;
            }
        }
    }
}

pub(crate) fn recorder() -> (Recorder, Record) {
    let (tell, told) = mpsc::unbounded_channel();
    let gate = Arc::new(Gate::default());
    (Recorder { tell, gate: Arc::clone(&gate), answer: Answer::Yes, ended: false }, Record { told, gate })
}

pub(crate) fn asking_recorder(answer: Answer) -> (Recorder, Record) {
    let (mut recorder, record) = recorder();
    recorder.answer = answer;
    (recorder, record)
}

/// A session from beginning to end.
pub(crate) async fn told(engine: &Engine, request: SessionRequest) -> Vec<Told> {
    let (exit, mut record) = recorder();
    engine.open(request, exit);
    record.rest().await
}

pub(crate) fn text_of(told: &[Told]) -> String {
    told.iter()
        .filter_map(|told| match told {
            Told::Event(Event::Text { text, .. }) => Some(&**text),
            _ => None,
        })
        .collect()
}

pub(crate) fn starts(told: &[Told]) -> usize {
    told.iter().filter(|told| matches!(told, Told::Event(Event::Start { .. }))).count()
}

pub(crate) fn finishes(told: &[Told]) -> usize {
    told.iter().filter(|told| matches!(told, Told::Event(Event::Finish { .. }))).count()
}

pub(crate) fn retries(told: &[Told]) -> Vec<(u32, Duration, StreamError)> {
    told.iter()
        .filter_map(|told| match told {
            Told::Retry { attempt, delay, error } => Some((*attempt, *delay, error.clone())),
            _ => None,
        })
        .collect()
}

pub(crate) fn failure(told: &[Told]) -> StreamError {
    match told.last() {
        Some(Told::End(Outcome::Failed(error))) => (**error).clone(),
        other => panic!("expected a failure, got {other:?}"),
    }
}

pub(crate) fn assert_complete(told: &[Told]) {
    assert_eq!(told.last(), Some(&Told::End(Outcome::Complete)), "{told:#?}");
}
