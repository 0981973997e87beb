//! One decoder per wire format of a model provider: frames in, events out.
//!
//! What always holds: a decoder here sees payloads, never a body; framing is chosen by [`Decoder`](crate::Decoder).
//! It keeps the laws of [`Event`](crate::Event) for any payload. Imports the crate's vocabulary and `serde_json` values.

pub(crate) mod anthropic;
pub(crate) mod aws;
mod blocks;
pub(crate) mod cohere;
pub mod error_body;
pub(crate) mod gemini;
pub(crate) mod gemini_interactions;
pub(crate) mod ollama;
pub mod openai;
pub(crate) mod openai_responses;
pub(crate) mod tools;
pub(crate) mod turn;
pub(crate) mod usage;
pub(crate) mod watsonx;
