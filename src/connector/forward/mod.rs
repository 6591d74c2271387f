//! Local doors: programs on this machine connect to them, and each connection goes to a relay.

mod door;
mod http;
mod net_tcp;
mod session;
mod tcp;

pub(crate) use door::{Door, DoorSettings};
