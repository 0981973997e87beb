//! What is asked: whole bodies, one file per shape in `requests/`, and what holds for all of them.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

use millstream_wire::request::{ChatRequest, RequestError, RequestShape, encode};
use serde_json::{Map, Value, json};

fn try_body(shape: RequestShape, value: &Value) -> Result<Value, RequestError> {
    let request: ChatRequest = serde_json::from_value(value.clone()).unwrap();
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
    for shape in [RequestShape::Events, RequestShape::OpenAiResponses, RequestShape::Anthropic] {
        assert_eq!(body(shape, &value)["stream"], false);
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
}

#[test]
fn schemas_keep_the_order_of_their_members() {
    let schema = r#"{"type":"object","properties":{"why":{"type":"string"},"answer":{"type":"string"}}}"#;
    let text = format!(
        r#"{{"model":"m","messages":[],"output":{{"schema":{schema}}},"tools":[{{"name":"t","parameters":{schema}}}]}}"#
    );
    let request: ChatRequest = serde_json::from_str(&text).unwrap();
    for shape in RequestShape::ALL {
        let body = String::from_utf8(encode(shape, &request).unwrap()).unwrap();
        assert_eq!(body.matches(schema).count(), 2, "{body}");
    }
}

#[test]
fn refuses_what_can_not_succeed_anywhere() {
    for shape in RequestShape::ALL {
        assert_eq!(encode(shape, &ChatRequest::default()), Err(RequestError::EmptyModel));
        let request = ChatRequest { model: "m".to_owned(), top_p: Some(f64::NAN), ..ChatRequest::default() };
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
