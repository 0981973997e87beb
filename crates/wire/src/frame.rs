//! What framing hands to a payload decoder, and what the decoder may complain of.

use std::borrow::Cow;

/// One payload with the name its event had.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// Empty where the framing has no names, or the event had none.
    pub(crate) event: &'a str,
    pub(crate) data: &'a [u8],
}

impl<'a> Frame<'a> {
    pub(crate) fn text(&self) -> Cow<'a, str> {
        // The common case has a quicker way of its own.
        std::str::from_utf8(self.data).map_or_else(|_| String::from_utf8_lossy(self.data), Cow::Borrowed)
    }

    /// Whether the event has no name of its own; `message` is what an event without one is called.
    pub(crate) fn is_unnamed(&self) -> bool {
        matches!(self.event, "" | "message")
    }

    /// Whether it only keeps the connection alive: by its name, or because it says nothing. Some gateways wrap the
    /// comments of others in `data`.
    pub(crate) fn is_heartbeat(&self) -> bool {
        matches!(self.event, "ping" | "heartbeat" | "keepalive" | "keep-alive") || self.is_silent()
    }

    /// Whether its data says nothing, whatever its name.
    pub(crate) fn is_silent(&self) -> bool {
        matches!(self.data.trim_ascii_start().first(), None | Some(b':'))
    }
}

/// Why a payload can't be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not what is named here.
    Malformed(&'static str),
    /// What must be held until a call is complete exceeds the cap.
    TooLarge,
}

/// Where events go.
pub(crate) type Sink<'s> = dyn FnMut(crate::Event<'_>) + 's;

/// Memory that an answer's unfinished parts may still take.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    left: usize,
}

impl Budget {
    /// What a tool call or a choice costs by itself, so that their number is bounded too.
    pub(crate) const ENTRY: usize = 1024;

    pub(crate) fn new(bytes: usize) -> Self {
        Self { left: bytes }
    }

    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Fault> {
        self.left = self.left.checked_sub(bytes).ok_or(Fault::TooLarge)?;
        Ok(())
    }

    /// What was taken is held no more.
    pub(crate) fn put_back(&mut self, bytes: usize) {
        self.left = self.left.saturating_add(bytes);
    }
}
