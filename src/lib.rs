//! The addon: N-API in and out, batching. No policy.
