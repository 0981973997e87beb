//! Server-sent events, in (WHATWG HTML §9.2.6).

/// Cap on one event where none is given: 8 MiB.
pub const DEFAULT_MAX_EVENT_BYTES: usize = 8 * 1024 * 1024;
