//! What a well-behaved answer is: formats, content, recordings, endpoints.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use support::{CHAT, Client, EVENTS, Ending, ask, ended, question, record, refusal, start};

fn chunks(answer: &support::Answer) -> Vec<Value> {
    let data = answer.data();
    assert_eq!(data.last().unwrap(), "[DONE]");
    data[..data.len() - 1].iter().map(|data| serde_json::from_str(data).unwrap()).collect()
}

#[test]
fn streams_openai_chunks_one_http_chunk_each() {
    let server = start(json!({ "text": "Water turns the wheel." }));
    let answer = ask(&server, CHAT);
    assert_eq!((answer.status, answer.ending), (200, Ending::Whole));
    assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert_eq!(answer.chunks.len(), 1 + 4 + 1 + 1, "role, tokens, finish, [DONE]");
    assert!(answer.chunks.iter().all(|chunk| chunk.starts_with(b"data: ") && chunk.ends_with(b"\n\n")));
    assert_eq!(answer.said(), "Water turns the wheel.");
    let chunks = chunks(&answer);
    for chunk in &chunks {
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert_eq!(chunk["model"], "m");
        assert_eq!(chunk["id"], chunks[0]["id"]);
        assert!(chunk["created"].as_u64().unwrap() > 1_700_000_000);
        assert!(chunk.get("usage").is_none(), "only under include_usage");
    }
    assert_eq!(chunks[0]["choices"][0]["delta"], json!({ "role": "assistant", "content": "", "refusal": null }));
    assert_eq!(chunks[5]["choices"][0], json!({ "index": 0, "delta": {}, "logprobs": null, "finish_reason": "stop" }));
    assert!((250..400).contains(&answer.chunks[2].len()), "about as long as the real ones: {}", answer.chunks[2].len());
}

#[test]
fn a_stamped_answer_says_when_each_token_went_out() {
    let server = start(json!({ "tokens": 5, "stamp": true, "tokensPerSecond": 100 }));
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    for path in [CHAT, EVENTS] {
        let before = now();
        let answer = ask(&server, path);
        let said = if path == CHAT { answer.said() } else { events_text(&answer) };
        let times: Vec<u128> = said.split_terminator(' ').map(|time| time.parse().unwrap()).collect();
        assert_eq!(times.len(), 5);
        assert!(before <= times[0] && times[4] <= now(), "{before} {times:?}");
        assert!(times.is_sorted());
        assert!(times[4] - times[0] >= 30_000, "four intervals of 10 ms lie between: {times:?}");
    }
}

fn events_text(answer: &support::Answer) -> String {
    let token = |data: String| Some(serde_json::from_str::<Value>(&data).ok()?["token"].as_str()?.to_owned());
    answer.data().into_iter().filter_map(token).collect()
}

#[test]
fn sends_usage_where_it_is_asked_for() {
    let server = start(json!({ "tokens": 7, "reasoning": 3 }));
    let mut body = question();
    body["stream_options"] = json!({ "include_usage": true });
    let chunks = chunks(&Client::new(&server).ask(CHAT, &body));
    let (last, before) = chunks.split_last().unwrap();
    assert!(before.iter().all(|chunk| chunk["usage"].is_null() && chunk.get("usage").is_some()));
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"]["prompt_tokens"], 6, "21 letters by four");
    assert_eq!(last["usage"]["completion_tokens"], 10);
    assert_eq!(last["usage"]["total_tokens"], 16);
    assert_eq!(last["usage"]["completion_tokens_details"]["reasoning_tokens"], 3);
}

#[test]
fn answers_whole_where_no_stream_is_asked_for() {
    let server = start(json!({ "text": "All at once", "toolCalls": [{ "name": "f", "arguments": { "a": 1 } }] }));
    let mut body = question();
    body["stream"] = json!(false);
    let answer = Client::new(&server).ask(CHAT, &body);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let whole = answer.json();
    assert_eq!(whole["object"], "chat.completion");
    assert_eq!(whole["choices"][0]["message"]["content"], "All at once");
    assert_eq!(whole["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], r#"{"a":1}"#);
    assert_eq!(whole["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(whole["usage"]["completion_tokens"], 3);
}

#[test]
fn streams_events_with_ids_and_their_headers() {
    let server = start(json!({ "text": "a \u{2028}\"b\"\n", "metadata": { "trace": 1 } }));
    let answer = ask(&server, EVENTS);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert_eq!(answer.header("cache-control"), Some("no-cache, no-transform"));
    assert_eq!(answer.header("connection"), Some("keep-alive"));
    assert_eq!(answer.header("x-accel-buffering"), Some("no"));
    let text = answer.text();
    let names: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(names, ["start", "metadata", "token", "token", "token", "usage", "done"]);
    let ids: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    assert_eq!(ids, ["1", "2", "3", "4", "5", "6", "7"]);
    let data: Vec<Value> = answer.data().iter().map(|data| serde_json::from_str(data).unwrap()).collect();
    assert!(data[0]["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(data[1], json!({ "trace": 1 }));
    assert_eq!(data[2], json!({ "token": "a", "index": 0 }));
    let said: String = data.iter().filter_map(|data| data["token"].as_str()).collect();
    assert_eq!(said, "a \u{2028}\"b\"\n");
    assert_eq!(data[5]["completionTokens"], 3);
    assert!(data[6]["timestamp"].is_string());
}

#[test]
fn goes_on_after_the_last_event_id() {
    let server = start(json!({ "text": "one two three four" }));
    let mut client = Client::new(&server);
    let whole = client.ask(EVENTS, &question()).text();
    client.post(EVENTS, &question(), &[("last-event-id", "3")]);
    let rest = client.answer().text();
    assert!(rest.starts_with("event: token\nid: 4\n"), "{rest}");
    let cut = |text: &str| text[text.find("id: 4").unwrap()..text.find("event: done").unwrap()].to_owned();
    assert_eq!(cut(&rest), cut(&whole));
    client.post(EVENTS, &question(), &[("last-event-id", "99")]);
    assert_eq!(client.answer().chunks.len(), 0, "everything was seen");
    assert!(!client.ask_with(EVENTS, &json!({ "ids": false })).text().contains("id: "));
}

#[test]
fn says_what_it_is_told_to() {
    let server = start(json!({ "echo": true }));
    assert_eq!(ask(&server, CHAT).said(), "How does a mill work?");
    let parts = json!({ "model": "m", "stream": true, "messages": [
        { "role": "user", "content": [{ "type": "text", "text": "Look: " }, { "type": "image_url" }, { "type": "text", "text": "a mill" }] },
        { "role": "assistant", "content": "no" },
    ] });
    assert_eq!(Client::new(&server).ask(CHAT, &parts).said(), "Look: a mill");
    let made_up = |seed: u64| {
        let server = start(json!({ "tokens": 400, "seed": seed }));
        let answer = ask(&server, CHAT);
        assert_eq!(answer.chunks.len(), 400 + 3);
        answer.said()
    };
    assert_eq!(made_up(4), made_up(4));
    assert_ne!(made_up(4), made_up(5));
}

#[test]
fn honours_the_requests_own_limit() {
    let server = start(json!({ "tokens": 20 }));
    for (path, field) in [(CHAT, "max_tokens"), (CHAT, "max_completion_tokens"), (EVENTS, "maxTokens")] {
        let mut body = question();
        body[field] = json!(5);
        let answer = Client::new(&server).ask(path, &body);
        let tokens =
            answer.data().iter().filter(|data| data.contains("\"token\"") || data.contains("{\"content\":\"")).count();
        assert_eq!(tokens, 5, "{path} {field}");
        assert!(answer.text().contains("\"length\""), "{path} {field}");
    }
}

#[test]
fn reasons_and_calls_tools() {
    let options = json!({
        "text": "Looking", "reasoning": "Let me think.", "reasoningField": "reasoning",
        "toolCalls": [{ "name": "search", "id": "call_1", "arguments": { "query": "mühle am rauschenden bach" } }, { "name": "stop" }],
    });
    let server = start(options);
    let chunks = chunks(&ask(&server, CHAT));
    let deltas = || chunks.iter().map(|chunk| &chunk["choices"][0]["delta"]);
    let reasoning: String = deltas().filter_map(|delta| delta["reasoning"].as_str()).collect();
    assert_eq!(reasoning, "Let me think.");
    let calls: Vec<&Value> = deltas().filter_map(|delta| delta.get("tool_calls")).map(|calls| &calls[0]).collect();
    assert_eq!(
        calls[0],
        &json!({ "index": 0, "id": "call_1", "type": "function", "function": { "name": "search", "arguments": "" } })
    );
    let arguments = |index: u64| -> String {
        calls
            .iter()
            .filter(|call| call["index"] == index)
            .filter_map(|call| call["function"]["arguments"].as_str())
            .collect()
    };
    assert_eq!(arguments(0), "{\"query\":\"mühle am rauschenden bach\"}");
    assert_eq!(arguments(1), "{}");
    assert_eq!(chunks.last().unwrap()["choices"][0]["finish_reason"], "tool_calls");
    let events = ask(&server, EVENTS);
    assert!(events.text().contains("event: reasoning\n") && events.text().contains("event: tool_call\n"));
    let data: Vec<Value> = events.data().iter().map(|data| serde_json::from_str(data).unwrap()).collect();
    let reasoning: String = data.iter().filter_map(|data| data["reasoning"].as_str()).collect();
    assert_eq!(reasoning, "Let me think.");
    let call = data.iter().find(|data| data["name"] == "search").unwrap();
    assert_eq!((&call["id"], &call["arguments"]["query"]), (&json!("call_1"), &json!("mühle am rauschenden bach")));
}

#[test]
fn leaves_out_what_it_is_told_to() {
    let server = start(json!({ "tokens": 2 }));
    let mut client = Client::new(&server);
    let without = |client: &mut Client, path, part| client.ask_with(path, &json!({ "omit": [part] })).text();
    assert!(!without(&mut client, CHAT, "done").contains("[DONE]"));
    let text = without(&mut client, CHAT, "finish");
    assert!(text.contains("[DONE]") && !text.contains("\"stop\""));
    assert!(!without(&mut client, CHAT, "start").contains("\"role\""));
    assert!(!without(&mut client, EVENTS, "done").contains("event: done"));
    assert!(!without(&mut client, EVENTS, "usage").contains("event: usage"));
    assert!(without(&mut client, EVENTS, "start").starts_with("event: token"));
}

#[test]
fn lists_models_and_says_it_is_well() {
    let server = start(json!({ "models": ["big", "small"] }));
    let mut client = Client::new(&server);
    let ids: Vec<_> =
        client.get("/v1/models").json()["data"].as_array().unwrap().iter().map(|model| model["id"].clone()).collect();
    assert_eq!(ids, ["big", "small"]);
    assert_eq!(client.get("/health").json(), json!({ "status": "ok" }));
    let missing = client.get("/v1/nothing");
    assert_eq!(missing.status, 404);
    assert_eq!(missing.json()["error"]["message"], "Invalid URL (GET /v1/nothing)");
    assert_eq!(client.get(CHAT).status, 405);
}

#[test]
fn answers_where_it_is_told_to() {
    let server = start(json!({ "text": "x", "routes": { "/mine": "events", "/theirs": "openai" } }));
    assert!(ask(&server, "/mine").text().starts_with("event: start"));
    assert!(ask(&server, "/theirs?api-version=1").text().contains("chat.completion.chunk"));
    assert_eq!(ask(&server, "/other").status, 404);
    let server = start(json!({ "text": "x", "routes": { "*": "openai" } }));
    assert_eq!(ask(&server, "/v1/engines/m/completions").said(), "x");
}

#[test]
fn refuses_a_wrong_key_without_repeating_it() {
    let server = start(json!({ "text": "x", "apiKey": "sk-right-0123456789" }));
    let mut client = Client::new(&server);
    let missing = client.ask(CHAT, &question());
    assert_eq!(missing.status, 401);
    assert_eq!(missing.json()["error"]["type"], "invalid_request_error");
    client.post(CHAT, &question(), &[("authorization", "Bearer sk-wrong-canary")]);
    let wrong = client.answer();
    assert_eq!((wrong.status, &wrong.json()["error"]["code"]), (401, &json!("invalid_api_key")));
    assert!(!wrong.text().contains("canary") && !wrong.text().contains("right"));
    for header in [("authorization", "bearer sk-right-0123456789"), ("x-api-key", "sk-right-0123456789")] {
        client.post(CHAT, &question(), &[header]);
        assert_eq!(client.answer().said(), "x");
    }
    assert_eq!(client.get("/v1/models").status, 401);
    assert_eq!(client.get("/health").status, 200);
}

#[test]
fn refuses_what_the_real_api_refuses() {
    let server = start(json!({}));
    let mut client = Client::new(&server);
    for (body, part) in
        [(json!({ "messages": [] }), "model"), (json!({ "model": "m" }), "messages"), (json!("text"), "JSON body")]
    {
        let answer = client.ask(CHAT, &body);
        assert_eq!(answer.status, 400);
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains(part), "{}", answer.text());
    }
}

fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("mock-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for (file, text) in files {
        fs::write(folder.join(file), text).unwrap();
    }
    folder
}

#[test]
fn replays_a_folder_in_turn_or_by_name() {
    let folder = folder(
        "replay",
        &[
            ("a.sse", "data: {\"n\": 1}\r\n\r\ndata: [DONE]\r\n\r\n"),
            ("b.ndjson", "{\"n\":1}\n{\"n\":2}\n"),
            ("c.json", "{\"whole\": true}"),
            ("INDEX.tsv", "not one of them"),
        ],
    );
    let server = start(json!({ "replay": folder.to_str().unwrap() }));
    let mut client = Client::new(&server);
    let first = client.ask(CHAT, &question());
    assert_eq!(first.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert_eq!(first.chunks, [b"data: {\"n\": 1}\r\n\r\n".to_vec(), b"data: [DONE]\r\n\r\n".to_vec()]);
    let second = client.ask(CHAT, &question());
    assert_eq!((second.header("content-type"), second.chunks.len()), (Some("application/x-ndjson"), 2));
    assert_eq!(client.ask(CHAT, &question()).text(), "{\"whole\": true}");
    assert!(client.ask(CHAT, &question()).text().contains("[DONE]"), "from the start again");
    assert_eq!(client.ask(CHAT, &json!({ "model": "c" })).header("content-type"), Some("application/json"));
    assert_eq!(record(&server, 4, ended)["recording"], "c");
    let models = client.get("/v1/models").text();
    assert!(models.contains("\"a\"") && models.contains("\"c\"") && !models.contains("INDEX"));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_recording_says_its_status_in_its_name() {
    let folder = folder("status", &[("refused.429.json", "{\"message\":\"slow down\"}"), ("v1.5.sse", "data: 1\n\n")]);
    let server = start(json!({ "replay": folder.to_str().unwrap() }));
    let mut client = Client::new(&server);
    let refused = client.ask("/model/refused.429/converse-stream", &json!({}));
    assert_eq!((refused.status, refused.text().as_str()), (429, "{\"message\":\"slow down\"}"));
    assert!(refused.header("x-amzn-errortype").unwrap().starts_with("ThrottlingException:"));
    assert_eq!(client.ask(CHAT, &json!({ "model": "v1.5" })).status, 200);
    client.post(CHAT, &json!({ "model": "refused.429" }), &[("x-mock-fault", r#"{"status":200}"#)]);
    assert_eq!(client.answer().status, 200, "what is asked for goes first");
    fs::remove_dir_all(folder).unwrap();
}

/// Every file below a folder that counts as a recording, in the order in which they are played.
fn recordings(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            recordings(&path, files);
        } else if path
            .extension()
            .is_some_and(|extension| ["sse", "ndjson", "json", "bin"].iter().any(|known| extension == *known))
        {
            files.push(path);
        }
    }
}

#[test]
fn replays_recorded_streams_byte_for_byte() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    if !root.is_dir() {
        println!("no recorded streams beside the repository: only the ones above were replayed");
        return;
    }
    let mut files = Vec::new();
    recordings(&root, &mut files);
    files.sort();
    assert!(files.len() > 100);
    for cuts in [json!({}), json!({ "splitBytes": "random", "burst": 3 }), json!({ "chunkBytes": 700 })] {
        let mut options = cuts;
        options["replay"] = json!(root.to_str().unwrap());
        options["routes"] = json!({ "*": "openai" });
        let server = start(options);
        let mut client = Client::new(&server);
        for file in &files {
            let answer = client.ask("/any", &json!({}));
            let name = file.file_name().unwrap().to_string_lossy();
            assert!(answer.bytes() == fs::read(file).unwrap(), "{name}");
            let kind = match name.rsplit_once('.').unwrap() {
                (_, "sse") => "text/event-stream; charset=utf-8",
                (_, "ndjson") => "application/x-ndjson",
                (_, "json") => "application/json",
                (stem, _) if stem.ends_with(".eventstream") => "application/vnd.amazon.eventstream",
                _ => "application/octet-stream",
            };
            assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{name}");
        }
    }
}

#[test]
fn a_request_cant_choose_a_file() {
    let server = start(json!({ "text": "x" }));
    let answer = Client::new(&server).ask_with(CHAT, &json!({ "replay": "/etc/hostname" }));
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("`replay`"), "{}", answer.text());
}

#[test]
fn options_are_checked() {
    for (options, message) in [
        (json!({ "tokens": -1 }), "Expected `tokens` to be an integer from 0 to 1000000000, got -1"),
        (json!({ "jitter": 2 }), "Expected `jitter` to be a number from 0 to 1, got 2"),
        (json!({ "splitBytes": "some" }), "Expected `splitBytes` to be a number of bytes or 'random', got \"some\""),
        (json!({ "text": "a", "echo": true }), "Expected one of `text` and `echo`, got both"),
        (
            json!({ "stall": { "afterTokens": 1, "afterBytes": 1 } }),
            "Expected `stall` to be an object with exactly one of",
        ),
        (json!({ "reset": {} }), "exactly one of `afterBytes`, `afterTokens`, `beforeHead: true`"),
        (json!({ "garbage": { "afterTokens": 1 } }), "Expected `garbage.bytes` to be given"),
        (json!({ "toolCalls": [{ "id": "1" }] }), "Expected `toolCalls[0].name` to be a string"),
        (
            json!({ "script": [{}, { "status": 99 }] }),
            "Expected `status` to be an integer from 200 to 599, got 99 (in `script[1]`)",
        ),
        (json!({ "script": [{ "port": 1 }] }), "Unknown option `port`"),
        (json!({ "omit": ["half"] }), "Expected `omit[]` to be 'start', 'finish', 'usage' or 'done', got \"half\""),
        (
            json!({ "routes": { "x": "openai" } }),
            "Expected `routes` to be an object whose keys are '*' or begin with '/'",
        ),
        (
            json!({ "replay": "/nowhere" }),
            "Expected `replay` to be a recorded stream or a folder of them, got \"/nowhere\"",
        ),
        (json!({ "colour": 1 }), "Unknown option `colour`; expected one of `host`"),
        (
            json!({ "headers": { "a": "b\r\nc: d" } }),
            "Expected `headers.a` to be a header value without control characters",
        ),
        (json!([]), "Expected `options` to be an object, got []"),
    ] {
        let got = refusal(options);
        assert!(got.contains(message), "{got}");
    }
    assert_eq!(refusal(json!({ "apiKey": { "canary": 1 } })), "Expected `apiKey` to be a string");
}
