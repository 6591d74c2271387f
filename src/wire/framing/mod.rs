//! .NET message framing, [MC-NMF], as net.tcp uses it.
//!
//! ```text
//! connection-a = session-a *            connection-b = session-b *
//! duplex-a     = 00 01 00 | 01 02 | Via | Encoding | Upgrade* | 0C | Sized* | 07
//! duplex-b     = (0A security)* | ( 0B  Sized*  (07 | Fault) | Fault )
//! singleton-a  = 00 01 00 | 01 01 | Via | Encoding | Upgrade* | 0C | Unsized | 07
//! singleton-b  = (0A security)* | ( 0B  (Unsized 07 | 07 | Fault) | Fault )
//! simplex-a    = 00 01 00 | 01 03 | Via | Encoding | Sized* | 07           no b side, no upgrade, no 0C
//! sized-a      = 00 01 00 | 01 04 | Via | Encoding | payload until EOF     no b side
//! ```
//!
//! `a` is what the initiator (client) sends, `b` what the receiver (service) sends. The receiver's bytes can only be read
//! with the mode that the other direction announced.

pub mod decode;
mod direction;
pub mod encode;
mod error;
mod fault;
mod follow;
mod heads;
mod policy;
mod preamble;
mod reader;
mod record;
mod via;
mod via_text;

pub use direction::{InitiatorDecoder, Piece, ReceiverDecoder};
pub use error::DecodeError;
pub use fault::FaultUri;
pub use follow::{InitiatorFollower, ReceiverFollower, followers};
pub use heads::EndOfStream;
pub use policy::{Encodings, FramingLimits, Policy};
pub use preamble::{
    AwaitEncoding, AwaitEnd, AwaitMode, AwaitVersion, AwaitVia, Next, Opened, Preamble, Protection, Session,
};
pub use reader::{PreambleEvent, PreambleReader};
pub use record::{Encoding, KnownEncoding, Mode, Record, RecordType, Upgrade, Version};
pub use via::{DEFAULT_PORT, Scheme, Via, with_token};
pub use via_text::ViaText;
