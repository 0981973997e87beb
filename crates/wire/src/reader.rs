//! Who reads the frames of a body: the decoder of its format, once that is known.
//!
//! What always holds: one decoder reads one answer from its first frame to its last. Imports the decoders.

use crate::formats::chunk::ChunkDecoder;
use crate::formats::content::ContentDecoder;
use crate::formats::events::EventsDecoder;
use crate::formats::ui_message::UiMessageDecoder;
use crate::frame::{Fault, Frame, Sink};
use crate::providers::anthropic::AnthropicDecoder;
use crate::providers::aws;
use crate::providers::aws::converse::ConverseDecoder;
use crate::providers::aws::invoke::InvokeDecoder;
use crate::providers::aws::sagemaker::SageMakerDecoder;
use crate::providers::cohere::CohereDecoder;
use crate::providers::gemini::GeminiDecoder;
use crate::providers::gemini_interactions::InteractionsDecoder;
use crate::providers::ollama::OllamaDecoder;
use crate::providers::openai::OpenAiDecoder;
use crate::providers::openai_responses::ResponsesDecoder;
use crate::providers::turn::Objects;
use crate::providers::watsonx::WatsonxDecoder;
use crate::{Completion, Protocol, RawJson};

#[derive(Debug, Clone)]
pub(crate) enum Reader {
    /// No frame has shown the format yet. Objects that came before one that does.
    Undecided {
        prelude: Vec<RawJson>,
    },
    OpenAi(Box<OpenAiDecoder>),
    Anthropic(Box<AnthropicDecoder>),
    Watsonx(Box<WatsonxDecoder>),
    WorkersAi(Box<OpenAiDecoder>),
    GeminiInteractions(Box<InteractionsDecoder>),
    SageMaker(Box<SageMakerDecoder>),
    BedrockInvoke(Box<InvokeDecoder>),
    BedrockConverse(Box<ConverseDecoder>),
    Cohere(Box<CohereDecoder>),
    Ollama(Box<OllamaDecoder>),
    Gemini(Box<GeminiDecoder>),
    OpenAiResponses(Box<ResponsesDecoder>),
    Events(EventsDecoder),
    Chunk(ChunkDecoder),
    Content(ContentDecoder),
    UiMessage(UiMessageDecoder),
}

/// The same expression for whichever decoder reads, another where none does.
macro_rules! each {
    ($reader:expr, $decoder:ident => $body:expr, $undecided:expr) => {
        match $reader {
            Reader::Undecided { .. } => $undecided,
            Reader::OpenAi($decoder) => $body,
            Reader::Anthropic($decoder) => $body,
            Reader::Watsonx($decoder) => $body,
            Reader::WorkersAi($decoder) => $body,
            Reader::GeminiInteractions($decoder) => $body,
            Reader::SageMaker($decoder) => $body,
            Reader::BedrockInvoke($decoder) => $body,
            Reader::BedrockConverse($decoder) => $body,
            Reader::Cohere($decoder) => $body,
            Reader::Ollama($decoder) => $body,
            Reader::Gemini($decoder) => $body,
            Reader::OpenAiResponses($decoder) => $body,
            Reader::Events($decoder) => $body,
            Reader::Chunk($decoder) => $body,
            Reader::Content($decoder) => $body,
            Reader::UiMessage($decoder) => $body,
        }
    };
}

impl Reader {
    pub(crate) fn of(protocol: Protocol, max_held_bytes: usize) -> Self {
        match protocol {
            Protocol::OpenAi => Self::OpenAi(Box::new(OpenAiDecoder::new(max_held_bytes))),
            Protocol::Anthropic => Self::Anthropic(Box::new(AnthropicDecoder::new(max_held_bytes))),
            Protocol::Watsonx => Self::Watsonx(Box::new(WatsonxDecoder::new(max_held_bytes))),
            Protocol::WorkersAi => Self::WorkersAi(Box::new(OpenAiDecoder::new(max_held_bytes))),
            Protocol::GeminiInteractions => {
                Self::GeminiInteractions(Box::new(InteractionsDecoder::new(max_held_bytes)))
            }
            Protocol::SageMaker => Self::SageMaker(Box::new(SageMakerDecoder::new(max_held_bytes))),
            Protocol::BedrockInvoke => Self::BedrockInvoke(Box::new(InvokeDecoder::new(max_held_bytes))),
            Protocol::BedrockConverse => Self::BedrockConverse(Box::new(ConverseDecoder::new(max_held_bytes))),
            Protocol::Cohere => Self::Cohere(Box::new(CohereDecoder::new(max_held_bytes))),
            Protocol::Ollama => Self::Ollama(Box::new(OllamaDecoder::new(max_held_bytes))),
            Protocol::Gemini => Self::Gemini(Box::new(GeminiDecoder::new(max_held_bytes))),
            Protocol::OpenAiResponses => Self::OpenAiResponses(Box::new(ResponsesDecoder::new(max_held_bytes))),
            Protocol::Events => Self::Events(EventsDecoder::new(max_held_bytes)),
            Protocol::Chunk => Self::Chunk(ChunkDecoder::new(max_held_bytes)),
            Protocol::Content => Self::Content(ContentDecoder::new(max_held_bytes)),
            Protocol::UiMessage => Self::UiMessage(UiMessageDecoder::new(max_held_bytes)),
            Protocol::Auto | Protocol::Ndjson | Protocol::Text => Self::Undecided { prelude: Vec::new() },
        }
    }

    pub(crate) fn protocol(&self) -> Option<Protocol> {
        match self {
            Self::Undecided { .. } => None,
            Self::OpenAi(_) => Some(Protocol::OpenAi),
            Self::Anthropic(_) => Some(Protocol::Anthropic),
            Self::Watsonx(_) => Some(Protocol::Watsonx),
            Self::WorkersAi(_) => Some(Protocol::WorkersAi),
            Self::GeminiInteractions(_) => Some(Protocol::GeminiInteractions),
            Self::SageMaker(_) => Some(Protocol::SageMaker),
            Self::BedrockInvoke(_) => Some(Protocol::BedrockInvoke),
            Self::BedrockConverse(_) => Some(Protocol::BedrockConverse),
            Self::Cohere(_) => Some(Protocol::Cohere),
            Self::Ollama(_) => Some(Protocol::Ollama),
            Self::Gemini(_) => Some(Protocol::Gemini),
            Self::OpenAiResponses(_) => Some(Protocol::OpenAiResponses),
            Self::Events(_) => Some(Protocol::Events),
            Self::Chunk(_) => Some(Protocol::Chunk),
            Self::Content(_) => Some(Protocol::Content),
            Self::UiMessage(_) => Some(Protocol::UiMessage),
        }
    }

    /// Whether its frames are messages of an AWS event stream.
    pub(crate) fn is_in_messages(&self) -> bool {
        self.protocol().is_some_and(aws::is_in_messages)
    }

    #[inline]
    pub(crate) fn frame(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        each!(self, decoder => decoder.frame(frame, sink), Ok(()))
    }

    pub(crate) fn metadata(&mut self, json: RawJson, sink: &mut Sink<'_>) {
        each!(self, decoder => decoder.metadata(json, sink), ());
    }

    #[inline]
    pub(crate) fn is_ended(&self) -> bool {
        each!(self, decoder => decoder.is_ended(), false)
    }

    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Completion {
        each!(self, decoder => decoder.end(sink), Completion::Truncated)
    }
}
