//! The names of the wire formats that can be read.

use std::fmt;
use std::str::FromStr;

/// How an endpoint answers. The names are those of the public API (`WireProtocol`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// Found out from the content type and the first event.
    Auto,
    /// OpenAI chat.completions, servers compatible with it, legacy completions.
    OpenAi,
    /// `StreamingResponse`'s own events: `start token usage error metadata done`.
    Events,
    /// `data: {"type":"chunk","content":…}`, `complete`, `error`.
    Chunk,
    /// `data: {"content":…,"finished":…}`.
    Content,
    /// The AI SDK's UI message stream.
    UiMessage,
    /// One JSON object a line, in the shapes of the other formats.
    Ndjson,
    /// Plain text; a clean end of the body ends the answer.
    Text,
    /// Anthropic's Messages.
    Anthropic,
    /// OpenAI's Responses.
    OpenAiResponses,
    /// Gemini's `streamGenerateContent`, from Google AI and Vertex.
    Gemini,
    /// Ollama's own, one object a line.
    Ollama,
    /// Cohere's chat, version 2, and version 1.
    Cohere,
    /// Bedrock's ConverseStream.
    BedrockConverse,
    /// Bedrock's InvokeModelWithResponseStream, whatever the model.
    BedrockInvoke,
    /// SageMaker's InvokeEndpointWithResponseStream.
    SageMaker,
    /// Gemini's Interactions.
    GeminiInteractions,
    /// Cloudflare's Workers AI: its own frames, or those of OpenAI.
    WorkersAi,
    /// IBM watsonx.ai.
    Watsonx,
}

impl Protocol {
    /// Every protocol, in the order in which error messages list them.
    pub const ALL: [Self; 19] = [
        Self::Auto,
        Self::OpenAi,
        Self::Events,
        Self::Chunk,
        Self::Content,
        Self::UiMessage,
        Self::Ndjson,
        Self::Text,
        Self::Anthropic,
        Self::OpenAiResponses,
        Self::Gemini,
        Self::Ollama,
        Self::Cohere,
        Self::BedrockConverse,
        Self::BedrockInvoke,
        Self::SageMaker,
        Self::GeminiInteractions,
        Self::WorkersAi,
        Self::Watsonx,
    ];

    /// The name in the public API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::OpenAi => "openai",
            Self::Events => "events",
            Self::Chunk => "chunk",
            Self::Content => "content",
            Self::UiMessage => "ui-message",
            Self::Ndjson => "ndjson",
            Self::Text => "text",
            Self::Anthropic => "anthropic",
            Self::OpenAiResponses => "openai-responses",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
            Self::Cohere => "cohere",
            Self::BedrockConverse => "bedrock-converse",
            Self::BedrockInvoke => "bedrock-invoke",
            Self::SageMaker => "sagemaker",
            Self::GeminiInteractions => "gemini-interactions",
            Self::WorkersAi => "workers-ai",
            Self::Watsonx => "watsonx",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Protocol {
    type Err = UnknownProtocol;

    fn from_str(name: &str) -> Result<Self, UnknownProtocol> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == name).ok_or(UnknownProtocol)
    }
}

/// A name that is none of [`Protocol::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown wire protocol")]
pub struct UnknownProtocol;
