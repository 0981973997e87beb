//! Heads of HTTP/1.1 messages: a request's, out; an answer's, in (RFC 9112 §3 to §6).
//!
//! What always holds: a header that reaches the wire is one that `http` lets stand; an answer whose length can be read in
//! two ways is refused. No I/O. Imports `httparse`.

use std::io::Write;

use reqwest::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use reqwest::{StatusCode, Url};

use super::framing::Framing;

/// As many as `hyper` takes.
const MAX_HEADERS: usize = 100;
/// Cookies and policies of gateways fill a few KiB.
pub(crate) const MAX_HEAD_BYTES: usize = 256 * 1024;

/// Why an answer's head can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadHead {
    #[error("malformed HTTP/1.1 head: {0}")]
    Malformed(httparse::Error),
    #[error("the head of the answer is longer than {MAX_HEAD_BYTES} bytes")]
    TooLong,
    #[error("the length of the answer is said in a way that can't be read")]
    Length,
    #[error("an answer to another protocol than was asked for")]
    Upgraded,
}

/// The bytes of a POST's head.
pub(crate) fn request(url: &Url, headers: &HeaderMap, length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(b"POST ");
    out.extend_from_slice(url.path().as_bytes());
    if let Some(query) = url.query() {
        out.push(b'?');
        out.extend_from_slice(query.as_bytes());
    }
    out.extend_from_slice(b" HTTP/1.1\r\n");
    if !headers.contains_key("host") {
        // Writing to a vector can't fail.
        let _ = match url.port() {
            None => write!(out, "host: {}\r\n", url.host_str().unwrap_or_default()),
            Some(port) => write!(out, "host: {}:{port}\r\n", url.host_str().unwrap_or_default()),
        };
    }
    for (name, value) in headers {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    let _ = write!(out, "content-length: {length}\r\n\r\n");
    out
}

/// The head of an answer.
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) framing: Framing,
    /// Whether another request may follow on the connection.
    pub(crate) keep_alive: bool,
    /// Its length in bytes.
    pub(crate) length: usize,
}

/// What the first bytes of an answer are.
pub(crate) enum Read {
    /// A head that isn't all there.
    Part,
    /// So many bytes of an interim answer, behind which the real one comes.
    Interim(usize),
    Final(Box<Head>),
}

/// Whether a head may end in `bytes`, of which those before `seen` were looked at before. Reading a head is worth it only
/// then, or its time would grow with the number of pieces it comes in.
pub(crate) fn may_be_whole(bytes: &[u8], seen: usize) -> bool {
    let fresh = bytes.get(seen.saturating_sub(2)..).unwrap_or_default();
    // The first line alone tells whether this is HTTP.
    seen == 0 || fresh.windows(2).any(|pair| pair == b"\n\n") || fresh.windows(3).any(|three| three == b"\n\r\n")
}

/// Reads a head.
pub(crate) fn answer(bytes: &[u8]) -> Result<Read, BadHead> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    let length = match parsed.parse(bytes).map_err(BadHead::Malformed)? {
        httparse::Status::Partial => return Ok(Read::Part),
        httparse::Status::Complete(length) => length,
    };
    let code = parsed.code.unwrap_or_default();
    let status = StatusCode::from_u16(code).map_err(|_| BadHead::Malformed(httparse::Error::Status))?;
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(BadHead::Upgraded);
    }
    if status.is_informational() {
        return Ok(Read::Interim(length));
    }
    let mut map = HeaderMap::with_capacity(parsed.headers.len());
    for header in parsed.headers.iter() {
        let name = HeaderName::from_bytes(header.name.as_bytes());
        let value = HeaderValue::from_bytes(header.value);
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(BadHead::Malformed(httparse::Error::HeaderValue));
        };
        map.append(name, value);
    }
    let modern = parsed.version == Some(1);
    let framing = framing(status, &map, modern)?;
    let stays =
        if modern { !has_token(&map, &CONNECTION, "close") } else { has_token(&map, &CONNECTION, "keep-alive") };
    let keep_alive = stays && framing != Framing::UntilClose && !map.contains_key("upgrade");
    Ok(Read::Final(Box::new(Head { status, headers: map, framing, keep_alive, length })))
}

/// RFC 9112 §6.3.
fn framing(status: StatusCode, headers: &HeaderMap, modern: bool) -> Result<Framing, BadHead> {
    if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        return Ok(Framing::Ended);
    }
    if headers.contains_key(TRANSFER_ENCODING) {
        // A length beside a coding is what smugglers send, and HTTP/1.0 has no codings.
        let codings: Vec<_> = tokens(headers, &TRANSFER_ENCODING).collect();
        let only_chunked = matches!(codings.as_slice(), [coding] if coding.eq_ignore_ascii_case("chunked"));
        return if only_chunked && modern && !headers.contains_key(CONTENT_LENGTH) {
            Ok(Framing::chunked())
        } else {
            Err(BadHead::Length)
        };
    }
    let mut said = None;
    for length in tokens(headers, &CONTENT_LENGTH) {
        let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        let length = length.parse::<u64>().ok().filter(|_| digits).ok_or(BadHead::Length)?;
        if said.is_some_and(|other| other != length) {
            return Err(BadHead::Length);
        }
        said = Some(length);
    }
    Ok(match said {
        None if headers.contains_key(CONTENT_LENGTH) => return Err(BadHead::Length),
        None => Framing::UntilClose,
        Some(0) => Framing::Ended,
        Some(length) => Framing::Length(length),
    })
}

/// The members of a header's lists.
fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    // What is no text is no number and no token.
    headers.get_all(name).into_iter().flat_map(|value| value.to_str().unwrap_or("?").split(',')).map(str::trim)
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|found| found.eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::super::framing::Framing;
    use super::{BadHead, Read, answer, may_be_whole};

    fn of(mut head: &str) -> Result<Option<(u16, Framing, bool)>, BadHead> {
        loop {
            match answer(head.as_bytes())? {
                Read::Part => return Ok(None),
                Read::Interim(length) => head = &head[length..],
                Read::Final(head) => return Ok(Some((head.status.as_u16(), head.framing, head.keep_alive))),
            }
        }
    }

    #[test]
    fn a_head_is_read_once_it_may_be_whole_however_it_is_cut() {
        for head in ["HTTP/1.1 200 OK\r\nA: b\r\n\r\n", "HTTP/1.1 200 OK\nA: b\n\n"] {
            for step in 1..=head.len() {
                let mut seen = 0;
                let looks: Vec<_> = (step..head.len() + step)
                    .step_by(step)
                    .map(|end| {
                        let bytes = &head.as_bytes()[..end.min(head.len())];
                        let look = may_be_whole(bytes, seen);
                        seen = bytes.len();
                        look
                    })
                    .collect();
                assert_eq!(looks.last(), Some(&true), "{head:?} in pieces of {step}");
                assert!(looks.iter().filter(|look| **look).count() <= 2, "{head:?} in pieces of {step}");
            }
        }
    }

    #[test]
    fn says_how_the_body_ends_and_whether_the_connection_stays() {
        let ok = "HTTP/1.1 200 OK\r\n";
        let cases = [
            (format!("{ok}Content-Length: 5\r\n\r\n"), Framing::Length(5), true),
            (format!("{ok}Content-Length: 5, 5\r\nContent-Length: 5\r\n\r\n"), Framing::Length(5), true),
            (format!("{ok}Transfer-Encoding: Chunked\r\n\r\n"), Framing::chunked(), true),
            (format!("{ok}Transfer-Encoding: chunked\r\nConnection: x, Close\r\n\r\n"), Framing::chunked(), false),
            (format!("{ok}\r\n"), Framing::UntilClose, false),
            (format!("{ok}Content-Length: 0\r\n\r\n"), Framing::Ended, true),
            ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n".to_owned(), Framing::Length(5), false),
            (
                format!(
                    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n{ok}Content-Length: 5\r\n\r\n"
                ),
                Framing::Length(5),
                true,
            ),
        ];
        for (head, framing, keep_alive) in cases {
            assert_eq!(of(&head), Ok(Some((200, framing, keep_alive))), "{head}");
            for end in 0..head.len() {
                assert_eq!(of(&head[..end]), Ok(None), "{:?}", &head[..end]);
            }
        }
        assert_eq!(of("HTTP/1.1 204 No Content\r\n\r\n"), Ok(Some((204, Framing::Ended, true))));
    }

    #[test]
    fn a_length_that_can_be_read_in_two_ways_is_refused() {
        for fields in [
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked, chunked\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: \r\n",
            "Content-Length: 99999999999999999999\r\n",
        ] {
            assert_eq!(of(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n")), Err(BadHead::Length), "{fields}");
        }
        assert_eq!(of("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), Err(BadHead::Length));
        assert_eq!(of("HTTP/1.1 101 Switching Protocols\r\n\r\n"), Err(BadHead::Upgraded));
        assert!(matches!(of("SSH-2.0-OpenSSH\r\n"), Err(BadHead::Malformed(_))));
    }
}
