//! Recorded traffic, shown: the records of message framing with their offsets, and the envelopes in them as XML.
//!
//! ```text
//! bytes of a direction ─► Walk ─► Found: offset + record ─┬─► json      a line each, for programs
//!                                   │                     ├─► xml       the envelopes alone
//!                                   ▼                     └─► annotate  for people, both directions merged in time
//!                                 Envelopes: the session's encoding and dictionary
//! ```

mod annotate;
mod direction;
mod envelope;
mod form;
mod json;
mod layout;
mod payload;
mod readings;
pub mod replay;
mod rows;
pub mod scrub;
mod stream;
mod terms;
mod timeline;
mod walk;
mod xml;

pub use direction::Direction;
pub use envelope::{Envelopes, Unreadable};
pub use form::Form;
pub use payload::Payload;
pub use stream::Stream;
pub use terms::Terms;
pub use timeline::{Timeline, TimelineError};
pub use walk::{Ending, Found, Item, Walk};
pub use xml::{XML_BEGIN, XML_END};
