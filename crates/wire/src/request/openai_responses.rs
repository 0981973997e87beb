//! OpenAI Responses: instructions, input items, `text.format`.
//!
//! Names: <https://platform.openai.com/docs/api-reference/responses/create>. Nothing is said of `store`: the server's
//! default holds, and `extra_body` can say otherwise.

use serde_json::{Value, json};

use super::content::{self, Kind, Part, Source};
use super::members::{Members, Put, object};
use super::tools;
use super::{ChatRequest, Effort, Message, Output, RequestError, Role, ToolChoice};

pub(super) const LACKS: &[&str] =
    &["topK", "stop", "seed", "n", "frequencyPenalty", "presencePenalty", "reasoning.budgetTokens", "name"];

pub(super) fn encode(request: &ChatRequest) -> Result<Members, RequestError> {
    let mut body = object([("model", json!(request.model))]);
    body.put("instructions", request.system_prompt.as_deref());
    let mut input = Vec::new();
    for (index, message) in request.messages.iter().enumerate() {
        items(message, index, &mut input)?;
    }
    body.insert("input".to_owned(), Value::Array(input));
    body.insert("stream".to_owned(), json!(request.stream.unwrap_or(true)));
    body.put("max_output_tokens", request.max_tokens);
    body.put("temperature", request.temperature);
    body.put("top_p", request.top_p);
    body.put("tools", tool_list(request)?);
    body.put(
        "tool_choice",
        request.tool_choice.as_ref().map(|choice| match choice {
            ToolChoice::Auto => json!("auto"),
            ToolChoice::None => json!("none"),
            ToolChoice::Required => json!("required"),
            ToolChoice::One { tool } => json!({ "type": "function", "name": tool }),
        }),
    );
    body.put("parallel_tool_calls", request.parallel_tool_calls);
    body.put("text", format(request).map(|format| json!({ "format": format })));
    let effort = request.reasoning.as_ref().and_then(|spec| spec.effort);
    body.put("reasoning", effort.map(|effort| json!({ "effort": Effort::name(effort) })));
    Ok(body)
}

/// The items that a message becomes: thoughts, text and calls are items of their own.
fn items(message: &Message, index: usize, input: &mut Vec<Value>) -> Result<(), RequestError> {
    if message.role == Role::Tool {
        let output = contents(message, index, "input_text")?;
        input.push(json!({ "type": "function_call_output", "call_id": message.tool_call_id, "output": output }));
        return Ok(());
    }
    // A thought is known by its id; one without it can't be taken back.
    for thought in message.thoughts().into_iter().filter(|thought| thought.id.is_some()) {
        let summary: Vec<Value> = [thought.text]
            .iter()
            .filter(|text| !text.is_empty())
            .map(|text| json!({ "type": "summary_text", "text": text }))
            .collect();
        let mut item = object([("type", json!("reasoning")), ("id", json!(thought.id)), ("summary", summary.into())]);
        item.put("encrypted_content", thought.signature.or(thought.redacted));
        input.push(Value::Object(item));
    }
    let assistant = message.role == Role::Assistant;
    let said = contents(message, index, if assistant { "output_text" } else { "input_text" })?;
    let silent = said.is_null() || said.as_str() == Some("") || said.as_array().is_some_and(Vec::is_empty);
    if !(assistant && silent) {
        input.push(json!({ "role": message.role.name(), "content": said }));
    }
    for call in &message.tool_calls {
        let (name, arguments) = (&call.function.name, call.argument_text());
        input.push(json!({ "type": "function_call", "call_id": call.id, "name": name, "arguments": arguments }));
    }
    Ok(())
}

fn contents(message: &Message, index: usize, text_type: &str) -> Result<Value, RequestError> {
    if !message.content.is_array() {
        return Ok(message.content.clone());
    }
    content::parts(message, index)?.iter().map(|part| self::part(part, text_type)).collect()
}

fn part(part: &Part<'_>, text_type: &str) -> Result<Value, RequestError> {
    match &part.kind {
        Kind::Text(text) => Ok(json!({ "type": text_type, "text": text })),
        Kind::Image { source, detail } => Ok(image(source, detail.unwrap_or("auto"))),
        Kind::File { source, .. } if source.media_type().is_some_and(|kind| kind.starts_with("image/")) => {
            Ok(image(source, "auto"))
        }
        Kind::File { source, .. } if source.media_type().is_some_and(|kind| kind.starts_with("audio/")) => {
            Err(RequestError::unsupported(part.field.clone(), "OpenAI's Responses take no audio"))
        }
        Kind::File { source: Source::Url { url, .. }, .. } => Ok(json!({ "type": "input_file", "file_url": url })),
        Kind::File { source: source @ Source::Data { media_type, .. }, filename } => {
            let name = || format!("file.{}", media_type.rsplit('/').next().unwrap_or("bin"));
            let name = filename.map_or_else(name, str::to_owned);
            Ok(json!({ "type": "input_file", "filename": name, "file_data": source.url() }))
        }
        Kind::Own => Ok(Value::Object(part.own())),
    }
}

fn image(source: &Source<'_>, detail: &str) -> Value {
    json!({ "type": "input_image", "image_url": source.url(), "detail": detail })
}

fn tool_list(request: &ChatRequest) -> Result<Option<Value>, RequestError> {
    tools::list(&request.tools, |tool| {
        let mut members = object([("type", json!("function")), ("name", json!(tool.name))]);
        members.put("description", tool.description);
        members.insert("parameters".to_owned(), tool.schema());
        // Left out it means true here, which many schemas are not written for.
        members.insert("strict".to_owned(), json!(tool.strict.unwrap_or(false)));
        Value::Object(members)
    })
}

fn format(request: &ChatRequest) -> Option<Value> {
    match request.output_kind() {
        Output::Text => None,
        Output::Json => Some(json!({ "type": "json_object" })),
        Output::Schema(schema) => {
            let name = json!(request.output_name());
            let mut format = object([("type", json!("json_schema")), ("name", name), ("schema", schema.clone())]);
            format.put("strict", request.output.as_ref().and_then(|output| output.strict));
            Some(Value::Object(format))
        }
    }
}
