//! `viaduct doctor`: what stands between this machine and a working relay.
//!
//! ```text
//!   name ─► each door: port ─► what is behind it ─► certificate          (all doors at once)
//!                      https ─► clock, key, WebSocket
//! ```
//!
//! Each check is a file with two halves: one that asks, with a deadline, and a rule that makes a [`Finding`] of what was
//! seen. The rules are pure and tested there. Nothing that is wrong keeps an independent check from running.
//!
//! [`Finding`]: finding::Finding

mod args;
mod behind;
mod certificate;
mod certificate_chain;
mod certificate_wcf;
mod clock;
mod doors;
mod examine;
mod finding;
mod key;
mod key_answer;
mod key_verdict;
mod name;
mod port;
mod report;
mod run;
mod shown;

pub(super) use args::DoctorArgs;
pub(super) use run::run;
