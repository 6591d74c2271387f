//! Binary XML against bytes that Microsoft's reader and writer read and wrote: the vectors of `fixtures/binxml`.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::Value;
use viaduct::wire::binxml::{
    DecodeError, Dictionaries, Ids, Limits, OutgoingTable, Reader, Records, SessionTable, Writer,
    static_string,
};
use viaduct::wire::xml::{Content, NotA, Runtime};

#[path = "binxml_vectors/limits.rs"]
mod limits;
#[path = "binxml_vectors/program.rs"]
mod program;
#[path = "binxml_vectors/recordings.rs"]
mod recordings;
#[path = "binxml_vectors/support.rs"]
mod support;

use support::{bytes, canonical, vectors};

/// What a vector's ids are of: the strings of a session that were sent before.
fn session_of(vector: &Value) -> SessionTable {
    let mut table = Vec::new();
    for string in vector["session"].as_array().into_iter().flatten() {
        let string = string.as_str().unwrap();
        viaduct::wire::int31::encode(string.len() as u32, &mut table);
        table.extend_from_slice(string.as_bytes());
    }
    let mut message = Vec::new();
    viaduct::wire::int31::encode(table.len() as u32, &mut message);
    message.extend_from_slice(&table);
    let mut session = SessionTable::new();
    session.read(&message).unwrap();
    session
}

fn dictionaries<'a>(vector: &Value, session: &'a SessionTable) -> Dictionaries<'a> {
    match vector["dictionary"].as_str().unwrap() {
        "none" => Dictionaries::NONE,
        "static" => Dictionaries::STATIC,
        "session" => Dictionaries::session(session),
        other => panic!("dictionary {other}"),
    }
}

#[test]
fn documents_read_as_the_text_that_microsofts_reader_shows() {
    let mut seen = 0;
    for file in ["structure", "session", "text", "list", "sequence", "array", "transcode", "writer"] {
        for vector in vectors(file) {
            let Some(xml) = vector["xml"].as_str() else { continue };
            let mut session = session_of(&vector);
            if let Some(strings) = vector.get("new_strings") {
                session = session_of(&serde_json::json!({ "session": strings }));
            }
            let document = bytes(&vector["hex"]);
            let dictionaries = dictionaries(&vector, &session);
            let read = canonical(&document, dictionaries, &Limits::default(), Runtime::Net8);
            assert_eq!(read.as_deref(), Ok(xml), "{file}: {}", vector["name"]);
            if let Some(xml) = vector["xml_framework"].as_str() {
                let read = canonical(&document, dictionaries, &Limits::default(), Runtime::Framework);
                assert_eq!(read.as_deref(), Ok(xml), "{file}: {}", vector["name"]);
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 44 + 6 + 214 + 11 + 5 + 15 + 15 + 135);
}

#[test]
fn records_have_the_names_of_the_vectors_and_encode_to_the_same_bytes() {
    for file in ["structure", "session", "text", "list", "sequence", "array", "transcode", "writer"] {
        for vector in vectors(file) {
            let document = bytes(&vector["hex"]);
            let (mut names, mut encoded) = (Vec::new(), Vec::new());
            let mut records = Records::new(&document);
            while let Some(record) = records.next_record().unwrap() {
                record.names(|name| names.push(name.to_string()));
                record.encode(&mut encoded);
            }
            assert_eq!(serde_json::json!(names), vector["records"], "{file}: {}", vector["name"]);
            if vector["minimal"] != false {
                assert_eq!(encoded, document, "{file}: {}", vector["name"]);
            }
        }
    }
}

#[test]
fn malformed_documents_are_refused_with_their_class() {
    for vector in vectors("malformed") {
        let session = session_of(&vector);
        let mut limits = Limits::default();
        if let Some(depth) = vector["max_depth"].as_u64() {
            limits.depth = depth as u32;
        }
        let document = bytes(&vector["hex"]);
        let read = canonical(&document, dictionaries(&vector, &session), &limits, Runtime::Net8);
        assert_eq!(
            read.map_err(|error| error.class()),
            Err(vector["error"].as_str().unwrap()),
            "{}",
            vector["name"]
        );
    }
}

#[test]
fn sessions_keep_their_strings_from_message_to_message() {
    for vector in vectors("nbfse") {
        let bytes_of_session = vector["cap"].as_u64().map_or(SessionTable::DEFAULT_BYTES, |cap| cap as usize);
        let mut session = SessionTable::with_limits(bytes_of_session, SessionTable::DEFAULT_ENTRIES);
        for message in vector["messages"].as_array().unwrap() {
            let payload = bytes(&message["hex"]);
            let before = session.len();
            let read = session.read(&payload).and_then(|at| {
                canonical(&payload[at..], Dictionaries::session(&session), &Limits::default(), Runtime::Net8)
            });
            match message["error"].as_str() {
                Some(class) => {
                    assert_eq!(read.map_err(|error| error.class()), Err(class), "{}", vector["name"])
                }
                None => {
                    assert_eq!(read.as_deref(), Ok(message["xml"].as_str().unwrap()), "{}", vector["name"]);
                    let new: Vec<_> = (before..session.len()).map(|index| session.string(index)).collect();
                    assert_eq!(serde_json::json!(new), message["new_strings"], "{}", vector["name"]);
                }
            }
        }
    }
}

#[test]
fn the_static_dictionary_is_that_of_the_vectors() {
    let strings = support::json("nbfs-dictionary");
    let strings = strings.as_object().unwrap();
    assert_eq!(strings.len(), 487);
    for (id, string) in strings {
        let id: u16 = id.parse().unwrap();
        assert_eq!(static_string(id / 2).unwrap().text, string.as_str().unwrap());
    }
    assert_eq!(static_string(487), None);
}

#[test]
fn a_reader_goes_on_failing_the_same_way() {
    for vector in vectors("malformed") {
        let session = session_of(&vector);
        let document = bytes(&vector["hex"]);
        let mut reader = Reader::new(
            &document,
            dictionaries(&vector, &session),
            Limits { depth: 32, ..Limits::default() },
        );
        let error: DecodeError = loop {
            if let Err(error) = reader.next_event() {
                break error;
            }
        };
        assert_eq!(reader.next_event(), Err(error));
        assert_eq!(reader.next_event(), Err(error));
    }
}

#[test]
fn calls_write_the_bytes_that_microsofts_writers_write() {
    for vector in vectors("writer") {
        for (runtime, key) in [(Runtime::Net8, "hex"), (Runtime::Framework, "hex_framework")] {
            let hex = vector.get(key).unwrap_or(&vector["hex"]);
            let mut table = vector["quota"].as_u64().map(|quota| OutgoingTable::new(quota as usize));
            let ids = table.as_mut().map_or(Ids::Static, Ids::Session);
            let mut writer = Writer::new(ids, runtime);
            for op in vector["ops"].as_array().unwrap() {
                program::run(&mut writer, op);
            }
            let written = writer.finish().unwrap();
            let at = if table.is_some() { SessionTable::new().read(&written).unwrap() } else { 0 };
            assert_eq!(support::hex(&written[at..]), hex.as_str().unwrap(), "{}: {key}", vector["name"]);
            if let Some(table) = table {
                let strings: Vec<_> = table.strings().collect();
                assert_eq!(serde_json::json!(strings), vector["new_strings"], "{}", vector["name"]);
            }
        }
    }
}

#[test]
fn text_is_copied_to_the_bytes_that_microsofts_writer_makes_of_it() {
    for vector in vectors("transcode") {
        let mut writer = Writer::new(Ids::Static, Runtime::Net8);
        program::copy(vector["source_xml"].as_str().unwrap(), &mut writer);
        let written = writer.finish().unwrap();
        assert_eq!(support::hex(&written), vector["hex"].as_str().unwrap(), "{}", vector["name"]);
    }
}

#[test]
fn typed_reads_return_or_refuse_what_microsofts_reader_does() {
    for vector in vectors("typed-reads") {
        let document = bytes(&vector["hex"]);
        let mut reader = Reader::new(&document, Dictionaries::STATIC, Limits::default());
        reader.next_event().unwrap();
        let content = reader.content().unwrap();
        let read = typed(&content, vector["typed_read"].as_str().unwrap());
        assert_eq!(read.as_deref().ok(), vector["value"].as_str(), "{}", vector["name"]);
        assert_eq!(read.is_err(), vector.get("dotnet_error").is_some(), "{}", vector["name"]);
        assert_eq!(reader.next_event(), Ok(None), "{}", vector["name"]);
    }
}

/// A typed read, printed as the vectors print it.
fn typed(content: &Content<'_>, kind: &str) -> Result<String, NotA> {
    let float = |text: String| text.replace("inf", "Infinity");
    Ok(match kind {
        "int" => content.to_i32()?.to_string(),
        "long" => content.to_i64()?.to_string(),
        "ulong" => content.to_u64()?.to_string(),
        "bool" => (if content.to_bool()? { "True" } else { "False" }).to_owned(),
        "float" => float(content.to_f32()?.to_string()),
        "double" => float(content.to_f64()?.to_string()),
        "decimal" => content.to_decimal()?.to_string(),
        "datetime" => {
            let time = content.to_date_time()?;
            format!("{}/{:?}", time.ticks(), time.kind())
        }
        "timespan" => content.to_time_span()?.0.to_string(),
        "guid" => content.to_uuid()?.to_string(),
        "uniqueid" => content.to_unique_id()?.into_owned(),
        "bytes" => support::hex(&content.to_bytes()?),
        "string" => content.text().into_owned(),
        other => panic!("typed read {other}"),
    })
}
