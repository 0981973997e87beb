//! What the server keeps of its clients, and what it does with those that speak badly.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use millstream_mock::{Options, Server};
use serde_json::{Value, json};
use support::{CHAT, Client, Ending, ask, ended, question, record, start};

fn until(what: impl Fn() -> bool) {
    let begin = Instant::now();
    while !what() {
        assert!(begin.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn remembers_what_it_was_asked() {
    let server = start(json!({ "text": "yes" }));
    let mut client = Client::new(&server);
    client.post("/v1/chat/completions?x=1", &question(), &[("X-Twice", "a"), ("x-twice", "b")]);
    client.answer();
    client.get("/health");
    let first = record(&server, 0, ended);
    assert_eq!((&first["method"], &first["path"], &first["query"]), (&json!("POST"), &json!(CHAT), &json!("x=1")));
    assert_eq!(first["headers"]["x-twice"], "a, b");
    assert_eq!(first["body"], question());
    assert_eq!(first["bodyBytes"], question().to_string().len());
    assert_eq!((&first["index"], &first["connection"], &first["status"]), (&json!(0), &json!(0), &json!(200)));
    assert_eq!((&first["tokensSent"], &first["outcome"]), (&json!(1), &json!("complete")));
    assert!(first["bytesSent"].as_u64().unwrap() > 500);
    assert!(first["elapsed"].as_f64().unwrap() >= 0.0);
    assert!(first["receivedAt"].as_f64().unwrap() > 1.7e12);
    assert_eq!(record(&server, 1, ended)["path"], "/health");
    assert_eq!(serde_json::from_str::<Value>(&server.requests(1)).unwrap().as_array().unwrap().len(), 1);
    server.reset();
    assert_eq!((server.requests(0).as_str(), server.request_count()), ("[]", 0));
}

#[test]
fn remembers_no_more_than_it_may() {
    let server = start(json!({ "tokens": 0, "maxRequests": 3, "maxRecordedBody": 100 }));
    let mut client = Client::new(&server);
    for _ in 0..5 {
        client.get("/health");
    }
    let kept: Value = serde_json::from_str(&server.requests(0)).unwrap();
    let numbers: Vec<_> = kept.as_array().unwrap().iter().map(|record| record["index"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [2, 3, 4]);
    let mut long = question();
    long["messages"][0]["content"] = json!("x".repeat(200));
    client.ask(CHAT, &long);
    let last = record(&server, 2, ended);
    assert_eq!((&last["bodyTruncated"], last.get("body")), (&json!(true), None));
    assert!(last["bodyBytes"].as_u64().unwrap() > 200);
}

#[test]
fn notices_a_client_that_leaves() {
    for (options, tokens) in [
        (json!({ "tokens": 1000, "tokensPerSecond": 50 }), 2),
        (json!({ "firstTokenDelay": 60_000 }), 0),
        (json!({ "delayHead": 60_000 }), 0),
        (json!({ "dripHead": 60_000 }), 0),
        (json!({ "stall": { "afterTokens": 2 } }), 2),
        (json!({ "tokens": 1_000_000_000 }), 100),
        (json!({ "splitBytes": 1, "splitDelay": 20 }), 0),
    ] {
        let server = start(options.clone());
        let mut client = Client::new(&server);
        client.post(CHAT, &question(), &[]);
        record(&server, 0, |record| record["tokensSent"].as_u64().is_some_and(|sent| sent >= tokens));
        assert_eq!(server.open_connections(), 1);
        let left = Instant::now();
        client.leave();
        let record = record(&server, 0, ended);
        assert!(left.elapsed() < Duration::from_millis(500), "{options}: {:?}", left.elapsed());
        assert_eq!((&record["outcome"], &record["closedByClient"]), (&json!("client-left"), &json!(true)), "{options}");
        assert!(record["elapsed"].as_f64().unwrap() > 0.0);
        until(|| server.open_connections() == 0);
    }
}

#[test]
fn a_client_that_does_not_read_holds_the_answer_up() {
    let server = start(json!({ "tokens": 1_000_000_000, "burst": 100 }));
    let mut client = Client::new(&server);
    client.post(CHAT, &question(), &[]);
    let sent = || record(&server, 0, Value::is_object)["bytesSent"].as_u64().unwrap();
    until(|| {
        let before = sent();
        std::thread::sleep(Duration::from_millis(100));
        before > 0 && sent() == before
    });
    assert!(sent() < 64 << 20, "no more than the sockets hold");
    client.leave();
    assert_eq!(record(&server, 0, ended)["outcome"], "client-left");
}

#[test]
fn counts_connections() {
    let server = start(json!({ "tokens": 1 }));
    let mut clients: Vec<_> = (0..5).map(|_| Client::new(&server)).collect();
    for client in &mut clients {
        client.ask(CHAT, &question());
    }
    assert_eq!((server.open_connections(), server.peak_connections()), (5, 5));
    let mut numbers: Vec<_> =
        (0..5).map(|index| record(&server, index, ended)["connection"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    clients.truncate(2);
    until(|| server.open_connections() == 2);
    assert_eq!(server.peak_connections(), 5);
    server.reset();
    assert_eq!(server.peak_connections(), 2);
}

#[test]
fn tells_of_a_change_once_for_each_time_it_is_asked_to() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let (sender, receiver) = mpsc::channel();
    let hook = move || {
        counted.fetch_add(1, Ordering::SeqCst);
        let _ = sender.send(());
    };
    let server = Server::start(Options::from_json(r#"{"tokens": 1}"#).unwrap(), hook).unwrap();
    ask(&server, CHAT);
    record(&server, 0, ended);
    assert_eq!(calls.load(Ordering::SeqCst), 0, "nobody asked");
    server.arm();
    ask(&server, CHAT);
    receiver.recv_timeout(Duration::from_secs(10)).unwrap();
    record(&server, 1, ended);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[test]
fn serves_on_several_threads() {
    let server = start(json!({ "tokens": 3, "threads": 3 }));
    let said: Vec<_> = (0..9).map(|_| ask(&server, CHAT).said()).collect();
    assert!(said.iter().all(|text| *text == said[0] && !text.is_empty()));
    server.close();
}

#[test]
fn closing_breaks_off_what_runs_and_frees_the_port() {
    let server = start(json!({ "stall": { "afterTokens": 0 } }));
    let mut client = Client::new(&server);
    client.post(CHAT, &question(), &[]);
    client.head().unwrap();
    let port = server.address().port();
    let begin = Instant::now();
    server.close();
    server.close();
    assert!(begin.elapsed() < Duration::from_secs(2));
    while client.read().is_ok_and(|bytes| !bytes.is_empty()) {}
    let again = start(json!({ "port": port }));
    assert_eq!(again.address().port(), port);
    let options = Options::from_json(&json!({ "port": port }).to_string()).unwrap();
    let Err(taken) = Server::start(options, || {}) else { panic!("the port was given twice") };
    assert!(taken.to_string().starts_with(&format!("can't listen on 127.0.0.1:{port}: ")), "{taken}");
}

#[test]
fn reads_chunked_bodies_and_says_continue() {
    let server = start(json!({ "echo": true }));
    let body = question().to_string();
    let (first, second) = body.split_at(20);
    let mut client = Client::new(&server);
    client
        .send(format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nexpect: 100-continue\r\n\r\n"));
    let (status, _) = client.head().unwrap();
    assert_eq!(status, 100);
    client.send(format!("{:x};ext=1\r\n{first}\r\n", first.len()));
    client.send(format!("{:X}\r\n{second}\r\n0\r\ntrailer: 1\r\n\r\n", second.len()));
    assert_eq!(client.answer().said(), "How does a mill work?");
    assert_eq!(record(&server, 0, ended)["body"], question());
    assert_eq!(client.ask(CHAT, &question()).status, 200, "and the next request is found");
}

#[test]
fn reads_requests_in_any_pieces_and_several_at_once() {
    let server = start(json!({ "text": "x" }));
    let body = question().to_string();
    let request = format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let mut client = Client::new(&server);
    for byte in request.as_bytes() {
        client.send([*byte]);
    }
    assert_eq!(client.answer().said(), "x");
    client.send(request.repeat(3));
    for _ in 0..3 {
        assert_eq!(client.answer().said(), "x");
    }
}

#[test]
fn serves_clients_of_older_habits() {
    let server = start(json!({ "text": "old" }));
    let body = question().to_string();
    let mut client = Client::new(&server);
    client.send(format!("POST {CHAT} HTTP/1.0\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
    let answer = client.answer();
    assert_eq!((answer.said().as_str(), answer.ending), ("old", Ending::Eof));
    assert_eq!((answer.header("transfer-encoding"), answer.header("connection")), (None, Some("close")));
    let mut client = Client::new(&server);
    client.post(CHAT, &question(), &[("connection", "close")]);
    assert_eq!(client.answer().ending, Ending::Whole);
    assert_eq!(client.head().unwrap_err(), Ending::Eof);
    let mut client = Client::new(&server);
    client.send(format!(
        "POST http://other.test{CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert_eq!(client.answer().said(), "old", "asked as a proxy is");
}

#[test]
fn refuses_what_is_no_request() {
    let server = start(json!({}));
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(70_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200));
    let head = |rest: &str| format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\n{rest}");
    for (request, status) in [
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 400),
        ("\u{16}\u{3}\u{1}\u{0}\u{1}\u{1}".to_owned(), 400),
        (long, 431),
        (many, 431),
        (head("content-length: -1\r\n\r\n"), 400),
        (head("content-length: +5\r\n\r\n"), 400),
        (head("content-length: 5\r\ncontent-length: 6\r\n\r\n"), 400),
        (head("content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n"), 400),
        (head("content-length: 99999999999\r\n\r\n"), 413),
        (head("content-length: 99999999999999999999999\r\n\r\n"), 400),
        (head("transfer-encoding: gzip\r\n\r\n"), 501),
        (head("transfer-encoding: chunked\r\n\r\nxyz\r\n"), 400),
        (head("transfer-encoding: chunked\r\n\r\nfffffff\r\n"), 413),
        (head("transfer-encoding: chunked\r\n\r\n2\r\nabc\r\n"), 400),
    ] {
        let mut client = Client::new(&server);
        client.send(&request);
        let answer = client.answer();
        assert_eq!((answer.status, answer.ending), (status, Ending::Whole), "{}", &request[..request.len().min(80)]);
        assert!(answer.json()["error"]["message"].is_string());
        assert_eq!(client.head().unwrap_err(), Ending::Eof);
    }
    assert_eq!(ask(&server, CHAT).status, 200, "others are served as before");
}

#[test]
fn damaged_requests_never_panic() {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().name() == Some("millstream-mock") {
            PANICS.fetch_add(1, Ordering::SeqCst);
        }
        usual(info);
    }));
    let server = start(json!({ "tokens": 2 }));
    let body = question().to_string();
    let fault = r#"x-mock-fault: {"stall": {"afterTokens": 1, "resumeAfter": 1}, "keepAlive": 1, "splitBytes": 9}"#;
    let whole = format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\n{fault}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let chunked =
        format!("POST {CHAT} HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let mut state = 7_u64;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for round in 0..256 {
        let mut request = if round % 2 == 0 { whole.clone() } else { chunked.clone() }.into_bytes();
        for _ in 0..=draw(4) {
            let at = draw(request.len());
            match draw(3) {
                0 => request[at] = draw(256) as u8,
                1 => drop(request.remove(at)),
                _ => request.truncate(at + 1),
            }
        }
        let mut client = Client::new(&server).patience(Duration::from_millis(20));
        client.send(&request);
        while client.read().is_ok_and(|bytes| !bytes.is_empty()) {}
        client.leave();
    }
    assert_eq!(ask(&server, CHAT).status, 200);
    server.close();
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
}
