//! Every envelope of every stream of framing: read, and written to the same bytes.

use viaduct::wire::binxml::{
    Dictionaries, Ids, Limits, OutgoingTable, Reader, Records, SessionTable, Writer,
};
use viaduct::wire::xml::{Charset, Runtime, TextReader, TextStyle, TextWriter, XmlLimits};

use super::framing::directions;
use super::index::{Stream, streams};

/// What became of the envelopes of a direction.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    binary: usize,
    text: usize,
    /// Written to other bytes.
    other: usize,
    /// Of a session whose string table is missing; those behind it cannot be read either.
    without_table: usize,
}

/// Reads a binary document and writes it again; `session` holds the strings of both ways.
fn rewritten(
    document: &[u8],
    envelope: &[u8],
    session: Option<(&SessionTable, &mut OutgoingTable)>,
    name: &str,
) -> bool {
    let (dictionaries, ids) = match session {
        Some((table, sent)) => (Dictionaries::session(table), Ids::Session(sent)),
        None => (Dictionaries::STATIC, Ids::Static),
    };
    let (mut records, mut encoded) = (Records::new(document), Vec::new());
    while let Some(record) = records.next_record().unwrap_or_else(|error| panic!("{name}: {error}")) {
        record.encode(&mut encoded);
    }
    assert!(encoded == document, "{name}: its records are other bytes");
    let mut writer = Writer::new(ids, Runtime::Framework);
    let mut reader = Reader::new(document, dictionaries, Limits::default());
    while let Some(event) = reader.next_event().unwrap_or_else(|error| panic!("{name}: {error}")) {
        writer.event(event).unwrap();
    }
    writer.finish().unwrap() == envelope
}

fn text(envelope: &[u8], name: &str) {
    let mut reader = TextReader::told(Charset::Utf8, XmlLimits::default());
    let mut writer = TextWriter::new(TextStyle::default());
    reader.push(envelope);
    reader.finish();
    let mut events = 0;
    while let Some(event) = reader.next().unwrap_or_else(|error| panic!("{name}: {error}")) {
        writer.event(&event).unwrap();
        events += 1;
    }
    writer.finish().unwrap();
    assert!(events > 4, "{name}");
}

fn walk(stream: &Stream, seen: &mut Seen) {
    let both = directions(stream, 1 << 40);
    let encoding = both[0].encoding;
    for (direction, dir) in both.iter().zip(["i2r", "r2i"]) {
        let (mut table, mut sent) = (SessionTable::new(), OutgoingTable::default());
        for (number, envelope) in direction.envelopes.iter().enumerate() {
            let name = format!("{} {dir} {number}", stream.name);
            let same = match encoding {
                Some(8) => {
                    let Ok(at) = table.read(envelope) else {
                        assert!(!stream.canonical.contains("envelopes"), "{name}: no string table");
                        seen.without_table += 1;
                        break;
                    };
                    rewritten(&envelope[at..], envelope, Some((&table, &mut sent)), &name)
                }
                Some(7) => rewritten(envelope, envelope, None, &name),
                _ => {
                    text(envelope, &name);
                    seen.text += 1;
                    continue;
                }
            };
            seen.binary += 1;
            seen.other += usize::from(!same);
            if stream.canonical.contains("envelopes") {
                assert!(same, "{name}: other bytes");
            }
        }
    }
}

#[test]
fn envelopes_are_read_and_written_to_the_same_bytes_where_the_index_says_so() {
    let mut seen = Seen::default();
    for stream in streams().iter().filter(|stream| !stream.meta["framing"].is_null()) {
        walk(stream, &mut seen);
    }
    assert_eq!(seen, Seen { binary: 149, text: 147, other: 26, without_table: 4 });
}
