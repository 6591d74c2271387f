//! The tee: takes clients, dials the service for each, and notes what passes.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::split;
use tokio::net::TcpListener;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::journal::{Entry, What};
use super::pump::{Notes, PumpEnd, pump};
use super::target::Target;
use crate::connector::Dialer;
use crate::inspect::Direction;
use crate::io::{Accepted, ServeOptions, ServerTls, Stream, bind, serve};

/// Connections at a time; each has two sockets and three files. Further ones wait in the operating system's queue.
pub(crate) const AT_A_TIME: usize = 128;

/// How long a client may take for its TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What the tee stands between, and when it ends by itself.
#[derive(Debug)]
pub(crate) struct TeeSettings {
    /// Where clients connect.
    pub(crate) listen: Vec<SocketAddr>,
    /// Where their connections go.
    pub(crate) to: Target,
    /// How to dial there.
    pub(crate) dialer: Dialer,
    /// What clients are shown where the target speaks TLS.
    pub(crate) tls: Option<ServerTls>,
    /// Connections that are recorded; then it ends, once they have.
    pub(crate) max_connections: Option<usize>,
    /// Bytes of all connections and both directions; then it ends at once.
    pub(crate) max_bytes: Option<u64>,
}

/// An open tee.
#[derive(Debug)]
pub(crate) struct Tee {
    listeners: Vec<TcpListener>,
    settings: TeeSettings,
}

/// What the tasks of a tee share.
#[derive(Debug)]
struct Shared {
    settings: TeeSettings,
    begun: Instant,
    entries: Sender<Entry>,
    connections: AtomicUsize,
    bytes: AtomicU64,
    /// Cancelled when no further connection is taken.
    full: CancellationToken,
    /// Cancelled when everything ends.
    stop: CancellationToken,
}

impl Tee {
    /// Opens the port.
    ///
    /// # Errors
    /// The port cannot be had.
    pub(crate) fn open(settings: TeeSettings) -> io::Result<Self> {
        Ok(Self { listeners: bind(&settings.listen)?, settings })
    }

    /// Where it listens.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// Tees until `stop`, or until a limit is reached, which cancels it.
    pub(crate) async fn serve(self, entries: Sender<Entry>, stop: CancellationToken) {
        let full = stop.child_token();
        let tasks = TaskTracker::new();
        let shared = Arc::new(Shared {
            settings: self.settings,
            begun: Instant::now(),
            entries,
            connections: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            full: full.clone(),
            stop,
        });
        let options = ServeOptions { connections: AT_A_TIME, shutdown: full, tasks: tasks.clone() };
        serve(self.listeners, options, move |accepted| {
            let shared = shared.clone();
            async move { shared.connection(accepted).await }
        })
        .await;
        tasks.close();
        tasks.wait().await;
    }
}

impl Shared {
    async fn connection(&self, accepted: Accepted) {
        let Accepted { tcp, peer, permit: _permit } = accepted;
        let opened = tokio::select! {
            opened = self.open(tcp, peer) => opened,
            () = self.stop.cancelled() => return,
        };
        let Some((client, service)) = opened else { return };
        let number = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(most) = self.settings.max_connections {
            if number > most {
                client.abort();
                return;
            }
            if number == most {
                self.full.cancel();
            }
        }
        self.record(number, client, service).await;
    }

    /// Both ends of a connection, TLS included.
    async fn open(&self, tcp: tokio::net::TcpStream, peer: SocketAddr) -> Option<(Stream, Stream)> {
        let client: Stream = match &self.settings.tls {
            None => tcp.into(),
            Some(tls) => match tokio::time::timeout(HANDSHAKE, tls.accept(tcp)).await {
                Ok(Ok(stream)) => stream.into(),
                Ok(Err(error)) => {
                    tracing::warn!(%peer, %error, "TLS with the client did not come about: does it trust the certificate?");
                    return None;
                }
                Err(_) => {
                    tracing::warn!(%peer, "the client did not finish its TLS handshake in time");
                    return None;
                }
            },
        };
        match self.settings.to.dial(&self.settings.dialer).await {
            Ok(service) => Some((client, service)),
            Err(error) => {
                tracing::warn!(%peer, %error, "the connection goes nowhere");
                client.abort();
                None
            }
        }
    }

    async fn record(&self, number: usize, client: Stream, service: Stream) {
        let notes = Notes { connection: number, begun: self.begun, entries: self.entries.clone() };
        let count = |read: usize| {
            let before = self.bytes.fetch_add(read as u64, Ordering::Relaxed);
            if self.settings.max_bytes.is_some_and(|most| before + read as u64 >= most) {
                self.stop.cancel();
            }
        };
        let (mut from_client, mut to_client) = split(client);
        let (mut from_service, mut to_service) = split(service);
        let (there, back) = (Direction::InitiatorToReceiver, Direction::ReceiverToInitiator);
        let both = async {
            let there = pump(&mut from_client, &mut to_service, there, &notes, count);
            let back = pump(&mut from_service, &mut to_client, back, &notes, count);
            tokio::pin!(there, back);
            // A direction that ended in order leaves the other one alone; an error ends both.
            tokio::select! {
                end = &mut there => match end {
                    PumpEnd::Eof => back.await,
                    PumpEnd::Broken => end,
                },
                end = &mut back => match end {
                    PumpEnd::Eof => there.await,
                    PumpEnd::Broken => end,
                },
            }
        };
        let (end, cut) = tokio::select! {
            end = both => (end, false),
            () = self.stop.cancelled() => (PumpEnd::Broken, true),
        };
        notes.note(What::Closed { cut }).await;
        if let PumpEnd::Broken = end {
            from_client.unsplit(to_client).abort();
            from_service.unsplit(to_service).abort();
        }
    }
}
