//! The mock provider for JavaScript: options and requests cross as JSON, changes as one wake each time one is asked for.
//! `lib/testing.ts` is the other end.

use millstream_mock::{OptionError, Options, Server, StartError};
use napi::bindgen_prelude::{Function, Result};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Error, Status};
use napi_derive::napi;

/// Weak: what keeps the process alive while a mock runs is decided in JavaScript, where it can be undone.
type Wake = ThreadsafeFunction<(), (), (), Status, false, true, 0>;

/// A running mock provider; it stops when it is closed, collected, or its environment ends.
#[napi]
pub struct MockServer {
    server: Server,
}

#[napi]
impl MockServer {
    /// Starts a server. `changed` is called on this thread some time after a change, once for each `arm`.
    #[napi(constructor)]
    pub fn new(options: String, changed: Function<'_, (), ()>) -> Result<Self> {
        let options = Options::from_json(&options).map_err(invalid)?;
        let wake: Wake = changed.build_threadsafe_function::<()>().weak::<true>().build()?;
        let on_change = move || {
            // Refused only once the environment is going: nobody is left to tell.
            let _ = wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        };
        let server = Server::start(options, on_change).map_err(|error| match error {
            StartError::Option(error) => invalid(error),
            other => Error::from_reason(other.to_string()),
        })?;
        Ok(Self { server })
    }

    /// `host:port`, an IPv6 host in brackets.
    #[napi(getter)]
    pub fn address(&self) -> String {
        self.server.address().to_string()
    }

    #[napi(getter)]
    pub fn port(&self) -> u16 {
        self.server.address().port()
    }

    #[napi(getter)]
    pub fn open_connections(&self) -> f64 {
        self.server.open_connections() as f64
    }

    #[napi(getter)]
    pub fn peak_connections(&self) -> f64 {
        self.server.peak_connections() as f64
    }

    #[napi(getter)]
    pub fn request_count(&self) -> f64 {
        self.server.request_count() as f64
    }

    /// The kept requests whose number is at least `from`, as a JSON array.
    #[napi]
    pub fn requests(&self, from: u32) -> String {
        self.server.requests(from.into())
    }

    /// Answers differently from now on; takes JSON.
    #[napi]
    pub fn respond_with(&self, options: String) -> Result<()> {
        self.server.respond_with(&options).map_err(invalid)
    }

    #[napi]
    pub fn reset(&self) {
        self.server.reset();
    }

    #[napi]
    pub fn arm(&self) {
        self.server.arm();
    }

    #[napi]
    pub fn close(&self) {
        self.server.close();
    }
}

fn invalid(error: OptionError) -> Error {
    Error::new(Status::InvalidArg, error.to_string())
}
