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

/// A sentence is twelve tokens, one from each of these lists in turn.
const SENTENCE: [&[&str]; 12] = [
    &[" The", " A", " Every", " One", " This", " Each", " Another", " No"],
    &[" tall", " quiet", " patient", " naïve", " narrow", " grey", " crooked", " forgotten"],
    &[" mill", " river", " miller", " wheel", " café", " heron", " 水车", " clock"],
    &[" carries", " turns", " follows", " remembers", " measures", " grinds", " keeps", " answers"],
    &[" the", " its", " every", " one", " that", " her"],
    &[" morning", " winter", " first", " heavy", " silver", " hidden", " λόγος-like", " last"],
    &[" grain", " water", " letter", " promise", " stone", " 🌊", " вода", " 👩‍💻"],
    &[" through", " past", " under", " beside", " towards", " beyond", " around", " across"],
    &[" the", " a", " its", " every", " no", " some"],
    &[" valley", " bridge", " meadow", " Mühlbach", " cre\u{301}perie", " \"garden\"", " willow", " 3.14-mile road"],
    &[" slowly", " again", " at dusk", " without hurry", " by hand", " in the rain", " each year", " upstream"],
    &[".", ".", ".", "!", "?", ",\tperhaps.", ".\n\n", ":\n\n```js\nconst sum = (a, b) => a + b // \\o/\n```\n\n"],
];

fn generated(seed: u64, index: u64) -> &'static str {
    let length = SENTENCE.len() as u64;
    let pick = |index: u64| {
        let words = SENTENCE.get((index % length) as usize).copied().unwrap_or_default();
        words.get((mix(seed, index) % words.len().max(1) as u64) as usize).copied().unwrap_or_default()
    };
    let word = pick(index);
    // No space where a text or a paragraph begins.
    let begins = index.is_multiple_of(length) && (index == 0 || pick(index - 1).ends_with('\n'));
    if begins { word.trim_start() } else { word }
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
