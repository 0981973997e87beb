//! HTTP: one client for the process, requests made ready, answers' heads.
//!
//! What always holds: no header and no body goes to an origin other than the one asked for; connections are pooled for
//! less time than common servers keep them; nothing is decompressed.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use millstream_wire::Protocol;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use reqwest::redirect::Policy;
use reqwest::tls::Certificate;
use reqwest::{Client, ClientBuilder, StatusCode, Url};

use crate::body::Body;
use crate::classify;
use crate::clocks::Clocks;
use crate::config::{EngineConfig, EngineError, ProxySource};
use crate::connect::ConnectLimit;
use crate::plain::{Plain, PlainAnswer};
use crate::websocket::{self, Framing, Socket};
use crate::{Carrier, ErrorKind, SessionRequest, Signing, StreamError};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Node's `http.Server` closes idle connections after 5 s; asking on one at that moment would fail.
const POOL_IDLE: Duration = Duration::from_secs(4);
/// A stalled stream holds at most this much unread. Tokens come slowly; 64 KiB fill any plausible pipe with them.
const HTTP2_STREAM_WINDOW: u32 = 64 * 1024;
/// Room for 256 stalled streams before others on the connection are held up.
const HTTP2_CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;
/// Redirects within the origin.
const MAX_REDIRECTS: u32 = 5;

/// The process's HTTP clients.
pub(crate) struct Transport {
    config: EngineConfig,
    /// Whether plain requests may go through a proxy that itself is reached over TLS.
    secure_proxy: bool,
    /// For `http:`. Trusts no certificate, and so is made at once.
    plain: Client,
    user_agent: HeaderValue,
    /// For `http:` where there is no proxy.
    direct: Option<Plain>,
    /// For `https:`, made when first asked for: reading the platform's certificates takes milliseconds.
    secure: OnceLock<Result<Client, EngineError>>,
    /// For `wss:`, made like `secure`. An upgrade exists in HTTP/1.1 alone, so this one offers no other.
    secure_upgrade: OnceLock<Result<Client, EngineError>>,
}

/// A request, checked and ready to be sent any number of times.
pub(crate) struct Prepared {
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) sign: Option<Box<Signing>>,
    /// Where the request goes over WebSocket: how.
    web_socket: Option<Framing>,
}

/// The head of an answer, and its body, unread.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
}

impl Transport {
    pub(crate) fn new(config: EngineConfig) -> Result<Self, EngineError> {
        // The process may hold one already; ours serves as well as another.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let plain = finish(builder(&config).tls_certs_only([]))?;
        Ok(Self {
            secure_proxy: config.proxy.is_secure(),
            direct: config.proxy.is_direct().then(|| Plain::new(config.runtime.clone(), POOL_IDLE)),
            user_agent: HeaderValue::try_from(&config.user_agent)
                .map_err(|error| EngineError { reason: format!("the user agent is no header value: {error}") })?,
            config,
            plain,
            secure: OnceLock::new(),
            secure_upgrade: OnceLock::new(),
        })
    }

    fn client(&self, url: &Url, upgrade: bool) -> Result<&Client, StreamError> {
        if url.scheme() == "http" && !self.secure_proxy {
            return Ok(&self.plain);
        }
        let client = if upgrade { &self.secure_upgrade } else { &self.secure };
        client.get_or_init(|| secure(&self.config, upgrade)).as_ref().map_err(|error| {
            StreamError::new(ErrorKind::Connection, "TLS_ERROR", format!("fetch failed: TLS: {error}"))
        })
    }

    /// Sends the request and waits for the answer's head, following redirects within the origin.
    pub(crate) async fn send(
        &self,
        request: &Prepared,
        extra: Option<(HeaderName, HeaderValue)>,
        clocks: &mut Clocks,
    ) -> Result<Answer, StreamError> {
        let client = self.client(&request.url, request.web_socket.is_some())?;
        let mut url = request.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let mut headers = request.headers.clone();
            if let Some((name, value)) = &extra {
                headers.insert(name.clone(), value.clone());
            }
            if let Some(signing) = &request.sign {
                signing.sign(&url, &mut headers, &request.body, SystemTime::now())?;
            }
            let connect = clocks.limits().connect;
            if let (Some(direct), "http", None) = (&self.direct, url.scheme(), request.web_socket)
                && url.username().is_empty()
            {
                headers.entry(USER_AGENT).or_insert_with(|| self.user_agent.clone());
                let sending = direct.post(&url, &headers, &request.body, connect);
                let PlainAnswer { status, headers, body } = in_time(sending, request, clocks).await?;
                if !status.is_redirection() {
                    return Ok(Answer { status, headers, body: Body::Plain(Box::new(body)) });
                }
                url = redirect(&request.url, &url, status, &headers)?;
                continue;
            }
            let key = request.web_socket.map(|_| websocket::ask(&mut headers));
            let sending = match key {
                None => client.post(url.clone()).headers(headers).body(request.body.clone()),
                Some(_) => client.get(url.clone()).headers(headers),
            };
            let response = in_time(ConnectLimit::scope(connect, sending.send()), request, clocks).await?;
            if let (Some(framing), Some(key)) = (request.web_socket, &key)
                && (response.status().is_success() || response.status() == StatusCode::SWITCHING_PROTOCOLS)
            {
                websocket::check(&response, &request.headers, key)?;
                let (status, headers) = (response.status(), response.headers().clone());
                let connection = in_time(response.upgrade(), request, clocks).await?;
                let socket = Socket::new(connection, framing, &request.body).await?;
                return Ok(Answer { status, headers, body: Body::WebSocket(Box::new(socket)) });
            }
            if !response.status().is_redirection() {
                return Ok(Answer {
                    status: response.status(),
                    headers: response.headers().clone(),
                    body: Body::Http(response.into()),
                });
            }
            url = redirect(&request.url, &url, response.status(), response.headers())?;
        }
        Err(StreamError::new(
            ErrorKind::Protocol,
            "TOO_MANY_REDIRECTS",
            format!("the endpoint redirected more than {MAX_REDIRECTS} times"),
        ))
    }
}

/// Waits for something of the network's while the clocks run.
async fn in_time<T, E: Into<BoxError>>(
    waiting: impl Future<Output = Result<T, E>>,
    request: &Prepared,
    clocks: &mut Clocks,
) -> Result<T, StreamError> {
    let mut waiting = pin!(waiting);
    let result = poll_fn(|cx| match waiting.as_mut().poll(cx) {
        Poll::Ready(result) => Poll::Ready(Ok(result)),
        Poll::Pending => clocks.poll_running(cx).map(Err),
    })
    .await;
    match result {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(classify::network(&*error.into(), &request.url, clocks.limits().connect)),
        Err(phase) => Err(classify::timeout(phase, clocks.limits())),
    }
}

fn builder(config: &EngineConfig) -> ClientBuilder {
    let builder = Client::builder()
        .user_agent(&config.user_agent)
        .redirect(Policy::none())
        .pool_idle_timeout(POOL_IDLE)
        .tcp_nodelay(true)
        .http2_initial_stream_window_size(HTTP2_STREAM_WINDOW)
        .http2_initial_connection_window_size(HTTP2_CONNECTION_WINDOW)
        .connector_layer(ConnectLimit)
        .referer(false);
    match config.proxy {
        ProxySource::Environment => builder,
        ProxySource::Direct => builder.no_proxy(),
    }
}

fn finish(builder: ClientBuilder) -> Result<Client, EngineError> {
    builder.build().map_err(|error| EngineError { reason: classify::root_cause(&error) })
}

/// The client that trusts the platform's certificate authorities and the extra ones. Slim containers carry no
/// authorities at all; Node brings its own there, and so does this: Mozilla's.
fn secure(config: &EngineConfig, upgrade: bool) -> Result<Client, EngineError> {
    let extra = config.extra_ca_certs.as_deref().map(extra_certs).unwrap_or_default();
    let builder = || if upgrade { builder(config).http1_only() } else { builder(config) };
    match finish(builder()) {
        Ok(client) if extra.is_empty() => Ok(client),
        Ok(_) => finish(builder().tls_certs_merge(extra)),
        Err(error) => {
            tracing::warn!(%error, "can't use the platform's certificate authorities, using the bundled ones");
            let bundled = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
            let bundled = bundled.filter_map(|der| Certificate::from_der(der).ok());
            finish(builder().tls_certs_only(bundled.chain(extra)))
        }
    }
}

/// Where a redirect leads, if it may be followed: 307 and 308 keep method and body; the others would turn the POST into
/// a GET (fetch standard, HTTP-redirect fetch, step 12), which no model endpoint answers.
fn redirect(origin: &Url, from: &Url, status: StatusCode, headers: &HeaderMap) -> Result<Url, StreamError> {
    let refused = |reason: &str| {
        let mut error = StreamError::new(
            ErrorKind::Protocol,
            "REDIRECT_REFUSED",
            format!("HTTP {}: redirect refused: {reason}", status.as_u16()),
        );
        error.status = Some(status.as_u16());
        error
    };
    let location = headers
        .get(reqwest::header::LOCATION)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| refused("it names no location"))?;
    let to = from.join(location).map_err(|_| refused("its location is no URL"))?;
    if to.origin() != origin.origin() {
        return Err(refused("it leads to another origin"));
    }
    if !matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
        return Err(refused("only 307 and 308 keep the request's method and body"));
    }
    Ok(to)
}

impl Prepared {
    /// Checks URL and headers, and takes them out of the request: nobody else asks for them.
    pub(crate) fn new(request: &mut SessionRequest) -> Result<Self, StreamError> {
        let given = std::mem::take(&mut request.headers);
        let mut url = Url::parse(&std::mem::take(&mut request.url))
            .map_err(|error| invalid("INVALID_URL", format!("the endpoint is no absolute URL: {error}")))?;
        let (scheme, upgrade) = match url.scheme() {
            "http" => ("http", false),
            "https" => ("https", false),
            "ws" => ("http", true),
            "wss" => ("https", true),
            _ => {
                return Err(invalid("INVALID_URL", "the endpoint's URL must be http:, https:, ws: or wss:".to_owned()));
            }
        };
        // Upgrades are asked for in HTTP. These schemes can always be changed for one another.
        let _ = url.set_scheme(scheme);
        let web_socket = (upgrade || request.carrier == Carrier::WebSocket)
            .then_some(Framing { max_message: request.max_event_bytes, lines: request.protocol != Protocol::Text });
        let mut headers = HeaderMap::with_capacity(given.len() + 3);
        for (name, value) in &given {
            let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
                // A whole `name: value` line may have been taken for a name: the value must not be told.
                let token = name.split(|char: char| !char.is_ascii_alphanumeric() && char != '-' && char != '_').next();
                let beginning = token.unwrap_or_default();
                let message =
                    format!("the name of header `{beginning}…` is empty or has characters that no name can have");
                return Err(invalid("INVALID_HEADER", message));
            };
            if matches!(parsed.as_str(), "connection" | "content-length" | "transfer-encoding" | "upgrade")
                || (web_socket.is_some() && is_handshake(parsed.as_str()))
            {
                return Err(invalid(
                    "INVALID_HEADER",
                    format!("header `{parsed}` is the transport's own and can't be set"),
                ));
            }
            let Ok(mut value) = HeaderValue::from_str(value) else {
                return Err(invalid(
                    "INVALID_HEADER",
                    format!("the value of header `{parsed}` has characters that a header can't carry"),
                ));
            };
            value.set_sensitive(!crate::redact::is_harmless(parsed.as_str()));
            headers.append(parsed, value);
        }
        if web_socket.is_some() && request.sign.is_some() {
            let message = "only requests over HTTP can be signed, and this one goes over WebSocket".to_owned();
            return Err(invalid("SIGNED_WEBSOCKET", message));
        }
        if web_socket.is_some() {
            // There is no body either way: the messages are no part of HTTP.
            return Ok(Self { url, headers, body: request.body.clone(), sign: None, web_socket });
        }
        for (name, value) in [
            ("accept", "text/event-stream, application/x-ndjson, application/json;q=0.9, text/plain;q=0.8"),
            ("accept-encoding", "identity"),
            ("content-type", "application/json"),
        ] {
            headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
        }
        Ok(Self { url, headers, body: request.body.clone(), sign: request.sign.take(), web_socket })
    }
}

/// Headers of the WebSocket handshake that aren't the caller's; the subprotocol is.
fn is_handshake(name: &str) -> bool {
    matches!(name, "sec-websocket-key" | "sec-websocket-version" | "sec-websocket-extensions" | "sec-websocket-accept")
}

fn invalid(code: &'static str, message: String) -> StreamError {
    StreamError::new(ErrorKind::InvalidRequest, code, message)
}

/// The certificates of a PEM file. What can't be read is logged and left out, as Node does.
fn extra_certs(path: &std::path::Path) -> Vec<Certificate> {
    let certs = std::fs::read(path)
        .map_err(|error| error.to_string())
        .and_then(|pem| Certificate::from_pem_bundle(&pem).map_err(|error| classify::root_cause(&error)));
    match certs {
        Ok(certs) if !certs.is_empty() => certs,
        Ok(_) => {
            tracing::warn!(path = %path.display(), "no certificate in NODE_EXTRA_CA_CERTS");
            Vec::new()
        }
        Err(error) => {
            tracing::warn!(path = %path.display(), error, "can't read NODE_EXTRA_CA_CERTS");
            Vec::new()
        }
    }
}
