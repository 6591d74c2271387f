//! Values, each in the record that Microsoft's writer chooses for it (binary XML page, section 8).

use uuid::Uuid;

use super::record_type::RecordType;
use super::write_error::WriteError;
use super::writer::{AttributeValue, State, Writer, short_enough};
use crate::wire::xml::{Decimal, Runtime, Str, Value};

impl Writer<'_> {
    /// Writes a value: a piece of text of the innermost element, or of the attribute that is open.
    ///
    /// # Errors
    /// There is no element for it, or the value is too long.
    pub fn value(&mut self, value: &Value<'_>) -> Result<(), WriteError> {
        match value {
            Value::Bytes(bytes) => return self.bytes(bytes),
            Value::Utf16(_) => return self.chars_value(&value.text()),
            Value::Chars(text) => return self.chars_value(text),
            _ => {}
        }
        if let State::Attribute(attribute) = &mut self.state {
            match (&mut *attribute, value) {
                (AttributeValue::Empty, Value::Empty) => return Ok(()),
                (AttributeValue::Empty, Value::Dictionary(text)) => {
                    *attribute = AttributeValue::Dictionary(text.text.to_owned(), text.origin);
                    return Ok(());
                }
                (AttributeValue::Empty, _) => *attribute = AttributeValue::Written,
                // A second value is joined to the first as text.
                (_, _) => return self.chars_value(&value.text()),
            }
        } else {
            if value.is_no_text() {
                return self.no_text();
            }
            self.element_content()?;
        }
        self.record(value)
    }

    /// Writes the items of a list.
    ///
    /// # Errors
    /// There is no element for it, or a value is too long.
    pub fn list(&mut self, items: &[Value<'_>]) -> Result<(), WriteError> {
        match &mut self.state {
            State::Attribute(attribute @ AttributeValue::Empty) => *attribute = AttributeValue::Written,
            State::Attribute(_) => return Err(WriteError::TwoValues),
            State::Content | State::Tag => self.element_content()?,
        }
        self.items(items.iter().copied())
    }

    fn items<'v>(&mut self, items: impl Iterator<Item = Value<'v>>) -> Result<(), WriteError> {
        self.buffer.node(RecordType::START_LIST_TEXT);
        for item in items {
            match item {
                Value::Chars("") | Value::Empty => self.buffer.text_node(RecordType::EMPTY_TEXT),
                Value::Utf16(text) if text.as_bytes().is_empty() => {
                    self.buffer.text_node(RecordType::EMPTY_TEXT);
                }
                Value::List(_) => return Err(WriteError::TwoValues),
                // Without an id these are several texts, or none; an item is one.
                Value::QName { local, .. } if self.ids.id(local).is_none() => self.chars(&item.text()),
                Value::Dictionary(text) if text.is_empty() && self.ids.id(text).is_none() => {
                    self.buffer.text_node(RecordType::EMPTY_TEXT);
                }
                item => self.record(&item)?,
            }
        }
        self.buffer.node(RecordType::END_LIST_TEXT);
        Ok(())
    }

    fn element_content(&mut self) -> Result<(), WriteError> {
        self.content()?;
        if self.depth == 0 { Err(WriteError::RootText) } else { Ok(()) }
    }

    /// An empty text: Microsoft's writers do not even let it part the bytes before it from those behind it.
    fn no_text(&mut self) -> Result<(), WriteError> {
        match self.state {
            State::Content if self.depth > 0 => Ok(()),
            _ => self.element_content(),
        }
    }

    fn chars_value(&mut self, text: &str) -> Result<(), WriteError> {
        short_enough(text)?;
        let State::Attribute(attribute) = &mut self.state else {
            if text.is_empty() {
                return self.no_text();
            }
            self.element_content()?;
            self.chars(text);
            return Ok(());
        };
        match attribute {
            AttributeValue::Empty if text.is_empty() => {}
            AttributeValue::Empty => *attribute = AttributeValue::Text(text.to_owned()),
            AttributeValue::Text(before) | AttributeValue::Dictionary(before, _) => {
                let joined = std::mem::take(before) + text;
                *attribute = AttributeValue::Text(joined);
            }
            AttributeValue::Bytes(bytes) => {
                let joined = Value::Bytes(bytes).to_string() + text;
                *attribute = AttributeValue::Text(joined);
            }
            AttributeValue::Written => return Err(WriteError::TwoValues),
        }
        Ok(())
    }

    /// Writes bytes. Of several calls in one element each record but the last has a multiple of three bytes, so that their base64 joins.
    ///
    /// # Errors
    /// There is no element for it, or there are too many bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        if bytes.len() > i32::MAX as usize - 2 {
            return Err(WriteError::TooLong);
        }
        if let State::Attribute(attribute) = &mut self.state {
            match attribute {
                AttributeValue::Empty => *attribute = AttributeValue::Bytes(bytes.to_vec()),
                AttributeValue::Bytes(before) => before.extend_from_slice(bytes),
                _ => return self.chars_value(&Value::Bytes(bytes).text()),
            }
            return Ok(());
        }
        if self.state != State::Content {
            self.element_content()?;
        } else if self.depth == 0 {
            return Err(WriteError::RootText);
        }
        let total = self.tail.count + bytes.len();
        let rest = total % 3;
        if total < 3 {
            self.tail.bytes[self.tail.count..total].copy_from_slice(bytes);
            self.tail.count = total;
            return Ok(());
        }
        let (before, count) = self.tail.take();
        let (now, later) = bytes.split_at(bytes.len() - rest.min(bytes.len()));
        self.buffer.bytes(&before[..count], now);
        self.tail.bytes[..later.len()].copy_from_slice(later);
        self.tail.count = later.len();
        Ok(())
    }

    /// Writes the bytes that waited for more.
    pub(super) fn flush_tail(&mut self) {
        if self.tail.count > 0 {
            let (bytes, count) = self.tail.take();
            self.buffer.bytes(&bytes[..count], &[]);
        }
    }

    /// Writes a URI that may be the name of a message: the form with a GUID where the text is exactly that of one.
    ///
    /// # Errors
    /// There is no element for it.
    pub fn unique_id(&mut self, uri: &str) -> Result<(), WriteError> {
        let uuid = uri.strip_prefix("urn:uuid:").and_then(|text| Uuid::try_parse(text).ok());
        match uuid {
            Some(uuid) if uuid.to_string() == uri["urn:uuid:".len()..] => self.value(&Value::UniqueId(uuid)),
            _ => self.text(uri),
        }
    }

    /// Writes a qualified name with a prefix that stands for its namespace here.
    ///
    /// # Errors
    /// There is no element for it, or no such prefix and none can be declared any more.
    pub fn qname(&mut self, local: Str<'_>, namespace: Str<'_>) -> Result<(), WriteError> {
        let prefix = match self.scope.prefix(namespace.text) {
            Some(prefix) => {
                let prefix = prefix.to_owned();
                if self.state != State::Content {
                    self.scope.rely_on(&prefix);
                }
                prefix
            }
            None if self.state == State::Content => return Err(WriteError::NoPrefix),
            None => self.scope.invent(namespace, self.depth)?.to_owned(),
        };
        match prefix.as_bytes() {
            [] if local.origin == crate::wire::xml::Origin::Plain => self.text(local.text),
            [] => self.value(&Value::Dictionary(local)),
            [letter @ b'a'..=b'z'] => self.value(&Value::QName { letter: *letter, local }),
            _ => {
                self.text(&prefix)?;
                self.text(":")?;
                self.text(local.text)
            }
        }
    }

    /// The record of a value that has content.
    fn record(&mut self, value: &Value<'_>) -> Result<(), WriteError> {
        let buffer = &mut self.buffer;
        match *value {
            Value::Empty => buffer.text_node(RecordType::EMPTY_TEXT),
            Value::Zero => buffer.text_node(RecordType::ZERO_TEXT),
            Value::One => buffer.text_node(RecordType::ONE_TEXT),
            Value::False | Value::Bool(false) => buffer.text_node(RecordType::FALSE_TEXT),
            Value::True | Value::Bool(true) => buffer.text_node(RecordType::TRUE_TEXT),
            Value::Int8(number) => self.integer(i64::from(number)),
            Value::Int16(number) => self.integer(i64::from(number)),
            Value::Int32(number) => self.integer(i64::from(number)),
            Value::Int64(number) => self.integer(number),
            Value::UInt64(number) => match i64::try_from(number) {
                Ok(number) => self.integer(number),
                Err(_) => buffer.fixed(RecordType::UINT64_TEXT, number.to_le_bytes()),
            },
            Value::Float(number) => self.single(number),
            Value::Double(number) => self.double(number),
            Value::Decimal(number) => buffer.fixed(RecordType::DECIMAL_TEXT, decimal(number)),
            Value::DateTime(time) => buffer.fixed(RecordType::DATE_TIME_TEXT, time.bits().to_le_bytes()),
            Value::TimeSpan(span) => buffer.fixed(RecordType::TIME_SPAN_TEXT, span.0.to_le_bytes()),
            Value::Uuid(uuid) => buffer.fixed(RecordType::UUID_TEXT, uuid.to_bytes_le()),
            // .NET takes the nil GUID for no GUID.
            Value::UniqueId(uuid) if uuid.is_nil() => buffer.chars(&value.text()),
            Value::UniqueId(uuid) => buffer.fixed(RecordType::UNIQUE_ID_TEXT, uuid.to_bytes_le()),
            Value::Chars(text) => self.chars(text),
            Value::Utf16(_) => self.chars(&value.text()),
            Value::Bytes(bytes) => buffer.bytes(&[], bytes),
            Value::Dictionary(text) => self.dictionary_text(text),
            Value::QName { letter, local } => match self.ids.id(local) {
                Some(id) => {
                    self.buffer.text_node(RecordType::QNAME_DICTIONARY_TEXT);
                    self.buffer.byte(letter.wrapping_sub(b'a'));
                    self.buffer.int31(id);
                }
                None if matches!(self.state, State::Attribute(_)) => self.chars(&value.text()),
                None => {
                    self.chars(char::from(letter).encode_utf8(&mut [0; 4]));
                    self.chars(":");
                    if !local.text.is_empty() {
                        self.chars(local.text);
                    }
                }
            },
            Value::List(list) => self.items(list.iter())?,
        }
        Ok(())
    }

    /// A text that is not empty.
    pub(super) fn chars(&mut self, text: &str) {
        match text {
            "0" => self.buffer.text_node(RecordType::ZERO_TEXT),
            "1" => self.buffer.text_node(RecordType::ONE_TEXT),
            _ => self.buffer.chars(text),
        }
    }

    pub(super) fn dictionary_text(&mut self, text: Str<'_>) {
        match self.ids.id(text) {
            Some(id) => {
                self.buffer.text_node(RecordType::DICTIONARY_TEXT);
                self.buffer.int31(id);
            }
            None if text.is_empty() => {
                if self.state != State::Content {
                    self.buffer.text_node(RecordType::EMPTY_TEXT);
                }
            }
            None => self.chars(text.text),
        }
    }

    fn integer(&mut self, number: i64) {
        let buffer = &mut self.buffer;
        if number == 0 {
            buffer.text_node(RecordType::ZERO_TEXT);
        } else if number == 1 {
            buffer.text_node(RecordType::ONE_TEXT);
        } else if let Ok(number) = i8::try_from(number) {
            buffer.fixed(RecordType::INT8_TEXT, number.to_le_bytes());
        } else if let Ok(number) = i16::try_from(number) {
            buffer.fixed(RecordType::INT16_TEXT, number.to_le_bytes());
        } else if let Ok(number) = i32::try_from(number) {
            buffer.fixed(RecordType::INT32_TEXT, number.to_le_bytes());
        } else {
            buffer.fixed(RecordType::INT64_TEXT, number.to_le_bytes());
        }
    }

    /// A single that is a whole number is written as one, which loses the sign of zero.
    fn single(&mut self, number: f32) {
        let (least, end) = match self.runtime {
            Runtime::Net8 => (-32_768.0, 32_768.0),
            Runtime::Framework => (-9_223_372_036_854_775_808.0, 9_223_372_036_854_775_808.0),
        };
        if number >= least && number < end && number.trunc() == number {
            self.integer(number as i64);
        } else {
            self.buffer.fixed(RecordType::FLOAT_TEXT, number.to_le_bytes());
        }
    }

    /// A double that is a single is written as one.
    fn double(&mut self, number: f64) {
        let single = number as f32;
        let exact = f64::from(single) == number;
        if exact && (single.is_finite() || self.runtime == Runtime::Net8) {
            self.single(single);
        } else {
            self.buffer.fixed(RecordType::DOUBLE_TEXT, number.to_le_bytes());
        }
    }
}

/// [MC-NBFX] 2.3.1.11.
pub(super) fn decimal(number: Decimal) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[2] = number.scale();
    bytes[3] = if number.is_negative() { 0x80 } else { 0 };
    bytes[4..8].copy_from_slice(&((number.digits() >> 64) as u32).to_le_bytes());
    bytes[8..].copy_from_slice(&(number.digits() as u64).to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::binxml::{Dictionaries, Ids, Limits, Reader};
    use crate::wire::xml::Event;

    #[test]
    fn what_has_no_id_is_one_item_of_a_list_all_the_same() {
        let name = Value::QName { letter: b'q', local: Str::dictionary("name") };
        let items = [Value::One, name, Value::Dictionary(Str::dictionary("")), Value::Chars("x")];
        let mut writer = Writer::new(Ids::Static, Runtime::Net8);
        writer.start_element(None, Str::plain("v"), Str::plain("")).unwrap();
        writer.list(&items).unwrap();
        writer.end_element().unwrap();
        let document = writer.finish().unwrap();
        let mut reader = Reader::new(&document, Dictionaries::STATIC, Limits::default());
        reader.next_event().unwrap();
        let Some(Event::Text(Value::List(list))) = reader.next_event().unwrap() else { panic!("no list") };
        let texts: Vec<String> = list.iter().map(|item| item.to_string()).collect();
        assert_eq!(texts, ["1", "q:name", "", "x"]);
    }

    #[test]
    fn a_qualified_name_without_a_local_name_leaves_no_empty_text() {
        let mut writer = Writer::new(Ids::None, Runtime::Net8);
        writer.start_element(None, Str::plain("v"), Str::plain("")).unwrap();
        writer.value(&Value::QName { letter: b'q', local: Str::plain("") }).unwrap();
        writer.end_element().unwrap();
        assert_eq!(writer.finish().unwrap(), b"\x40\x01v\x98\x01q\x99\x01:");
    }

    #[test]
    fn an_empty_text_does_not_part_bytes() {
        for nothing in [Value::Chars(""), Value::Empty, Value::Dictionary(Str::dictionary(""))] {
            let mut writer = Writer::new(Ids::None, Runtime::Net8);
            writer.start_element(None, Str::plain("r"), Str::plain("")).unwrap();
            writer.bytes(&[0x82]).unwrap();
            writer.value(&nothing).unwrap();
            writer.bytes(&[0x61, 0x82, 0x82]).unwrap();
            writer.end_element().unwrap();
            assert_eq!(writer.finish().unwrap(), b"\x40\x01r\x9e\x03\x82\x61\x82\x9f\x01\x82");
        }
    }

    #[test]
    fn every_empty_text_of_a_list_is_written_alike() {
        let list = |item| {
            let mut writer = Writer::new(Ids::Static, Runtime::Net8);
            writer.start_element(None, Str::plain("v"), Str::plain("")).unwrap();
            writer.list(&[item]).unwrap();
            writer.end_element().unwrap();
            writer.finish().unwrap()
        };
        let utf16 = Value::Utf16(crate::wire::xml::Utf16::new(&[]).unwrap());
        assert_eq!(list(utf16), list(Value::Chars("")));
    }
}
