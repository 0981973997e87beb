//! Request bodies, per endpoint format.
