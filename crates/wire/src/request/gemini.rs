//! Gemini `generateContent`: contents of parts, `systemInstruction`, `generationConfig`. The model and whether to stream
//! are said in the URL.
//!
//! Names: <https://ai.google.dev/api/generate-content>. An effort is asked for by `thinkingLevel`; models before Gemini 3
//! have budgets only, and get the one that Google's own OpenAI endpoint gives them
//! (<https://ai.google.dev/gemini-api/docs/openai#thinking>). Who asks for thinking gets the thoughts, too.

use serde_json::{Value, json};

use super::content::{self, Kind, Part, Source};
use super::members::{Members, Put, Turns, filled, object};
use super::tools::{self, Tool};
use super::{ChatRequest, Effort, Message, Output, RequestError, Role, ToolChoice};

pub(super) const LACKS: &[&str] = &["parallelToolCalls", "name"];

pub(super) fn encode(request: &ChatRequest) -> Result<Members, RequestError> {
    let mut body = Members::new();
    let (system, said) = request.split_system();
    let system = request.system_texts(&system)?;
    if !system.is_empty() {
        let parts: Vec<Value> = system.iter().map(|(text, _)| json!({ "text": text })).collect();
        body.put("systemInstruction", Some(json!({ "parts": parts })));
    }
    let mut turns = Turns::default();
    for (index, message) in said {
        match message.role {
            Role::Assistant => turns.say("model", model(message, index)?),
            Role::Tool => {
                let name = request.tool_of(index, message)?;
                turns.say("user", vec![tool_response(name, message, index)?]);
            }
            _ => turns.say("user", content::parts(message, index)?.iter().map(part).collect::<Result<_, _>>()?),
        }
    }
    body.insert("contents".to_owned(), turns.encode("parts"));
    body.put("tools", tool_list(request)?);
    body.put("toolConfig", request.tool_choice.as_ref().map(tool_config));
    body.put("generationConfig", filled(generation(request)));
    Ok(body)
}

fn generation(request: &ChatRequest) -> Members {
    let mut config = Members::new();
    config.put("temperature", request.temperature);
    config.put("maxOutputTokens", request.max_tokens);
    config.put("topP", request.top_p);
    config.put("topK", request.top_k);
    config.put("stopSequences", request.stops());
    config.put("seed", request.seed);
    config.put("candidateCount", request.n);
    config.put("frequencyPenalty", request.frequency_penalty);
    config.put("presencePenalty", request.presence_penalty);
    match request.output_kind() {
        Output::Text => {}
        Output::Json => config.put("responseMimeType", Some("application/json")),
        Output::Schema(schema) => {
            config.put("responseMimeType", Some("application/json"));
            config.put("responseJsonSchema", Some(schema.clone()));
        }
    }
    config.put("thinkingConfig", thinking(request));
    config
}

fn thinking(request: &ChatRequest) -> Option<Value> {
    let spec = request.reasoning.as_ref()?;
    let old = ["gemini-1", "gemini-2"].iter().any(|family| request.model.contains(family));
    let mut config = Members::new();
    match spec.effort {
        _ if spec.budget_tokens.is_some() => config.put("thinkingBudget", spec.budget_tokens),
        None => return None,
        Some(Effort::None) => config.put("thinkingBudget", Some(0)),
        Some(effort) if old => {
            let budget = match effort {
                Effort::High => 24_576,
                Effort::Medium => 8192,
                Effort::None | Effort::Minimal | Effort::Low => 1024,
            };
            config.put("thinkingBudget", Some(budget));
        }
        Some(effort) => config.put("thinkingLevel", Some(effort.name().to_uppercase())),
    }
    let some = spec.budget_tokens.map_or(spec.effort != Some(Effort::None), |budget| budget > 0);
    config.put("includeThoughts", some.then_some(true));
    Some(Value::Object(config))
}

/// What the model said. A signature stands on the part that followed it: the first call, else the first text.
fn model(message: &Message, index: usize) -> Result<Vec<Value>, RequestError> {
    let mut parts = Vec::new();
    let mut signature = None;
    for thought in message.thoughts() {
        if !thought.text.is_empty() {
            parts.push(json!({ "text": thought.text, "thought": true }));
        }
        signature = thought.signature.or(signature);
    }
    let own_signatures = message.tool_calls.iter().any(|call| call.signature.is_some());
    let mut said = Vec::new();
    for spoken in content::parts(message, index)? {
        // An empty text is refused, and nothing is lost with it.
        if !matches!(spoken.kind, Kind::Text("")) {
            said.push(part(&spoken)?);
        }
    }
    let mut calls = Vec::new();
    for (at, call) in message.tool_calls.iter().enumerate() {
        let called = json!({ "id": call.id, "name": call.function.name, "args": call.arguments(index, at)? });
        let mut part = object([("functionCall", called)]);
        part.put("thoughtSignature", call.signature.as_deref());
        calls.push(Value::Object(part));
    }
    if let Some(signature) = signature.filter(|_| !own_signatures) {
        match calls.first_mut().or(said.first_mut()) {
            Some(Value::Object(part)) => part.put("thoughtSignature", Some(signature)),
            _ => said.push(json!({ "text": "", "thoughtSignature": signature })),
        }
    }
    parts.append(&mut said);
    parts.append(&mut calls);
    Ok(parts)
}

/// What a tool gave: its text as an object, under the name that says whether it went well, unless it is one; pictures
/// and files beside it.
fn tool_response(name: &str, message: &Message, index: usize) -> Result<Value, RequestError> {
    let (mut texts, mut parts) = (Vec::new(), Vec::new());
    for part in content::parts(message, index)? {
        match part.kind {
            Kind::Text(text) => texts.push(text),
            _ => parts.push(self::part(&part)?),
        }
    }
    let text = texts.join("\n");
    let parsed: Option<Value> = serde_json::from_str(&text).ok();
    let response = match parsed {
        _ if message.is_error == Some(true) => json!({ "error": text }),
        Some(object @ Value::Object(_)) => object,
        Some(other) => json!({ "output": other }),
        None => json!({ "output": text }),
    };
    let mut answer = object([("id", json!(message.tool_call_id)), ("name", json!(name)), ("response", response)]);
    answer.put("parts", (!parts.is_empty()).then_some(parts));
    Ok(json!({ "functionResponse": answer }))
}

fn part(part: &Part<'_>) -> Result<Value, RequestError> {
    match &part.kind {
        Kind::Text(text) => Ok(json!({ "text": text })),
        Kind::Image { source, .. } | Kind::File { source, .. } => Ok(data(source)),
        Kind::Own => Err(RequestError::unsupported(part.field.clone(), "Gemini knows text, image and file parts")),
    }
}

fn data(source: &Source<'_>) -> Value {
    match source {
        Source::Data { media_type, base64 } => json!({ "inlineData": { "mimeType": media_type, "data": base64 } }),
        Source::Url { url, .. } => {
            let mut file = object([("fileUri", json!(url))]);
            file.put("mimeType", source.media_type());
            json!({ "fileData": file })
        }
    }
}

/// One object holds all functions; each of Google's own tools is an object beside it.
fn tool_list(request: &ChatRequest) -> Result<Option<Value>, RequestError> {
    let (mut functions, mut tools) = (Vec::new(), Vec::new());
    for tool in tools::read(&request.tools)? {
        match tool {
            Tool::Own(own) => tools.push(own.clone()),
            Tool::Function(tool) => {
                let mut declared = object([("name", json!(tool.name))]);
                declared.put("description", tool.description);
                declared.put("parametersJsonSchema", tool.parameters.cloned());
                functions.push(Value::Object(declared));
            }
        }
    }
    if !functions.is_empty() {
        tools.insert(0, json!({ "functionDeclarations": functions }));
    }
    Ok((!tools.is_empty()).then_some(Value::Array(tools)))
}

fn tool_config(choice: &ToolChoice) -> Value {
    let config = match choice {
        ToolChoice::Auto => json!({ "mode": "AUTO" }),
        ToolChoice::None => json!({ "mode": "NONE" }),
        ToolChoice::Required => json!({ "mode": "ANY" }),
        ToolChoice::One { tool } => json!({ "mode": "ANY", "allowedFunctionNames": [tool] }),
    };
    json!({ "functionCallingConfig": config })
}
