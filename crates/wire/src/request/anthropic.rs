//! Anthropic Messages: a system apart, blocks, turns that alternate.
//!
//! Names: <https://platform.claude.com/docs/en/api/messages/create>. A cap on tokens is required; without one it is
//! [`DEFAULT_MAX_TOKENS`], on top of the budget for thinking. A schema is asked for by `output_config.format`. An effort
//! is asked for by `output_config.effort` with adaptive thinking, `minimal` as `low`; a budget by thinking of that
//! budget, as models before adaptive thinking want it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::content::{self, Kind, Part, Source};
use super::members::{Members, Put, Turns, filled, object};
use super::tools;
use super::{ChatRequest, Effort, Message, Output, RequestError, Role, Said, ToolChoice};

pub(super) const LACKS: &[&str] = &["seed", "n", "frequencyPenalty", "presencePenalty", "output", "name"];

/// What every model of theirs can give.
pub(super) const DEFAULT_MAX_TOKENS: u64 = 4096;

pub(super) fn encode(request: &ChatRequest) -> Result<Members, RequestError> {
    let mut body = object([("model", json!(request.model)), ("stream", json!(request.stream.unwrap_or(true)))]);
    body.append(&mut message_body(request)?);
    Ok(body)
}

/// All but what a host may say elsewhere: the model, and whether to stream.
pub(super) fn message_body(request: &ChatRequest) -> Result<Members, RequestError> {
    let reasoning = request.reasoning.clone().unwrap_or_default();
    let budget = reasoning.budget_tokens.filter(|_| reasoning.effort != Some(Effort::None));
    let default = || DEFAULT_MAX_TOKENS.saturating_add(budget.unwrap_or_default());
    let mut body = object([("max_tokens", json!(request.max_tokens.unwrap_or_else(default)))]);
    let (system, said) = request.split_system();
    body.put("system", self::system(request, &system)?);
    body.insert("messages".to_owned(), messages(&said)?);
    body.put("temperature", request.temperature);
    body.put("top_p", request.top_p);
    body.put("top_k", request.top_k);
    body.put("stop_sequences", request.stops());
    body.put("tools", tool_list(request)?);
    body.put("tool_choice", tool_choice(request));
    body.put("thinking", thinking(reasoning.effort, budget));
    let mut config = Members::new();
    config.put("effort", reasoning.effort.and_then(effort));
    if let Output::Schema(schema) = request.output_kind() {
        config.put("format", Some(json!({ "type": "json_schema", "schema": schema })));
    }
    body.put("output_config", filled(config));
    Ok(body)
}

/// What Claude's thinking is to be.
pub(super) fn thinking(effort: Option<Effort>, budget: Option<u64>) -> Option<Value> {
    match (effort, budget) {
        (Some(Effort::None), _) => Some(json!({ "type": "disabled" })),
        (_, Some(budget)) => Some(json!({ "type": "enabled", "budget_tokens": budget })),
        (Some(_), None) => Some(json!({ "type": "adaptive" })),
        (None, None) => None,
    }
}

/// The effort in Anthropic's words.
pub(super) fn effort(effort: Effort) -> Option<&'static str> {
    match effort {
        Effort::None => None,
        Effort::Minimal | Effort::Low => Some("low"),
        Effort::Medium => Some("medium"),
        Effort::High => Some("high"),
    }
}

/// A text, or blocks where there are several or one ends what is to be cached.
fn system<'a>(request: &'a ChatRequest, messages: &Said<'a>) -> Result<Option<Value>, RequestError> {
    let texts = request.system_texts(messages)?;
    Ok(match texts.as_slice() {
        [] => None,
        [(text, None)] => Some(json!(text)),
        _ => Some(texts.into_iter().map(|(text, cache)| text_block(text, cache)).collect()),
    })
}

fn text_block(text: &str, cache: Option<&Value>) -> Value {
    let mut block = object([("type", json!("text")), ("text", json!(text))]);
    block.put("cache_control", cache.cloned());
    Value::Object(block)
}

fn messages(said: &[(usize, &Message)]) -> Result<Value, RequestError> {
    let mut turns = Turns::default();
    for (index, message) in said {
        let (role, mut blocks) = match message.role {
            Role::Assistant => ("assistant", assistant(message, *index)?),
            Role::Tool => ("user", vec![tool_result(message, *index)?]),
            _ => ("user", content::parts(message, *index)?.iter().map(block).collect::<Result<_, _>>()?),
        };
        if let (Some(cache), Some(Value::Object(last))) = (&message.cache_control, blocks.last_mut()) {
            last.insert("cache_control".to_owned(), cache.clone());
        }
        turns.say(role, blocks);
    }
    Ok(turns.encode("content"))
}

/// Thoughts first, as they came first; those without a signature are not taken back.
fn assistant(message: &Message, index: usize) -> Result<Vec<Value>, RequestError> {
    let mut blocks = Vec::new();
    for thought in message.thoughts() {
        match (thought.redacted, thought.signature) {
            (Some(data), _) => blocks.push(json!({ "type": "redacted_thinking", "data": data })),
            (None, Some(signature)) => {
                blocks.push(json!({ "type": "thinking", "thinking": thought.text, "signature": signature }));
            }
            (None, None) => {}
        }
    }
    for part in content::parts(message, index)? {
        // An empty text is refused, and nothing is lost with it.
        if !matches!(part.kind, Kind::Text("")) {
            blocks.push(block(&part)?);
        }
    }
    for (at, call) in message.tool_calls.iter().enumerate() {
        let input = call.arguments(index, at)?;
        blocks.push(json!({ "type": "tool_use", "id": call.id, "name": call.function.name, "input": input }));
    }
    Ok(blocks)
}

fn tool_result(message: &Message, index: usize) -> Result<Value, RequestError> {
    let mut result = object([("type", json!("tool_result")), ("tool_use_id", json!(message.tool_call_id))]);
    let content = match &message.content {
        Value::Array(_) => content::parts(message, index)?.iter().map(block).collect::<Result<_, _>>()?,
        other => other.clone(),
    };
    result.put("content", Some(content).filter(|content| !content.is_null()));
    result.put("is_error", message.is_error.filter(|is_error| *is_error));
    Ok(Value::Object(result))
}

fn block(part: &Part<'_>) -> Result<Value, RequestError> {
    let mut block = match &part.kind {
        Kind::Text(text) => return Ok(text_block(text, part.cache)),
        Kind::Image { source, .. } => image(source),
        Kind::File { source, filename } => document(source, *filename, &part.field)?,
        Kind::Own => part.own(),
    };
    block.put("cache_control", part.cache.cloned());
    Ok(Value::Object(block))
}

fn image(source: &Source<'_>) -> Members {
    let source = match source {
        Source::Url { url, .. } => json!({ "type": "url", "url": url }),
        Source::Data { media_type, base64 } => json!({ "type": "base64", "media_type": media_type, "data": base64 }),
    };
    object([("type", json!("image")), ("source", source)])
}

fn document(source: &Source<'_>, filename: Option<&str>, field: &str) -> Result<Members, RequestError> {
    let kind = source.media_type().unwrap_or_default();
    if kind.starts_with("image/") {
        return Ok(image(source));
    }
    let inner = match source {
        Source::Url { url, .. } if matches!(kind, "application/pdf" | "") => json!({ "type": "url", "url": url }),
        Source::Data { base64, .. } if kind == "application/pdf" => {
            json!({ "type": "base64", "media_type": kind, "data": base64 })
        }
        Source::Data { base64, .. } if kind.starts_with("text/") => {
            let text = STANDARD.decode(base64).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let Some(text) = text else {
                return Err(RequestError::malformed(format!("{field}.data"), "text in UTF-8, in base64"));
            };
            json!({ "type": "text", "media_type": "text/plain", "data": text })
        }
        _ => {
            let why = "Anthropic takes pictures, PDF files and, as bytes, text";
            return Err(RequestError::unsupported(format!("{field}.mediaType"), why));
        }
    };
    let mut document = object([("type", json!("document")), ("source", inner)]);
    document.put("title", filename);
    Ok(document)
}

fn tool_list(request: &ChatRequest) -> Result<Option<Value>, RequestError> {
    tools::list(&request.tools, |tool| {
        let mut members = object([("name", json!(tool.name))]);
        members.put("description", tool.description);
        members.insert("input_schema".to_owned(), tool.schema());
        members.put("strict", tool.strict);
        members.put("cache_control", tool.cache.cloned());
        Value::Object(members)
    })
}

/// Whether calls may come side by side is a member of the choice.
fn tool_choice(request: &ChatRequest) -> Option<Value> {
    let choice = request.tool_choice.as_ref();
    let alone = request.parallel_tool_calls == Some(false) && !request.tools.is_empty();
    let mut members = match choice {
        None if alone => object([("type", json!("auto"))]),
        None => return None,
        Some(ToolChoice::Auto) => object([("type", json!("auto"))]),
        Some(ToolChoice::None) => return Some(json!({ "type": "none" })),
        Some(ToolChoice::Required) => object([("type", json!("any"))]),
        Some(ToolChoice::One { tool }) => object([("type", json!("tool")), ("name", json!(tool))]),
    };
    members.put("disable_parallel_tool_use", request.parallel_tool_calls.map(|parallel| !parallel));
    Some(Value::Object(members))
}
