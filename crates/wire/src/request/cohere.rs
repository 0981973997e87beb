//! Cohere v2 chat.
//!
//! Names: <https://docs.cohere.com/reference/chat>. Its models think or don't, up to a budget; an effort it has no word
//! for.

use serde_json::{Value, json};

use super::content::{self, Kind, Part};
use super::members::{Members, Put, object};
use super::tools::{self, Tool};
use super::{ChatRequest, Effort, Message, Output, RequestError, Role, ToolChoice, openai};

pub(super) const LACKS: &[&str] = &["n", "parallelToolCalls", "name"];

pub(super) fn encode(request: &ChatRequest) -> Result<Members, RequestError> {
    let mut body = object([("model", json!(request.model))]);
    let system = request.system_prompt.iter().map(|prompt| Ok(json!({ "role": "system", "content": prompt })));
    let said = request.messages.iter().enumerate().map(|(index, said)| message(said, index));
    body.insert("messages".to_owned(), system.chain(said).collect::<Result<_, _>>()?);
    body.insert("stream".to_owned(), json!(request.stream.unwrap_or(true)));
    body.put("temperature", request.temperature);
    body.put("max_tokens", request.max_tokens);
    body.put("p", request.top_p);
    body.put("k", request.top_k);
    body.put("stop_sequences", request.stops());
    body.put("seed", request.seed);
    body.put("frequency_penalty", request.frequency_penalty);
    body.put("presence_penalty", request.presence_penalty);
    body.put("tools", tool_list(request)?);
    let strict = |tool: &Tool<'_>| matches!(tool, Tool::Function(tool) if tool.strict == Some(true));
    // All of them or none.
    let all = !request.tools.is_empty() && tools::read(&request.tools)?.iter().all(strict);
    body.put("strict_tools", all.then_some(true));
    body.put(
        "tool_choice",
        match &request.tool_choice {
            None | Some(ToolChoice::Auto) => None,
            Some(ToolChoice::None) => Some("NONE"),
            Some(ToolChoice::Required) => Some("REQUIRED"),
            Some(ToolChoice::One { .. }) => {
                let why = "Cohere can be told to call some tool, but not which: give it that one alone";
                return Err(RequestError::unsupported("toolChoice", why));
            }
        },
    );
    match request.output_kind() {
        Output::Text => {}
        Output::Json => body.put("response_format", Some(json!({ "type": "json_object" }))),
        Output::Schema(schema) => {
            body.put("response_format", Some(json!({ "type": "json_object", "json_schema": schema })));
        }
    }
    body.put("thinking", thinking(request)?);
    Ok(body)
}

/// As OpenAI's, but for the strictness of each.
fn tool_list(request: &ChatRequest) -> Result<Option<Value>, RequestError> {
    let mut tools = openai::tool_list(request)?;
    for tool in tools.iter_mut().filter_map(Value::as_array_mut).flatten() {
        if let Some(Value::Object(function)) = tool.get_mut("function") {
            function.shift_remove("strict");
        }
    }
    Ok(tools)
}

fn thinking(request: &ChatRequest) -> Result<Option<Value>, RequestError> {
    let Some(spec) = &request.reasoning else { return Ok(None) };
    match (spec.effort, spec.budget_tokens) {
        (Some(Effort::None), _) => Ok(Some(json!({ "type": "disabled" }))),
        (Some(_), _) => Err(RequestError::unsupported("reasoning.effort", "Cohere takes 'none' or `budgetTokens`")),
        (None, budget) => Ok(budget.map(|budget| json!({ "type": "enabled", "token_budget": budget }))),
    }
}

fn message(message: &Message, index: usize) -> Result<Value, RequestError> {
    let role = message.role.as_of_old();
    let mut members = object([("role", json!(role.name()))]);
    let thought: String = message.reasoning.iter().map(|piece| piece.text.as_str()).collect();
    let thought = (!thought.is_empty()).then(|| json!({ "type": "thinking", "thinking": thought }));
    let content = if message.content.is_array() || thought.is_some() {
        let parts = content::parts(message, index)?;
        let shown = |part: &&Part<'_>| matches!(part.kind, Kind::Image { .. } | Kind::File { .. });
        if let Some(part) = parts.iter().find(shown).filter(|_| role == Role::Tool) {
            let why = "of tools, Cohere takes text and documents alone: let the user show it";
            return Err(RequestError::unsupported(part.field.clone(), why));
        }
        let said = parts.iter().filter(|part| !matches!(part.kind, Kind::Text(""))).map(part);
        Some(thought.into_iter().map(Ok).chain(said).collect::<Result<Value, _>>()?)
    } else {
        Some(message.content.clone()).filter(|content| !content.is_null())
    };
    members.put("content", content);
    let calls = message.tool_calls.iter().map(openai::tool_call);
    members.put("tool_calls", (!message.tool_calls.is_empty()).then(|| calls.collect::<Value>()));
    members.put("tool_call_id", message.tool_call_id.as_deref());
    Ok(Value::Object(members))
}

fn part(part: &Part<'_>) -> Result<Value, RequestError> {
    match &part.kind {
        Kind::Text(text) => Ok(json!({ "type": "text", "text": text })),
        Kind::Image { source, detail } => Ok(Value::Object(openai::image(&source.url(), *detail))),
        Kind::Own => Ok(Value::Object(part.own())),
        Kind::File { source, .. } if source.media_type().is_some_and(|kind| kind.starts_with("image/")) => {
            Ok(Value::Object(openai::image(&source.url(), None)))
        }
        Kind::File { .. } => Err(RequestError::unsupported(part.field.clone(), "Cohere takes text and pictures")),
    }
}
