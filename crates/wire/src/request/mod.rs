//! Request bodies: one canonical request, encoded for the endpoint that is asked.
//!
//! What always holds: what the caller gave is in the body or refused by name, never dropped in silence, save the hints
//! that [`RequestShape`] lists; the caller's `extra_body` has the last word. Bytes that came as base64 are passed on
//! unread. Imports `serde` and `serde_json`.

mod anthropic;
mod bedrock;
mod cohere;
mod content;
mod events;
mod gemini;
mod hosted;
mod members;
mod ollama;
mod openai;
mod openai_responses;
mod quirks;
mod tools;
mod types;

use std::str::FromStr;

use serde_json::Value;

pub use quirks::{MaxTokensField, Quirks, ReasoningField, ReasoningStyle};
pub use types::{
    CalledFunction, ChatRequest, Effort, Message, OutputFormat, OutputSpec, Reasoning, ReasoningSpec, Role, ToolCall,
    ToolChoice,
};
use types::{Output, Said};

/// How an endpoint wants to be asked.
///
/// What a shape has no member for is refused. These hints are left out where a format has no member for them, as the
/// answer is none the worse: `strict` of a tool, `strict` and `name` of an output, `filename` and `detail` of a part,
/// `cache_control` (where a provider caches by itself, or not at all), `is_error` of a tool's message (its content says
/// it, too), reasoning of earlier answers (where the provider doesn't take it back), `n` of 1 and `parallel_tool_calls`
/// of true (as every format behaves).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestShape {
    /// An application's own route: `{messages: [{role, content}], model, systemPrompt, stream: true}` and whatever else was
    /// given, in camelCase, as are the members of a message.
    Events,
    /// OpenAI chat completions and whoever speaks them; see [`Quirks`].
    OpenAi,
    /// OpenAI Responses.
    OpenAiResponses,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini `generateContent`, of Google AI and of Vertex.
    Gemini,
    /// Workers AI's own path.
    WorkersAi,
    /// Ollama `/api/chat`.
    Ollama,
    /// Cohere v2 chat.
    Cohere,
    /// watsonx.ai text chat.
    Watsonx,
    /// Bedrock Converse.
    BedrockConverse,
    /// Bedrock `InvokeModel`, of Claude.
    BedrockInvoke,
    /// A model on SageMaker whose container speaks chat completions.
    SageMaker,
}

impl RequestShape {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Events,
        Self::OpenAi,
        Self::OpenAiResponses,
        Self::Anthropic,
        Self::Gemini,
        Self::WorkersAi,
        Self::Ollama,
        Self::Cohere,
        Self::Watsonx,
        Self::BedrockConverse,
        Self::BedrockInvoke,
        Self::SageMaker,
    ];

    /// Its name in options.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::OpenAi => "openai",
            Self::OpenAiResponses => "openai-responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::WorkersAi => "workers-ai",
            Self::Ollama => "ollama",
            Self::Cohere => "cohere",
            Self::Watsonx => "watsonx",
            Self::BedrockConverse => "bedrock-converse",
            Self::BedrockInvoke => "bedrock-invoke",
            Self::SageMaker => "sagemaker",
        }
    }

    /// Its name in sentences.
    const fn title(self) -> &'static str {
        match self {
            Self::Events => "an application's route",
            Self::OpenAi => "chat completions",
            Self::OpenAiResponses => "OpenAI's Responses",
            Self::Anthropic => "Anthropic's Messages",
            Self::Gemini => "Gemini's generateContent",
            Self::WorkersAi => "Workers AI",
            Self::Ollama => "Ollama",
            Self::Cohere => "Cohere",
            Self::Watsonx => "watsonx.ai",
            Self::BedrockConverse => "Bedrock's Converse",
            Self::BedrockInvoke => "Anthropic's Messages on Bedrock",
            Self::SageMaker => "chat completions on SageMaker",
        }
    }

    /// Whether what servers of OpenAI's format know besides holds for it.
    const fn is_chat_completions(self) -> bool {
        matches!(self, Self::OpenAi | Self::SageMaker)
    }

    /// The members of a request that it has no word for.
    const fn lacks(self) -> &'static [&'static str] {
        match self {
            Self::Events => &[],
            Self::OpenAi => openai::LACKS,
            Self::OpenAiResponses => openai_responses::LACKS,
            Self::Anthropic => anthropic::LACKS,
            Self::Gemini => gemini::LACKS,
            Self::WorkersAi => hosted::WORKERS_AI_LACKS,
            Self::Ollama => ollama::LACKS,
            Self::Cohere => cohere::LACKS,
            Self::Watsonx => hosted::WATSONX_LACKS,
            Self::BedrockConverse => bedrock::CONVERSE_LACKS,
            Self::BedrockInvoke => bedrock::INVOKE_LACKS,
            Self::SageMaker => hosted::SAGEMAKER_LACKS,
        }
    }
}

impl FromStr for RequestShape {
    type Err = UnknownShape;

    fn from_str(name: &str) -> Result<Self, UnknownShape> {
        Self::ALL.into_iter().find(|shape| shape.name() == name).ok_or(UnknownShape)
    }
}

/// No shape has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown request shape")]
pub struct UnknownShape;

/// Why a request can't be encoded. Messages name members and never quote what stands in them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// No endpoint answers without one.
    #[error("Expected `model` to be a non-empty string, got an empty one")]
    EmptyModel,
    /// JSON has no such number.
    #[error("Expected `{0}` to be a finite number")]
    NotFinite(&'static str),
    /// The format has no word for it.
    #[error("`{field}` can't be asked of this provider: {why}")]
    Unsupported {
        /// The member, e.g. `topK` or `messages[2].content[0]`.
        field: String,
        /// What the format lacks, and what to do.
        why: String,
    },
    /// Something is wrong with it, whoever is asked.
    #[error("Expected `{field}` to be {expected}")]
    Malformed {
        /// The member.
        field: String,
        /// What it should have been.
        expected: &'static str,
    },
}

impl RequestError {
    /// The member it is about.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::EmptyModel => "model",
            Self::NotFinite(field) => field,
            Self::Unsupported { field, .. } | Self::Malformed { field, .. } => field,
        }
    }

    /// Stable, for programs: `UNSUPPORTED_BY_PROVIDER` or `INVALID_ARGUMENT`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unsupported { .. } => "UNSUPPORTED_BY_PROVIDER",
            Self::EmptyModel | Self::NotFinite(_) | Self::Malformed { .. } => "INVALID_ARGUMENT",
        }
    }

    fn unsupported(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Unsupported { field: field.into(), why: why.into() }
    }

    fn malformed(field: impl Into<String>, expected: &'static str) -> Self {
        Self::Malformed { field: field.into(), expected }
    }
}

/// Objects in which formats gather generation parameters: those in `extra_body` are merged into them.
const GROUPS: [&str; 4] = ["generationConfig", "options", "inferenceConfig", "additionalModelRequestFields"];

/// The request's body: JSON.
///
/// # Errors
/// [`RequestError`] where the request can't succeed anywhere, or asks what this shape has no word for.
pub fn encode(shape: RequestShape, request: &ChatRequest) -> Result<Vec<u8>, RequestError> {
    request.check()?;
    request.check_support(shape)?;
    let mut body = match shape {
        RequestShape::Events => events::encode(request),
        RequestShape::OpenAi => openai::encode(request)?,
        RequestShape::OpenAiResponses => openai_responses::encode(request)?,
        RequestShape::Anthropic => anthropic::encode(request)?,
        RequestShape::Gemini => gemini::encode(request)?,
        RequestShape::WorkersAi => hosted::workers_ai(request)?,
        RequestShape::Ollama => ollama::encode(request)?,
        RequestShape::Cohere => cohere::encode(request)?,
        RequestShape::Watsonx => hosted::watsonx(request)?,
        RequestShape::BedrockConverse => bedrock::converse(request)?,
        RequestShape::BedrockInvoke => bedrock::invoke(request)?,
        RequestShape::SageMaker => hosted::sagemaker(request)?,
    };
    for (name, value) in request.extra_body.iter().flatten() {
        match (body.get_mut(name), value) {
            // What groups parameters groups the caller's, too.
            (Some(Value::Object(group)), Value::Object(own)) if GROUPS.contains(&name.as_str()) => {
                group.extend(own.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            _ => {
                body.insert(name.clone(), value.clone());
            }
        }
    }
    Ok(Value::Object(body).to_string().into_bytes())
}

impl ChatRequest {
    fn check(&self) -> Result<(), RequestError> {
        if self.model.is_empty() {
            return Err(RequestError::EmptyModel);
        }
        let numbers = [
            ("temperature", self.temperature),
            ("topP", self.top_p),
            ("frequencyPenalty", self.frequency_penalty),
            ("presencePenalty", self.presence_penalty),
        ];
        match numbers.into_iter().find(|(_, number)| number.is_some_and(|number| !number.is_finite())) {
            Some((name, _)) => Err(RequestError::NotFinite(name)),
            None => Ok(()),
        }
    }

    /// Refuses what neither the shape nor the provider has a word for.
    fn check_support(&self, shape: RequestShape) -> Result<(), RequestError> {
        for field in self.asked() {
            if self.quirks.lacks.iter().any(|lacking| lacking == field) {
                return Err(RequestError::unsupported(field, "it has no such parameter"));
            }
            if shape.lacks().contains(&field) && !(shape.is_chat_completions() && self.quirks.knows(field)) {
                let title = shape.title();
                let why = format!("{title} has no such parameter. If this one has, give it in `extraBody`");
                return Err(RequestError::unsupported(field, why));
            }
        }
        match self.messages.iter().position(|message| message.name.is_some()) {
            Some(index) if shape.lacks().contains(&"name") => Err(RequestError::unsupported(
                format!("messages[{index}].name"),
                format!("{} has no names of speakers", shape.title()),
            )),
            _ => Ok(()),
        }
    }
}
