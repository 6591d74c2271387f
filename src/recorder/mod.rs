//! `viaduct record` and `viaduct replay`: a tee between a client and a service that writes what passes, and a player of either side.
//!
//! ```text
//!   record:  client ── Tee: a pump each way ──► service        replay:  Script ─► Session ◄─► client or service
//!                          │ what was read, in order                       (inspect::replay)  │
//!                          ▼                                                                  ▼
//!                       Journal: a thread; Scrubber ─► files                        Comparison ─► Difference
//! ```

mod folder;
mod journal;
mod meta;
mod player;
mod pump;
mod session;
mod target;
mod tee;

pub(crate) use folder::{new_folder, read_folder};
pub(crate) use journal::Journal;
pub(crate) use meta::{Facts, write as write_facts};
pub(crate) use player::{FIRST_WITHIN, Peer, PlayError, PlaySettings, play};
pub(crate) use session::Tally;
pub(crate) use target::Target;
pub(crate) use tee::{Tee, TeeSettings};
