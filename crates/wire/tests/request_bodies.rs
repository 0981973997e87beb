//! What is asked: whole bodies, one file per shape in `requests/`, and what holds for all of them.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

use millstream_wire::request::{ChatRequest, RequestError, RequestShape, encode};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn try_body(shape: RequestShape, value: &Value) -> Result<Value, RequestError> {
    let mut request: ChatRequest = serde_json::from_value(value.clone()).unwrap();
    // There, the maker of a model is known by its id.
    if matches!(shape, RequestShape::BedrockConverse | RequestShape::BedrockInvoke) {
        request.model = format!("us.anthropic.{}", request.model);
    }
    encode(shape, &request).map(|body| serde_json::from_slice(&body).unwrap())
}

fn body(shape: RequestShape, value: &Value) -> Value {
    try_body(shape, value).unwrap()
}

fn refused(shape: RequestShape, value: &Value) -> (String, &'static str) {
    let error = try_body(shape, value).unwrap_err();
    (error.field().to_owned(), error.code())
}

fn ask(more: &Value) -> Value {
    let mut request = json!({ "model": "m-1", "messages": [{ "role": "user", "content": "Hi" }] });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

/// Each of `given.json` is asked of every shape; `<shape>.json` has the bodies under the same names, or the member that is
/// refused. `MILLSTREAM_WRITE_REQUESTS=1` writes those files, to be read before they are believed.
#[test]
fn asks_every_provider_in_its_words() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/requests");
    let read = |name: &str| -> Map<String, Value> {
        serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
    };
    let given = read("given.json");
    for shape in RequestShape::ALL {
        let outcome = |request: &Value| match try_body(shape, request) {
            Ok(body) => body,
            Err(error) => json!({ "refused": error.field(), "code": error.code() }),
        };
        let asked: Map<_, _> = given.iter().map(|(name, request)| (name.clone(), outcome(request))).collect();
        let file = format!("{}.json", shape.name());
        if std::env::var_os("MILLSTREAM_WRITE_REQUESTS").is_some() {
            let text = serde_json::to_string_pretty(&asked).unwrap();
            std::fs::write(folder.join(&file), text + "\n").unwrap();
        }
        let expected = read(&file);
        assert_eq!(expected.len(), given.len(), "{file}");
        for (name, asked) in &asked {
            assert_eq!(Some(asked), expected.get(name), "{file}: {name}: {asked:#}");
        }
    }
}

#[test]
fn shapes_are_known_by_their_names() {
    for shape in RequestShape::ALL {
        assert_eq!(shape.name().parse(), Ok(shape));
    }
    assert!("anthropics".parse::<RequestShape>().is_err());
}

#[test]
fn a_least_question_asks_for_nothing_more() {
    let least = ask(&json!({}));
    let said = json!([{ "role": "user", "content": "Hi" }]);
    assert_eq!(body(RequestShape::Events, &least), json!({ "messages": said, "model": "m-1", "stream": true }));
    assert_eq!(
        body(RequestShape::OpenAi, &least),
        json!({ "model": "m-1", "messages": said, "stream": true, "stream_options": { "include_usage": true } })
    );
    assert_eq!(body(RequestShape::OpenAiResponses, &least), json!({ "model": "m-1", "input": said, "stream": true }));
    let blocks = json!([{ "role": "user", "content": [{ "type": "text", "text": "Hi" }] }]);
    assert_eq!(
        body(RequestShape::Anthropic, &least),
        json!({ "model": "m-1", "max_tokens": 4096, "messages": blocks, "stream": true })
    );
    assert_eq!(
        body(RequestShape::Gemini, &least),
        json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hi" }] }] })
    );
    assert_eq!(body(RequestShape::WorkersAi, &least), json!({ "messages": said, "stream": true }));
    assert_eq!(body(RequestShape::Ollama, &least), json!({ "model": "m-1", "messages": said, "stream": true }));
    assert_eq!(body(RequestShape::Cohere, &least), json!({ "model": "m-1", "messages": said, "stream": true }));
    assert_eq!(body(RequestShape::Watsonx, &least), json!({ "model_id": "m-1", "messages": said }));
    let converse = json!([{ "role": "user", "content": [{ "text": "Hi" }] }]);
    assert_eq!(body(RequestShape::BedrockConverse, &least), json!({ "messages": converse }));
    assert_eq!(
        body(RequestShape::BedrockInvoke, &least),
        json!({ "anthropic_version": "bedrock-2023-05-31", "max_tokens": 4096, "messages": blocks })
    );
    assert_eq!(
        body(RequestShape::SageMaker, &least),
        json!({ "messages": said, "stream": true, "stream_options": { "include_usage": true } })
    );
}

#[test]
fn names_the_cap_on_tokens_as_the_provider_does() {
    for (field, name, other) in [
        ("max_completion_tokens", "max_completion_tokens", "max_tokens"),
        ("max_tokens", "max_tokens", "max_completion_tokens"),
    ] {
        let value = ask(&json!({ "maxTokens": 10, "quirks": { "maxTokensField": field } }));
        let openai = body(RequestShape::OpenAi, &value);
        assert_eq!((&openai[name], openai.get(other)), (&json!(10), None));
        assert_eq!(body(RequestShape::Events, &value)["maxTokens"], 10);
        let without = body(RequestShape::OpenAi, &ask(&json!({ "quirks": { "maxTokensField": field } })));
        assert_eq!(without.get(name), None);
    }
}

#[test]
fn asks_for_a_whole_answer_where_no_stream_is_wanted() {
    let value = ask(&json!({ "stream": false }));
    let openai = body(RequestShape::OpenAi, &value);
    assert_eq!((&openai["stream"], openai.get("stream_options")), (&json!(false), None));
    let in_the_path =
        [RequestShape::Gemini, RequestShape::Watsonx, RequestShape::BedrockConverse, RequestShape::BedrockInvoke];
    for shape in RequestShape::ALL {
        let said = (!in_the_path.contains(&shape)).then_some(&json!(false));
        assert_eq!(body(shape, &value).get("stream"), said, "{}", shape.name());
    }
}

#[test]
fn the_callers_own_members_have_the_last_word() {
    let value = ask(&json!({
        "temperature": 0.5,
        "topP": 0.9,
        "extraBody": { "temperature": 1, "stream_options": null, "model": "m-2", "generationConfig": { "topP": 0.1 } },
    }));
    for shape in RequestShape::ALL {
        let body = body(shape, &value);
        assert_eq!((&body["temperature"], &body["stream_options"]), (&json!(1), &Value::Null));
        assert_eq!(body["model"], "m-2");
    }
    // Where a format gathers parameters, the others stay.
    let gathered = &body(RequestShape::Gemini, &value)["generationConfig"];
    assert_eq!(*gathered, json!({ "temperature": 0.5, "topP": 0.1 }));
    let own =
        json!({ "topP": 0.9, "extraBody": { "options": { "num_ctx": 8 }, "inferenceConfig": { "maxTokens": 9 } } });
    assert_eq!(body(RequestShape::Ollama, &ask(&own))["options"], json!({ "top_p": 0.9, "num_ctx": 8 }));
    let gathered = &body(RequestShape::BedrockConverse, &ask(&own))["inferenceConfig"];
    assert_eq!(*gathered, json!({ "topP": 0.9, "maxTokens": 9 }));
}

#[test]
fn schemas_keep_the_order_of_their_members() {
    let schema = r#"{"type":"object","properties":{"why":{"type":"string"},"answer":{"type":"string"}}}"#;
    let text = format!(
        r#"{{"model":"m","messages":[],"output":{{"schema":{schema}}},"tools":[{{"name":"t","parameters":{schema}}}]}}"#
    );
    let request: ChatRequest = serde_json::from_str(&text).unwrap();
    for shape in RequestShape::ALL {
        let request = ChatRequest { model: "anthropic.m".to_owned(), ..request.clone() };
        let body = String::from_utf8(encode(shape, &request).unwrap()).unwrap();
        // Converse has the output's as a text.
        let body = body.replace(r#"\""#, "\"");
        assert_eq!(body.matches(schema).count(), 2, "{body}");
    }
}

#[test]
fn refuses_what_can_not_succeed_anywhere() {
    for shape in RequestShape::ALL {
        assert_eq!(encode(shape, &ChatRequest::default()), Err(RequestError::EmptyModel));
        let request = ChatRequest { model: "anthropic.m".to_owned(), top_p: Some(f64::NAN), ..ChatRequest::default() };
        assert_eq!(encode(shape, &request), Err(RequestError::NotFinite("topP")));
    }
    assert!(serde_json::from_value::<ChatRequest>(json!({ "model": "m", "temprature": 1 })).is_err());
}

#[test]
fn what_a_provider_lacks_is_refused_by_name() {
    let lacking = ask(&json!({ "seed": 1, "quirks": { "lacks": ["seed"] } }));
    for shape in RequestShape::ALL {
        assert_eq!(refused(shape, &lacking), ("seed".to_owned(), "UNSUPPORTED_BY_PROVIDER"));
    }
    let top_k = json!({ "topK": 5 });
    assert_eq!(refused(RequestShape::OpenAi, &ask(&top_k)).0, "topK");
    let known = ask(&json!({ "topK": 5, "quirks": { "topK": true } }));
    assert_eq!(body(RequestShape::OpenAi, &known)["top_k"], 5);
}

#[test]
fn converse_says_in_the_makers_words_what_it_leaves_to_models() {
    let of = |model: &str, more: &Value| {
        let mut request: ChatRequest = serde_json::from_value(ask(more)).unwrap();
        model.clone_into(&mut request.model);
        let body = encode(RequestShape::BedrockConverse, &request)?;
        let body: Value = serde_json::from_slice(&body).unwrap();
        Ok::<_, RequestError>(body["additionalModelRequestFields"].clone())
    };
    let top_k = json!({ "topK": 5 });
    let low = json!({ "reasoning": { "effort": "low" } });
    let (claude, nova) = ("eu.anthropic.claude-sonnet-4-5", "us.amazon.nova-2-lite-v1:0");
    assert_eq!(of(claude, &top_k), Ok(json!({ "top_k": 5 })));
    assert_eq!(of(nova, &top_k), Ok(json!({ "inferenceConfig": { "topK": 5 } })));
    assert_eq!(
        of(claude, &low),
        Ok(json!({ "thinking": { "type": "adaptive" }, "output_config": { "effort": "low" } }))
    );
    assert_eq!(of(nova, &low), Ok(json!({ "reasoningConfig": { "type": "enabled", "maxReasoningEffort": "low" } })));
    assert_eq!(of("openai.gpt-oss-20b-1:0", &low), Ok(json!({ "reasoning_effort": "low" })));
    for (model, more, field) in [
        ("meta.llama3-8b-instruct-v1:0", &top_k, "topK"),
        ("mistral.mistral-large-2402-v1:0", &low, "reasoning.effort"),
        ("openai.gpt-oss-20b-1:0", &json!({ "reasoning": { "effort": "none" } }), "reasoning.effort"),
        (nova, &json!({ "reasoning": { "budgetTokens": 1024 } }), "reasoning.budgetTokens"),
    ] {
        assert_eq!(of(model, more).unwrap_err().field(), field, "{model}");
    }
}

#[test]
fn invoke_model_is_asked_for_claude_alone() {
    let of = |model: &str| {
        let request = ChatRequest { model: model.to_owned(), ..ChatRequest::default() };
        encode(RequestShape::BedrockInvoke, &request)
    };
    assert_eq!(of("amazon.nova-lite-v1:0").unwrap_err().field(), "model");
    assert!(of("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc").is_ok());
}

#[test]
fn older_geminis_get_budgets_for_efforts() {
    let of = |model: &str, effort: &str| {
        let mut request: ChatRequest =
            serde_json::from_value(ask(&json!({ "reasoning": { "effort": effort } }))).unwrap();
        model.clone_into(&mut request.model);
        let body: Value = serde_json::from_slice(&encode(RequestShape::Gemini, &request).unwrap()).unwrap();
        body["generationConfig"]["thinkingConfig"].clone()
    };
    assert_eq!(of("gemini-2.5-flash", "medium"), json!({ "thinkingBudget": 8192, "includeThoughts": true }));
    assert_eq!(of("gemini-2.5-flash", "none"), json!({ "thinkingBudget": 0 }));
    assert_eq!(of("gemini-3-pro", "medium"), json!({ "thinkingLevel": "MEDIUM", "includeThoughts": true }));
}

#[test]
fn stream_options_are_left_out_for_a_server_that_refuses_them() {
    let asked = |quirks: Value| body(RequestShape::OpenAi, &ask(&json!({ "stream": true, "quirks": quirks })));
    assert_eq!(asked(json!({}))["stream_options"], json!({ "include_usage": true }));
    let without = asked(json!({ "streamOptions": false }));
    assert_eq!((without.get("stream_options"), &without["stream"]), (None, &json!(true)));
}

#[test]
fn chat_completions_are_asked_as_each_server_understands() {
    let thinks = |style: &str, reasoning: &Value| {
        let quirks = json!({ "reasoning": style, "streamOptions": false, "seedField": "random_seed" });
        body(RequestShape::OpenAi, &ask(&json!({ "seed": 7, "reasoning": reasoning, "quirks": quirks })))
    };
    let effort = thinks("effort", &json!({ "effort": "minimal" }));
    assert_eq!((&effort["reasoning_effort"], effort.get("stream_options")), (&json!("minimal"), None));
    assert_eq!((&effort["random_seed"], effort.get("seed")), (&json!(7), None));
    let object = thinks("object", &json!({ "effort": "high", "budgetTokens": 100 }));
    assert_eq!(object["reasoning"], json!({ "effort": "high", "max_tokens": 100 }));
    assert_eq!(thinks("object", &json!({ "effort": "none" }))["reasoning"], json!({ "enabled": false }));
    assert_eq!(thinks("thinking", &json!({ "effort": "none" }))["thinking"], json!({ "type": "disabled" }));
    assert_eq!(thinks("thinking", &json!({ "effort": "high" }))["thinking"], json!({ "type": "enabled" }));
    let budget = ask(&json!({ "reasoning": { "budgetTokens": 9 } }));
    assert_eq!(refused(RequestShape::OpenAi, &budget).0, "reasoning.budgetTokens");

    let thought = json!([{ "text": "So " }, { "text": "be it." }, { "signature": "c2ln" }, { "redacted": "eHl6" }]);
    let back = |field: &str| {
        let said = json!([{ "role": "assistant", "content": "Yes.", "reasoning": thought }]);
        let asked = ask(&json!({ "messages": said, "quirks": { "reasoningField": field } }));
        body(RequestShape::OpenAi, &asked)["messages"][0][field].clone()
    };
    assert_eq!(back("reasoning_content"), "So be it.");
    assert_eq!(back("reasoning"), "So be it.");
    assert_eq!(
        back("reasoning_details"),
        json!([
            { "type": "reasoning.text", "text": "So be it.", "signature": "c2ln" },
            { "type": "reasoning.encrypted", "data": "eHl6" },
        ])
    );

    let cached = json!({
        "messages": [{ "role": "user", "content": "Hi", "cacheControl": { "type": "ephemeral" } }],
        "tools": [{ "name": "clock", "cacheControl": { "type": "ephemeral" } }],
        "quirks": { "cacheControl": true },
    });
    let cached = body(RequestShape::OpenAi, &ask(&cached));
    let ephemeral = json!({ "type": "ephemeral" });
    assert_eq!(cached["messages"][0]["content"], json!([{ "type": "text", "text": "Hi", "cache_control": ephemeral }]));
    assert_eq!(cached["tools"][0]["cache_control"], ephemeral);
}

#[test]
fn a_tool_without_parameters_takes_none() {
    let tools = ask(&json!({ "tools": [{ "name": "clock" }] }));
    let none = json!({ "type": "object", "properties": {} });
    assert_eq!(body(RequestShape::OpenAi, &tools)["tools"][0]["function"], json!({ "name": "clock" }));
    assert_eq!(body(RequestShape::OpenAiResponses, &tools)["tools"][0]["parameters"], none);
    assert_eq!(body(RequestShape::Anthropic, &tools)["tools"][0]["input_schema"], none);
    let declared = &body(RequestShape::Gemini, &tools)["tools"][0]["functionDeclarations"];
    assert_eq!(*declared, json!([{ "name": "clock" }]));
    let spec = &body(RequestShape::BedrockConverse, &tools)["toolConfig"]["tools"][0]["toolSpec"];
    assert_eq!(spec["inputSchema"], json!({ "json": none }));
}

#[test]
fn what_is_wrong_with_a_message_is_told_by_its_place() {
    let malformed = |message: Value| ask(&json!({ "messages": [{ "role": "user", "content": "Hi" }, message] }));
    let part = |part: Value| malformed(json!({ "role": "user", "content": [part] }));
    for (request, field) in [
        (part(json!({ "type": "image", "image": "AAAA" })), "messages[1].content[0].mediaType"),
        (part(json!({ "type": "image", "image": "data:image/png,AAAA" })), "messages[1].content[0].image"),
        (part(json!({ "type": "image", "image": 5 })), "messages[1].content[0].image"),
        (part(json!({ "type": "text" })), "messages[1].content[0].text"),
        (part(json!({ "text": "Hi" })), "messages[1].content[0]"),
        (malformed(json!({ "role": "user", "content": 5 })), "messages[1].content"),
        (
            malformed(json!({
                "role": "assistant",
                "toolCalls": [{ "id": "c", "function": { "name": "f", "arguments": "{\"a\":" } }],
            })),
            "messages[1].toolCalls[0].rawArguments",
        ),
    ] {
        for shape in
            [RequestShape::Anthropic, RequestShape::Gemini, RequestShape::BedrockConverse, RequestShape::Ollama]
        {
            let expected = (field.to_owned(), "INVALID_ARGUMENT");
            assert_eq!(refused(shape, &request), expected, "{}", shape.name());
        }
    }
    let unknown = malformed(json!({ "role": "tool", "toolCallId": "c9", "content": "4" }));
    for shape in [RequestShape::Gemini, RequestShape::Ollama] {
        assert_eq!(refused(shape, &unknown).0, "messages[1].tool");
    }
    let nameless = ask(&json!({ "tools": [{ "type": "function", "function": {} }] }));
    assert_eq!(refused(RequestShape::Anthropic, &nameless).0, "tools[0].name");
}

/// A word that stands nowhere else in a request.
fn word(seed: u32) -> String {
    format!("w{seed:07}")
}

/// One part of a message; what must be found of it bears its seed.
fn any_part() -> impl Strategy<Value = Value> {
    (0..7_u8, 0..9_999_999_u32).prop_map(|(kind, seed)| {
        let word = word(seed);
        match kind {
            0 => json!({ "type": "text", "text": word, "cacheControl": { "type": "ephemeral" } }),
            1 => json!({ "type": "image", "image": word, "mediaType": "image/png" }),
            2 => json!({ "type": "image_url", "image_url": { "url": format!("https://example.com/{word}.png") } }),
            3 => json!({ "type": "file", "data": word, "mediaType": "application/pdf" }),
            4 => json!({ "type": "file", "data": format!("https://example.com/{word}"), "mediaType": "video/mp4" }),
            5 => json!({ "type": "input_audio", "input_audio": { "data": word, "format": "mp3" } }),
            _ => json!({ "type": "something_new", "word": word }),
        }
    })
}

fn any_message() -> impl Strategy<Value = Value> {
    let content = prop_oneof![
        (0..9_999_999_u32).prop_map(|seed| json!(word(seed))),
        prop::collection::vec(any_part(), 1..3).prop_map(Value::Array),
    ];
    (0..5_u8, content, 0..9_999_999_u32, any::<bool>()).prop_map(|(role, content, seed, flag)| {
        let word = word(seed);
        match role {
            0 => json!({ "role": "system", "content": content }),
            1 => json!({ "role": "developer", "content": content }),
            2 if flag => json!({ "role": "user", "content": content, "name": word }),
            3 => {
                let function = json!({ "name": word, "arguments": json!({ "k": format!("arg-{word}") }).to_string() });
                let calls = json!([{ "id": format!("call-{word}"), "type": "function", "function": function }]);
                json!({ "role": "assistant", "content": content, "toolCalls": calls })
            }
            4 => {
                // Gemini has room for the name alone where it has no ids, Ollama likewise: all others have the id.
                let id = format!("call-{word}");
                json!({ "role": "tool", "content": content, "toolCallId": id, "tool": "look", "isError": flag })
            }
            _ => json!({ "role": "user", "content": content }),
        }
    })
}

/// Members that may be given, each with a value that stands nowhere else.
fn any_request() -> impl Strategy<Value = Value> {
    let schema = |seed: u32| json!({ "type": "object", "properties": { word(seed): { "type": "string" } } });
    let members = prop::collection::vec((0..20_u8, 1_000_000..9_999_999_u32), 0..6).prop_map(move |asked| {
        let mut members = Map::new();
        for (member, seed) in asked {
            let fraction = f64::from(seed) / 1e7;
            let (name, value) = match member {
                0 => ("temperature", json!(fraction)),
                1 => ("maxTokens", json!(seed)),
                2 => ("topP", json!(fraction)),
                3 => ("topK", json!(seed)),
                4 => ("stop", json!([word(seed)])),
                5 => ("seed", json!(seed)),
                6 => ("n", json!(seed)),
                7 => ("frequencyPenalty", json!(fraction)),
                8 => ("presencePenalty", json!(fraction)),
                9 => ("systemPrompt", json!(word(seed))),
                10 => ("tools", json!([{ "name": word(seed), "description": "d", "parameters": schema(seed) }])),
                11 => ("tools", json!([{ "type": "function", "function": { "name": word(seed), "strict": true } }])),
                12 => ("tools", json!([{ "type": "own", "word": word(seed) }])),
                13 => ("toolChoice", json!({ "tool": word(seed) })),
                14 => ("output", json!({ "schema": schema(seed) })),
                15 => ("reasoning", json!({ "budgetTokens": seed })),
                16 => ("extraBody", json!({ "options": { "own": word(seed) }, "own": { "word": word(seed) } })),
                17 => ("quirks", json!({ "topK": true, "maxTokensField": "max_completion_tokens" })),
                18 => ("quirks", json!({ "developerRole": true, "reasoning": "object", "seedField": "own_seed" })),
                _ => ("quirks", json!({ "lacks": ["temperature"] })),
            };
            members.insert(name.to_owned(), value);
        }
        members
    });
    (members, prop::collection::vec(any_message(), 1..4)).prop_map(|(mut members, messages)| {
        members.insert("model".to_owned(), json!("m-1"));
        members.insert("messages".to_owned(), messages.into());
        Value::Object(members)
    })
}

/// Every word and number of a request that is the caller's, wherever it stands.
fn said(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            for at in text.match_indices('w').map(|(at, _)| at) {
                found.extend(
                    text.get(at..at + 8)
                        .filter(|word| word[1..].bytes().all(|byte| byte.is_ascii_digit()))
                        .map(str::to_owned),
                );
            }
        }
        Value::Number(number) => found.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| said(item, found)),
        Value::Object(members) => members.iter().for_each(|(name, item)| {
            said(&json!(name), found);
            said(item, found);
        }),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_given_is_asked_or_refused_by_name(request in any_request()) {
        let mut given = Vec::new();
        said(&request, &mut given);
        for shape in RequestShape::ALL {
            match try_body(shape, &request) {
                Ok(body) => {
                    let text = body.to_string();
                    for word in &given {
                        prop_assert!(text.contains(word.as_str()), "{}: {word} of {request} is not in {text}", shape.name());
                    }
                }
                Err(error) => {
                    let path: Vec<_> = error.field().split(['.', '[']).collect();
                    prop_assert!(request.get(path[0]).is_some(), "{}: {} of {request}", shape.name(), error.field());
                    prop_assert!(error.to_string().contains(error.field()));
                }
            }
        }
    }

    #[test]
    fn the_last_word_is_the_callers(request in any_request(), own in "[a-z_]{1,12}", seed in any::<u32>()) {
        let mut request = request;
        request["extraBody"] = json!({ own.clone(): seed, "model": "own", "messages": [], "stream": true });
        for shape in RequestShape::ALL {
            if let Ok(body) = try_body(shape, &request) {
                let expected = if own == "model" || own == "messages" || own == "stream" { None } else { Some(&json!(seed)) };
                prop_assert!(expected.is_none() || body.get(&own) == expected);
                prop_assert_eq!(&body["model"], "own");
                prop_assert_eq!(&body["messages"], &json!([]));
                prop_assert_eq!(&body["stream"], &json!(true));
            }
        }
    }

    #[test]
    fn any_json_is_a_request_or_none_but_never_panics(content in any_json(), tool in any_json(), schema in any_json()) {
        let value = json!({
            "model": "anthropic.m",
            "messages": [{ "role": "user", "content": content }, { "role": "assistant", "content": [content] }],
            "tools": [tool],
            "output": { "schema": schema },
        });
        if let Ok(request) = serde_json::from_value::<ChatRequest>(value) {
            for shape in RequestShape::ALL {
                let _ = encode(shape, &request);
            }
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "type",
        "text",
        "image",
        "data",
        "image_url",
        "url",
        "function",
        "name",
        "mediaType",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec![
            "text",
            "image",
            "file",
            "function",
            "data:",
            "data:;base64,",
            "",
            "\u{e9}:",
            "input_audio"
        ])
        .prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::vec((names.clone(), inner), 0..4)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}
