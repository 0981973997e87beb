//! Answers that were not streamed, in each provider's format: the same events as from its stream.

mod support;

use millstream_wire::{Completion, Event, Protocol};
use support::{Decoded, decode, options};

fn read(protocol: Protocol, document: &str) -> Decoded {
    let decoded = decode(options(protocol, Some("application/json")), [document.as_bytes()]);
    assert_eq!(decoded.end, Ok(Completion::Complete), "{document}");
    // Found out as well, and however it is cut.
    for protocol in [protocol, Protocol::Auto] {
        let split = decode(options(protocol, Some("application/json")), document.as_bytes().chunks(7));
        assert_eq!(split.events, decoded.events, "{protocol}");
    }
    decoded
}

/// `(name, id, arguments, valid)` of each call.
fn calls(decoded: &Decoded) -> Vec<(&str, &str, &str, bool)> {
    let calls = decoded.events.iter().filter_map(|event| match event {
        Event::ToolCall(call) => Some((call.name.as_str(), call.id.as_str(), call.arguments.as_str(), call.valid)),
        _ => None,
    });
    calls.collect()
}

fn reasoning(decoded: &Decoded) -> (String, Vec<&str>) {
    let mut text = String::new();
    let mut signatures = Vec::new();
    for event in &decoded.events {
        if let Event::Reasoning { text: piece, signature, .. } = event {
            text.push_str(piece);
            signatures.extend(signature.as_deref());
        }
    }
    (text, signatures)
}

fn counts(decoded: &Decoded) -> Vec<(Option<u64>, Option<u64>)> {
    decoded.usage().iter().map(|usage| (usage.prompt_tokens, usage.completion_tokens)).collect()
}

#[test]
fn anthropics_message() {
    let decoded = read(
        Protocol::Anthropic,
        r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[
            {"type":"thinking","thinking":"hm","signature":"sig"},{"type":"text","text":"Hello ☃"},
            {"type":"tool_use","id":"t1","name":"map","input":{"river":"Rhine"}},
            {"type":"tool_use","id":"t2","name":"clock","input":{}}],
            "stop_reason":"tool_use","stop_sequence":null,
            "usage":{"input_tokens":5,"output_tokens":7,"cache_read_input_tokens":2}}"#,
    );
    assert!(
        matches!(&decoded.events[0], Event::Start { id: Some(id), model: Some(model) } if id == "msg_1" && model == "claude")
    );
    assert_eq!(decoded.text(), "Hello ☃");
    assert_eq!(reasoning(&decoded), ("hm".to_owned(), vec!["sig"]));
    assert_eq!(calls(&decoded), [("map", "t1", r#"{"river":"Rhine"}"#, true), ("clock", "t2", "{}", true)]);
    assert_eq!(decoded.finish(), Some(("tool-calls", Some("tool_use"))));
    assert_eq!(counts(&decoded), [(Some(7), Some(7))]);
}

#[test]
fn anthropics_message_behind_bedrocks_invoke() {
    let document = r#"{"type":"message","content":[{"type":"text","text":"Hi"}],"stop_reason":"max_tokens","usage":{"input_tokens":1,"output_tokens":2}}"#;
    let decoded = read(Protocol::BedrockInvoke, document);
    assert_eq!((decoded.text().as_str(), decoded.finish()), ("Hi", Some(("length", Some("max_tokens")))));
}

#[test]
fn openais_response() {
    let decoded = read(
        Protocol::OpenAiResponses,
        r#"{"id":"resp_1","object":"response","status":"completed","model":"gpt","error":null,"incomplete_details":null,
            "output":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}]},
            {"type":"message","id":"m","role":"assistant","content":[{"type":"output_text","text":"Hello","annotations":[]}]},
            {"type":"function_call","id":"fc","call_id":"c1","name":"map","arguments":"{\"river\":\"Rhine\"}"}],
            "usage":{"input_tokens":5,"output_tokens":7,"total_tokens":12}}"#,
    );
    assert_eq!((decoded.text().as_str(), reasoning(&decoded).0.as_str()), ("Hello", "hm"));
    assert_eq!(calls(&decoded), [("map", "c1", r#"{"river":"Rhine"}"#, true)]);
    assert_eq!(counts(&decoded), [(Some(5), Some(7))]);
    let cut = read(
        Protocol::OpenAiResponses,
        r#"{"object":"response","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},
            "output":[{"type":"message","content":[{"type":"output_text","text":"Hel"}]}]}"#,
    );
    assert_eq!((cut.text().as_str(), cut.finish()), ("Hel", Some(("length", Some("max_output_tokens")))));
    let failed = read(
        Protocol::OpenAiResponses,
        r#"{"object":"response","status":"failed","error":{"code":"server_error","message":"It broke."},"output":[]}"#,
    );
    assert_eq!(failed.error().map(|error| error.message.as_str()), Some("It broke."));
}

#[test]
fn bedrocks_converse() {
    let decoded = read(
        Protocol::BedrockConverse,
        r#"{"output":{"message":{"role":"assistant","content":[
            {"reasoningContent":{"reasoningText":{"text":"hm","signature":"sig"}}},{"text":"Hello ☃"},
            {"toolUse":{"toolUseId":"t1","name":"map","input":{"river":"Rhine \"x\""}}}]}},
            "stopReason":"tool_use","usage":{"inputTokens":5,"outputTokens":7,"totalTokens":12},"metrics":{"latencyMs":9}}"#,
    );
    assert_eq!(decoded.text(), "Hello ☃");
    assert_eq!(reasoning(&decoded), ("hm".to_owned(), vec!["sig"]));
    assert_eq!(calls(&decoded), [("map", "t1", r#"{"river":"Rhine \"x\""}"#, true)]);
    assert_eq!(decoded.finish(), Some(("tool-calls", Some("tool_use"))));
    assert_eq!(counts(&decoded), [(Some(5), Some(7))]);
    assert!(decoded.metadata().iter().any(|metadata| metadata["metrics"]["latencyMs"] == 9));
}

#[test]
fn coheres_chat() {
    let decoded = read(
        Protocol::Cohere,
        r#"{"id":"x","finish_reason":"TOOL_CALL","message":{"role":"assistant","tool_plan":"I'll look.",
            "content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Hello"}],
            "tool_calls":[{"id":"t1","type":"function","function":{"name":"map","arguments":"{\"river\":\"Rhine\"}"}}],
            "citations":[{"start":0,"end":5,"text":"Hello"}]},
            "usage":{"billed_units":{"input_tokens":3,"output_tokens":7},"tokens":{"input_tokens":5,"output_tokens":7}}}"#,
    );
    assert_eq!((decoded.text().as_str(), reasoning(&decoded).0.as_str()), ("Hello", "hm"));
    assert_eq!(calls(&decoded), [("map", "t1", r#"{"river":"Rhine"}"#, true)]);
    assert_eq!(decoded.finish(), Some(("tool-calls", Some("TOOL_CALL"))));
    assert_eq!(counts(&decoded), [(Some(5), Some(7))]);
    let metadata = decoded.metadata();
    assert!(metadata.iter().any(|metadata| metadata["tool_plan"] == "I'll look."));
    assert!(metadata.iter().any(|metadata| metadata["citation"]["text"] == "Hello"));
}

#[test]
fn workers_ais_envelope() {
    let answer = |result: &str| format!(r#"{{"result":{result},"success":true,"errors":[],"messages":[]}}"#);
    let usage = r#""usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}"#;
    let decoded = read(Protocol::WorkersAi, &answer(&format!(r#"{{"response":"Hello",{usage}}}"#)));
    assert_eq!(decoded.text(), "Hello");
    assert_eq!(counts(&decoded), [(Some(5), Some(7))]);
    assert!(decoded.finish().is_some());
    let call = r#"{"response":null,"tool_calls":[{"name":"map","arguments":{"river":"Rhine"}}]}"#;
    let decoded = read(Protocol::WorkersAi, &answer(call));
    assert_eq!(calls(&decoded).first().map(|call| (call.0, call.2)), Some(("map", r#"{"river":"Rhine"}"#)));
    // Asked for JSON, it gives a value.
    let decoded = read(Protocol::WorkersAi, &answer(r#"{"response":{"river":"Rhine"}}"#));
    assert_eq!(decoded.text(), r#"{"river":"Rhine"}"#);
    let choices = r#"{"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]}"#;
    let decoded = read(Protocol::WorkersAi, &answer(choices));
    assert_eq!((decoded.text().as_str(), decoded.finish()), ("Hi", Some(("stop", Some("stop")))));
}

#[test]
fn an_applications_own_answer_is_still_its_own() {
    for document in [
        r#"{"message":{"content":"Hi"}}"#,
        r#"{"output":{"message":{"content":"x"}},"text":"Hi"}"#,
        r#"{"type":"message","content":"Hi"}"#,
        r#"{"object":"response","text":"Hi"}"#,
    ] {
        assert_eq!(read(Protocol::Auto, document).text(), "Hi", "{document}");
    }
}
