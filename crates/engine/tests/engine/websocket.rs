//! Sessions over WebSocket, against servers of another implementation's half of the same library and by hand.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use millstream_engine::{
    Carrier, Engine, EngineConfig, ErrorKind, Outcome, Phase, ProxySource, ResumeMode, SessionRequest, Timeouts,
};
use millstream_wire::{Event, Protocol};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use crate::certs::Authority;
use crate::support::{
    self, PATIENCE, Server, Step, Told, answer, assert_complete, delta, engine, failure, good, head, no_retry,
    recorder, retries, text_of, told, until,
};

/// What a server saw.
#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<Request>>,
    messages: Mutex<Vec<String>>,
    /// Close codes of clients; 1006 where the connection just ended.
    closed: Mutex<Vec<(u16, Instant)>>,
    sent: AtomicUsize,
}

/// What a server does once it has the request's message.
#[derive(Clone)]
enum Act {
    Say(Message),
    Close(u16, &'static str),
    /// Ends the connection without a close frame.
    Hang,
    /// Says nothing more until the client leaves.
    Wait,
    /// The same message until so many are out or nothing goes any more.
    Flood(String, usize),
}

fn say(text: impl ToString) -> Act {
    Act::Say(Message::text(text.to_string()))
}

fn chunk(text: &str) -> Act {
    say(serde_json::json!({ "type": "chunk", "content": text }))
}

fn complete() -> Act {
    say(r#"{"type":"complete"}"#)
}

async fn act<S: AsyncRead + AsyncWrite + Unpin>(mut socket: WebSocketStream<S>, acts: Vec<Act>, seen: &Seen) {
    if let Some(Ok(message)) = socket.next().await {
        seen.messages.lock().unwrap().push(message.into_text().unwrap().to_string());
    }
    for act in acts {
        match act {
            Act::Say(message) => drop(socket.send(message).await),
            Act::Close(code, reason) => {
                let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
                let _ = socket.close(Some(frame)).await;
            }
            Act::Hang => return,
            Act::Wait => break,
            Act::Flood(text, count) => {
                for _ in 0..count {
                    let sending = socket.send(Message::text(text.clone()));
                    match tokio::time::timeout(Duration::from_millis(300), sending).await {
                        Ok(Ok(())) => seen.sent.fetch_add(1, Ordering::SeqCst),
                        _ => break,
                    };
                }
            }
        }
    }
    let mut code = 1006;
    while let Ok(Some(Ok(message))) = tokio::time::timeout(PATIENCE, socket.next()).await {
        if let Message::Close(frame) = message {
            code = frame.map_or(1005, |frame| frame.code.into());
        }
    }
    seen.closed.lock().unwrap().push((code, Instant::now()));
}

async fn upgrade<S: AsyncRead + AsyncWrite + Unpin>(socket: S, seen: &Seen) -> WebSocketStream<S> {
    #[expect(clippy::result_large_err, reason = "the library's own type")]
    let callback = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        seen.requests.lock().unwrap().push(request.clone());
        Ok(response)
    };
    accept_hdr_async(socket, callback).await.unwrap()
}

/// Serves one script per connection, the last one for all that follow.
async fn serve(scripts: Vec<Vec<Act>>) -> (String, Arc<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/chat?room=1", listener.local_addr().unwrap());
    let seen = Arc::new(Seen::default());
    let serving = Arc::clone(&seen);
    tokio::spawn(async move {
        for number in 0.. {
            let Ok((socket, _)) = listener.accept().await else { return };
            let acts = scripts[number.min(scripts.len() - 1)].clone();
            let seen = Arc::clone(&serving);
            tokio::spawn(async move { act(upgrade::<TcpStream>(socket, &seen).await, acts, &seen).await });
        }
    });
    (url, seen)
}

fn request(url: impl Into<String>) -> SessionRequest {
    SessionRequest { carrier: Carrier::WebSocket, protocol: Protocol::Auto, retry: no_retry(), ..support::request(url) }
}

#[tokio::test]
async fn an_answer_comes_as_messages() {
    let (url, seen) = serve(vec![vec![
        Act::Say(Message::Ping("are you there".into())),
        chunk("Hel"),
        say("{\r\n  \"type\": \"chunk\",\n  \"content\": \"lo\"\n}"),
        Act::Say(Message::binary(r#"{"type":"chunk","content":" 🌍"}"#)),
        complete(),
        Act::Wait,
    ]])
    .await;
    let mut asked = request(url);
    asked.headers.push(("authorization".to_owned(), "Bearer k".to_owned()));
    let body = asked.body.clone();
    let told = told(&engine(), asked).await;
    assert_complete(&told);
    assert_eq!(text_of(&told), "Hello 🌍");
    assert!(matches!(&told[0], Told::Open(info) if info.status == 101), "{told:?}");
    // The answer is complete, and the client says so.
    until("the client to close", || !seen.closed.lock().unwrap().is_empty()).await;
    assert_eq!(seen.closed.lock().unwrap()[0].0, 1000);
    assert_eq!(seen.messages.lock().unwrap()[..], [String::from_utf8(body.to_vec()).unwrap()]);
    let requests = seen.requests.lock().unwrap();
    let header = |name| requests[0].headers().get(name).map(|value| value.to_str().unwrap());
    assert_eq!(requests[0].uri(), "/chat?room=1");
    assert_eq!(header("authorization"), Some("Bearer k"));
    assert_eq!(header("sec-websocket-extensions"), None);
    assert_eq!((header("content-type"), header("content-length")), (None, None), "an upgrade has no body");
}

#[tokio::test]
async fn the_formats_of_lines_are_read() {
    let openai = |text: &str| say(delta("chatcmpl-1", &serde_json::json!({ "content": text })));
    let cases = [
        (Protocol::Auto, vec![openai("a"), openai("b"), say("[DONE]")]),
        (Protocol::OpenAi, vec![openai("a"), openai("b"), say("[DONE]")]),
        (Protocol::Ndjson, vec![chunk("a"), chunk("b"), complete()]),
        (Protocol::Chunk, vec![chunk("a"), chunk("b"), complete()]),
        (Protocol::Auto, vec![say(r#"{"token":"a"}"#), say(r#"{"token":"b"}"#), say("[DONE]")]),
        (Protocol::Content, vec![say(r#"{"content":"a"}"#), say(r#"{"content":"b","finished":true}"#)]),
        (Protocol::Text, vec![say("a"), say("b"), Act::Close(1000, "")]),
    ];
    let engine = engine();
    for (protocol, mut acts) in cases {
        acts.push(Act::Wait);
        let (url, _) = serve(vec![acts]).await;
        let told = told(&engine, SessionRequest { protocol, ..request(url) }).await;
        assert_complete(&told);
        assert_eq!(text_of(&told), "ab", "{protocol}");
    }
}

#[tokio::test]
async fn a_ws_url_says_it_all() {
    let (url, _) = serve(vec![vec![chunk("a"), complete(), Act::Wait]]).await;
    let told =
        told(&engine(), SessionRequest { carrier: Carrier::Http, ..request(url.replacen("http", "ws", 1)) }).await;
    assert_complete(&told);
    assert_eq!(text_of(&told), "a");
}

#[tokio::test]
async fn over_tls_only_http1_is_offered() {
    let authority = Authority::new();
    let acceptor = authority.acceptor("127.0.0.1", &["h2", "http/1.1"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("wss://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(tls) = acceptor.accept(socket).await else { continue };
            let seen = Seen::default();
            act(upgrade(tls, &seen).await, vec![chunk("safe"), complete(), Act::Wait], &seen).await;
        }
    });
    let config = EngineConfig {
        proxy: ProxySource::Direct,
        extra_ca_certs: Some(authority.path.clone()),
        ..EngineConfig::from_env(tokio::runtime::Handle::current())
    };
    let told = told(&Engine::new(config).unwrap(), request(url.clone())).await;
    assert_complete(&told);
    assert_eq!(text_of(&told), "safe");
    let untrusted = support::told(&engine(), request(url)).await;
    assert_eq!(failure(&untrusted).code, "CERT_UNKNOWN_ISSUER");
}

#[tokio::test]
async fn a_refused_upgrade_is_an_http_error() {
    let body = r#"{"error":{"message":"bad key","type":"authentication_error","code":"invalid_api_key"}}"#;
    let server = Server::start(vec![
        vec![answer(401, "content-type: application/json\r\n", body)],
        vec![answer(503, "", "")],
        vec![answer(503, "", "")],
    ])
    .await;
    let error = failure(&told(&engine(), request(server.url())).await);
    assert_eq!((error.kind, error.status, &*error.code), (ErrorKind::Auth, Some(401), "invalid_api_key"));
    assert!(server.seen()[0].head.starts_with("GET /v1/chat/completions HTTP/1.1\r\n"), "{:?}", server.seen());
    let mut asked = request(server.url());
    asked.retry = support::request("").retry;
    asked.retry.max_retries = 1;
    let told = told(&engine(), asked).await;
    assert_eq!((retries(&told).len(), failure(&told).status), (1, Some(503)));
}

#[tokio::test]
async fn an_answer_that_is_no_upgrade_is_an_error() {
    let forged = "upgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n";
    let other = "upgrade: something\r\nconnection: Upgrade\r\n";
    for (script, told_of) in [
        (good(&["a"]), "got HTTP 200"),
        (vec![head(101, forged), Step::AwaitClose], "does not fit the key"),
        (vec![head(101, other), Step::AwaitClose], "to something else"),
    ] {
        let server = Server::start(vec![script]).await;
        let error = failure(&told(&engine(), request(server.url())).await);
        assert_eq!((error.kind, &*error.code), (ErrorKind::Protocol, "WS_UPGRADE_FAILED"));
        assert!(error.message.contains(told_of), "{}", error.message);
    }
}

#[tokio::test]
async fn the_handshake_headers_are_not_the_callers() {
    let (url, seen) = serve(vec![vec![chunk("a"), complete()]]).await;
    for name in ["Sec-WebSocket-Key", "sec-websocket-extensions", "upgrade"] {
        let mut asked = request(&*url);
        asked.headers.push((name.to_owned(), "x".to_owned()));
        assert_eq!(failure(&told(&engine(), asked).await).code, "INVALID_HEADER");
    }
    assert!(seen.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_error_message_fails_the_session() {
    let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Busy"}}"#;
    let (url, _) = serve(vec![vec![chunk("a"), say(error), Act::Wait]]).await;
    let told = told(&engine(), request(url)).await;
    let error = failure(&told);
    assert_eq!(text_of(&told), "a");
    assert_eq!((error.kind, &*error.message), (ErrorKind::Overloaded, "Busy"));
}

#[tokio::test]
async fn an_end_before_the_answers_end_is_none() {
    for (acts, kind, code, retryable) in [
        (vec![chunk("a"), Act::Close(1000, "")], ErrorKind::Truncated, "UNEXPECTED_END", true),
        (vec![chunk("a"), Act::Close(1001, "going")], ErrorKind::Truncated, "UNEXPECTED_END", true),
        (vec![Act::Close(1000, "")], ErrorKind::Protocol, "EMPTY_BODY", false),
        (vec![chunk("a"), Act::Close(1011, "crashed")], ErrorKind::Connection, "WS_CLOSE_1011", true),
        (vec![chunk("a"), Act::Close(4401, "no")], ErrorKind::Connection, "WS_CLOSE_4401", false),
        (vec![chunk("a"), Act::Hang], ErrorKind::Connection, "WS_CLOSE_1006", true),
    ] {
        let (url, _) = serve(vec![acts]).await;
        let error = failure(&told(&engine(), request(url)).await);
        assert_eq!((error.kind, &*error.code, error.retryable), (kind, code, retryable), "{error:?}");
    }
}

#[tokio::test]
async fn what_fails_before_the_first_content_is_tried_again() {
    let (url, seen) =
        serve(vec![vec![Act::Close(1013, "try again")], vec![Act::Hang], vec![chunk("a"), complete()]]).await;
    let told = told(&engine(), SessionRequest { retry: support::request("").retry, ..request(url) }).await;
    assert_complete(&told);
    assert_eq!(text_of(&told), "a");
    let codes: Vec<_> = retries(&told).into_iter().map(|(_, _, error)| error.code).collect();
    assert_eq!(codes, ["WS_CLOSE_1013", "WS_CLOSE_1006"]);
    let requests = seen.requests.lock().unwrap();
    let keys: Vec<_> = requests.iter().map(|request| request.headers()["sec-websocket-key"].clone()).collect();
    assert!(keys[0] != keys[1] && keys[1] != keys[2], "each upgrade has a key of its own");
}

#[tokio::test]
async fn a_broken_answer_is_asked_for_again() {
    let (url, _) = serve(vec![vec![chunk("Hel"), Act::Hang], vec![chunk("Hello"), complete()]]).await;
    let asked = SessionRequest { resume: ResumeMode::Restart, retry: support::request("").retry, ..request(url) };
    let told = told(&engine(), asked).await;
    assert_complete(&told);
    assert_eq!(text_of(&told), "Hello");
}

#[tokio::test]
async fn cancelling_closes_at_once() {
    let (url, seen) = serve(vec![vec![chunk("a"), Act::Wait]]).await;
    let (exit, mut record) = recorder();
    let session = engine().open(request(url), exit);
    while !matches!(record.next().await, Told::Event(Event::Text { .. })) {}
    let began = Instant::now();
    session.cancel();
    assert_eq!(record.rest().await.last(), Some(&Told::End(Outcome::Cancelled)));
    until("the client to leave", || !seen.closed.lock().unwrap().is_empty()).await;
    assert!(seen.closed.lock().unwrap()[0].1 - began < Duration::from_millis(100));
}

#[tokio::test]
async fn a_message_larger_than_the_cap_fails() {
    for act in [chunk(&"x".repeat(5000)), say(r#"{"type":"chunk","content":"fits"}"#)] {
        let fits = matches!(&act, Act::Say(message) if message.len() < 1000);
        let (url, _) = serve(vec![vec![act, complete(), Act::Wait]]).await;
        let told = told(&engine(), SessionRequest { max_event_bytes: 1000, ..request(url) }).await;
        if fits {
            assert_complete(&told);
        } else {
            let error = failure(&told);
            assert_eq!((error.kind, &*error.code), (ErrorKind::Protocol, "EVENT_TOO_LARGE"));
        }
    }
}

#[tokio::test]
async fn nothing_is_read_while_the_exit_has_no_credit() {
    let message = serde_json::json!({ "type": "chunk", "content": "x".repeat(16 * 1024) }).to_string();
    let (url, seen) = serve(vec![vec![Act::Flood(message, 4000), Act::Wait]]).await;
    let (exit, mut record) = recorder();
    record.gate.shut_with_next_event();
    let session = engine().open(request(url), exit);
    while !matches!(record.next().await, Told::Event(Event::Text { .. })) {}
    let mut before = usize::MAX;
    while before != seen.sent.load(Ordering::SeqCst) {
        before = seen.sent.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    // What the kernel's buffers hold, of 64 MB.
    assert!(before < 1500, "{before} messages were taken by nobody");
    session.cancel();
    record.rest().await;
}

#[tokio::test]
async fn silence_runs_into_the_clocks() {
    let cases: [(Vec<Act>, Phase); 2] =
        [(vec![Act::Wait], Phase::FirstContent), (vec![chunk("a"), Act::Wait], Phase::Idle)];
    for (acts, phase) in cases {
        let (url, _) = serve(vec![acts]).await;
        let limit = Some(Duration::from_millis(150));
        let timeouts = Timeouts { first_content: limit, idle: limit, ..Timeouts::default() };
        let error = failure(&told(&engine(), SessionRequest { timeouts, ..request(url) }).await);
        assert_eq!((error.kind, error.phase), (ErrorKind::Timeout, Some(phase)));
    }
}
