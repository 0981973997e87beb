//! An application's own route: the canonical request as it is.

use serde_json::{Value, json};

use super::members::{Members, Put};
use super::{ChatRequest, Message, OutputFormat, OutputSpec, ReasoningSpec, ToolCall, ToolChoice};

pub(super) fn encode(request: &ChatRequest) -> Members {
    let mut body = Members::new();
    body.insert("messages".to_owned(), request.messages.iter().map(message).collect());
    body.insert("model".to_owned(), json!(request.model));
    body.put("systemPrompt", request.system_prompt.as_deref());
    body.insert("stream".to_owned(), json!(request.stream.unwrap_or(true)));
    body.put("temperature", request.temperature);
    body.put("maxTokens", request.max_tokens);
    body.put("topP", request.top_p);
    body.put("topK", request.top_k);
    body.put("stop", request.stop.clone());
    body.put("seed", request.seed);
    body.put("n", request.n);
    body.put("frequencyPenalty", request.frequency_penalty);
    body.put("presencePenalty", request.presence_penalty);
    body.put("tools", (!request.tools.is_empty()).then(|| request.tools.clone()));
    body.put("toolChoice", request.tool_choice.as_ref().map(tool_choice));
    body.put("parallelToolCalls", request.parallel_tool_calls);
    body.put("output", request.output.as_ref().map(output));
    body.put("reasoning", request.reasoning.as_ref().map(reasoning));
    body
}

fn message(message: &Message) -> Value {
    let mut members = Members::new();
    members.insert("role".to_owned(), json!(message.role.name()));
    members.insert("content".to_owned(), message.content.clone());
    members.put("name", message.name.as_deref());
    let calls = || message.tool_calls.iter().map(tool_call).collect::<Value>();
    members.put("toolCalls", (!message.tool_calls.is_empty()).then(calls));
    members.put("toolCallId", message.tool_call_id.as_deref());
    members.put("tool", message.tool.as_deref());
    members.put("isError", message.is_error);
    let thoughts = || {
        let thought = |piece: &super::Reasoning| {
            let mut members = Members::new();
            members.insert("text".to_owned(), json!(piece.text));
            members.put("signature", piece.signature.as_deref());
            members.put("id", piece.id.as_deref());
            members.put("redacted", piece.redacted.as_deref());
            Value::Object(members)
        };
        message.reasoning.iter().map(thought).collect::<Value>()
    };
    members.put("reasoning", (!message.reasoning.is_empty()).then(thoughts));
    members.put("cacheControl", message.cache_control.clone());
    Value::Object(members)
}

fn tool_call(call: &ToolCall) -> Value {
    let function = json!({ "name": call.function.name, "arguments": call.function.arguments });
    let mut members = Members::new();
    members.insert("id".to_owned(), json!(call.id));
    members.insert("type".to_owned(), json!("function"));
    members.insert("function".to_owned(), function);
    members.put("signature", call.signature.as_deref());
    Value::Object(members)
}

fn tool_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::One { tool } => json!({ "tool": tool }),
    }
}

fn output(spec: &OutputSpec) -> Value {
    let mut members = Members::new();
    members.put(
        "format",
        spec.format.map(|format| match format {
            OutputFormat::Text => "text",
            OutputFormat::Json => "json",
            OutputFormat::Structured => "structured",
        }),
    );
    members.put("schema", spec.schema.clone());
    members.put("name", spec.name.as_deref());
    members.put("strict", spec.strict);
    Value::Object(members)
}

fn reasoning(spec: &ReasoningSpec) -> Value {
    let mut members = Members::new();
    members.put("effort", spec.effort.map(super::Effort::name));
    members.put("budgetTokens", spec.budget_tokens);
    Value::Object(members)
}
