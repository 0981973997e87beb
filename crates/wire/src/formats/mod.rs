//! The shapes a web application answers in, millstream's own first, read back.
