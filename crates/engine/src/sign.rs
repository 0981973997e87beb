//! Amazon's Signature Version 4, for endpoints that take no bearer token. The rules are those of "Create a signed AWS API
//! request" in the IAM user guide; its test suite is among the tests.
//!
//! What always holds: the secret never leaves this module but as a signature; what was signed is what is sent, so a request
//! is signed anew each time it is sent. Imports the digests that TLS brings; Amazon's own crate would bring eighteen more.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write;
use std::time::SystemTime;

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue};
use ring::{digest, hmac};

use crate::{ErrorKind, StreamError};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// The service a request is signed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningService {
    /// Amazon Bedrock.
    Bedrock,
    /// Amazon SageMaker.
    SageMaker,
}

impl SigningService {
    /// The name in the credential's scope.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bedrock => "bedrock",
            Self::SageMaker => "sagemaker",
        }
    }
}

/// What requests are signed with.
#[derive(Clone)]
pub struct Signing {
    /// For which service.
    pub service: SigningService,
    /// Its region, e.g. `eu-central-1`.
    pub region: String,
    /// Which key.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: String,
    /// Of temporary credentials.
    pub session_token: Option<String>,
}

impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signing").field("service", &self.service).field("region", &self.region).finish_non_exhaustive()
    }
}

impl Signing {
    /// Adds to a POST's headers what signs it, at this moment.
    pub(crate) fn sign(
        &self,
        url: &Url,
        headers: &mut HeaderMap,
        body: &[u8],
        now: SystemTime,
    ) -> Result<(), StreamError> {
        let moment = Moment::of(now);
        let payload = sha256(body);
        let own = [(DATE, Some(&moment.time)), (CONTENT_SHA256, Some(&payload)), (TOKEN, self.session_token.as_ref())];
        for (name, value) in own {
            let Some(value) = value else { continue };
            headers.insert(name.clone(), secret_value(name.as_str(), value)?);
        }
        // As the transport will say it.
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).map_or_else(
            || {
                let host = url.host_str().unwrap_or_default();
                url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
            },
            str::to_owned,
        );
        // Amazon wants all of its own headers signed, and the host; proxies may change the rest.
        let mut signed = vec![("host", host)];
        for name in headers.keys().map(HeaderName::as_str).filter(|name| name.starts_with("x-amz-")) {
            let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
            signed.push((name, values.collect::<Vec<_>>().join(",")));
        }
        let path = resolved(url.path());
        let request = Signable { method: "POST", path: &path, query: url.query(), headers: signed, payload: &payload };
        let authorization = self.authorize(self.service.as_str(), request, &moment);
        headers.insert(AUTHORIZATION, secret_value("authorization", &authorization)?);
        Ok(())
    }

    /// The value of the `authorization` header.
    fn authorize(&self, service: &str, mut request: Signable<'_>, moment: &Moment) -> String {
        request.headers.sort_by_key(|(name, _)| *name);
        let (canonical, names) = request.canonical();
        let scope = format!("{}/{}/{service}/aws4_request", moment.date, self.region);
        let to_sign = format!("{ALGORITHM}\n{}\n{scope}\n{}", moment.time, sha256(canonical.as_bytes()));
        let first = format!("AWS4{}", self.secret_access_key);
        let mut key = first.as_bytes();
        let mut tag;
        for part in [moment.date.as_str(), &self.region, service, "aws4_request"] {
            tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), part.as_bytes());
            key = tag.as_ref();
        }
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), to_sign.as_bytes());
        let (id, signature) = (&self.access_key_id, hex(signature.as_ref()));
        format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}")
    }
}

/// A header's value that no log shows.
fn secret_value(name: &str, value: &str) -> Result<HeaderValue, StreamError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        StreamError::new(
            ErrorKind::InvalidRequest,
            "INVALID_HEADER",
            format!("the credentials for the request's signature have characters that header `{name}` can't carry"),
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// When a request is signed, in the two ways the signature says it.
struct Moment {
    /// `20150830`.
    date: String,
    /// `20150830T123600Z`.
    time: String,
}

impl Moment {
    fn of(now: SystemTime) -> Self {
        // `Sun, 30 Aug 2015 12:36:00 GMT` (RFC 9110 §5.6.7): every part has its place.
        const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
        let told = httpdate::fmt_http_date(now);
        let part = |from: usize, to: usize| told.get(from..to).unwrap_or_default();
        let month = MONTHS.find(part(8, 11)).unwrap_or_default() / 3 + 1;
        let date = format!("{}{month:02}{}", part(12, 16), part(5, 7));
        let time = format!("{date}T{}{}{}Z", part(17, 19), part(20, 22), part(23, 25));
        Self { date, time }
    }
}

/// What of a request is signed.
struct Signable<'a> {
    method: &'a str,
    /// As it is sent, [`resolved`].
    path: &'a str,
    query: Option<&'a str>,
    /// Names in lower case, each once.
    headers: Vec<(&'a str, String)>,
    /// The body's digest.
    payload: &'a str,
}

impl Signable<'_> {
    /// The canonical request, and the names of the headers in it.
    fn canonical(&self) -> (String, String) {
        let mut lines = String::new();
        let mut names = String::new();
        for (name, value) in &self.headers {
            let words: Vec<_> = value.split_ascii_whitespace().collect();
            // A string takes whatever it is given.
            let _ = writeln!(lines, "{name}:{}", words.join(" "));
            if !names.is_empty() {
                names.push(';');
            }
            names.push_str(name);
        }
        let (path, query) = (canonical_path(self.path), canonical_query(self.query.unwrap_or_default()));
        let canonical = format!("{}\n{path}\n{query}\n{lines}\n{names}\n{}", self.method, self.payload);
        (canonical, names)
    }
}

/// The path as services read it: without empty and dot segments. All of them do but S3, where `a//b` and `a/../b` are
/// names of objects, so this is a step of its own before [`canonical_path`] and not an option of it: a request to S3
/// would be signed by leaving it out. It changes nothing of what is sent.
fn resolved(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut resolved = String::with_capacity(path.len());
    for segment in &segments {
        resolved.push('/');
        resolved.push_str(segment);
    }
    if resolved.is_empty() || ["/", "/.", "/.."].iter().any(|end| path.ends_with(end)) {
        resolved.push('/');
    }
    resolved
}

/// The path with each segment encoded once more than it is sent: `:` in a model's name is `%3A` on the wire and `%253A`
/// here.
fn canonical_path(path: &str) -> String {
    let mut canonical = String::with_capacity(path.len() + 8);
    for (at, segment) in path.split('/').enumerate() {
        if at > 0 {
            canonical.push('/');
        }
        encode(segment, &mut canonical);
    }
    canonical
}

/// The parameters in order, each encoded in the one way there is.
fn canonical_query(query: &str) -> String {
    let recoded = |text: &str| {
        let mut encoded = String::with_capacity(text.len());
        encode(&decoded(text), &mut encoded);
        encoded
    };
    let mut parameters: Vec<_> = query
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            (recoded(name), recoded(value))
        })
        .collect();
    parameters.sort();
    parameters.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Appends text percent-encoded: all but the unreserved characters of RFC 3986 §2.3.
fn encode(text: &str, out: &mut String) {
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// Text whose percent-encoding is undone, where it was.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return text.into();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let code = behind.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned().into()
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use super::*;

    fn suite() -> Option<PathBuf> {
        let found =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/aws-vectors/sigv4/aws-signing-test-suite/v4");
        if found.exists() {
            return Some(found);
        }
        println!("skipped: aws-vectors/sigv4 is not beside the repository");
        None
    }

    /// 30 August 2015, 12:36:00.
    const SUITE_TIME: Duration = Duration::from_secs(1_440_938_160);

    fn signing(region: &str, token: Option<&str>) -> Signing {
        Signing {
            service: SigningService::Bedrock,
            region: region.to_owned(),
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: token.map(str::to_owned),
        }
    }

    /// What a case says that its request consists of.
    fn headers_of(lines: &[&str]) -> Vec<(String, String)> {
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines {
            // A line that begins with white space goes on with the value before it.
            if line.starts_with([' ', '\t']) {
                let last = headers.last_mut().unwrap();
                last.1 = format!("{} {}", last.1, line.trim());
                continue;
            }
            let (name, value) = line.split_once(':').unwrap();
            let name = name.trim().to_ascii_lowercase();
            match headers.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) => *values = format!("{values},{}", value.trim()),
                None => headers.push((name, value.trim().to_owned())),
            }
        }
        headers
    }

    /// A request of the suite: method, path, query, headers, body.
    fn request_of(case: &Path) -> (String, String, Option<String>, Vec<(String, String)>, String) {
        let text = fs::read_to_string(case.join("request.txt")).unwrap().replace("\r\n", "\n");
        let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end_matches('\n'), ""));
        let mut lines = head.lines();
        let first = lines.next().unwrap().trim_end_matches(" HTTP/1.1");
        let (method, target) = first.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let headers = headers_of(&lines.collect::<Vec<_>>());
        (method.to_owned(), path.to_owned(), query.map(str::to_owned), headers, body.to_owned())
    }

    /// What a case says that is signed, and the header that signs it.
    fn expected_of(case: &Path) -> (String, String) {
        let canonical = fs::read_to_string(case.join("header-canonical-request.txt")).unwrap().replace("\r\n", "\n");
        let signed = fs::read_to_string(case.join("header-signed-request.txt")).unwrap();
        let authorization = signed.lines().find_map(|line| line.strip_prefix("Authorization:")).unwrap().trim();
        (canonical.trim_end().to_owned(), authorization.to_owned())
    }

    #[test]
    fn signs_as_amazons_test_suite_says() {
        let Some(suite) = suite() else { return };
        let mut as_they_are = 0;
        let mut count = 0;
        for case in fs::read_dir(&suite).unwrap().map(|case| case.unwrap().path()) {
            let name = case.file_name().unwrap().to_string_lossy().into_owned();
            // Two cases are without: the next test has them.
            let Ok(context) = fs::read_to_string(case.join("context.json")) else { continue };
            let context: serde_json::Value = serde_json::from_str(&context).unwrap();
            let (method, path, query, mut headers, body) = request_of(&case);
            // The suite's service encodes paths once, not once more than they are sent.
            let path = decoded(&path);
            // Paths of S3 are signed as they are.
            let path = if context["normalize"] == true { resolved(&path).into() } else { path };
            as_they_are += usize::from(context["normalize"] == false);
            let payload = sha256(body.as_bytes());
            let moment = Moment::of(SystemTime::UNIX_EPOCH + SUITE_TIME);
            let mut add = |name: &str, value: &str| {
                if headers.iter().all(|(known, _)| known != name) {
                    headers.push((name.to_owned(), value.to_owned()));
                }
            };
            add("x-amz-date", &moment.time);
            if context["sign_body"] == true {
                add("x-amz-content-sha256", &payload);
            }
            let token = context["credentials"]["token"].as_str();
            if let Some(token) = token.filter(|_| context["omit_session_token"] != true) {
                add("x-amz-security-token", token);
            }
            let mut request = Signable {
                method: &method,
                path: &path,
                query: query.as_deref(),
                headers: headers.iter().map(|(name, value)| (name.as_str(), value.clone())).collect(),
                payload: &payload,
            };
            request.headers.sort_by_key(|(name, _)| *name);
            let (canonical, authorization) = expected_of(&case);
            assert_eq!(request.canonical().0, canonical, "{name}");
            let signing = signing(context["region"].as_str().unwrap(), token);
            assert_eq!(signing.authorize("service", request, &moment), authorization, "{name}");
            count += 1;
        }
        assert!(count >= 37 && as_they_are >= 7, "{count}, {as_they_are} of them as they are");
    }

    #[test]
    fn a_path_that_is_encoded_is_signed_encoded_twice() {
        let Some(suite) = suite() else { return };
        let case = suite.join("double-url-encode");
        let (method, path, query, headers, body) = request_of(&case);
        let (payload, path) = (sha256(body.as_bytes()), resolved(&path));
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let request = Signable { method: &method, path: &path, query: query.as_deref(), headers, payload: &payload };
        // 11 May 2021, 15:40:45.
        let moment = Moment::of(SystemTime::UNIX_EPOCH + Duration::from_secs(1_620_747_645));
        let (canonical, authorization) = expected_of(&case);
        assert_eq!(request.canonical().0, canonical);
        assert_eq!(signing("us-east-2", None).authorize("lambda", request, &moment), authorization);
        // This one's canonical request is of another day than its request, and signed with a key that is not told.
        let case = suite.join("double-encode-path");
        let canonical = canonical_path(&resolved(&request_of(&case).1));
        assert_eq!(canonical, expected_of(&case).0.lines().nth(1).unwrap());
    }

    #[test]
    fn what_is_sent_to_bedrock_and_sagemaker_is_signed_as_it_reads() {
        for (sent, signed) in [
            ("/model/a%3A0/converse-stream", "/model/a%253A0/converse-stream"),
            // Where the colon stands as it is, its one encoding is the signature's.
            ("/model/a:0/converse-stream", "/model/a%3A0/converse-stream"),
            ("/model/arn%3Aaws%3Abedrock%2Fm/converse-stream", "/model/arn%253Aaws%253Abedrock%252Fm/converse-stream"),
            ("/endpoints/mine/invocations-response-stream", "/endpoints/mine/invocations-response-stream"),
            // Behind a gateway's own path.
            ("//gateway/./v1//model/a/../b/", "/gateway/v1/model/b/"),
            ("", "/"),
        ] {
            assert_eq!(canonical_path(&resolved(sent)), signed, "{sent}");
        }
    }

    #[test]
    fn tells_the_time_as_amazon_does() {
        for (seconds, told) in [(0, "19700101T000000Z"), (1_709_210_096, "20240229T123456Z")] {
            let moment = Moment::of(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
            assert_eq!(moment.time, told);
            assert_eq!(moment.date, told[..8]);
        }
    }

    #[test]
    fn shows_no_key() {
        let shown = format!("{:?}", signing("us-east-1", Some("a token")));
        assert_eq!(shown, "Signing { service: Bedrock, region: \"us-east-1\", .. }");
    }
}
