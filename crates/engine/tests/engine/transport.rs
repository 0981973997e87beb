//! Asking and reading: heads, headers, the pool, redirects.

use millstream_engine::{ErrorKind, Outcome};
use millstream_wire::Event;

use crate::support::{
    Server, Step, Told, answer, assert_complete, chunk, engine, failure, finish, finishes, good, head, last_chunk,
    no_retry, opening, recorder, request, retries, starts, stream_head, text, text_of, told,
};

#[tokio::test]
async fn an_answer_comes_through_in_order() {
    let server = Server::start(vec![good(&["Hel", "lo"])]).await;
    let told = told(&engine(), request(server.url())).await;
    let Told::Open(info) = &told[0] else { panic!("expected the head first, got {told:?}") };
    assert_eq!((info.status, info.request_id.as_deref()), (200, Some("req-1")));
    assert!(matches!(&told[1], Told::Event(Event::Start { id: Some(id), .. }) if id == "chatcmpl-1"), "{told:?}");
    assert_eq!(text_of(&told), "Hello");
    assert!(matches!(told[told.len() - 2], Told::Event(Event::Finish { .. })), "{told:?}");
    assert_complete(&told);
}

#[tokio::test]
async fn content_comes_before_the_answer_is_complete() {
    let server = Server::start(vec![vec![
        stream_head(),
        chunk(text("first")),
        Step::Await,
        chunk(text("second")),
        chunk(finish()),
        last_chunk(),
    ]])
    .await;
    let (exit, mut record) = recorder();
    engine().open(request(server.url()), exit);
    while !matches!(record.next().await, Told::Event(Event::Text { text, .. }) if text == "first") {}
    server.go();
    assert_complete(&record.rest().await);
}

#[tokio::test]
async fn defaults_are_sent_and_headers_override_them() {
    let server = Server::start(vec![good(&["a"]), good(&["a"])]).await;
    let engine = engine();
    told(&engine, request(server.url())).await;
    let mut asked = request(server.url());
    asked.headers = vec![
        ("ACCEPT".to_owned(), "text/plain".to_owned()),
        ("User-Agent".to_owned(), "mine/1".to_owned()),
        ("Authorization".to_owned(), "Bearer key-123456".to_owned()),
    ];
    told(&engine, asked).await;
    let seen = server.seen();
    assert!(seen[0].head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{}", seen[0].head);
    assert_eq!(seen[0].header("accept-encoding"), Some("identity"));
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    assert!(
        seen[0].header("accept").is_some_and(|accept| accept.starts_with("text/event-stream, application/x-ndjson"))
    );
    assert!(seen[0].header("user-agent").is_some_and(|agent| agent.starts_with("millstream/")));
    assert_eq!(seen[0].body, request("").body);
    assert_eq!(seen[1].header("accept"), Some("text/plain"));
    assert_eq!(seen[1].header("user-agent"), Some("mine/1"));
    assert_eq!(seen[1].header("authorization"), Some("Bearer key-123456"));
    assert_eq!(seen[1].head.to_lowercase().matches("accept:").count(), 1);
}

#[tokio::test]
async fn two_answers_use_one_connection() {
    // The end of the transfer comes only after the answer's end: it is read in the background.
    let late_end =
        |piece: &str| vec![stream_head(), chunk(text(piece)), chunk(finish()), Step::Sleep(30), last_chunk()];
    let server = Server::start(vec![late_end("one"), late_end("two")]).await;
    let engine = engine();
    assert_complete(&told(&engine, request(server.url())).await);
    tokio::time::sleep(std::time::Duration::from_millis(80)).await;
    assert_complete(&told(&engine, request(server.url())).await);
    assert_eq!(server.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [0, 0]);
}

#[tokio::test]
async fn the_end_does_not_wait_for_the_end_of_the_transfer() {
    let server = Server::start(vec![vec![stream_head(), chunk(text("a")), chunk(finish()), Step::AwaitClose]]).await;
    let began = std::time::Instant::now();
    assert_complete(&told(&engine(), request(server.url())).await);
    assert!(began.elapsed() < std::time::Duration::from_millis(200), "{:?}", began.elapsed());
    // A server that never ends the body is left after a while.
    let left = server.departures(1).await;
    assert!(left - began < std::time::Duration::from_millis(1000), "{:?}", left - began);
}

#[tokio::test]
async fn a_connection_closed_while_idle_is_no_failure() {
    let mut closing = good(&["one"]);
    closing.extend([Step::Sleep(20), Step::Close]);
    let server = Server::start(vec![closing, good(&["two"])]).await;
    let engine = engine();
    let mut asked = request(server.url());
    asked.retry = no_retry();
    assert_complete(&told(&engine, asked.clone()).await);
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let second = told(&engine, asked).await;
    assert_complete(&second);
    assert_eq!(text_of(&second), "two");
    assert_eq!(server.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [0, 1]);
}

#[tokio::test]
async fn a_redirect_to_another_origin_is_refused() {
    let other = Server::start(vec![good(&["stolen"])]).await;
    let location = format!("location: {}\r\n", other.url());
    let server = Server::start(vec![vec![answer(307, &location, "")]]).await;
    let mut asked = request(server.url());
    asked.headers.push(("authorization".to_owned(), "Bearer key-123456".to_owned()));
    let error = failure(&told(&engine(), asked).await);
    assert_eq!((error.kind, error.code.as_str(), error.status), (ErrorKind::Protocol, "REDIRECT_REFUSED", Some(307)));
    assert!(error.message.starts_with("HTTP 307: redirect refused"), "{}", error.message);
    assert!(other.seen().is_empty(), "the other origin was asked: {:?}", other.seen());
}

#[tokio::test]
async fn a_redirect_within_the_origin_takes_the_body_along() {
    let server = Server::start(vec![vec![answer(308, "location: /v2/chat\r\n", "")], good(&["there"])]).await;
    let told = told(&engine(), request(server.url())).await;
    assert_complete(&told);
    assert!(retries(&told).is_empty());
    let seen = server.seen();
    assert!(seen[1].head.starts_with("POST /v2/chat "), "{}", seen[1].head);
    assert_eq!(seen[1].body, seen[0].body);
}

#[tokio::test]
async fn redirects_that_lose_the_body_or_never_end_are_refused() {
    let server = Server::start(vec![vec![answer(303, "location: /elsewhere\r\n", "")]]).await;
    let error = failure(&told(&engine(), request(server.url())).await);
    assert_eq!(error.code, "REDIRECT_REFUSED");
    assert!(error.message.contains("307 and 308"), "{}", error.message);

    let server = Server::start(vec![vec![answer(307, "location: /again\r\n", "")]; 8]).await;
    let error = failure(&told(&engine(), request(server.url())).await);
    assert_eq!(error.code, "TOO_MANY_REDIRECTS");
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn bad_requests_fail_at_once_and_name_what_is_wrong() {
    let server = Server::start(Vec::new()).await;
    let engine = engine();
    let with = |name: &str, value: &str| {
        let mut asked = request(server.url());
        asked.headers.push((name.to_owned(), value.to_owned()));
        asked
    };
    for (asked, code, says) in [
        (with("x-key", "secret\r\nx-evil: 1"), "INVALID_HEADER", "`x-key`"),
        (with("Authorization: Bearer secret", ""), "INVALID_HEADER", "`Authorization…`"),
        (with("Content-Length", "3"), "INVALID_HEADER", "`content-length`"),
        (request("/api/chat"), "INVALID_URL", "absolute URL"),
        (request("ftp://127.0.0.1/x"), "INVALID_URL", "http:, https:, ws: or wss:"),
    ] {
        let told = told(&engine, asked).await;
        let error = failure(&told);
        assert_eq!((error.kind, error.code.as_str(), error.retryable), (ErrorKind::InvalidRequest, code, false));
        assert!(error.message.contains(says), "{}", error.message);
        assert!(!error.message.contains("secret"), "{}", error.message);
        assert_eq!(told.len(), 1);
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_compressed_answer_is_refused_by_name() {
    let compressed = head(200, "content-type: text/event-stream\r\ncontent-encoding: gzip\r\ncontent-length: 0\r\n");
    let server = Server::start(vec![vec![compressed]]).await;
    let error = failure(&told(&engine(), request(server.url())).await);
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Protocol, "UNSUPPORTED_ENCODING"));
}

#[tokio::test]
async fn what_precedes_content_comes_once_and_first() {
    let server =
        Server::start(vec![vec![stream_head(), chunk(opening()), chunk(text("x")), chunk(finish()), last_chunk()]])
            .await;
    let told = told(&engine(), request(server.url())).await;
    assert_eq!((starts(&told), finishes(&told)), (1, 1));
    assert!(matches!(told[1], Told::Event(Event::Start { .. })), "{told:?}");
    assert_eq!(told.iter().filter(|told| matches!(told, Told::End(Outcome::Complete))).count(), 1);
}
