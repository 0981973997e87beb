//! Members that objects of several formats have.

use super::json::{self, Object};
use super::{Answer, Failure};
use crate::{FinishReason, ToolCall, ToolResult, Usage};

/// Counts under their names in the public API.
pub(super) fn usage(object: &mut Object<'_>, usage: &Usage) {
    object
        .count("promptTokens", usage.prompt_tokens)
        .count("completionTokens", usage.completion_tokens)
        .count("totalTokens", usage.total_tokens)
        .count("cachedTokens", usage.cached_tokens)
        .count("reasoningTokens", usage.reasoning_tokens)
        .count("audioTokens", usage.audio_tokens);
    estimate(object, usage);
    if let Some(raw) = &usage.raw {
        json::text(object.key("raw"), raw.as_str());
    }
}

/// That counts are estimated, and how much that is worth.
pub(super) fn estimate(object: &mut Object<'_>, usage: &Usage) {
    if let Some(true) = usage.is_estimated {
        object.raw("isEstimated", "true");
    }
    if let Some(confidence) = usage.confidence {
        object.raw("confidence", &confidence.to_string());
    }
}

/// A member `usage`, where there was a report.
pub(super) fn usage_member(object: &mut Object<'_>, report: Option<&Usage>) {
    if let Some(report) = report {
        let mut counts = Object::begin(object.key("usage"));
        usage(&mut counts, report);
        counts.end();
    }
}

/// Reports of one answer replace each other count by count; they are never added up.
pub(super) fn merge(known: &mut Option<Usage>, report: &Usage) {
    let Some(before) = known else {
        *known = Some(report.clone());
        return;
    };
    if report.total_tokens.is_some() || report.prompt_tokens.is_some() || report.completion_tokens.is_some() {
        // A total of before is out of date once a part of it changed.
        before.total_tokens = report.total_tokens;
    }
    (before.is_estimated, before.confidence) = (report.is_estimated, report.confidence);
    let counts = [
        (&mut before.prompt_tokens, report.prompt_tokens),
        (&mut before.completion_tokens, report.completion_tokens),
        (&mut before.cached_tokens, report.cached_tokens),
        (&mut before.reasoning_tokens, report.reasoning_tokens),
        (&mut before.audio_tokens, report.audio_tokens),
    ];
    for (known, count) in counts {
        *known = count.or(*known);
    }
    if let (None, Some(prompt), Some(completion)) =
        (before.total_tokens, before.prompt_tokens, before.completion_tokens)
    {
        before.total_tokens = Some(prompt.saturating_add(completion));
    }
    if report.raw.is_some() {
        before.raw.clone_from(&report.raw);
    }
}

/// Why the answer ended, where that was said. The provider's own word goes along where there is no name for it.
pub(super) fn reason(object: &mut Object<'_>, answer: &Answer) {
    if answer.reason != FinishReason::Unknown {
        object.string("finishReason", answer.reason.as_str());
        if answer.reason == FinishReason::Other {
            object.filled("rawFinishReason", answer.raw_reason.as_deref().unwrap_or_default());
        }
    }
}

/// What is known of a failure beside its message. `kind` is the name its type goes by, where `type` is taken.
pub(super) fn failure(object: &mut Object<'_>, kind: &str, failure: &Failure<'_>) {
    object
        .filled("code", failure.code)
        .filled(kind, failure.kind)
        .count("status", failure.status.map(u64::from))
        .count("retryAfterMs", failure.retry_after_ms);
}

/// What a call gave, as in the `events` format.
pub(super) fn result(object: &mut Object<'_>, result: &ToolResult) {
    object.string("id", &result.id).filled("name", &result.name);
    json::text(object.key("result"), result.result.as_str());
    if result.is_error {
        object.raw("isError", "true");
    }
}

/// A choice that is not the first.
pub(super) fn choice(object: &mut Object<'_>, choice: u32) {
    if choice != 0 {
        object.number("choice", u64::from(choice));
    }
}

/// A piece of a call's arguments, as in the `events` format.
pub(super) fn call_delta(object: &mut Object<'_>, of: u32, index: u32, id: &str, name: Option<&str>, arguments: &str) {
    object.string("id", id).number("index", u64::from(index));
    if let Some(name) = name {
        object.string("name", name);
    }
    object.string("delta", arguments);
    choice(object, of);
}

/// A complete call, as in the `events` format: the arguments are JSON text, exactly as received.
pub(super) fn call(object: &mut Object<'_>, call: &ToolCall) {
    object.string("id", &call.id).number("index", u64::from(call.index)).string("name", &call.name);
    object.string("arguments", &call.arguments);
    if !call.valid {
        object.raw("valid", "false");
    }
    choice(object, call.choice);
}
