//! The blocks of an answer that are begun and not yet stopped.
//!
//! What always holds: at most [`MAX_OPEN`] of them; servers have one open, seldom two.

/// Beyond this the oldest is taken for stopped.
const MAX_OPEN: usize = 64;

#[derive(Debug, Clone)]
pub(super) enum Block {
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
pub(super) struct Blocks {
    open: Vec<(Option<u64>, Block)>,
}

impl Blocks {
    /// Returns the block that had to give way.
    pub(super) fn open(&mut self, index: Option<u64>, block: Block) -> Option<Block> {
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

    pub(super) fn find(&mut self, index: Option<u64>) -> Option<&mut Block> {
        let at = self.position(index)?;
        self.open.get_mut(at).map(|(_, block)| block)
    }

    pub(super) fn take(&mut self, index: Option<u64>) -> Option<Block> {
        self.position(index).map(|at| self.open.remove(at).1)
    }

    pub(super) fn take_first(&mut self) -> Option<Block> {
        if self.open.is_empty() { None } else { Some(self.open.remove(0).1) }
    }
}
