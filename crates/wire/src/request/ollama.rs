//! Ollama `/api/chat`: text with pictures beside it, arguments as objects, sampling in `options`.
//!
//! Names: <https://docs.ollama.com/api/chat>. It has no word for the choice of a tool: to be kept from calling any, a
//! model isn't told of them.

use serde_json::{Value, json};

use super::content::{self, Kind, Source};
use super::members::{Members, Put, filled, object};
use super::{ChatRequest, Effort, Message, Output, RequestError, Role, ToolChoice, openai};

pub(super) const LACKS: &[&str] = &["n", "parallelToolCalls", "reasoning.budgetTokens", "name"];

pub(super) fn encode(request: &ChatRequest) -> Result<Members, RequestError> {
    let mut body = object([("model", json!(request.model))]);
    let system = request.system_prompt.iter().map(|prompt| Ok(json!({ "role": "system", "content": prompt })));
    let said = request.messages.iter().enumerate().map(|(index, said)| message(request, said, index));
    body.insert("messages".to_owned(), system.chain(said).collect::<Result<_, _>>()?);
    body.insert("stream".to_owned(), json!(request.stream.unwrap_or(true)));
    match &request.tool_choice {
        None | Some(ToolChoice::Auto) => body.put("tools", openai::tool_list(request)?),
        Some(ToolChoice::None) => {}
        Some(_) => return Err(RequestError::unsupported("toolChoice", "Ollama's models call tools as they see fit")),
    }
    match request.output_kind() {
        Output::Text => {}
        Output::Json => body.put("format", Some("json")),
        Output::Schema(schema) => body.put("format", Some(schema.clone())),
    }
    let effort = request.reasoning.as_ref().and_then(|spec| spec.effort);
    body.put(
        "think",
        effort.map(|effort| match effort {
            Effort::None => json!(false),
            // Its least.
            Effort::Minimal => json!("low"),
            effort => json!(effort.name()),
        }),
    );
    body.put("options", filled(options(request)));
    Ok(body)
}

fn options(request: &ChatRequest) -> Members {
    let mut options = Members::new();
    options.put("temperature", request.temperature);
    options.put("num_predict", request.max_tokens);
    options.put("top_p", request.top_p);
    options.put("top_k", request.top_k);
    options.put("stop", request.stops());
    options.put("seed", request.seed);
    options.put("frequency_penalty", request.frequency_penalty);
    options.put("presence_penalty", request.presence_penalty);
    options
}

fn message(request: &ChatRequest, message: &Message, index: usize) -> Result<Value, RequestError> {
    let role = message.role.as_of_old();
    let (mut texts, mut images) = (Vec::new(), Vec::new());
    for part in content::parts(message, index)? {
        match part.kind {
            Kind::Text(text) => texts.push(text),
            Kind::Image { source: Source::Data { base64, .. }, .. } => images.push(base64),
            Kind::File { source: Source::Data { media_type, base64 }, .. } if media_type.starts_with("image/") => {
                images.push(base64);
            }
            _ => return Err(RequestError::unsupported(part.field, "Ollama takes text and the bytes of pictures")),
        }
    }
    let mut members = object([("role", json!(role.name())), ("content", json!(texts.join("\n")))]);
    members.put("images", (!images.is_empty()).then_some(images));
    if role == Role::Assistant {
        let thought: String = message.reasoning.iter().map(|piece| piece.text.as_str()).collect();
        members.put("thinking", (!thought.is_empty()).then_some(thought));
    }
    let mut calls = Vec::new();
    for (at, call) in message.tool_calls.iter().enumerate() {
        let function = json!({ "name": call.function.name, "arguments": call.arguments(index, at)? });
        calls.push(json!({ "id": call.id, "function": function }));
    }
    members.put("tool_calls", (!calls.is_empty()).then_some(calls));
    if role == Role::Tool {
        members.put("tool_name", Some(request.tool_of(index, message)?));
        members.put("tool_call_id", message.tool_call_id.as_deref());
    }
    Ok(Value::Object(members))
}
