//! What stands between decoder and exit: events that aren't content wait for the first content, so that a failed
//! attempt leaves no trace; error objects become the session's error.

use millstream_wire::{Event, ProviderError};

use crate::{Exit, Signal};

/// An answer that goes on like this without content is let through, and no longer retried.
const MAX_HELD_EVENTS: usize = 64;
/// The same, in bytes of the body.
const MAX_HELD_BYTES: usize = 256 * 1024;

/// The way of a session's events to its exit, over all attempts.
#[derive(Default)]
pub(crate) struct Delivery {
    /// What an attempt gave before its first content.
    held: Vec<Event<'static>>,
    held_bytes: usize,
    /// Whether anything has left the session: from then on no attempt can be made to look as if it had not been.
    committed: bool,
    finished: bool,
    provider_error: Option<ProviderError>,
    /// Whether content came since [`Delivery::take_content`].
    content: bool,
}

impl Delivery {
    /// A new attempt begins; what the last one held back is forgotten.
    pub(crate) fn begin_attempt(&mut self) {
        self.held.clear();
        self.held_bytes = 0;
        self.provider_error = None;
        self.content = false;
    }

    /// Takes one event from the decoder.
    pub(crate) fn event(&mut self, event: Event<'_>, exit: &mut impl Exit) {
        if self.finished || self.provider_error.is_some() {
            return;
        }
        match event {
            Event::Error(error) => self.provider_error = Some(error),
            event if event.is_content() => {
                self.content = true;
                self.commit(exit);
                exit.signal(Signal::Event(event));
            }
            event @ Event::Finish { .. } => {
                self.commit(exit);
                self.finished = true;
                exit.signal(Signal::Event(event));
            }
            event if self.committed => exit.signal(Signal::Event(event)),
            event => self.held.push(event.into_owned()),
        }
    }

    /// A chunk of the body went through the decoder.
    pub(crate) fn chunk_done(&mut self, bytes: usize, exit: &mut impl Exit) {
        if !self.committed && !self.held.is_empty() {
            self.held_bytes = self.held_bytes.saturating_add(bytes);
            if self.held.len() > MAX_HELD_EVENTS || self.held_bytes > MAX_HELD_BYTES {
                self.commit(exit);
            }
        }
    }

    /// Lets out what was held back.
    pub(crate) fn commit(&mut self, exit: &mut impl Exit) {
        if !self.committed {
            self.committed = true;
            for event in self.held.drain(..) {
                exit.signal(Signal::Event(event));
            }
        }
    }

    /// Whether anything has left the session.
    pub(crate) fn is_committed(&self) -> bool {
        self.committed
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.finished
    }

    /// Whether content came since the last call.
    pub(crate) fn take_content(&mut self) -> bool {
        std::mem::take(&mut self.content)
    }

    pub(crate) fn provider_error(&self) -> Option<&ProviderError> {
        self.provider_error.as_ref()
    }
}
