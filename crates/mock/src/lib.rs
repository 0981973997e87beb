//! A model provider to talk to.
