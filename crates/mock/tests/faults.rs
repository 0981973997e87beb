//! How answers go wrong, and when their parts come.

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{CHAT, Client, EVENTS, Ending, ask, ended, question, record, start};

fn milliseconds(since: Instant) -> u128 {
    since.elapsed().as_millis()
}

#[test]
fn a_script_gives_each_request_its_answer_and_the_last_repeats() {
    let server = start(json!({ "text": "well", "script": [{ "status": 500 }, { "status": 503, "text": null }, {}] }));
    let mut client = Client::new(&server);
    let statuses: Vec<_> = (0..4).map(|_| client.ask(CHAT, &question()).status).collect();
    assert_eq!(statuses, [500, 503, 200, 200]);
    assert_eq!(client.ask(CHAT, &question()).said(), "well");
    server.reset();
    assert_eq!(client.ask(CHAT, &question()).status, 500, "from the start");
    server.respond_with(r#"{"script": [{"text": "new"}, {"text": "newer"}]}"#).unwrap();
    let said: Vec<_> = (0..3).map(|_| client.ask(CHAT, &question()).said()).collect();
    assert_eq!(said, ["new", "newer", "newer"]);
    assert!(server.respond_with(r#"{"status": "bad"}"#).is_err());
    assert_eq!(client.ask(CHAT, &question()).said(), "newer", "a refused change changes nothing");
}

#[test]
fn statuses_come_with_a_body_like_the_providers() {
    let server = start(json!({}));
    let mut client = Client::new(&server);
    for (status, kind) in
        [(400, "invalid_request_error"), (429, "requests"), (500, "server_error"), (529, "overloaded_error")]
    {
        let answer = client.ask_with(CHAT, &json!({ "status": status }));
        assert_eq!(answer.status, status);
        assert_eq!(answer.json()["error"]["type"], kind);
        assert!(!answer.json()["error"]["message"].as_str().unwrap().is_empty());
    }
    assert!(client.ask_with(EVENTS, &json!({ "status": 500 })).json()["error"].is_string());
    let own = client.ask_with(CHAT, &json!({ "status": 418, "body": "short and stout", "contentType": "text/x-tea" }));
    assert_eq!(
        (own.status, own.text().as_str(), own.header("content-type")),
        (418, "short and stout", Some("text/x-tea"))
    );
    assert_eq!(
        client.ask_with(CHAT, &json!({ "status": 400, "body": { "detail": 1 } })).json(),
        json!({ "detail": 1 })
    );
}

#[test]
fn asks_to_wait_in_three_forms() {
    let server = start(json!({ "status": 429 }));
    let mut client = Client::new(&server);
    let header = |client: &mut Client, fault: Value, name: &str| -> String {
        client.ask_with(CHAT, &fault).header(name).unwrap().to_owned()
    };
    assert_eq!(header(&mut client, json!({ "retryAfter": 2 }), "retry-after"), "2");
    assert_eq!(header(&mut client, json!({ "retryAfter": 1.5 }), "retry-after"), "1.5");
    assert_eq!(header(&mut client, json!({ "retryAfterMs": 250 }), "retry-after-ms"), "250");
    let date = httpdate::parse_http_date(&header(&mut client, json!({ "retryAfterDate": 60 }), "retry-after")).unwrap();
    let wait = date.duration_since(std::time::SystemTime::now()).unwrap();
    assert!((50..=60).contains(&wait.as_secs()), "{wait:?}");
    assert_eq!(header(&mut client, json!({ "headers": { "x-should-retry": "false" } }), "x-should-retry"), "false");
}

#[test]
fn own_headers_replace_the_usual_ones() {
    let server = start(json!({ "tokens": 1, "headers": { "Content-Type": "text/weird", "x-request-id": "mine" } }));
    let answer = ask(&server, CHAT);
    let types: Vec<_> = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-type")).collect();
    assert_eq!(types, [&("Content-Type".to_owned(), "text/weird".to_owned())]);
    assert_eq!(answer.header("x-request-id"), Some("mine"));
}

#[test]
fn breaks_after_bytes() {
    let whole = ask(&start(json!({ "tokens": 5 })), CHAT).bytes().len() as u64;
    for (fault, ending, outcome) in [("reset", Ending::Reset, "cut"), ("end", Ending::Eof, "cut")] {
        for bytes in [0, 1, 500, whole - 1, whole] {
            let server = start(json!({ "tokens": 5, fault: { "afterBytes": bytes } }));
            let answer = ask(&server, CHAT);
            assert_eq!((answer.bytes().len() as u64, answer.ending), (bytes, ending), "{fault} {bytes}");
            let record = record(&server, 0, ended);
            assert_eq!((&record["outcome"], &record["bytesSent"]), (&json!(outcome), &json!(bytes)));
            assert_eq!(record["closedByClient"], false);
        }
    }
}

#[test]
fn breaks_after_tokens() {
    for (fault, ending) in [
        (json!({ "reset": { "afterTokens": 2 } }), Ending::Reset),
        (json!({ "end": { "afterTokens": 2 } }), Ending::Eof),
        (json!({ "end": { "afterTokens": 2, "clean": true } }), Ending::Whole),
    ] {
        let server = start(json!({ "text": "one two three" }));
        let answer = Client::new(&server).ask_with(CHAT, &fault);
        assert_eq!((answer.said().as_str(), answer.ending), ("one two", ending), "{fault}");
        assert_eq!(record(&server, 0, ended)["tokensSent"], 2);
    }
    let server = start(json!({ "text": "one two three", "reset": { "afterTokens": 3 } }));
    let answer = ask(&server, CHAT);
    assert_eq!(answer.said(), "one two three");
    assert!(!answer.text().contains("\"stop\""), "before what comes after the last token");
}

#[test]
fn breaks_before_the_head() {
    for (fault, ending) in [("reset", Ending::Reset), ("end", Ending::Eof)] {
        let server = start(json!({ fault: { "beforeHead": true } }));
        let mut client = Client::new(&server);
        client.post(CHAT, &question(), &[]);
        assert_eq!(client.head().unwrap_err(), ending);
    }
}

#[test]
fn breaks_error_bodies_too() {
    let server = start(json!({ "status": 500, "end": { "afterBytes": 10 } }));
    let answer = ask(&server, CHAT);
    assert_eq!((answer.status, answer.bytes().len(), answer.ending), (500, 10, Ending::Eof));
}

#[test]
fn stalls_for_good_or_for_a_while() {
    let server = start(json!({ "text": "one two three" }));
    let mut client = Client::new(&server).patience(Duration::from_millis(200));
    let answer = client.ask_with(CHAT, &json!({ "stall": { "afterTokens": 1 } }));
    assert_eq!((answer.said().as_str(), answer.ending), ("one", Ending::Silence));
    client.leave();
    let left = record(&server, 0, ended);
    assert_eq!((&left["outcome"], &left["closedByClient"]), (&json!("client-left"), &json!(true)));
    let mut client = Client::new(&server).patience(Duration::from_millis(200));
    let cut = client.ask_with(CHAT, &json!({ "stall": { "afterBytes": 100 } }));
    assert_eq!((cut.bytes().len(), cut.ending), (100, Ending::Silence));
    let begin = Instant::now();
    let answer = Client::new(&server).ask_with(CHAT, &json!({ "stall": { "afterTokens": 1, "resumeAfter": 150 } }));
    assert_eq!((answer.said().as_str(), answer.ending), ("one two three", Ending::Whole));
    assert!(milliseconds(begin) >= 150);
    let begin = Instant::now();
    let paced = json!({ "stall": { "afterTokens": 1, "resumeAfter": 150 }, "tokensPerSecond": 20 });
    Client::new(&server).ask_with(CHAT, &paced);
    assert!(milliseconds(begin) >= 240, "the pace goes on from where it stood: {} ms", milliseconds(begin));
}

#[test]
fn sends_keep_alives_and_nothing_else() {
    let server = start(json!({ "keepAlive": 10, "stall": { "afterTokens": 0 } }));
    let mut client = Client::new(&server);
    client.post(CHAT, &question(), &[]);
    client.head().unwrap();
    let mut seen = Vec::new();
    while seen.len() < 500 {
        seen.extend(client.read().unwrap());
    }
    let text = String::from_utf8(seen).unwrap();
    assert!(text.matches(": keep-alive\n\n").count() > 5, "{text}");
    assert_eq!(text.matches("data: ").count(), 1, "the role, and no token: {text}");
    let pings =
        json!({ "stall": null, "keepAlive": { "every": 5, "text": "data:\n\n" }, "firstTokenDelay": 100, "tokens": 1 });
    let answer = Client::new(&server).ask_with(CHAT, &pings);
    assert!(answer.text().matches("data:\n\n").count() >= 2, "{}", answer.text());
    assert_eq!(answer.ending, Ending::Whole);
}

#[test]
fn puts_garbage_and_huge_tokens_into_the_stream() {
    let server = start(json!({ "text": "one two" }));
    let mut client = Client::new(&server);
    let well = client.ask(CHAT, &question()).bytes().len();
    let garbage = client.ask_with(CHAT, &json!({ "garbage": { "afterTokens": 1, "bytes": 1000 } }));
    assert_eq!((garbage.bytes().len(), garbage.ending), (well + 1000, Ending::Whole));
    assert!(std::str::from_utf8(&garbage.bytes()).is_err());
    let inside = client.ask_with(CHAT, &json!({ "garbage": { "afterBytes": 7, "bytes": 3 } }));
    assert_eq!(inside.bytes().len(), well + 3);
    assert_eq!(inside.bytes()[..7], *b"data: {");
    for path in [CHAT, EVENTS] {
        let huge = client.ask_with(path, &json!({ "hugeEvent": { "bytes": 1_000_000, "afterTokens": 1 } }));
        assert_eq!(huge.ending, Ending::Whole);
        let token = "x".repeat(1_000_000);
        assert!(huge.text().contains(&format!("\"{token}\"")), "one event, well-formed");
        assert!(huge.data().iter().all(|data| data == "[DONE]" || serde_json::from_str::<Value>(data).is_ok()));
    }
}

#[test]
fn reports_failures_inside_the_stream() {
    let server = start(json!({ "text": "one two" }));
    let mut client = Client::new(&server);
    let error = json!({ "afterTokens": 1, "message": "Overloaded", "type": "overloaded_error", "code": 529 });
    let answer = client.ask_with(CHAT, &json!({ "error": error }));
    assert_eq!((answer.said().as_str(), answer.ending), ("one", Ending::Whole));
    let last: Value = serde_json::from_str(answer.data().last().unwrap()).unwrap();
    assert_eq!(
        last,
        json!({ "error": { "message": "Overloaded", "type": "overloaded_error", "param": null, "code": 529 } })
    );
    let answer = client.ask_with(CHAT, &json!({ "error": { "done": true } }));
    let data = answer.data();
    assert_eq!(data.last().unwrap(), "[DONE]");
    assert!(data[data.len() - 2].contains("server_error"));
    let text = client.ask_with(EVENTS, &json!({ "error": { "afterTokens": 1, "message": "no", "code": "E1" } })).text();
    assert!(text.contains("event: error\nid: 3\ndata: {\"error\":\"no\",\"code\":\"E1\"}\n\nevent: done\n"), "{text}");
    assert!(text.contains("\"aborted\":true"), "{text}");
    let text = client.ask_with(EVENTS, &json!({ "error": { "done": false } })).text();
    assert!(!text.contains("event: done"), "{text}");
}

#[test]
fn gives_other_bodies_where_a_stream_was_promised() {
    let server = start(json!({}));
    let mut client = Client::new(&server);
    let html = client.ask_with(CHAT, &json!({ "as": "html" }));
    assert_eq!((html.status, html.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(html.text().starts_with("<!DOCTYPE html>"));
    let page = client.ask_with(CHAT, &json!({ "as": "html", "contentType": "text/event-stream" }));
    assert_eq!(page.header("content-type"), Some("text/event-stream"));
    let json = client.ask_with(CHAT, &json!({ "as": "json" }));
    assert_eq!((json.status, json.header("content-type")), (200, Some("application/json")));
    assert!(json.json().is_object());
    let empty = client.ask_with(CHAT, &json!({ "as": "empty" }));
    assert_eq!((empty.status, empty.bytes().len(), empty.ending), (200, 0, Ending::Whole));
    let redirect = client.ask_with(CHAT, &json!({ "redirect": "http://elsewhere.test/v1" }));
    assert_eq!((redirect.status, redirect.header("location")), (307, Some("http://elsewhere.test/v1")));
    assert_eq!(client.ask_with(CHAT, &json!({ "status": 204 })).status, 204);
}

#[test]
fn holds_the_head_back_or_lets_it_drip() {
    let server = start(json!({ "tokens": 1 }));
    let begin = Instant::now();
    Client::new(&server).ask_with(CHAT, &json!({ "delayHead": 120 }));
    assert!(milliseconds(begin) >= 120);
    let mut client = Client::new(&server);
    client.post(CHAT, &question(), &[("x-mock-fault", r#"{"dripHead": 2}"#)]);
    let begin = Instant::now();
    let (status, headers) = client.head().unwrap();
    let length: usize = headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    assert_eq!(status, 200);
    assert!(milliseconds(begin) >= length as u128, "two milliseconds a byte, one of them lost to rounding at most");
}

#[test]
fn keeps_pace() {
    let server = start(json!({ "tokens": 21, "tokensPerSecond": 100 }));
    let begin = Instant::now();
    ask(&server, CHAT);
    assert!((200..2_000).contains(&milliseconds(begin)), "{} ms", milliseconds(begin));
    let server = start(json!({ "tokens": 21, "tokensPerSecond": 100, "jitter": 0.9 }));
    let begin = Instant::now();
    assert_eq!(ask(&server, CHAT).chunks.len(), 21 + 3);
    assert!((180..2_000).contains(&milliseconds(begin)), "{} ms", milliseconds(begin));
    let mut client = Client::new(&server);
    client.post(
        CHAT,
        &question(),
        &[("x-mock-fault", r#"{"firstTokenDelay": 150, "omit": ["start"], "tokensPerSecond": null}"#)],
    );
    client.head().unwrap();
    let head = Instant::now();
    client.read().unwrap();
    assert!(milliseconds(head) >= 140, "the head went out before: {} ms", milliseconds(head));
}

#[test]
fn each_token_is_a_segment_of_its_own_while_the_client_reads() {
    let server = start(json!({ "tokens": 10, "tokensPerSecond": 20 }));
    let mut client = Client::new(&server);
    client.post(CHAT, &question(), &[]);
    let mut reads = 0;
    let mut text = String::new();
    while !text.ends_with("0\r\n\r\n") {
        text.push_str(&String::from_utf8(client.read().unwrap()).unwrap());
        reads += 1;
    }
    // Head and first token may come together, as may the last ones: the tokens between are 50 ms apart.
    assert!(reads >= 9, "{reads} reads");
}

#[test]
fn bursts_put_several_tokens_into_one_write() {
    let server = start(json!({ "text": "a b c d e", "burst": 2 }));
    let answer = ask(&server, CHAT);
    let events: Vec<_> =
        answer.chunks.iter().map(|chunk| String::from_utf8_lossy(chunk).matches("data: ").count()).collect();
    assert_eq!(events, [1, 2, 2, 1, 1, 1]);
    assert_eq!(answer.said(), "a b c d e");
    let cut = Client::new(&server).ask_with(CHAT, &json!({ "burst": 4, "end": { "afterTokens": 3 } }));
    assert_eq!(cut.said(), "a b c");
}

#[test]
fn cuts_bytes_at_will() {
    let server = start(json!({ "text": "a 👩‍💻 b", "seed": 3 }));
    let mut client = Client::new(&server);
    let whole = client.ask(CHAT, &question()).said();
    for fault in [
        json!({ "splitBytes": 1 }),
        json!({ "splitBytes": 7 }),
        json!({ "splitBytes": "random" }),
        json!({ "chunkBytes": 5 }),
        json!({ "chunkBytes": 5, "splitBytes": 3 }),
    ] {
        let answer = client.ask_with(CHAT, &fault);
        assert_eq!(answer.said(), whole, "{fault}");
        let longest = answer.chunks.iter().map(Vec::len).max().unwrap();
        let shortest = answer.chunks.iter().map(Vec::len).min().unwrap();
        match fault.get("chunkBytes").or(fault.get("splitBytes")).unwrap().as_u64() {
            Some(size) => assert_eq!(longest as u64, size, "{fault}"),
            None => assert!(longest <= 64 && shortest < longest, "{fault}: {shortest} to {longest}"),
        }
    }
    let begin = Instant::now();
    let slow = client.ask_with(CHAT, &json!({ "text": "a", "splitBytes": 100, "splitDelay": 5 }));
    assert!(milliseconds(begin) >= 5 * (slow.chunks.len() as u128 - 1));
}

#[test]
fn faults_of_a_request_lie_over_the_servers() {
    let server = start(json!({ "text": "server's", "status": 500 }));
    let mut client = Client::new(&server);
    assert_eq!(client.ask_with(CHAT, &json!({ "status": null })).said(), "server's");
    assert_eq!(
        client.ask_with(CHAT, &json!({ "status": 200, "tokens": 4 })).chunks.len(),
        7,
        "another content replaces the text"
    );
    for (header, part) in
        [("{", "JSON"), ("[]", "an object"), ("{\"port\": 1}", "Unknown option `port`"), ("{\"end\": 1}", "`end`")]
    {
        client.post(CHAT, &question(), &[("x-mock-fault", header)]);
        let answer = client.answer();
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains(part), "{}", answer.text());
    }
}

#[test]
fn a_connection_lives_through_what_does_not_break_it() {
    let server = start(json!({ "tokens": 2 }));
    let mut client = Client::new(&server);
    for fault in [
        json!({ "status": 500 }),
        json!({ "error": {} }),
        json!({ "end": { "afterTokens": 1, "clean": true } }),
        json!({ "as": "empty" }),
    ] {
        assert_eq!(client.ask_with(CHAT, &fault).ending, Ending::Whole);
    }
    let last = client.ask_with(CHAT, &json!({ "closeConnection": true }));
    assert_eq!((last.ending, last.header("connection")), (Ending::Whole, Some("close")));
    assert_eq!(client.head().unwrap_err(), Ending::Eof);
}
