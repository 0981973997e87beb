//! What the providers' own paths say: which format is asked for, of which model, whole or as a stream.
//!
//! A path is known by its end, whatever stands before it: providers have the same paths under prefixes of their own, and
//! so have proxies.

use std::borrow::Cow;

use crate::formats::Format;

/// What a path says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    pub(crate) format: Format,
    /// The model, deployment or endpoint that stands in the path, decoded.
    pub(crate) model: Option<Cow<'a, str>>,
    /// Where the path and not the body says whether the answer is a stream.
    pub(crate) streams: Option<bool>,
    /// Where the path says that a text is to be continued, not a conversation.
    pub(crate) completion: bool,
}

/// Ends of paths that say nothing more.
const ENDS: [(&str, Format); 8] = [
    ("/chat/completions", Format::OpenAi),
    ("/completions", Format::OpenAi),
    ("/responses", Format::OpenAiResponses),
    ("/messages", Format::Anthropic),
    ("/interactions", Format::GeminiInteractions),
    ("/v2/chat", Format::Cohere),
    ("/api/generate", Format::Ollama),
    ("/ollama/api/chat", Format::Ollama),
];

/// Ends of watsonx.ai's paths, and whether they stream and continue a text.
const WATSONX: [(&str, bool, bool); 4] = [
    ("/text/chat", false, false),
    ("/text/chat_stream", true, false),
    ("/text/generation", false, true),
    ("/text/generation_stream", true, true),
];

/// Reads a path without its query; `None` where no provider has such a one.
pub(crate) fn place(path: &str) -> Option<Place<'_>> {
    if let Some((model, method)) = google(path) {
        let (format, streams) = match method {
            "streamGenerateContent" => (Format::Gemini, true),
            "generateContent" => (Format::Gemini, false),
            // Vertex, for the models of others.
            "streamRawPredict" => (Format::Anthropic, true),
            "rawPredict" => (Format::Anthropic, false),
            _ => return None,
        };
        return Some(Place { format, model: Some(decoded(model)), streams: Some(streams), completion: false });
    }
    if let Some(found) = aws(path) {
        return Some(found);
    }
    // `/accounts/<account>/ai/run/@cf/<author>/<model>`, and a gateway's `/workers-ai/@cf/<author>/<model>`.
    let cloudflare = path.split_once("/ai/run/").or_else(|| path.split_once("/workers-ai/@"));
    if let Some((before, model)) = cloudflare.filter(|(_, model)| !model.is_empty()) {
        let model = path.get(path.len() - model.len() - usize::from(!path.get(before.len()..)?.starts_with("/ai"))..);
        return Some(Place {
            format: Format::WorkersAi,
            model: Some(decoded(model.unwrap_or_default())),
            streams: None,
            completion: false,
        });
    }
    if let Some((_, streams, completion)) = WATSONX.iter().find(|(end, ..)| path.ends_with(end)) {
        return Some(Place { format: Format::Watsonx, model: None, streams: Some(*streams), completion: *completion });
    }
    let (_, format) = ENDS.iter().find(|(end, _)| path.ends_with(end))?;
    let completion = path.ends_with("/api/generate");
    // Azure's deployments stand in the path.
    let deployment = path.split_once("/deployments/").and_then(|(_, rest)| rest.split('/').next());
    Some(Place { format: *format, model: deployment.map(decoded), streams: None, completion })
}

/// Model and method of a path such as `/v1beta/models/gemini-2.5-flash:streamGenerateContent`.
fn google(path: &str) -> Option<(&str, &str)> {
    let (_, rest) = path.rsplit_once("/models/")?;
    rest.rsplit_once(':')
}

/// `/model/<model>/converse-stream` and its like, `/endpoints/<endpoint>/invocations-response-stream`.
fn aws(path: &str) -> Option<Place<'_>> {
    let (before, method) = path.rsplit_once('/')?;
    let (folder, format, streams) = match method {
        "converse-stream" => ("/model/", Format::BedrockConverse, true),
        "converse" => ("/model/", Format::BedrockConverse, false),
        "invoke-with-response-stream" => ("/model/", Format::BedrockInvoke, true),
        "invoke" => ("/model/", Format::BedrockInvoke, false),
        "invocations-response-stream" => ("/endpoints/", Format::SageMaker, true),
        "invocations" => ("/endpoints/", Format::SageMaker, false),
        _ => return None,
    };
    // A model's ARN may have slashes of its own, encoded or not.
    let (_, model) = before.split_once(folder).filter(|(_, model)| !model.is_empty())?;
    Some(Place { format, model: Some(decoded(model)), streams: Some(streams), completion: false })
}

/// A part of a path without its percent-encoding; what isn't encoded well stays as it is.
fn decoded(part: &str) -> Cow<'_, str> {
    if !part.contains('%') {
        return part.into();
    }
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (first, after) {
            (b'%', [high, low, behind @ ..]) if let (Some(high), Some(low)) = (hex(*high), hex(*low)) => {
                bytes.push(high << 4 | low);
                rest = behind;
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => part.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_paths_of_every_provider() {
        for (path, format, model, streams) in [
            ("/v1/chat/completions", Format::OpenAi, None, None),
            ("/openai/deployments/my%20gpt/chat/completions", Format::OpenAi, Some("my gpt"), None),
            ("/v1/completions", Format::OpenAi, None, None),
            ("/v1/responses", Format::OpenAiResponses, None, None),
            ("/v1/messages", Format::Anthropic, None, None),
            (
                "/v1/projects/p/locations/l/publishers/anthropic/models/claude:streamRawPredict",
                Format::Anthropic,
                Some("claude"),
                Some(true),
            ),
            (
                "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
                Format::Gemini,
                Some("gemini-2.5-flash"),
                Some(true),
            ),
            ("/v1beta/models/g:generateContent", Format::Gemini, Some("g"), Some(false)),
            ("/v1beta/interactions", Format::GeminiInteractions, None, None),
            ("/client/v4/accounts/a/ai/run/@cf/meta/llama", Format::WorkersAi, Some("@cf/meta/llama"), None),
            ("/v1/a/g/workers-ai/@cf/meta/llama", Format::WorkersAi, Some("@cf/meta/llama"), None),
            ("/client/v4/accounts/a/ai/v1/chat/completions", Format::OpenAi, None, None),
            (
                "/model/anthropic.claude-v2%3A1/converse-stream",
                Format::BedrockConverse,
                Some("anthropic.claude-v2:1"),
                Some(true),
            ),
            ("/model/arn%3Aaws%3Amodel%2Fm/converse", Format::BedrockConverse, Some("arn:aws:model/m"), Some(false)),
            ("/model/m/invoke-with-response-stream", Format::BedrockInvoke, Some("m"), Some(true)),
            ("/model/m/invoke", Format::BedrockInvoke, Some("m"), Some(false)),
            ("/endpoints/e/invocations-response-stream", Format::SageMaker, Some("e"), Some(true)),
            ("/endpoints/e/invocations", Format::SageMaker, Some("e"), Some(false)),
            ("/api/generate", Format::Ollama, None, None),
            ("/v2/chat", Format::Cohere, None, None),
            ("/ml/v1/text/chat_stream", Format::Watsonx, None, Some(true)),
            ("/ml/v1/text/chat", Format::Watsonx, None, Some(false)),
        ] {
            let place = place(path).expect(path);
            assert_eq!((place.format, place.model.as_deref(), place.streams), (format, model, streams), "{path}");
        }
        for path in ["/", "/v1/embeddings", "/v1beta/models/g:countTokens", "/model//converse", "/ai/run/", "/v1/chat"]
        {
            assert_eq!(place(path), None, "{path}");
        }
    }

    #[test]
    fn what_is_not_encoded_well_stays() {
        for (given, expected) in [("a%3Ab", "a:b"), ("a%3", "a%3"), ("%zz", "%zz"), ("%ff", "%ff"), ("%e2%82%ac", "€")]
        {
            assert_eq!(decoded(given), expected);
        }
    }
}
