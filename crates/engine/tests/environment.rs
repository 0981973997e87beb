//! What the engine takes from the environment: proxies and certificate authorities. The environment belongs to the
//! whole process, so each case runs in a child of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "stands in for the test harness")]

#[path = "engine/certs.rs"]
mod certs;

use std::future::pending;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use millstream_engine::{
    Carrier, Engine, EngineConfig, Exit, Outcome, ResumeMode, RetryPolicy, SessionRequest, Signal, Timeouts,
};
use millstream_wire::{Event, Protocol};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use certs::Authority;

/// Holds the URL to ask, in a child.
const CHILD: &str = "MILLSTREAM_TEST_ASK";
/// Variables that the machine's own environment may carry.
const CLEARED: [&str; 11] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];
const KEY: &str = "canary-key-1234567890";
const ANSWER: &str =
    "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"here\"}}]}\n\ndata: [DONE]\n\n";

fn main() {
    if let Ok(url) = std::env::var(CHILD) {
        return child(url);
    }
    // Lists of tests are asked for by some runners.
    if std::env::args().any(|arg| arg == "--list") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    println!("\nrunning 6 tests");
    let mut passed = 0;
    let mut run = |name: &str, case: &mut dyn FnMut()| {
        case();
        passed += 1;
        println!("test {name} ... ok");
    };
    run("http_goes_through_the_proxy", &mut || runtime.block_on(http_goes_through_the_proxy()));
    run("https_asks_the_proxy_for_a_tunnel", &mut || runtime.block_on(https_asks_the_proxy_for_a_tunnel()));
    run("no_proxy_is_honoured", &mut || runtime.block_on(no_proxy_is_honoured()));
    run("extra_authorities_are_trusted", &mut || runtime.block_on(extra_authorities_are_trusted()));
    run("an_unreadable_authority_fails_nothing", &mut || runtime.block_on(an_unreadable_authority_fails_nothing()));
    run("a_platform_without_authorities_will_do", &mut || runtime.block_on(a_platform_without_authorities_will_do()));
    println!("\ntest result: ok. {passed} passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n");
}

/// Asks once, with what the environment says, and prints what came of it.
fn child(url: String) {
    struct Printer(String, Option<oneshot::Sender<String>>);
    impl Exit for Printer {
        fn signal(&mut self, signal: Signal<'_>) {
            match signal {
                Signal::Event(Event::Text { text, .. }) => self.0.push_str(&text),
                Signal::End(outcome) => {
                    let told = match outcome {
                        Outcome::Complete => format!("complete: {}", self.0),
                        Outcome::Failed(error) => format!("failed: {} {}", error.code, error.message),
                        Outcome::Cancelled => "cancelled".to_owned(),
                    };
                    let _ = self.1.take().map(|end| end.send(told));
                }
                _ => {}
            }
        }
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let engine = Engine::new(EngineConfig::from_env(runtime.handle().clone())).unwrap();
    let (end, ended) = oneshot::channel();
    let request = SessionRequest {
        url,
        carrier: Carrier::Http,
        headers: vec![("authorization".to_owned(), format!("Bearer {KEY}"))],
        sign: None,
        body: Bytes::from_static(b"{}"),
        protocol: Protocol::OpenAi,
        max_event_bytes: 1 << 20,
        timeouts: Timeouts::default(),
        retry: RetryPolicy { max_retries: 0, ..RetryPolicy::default() },
        resume: ResumeMode::None,
        json: false,
    };
    engine.open(request, Printer(String::new(), Some(end)));
    println!("{}", runtime.block_on(ended).unwrap());
}

async fn ask(url: &str, environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for name in CLEARED {
        command.env_remove(name);
    }
    command.env(CHILD, url).envs(environment.iter().copied()).stdout(Stdio::piped());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = tokio::time::timeout(Duration::from_secs(20), output).await.expect("the child in time").unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Reads a request's head and gives an answer.
async fn serve(mut socket: impl AsyncRead + AsyncWrite + Unpin, answer: &str) -> String {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if socket.read_buf(&mut head).await.unwrap_or(0) == 0 {
            break;
        }
    }
    let _ = socket.write_all(answer.as_bytes()).await;
    let _ = socket.shutdown().await;
    String::from_utf8(head).unwrap()
}

fn good() -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n{ANSWER}", ANSWER.len())
}

/// A server that answers every request alike and keeps the heads.
async fn server(answer: String) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heads = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let head = serve(socket, &answer).await;
            kept.lock().unwrap().push(head);
        }
        pending::<()>().await;
    });
    (url, heads)
}

async fn secure_server(authority: &Authority) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let acceptor = authority.acceptor("127.0.0.1", &["http/1.1"]);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            if let Ok(tls) = acceptor.accept(socket).await {
                serve(tls, &good()).await;
            }
        }
    });
    url
}

async fn http_goes_through_the_proxy() {
    let (proxy, heads) = server(good()).await;
    // `HTTP_PROXY` in capitals is disregarded where a CGI script's environment might hold a header of that name.
    for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY"] {
        assert_eq!(ask("http://models.test/v1", &[(name, &proxy)]).await, "complete: here");
    }
    let heads = heads.lock().unwrap();
    assert_eq!(heads.len(), 3);
    assert!(heads.iter().all(|head| head.starts_with("POST http://models.test/v1 HTTP/1.1\r\n")), "{heads:?}");
}

async fn https_asks_the_proxy_for_a_tunnel() {
    let (proxy, heads) = server("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n".to_owned()).await;
    let told = ask("https://models.test/v1", &[("HTTPS_PROXY", &proxy)]).await;
    assert!(told.starts_with("failed: PROXY_ERROR fetch failed: the proxy refused the connection"), "{told}");
    let heads = heads.lock().unwrap();
    assert!(heads[0].starts_with("CONNECT models.test:443 HTTP/1.1\r\n"), "{heads:?}");
    assert!(!heads[0].contains(KEY), "the proxy was given the key");
}

async fn no_proxy_is_honoured() {
    let (proxy, heads) = server(good()).await;
    let (direct, direct_heads) = server(good()).await;
    assert_eq!(ask(&direct, &[("HTTP_PROXY", &proxy), ("NO_PROXY", "127.0.0.1")]).await, "complete: here");
    assert_eq!((heads.lock().unwrap().len(), direct_heads.lock().unwrap().len()), (0, 1));
}

async fn extra_authorities_are_trusted() {
    let authority = Authority::new();
    let url = secure_server(&authority).await;
    let told = ask(&url, &[]).await;
    assert!(told.starts_with("failed: CERT_UNKNOWN_ISSUER fetch failed: TLS: "), "{told}");
    let path = authority.path.to_str().unwrap();
    assert_eq!(ask(&url, &[("NODE_EXTRA_CA_CERTS", path)]).await, "complete: here");
}

async fn an_unreadable_authority_fails_nothing() {
    let (url, _) = server(good()).await;
    assert_eq!(ask(&url, &[("NODE_EXTRA_CA_CERTS", "/nonexistent/ca.pem")]).await, "complete: here");
    let authority = Authority::new();
    let url = secure_server(&authority).await;
    let told = ask(&url, &[("NODE_EXTRA_CA_CERTS", "/nonexistent/ca.pem")]).await;
    assert!(told.starts_with("failed: CERT_UNKNOWN_ISSUER "), "{told}");
}

async fn a_platform_without_authorities_will_do() {
    let empty = std::env::temp_dir().join(format!("millstream-empty-{}", std::process::id()));
    std::fs::create_dir_all(&empty).unwrap();
    let none = empty.join("none.pem");
    std::fs::write(&none, "").unwrap();
    let bare = [("SSL_CERT_FILE", none.to_str().unwrap()), ("SSL_CERT_DIR", empty.to_str().unwrap())];
    let authority = Authority::new();
    let url = secure_server(&authority).await;
    let told = ask(&url, &bare).await;
    assert!(told.starts_with("failed: CERT_UNKNOWN_ISSUER "), "{told}");
    let extra = ("NODE_EXTRA_CA_CERTS", authority.path.to_str().unwrap());
    assert_eq!(ask(&url, &[bare[0], bare[1], extra]).await, "complete: here");
    std::fs::remove_dir_all(&empty).unwrap();
}
