//! Token counts under the names that providers and applications give them.
//!
//! What always holds: a count that was not said stays unsaid; counts are not added up across frames. Imports the
//! crate's vocabulary.

use crate::json::{Members, Raw};
use crate::{RawJson, Usage};

/// What a member of a usage object counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Count {
    Prompt,
    Completion,
    Total,
    Cached,
    Reasoning,
    Audio,
    PromptDetails,
    CompletionDetails,
}

impl Count {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "prompt_tokens" | "input_tokens" | "promptTokens" | "inputTokens" => Self::Prompt,
            "completion_tokens" | "output_tokens" | "completionTokens" | "outputTokens" => Self::Completion,
            "total_tokens" | "totalTokens" => Self::Total,
            "cached_tokens"
            | "cachedTokens"
            | "cachedInputTokens"
            | "prompt_cache_hit_tokens"
            | "cache_read_input_tokens" => Self::Cached,
            "reasoning_tokens" | "reasoningTokens" => Self::Reasoning,
            "audio_tokens" | "audioTokens" => Self::Audio,
            "prompt_tokens_details" | "input_tokens_details" | "prompt_token_details" | "inputTokenDetails" => {
                Self::PromptDetails
            }
            "completion_tokens_details" | "output_tokens_details" | "outputTokenDetails" => Self::CompletionDetails,
            _ => return None,
        })
    }
}

/// The counts of a usage object; `None` where it is no object or says none of them.
pub(crate) fn read(raw: Raw<'_>) -> Option<Usage> {
    let mut usage = Usage::default();
    let mut prompt_audio = None;
    let mut completion_audio = None;
    let mut own = None;
    for (key, value) in raw.fields() {
        match Count::of(&key) {
            Some(Count::Prompt) => set(&mut usage.prompt_tokens, value),
            Some(Count::Completion) => set(&mut usage.completion_tokens, value),
            Some(Count::Total) => set(&mut usage.total_tokens, value),
            Some(Count::Cached) => set(&mut usage.cached_tokens, value),
            Some(Count::Reasoning) => set(&mut usage.reasoning_tokens, value),
            Some(Count::Audio) => set(&mut usage.audio_tokens, value),
            Some(Count::PromptDetails) => {
                for (key, value) in value.fields() {
                    match &*key {
                        "cached_tokens" | "cacheReadTokens" => set(&mut usage.cached_tokens, value),
                        "audio_tokens" => set(&mut prompt_audio, value),
                        _ => {}
                    }
                }
            }
            Some(Count::CompletionDetails) => {
                for (key, value) in value.fields() {
                    match &*key {
                        "reasoning_tokens" | "reasoningTokens" => set(&mut usage.reasoning_tokens, value),
                        "audio_tokens" => set(&mut completion_audio, value),
                        _ => {}
                    }
                }
            }
            // Who passes counts on under our names has the provider's own object in there.
            None if key == "raw" && value.is_object() => own = Some(value),
            // The same of counts that nobody reported.
            None if key == "isEstimated" => usage.is_estimated = (value.text() == "true").then_some(true),
            None if key == "confidence" => usage.confidence = value.text().parse().ok(),
            None => {}
        }
    }
    if let (None, Some(audio)) = (usage.audio_tokens, sum(prompt_audio, completion_audio)) {
        usage.audio_tokens = Some(audio);
    }
    let Usage { prompt_tokens, completion_tokens, total_tokens, cached_tokens, reasoning_tokens, audio_tokens, .. } =
        usage;
    let said = [prompt_tokens, completion_tokens, total_tokens, cached_tokens, reasoning_tokens, audio_tokens];
    if said.iter().all(Option::is_none) {
        return None;
    }
    complete(&mut usage);
    usage.raw = Some(RawJson::of(own.unwrap_or(raw)));
    Some(usage)
}

/// Fills in what follows from the rest.
fn complete(usage: &mut Usage) {
    let (Some(prompt), Some(completion)) = (usage.prompt_tokens, usage.completion_tokens) else { return };
    let sum = prompt.saturating_add(completion);
    match (usage.total_tokens, usage.reasoning_tokens) {
        (None, _) => usage.total_tokens = Some(sum),
        // xAI leaves reasoning out of the completion and counts it in the total.
        (Some(total), Some(reasoning)) if reasoning > 0 && total == sum.saturating_add(reasoning) => {
            usage.completion_tokens = Some(completion.saturating_add(reasoning));
        }
        _ => {}
    }
}

/// Whether a usage object counts nothing: Workers AI sends such a one before or after the true one.
pub(crate) fn is_zero(raw: Raw<'_>) -> bool {
    !raw.fields().any(|(key, value)| {
        matches!(Count::of(&key), Some(Count::Prompt | Count::Completion | Count::Total))
            && value.as_count().is_some_and(|count| count > 0)
    })
}

/// No counts yet, and the object they stand in.
pub(crate) fn with_raw(raw: Raw<'_>) -> Usage {
    Usage { raw: Some(RawJson::of(raw)), ..Usage::default() }
}

/// A count of that name.
pub(crate) fn count(members: &Members<'_>, name: &str) -> Option<u64> {
    members.field(name)?.as_count()
}

/// A count of that name in an object.
pub(crate) fn count_in(members: &Members<'_>, object: &str, name: &str) -> Option<u64> {
    members.field(object)?.field(name)?.as_count()
}

fn set(slot: &mut Option<u64>, value: Raw<'_>) {
    if let Some(count) = value.as_count() {
        *slot = Some(count);
    }
}

fn sum(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (None, None) => None,
        _ => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Usage> {
        read(Raw::parse(text).unwrap()).map(|usage| Usage { raw: None, ..usage })
    }

    #[test]
    fn what_is_not_said_stays_unsaid() {
        assert_eq!(of("{}"), None);
        assert_eq!(of("[]"), None);
        assert_eq!(of(r#"{"prompt_tokens":null,"cost":0.5}"#), None);
        let usage = of(r#"{"prompt_tokens":3,"completion_tokens":"many"}"#).unwrap();
        assert_eq!(usage, Usage { prompt_tokens: Some(3), ..Usage::default() });
    }

    #[test]
    fn adds_the_total_where_it_is_left_out() {
        let usage = of(r#"{"promptTokens":10,"completionTokens":5.0}"#).unwrap();
        assert_eq!(usage.total_tokens, Some(15));
    }

    #[test]
    fn counts_reasoning_into_the_completion_where_the_provider_leaves_it_out() {
        let usage = of(
            r#"{"prompt_tokens":466,"completion_tokens":68,"total_tokens":800,"completion_tokens_details":{"reasoning_tokens":266}}"#,
        );
        assert_eq!(usage.unwrap().completion_tokens, Some(334));
    }

    #[test]
    fn reads_details() {
        let usage = of(
            r#"{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":2,"audio_tokens":1},"completion_tokens_details":{"reasoning_tokens":3,"audio_tokens":2}}"#,
        )
        .unwrap();
        assert_eq!((usage.cached_tokens, usage.reasoning_tokens, usage.audio_tokens), (Some(2), Some(3), Some(3)));
    }
}
