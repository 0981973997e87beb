//! One client's socket: bytes in and out, with an eye on whether the client is still there.

use std::future::pending;
use std::io;
use std::pin::Pin;

use tokio::net::TcpStream;
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, Sleep};

/// What a client may send ahead while an answer runs, in bytes. Beyond it the socket isn't read, so that its leaving
/// is noticed only when it is written to.
const READ_AHEAD: usize = 64 * 1024;
const READ: usize = 8 * 1024;

/// The client closed its side, or the connection broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left;

pub(crate) struct Connection {
    stream: TcpStream,
    /// Bytes that were read and not yet used.
    pub(crate) inbound: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        // One segment per write is what the paces and cuts promise.
        let _ = stream.set_nodelay(true);
        Self { stream, inbound: Vec::new() }
    }

    /// Reads more into `inbound`.
    pub(crate) async fn read(&mut self) -> Result<(), Left> {
        read_more(&self.stream, &mut self.inbound).await
    }

    /// Writes all of it, in as few segments as the socket takes.
    pub(crate) async fn send(&mut self, mut bytes: &[u8]) -> Result<(), Left> {
        consume_budget().await;
        while !bytes.is_empty() {
            match self.stream.try_write(bytes) {
                Ok(0) => return Err(Left),
                Ok(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    tokio::select! {
                        ready = self.stream.writable() => ready.map_err(|_| Left)?,
                        left = left(&self.stream, &mut self.inbound) => return Err(left),
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Left),
            }
        }
        Ok(())
    }

    /// Waits, unless the client leaves before.
    pub(crate) async fn wait(&mut self, mut sleep: Pin<&mut Sleep>, until: Instant) -> Result<(), Left> {
        sleep.as_mut().reset(until);
        tokio::select! {
            biased;
            () = sleep => Ok(()),
            left = left(&self.stream, &mut self.inbound) => Err(left),
        }
    }

    /// Waits until the client leaves.
    pub(crate) async fn left(&mut self) -> Left {
        left(&self.stream, &mut self.inbound).await
    }

    /// Breaks the connection (RST) when it is dropped.
    pub(crate) fn reset_on_drop(&self) {
        let _ = self.stream.set_zero_linger();
    }

    /// Ends the sending side, then waits a little for the client to do the same: a socket closed with unread bytes
    /// would be reset, and take the end of the answer with it.
    pub(crate) async fn close(mut self) {
        use tokio::io::AsyncWriteExt;
        let _ = self.stream.shutdown().await;
        let drain = async {
            let mut drained = 0;
            while drained < 1 << 20 && self.read().await.is_ok() {
                drained += self.inbound.len();
                self.inbound.clear();
            }
        };
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), drain).await;
    }
}

async fn read_more(stream: &TcpStream, inbound: &mut Vec<u8>) -> Result<(), Left> {
    loop {
        stream.readable().await.map_err(|_| Left)?;
        // Read by way of the stack: ten thousand connections that wait hold no buffer each.
        let mut block = [0; READ];
        match stream.try_read(&mut block) {
            Ok(0) => return Err(Left),
            Ok(read) => {
                inbound.extend_from_slice(block.get(..read).unwrap_or_default());
                return Ok(());
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(_) => return Err(Left),
        }
    }
}

async fn left(stream: &TcpStream, inbound: &mut Vec<u8>) -> Left {
    loop {
        if inbound.len() >= READ_AHEAD {
            return pending().await;
        }
        if let Err(left) = read_more(stream, inbound).await {
            return left;
        }
    }
}
