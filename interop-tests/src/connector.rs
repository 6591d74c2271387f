//! `viaduct listen` and `viaduct forward`: the connector in front of a service, and before a client.

use std::time::Duration;

use crate::{Gateway, Program, Running, viaduct};

/// A running `viaduct listen` or `forward`; ends with the value.
pub struct Connector {
    /// The process.
    pub running: Running,
}

impl Connector {
    /// Puts a connector of `relay` in front of `to` and waits until it is registered.
    pub fn listen(gateway: &Gateway, relay: &str, to: &str) -> Self {
        Self::listen_with(gateway, relay, to, &[])
    }

    /// The same with further arguments.
    pub fn listen_with(gateway: &Gateway, relay: &str, to: &str, more: &[&str]) -> Self {
        let mut running = Program::new(viaduct())
            .args(["listen", relay, "--to", to])
            .args(more.iter().copied())
            .args(["--connection-string", &gateway.connection_string("listen")])
            .args(["--ca", &gateway.authority().to_string_lossy()])
            .start();
        // It says so on a line of its own, once the gateway took the registration.
        running.line_starting("listening ", Duration::from_secs(20));
        Self { running }
    }

    /// Opens a local door whose connections go to `relay`, and says where it is open: `127.0.0.1:40123`.
    pub fn forward(gateway: &Gateway, local: &str, relay: &str) -> (Self, String) {
        let mut running = Program::new(viaduct())
            .args(["forward", local, "--to", relay])
            .args(["--connection-string", &gateway.connection_string("send")])
            .args(["--ca", &gateway.authority().to_string_lossy()])
            .start();
        let line = running.line_starting("open ", Duration::from_secs(20));
        let address = line.split(' ').nth(1).expect("an address").to_owned();
        (Self { running }, address)
    }
}
