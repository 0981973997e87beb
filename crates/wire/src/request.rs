//! Request bodies: one canonical request, encoded for the endpoint that is asked.
//!
//! What always holds: what the caller gave is in the body or refused, never dropped in silence; the caller's
//! `extra_body` has the last word. Imports `serde` and `serde_json`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What to ask, whoever is asked. In JSON, names are in camelCase and absent means not given.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatRequest {
    /// The model, as the endpoint names it.
    pub model: String,
    /// The conversation, oldest first.
    #[serde(default)]
    pub messages: Vec<Message>,
    /// What the model is told before the conversation.
    pub system_prompt: Option<String>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Cap on the tokens of the answer.
    pub max_tokens: Option<u64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Texts at which the answer stops: a string or an array of strings.
    pub stop: Option<Value>,
    /// For repeatable sampling, where the model offers it.
    pub seed: Option<i64>,
    /// How many alternatives to give.
    pub n: Option<u32>,
    /// −2 to 2.
    pub frequency_penalty: Option<f64>,
    /// −2 to 2.
    pub presence_penalty: Option<f64>,
    /// Tool definitions in OpenAI's shape, passed through.
    pub tools: Option<Value>,
    /// How OpenAI's shape names [`max_tokens`](Self::max_tokens).
    #[serde(default)]
    pub max_tokens_field: MaxTokensField,
    /// Whether the answer is to come in pieces; else in one. Absent means yes.
    pub stream: Option<bool>,
    /// Members merged into the body last; they replace what stands there under the same name.
    pub extra_body: Option<Map<String, Value>>,
}

/// One message of the conversation.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// `system`, `user`, `assistant`, `tool`, or what else the endpoint knows.
    pub role: String,
    /// A string, typed parts, or `null`, as for an assistant that only calls tools.
    #[serde(default)]
    pub content: Value,
    /// Calls the assistant made, in OpenAI's shape.
    pub tool_calls: Option<Value>,
    /// The call that a `tool` message answers.
    pub tool_call_id: Option<String>,
    /// Name of the speaker.
    pub name: Option<String>,
}

impl Message {
    /// The message with the endpoint's names for the calls and for the call that is answered.
    fn encode(&self, [tool_calls, tool_call_id]: [&str; 2]) -> Value {
        let mut members = Map::new();
        members.insert("role".to_owned(), json!(self.role));
        members.insert("content".to_owned(), self.content.clone());
        let extras = [
            ("name", self.name.as_ref().map(|name| json!(name))),
            (tool_calls, self.tool_calls.clone()),
            (tool_call_id, self.tool_call_id.as_ref().map(|id| json!(id))),
        ];
        members.extend(extras.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        Value::Object(members)
    }
}

/// What servers of OpenAI's format call the cap on the tokens of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxTokensField {
    /// What all compatible servers know.
    #[default]
    MaxTokens,
    /// What OpenAI itself has had since its reasoning models, which refuse the other; Cerebras likewise.
    MaxCompletionTokens,
}

/// How an endpoint wants to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestShape {
    /// An application's own route: `{messages: [{role, content}], model, systemPrompt, stream: true}` and the
    /// generation parameters that were given, in camelCase, as are the members of a message.
    Events,
    /// OpenAI chat completions: a leading system message, snake_case, `stream_options.include_usage`; the cap on tokens
    /// as [`MaxTokensField`] says.
    OpenAi,
}

/// Why a request can't be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// No endpoint answers without one.
    #[error("Expected `model` to be a non-empty string, got an empty one")]
    EmptyModel,
    /// JSON has no such number.
    #[error("Expected `{0}` to be a finite number")]
    NotFinite(&'static str),
}

/// The body that asks for a stream.
///
/// # Errors
/// [`RequestError`] where the request can't succeed anywhere.
pub fn encode(shape: RequestShape, request: &ChatRequest) -> Result<Vec<u8>, RequestError> {
    if request.model.is_empty() {
        return Err(RequestError::EmptyModel);
    }
    let mut body = match shape {
        RequestShape::Events => events(request)?,
        RequestShape::OpenAi => openai(request)?,
    };
    for (name, value) in request.extra_body.iter().flatten() {
        body.insert(name.clone(), value.clone());
    }
    Ok(Value::Object(body).to_string().into_bytes())
}

fn events(request: &ChatRequest) -> Result<Map<String, Value>, RequestError> {
    let mut body = Map::new();
    let messages = request.messages.iter().map(|message| message.encode(["toolCalls", "toolCallId"]));
    body.insert("messages".to_owned(), messages.collect());
    body.insert("model".to_owned(), json!(request.model));
    if let Some(prompt) = &request.system_prompt {
        body.insert("systemPrompt".to_owned(), json!(prompt));
    }
    body.insert("stream".to_owned(), json!(request.stream.unwrap_or(true)));
    parameters(
        request,
        ["temperature", "maxTokens", "topP", "stop", "seed", "n", "frequencyPenalty", "presencePenalty", "tools"],
        &mut body,
    )?;
    Ok(body)
}

fn openai(request: &ChatRequest) -> Result<Map<String, Value>, RequestError> {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(request.model));
    let system = request.system_prompt.iter().map(|prompt| json!({ "role": "system", "content": prompt }));
    let messages = request.messages.iter().map(|message| message.encode(["tool_calls", "tool_call_id"]));
    body.insert("messages".to_owned(), system.chain(messages).collect());
    let stream = request.stream.unwrap_or(true);
    body.insert("stream".to_owned(), json!(stream));
    // A whole answer has its usage in it; servers refuse options of a stream that isn't one.
    if stream {
        body.insert("stream_options".to_owned(), json!({ "include_usage": true }));
    }
    let max_tokens = match request.max_tokens_field {
        MaxTokensField::MaxTokens => "max_tokens",
        MaxTokensField::MaxCompletionTokens => "max_completion_tokens",
    };
    parameters(
        request,
        ["temperature", max_tokens, "top_p", "stop", "seed", "n", "frequency_penalty", "presence_penalty", "tools"],
        &mut body,
    )?;
    Ok(body)
}

/// Adds the parameters that were given, under the names of the shape, which are in this order.
fn parameters(
    request: &ChatRequest,
    names: [&'static str; 9],
    body: &mut Map<String, Value>,
) -> Result<(), RequestError> {
    let [temperature, max_tokens, top_p, stop, seed, n, frequency_penalty, presence_penalty, tools] = names;
    for (name, number) in [
        (temperature, request.temperature),
        (top_p, request.top_p),
        (frequency_penalty, request.frequency_penalty),
        (presence_penalty, request.presence_penalty),
    ] {
        match number {
            Some(number) if !number.is_finite() => return Err(RequestError::NotFinite(name)),
            Some(number) => {
                body.insert(name.to_owned(), json!(number));
            }
            None => {}
        }
    }
    let others = [
        (max_tokens, request.max_tokens.map(Value::from)),
        (stop, request.stop.clone()),
        (seed, request.seed.map(Value::from)),
        (n, request.n.map(Value::from)),
        (tools, request.tools.clone()),
    ];
    body.extend(others.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    Ok(())
}
