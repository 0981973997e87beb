//! A client that sees every byte: plain sockets, a reader of heads and chunks, nothing in between.

#![expect(dead_code, reason = "each test binary uses its own part")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use millstream_mock::{Options, Server};
use serde_json::{Value, json};

pub(crate) const CHAT: &str = "/v1/chat/completions";
pub(crate) const EVENTS: &str = "/api/chat";

pub(crate) fn start(options: Value) -> Server {
    Server::start(Options::from_json(&options.to_string()).unwrap(), || {}).unwrap()
}

pub(crate) fn refusal(options: Value) -> String {
    Options::from_json(&options.to_string()).unwrap_err().to_string()
}

pub(crate) fn question() -> Value {
    json!({ "model": "m", "stream": true, "messages": [{ "role": "user", "content": "How does a mill work?" }] })
}

/// How a body came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By its terminating chunk or its length.
    Whole,
    Eof,
    Reset,
    /// Nothing came for as long as the client waits.
    Silence,
}

pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// One for each HTTP chunk; one for a body with a length.
    pub(crate) chunks: Vec<Vec<u8>>,
    pub(crate) ending: Ending,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.chunks.concat()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes()).unwrap()
    }

    /// The data of each event, in order.
    pub(crate) fn data(&self) -> Vec<String> {
        self.text()
            .split("\n\n")
            .filter_map(|event| event.lines().find_map(|line| line.strip_prefix("data: ")))
            .map(str::to_owned)
            .collect()
    }

    /// The text of an OpenAI stream.
    pub(crate) fn said(&self) -> String {
        let piece = |data: &String| {
            let chunk: Value = serde_json::from_str(data).ok()?;
            Some(chunk["choices"][0]["delta"]["content"].as_str()?.to_owned())
        };
        self.data().iter().filter_map(piece).collect()
    }
}

impl Client {
    pub(crate) fn new(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    /// How long silence lasts before it counts as one.
    pub(crate) fn patience(self, wait: Duration) -> Self {
        self.stream.set_read_timeout(Some(wait)).unwrap();
        self
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value, headers: &[(&str, &str)]) {
        let body = body.to_string();
        let mut head = format!("POST {path} HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        self.send(format!("{head}\r\n{body}"));
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"));
        self.answer()
    }

    /// Some more bytes; none at the end.
    pub(crate) fn read(&mut self) -> io::Result<Vec<u8>> {
        if !self.buffer.is_empty() {
            return Ok(std::mem::take(&mut self.buffer));
        }
        let mut block = vec![0; 65_536];
        let read = self.stream.read(&mut block)?;
        block.truncate(read);
        Ok(block)
    }

    fn more(&mut self) -> Result<(), Ending> {
        let mut block = [0; 65_536];
        match self.stream.read(&mut block) {
            Ok(0) => Err(Ending::Eof),
            Ok(read) => {
                self.buffer.extend_from_slice(&block[..read]);
                Ok(())
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                Err(Ending::Silence)
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Err(Ending::Reset),
            Err(error) => panic!("{error}"),
        }
    }

    fn until(&mut self, end: &[u8]) -> Result<Vec<u8>, Ending> {
        loop {
            if let Some(at) = self.buffer.windows(end.len()).position(|window| window == end) {
                return Ok(self.buffer.drain(..at + end.len()).collect());
            }
            self.more()?;
        }
    }

    /// Status and headers, or how the connection ended instead.
    pub(crate) fn head(&mut self) -> Result<(u16, Vec<(String, String)>), Ending> {
        let head = String::from_utf8(self.until(b"\r\n\r\n")?).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap());
        Ok((status, headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }

    pub(crate) fn answer(&mut self) -> Answer {
        let (status, headers) = self.head().unwrap();
        let mut answer = Answer { status, headers, chunks: Vec::new(), ending: Ending::Whole };
        answer.ending = match self.body(&mut answer) {
            Ok(()) => Ending::Whole,
            Err(ending) => ending,
        };
        answer
    }

    fn body(&mut self, answer: &mut Answer) -> Result<(), Ending> {
        if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().unwrap();
            let end = loop {
                if self.buffer.len() >= length {
                    break Ok(());
                }
                if let Err(ending) = self.more() {
                    break Err(ending);
                }
            };
            answer.chunks.push(self.buffer.drain(..length.min(self.buffer.len())).collect());
            return end;
        }
        if answer.header("transfer-encoding").is_none() {
            loop {
                if let Err(ending) = self.more() {
                    answer.chunks.push(std::mem::take(&mut self.buffer));
                    return Err(ending);
                }
            }
        }
        loop {
            let line = String::from_utf8(self.until(b"\r\n")?).unwrap();
            let size = usize::from_str_radix(line.trim_end(), 16).unwrap();
            while self.buffer.len() < size + 2 {
                self.more()?;
            }
            let mut chunk: Vec<u8> = self.buffer.drain(..size + 2).collect();
            assert!(chunk.ends_with(b"\r\n"));
            chunk.truncate(size);
            if size == 0 {
                return Ok(());
            }
            answer.chunks.push(chunk);
        }
    }

    /// Asks and reads the whole answer.
    pub(crate) fn ask(&mut self, path: &str, body: &Value) -> Answer {
        self.post(path, body, &[]);
        self.answer()
    }

    pub(crate) fn ask_with(&mut self, path: &str, fault: &Value) -> Answer {
        self.post(path, &question(), &[("x-mock-fault", &fault.to_string())]);
        self.answer()
    }

    pub(crate) fn leave(self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// A new connection's answer to a standard question.
pub(crate) fn ask(server: &Server, path: &str) -> Answer {
    Client::new(server).ask(path, &question())
}

/// The server's record of request `index`, once `ready` says so of it.
pub(crate) fn record(server: &Server, index: usize, ready: impl Fn(&Value) -> bool) -> Value {
    let start = Instant::now();
    loop {
        let records: Value = serde_json::from_str(&server.requests(0)).unwrap();
        let record = records[index].clone();
        if ready(&record) {
            return record;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "{records}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub(crate) fn ended(record: &Value) -> bool {
    record["outcome"].is_string()
}
