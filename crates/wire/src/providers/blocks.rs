//! The blocks of an answer that are begun and not yet stopped, as Anthropic's Messages and Bedrock's Converse have them.
//!
//! What always holds: at most [`MAX_OPEN`] of them; servers have one open, seldom two. Imports what decoders share.

use std::borrow::Cow;

use super::turn::Turn;
use crate::frame::{Fault, Sink};
use crate::json::{self, ObjectText, Raw, quote};

/// Beyond this the oldest is taken for stopped.
const MAX_OPEN: usize = 64;

#[derive(Debug, Clone)]
pub(crate) enum Block {
    Text,
    /// With what came of its signature.
    Thinking {
        signature: String,
    },
    /// A call of the caller's tool, by its position; the input that stood in its beginning counts where none follows.
    Call {
        at: usize,
        input: String,
    },
    /// A block that is given when it is whole: its JSON text, and the input that came by and by.
    Held {
        block: String,
        input: String,
    },
    /// A block that was whole when it began.
    Given,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Blocks {
    open: Vec<(Option<u64>, Block)>,
}

impl Blocks {
    /// Returns the block that had to give way.
    pub(crate) fn open(&mut self, index: Option<u64>, block: Block) -> Option<Block> {
        let oldest = if self.open.len() == MAX_OPEN { self.take_first() } else { None };
        self.open.push((index, block));
        oldest
    }

    fn position(&self, index: Option<u64>) -> Option<usize> {
        match index {
            Some(_) => self.open.iter().rposition(|(known, _)| *known == index),
            // Without a number: the one begun last.
            None => self.open.len().checked_sub(1),
        }
    }

    pub(crate) fn find(&mut self, index: Option<u64>) -> Option<&mut Block> {
        let at = self.position(index)?;
        self.open.get_mut(at).map(|(_, block)| block)
    }

    pub(crate) fn take(&mut self, index: Option<u64>) -> Option<Block> {
        self.position(index).map(|at| self.open.remove(at).1)
    }

    pub(crate) fn take_first(&mut self) -> Option<Block> {
        if self.open.is_empty() { None } else { Some(self.open.remove(0).1) }
    }
}

impl Block {
    /// The block is over: gives what was held of it.
    pub(crate) fn close(self, turn: &mut Turn, sink: &mut Sink<'_>) -> Result<(), Fault> {
        match self {
            Self::Text | Self::Given => {}
            Self::Thinking { signature } => {
                turn.budget.put_back(signature.len());
                turn.reasoning(0, Cow::Borrowed(""), Some(Cow::Owned(signature)), sink);
            }
            Self::Call { at, input } => {
                turn.budget.put_back(input.len());
                let (calls, budget) = turn.calls(0)?;
                if !input.is_empty() && !calls.has_arguments(at) {
                    calls.append_text(0, at, &input, budget, sink)?;
                }
                // One without arguments waits: the model may have been stopped before it wrote any.
                calls.give_complete(0, sink);
            }
            Self::Held { block, input } => {
                turn.budget.put_back(block.len() + input.len());
                let block = Raw::known(&block);
                if input.is_empty() {
                    turn.give(0, "content_block", block, sink);
                } else {
                    let quoted = quote(&input);
                    let input = Raw::parse(&input).unwrap_or(Raw::known(&quoted));
                    let mut members = ObjectText::new();
                    for (key, value) in block.fields().filter(|(key, _)| key != "input") {
                        members.put(&key, value);
                    }
                    members.put("input", input);
                    turn.give(0, "content_block", Raw::known(&members.into_text()), sink);
                }
            }
        }
        Ok(())
    }
}

impl Blocks {
    /// Input of a tool, as the inside of a JSON string; `false` where no block takes it.
    pub(crate) fn input(
        &mut self,
        index: Option<u64>,
        inner: &str,
        turn: &mut Turn,
        sink: &mut Sink<'_>,
    ) -> Result<bool, Fault> {
        match self.find(index) {
            Some(Block::Call { at, .. }) => {
                let (calls, budget) = turn.calls(0)?;
                calls.append(0, *at, inner, budget, sink)?;
            }
            Some(Block::Held { input, .. }) => {
                let before = input.len();
                json::unescape_into(inner, input);
                turn.budget.take(input.len() - before)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// All of them are over.
    pub(crate) fn close_all(&mut self, turn: &mut Turn, sink: &mut Sink<'_>) -> Result<(), Fault> {
        while let Some(block) = self.take_first() {
            block.close(turn, sink)?;
        }
        Ok(())
    }
}
