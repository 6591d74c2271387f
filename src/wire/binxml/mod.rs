//! Binary XML: records [MC-NBFX], the static dictionary of SOAP [MC-NBFS], and the dictionary of a session [MC-NBFSE].
//!
//! ```text
//! document = (Comment | white space)* element (Comment | white space)*
//! element  = 40-77 attribute* content*  ( 01 | text 81-BD )         an odd text ends its element
//! content  = element | Comment | text 80-BC | 03 element-without-content item-type count items
//! ```
//!
//! [`Reader`] reads a document in memory and [`Feed`] one that comes in pieces; [`Writer`] writes. The events are those of [`crate::wire::xml`], which
//! text XML has as well. [`Records`] shows what stands there, record by record.

mod array;
mod cursor;
mod decoder;
mod dictionaries;
mod error;
mod feed;
mod limits;
mod list;
mod names;
mod outgoing;
mod parts;
mod read_content;
mod reader;
mod record;
mod record_type;
mod scope;
mod session;
mod static_strings;
mod tag;
mod text_record;
mod write_array;
mod write_buffer;
mod write_error;
mod write_event;
mod write_scope;
mod write_value;
mod writer;

pub use dictionaries::{Dictionaries, find_static, static_string};
pub use error::DecodeError;
pub use feed::Feed;
pub use limits::Limits;
pub use list::List;
pub use outgoing::OutgoingTable;
pub use read_content::ContentError;
pub use reader::Reader;
pub use record::{RawString, RawText, Record, Records};
pub use record_type::RecordType;
pub use session::SessionTable;
pub use write_array::ArrayItems;
pub use write_error::WriteError;
pub use write_event::CopyError;
pub use writer::{Ids, Writer};
