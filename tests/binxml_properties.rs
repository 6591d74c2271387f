//! Binary XML under any bytes: no panic, the same result however they are cut, and what is written is read again.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;
use viaduct::wire::binxml::{
    DecodeError, Dictionaries, Feed, Ids, Limits, OutgoingTable, Reader, Records, SessionTable, Writer,
    static_string,
};
use viaduct::wire::xml::{DateTime, Decimal, Event, Runtime, Str, TimeSpan, Value};

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
    while let Some(event) = reader.next()? {
        summary(&mut events, &event);
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
        while let Some(event) = feed.next(dictionaries)? {
            summary(&mut events, &event);
        }
        assert!(feed.kept() <= 2 * (limits.record + most) + limits.start_tag + 4096);
    }
    feed.finish();
    while let Some(event) = feed.next(dictionaries)? {
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

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// Records of every type, well formed by themselves and in any order.
fn record() -> impl Strategy<Value = Vec<u8>> {
    let names: [&[u8]; 5] = [b"\x01a", b"\x01b", b"\x02ab", b"\x05xmlns", b"\x00"];
    let name = prop::sample::select(names.to_vec());
    let id = prop::sample::select(vec![0u8, 2, 1, 3, 5, 7, 0x72]);
    let element = (0x40u8..0x78, name.clone(), name.clone(), id.clone());
    let element = element.prop_map(|(kind, prefix, name, id)| match kind {
        0x40 | 0x5e.. => join(&[&[kind], name]),
        0x41 => join(&[&[kind], prefix, name]),
        0x43 => join(&[&[kind], prefix, &[id]]),
        _ => vec![kind, id],
    });
    let xmlns = (0x08u8..0x0c, name.clone(), name.clone(), id.clone());
    let xmlns = xmlns.prop_map(|(kind, prefix, name, id)| match kind {
        0x08 => join(&[&[kind], name]),
        0x09 => join(&[&[kind], prefix, name]),
        0x0a => vec![kind, id],
        _ => join(&[&[kind], prefix, &[id]]),
    });
    let text = (0x80u8..0xbe, vec(any::<u8>(), 16), 0u8..9, id.clone());
    let text = text
        .prop_map(|(kind, bytes, size, id)| {
            let payload = match kind & !1 {
                0x80..=0x86 | 0xa4..=0xa8 => vec![],
                0x88 => bytes[..1].to_vec(),
                0xb4 => vec![id & 1],
                0x8a => bytes[..2].to_vec(),
                0x8c | 0x90 => bytes[..4].to_vec(),
                0x8e | 0x92 | 0xae | 0xb2 => bytes[..8].to_vec(),
                0x96 => [&bytes[..7], &[0x48]].concat(),
                0x94 => join(&[&[0, 0, size, 0], &bytes[..12]]),
                0xac | 0xb0 => bytes,
                0x98 => join(&[&[size], &b"text text"[..usize::from(size)]]),
                0x9a => join(&[&[size, 0], &b"text text"[..usize::from(size)]]),
                0x9c => join(&[&[size, 0, 0, 0], &b"text text"[..usize::from(size)]]),
                0x9e => join(&[&[size], &bytes[..usize::from(size)]]),
                0xa0 => join(&[&[size, 0], &bytes[..usize::from(size)]]),
                0xa2 => join(&[&[size, 0, 0, 0], &bytes[..usize::from(size)]]),
                0xb6 => join(&[&[4], &b"t\0e\0"[..]]),
                0xb8 => join(&[&[4, 0], &b"t\0e\0"[..]]),
                0xba => join(&[&[4, 0, 0, 0], &b"t\0e\0"[..]]),
                0xaa => vec![id],
                _ => vec![size, id],
            };
            [vec![kind], payload].concat()
        })
        .boxed();
    let value = text.clone().prop_map(|mut text| {
        text[0] &= 0xfe;
        text
    });
    let value = value.boxed();
    let list = vec(value.clone(), 0..4).prop_map(|items| [vec![0xa4], items.concat(), vec![0xa6]].concat());
    let value = prop_oneof![8 => value, 1 => list];
    let attribute = (0x04u8..0x40, name.clone(), name.clone(), id, value);
    let attribute = attribute.prop_map(|(kind, prefix, name, id, value)| {
        let head = match kind {
            0x08..=0x0b => return vec![0x01],
            0x04 | 0x26.. => join(&[&[kind], name]),
            0x05 => join(&[&[kind], prefix, name]),
            0x07 => join(&[&[kind], prefix, &[id]]),
            _ => vec![kind, id],
        };
        [head, value].concat()
    });
    let attribute = attribute.boxed();
    let long = (prop_oneof![Just(0x9au8), Just(0xa0), Just(0xb8)], 0u8..2, 4000u16..9000).prop_map(
        |(kind, end, size)| {
            let size = size & !1;
            let mut record = vec![kind | end];
            record.extend(size.to_le_bytes());
            record.extend("tä€".bytes().cycle().take(usize::from(size)));
            record
        },
    );
    let array = (
        vec(attribute.clone(), 0..2),
        prop_oneof![Just((0xb5u8, 1)), Just((0x8b, 2)), Just((0x8d, 4))],
        0u8..9,
    );
    let array = array.prop_map(|(attributes, (kind, size), count)| {
        let items = vec![1; usize::from(count) * size];
        [vec![0x03, 0x40, 1, b'i'], attributes.concat(), vec![0x01, kind, count], items].concat()
    });
    prop_oneof![
        8 => element,
        4 => xmlns,
        8 => attribute,
        8 => text,
        4 => Just(vec![0x01]),
        1 => Just(b"\x02\x03c\xc3\xa4".to_vec()),
        2 => array,
        1 => long,
    ]
}

/// Mostly one root with content.
fn document() -> impl Strategy<Value = Vec<u8>> {
    let free = vec(record(), 0..12).prop_map(|records| records.concat());
    let rooted = vec(record(), 0..8).prop_map(|records| {
        let letters: Vec<u8> = (b'a'..=b'z').flat_map(|letter| [0x09, 1, letter, 1, letter]).collect();
        [vec![0x40, 1, b'r'], letters[..50].to_vec(), records.concat(), vec![0x01]].concat()
    });
    let rooted = rooted.boxed();
    let damaged =
        (rooted.clone(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut bytes, at, byte)| {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes
        });
    prop_oneof![1 => free, 3 => rooted, 2 => damaged, 1 => vec(any::<u8>(), 0..60)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

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
        while let Ok(Some(record)) = records.next() {
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
        while let Ok(Some(event)) = reader.next() {
            // White space around the root is not written, an empty text is nothing, and the writer has its own order of declarations.
            let root = reader.depth() == 0;
            if !matches!(event, Event::Text(value) if root || value.text().is_empty()) && !matches!(event, Event::Namespace { .. }) {
                summary(&mut events, &event);
            }
            prop_assert_eq!(writer.event(&event), Ok(()));
        }
        if let Ok(None) = reader.next() {
            let message = writer.finish().unwrap();
            let mut received = SessionTable::new();
            let at = received.read(&message).unwrap();
            let mut again = read(&message[at..], Dictionaries::session(&received), &limits()).unwrap();
            again.retain(|event| !event.starts_with("xmlns:"));
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
        reader.next().unwrap();
        let text = if attribute {
            match reader.next().unwrap() {
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
        reader.next().unwrap();
        for text in &texts {
            reader.next().unwrap();
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

fn value() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(Value::Int32),
        any::<i64>().prop_map(Value::Int64),
        any::<u64>().prop_map(Value::UInt64),
        any::<f32>().prop_map(Value::Float),
        any::<f64>().prop_map(Value::Double),
        any::<f32>().prop_map(|number| Value::Double(f64::from(number))),
        (any::<bool>(), 0..1u128 << 96, 0u8..=28).prop_map(|(negative, digits, scale)| Value::Decimal(
            Decimal::new(negative, digits, scale).unwrap()
        )),
        (0..=DateTime::MAX_TICKS, 0u64..4)
            .prop_map(|(ticks, kind)| Value::DateTime(DateTime::from_bits(kind << 62 | ticks).unwrap())),
        any::<i64>().prop_map(|ticks| Value::TimeSpan(TimeSpan(ticks))),
        any::<u128>().prop_map(|bits| Value::Uuid(Uuid::from_u128(bits))),
        any::<u128>().prop_map(|bits| Value::UniqueId(Uuid::from_u128(bits))),
        (0u16..487).prop_map(|index| Value::Dictionary(static_string(index).unwrap())),
        (0u16..487, b'a'..=b'z')
            .prop_map(|(index, letter)| Value::QName { letter, local: static_string(index).unwrap() }),
    ]
}
