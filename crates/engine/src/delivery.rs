//! What stands between decoder and exit, over all attempts of a session: events that aren't content wait for the first
//! content, so that a failed attempt leaves no trace; error objects become the session's error; an answer that
//! continues another is checked before anything of it is let out.

use std::borrow::Cow;

use millstream_wire::partial_json::{JsonCheck, JsonError};
use millstream_wire::{Event, ProviderError};

use crate::replay::{Diverged, Replay};
use crate::{Exit, ResumeMode, Signal};

/// An answer that goes on like this without content is let through, and no longer retried; it may be long because the
/// provider sends everything else first, and what is held back is memory.
const MAX_HELD_EVENTS: usize = 64;
/// The same, in bytes of the body.
const MAX_HELD_BYTES: usize = 256 * 1024;

/// What the current attempt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    /// An answer from its beginning.
    Fresh,
    /// Asked to continue after an event ID; nothing has shown yet that it does.
    Continued,
    /// An answer from its beginning, after content of another was delivered.
    Restarted,
}

/// The way of a session's events to its exit.
pub(crate) struct Delivery {
    resume: ResumeMode,
    attempt: Attempt,
    /// Events that may not leave yet.
    held: Vec<Event<'static>>,
    held_bytes: usize,
    /// Whether anything has left the session: from then on no attempt can be made to look as if it had not been.
    committed: bool,
    /// Whether content has.
    delivered: bool,
    finished: bool,
    /// Boxed, as is what few sessions have: an open session is held thousands of times.
    provider_error: Option<Box<ProviderError>>,
    diverged: bool,
    /// Whether content came since [`Delivery::take_content`].
    content: bool,
    /// Whether this attempt has let out content.
    attempt_delivered: bool,
    /// What a body gave at its end that may be given anew if the answer is continued.
    tail: Vec<Event<'static>>,
    /// The provider's id of the answer that was let out.
    answer_id: Option<String>,
    ids: EventIds,
    /// Tool calls that were begun and not completed; their rest can't be put together from a second answer.
    open_calls: usize,
    any_calls: bool,
    replay: Option<Replay>,
    /// Where the text is to be JSON, what has been let out of it.
    json: Option<Box<JsonCheck>>,
    not_json: Option<JsonError>,
}

/// The event IDs of the stream that was let out.
#[derive(Default)]
struct EventIds {
    first: Option<String>,
    last: String,
    /// The reconnection time that came with them.
    retry_ms: Option<u64>,
}

impl EventIds {
    /// Whether an event with this ID can come after those that were seen.
    fn goes_on_with(&self, id: &str) -> bool {
        if id.is_empty() || id == self.last || self.first.as_deref() == Some(id) {
            return false;
        }
        match (id.parse::<u64>(), self.last.parse::<u64>()) {
            (Ok(id), Ok(last)) => id > last,
            _ => true,
        }
    }
}

impl Delivery {
    pub(crate) fn new(resume: ResumeMode, json: bool) -> Self {
        Self {
            resume,
            attempt: Attempt::Fresh,
            held: Vec::new(),
            held_bytes: 0,
            committed: false,
            delivered: false,
            finished: false,
            provider_error: None,
            diverged: false,
            content: false,
            attempt_delivered: false,
            tail: Vec::new(),
            answer_id: None,
            ids: EventIds::default(),
            open_calls: 0,
            any_calls: false,
            replay: (resume == ResumeMode::Restart).then(Replay::default),
            json: json.then(Box::default),
            not_json: None,
        }
    }

    /// A new attempt begins; what the last one held back is forgotten.
    pub(crate) fn begin_attempt(&mut self) {
        self.held.clear();
        self.held_bytes = 0;
        self.provider_error = None;
        self.diverged = false;
        self.content = false;
        self.attempt_delivered = false;
        self.tail.clear();
        if !self.delivered {
            self.ids = EventIds::default();
            self.answer_id = None;
        }
        self.attempt = match (self.delivered, &mut self.replay) {
            (false, _) => Attempt::Fresh,
            (true, None) => Attempt::Continued,
            (true, Some(replay)) => {
                replay.begin_again();
                Attempt::Restarted
            }
        };
    }

    /// The event ID to continue after, in an attempt that continues.
    pub(crate) fn continue_after(&self) -> Option<&str> {
        (self.attempt == Attempt::Continued).then_some(self.ids.last.as_str())
    }

    /// Whether a break at this point can be mended by asking again.
    pub(crate) fn can_resume(&self) -> bool {
        self.delivered
            && !self.finished
            && match self.resume {
                ResumeMode::Auto => !self.ids.last.is_empty() && self.open_calls == 0,
                ResumeMode::Restart => !self.any_calls,
                ResumeMode::None => false,
            }
    }

    /// The reconnection time the server set, in milliseconds.
    pub(crate) fn reconnection_ms(&self) -> Option<u64> {
        self.ids.retry_ms
    }

    /// Takes one event from the decoder.
    pub(crate) fn event(&mut self, event: Event<'_>, exit: &mut impl Exit) {
        if self.finished || self.diverged || self.provider_error.is_some() || self.not_json.is_some() {
            return;
        }
        if let Event::Error(error) = event {
            self.provider_error = Some(Box::new(error));
            return;
        }
        if event.is_content() {
            self.content = true;
        }
        match self.attempt {
            Attempt::Fresh => self.fresh(event, exit),
            Attempt::Continued => self.continued(event),
            Attempt::Restarted => self.restarted(event, exit),
        }
    }

    fn fresh(&mut self, event: Event<'_>, exit: &mut impl Exit) {
        if self.committed || event.is_content() || matches!(event, Event::Finish { .. }) {
            self.commit(exit);
            self.let_out(event, exit);
        } else {
            self.held.push(event.into_owned());
        }
    }

    /// An attempt that should go on where the last one broke off: nothing leaves before its event ID is known.
    fn continued(&mut self, event: Event<'_>) {
        match event {
            Event::Start { id, .. } => {
                self.diverged = matches!((&id, &self.answer_id), (Some(new), Some(known)) if **new != **known);
            }
            event => self.held.push(event.into_owned()),
        }
    }

    fn restarted(&mut self, event: Event<'_>, exit: &mut impl Exit) {
        if matches!(event, Event::Start { .. }) {
            return;
        }
        self.let_out(event, exit);
    }

    /// Hands an event to the exit.
    fn let_out(&mut self, event: Event<'_>, exit: &mut impl Exit) {
        let event = match &mut self.replay {
            None => event,
            Some(replay) => match replay.new_part(event) {
                Ok(Some(event)) => event,
                Ok(None) => return,
                Err(Diverged) => {
                    self.diverged = true;
                    return;
                }
            },
        };
        match &event {
            Event::Start { id, .. } => self.answer_id = id.as_ref().map(Cow::to_string),
            Event::ToolCallDelta { name, .. } => {
                self.any_calls = true;
                self.open_calls += usize::from(name.is_some());
            }
            Event::ToolCall(_) => {
                self.any_calls = true;
                self.open_calls = self.open_calls.saturating_sub(1);
            }
            Event::Text { choice: 0, text } => {
                if let Some(check) = &mut self.json {
                    self.not_json = check.feed(text).err();
                }
            }
            Event::Finish { .. } => self.finished = true,
            _ => {}
        }
        if event.is_content() {
            self.delivered = true;
            self.attempt_delivered = true;
        }
        exit.signal(Signal::Event(event));
    }

    /// Whether [`Delivery::boundary`] wants to be called after every line: to learn the first event ID of a stream, and
    /// to check the first of one that continues.
    pub(crate) fn wants_boundaries(&self) -> bool {
        match self.attempt {
            Attempt::Fresh => self.resume == ResumeMode::Auto && self.ids.first.is_none() && !self.delivered,
            Attempt::Continued => true,
            Attempt::Restarted => false,
        }
    }

    /// At most one event of the stream went through the decoder, and this is the event ID in force after it.
    pub(crate) fn boundary(&mut self, id: &str, exit: &mut impl Exit) {
        match self.attempt {
            Attempt::Fresh => {
                if self.ids.first.is_none() && !id.is_empty() {
                    self.ids.first = Some(id.to_owned());
                }
            }
            Attempt::Continued => {
                if self.diverged {
                    return;
                }
                let content = self.held.iter().any(Event::is_content);
                if content && !self.ids.goes_on_with(id) {
                    self.diverged = true;
                } else if content || self.held.iter().any(|event| matches!(event, Event::Finish { .. })) {
                    self.attempt = Attempt::Fresh;
                    for event in std::mem::take(&mut self.held) {
                        self.let_out(event, exit);
                    }
                }
            }
            Attempt::Restarted => {}
        }
    }

    /// A chunk of the body went through the decoder.
    pub(crate) fn chunk_done(&mut self, bytes: usize, id: &str, retry_ms: Option<u64>, exit: &mut impl Exit) {
        if self.resume == ResumeMode::Auto && !id.is_empty() && self.attempt == Attempt::Fresh && self.ids.last != id {
            id.clone_into(&mut self.ids.last);
        }
        self.ids.retry_ms = retry_ms.or(self.ids.retry_ms);
        if self.held.is_empty() {
            return;
        }
        self.held_bytes = self.held_bytes.saturating_add(bytes);
        if self.held.len() > MAX_HELD_EVENTS || self.held_bytes > MAX_HELD_BYTES {
            // A continuation that shows no content after so much is none.
            self.diverged |= self.committed;
            self.commit(exit);
        }
    }

    /// Lets out what was held back for lack of content.
    pub(crate) fn commit(&mut self, exit: &mut impl Exit) {
        if !self.committed {
            self.committed = true;
            for event in std::mem::take(&mut self.held) {
                self.let_out(event, exit);
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

    /// Whether the answer contradicts what was delivered before.
    pub(crate) fn is_diverged(&self) -> bool {
        self.diverged
    }

    /// Whether content has left the session.
    pub(crate) fn has_delivered(&self) -> bool {
        self.delivered
    }

    /// Whether content left the session in this attempt.
    pub(crate) fn attempt_delivered(&self) -> bool {
        self.attempt_delivered
    }

    /// Takes what the decoder gives at the end of a body. Its last event may lack its end, and then a continued answer
    /// begins with it once more: unless it ends the answer, it waits for the decision.
    pub(crate) fn end_of_body(&mut self, events: Vec<Event<'static>>, exit: &mut impl Exit) {
        let ends = events.iter().any(|event| matches!(event, Event::Finish { .. } | Event::Error(_)));
        if !ends && self.resume == ResumeMode::Auto && self.can_resume() {
            self.tail = events;
            return;
        }
        for event in events {
            self.event(event, exit);
        }
    }

    /// The session fails: lets out what waited for an attempt that won't come.
    pub(crate) fn give_up(&mut self, exit: &mut impl Exit) {
        self.commit(exit);
        if self.attempt == Attempt::Fresh {
            for event in std::mem::take(&mut self.tail) {
                self.event(event, exit);
            }
        }
    }

    /// Whether content came since the last call.
    pub(crate) fn take_content(&mut self) -> bool {
        std::mem::take(&mut self.content)
    }

    /// Why the text that was let out can't become the JSON that it is to be.
    pub(crate) fn not_json(&self) -> Option<JsonError> {
        self.not_json
    }

    pub(crate) fn provider_error(&self) -> Option<&ProviderError> {
        self.provider_error.as_deref()
    }
}
