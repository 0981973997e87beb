//! Chunks of one stream are alike but for a string or two. A template is a chunk that was read in full, cut at those
//! strings; a chunk that matches it is read by comparing bytes.
//!
//! Why this gives what reading in full gives. JSON is read from left to right, and inside a string nothing but the
//! closing quote ends it. A template's literal stops right behind an opening quote; what follows in the new chunk, up to
//! its first quote that is not escaped, is checked to be the inside of a well-formed string of valid UTF-8; then the
//! next literal must follow to the byte. So the new chunk is well-formed, and its tree is the template's, but for the
//! strings at the holes. The decoder learns only from chunks whose one effect was the event made from the first kind
//! of hole, and whose other holes it did not look at; and a hole that is empty, on which it might have decided
//! otherwise, does not match. Effects of a chunk on what is held for the whole stream are guarded by a generation: a
//! template counts only as long as nothing has changed there since it was learnt.
//!
//! Imports the JSON reader.

use crate::json::string_end_escaped;

/// Chunks of `n` interleaved alternatives, or of text and reasoning in turn, want one each.
const SLOTS: usize = 4;

/// How many strings may differ: the content, and padding or a second copy of it.
pub(super) const HOLES: usize = 3;

/// What the content of a matching chunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Text {
        choice: u32,
    },
    Reasoning {
        choice: u32,
    },
    /// Arguments of the call at this position, which is open.
    Arguments {
        choice: u32,
        call: usize,
    },
}

/// A chunk that was read in full: what is needed to cut it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lesson<'a> {
    pub(super) content: Content,
    /// The insides of strings of the chunk, slices of it: the content first, then what was ignored.
    pub(super) holes: [Option<&'a str>; HOLES],
    pub(super) generation: u64,
}

#[derive(Debug, Clone)]
struct Template {
    content: Content,
    generation: u64,
    /// All literals, one behind the other.
    literals: Vec<u8>,
    /// Where in `literals` the holes are, and which of them is the content.
    holes: [usize; HOLES],
    count: usize,
    content_hole: usize,
}

/// The templates of one stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Templates {
    slots: Vec<Template>,
    /// The slot that matched last.
    recent: usize,
    /// The slot to learn into next.
    oldest: usize,
}

impl Templates {
    /// What the content of `chunk` is, the inside of its string, and whether there are escapes in it, where a template
    /// matches.
    #[inline]
    pub(super) fn find<'a>(&mut self, chunk: &'a [u8], generation: u64) -> Option<(Content, &'a str, bool)> {
        let recent = self.slots.get(self.recent)?;
        if let Some((inner, escaped)) = recent.matches(chunk, generation) {
            return Some((recent.content, inner, escaped));
        }
        for (at, template) in self.slots.iter().enumerate() {
            if at != self.recent
                && let Some((inner, escaped)) = template.matches(chunk, generation)
            {
                let content = template.content;
                self.recent = at;
                return Some((content, inner, escaped));
            }
        }
        None
    }

    /// Makes a template of `chunk`, in the place of the oldest.
    pub(super) fn learn(&mut self, chunk: &str, lesson: &Lesson<'_>) {
        let mut cuts = [(0, 0, false); HOLES];
        let mut count = 0;
        for (at, inner) in lesson.holes.iter().enumerate() {
            let Some(inner) = inner else { continue };
            // Slices of the chunk know where they stand in it.
            let start = (inner.as_ptr() as usize).wrapping_sub(chunk.as_ptr() as usize);
            if chunk.get(start..start.saturating_add(inner.len())) != Some(*inner) {
                return;
            }
            if let Some(cut) = cuts.get_mut(count) {
                *cut = (start, start + inner.len(), at == 0);
                count += 1;
            }
        }
        let cuts = cuts.get_mut(..count).unwrap_or_default();
        cuts.sort_unstable();
        let at = if self.slots.len() < SLOTS { self.slots.len() } else { self.oldest };
        let mut literals = self.slots.get_mut(at).map(|slot| std::mem::take(&mut slot.literals)).unwrap_or_default();
        literals.clear();
        let mut template = Template {
            content: lesson.content,
            generation: lesson.generation,
            literals,
            holes: [0; HOLES],
            count,
            content_hole: HOLES,
        };
        let mut from = 0;
        for (index, &(start, end, is_content)) in cuts.iter().enumerate() {
            template.literals.extend_from_slice(chunk.as_bytes().get(from..start).unwrap_or_default());
            if let Some(hole) = template.holes.get_mut(index) {
                *hole = template.literals.len();
            }
            if is_content {
                template.content_hole = index;
            }
            from = end;
        }
        template.literals.extend_from_slice(chunk.as_bytes().get(from..).unwrap_or_default());
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = template;
        } else {
            self.slots.push(template);
        }
        self.oldest = (at + 1) % SLOTS;
        self.recent = at;
    }
}

impl Template {
    #[inline]
    fn matches<'a>(&self, chunk: &'a [u8], generation: u64) -> Option<(&'a str, bool)> {
        if self.generation != generation {
            return None;
        }
        let mut rest = chunk;
        let mut from = 0;
        let mut content = None;
        for (index, &hole) in self.holes.get(..self.count)?.iter().enumerate() {
            rest = rest.strip_prefix(self.literals.get(from..hole)?)?;
            let (end, escaped) = string_end_escaped(rest, 0)?;
            let (inner, behind) = rest.split_at_checked(end)?;
            if index == self.content_hole {
                content = Some((std::str::from_utf8(inner).ok()?, escaped));
            } else if !inner.is_ascii() {
                // Nobody looks at it, but it has to be text.
                std::str::from_utf8(inner).ok()?;
            }
            rest = behind;
            from = hole;
        }
        (rest == self.literals.get(from..)?).then_some(())?;
        content.filter(|(inner, _)| !inner.is_empty())
    }
}
