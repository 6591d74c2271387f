//! Typed values and their texts, in both directions.

use uuid::Uuid;
use viaduct::wire::xml::{Content, DateTime, Decimal, Runtime, TimeSpan, Value};

use super::options::options;

/// A text and what it stands for.
pub const MEMORY: usize = 1 << 20;

/// Options: what the rest is, bits of a value or a text; where the text is cut into two.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([kind, at], rest) = options(input);
    if kind < 0x80 {
        let mut bits = [0; 16];
        let len = rest.len().min(16);
        bits[..len].copy_from_slice(&rest[..len]);
        value(kind % 9, u128::from_le_bytes(bits));
        return;
    }
    let Ok(text) = std::str::from_utf8(rest) else { return };
    texts(text, usize::from(at));
}

/// A value's text, of either runtime, is read as the same value.
fn value(kind: u8, bits: u128) {
    let value = match kind {
        0 => Some(Value::Int64(bits as i64)),
        1 => Some(Value::UInt64(bits as u64)),
        2 => Some(Value::Float(f32::from_bits(bits as u32))),
        3 => Some(Value::Double(f64::from_bits(bits as u64))),
        4 => Decimal::new(bits >> 127 == 1, bits & ((1 << 96) - 1), (bits >> 96) as u8 % 32)
            .map(Value::Decimal),
        5 => DateTime::from_bits(bits as u64).map(Value::DateTime),
        6 => Some(Value::TimeSpan(TimeSpan(bits as i64))),
        7 => Some(Value::Uuid(Uuid::from_u128(bits))),
        _ => Some(Value::Bool(bits & 1 == 1)),
    };
    let Some(value) = value else { return };
    for runtime in [Runtime::Net8, Runtime::Framework] {
        let mut text = String::new();
        value.write_text(runtime, &mut text).expect("a string takes all");
        let mut content = Content::new();
        content.push(Value::Chars(&text));
        let read = match value {
            Value::Int64(_) => content.to_i64().map(Value::Int64),
            Value::UInt64(_) => content.to_u64().map(Value::UInt64),
            Value::Float(_) => content.to_f32().map(Value::Float),
            Value::Double(_) => content.to_f64().map(Value::Double),
            Value::Decimal(_) => content.to_decimal().map(Value::Decimal),
            Value::DateTime(_) => content.to_date_time().map(Value::DateTime),
            Value::TimeSpan(_) => content.to_time_span().map(Value::TimeSpan),
            Value::Uuid(_) => content.to_uuid().map(Value::Uuid),
            _ => content.to_bool().map(Value::Bool),
        };
        let read = read.expect("the text of a value is one of its type");
        assert!(same(&read, &value), "{value:?} {text} {read:?}");
    }
}

fn same(one: &Value<'_>, other: &Value<'_>) -> bool {
    match (one, other) {
        (Value::Float(one), Value::Float(other)) => one == other || one.is_nan() && other.is_nan(),
        (Value::Double(one), Value::Double(other)) => one == other || one.is_nan() && other.is_nan(),
        // A zero may have a sign that its text does not show.
        (Value::Decimal(one), Value::Decimal(other)) => {
            (one.digits(), one.scale()) == (other.digits(), other.scale())
                && (one.digits() == 0 || one.is_negative() == other.is_negative())
        }
        // What lies before year 1 counts as its beginning.
        (Value::DateTime(one), Value::DateTime(other)) => {
            (one.ticks(), one.kind()) == (other.ticks(), other.kind())
        }
        (one, other) => one == other,
    }
}

/// Whatever a text is read as has a text that is read as the same, in one piece or in two.
fn texts(text: &str, at: usize) {
    let mut whole = Content::new();
    whole.push(Value::Chars(text));
    let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let mut cut = Content::new();
    cut.push(Value::Chars(&text[..at]));
    cut.push(Value::Chars(&text[at..]));
    assert_eq!(cut.text(), text);

    again(&whole, &cut, |content| content.to_i32().ok().map(Value::Int32));
    again(&whole, &cut, |content| content.to_i64().ok().map(Value::Int64));
    again(&whole, &cut, |content| content.to_u64().ok().map(Value::UInt64));
    again(&whole, &cut, |content| content.to_bool().ok().map(Value::Bool));
    again(&whole, &cut, |content| content.to_f32().ok().map(Value::Float));
    again(&whole, &cut, |content| content.to_f64().ok().map(Value::Double));
    again(&whole, &cut, |content| content.to_decimal().ok().map(Value::Decimal));
    again(&whole, &cut, |content| content.to_date_time().ok().map(Value::DateTime));
    again(&whole, &cut, |content| content.to_time_span().ok().map(Value::TimeSpan));
    again(&whole, &cut, |content| content.to_uuid().ok().map(Value::Uuid));

    let bytes = whole.to_bytes();
    assert_eq!(bytes, cut.to_bytes());
    if let Ok(bytes) = bytes {
        assert!(bytes.len() <= text.len());
        let mut content = Content::new();
        let text = Value::Bytes(&bytes).text();
        content.push(Value::Chars(&text));
        assert_eq!(content.to_bytes(), Ok(bytes.clone()));
    }
    assert_eq!(whole.to_unique_id(), cut.to_unique_id());
}

fn again(whole: &Content<'_>, cut: &Content<'_>, read: impl Fn(&Content<'_>) -> Option<Value<'static>>) {
    let (one, other) = (read(whole), read(cut));
    match (&one, &other) {
        (None, None) => return,
        (Some(one), Some(other)) => assert!(same(one, other), "{one:?} {other:?}"),
        _ => panic!("{one:?} {other:?}"),
    }
    let Some(value) = one else { return };
    let mut content = Content::new();
    let text = value.text();
    content.push(Value::Chars(&text));
    let read = read(&content).expect("the text of a value is one of its type");
    assert!(same(&read, &value), "{value:?} {text} {read:?}");
}
