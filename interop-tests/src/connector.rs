//! `viaduct listen`: the connector in front of a service.

use std::time::Duration;

use crate::{Gateway, Program, Running, viaduct};

/// A running `viaduct listen`; ends with the value.
pub struct Connector {
    /// The process.
    pub running: Running,
}

impl Connector {
    /// Puts a connector of `relay` in front of `to` and waits until it is registered.
    pub fn listen(gateway: &Gateway, relay: &str, to: &str) -> Self {
        let mut running = Program::new(viaduct())
            .args(["listen", relay, "--to", to])
            .args(["--connection-string", &gateway.connection_string("listen")])
            .args(["--ca", &gateway.authority().to_string_lossy()])
            .start();
        // It says so on a line of its own, once the gateway took the registration.
        running.line_starting("listening ", Duration::from_secs(20));
        Self { running }
    }
}
