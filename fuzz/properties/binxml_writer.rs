//! A writer of binary XML that is told anything: what it takes can be read, and says what it was told.

use uuid::Uuid;
use viaduct::wire::binxml::{
    ArrayItems, DecodeError, Dictionaries, Ids, Limits, OutgoingTable, Reader, SessionTable, WriteError,
    Writer, static_string,
};
use viaduct::wire::xml::{DateTime, Decimal, Event, Runtime, Str, TimeSpan, Value};

use super::options::{bit, choose, options};

/// A program of 4 KiB may name a string of a few bytes two thousand times.
pub const MEMORY: usize = 16 << 20;

/// Options: the writer and its ids. The rest is a program: a byte for each call, then what it is called with.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([writer, table], program) = options(input);
    let runtime = if bit(writer, 0) { Runtime::Framework } else { Runtime::Net8 };
    let mut outgoing = OutgoingTable::new(choose(table, [2048, 20, 0]));
    let ids = |outgoing| match writer >> 1 & 3 {
        0 => Ids::Static,
        1 => Ids::None,
        _ => Ids::Session(outgoing),
    };
    let in_session = writer >> 1 & 2 != 0;
    let told = run(Writer::new(ids(&mut outgoing), runtime), program, false);
    let Ok((told, written)) = told else {
        assert_eq!(outgoing.strings().len(), 0, "a message that was not finished leaves no trace");
        return;
    };
    if !in_session {
        // It does not matter when somebody takes what is ready.
        let piecewise = run(Writer::new(ids(&mut OutgoingTable::new(0)), runtime), program, true);
        assert_eq!(piecewise.map(|(_, written)| written), Ok(written.clone()));
    }
    let mut session = SessionTable::new();
    let (start, dictionaries) = match writer >> 1 & 3 {
        0 => (0, Dictionaries::STATIC),
        1 => (0, Dictionaries::NONE),
        _ => {
            let start = session.read(&written).expect("the table fits");
            assert_eq!(session.len(), outgoing.strings().len());
            (start, Dictionaries::session(&session))
        }
    };
    match said(&written[start..], dictionaries) {
        Ok(said) => assert_eq!(said, told),
        // Nobody counts for the writer what stands in a tag already.
        Err(DecodeError::DuplicateAttribute | DecodeError::ReservedPrefix) => {}
        Err(error) => panic!("{error}"),
    }
}

/// What a document says, but for prefixes: what they stand for counts.
type Told = Vec<Said>;

#[derive(Debug, Clone, PartialEq)]
enum Said {
    Start(String, String),
    Attribute(String, String, String),
    Text(String),
    Comment(String),
    End,
}

fn add_text(told: &mut Told, text: &str) {
    match told.last_mut() {
        _ if text.is_empty() => {}
        Some(Said::Text(last)) => last.push_str(text),
        _ => told.push(Said::Text(text.to_owned())),
    }
}

/// Reads a document.
fn said(document: &[u8], dictionaries: Dictionaries<'_>) -> Result<Told, DecodeError> {
    let limits = Limits {
        depth: u32::MAX,
        attributes: u32::MAX,
        start_tag: usize::MAX,
        namespaces: u32::MAX,
        name: usize::MAX,
        ..Limits::default()
    };
    let mut reader = Reader::new(document, dictionaries, limits);
    let mut told = Told::new();
    while let Some(event) = reader.next_event()? {
        match event {
            Event::Start(name) => told.push(Said::Start(name.local.to_string(), name.namespace.to_string())),
            Event::Attribute { name, value } => {
                told.push(Said::Attribute(
                    name.local.to_string(),
                    name.namespace.to_string(),
                    value.to_string(),
                ));
            }
            Event::Namespace { .. } => {}
            Event::Text(value) => add_text(&mut told, &value.text()),
            Event::Comment(text) => told.push(Said::Comment((*text).to_owned())),
            Event::End => told.push(Said::End),
        }
    }
    Ok(told)
}

/// Bytes that follow each other are one text, however they are cut into records.
fn flush(told: &mut Told, bytes: &mut Vec<u8>) {
    if !bytes.is_empty() {
        add_text(told, &Value::Bytes(&std::mem::take(bytes)).text());
    }
}

/// Runs a program and says what the document should say, and its bytes.
fn run(mut writer: Writer<'_>, program: &[u8], take: bool) -> Result<(Told, Vec<u8>), WriteError> {
    let mut program = Program { rest: program };
    let (mut told, mut bytes, mut attribute, mut open, mut taken) =
        (Told::new(), Vec::new(), None::<String>, Vec::new(), Vec::new());
    while let Some(call) = program.byte() {
        // Bytes end where anything else comes; an array may be none, and so may a text.
        if !matches!(call % 16, 8 | 9 | 12..) && attribute.is_none() {
            flush(&mut told, &mut bytes);
        }
        match call % 16 {
            0 | 1 => {
                let (prefix, local, namespace) = (program.prefix(), program.string(), program.string());
                writer.start_element(prefix, local, namespace)?;
                told.push(Said::Start(local.to_string(), namespace.to_string()));
                open.push(());
            }
            2 | 3 => {
                writer.end_element()?;
                told.push(Said::End);
                open.pop();
            }
            4 => {
                let (prefix, local, namespace) = (program.prefix(), program.string(), program.string());
                writer.start_attribute(prefix, local, namespace)?;
                attribute = Some(String::new());
                told.push(Said::Attribute(local.to_string(), namespace.to_string(), String::new()));
            }
            5 => {
                writer.end_attribute()?;
                if let (Some(text), Some(Said::Attribute(_, _, value))) = (attribute.take(), told.last_mut())
                {
                    *value = text;
                }
            }
            6 => writer.declare(program.prefix().unwrap_or_default(), program.string())?,
            7 => {
                let text = program.string();
                writer.comment(text.text)?;
                told.push(Said::Comment(text.to_string()));
            }
            8 => {
                let more = program.bytes();
                // What they are joined to in an attribute decides what their text is.
                if attribute.is_none() {
                    writer.bytes(more)?;
                    bytes.extend_from_slice(more);
                }
            }
            9 => {
                let text = program.string();
                if attribute.is_none() && !text.is_empty() {
                    flush(&mut told, &mut bytes);
                }
                writer.text(text.text)?;
                add(&mut told, &mut attribute, text.text);
            }
            10 => {
                let uri = format!("urn:uuid:{}", Uuid::from_u128(program.bits()));
                writer.unique_id(&uri)?;
                add(&mut told, &mut attribute, &uri);
            }
            11 => {
                let items: Vec<Value<'_>> =
                    (0..program.byte().unwrap_or(0) % 4).map(|_| program.value()).collect();
                writer.list(&items)?;
                let text: Vec<String> = items.iter().map(ToString::to_string).collect();
                add(&mut told, &mut attribute, &text.join(" "));
            }
            12 => array(&mut writer, &mut program, &mut told, &mut bytes)?,
            13 if take => writer.take(&mut taken),
            13 => {}
            _ => {
                let value = program.value();
                if attribute.is_none() && !value.is_no_text() {
                    flush(&mut told, &mut bytes);
                }
                writer.value(&value)?;
                add(&mut told, &mut attribute, &value.text());
            }
        }
    }
    flush(&mut told, &mut bytes);
    // Programs need not end what they began.
    if attribute.is_some() {
        writer.end_attribute()?;
        if let (Some(text), Some(Said::Attribute(_, _, value))) = (attribute, told.last_mut()) {
            *value = text;
        }
    }
    for () in open {
        writer.end_element()?;
        told.push(Said::End);
    }
    taken.extend_from_slice(&writer.finish()?);
    Ok((told, taken))
}

fn add(told: &mut Told, attribute: &mut Option<String>, text: &str) {
    match attribute {
        Some(value) => value.push_str(text),
        None => add_text(told, text),
    }
}

fn array(
    writer: &mut Writer<'_>,
    program: &mut Program<'_>,
    told: &mut Told,
    bytes: &mut Vec<u8>,
) -> Result<(), WriteError> {
    let (prefix, local, namespace) = (program.prefix(), program.string(), program.string());
    let kind = program.byte().unwrap_or(0);
    let count = usize::from(program.byte().unwrap_or(0) % 8);
    let texts: Vec<String> = match kind % 6 {
        0 => {
            let items: Vec<bool> = (0..count).map(|_| program.bits() & 1 == 1).collect();
            writer.array(prefix, local, namespace, ArrayItems::Bool(&items))?;
            items.iter().map(ToString::to_string).collect()
        }
        1 => {
            let items: Vec<i16> = (0..count).map(|_| program.bits() as i16).collect();
            writer.array(prefix, local, namespace, ArrayItems::Int16(&items))?;
            items.iter().map(ToString::to_string).collect()
        }
        2 => {
            let items: Vec<i64> = (0..count).map(|_| program.bits() as i64).collect();
            writer.array(prefix, local, namespace, ArrayItems::Int64(&items))?;
            items.iter().map(ToString::to_string).collect()
        }
        3 => {
            let items: Vec<Decimal> =
                (0..count).filter_map(|_| Decimal::new(false, program.bits() >> 40, kind >> 3)).collect();
            writer.array(prefix, local, namespace, ArrayItems::Decimal(&items))?;
            items.iter().map(ToString::to_string).collect()
        }
        4 => {
            let items: Vec<TimeSpan> = (0..count).map(|_| TimeSpan(program.bits() as i64)).collect();
            writer.array(prefix, local, namespace, ArrayItems::TimeSpan(&items))?;
            items.iter().map(ToString::to_string).collect()
        }
        _ => {
            let items: Vec<Uuid> = (0..count).map(|_| Uuid::from_u128(program.bits())).collect();
            writer.array(prefix, local, namespace, ArrayItems::Uuid(&items))?;
            items.iter().map(ToString::to_string).collect()
        }
    };
    for text in texts {
        flush(told, bytes);
        told.push(Said::Start(local.to_string(), namespace.to_string()));
        add_text(told, &text);
        told.push(Said::End);
    }
    Ok(())
}

/// What is left of a program; where it ends there are zeros.
struct Program<'a> {
    rest: &'a [u8],
}

/// Strings that a program can name in a byte.
const STRINGS: [&str; 8] =
    ["", "a", "urn:1", "http://www.w3.org/XML/1998/namespace", "xmlns", "\u{e4}\u{20ac}", "0", "1"];

impl<'a> Program<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Bytes behind their number.
    fn bytes(&mut self) -> &'a [u8] {
        let size = usize::from(self.byte().unwrap_or(0)).min(self.rest.len());
        let (bytes, rest) = self.rest.split_at(size);
        self.rest = rest;
        bytes
    }

    /// A number of few bytes.
    fn bits(&mut self) -> u128 {
        self.bytes().iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(*byte))
    }

    /// None, or one: a letter, or something longer.
    fn prefix(&mut self) -> Option<&'a str> {
        const PREFIXES: [&str; 8] = ["", "a", "b", "z", "xml", "xmlns", "long", "A"];
        let choice = self.byte().unwrap_or(0);
        (choice < 0xc0).then_some(PREFIXES[usize::from(choice % 8)])
    }

    /// A string of its own, of the static dictionary, or of another one.
    fn string(&mut self) -> Str<'a> {
        match self.byte().unwrap_or(0) {
            choice @ 0..0x60 => Str::plain(STRINGS[usize::from(choice % 8)]),
            choice @ 0x60..0x80 => Str::dictionary(STRINGS[usize::from(choice % 8)]),
            choice @ 0x80..0xf0 => static_string(u16::from(choice) * 4 - 0x200).unwrap_or(Str::plain("")),
            _ => Str::plain(self.text()),
        }
    }

    fn text(&mut self) -> &'a str {
        let bytes = self.bytes();
        let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
        std::str::from_utf8(&bytes[..valid]).unwrap_or_default()
    }

    /// A value whose text survives: of numbers with a fraction those that are a single as well.
    fn value(&mut self) -> Value<'a> {
        let kind = self.byte().unwrap_or(0);
        if kind % 20 >= 14 {
            return match kind % 20 {
                14 => Value::Chars(self.text()),
                15 => Value::Dictionary(self.string()),
                16 => Value::QName { letter: b'a' + kind / 20, local: self.string() },
                17 => Value::Empty,
                18 => Value::One,
                _ => Value::False,
            };
        }
        let bits = self.bits();
        match kind % 20 {
            0 => Value::Bool(bits & 1 == 1),
            1 => Value::Int8(bits as i8),
            2 => Value::Int16(bits as i16),
            3 => Value::Int32(bits as i32),
            4 => Value::Int64(bits as i64),
            5 => Value::UInt64(bits as u64),
            6 => Value::Float(f32::from(bits as i16) / 4.0),
            7 => Value::Double(f64::from(bits as i16) / 4.0),
            8 => Decimal::new(bits & 1 == 1, bits >> 40, kind / 20).map_or(Value::Zero, Value::Decimal),
            9 => DateTime::from_bits(bits as u64).map_or(Value::True, Value::DateTime),
            10 => Value::TimeSpan(TimeSpan(bits as i64)),
            11 => Value::Uuid(Uuid::from_u128(bits)),
            12 => Value::UniqueId(Uuid::from_u128(bits)),
            _ => Value::Zero,
        }
    }
}
