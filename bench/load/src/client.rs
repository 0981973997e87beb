//! One stream: a connection, a request, and the answer read to its end.

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, client::conn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use millstream_wire::{Completion, Decoder, DecoderOptions, Event};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::job::{Job, Outcome, Transport};
use crate::tally::{Tally, now};

type Failure = Box<dyn Error + Send + Sync>;

/// What a chat's page posts.
const BODY: &[u8] = br#"{"messages":[{"role":"user","content":"Tell me a story about a mill on a stream."}]}"#;

pub(crate) struct Client {
    addresses: Vec<String>,
    transport: Transport,
    tls: Option<TlsConnector>,
    path: String,
    stamped: bool,
}

impl Client {
    pub(crate) fn new(job: &Job) -> Result<Self, Box<dyn Error>> {
        let tls = match (job.transport, &job.certificate) {
            (Transport::Http, _) => None,
            (_, None) => return Err("Expected `certificate` where there is TLS".into()),
            (transport, Some(pem)) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(pem.as_bytes())?)?;
                let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
                config.alpn_protocols =
                    vec![if transport == Transport::Http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
                Some(TlsConnector::from(Arc::new(config)))
            }
        };
        Ok(Self {
            addresses: job.addresses.clone(),
            transport: job.transport,
            tls,
            path: job.path.clone(),
            stamped: job.stamped,
        })
    }

    /// Reads stream number `seed` to its end, noting in `outcome` what came before any failure.
    pub(crate) async fn read(&self, seed: usize, outcome: &mut Outcome, tally: &Tally) -> Result<(), Failure> {
        let address = self.addresses.get(seed % self.addresses.len()).ok_or("there is no server")?;
        let request = Request::post(format!("http://{address}{}", self.path))
            .header("host", address)
            .header("accept", "text/event-stream")
            .header("content-type", "application/json")
            // Which text the upstream is to send; the server hands it on.
            .header("x-seed", seed)
            .body(Full::new(Bytes::from_static(BODY)))?;
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        let response = match &self.tls {
            None => first(tcp, request).await?,
            Some(tls) => {
                let secure = tls.connect(ServerName::try_from("127.0.0.1")?, tcp).await?;
                if self.transport == Transport::Http2 {
                    second(secure, request).await?
                } else {
                    first(secure, request).await?
                }
            }
        };
        self.decode(response, outcome, tally).await
    }

    async fn decode(&self, response: Response<Incoming>, outcome: &mut Outcome, tally: &Tally) -> Result<(), Failure> {
        outcome.status = response.status().as_u16();
        if outcome.status != 200 {
            return Err(format!("HTTP {}", outcome.status).into());
        }
        let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let options = DecoderOptions { content_type: content_type.map(str::to_owned), ..DecoderOptions::default() };
        let mut decoder = Decoder::new(options);
        let mut body = response.into_body();
        let mut text = Sha256::new();
        let mut failed = None;
        let mut result = Ok(());
        loop {
            let frame = match body.frame().await {
                None => break,
                Some(Ok(frame)) => frame,
                Some(Err(error)) => {
                    result = Err(Failure::from(error));
                    break;
                }
            };
            let Ok(bytes) = frame.into_data() else { continue };
            let arrived = if self.stamped { now() } else { 0 };
            outcome.bytes += bytes.len() as u64;
            let before = outcome.tokens;
            let fed = decoder.feed(&bytes, &mut |event| match event {
                Event::Text { text: piece, .. } => {
                    text.update(piece.as_bytes());
                    outcome.tokens += 1;
                    if self.stamped {
                        tally.delay(&piece, arrived);
                    }
                }
                Event::Error(error) => failed = Some(error.message),
                _ => {}
            });
            tally.count(outcome.tokens - before);
            if before == 0 && outcome.tokens > 0 {
                tally.began();
            }
            if let Err(error) = fed {
                result = Err(error.into());
                break;
            }
        }
        outcome.hash = hexadecimal(&text.finalize());
        result?;
        if let Some(message) = failed {
            return Err(message.into());
        }
        outcome.completed = decoder.end(&mut |_| {})? == Completion::Complete;
        if outcome.completed { Ok(()) } else { Err("the answer broke off".into()) }
    }
}

async fn first(
    io: impl AsyncRead + AsyncWrite + Unpin + 'static,
    mut request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, Failure> {
    let (mut sender, connection) = conn::http1::handshake(TokioIo::new(io)).await?;
    tokio::task::spawn_local(connection);
    // The request line of HTTP/1.1 has the path alone.
    if let Some(path) = request.uri().path_and_query().cloned() {
        *request.uri_mut() = path.into();
    }
    Ok(sender.send_request(request).await?)
}

async fn second(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    mut request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, Failure> {
    let (mut sender, connection) = conn::http2::handshake(TokioExecutor::new(), TokioIo::new(io)).await?;
    tokio::task::spawn_local(connection);
    request.headers_mut().remove("host");
    Ok(sender.send_request(request).await?)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
