//! Newline-delimited JSON, in: one text a line, LF or CRLF.
//!
//! What always holds: as for [`sse`](super::sse). A lone CR ends no line, since JSON may carry it as white space.
//! Whether a line is JSON is not looked at here. Imports `memchr`.

use memchr::memchr;

use super::bom::LeadingMark;
use super::{recycle, work};
use crate::DecodeError;

/// Cuts a body into lines, piece by piece.
#[derive(Debug, Clone)]
pub struct NdjsonDecoder {
    max_line_bytes: usize,
    mark: LeadingMark,
    failed: bool,
    /// The start of the line being read.
    buffer: Vec<u8>,
}

impl NdjsonDecoder {
    /// A decoder at the start of a body. `max_line_bytes` caps one line, in bytes, without its line end.
    #[must_use]
    pub fn new(max_line_bytes: usize) -> Self {
        Self { max_line_bytes, mark: LeadingMark::new(), failed: false, buffer: Vec::new() }
    }

    /// Reads the next piece of the body, of any size, cut anywhere. Gives each line without its end; lines of nothing
    /// but white space are skipped.
    ///
    /// # Errors
    /// [`DecodeError::EventTooLarge`] at the cap, and from then on. What was given before stands.
    pub fn feed<F>(&mut self, bytes: &[u8], sink: &mut F) -> Result<(), DecodeError>
    where
        F: FnMut(&[u8]) + ?Sized,
    {
        if self.failed {
            return Err(self.too_large());
        }
        let (held_back, mut rest) = self.mark.strip(bytes);
        self.buffer.extend_from_slice(held_back);
        if !self.buffer.is_empty() {
            let Some(end) = line_end(rest) else { return self.keep(rest) };
            self.keep(&rest[..end])?;
            rest = &rest[end + 1..];
            self.held_line(sink)?;
        }
        while let Some(end) = line_end(rest) {
            let line = &rest[..end];
            rest = &rest[end + 1..];
            self.line(line, sink)?;
        }
        self.keep(rest)
    }

    /// The body ended: gives the last line where it has no line end. It may have been cut; its reader finds out.
    /// Afterwards the decoder is at the start of the next body.
    ///
    /// # Errors
    /// [`DecodeError::EventTooLarge`] where the cap was exceeded before.
    pub fn end<F>(&mut self, sink: &mut F) -> Result<(), DecodeError>
    where
        F: FnMut(&[u8]) + ?Sized,
    {
        if self.failed {
            return Err(self.too_large());
        }
        let held_back = self.mark.end();
        self.buffer.extend_from_slice(held_back);
        self.held_line(sink)?;
        self.reset();
        Ok(())
    }

    /// Forgets the unfinished line and starts anew with the next body.
    pub fn reset(&mut self) {
        self.mark = LeadingMark::new();
        self.failed = false;
        recycle(&mut self.buffer);
    }

    /// Bytes of the unfinished line that are held. Never more than the cap and one.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// Copies a piece of a line whose end is not there yet.
    fn keep(&mut self, piece: &[u8]) -> Result<(), DecodeError> {
        let length = self.buffer.len() + piece.len();
        // One more byte may be the CR of a line end.
        if length > self.max_line_bytes.saturating_add(1) {
            return Err(self.fail());
        }
        work::count(piece.len());
        self.buffer.extend_from_slice(piece);
        Ok(())
    }

    fn held_line<F>(&mut self, sink: &mut F) -> Result<(), DecodeError>
    where
        F: FnMut(&[u8]) + ?Sized,
    {
        let mut buffer = std::mem::take(&mut self.buffer);
        self.line(&buffer, sink)?;
        recycle(&mut buffer);
        self.buffer = buffer;
        Ok(())
    }

    #[inline]
    fn line<F>(&mut self, line: &[u8], sink: &mut F) -> Result<(), DecodeError>
    where
        F: FnMut(&[u8]) + ?Sized,
    {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > self.max_line_bytes {
            return Err(self.fail());
        }
        if !line.trim_ascii_start().is_empty() {
            sink(line);
        }
        Ok(())
    }

    fn too_large(&self) -> DecodeError {
        DecodeError::EventTooLarge { limit: self.max_line_bytes }
    }

    #[cold]
    fn fail(&mut self) -> DecodeError {
        self.reset();
        self.failed = true;
        self.too_large()
    }
}

/// Where the line that `bytes` begin with ends.
#[inline]
fn line_end(bytes: &[u8]) -> Option<usize> {
    let end = memchr(b'\n', bytes);
    work::count(end.map_or(bytes.len(), |end| end + 1));
    end
}
