//! Who takes and settles many one-way messages until it is cut. Relay page 2.4.

use crate::Gateway;

use super::control_link::ControlLink;
use super::flow::{Flow, MARK};
use super::recording::Recording;
use super::road::Road;
use super::substitute::find;

/// A listener on 5671 or 443.
pub struct FlowListener {
    link: ControlLink,
    taken: u32,
}

impl FlowListener {
    /// Opens its control link.
    pub fn open(gateway: &Gateway) -> Self {
        Self::on(Road::Tcp, gateway, &Flow::ONE_WAY)
    }

    /// Opens its control link in a WebSocket on 443.
    pub fn open_over_websocket(gateway: &Gateway) -> Self {
        Self::on(Road::WebSocket, gateway, &Flow::ONE_WAY)
    }

    /// Opens its control link as one of the listeners of `flow`.
    pub fn on(road: Road, gateway: &Gateway, flow: &Flow) -> Self {
        let link = road.link(gateway, &Recording::open(flow.folder), "001-5671");
        Self { link, taken: 0 }
    }

    /// The next message as it was delivered, which is accepted.
    pub fn take_other(&mut self) -> Vec<u8> {
        let (delivery, message) = self.link.take_message().expect("a message");
        self.link.accept(delivery);
        message
    }

    /// The next message: its number, and that of its delivery; nothing when the gateway has ended the connection. As the library does, it
    /// grants more after each 100.
    pub fn take(&mut self) -> Option<(u32, u32)> {
        let (delivery, message) = self.link.take_message()?;
        let at = find(&message, MARK).expect("a message of ours") + MARK.len();
        let number: [u8; 8] = message[at..at + 8].try_into().expect("eight bytes");
        self.taken += 1;
        if self.taken.is_multiple_of(100) {
            self.link.grant(self.taken);
        }
        Some((u32::try_from(u64::from_be_bytes(number)).expect("a small number"), delivery))
    }

    /// Says that it has a delivery. Whether the gateway heard it is its own affair.
    pub fn accept(&mut self, delivery: u32) {
        self.link.accept(delivery);
    }

    /// Gives a delivery back: it has done nothing with it.
    pub fn release(&mut self, delivery: u32) {
        self.link.release(delivery);
    }

    /// Expects that nothing comes for so long.
    pub fn expect_quiet(&mut self, time: std::time::Duration) {
        self.link.expect_quiet(time);
    }

    /// The process is killed: the connection is reset.
    pub fn kill(self) {
        self.link.cut();
    }
}
