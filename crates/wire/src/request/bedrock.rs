//! Amazon Bedrock: Converse, which is one for all models, and `InvokeModel` with Claude's own body. Model and whether to
//! stream are said in the path.
//!
//! Names: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>. What Converse leaves to
//! each model (`topK`, thinking) goes to `additionalModelRequestFields` in the words of the model's maker, who is known
//! by the model's id: of Claude, of Nova and of OpenAI's open models; of others it is refused.

use serde_json::{Value, json};

use super::anthropic;
use super::content::{self, Kind, Part, Source};
use super::members::{Members, Put, Turns, filled, object};
use super::tools::{self, Tool};
use super::{ChatRequest, Effort, Message, Output, RequestError, Role, ToolChoice};

pub(super) const CONVERSE_LACKS: &[&str] =
    &["seed", "n", "frequencyPenalty", "presencePenalty", "parallelToolCalls", "output", "name"];
pub(super) const INVOKE_LACKS: &[&str] = anthropic::LACKS;

/// Who made a model, as far as it matters here.
#[derive(PartialEq, Eq)]
enum Maker {
    Anthropic,
    Nova,
    OpenAi,
    Other,
}

impl Maker {
    /// By a model's id, which may be that of an inference profile (`us.anthropic.…`).
    fn of(model: &str) -> Self {
        let known = [("anthropic.", Self::Anthropic), ("amazon.nova", Self::Nova), ("openai.gpt-oss", Self::OpenAi)];
        known.into_iter().find(|(id, _)| model.contains(id)).map_or(Self::Other, |(_, maker)| maker)
    }
}

/// `InvokeModel`: Anthropic's Messages without the model, with the version that stands in a header elsewhere.
pub(super) fn invoke(request: &ChatRequest) -> Result<Members, RequestError> {
    // The ARN of a profile doesn't tell.
    if Maker::of(&request.model) != Maker::Anthropic && !request.model.starts_with("arn:") {
        return Err(RequestError::unsupported(
            "model",
            "InvokeModel is asked here for Claude alone: ask others by Converse",
        ));
    }
    let mut body = object([("anthropic_version", json!("bedrock-2023-05-31"))]);
    body.append(&mut anthropic::message_body(request)?);
    Ok(body)
}

/// Converse and ConverseStream.
pub(super) fn converse(request: &ChatRequest) -> Result<Members, RequestError> {
    let mut body = Members::new();
    let (system, said) = request.split_system();
    let mut blocks = Vec::new();
    for (text, cache) in request.system_texts(&system)? {
        blocks.push(json!({ "text": text }));
        blocks.extend(cache.map(cache_point));
    }
    let mut turns = Turns::default();
    for (index, message) in said {
        let (role, mut blocks) = match message.role {
            Role::Assistant => ("assistant", assistant(message, index)?),
            Role::Tool => ("user", vec![tool_result(message, index)?]),
            _ => ("user", parts(message, index)?),
        };
        blocks.extend(message.cache_control.as_ref().map(cache_point));
        turns.say(role, blocks);
    }
    body.insert("messages".to_owned(), turns.encode("content"));
    body.put("system", (!blocks.is_empty()).then_some(blocks));
    let (additional, least) = additional(request)?;
    let mut inference = Members::new();
    inference.put("maxTokens", request.max_tokens.or(least));
    inference.put("temperature", request.temperature);
    inference.put("topP", request.top_p);
    inference.put("stopSequences", request.stops());
    body.put("inferenceConfig", filled(inference));
    body.put("toolConfig", tool_config(request)?);
    body.put("additionalModelRequestFields", filled(additional));
    if let Output::Schema(schema) = request.output_kind() {
        // As text, of all things.
        let schema = json!({ "schema": schema.to_string(), "name": request.output_name() });
        let format = json!({ "type": "json_schema", "structure": { "jsonSchema": schema } });
        body.put("outputConfig", Some(json!({ "textFormat": format })));
    }
    Ok(body)
}

fn cache_point(cache: &Value) -> Value {
    let mut point = object([("type", json!("default"))]);
    point.put("ttl", cache.get("ttl").cloned());
    json!({ "cachePoint": point })
}

/// What is said in the words of the model's maker, and the cap on tokens that a budget needs where none is given.
fn additional(request: &ChatRequest) -> Result<(Members, Option<u64>), RequestError> {
    let maker = Maker::of(&request.model);
    let reasoning = request.reasoning.clone().unwrap_or_default();
    let unknown = |field: &str| {
        let why =
            "Converse leaves it to each model. If this one has it, give it in `extraBody.additionalModelRequestFields`";
        RequestError::unsupported(field, why)
    };
    let mut fields = Members::new();
    match (&maker, request.top_k) {
        (_, None) => {}
        (Maker::Anthropic, top_k) => fields.put("top_k", top_k),
        (Maker::Nova, Some(top_k)) => fields.put("inferenceConfig", Some(json!({ "topK": top_k }))),
        _ => return Err(unknown("topK")),
    }
    let budget = reasoning.budget_tokens.filter(|_| reasoning.effort != Some(Effort::None));
    if budget.is_some() && maker != Maker::Anthropic {
        return Err(unknown("reasoning.budgetTokens"));
    }
    match (maker, reasoning.effort) {
        (Maker::Anthropic, effort) => {
            fields.put("thinking", anthropic::thinking(effort, budget));
            let effort = effort.and_then(anthropic::effort);
            fields.put("output_config", effort.map(|effort| json!({ "effort": effort })));
        }
        (_, None) => {}
        (Maker::Nova, Some(Effort::None)) => fields.put("reasoningConfig", Some(json!({ "type": "disabled" }))),
        (Maker::Nova, Some(effort)) => {
            let effort = anthropic::effort(effort);
            fields.put("reasoningConfig", Some(json!({ "type": "enabled", "maxReasoningEffort": effort })));
        }
        // They always think.
        (Maker::OpenAi, Some(effort)) if effort != Effort::None => {
            fields.put("reasoning_effort", anthropic::effort(effort));
        }
        _ => return Err(unknown("reasoning.effort")),
    }
    Ok((fields, budget.map(|budget| budget.saturating_add(anthropic::DEFAULT_MAX_TOKENS))))
}

fn parts(message: &Message, index: usize) -> Result<Vec<Value>, RequestError> {
    let mut blocks = Vec::new();
    for part in content::parts(message, index)? {
        // An empty text is refused, and nothing is lost with it.
        if !matches!(part.kind, Kind::Text("")) {
            blocks.push(block(&part)?);
        }
        blocks.extend(part.cache.map(cache_point));
    }
    Ok(blocks)
}

/// Thoughts first, as they came first.
fn assistant(message: &Message, index: usize) -> Result<Vec<Value>, RequestError> {
    let mut blocks = Vec::new();
    for thought in message.thoughts() {
        let content = match (thought.redacted, thought.signature) {
            (Some(data), _) => json!({ "redactedContent": data }),
            (None, Some(signature)) => json!({ "reasoningText": { "text": thought.text, "signature": signature } }),
            // Models that sign refuse it without; the others don't ask for it.
            (None, None) => continue,
        };
        blocks.push(json!({ "reasoningContent": content }));
    }
    blocks.append(&mut parts(message, index)?);
    for (at, call) in message.tool_calls.iter().enumerate() {
        let input = call.arguments(index, at)?;
        let call = json!({ "toolUseId": call.id, "name": call.function.name, "input": input });
        blocks.push(json!({ "toolUse": call }));
    }
    Ok(blocks)
}

fn tool_result(message: &Message, index: usize) -> Result<Value, RequestError> {
    let content = parts(message, index)?;
    let mut result = object([("toolUseId", json!(message.tool_call_id)), ("content", content.into())]);
    result.put("status", message.is_error.map(|is_error| if is_error { "error" } else { "success" }));
    Ok(json!({ "toolResult": result }))
}

fn block(part: &Part<'_>) -> Result<Value, RequestError> {
    let (source, filename) = match &part.kind {
        Kind::Text(text) => return Ok(json!({ "text": text })),
        Kind::Image { source, .. } => (source, None),
        Kind::File { source, filename } => (source, *filename),
        Kind::Own => {
            return Err(RequestError::unsupported(part.field.clone(), "Converse knows text, pictures and files"));
        }
    };
    let place = match source {
        Source::Data { base64, .. } => json!({ "bytes": base64 }),
        Source::Url { url, .. } if url.starts_with("s3://") => json!({ "s3Location": { "uri": url } }),
        Source::Url { .. } => {
            return Err(RequestError::unsupported(
                part.field.clone(),
                "Bedrock takes bytes, or what lies in S3 (s3://…)",
            ));
        }
    };
    let Some((kind, format)) = source.media_type().and_then(format) else {
        return Err(RequestError::unsupported(part.field.clone(), "Bedrock takes no files of this media type"));
    };
    let mut block = object([("format", json!(format)), ("source", place)]);
    if kind == "document" {
        block.insert("name".to_owned(), json!(document_name(filename, &part.field)));
    }
    Ok(json!({ kind: block }))
}

/// The kind of block and its word for a media type.
fn format(media_type: &str) -> Option<(&'static str, &'static str)> {
    let word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    let sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let known = [
        ("image/png", "image", "png"),
        ("image/jpeg", "image", "jpeg"),
        ("image/gif", "image", "gif"),
        ("image/webp", "image", "webp"),
        ("application/pdf", "document", "pdf"),
        ("text/csv", "document", "csv"),
        ("text/html", "document", "html"),
        ("text/plain", "document", "txt"),
        ("text/markdown", "document", "md"),
        ("application/msword", "document", "doc"),
        (word, "document", "docx"),
        ("application/vnd.ms-excel", "document", "xls"),
        (sheet, "document", "xlsx"),
        ("video/mp4", "video", "mp4"),
        ("video/webm", "video", "webm"),
        ("video/quicktime", "video", "mov"),
        ("audio/wav", "audio", "wav"),
        ("audio/mpeg", "audio", "mp3"),
    ];
    known.into_iter().find(|(known, ..)| *known == media_type).map(|(_, kind, format)| (kind, format))
}

/// The file's name without its ending, else its place, as no two may be alike; in the characters that are allowed:
/// letters, digits, single spaces, `-()[]`.
fn document_name(filename: Option<&str>, place: &str) -> String {
    let name = filename.map_or(place, |name| name.rsplit_once('.').map_or(name, |(stem, _)| stem));
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "()[]".contains(letter);
    let plain: String = name.chars().take(200).map(|letter| if allowed(letter) { letter } else { '-' }).collect();
    if plain.is_empty() { "-".to_owned() } else { plain }
}

fn tool_config(request: &ChatRequest) -> Result<Option<Value>, RequestError> {
    let mut list = Vec::new();
    for tool in tools::read(&request.tools)? {
        match tool {
            Tool::Own(own) => list.push(own.clone()),
            Tool::Function(tool) => {
                let mut spec = object([("name", json!(tool.name))]);
                spec.put("description", tool.description);
                spec.insert("inputSchema".to_owned(), json!({ "json": tool.schema() }));
                spec.put("strict", tool.strict);
                list.push(json!({ "toolSpec": spec }));
                list.extend(tool.cache.map(cache_point));
            }
        }
    }
    let mut config = Members::new();
    config.put("tools", (!list.is_empty()).then_some(list));
    let choice = match &request.tool_choice {
        None => None,
        Some(ToolChoice::Auto) => Some(json!({ "auto": {} })),
        Some(ToolChoice::Required) => Some(json!({ "any": {} })),
        Some(ToolChoice::One { tool }) => Some(json!({ "tool": { "name": tool } })),
        Some(ToolChoice::None) => {
            return Err(RequestError::unsupported("toolChoice", "Converse can't forbid tools: leave them out"));
        }
    };
    config.put("toolChoice", choice);
    Ok(filled(config))
}
