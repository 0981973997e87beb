//! What one answer is to be: its content, its pace, the ways in which it goes wrong.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use crate::fault::{self, Fault, LONGEST_MS};
use crate::fields::{Fields, OptionError, expected, is_header_value};
use crate::formats::{self, Format};
use crate::recording::Library;
use crate::text::Words;

/// Every option of an answer. An answer is made of the server's defaults, the script's entry for this request, and
/// the request's own `x-mock-fault` header, later ones replacing earlier ones option by option; `null` takes an
/// option back.
pub(crate) const KEYS: [&str; 42] = [
    "protocol",
    "text",
    "echo",
    "tokens",
    "seed",
    "stamp",
    "reasoning",
    "reasoningField",
    "toolCalls",
    "finishReason",
    "usage",
    "metadata",
    "replay",
    "tokensPerSecond",
    "jitter",
    "burst",
    "firstTokenDelay",
    "splitBytes",
    "splitDelay",
    "chunkBytes",
    "partBytes",
    "status",
    "contentType",
    "body",
    "as",
    "headers",
    "retryAfter",
    "retryAfterMs",
    "retryAfterDate",
    "redirect",
    "delayHead",
    "dripHead",
    "keepAlive",
    "omit",
    "ids",
    "reset",
    "end",
    "stall",
    "garbage",
    "error",
    "hugeEvent",
    "closeConnection",
];

/// Options that say what the content is: one of them at a time.
const CONTENT: [&str; 4] = ["text", "echo", "tokens", "replay"];
/// Options that put a body in place of the stream.
const BODY: [&str; 2] = ["as", "body"];

/// Lays `over` on `base`, option by option.
pub(crate) fn merge(base: &Map<String, Value>, over: &Map<String, Value>) -> Map<String, Value> {
    let mut merged = base.clone();
    for group in [CONTENT.as_slice(), BODY.as_slice()] {
        if group.iter().any(|name| over.get(*name).is_some_and(|value| !value.is_null())) {
            for name in group {
                merged.remove(*name);
            }
        }
    }
    merged.extend(over.iter().map(|(name, value)| (name.clone(), value.clone())));
    merged
}

/// One answer, validated.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// In place of what the request's path says.
    pub(crate) protocol: Option<Format>,
    pub(crate) content: Content,
    pub(crate) seed: u64,
    /// Whether each token is the time at which it was made, in place of a word.
    pub(crate) stamp: bool,
    pub(crate) reasoning: Option<Words>,
    pub(crate) reasoning_field: String,
    pub(crate) tool_calls: Vec<ToolCall>,
    pub(crate) finish_reason: Option<String>,
    /// Counts in place of those made up, and told whether or not they are asked for.
    pub(crate) usage: Option<Told>,
    pub(crate) metadata: Option<Value>,
    pub(crate) pace: Pace,
    pub(crate) cut: Cut,
    /// `None`: 200, and whatever goes with the rest.
    pub(crate) status: Option<u16>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Option<Body>,
    pub(crate) headers: Vec<(String, String)>,
    /// An HTTP date so long after the answer, in seconds.
    pub(crate) retry_after_date: Option<u64>,
    pub(crate) redirect: Option<String>,
    pub(crate) delay_head: Duration,
    pub(crate) drip_head: Option<Duration>,
    pub(crate) keep_alive: Option<KeepAlive>,
    pub(crate) omit: Omit,
    /// Whether events carry ids by which an answer can be resumed.
    pub(crate) ids: bool,
    pub(crate) faults: Vec<Fault>,
    /// Whether the connection is closed, in good order, after the answer.
    pub(crate) close_connection: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Content {
    Words(Words),
    /// The text of the last user message.
    Echo,
    Recordings(Arc<Library>),
}

#[derive(Debug, Clone)]
pub(crate) struct ToolCall {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    /// JSON text, or what a test wants in its place.
    pub(crate) arguments: String,
}

/// Counts that a test wants told; those left out are as counted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Told {
    pub(crate) prompt: Option<u64>,
    /// Reasoning included.
    pub(crate) completion: Option<u64>,
    pub(crate) reasoning: Option<u64>,
}

/// When tokens go out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Between two tokens; zero is as fast as the client reads.
    pub(crate) interval: Duration,
    /// By which part of the interval a token may be early or late, 0 to 1.
    pub(crate) jitter: f64,
    /// Tokens per write.
    pub(crate) burst: u64,
    pub(crate) first: Duration,
}

/// Into which pieces the bytes are cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) split: Option<Split>,
    pub(crate) split_delay: Duration,
    pub(crate) chunk_bytes: Option<usize>,
    /// Of a format that comes in the messages of another: into parts of so many bytes.
    pub(crate) parts: Option<Split>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Split {
    Bytes(usize),
    /// 1 to 64 bytes, drawn from the seed.
    Random,
}

/// A body in place of the stream.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) content_type: &'static str,
}

/// What goes out whenever nothing else has for a while.
#[derive(Debug, Clone)]
pub(crate) struct KeepAlive {
    pub(crate) every: Duration,
    /// In place of what the format has for it.
    pub(crate) text: Option<Arc<str>>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Omit {
    pub(crate) start: bool,
    pub(crate) finish: bool,
    pub(crate) usage: bool,
    pub(crate) done: bool,
}

const HTML: &str = "<!DOCTYPE html>\n<html>\n<head><title>Sign in</title></head>\n<body>\n<h1>Sign in</h1>\n\
                    <p>Your session has ended. Sign in to continue.</p>\n</body>\n</html>\n";
const JSON: &str = "{\"object\":\"list\",\"data\":[]}\n";

impl Answer {
    /// Reads an answer's options. `replay` is only followed where `files` allows it: not for what a request asks.
    pub(crate) fn read(map: &Map<String, Value>, files: Files<'_>) -> Result<Self, OptionError> {
        let fields = Fields::top(map);
        let seed = fields.integer("seed", 0, u64::MAX)?.unwrap_or(1);
        let (faults, keep_alive) = (fault::read(&fields)?, keep_alive(&fields)?);
        let mut headers = fields.headers("headers")?;
        match fields.get("retryAfter") {
            None => {}
            Some(Value::String(text)) if is_header_value(text) => {
                headers.push(("retry-after".to_owned(), text.clone()));
            }
            Some(Value::Number(number)) if number.as_f64().is_some_and(|number| number >= 0.0) => {
                headers.push(("retry-after".to_owned(), number.to_string()));
            }
            Some(_) => return fields.wrong("retryAfter", "a number of seconds or a header value"),
        }
        if let Some(wait) = fields.integer("retryAfterMs", 0, u64::MAX)? {
            headers.push(("retry-after-ms".to_owned(), wait.to_string()));
        }
        let redirect = fields.string("redirect")?.map(str::to_owned);
        if redirect.as_ref().is_some_and(|url| !is_header_value(url)) {
            return fields.wrong("redirect", "a URL without control characters");
        }
        let content_type = fields.string("contentType")?.map(str::to_owned);
        if content_type.as_ref().is_some_and(|value| !is_header_value(value)) {
            return fields.wrong("contentType", "a header value without control characters");
        }
        let protocol = fields.string("protocol")?.map(|name| Format::named(name).ok_or(name)).transpose();
        let Ok(protocol) = protocol else { return fields.wrong("protocol", &formats::names()) };
        Ok(Self {
            protocol,
            content: content(&fields, seed, files)?,
            seed,
            stamp: fields.boolean("stamp")?.unwrap_or(false),
            reasoning: words(&fields, "reasoning", seed ^ 0x5eed)?,
            reasoning_field: choice(&fields, "reasoningField", &["reasoning_content", "reasoning"])?
                .unwrap_or("reasoning_content")
                .to_owned(),
            tool_calls: tool_calls(&fields)?,
            finish_reason: fields.string("finishReason")?.map(str::to_owned),
            usage: usage(&fields)?,
            metadata: fields.map("metadata")?.map(|map| Value::Object(map.clone())),
            pace: pace(&fields)?,
            cut: cut(&fields)?,
            status: fields.integer("status", 200, 599)?.and_then(|status| u16::try_from(status).ok()),
            content_type,
            body: body(&fields)?,
            headers,
            retry_after_date: fields.integer("retryAfterDate", 0, LONGEST_MS)?,
            redirect,
            delay_head: milliseconds(&fields, "delayHead")?,
            drip_head: Some(milliseconds(&fields, "dripHead")?).filter(|wait| !wait.is_zero()),
            keep_alive,
            omit: omit(&fields)?,
            ids: fields.boolean("ids")?.unwrap_or(true),
            faults,
            close_connection: fields.boolean("closeConnection")?.unwrap_or(false),
        })
    }

    /// The headers this answer adds to its head, the date among them counted from now.
    pub(crate) fn own_headers(&self, now: SystemTime) -> Vec<(String, String)> {
        let mut headers = self.headers.clone();
        if let Some(wait) = self.retry_after_date {
            let date = httpdate::fmt_http_date(now + Duration::from_secs(wait));
            headers.push(("retry-after".to_owned(), date));
        }
        headers
    }
}

/// Whether an answer's options may name files, and those already read.
#[derive(Clone, Copy)]
pub(crate) enum Files<'a> {
    Read,
    /// What a request asks comes from outside: it gets the recordings of the server, and no others.
    Only(&'a Content),
}

fn content(fields: &Fields<'_>, seed: u64, files: Files<'_>) -> Result<Content, OptionError> {
    let given = CONTENT.iter().filter(|name| fields.get(name).is_some_and(|value| *value != Value::Bool(false)));
    let given: Vec<_> = given.collect();
    if let [first, second, ..] = given.as_slice() {
        return Err(OptionError::new(format!("Expected one of `{first}` and `{second}`, got both")));
    }
    if let Some(text) = fields.string("text")? {
        return Ok(Content::Words(Words::given(text)));
    }
    if fields.boolean("echo")? == Some(true) {
        return Ok(Content::Echo);
    }
    if let Some(path) = fields.string("replay")? {
        return match files {
            Files::Only(content @ Content::Recordings(_)) => Ok(content.clone()),
            Files::Only(_) => {
                Err(OptionError::new("Expected `replay` to be an option of the server, not of a request"))
            }
            Files::Read => match Library::open(Path::new(path)) {
                Ok(library) => Ok(Content::Recordings(Arc::new(library))),
                Err(error) => Err(OptionError::new(format!(
                    "Expected `replay` to be a recorded stream or a folder of them, got {path:?}: {error}"
                ))),
            },
        };
    }
    let count = fields.integer("tokens", 0, 1_000_000_000)?.unwrap_or(50);
    Ok(Content::Words(Words::Generated { seed, count }))
}

/// A text, or so many generated tokens.
fn words(fields: &Fields<'_>, name: &str, seed: u64) -> Result<Option<Words>, OptionError> {
    match fields.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(Words::given(text))),
        Some(Value::Number(_)) => {
            Ok(fields.integer(name, 0, 1_000_000_000)?.map(|count| Words::Generated { seed, count }))
        }
        Some(_) => fields.wrong(name, "a text or a number of tokens"),
    }
}

fn choice<'a>(fields: &Fields<'a>, name: &str, choices: &[&str]) -> Result<Option<&'a str>, OptionError> {
    match fields.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if choices.contains(&text.as_str()) => Ok(Some(text)),
        Some(_) => {
            let names: Vec<_> = choices.iter().map(|choice| format!("'{choice}'")).collect();
            fields.wrong(name, &names.join(" or "))
        }
    }
}

fn tool_calls(fields: &Fields<'_>) -> Result<Vec<ToolCall>, OptionError> {
    let items = fields.array("toolCalls")?.unwrap_or_default();
    let mut calls = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let path = format!("toolCalls[{index}]");
        let call = Fields::object(&path, item)?;
        call.only(&["id", "name", "arguments", "args"])?;
        if let (Some(_), Some(_)) = (call.get("arguments"), call.get("args")) {
            return Err(OptionError::new(format!("Expected one of `{path}.arguments` and `{path}.args`, got both")));
        }
        let Some(name) = call.string("name")? else { return call.wrong("name", "a string") };
        let arguments = match call.get("arguments").or_else(|| call.get("args")) {
            None => "{}".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        };
        calls.push(ToolCall { id: call.string("id")?.map(str::to_owned), name: name.to_owned(), arguments });
    }
    Ok(calls)
}

fn usage(fields: &Fields<'_>) -> Result<Option<Told>, OptionError> {
    match fields.get("usage") {
        None | Some(Value::Bool(false)) => Ok(None),
        Some(Value::Bool(true)) => Ok(Some(Told::default())),
        Some(value @ Value::Object(_)) => {
            let fields = Fields::object("usage", value)?;
            fields.only(&["promptTokens", "completionTokens", "reasoningTokens"])?;
            let count = |name| fields.integer(name, 0, 1 << 53);
            let told = Told {
                prompt: count("promptTokens")?,
                completion: count("completionTokens")?,
                reasoning: count("reasoningTokens")?,
            };
            match (told.completion, told.reasoning) {
                (Some(completion), Some(reasoning)) if reasoning > completion => {
                    fields.wrong("reasoningTokens", "no more than `usage.completionTokens`")
                }
                _ => Ok(Some(told)),
            }
        }
        Some(_) => fields.wrong("usage", "a boolean or an object"),
    }
}

fn pace(fields: &Fields<'_>) -> Result<Pace, OptionError> {
    let rate = fields.number("tokensPerSecond", 0.0, 1e9)?.filter(|&rate| rate > 0.0);
    // A rate below one token in a day is a stall by another name.
    let interval = rate.map_or(0.0, |rate| (1.0 / rate).min(LONGEST_MS as f64 / 1e3));
    Ok(Pace {
        interval: Duration::from_secs_f64(interval),
        jitter: fields.number("jitter", 0.0, 1.0)?.unwrap_or(0.0),
        burst: fields.integer("burst", 1, 100_000)?.unwrap_or(1),
        first: milliseconds(fields, "firstTokenDelay")?,
    })
}

fn cut(fields: &Fields<'_>) -> Result<Cut, OptionError> {
    let size = |name| -> Result<Option<usize>, OptionError> {
        Ok(fields.integer(name, 1, 1 << 30)?.and_then(|bytes| usize::try_from(bytes).ok()))
    };
    let split = |name| match fields.get(name) {
        Some(Value::String(text)) if text == "random" => Ok(Some(Split::Random)),
        Some(Value::String(_)) => fields.wrong(name, "a number of bytes or 'random'"),
        _ => Ok(size(name)?.map(Split::Bytes)),
    };
    Ok(Cut {
        split: split("splitBytes")?,
        split_delay: milliseconds(fields, "splitDelay")?,
        chunk_bytes: size("chunkBytes")?,
        parts: split("partBytes")?,
    })
}

fn body(fields: &Fields<'_>) -> Result<Option<Body>, OptionError> {
    let body = |text: &str, content_type| Some(Body { bytes: Arc::from(text.as_bytes()), content_type });
    let short = choice(fields, "as", &["html", "json", "empty"])?;
    match (fields.get("body"), short) {
        (Some(_), Some(_)) => Err(OptionError::new("Expected one of `as` and `body`, got both")),
        (None, Some("html")) => Ok(body(HTML, "text/html; charset=utf-8")),
        (None, Some("json")) => Ok(body(JSON, "application/json")),
        (None, Some(_)) => Ok(body("", "text/event-stream; charset=utf-8")),
        (Some(Value::String(text)), None) => Ok(body(text, "text/plain; charset=utf-8")),
        (Some(value), None) => Ok(body(&value.to_string(), "application/json")),
        (None, None) => Ok(None),
    }
}

fn keep_alive(fields: &Fields<'_>) -> Result<Option<KeepAlive>, OptionError> {
    match fields.get("keepAlive") {
        None => Ok(None),
        Some(Value::Number(_)) => Ok(fields
            .integer("keepAlive", 1, LONGEST_MS)?
            .map(|every| KeepAlive { every: Duration::from_millis(every), text: None })),
        Some(value @ Value::Object(_)) => {
            let fields = Fields::object("keepAlive", value)?;
            fields.only(&["every", "text"])?;
            let Some(every) = fields.integer("every", 1, LONGEST_MS)? else {
                return fields.wrong("every", "a number of milliseconds");
            };
            let text = fields.string("text")?.map(Arc::from);
            Ok(Some(KeepAlive { every: Duration::from_millis(every), text }))
        }
        Some(value) => Err(expected("keepAlive", "a number of milliseconds or an object", value)),
    }
}

fn omit(fields: &Fields<'_>) -> Result<Omit, OptionError> {
    let mut omit = Omit::default();
    for part in fields.array("omit")?.unwrap_or_default() {
        match part.as_str() {
            Some("start") => omit.start = true,
            Some("finish") => omit.finish = true,
            Some("usage") => omit.usage = true,
            Some("done") => omit.done = true,
            _ => return Err(expected("omit[]", "'start', 'finish', 'usage' or 'done'", part)),
        }
    }
    Ok(omit)
}

fn milliseconds(fields: &Fields<'_>, name: &str) -> Result<Duration, OptionError> {
    Ok(Duration::from_millis(fields.integer(name, 0, LONGEST_MS)?.unwrap_or(0)))
}
