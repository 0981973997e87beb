//! SageMaker's InvokeEndpointWithResponseStream: the container's own body, in parts cut anywhere.
//!
//! What always holds: the parts are put together before anybody reads them, since they line up with nothing. The body
//! in them may be of any format that can be found out.

use crate::frame::{Fault, Frame, Sink};
use crate::{Completion, DecodeError, Decoder, DecoderOptions, Event, RawJson};

/// Reads the parts of one answer.
#[derive(Debug, Clone)]
pub(crate) struct SageMakerDecoder {
    inner: Box<Decoder>,
    ended: bool,
}

impl SageMakerDecoder {
    /// `max_held_bytes` caps one event of the body, and the tool calls that are held until they are complete.
    pub(crate) fn new(max_held_bytes: usize) -> Self {
        let options = DecoderOptions { max_event_bytes: max_held_bytes, ..DecoderOptions::default() };
        Self { inner: Box::new(Decoder::new(options)), ended: false }
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.ended
    }

    pub(crate) fn metadata(&mut self, json: RawJson, sink: &mut Sink<'_>) {
        sink(Event::Metadata(json.into_object()));
    }

    /// Reads one part.
    pub(crate) fn frame(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        if frame.event != "PayloadPart" {
            return Ok(());
        }
        let result = self.inner.feed(frame.data, sink).map_err(|error| match error {
            DecodeError::EventTooLarge { .. } => Fault::TooLarge,
            DecodeError::Malformed { what, .. } => Fault::Malformed(what),
            DecodeError::NotAStream { expected, .. } => Fault::Malformed(expected),
            // The format is found out.
            DecodeError::WrongProtocol { .. } => Fault::Malformed("an answer"),
        });
        self.ended = self.inner.is_finished();
        result
    }

    /// The body ended.
    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Completion {
        self.ended = true;
        // A body that is no answer, or not to its end, was cut for all that can be said here.
        self.inner.end(sink).unwrap_or(Completion::Truncated)
    }
}
