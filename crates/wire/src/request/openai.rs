//! OpenAI chat completions and the many servers that speak them: a leading system message, snake_case,
//! `stream_options.include_usage`.
//!
//! Names: <https://platform.openai.com/docs/api-reference/chat/create>; what others do in their own way is in
//! [`Quirks`].

use serde_json::{Value, json};

use super::content::{self, Kind, Part, Source};
use super::members::{Members, Put, filled, object};
use super::quirks::{MaxTokensField, ReasoningField, ReasoningStyle};
use super::tools::{self, Tool};
use super::{ChatRequest, Effort, Message, Output, Quirks, RequestError, Role, ToolCall, ToolChoice};

pub(super) const LACKS: &[&str] = &["topK", "reasoning.budgetTokens"];

pub(super) fn encode(request: &ChatRequest) -> Result<Members, RequestError> {
    let quirks = &request.quirks;
    let mut body = Members::new();
    body.insert("model".to_owned(), json!(request.model));
    body.insert("messages".to_owned(), messages(request)?);
    let stream = request.stream.unwrap_or(true);
    body.insert("stream".to_owned(), json!(stream));
    // A whole answer has its usage in it; servers refuse options of a stream that isn't one.
    if stream && quirks.stream_options != Some(false) {
        body.insert("stream_options".to_owned(), json!({ "include_usage": true }));
    }
    let max_tokens = match quirks.max_tokens_field {
        MaxTokensField::MaxTokens => "max_tokens",
        MaxTokensField::MaxCompletionTokens => "max_completion_tokens",
    };
    body.put("temperature", request.temperature);
    body.put(max_tokens, request.max_tokens);
    body.put("top_p", request.top_p);
    body.put("top_k", request.top_k);
    body.put("stop", request.stop.clone());
    body.put(quirks.seed_field.as_deref().unwrap_or("seed"), request.seed);
    body.put("n", request.n);
    body.put("frequency_penalty", request.frequency_penalty);
    body.put("presence_penalty", request.presence_penalty);
    body.put("tools", tool_list(request)?);
    body.put("tool_choice", request.tool_choice.as_ref().map(tool_choice));
    body.put("parallel_tool_calls", request.parallel_tool_calls);
    body.put("response_format", response_format(request));
    reasoning(request, &mut body);
    Ok(body)
}

/// All messages, the system prompt first.
pub(super) fn messages(request: &ChatRequest) -> Result<Value, RequestError> {
    let system = request.system_prompt.iter().map(|prompt| Ok(json!({ "role": "system", "content": prompt })));
    let said = request.messages.iter().enumerate().map(|(index, said)| message(said, index, &request.quirks));
    system.chain(said).collect()
}

fn message(message: &Message, index: usize, quirks: &Quirks) -> Result<Value, RequestError> {
    let mut members = Members::new();
    let role = if quirks.developer_role { message.role } else { message.role.as_of_old() };
    members.insert("role".to_owned(), json!(role.name()));
    members.insert("content".to_owned(), content_of(message, index, quirks)?);
    members.put("name", message.name.as_deref());
    let calls = message.tool_calls.iter().map(tool_call);
    members.put("tool_calls", (!message.tool_calls.is_empty()).then(|| calls.collect::<Value>()));
    members.put("tool_call_id", message.tool_call_id.as_deref());
    if message.role == Role::Assistant
        && let Some(field) = quirks.reasoning_field
    {
        thoughts(message, field, &mut members);
    }
    Ok(Value::Object(members))
}

/// A call in OpenAI's words.
pub(super) fn tool_call(call: &ToolCall) -> Value {
    let function = json!({ "name": call.function.name, "arguments": call.argument_text() });
    json!({ "id": call.id, "type": "function", "function": function })
}

fn content_of(message: &Message, index: usize, quirks: &Quirks) -> Result<Value, RequestError> {
    let cache = message.cache_control.as_ref().filter(|_| quirks.cache_control);
    if !message.content.is_array() && (cache.is_none() || message.content.is_null()) {
        return Ok(message.content.clone());
    }
    let parts = content::parts(message, index)?;
    let last = parts.len().saturating_sub(1);
    let encode = |(at, part): (usize, &Part<'_>)| {
        if message.role == Role::Tool && matches!(part.kind, Kind::Image { .. } | Kind::File { .. }) {
            let why = "of tools, chat completions take text alone: let the user show it";
            return Err(RequestError::unsupported(part.field.clone(), why));
        }
        let mut members = self::part(part)?;
        let ours = part.cache.filter(|_| quirks.cache_control);
        if let Some(cache) = ours.or(cache.filter(|_| at == last)) {
            members.insert("cache_control".to_owned(), cache.clone());
        }
        Ok(Value::Object(members))
    };
    parts.iter().enumerate().map(encode).collect()
}

fn part(part: &Part<'_>) -> Result<Members, RequestError> {
    // What was said in OpenAI's words goes on to the letter.
    if !part.ours {
        return Ok(part.own());
    }
    let mut members = match &part.kind {
        Kind::Image { source, detail } => image(&source.url(), *detail),
        Kind::File { source, filename } => file(source, *filename, &part.field)?,
        Kind::Text(text) => object([("type", json!("text")), ("text", json!(text))]),
        Kind::Own => Members::new(),
    };
    // In OpenAI's way of writing, so it is meant for a server that knows it.
    members.put("cache_control", part.given.and_then(|given| given.get("cache_control")).cloned());
    Ok(members)
}

pub(super) fn image(url: &str, detail: Option<&str>) -> Members {
    let mut image = object([("url", json!(url))]);
    image.put("detail", detail);
    object([("type", json!("image_url")), ("image_url", Value::Object(image))])
}

fn file(source: &Source<'_>, filename: Option<&str>, field: &str) -> Result<Members, RequestError> {
    let kind = source.media_type().unwrap_or_default();
    if kind.starts_with("image/") {
        return Ok(image(&source.url(), None));
    }
    let Source::Data { base64, .. } = source else {
        return Err(RequestError::unsupported(
            format!("{field}.data"),
            "chat completions take a file's bytes, not its URL",
        ));
    };
    let audio = match kind {
        "audio/wav" | "audio/x-wav" => Some("wav"),
        "audio/mpeg" | "audio/mp3" => Some("mp3"),
        _ => None,
    };
    if let Some(format) = audio {
        let audio = json!({ "data": base64, "format": format });
        return Ok(object([("type", json!("input_audio")), ("input_audio", audio)]));
    }
    // Bytes without a name are refused.
    let name = || format!("file.{}", kind.rsplit('/').next().unwrap_or("bin"));
    let file = json!({ "filename": filename.map_or_else(name, str::to_owned), "file_data": source.url() });
    Ok(object([("type", json!("file")), ("file", file)]))
}

fn thoughts(message: &Message, field: ReasoningField, members: &mut Members) {
    if message.reasoning.is_empty() {
        return;
    }
    let joined = || message.reasoning.iter().map(|piece| piece.text.as_str()).collect::<String>();
    match field {
        ReasoningField::ReasoningContent => members.put("reasoning_content", Some(joined())),
        ReasoningField::Reasoning => members.put("reasoning", Some(joined())),
        ReasoningField::ReasoningDetails => {
            let detail = |block: super::Reasoning| match block.redacted {
                Some(data) => json!({ "type": "reasoning.encrypted", "data": data }),
                None => {
                    let mut detail = object([("type", json!("reasoning.text")), ("text", json!(block.text))]);
                    detail.put("signature", block.signature);
                    Value::Object(detail)
                }
            };
            members.put("reasoning_details", Some(message.thoughts().into_iter().map(detail).collect::<Value>()));
        }
    }
}

/// The tools in OpenAI's words.
pub(super) fn tool_list(request: &ChatRequest) -> Result<Option<Value>, RequestError> {
    if request.tools.is_empty() {
        return Ok(None);
    }
    let encode = |(given, tool): (&Value, Tool<'_>)| match tool {
        Tool::Own(own) => own.clone(),
        // To the letter, with whatever else a server understands.
        Tool::Function(_) if given.get("function").is_some() => given.clone(),
        Tool::Function(tool) => {
            let mut function = object([("name", json!(tool.name))]);
            function.put("description", tool.description);
            function.put("parameters", tool.parameters.cloned());
            function.put("strict", tool.strict);
            let mut members = object([("type", json!("function")), ("function", Value::Object(function))]);
            members.put("cache_control", tool.cache.filter(|_| request.quirks.cache_control).cloned());
            Value::Object(members)
        }
    };
    Ok(Some(request.tools.iter().zip(tools::read(&request.tools)?).map(encode).collect()))
}

/// The choice in OpenAI's words.
pub(super) fn tool_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::One { tool } => json!({ "type": "function", "function": { "name": tool } }),
    }
}

/// The output in OpenAI's words.
pub(super) fn response_format(request: &ChatRequest) -> Option<Value> {
    match request.output_kind() {
        Output::Text => None,
        Output::Json => Some(json!({ "type": "json_object" })),
        Output::Schema(schema) => {
            let mut named = object([("name", json!(request.output_name())), ("schema", schema.clone())]);
            named.put("strict", request.output.as_ref().and_then(|output| output.strict));
            Some(json!({ "type": "json_schema", "json_schema": named }))
        }
    }
}

fn reasoning(request: &ChatRequest, body: &mut Members) {
    let Some(spec) = &request.reasoning else { return };
    match request.quirks.reasoning {
        ReasoningStyle::Effort => body.put("reasoning_effort", spec.effort.map(Effort::name)),
        ReasoningStyle::Object => {
            let mut members = Members::new();
            match spec.effort {
                // Its word for none at all.
                Some(Effort::None) => members.put("enabled", Some(false)),
                effort => members.put("effort", effort.map(Effort::name)),
            }
            members.put("max_tokens", spec.budget_tokens);
            body.put("reasoning", filled(members));
        }
        ReasoningStyle::Thinking => {
            let kind = |effort| if effort == Effort::None { "disabled" } else { "enabled" };
            body.put("thinking", spec.effort.map(|effort| json!({ "type": kind(effort) })));
        }
    }
}
