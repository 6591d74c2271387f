//! Which bytes of binary XML are strings: enough of [MC-NBFX] to take secrets out and leave the records whole.

use super::int31::{Int31, Size};
use super::scanner::Scanner;

/// Walks the records of one envelope as they come.
#[derive(Debug)]
pub(super) struct Binary {
    state: State,
    /// What else belongs to the record that is being read, the next last.
    fields: Vec<Field>,
    /// Whether the string before was a text that may go on in the next record.
    text: bool,
    array: Array,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The size of the string table comes next.
    TableSize(Int31),
    /// The size of a string in the table, of which so many bytes are left.
    TableString(Int31, u32),
    /// A string of it, then the rest of the table.
    TableText(u32, u32),
    /// A record's type comes next.
    Record,
    /// The next of `fields` comes.
    Field(Field),
    /// Bytes of a string.
    Text(u32),
    /// Bytes that are no string.
    Skip(u64),
    /// Nothing more can be told apart.
    Lost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    /// The type of a value.
    Value,
    /// A size and a string.
    String(Int31),
    /// A number.
    Number(Int31),
    /// A length of so many bytes, low ones first, its shift and value so far, then bytes that may be text.
    Length { bytes: u8, shift: u8, length: u32 },
    /// The type of an array's items.
    Items,
    /// How many there are, of so many bytes each.
    Count(Int31, u8),
    /// Bytes of a fixed number.
    Fixed(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Array {
    No,
    /// Its element is being read.
    Tag,
}

impl Binary {
    /// The beginning of an envelope, behind a string table where the encoding has one.
    pub(super) fn new(has_table: bool) -> Self {
        let state = if has_table { State::TableSize(Int31::default()) } else { State::Record };
        Self { state, fields: Vec::new(), text: false, array: Array::No }
    }

    /// Takes secrets out of the next bytes of the envelope. `scanner` is one of strings.
    pub(super) fn scrub(&mut self, mut bytes: &mut [u8], scanner: &mut Scanner, lost: &mut Scanner) {
        while let [first, ..] = bytes {
            let byte = *first;
            let used = match self.state {
                State::Text(left) => {
                    let size = bytes.len().min(left as usize);
                    scanner.scan(&mut bytes[..size]);
                    self.state = self.after(u64::from(left), size, |left| State::Text(left as u32));
                    size
                }
                State::TableText(left, rest) => {
                    let size = bytes.len().min(left as usize);
                    scanner.scan(&mut bytes[..size]);
                    let left = left - size as u32;
                    self.state = if left > 0 { State::TableText(left, rest) } else { table(rest) };
                    size
                }
                State::Skip(left) => {
                    let size = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                    self.state = self.after(left, size, State::Skip);
                    size
                }
                State::Lost => {
                    lost.scan(bytes);
                    return;
                }
                state => {
                    self.state = self.byte(state, byte, scanner);
                    1
                }
            };
            bytes = &mut bytes[used..];
        }
    }

    fn byte(&mut self, state: State, byte: u8, scanner: &mut Scanner) -> State {
        match state {
            State::TableSize(number) => match number.push(byte) {
                Size::More(number) => State::TableSize(number),
                Size::Is(size) => table(size),
                Size::Bad => State::Lost,
            },
            State::TableString(number, rest) => {
                let Some(rest) = rest.checked_sub(1) else { return State::Lost };
                match number.push(byte) {
                    Size::More(number) => State::TableString(number, rest),
                    Size::Is(size) if size > rest => State::Lost,
                    Size::Is(0) => table(rest),
                    Size::Is(size) => {
                        scanner.boundary();
                        State::TableText(size, rest - size)
                    }
                    Size::Bad => State::Lost,
                }
            }
            State::Field(field) => self.field(field, byte, scanner),
            // The caller moves the bytes of the other states.
            _ => self.record(byte, scanner),
        }
    }

    /// Begins the record of this type.
    fn record(&mut self, kind: u8, scanner: &mut Scanner) -> State {
        let is_text = matches!(kind, 0x80..=0xbd);
        if !(is_text && self.text) {
            scanner.boundary();
        }
        self.text = is_text && kind & 1 == 0;
        let string = Field::String(Int31::default());
        let number = Field::Number(Int31::default());
        let (fields, array): (&[Field], Array) = match kind {
            0x01 if self.array == Array::Tag => (&[Field::Items], Array::No),
            0x01 => (&[], Array::No),
            0x02 => (&[string], Array::No),
            0x03 => (&[], Array::Tag),
            0x04 | 0x26..=0x3f => (&[Field::Value, string], self.array),
            0x05 => (&[Field::Value, string, string], self.array),
            0x06 | 0x0c..=0x25 => (&[Field::Value, number], self.array),
            0x07 => (&[Field::Value, number, string], self.array),
            0x08 => (&[string], self.array),
            0x09 => (&[string, string], self.array),
            0x0a => (&[number], self.array),
            0x0b => (&[number, string], self.array),
            0x40 | 0x5e..=0x77 => (&[string], self.array),
            0x41 => (&[string, string], self.array),
            0x42 | 0x44..=0x5d => (&[number], self.array),
            0x43 => (&[number, string], self.array),
            0x80..=0xbd => {
                self.array = Array::No;
                return self.value(kind);
            }
            _ => return State::Lost,
        };
        self.array = array;
        self.fields.extend_from_slice(fields);
        self.next()
    }

    /// What follows the type of a text record, [MC-NBFX] 2.2.3.
    fn value(&mut self, kind: u8) -> State {
        let length = |bytes| Field::Length { bytes, shift: 0, length: 0 };
        let field = match kind & !1 {
            // Items of a list are records of their own up to its end.
            0x80 | 0x82 | 0x84 | 0x86 | 0xa4 | 0xa6 | 0xa8 => return self.next(),
            0x88 | 0xb4 => Field::Fixed(1),
            0x8a => Field::Fixed(2),
            0x8c | 0x90 => Field::Fixed(4),
            0x8e | 0x92 | 0x96 | 0xae | 0xb2 => Field::Fixed(8),
            0x94 | 0xac | 0xb0 => Field::Fixed(16),
            0x98 | 0x9e | 0xb6 => length(1),
            0x9a | 0xa0 | 0xb8 => length(2),
            0x9c | 0xa2 | 0xba => length(4),
            0xaa => Field::Number(Int31::default()),
            // A prefix of one letter, then an id.
            0xbc => {
                self.fields.push(Field::Number(Int31::default()));
                Field::Fixed(1)
            }
            _ => return State::Lost,
        };
        self.fields.push(field);
        self.next()
    }

    fn field(&mut self, field: Field, byte: u8, scanner: &mut Scanner) -> State {
        match field {
            Field::Value if matches!(byte, 0x80..=0xbd) => {
                scanner.boundary();
                self.value(byte)
            }
            Field::Value => State::Lost,
            Field::String(number) => match number.push(byte) {
                Size::More(number) => State::Field(Field::String(number)),
                Size::Is(0) => self.next(),
                Size::Is(size) => {
                    scanner.boundary();
                    State::Text(size)
                }
                Size::Bad => State::Lost,
            },
            Field::Number(number) => match number.push(byte) {
                Size::More(number) => State::Field(Field::Number(number)),
                Size::Is(_) => self.next(),
                Size::Bad => State::Lost,
            },
            Field::Length { bytes, shift, length } => {
                let length = length | u32::from(byte) << shift;
                match (bytes, length) {
                    (1, 0) => self.next(),
                    (1, length) => State::Text(length),
                    _ => State::Field(Field::Length { bytes: bytes - 1, shift: shift + 8, length }),
                }
            }
            Field::Items => match byte {
                0xb5 => State::Field(Field::Count(Int31::default(), 1)),
                0x8b => State::Field(Field::Count(Int31::default(), 2)),
                0x8d | 0x91 => State::Field(Field::Count(Int31::default(), 4)),
                0x8f | 0x93 | 0x97 | 0xaf => State::Field(Field::Count(Int31::default(), 8)),
                0x95 | 0xb1 => State::Field(Field::Count(Int31::default(), 16)),
                _ => State::Lost,
            },
            Field::Count(number, size) => match number.push(byte) {
                Size::More(number) => State::Field(Field::Count(number, size)),
                Size::Is(0) => self.next(),
                Size::Is(count) => State::Skip(u64::from(count) * u64::from(size)),
                Size::Bad => State::Lost,
            },
            // This byte was one of them.
            Field::Fixed(1) => self.next(),
            Field::Fixed(size) => State::Skip(u64::from(size) - 1),
        }
    }

    fn next(&mut self) -> State {
        self.fields.pop().map_or(State::Record, State::Field)
    }

    fn after(&mut self, left: u64, size: usize, goes_on: impl Fn(u64) -> State) -> State {
        match left - size as u64 {
            0 => self.next(),
            left => goes_on(left),
        }
    }
}

fn table(left: u32) -> State {
    match left {
        0 => State::Record,
        left => State::TableString(Int31::default(), left),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::binxml::{Ids, Writer};
    use crate::wire::xml::{Runtime, TextReader, XmlLimits};

    fn binary(text: &str) -> Vec<u8> {
        let mut reader = TextReader::new(XmlLimits::default());
        reader.push(text.as_bytes());
        reader.finish();
        let mut writer = Writer::new(Ids::Static, Runtime::Net8);
        while let Some(event) = reader.next().unwrap() {
            writer.event(&event).unwrap();
        }
        writer.finish().unwrap()
    }

    fn scrubbed(mut bytes: Vec<u8>) -> Vec<u8> {
        let mut lost = Scanner::new();
        Binary::new(false).scrub(&mut bytes, &mut Scanner::of_strings(), &mut lost);
        bytes
    }

    #[test]
    fn a_secret_ends_with_its_string_even_where_a_letter_follows() {
        // The next record's type is 0x44, `D`, a letter that might be part of the token.
        let mut bytes = binary("<a><b>SharedAccessSignature sr=x&amp;sig=y</b></a>");
        let end = bytes.len() - 1;
        bytes.splice(end..end, [0x44, 0x00, 0x01]);
        let out = scrubbed(bytes.clone());
        assert_eq!(out.len(), bytes.len());
        assert_eq!(out[end..], bytes[end..]);
        assert!(out.windows(10).any(|ten| ten == b"AAAAAAAAAA"), "{out:02x?}");
        assert!(!out.windows(3).any(|three| three == b"sig"), "{out:02x?}");
    }

    #[test]
    fn documents_without_secrets_stay_as_they_are() {
        let text = "<a x='1' p:y='z' xmlns:p='urn:p'><p:b>text</p:b><!--c--><c>12</c><d>1.5</d></a>";
        assert_eq!(scrubbed(binary(text)), binary(text));
    }
}
