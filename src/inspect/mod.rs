//! Recorded traffic, shown: the records and messages of a connection with their offsets, and the envelopes in them as XML.
//!
//! ```text
//! Source ─► Feed ─► Walk (one for each protocol) ─► Entry ─┬─► json      a line each, for programs
//!   files, captures   │                                   ├─► xml       the envelopes alone
//!                     ▼                                   └─► annotate  for people, both directions merged in time
//!                   Said: what one direction says about the other
//! ```

mod annotate;
mod capture;
mod compressed;
mod contents;
mod direction;
mod ending;
mod entry;
mod envelope;
mod feed;
mod form;
mod framing;
mod http;
mod json;
mod layout;
mod media;
mod memory;
mod mime;
mod opaque;
mod payload;
mod protocol;
mod redact;
mod relayed;
mod remarks;
pub mod replay;
mod row;
mod said;
pub mod scrub;
mod secrets;
mod source;
mod stream;
mod timeline;
mod walk;
mod xml;

pub use capture::{Capture, CaptureError, Connection, Count, Flow, Segments, is_capture};
pub use direction::Direction;
pub use memory::InMemory;
pub use protocol::Protocol;
pub use source::{Arrived, FromReader, Source};
pub use stream::{ReadError, Recording, Stream};
pub use timeline::{Moment, Timeline, TimelineError};
pub use xml::{XML_BEGIN, XML_END};
