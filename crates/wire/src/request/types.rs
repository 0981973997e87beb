//! The canonical request: what is asked, whoever is asked, and how the encoders look at it.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::content::{self, Kind};
use super::{Quirks, RequestError};

/// What to ask, whoever is asked. In JSON, names are in camelCase and absent means not given.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatRequest {
    /// The model, as the endpoint names it.
    pub model: String,
    /// The conversation, oldest first.
    #[serde(default)]
    pub messages: Vec<Message>,
    /// What the model is told before the conversation.
    pub system_prompt: Option<String>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Cap on the tokens of the answer.
    pub max_tokens: Option<u64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Of how many of the likeliest tokens each is chosen.
    pub top_k: Option<u64>,
    /// Texts at which the answer stops: a string or an array of strings.
    pub stop: Option<Value>,
    /// For repeatable sampling, where the model offers it.
    pub seed: Option<i64>,
    /// How many alternatives to give.
    pub n: Option<u32>,
    /// −2 to 2.
    pub frequency_penalty: Option<f64>,
    /// −2 to 2.
    pub presence_penalty: Option<f64>,
    /// Tools, each `{name, description?, parameters?, strict?, cacheControl?}`, the same in OpenAI's words, or one of the
    /// provider's own, which is passed through.
    #[serde(default)]
    pub tools: Vec<Value>,
    /// Whether the model must call a tool.
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several at once.
    pub parallel_tool_calls: Option<bool>,
    /// What form the answer's text is to have.
    pub output: Option<OutputSpec>,
    /// How much to think before the answer.
    pub reasoning: Option<ReasoningSpec>,
    /// Whether the answer is to come in pieces; else in one. Absent means yes. Shapes that say it in the URL don't read it.
    pub stream: Option<bool>,
    /// Members merged into the body last; they replace what stands there under the same name, within the objects in which
    /// a format gathers parameters (`generationConfig`, `options`, …), too.
    pub extra_body: Option<Map<String, Value>>,
    /// What the provider does otherwise than others of its format.
    #[serde(default)]
    pub quirks: Quirks,
}

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The application.
    System,
    /// The application, in OpenAI's newer word; the same as `System` in all other formats.
    Developer,
    /// Who asks.
    User,
    /// The model.
    Assistant,
    /// A tool, with what a call gave.
    Tool,
}

impl Role {
    /// As formats name it that have one word for the application.
    pub(super) const fn as_of_old(self) -> Self {
        match self {
            Self::Developer => Self::System,
            other => other,
        }
    }

    /// As OpenAI's and our own formats name it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Developer => "developer",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// One message of the conversation.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// A string, typed parts, or `null`, as for an assistant that only calls tools.
    #[serde(default)]
    pub content: Value,
    /// Calls the assistant made.
    #[serde(default)]
    pub tool_calls: Vec<ToolCall>,
    /// The call that a `tool` message answers.
    pub tool_call_id: Option<String>,
    /// The tool that a `tool` message speaks for. Where it is absent and needed, the call tells.
    pub tool: Option<String>,
    /// Whether a `tool` message says what went wrong. Formats without such a flag have it in the content alone.
    pub is_error: Option<bool>,
    /// What the assistant thought before it spoke, as it came.
    #[serde(default)]
    pub reasoning: Vec<Reasoning>,
    /// That a provider should cache the conversation up to the end of this message: `{"type": "ephemeral", "ttl"?}`.
    pub cache_control: Option<Value>,
    /// Name of the speaker.
    pub name: Option<String>,
}

/// A call that an assistant made, in OpenAI's shape.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// What the result names.
    pub id: String,
    /// Always `function`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// What was called.
    pub function: CalledFunction,
    /// What the provider wants back with the call.
    pub signature: Option<String>,
}

/// The tool of a call and its arguments.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalledFunction {
    /// The tool.
    pub name: String,
    /// JSON text.
    pub arguments: String,
}

/// A piece of an assistant's reasoning. Pieces may be as small as they came; a signature ends one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reasoning {
    /// Empty where only a signature came.
    #[serde(default)]
    pub text: String,
    /// What the provider wants back to believe it.
    pub signature: Option<String>,
    /// The provider's id of it.
    pub id: Option<String>,
    /// What the provider keeps to itself, in its own writing.
    pub redacted: Option<String>,
}

/// Whether the model must call a tool.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolChoice {
    /// As it sees fit.
    Auto,
    /// Never.
    None,
    /// At least one.
    Required,
    /// This one.
    #[serde(untagged)]
    One {
        /// Its name.
        tool: String,
    },
}

/// What form the answer's text is to have.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OutputSpec {
    /// Absent: `structured` where there is a schema, else `text`.
    pub format: Option<OutputFormat>,
    /// The JSON schema of what the text holds.
    pub schema: Option<Value>,
    /// What formats that name their schemas call it. Default `answer`.
    pub name: Option<String>,
    /// Whether the answer must keep to the schema, where a format lets one choose.
    pub strict: Option<bool>,
}

/// See [`OutputSpec`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputFormat {
    /// Any text.
    Text,
    /// JSON, of the schema if there is one.
    Json,
    /// JSON of the schema.
    Structured,
}

/// How much to think before the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReasoningSpec {
    /// In words.
    pub effort: Option<Effort>,
    /// In tokens.
    pub budget_tokens: Option<u64>,
}

/// See [`ReasoningSpec`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// No thinking at all.
    None,
    /// Hardly any.
    Minimal,
    /// A little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

impl Effort {
    /// The word itself.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl ChatRequest {
    /// The names of the parameters that ask for more than every format does by itself.
    pub(super) fn asked(&self) -> impl Iterator<Item = &'static str> {
        let output = self.output_kind();
        let reasoning = self.reasoning.as_ref();
        [
            ("temperature", self.temperature.is_some()),
            ("maxTokens", self.max_tokens.is_some()),
            ("topP", self.top_p.is_some()),
            ("topK", self.top_k.is_some()),
            ("stop", self.stop.is_some()),
            ("seed", self.seed.is_some()),
            ("n", self.n.is_some_and(|n| n != 1)),
            ("frequencyPenalty", self.frequency_penalty.is_some()),
            ("presencePenalty", self.presence_penalty.is_some()),
            ("tools", !self.tools.is_empty()),
            ("toolChoice", self.tool_choice.as_ref().is_some_and(|choice| *choice != ToolChoice::Auto)),
            ("parallelToolCalls", self.parallel_tool_calls == Some(false)),
            ("output", matches!(output, Output::Json)),
            ("output.schema", matches!(output, Output::Schema(_))),
            ("reasoning.effort", reasoning.is_some_and(|spec| spec.effort.is_some())),
            ("reasoning.budgetTokens", reasoning.is_some_and(|spec| spec.budget_tokens.is_some())),
        ]
        .into_iter()
        .filter_map(|(name, asked)| asked.then_some(name))
    }

    /// What the output is to be, of its format and its schema.
    pub(super) fn output_kind(&self) -> Output<'_> {
        match &self.output {
            Some(OutputSpec {
                schema: Some(schema),
                format: None | Some(OutputFormat::Json | OutputFormat::Structured),
                ..
            }) => Output::Schema(schema),
            Some(OutputSpec { format: Some(OutputFormat::Json | OutputFormat::Structured), .. }) => Output::Json,
            _ => Output::Text,
        }
    }

    /// The name of the output's schema.
    pub(super) fn output_name(&self) -> &str {
        self.output.as_ref().and_then(|output| output.name.as_deref()).unwrap_or("answer")
    }

    /// The texts to stop at.
    pub(super) fn stops(&self) -> Option<Value> {
        self.stop.as_ref().map(|stop| if stop.is_array() { stop.clone() } else { Value::Array(vec![stop.clone()]) })
    }

    /// The system's messages, wherever they stand, and the others: for formats that have one place for the former.
    pub(super) fn split_system(&self) -> (Said<'_>, Said<'_>) {
        self.messages
            .iter()
            .enumerate()
            .partition(|(_, message)| matches!(message.role, Role::System | Role::Developer))
    }

    /// What the system says, in order, each with what it says about caching up to there.
    pub(super) fn system_texts<'a>(&'a self, messages: &Said<'a>) -> Result<Vec<SystemText<'a>>, RequestError> {
        let mut texts: Vec<SystemText<'a>> = Vec::new();
        texts.extend(self.system_prompt.as_deref().map(|prompt| (prompt, None)));
        for (index, message) in messages {
            let parts = content::parts(message, *index)?;
            let last = parts.len().saturating_sub(1);
            for (at, part) in parts.into_iter().enumerate() {
                let Kind::Text(text) = part.kind else {
                    return Err(RequestError::unsupported(part.field, "the system speaks in text alone"));
                };
                texts.push((text, part.cache.or(message.cache_control.as_ref().filter(|_| at == last))));
            }
        }
        Ok(texts)
    }

    /// The tool that the `tool` message at `index` speaks for.
    pub(super) fn tool_of<'a>(&'a self, index: usize, message: &'a Message) -> Result<&'a str, RequestError> {
        let id = message.tool_call_id.as_deref();
        let mut calls = self.messages.iter().take(index).rev().flat_map(|earlier| &earlier.tool_calls);
        let called = || calls.find(|call| Some(call.id.as_str()) == id).map(|call| call.function.name.as_str());
        message.tool.as_deref().or_else(called).ok_or_else(|| {
            RequestError::malformed(format!("messages[{index}].tool"), "the tool's name: no earlier call has this id")
        })
    }
}

/// Messages, each with its place in the conversation.
pub(super) type Said<'a> = Vec<(usize, &'a Message)>;

/// A text of the system's, and what it says about caching up to there.
pub(super) type SystemText<'a> = (&'a str, Option<&'a Value>);

/// See [`ChatRequest::output_kind`].
pub(super) enum Output<'a> {
    Text,
    Json,
    Schema(&'a Value),
}

impl Message {
    /// The reasoning as blocks: pieces joined up to each signature.
    pub(super) fn thoughts(&self) -> Vec<Reasoning> {
        let mut blocks: Vec<Reasoning> = Vec::new();
        for piece in &self.reasoning {
            match blocks.last_mut() {
                Some(last) if last.signature.is_none() && last.redacted.is_none() && piece.redacted.is_none() => {
                    last.text.push_str(&piece.text);
                    last.signature.clone_from(&piece.signature);
                    if piece.id.is_some() {
                        last.id.clone_from(&piece.id);
                    }
                }
                _ => blocks.push(piece.clone()),
            }
        }
        blocks
    }
}

impl ToolCall {
    /// The arguments' text, which is JSON where there were none, too.
    pub(super) fn argument_text(&self) -> &str {
        let text = self.function.arguments.as_str();
        if text.trim().is_empty() { "{}" } else { text }
    }

    /// The arguments as an object: for formats that don't take their text.
    pub(super) fn arguments(&self, message: usize, call: usize) -> Result<Value, RequestError> {
        let parsed: Option<Value> = serde_json::from_str(self.argument_text()).ok();
        parsed.filter(Value::is_object).ok_or_else(|| {
            RequestError::malformed(format!("messages[{message}].toolCalls[{call}].rawArguments"), "a JSON object")
        })
    }
}
