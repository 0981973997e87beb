//! The frames of one answer, in order, each made when its turn has come: nothing of an answer is stored ahead.

use std::borrow::Cow;
use std::ops::Range;
use std::time::SystemTime;

use serde_json::Value;

use crate::answer::{Answer, Omit, ToolCall};
use crate::clock::since_epoch;
use crate::fault::InStreamError;
use crate::formats::{Counts, Format, Frames, Identity, LongToken, Part, Wishes};
use crate::recording::Recording;
use crate::text::Words;

/// What a frame is to the pace and to the faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Before the content: goes out at once.
    Lead,
    /// A token: paced and counted.
    Content,
    /// After the content.
    Trail,
}

/// Gives an answer's frames one by one.
pub(crate) enum Source<'a> {
    Chat(Chat<'a>),
    Recorded { recording: &'a Recording, next: usize, frames: Box<dyn Frames> },
    Body { bytes: &'a [u8], sent: bool },
}

impl Source<'_> {
    /// What comes next; `None` at the end.
    pub(crate) fn peek(&mut self) -> Option<Kind> {
        match self {
            Self::Chat(chat) => chat.peek(),
            Self::Recorded { recording, next, .. } => (*next < recording.events.len()).then_some(Kind::Content),
            Self::Body { bytes, sent } => (!*sent && !bytes.is_empty()).then_some(Kind::Trail),
        }
    }

    /// Appends what comes next.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>) {
        match self {
            Self::Chat(chat) => chat.write(out),
            Self::Recorded { recording, next, .. } => {
                let range = recording.events.get(*next).cloned().unwrap_or(Range { start: 0, end: 0 });
                out.extend_from_slice(recording.bytes.get(range).unwrap_or_default());
                *next += 1;
            }
            Self::Body { bytes, sent } => {
                out.extend_from_slice(bytes);
                *sent = true;
            }
        }
    }

    fn frames(&mut self) -> Option<&mut dyn Frames> {
        match self {
            Self::Chat(chat) => Some(chat.frames.as_mut()),
            Self::Recorded { frames, .. } => Some(frames.as_mut()),
            Self::Body { .. } => None,
        }
    }

    /// Appends a failure inside the stream and, where it is asked for or the format's habit, the terminal marker.
    pub(crate) fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError) {
        if let Some(frames) = self.frames() {
            frames.error(out, error);
        }
    }

    /// A token too long to be held.
    pub(crate) fn long_token(&mut self, bytes: u64) -> Option<LongToken> {
        let index = match self {
            Self::Chat(Chat { stage: Stage::Token(at), .. }) => *at,
            _ => 0,
        };
        self.frames().map(|frames| frames.long_token(index, bytes))
    }
}

/// A generated answer.
pub(crate) struct Chat<'a> {
    frames: Box<dyn Frames>,
    words: Words,
    stamp: bool,
    reasoning: Option<&'a Words>,
    tools: &'a [ToolCall],
    metadata: Option<&'a Value>,
    /// Tokens of the text that are sent, cut by `max_tokens`.
    count: u64,
    finish: &'a str,
    omit: Omit,
    counts: Counts,
    stage: Stage,
    written: u64,
    seen: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Start,
    Metadata,
    Reasoning(u64),
    Token(u64),
    /// A call, and where in its arguments the next piece begins; `None` before its opening.
    Tool(usize, Option<usize>),
    Finish,
    Usage,
    Done,
    End,
}

impl<'a> Chat<'a> {
    pub(crate) fn new(answer: &'a Answer, words: Words, format: Format, identity: &Identity, wishes: &Wishes) -> Self {
        let counts = counts(answer, &words, format, wishes);
        let told = counts.told(answer);
        Self {
            frames: format.frames(identity, told, answer, wishes),
            reasoning: answer.reasoning.as_ref().filter(|_| format.reasons(wishes)),
            tools: if format.calls(wishes) { &answer.tool_calls } else { &[] },
            metadata: answer.metadata.as_ref(),
            count: counts.answer,
            finish: finish_reason(answer, &words, counts, format.calls(wishes)),
            words,
            stamp: answer.stamp,
            omit: answer.omit,
            counts: told,
            stage: Stage::Start,
            written: 0,
            // Only this format's ids are a place to go on from.
            seen: if format == Format::Events { wishes.last_event_id } else { 0 },
        }
    }

    fn has(&self, part: Part) -> bool {
        self.frames.has(part, self.omit)
    }

    /// Steps over stages that have nothing to say.
    fn settle(&mut self) {
        loop {
            self.stage = match self.stage {
                Stage::Start if !self.has(Part::Start) => Stage::Metadata,
                Stage::Metadata if self.metadata.is_none() || !self.has(Part::Metadata) => Stage::Reasoning(0),
                Stage::Reasoning(at) if self.reasoning.is_none_or(|words| at >= words.len()) => Stage::Token(0),
                Stage::Token(at) if at >= self.count => Stage::Tool(0, None),
                Stage::Tool(call, _) if call >= self.tools.len() => Stage::Finish,
                Stage::Tool(call, Some(at)) if self.tools.get(call).is_none_or(|call| at >= call.arguments.len()) => {
                    Stage::Tool(call + 1, None)
                }
                Stage::Finish if !self.has(Part::Finish) => Stage::Usage,
                Stage::Usage if !self.has(Part::Usage) => Stage::Done,
                Stage::Done if !self.has(Part::Done) => Stage::End,
                _ => return,
            }
        }
    }

    fn peek(&mut self) -> Option<Kind> {
        self.settle();
        while self.written < self.seen && self.stage != Stage::End {
            self.step(&mut Vec::new());
            self.settle();
        }
        match self.stage {
            Stage::Start | Stage::Metadata => Some(Kind::Lead),
            Stage::Reasoning(_) | Stage::Token(_) | Stage::Tool(..) => Some(Kind::Content),
            Stage::Finish | Stage::Usage | Stage::Done => Some(Kind::Trail),
            Stage::End => None,
        }
    }

    fn write(&mut self, out: &mut Vec<u8>) {
        self.settle();
        self.step(out);
    }

    fn step(&mut self, out: &mut Vec<u8>) {
        self.written += 1;
        let frames = &mut self.frames;
        self.stage = match self.stage {
            Stage::Start => {
                frames.start(out);
                Stage::Metadata
            }
            Stage::Metadata => {
                frames.metadata(out, self.metadata.unwrap_or(&Value::Null));
                Stage::Reasoning(0)
            }
            Stage::Reasoning(at) => {
                frames.reasoning(out, self.reasoning.map_or("", |words| words.get(at)));
                Stage::Reasoning(at + 1)
            }
            Stage::Token(at) => {
                frames.token(out, &token(&self.words, at, self.stamp), at);
                Stage::Token(at + 1)
            }
            Stage::Tool(index, at) => {
                let Some(call) = self.tools.get(index) else { return };
                match at {
                    None => {
                        frames.call(out, index, call);
                        if frames.has_pieces() { Stage::Tool(index, Some(0)) } else { Stage::Tool(index + 1, None) }
                    }
                    Some(at) => {
                        let end = piece_end(&call.arguments, at);
                        frames.arguments(out, index, call.arguments.get(at..end).unwrap_or_default());
                        Stage::Tool(index, Some(end))
                    }
                }
            }
            Stage::Finish => {
                frames.finish(out, (!self.omit.finish).then_some(self.finish));
                Stage::Usage
            }
            Stage::Usage => {
                frames.usage(out, self.counts);
                Stage::Done
            }
            Stage::Done => {
                frames.done(out, self.finish);
                Stage::End
            }
            Stage::End => Stage::End,
        };
    }
}

/// Token number `at`; of a stamped answer, the microseconds since 1970 and a space.
fn token(words: &Words, at: u64, stamp: bool) -> Cow<'_, str> {
    if !stamp {
        return Cow::Borrowed(words.get(at));
    }
    Cow::Owned(format!("{} ", since_epoch(SystemTime::now()).as_micros()))
}

/// How many tokens this answer has, under the request's own limit.
pub(crate) fn counts(answer: &Answer, words: &Words, format: Format, wishes: &Wishes) -> Counts {
    let reasoning = answer.reasoning.as_ref().filter(|_| format.reasons(wishes));
    Counts {
        prompt: wishes.prompt_tokens,
        answer: wishes.max_tokens.unwrap_or(u64::MAX).min(words.len()),
        reasoning: reasoning.map_or(0, Words::len),
    }
}

pub(crate) fn finish_reason<'a>(answer: &'a Answer, words: &Words, counts: Counts, calls: bool) -> &'a str {
    match &answer.finish_reason {
        Some(reason) => reason,
        None if counts.answer < words.len() => "length",
        None if calls && !answer.tool_calls.is_empty() => "tool_calls",
        None => "stop",
    }
}

/// Arguments come in pieces of about a token.
fn piece_end(text: &str, start: usize) -> usize {
    const PIECE: usize = 8;
    (start + PIECE..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len())
}
