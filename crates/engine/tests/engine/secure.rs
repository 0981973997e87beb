//! TLS and HTTP/2.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::server::SendResponse;
use millstream_engine::{Engine, EngineConfig, ErrorKind, Outcome, ProxySource, SessionRequest};
use millstream_wire::Event;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::certs::Authority;
use crate::support::{
    PATIENCE, Told, assert_complete, failure, finish, no_retry, recorder, request, text, text_of, told, until,
};

fn engine(extra_ca_certs: Option<PathBuf>) -> Engine {
    Engine::new(EngineConfig {
        runtime: tokio::runtime::Handle::current(),
        user_agent: "test/1".to_owned(),
        extra_ca_certs,
        proxy: ProxySource::Direct,
    })
    .unwrap()
}

fn once(url: String) -> SessionRequest {
    SessionRequest { retry: no_retry(), ..request(url) }
}

/// A server that gives one good answer per connection over HTTP/1.1.
async fn http1(acceptor: TlsAcceptor) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut tls) = acceptor.accept(socket).await else { continue };
            let mut read = [0; 4096];
            let _ = tls.read(&mut read).await;
            let body = format!("{}{}", text("over TLS"), finish());
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = tls.write_all(format!("{head}{body}").as_bytes()).await;
            let _ = tls.shutdown().await;
        }
    });
    url
}

/// What an HTTP/2 server does with a request, by its path.
#[derive(Default)]
struct Http2 {
    connections: AtomicUsize,
    /// Bytes that flow control let out under `/flood`.
    flooded: AtomicUsize,
    reset: Mutex<Option<Instant>>,
}

impl Http2 {
    async fn start(acceptor: TlsAcceptor) -> (Arc<Self>, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let server = Arc::new(Self::default());
        let serving = Arc::clone(&server);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let Ok(tls) = acceptor.accept(socket).await else { continue };
                serving.connections.fetch_add(1, Ordering::SeqCst);
                let serving = Arc::clone(&serving);
                tokio::spawn(async move {
                    let mut connection = h2::server::handshake(tls).await.unwrap();
                    while let Some(Ok((request, respond))) = connection.accept().await {
                        tokio::spawn(Arc::clone(&serving).answer(request.uri().path().to_owned(), respond));
                    }
                });
            }
        });
        (server, addr)
    }

    async fn answer(self: Arc<Self>, path: String, mut respond: SendResponse<Bytes>) {
        let head = http::Response::builder().header("content-type", "text/event-stream").body(()).unwrap();
        let mut stream = respond.send_response(head, false).unwrap();
        match path.as_str() {
            "/good" => {
                stream.send_data(Bytes::from(text("over HTTP/2")), false).unwrap();
                stream.send_data(Bytes::from(finish()), true).unwrap();
            }
            "/hang" => {
                stream.send_data(Bytes::from(text("a")), false).unwrap();
                let _ = tokio::time::timeout(PATIENCE, std::future::poll_fn(|cx| stream.poll_reset(cx))).await;
                *self.reset.lock().unwrap() = Some(Instant::now());
            }
            _ => loop {
                stream.reserve_capacity(16 * 1024);
                match std::future::poll_fn(|cx| stream.poll_capacity(cx)).await {
                    Some(Ok(capacity)) => {
                        let piece = Bytes::from(vec![b':'; capacity.min(16 * 1024)]);
                        self.flooded.fetch_add(piece.len(), Ordering::SeqCst);
                        if stream.send_data(piece, false).is_err() {
                            return;
                        }
                    }
                    _ => return,
                }
            },
        }
    }
}

#[tokio::test]
async fn an_authority_of_the_callers_is_trusted() {
    let authority = Authority::new();
    let url = http1(authority.acceptor("127.0.0.1", &["http/1.1"])).await;
    let told = told(&engine(Some(authority.path.clone())), once(url)).await;
    assert_complete(&told);
    assert_eq!(text_of(&told), "over TLS");
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let authority = Authority::new();
    let url = http1(authority.acceptor("127.0.0.1", &["http/1.1"])).await;
    let other = Authority::new();
    let missing = PathBuf::from("/nonexistent/ca.pem");
    for extra in [None, Some(other.path.clone()), Some(missing)] {
        let error = failure(&told(&engine(extra), once(url.clone())).await);
        assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Connection, "CERT_UNKNOWN_ISSUER"), "{error:?}");
        assert!(error.message.starts_with("fetch failed: TLS: ") && !error.retryable, "{error:?}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new();
    let url = http1(authority.acceptor("example.com", &["http/1.1"])).await;
    let error = failure(&told(&engine(Some(authority.path.clone())), once(url)).await);
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Connection, "CERT_NAME_MISMATCH"), "{error:?}");
}

#[tokio::test]
async fn a_server_without_tls_is_a_tls_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = socket.read(&mut [0; 1024]).await;
    });
    let error = failure(&told(&engine(None), once(url)).await);
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Connection, "TLS_ERROR"), "{error:?}");
}

#[tokio::test]
async fn http2_is_chosen_and_shared() {
    let authority = Authority::new();
    let (server, addr) = Http2::start(authority.acceptor("127.0.0.1", &["h2", "http/1.1"])).await;
    let engine = engine(Some(authority.path.clone()));
    for _ in 0..3 {
        let told = told(&engine, once(format!("https://{addr}/good"))).await;
        assert_complete(&told);
        assert_eq!(text_of(&told), "over HTTP/2");
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn cancelling_resets_the_http2_stream() {
    let authority = Authority::new();
    let (server, addr) = Http2::start(authority.acceptor("127.0.0.1", &["h2"])).await;
    let (exit, mut record) = recorder();
    let session = engine(Some(authority.path.clone())).open(once(format!("https://{addr}/hang")), exit);
    while !matches!(record.next().await, Told::Event(Event::Text { .. })) {}
    let began = Instant::now();
    session.cancel();
    assert_eq!(record.rest().await.last(), Some(&Told::End(Outcome::Cancelled)));
    until("the reset", || server.reset.lock().unwrap().is_some()).await;
    assert!(server.reset.lock().unwrap().unwrap() - began < Duration::from_millis(100));
}

#[tokio::test]
async fn stalled_http2_streams_hold_little_and_leave_room_for_others() {
    let authority = Authority::new();
    let (server, addr) = Http2::start(authority.acceptor("127.0.0.1", &["h2"])).await;
    let engine = engine(Some(authority.path.clone()));
    let mut stalled = Vec::new();
    for _ in 0..20 {
        let (exit, mut record) = recorder();
        record.gate.shut();
        let session = engine.open(once(format!("https://{addr}/flood")), exit);
        assert!(matches!(record.next().await, Told::Open(_)));
        stalled.push((session, record));
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let flooded = server.flooded.load(Ordering::SeqCst);
    assert!(flooded <= 20 * 128 * 1024, "{flooded} bytes let out to 20 stalled streams");
    let told = told(&engine, once(format!("https://{addr}/good"))).await;
    assert_complete(&told);
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
    for (session, mut record) in stalled {
        session.cancel();
        record.rest().await;
    }
}
