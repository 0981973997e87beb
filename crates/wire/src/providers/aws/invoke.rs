//! Bedrock's InvokeModelWithResponseStream: the model's own events, each as base64 in an object.
//!
//! What always holds: the first event shows whose format it is, and that format's decoder reads all of them: Anthropic's,
//! Converse's (Nova), Cohere's, OpenAI's (AI21, Mistral), or the objects with a piece of text that the others send.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::anthropic::AnthropicDecoder;
use super::super::cohere::CohereDecoder;
use super::super::openai::OpenAiDecoder;
use super::super::turn::Objects;
use super::converse::ConverseDecoder;
use super::text::TextDecoder;
use crate::frame::{Fault, Frame, Sink};
use crate::json::Raw;
use crate::{Completion, Event, RawJson};

/// Reads the payloads of one answer.
#[derive(Debug, Clone)]
pub(crate) struct InvokeDecoder {
    max_held_bytes: usize,
    model: Option<Model>,
    scratch: Vec<u8>,
}

#[derive(Debug, Clone)]
enum Model {
    Anthropic(Box<AnthropicDecoder>),
    Converse(Box<ConverseDecoder>),
    Cohere(Box<CohereDecoder>),
    OpenAi(Box<OpenAiDecoder>),
    Text(Box<TextDecoder>),
}

impl Model {
    fn of(event: Raw<'_>, max_held_bytes: usize) -> Self {
        let has = |name: &str| event.field(name).is_some();
        let kind = event.field("type").and_then(Raw::inner).unwrap_or_default();
        if has("choices") {
            Self::OpenAi(Box::new(OpenAiDecoder::new(max_held_bytes)))
        } else if has("is_finished") {
            Self::Cohere(Box::new(CohereDecoder::new(max_held_bytes)))
        } else if event.fields().any(|(key, _)| key.starts_with("message") || key.starts_with("contentBlock"))
            && kind.is_empty()
        {
            Self::Converse(Box::new(ConverseDecoder::new(max_held_bytes)))
        } else if kind.is_empty() || kind == "completion" {
            Self::Text(Box::new(TextDecoder::new(max_held_bytes)))
        } else {
            Self::Anthropic(Box::new(AnthropicDecoder::new(max_held_bytes)))
        }
    }
}

macro_rules! each {
    ($model:expr, $decoder:ident => $body:expr) => {
        match $model {
            Model::Anthropic($decoder) => $body,
            Model::Converse($decoder) => $body,
            Model::Cohere($decoder) => $body,
            Model::OpenAi($decoder) => $body,
            Model::Text($decoder) => $body,
        }
    };
}

impl InvokeDecoder {
    /// `max_held_bytes` caps the tool calls that are held until they are complete.
    pub(crate) fn new(max_held_bytes: usize) -> Self {
        Self { max_held_bytes, model: None, scratch: Vec::new() }
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.model.as_ref().is_some_and(|model| each!(model, decoder => decoder.is_ended()))
    }

    pub(crate) fn metadata(&mut self, json: RawJson, sink: &mut Sink<'_>) {
        match &mut self.model {
            Some(model) => each!(model, decoder => decoder.metadata(json, sink)),
            None => sink(Event::Metadata(json.into_object())),
        }
    }

    /// Reads one event.
    pub(crate) fn frame(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        if self.is_ended() {
            return Ok(());
        }
        let text = frame.text();
        let raw = Raw::parse(&text).filter(|raw| raw.is_object()).ok_or(Fault::Malformed("a JSON object"))?;
        let Some(bytes) = raw.field("bytes").and_then(Raw::as_str) else { return Ok(()) };
        self.scratch.clear();
        let decoded = STANDARD.decode_vec(bytes.as_bytes(), &mut self.scratch);
        decoded.map_err(|_| Fault::Malformed("base64"))?;
        let frame = Frame { event: "", data: &self.scratch };
        if self.model.is_none() {
            let text = frame.text();
            let event = Raw::parse(&text).filter(|event| event.is_object()).ok_or(Fault::Malformed("a JSON object"))?;
            self.model = Some(Model::of(event, self.max_held_bytes));
        }
        match &mut self.model {
            Some(model) => each!(model, decoder => decoder.frame(frame, sink)),
            None => Ok(()),
        }
    }

    /// The body ended.
    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Completion {
        let model = self.model.get_or_insert_with(|| Model::Text(Box::new(TextDecoder::new(self.max_held_bytes))));
        each!(model, decoder => decoder.end(sink))
    }
}
