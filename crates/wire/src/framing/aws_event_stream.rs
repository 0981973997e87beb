//! AWS event streams (`application/vnd.amazon.eventstream`), in: binary messages with headers and two checksums.
//!
//! A message: its length, its headers' length, a CRC-32 of these eight bytes, headers, payload, a CRC-32 of all before;
//! numbers are big-endian (docs.aws.amazon.com, "Event stream encoding").
//!
//! What always holds: both checksums are right and the headers well-formed, or nothing of a message is given; a length
//! is believed only once its own checksum is right. Otherwise as for [`sse`](super::sse). Imports `crc32fast`.

use super::{recycle, work};
use crate::DecodeError;

/// Length, headers' length, checksum.
const PRELUDE: usize = 12;
/// Beside headers and payload.
const OVERHEAD: usize = PRELUDE + 4;
/// AWS's own limit on headers.
const MAX_HEADERS: usize = 128 * 1024;

/// Names are compared with one another up to here; messages have three headers.
const FEW_HEADERS: usize = 8;

/// The type of a text.
const TEXT: u8 = 7;

/// One message, whole and checked.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    headers: &'a [u8],
    /// What the message carries.
    pub payload: &'a [u8],
}

/// The value of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderValue<'a> {
    /// Types 0 and 1.
    Bool(bool),
    /// Types 2 to 5, of 1, 2, 4 and 8 bytes.
    Integer(i64),
    /// Type 6.
    Bytes(&'a [u8]),
    /// Type 7.
    Text(&'a str),
    /// Type 8: milliseconds since the epoch.
    Timestamp(i64),
    /// Type 9.
    Uuid([u8; 16]),
}

/// Iterator over the headers of a message. Ends early at one that is malformed, which no message has that was given.
#[derive(Debug, Clone)]
pub struct Headers<'a> {
    rest: &'a [u8],
}

impl<'a> Headers<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn sized(&mut self) -> Option<&'a [u8]> {
        let length: [u8; 2] = self.take(2)?.try_into().ok()?;
        self.take(usize::from(u16::from_be_bytes(length)))
    }

    /// The next header's name, type and value as they stand there.
    fn entry(&mut self) -> Option<(&'a [u8], u8, &'a [u8])> {
        let length = *self.take(1)?.first()?;
        if length == 0 {
            return None;
        }
        let name = self.take(usize::from(length))?;
        let kind = *self.take(1)?.first()?;
        let value = match kind {
            0 | 1 => &[],
            2 => self.take(1)?,
            3 => self.take(2)?,
            4 => self.take(4)?,
            5 | 8 => self.take(8)?,
            6 | TEXT => self.sized()?,
            9 => self.take(16)?,
            _ => return None,
        };
        Some((name, kind, value))
    }

    fn header(&mut self) -> Option<(&'a str, HeaderValue<'a>)> {
        let (name, kind, value) = self.entry()?;
        Some((std::str::from_utf8(name).ok()?, read_value(kind, value)?))
    }
}

fn read_value(kind: u8, bytes: &[u8]) -> Option<HeaderValue<'_>> {
    Some(match kind {
        0 => HeaderValue::Bool(true),
        1 => HeaderValue::Bool(false),
        2..=5 => HeaderValue::Integer(integer(bytes)),
        6 => HeaderValue::Bytes(bytes),
        TEXT => HeaderValue::Text(std::str::from_utf8(bytes).ok()?),
        8 => HeaderValue::Timestamp(integer(bytes)),
        9 => HeaderValue::Uuid(bytes.try_into().ok()?),
        _ => return None,
    })
}

/// A signed number, its highest byte first.
fn integer(bytes: &[u8]) -> i64 {
    let start = if bytes.first().is_some_and(|first| first & 0x80 != 0) { -1_i64 } else { 0 };
    bytes.iter().fold(start, |sum, byte| sum << 8 | i64::from(*byte))
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a str, HeaderValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() { None } else { self.header() }
    }
}

impl<'a> Message<'a> {
    /// The headers, in order.
    #[must_use]
    pub fn headers(&self) -> Headers<'a> {
        Headers { rest: self.headers }
    }

    /// The text header of that name.
    #[must_use]
    pub fn text_header(&self, name: &str) -> Option<&'a str> {
        let mut walk = self.headers();
        while let Some((known, kind, value)) = walk.entry() {
            if kind == TEXT && known == name.as_bytes() {
                return std::str::from_utf8(value).ok();
            }
        }
        None
    }

    /// The message that `bytes` are, from the first to the last.
    fn read(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let headers_length = u32_at(bytes, 4).ok_or("a whole message")?;
        let (body, checksum) = bytes.split_at_checked(bytes.len().saturating_sub(4)).ok_or("a whole message")?;
        if u32_at(checksum, 0) != Some(crc32fast::hash(body)) {
            return Err("a message whose checksum is right");
        }
        let behind = body.get(PRELUDE..).ok_or("a whole message")?;
        let (headers, payload) =
            behind.split_at_checked(headers_length as usize).ok_or("headers within the message")?;
        let message = Self { headers, payload };
        let mut walk = message.headers();
        let mut count = 0;
        while !walk.rest.is_empty() {
            walk.header().ok_or("well-formed headers")?;
            count += 1;
        }
        if message.repeats_a_name(count) { Err("headers of different names") } else { Ok(message) }
    }

    fn repeats_a_name(&self, count: usize) -> bool {
        let names = || {
            let mut walk = self.headers();
            std::iter::from_fn(move || walk.entry().map(|(name, ..)| name))
        };
        if count <= FEW_HEADERS {
            return names().enumerate().any(|(at, name)| names().take(at).any(|before| before == name));
        }
        let mut sorted: Vec<&[u8]> = names().collect();
        sorted.sort_unstable();
        sorted.windows(2).any(|pair| matches!(pair, [one, other] if one == other))
    }
}

/// Whether a body begins with a message, which its first checksum tells; `None` where too little of it is there.
#[must_use]
pub fn begins_with_a_message(bytes: &[u8]) -> Option<bool> {
    let checksum = u32_at(bytes, 8)?;
    Some(crc32fast::hash(bytes.get(..8).unwrap_or_default()) == checksum)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk::<4>()?))
}

/// Cuts a body into messages, piece by piece.
#[derive(Debug, Clone)]
pub struct AwsEventStreamDecoder {
    max_message_bytes: usize,
    failed: Option<DecodeError>,
    /// The start of the message being read.
    buffer: Vec<u8>,
    /// Messages that came whole.
    count: u64,
}

impl AwsEventStreamDecoder {
    /// A decoder at the start of a body. `max_message_bytes` caps one message, in bytes, prelude and checksums included.
    #[must_use]
    pub fn new(max_message_bytes: usize) -> Self {
        Self { max_message_bytes, failed: None, buffer: Vec::new(), count: 0 }
    }

    /// Reads the next piece of the body, of any size, cut anywhere. Gives each message once it is whole.
    ///
    /// # Errors
    /// [`DecodeError::EventTooLarge`] at the cap, [`DecodeError::Malformed`] where a checksum or a header is wrong, and
    /// from then on. What was given before stands.
    pub fn feed<F>(&mut self, bytes: &[u8], sink: &mut F) -> Result<(), DecodeError>
    where
        F: FnMut(Message<'_>) + ?Sized,
    {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let result = self.read(bytes, sink);
        if let Err(error) = &result {
            recycle(&mut self.buffer);
            self.failed = Some(error.clone());
        }
        result
    }

    fn read<F>(&mut self, bytes: &[u8], sink: &mut F) -> Result<(), DecodeError>
    where
        F: FnMut(Message<'_>) + ?Sized,
    {
        work::count(bytes.len());
        let mut rest = bytes;
        while !self.buffer.is_empty() {
            let held = self.buffer.len();
            let wanted = match self.length_of(&self.buffer)? {
                Some(length) => length,
                None => PRELUDE,
            };
            let (piece, behind) = rest.split_at(wanted.saturating_sub(held).min(rest.len()));
            self.buffer.extend_from_slice(piece);
            rest = behind;
            if self.length_of(&self.buffer)? == Some(self.buffer.len()) {
                let mut buffer = std::mem::take(&mut self.buffer);
                self.message(&buffer, sink)?;
                recycle(&mut buffer);
                self.buffer = buffer;
            } else if rest.is_empty() {
                return Ok(());
            }
        }
        while let Some(length) = self.length_of(rest)? {
            let Some((message, behind)) = rest.split_at_checked(length) else { break };
            self.message(message, sink)?;
            rest = behind;
        }
        self.buffer.extend_from_slice(rest);
        Ok(())
    }

    /// The length of the message that `bytes` begin with; `None` where they don't say yet.
    fn length_of(&self, bytes: &[u8]) -> Result<Option<usize>, DecodeError> {
        let (Some(total), Some(headers), Some(intact)) =
            (u32_at(bytes, 0), u32_at(bytes, 4), begins_with_a_message(bytes))
        else {
            return Ok(None);
        };
        if !intact {
            return Err(self.malformed("a prelude whose checksum is right"));
        }
        let (total, headers) = (total as usize, headers as usize);
        if total < OVERHEAD || headers > total - OVERHEAD || headers > MAX_HEADERS {
            return Err(self.malformed("lengths that fit together"));
        }
        if total > self.max_message_bytes {
            return Err(DecodeError::EventTooLarge { limit: self.max_message_bytes });
        }
        Ok(Some(total))
    }

    fn message<F>(&mut self, bytes: &[u8], sink: &mut F) -> Result<(), DecodeError>
    where
        F: FnMut(Message<'_>) + ?Sized,
    {
        let message = Message::read(bytes).map_err(|what| self.malformed(what))?;
        self.count += 1;
        sink(message);
        Ok(())
    }

    /// Bytes of an unfinished message that are held: where the body ends with some, it was cut.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        self.buffer.len()
    }

    fn malformed(&self, what: &'static str) -> DecodeError {
        DecodeError::Malformed { format: "aws-event-stream", what, frame: self.count + 1 }
    }
}
