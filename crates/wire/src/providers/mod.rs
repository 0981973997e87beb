//! One decoder per wire format of a model provider.
