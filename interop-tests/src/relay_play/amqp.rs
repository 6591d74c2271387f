//! AMQP 1.0 as it stands on a control link: frames and the values in them. Relay page 2.1 to 2.5.

/// Performatives and SASL frames by their descriptor. [AMQP 2.7, 5.3.3]
pub(super) const OPEN: u64 = 0x10;
pub(super) const BEGIN: u64 = 0x11;
pub(super) const ATTACH: u64 = 0x12;
pub(super) const FLOW: u64 = 0x13;
pub(super) const TRANSFER: u64 = 0x14;
pub(super) const DISPOSITION: u64 = 0x15;
pub(super) const DETACH: u64 = 0x16;
pub(super) const END: u64 = 0x17;
pub(super) const CLOSE: u64 = 0x18;
pub(super) const SASL_MECHANISMS: u64 = 0x40;
pub(super) const SASL_INIT: u64 = 0x41;
pub(super) const SASL_OUTCOME: u64 = 0x44;
/// The section that holds a message's bytes. [AMQP 3.2.6]
const DATA: u64 = 0x75;

/// One piece of the byte stream.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    /// As it stands.
    pub(super) raw: Vec<u8>,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// `AMQP`, a protocol id (3: SASL) and a version.
    Header(u8),
    /// A frame without a body: a sign of life.
    Empty,
    Frame {
        performative: u64,
        fields: Vec<Value>,
        /// What stands behind the performative: the message of a transfer.
        payload: Vec<u8>,
    },
}

impl Item {
    /// The performative; nothing for headers and empty frames.
    pub(super) fn performative(&self) -> Option<u64> {
        match &self.kind {
            Kind::Frame { performative, .. } => Some(*performative),
            Kind::Header(_) | Kind::Empty => None,
        }
    }

    /// A field by its place; fields that were left out are null.
    pub(super) fn field(&self, at: usize) -> Value {
        match &self.kind {
            Kind::Frame { fields, .. } => fields.get(at).cloned().unwrap_or(Value::Null),
            Kind::Header(_) | Kind::Empty => Value::Null,
        }
    }

    /// The bytes of the one data section of a transfer.
    pub(super) fn payload(&self) -> &[u8] {
        match &self.kind {
            Kind::Frame { payload, .. } => payload,
            Kind::Header(_) | Kind::Empty => &[],
        }
    }
}

/// A value. What no control link carries is kept as it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(u64),
    Symbol(String),
    Text(String),
    Binary(Vec<u8>),
    List(Vec<Self>),
    Map(Vec<Self>),
    Array(Vec<Self>),
    Described(u64, Box<Self>),
    Other(u8, Vec<u8>),
}

impl Value {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Symbol(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The fields of a described list: a source, a target, an error.
    pub(super) fn fields(&self) -> &[Self] {
        match self {
            Self::Described(_, value) => match &**value {
                Self::List(fields) => fields,
                _ => &[],
            },
            _ => &[],
        }
    }

    /// The value of a key of a map.
    pub(super) fn of(&self, key: &str) -> Option<&Self> {
        let Self::Map(pairs) = self else { return None };
        pairs.chunks(2).find(|pair| pair[0].text() == Some(key)).map(|pair| &pair[1])
    }
}

/// The first item; nothing when it is not all there yet.
pub(super) fn item(bytes: &[u8]) -> Option<Item> {
    let head: &[u8; 8] = bytes.first_chunk()?;
    if head.starts_with(b"AMQP") {
        assert_eq!(head[5..], [1, 0, 0], "AMQP 1.0.0");
        return Some(Item { raw: head.to_vec(), kind: Kind::Header(head[4]) });
    }
    let size = u32::from_be_bytes(*bytes.first_chunk().expect("four of eight")) as usize;
    assert!((8..=1 << 16).contains(&size), "a frame of {size} bytes");
    let raw = bytes.get(..size)?.to_vec();
    let body = usize::from(head[4]) * 4;
    let mut reader = Reader { bytes: &raw, at: body };
    if body == size {
        return Some(Item { raw, kind: Kind::Empty });
    }
    let Value::Described(performative, value) = reader.value() else {
        panic!("no performative in {raw:02x?}")
    };
    let Value::List(fields) = *value else { panic!("a performative is a list: {raw:02x?}") };
    let payload = raw[reader.at..].to_vec();
    Some(Item { kind: Kind::Frame { performative, fields, payload }, raw })
}

/// All items of a recorded direction, which ends with a whole one.
pub(super) fn items(mut bytes: &[u8]) -> Vec<Item> {
    let mut items = Vec::new();
    while !bytes.is_empty() {
        let item = item(bytes).unwrap_or_else(|| panic!("{bytes:02x?} is no whole frame"));
        bytes = &bytes[item.raw.len()..];
        items.push(item);
    }
    items
}

/// The bytes of a message that is exactly one data section, as the library reads it. Relay page 2.4.
pub(super) fn data(message: &[u8]) -> Vec<u8> {
    let mut reader = Reader { bytes: message, at: 0 };
    let Value::Described(DATA, value) = reader.value() else { panic!("no data section: {message:02x?}") };
    let Value::Binary(bytes) = *value else { panic!("a data section holds bytes: {message:02x?}") };
    assert_eq!(reader.at, message.len(), "a second section stands behind the first");
    bytes
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Value {
        match self.byte() {
            0x00 => {
                let Value::Number(descriptor) = self.value() else { panic!("descriptors are numbers here") };
                Value::Described(descriptor, Box::new(self.value()))
            }
            code => self.of(code),
        }
    }

    fn of(&mut self, code: u8) -> Value {
        match code {
            0x40 => Value::Null,
            0x41 => Value::Bool(true),
            0x42 => Value::Bool(false),
            0x56 => Value::Bool(self.byte() == 1),
            0x43 | 0x44 => Value::Number(0),
            0x50 | 0x52 | 0x53 => Value::Number(self.number(1)),
            0x60 => Value::Number(self.number(2)),
            0x70 => Value::Number(self.number(4)),
            0x80 => Value::Number(self.number(8)),
            0x45 => Value::List(Vec::new()),
            0xa0 | 0xa1 | 0xa3 => self.variable(code, 1),
            0xb0 | 0xb1 | 0xb3 => self.variable(code, 4),
            0xc0 => Value::List(self.compound(1)),
            0xd0 => Value::List(self.compound(4)),
            0xc1 => Value::Map(self.compound(1)),
            0xd1 => Value::Map(self.compound(4)),
            0xe0 => self.array(1),
            0xf0 => self.array(4),
            0x51 | 0x54 | 0x55 => Value::Other(code, self.take(1)),
            0x61 => Value::Other(code, self.take(2)),
            0x71..=0x74 => Value::Other(code, self.take(4)),
            0x81..=0x84 => Value::Other(code, self.take(8)),
            0x94 | 0x98 => Value::Other(code, self.take(16)),
            _ => panic!("constructor {code:#04x} at {}: {:02x?}", self.at, self.bytes),
        }
    }

    fn variable(&mut self, code: u8, width: usize) -> Value {
        let length = self.number(width) as usize;
        let bytes = self.take(length);
        match code & 0x0f {
            0 => Value::Binary(bytes),
            1 => Value::Text(String::from_utf8(bytes).expect("UTF-8")),
            _ => Value::Symbol(String::from_utf8(bytes).expect("ASCII")),
        }
    }

    fn compound(&mut self, width: usize) -> Vec<Value> {
        let size = self.number(width) as usize;
        let end = self.at + size;
        let count = self.number(width);
        let values = (0..count).map(|_| self.value()).collect();
        assert_eq!(self.at, end, "a size that is not the size");
        values
    }

    fn array(&mut self, width: usize) -> Value {
        let size = self.number(width) as usize;
        let end = self.at + size;
        let count = self.number(width);
        let code = self.byte();
        let values = (0..count).map(|_| self.of(code)).collect();
        assert_eq!(self.at, end, "a size that is not the size");
        Value::Array(values)
    }

    fn byte(&mut self) -> u8 {
        self.number(1) as u8
    }

    fn number(&mut self, width: usize) -> u64 {
        self.take(width).iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let bytes = self.bytes.get(self.at..self.at + length);
        let bytes = bytes.unwrap_or_else(|| panic!("{length} bytes are not there: {:02x?}", self.bytes));
        self.at += length;
        bytes.to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay_play::Recording;

    #[test]
    fn reads_the_frames_of_a_recorded_listener() {
        let sent = items(&Recording::open("v2.7.5/renew-v2.7.5").sent("001-5671"));

        let performatives: Vec<Option<u64>> = sent.iter().map(Item::performative).collect();
        let head =
            [None, Some(SASL_INIT), None, Some(OPEN), Some(BEGIN), Some(ATTACH), Some(ATTACH), Some(FLOW)];
        assert_eq!(performatives[..8], head);
        assert_eq!(performatives[8..], [FLOW, FLOW, FLOW, FLOW, DETACH, DETACH, END, CLOSE].map(Some));
        assert_eq!(sent[6].field(5).fields()[0].text(), Some("sb://contoso.servicebus.windows.net/echo/"));
        assert!(sent[8].field(10).of("com.microsoft:swt").is_some());
    }

    #[test]
    fn waits_for_the_rest_of_a_frame() {
        let sent = Recording::open("v2.7.5/renew-v2.7.5").sent("001-5671");

        assert!(item(&sent[8..33]).is_none());
        assert!(item(&sent[8..34]).is_some());
    }
}
