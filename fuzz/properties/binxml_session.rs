//! A session of binary XML: its string table, its documents, and the table of whoever writes them on.

use viaduct::wire::binxml::{Dictionaries, Ids, OutgoingTable, Reader, SessionTable, Writer};
use viaduct::wire::xml::Runtime;

use super::binxml_reader::limits;
use super::document::{Joined, Summary};
use super::envelopes::envelopes;
use super::options::{choose, options};

/// As [`super::binxml_reader::MEMORY`].
pub const MEMORY: usize = 64 << 20;

/// Options: limits of documents, of the table that is read, of the table that is written. Then envelopes with their sizes.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([limits, taken, sent], rest) = options(input);
    let limits = self::limits(limits);
    let (max_bytes, max_entries) = choose(taken, [(2048, 2048), (60, 10), (300, 3), (0, 0)]);
    let mut table = SessionTable::with_limits(max_bytes, max_entries);
    let sent = choose(sent, [2048, 40, 0, 200]);
    let (mut outgoing, mut received) = (OutgoingTable::new(sent), SessionTable::with_limits(sent, sent));
    let (mut strings, mut failed, mut bytes) = (Vec::<String>::new(), None, 0);
    for envelope in envelopes(rest) {
        let answer = table.read(envelope);
        if let Some(error) = failed {
            assert_eq!(answer, Err(error), "a session that is lost stays lost");
        }
        let start = match answer {
            Ok(start) => start,
            Err(error) => {
                failed = Some(error);
                continue;
            }
        };
        assert!(start >= 1 && start <= envelope.len());
        bytes += start - 1;
        for (index, string) in strings.iter().enumerate() {
            assert_eq!(table.string(index), Some(string.as_str()), "strings stay what they are");
        }
        strings.extend(
            (strings.len()..table.len()).map(|index| table.string(index).unwrap_or_default().to_owned()),
        );
        assert!(table.len() <= max_entries && table.string(table.len()).is_none());
        // An overlong size in front of the table is not counted.
        assert!(strings.iter().map(|string| string.len() + 1).sum::<usize>() <= max_bytes.min(bytes));
        let reader = Reader::new(&envelope[start..], Dictionaries::session(&table), limits.clone());
        write_on(reader, &mut outgoing, &mut received, sent);
    }
}

/// Writes a document for another session, whose receiver reads the same; one that is malformed leaves no trace.
fn write_on(mut reader: Reader<'_>, outgoing: &mut OutgoingTable, received: &mut SessionTable, sent: usize) {
    let before: Vec<String> = outgoing.strings().map(str::to_owned).collect();
    let limits = reader.limits().clone();
    let mut writer = Writer::new(Ids::Session(outgoing), Runtime::Net8);
    let (mut summary, mut joined) = (Summary::to_be_written(Runtime::Net8), Joined::default());
    let whole = loop {
        let event = match reader.next_event() {
            Ok(Some(event)) => *event,
            end => break end.is_ok(),
        };
        // White space around the root is not written.
        if reader.depth() > 0 || !matches!(event, viaduct::wire::xml::Event::Text(_)) {
            joined.event(&event, &mut summary);
        }
        writer.event(&event).expect("what was read can be written");
    };
    if !whole {
        drop(writer);
        assert!(outgoing.strings().eq(before.iter().map(String::as_str)), "the message is not sent");
        return;
    }
    let message = writer.finish().expect("the document is whole");
    assert!(outgoing.strings().map(|string| string.len() + 1).sum::<usize>() <= sent);
    let start = received.read(&message).expect("the table fits");
    assert!(outgoing.strings().eq((0..received.len()).filter_map(|index| received.string(index))));
    let mut again = Reader::new(&message[start..], Dictionaries::session(received), wide(&limits));
    let mut read = Summary::of_content();
    while let Some(event) = again.next_event().expect("what was written can be read") {
        read.event(event);
    }
    assert_eq!(read, summary);
}

/// Written anew, a document may have longer tags: ids become strings, and prefixes are declared where they are needed.
pub(super) fn wide(limits: &viaduct::wire::binxml::Limits) -> viaduct::wire::binxml::Limits {
    viaduct::wire::binxml::Limits {
        depth: limits.depth,
        array_items: limits.array_items,
        ..viaduct::wire::binxml::Limits::default()
    }
}
