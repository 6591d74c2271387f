//! Binary XML under any bytes: no panic, the same result however they are cut, and what is written is read again.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::collection::vec;
use proptest::prelude::*;
use viaduct::wire::binxml::{
    DecodeError, Dictionaries, Feed, Ids, Limits, OutgoingTable, Reader, Records, SessionTable, Writer,
};
use viaduct::wire::xml::{Event, Runtime, Str, Value};

#[path = "binxml_properties/documents.rs"]
mod documents;

use documents::{document, value};

/// What a document comes to: its events, the text of each element joined.
fn summary(events: &mut Vec<String>, event: &Event<'_>) {
    let text = match event {
        Event::Text(value) => match events.last_mut().filter(|last| last.starts_with("text ")) {
            // How bytes are cut into texts shows in their base64, unless each part has a multiple of three: which is what is tested.
            Some(last) => return last.push_str(&value.text()),
            None => format!("text {}", value.text()),
        },
        Event::Start(name) | Event::Attribute { name, .. } => {
            let value =
                if let Event::Attribute { value, .. } = event { value.to_string() } else { String::new() };
            format!("{{{}}}{}:{}={value}", name.namespace, name.prefix, name.local)
        }
        Event::Namespace { prefix, uri } => format!("xmlns:{prefix}={uri}"),
        Event::Comment(comment) => format!("<!--{comment}-->"),
        Event::End => "end".to_owned(),
    };
    events.push(text);
}

fn read(
    document: &[u8],
    dictionaries: Dictionaries<'_>,
    limits: &Limits,
) -> Result<Vec<String>, DecodeError> {
    let (mut reader, mut events) = (Reader::new(document, dictionaries, limits.clone()), Vec::new());
    while let Some(event) = reader.next_event()? {
        summary(&mut events, event);
    }
    Ok(events)
}

fn feed<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    dictionaries: Dictionaries<'_>,
    limits: &Limits,
) -> Result<Vec<String>, DecodeError> {
    let (mut feed, mut events) = (Feed::new(limits.clone()), Vec::new());
    let mut most = 0;
    for piece in pieces {
        most = most.max(piece.len());
        feed.push(piece);
        while let Some(event) = feed.next_event(dictionaries)? {
            summary(&mut events, &event);
        }
        assert!(feed.kept() <= 2 * (limits.record + most) + limits.start_tag + 4096);
    }
    feed.finish();
    while let Some(event) = feed.next_event(dictionaries)? {
        summary(&mut events, &event);
    }
    Ok(events)
}

fn session() -> SessionTable {
    let mut table = SessionTable::new();
    table.read(b"\x09\x01a\x05urn:1\x00").unwrap();
    table
}

fn limits() -> Limits {
    Limits {
        depth: 6,
        attributes: 20,
        namespaces: 16,
        name: 40,
        array_items: 50,
        record: 20_000,
        ..Limits::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn the_result_is_the_same_however_the_bytes_are_cut(
        document in document(),
        cuts in vec(1usize..2000, 1..6),
    ) {
        let session = session();
        let dictionaries = Dictionaries::session(&session);
        let limits = limits();
        let whole = read(&document, dictionaries, &limits);
        let single = feed(document.chunks(1), dictionaries, &limits);
        let at_once = feed(std::iter::once(&document[..]), dictionaries, &limits);
        let (mut rest, mut pieces) = (&document[..], Vec::new());
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        let cut = feed(pieces.into_iter(), dictionaries, &limits);
        prop_assert_eq!(&single, &at_once);
        prop_assert_eq!(&single, &cut);
        // Who has all of the document sees first that it ends too early, and may see that before another error.
        if whole != Err(DecodeError::Eof) || single.is_ok() {
            prop_assert_eq!(&single, &whole);
        }
    }

    #[test]
    fn records_of_any_document_encode_to_bytes_that_read_the_same(document in document()) {
        let session = session();
        let mut encoded = Vec::new();
        let mut records = Records::new(&document);
        while let Ok(Some(record)) = records.next_record() {
            record.names(|_| {});
            record.encode(&mut encoded);
        }
        if let Ok(events) = read(&document, Dictionaries::session(&session), &limits()) {
            prop_assert_eq!(read(&encoded, Dictionaries::session(&session), &limits()), Ok(events));
        }
    }

    #[test]
    fn what_was_read_is_written_and_read_again(document in document()) {
        let session = session();
        let mut reader = Reader::new(&document, Dictionaries::session(&session), limits());
        let mut table = OutgoingTable::default();
        let mut writer = Writer::new(Ids::Session(&mut table), Runtime::Net8);
        let mut events = Vec::new();
        let mut joined = Vec::new();
        while let Ok(Some(&event)) = reader.next_event() {
            // Bytes are joined before they are cut into records: what comes back is their base64 as one text.
            if let Event::Text(Value::Bytes(bytes)) = event {
                joined.extend_from_slice(bytes);
            } else if !joined.is_empty() {
                summary(&mut events, &Event::Text(Value::Bytes(&std::mem::take(&mut joined))));
            }
            // White space around the root is not written, an empty text is nothing, and the writer has its own order of declarations.
            let passed = match event {
                Event::Namespace { .. } | Event::Text(Value::Bytes(_)) => true,
                Event::Text(value) => reader.depth() == 0 || value.text().is_empty(),
                _ => false,
            };
            if !passed {
                summary(&mut events, &event);
            }
            prop_assert_eq!(writer.event(&event), Ok(()));
        }
        if let Ok(None) = reader.next_event() {
            let message = writer.finish().unwrap();
            let mut received = SessionTable::new();
            let at = received.read(&message).unwrap();
            let mut again = read(&message[at..], Dictionaries::session(&received), &limits()).unwrap();
            again.retain(|event| !event.starts_with("xmlns:") && event != "text ");
            prop_assert_eq!(again, events);
        }
    }

    #[test]
    fn typed_values_come_back(value in value(), attribute in any::<bool>()) {
        let mut writer = Writer::new(Ids::Static, Runtime::Net8);
        writer.start_element(None, Str::plain("v"), Str::plain("")).unwrap();
        if attribute {
            writer.start_attribute(None, Str::plain("a"), Str::plain("")).unwrap();
            writer.value(&value).unwrap();
            writer.end_attribute().unwrap();
        } else {
            writer.value(&value).unwrap();
        }
        writer.end_element().unwrap();
        let document = writer.finish().unwrap();
        let mut reader = Reader::new(&document, Dictionaries::STATIC, Limits::default());
        reader.next_event().unwrap();
        let text = if attribute {
            match reader.next_event().unwrap() {
                Some(Event::Attribute { value, .. }) => value.to_string(),
                other => panic!("{other:?}"),
            }
        } else {
            reader.content().unwrap().text().into_owned()
        };
        match value {
            // Its sign is lost, as .NET loses it.
            Value::Float(0.0) | Value::Double(0.0) => prop_assert_eq!(text, "0"),
            // A double that is a single is written as one, whose text may have fewer digits for the same number.
            Value::Double(number) if !number.is_nan() => {
                let text = text.replace("INF", "inf");
                prop_assert!(text.parse() == Ok(number) || text.parse() == Ok(number as f32));
            }
            value => prop_assert_eq!(text, value.to_string()),
        }
    }

    #[test]
    fn texts_of_any_length_come_back(texts in vec("[a-z0-9 \u{e4}\u{4e2d}\u{1f600}]{0,300}", 1..6), runtime in any::<bool>()) {
        let runtime = if runtime { Runtime::Net8 } else { Runtime::Framework };
        let mut writer = Writer::new(Ids::Static, runtime);
        writer.start_element(None, Str::plain("r"), Str::plain("")).unwrap();
        for text in &texts {
            writer.start_element(None, Str::plain("t"), Str::plain("")).unwrap();
            writer.text(text).unwrap();
            writer.end_element().unwrap();
        }
        writer.end_element().unwrap();
        let document = writer.finish().unwrap();
        let mut reader = Reader::new(&document, Dictionaries::STATIC, Limits::default());
        reader.next_event().unwrap();
        for text in &texts {
            reader.next_event().unwrap();
            let content = reader.content().unwrap();
            prop_assert_eq!(content.text(), &text[..]);
        }
    }

    #[test]
    fn any_bytes_are_no_danger_to_a_session(messages in vec(vec(any::<u8>(), 0..40), 1..5)) {
        let mut table = SessionTable::with_limits(60, 10);
        for message in &messages {
            if let Ok(at) = table.read(message) {
                let _ = read(&message[at..], Dictionaries::session(&table), &limits());
            }
            prop_assert!(table.len() <= 10);
        }
    }
}
