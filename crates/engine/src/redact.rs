//! Keeps what the caller sent out of messages: providers echo keys and prompts.

use reqwest::Url;
use reqwest::header::HeaderMap;

/// Longest message, in bytes.
const MAX_MESSAGE: usize = 2048;
/// Shorter values occur in ordinary words.
const MIN_SECRET: usize = 6;
/// Shorter strings of a request occur in ordinary sentences.
const MIN_PROMPT: usize = 16;
/// Longer beginnings of a secret at the end of a message that was cut aren't looked for.
const MAX_CUT_OFF: usize = 256;
const MASK: &str = "[redacted]";

/// Whether a header's value is worth nothing to a thief.
pub(crate) fn is_harmless(name: &str) -> bool {
    matches!(
        name,
        "accept"
            | "accept-encoding"
            | "accept-language"
            | "content-type"
            | "user-agent"
            | "anthropic-version"
            | "origin"
    )
}

/// Masks in `message` every header value, every secret of the URL and every longer string of the request's JSON, and
/// caps its length.
pub(crate) fn message(message: &str, url: &Url, headers: &HeaderMap, body: &[u8]) -> String {
    let mut text = message.to_owned();
    let cut = message.len() >= MAX_MESSAGE;
    let mut mask = |secret: &str, least: usize| {
        if secret.len() < least {
            return;
        }
        if text.len() >= secret.len() && text.contains(secret) {
            text = text.replace(secret, MASK);
        }
        if cut && let Some(kept) = cut_off(&text, secret) {
            text.truncate(kept);
            text.push_str(MASK);
        }
    };
    for (name, value) in headers {
        if is_harmless(name.as_str()) {
            continue;
        }
        // Header values are bytes; those that aren't text can't stand in a message.
        let Ok(value) = std::str::from_utf8(value.as_bytes()) else { continue };
        mask(value, MIN_SECRET);
        for word in value.split([' ', ',', ';', '=', '"']) {
            mask(word, MIN_SECRET);
        }
    }
    mask(url.username(), MIN_SECRET);
    mask(url.password().unwrap_or_default(), 3);
    for (_, value) in url.query_pairs() {
        mask(&value, MIN_SECRET);
    }
    if let Ok(request) = serde_json::from_slice::<serde_json::Value>(body) {
        strings(&request, &mut |string| mask(string, MIN_PROMPT));
    }
    if text.len() > MAX_MESSAGE {
        let mut end = MAX_MESSAGE;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Where a message that was cut ends in the beginning of a secret.
fn cut_off(text: &str, secret: &str) -> Option<usize> {
    let text = text.trim_end_matches(['…', '.']);
    let longest = secret.len().min(MAX_CUT_OFF).min(text.len());
    (MIN_SECRET..=longest).rev().find_map(|len| {
        let beginning = secret.get(..len)?;
        text.ends_with(beginning).then(|| text.len() - len)
    })
}

/// Gives every string of a JSON value but those that name things (`model`, `role`, `type`).
fn strings(value: &serde_json::Value, give: &mut impl FnMut(&str)) {
    match value {
        serde_json::Value::String(string) => give(string),
        serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, give)),
        serde_json::Value::Object(fields) => {
            for (name, field) in fields {
                if !matches!(name.as_str(), "model" | "role" | "type" | "name") {
                    strings(field, give);
                }
            }
        }
        _ => {}
    }
}
