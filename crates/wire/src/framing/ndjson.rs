//! Newline-delimited JSON, in.
