//! A TLS client that knows how its handshakes went: in full, or by a ticket of an earlier one.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::{ClientConfig, HandshakeKind};

use crate::Wire;
use crate::connect::{trusting_with_tickets, trusting_without_tickets};

/// A program that dials more than once.
pub struct TlsClient {
    config: Arc<ClientConfig>,
    full: AtomicUsize,
    resumed: AtomicUsize,
}

impl TlsClient {
    /// Trusts the certificates in the file `authority` alone. With `tickets` it resumes where it can.
    pub fn new(authority: &Path, tickets: bool) -> Self {
        let config =
            if tickets { trusting_with_tickets(authority) } else { trusting_without_tickets(authority) };
        Self { config: Arc::new(config), full: AtomicUsize::new(0), resumed: AtomicUsize::new(0) }
    }

    /// Connects and shakes hands for `name`.
    pub fn connect(&self, address: SocketAddr, name: &str) -> Wire {
        self.secure(Wire::tcp(address), name)
    }

    /// Shakes hands on a connection on which something was said in clear before.
    pub fn secure(&self, wire: Wire, name: &str) -> Wire {
        let (wire, kind) = wire.into_tls_at_once(name, Arc::clone(&self.config));
        let count = if kind == HandshakeKind::Resumed { &self.resumed } else { &self.full };
        count.fetch_add(1, Ordering::Relaxed);
        wire
    }

    /// How many handshakes were full ones, and how many were not.
    pub fn handshakes(&self) -> (usize, usize) {
        (self.full.load(Ordering::Relaxed), self.resumed.load(Ordering::Relaxed))
    }
}
