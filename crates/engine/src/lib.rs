//! Time and I/O: transport, sessions, retry, limits. The only floor with a clock and a socket.
//!
//! A [`Session`] asks one endpoint for one answer and hands what comes to an [`Exit`], with five clocks, retries before
//! the first content, and back-pressure. May import `tokio` and `reqwest`; never `napi`.

mod attempt;
mod body;
mod cancel;
mod classify;
mod clocks;
mod config;
mod connect;
mod delivery;
mod error;
mod exit;
mod fed;
mod plain;
mod redact;
mod replay;
mod request;
mod retry;
mod session;
mod sign;
mod transport;
mod websocket;

pub use config::{EngineConfig, EngineError, ProxySource};
pub use error::{ErrorKind, Phase, Place, StreamError};
pub use exit::{Exit, Outcome, ResponseInfo, Signal};
pub use fed::{FedBody, FedRequest, Feed, FeedNotice, Room};
pub use request::{Backoff, Carrier, ResumeMode, RetryPolicy, SessionRequest, Timeouts};
pub use session::{Engine, Session};
pub use sign::{Signing, SigningService};
