//! Reading one document of binary XML: whole, in pieces, record by record, and element by element as values.

use viaduct::wire::binxml::{ContentError, DecodeError, Dictionaries, Limits, Reader, Records, SessionTable};
use viaduct::wire::xml::Event;

use super::cut::{cut, ways};
use super::document::{Summary, feed, read};
use super::options::{choose, options};

/// The items of an array share the attributes of its tag, so that a document of 4 KiB may say about a thousand times as much, and its
/// summary stands here twice.
pub const MEMORY: usize = 64 << 20;

/// Options: limits, dictionaries, two sizes of pieces.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([limits, dictionaries, first, second], document) = options(input);
    let limits = self::limits(limits);
    let session = session();
    let dictionaries = self::dictionaries(dictionaries, &session);
    let whole = read(document, dictionaries, &limits, Summary::exact());
    let at_once = feed([document].into_iter(), dictionaries, &limits, Summary::exact());
    for sizes in ways(document.len(), [first, second]) {
        let cut = feed(cut(document, sizes), dictionaries, &limits, Summary::exact());
        assert_eq!(at_once, cut, "cut by {sizes:?}");
    }
    // Who has all of the document sees first that it ends too early, and may see that before another error.
    if whole != Err(DecodeError::Eof) || at_once.is_ok() {
        assert_eq!(at_once, whole);
    }
    let all_records = records(document);
    if let Ok(summary) = whole {
        let encoded = all_records.expect("a document that can be read consists of records");
        let again = read(&encoded, dictionaries, &limits, Summary::exact());
        assert_eq!(again, Ok(summary), "records are written as they were read");
    }
    values(document, dictionaries, &limits);
}

/// The limits that an option chooses: narrow ones, our own, those of .NET.
pub(super) fn limits(option: u8) -> Limits {
    let narrow = Limits {
        depth: 6,
        attributes: 20,
        start_tag: 300,
        namespaces: 16,
        name: 40,
        name_table: 100,
        array_items: 50,
        string_content: 100,
        array: 100,
        record: 1000,
    };
    match option % 3 {
        0 => Limits { array_items: 2000, ..Limits::default() },
        1 => narrow,
        _ => Limits { array_items: 2000, ..Limits::dotnet() },
    }
}

/// The dictionaries that an option chooses.
pub(super) fn dictionaries(option: u8, session: &SessionTable) -> Dictionaries<'_> {
    choose(option, [Dictionaries::STATIC, Dictionaries::session(session), Dictionaries::NONE])
}

/// A session with a few strings, one of them empty: what `fixtures/binxml/session.json` uses, and two more.
pub(super) fn session() -> SessionTable {
    let mut table = SessionTable::new();
    let strings = ["http://tempuri.org/", "Echo", "text", "", "urn:1"];
    let mut message = vec![strings.iter().map(|string| string.len() as u8 + 1).sum()];
    for string in strings {
        message.push(string.len() as u8);
        message.extend_from_slice(string.as_bytes());
    }
    table.read(&message).expect("the table is right");
    table
}

/// The records of a document, each with its name, written again.
fn records(document: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let (mut records, mut encoded, mut at) = (Records::new(document), Vec::new(), 0);
    while let Some(record) = records.next_record()? {
        assert!(records.position() > at && records.position() <= document.len());
        let before = encoded.len();
        record.encode(&mut encoded);
        assert!(encoded.len() - before <= records.position() - at, "a record that grew: {record:?}");
        at = records.position();
        let mut names = 0;
        record.names(|_| names += 1);
        assert!(names > 0);
    }
    assert_eq!(at, document.len());
    Ok(encoded)
}

/// Reads each element without children as every type.
fn values(document: &[u8], dictionaries: Dictionaries<'_>, limits: &Limits) {
    let mut reader = Reader::new(document, dictionaries, limits.clone());
    while let Ok(Some(event)) = reader.next_event() {
        if !matches!(event, Event::Start(_)) {
            continue;
        }
        let content = match reader.content() {
            Ok(content) => content,
            Err(ContentError::Decode(_)) => return,
            // The child has begun, or the text is too long: what follows is read on.
            Err(_) => continue,
        };
        let text = content.text();
        // Every text form of a number is read by the wider types as well.
        if let Ok(number) = content.to_i32() {
            assert_eq!(content.to_i64(), Ok(number.into()), "{text}");
        }
        if let Ok(number) = content.to_i64() {
            assert_eq!(content.to_u64().ok(), u64::try_from(number).ok(), "{text}");
        }
        let _ = (content.to_bool(), content.to_f32(), content.to_f64(), content.to_decimal());
        let _ = (content.to_date_time(), content.to_time_span(), content.to_uuid(), content.to_unique_id());
        let _ = content.to_bytes();
    }
}
