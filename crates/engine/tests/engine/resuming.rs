//! Breaks after content: continuing by event ID, asking anew, or failing. Never twice the same text.

use std::time::{Duration, Instant};

use millstream_engine::{ErrorKind, ResumeMode, SessionRequest, Timeouts};

use crate::support::{
    Server, Step, Told, answer, assert_complete, chunk, delta, engine, failure, finish, finishes, good, head,
    last_chunk, request, retries, starts, stream_head, text, text_of, text_with_id, told,
};

fn auto(url: String) -> SessionRequest {
    SessionRequest { resume: ResumeMode::Auto, ..request(url) }
}

fn restart(url: String) -> SessionRequest {
    SessionRequest { resume: ResumeMode::Restart, ..request(url) }
}

fn first_half() -> Vec<Step> {
    vec![stream_head(), chunk(text_with_id("1", "one ")), chunk(text_with_id("2", "two ")), Step::Sleep(10)]
}

fn second_half() -> Vec<Step> {
    vec![stream_head(), chunk(text_with_id("3", "three")), chunk(finish()), last_chunk()]
}

fn with(mut script: Vec<Step>, last: impl IntoIterator<Item = Step>) -> Vec<Step> {
    script.extend(last);
    script
}

#[tokio::test]
async fn a_break_is_continued_after_the_last_event_id() {
    let cut_event = "id: 3\ndata: {\"id\":\"chatcmpl-1\",\"choices\":[{\"ind";
    for ending in [
        vec![Step::Reset],
        vec![Step::Close],
        vec![last_chunk()],
        vec![chunk(cut_event), Step::Reset],
        vec![chunk(cut_event), last_chunk()],
        // The whole event but for its blank line: it comes again, and must not count twice.
        vec![chunk(text_with_id("3", "three").trim_end()), last_chunk()],
        vec![chunk(format!("{}\n", text_with_id("3", "three").trim_end())), last_chunk()],
        vec![chunk(": still here\n\n"), Step::Reset],
    ] {
        let server = Server::start(vec![with(first_half(), ending.clone()), second_half()]).await;
        let told = told(&engine(), auto(server.url())).await;
        assert_complete(&told);
        assert_eq!(text_of(&told), "one two three", "{ending:?}");
        assert_eq!((starts(&told), finishes(&told)), (1, 1));
        let retries = retries(&told);
        assert_eq!((retries.len(), retries[0].0), (1, 1));
        let seen = server.seen();
        assert_eq!(seen[0].header("last-event-id"), None);
        assert_eq!(seen[1].header("last-event-id"), Some("2"));
        assert_eq!(seen[1].body, seen[0].body);
    }
}

#[tokio::test]
async fn silence_after_content_is_continued_too() {
    let server = Server::start(vec![with(first_half(), [Step::AwaitClose]), second_half()]).await;
    let mut asked = auto(server.url());
    asked.timeouts = Timeouts { idle: Some(Duration::from_millis(100)), ..Timeouts::default() };
    let told = told(&engine(), asked).await;
    assert_complete(&told);
    assert_eq!(text_of(&told), "one two three");
}

#[tokio::test]
async fn the_wait_is_the_one_the_server_set() {
    let first = with(first_half(), [chunk("retry: 80\n\n"), Step::Reset]);
    let server = Server::start(vec![first, second_half()]).await;
    let told = told(&engine(), auto(server.url())).await;
    assert_complete(&told);
    assert_eq!(retries(&told)[0].1, Duration::from_millis(80));
    let seen = server.seen();
    assert!(seen[1].at - seen[0].at >= Duration::from_millis(80));
}

#[tokio::test]
async fn a_server_that_begins_anew_is_not_believed() {
    for again in [
        // The first event once more.
        vec![stream_head(), chunk(text_with_id("1", "one ")), chunk(text_with_id("2", "two ")), chunk(finish())],
        // The last.
        vec![stream_head(), chunk(text_with_id("2", "two ")), chunk(text_with_id("3", "three")), chunk(finish())],
        // No ids at all.
        vec![stream_head(), chunk(text("one ")), chunk(finish())],
        // All in one chunk.
        vec![stream_head(), chunk(format!("{}{}{}", text_with_id("1", "one "), text_with_id("9", "x"), finish()))],
        // Another answer.
        vec![
            stream_head(),
            chunk(format!("id: 3\ndata: {}\n\n", delta("chatcmpl-2", &serde_json::json!({ "content": "other" })))),
        ],
    ] {
        let first = with(first_half(), [Step::Reset]);
        let server = Server::start(vec![first, with(again, [Step::Sleep(50)]), good(&["never"])]).await;
        let told = told(&engine(), auto(server.url())).await;
        let error = failure(&told);
        assert_eq!((error.kind, error.code.as_str(), error.attempt), (ErrorKind::Connection, "ECONNRESET", 2));
        assert_eq!(text_of(&told), "one two ");
        assert_eq!(server.seen().len(), 2);
    }
}

#[tokio::test]
async fn ids_that_are_no_numbers_will_do() {
    let first =
        vec![stream_head(), chunk(text_with_id("evt-b", "one ")), chunk(text_with_id("evt-c", "two ")), Step::Reset];
    let second = vec![stream_head(), chunk(text_with_id("evt-a", "three")), chunk(finish()), last_chunk()];
    let server = Server::start(vec![first, second]).await;
    let told = told(&engine(), auto(server.url())).await;
    assert_complete(&told);
    assert_eq!(text_of(&told), "one two three");
}

#[tokio::test]
async fn only_the_terminal_event_may_be_missing() {
    let second = vec![stream_head(), chunk(finish()), last_chunk()];
    let server = Server::start(vec![with(first_half(), [Step::Reset]), second]).await;
    let told = told(&engine(), auto(server.url())).await;
    assert_complete(&told);
    assert_eq!(text_of(&told), "one two ");
}

#[tokio::test]
async fn failures_on_the_way_are_asked_again_and_the_break_is_what_is_told() {
    let server = Server::start(vec![with(first_half(), [Step::Reset]), vec![answer(503, "", "")], second_half()]).await;
    let first = told(&engine(), auto(server.url())).await;
    assert_complete(&first);
    assert_eq!(retries(&first).len(), 2);

    let server = Server::start(vec![with(first_half(), [Step::Close]), vec![answer(404, "", "")]]).await;
    let second = told(&engine(), auto(server.url())).await;
    let error = failure(&second);
    assert_eq!((error.kind, error.attempt), (ErrorKind::Connection, 2));

    // 204 tells an event source to stop.
    let server = Server::start(vec![with(first_half(), [last_chunk()]), vec![head(204, "")]]).await;
    let third = told(&engine(), auto(server.url())).await;
    assert_eq!(failure(&third).kind, ErrorKind::Truncated);
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_stream_without_ids_fails_with_what_came() {
    let server = Server::start(vec![vec![stream_head(), chunk(text("one ")), Step::Reset], second_half()]).await;
    let told = told(&engine(), auto(server.url())).await;
    assert_eq!((failure(&told).kind, text_of(&told).as_str()), (ErrorKind::Connection, "one "));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn nothing_is_asked_again_after_the_terminal_event() {
    let whole = with(first_half(), [chunk(finish()), Step::Reset]);
    let server = Server::start(vec![whole, second_half()]).await;
    let told = told(&engine(), auto(server.url())).await;
    assert_complete(&told);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_begun_tool_call_is_not_continued() {
    let call = serde_json::json!({ "tool_calls": [
        { "index": 0, "id": "call_1", "type": "function", "function": { "name": "f", "arguments": "{\"a\":" } }
    ] });
    let first = vec![stream_head(), chunk(format!("id: 1\ndata: {}\n\n", delta("chatcmpl-1", &call))), Step::Reset];
    let server = Server::start(vec![first, second_half()]).await;
    failure(&told(&engine(), auto(server.url())).await);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn mode_none_fails() {
    let server = Server::start(vec![with(first_half(), [Step::Reset]), second_half()]).await;
    let told = told(&engine(), request(server.url())).await;
    assert_eq!((failure(&told).kind, text_of(&told).as_str()), (ErrorKind::Connection, "one two "));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_restarted_answer_is_skipped_as_far_as_it_was_delivered() {
    let first = vec![stream_head(), chunk(text("Hel")), chunk(text("lo wo")), Step::Reset];
    let again = vec![stream_head(), chunk(text("Hello")), chunk(text(" ")), chunk(text("wor")), Step::Reset];
    let server = Server::start(vec![first, again, good(&["Hello world", "!"])]).await;
    let told = told(&engine(), restart(server.url())).await;
    assert_complete(&told);
    assert_eq!(text_of(&told), "Hello world!");
    assert_eq!((starts(&told), finishes(&told), retries(&told).len()), (1, 1, 2));
    assert!(server.seen().iter().all(|seen| seen.header("last-event-id").is_none()));
}

#[tokio::test]
async fn a_restarted_answer_that_says_something_else_fails() {
    for other in [good(&["Help!"]), good(&["He"])] {
        let first = vec![stream_head(), chunk(text("Hello")), Step::Reset];
        let server = Server::start(vec![first, other, good(&["Hello"])]).await;
        let told = told(&engine(), restart(server.url())).await;
        let error = failure(&told);
        assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Truncated, "RESUME_DIVERGED"), "{error:?}");
        assert!(error.message.contains("fetch failed"), "{}", error.message);
        assert_eq!((text_of(&told).as_str(), finishes(&told)), ("Hello", 0));
        assert_eq!(server.seen().len(), 2);
    }
}

#[tokio::test]
async fn resuming_counts_against_the_retries() {
    let scripts = (0..9).map(|n| vec![stream_head(), chunk(text_with_id(&format!("{n}"), "x")), Step::Reset]).collect();
    let server = Server::start(scripts).await;
    let began = Instant::now();
    let told = told(&engine(), auto(server.url())).await;
    assert_eq!(failure(&told).attempt, 4);
    assert_eq!(text_of(&told), "xxxx");
    assert!(began.elapsed() < Duration::from_secs(2));
    assert!(told.iter().filter(|told| matches!(told, Told::Open(_))).count() == 4);
}
