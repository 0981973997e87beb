//! Server-sent events, out.
