//! The connect clock: a limit on name resolution, TCP and TLS together, set per request on a client shared by all.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tower_layer::Layer;
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

tokio::task_local! {
    static LIMIT: Option<Duration>;
}

/// The connection was not there in time.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("connect timeout")]
pub(crate) struct ConnectTimedOut;

/// Puts the limit in force around the client's connector. The connector starts in the task of the request that needs
/// the connection, which is where the limit is found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectLimit;

impl ConnectLimit {
    /// Runs a request with this limit on connecting.
    pub(crate) async fn scope<F: Future>(limit: Option<Duration>, request: F) -> F::Output {
        LIMIT.scope(limit, request).await
    }
}

impl<S> Layer<S> for ConnectLimit {
    type Service = Limited<S>;

    fn layer(&self, inner: S) -> Limited<S> {
        Limited { inner }
    }
}

/// A connector under the limit.
#[derive(Debug, Clone)]
pub(crate) struct Limited<S> {
    inner: S,
}

impl<S, R> Service<R> for Limited<S>
where
    S: Service<R, Error = BoxError>,
    S::Future: Send + 'static,
    S::Response: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let connecting = self.inner.call(request);
        match LIMIT.try_with(|limit| *limit).ok().flatten() {
            None => Box::pin(connecting),
            Some(limit) => Box::pin(async move {
                tokio::time::timeout(limit, connecting).await.unwrap_or_else(|_| Err(Box::new(ConnectTimedOut)))
            }),
        }
    }
}
