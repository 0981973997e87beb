//! What providers of one format do each in their own way, as data that comes with the request.

use serde::Deserialize;

/// What a provider does otherwise than others of its format. In JSON, names are in camelCase; absent means as others do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Quirks {
    /// What chat completions call the cap on tokens here.
    pub max_tokens_field: MaxTokensField,
    /// Chat completions: what the seed is called, where not `seed`.
    pub seed_field: Option<String>,
    /// Chat completions: false where `stream_options` are refused.
    pub stream_options: Option<bool>,
    /// Chat completions: whether a message may be of role `developer`; else the system says it.
    pub developer_role: bool,
    /// Chat completions: whether `top_k` is known.
    pub top_k: bool,
    /// Chat completions: how reasoning is asked for.
    pub reasoning: ReasoningStyle,
    /// Chat completions: where an assistant's earlier reasoning is taken back, if at all.
    pub reasoning_field: Option<ReasoningField>,
    /// Chat completions: whether `cache_control` on parts and tools is understood.
    pub cache_control: bool,
    /// Names of the request's members, as in JSON, that the provider has no word for although its format has one:
    /// `seed`, `tools`, `output` (JSON without a schema), `output.schema`, `reasoning.effort`, …
    pub lacks: Vec<String>,
}

impl Quirks {
    /// Whether a member that chat completions lack is known here all the same.
    pub(super) fn knows(&self, field: &str) -> bool {
        match field {
            "topK" => self.top_k,
            "reasoning.budgetTokens" => self.reasoning == ReasoningStyle::Object,
            _ => false,
        }
    }
}

/// What servers of OpenAI's format call the cap on the tokens of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxTokensField {
    /// What all compatible servers know.
    #[default]
    MaxTokens,
    /// What OpenAI itself has had since its reasoning models, which refuse the other; Cerebras likewise.
    MaxCompletionTokens,
}

/// How servers of OpenAI's format are asked to think.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReasoningStyle {
    /// `reasoning_effort`: OpenAI, Groq, Cerebras, xAI.
    #[default]
    Effort,
    /// `reasoning: {effort, max_tokens, enabled}`: OpenRouter.
    Object,
    /// `thinking: {type: "enabled" | "disabled"}`: DeepSeek. Any effort but `none` is `enabled`.
    Thinking,
}

/// Where servers of OpenAI's format take an assistant's reasoning back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningField {
    /// A string: DeepSeek, where tools were called.
    ReasoningContent,
    /// A string: Groq, Cerebras.
    Reasoning,
    /// Objects with text and signature: OpenRouter.
    ReasoningDetails,
}
