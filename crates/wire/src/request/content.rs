//! The content of messages: our parts and OpenAI's understood, a provider's own left as they are.

use serde_json::Value;

use super::members::Members;
use super::{Message, RequestError};

/// One part of a message.
pub(super) struct Part<'a> {
    pub(super) kind: Kind<'a>,
    /// That the provider should cache the conversation up to here.
    pub(super) cache: Option<&'a Value>,
    /// As it was given; `None` for a message that is one text.
    pub(super) given: Option<&'a Members>,
    /// Whether it was given in words of ours that OpenAI doesn't have.
    pub(super) ours: bool,
    /// Its path, e.g. `messages[0].content[2]`.
    pub(super) field: String,
}

impl Part<'_> {
    /// As it was given, but for what is said in words of ours.
    pub(super) fn own(&self) -> Members {
        let mut own = self.given.cloned().unwrap_or_default();
        own.shift_remove("cacheControl");
        own
    }
}

pub(super) enum Kind<'a> {
    Text(&'a str),
    Image {
        source: Source<'a>,
        detail: Option<&'a str>,
    },
    File {
        source: Source<'a>,
        filename: Option<&'a str>,
    },
    /// In a provider's own words.
    Own,
}

/// Where something that is no text is.
pub(super) enum Source<'a> {
    Url { url: &'a str, media_type: Option<&'a str> },
    Data { media_type: &'a str, base64: &'a str },
}

impl Source<'_> {
    /// As one URL.
    pub(super) fn url(&self) -> String {
        match self {
            Self::Url { url, .. } => (*url).to_owned(),
            Self::Data { media_type, base64 } => format!("data:{media_type};base64,{base64}"),
        }
    }

    /// What it is, where it is said or can be seen from the end of the URL.
    pub(super) fn media_type(&self) -> Option<&str> {
        match self {
            Self::Data { media_type, .. } => Some(media_type),
            Self::Url { media_type: Some(media_type), .. } => Some(media_type),
            Self::Url { url, .. } => {
                let path = url.split(['?', '#']).next().unwrap_or(url);
                let (_, extension) = path.rsplit_once('.')?;
                let known = EXTENSIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension));
                known.map(|(_, media_type)| *media_type)
            }
        }
    }
}

const EXTENSIONS: [(&str, &str); 14] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("md", "text/markdown"),
    ("html", "text/html"),
    ("csv", "text/csv"),
    ("mp3", "audio/mpeg"),
    ("wav", "audio/wav"),
    ("mp4", "video/mp4"),
    ("webm", "video/webm"),
];

/// How the base64 of each kind of picture begins, from the magic numbers of its format.
const PICTURES: [(&str, &str); 4] =
    [("iVBORw0KGgo", "image/png"), ("/9j/", "image/jpeg"), ("R0lGOD", "image/gif"), ("UklGR", "image/webp")];

/// `cacheControl` or `cache_control`.
pub(super) fn cache_control(members: &Members) -> Option<&Value> {
    ["cacheControl", "cache_control"].into_iter().find_map(|name| members.get(name)).filter(|value| !value.is_null())
}

/// The parts of the message at `index`; a text is one part, nothing none.
pub(super) fn parts(message: &Message, index: usize) -> Result<Vec<Part<'_>>, RequestError> {
    match &message.content {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => {
            let field = format!("messages[{index}].content");
            Ok(vec![Part { kind: Kind::Text(text), cache: None, given: None, ours: true, field }])
        }
        Value::Array(parts) => parts
            .iter()
            .enumerate()
            .map(|(at, part)| {
                let field = format!("messages[{index}].content[{at}]");
                match part {
                    Value::Object(given) => read(given, field),
                    _ => Err(RequestError::malformed(field, "an object with a `type`")),
                }
            })
            .collect(),
        _ => Err(RequestError::malformed(format!("messages[{index}].content"), "a string or an array of parts")),
    }
}

fn read(given: &Members, field: String) -> Result<Part<'_>, RequestError> {
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    let nested = |outer: &str, inner: &str| given.get(outer).and_then(|value| value.get(inner)).and_then(Value::as_str);
    let mut ours = false;
    let kind = match text("type") {
        Some("text") => match text("text") {
            Some(text) => Kind::Text(text),
            None => return Err(RequestError::malformed(format!("{field}.text"), "a string")),
        },
        Some("image") if given.contains_key("image") => {
            ours = true;
            let source = source(text("image"), text("mediaType"), &field, "image")?;
            Kind::Image { source, detail: text("detail") }
        }
        // Some servers take the URL by itself.
        Some("image_url") => match text("image_url").or_else(|| nested("image_url", "url")) {
            None => return Err(RequestError::malformed(format!("{field}.image_url.url"), "an URL")),
            url => {
                Kind::Image { source: source(url, None, &field, "image_url")?, detail: nested("image_url", "detail") }
            }
        },
        Some("file") if given.contains_key("data") => {
            ours = true;
            Kind::File { source: source(text("data"), text("mediaType"), &field, "data")?, filename: text("filename") }
        }
        Some("file") if nested("file", "file_data").is_some() => {
            let source = source(nested("file", "file_data"), None, &field, "file.file_data")?;
            Kind::File { source, filename: nested("file", "filename") }
        }
        Some("input_audio") => match (nested("input_audio", "data"), nested("input_audio", "format")) {
            (Some(base64), Some(format)) => {
                let media_type = if format == "mp3" { "audio/mpeg" } else { "audio/wav" };
                Kind::File { source: Source::Data { media_type, base64 }, filename: None }
            }
            _ => return Err(RequestError::malformed(format!("{field}.input_audio"), "`data` and `format`")),
        },
        Some(_) => Kind::Own,
        None => return Err(RequestError::malformed(field, "an object with a `type`")),
    };
    Ok(Part { kind, cache: cache_control(given), given: Some(given), ours, field })
}

/// An URL, a data URL or base64.
fn source<'a>(
    given: Option<&'a str>,
    media_type: Option<&'a str>,
    field: &str,
    member: &str,
) -> Result<Source<'a>, RequestError> {
    let Some(given) = given.filter(|given| !given.is_empty()) else {
        return Err(RequestError::malformed(format!("{field}.{member}"), "an URL, a data URL or base64"));
    };
    if let Some(data) = given.strip_prefix("data:") {
        let Some((head, base64)) = data.split_once(',').filter(|(head, _)| head.ends_with(";base64")) else {
            return Err(RequestError::malformed(
                format!("{field}.{member}"),
                "an URL, a data URL in base64, or base64",
            ));
        };
        let named = head.split(';').next().filter(|named| !named.is_empty());
        return match media_type.or(named) {
            Some(media_type) => Ok(Source::Data { media_type, base64 }),
            None => Err(RequestError::malformed(format!("{field}.mediaType"), "a media type such as image/png")),
        };
    }
    // Base64 has no colon in it.
    if given.as_bytes().iter().take(12).any(|byte| *byte == b':') {
        return Ok(Source::Url { url: given, media_type });
    }
    let seen = || PICTURES.iter().find(|(head, _)| given.starts_with(head)).map(|(_, media_type)| *media_type);
    match media_type.or_else(seen) {
        Some(media_type) => Ok(Source::Data { media_type, base64: given }),
        None => Err(RequestError::malformed(format!("{field}.mediaType"), "a media type such as image/png")),
    }
}
