//! A running server: threads of its own, so that what is measured against it shares nothing with it.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream as StdStream, ToSocketAddrs};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Map;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

use crate::answer::{Answer, Files};
use crate::connection::Connection;
use crate::fields::OptionError;
use crate::journal::Journal;
use crate::options::{Behaviour, Options};
use crate::routes::serve;

/// Connections that may wait to be accepted: a thousand clients start at once.
const BACKLOG: i32 = 4096;

/// Why a server didn't start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address can't be listened on: in use, not this machine's, not allowed.
    #[error("can't listen on {host}:{port}: {source}")]
    Listen {
        /// As given.
        host: String,
        /// As given.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// The system gave no thread or no event queue.
    #[error("can't start a thread: {0}")]
    Thread(io::Error),
    /// An option is not what it should be.
    #[error(transparent)]
    Option(#[from] OptionError),
}

pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) journal: Journal,
    /// For answers that no option reaches.
    pub(crate) plain: Answer,
    /// Which answer of the script is next.
    pub(crate) turn: AtomicUsize,
    behaviour: RwLock<Arc<Behaviour>>,
}

impl Shared {
    pub(crate) fn behaviour(&self) -> Arc<Behaviour> {
        Arc::clone(&self.behaviour.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A running server. It stops when it is closed or dropped.
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Server {
    /// Starts to listen. `on_change` is called from the server's threads, once after each [`arm`](Self::arm), when a
    /// client connects or leaves, and when a request comes or ends; it must not block.
    ///
    /// # Errors
    /// [`StartError`] where the address can't be listened on.
    pub fn start(options: Options, on_change: impl Fn() + Send + Sync + 'static) -> Result<Self, StartError> {
        let failed = |source| StartError::Listen { host: options.host.clone(), port: options.port, source };
        let listener = listen(&options.host, options.port).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::new(Shared {
            journal: Journal::new(options.max_requests, options.max_recorded_body, Box::new(on_change)),
            plain: Answer::read(&Map::new(), Files::Read)?,
            turn: AtomicUsize::new(0),
            behaviour: RwLock::new(Arc::new(options.behaviour.clone())),
            options,
        });
        let server = Self { shared, address, stop, threads: Mutex::default() };
        let mut handing = Vec::new();
        for _ in 1..server.shared.options.threads {
            let (sender, receiver) = mpsc::unbounded_channel();
            handing.push(sender);
            server.spawn(stopped.clone(), |shared| take_over(shared, receiver))?;
        }
        server.spawn(stopped, |shared| accept(shared, listener, handing))?;
        Ok(server)
    }

    fn spawn<F>(
        &self,
        mut stopped: watch::Receiver<bool>,
        work: impl FnOnce(Arc<Shared>) -> F + Send + 'static,
    ) -> Result<(), StartError>
    where
        F: Future<Output = ()>,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;
        let shared = Arc::clone(&self.shared);
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = work(shared) => {}
                    _ = stopped.wait_for(|&stop| stop) => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name("millstream-mock".to_owned()).spawn(run);
        let thread = thread.map_err(StartError::Thread)?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers from now on as `json` says: the options of an answer, and `script`. The script begins anew.
    ///
    /// # Errors
    /// [`OptionError`], and nothing is changed.
    pub fn respond_with(&self, json: &str) -> Result<(), OptionError> {
        let behaviour = Arc::new(Behaviour::from_json(json)?);
        *self.shared.behaviour.write().unwrap_or_else(PoisonError::into_inner) = behaviour;
        self.shared.turn.store(0, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }

    /// Forgets all requests, and begins the script anew. Answers under way go on.
    pub fn reset(&self) {
        self.shared.turn.store(0, std::sync::atomic::Ordering::Relaxed);
        self.shared.journal.reset();
    }

    /// The requests since the last reset whose number is at least `from`, oldest first, as a JSON array.
    #[must_use]
    pub fn requests(&self, from: u64) -> String {
        self.shared.journal.to_json(from).to_string()
    }

    /// How many requests came since the last reset.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.shared.journal.count()
    }

    /// Connections that are open now.
    #[must_use]
    pub fn open_connections(&self) -> u64 {
        self.shared.journal.open_connections()
    }

    /// The most connections that were open at a time since the last reset.
    #[must_use]
    pub fn peak_connections(&self) -> u64 {
        self.shared.journal.peak_connections()
    }

    /// Asks for one call of `on_change` at the next change.
    pub fn arm(&self) {
        self.shared.journal.arm();
    }

    /// Stops: no connection is accepted any more, those open are broken off, the threads end. A second call does
    /// nothing.
    pub fn close(&self) {
        self.stop.send_replace(true);
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A thread that ended by a panic has said so on standard error.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close();
    }
}

fn listen(host: &str, port: u16) -> io::Result<StdListener> {
    let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "the host has no address");
    for address in (host, port).to_socket_addrs()? {
        match listen_on(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn listen_on(address: SocketAddr) -> io::Result<StdListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Elsewhere than on Windows this is what lets a port be used again at once.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Accepts for all threads, each in its turn.
async fn accept(shared: Arc<Shared>, listener: StdListener, handing: Vec<mpsc::UnboundedSender<StdStream>>) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the listener can't be watched"),
    };
    let mut turn = 0;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                turn = (turn + 1) % (handing.len() + 1);
                match handing.get(turn) {
                    None => start(&shared, stream),
                    Some(other) => {
                        if let Ok(stream) = stream.into_std() {
                            let _ = other.send(stream);
                        }
                    }
                }
            }
            Err(error) => {
                // Out of descriptors, or a client that left while it waited: both pass.
                tracing::debug!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
}

async fn take_over(shared: Arc<Shared>, mut incoming: mpsc::UnboundedReceiver<StdStream>) {
    while let Some(stream) = incoming.recv().await {
        if let Ok(stream) = TcpStream::from_std(stream) {
            start(&shared, stream);
        }
    }
}

fn start(shared: &Arc<Shared>, stream: TcpStream) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let counted = Counted::new(&shared.journal);
        let number = counted.number;
        serve(&shared, Connection::new(stream), number).await;
    });
}

/// An open connection, counted for as long as it lives, however its task ends.
struct Counted<'a> {
    journal: &'a Journal,
    number: u64,
}

impl<'a> Counted<'a> {
    fn new(journal: &'a Journal) -> Self {
        Self { journal, number: journal.connected() }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.journal.disconnected();
    }
}
