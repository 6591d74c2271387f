//! Copying between the two legs of a pair until both are done.
//!
//! ```text
//!            way a → b: read · follow · reframe · write
//!   leg a  ─────────────────────────────────────────────►  leg b
//!          ◄─────────────────────────────────────────────
//!            way b → a
//! ```
//!
//! One task does both ways. It waits for readiness and reads into a buffer of the thread, so that an idle pair owns none; what a read yields is turned
//! and written at once, and only what the other socket did not take is kept, in which case nothing more is read until it is gone. One read makes one
//! write, however many messages are in it.
//!
//! How a pair ends (hybrid page 3.5):
//!
//! | what happens on one leg | what the other leg sees |
//! | --- | --- |
//! | FIN, `close_notify`, a close frame | the same in its own dialect, at once; the other way goes on, at most [`JoinOptions::half_close`] without activity |
//! | a close frame with a code for failure, towards bytes | a reset |
//! | reset, end without a close frame, silence | an error: WebSocket TCP ends without a close frame, bytes are reset |
//! | frames that break RFC 6455 | the same; the peer itself gets close code 1002 |
//! | writing to it failed | nothing yet: what it had sent before still arrives, then as a lost leg |
//! | [`JoinOptions::cancel`] | close code 1001, or FIN |

mod driver;
mod exit;
#[cfg(target_os = "linux")]
mod kernel;
#[cfg(not(target_os = "linux"))]
#[path = "no_kernel.rs"]
mod kernel;
mod liveness;
mod options;
mod reading;
mod relaying;
mod scratch;
mod way;

pub use driver::{Join, join};
pub use options::{EndReason, JoinCounters, JoinEnd, JoinOptions, Side};
