//! The decoder that a session drives: protocol in, events out.

use crate::framing::sse;
use crate::{DecodeError, Event, Protocol};

/// How a [`Decoder`] treats what it reads.
#[derive(Debug, Clone)]
pub struct DecoderOptions {
    /// The endpoint's format.
    pub protocol: Protocol,
    /// The answer's `Content-Type`, where there is one; read under [`Protocol::Auto`].
    pub content_type: Option<String>,
    /// Cap on one event, line or frame, in bytes.
    pub max_event_bytes: usize,
}

impl Default for DecoderOptions {
    fn default() -> Self {
        Self { protocol: Protocol::Auto, content_type: None, max_event_bytes: sse::DEFAULT_MAX_EVENT_BYTES }
    }
}

/// Whether an answer came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    /// The format's terminal marker or a finish reason was seen; a `Finish` or `Error` event was given.
    Complete,
    /// The bytes ended before it.
    Truncated,
}

/// Turns the bytes of one answer into [`Event`]s.
pub struct Decoder {
    _options: DecoderOptions,
}

impl Decoder {
    /// A decoder at the start of a body.
    #[must_use]
    pub fn new(options: DecoderOptions) -> Self {
        Self { _options: options }
    }

    /// Reads the next piece of the body, of any size and split anywhere. Events borrow from `bytes` where they lie in
    /// it whole.
    ///
    /// # Errors
    /// [`DecodeError`] once the bytes can't be what the protocol promises; events before that have been given.
    pub fn feed(&mut self, _bytes: &[u8], _sink: &mut dyn FnMut(Event<'_>)) -> Result<(), DecodeError> {
        Ok(())
    }

    /// The body ended cleanly. Gives what was held back (usage, finish).
    ///
    /// # Errors
    /// As [`Decoder::feed`].
    pub fn end(&mut self, _sink: &mut dyn FnMut(Event<'_>)) -> Result<Completion, DecodeError> {
        Ok(Completion::Truncated)
    }

    /// Whether the terminal event was given: what follows in the body is of no interest.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        false
    }

    /// The last event ID in force (WHATWG HTML §9.2.6), empty where the server gave none.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        ""
    }

    /// The reconnection time the server asked for by `retry:`, in milliseconds.
    #[must_use]
    pub fn retry_ms(&self) -> Option<u64> {
        None
    }

    /// The protocol in force: the one asked for, or under [`Protocol::Auto`] the one found, once it is.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self._options.protocol
    }
}
