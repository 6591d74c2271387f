//! XML as events, whatever its bytes look like: the model that binary XML and text XML share.

mod content;
mod event;
mod float_text;
mod parse;
mod runtime;
mod string;
mod value;
mod value_text;

pub use content::{Content, NotA};
pub use event::{Event, Name};
pub use runtime::Runtime;
pub use string::{Origin, Str};
pub use value::{DateTime, DateTimeKind, Decimal, TimeSpan, Utf16, Value};
