//! Plays one answer to one client: head, frames at their pace, faults at their place.

use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use crate::answer::{Answer, Split};
use crate::chat::{Kind, Source};
use crate::connection::{Connection, Left};
use crate::fault::{Action, Fault, Position};
use crate::formats::LongToken;
use crate::http::Framing;
use crate::journal::{Entry, Outcome};
use crate::text::mix;

/// Pieces in which filler and garbage are made.
const BLOCK: usize = 64 * 1024;

/// How an answer came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) outcome: Outcome,
    /// Whether the connection can carry another request.
    pub(crate) reusable: bool,
    /// Whether the connection is to be broken (RST), not closed.
    pub(crate) reset: bool,
}

/// Why an answer stops before its end.
enum Stop {
    Left,
    /// The connection goes.
    Closed {
        reset: bool,
    },
    /// The body ends as if it were whole.
    Ended,
}

impl From<Left> for Stop {
    fn from(_: Left) -> Self {
        Self::Left
    }
}

pub(crate) struct Player<'a> {
    connection: &'a mut Connection,
    answer: &'a Answer,
    entry: &'a Entry,
    framing: Framing,
    /// What keeps the connection alive, unless the answer says it.
    heartbeat: &'a [u8],
    sleep: Pin<Box<Sleep>>,
    /// Faults whose place has not been reached.
    faults: Vec<&'a Fault>,
    /// When the schedule of tokens began.
    start: Instant,
    last_write: Instant,
    /// Frames made and not yet sent, and how many tokens are among them.
    batch: Vec<u8>,
    batched: u64,
    wire: Vec<u8>,
    bytes: u64,
    tokens: u64,
    draws: u64,
}

impl<'a> Player<'a> {
    pub(crate) fn new(
        connection: &'a mut Connection,
        answer: &'a Answer,
        entry: &'a Entry,
        framing: Framing,
        heartbeat: &'a [u8],
    ) -> Self {
        let now = Instant::now();
        Self {
            connection,
            answer,
            entry,
            framing,
            heartbeat,
            sleep: Box::pin(sleep(Duration::ZERO)),
            faults: answer.faults.iter().collect(),
            start: now,
            last_write: now,
            batch: Vec::with_capacity(512),
            batched: 0,
            wire: Vec::with_capacity(512),
            bytes: 0,
            tokens: 0,
            draws: 0,
        }
    }

    /// Plays it to its end, one way or another.
    pub(crate) async fn play(mut self, head: &str, mut source: Source<'_>) -> Ending {
        match self.run(head, &mut source).await {
            Ok(()) => Ending { outcome: Outcome::Complete, reusable: self.terminate().await, reset: false },
            Err(Stop::Ended) => Ending { outcome: Outcome::Cut, reusable: self.terminate().await, reset: false },
            Err(Stop::Closed { reset }) => Ending { outcome: Outcome::Cut, reusable: false, reset },
            Err(Stop::Left) => Ending { outcome: Outcome::Left, reusable: false, reset: false },
        }
    }

    /// Says that the body is whole.
    async fn terminate(&mut self) -> bool {
        match self.framing {
            Framing::Chunked => self.connection.send(b"0\r\n\r\n").await.is_ok(),
            Framing::Length(length) => self.bytes == length as u64,
            Framing::None => true,
            Framing::Close => false,
        }
    }

    async fn run(&mut self, head: &str, source: &mut Source<'_>) -> Result<(), Stop> {
        self.fire(|at| at == Position::BeforeHead, source).await?;
        self.send_head(head).await?;
        self.start = Instant::now();
        self.last_write = self.start;
        // A fault after no bytes at all happens now, not when the first token is due.
        self.flush(source).await?;
        while let Some(kind) = source.peek() {
            if kind != Kind::Lead {
                self.fire_at_token(source).await?;
            }
            if kind == Kind::Content {
                if self.batched == 0 {
                    self.wait_for_token().await?;
                }
                source.write(&mut self.batch);
                self.batched += 1;
                if self.batched >= self.answer.pace.burst {
                    self.flush(source).await?;
                }
            } else {
                self.flush(source).await?;
                source.write(&mut self.batch);
                self.flush(source).await?;
            }
        }
        self.flush(source).await?;
        self.fire_at_token(source).await
    }

    async fn send_head(&mut self, head: &str) -> Result<(), Stop> {
        if !self.answer.delay_head.is_zero() {
            let until = Instant::now() + self.answer.delay_head;
            self.connection.wait(self.sleep.as_mut(), until).await?;
        }
        match self.answer.drip_head {
            None => self.connection.send(head.as_bytes()).await?,
            Some(wait) => {
                for byte in head.as_bytes() {
                    self.connection.send(std::slice::from_ref(byte)).await?;
                    self.connection.wait(self.sleep.as_mut(), Instant::now() + wait).await?;
                }
            }
        }
        Ok(())
    }

    /// Waits until the next token is due. The schedule is counted from the start, so that late wakes don't add up.
    async fn wait_for_token(&mut self) -> Result<(), Left> {
        let pace = &self.answer.pace;
        if pace.interval.is_zero() && (self.tokens > 0 || pace.first.is_zero()) {
            return Ok(());
        }
        let interval = u64::try_from(pace.interval.as_nanos()).unwrap_or(u64::MAX);
        let mut offset = interval.saturating_mul(self.tokens);
        if pace.jitter > 0.0 {
            self.draws += 1;
            // A draw from -1 to 1.
            let draw = (mix(self.answer.seed ^ 0x7e4d, self.draws) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
            offset = offset.saturating_add_signed((draw * pace.jitter * interval as f64) as i64);
        }
        match self.start.checked_add(pace.first.saturating_add(Duration::from_nanos(offset))) {
            Some(due) => self.pause(Some(due)).await,
            None => self.pause(None).await,
        }
    }

    /// Waits, for ever without `until`, and keeps the connection alive meanwhile where that is asked for.
    async fn pause(&mut self, until: Option<Instant>) -> Result<(), Left> {
        let answer = self.answer;
        loop {
            let alive =
                answer.keep_alive.as_ref().and_then(|keep| Some((keep, self.last_write.checked_add(keep.every)?)));
            match (until, alive) {
                (until, Some((keep, next))) if until.is_none_or(|until| next < until) => {
                    self.connection.wait(self.sleep.as_mut(), next).await?;
                    let text = keep.text.as_ref().map_or(self.heartbeat, |text| text.as_bytes());
                    self.emit(text).await?;
                    // In a format without one, too, the next is due after as long a while.
                    self.last_write = Instant::now();
                }
                (Some(until), _) => return self.connection.wait(self.sleep.as_mut(), until).await,
                (None, _) => return Err(self.connection.left().await),
            }
        }
    }

    async fn fire_at_token(&mut self, source: &mut Source<'_>) -> Result<(), Stop> {
        if self.faults.is_empty() {
            return Ok(());
        }
        let tokens = self.tokens + self.batched;
        if self.faults.iter().any(|fault| fault.at == Position::Tokens(tokens)) {
            self.flush(source).await?;
            self.fire(|at| at == Position::Tokens(tokens), source).await?;
        }
        Ok(())
    }

    /// Lets every fault at a place happen, in the order in which they can.
    async fn fire(&mut self, here: impl Fn(Position) -> bool, source: &mut Source<'_>) -> Result<(), Stop> {
        while let Some(index) = self.faults.iter().position(|fault| here(fault.at)) {
            let fault = self.faults.remove(index);
            match &fault.action {
                Action::Reset => {
                    self.connection.reset_on_drop();
                    return Err(Stop::Closed { reset: true });
                }
                Action::End { clean: true } => return Err(Stop::Ended),
                Action::End { clean: false } => return Err(Stop::Closed { reset: false }),
                Action::Stall { resume_after: None } => self.pause(None).await?,
                Action::Stall { resume_after: Some(wait) } => {
                    self.pause(Instant::now().checked_add(*wait)).await?;
                    // The schedule goes on from where it stood.
                    self.start += *wait;
                }
                Action::Garbage { bytes } => self.send_filler(*bytes, None).await?,
                Action::Error(error) => {
                    source.error(&mut self.batch, error);
                    Box::pin(self.flush(source)).await?;
                    return Err(Stop::Ended);
                }
                Action::HugeEvent { bytes } => {
                    if let Some(LongToken { before, filler, bytes, after }) = source.long_token(*bytes) {
                        self.emit(&before).await?;
                        self.send_filler(bytes, Some(filler)).await?;
                        self.emit(&after).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Sends so many bytes of a text over and over, or of what means nothing.
    async fn send_filler(&mut self, bytes: u64, text: Option<&[u8]>) -> Result<(), Left> {
        let mut left = bytes;
        let mut block = text.map_or_else(Vec::new, |text| text.repeat(BLOCK / text.len().max(1)));
        while left > 0 {
            if text.is_none() {
                block.clear();
                while block.len() < BLOCK {
                    self.draws += 1;
                    block.extend_from_slice(&mix(self.answer.seed, self.draws).to_le_bytes());
                }
            }
            block.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            self.emit(&block).await?;
            left = left.saturating_sub(block.len().max(1) as u64);
        }
        Ok(())
    }

    /// Sends what was batched, cut where a fault stands.
    async fn flush(&mut self, source: &mut Source<'_>) -> Result<(), Stop> {
        let batch = std::mem::take(&mut self.batch);
        let mut rest = batch.as_slice();
        while let Some(place) = self.next_byte_fault(rest.len()) {
            let before = usize::try_from(place.saturating_sub(self.bytes)).unwrap_or(usize::MAX).min(rest.len());
            let (now, later) = rest.split_at(before);
            self.emit(now).await?;
            Box::pin(self.fire(|at| matches!(at, Position::Bytes(bytes) if bytes <= place), source)).await?;
            rest = later;
        }
        self.emit(rest).await?;
        self.batch = batch;
        self.batch.clear();
        if self.batched > 0 {
            self.tokens += self.batched;
            self.batched = 0;
            self.entry.tokens.store(self.tokens, Relaxed);
        }
        Ok(())
    }

    /// The first place of a fault at or before the end of the next `length` bytes.
    fn next_byte_fault(&self, length: usize) -> Option<u64> {
        let places = self.faults.iter().filter_map(|fault| match fault.at {
            Position::Bytes(bytes) => Some(bytes),
            _ => None,
        });
        places.min().filter(|&bytes| bytes <= self.bytes.saturating_add(length as u64))
    }

    /// Writes a piece of the body in the pieces that are asked for.
    async fn emit(&mut self, bytes: &[u8]) -> Result<(), Left> {
        if bytes.is_empty() || self.framing == Framing::None {
            return Ok(());
        }
        let cut = &self.answer.cut;
        match (cut.chunk_bytes, cut.split) {
            (None, None) => {
                self.wire.clear();
                chunk(&mut self.wire, bytes, self.framing);
                self.connection.send(&self.wire).await?;
            }
            (None, Some(split)) => {
                let mut rest = bytes;
                while !rest.is_empty() {
                    let (piece, later) = rest.split_at(self.draw(split).min(rest.len()));
                    self.wire.clear();
                    chunk(&mut self.wire, piece, self.framing);
                    self.connection.send(&self.wire).await?;
                    rest = later;
                    self.wait_between().await?;
                }
            }
            (Some(size), split) => {
                self.wire.clear();
                for piece in bytes.chunks(size.max(1)) {
                    chunk(&mut self.wire, piece, self.framing);
                }
                let wire = std::mem::take(&mut self.wire);
                let mut rest = wire.as_slice();
                while !rest.is_empty() {
                    let length = split.map_or(rest.len(), |split| self.draw(split)).min(rest.len());
                    let (piece, later) = rest.split_at(length);
                    self.connection.send(piece).await?;
                    rest = later;
                    if split.is_some() {
                        self.wait_between().await?;
                    }
                }
                self.wire = wire;
            }
        }
        self.bytes += bytes.len() as u64;
        self.entry.bytes.store(self.bytes, Relaxed);
        if self.answer.keep_alive.is_some() {
            self.last_write = Instant::now();
        }
        Ok(())
    }

    async fn wait_between(&mut self) -> Result<(), Left> {
        let delay = self.answer.cut.split_delay;
        if delay.is_zero() {
            return Ok(());
        }
        self.connection.wait(self.sleep.as_mut(), Instant::now() + delay).await
    }

    fn draw(&mut self, split: Split) -> usize {
        match split {
            Split::Bytes(bytes) => bytes.max(1),
            Split::Random => {
                self.draws += 1;
                (mix(self.answer.seed ^ 0x5711, self.draws) % 64) as usize + 1
            }
        }
    }
}

fn chunk(wire: &mut Vec<u8>, bytes: &[u8], framing: Framing) {
    use std::io::Write;
    if framing == Framing::Chunked {
        let _ = write!(wire, "{:x}\r\n", bytes.len());
        wire.extend_from_slice(bytes);
        wire.extend_from_slice(b"\r\n");
    } else {
        wire.extend_from_slice(bytes);
    }
}
