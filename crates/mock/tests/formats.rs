//! Anthropic's and Google's formats: what their own clients expect to see.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use serde_json::{Value, json};
use support::{Answer, Client, Ending, ask, record, start};

const MESSAGES: &str = "/v1/messages";
const STREAM: &str = "/v1beta/models/gemini-mock:streamGenerateContent?alt=sse";
const ARRAY: &str = "/v1beta/models/gemini-mock:streamGenerateContent";
const WHOLE: &str = "/v1beta/models/gemini-mock:generateContent";

fn message(stream: bool) -> Value {
    json!({
        "model": "claude-mock",
        "max_tokens": 100,
        "stream": stream,
        "system": "Be brief.",
        "messages": [{ "role": "user", "content": [{ "type": "text", "text": "How does a mill work?" }] }],
    })
}

fn contents() -> Value {
    json!({ "contents": [{ "role": "user", "parts": [{ "text": "How does a mill work?" }] }] })
}

/// Name and data of each event, whose name must be its type too.
fn events(answer: &Answer) -> Vec<(String, Value)> {
    let text = answer.text();
    let events = text.split_terminator("\n\n").map(|event| {
        let (name, data) = event.split_once('\n').unwrap();
        let name = name.strip_prefix("event: ").unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(data["type"], name);
        (name.to_owned(), data)
    });
    events.collect()
}

/// The chunks of a Gemini stream.
fn chunks(answer: &Answer) -> Vec<Value> {
    let text = answer.text();
    assert!(text.ends_with("\r\n\r\n"));
    let events = text.split_terminator("\r\n\r\n");
    events.map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap()).collect()
}

fn everything() -> Value {
    json!({
        "text": "Water turns the wheel.",
        "reasoning": "Let me think.",
        "toolCalls": [
            { "name": "search", "id": "given_1", "arguments": { "query": "mühle am rauschenden bach" } },
            { "name": "now" },
        ],
    })
}

#[test]
fn streams_messages_as_blocks_between_start_and_stop() {
    let server = start(everything());
    let answer = Client::new(&server).ask(MESSAGES, &message(true));
    assert_eq!((answer.status, answer.ending), (200, Ending::Whole));
    assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert!(answer.header("request-id").unwrap().starts_with("req_"));
    let events = events(&answer);

    let (first, start) = &events[0];
    assert_eq!(first, "message_start");
    assert!(start["message"]["id"].as_str().unwrap().starts_with("msg_01"));
    assert_eq!(start["message"]["model"], "claude-mock");
    assert_eq!(start["message"]["usage"]["input_tokens"], 8, "30 letters by four, those of the system prompt included");
    assert_eq!(events[2].0, "ping", "after the first block's start");
    assert_eq!(events.last().unwrap().0, "message_stop");
    let (before, delta) = &events[events.len() - 2];
    assert_eq!(before, "message_delta");
    assert_eq!(delta["delta"], json!({ "stop_reason": "tool_use", "stop_sequence": null }));
    assert_eq!(delta["usage"]["output_tokens"], 7);

    // Blocks follow each other, opened and closed, each under its number.
    let mut open = None;
    let mut kinds = Vec::new();
    let mut text = [const { String::new() }; 4];
    let mut signature = String::new();
    for (name, data) in &events {
        match name.as_str() {
            "content_block_start" => {
                assert_eq!(open, None);
                assert_eq!(data["index"], kinds.len());
                open = Some(kinds.len());
                kinds.push(data["content_block"].clone());
            }
            "content_block_delta" => {
                assert_eq!(data["index"], open.unwrap());
                let delta = &data["delta"];
                for (kind, field) in [("text", "text"), ("thinking", "thinking"), ("input_json", "partial_json")] {
                    if delta["type"] == format!("{kind}_delta") {
                        text[open.unwrap()].push_str(delta[field].as_str().unwrap());
                    }
                }
                if delta["type"] == "signature_delta" {
                    signature.push_str(delta["signature"].as_str().unwrap());
                }
            }
            "content_block_stop" => {
                assert_eq!(data["index"], open.take().unwrap());
            }
            _ => {}
        }
    }
    assert_eq!(open, None);
    assert_eq!(kinds[0], json!({ "type": "thinking", "thinking": "", "signature": "" }));
    assert_eq!(kinds[1], json!({ "type": "text", "text": "" }));
    assert_eq!(kinds[2], json!({ "type": "tool_use", "id": "given_1", "name": "search", "input": {} }));
    assert!(kinds[3]["id"].as_str().unwrap().starts_with("toolu_"));
    assert_eq!(text[..2], ["Let me think.", "Water turns the wheel."]);
    assert_eq!(text[2..], ["{\"query\":\"mühle am rauschenden bach\"}", "{}"]);
    assert!(!signature.is_empty());
}

#[test]
fn answers_a_message_whole() {
    let server = start(everything());
    let whole = Client::new(&server).ask(MESSAGES, &message(false)).json();
    assert_eq!(whole["type"], "message");
    assert_eq!(whole["stop_reason"], "tool_use");
    assert_eq!(whole["usage"]["output_tokens"], 7);
    let kinds: Vec<_> = whole["content"].as_array().unwrap().iter().map(|block| &block["type"]).collect();
    assert_eq!(kinds, ["thinking", "text", "tool_use", "tool_use"]);
    assert_eq!(whole["content"][2]["input"]["query"], "mühle am rauschenden bach");
}

#[test]
fn streams_gemini_chunks_as_events_with_crlf() {
    let server = start(everything());
    let answer = Client::new(&server).ask(STREAM, &contents());
    assert_eq!((answer.header("content-type"), answer.ending), (Some("text/event-stream"), Ending::Whole));
    let chunks = chunks(&answer);
    let mut said = [const { String::new() }; 2];
    let mut calls = Vec::new();
    let mut signatures = Vec::new();
    for chunk in &chunks {
        assert_eq!((&chunk["modelVersion"], &chunk["responseId"]), (&json!("gemini-mock"), &chunks[0]["responseId"]));
        let part = &chunk["candidates"][0]["content"]["parts"][0];
        if let Some(text) = part["text"].as_str() {
            said[usize::from(part["thought"] == true)].push_str(text);
        }
        calls.extend(part.get("functionCall"));
        signatures.extend(part.get("thoughtSignature"));
    }
    assert_eq!(said, ["Water turns the wheel.", "Let me think."]);
    assert_eq!(calls.len(), 2);
    assert_eq!(
        calls[0],
        &json!({ "name": "search", "id": "given_1", "args": { "query": "mühle am rauschenden bach" } })
    );
    assert_eq!(calls[1], &json!({ "name": "now", "args": {} }));
    assert_eq!(signatures.len(), 1);
    let (last, before) = chunks.split_last().unwrap();
    assert!(before.iter().all(|chunk| chunk["candidates"][0].get("finishReason").is_none()));
    assert_eq!(last["candidates"][0]["finishReason"], "STOP");
    assert_eq!(
        last["usageMetadata"],
        json!({ "promptTokenCount": 6, "candidatesTokenCount": 4, "thoughtsTokenCount": 3, "totalTokenCount": 13 })
    );
}

#[test]
fn streams_gemini_chunks_as_one_array() {
    let server = start(json!({ "text": "a b" }));
    let answer = Client::new(&server).ask(ARRAY, &contents());
    assert_eq!(answer.header("content-type"), Some("application/json; charset=UTF-8"));
    assert_eq!(answer.chunks.len(), 2 + 1 + 1, "tokens, finish, bracket: one HTTP chunk each");
    let Value::Array(chunks) = answer.json() else { panic!("{}", answer.text()) };
    assert_eq!(chunks[1]["candidates"][0]["content"]["parts"][0]["text"], " b");
    assert_eq!(chunks[2]["candidates"][0]["finishReason"], "STOP");
    let whole = Client::new(&server).ask(WHOLE, &contents()).json();
    assert_eq!(whole["candidates"][0]["content"]["parts"], json!([{ "text": "a b" }]));
    let nothing = start(json!({ "tokens": 0, "omit": ["finish", "usage"] }));
    assert_eq!(Client::new(&nothing).ask(ARRAY, &contents()).json(), json!([]));
}

#[test]
fn limits_are_honoured_under_each_formats_name() {
    let server = start(json!({ "text": "one two three four" }));
    let mut client = Client::new(&server);
    let mut body = message(true);
    body["max_tokens"] = json!(2);
    let events = events(&client.ask(MESSAGES, &body));
    assert_eq!(events[events.len() - 2].1["delta"]["stop_reason"], "max_tokens");
    let mut body = contents();
    body["generationConfig"] = json!({ "maxOutputTokens": 2 });
    let chunks = chunks(&client.ask(STREAM, &body));
    assert_eq!(chunks[2]["candidates"][0]["finishReason"], "MAX_TOKENS");
    assert_eq!(chunks[2]["usageMetadata"]["candidatesTokenCount"], 2);
}

#[test]
fn echoes_the_last_user_message_of_each_format() {
    let server = start(json!({ "echo": true }));
    let mut client = Client::new(&server);
    assert_eq!(client.ask(MESSAGES, &message(false)).json()["content"][0]["text"], "How does a mill work?");
    let whole = client.ask(WHOLE, &contents()).json();
    assert_eq!(whole["candidates"][0]["content"]["parts"][0]["text"], "How does a mill work?");
}

#[test]
fn reports_failures_in_the_words_of_each_api() {
    let server = start(json!({ "text": "a b c" }));
    let mut client = Client::new(&server);
    let with = |client: &mut Client, path, body: &Value, fault: Value| {
        client.post(path, body, &[("x-mock-fault", &fault.to_string())]);
        client.answer()
    };
    for (status, kind, canonical) in [
        (401, "authentication_error", "UNAUTHENTICATED"),
        (404, "not_found_error", "NOT_FOUND"),
        (429, "rate_limit_error", "RESOURCE_EXHAUSTED"),
        (503, "api_error", "UNAVAILABLE"),
        (529, "overloaded_error", "UNAVAILABLE"),
    ] {
        let answer = with(&mut client, MESSAGES, &message(true), json!({ "status": status }));
        assert_eq!((answer.status, &answer.json()["type"]), (status, &json!("error")));
        assert_eq!(answer.json()["error"]["type"], kind);
        let answer = with(&mut client, STREAM, &contents(), json!({ "status": status }));
        assert_eq!(answer.json()["error"]["status"], canonical);
        assert_eq!(answer.json()["error"]["code"], status);
    }

    let fault = json!({ "error": { "afterTokens": 1, "type": "overloaded_error", "message": "Overloaded" } });
    let answer = with(&mut client, MESSAGES, &message(true), fault);
    let (name, data) = events(&answer).pop().unwrap();
    assert_eq!(name, "error");
    assert_eq!(data["error"], json!({ "type": "overloaded_error", "message": "Overloaded" }));
    let answer = with(&mut client, MESSAGES, &message(true), json!({ "error": { "afterTokens": 1, "done": true } }));
    let events = events(&answer);
    assert_eq!(events[events.len() - 2].1["error"]["type"], "api_error");
    assert_eq!(events.last().unwrap().0, "message_stop");

    let fault = json!({ "error": { "afterTokens": 1, "code": 503, "message": "The model is overloaded." } });
    let chunks = chunks(&with(&mut client, STREAM, &contents(), fault.clone()));
    assert_eq!(
        chunks[1]["error"],
        json!({ "code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE" })
    );
    let answer = with(&mut client, ARRAY, &contents(), fault).json();
    assert_eq!((answer.as_array().unwrap().len(), &answer[1]["error"]["code"]), (2, &json!(503)));
}

#[test]
fn faults_and_omissions_reach_every_format() {
    let server = start(json!({ "text": "a b c" }));
    let mut client = Client::new(&server);
    let mut with = |path, body: &Value, fault: Value| {
        client.post(path, body, &[("x-mock-fault", &fault.to_string())]);
        client.answer()
    };
    assert!(!with(MESSAGES, &message(true), json!({ "omit": ["done"] })).text().contains("message_stop"));
    let text = with(MESSAGES, &message(true), json!({ "omit": ["usage"] })).text();
    assert!(!text.contains("usage") && text.contains("end_turn"));
    let text = with(MESSAGES, &message(true), json!({ "omit": ["finish", "usage"] })).text();
    assert!(!text.contains("message_delta") && text.contains("content_block_stop") && text.contains("message_stop"));
    assert!(!with(STREAM, &contents(), json!({ "omit": ["finish", "usage"] })).text().contains("STOP"));
    assert!(!with(STREAM, &contents(), json!({ "omit": ["usage"] })).text().contains("usageMetadata"));
    assert!(!with(ARRAY, &contents(), json!({ "omit": ["done"] })).text().ends_with(']'));
    for (path, body) in [(MESSAGES, message(true)), (STREAM, contents()), (ARRAY, contents())] {
        let answer = with(path, &body, json!({ "hugeEvent": { "bytes": 70_000, "afterTokens": 1 } }));
        assert!(answer.bytes().len() > 70_000 && answer.ending == Ending::Whole);
        match path {
            MESSAGES => assert!(events(&answer).iter().any(|(_, data)| data["delta"]["text"] == *"x".repeat(70_000))),
            STREAM => assert_eq!(chunks(&answer).len(), 5),
            _ => assert_eq!(answer.json().as_array().unwrap().len(), 5),
        }
    }
    let text = with(MESSAGES, &message(true), json!({ "reset": { "afterTokens": 2 } }));
    assert_eq!(text.ending, Ending::Reset);
}

#[test]
fn keys_are_asked_for_where_each_api_has_them() {
    let server = start(json!({ "text": "x", "apiKey": "key-0123456789" }));
    let mut client = Client::new(&server);
    let mut status = |path: &str, body: &Value, headers: &[(&str, &str)]| {
        client.post(path, body, headers);
        let answer = client.answer();
        assert!(!answer.text().contains("0123456789") && !answer.text().contains("canary"));
        answer.status
    };
    assert_eq!(status(MESSAGES, &message(true), &[]), 401);
    assert_eq!(status(MESSAGES, &message(true), &[("x-api-key", "canary")]), 401);
    assert_eq!(status(MESSAGES, &message(true), &[("x-api-key", "key-0123456789")]), 200);
    assert_eq!(status(STREAM, &contents(), &[]), 403);
    assert_eq!(status(STREAM, &contents(), &[("x-goog-api-key", "canary")]), 400);
    assert_eq!(status(STREAM, &contents(), &[("x-goog-api-key", "key-0123456789")]), 200);
    assert_eq!(status(&format!("{STREAM}&key=key-0123456789"), &contents(), &[]), 200);
}

#[test]
fn refuses_what_these_apis_refuse() {
    let server = start(json!({ "text": "x", "routes": { "/claude": "anthropic", "/gemini": "gemini" } }));
    let mut client = Client::new(&server);
    for (path, body, part) in [
        (MESSAGES, json!({ "max_tokens": 1, "messages": [] }), "model"),
        (MESSAGES, json!({ "model": "m", "messages": [] }), "max_tokens"),
        (MESSAGES, json!({ "model": "m", "max_tokens": 1 }), "messages"),
        (STREAM, json!({}), "contents"),
    ] {
        let answer = client.ask(path, &body);
        assert_eq!(answer.status, 400);
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains(part), "{}", answer.text());
    }
    assert!(client.ask("/claude", &message(true)).text().contains("message_stop"));
    assert!(client.ask("/gemini?alt=sse", &contents()).text().starts_with("data: {\"candidates\""));
    assert_eq!(ask(&server, "/v1beta/models/m:countTokens").status, 404);
}

#[test]
fn a_recording_is_chosen_by_the_model_in_the_path() {
    let folder = std::env::temp_dir().join(format!("mock-formats-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["a", "b"] {
        std::fs::write(folder.join(format!("{name}.sse")), format!("data: {{\"n\":\"{name}\"}}\r\n\r\n")).unwrap();
    }
    let server = start(json!({ "replay": folder.to_str().unwrap(), "error": { "afterTokens": 1, "status": 503 } }));
    let answer = Client::new(&server).ask("/v1beta/models/b:streamGenerateContent?alt=sse", &contents());
    assert_eq!(record(&server, 0, support::ended)["recording"], "b");
    let chunks = chunks(&answer);
    assert_eq!((&chunks[0]["n"], &chunks[1]["error"]["status"]), (&json!("b"), &json!("UNAVAILABLE")));
    std::fs::remove_dir_all(&folder).unwrap();
}
