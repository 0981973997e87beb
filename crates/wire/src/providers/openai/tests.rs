//! Reading by comparison gives what reading in full gives: over recordings, and over chunks made to break it.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Every event, its effects on the end included.
fn read(mut decoder: OpenAiDecoder, frames: &[String]) -> (Vec<Event<'static>>, Result<Completion, Fault>) {
    let mut events = Vec::new();
    let mut sink = |event: Event<'_>| events.push(event.into_owned());
    for frame in frames {
        if let Err(fault) = decoder.frame(Frame { event: "", data: frame.as_bytes() }, &mut sink) {
            return (events, Err(fault));
        }
    }
    let end = decoder.end(&mut sink);
    (events, Ok(end))
}

/// The events, and whether the end was reached.
fn both_ways(frames: &[String]) -> (Vec<Event<'static>>, bool) {
    let in_full = read(OpenAiDecoder::new(1 << 20).without_comparison(), frames);
    assert_eq!(read(OpenAiDecoder::new(1 << 20), frames), in_full, "{frames:#?}");
    (in_full.0, in_full.1.is_ok())
}

fn compared(frames: &[String]) -> usize {
    let mut decoder = OpenAiDecoder::new(1 << 20);
    let mut count = 0;
    for frame in frames {
        count += usize::from(decoder.templates.find(frame.as_bytes(), decoder.generation).is_some());
        decoder.frame(Frame { event: "", data: frame.as_bytes() }, &mut |_| {}).unwrap();
    }
    count
}

fn chunk(delta: &Value) -> String {
    json!({ "id": "c-1", "model": "m", "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] }).to_string()
}

#[test]
fn recordings_read_the_same_both_ways_and_mostly_by_comparison() {
    let shared = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    let Ok(folders) = std::fs::read_dir(shared) else {
        println!("skipped: the recordings are not beside the repository");
        return;
    };
    let (mut all, mut quick) = (0, 0);
    for folder in folders.map(|folder| folder.unwrap().path()).filter(|path| path.is_dir()) {
        for file in std::fs::read_dir(folder).unwrap() {
            let file = file.unwrap().path();
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            if !name.ends_with(".sse") || !(name.starts_with("chat__") || name.starts_with("completions__")) {
                continue;
            }
            let body = std::fs::read_to_string(&file).unwrap();
            let data = body.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
            let frames: Vec<String> = data.map(str::to_owned).collect();
            if both_ways(&frames).1 {
                all += frames.len();
                quick += compared(&frames);
            }
        }
    }
    assert!(quick * 10 > all * 7, "{quick} of {all} by comparison");
}

#[test]
fn chunks_that_differ_in_their_text_are_compared() {
    let words = ["a", "b\\", "\"c\"", "\u{e9}\n", "\u{1f600}"];
    let opener = chunk(&json!({ "role": "assistant", "content": "" }));
    let frames: Vec<_> =
        std::iter::once(opener).chain(words.iter().map(|word| chunk(&json!({ "content": word })))).collect();
    assert_eq!(compared(&frames), words.len() - 1);
    let padded: Vec<_> = words
        .iter()
        .enumerate()
        .map(|(at, word)| {
            let padding = "x".repeat(at);
            json!({ "choices": [{ "index": 0, "delta": { "content": word } }], "obfuscation": padding }).to_string()
        })
        .collect();
    assert_eq!(compared(&padded), words.len() - 1);
    let call =
        |arguments: &str| chunk(&json!({ "tool_calls": [{ "index": 0, "function": { "arguments": arguments } }] }));
    let named =
        chunk(&json!({ "tool_calls": [{ "index": 0, "id": "a", "function": { "name": "f", "arguments": "" } }] }));
    let calls = [named, call("{"), call("\"x\""), call(":1"), call("}")];
    assert_eq!(compared(&calls), 3);
    both_ways(&calls);
}

#[test]
fn what_changes_behind_a_template_is_noticed() {
    let with = |content: &str, tier: &str| {
        json!({ "choices": [{ "index": 0, "delta": { "content": content } }], "service_tier": tier }).to_string()
    };
    // The last word counts, also where the chunk that says it looks like an old one.
    let (events, _) = both_ways(&[
        with("a", "x"),
        with("b", "x"),
        with("c", "y"),
        with("d", "y"),
        with("e", "x"),
        "[DONE]".to_owned(),
    ]);
    let metadata = events.iter().find_map(|event| match event {
        Event::Metadata(json) => Some(json.to_value()),
        _ => None,
    });
    assert_eq!(metadata, Some(json!({ "service_tier": "x" })));
    // What stands before the choices comes again, after it was contradicted behind them.
    let head = r#"{"id":"i","service_tier":"x","choices":[{"index":0,"delta":{"refusal":null}"#;
    let plain = format!("{head}}}]}}");
    let (events, _) = both_ways(&[
        plain.clone(),
        plain.clone(),
        format!("{head}}}],\"service_tier\":\"y\"}}"),
        plain.clone(),
        format!("{head},\"service_tier\":7}}]}}"),
        plain.clone(),
        plain.clone(),
        plain.replace("null}", "null,\"service_tier\":8}"),
        plain.clone(),
        plain,
        "[DONE]".to_owned(),
    ]);
    assert!(events.contains(&Event::Metadata(RawJson::from(&json!({ "service_tier": "x" })))), "{events:?}");
    // Where no more can be held, each chunk says it anew.
    let many: Vec<_> = (0..64).map(|at| format!("\"x{at}\":1")).collect();
    let tier = r#"{"id":"i","service_tier":"x","choices":[{"index":0,"delta":{"role":"assistant"}}]}"#.to_owned();
    let (events, _) = both_ways(&[format!("{{\"id\":\"i\",{}}}", many.join(",")), tier.clone(), tier.clone(), tier]);
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Metadata(_))).count(), 3 + 1);
    // A call that was given takes no more arguments.
    let call = |name: Option<&str>, arguments: &str| {
        let id = name.map(|name| format!("id-{name}"));
        chunk(
            &json!({ "tool_calls": [{ "index": 0, "id": id, "function": { "name": name, "arguments": arguments } }] }),
        )
    };
    both_ways(&[
        call(Some("f"), ""),
        call(None, "{\"x\":"),
        call(None, "1}"),
        call(Some("g"), ""),
        call(None, "{"),
        call(None, "}"),
        json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "tool_calls" }] }).to_string(),
        call(None, "{"),
        call(None, "}"),
    ]);
}

/// Text that imitates what may stand around it.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z ]{0,6}",
        2 => any::<String>(),
        1 => prop::sample::select(vec![
            "", "\"", "\\", "\\\"", "\"}}]}", "\"},\"finish_reason\":null}]}", "\"},\"finish_reason\":\"stop\"}]}", "\u{0}",
            "\\u0041", "[DONE]", "\"content\":\"x\"", "{", "}", "\u{2028}", "\u{1f600}",
        ]).prop_map(str::to_owned),
    ]
}

/// JSON text of a string, escaped one way or another.
fn spelled(text: &str, style: u8) -> String {
    match style % 3 {
        0 => json::quote(text),
        1 => {
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
            format!("\"{}\"", units.collect::<String>())
        }
        _ => json::quote(text).replace('/', "\\/"),
    }
}

fn frame() -> impl Strategy<Value = String> {
    let shape = (0_u8..20, words(), words(), any::<u8>(), 0_u8..3);
    shape.prop_map(|(shape, text, other, style, choice)| {
        // What stands before the choices is one of a few, so that it comes again.
        let tier = [r#""x""#, r#""y""#, "null", "{}", r#"{"z":1}"#][usize::from(style % 5)];
        let head = format!(r#"{{"id":"i","object":"chunk","service_tier":{tier},"usage":null,"choices":"#);
        let text = spelled(&text, style);
        let other = spelled(&other, style / 3);
        let one = |delta: String| {
            format!(r#"{{"id":"i","choices":[{{"index":{choice},"delta":{{{delta}}},"finish_reason":null}}]}}"#)
        };
        match shape {
            0..=3 => one(format!(r#""content":{text}"#)),
            4 => one(format!(r#""reasoning":{text}"#)),
            5 => one(format!(r#""reasoning":{text},"reasoning_details":[{{"text":{other}}}]"#)),
            6 => one(format!(r#""content":{text},"content":{other}"#)),
            7 => one(format!(r#""tool_calls":[{{"index":0,"function":{{"arguments":{text}}}}}]"#)),
            8 => one(format!(
                r#""tool_calls":[{{"index":0,"id":{other},"function":{{"name":"f","arguments":{text}}}}}]"#
            )),
            9 => format!(r#"{{"obfuscation":{other},"choices":[{{"index":0,"delta":{{"content":{text}}}}}]}}"#),
            10 => format!(r#"{{"choices":[{{"index":0,"delta":{{"content":{text}}}}}],"p":{other}}}"#),
            11 => format!(r#"{{"choices":[{{"index":0,"delta":{{"content":{text}}},"text":{text}}}],"x":{other}}}"#),
            12 => format!(r#"{{"choices":[{{"index":0,"delta":{{"content":{text}}},"finish_reason":{other}}}]}}"#),
            13 => format!(r#"{{"choices":[{{"index":0,"message":{{"content":{text}}}}}],"response":{other}}}"#),
            14 | 15 => format!(r#"{head}[{{"index":{choice},"delta":{{"content":{text}}},"logprobs":null}}]}}"#),
            16 => format!(r#"{head}[{{"index":0,"delta":{{"content":{text}}}}}],"service_tier":{other}}}"#),
            17 => format!(r#"{head}[{{"index":0,"delta":{{"service_tier":{choice}}},"service_tier":{style}}}]}}"#),
            18 => format!(r#"{head}[],"usage":{{"total_tokens":{style}}},"choices":[{{"text":{text}}}]}}"#),
            _ => format!(r#"{head}[{{"index":0,"delta":{{}},"finish_reason":{text}}}],"system_fingerprint":{other}}}"#),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chunks_read_the_same_both_ways(frames in prop::collection::vec(frame(), 1..40)) {
        both_ways(&frames);
    }

    #[test]
    fn chunks_broken_at_one_byte_read_the_same_both_ways(
        text in words(), at in any::<prop::sample::Index>(), byte in any::<u8>(), padding in words()
    ) {
        let make = |text: &str, padding: &str| {
            let content = json::quote(text);
            let padding = json::quote(padding);
            format!(r#"{{"choices":[{{"index":0,"delta":{{"content":{content}}}}}],"obfuscation":{padding}}}"#)
        };
        let mut broken = make(&text, &padding).into_bytes();
        let at = at.index(broken.len());
        broken[at] = byte;
        let good = [make("one", "x"), make("two", "yy")];
        let read = |mut decoder: OpenAiDecoder| {
            let mut events = Vec::new();
            let mut sink = |event: Event<'_>| events.push(event.into_owned());
            let frames = [good[0].as_bytes(), good[1].as_bytes(), &broken, good[0].as_bytes()];
            let results: Vec<_> =
                frames.iter().map(|data| decoder.frame(Frame { event: "", data }, &mut sink)).collect();
            (results, decoder.end(&mut sink), events)
        };
        let in_full = read(OpenAiDecoder::new(1 << 20).without_comparison());
        prop_assert_eq!(read(OpenAiDecoder::new(1 << 20)), in_full);
    }
}
