//! Time and I/O: transport, sessions, retry, limits. The only floor with a clock and a socket.
//!
//! A [`Session`] asks one endpoint for one answer and hands what comes to an [`Exit`], with five clocks, retries before
//! the first content, and back-pressure. May import `tokio` and `reqwest`; never `napi`.

mod error;
mod exit;
mod request;

pub use error::{ErrorKind, Phase, StreamError};
pub use exit::{Exit, Outcome, ResponseInfo, Signal};
pub use request::{Backoff, ResumeMode, RetryPolicy, SessionRequest, Timeouts};
