//! Secrets taken out of recorded traffic, byte for byte: every length stays, and so does everything that is no secret.
//!
//! ```text
//! bytes of a direction ─► Scrubber ─┬─ Framing ─┬─ Via, fault, text envelopes ────────┐
//!                                   │           └─ Binary: the strings of binary XML ─┼─► Scanner
//!                                   └─ Http ────┬─ heads, bodies ─────────────────────┤   marks, and the
//!                                               └─ Frames: payloads, unmasked ────────┘   secrets behind them
//! ```
//!
//! A secret always stands behind what announces it (a header's name, `SharedAccessSignature`, a property's key), so that it is known as such
//! when its first byte comes. Nothing has to be held back, and a secret may be of any length.

mod binary;
mod envelope;
mod frames;
mod framing;
mod http;
mod int31;
mod marks;
mod scanner;
mod scrubber;
mod secret;
#[cfg(test)]
mod tests;

pub use scrubber::{Protocol, Scrubber};
pub use secret::FILLER;
