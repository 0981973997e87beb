//! What can be wrong with bytes from outside.

/// Why a stream of bytes is not what its protocol promises. Once returned, the decoder stays in that state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// One event, line or frame is longer than the cap.
    #[error("event exceeds the limit of {limit} bytes")]
    EventTooLarge {
        /// The cap in force, in bytes.
        limit: usize,
    },
    /// A frame whose payload is not what the format says; `what` names the expectation, never the payload.
    #[error("malformed {format} frame {frame}: expected {what}")]
    Malformed {
        /// The format's name.
        format: &'static str,
        /// What was expected.
        what: &'static str,
        /// Which frame of the body, counted from 1.
        frame: u64,
    },
    /// Frames came, and none of them said anything in the format that was asked for.
    #[error(
        "nothing in the body could be read as `{protocol}`: {}",
        .looks_like.map_or("it is in no format that is known".to_owned(), |format| format!("it looks like `{format}`"))
    )]
    WrongProtocol {
        /// The format asked for.
        protocol: &'static str,
        /// The one the frames show, if any.
        looks_like: Option<&'static str>,
    },
    /// The body is no stream of any format asked for, e.g. an HTML page.
    #[error("expected {expected}, got {got}")]
    NotAStream {
        /// The formats that would do.
        expected: &'static str,
        /// What the body looks like, e.g. `an HTML page`.
        got: &'static str,
    },
}
