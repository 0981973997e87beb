//! JSON text that is still arriving: whether it can become JSON, and the value so far.
//!
//! What always holds: a text is refused at its first impossible character, and not before; [`JsonReader::repaired`] is
//! well-formed JSON at any moment; reading is linear in the text however it is cut, a repaired value costs its own
//! length; nesting is bounded. Grammar: RFC 8259, as `JSON.parse` reads it. Imports `thiserror`.

/// Nesting beyond this is refused: no answer needs it, and readers of the value may recurse.
pub const MAX_DEPTH: usize = 128;

/// How a [`JsonReader`] reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JsonReaderOptions {
    /// Whether one value may follow another, with or without white space between them: newline-delimited JSON, `{}{}`.
    pub multiple: bool,
    /// Whether the text may stand in a Markdown code fence, as models put it that have no JSON mode.
    pub fences: bool,
}

/// Why a text is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at offset {offset}")]
pub struct JsonError {
    /// Of the first impossible character, or of the end of a text that is incomplete. Counted in UTF-16 units from the
    /// beginning of all that was fed.
    pub offset: u64,
    /// What is wrong there. Never quotes the text.
    pub problem: JsonProblem,
}

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonProblem {
    /// Something else must stand here.
    #[error("expected {0}")]
    Expected(&'static str),
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("nested too deep")]
    TooDeep,
    /// The text ended before its value did.
    #[error("the text ends")]
    Incomplete,
}

/// Where in the grammar the next character stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a value. `closes`: after `[`, where `]` may stand as well.
    Value {
        closes: bool,
    },
    /// Before a name. `closes`: after `{`, where `}` may stand as well.
    Name {
        closes: bool,
    },
    Colon,
    /// In a string; `name` where it is one.
    String {
        name: bool,
        inner: InString,
    },
    Number(InNumber),
    /// In `true`, `false` or `null`, of which this is still to come.
    Literal(&'static str),
    /// After a value that stands in another.
    After,
    /// After the value. `ticks`: how much of the closing fence has come.
    Done {
        ticks: u8,
    },
    /// In the opening fence, of which so much has come.
    Fence {
        ticks: u8,
    },
    /// In the word behind it.
    FenceInfo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InString {
    Plain,
    /// After `\`.
    Escape,
    /// In `\u`, with so many digits to come.
    Hex {
        left: u8,
        code: u16,
    },
    /// After the escape of a high surrogate, whose other half may follow.
    High,
    /// After `\` behind it.
    HighEscape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InNumber {
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
}

impl InNumber {
    /// Whether the number may end here.
    fn is_whole(self) -> bool {
        matches!(self, Self::Zero | Self::Integer | Self::Fraction | Self::ExponentDigits)
    }

    /// After one more character, or `None` where that is no part of a number.
    fn after(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Minus, b'0') => Self::Zero,
            (Self::Minus, b'1'..=b'9') | (Self::Integer, b'0'..=b'9') => Self::Integer,
            (Self::Zero | Self::Integer, b'.') => Self::Point,
            (Self::Point | Self::Fraction, b'0'..=b'9') => Self::Fraction,
            (Self::Zero | Self::Integer | Self::Fraction, b'e' | b'E') => Self::Exponent,
            (Self::Exponent, b'+' | b'-') => Self::ExponentSign,
            (Self::Exponent | Self::ExponentSign | Self::ExponentDigits, b'0'..=b'9') => Self::ExponentDigits,
            _ => return None,
        })
    }
}

/// Reads JSON text piece by piece.
#[derive(Debug, Clone)]
pub struct JsonReader {
    options: JsonReaderOptions,
    state: State,
    failure: Option<JsonError>,
    /// The value being read, from its first character, and what follows it in the last piece.
    text: String,
    /// How much of `text` was read.
    at: usize,
    /// Where the value being read begins in `text`.
    start: usize,
    /// UTF-16 units that were fed before `text`.
    before: u64,
    /// What closes each container that is open, outermost first.
    closers: Vec<u8>,
    /// Up to here `text` is whole: nothing is open but containers, and no name waits for its value.
    whole: usize,
    /// Up to here the string or number being read can be kept; of a number that is none yet, `start`.
    kept: usize,
    /// Whether an opening fence was read.
    fenced: bool,
    /// Whether a value began; of several, whether the one being read did, and has not ended.
    begun: bool,
}

impl JsonReader {
    /// A reader at the beginning of a text.
    #[must_use]
    pub fn new(options: JsonReaderOptions) -> Self {
        Self {
            options,
            state: State::Value { closes: false },
            failure: None,
            text: String::new(),
            at: 0,
            start: 0,
            before: 0,
            closers: Vec::new(),
            whole: 0,
            kept: 0,
            fenced: false,
            begun: false,
        }
    }

    /// Reads the next piece. `on_value` is given the text of each value that is complete by it; of a number that nothing
    /// delimits that is known only by [`end`](Self::end).
    ///
    /// # Errors
    /// [`JsonError`] at the first impossible character, and from then on.
    pub fn feed(&mut self, piece: &str, on_value: &mut impl FnMut(&str)) -> Result<(), JsonError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        self.text.push_str(piece);
        let read = self.read(on_value);
        if let Err(problem) = read {
            let offset = self.before + units(&self.text[..self.at]);
            let failure = JsonError { offset, problem };
            self.failure = Some(failure);
            self.text.truncate(self.at);
            return Err(failure);
        }
        Ok(())
    }

    /// The text ended.
    ///
    /// # Errors
    /// [`JsonError`] where it ended too early, or was refused before.
    pub fn end(&mut self, on_value: &mut impl FnMut(&str)) -> Result<(), JsonError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if let State::Number(number) = self.state
            && number.is_whole()
            && self.closers.is_empty()
        {
            self.complete(self.text.len(), on_value);
        }
        let nothing_open = !self.begun && self.options.multiple && matches!(self.state, State::Value { .. });
        if nothing_open || matches!(self.state, State::Done { .. }) {
            return Ok(());
        }
        let failure = JsonError { offset: self.before + units(&self.text), problem: JsonProblem::Incomplete };
        self.failure = Some(failure);
        Err(failure)
    }

    /// Whether a whole value was read, and no other has begun.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failure.is_none() && matches!(self.state, State::Done { .. })
    }

    /// Bytes of text that are held.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.text.len()
    }

    /// The text of the value so far, closed so that it is well-formed; `None` where none has begun that says anything yet.
    ///
    /// A string is cut behind its last whole character, a number behind the last digit that makes it one; a literal is
    /// completed by its first letter, since only one begins so. A name whose value says nothing yet is left out. Of a
    /// text that was refused it is the value before the impossible character.
    #[must_use]
    pub fn repaired(&self) -> Option<String> {
        let (keep, ending) = match self.state {
            _ if !self.begun => return None,
            State::String { name: false, .. } => (self.kept, "\""),
            State::Number(_) if self.kept > self.start => (self.kept, ""),
            State::Literal(rest) => (self.at, rest),
            _ => (self.whole, ""),
        };
        if keep == self.start && ending.is_empty() {
            return None;
        }
        let mut text = String::with_capacity(keep - self.start + ending.len() + self.closers.len());
        text.push_str(&self.text[self.start..keep]);
        text.push_str(ending);
        text.extend(self.closers.iter().rev().map(|closer| char::from(*closer)));
        Some(text)
    }

    fn read(&mut self, on_value: &mut impl FnMut(&str)) -> Result<(), JsonProblem> {
        while self.at < self.text.len() {
            let byte = self.text.as_bytes()[self.at];
            match self.state {
                State::String { name, inner } => self.string(byte, name, inner, on_value)?,
                State::Number(number) => match number.after(byte) {
                    Some(next) => self.number(next),
                    // The character behind it is read again.
                    None if number.is_whole() => self.complete(self.at, on_value),
                    None => return Err(JsonProblem::Expected("a digit")),
                },
                State::Literal(rest) => {
                    let mut letters = rest.chars();
                    if letters.next() != Some(char::from(byte)) {
                        return Err(JsonProblem::Expected("`true`, `false` or `null`"));
                    }
                    self.at += 1;
                    match letters.as_str() {
                        "" => self.complete(self.at, on_value),
                        rest => self.state = State::Literal(rest),
                    }
                }
                State::Fence { ticks } => {
                    if byte != b'`' {
                        return Err(JsonProblem::Expected("a code fence"));
                    }
                    self.at += 1;
                    self.state = if ticks == 2 { State::FenceInfo } else { State::Fence { ticks: ticks + 1 } };
                }
                State::FenceInfo => match byte {
                    b'{' | b'[' => self.state = State::Value { closes: false },
                    b'\n' => {
                        self.at += 1;
                        self.state = State::Value { closes: false };
                    }
                    b'`' => return Err(JsonProblem::Expected("a value")),
                    _ => self.at += char_len(&self.text, self.at),
                },
                _ if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                State::Value { closes } => self.value(byte, closes, on_value)?,
                State::Name { closes } => match byte {
                    b'"' => self.open_string(true),
                    b'}' if closes => self.close(on_value),
                    _ if closes => return Err(JsonProblem::Expected("a name in quotes or `}`")),
                    _ => return Err(JsonProblem::Expected("a name in quotes")),
                },
                State::Colon => {
                    if byte != b':' {
                        return Err(JsonProblem::Expected("`:`"));
                    }
                    self.at += 1;
                    self.state = State::Value { closes: false };
                }
                State::After => match (byte, self.closers.last()) {
                    (b',', Some(b'}')) => self.step(State::Name { closes: false }),
                    (b',', _) => self.step(State::Value { closes: false }),
                    (_, Some(closer)) if *closer == byte => self.close(on_value),
                    (_, Some(b'}')) => return Err(JsonProblem::Expected("`,` or `}`")),
                    _ => return Err(JsonProblem::Expected("`,` or `]`")),
                },
                State::Done { ticks } => {
                    if !self.fenced || byte != b'`' || ticks == 3 {
                        return Err(JsonProblem::Expected("nothing behind the value"));
                    }
                    self.step(State::Done { ticks: ticks + 1 });
                }
            }
        }
        // What stands before the value is of no use any more. All of it came with this piece: reading stays linear.
        self.forget(if self.begun { self.start } else { self.at });
        Ok(())
    }

    /// The beginning of a value.
    fn value(&mut self, byte: u8, closes: bool, on_value: &mut impl FnMut(&str)) -> Result<(), JsonProblem> {
        let first = !self.begun;
        if first && byte == b'`' && self.options.fences && !self.fenced && !self.options.multiple {
            self.fenced = true;
            self.step(State::Fence { ticks: 1 });
            return Ok(());
        }
        if first {
            self.start = self.at;
            self.whole = self.at;
        }
        match byte {
            b'{' | b'[' => {
                if self.closers.len() == MAX_DEPTH {
                    return Err(JsonProblem::TooDeep);
                }
                let (closer, state) = match byte {
                    b'{' => (b'}', State::Name { closes: true }),
                    _ => (b']', State::Value { closes: true }),
                };
                self.closers.push(closer);
                self.step(state);
                self.whole = self.at;
            }
            b']' if closes => self.close(on_value),
            b'"' => self.open_string(false),
            b'-' => self.open_number(InNumber::Minus),
            b'0' => self.open_number(InNumber::Zero),
            b'1'..=b'9' => self.open_number(InNumber::Integer),
            b't' => self.step(State::Literal("rue")),
            b'f' => self.step(State::Literal("alse")),
            b'n' => self.step(State::Literal("ull")),
            _ if closes => return Err(JsonProblem::Expected("a value or `]`")),
            _ => return Err(JsonProblem::Expected("a value")),
        }
        self.begun |= first;
        Ok(())
    }

    fn open_string(&mut self, name: bool) {
        self.step(State::String { name, inner: InString::Plain });
        self.kept = self.at;
    }

    fn open_number(&mut self, number: InNumber) {
        self.kept = self.start;
        self.number(number);
    }

    fn number(&mut self, number: InNumber) {
        self.step(State::Number(number));
        if number.is_whole() {
            self.kept = self.at;
        }
    }

    /// A stretch of a string that is no escape and does not end it.
    fn plain(&mut self, name: bool) -> Result<(), JsonProblem> {
        let rest = &self.text.as_bytes()[self.at..];
        let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
        if length == 0 {
            return Err(JsonProblem::Expected("no control character in a string"));
        }
        self.at += length;
        self.kept = self.at;
        self.state = State::String { name, inner: InString::Plain };
        Ok(())
    }

    /// A character of a string that ends it or belongs to an escape.
    fn string(
        &mut self,
        byte: u8,
        name: bool,
        inner: InString,
        on_value: &mut impl FnMut(&str),
    ) -> Result<(), JsonProblem> {
        let escape = match (inner, byte) {
            // Without its other half a high surrogate is kept as it stands.
            (InString::Plain | InString::High, b'"') => {
                self.at += 1;
                if name {
                    self.state = State::Colon;
                } else {
                    self.complete(self.at, on_value);
                }
                return Ok(());
            }
            (InString::Plain, b'\\') => InString::Escape,
            (InString::High, b'\\') => InString::HighEscape,
            (InString::Plain | InString::High, _) => return self.plain(name),
            (InString::Escape | InString::HighEscape, b'u') => InString::Hex { left: 4, code: 0 },
            (InString::Escape | InString::HighEscape, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                InString::Plain
            }
            (InString::Escape | InString::HighEscape, _) => return Err(JsonProblem::Expected("an escape")),
            (InString::Hex { left, code }, _) => {
                let Some(digit) = char::from(byte).to_digit(16) else {
                    return Err(JsonProblem::Expected("a hexadecimal digit"));
                };
                // Four digits fit.
                let code = code << 4 | digit as u16;
                match (left, code) {
                    (1, 0xD800..0xDC00) => InString::High,
                    (1, _) => InString::Plain,
                    _ => InString::Hex { left: left - 1, code },
                }
            }
        };
        self.step(State::String { name, inner: escape });
        if escape == InString::Plain {
            self.kept = self.at;
        }
        Ok(())
    }

    fn step(&mut self, state: State) {
        self.at += 1;
        self.state = state;
    }

    /// The character here closes the innermost container.
    fn close(&mut self, on_value: &mut impl FnMut(&str)) {
        self.at += 1;
        self.closers.pop();
        self.complete(self.at, on_value);
    }

    /// A value ended at `end`.
    fn complete(&mut self, end: usize, on_value: &mut impl FnMut(&str)) {
        self.whole = end;
        if !self.closers.is_empty() {
            self.state = State::After;
            return;
        }
        on_value(&self.text[self.start..end]);
        if self.options.multiple {
            self.state = State::Value { closes: false };
            self.begun = false;
        } else {
            self.state = State::Done { ticks: 0 };
        }
    }

    /// Lets go of the beginning of `text`.
    fn forget(&mut self, length: usize) {
        if length == 0 {
            return;
        }
        self.before += units(&self.text[..length]);
        self.text.drain(..length);
        self.at -= length;
        self.start = self.start.saturating_sub(length);
        self.whole = self.whole.saturating_sub(length);
        self.kept = self.kept.saturating_sub(length);
    }
}

/// Whether text that is still arriving can become JSON. As a [`JsonReader`] of one value, fences permitted, that keeps
/// nothing of it.
#[derive(Debug, Clone)]
pub struct JsonCheck(JsonReader);

impl Default for JsonCheck {
    fn default() -> Self {
        Self(JsonReader::new(JsonReaderOptions { multiple: false, fences: true }))
    }
}

impl JsonCheck {
    /// Reads the next piece.
    ///
    /// # Errors
    /// [`JsonError`] at the first impossible character, and from then on.
    pub fn feed(&mut self, piece: &str) -> Result<(), JsonError> {
        self.0.feed(piece, &mut |_| {})?;
        self.0.forget(self.0.at);
        Ok(())
    }
}

/// Length in UTF-16 units.
fn units(text: &str) -> u64 {
    if text.is_ascii() { text.len() as u64 } else { text.encode_utf16().count() as u64 }
}

/// Length of the character at `at`.
fn char_len(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(1, char::len_utf8)
}
