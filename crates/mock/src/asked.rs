//! What a request's body asks for, under the names that its format has for it.

use std::borrow::Cow;

use serde_json::Value;

use crate::formats::{Format, Wishes};
use crate::http::Request;
use crate::paths::{Place, place};

/// A request, read as one of this format.
pub(crate) struct Asked<'a> {
    request: &'a Request,
    body: Option<&'a Value>,
    format: Format,
    /// Where the path is one of this format's.
    place: Option<Place<'a>>,
}

impl<'a> Asked<'a> {
    pub(crate) fn new(request: &'a Request, body: Option<&'a Value>, format: Format) -> Self {
        let place = place(&request.path).filter(|place| place.format == format);
        Self { request, body, format, place }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.body?.get(name).filter(|value| !value.is_null())
    }

    /// Whether the answer is to come in pieces: what the path says, else the body.
    pub(crate) fn streams(&self) -> bool {
        let said = self.get("stream").and_then(Value::as_bool);
        self.place.as_ref().and_then(|place| place.streams).unwrap_or_else(|| match self.format {
            Format::OpenAi
            | Format::OpenAiResponses
            | Format::Anthropic
            | Format::GeminiInteractions
            | Format::WorkersAi
            | Format::Cohere => said == Some(true),
            // Those that stream unless told otherwise, or on paths of their own.
            Format::Ollama
            | Format::Gemini
            | Format::Watsonx
            | Format::BedrockConverse
            | Format::BedrockInvoke
            | Format::SageMaker => said != Some(false),
            Format::Events | Format::Application(_) => true,
        })
    }

    /// What the real API would refuse before anything else. Where the format is not what the request was made for,
    /// `any` body will do.
    pub(crate) fn check(&self, any: bool) -> Result<(), String> {
        if self.body.is_none_or(|body| !body.is_object()) {
            return Err("We could not parse the JSON body of your request. (HINT: This likely means you aren't using \
                        your HTTP library correctly. The API expects a JSON payload.)"
                .to_owned());
        }
        if any {
            return Ok(());
        }
        let model = self.get("model").and_then(Value::as_str).is_some_and(|model| !model.is_empty());
        let messages = self.get("messages").is_some_and(Value::is_array);
        let limit = self.get("max_tokens").is_some_and(Value::is_u64);
        let has = |name| self.get(name).is_some();
        let missing = match self.format {
            Format::OpenAi if !model && self.place.as_ref().is_none_or(|place| place.model.is_none()) => {
                "you must provide a model parameter"
            }
            Format::OpenAi if !messages && !self.completes() => "Missing required parameter: 'messages'.",
            Format::OpenAiResponses if !model => "Missing required parameter: 'model'.",
            Format::OpenAiResponses if !has("input") && !has("prompt") => "Missing required parameter: 'input'.",
            Format::Anthropic if !model && self.place.as_ref().is_none_or(|place| place.model.is_none()) => {
                "model: Field required"
            }
            Format::BedrockInvoke if !has("anthropic_version") => "anthropic_version: Field required",
            Format::Anthropic | Format::BedrockInvoke if !limit => "max_tokens: Field required",
            Format::Anthropic | Format::BedrockInvoke if !messages => "messages: Field required",
            Format::Gemini if !self.get("contents").is_some_and(Value::is_array) => {
                "* GenerateContentRequest.contents: contents is not specified"
            }
            Format::GeminiInteractions if !model && !has("agent") => "One of model and agent must be specified.",
            Format::GeminiInteractions if !has("input") => "input: Field required",
            Format::WorkersAi if !messages && !has("prompt") => {
                "Error: oneOf at '/' not met, 0 matches: required properties at '/' are 'prompt' or 'messages'"
            }
            Format::BedrockConverse if !messages => {
                "The value at messages is empty. Provide a list of messages and try the request again."
            }
            Format::Ollama if !model => "model is required",
            Format::Cohere if !model => "invalid request: model is required",
            Format::Cohere if !messages => "invalid request: must have at least one message",
            Format::Watsonx if !has("model_id") => "Json document validation error: model_id cannot be blank",
            Format::Watsonx if !messages && !self.completes() => {
                "Json document validation error: messages cannot be blank"
            }
            _ => return Ok(()),
        };
        Err(missing.to_owned())
    }

    /// Whether a text is to be continued, not a conversation.
    fn completes(&self) -> bool {
        let text = match self.format {
            Format::OpenAi | Format::Ollama => "prompt",
            Format::Watsonx => "input",
            _ => return false,
        };
        self.place.as_ref().is_some_and(|place| place.completion)
            || (self.get(text).is_some() && self.get("messages").is_none())
    }

    pub(crate) fn wishes(&self) -> Wishes {
        let limits: &[&str] = match self.format {
            Format::OpenAi | Format::SageMaker => &["/max_completion_tokens", "/max_tokens"],
            Format::OpenAiResponses => &["/max_output_tokens"],
            Format::Anthropic | Format::BedrockInvoke | Format::WorkersAi | Format::Cohere => &["/max_tokens"],
            Format::Gemini => &["/generationConfig/maxOutputTokens"],
            Format::GeminiInteractions => &["/generation_config/max_output_tokens"],
            Format::BedrockConverse => &["/inferenceConfig/maxTokens"],
            Format::Ollama => &["/options/num_predict"],
            Format::Watsonx => &["/max_tokens", "/max_completion_tokens", "/parameters/max_new_tokens"],
            Format::Events | Format::Application(_) => &["/maxTokens"],
        };
        let limit = limits.iter().find_map(|name| self.body?.pointer(name)?.as_u64());
        let include_usage = self.get("stream_options").and_then(|options| options.get("include_usage")?.as_bool());
        let letters: usize = self.messages().map(|message| text_of(message).chars().count()).sum();
        Wishes {
            include_usage: include_usage.unwrap_or(false),
            array: self.format == Format::Gemini && !self.request.query.as_deref().is_some_and(asks_for_events),
            completion: self.completes(),
            max_tokens: limit,
            prompt_tokens: (letters as u64).div_ceil(4),
            last_event_id: self.request.header("last-event-id").and_then(|id| id.parse().ok()).unwrap_or(0),
        }
    }

    /// What was said so far, the system prompt first.
    fn messages(&self) -> impl Iterator<Item = &'a Value> {
        let system = ["systemInstruction", "system", "systemPrompt", "instructions", "system_instruction"];
        let system = system.into_iter().find_map(|name| self.get(name));
        let list = ["messages", "contents", "input", "prompt"].into_iter().find_map(|name| self.get(name));
        let (items, text) = match list {
            Some(Value::Array(items)) => (items.as_slice(), None),
            other => ([].as_slice(), other),
        };
        system.into_iter().chain(items).chain(text)
    }

    /// The text of the last user message, empty where there is none.
    pub(crate) fn last_said(&self) -> Cow<'a, str> {
        // Where nobody is named as the speaker, it is the user.
        let user = |message: &&Value| match (message.get("role"), message.get("type")) {
            (Some(role), _) => role == "user",
            (None, kind) => kind.is_none_or(|kind| kind == "text" || kind == "user_input" || kind == "message"),
        };
        self.messages().filter(user).last().map(text_of).unwrap_or_default()
    }
}

/// Whether a query asks Gemini for events.
fn asks_for_events(query: &str) -> bool {
    query.split('&').any(|pair| pair == "alt=sse")
}

/// The text of a message, whether it is a string, has one, or comes in parts.
fn text_of(message: &Value) -> Cow<'_, str> {
    let content = message.get("content").or_else(|| message.get("parts")).or_else(|| message.get("text"));
    match content.unwrap_or(message) {
        Value::String(text) => text.into(),
        Value::Array(parts) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect::<String>().into(),
        _ => "".into(),
    }
}
