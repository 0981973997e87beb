//! The wire formats an answer comes in: one file each, and what they have in common.
//!
//! What always holds: a format writes bytes into a buffer and decides nothing else; which part of an answer comes when
//! is decided by `chat`, pace and faults by `play`. Formats know nothing of each other.

pub(crate) mod anthropic;
mod aws;
mod cohere;
mod completions;
mod converse;
mod encoded;
pub(crate) mod events;
pub(crate) mod gemini;
mod interactions;
mod ollama;
pub(crate) mod openai;
mod responses;
mod watsonx;
mod workers_ai;
mod wrapped;

use millstream_wire::encode;
use serde::Serialize;
use serde_json::Value;

use crate::answer::{Answer, Omit, ToolCall};
use crate::fault::InStreamError;
use crate::text::Words;

/// Which format an answer comes in. The names are those of the public API (`WireProtocol`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Chat completions, and legacy completions where the request has a `prompt`.
    OpenAi,
    OpenAiResponses,
    /// Messages.
    Anthropic,
    /// `generateContent` and `streamGenerateContent`.
    Gemini,
    GeminiInteractions,
    WorkersAi,
    BedrockConverse,
    /// With Anthropic's events in it.
    BedrockInvoke,
    /// With OpenAI's chunks in it.
    SageMaker,
    Ollama,
    Cohere,
    Watsonx,
    /// `StreamingResponse`'s own.
    Events,
    /// Another one in which an application answers its clients.
    Application(encode::Format),
}

const NAMES: [(&str, Format); 18] = [
    ("openai", Format::OpenAi),
    ("openai-responses", Format::OpenAiResponses),
    ("anthropic", Format::Anthropic),
    ("gemini", Format::Gemini),
    ("gemini-interactions", Format::GeminiInteractions),
    ("workers-ai", Format::WorkersAi),
    ("bedrock-converse", Format::BedrockConverse),
    ("bedrock-invoke", Format::BedrockInvoke),
    ("sagemaker", Format::SageMaker),
    ("ollama", Format::Ollama),
    ("cohere", Format::Cohere),
    ("watsonx", Format::Watsonx),
    ("events", Format::Events),
    ("chunk", Format::Application(encode::Format::Chunk)),
    ("content", Format::Application(encode::Format::Content)),
    ("ui-message", Format::Application(encode::Format::UiMessage)),
    ("ndjson", Format::Application(encode::Format::Ndjson)),
    ("text", Format::Application(encode::Format::Text)),
];

/// How they are called in options: `'openai', …, 'ndjson' or 'text'`.
pub(crate) fn names() -> String {
    let mut names = String::new();
    for (index, (name, _)) in NAMES.iter().enumerate() {
        names.push_str(match index {
            0 => "",
            _ if index + 1 == NAMES.len() => " or ",
            _ => ", ",
        });
        names.push('\'');
        names.push_str(name);
        names.push('\'');
    }
    names
}

impl Format {
    pub(crate) fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }

    /// Whether the format has a place for reasoning.
    pub(crate) fn reasons(self, wishes: &Wishes) -> bool {
        match self {
            Self::OpenAi | Self::Watsonx => !wishes.completion,
            Self::Application(format) => format != encode::Format::Text,
            _ => true,
        }
    }

    /// Whether it has one for calls.
    pub(crate) fn calls(self, wishes: &Wishes) -> bool {
        match self {
            Self::OpenAi | Self::Ollama | Self::Watsonx => !wishes.completion,
            Self::Application(format) => format != encode::Format::Text,
            _ => true,
        }
    }

    /// The frames of one answer.
    pub(crate) fn frames(
        self,
        identity: &Identity,
        counts: Counts,
        answer: &Answer,
        wishes: &Wishes,
    ) -> Box<dyn Frames> {
        let no_usage = answer.omit.usage;
        match self {
            Self::OpenAi if wishes.completion => {
                Box::new(completions::Completions::new(identity, wishes.include_usage))
            }
            Self::OpenAi => Box::new(openai::OpenAi::new(identity, answer, wishes.include_usage)),
            Self::OpenAiResponses => Box::new(responses::Responses::new(identity, counts, no_usage)),
            Self::Anthropic => Box::new(anthropic::Anthropic::new(identity, counts, no_usage)),
            Self::Gemini => Box::new(gemini::Gemini::new(identity, counts, answer, wishes.array)),
            Self::GeminiInteractions => Box::new(interactions::Interactions::new(identity, counts, no_usage)),
            Self::WorkersAi if answer.reasoning.is_some() => Box::new(openai::OpenAi::new(identity, answer, true)),
            Self::WorkersAi => Box::new(workers_ai::WorkersAi::default()),
            Self::BedrockConverse => Box::new(converse::Converse::new(identity)),
            Self::BedrockInvoke => Box::new(wrapped::Invoke::new(identity, counts, no_usage)),
            Self::SageMaker => Box::new(wrapped::SageMaker::new(identity, answer, wishes.include_usage)),
            Self::Ollama => Box::new(ollama::Ollama::new(identity, counts, answer.omit, wishes.completion)),
            Self::Cohere => Box::new(cohere::Cohere::new(identity, counts, no_usage)),
            Self::Watsonx => Box::new(watsonx::Watsonx::new(identity, counts, no_usage, wishes.completion)),
            Self::Events => Box::new(events::Events::new(answer.ids)),
            Self::Application(format) => Box::new(encoded::Encoded::new(format, identity)),
        }
    }

    /// The whole answer at once, for requests that don't ask for a stream; `None` where the format is always one.
    pub(crate) fn whole(self, whole: &Whole<'_>, wishes: &Wishes) -> Option<String> {
        Some(match self {
            Self::OpenAi if wishes.completion => completions::whole(whole),
            Self::OpenAi | Self::SageMaker => openai::whole(whole),
            Self::OpenAiResponses => responses::whole(whole),
            Self::Anthropic | Self::BedrockInvoke => anthropic::whole(whole),
            Self::Gemini => gemini::whole(whole),
            Self::GeminiInteractions => interactions::whole(whole),
            Self::WorkersAi => workers_ai::whole(whole, whole.answer.reasoning.is_some().then(|| openai::whole(whole))),
            Self::BedrockConverse => converse::whole(whole),
            Self::Ollama => ollama::whole(whole, wishes.completion),
            Self::Cohere => cohere::whole(whole),
            Self::Watsonx => watsonx::whole(whole, wishes.completion),
            Self::Events | Self::Application(_) => return None,
        })
    }

    /// What a stream says of itself in its head.
    pub(crate) fn headers(self, array: bool) -> Vec<(String, String)> {
        const EVENTS: &str = "text/event-stream";
        const AWS: &str = "application/vnd.amazon.eventstream";
        let headers: &[(&str, &str)] = match self {
            Self::OpenAi | Self::OpenAiResponses | Self::Anthropic => {
                &[("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache")]
            }
            Self::Gemini if array => &[("content-type", "application/json; charset=UTF-8")],
            Self::Gemini | Self::GeminiInteractions => {
                &[("content-type", EVENTS), ("content-disposition", "attachment")]
            }
            Self::WorkersAi | Self::Cohere | Self::Watsonx => {
                &[("content-type", EVENTS), ("cache-control", "no-cache")]
            }
            Self::BedrockConverse => &[("content-type", AWS)],
            Self::BedrockInvoke => &[("content-type", AWS), ("x-amzn-bedrock-content-type", "application/json")],
            Self::SageMaker => &[("content-type", AWS), ("x-amzn-sagemaker-content-type", EVENTS)],
            Self::Ollama => &[("content-type", "application/x-ndjson")],
            Self::Events => {
                &[("content-type", EVENTS), ("cache-control", "no-cache, no-transform"), ("x-accel-buffering", "no")]
            }
            Self::Application(encode::Format::UiMessage) => &[
                ("content-type", EVENTS),
                ("cache-control", "no-cache, no-transform"),
                ("x-vercel-ai-ui-message-stream", "v1"),
            ],
            Self::Application(format) => {
                &[("content-type", format.content_type()), ("cache-control", "no-cache, no-transform")]
            }
        };
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// What a server sends when it has nothing to say, so that nobody takes it for gone.
    pub(crate) fn heartbeat(self, array: bool) -> Vec<u8> {
        match self {
            Self::Gemini if array => b"\r\n".to_vec(),
            Self::Ollama | Self::Application(encode::Format::Ndjson) => b"\n".to_vec(),
            Self::Application(encode::Format::Text) => Vec::new(),
            Self::BedrockConverse | Self::BedrockInvoke | Self::SageMaker => {
                let mut message = Vec::new();
                match self {
                    Self::BedrockConverse => aws::event(&mut message, "ping", "application/json", b"{}"),
                    Self::BedrockInvoke => wrapped::ping(&mut message),
                    _ => aws::event(&mut message, "PayloadPart", "application/octet-stream", COMMENT),
                }
                message
            }
            _ => COMMENT.to_vec(),
        }
    }

    /// An error as the format's servers describe it. Some formats derive its kind from the status.
    pub(crate) fn error_body(self, status: u16, message: &str, kind: &str, code: Option<&str>) -> String {
        match self {
            Self::OpenAi | Self::OpenAiResponses => openai::error_body(message, kind, code),
            Self::Anthropic => anthropic::error_body(status, message),
            Self::Gemini => gemini::error_body(status, message),
            Self::GeminiInteractions => interactions::error_body(status, message),
            Self::WorkersAi => workers_ai::error_body(status, message),
            Self::BedrockConverse | Self::BedrockInvoke => aws::error_body(status, message, false),
            Self::SageMaker => aws::error_body(status, message, true),
            Self::Ollama => ollama::error_body(message),
            Self::Cohere => cohere::error_body(message),
            Self::Watsonx => watsonx::error_body(status, message),
            Self::Events | Self::Application(_) => events::error_body(message, code.unwrap_or(kind)),
        }
    }

    /// What goes with an error body in the head.
    pub(crate) fn error_headers(self, status: u16) -> Vec<(String, String)> {
        let name = match self {
            Self::BedrockConverse | Self::BedrockInvoke => aws::error_type(status, false),
            Self::SageMaker => aws::error_type(status, true),
            _ => return Vec::new(),
        };
        vec![(
            "x-amzn-errortype".to_owned(),
            format!("{name}:http://internal.amazon.com/coral/com.amazon.coral.service/"),
        )]
    }

    /// What the API says with a status, where nothing else is asked for.
    pub(crate) fn status_body(self, status: u16) -> String {
        let message = match self {
            Self::Anthropic => anthropic::message_of(status),
            Self::Gemini | Self::GeminiInteractions => gemini::message_of(status),
            Self::WorkersAi => workers_ai::message_of(status),
            Self::BedrockConverse | Self::BedrockInvoke | Self::SageMaker => aws::message_of(status),
            Self::Ollama => ollama::message_of(status),
            Self::Cohere => cohere::message_of(status),
            Self::Watsonx => watsonx::message_of(status),
            Self::OpenAi | Self::OpenAiResponses | Self::Events | Self::Application(_) => {
                let (message, kind, code) = openai::words_of(status);
                return self.error_body(status, message, kind, code);
            }
        };
        self.error_body(status, message, "", None)
    }

    /// The refusal of a key: its status and body.
    pub(crate) fn refused_key(self, given: bool) -> (u16, String) {
        let (status, message, code) = match (self, given) {
            (Self::Anthropic, true) => (401, "invalid x-api-key", None),
            (Self::Anthropic, false) => (401, "x-api-key header is required", None),
            (Self::Gemini | Self::GeminiInteractions, true) => {
                (400, "API key not valid. Please pass a valid API key.", None)
            }
            (Self::Gemini | Self::GeminiInteractions, false) => {
                (403, "Method doesn't allow unregistered callers. Please use an API key.", None)
            }
            (Self::BedrockConverse | Self::BedrockInvoke | Self::SageMaker, true) => {
                (403, "The security token included in the request is invalid.", None)
            }
            (Self::BedrockConverse | Self::BedrockInvoke | Self::SageMaker, false) => {
                (403, "Missing Authentication Token", None)
            }
            (Self::WorkersAi | Self::Ollama | Self::Cohere | Self::Watsonx, true) => {
                return (401, self.status_body(401));
            }
            (Self::WorkersAi, false) => (401, "No API token was given", None),
            (Self::Ollama, false) => (401, "unauthorized", None),
            (Self::Cohere, false) => (401, "no api key supplied", None),
            (Self::Watsonx, false) => (401, "Failed to authenticate the request due to missing token", None),
            (Self::OpenAi | Self::OpenAiResponses | Self::Events | Self::Application(_), true) => {
                (401, "Incorrect API key provided: ***.", Some("invalid_api_key"))
            }
            (Self::OpenAi | Self::OpenAiResponses | Self::Events | Self::Application(_), false) => (
                401,
                "You didn't provide an API key. You need to provide your API key in an Authorization header using \
                 Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
                None,
            ),
        };
        (status, self.error_body(status, message, "invalid_request_error", code))
    }
}

/// Parts of an answer that not every format has, and that can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Start,
    Metadata,
    Finish,
    Usage,
    Done,
}

/// Writes the frames of one answer.
pub(crate) trait Frames: Send {
    /// Whether the format has a frame for this part, `omit` left out. By default the usage goes with the frame that gives
    /// the reason, and metadata has no place.
    fn has(&self, part: Part, omit: Omit) -> bool {
        match part {
            Part::Start => !omit.start,
            Part::Metadata | Part::Usage => false,
            Part::Finish => !omit.finish || !omit.usage,
            Part::Done => !omit.done,
        }
    }
    fn start(&mut self, out: &mut Vec<u8>);
    fn metadata(&mut self, _out: &mut Vec<u8>, _data: &Value) {}
    fn reasoning(&mut self, out: &mut Vec<u8>, text: &str);
    fn token(&mut self, out: &mut Vec<u8>, text: &str, index: u64);
    /// What stands around the text of a token that is too long to be held.
    fn long_token(&mut self, index: u64, bytes: u64) -> LongToken {
        let mut frame = Vec::new();
        self.token(&mut frame, MARK, index);
        cut_at_mark(frame, bytes)
    }
    /// The call's name and number, or all of it where `has_pieces` says so.
    fn call(&mut self, out: &mut Vec<u8>, index: usize, call: &ToolCall);
    /// Whether a call's arguments come in pieces after it.
    fn has_pieces(&self) -> bool {
        false
    }
    fn arguments(&mut self, _out: &mut Vec<u8>, _index: usize, _piece: &str) {}
    /// `None` where the reason is to be left out and something else goes by the same frame.
    fn finish(&mut self, out: &mut Vec<u8>, reason: Option<&str>);
    fn usage(&mut self, _out: &mut Vec<u8>, _counts: Counts) {}
    fn done(&mut self, out: &mut Vec<u8>, finish: &str);
    /// A failure inside the stream and, where it is asked for or the format's habit, the terminal marker.
    fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError);
}

/// What keeps an event stream alive.
pub(crate) const COMMENT: &[u8] = b": keep-alive\n\n";

/// Stands where filler will be, while a frame is made: nothing that a model or a test says.
const MARK: &str = "\u{e000}\u{f8ff}\u{e000}";
/// What a token is filled with whose text doesn't matter.
const FILLER: &[u8] = b"x";

/// A frame whose token is too long to be held.
#[derive(Debug)]
pub(crate) struct LongToken {
    pub(crate) before: Vec<u8>,
    /// Goes out over and over, so many bytes of it in all.
    pub(crate) filler: &'static [u8],
    pub(crate) bytes: u64,
    pub(crate) after: Vec<u8>,
}

/// The two sides of a frame whose token is the mark.
fn cut_at_mark(frame: Vec<u8>, bytes: u64) -> LongToken {
    let mark = frame.windows(MARK.len()).position(|window| window == MARK.as_bytes());
    let (before, after) = frame.split_at(mark.unwrap_or(frame.len()));
    let after = after.get(MARK.len()..).unwrap_or_default().to_vec();
    LongToken { before: before.to_vec(), filler: FILLER, bytes, after }
}

/// What is the same in every frame of one answer.
#[derive(Debug)]
pub(crate) struct Identity {
    /// 29 letters and digits.
    pub(crate) id: String,
    /// Seconds since 1970.
    pub(crate) created: u64,
    pub(crate) model: String,
}

/// Token counts as the mock makes them up: a request's characters by four, an answer's tokens as sent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) prompt: u64,
    pub(crate) answer: u64,
    pub(crate) reasoning: u64,
}

impl Counts {
    /// As the answer's own option has them told.
    pub(crate) fn told(self, answer: &Answer) -> Self {
        let Some(told) = answer.usage else { return self };
        let completion = told.completion.unwrap_or_else(|| self.completion());
        let reasoning = told.reasoning.unwrap_or(self.reasoning).min(completion);
        Self { prompt: told.prompt.unwrap_or(self.prompt), answer: completion - reasoning, reasoning }
    }

    pub(crate) fn completion(self) -> u64 {
        self.answer + self.reasoning
    }
}

/// What a request says about the answer it wants.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    pub(crate) include_usage: bool,
    /// Chunks as the elements of a JSON array rather than as events.
    pub(crate) array: bool,
    /// A text is to be continued, not a conversation: OpenAI's legacy completions, Ollama's `generate`, watsonx.ai's
    /// `generation`.
    pub(crate) completion: bool,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) prompt_tokens: u64,
    /// Frames up to this id have reached the client before.
    pub(crate) last_event_id: u64,
}

/// An answer that is not streamed.
pub(crate) struct Whole<'a> {
    pub(crate) answer: &'a Answer,
    pub(crate) words: &'a Words,
    pub(crate) identity: &'a Identity,
    /// How many tokens of the text there are, and what is told of them.
    pub(crate) tokens: u64,
    pub(crate) counts: Counts,
    /// Under OpenAI's name.
    pub(crate) finish: &'a str,
}

impl Whole<'_> {
    fn text(&self) -> String {
        self.words.join(self.tokens)
    }

    fn reasoning(&self) -> Option<String> {
        self.answer.reasoning.as_ref().map(|words| words.join(u64::MAX))
    }

    /// Adds what an answer ends with, unless it is to be left out: the reason, under its name, and the usage.
    fn put_ending(&self, response: &mut Value, (name, reason): (&str, &str), usage: fn(Counts) -> Value) {
        let Value::Object(map) = response else { return };
        if !self.answer.omit.finish {
            map.insert(name.to_owned(), reason.into());
        }
        if !self.answer.omit.usage {
            map.insert("usage".to_owned(), usage(self.counts));
        }
    }
}

/// A call's own id, or one made of its number.
fn call_id(call: &ToolCall, index: usize, prefix: &str) -> String {
    call.id.clone().unwrap_or_else(|| format!("{prefix}_mock{index:020}"))
}

/// A call's arguments where the format wants them as JSON. Those that are none go out as the text they are: a reader's
/// business.
fn arguments_of(call: &ToolCall) -> Value {
    serde_json::from_str(&call.arguments).unwrap_or_else(|_| Value::String(call.arguments.clone()))
}

/// What a provider sends along with reasoning, to be handed back: of no meaning, the same for the same answer.
fn signature_of(identity: &Identity) -> String {
    format!("Eq{}QwYAg==", identity.id)
}

/// Writes JSON into a buffer, where it can't fail.
fn put(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let _ = serde_json::to_writer(out, value);
}

/// JSON text of what can't fail to be one.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
