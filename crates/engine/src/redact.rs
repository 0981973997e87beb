//! Keeps what the caller sent out of messages: providers echo keys and prompts.

use reqwest::Url;
use reqwest::header::HeaderMap;

use crate::{Signing, StreamError};

/// Longest message, in bytes.
const MAX_MESSAGE: usize = 2048;
/// Longest code or request id, in bytes.
const MAX_NAME: usize = 200;
/// A short password is a password still.
const MIN_PASSWORD: usize = 3;
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

/// What a caller sent, which must not be told to others.
pub(crate) struct Secrets<'a> {
    pub(crate) url: &'a Url,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) sign: Option<&'a Signing>,
    pub(crate) body: &'a [u8],
}

impl Secrets<'_> {
    /// Masks in every text of an error each header value, each secret of the URL and, in its message, each longer
    /// string of the request's JSON; and caps their lengths.
    pub(crate) fn mask(&self, error: &mut StreamError) {
        let mut message = Masked::new(std::mem::take(&mut error.message));
        self.credentials(&mut message);
        if let Ok(request) = serde_json::from_slice::<serde_json::Value>(self.body) {
            strings(&request, &mut |string| message.mask(string, MIN_PROMPT));
        }
        error.message = message.capped(MAX_MESSAGE);

        let mut code = Masked::new(std::mem::take(&mut error.code));
        self.credentials(&mut code);
        error.code = code.capped(MAX_NAME);

        if let Some(id) = error.request_id.take() {
            let mut id = Masked::new(id);
            self.credentials(&mut id);
            error.request_id = Some(id.capped(MAX_NAME));
        }
    }

    fn credentials(&self, text: &mut Masked) {
        for (name, value) in self.headers {
            if is_harmless(name.as_str()) {
                continue;
            }
            // Header values are bytes; those that aren't text can't stand in a message.
            let Ok(value) = std::str::from_utf8(value.as_bytes()) else { continue };
            text.mask(value, MIN_SECRET);
            for word in value.split([' ', ',', ';', '=', '"']) {
                text.mask(word, MIN_SECRET);
            }
        }
        if let Some(sign) = self.sign {
            let Signing { access_key_id, secret_access_key, session_token, .. } = sign;
            for secret in [Some(secret_access_key), session_token.as_ref(), Some(access_key_id)].into_iter().flatten() {
                text.mask(secret, MIN_SECRET);
            }
        }
        text.mask(self.url.username(), MIN_SECRET);
        text.mask(self.url.password().unwrap_or_default(), MIN_PASSWORD);
        for (_, value) in self.url.query_pairs() {
            text.mask(&value, MIN_SECRET);
        }
    }
}

/// A text on its way to others.
struct Masked {
    text: String,
    /// Whether it is so long that it may have been cut on the way here, in the middle of a secret.
    cut: bool,
}

impl Masked {
    fn new(text: String) -> Self {
        Self { cut: text.len() >= MAX_MESSAGE, text }
    }

    fn mask(&mut self, secret: &str, least: usize) {
        if secret.len() < least {
            return;
        }
        if self.text.len() >= secret.len() && self.text.contains(secret) {
            self.text = self.text.replace(secret, MASK);
        }
        if self.cut
            && let Some(kept) = cut_off(&self.text, secret)
        {
            self.text.truncate(kept);
            self.text.push_str(MASK);
        }
    }

    fn capped(mut self, most: usize) -> String {
        if self.text.len() > most {
            let end = (0..=most).rev().find(|end| self.text.is_char_boundary(*end));
            self.text.truncate(end.unwrap_or_default());
            self.text.push('…');
        }
        self.text
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn masked(message: &str, header: (&'static str, &str), url: &str, body: &str) -> String {
        let url = Url::parse(url).unwrap();
        let headers = HeaderMap::from_iter([(
            reqwest::header::HeaderName::from_static(header.0),
            reqwest::header::HeaderValue::from_str(header.1).unwrap(),
        )]);
        let mut error = StreamError::new(ErrorKind::Unknown, "code", message);
        Secrets { url: &url, headers: &headers, sign: None, body: body.as_bytes() }.mask(&mut error);
        error.message
    }

    #[test]
    fn masks_a_token_with_and_without_its_scheme() {
        let header = ("authorization", "Bearer abcdef-123456");
        let url = "http://127.0.0.1/";
        assert_eq!(masked("key abcdef-123456.", header, url, ""), "key [redacted].");
        assert_eq!(masked("got 'Bearer abcdef-123456'", header, url, ""), "got '[redacted]'");
        assert_eq!(masked("nothing to hide", header, url, ""), "nothing to hide");
    }

    #[test]
    fn leaves_harmless_values_and_names_alone() {
        let message = "application/json is no model gpt-4o-2024-08-06-preview";
        let body = r#"{"model":"gpt-4o-2024-08-06-preview","messages":[{"role":"user","content":"hi"}]}"#;
        assert_eq!(masked(message, ("content-type", "application/json"), "http://127.0.0.1/", body), message);
    }

    #[test]
    fn masks_prompts_wherever_they_stand() {
        let body = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a rather private matter"}]}]}"#;
        let message = "invalid: \"a rather private matter\"";
        assert_eq!(masked(message, ("x-a", "1"), "http://127.0.0.1/", body), "invalid: \"[redacted]\"");
    }

    #[test]
    fn masks_a_secret_that_was_cut() {
        let message = format!("{}secret-0123", "x".repeat(2037));
        let told = masked(&message, ("x-api-key", "secret-0123456789"), "http://127.0.0.1/", "");
        assert!(told.ends_with("x[redacted]"), "{told}");
    }

    #[test]
    fn caps_the_length_between_characters() {
        let told = masked(&"ü".repeat(4000), ("x-a", "1"), "http://127.0.0.1/", "");
        assert!(told.len() <= MAX_MESSAGE + '…'.len_utf8() && told.ends_with('…'), "{}", told.len());
    }
}
