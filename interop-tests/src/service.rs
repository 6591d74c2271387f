//! A service that reads and writes bytes as told and never answers by itself.

use std::net::{SocketAddr, TcpListener};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::Wire;

/// A TCP port whose connections a test takes one by one.
pub struct Service {
    address: SocketAddr,
    connections: Mutex<Receiver<Wire>>,
}

impl Service {
    /// Listens on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (send, connections) = channel();
        std::thread::spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                if send.send(Wire::accepted(socket)).is_err() {
                    return;
                }
            }
        });
        Self { address, connections: Mutex::new(connections) }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The next connection, which must come in good time.
    pub fn connection(&self) -> Wire {
        self.connection_within(Duration::from_secs(20)).expect("a connection to the service")
    }

    /// The next connection, if one comes within `time`.
    pub fn connection_within(&self, time: Duration) -> Option<Wire> {
        self.connections.lock().expect("no taker panics").recv_timeout(time).ok()
    }
}
