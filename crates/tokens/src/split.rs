//! Where a text is cut into the pieces that are merged on their own: the patterns of OpenAI's encodings as state machines,
//! so that a text can be cut while it grows, and a cut is known as soon as nothing that follows could move it.
//!
//! The patterns are regular expressions that match leftmost-first, with white space that looks ahead. What a machine has
//! to remember of their backtracking is one earlier place where the piece may have to end after all.

use crate::class::Class;

/// The longest piece, in bytes: what runs on for longer without a place to cut is cut there, so that memory is bounded
/// whatever comes. Only such a text's count may be off, by a token or two a cut.
pub const MAX_PIECE: usize = 1 << 20;

/// How an encoding cuts texts; each is the `pat_str` of OpenAI's `tiktoken`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    R50k,
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    Cl100k,
    /// ```text
    /// [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|
    /// [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|
    /// \p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
    /// ```
    O200k,
}

/// What the piece under way has been so far. Places are bytes from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing.
    Empty,
    /// White space. `lines`: the end of its last newline, 0 without one. `last`: where its last character begins.
    Space {
        lines: usize,
        last: usize,
        blank: bool,
    },
    /// A character that may be in front of a word, or begin a run of its kind.
    Lead,
    /// An apostrophe at the beginning, and the letter behind it that may make it a contraction of two letters.
    Apostrophe(Option<char>),
    /// Letters. O200k's until the first small one: `good` is the end of the last one that is neither large nor small.
    Upper {
        good: usize,
    },
    /// Letters from there on; those of the other patterns at once.
    Word,
    /// O200k: a word that ends at `end`, an apostrophe, and maybe the first of two letters.
    Contraction {
        end: usize,
        first: Option<char>,
    },
    Digits(u8),
    /// Neither white space, letters nor digits.
    Run,
    /// Newlines behind such a run.
    Tail,
}

/// What becomes of a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It belongs to the piece.
    Take,
    /// The piece ends at this place, which may be some characters back: what stands behind it is a text of its own.
    Cut(usize),
}

/// The machine. It sees each character of a piece once, and again those behind a cut.
#[derive(Debug, Clone)]
pub(crate) struct Splitter {
    pattern: Pattern,
    state: State,
}

impl Splitter {
    pub(crate) fn new(pattern: Pattern) -> Self {
        Self { pattern, state: State::Empty }
    }

    /// The character `c` of class `class` at the place `at` of the piece. After a cut the next piece has begun, and comes
    /// from its first character.
    pub(crate) fn step(&mut self, at: usize, c: char, class: Class) -> Step {
        let step = if at >= MAX_PIECE { Step::Cut(at) } else { self.next(at, c, class) };
        if let Step::Cut(_) = step {
            self.state = State::Empty;
        }
        step
    }

    /// Where the piece so far would be cut if the text ended at `end`: there are two pieces at most.
    pub(crate) fn split_at_end(&self, end: usize) -> usize {
        match self.state {
            State::Space { lines, .. } if lines > 0 => lines,
            State::Upper { good } if good > 0 => good,
            State::Contraction { end, .. } => end,
            State::Apostrophe(Some(_)) if self.pattern == Pattern::R50k => 1,
            _ => end,
        }
    }

    fn next(&mut self, at: usize, c: char, class: Class) -> Step {
        let end = at + c.len_utf8();
        match self.state {
            State::Empty => self.begin(end, c, class),
            State::Space { lines, last, blank } => self.in_space(at, end, c, class, (lines, last, blank)),
            State::Apostrophe(first) => self.after_apostrophe(at, end, c, class, first),
            State::Lead => match self.word(class, end) {
                Some(word) => self.take(word),
                None => self.in_run(at, class),
            },
            State::Upper { good } => match class {
                Class::Upper => Step::Take,
                Class::Letter | Class::Mark => self.take(State::Upper { good: end }),
                Class::Lower => self.take(State::Word),
                // Large letters behind the last one of both kinds are a word of their own.
                _ if good > 0 && good < at => Step::Cut(good),
                _ => self.behind_word(at, c),
            },
            State::Word => {
                let goes_on = match self.pattern {
                    Pattern::O200k => matches!(class, Class::Lower | Class::Letter | Class::Mark),
                    _ => class.is_letter(),
                };
                if goes_on { Step::Take } else { self.behind_word(at, c) }
            }
            State::Contraction { end: word, first } => match contraction(first, c, true) {
                Contraction::Whole => Step::Cut(end),
                Contraction::Half => self.take(State::Contraction { end: word, first: Some(c) }),
                Contraction::None => Step::Cut(word),
            },
            State::Digits(count) => match (class, self.pattern) {
                (Class::Number, Pattern::R50k) => Step::Take,
                (Class::Number, _) if count < 3 => self.take(State::Digits(count + 1)),
                _ => Step::Cut(at),
            },
            State::Run => self.in_run(at, class),
            State::Tail if class == Class::Newline || (c == '/' && self.pattern == Pattern::O200k) => Step::Take,
            State::Tail => Step::Cut(at),
        }
    }

    fn take(&mut self, state: State) -> Step {
        self.state = state;
        Step::Take
    }

    fn begin(&mut self, end: usize, c: char, class: Class) -> Step {
        let old = self.pattern == Pattern::R50k;
        self.take(match class {
            Class::Newline if !old => State::Space { lines: end, last: 0, blank: false },
            Class::Newline | Class::Space => State::Space { lines: 0, last: 0, blank: c == ' ' },
            Class::Number => State::Digits(1),
            Class::Other | Class::Mark if c == '\'' && self.pattern != Pattern::O200k => State::Apostrophe(None),
            // What could stand in front of a word is a word itself there.
            Class::Mark if self.pattern == Pattern::O200k => State::Upper { good: end },
            Class::Other | Class::Mark if old => State::Run,
            Class::Other | Class::Mark => State::Lead,
            letter => self.word(letter, end).unwrap_or(State::Word),
        })
    }

    /// The state of a word whose first letter is of this class.
    fn word(&self, class: Class, end: usize) -> Option<State> {
        match (class, self.pattern) {
            (Class::Upper, Pattern::O200k) => Some(State::Upper { good: 0 }),
            (Class::Letter | Class::Mark, Pattern::O200k) => Some(State::Upper { good: end }),
            (class, _) if class.is_letter() => Some(State::Word),
            _ => None,
        }
    }

    fn in_space(
        &mut self,
        at: usize,
        end: usize,
        c: char,
        class: Class,
        (lines, last, blank): (usize, usize, bool),
    ) -> Step {
        let old = self.pattern == Pattern::R50k;
        if class.is_space() {
            let lines = if class == Class::Newline && !old { end } else { lines };
            return self.take(State::Space { lines, last: at, blank: c == ' ' });
        }
        if lines > 0 {
            return Step::Cut(lines);
        }
        if last > 0 {
            // The last one is left to what follows.
            return Step::Cut(last);
        }
        match class {
            Class::Number if old && blank => self.take(State::Digits(1)),
            Class::Number => Step::Cut(at),
            _ => match self.word(class, end) {
                Some(word) if blank || !old => self.take(word),
                None if blank => self.take(State::Run),
                _ => Step::Cut(at),
            },
        }
    }

    fn in_run(&mut self, at: usize, class: Class) -> Step {
        match class {
            Class::Other | Class::Mark => self.take(State::Run),
            Class::Newline if self.pattern != Pattern::R50k => self.take(State::Tail),
            _ => Step::Cut(at),
        }
    }

    fn behind_word(&mut self, at: usize, c: char) -> Step {
        if c == '\'' && self.pattern == Pattern::O200k {
            self.take(State::Contraction { end: at, first: None })
        } else {
            Step::Cut(at)
        }
    }

    fn after_apostrophe(&mut self, at: usize, end: usize, c: char, class: Class, first: Option<char>) -> Step {
        let any_case = self.pattern != Pattern::R50k;
        match (contraction(first, c, any_case), first) {
            (Contraction::Whole, _) => Step::Cut(end),
            (Contraction::Half, _) => self.take(State::Apostrophe(Some(c))),
            (Contraction::None, Some(_)) if !any_case => Step::Cut(1),
            (Contraction::None, Some(_)) => {
                self.state = State::Word;
                self.next(at, c, class)
            }
            (Contraction::None, None) => {
                self.state = if any_case { State::Lead } else { State::Run };
                self.next(at, c, class)
            }
        }
    }
}

enum Contraction {
    None,
    /// The first of two letters.
    Half,
    Whole,
}

/// `'s|'t|'re|'ve|'m|'ll|'d` behind the apostrophe. In any case means Unicode's simple folding, in which a long s is an s.
fn contraction(first: Option<char>, c: char, any_case: bool) -> Contraction {
    let fold = |c: char| match c {
        '\u{17f}' if any_case => 's',
        c if any_case => c.to_ascii_lowercase(),
        c => c,
    };
    match (first.map(fold), fold(c)) {
        (None, 's' | 't' | 'm' | 'd') | (Some('r' | 'v'), 'e') | (Some('l'), 'l') => Contraction::Whole,
        (None, 'r' | 'v' | 'l') => Contraction::Half,
        _ => Contraction::None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use fancy_regex::Regex;
    use proptest::prelude::*;

    use super::*;
    use crate::class::class_of;

    const R50K: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    const CL100K: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    const O200K: &str = concat!(
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|",
        r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    );

    static PATTERNS: LazyLock<Vec<(Pattern, Regex)>> = LazyLock::new(|| {
        let sources = [(Pattern::R50k, R50K), (Pattern::Cl100k, CL100K), (Pattern::O200k, O200K)];
        sources.map(|(pattern, source)| (pattern, Regex::new(source).unwrap())).into()
    });

    /// The pieces of a text; `at_end` is told how the text so far would be cut, after each character.
    fn pieces(pattern: Pattern, text: &str, mut at_end: impl FnMut(usize, Vec<&str>)) -> Vec<String> {
        let mut splitter = Splitter::new(pattern);
        let (mut start, mut seen, mut told) = (0, 0, 0);
        let mut found = Vec::new();
        while let Some(c) = text[seen..].chars().next() {
            match splitter.step(seen - start, c, class_of(c)) {
                Step::Take => seen += c.len_utf8(),
                Step::Cut(length) => {
                    assert!(length > 0, "an empty piece in {text:?}");
                    found.push(text[start..start + length].to_owned());
                    start += length;
                    seen = start;
                }
            }
            if seen > told {
                told = seen;
                let (first, second) = text[start..seen].split_at(splitter.split_at_end(seen - start));
                let all = found.iter().map(String::as_str).chain([first, second]);
                at_end(seen, all.filter(|piece| !piece.is_empty()).collect());
            }
        }
        let (first, second) = text[start..].split_at(splitter.split_at_end(seen - start));
        found.extend([first, second].into_iter().filter(|piece| !piece.is_empty()).map(str::to_owned));
        found
    }

    fn check(text: &str) {
        for (pattern, regex) in PATTERNS.iter() {
            let pattern = *pattern;
            let expected = |text: &str| -> Vec<String> {
                regex.find_iter(text).map(|found| found.unwrap().as_str().to_owned()).collect()
            };
            let found = pieces(pattern, text, |end, pieces| {
                assert_eq!(pieces, expected(&text[..end]), "{pattern:?} of {:?}", &text[..end]);
            });
            assert_eq!(found, expected(text), "{pattern:?} of {text:?}");
        }
    }

    #[test]
    fn cuts_where_the_patterns_do() {
        for text in [
            "Hello, world! It's 12345 o'clock; we'LL see.",
            "\n\n  foo\t\tbar \r\n \n baz   ",
            "中文ABC中d HTTPServer camelCase XMLHttp'S",
            "e\u{301}AB!\u{301}'re \u{301}'s 'such 'reason ''s 'r 'v 'l",
            "a/b//\n/c !!\r\n/x https://example.com/?q=1&r=2",
            "x'\u{17f} 'ſt I'M YOU'RE",
            "\u{a0}\u{a0}a \u{3000}b \u{85}\u{2028}c",
            "१२३४५ ½¾ Ⅷ 🎉👨‍👩‍👧 ǅ ʰʱ",
        ] {
            check(text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

        #[test]
        fn cuts_any_text_where_the_patterns_do(text in proptest::collection::vec(
            prop_oneof![
                4 => proptest::sample::select(vec![
                    "a", "s", "S", "t", "r", "re", "e", "v", "l", "L", "d", "m", "B", "Z", "é", "É", "中", "ʰ", "ǅ",
                    "\u{301}", "\u{903}", "1", "23", "½", " ", "  ", "\t", "\n", "\r\n", "\r", "\u{a0}", "\u{3000}",
                    "'", "’", "!", "/", ".", "-", "🎉", "\u{200d}", "\u{17f}", "<|endoftext|>",
                ]).prop_map(str::to_owned),
                1 => any::<char>().prop_filter("assigned for long", |c| (*c as u32) < 0x1c80).prop_map(String::from),
            ],
            0..24,
        ).prop_map(|parts| parts.concat())) {
            check(&text);
        }
    }
}
