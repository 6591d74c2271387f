//! The text of one element, read as a value of a type.
//!
//! Whatever record or spelling the value came in, it is read as .NET reads it: the text is what counts, so an `int` may stand in two pieces of UTF-16
//! with white space around it (binary XML page, section 9).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::parse;
use super::value::{DateTime, Decimal, TimeSpan, Value};

/// The values of an element without child elements, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Content<'a> {
    first: Value<'a>,
    more: Vec<Value<'a>>,
}

/// The content of an element is no value of the wanted type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("content cannot be read as {wanted}")]
pub struct NotA {
    /// The name that XML schema has for the type, or `guid`.
    pub wanted: &'static str,
}

impl<'a> Content<'a> {
    /// No text.
    pub const fn new() -> Self {
        Self { first: Value::Empty, more: Vec::new() }
    }

    /// Adds a piece of text.
    pub fn push(&mut self, value: Value<'a>) {
        if self.first == Value::Empty {
            self.first = value;
        } else {
            self.more.push(value);
        }
    }

    fn values(&self) -> impl Iterator<Item = &Value<'a>> {
        std::iter::once(&self.first).chain(&self.more)
    }

    /// The text.
    pub fn text(&self) -> Cow<'a, str> {
        if self.more.is_empty() {
            return self.first.text();
        }
        Cow::Owned(self.values().map(Value::text).collect())
    }

    fn parse<T>(&self, wanted: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, NotA> {
        parse(&self.text()).ok_or(NotA { wanted })
    }

    fn one(&self) -> Option<&Value<'a>> {
        self.more.is_empty().then_some(&self.first)
    }

    /// A whole number of 32 bits.
    ///
    /// # Errors
    /// The text is no such number.
    pub fn to_i32(&self) -> Result<i32, NotA> {
        self.parse("int", parse::integer)
    }

    /// A whole number of 64 bits.
    ///
    /// # Errors
    /// The text is no such number.
    pub fn to_i64(&self) -> Result<i64, NotA> {
        self.parse("long", parse::integer)
    }

    /// A whole number of 64 bits without a sign.
    ///
    /// # Errors
    /// The text is no such number.
    pub fn to_u64(&self) -> Result<u64, NotA> {
        self.parse("unsignedLong", parse::integer)
    }

    /// `true`, `false`, `1` or `0`.
    ///
    /// # Errors
    /// The text is none of them.
    pub fn to_bool(&self) -> Result<bool, NotA> {
        self.parse("boolean", parse::boolean)
    }

    /// A single.
    ///
    /// # Errors
    /// The text is no number.
    pub fn to_f32(&self) -> Result<f32, NotA> {
        match self.one() {
            Some(Value::Float(number)) => Ok(*number),
            _ => self.parse("float", parse::float),
        }
    }

    /// A double.
    ///
    /// # Errors
    /// The text is no number.
    pub fn to_f64(&self) -> Result<f64, NotA> {
        match self.one() {
            Some(Value::Double(number)) => Ok(*number),
            Some(Value::Float(number)) => Ok(f64::from(*number)),
            _ => self.parse("double", parse::float),
        }
    }

    /// A decimal number, without an exponent.
    ///
    /// # Errors
    /// The text is no such number, or it is too large.
    pub fn to_decimal(&self) -> Result<Decimal, NotA> {
        match self.one() {
            Some(Value::Decimal(number)) => Ok(*number),
            _ => self.parse("decimal", parse::decimal),
        }
    }

    /// A point in time, or a day.
    ///
    /// # Errors
    /// The text is neither.
    pub fn to_date_time(&self) -> Result<DateTime, NotA> {
        match self.one() {
            Some(Value::DateTime(time)) => Ok(*time),
            _ => self.parse("dateTime", parse::date_time),
        }
    }

    /// A length of time. A year has 365 days and a month 30, as in .NET.
    ///
    /// # Errors
    /// The text is none, or it is too long.
    pub fn to_time_span(&self) -> Result<TimeSpan, NotA> {
        match self.one() {
            Some(Value::TimeSpan(span)) => Ok(*span),
            _ => self.parse("duration", parse::time_span),
        }
    }

    /// A GUID; with `urn:uuid:` in front it is none.
    ///
    /// # Errors
    /// The text is none.
    pub fn to_uuid(&self) -> Result<Uuid, NotA> {
        match self.one() {
            Some(Value::Uuid(uuid)) => Ok(*uuid),
            _ => self.parse("guid", parse::uuid),
        }
    }

    /// The name of a message: any URI.
    ///
    /// # Errors
    /// There is no text.
    pub fn to_unique_id(&self) -> Result<Cow<'a, str>, NotA> {
        match self.text() {
            text if text.is_empty() => Err(NotA { wanted: "anyURI" }),
            text => Ok(text),
        }
    }

    /// Bytes: those of records, and what base64 stands for, one after the other.
    ///
    /// # Errors
    /// Some text is no base64.
    pub fn to_bytes(&self) -> Result<Vec<u8>, NotA> {
        let (mut bytes, mut text) = (Vec::new(), String::new());
        for value in self.values() {
            match value {
                Value::Bytes(more) => {
                    decode(&mut text, &mut bytes)?;
                    bytes.extend_from_slice(more);
                }
                other => text.push_str(&other.text()),
            }
        }
        decode(&mut text, &mut bytes)?;
        Ok(bytes)
    }
}

impl Default for Content<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// Decodes and empties `text`, which may have white space anywhere.
fn decode(text: &mut String, bytes: &mut Vec<u8>) -> Result<(), NotA> {
    text.retain(|char| !parse::is_space(char));
    STANDARD.decode_vec(&*text, bytes).map_err(|_| NotA { wanted: "base64Binary" })?;
    text.clear();
    Ok(())
}
