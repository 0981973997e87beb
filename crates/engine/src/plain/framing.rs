//! Where an HTTP/1.1 message body ends (RFC 9112 §6 and §7.1).
//!
//! What always holds: linear in the bytes, however they are cut; nothing is held beyond a few counters; what breaks the
//! rules is an error, never a guess. No I/O.

/// Chunk extensions and trailers are skipped up to this many bytes a body; nobody sends nearly as many.
const MAX_SKIPPED: usize = 64 * 1024;

/// How far into a body we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// So many bytes are left.
    Length(u64),
    Chunked(Chunked),
    /// The end of the connection is the end of the body.
    UntilClose,
    Ended,
}

/// Inside the chunked coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunked {
    state: State,
    /// Of the chunk: what is read of its size, then what is left of its data.
    size: u64,
    skipped: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first digit of a size.
    Size,
    /// Behind a digit.
    MoreSize,
    Extension,
    /// Behind the CR of a size line.
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// At the beginning of a trailer line, or the end.
    Trailer,
    InTrailer,
    TrailerLf,
    /// Behind the CR of the last line.
    EndLf,
}

/// What bytes held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// Bytes of the body, moved to the front.
    pub(crate) data: usize,
    /// Bytes behind the body's end.
    pub(crate) rest: usize,
}

/// The chunked coding is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed chunked body")]
pub(crate) struct Malformed;

impl Framing {
    pub(crate) fn chunked() -> Self {
        Self::Chunked(Chunked { state: State::Size, size: 0, skipped: 0 })
    }

    /// Takes what was read, and moves the body's bytes in it to its front.
    pub(crate) fn decode(&mut self, bytes: &mut [u8]) -> Result<Decoded, Malformed> {
        match self {
            Self::UntilClose => Ok(Decoded { data: bytes.len(), rest: 0 }),
            Self::Ended => Ok(Decoded { data: 0, rest: bytes.len() }),
            Self::Length(left) => {
                let data = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= data as u64;
                if *left == 0 {
                    *self = Self::Ended;
                }
                Ok(Decoded { data, rest: bytes.len() - data })
            }
            Self::Chunked(chunked) => {
                let (decoded, ended) = chunked.decode(bytes)?;
                if ended {
                    *self = Self::Ended;
                }
                Ok(decoded)
            }
        }
    }
}

impl Chunked {
    fn decode(&mut self, bytes: &mut [u8]) -> Result<(Decoded, bool), Malformed> {
        let mut at = 0;
        let mut data = 0;
        while let Some(&byte) = bytes.get(at) {
            if self.state == State::Data {
                let run = usize::try_from(self.size).unwrap_or(usize::MAX).min(bytes.len() - at);
                bytes.copy_within(at..at + run, data);
                data += run;
                at += run;
                self.size -= run as u64;
                if self.size == 0 {
                    self.state = State::DataCr;
                }
                continue;
            }
            at += 1;
            self.state = match (self.state, byte) {
                (State::Size | State::MoreSize, digit) if digit.is_ascii_hexdigit() => {
                    let digit = char::from(digit).to_digit(16).ok_or(Malformed)?;
                    self.size =
                        self.size.checked_mul(16).and_then(|size| size.checked_add(digit.into())).ok_or(Malformed)?;
                    State::MoreSize
                }
                (State::MoreSize | State::Extension, b'\r') => State::SizeLf,
                (State::MoreSize, b';' | b' ' | b'\t') => self.skip(State::Extension)?,
                // A line feed alone would let others read another message than we do.
                (State::Extension, byte) if byte != b'\n' => self.skip(State::Extension)?,
                (State::SizeLf, b'\n') => {
                    if self.size == 0 {
                        State::Trailer
                    } else {
                        State::Data
                    }
                }
                (State::DataCr, b'\r') => State::DataLf,
                (State::DataLf, b'\n') => State::Size,
                (State::Trailer, b'\r') => State::EndLf,
                (State::InTrailer, b'\r') => State::TrailerLf,
                (State::TrailerLf, b'\n') => State::Trailer,
                (State::EndLf, b'\n') => return Ok((Decoded { data, rest: bytes.len() - at }, true)),
                (State::Trailer | State::InTrailer, byte) if byte != b'\n' => self.skip(State::InTrailer)?,
                _ => return Err(Malformed),
            };
        }
        Ok((Decoded { data, rest: 0 }, false))
    }

    fn skip(&mut self, state: State) -> Result<State, Malformed> {
        self.skipped += 1;
        if self.skipped > MAX_SKIPPED { Err(Malformed) } else { Ok(state) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Decoded, Framing};

    /// Body and what is left, with the bytes cut after every `step`.
    fn read(mut framing: Framing, wire: &[u8], step: usize) -> Option<(Vec<u8>, usize, bool)> {
        let (mut body, mut rest) = (Vec::new(), 0);
        for piece in wire.chunks(step) {
            let mut piece = piece.to_vec();
            let Decoded { data, rest: more } = framing.decode(&mut piece).ok()?;
            body.extend_from_slice(&piece[..data]);
            rest += more;
        }
        Some((body, rest, framing == Framing::Ended))
    }

    #[test]
    fn chunks_come_out_joined_however_they_are_cut() {
        let wire = b"5\r\nhello\r\n1;name=value\r\n \r\n00A \r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nHTTP";
        for step in 1..=wire.len() {
            let read = read(Framing::chunked(), wire, step);
            assert_eq!(read, Some((b"hello 0123456789".to_vec(), 4, true)), "cut after every {step}");
        }
    }

    #[test]
    fn what_breaks_the_coding_is_refused() {
        let broken: [&[u8]; 8] = [
            b"\r\n",
            b"g\r\n",
            b"5\nhello\r\n",
            b"5\r\nhello0\r\n\r\n",
            b"5\r\nhello\n0\r\n\r\n",
            b"11111111111111111\r\n",
            b"0\r\n\r\r",
            b"1;a\nb\r\n",
        ];
        for wire in broken {
            for step in 1..=wire.len() {
                assert_eq!(read(Framing::chunked(), wire, step), None, "{:?}", String::from_utf8_lossy(wire));
            }
        }
        let endless = [b"1;".as_slice(), &[b'x'; 100_000]].concat();
        assert_eq!(read(Framing::chunked(), &endless, 1000), None);
    }

    #[test]
    fn an_unfinished_body_is_not_at_its_end() {
        let wire = b"5\r\nhello\r\n0\r\n\r\n";
        for end in 0..wire.len() {
            let (body, rest, ended) = read(Framing::chunked(), &wire[..end], 3).expect("nothing is wrong so far");
            assert!(!ended && rest == 0 && b"hello".starts_with(&body), "the first {end} bytes");
        }
    }

    #[test]
    fn a_length_counts_bytes() {
        for step in 1..8 {
            assert_eq!(read(Framing::Length(5), b"hello, you", step), Some((b"hello".to_vec(), 5, true)));
            assert_eq!(read(Framing::UntilClose, b"hello", step), Some((b"hello".to_vec(), 0, false)));
        }
    }
}
