//! Plain text: UTF-8, cut anywhere. A broken sequence becomes U+FFFD, a mark at the start is dropped, as the WHATWG
//! Encoding standard decodes. A clean end of the body is the end of the answer.

use std::borrow::Cow;

use crate::frame::Sink;
use crate::{Completion, Event, FinishReason};

/// Reads the text of one answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextDecoder {
    /// The start of a character that goes on in the next piece; at most three bytes.
    held: Vec<u8>,
    begun: bool,
    ended: bool,
}

impl TextDecoder {
    pub(crate) fn is_ended(&self) -> bool {
        self.ended
    }

    pub(crate) fn feed(&mut self, mut bytes: &[u8], sink: &mut Sink<'_>) {
        while let (false, Some((&first, after))) = (self.held.is_empty(), bytes.split_first()) {
            bytes = after;
            self.held.push(first);
            let held = std::mem::take(&mut self.held);
            self.decode(&held, sink);
        }
        self.decode(bytes, sink);
    }

    /// Gives what is whole in `bytes`, and holds the rest.
    fn decode(&mut self, mut bytes: &[u8], sink: &mut Sink<'_>) {
        while !bytes.is_empty() {
            match std::str::from_utf8(bytes) {
                Ok(text) => {
                    self.give(text, sink);
                    return;
                }
                Err(error) => {
                    let (valid, rest) = bytes.split_at(error.valid_up_to());
                    self.give(&String::from_utf8_lossy(valid), sink);
                    let Some(broken) = error.error_len() else {
                        self.held.extend_from_slice(rest);
                        return;
                    };
                    self.give("\u{fffd}", sink);
                    bytes = rest.get(broken..).unwrap_or_default();
                }
            }
        }
    }

    fn give(&mut self, text: &str, sink: &mut Sink<'_>) {
        let text = if self.begun { text } else { text.strip_prefix('\u{feff}').unwrap_or(text) };
        self.begun |= !text.is_empty();
        if !text.is_empty() {
            sink(Event::Text { choice: 0, text: Cow::Borrowed(text) });
        }
    }

    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Completion {
        if !self.ended {
            if !std::mem::take(&mut self.held).is_empty() {
                self.give("\u{fffd}", sink);
            }
            self.ended = true;
            sink(Event::Finish { reason: FinishReason::Unknown, raw: None });
        }
        Completion::Complete
    }
}
