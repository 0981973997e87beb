//! Asking again after content was delivered: what was delivered is kept, and skipped as long as the new answer repeats
//! it.

use std::borrow::Cow;

use millstream_wire::Event;

/// The delivered text of one alternative, or its reasoning.
struct Lane {
    reasoning: bool,
    choice: u32,
    delivered: String,
    /// How much of `delivered` the current answer has repeated.
    repeated: usize,
    signed: bool,
}

/// What an answer has delivered so far, and how much of it its successor has repeated.
#[derive(Default)]
pub(crate) struct Replay {
    lanes: Vec<Lane>,
}

/// The new answer says something else.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Diverged;

impl Replay {
    /// The answer is asked for again.
    pub(crate) fn begin_again(&mut self) {
        for lane in &mut self.lanes {
            lane.repeated = 0;
        }
    }

    /// Whether the current answer has repeated everything.
    fn caught_up(&self) -> bool {
        self.lanes.iter().all(|lane| lane.repeated == lane.delivered.len())
    }

    /// What of an event is new.
    ///
    /// # Errors
    /// [`Diverged`] where the event contradicts what was delivered.
    pub(crate) fn new_part<'a>(&mut self, event: Event<'a>) -> Result<Option<Event<'a>>, Diverged> {
        match event {
            Event::Text { choice, text } => {
                let text = self.lane(false, choice).advance(text)?;
                Ok(text.map(|text| Event::Text { choice, text }))
            }
            Event::Reasoning { choice, text, signature } => {
                let lane = self.lane(true, choice);
                let text = lane.advance(text)?;
                let signature = signature.filter(|_| !lane.signed);
                lane.signed |= signature.is_some();
                Ok((text.is_some() || signature.is_some()).then(|| Event::Reasoning {
                    choice,
                    text: text.unwrap_or_default(),
                    signature,
                }))
            }
            Event::ToolCallDelta { .. } | Event::ToolCall(_) | Event::Finish { .. } if !self.caught_up() => {
                Err(Diverged)
            }
            // These were delivered, or stand where the first answer had none.
            Event::Start { .. } | Event::Metadata(_) | Event::Usage(_) if !self.caught_up() => Ok(None),
            event => Ok(Some(event)),
        }
    }

    fn lane(&mut self, reasoning: bool, choice: u32) -> &mut Lane {
        let at = self.lanes.iter().position(|lane| lane.reasoning == reasoning && lane.choice == choice);
        let at = at.unwrap_or_else(|| {
            self.lanes.push(Lane { reasoning, choice, delivered: String::new(), repeated: 0, signed: false });
            self.lanes.len() - 1
        });
        &mut self.lanes[at]
    }
}

impl Lane {
    /// Compares with what was delivered, gives the part beyond it and keeps that too.
    fn advance<'a>(&mut self, text: Cow<'a, str>) -> Result<Option<Cow<'a, str>>, Diverged> {
        let expected = self.delivered.get(self.repeated..).unwrap_or_default();
        if !text.is_empty() && expected.starts_with(&*text) {
            self.repeated += text.len();
            return Ok(None);
        }
        let known = expected.len();
        if !text.starts_with(expected) {
            return Err(Diverged);
        }
        let fresh = match text {
            Cow::Borrowed(text) => Cow::Borrowed(&text[known..]),
            Cow::Owned(mut text) => {
                text.drain(..known);
                Cow::Owned(text)
            }
        };
        self.delivered.push_str(&fresh);
        self.repeated = self.delivered.len();
        Ok((!fresh.is_empty()).then_some(fresh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Event<'_> {
        Event::Text { choice: 0, text: Cow::Borrowed(text) }
    }

    fn after(first: &[&str]) -> Replay {
        let mut replay = Replay::default();
        for piece in first {
            assert_eq!(replay.new_part(text(piece)), Ok(Some(text(piece))));
        }
        replay.begin_again();
        replay
    }

    #[test]
    fn skips_what_was_delivered_wherever_it_is_split() {
        let mut replay = after(&["Hel", "lo wor"]);
        assert_eq!(replay.new_part(text("Hello")), Ok(None));
        assert_eq!(replay.new_part(text(" world")), Ok(Some(text("ld"))));
        assert_eq!(replay.new_part(text("!")), Ok(Some(text("!"))));
        replay.begin_again();
        assert_eq!(replay.new_part(text("Hello world!?")), Ok(Some(text("?"))));
    }

    #[test]
    fn another_text_is_noticed() {
        let mut replay = after(&["Hello"]);
        assert_eq!(replay.new_part(text("He")), Ok(None));
        assert_eq!(replay.new_part(text("y")), Err(Diverged));
    }

    #[test]
    fn a_shorter_answer_is_another() {
        let mut replay = after(&["Hello"]);
        assert_eq!(replay.new_part(text("Hell")), Ok(None));
        let finish = Event::Finish { reason: millstream_wire::FinishReason::Stop, raw: None };
        assert_eq!(replay.new_part(finish), Err(Diverged));
    }

    #[test]
    fn a_signature_is_delivered_once() {
        let signed = || Event::Reasoning { choice: 0, text: "why".into(), signature: Some("sig".into()) };
        let mut replay = Replay::default();
        assert_eq!(replay.new_part(signed()), Ok(Some(signed())));
        replay.begin_again();
        assert_eq!(replay.new_part(signed()), Ok(None));
    }
}
