//! `viaduct doctor`: each fault of `docs/doctor.md` is made to happen, against the running gateway or a small peer.

#[path = "doctor/certificates.rs"]
mod certificates;
#[path = "doctor/clocks_and_keys.rs"]
mod clocks_and_keys;
#[path = "doctor/command_line.rs"]
mod command_line;
#[path = "doctor/consult.rs"]
mod consult;
#[path = "doctor/names_and_ports.rs"]
mod names_and_ports;
#[path = "doctor/peer.rs"]
mod peer;
#[path = "doctor/proxies.rs"]
mod proxies;
