//! All connections of a recording, played.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use super::session::{self, SessionSettings, Tally};
use super::target::Target;
use crate::connector::{DialError, Dialer};
use crate::inspect::replay::{Difference, Recording, Script};
use crate::io::{ServerTls, Stream, bind};

pub(crate) use crate::inspect::replay::Side;

/// How long the first client may take to come; somebody has to start it.
pub(crate) const FIRST_WITHIN: Duration = Duration::from_secs(300);

/// How a recording is played.
#[derive(Clone, Debug)]
pub(crate) struct PlaySettings {
    /// Message ids, timestamps and dates are compared by their shape.
    pub(crate) ignore_ids: bool,
    /// How long each wait may take.
    pub(crate) timeout: Duration,
}

/// The other side of a recording that is played.
#[derive(Debug)]
pub(crate) enum Peer {
    /// A service: the client is played.
    Service {
        /// Where it is.
        to: Target,
        /// How to dial it.
        dialer: Dialer,
    },
    /// Clients: the service is played.
    Clients {
        /// Where they come.
        listener: TcpListener,
        /// What they are shown, where they speak TLS.
        tls: Option<ServerTls>,
    },
}

/// A recording that was not played to its end, or not as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PlayError {
    /// The peer does something else.
    #[error("{0}")]
    Differs(Box<Difference>),
    /// The service is not there.
    #[error("{connection}: {error}")]
    Dial {
        /// The connection that was to be opened.
        connection: String,
        /// What is wrong.
        error: DialError,
    },
    /// No client came in time.
    #[error("{connection}: no connection came within {} seconds", .within.as_secs())]
    NobodyCame {
        /// The connection that was due.
        connection: String,
        /// The time.
        within: Duration,
    },
    /// A client that came has no connection with us.
    #[error("{connection}: {error}")]
    Accept {
        /// The connection that was due.
        connection: String,
        /// What is wrong.
        error: io::Error,
    },
}

impl Peer {
    /// Opens a port for clients.
    ///
    /// # Errors
    /// The port cannot be had.
    pub(crate) fn clients(listen: SocketAddr, tls: Option<ServerTls>) -> io::Result<Self> {
        let listener = bind(&[listen])?.pop().ok_or_else(|| io::Error::other("no address"))?;
        Ok(Self::Clients { listener, tls })
    }

    /// Where clients connect.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Service { .. } => None,
            Self::Clients { listener, .. } => listener.local_addr().ok(),
        }
    }

    /// Which side is played against it.
    pub(crate) fn side(&self) -> Side {
        match self {
            Self::Service { .. } => Side::Client,
            Self::Clients { .. } => Side::Service,
        }
    }
}

/// Plays every connection: a client opens each when what was before it has been done, a service takes them as they come.
///
/// # Errors
/// The first of any connection.
pub(crate) async fn play(
    recordings: Vec<Recording>,
    peer: Peer,
    settings: PlaySettings,
) -> Result<Vec<Tally>, PlayError> {
    let session =
        SessionSettings { side: peer.side(), ignore_ids: settings.ignore_ids, timeout: settings.timeout };
    let overlap = overlap(&recordings);
    let mut playing = Playing {
        tallies: vec![None; recordings.len()],
        recordings: recordings.into(),
        session,
        running: JoinSet::new(),
        progress: Vec::new(),
    };
    for index in 0..playing.recordings.len() {
        let stream = match &peer {
            Peer::Service { to, dialer } => {
                playing.turn(index, overlap).await?;
                dial(to, dialer, &playing.recordings[index]).await?
            }
            Peer::Clients { listener, tls } => playing.next_client(index, listener, tls.as_ref()).await?,
        };
        playing.start(index, stream);
    }
    while let Some(played) = playing.running.join_next().await {
        playing.note(played)?;
    }
    Ok(playing.tallies.into_iter().flatten().collect())
}

/// What is being played.
struct Playing {
    recordings: Arc<[Recording]>,
    session: SessionSettings,
    running: JoinSet<Ended>,
    progress: Vec<watch::Receiver<usize>>,
    tallies: Vec<Option<Tally>>,
}

type Ended = (usize, Result<Tally, Box<Difference>>);

impl Playing {
    /// Waits until a connection is to be opened: when each one before it has done what it had done when this one began, or, where nobody knows, when it
    /// has ended.
    async fn turn(&mut self, index: usize, overlap: bool) -> Result<(), PlayError> {
        let recordings = self.recordings.clone();
        let progress = self.progress.clone();
        let side = self.session.side;
        let turn = async {
            if !overlap {
                std::future::pending::<()>().await;
            }
            let began = recordings[index].began().unwrap_or_default();
            for (before, mut done) in recordings.iter().zip(progress) {
                let due = Script::new(before, side).done_by(before, began);
                // A connection that is over has done all it could.
                let _ = done.wait_for(|done| *done >= due).await;
            }
        };
        tokio::pin!(turn);
        while !self.running.is_empty() {
            tokio::select! {
                () = &mut turn => break,
                Some(played) = self.running.join_next() => self.note(played)?,
            }
        }
        Ok(())
    }

    /// Waits for the client of a connection; while others are played, as long as they are.
    async fn next_client(
        &mut self,
        index: usize,
        listener: &TcpListener,
        tls: Option<&ServerTls>,
    ) -> Result<Stream, PlayError> {
        let connection = self.recordings[index].name.clone();
        let within = if index == 0 { FIRST_WITHIN } else { self.session.timeout };
        let accepting = accept(listener, tls);
        tokio::pin!(accepting);
        loop {
            let is_idle = self.running.is_empty();
            tokio::select! {
                accepted = &mut accepting => {
                    return accepted.map_err(|error| PlayError::Accept { connection, error });
                }
                Some(played) = self.running.join_next() => self.note(played)?,
                () = tokio::time::sleep(within), if is_idle => {
                    return Err(PlayError::NobodyCame { connection, within });
                }
            }
        }
    }

    fn start(&mut self, index: usize, stream: Stream) {
        let (done, watching) = watch::channel(0);
        self.progress.push(watching);
        let (recordings, session) = (self.recordings.clone(), self.session);
        self.running
            .spawn(async move { (index, session::play(stream, &recordings[index], session, &done).await) });
    }

    fn note(&mut self, played: Result<Ended, JoinError>) -> Result<(), PlayError> {
        if let Ok((index, played)) = played {
            self.tallies[index] = Some(played.map_err(PlayError::Differs)?);
        }
        Ok(())
    }
}

async fn dial(to: &Target, dialer: &Dialer, recording: &Recording) -> Result<Stream, PlayError> {
    let dialled = to.dial(dialer).await;
    dialled.map_err(|error| PlayError::Dial { connection: recording.name.clone(), error })
}

async fn accept(listener: &TcpListener, tls: Option<&ServerTls>) -> io::Result<Stream> {
    let (tcp, _) = listener.accept().await?;
    tcp.set_nodelay(true)?;
    Ok(match tls {
        None => tcp.into(),
        Some(tls) => tls.accept(tcp).await?.into(),
    })
}

/// Whether the times of connections can be compared: each began after the one before it, by one clock.
fn overlap(recordings: &[Recording]) -> bool {
    let began: Vec<Option<f64>> = recordings.iter().map(Recording::began).collect();
    began.iter().all(Option::is_some) && began.is_sorted()
}
