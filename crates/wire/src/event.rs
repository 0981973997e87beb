//! The one vocabulary every provider format is decoded into.

use std::borrow::Cow;
use std::fmt;

use serde::de::Deserializer;
use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::json::{ObjectText, Raw};

/// One thing that happened in a model's answer.
///
/// Laws every decoder keeps, for any bytes whatever: at most one `Start`, and it comes first; at most one `Finish` or
/// `Error`, and nothing follows it; text and reasoning are never empty; nothing is delivered twice. Provider formats
/// give at most one `Usage`, just before `Finish`; the [`events`](crate::formats::events) format passes on each usage
/// frame its server chose to send.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<'a> {
    /// The answer began: what the provider says about itself, where it does.
    Start {
        /// The provider's id of this answer.
        id: Option<Cow<'a, str>>,
        /// The model that answers, as the provider names it.
        model: Option<Cow<'a, str>>,
    },
    /// A piece of the answer's text.
    Text {
        /// Which of `n` alternatives it belongs to; 0 where only one was asked for.
        choice: u32,
        /// Never empty.
        text: Cow<'a, str>,
    },
    /// A piece of the model's reasoning, or its signature, which a provider wants back in the next turn.
    Reasoning {
        /// As in [`Event::Text`].
        choice: u32,
        /// Empty where only a signature came.
        text: Cow<'a, str>,
        /// Opaque to everybody but the provider.
        signature: Option<Cow<'a, str>>,
    },
    /// A piece of a tool call's arguments. The first delta of a call carries its name.
    ToolCallDelta {
        /// As in [`Event::Text`].
        choice: u32,
        /// Position among the calls of this choice, counted by the decoder: 0, 1, 2, …
        index: u32,
        /// The provider's id of the call, or `call_<index>` where it gives none. The same on every delta of a call.
        id: Cow<'a, str>,
        /// Name of the tool, on the first delta only.
        name: Option<Cow<'a, str>>,
        /// A fragment of JSON text; may be empty on the first delta.
        arguments: Cow<'a, str>,
    },
    /// A tool call whose arguments are complete, after the last of its deltas.
    ToolCall(ToolCall),
    /// What a tool call gave, where whoever answers runs the tools itself. No provider's format has it.
    ToolResult(ToolResult),
    /// Token counts.
    Usage(Usage),
    /// What has no event of its own: citations, refusals, log probabilities, provider fields. Always an object.
    Metadata(RawJson),
    /// The answer is complete by the format's own word (its terminal marker or a finish reason).
    Finish {
        /// Normalised.
        reason: FinishReason,
        /// As the provider said it; `None` where it said nothing.
        raw: Option<Cow<'a, str>>,
    },
    /// The provider reported a failure inside the stream.
    Error(ProviderError),
}

impl Event<'_> {
    /// Whether this is content a reader waits for: text, reasoning, tool calls. Retries end at the first of these, and
    /// only these reset the content clocks.
    #[must_use]
    pub fn is_content(&self) -> bool {
        matches!(
            self,
            Self::Text { .. }
                | Self::Reasoning { .. }
                | Self::ToolCallDelta { .. }
                | Self::ToolCall(_)
                | Self::ToolResult(_)
        )
    }

    /// The same event, owning its text.
    #[must_use]
    pub fn into_owned(self) -> Event<'static> {
        fn own(text: Cow<'_, str>) -> Cow<'static, str> {
            Cow::Owned(text.into_owned())
        }
        match self {
            Self::Start { id, model } => Event::Start { id: id.map(own), model: model.map(own) },
            Self::Text { choice, text } => Event::Text { choice, text: own(text) },
            Self::Reasoning { choice, text, signature } => {
                Event::Reasoning { choice, text: own(text), signature: signature.map(own) }
            }
            Self::ToolCallDelta { choice, index, id, name, arguments } => {
                Event::ToolCallDelta { choice, index, id: own(id), name: name.map(own), arguments: own(arguments) }
            }
            Self::ToolCall(call) => Event::ToolCall(call),
            Self::ToolResult(result) => Event::ToolResult(result),
            Self::Usage(usage) => Event::Usage(usage),
            Self::Metadata(value) => Event::Metadata(value),
            Self::Finish { reason, raw } => Event::Finish { reason, raw: raw.map(own) },
            Self::Error(error) => Event::Error(error),
        }
    }
}

/// A tool call as the model made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// As in [`Event::Text`].
    pub choice: u32,
    /// Position among the calls of this choice.
    pub index: u32,
    /// The provider's id, or `call_<index>`.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// JSON text of the arguments, exactly as received; `{}` where the provider sent none.
    pub arguments: String,
    /// Whether `arguments` is complete, well-formed JSON and the stream was not cut. A call that is not is reported,
    /// never run.
    pub valid: bool,
}

/// What a tool call gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolResult {
    /// Of the call.
    pub id: String,
    /// Name of the tool; empty where it isn't known.
    pub name: String,
    /// What the tool returned; of a failure, what went wrong, as a string.
    pub result: RawJson,
    /// Whether the call failed.
    pub is_error: bool,
}

/// Token counts of one answer. `None` is "not said", never zero.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Tokens of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<u64>,
    /// Tokens of the answer, reasoning included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion_tokens: Option<u64>,
    /// As the provider says, else the sum of the two where both are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_tokens: Option<u64>,
    /// Request tokens read from the provider's prompt cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_tokens: Option<u64>,
    /// Answer tokens spent on reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
    /// Audio tokens of request and answer together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_tokens: Option<u64>,
    /// Whether nobody reported these counts: they were counted here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_estimated: Option<bool>,
    /// Of an estimate, how much it is worth, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// The provider's usage object as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<RawJson>,
}

/// One JSON value as the text it came in: nothing of it is lost, and nobody pays for reading it who doesn't look.
#[derive(Clone, PartialEq, Eq)]
pub struct RawJson(String);

impl RawJson {
    /// The value that `text` is, white space around it aside; `None` where it is no well-formed JSON.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        Raw::parse(text).map(|raw| Self(raw.text().to_owned()))
    }

    /// The text of a value that was read.
    pub(crate) fn of(raw: Raw<'_>) -> Self {
        Self(raw.text().to_owned())
    }

    /// An object of members that are text already.
    pub(crate) fn object(members: ObjectText) -> Self {
        Self(members.into_text())
    }

    /// Itself where it is an object, else one with it as `value`.
    pub(crate) fn into_object(self) -> Self {
        if Raw::known(&self.0).is_object() {
            return self;
        }
        let mut members = ObjectText::new();
        members.put("value", Raw::known(&self.0));
        Self::object(members)
    }

    /// Walks the text.
    pub(crate) fn raw(&self) -> Raw<'_> {
        Raw::known(&self.0)
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value, read. A number beyond what a double holds becomes the text it was written as.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.raw().to_value()
    }
}

impl From<&Value> for RawJson {
    fn from(value: &Value) -> Self {
        Self(value.to_string())
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(&self.0).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self(String::from(Box::<str>::from(raw))))
    }
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    /// The model came to an end, or met a stop sequence.
    Stop,
    /// The token limit was reached.
    Length,
    /// The model waits for the results of its tool calls.
    ToolCalls,
    /// The provider's filter stopped it.
    ContentFilter,
    /// The provider ended the answer because of a failure of its own.
    Error,
    /// A reason this version has no name for; see the raw one.
    Other,
    /// The format's terminal marker came without a reason.
    Unknown,
}

impl FinishReason {
    /// The name in the public API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool-calls",
            Self::ContentFilter => "content-filter",
            Self::Error => "error",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }
}

/// A failure as the provider describes it, in the body of an error answer or inside a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderError {
    /// The provider's message; never empty.
    pub message: String,
    /// The provider's `type`, e.g. `overloaded_error`.
    pub kind: Option<String>,
    /// The provider's `code`, numbers as text.
    pub code: Option<String>,
    /// An HTTP status given inside the error object.
    pub status: Option<u16>,
    /// The parameter the provider complains of.
    pub param: Option<String>,
    /// A wait in milliseconds that the error object itself asks for.
    pub retry_after_ms: Option<u64>,
}
