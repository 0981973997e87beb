//! Text that is to be JSON: a session fails at the first character that can't be, and not before.

use millstream_engine::{ErrorKind, Place, ResumeMode, SessionRequest};

use crate::support::{
    Server, Step, assert_complete, chunk, engine, failure, good, last_chunk, request, stream_head, text, text_of,
    text_with_id, told,
};

fn json(url: String) -> SessionRequest {
    SessionRequest { json: true, ..request(url) }
}

#[tokio::test]
async fn text_that_can_be_no_json_fails_at_once_with_its_offset() {
    // The server goes on for longer than any test waits.
    let script = vec![stream_head(), chunk(text("{\"a\": \"é\",")), chunk(text(" b: 1")), Step::Sleep(60_000)];
    let server = Server::start(vec![script]).await;
    let told = told(&engine(), json(server.url())).await;
    let error = failure(&told);
    assert_eq!(
        (error.kind, error.code.as_str(), error.place),
        (ErrorKind::Protocol, "INVALID_JSON", Some(Place::Offset(11)))
    );
    assert!(!error.retryable);
    assert_eq!(error.message, "expected JSON: expected a name in quotes at offset 11");
    assert_eq!(text_of(&told), "{\"a\": \"é\", b: 1", "what came is delivered");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn json_goes_through_in_a_fence_too_and_cut() {
    for pieces in [&["{\"a\"", ":1}"][..], &["``", "`json\n[1,", "2]\n```"], &["{\"cut\": tr"], &[]] {
        let server = Server::start(vec![good(pieces)]).await;
        let told = told(&engine(), json(server.url())).await;
        assert_complete(&told);
        assert_eq!(text_of(&told), pieces.concat());
    }
    let server = Server::start(vec![good(&["no JSON"])]).await;
    assert_complete(&told(&engine(), request(server.url())).await);
}

#[tokio::test]
async fn json_is_read_on_after_a_break() {
    let first = vec![stream_head(), chunk(text_with_id("1", "{\"a\":")), chunk(text_with_id("2", "\"x")), Step::Reset];
    let second = vec![stream_head(), chunk(text_with_id("3", "y\"]")), last_chunk()];
    let server = Server::start(vec![first, second]).await;
    let told = told(&engine(), SessionRequest { resume: ResumeMode::Auto, ..json(server.url()) }).await;
    assert_eq!(failure(&told).place, Some(Place::Offset(9)));
}
