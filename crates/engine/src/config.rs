//! What an [`Engine`](crate::Engine) is built from: read once, when the process's engine is made.

use std::path::PathBuf;

use tokio::runtime::Handle;

/// Where proxies are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProxySource {
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY` in either case; on macOS and Windows the system's settings
    /// as well. Read when the engine is built.
    #[default]
    Environment,
    /// None at all.
    Direct,
}

impl ProxySource {
    /// Whether it is certain that plain HTTP goes through none.
    pub(crate) fn is_direct(self) -> bool {
        let named = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].into_iter();
        // Elsewhere the system has settings beside the environment's.
        let environment = cfg!(not(any(target_os = "macos", windows)));
        self == Self::Direct || (environment && named.filter_map(std::env::var_os).all(|url| url.is_empty()))
    }

    /// Whether a proxy for plain HTTP is reached over TLS.
    pub(crate) fn is_secure(self) -> bool {
        let secure = |name| std::env::var(name).is_ok_and(|url| url.trim_start().starts_with("https:"));
        self == Self::Environment && ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].into_iter().any(secure)
    }
}

/// What an engine is built from.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// The runtime that sessions run on. Callers need not be inside it.
    pub runtime: Handle,
    /// Sent as `user-agent` unless a request brings its own.
    pub user_agent: String,
    /// A PEM file of certificate authorities trusted besides the platform's. Unreadable or malformed: a warning is
    /// logged, nothing fails.
    pub extra_ca_certs: Option<PathBuf>,
    /// Where proxies are looked up.
    pub proxy: ProxySource,
}

impl EngineConfig {
    /// The environment's settings (`NODE_EXTRA_CA_CERTS`, proxies), sessions on `runtime`.
    #[must_use]
    pub fn from_env(runtime: Handle) -> Self {
        Self {
            runtime,
            user_agent: concat!("millstream/", env!("CARGO_PKG_VERSION")).to_owned(),
            extra_ca_certs: std::env::var_os("NODE_EXTRA_CA_CERTS").filter(|path| !path.is_empty()).map(PathBuf::from),
            proxy: ProxySource::default(),
        }
    }
}

/// Why an engine could not be built: TLS could not be set up.
#[derive(Debug, Clone, thiserror::Error)]
#[error("can't set up the HTTP client: {reason}")]
pub struct EngineError {
    /// For people.
    pub(crate) reason: String,
}
