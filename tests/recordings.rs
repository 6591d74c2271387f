//! Every recording in `fixtures/`: decoded, compared with what its `meta.json` names, and encoded to the same bytes.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "recordings/envelopes.rs"]
mod envelopes;
#[path = "recordings/framing.rs"]
mod framing;
#[path = "recordings/index.rs"]
mod index;
