//! What the operating system asks of a running process.

use std::io;

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Finish what runs and end: `SIGTERM`, `SIGINT`, Ctrl-C.
    Stop,
    /// Read the configuration again: `SIGHUP`. Never asked where there is no such signal.
    Reload,
}

/// Signals of this process. From [`Signals::new`] on they no longer end it.
#[derive(Debug)]
pub struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    /// Begins to take them. Must be called inside a tokio runtime.
    #[cfg(unix)]
    pub fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Begins to take them. Must be called inside a tokio runtime.
    #[cfg(not(unix))]
    pub fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next one. Safe to drop and call again.
    #[cfg(unix)]
    pub async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.hang_up.recv() => Asked::Reload,
        }
    }

    /// Waits for the next one. Safe to drop and call again.
    #[cfg(not(unix))]
    pub async fn next(&mut self) -> Asked {
        // Without a handler for it the system ends the process itself.
        match tokio::signal::ctrl_c().await {
            Ok(()) => Asked::Stop,
            Err(_) => std::future::pending().await,
        }
    }

    /// Waits until the process is to end; other requests are passed over.
    pub async fn stop(&mut self) {
        while self.next().await != Asked::Stop {}
    }
}
