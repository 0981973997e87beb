//! Hosts that speak nearly as OpenAI's chat completions do: Workers AI's own path, watsonx.ai, models on SageMaker.
//!
//! Names: <https://developers.cloudflare.com/workers-ai/models/> (the schema of each model),
//! <https://cloud.ibm.com/apidocs/watsonx-ai#text-chat-stream>, and of SageMaker the containers' own
//! (<https://docs.djl.ai/master/docs/serving/serving/docs/lmi/user_guides/chat_input_output_schema.html>).

use serde_json::json;

use super::members::{Members, Put, object};
use super::{ChatRequest, Effort, Output, RequestError, ToolChoice, openai};

pub(super) const WORKERS_AI_LACKS: &[&str] = &["stop", "n", "parallelToolCalls", "reasoning.budgetTokens"];
pub(super) const WATSONX_LACKS: &[&str] = &["topK", "parallelToolCalls", "reasoning.budgetTokens"];
pub(super) const SAGEMAKER_LACKS: &[&str] = openai::LACKS;

/// The model is in the path. A schema stands by itself; no thinking is an effort of `null`.
pub(super) fn workers_ai(request: &ChatRequest) -> Result<Members, RequestError> {
    let mut body = object([("messages", openai::messages(request)?)]);
    body.insert("stream".to_owned(), json!(request.stream.unwrap_or(true)));
    body.put("max_tokens", request.max_tokens);
    body.put("temperature", request.temperature);
    body.put("top_p", request.top_p);
    body.put("top_k", request.top_k);
    body.put("seed", request.seed);
    body.put("frequency_penalty", request.frequency_penalty);
    body.put("presence_penalty", request.presence_penalty);
    body.put("tools", openai::tool_list(request)?);
    body.put("tool_choice", request.tool_choice.as_ref().map(openai::tool_choice));
    match request.output_kind() {
        Output::Text => {}
        Output::Json => body.put("response_format", Some(json!({ "type": "json_object" }))),
        Output::Schema(schema) => {
            body.put("response_format", Some(json!({ "type": "json_schema", "json_schema": schema })));
        }
    }
    let effort = request.reasoning.as_ref().and_then(|spec| spec.effort);
    let effort = effort.map(|effort| (effort != Effort::None).then(|| effort.name()));
    body.put("reasoning_effort", effort.map(|effort| json!(effort)));
    Ok(body)
}

/// Whether to stream is said in the path; the project, which it wants to know, is the caller's to give.
pub(super) fn watsonx(request: &ChatRequest) -> Result<Members, RequestError> {
    let mut body = object([("model_id", json!(request.model)), ("messages", openai::messages(request)?)]);
    body.put("max_tokens", request.max_tokens);
    body.put("temperature", request.temperature);
    body.put("top_p", request.top_p);
    body.put("stop", request.stops());
    body.put("seed", request.seed);
    body.put("n", request.n);
    body.put("frequency_penalty", request.frequency_penalty);
    body.put("presence_penalty", request.presence_penalty);
    body.put("tools", openai::tool_list(request)?);
    match &request.tool_choice {
        None => {}
        // One of the tools by name, or a word on all of them: members of their own.
        Some(one @ ToolChoice::One { .. }) => body.put("tool_choice", Some(openai::tool_choice(one))),
        Some(choice) => body.put("tool_choice_option", Some(openai::tool_choice(choice))),
    }
    body.put("response_format", openai::response_format(request));
    body.put("reasoning_effort", request.reasoning.as_ref().and_then(|spec| spec.effort).map(Effort::name));
    Ok(body)
}

/// The endpoint is the model.
pub(super) fn sagemaker(request: &ChatRequest) -> Result<Members, RequestError> {
    let mut body = openai::encode(request)?;
    body.shift_remove("model");
    Ok(body)
}
