//! The words of an answer: made up from a seed, or given.

use std::ops::Range;
use std::sync::Arc;

/// What an answer says, cut into tokens whose concatenation is the text, byte for byte.
#[derive(Debug, Clone)]
pub(crate) enum Words {
    /// Token `i` is a function of the seed and `i`, so that nothing is stored per answer.
    Generated { seed: u64, count: u64 },
    /// A text of the caller's.
    Given { text: Arc<str>, cuts: Arc<[Range<usize>]> },
}

impl Words {
    pub(crate) fn given(text: &str) -> Self {
        Self::Given { text: Arc::from(text), cuts: cut(text).into() }
    }

    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Generated { count, .. } => *count,
            Self::Given { cuts, .. } => cuts.len() as u64,
        }
    }

    /// Token number `index`, empty beyond the end.
    pub(crate) fn get(&self, index: u64) -> &str {
        match self {
            Self::Generated { seed, count } if index < *count => generated(*seed, index),
            Self::Generated { .. } => "",
            Self::Given { text, cuts } => usize::try_from(index)
                .ok()
                .and_then(|index| cuts.get(index))
                .and_then(|range| text.get(range.clone()))
                .unwrap_or(""),
        }
    }

    pub(crate) fn join(&self, count: u64) -> String {
        (0..count.min(self.len())).map(|index| self.get(index)).collect()
    }
}

/// Cuts where a word begins, its white space in front, as tokenizers of language models do.
fn cut(text: &str) -> Vec<Range<usize>> {
    let mut cuts = Vec::new();
    let mut start = 0;
    let mut in_word = false;
    for (at, letter) in text.char_indices() {
        if letter.is_whitespace() {
            if in_word {
                cuts.push(start..at);
                start = at;
            }
            in_word = false;
        } else {
            in_word = true;
        }
    }
    if start < text.len() {
        cuts.push(start..text.len());
    }
    cuts
}

const OPENERS: [&str; 8] = ["The", "A", "Every", "One", "This", "Each", "Another", "No"];

const WORDS: [&str; 96] = [
    " stream",
    " of",
    " tokens",
    " arrives",
    " as",
    " the",
    " river",
    " runs",
    " past",
    " a",
    " mill",
    " and",
    " turns",
    " its",
    " wheel",
    " slowly",
    " in",
    " morning",
    " light",
    " while",
    " the",
    " miller",
    " counts",
    " grain",
    " by",
    " hand",
    " with",
    " patience",
    " that",
    " no",
    " clock",
    " can",
    " measure",
    " or",
    " hurry",
    " because",
    " water",
    " never",
    " waits",
    " for",
    " those",
    " who",
    " sleep",
    " beside",
    " it",
    " under",
    " willow",
    " trees",
    " whose",
    " leaves",
    " whisper",
    " about",
    " rain",
    " from",
    " distant",
    " hills",
    " where",
    " springs",
    " begin",
    " their",
    " long",
    " journey",
    " toward",
    " sea",
    " carrying",
    " stones",
    " made",
    " round",
    " through",
    " years",
    " until",
    " someone",
    " finds",
    " them",
    " on",
    " shore",
    " at",
    " dusk",
    " keeps",
    " one",
    " as",
    " memory",
    " naïve",
    " café",
    " Zürich",
    " λόγος",
    " вода",
    " 水车",
    " 川",
    " 🌊",
    " 👩‍💻",
    " \"quoted\"",
    " back\\slash",
    " 3.14159",
    " https://example.com/a?b=c",
    " e\u{301}tude",
];

const ENDINGS: [&str; 8] =
    [".", ".", ".", "!", "?", ".\n\n", ":\n\n- ", ".\n\n```js\nconst sum = (a, b) => a + b\n```\n\n"];

const SENTENCE: u64 = 12;

/// Sentences of twelve tokens: an opener, words, an ending that is now and then a paragraph, a list or code.
fn generated(seed: u64, index: u64) -> &'static str {
    let draw = mix(seed, index);
    let place = index % SENTENCE;
    let pick = |list: &[&'static str]| list.get((draw % list.len() as u64) as usize).copied().unwrap_or("");
    if place == SENTENCE - 1 {
        pick(&ENDINGS)
    } else if place == 0 && index == 0 {
        pick(&OPENERS)
    } else {
        pick(&WORDS)
    }
}

/// SplitMix64, the step function of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
pub(crate) fn mix(seed: u64, index: u64) -> u64 {
    let mut z = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_text_comes_back_byte_for_byte() {
        for text in ["", " ", "one", "  two words \n\n", "a\u{2028}b c\r\n\td", "👩‍💻 é\u{301} x"] {
            let words = Words::given(text);
            assert_eq!(words.join(u64::MAX), text);
            assert!((0..words.len()).all(|index| !words.get(index).is_empty()));
        }
        assert_eq!(Words::given("Hello, big world").len(), 3);
    }

    #[test]
    fn a_seed_decides_the_text() {
        let say = |seed| Words::Generated { seed, count: 400 }.join(400);
        assert_eq!(say(1), say(1));
        assert_ne!(say(1), say(2));
        let text = say(1);
        assert!(text.contains('\n') && !text.is_ascii(), "unicode and line breaks belong to it");
    }

    #[test]
    fn no_generated_token_is_empty() {
        assert!((0..5_000).all(|index| !generated(7, index).is_empty()));
    }
}
