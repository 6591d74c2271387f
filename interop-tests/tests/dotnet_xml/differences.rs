//! The deliberate differences from .NET's reader, a document each: they keep the list of exceptions honest.

use viaduct::wire::binxml::{Ids, Writer};
use viaduct::wire::xml::{DateTime, Runtime, Str, Value};

use crate::files::Kind;
use crate::infoset::Expected;
use crate::made::Made;

/// How many there are.
pub(crate) const COUNT: usize = 3;

/// Bytes in a list, a qualified name in a list, and a local time that lies below year 1 in UTC.
pub(crate) fn documents() -> [Made; COUNT] {
    let name = viaduct::wire::binxml::find_static("Action").unwrap();
    let early = DateTime::from_bits(0b10 << 62 | ((1 << 62) - 36_000_000_000)).unwrap();
    [
        document("YWI= 7", |writer| writer.list(&[Value::Bytes(b"ab"), Value::Int32(7)])),
        document("a:Action", |writer| writer.list(&[Value::QName { letter: b'a', local: name }])),
        document("0001-01-01T00:00:00+00:00", |writer| writer.value(&Value::DateTime(early))),
    ]
}

fn document(
    text: &str,
    write: impl FnOnce(&mut Writer<'_>) -> Result<(), viaduct::wire::binxml::WriteError>,
) -> Made {
    let mut writer = Writer::new(Ids::Static, Runtime::Net8);
    writer.start_element(Some(""), Str::plain("r"), Str::plain("")).unwrap();
    write(&mut writer).unwrap();
    writer.end_element().unwrap();
    let mut expected = Expected::default();
    expected.start(Some(""), "r", "");
    expected.text(text);
    expected.end();
    Made { kind: Kind::Static, message: writer.finish().unwrap(), expected }
}
