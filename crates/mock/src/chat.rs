//! The frames of one answer, in order, each made when its turn has come: nothing of an answer is stored ahead.

use std::ops::Range;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::answer::{Answer, Omit, ToolCall};
use crate::clock::iso;
use crate::fault::InStreamError;
use crate::frames::{Counts, EventsFrames, Identity, OpenAiFrames};
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
    Recorded { recording: &'a Recording, next: usize, frames: Frames },
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

    fn frames(&mut self) -> Option<&mut Frames> {
        match self {
            Self::Chat(chat) => Some(&mut chat.frames),
            Self::Recorded { frames, .. } => Some(frames),
            Self::Body { .. } => None,
        }
    }

    /// Appends a failure inside the stream and, where it is asked for or the format's habit, the terminal marker.
    pub(crate) fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError) {
        match self.frames() {
            Some(Frames::OpenAi(_)) => {
                OpenAiFrames::error(out, error);
                if error.done.unwrap_or(false) {
                    OpenAiFrames::done(out);
                }
            }
            Some(Frames::Events(frames)) => {
                frames.error(out, error);
                if error.done.unwrap_or(true) {
                    frames.json(out, "done", &json!({ "timestamp": iso(SystemTime::now()), "aborted": true }));
                }
            }
            None => {}
        }
    }

    /// Appends what stands before the text of a token, for one too long to be held.
    pub(crate) fn open_token(&mut self, out: &mut Vec<u8>) {
        match self.frames() {
            Some(Frames::OpenAi(frames)) => frames.text_opening(out),
            Some(Frames::Events(frames)) => frames.token_opening(out),
            None => {}
        }
    }

    /// Appends what stands behind it.
    pub(crate) fn close_token(&mut self, out: &mut Vec<u8>) {
        match self.frames() {
            Some(Frames::OpenAi(frames)) => frames.text_closing(out),
            Some(Frames::Events(_)) => EventsFrames::token_closing(out),
            None => {}
        }
    }
}

#[derive(Debug)]
pub(crate) enum Frames {
    OpenAi(OpenAiFrames),
    Events(EventsFrames),
}

/// What a request says about the answer it wants.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    pub(crate) include_usage: bool,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) prompt_tokens: u64,
    /// Frames up to this id have reached the client before.
    pub(crate) last_event_id: u64,
}

/// A generated answer.
pub(crate) struct Chat<'a> {
    frames: Frames,
    words: Words,
    reasoning: Option<&'a Words>,
    reasoning_field: &'a str,
    tools: &'a [ToolCall],
    metadata: Option<&'a Value>,
    /// Tokens of the text that are sent, cut by `max_tokens`.
    count: u64,
    finish: &'a str,
    usage: bool,
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
    pub(crate) fn new(answer: &'a Answer, words: Words, openai: bool, identity: &Identity, wishes: &Wishes) -> Self {
        let counts = counts(answer, &words, wishes);
        let usage = if openai { wishes.include_usage } else { !answer.omit.usage };
        let frames = if openai {
            Frames::OpenAi(OpenAiFrames::new(identity, usage))
        } else {
            Frames::Events(EventsFrames::new(answer.ids))
        };
        Self {
            frames,
            reasoning: answer.reasoning.as_ref(),
            reasoning_field: &answer.reasoning_field,
            tools: &answer.tool_calls,
            metadata: answer.metadata.as_ref().filter(|_| !openai),
            count: counts.answer,
            finish: finish_reason(answer, &words, counts),
            words,
            usage,
            omit: answer.omit,
            counts,
            stage: Stage::Start,
            written: 0,
            seen: if openai { 0 } else { wishes.last_event_id },
        }
    }

    fn openai(&self) -> bool {
        matches!(self.frames, Frames::OpenAi(_))
    }

    /// Steps over stages that have nothing to say.
    fn settle(&mut self) {
        loop {
            self.stage = match self.stage {
                Stage::Start if self.omit.start => Stage::Metadata,
                Stage::Metadata if self.metadata.is_none() => Stage::Reasoning(0),
                Stage::Reasoning(at) if self.reasoning.is_none_or(|words| at >= words.len()) => Stage::Token(0),
                Stage::Token(at) if at >= self.count => Stage::Tool(0, None),
                Stage::Tool(call, _) if call >= self.tools.len() => Stage::Finish,
                Stage::Tool(call, Some(at)) if self.tools.get(call).is_none_or(|call| at >= call.arguments.len()) => {
                    Stage::Tool(call + 1, None)
                }
                Stage::Finish if self.omit.finish || !self.openai() => Stage::Usage,
                Stage::Usage if self.omit.usage || !self.usage => Stage::Done,
                Stage::Done if self.omit.done => Stage::End,
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
        self.stage = match &mut self.frames {
            Frames::OpenAi(frames) => match self.stage {
                Stage::Start => {
                    frames.role(out);
                    Stage::Metadata
                }
                Stage::Metadata => Stage::Reasoning(0),
                Stage::Reasoning(at) => {
                    frames.text(out, self.reasoning_field, self.reasoning.map_or("", |words| words.get(at)));
                    Stage::Reasoning(at + 1)
                }
                Stage::Token(at) => {
                    frames.text(out, "content", self.words.get(at));
                    Stage::Token(at + 1)
                }
                Stage::Tool(index, at) => {
                    let Some(call) = self.tools.get(index) else { return };
                    match at {
                        None => {
                            frames.tool_call(out, index, &call_id(call, index), &call.name);
                            Stage::Tool(index, Some(0))
                        }
                        Some(at) => {
                            let end = piece_end(&call.arguments, at);
                            frames.tool_arguments(out, index, call.arguments.get(at..end).unwrap_or_default());
                            Stage::Tool(index, Some(end))
                        }
                    }
                }
                Stage::Finish => {
                    frames.finish(out, self.finish);
                    Stage::Usage
                }
                Stage::Usage => {
                    frames.usage(out, self.counts);
                    Stage::Done
                }
                Stage::Done => {
                    OpenAiFrames::done(out);
                    Stage::End
                }
                Stage::End => Stage::End,
            },
            Frames::Events(frames) => match self.stage {
                Stage::Start => {
                    frames.json(out, "start", &json!({ "timestamp": iso(SystemTime::now()) }));
                    Stage::Metadata
                }
                Stage::Metadata => {
                    frames.json(out, "metadata", self.metadata.unwrap_or(&Value::Null));
                    Stage::Reasoning(0)
                }
                Stage::Reasoning(at) => {
                    let text = self.reasoning.map_or("", |words| words.get(at));
                    frames.json(out, "reasoning", &json!({ "reasoning": text }));
                    Stage::Reasoning(at + 1)
                }
                Stage::Token(at) => {
                    frames.token(out, self.words.get(at), at);
                    Stage::Token(at + 1)
                }
                Stage::Tool(index, _) => {
                    let Some(call) = self.tools.get(index) else { return };
                    frames.json(out, "tool_call", &events_call(call, index));
                    Stage::Tool(index + 1, None)
                }
                Stage::Finish | Stage::Usage => {
                    frames.json(out, "usage", &events_usage(self.counts));
                    Stage::Done
                }
                Stage::Done => {
                    let mut data = json!({ "timestamp": iso(SystemTime::now()) });
                    if let (true, Value::Object(map)) = (self.finish != "stop", &mut data) {
                        map.insert("finishReason".to_owned(), self.finish.into());
                    }
                    frames.json(out, "done", &data);
                    Stage::End
                }
                Stage::End => Stage::End,
            },
        };
    }
}

/// How many tokens this answer has, under the request's own limit.
pub(crate) fn counts(answer: &Answer, words: &Words, wishes: &Wishes) -> Counts {
    Counts {
        prompt: wishes.prompt_tokens,
        answer: wishes.max_tokens.unwrap_or(u64::MAX).min(words.len()),
        reasoning: answer.reasoning.as_ref().map_or(0, Words::len),
    }
}

pub(crate) fn finish_reason<'a>(answer: &'a Answer, words: &Words, counts: Counts) -> &'a str {
    match &answer.finish_reason {
        Some(reason) => reason,
        None if counts.answer < words.len() => "length",
        None if !answer.tool_calls.is_empty() => "tool_calls",
        None => "stop",
    }
}

pub(crate) fn call_id(call: &ToolCall, index: usize) -> String {
    call.id.clone().unwrap_or_else(|| format!("call_mock{index:020}"))
}

fn events_call(call: &ToolCall, index: usize) -> Value {
    // Arguments that are no JSON go out as the text they are: a reader's business.
    let arguments = serde_json::from_str(&call.arguments).unwrap_or_else(|_| Value::String(call.arguments.clone()));
    json!({ "id": call_id(call, index), "index": index, "name": call.name, "arguments": arguments })
}

fn events_usage(counts: Counts) -> Value {
    let completion = counts.answer + counts.reasoning;
    let mut usage = json!({
        "promptTokens": counts.prompt,
        "completionTokens": completion,
        "totalTokens": counts.prompt + completion,
    });
    if let (true, Value::Object(map)) = (counts.reasoning > 0, &mut usage) {
        map.insert("reasoningTokens".to_owned(), counts.reasoning.into());
    }
    usage
}

/// Arguments come in pieces of about a token.
fn piece_end(text: &str, start: usize) -> usize {
    const PIECE: usize = 8;
    (start + PIECE..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len())
}
