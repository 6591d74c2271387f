//! XML as events, whatever its bytes look like: the model that binary XML and text XML share.

pub mod chars;
mod charset;
mod content;
mod error;
mod event;
mod float_text;
mod limits;
mod parse;
mod reader;
mod reencode;
mod runtime;
mod scan;
mod scope;
mod string;
mod tag;
mod value;
mod value_text;
mod writer;

pub use charset::{Charset, CharsetDecoder};
pub use content::{Content, NotA};
pub use error::XmlError;
pub use event::{Event, Name};
pub use limits::XmlLimits;
pub use reader::TextReader;
pub use reencode::{BinaryToText, ReencodeError, TextToBinary};
pub use runtime::Runtime;
pub use scope::{Scope, XML_NAMESPACE, XMLNS_NAMESPACE};
pub use string::{Origin, Str};
pub use value::{DateTime, DateTimeKind, Decimal, TimeSpan, Utf16, Value};
pub use writer::{TextStyle, TextWriter};
