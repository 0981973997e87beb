//! JSON objects one behind the other, in: as the elements of an array, on lines, or with nothing between them.
//!
//! What always holds: as for [`ndjson`](super::ndjson). Only braces, brackets and strings are looked at; whether an
//! object is well-formed its reader finds out. A byte between objects that belongs to no array is given by itself, for
//! the reader to complain of. Imports `memchr`.

use memchr::memchr2;

use super::bom::LeadingMark;
use super::{recycle, work};
use crate::DecodeError;

/// Cuts a body into objects, piece by piece.
#[derive(Debug, Clone)]
pub struct ValuesDecoder {
    max_value_bytes: usize,
    mark: LeadingMark,
    failed: bool,
    /// The start of the object being read.
    buffer: Vec<u8>,
    /// Containers open in it; 0 between objects.
    depth: u64,
    in_string: bool,
    escaped: bool,
}

impl ValuesDecoder {
    /// A decoder at the start of a body. `max_value_bytes` caps one object, in bytes.
    #[must_use]
    pub fn new(max_value_bytes: usize) -> Self {
        Self {
            max_value_bytes,
            mark: LeadingMark::new(),
            failed: false,
            buffer: Vec::new(),
            depth: 0,
            in_string: false,
            escaped: false,
        }
    }

    /// Reads the next piece of the body, of any size, cut anywhere. Gives each object.
    ///
    /// # Errors
    /// [`DecodeError::EventTooLarge`] at the cap, and from then on. What was given before stands.
    pub fn feed<F>(&mut self, bytes: &[u8], sink: &mut F) -> Result<(), DecodeError>
    where
        F: FnMut(&[u8]) + ?Sized,
    {
        let (held_back, mut rest) = self.mark.strip(bytes);
        for byte in held_back {
            self.walk(&[*byte], sink)?;
        }
        while !rest.is_empty() {
            let read = self.walk(rest, sink)?;
            rest = rest.get(read..).unwrap_or_default();
        }
        Ok(())
    }

    /// Reads to the end of an object, or of what is there; returns how far.
    fn walk<F>(&mut self, bytes: &[u8], sink: &mut F) -> Result<usize, DecodeError>
    where
        F: FnMut(&[u8]) + ?Sized,
    {
        if self.failed {
            return Err(self.too_large());
        }
        if self.depth == 0 {
            let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b'[' | b']');
            let start = bytes.iter().position(|byte| !blank(byte)).unwrap_or(bytes.len());
            let Some(first) = bytes.get(start) else { return Ok(start) };
            if *first != b'{' {
                sink(bytes.get(start..=start).unwrap_or_default());
                return Ok(start + 1);
            }
            self.depth = 1;
            let rest = bytes.get(start + 1..).unwrap_or_default();
            let (length, closed) = self.object_end(rest);
            let end = start + 1 + length;
            let object = bytes.get(start..end).unwrap_or_default();
            if closed && object.len() <= self.max_value_bytes {
                sink(object);
            } else {
                self.keep(object)?;
            }
            return Ok(end);
        }
        let (length, closed) = self.object_end(bytes);
        self.keep(bytes.get(..length).unwrap_or_default())?;
        if closed {
            let mut buffer = std::mem::take(&mut self.buffer);
            sink(&buffer);
            recycle(&mut buffer);
            self.buffer = buffer;
        }
        Ok(length)
    }

    /// How much of `bytes` belongs to the object, and whether it ends there.
    fn object_end(&mut self, bytes: &[u8]) -> (usize, bool) {
        work::count(bytes.len());
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if self.in_string {
                if std::mem::take(&mut self.escaped) {
                    at += 1;
                    continue;
                }
                let Some(offset) = memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) else { break };
                at += offset;
                if bytes.get(at) == Some(&b'"') {
                    self.in_string = false;
                } else {
                    self.escaped = true;
                }
            } else {
                match byte {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => {
                        self.depth -= 1;
                        if self.depth == 0 {
                            return (at + 1, true);
                        }
                    }
                    _ => {}
                }
            }
            at += 1;
        }
        (bytes.len(), false)
    }

    fn keep(&mut self, piece: &[u8]) -> Result<(), DecodeError> {
        if self.buffer.len() + piece.len() > self.max_value_bytes {
            recycle(&mut self.buffer);
            self.failed = true;
            return Err(self.too_large());
        }
        self.buffer.extend_from_slice(piece);
        Ok(())
    }

    /// The body ended: gives an object that was cut, which its reader finds out.
    ///
    /// # Errors
    /// [`DecodeError::EventTooLarge`] where the cap was exceeded before.
    pub fn end<F>(&mut self, sink: &mut F) -> Result<(), DecodeError>
    where
        F: FnMut(&[u8]) + ?Sized,
    {
        let held_back = self.mark.end();
        for byte in held_back {
            self.walk(&[*byte], sink)?;
        }
        if self.failed {
            return Err(self.too_large());
        }
        if !self.buffer.is_empty() {
            let buffer = std::mem::take(&mut self.buffer);
            sink(&buffer);
        }
        Ok(())
    }

    fn too_large(&self) -> DecodeError {
        DecodeError::EventTooLarge { limit: self.max_value_bytes }
    }
}
