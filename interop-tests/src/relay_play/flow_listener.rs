//! Who takes and settles many one-way messages until it is cut. Relay page 2.4.

use crate::Gateway;

use super::control_link::ControlLink;
use super::flow::{Flow, MARK};
use super::recording::Recording;
use super::road::Road;
use super::substitute::find;

/// A listener on 5671 or 443.
pub struct FlowListener(ControlLink);

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
        Self(road.link(gateway, &Recording::open(flow.folder), "001-5671"))
    }

    /// The next message as it was delivered, which is accepted.
    pub fn take_other(&mut self) -> Vec<u8> {
        let (delivery, message) = self.0.take_message().expect("a message");
        self.0.accept(delivery);
        message
    }

    /// The next message: its number, and that of its delivery; nothing when the gateway has ended the connection.
    pub fn take(&mut self) -> Option<(u32, u32)> {
        let (delivery, message) = self.0.take_message()?;
        let at = find(&message, MARK).expect("a message of ours") + MARK.len();
        let number: [u8; 8] = message[at..at + 8].try_into().expect("eight bytes");
        Some((u32::try_from(u64::from_be_bytes(number)).expect("a small number"), delivery))
    }

    /// Says that it has a delivery. Whether the gateway heard it is its own affair.
    pub fn accept(&mut self, delivery: u32) {
        self.0.accept(delivery);
    }

    /// Gives a delivery back: it has done nothing with it.
    pub fn release(&mut self, delivery: u32) {
        self.0.release(delivery);
    }

    /// Expects that nothing comes for so long.
    pub fn expect_quiet(&mut self, time: std::time::Duration) {
        self.0.expect_quiet(time);
    }

    /// The process is killed: the connection is reset.
    pub fn kill(self) {
        self.0.cut();
    }
}
