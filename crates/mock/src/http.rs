//! HTTP/1.1, as much of it as a provider needs: requests in, heads out (RFC 9112).

use std::fmt::Write;

use crate::connection::{Connection, Left};

/// Longest request line and headers together, as in nginx and Node.js's order of magnitude.
const MAX_HEAD: usize = 64 * 1024;
const MAX_HEADERS: usize = 128;
/// Longest line with a chunk's size, and all trailers together.
const MAX_LINE: usize = 4 * 1024;
/// Longest request body: prompts with a few images fit.
const MAX_BODY: usize = 32 << 20;

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Without the query.
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    /// Names in lower case, in the order in which they came.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the client wants the connection kept.
    pub(crate) keep_alive: bool,
    /// HTTP/1.0 knows no chunks.
    pub(crate) chunks: bool,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Why no request could be read.
#[derive(Debug)]
pub(crate) enum NoRequest {
    /// The client left, between requests or in the middle of one.
    Left,
    /// What came is no request that can be answered; the connection ends after saying so.
    Refused { status: u16, message: &'static str },
}

impl From<Left> for NoRequest {
    fn from(_: Left) -> Self {
        Self::Left
    }
}

fn refused<T>(status: u16, message: &'static str) -> Result<T, NoRequest> {
    Err(NoRequest::Refused { status, message })
}

/// Reads the next request of a connection, its body included.
pub(crate) async fn read_request(connection: &mut Connection) -> Result<Request, NoRequest> {
    // Parsed again only where the head may be whole or has doubled, so that a head that comes byte by byte costs no
    // more than twice its length.
    let (mut seen, mut next_try) = (0_usize, 0);
    let mut request = loop {
        let fresh = connection.inbound.get(seen.saturating_sub(3)..).unwrap_or_default();
        let whole = fresh.windows(2).any(|pair| pair == b"\n\n") || fresh.windows(3).any(|end| end == b"\n\r\n");
        seen = connection.inbound.len();
        if whole || seen >= next_try {
            next_try = seen * 2;
            if let Some((request, length)) = parse_head(&connection.inbound)? {
                connection.inbound.drain(..length);
                break request;
            }
        }
        if seen >= MAX_HEAD {
            return refused(431, "request header fields exceed 64 KiB");
        }
        connection.read().await?;
    };
    let chunked = match request.header("transfer-encoding") {
        None => false,
        Some(coding) if coding.eq_ignore_ascii_case("chunked") => true,
        Some(_) => return refused(501, "only the transfer coding `chunked` is supported"),
    };
    let length = match content_length(&request.headers) {
        Ok(length) => length,
        Err(()) => return refused(400, "the Content-Length header is not one decimal number"),
    };
    if chunked && length.is_some() {
        return refused(400, "Content-Length and Transfer-Encoding exclude each other");
    }
    if length.is_some_and(|length| length > MAX_BODY) {
        return refused(413, "the request body exceeds 32 MiB");
    }
    let expects = request.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue"));
    if expects && (chunked || length.is_some_and(|length| length > connection.inbound.len())) {
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    if chunked {
        request.body = read_chunks(connection).await?;
    } else if let Some(length) = length {
        while connection.inbound.len() < length {
            connection.read().await?;
        }
        request.body = connection.inbound.drain(..length).collect();
    }
    if connection.inbound.is_empty() {
        connection.inbound = Vec::new();
    }
    Ok(request)
}

fn parse_head(bytes: &[u8]) -> Result<Option<(Request, usize)>, NoRequest> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let length = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return refused(431, "more than 128 request header fields"),
        Err(_) => return refused(400, "the request is not HTTP/1.1"),
    };
    let (Some(method), Some(target), Some(version)) = (parsed.method, parsed.path, parsed.version) else {
        return refused(400, "the request is not HTTP/1.1");
    };
    // A proxy asks by absolute URL (RFC 9112 §3.2.2).
    let target = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => target,
    };
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target, None),
    };
    let headers: Vec<_> = parsed
        .headers
        .iter()
        .map(|header| (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned()))
        .collect();
    let connection = header(&headers, "connection").unwrap_or_default().to_ascii_lowercase();
    let says = |word| connection.split(',').any(|part| part.trim() == word);
    let keep_alive = if version == 1 { !says("close") } else { says("keep-alive") };
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query,
        keep_alive,
        chunks: version == 1,
        headers,
        body: Vec::new(),
    };
    Ok(Some((request, length)))
}

fn content_length(headers: &[(String, String)]) -> Result<Option<usize>, ()> {
    let mut found = None;
    for (_, value) in headers.iter().filter(|(name, _)| name == "content-length") {
        let length =
            if value.bytes().all(|byte| byte.is_ascii_digit()) { value.parse().map_err(drop)? } else { Err(())? };
        if found.replace(length).is_some_and(|before: usize| before != length) {
            return Err(());
        }
    }
    Ok(found)
}

async fn read_chunks(connection: &mut Connection) -> Result<Vec<u8>, NoRequest> {
    let mut body = Vec::new();
    loop {
        let size = loop {
            match httparse::parse_chunk_size(&connection.inbound) {
                Ok(httparse::Status::Complete((line, size))) => {
                    connection.inbound.drain(..line);
                    break size;
                }
                Ok(httparse::Status::Partial) if connection.inbound.len() < MAX_LINE => connection.read().await?,
                _ => return refused(400, "a chunk of the request body has no valid size"),
            }
        };
        if size == 0 {
            break;
        }
        let Some(size) = usize::try_from(size).ok().filter(|size| body.len().saturating_add(*size) <= MAX_BODY) else {
            return refused(413, "the request body exceeds 32 MiB");
        };
        while connection.inbound.len() < size + 2 {
            connection.read().await?;
        }
        if connection.inbound.get(size..size + 2) != Some(b"\r\n") {
            return refused(400, "a chunk of the request body is longer than its size");
        }
        body.extend_from_slice(connection.inbound.get(..size).unwrap_or_default());
        connection.inbound.drain(..size + 2);
    }
    // Trailers are read and dropped, up to the empty line.
    let mut seen = 0;
    while seen <= MAX_LINE {
        match connection.inbound.iter().position(|&byte| byte == b'\n') {
            Some(end) => {
                let empty = end == 0 || (end == 1 && connection.inbound.first() == Some(&b'\r'));
                connection.inbound.drain(..=end);
                seen += end + 1;
                if empty {
                    return Ok(body);
                }
            }
            None if connection.inbound.len() > MAX_LINE => break,
            None => connection.read().await?,
        }
    }
    refused(431, "the trailers of the request body exceed 4 KiB")
}

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Chunked,
    Length(usize),
    /// By the end of the connection.
    Close,
    /// There is no body.
    None,
}

/// A response head. Later headers replace earlier ones of the same name.
pub(crate) fn head(status: u16, headers: &[(String, String)], framing: Framing, keep_alive: bool) -> String {
    let mut head = String::with_capacity(384);
    let _ = write!(head, "HTTP/1.1 {status} {}\r\n", reason(status));
    for (index, (name, value)) in headers.iter().enumerate() {
        let replaced = headers.iter().skip(index + 1).any(|(later, _)| later.eq_ignore_ascii_case(name));
        if !replaced {
            let _ = write!(head, "{name}: {value}\r\n");
        }
    }
    match framing {
        Framing::Chunked => head.push_str("transfer-encoding: chunked\r\n"),
        Framing::Length(length) => {
            let _ = write!(head, "content-length: {length}\r\n");
        }
        Framing::Close | Framing::None => {}
    }
    head.push_str(if keep_alive { "connection: keep-alive\r\n\r\n" } else { "connection: close\r\n\r\n" });
    head
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        529 => "Overloaded",
        _ => "Status",
    }
}
