//! OpenAI's Responses: numbered events around output items, from `response.created` to `response.completed`, and one
//! object where no stream is asked for. The shapes are those of
//! <https://platform.openai.com/docs/api-reference/responses-streaming>.
//!
//! The format says everything once more when it is done: an answer's text is kept until its end.

use std::io::Write;

use serde_json::{Value, json};

use super::{Counts, Frames, Identity, LongToken, MARK, Part, Whole, call_id, cut_at_mark, put, signature_of};
use crate::answer::{Omit, ToolCall};
use crate::fault::InStreamError;

/// Encodes events. An item is opened with the first frame that belongs to it, and closed with the first that doesn't.
#[derive(Debug)]
pub(crate) struct Responses {
    identity: Kept,
    counts: Counts,
    omit_usage: bool,
    events: u64,
    item: Option<Item>,
    /// Items that are done.
    output: Vec<Value>,
    /// What was said of the open item.
    said: String,
}

#[derive(Debug)]
struct Kept {
    id: String,
    created: u64,
    model: String,
    signature: String,
}

#[derive(Debug)]
enum Item {
    Reasoning,
    Message,
    /// Which call, and what it is.
    Call(usize, Value),
}

impl Responses {
    pub(crate) fn new(identity: &Identity, counts: Counts, omit_usage: bool) -> Self {
        Self {
            identity: Kept {
                id: identity.id.clone(),
                created: identity.created,
                model: identity.model.clone(),
                signature: signature_of(identity),
            },
            counts,
            omit_usage,
            events: 0,
            item: None,
            output: Vec::new(),
            said: String::new(),
        }
    }

    fn event(&mut self, out: &mut Vec<u8>, name: &str, mut data: Value) {
        if let Value::Object(map) = &mut data {
            map.insert("type".to_owned(), name.into());
            map.insert("sequence_number".to_owned(), self.events.into());
        }
        self.events += 1;
        let _ = write!(out, "event: {name}\ndata: ");
        put(out, &data);
        out.extend_from_slice(b"\n\n");
    }

    /// An event of the response as a whole.
    fn state(&mut self, out: &mut Vec<u8>, name: &str, state: State<'_>) {
        let usage = (state.status != "in_progress" && !self.omit_usage).then(|| usage(self.counts));
        let Kept { id, created, model, .. } = &self.identity;
        let response = response((id, *created, model), &state, &self.output, usage);
        self.event(out, name, json!({ "response": response }));
    }

    fn item_id(&self, prefix: &str) -> String {
        item_id(&self.identity.id, prefix, self.output.len())
    }

    /// An event about the open item's only part.
    fn of_part(&mut self, out: &mut Vec<u8>, name: &str, mut data: Value) {
        let (prefix, number) = match self.item {
            Some(Item::Reasoning) => ("rs", Some("summary_index")),
            Some(Item::Call(..)) => ("fc", None),
            _ => ("msg", Some("content_index")),
        };
        if let Value::Object(map) = &mut data {
            map.insert("item_id".to_owned(), self.item_id(prefix).into());
            map.insert("output_index".to_owned(), self.output.len().into());
            map.extend(number.map(|name| (name.to_owned(), 0.into())));
        }
        self.event(out, name, data);
    }

    fn added(&mut self, out: &mut Vec<u8>, item: Value) {
        let data = json!({ "output_index": self.output.len(), "item": item });
        self.event(out, "response.output_item.added", data);
    }

    fn enter_reasoning(&mut self, out: &mut Vec<u8>) {
        if matches!(self.item, Some(Item::Reasoning)) {
            return;
        }
        self.leave(out);
        self.item = Some(Item::Reasoning);
        self.added(out, json!({ "id": self.item_id("rs"), "type": "reasoning", "summary": [] }));
        let part = json!({ "part": { "type": "summary_text", "text": "" } });
        self.of_part(out, "response.reasoning_summary_part.added", part);
    }

    fn enter_message(&mut self, out: &mut Vec<u8>) {
        if matches!(self.item, Some(Item::Message)) {
            return;
        }
        self.leave(out);
        self.item = Some(Item::Message);
        self.added(out, message(&self.item_id("msg"), "in_progress", None));
        self.of_part(out, "response.content_part.added", json!({ "part": text_part("") }));
    }

    fn leave(&mut self, out: &mut Vec<u8>) {
        let said = std::mem::take(&mut self.said);
        let item = match &self.item {
            None => return,
            Some(Item::Reasoning) => {
                let item = reasoning(&self.item_id("rs"), &said, &self.identity.signature);
                self.of_part(out, "response.reasoning_summary_text.done", json!({ "text": said }));
                let part = json!({ "part": { "type": "summary_text", "text": said } });
                self.of_part(out, "response.reasoning_summary_part.done", part);
                item
            }
            Some(Item::Message) => {
                self.of_part(out, "response.output_text.done", json!({ "text": said, "logprobs": [] }));
                self.of_part(out, "response.content_part.done", json!({ "part": text_part(&said) }));
                message(&self.item_id("msg"), "completed", Some(&said))
            }
            Some(Item::Call(_, call)) => {
                let mut call = call.clone();
                if let Value::Object(map) = &mut call {
                    map.insert("arguments".to_owned(), said.as_str().into());
                    map.insert("status".to_owned(), "completed".into());
                }
                self.of_part(out, "response.function_call_arguments.done", json!({ "arguments": said }));
                call
            }
        };
        let data = json!({ "output_index": self.output.len(), "item": item });
        self.event(out, "response.output_item.done", data);
        self.output.push(item);
        self.item = None;
    }
}

impl Frames for Responses {
    fn has(&self, part: Part, omit: Omit) -> bool {
        match part {
            Part::Start => !omit.start,
            // They go with the last event, which is both the reason and the end.
            Part::Metadata | Part::Usage | Part::Finish => false,
            Part::Done => !omit.done && !omit.finish,
        }
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        self.state(out, "response.created", State::of("in_progress"));
        self.state(out, "response.in_progress", State::of("in_progress"));
    }

    fn reasoning(&mut self, out: &mut Vec<u8>, text: &str) {
        self.enter_reasoning(out);
        self.said.push_str(text);
        self.of_part(out, "response.reasoning_summary_text.delta", json!({ "delta": text }));
    }

    fn token(&mut self, out: &mut Vec<u8>, text: &str, _index: u64) {
        self.enter_message(out);
        self.said.push_str(text);
        self.of_part(out, "response.output_text.delta", json!({ "delta": text, "logprobs": [] }));
    }

    fn long_token(&mut self, index: u64, bytes: u64) -> LongToken {
        let mut frame = Vec::new();
        self.token(&mut frame, MARK, index);
        // What is too long to be held is not said once more.
        self.said.truncate(self.said.len() - MARK.len());
        cut_at_mark(frame, bytes)
    }

    fn call(&mut self, out: &mut Vec<u8>, index: usize, call: &ToolCall) {
        if matches!(&self.item, Some(Item::Call(open, _)) if *open == index) {
            return;
        }
        self.leave(out);
        let item = function_call(&self.item_id("fc"), call, index, "", "in_progress");
        self.item = Some(Item::Call(index, item.clone()));
        self.added(out, item);
    }

    fn has_pieces(&self) -> bool {
        true
    }

    fn arguments(&mut self, out: &mut Vec<u8>, _index: usize, piece: &str) {
        self.said.push_str(piece);
        self.of_part(out, "response.function_call_arguments.delta", json!({ "delta": piece }));
    }

    fn finish(&mut self, _out: &mut Vec<u8>, _reason: Option<&str>) {}

    fn done(&mut self, out: &mut Vec<u8>, finish: &str) {
        self.leave(out);
        let state = State::finished(finish);
        self.state(out, if state.reason.is_some() { "response.incomplete" } else { "response.completed" }, state);
    }

    fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError) {
        let kind = error.kind.as_deref().unwrap_or("server_error");
        let code = error.code.clone().unwrap_or_else(|| kind.into());
        let failure = json!({ "type": kind, "code": code, "message": error.message, "param": null });
        self.event(out, "error", json!({ "error": failure }));
        if error.done.unwrap_or(true) {
            let failure = json!({ "code": code, "message": error.message });
            self.state(out, "response.failed", State { status: "failed", reason: None, error: failure });
        }
    }
}

/// How a response stands.
struct State<'a> {
    status: &'static str,
    /// Why it is incomplete.
    reason: Option<&'a str>,
    error: Value,
}

impl<'a> State<'a> {
    fn of(status: &'static str) -> Self {
        Self { status, reason: None, error: Value::Null }
    }

    /// Chat completions' words for it, or what a test wants in their place.
    fn finished(finish: &'a str) -> Self {
        match finish {
            "stop" | "tool_calls" => Self::of("completed"),
            "length" => Self { reason: Some("max_output_tokens"), ..Self::of("incomplete") },
            other => Self { reason: Some(other), ..Self::of("incomplete") },
        }
    }
}

/// The whole answer as one response.
pub(crate) fn whole(whole: &Whole<'_>) -> String {
    let Whole { answer, identity, counts, .. } = whole;
    let mut output = Vec::new();
    if let Some(text) = whole.reasoning() {
        output.push(reasoning(&item_id(&identity.id, "rs", 0), &text, &signature_of(identity)));
    }
    let text = whole.text();
    if !text.is_empty() {
        output.push(message(&item_id(&identity.id, "msg", output.len()), "completed", Some(&text)));
    }
    for (index, call) in answer.tool_calls.iter().enumerate() {
        let id = item_id(&identity.id, "fc", output.len());
        output.push(function_call(&id, call, index, &call.arguments, "completed"));
    }
    let state = if answer.omit.finish { State::of("completed") } else { State::finished(whole.finish) };
    let usage = (!answer.omit.usage).then(|| usage(*counts));
    response((&identity.id, identity.created, &identity.model), &state, &output, usage).to_string()
}

/// A response: how it stands, and what the request may have said.
fn response(
    (id, created, model): (&str, u64, &str),
    state: &State<'_>,
    output: &[Value],
    usage: Option<Value>,
) -> Value {
    json!({
        "id": format!("resp_{id}"),
        "object": "response",
        "created_at": created,
        "status": state.status,
        "background": false,
        "error": state.error,
        "incomplete_details": state.reason.map(|reason| json!({ "reason": reason })),
        "instructions": null,
        "max_output_tokens": null,
        "max_tool_calls": null,
        "metadata": {},
        "model": model,
        "output": output,
        "parallel_tool_calls": true,
        "previous_response_id": null,
        "prompt_cache_key": null,
        "reasoning": { "effort": null, "summary": null },
        "safety_identifier": null,
        "service_tier": "default",
        "store": true,
        "temperature": 1,
        "text": { "format": { "type": "text" }, "verbosity": "medium" },
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1,
        "truncation": "disabled",
        "usage": usage,
        "user": null,
    })
}

fn item_id(id: &str, prefix: &str, index: usize) -> String {
    format!("{prefix}_{id}{index:03}")
}

fn reasoning(id: &str, text: &str, signature: &str) -> Value {
    let summary = json!([{ "type": "summary_text", "text": text }]);
    json!({ "id": id, "type": "reasoning", "summary": summary, "encrypted_content": signature })
}

fn message(id: &str, status: &str, text: Option<&str>) -> Value {
    let content: Vec<_> = text.map(text_part).into_iter().collect();
    json!({ "id": id, "type": "message", "status": status, "content": content, "role": "assistant" })
}

fn text_part(text: &str) -> Value {
    json!({ "type": "output_text", "annotations": [], "logprobs": [], "text": text })
}

fn function_call(id: &str, call: &ToolCall, index: usize, arguments: &str, status: &str) -> Value {
    json!({
        "id": id,
        "type": "function_call",
        "status": status,
        "arguments": arguments,
        "call_id": call_id(call, index, "call"),
        "name": call.name,
    })
}

fn usage(counts: Counts) -> Value {
    json!({
        "input_tokens": counts.prompt,
        "input_tokens_details": { "cached_tokens": 0 },
        "output_tokens": counts.completion(),
        "output_tokens_details": { "reasoning_tokens": counts.reasoning },
        "total_tokens": counts.prompt + counts.completion(),
    })
}
