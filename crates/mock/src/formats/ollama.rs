//! Ollama's own `chat` and `generate`: one object a line, the last with `done: true`; and that alone where no stream is
//! asked for. The shapes are those of <https://github.com/ollama/ollama/blob/main/docs/api.md>.

use std::time::{Instant, SystemTime};

use serde_json::{Map, Value, json};

use super::{Counts, Frames, Identity, Part, Whole, arguments_of, put};
use crate::answer::{Omit, ToolCall};
use crate::clock::iso;
use crate::fault::InStreamError;

/// Encodes lines. The reason, the counts and the mark of the end stand in the last one together.
#[derive(Debug)]
pub(crate) struct Ollama {
    model: String,
    /// Whether a prompt is continued (`generate`), not a conversation.
    generate: bool,
    counts: Counts,
    omit: Omit,
    began: Instant,
}

impl Ollama {
    pub(crate) fn new(identity: &Identity, counts: Counts, omit: Omit, generate: bool) -> Self {
        Self { model: identity.model.clone(), generate, counts, omit, began: Instant::now() }
    }

    fn line(&self, out: &mut Vec<u8>, members: Value) {
        let mut line = json!({ "model": self.model, "created_at": iso(SystemTime::now()) });
        if let (Value::Object(line), Value::Object(members)) = (&mut line, members) {
            line.extend(members);
            line.entry("done").or_insert(false.into());
        }
        put(out, &line);
        out.push(b'\n');
    }
}

impl Frames for Ollama {
    fn has(&self, part: Part, omit: Omit) -> bool {
        part == Part::Done && !omit.done
    }

    fn start(&mut self, _out: &mut Vec<u8>) {}

    fn reasoning(&mut self, out: &mut Vec<u8>, text: &str) {
        let members = if self.generate {
            json!({ "response": "", "thinking": text })
        } else {
            json!({ "message": { "role": "assistant", "content": "", "thinking": text } })
        };
        self.line(out, members);
    }

    fn token(&mut self, out: &mut Vec<u8>, text: &str, _index: u64) {
        let members = if self.generate {
            json!({ "response": text })
        } else {
            json!({ "message": { "role": "assistant", "content": text } })
        };
        self.line(out, members);
    }

    fn call(&mut self, out: &mut Vec<u8>, index: usize, call: &ToolCall) {
        let calls = json!([tool_call(call, index)]);
        self.line(out, json!({ "message": { "role": "assistant", "content": "", "tool_calls": calls } }));
    }

    fn finish(&mut self, _out: &mut Vec<u8>, _reason: Option<&str>) {}

    fn done(&mut self, out: &mut Vec<u8>, finish: &str) {
        let mut members = ending(self.counts, self.omit, finish, self.began);
        if self.generate {
            members.insert("response".to_owned(), "".into());
        } else {
            members.insert("message".to_owned(), json!({ "role": "assistant", "content": "" }));
        }
        self.line(out, Value::Object(members));
    }

    fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError) {
        put(out, &json!({ "error": error.message }));
        out.push(b'\n');
        if error.done.unwrap_or(false) {
            self.done(out, "stop");
        }
    }
}

fn tool_call(call: &ToolCall, index: usize) -> Value {
    let mut value = json!({ "function": { "index": index, "name": call.name, "arguments": arguments_of(call) } });
    if let (Some(id), Value::Object(map)) = (&call.id, &mut value) {
        map.insert("id".to_owned(), id.as_str().into());
    }
    value
}

/// What the last line says of the answer. Durations are in nanoseconds.
fn ending(counts: Counts, omit: Omit, finish: &str, began: Instant) -> Map<String, Value> {
    let mut members = Map::from_iter([("done".to_owned(), true.into())]);
    if !omit.finish {
        members.insert("done_reason".to_owned(), done_reason(finish).into());
    }
    if !omit.usage {
        let elapsed = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        for (name, value) in [
            ("total_duration", elapsed),
            ("load_duration", 1_000_000),
            ("prompt_eval_count", counts.prompt),
            ("prompt_eval_duration", 1_000_000),
            ("eval_count", counts.completion()),
            ("eval_duration", elapsed),
        ] {
            members.insert(name.to_owned(), value.into());
        }
    }
    members
}

/// The whole answer as one object.
pub(crate) fn whole(whole: &Whole<'_>, generate: bool) -> String {
    let Whole { answer, identity, counts, .. } = whole;
    let mut object = json!({ "model": identity.model, "created_at": iso(SystemTime::now()) });
    if let Value::Object(object) = &mut object {
        if generate {
            object.insert("response".to_owned(), whole.text().into());
            if let Some(thinking) = whole.reasoning() {
                object.insert("thinking".to_owned(), thinking.into());
            }
        } else {
            let mut message = Map::from_iter([("role".to_owned(), "assistant".into())]);
            message.insert("content".to_owned(), whole.text().into());
            if let Some(thinking) = whole.reasoning() {
                message.insert("thinking".to_owned(), thinking.into());
            }
            if !answer.tool_calls.is_empty() {
                let calls = answer.tool_calls.iter().enumerate().map(|(index, call)| tool_call(call, index));
                message.insert("tool_calls".to_owned(), calls.collect());
            }
            object.insert("message".to_owned(), Value::Object(message));
        }
        object.extend(ending(*counts, answer.omit, whole.finish, Instant::now()));
    }
    object.to_string()
}

/// OpenAI's words for it, or what a test wants in their place. Calls end like any other answer.
fn done_reason(finish: &str) -> &str {
    match finish {
        "tool_calls" => "stop",
        other => other,
    }
}

pub(crate) fn message_of(status: u16) -> &'static str {
    match status {
        401 => "unauthorized",
        402 | 403 => "this model requires a subscription, upgrade for access",
        404 => "model 'mock' not found",
        429 => "you've reached your hourly usage limit, please upgrade to continue",
        503 | 529 => "server busy, please try again. maximum pending requests exceeded",
        300..=399 => "see the Location header",
        _ if status < 500 => "invalid request",
        _ => "llama runner process has terminated: exit status 2",
    }
}

pub(crate) fn error_body(message: &str) -> String {
    json!({ "error": message }).to_string()
}
