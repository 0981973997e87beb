//! Request bodies: one canonical request, encoded in the endpoint's shape.
//!
//! What always holds: what the caller did not give is not sent, so that the provider's defaults apply; `extra_body` is
//! laid over everything else.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What a caller asks of a model. The JSON names are camelCase.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatRequest {
    /// The provider's name of the model.
    pub model: String,
    /// The conversation so far, oldest first.
    pub messages: Vec<ChatMessage>,
    /// Instructions that stand above the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_prompt: Option<String>,
    /// Sampling temperature; 0 is sent as 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Cap on the answer's tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// Nucleus sampling, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Texts at which the model stops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Vec<String>>,
    /// Seed for providers that sample reproducibly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// As OpenAI defines it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// As OpenAI defines it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// Further fields of the body, in the endpoint's own words.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra_body: Map<String, Value>,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// `system`, `user`, `assistant`.
    pub role: String,
    /// Text.
    pub content: String,
}

/// The shape an endpoint wants its body in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestShape {
    /// An application's own route: `{messages, model, systemPrompt, stream: true}` and the parameters in camelCase.
    Events,
    /// OpenAI chat.completions: the system prompt as the first message, parameters in snake_case, usage asked for.
    OpenAi,
}

impl RequestShape {
    /// The body as JSON.
    #[must_use]
    pub fn encode(self, request: &ChatRequest) -> Vec<u8> {
        let mut body = match self {
            Self::Events => events(request),
            Self::OpenAi => openai(request),
        };
        for (name, value) in &request.extra_body {
            body.insert(name.clone(), value.clone());
        }
        Value::Object(body).to_string().into_bytes()
    }
}

/// The parameters that were given, under the names of the shape.
fn parameters(request: &ChatRequest, names: [&str; 7]) -> Map<String, Value> {
    let values = [
        request.temperature.map(Value::from),
        request.max_tokens.map(Value::from),
        request.top_p.map(Value::from),
        request.stop.clone().map(Value::from),
        request.seed.map(Value::from),
        request.frequency_penalty.map(Value::from),
        request.presence_penalty.map(Value::from),
    ];
    names.into_iter().zip(values).filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn events(request: &ChatRequest) -> Map<String, Value> {
    let names = ["temperature", "maxTokens", "topP", "stop", "seed", "frequencyPenalty", "presencePenalty"];
    let mut body = parameters(request, names);
    body.insert("messages".to_owned(), json!(request.messages));
    body.insert("model".to_owned(), json!(request.model));
    if let Some(prompt) = &request.system_prompt {
        body.insert("systemPrompt".to_owned(), json!(prompt));
    }
    body.insert("stream".to_owned(), Value::Bool(true));
    body
}

fn openai(request: &ChatRequest) -> Map<String, Value> {
    let names = ["temperature", "max_tokens", "top_p", "stop", "seed", "frequency_penalty", "presence_penalty"];
    let mut body = parameters(request, names);
    let system = request.system_prompt.iter().map(|prompt| json!({ "role": "system", "content": prompt }));
    let messages = system.chain(request.messages.iter().map(|message| json!(message))).collect();
    body.insert("messages".to_owned(), Value::Array(messages));
    body.insert("model".to_owned(), json!(request.model));
    body.insert("stream".to_owned(), Value::Bool(true));
    // Without it the stream carries no token counts.
    body.insert("stream_options".to_owned(), json!({ "include_usage": true }));
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(shape: RequestShape, request: &str) -> Value {
        let request: ChatRequest = serde_json::from_str(request).unwrap();
        serde_json::from_slice(&shape.encode(&request)).unwrap()
    }

    #[test]
    fn sends_an_application_its_own_shape() {
        let body = encoded(
            RequestShape::Events,
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"systemPrompt":"be kind","temperature":0,"maxTokens":9}"#,
        );
        assert_eq!(
            body,
            json!({
                "model": "m", "messages": [{"role": "user", "content": "hi"}], "systemPrompt": "be kind",
                "temperature": 0.0, "maxTokens": 9, "stream": true,
            })
        );
    }

    #[test]
    fn sends_openai_a_system_message_and_asks_for_usage() {
        let body = encoded(
            RequestShape::OpenAi,
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"systemPrompt":"be kind","topP":0.5,"stop":["x"],"seed":-1}"#,
        );
        assert_eq!(
            body,
            json!({
                "model": "m",
                "messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"}],
                "top_p": 0.5, "stop": ["x"], "seed": -1, "stream": true, "stream_options": {"include_usage": true},
            })
        );
    }

    #[test]
    fn lays_extra_fields_over_everything_else() {
        let body = encoded(
            RequestShape::OpenAi,
            r#"{"model":"m","messages":[],"maxTokens":9,"extraBody":{"max_tokens":7,"stream_options":null,"user":"u"}}"#,
        );
        assert_eq!(
            body,
            json!({"model": "m", "messages": [], "max_tokens": 7, "stream": true, "stream_options": null, "user": "u"})
        );
    }
}
