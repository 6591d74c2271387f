//! Text records: one type, one value ([MC-NBFX] 2.3).

use uuid::Uuid;

use super::cursor::{Cursor, Parse, utf8};
use super::dictionaries::Dictionaries;
use super::error::DecodeError;
use super::list::List;
use crate::wire::xml::{DateTime, Decimal, TimeSpan, Utf16, Value};

/// Reads the value of a text record whose type, without the bit that ends an element, is `kind`.
#[inline(always)]
pub(super) fn value<'a>(
    kind: u8,
    cursor: &mut Cursor<'a>,
    dictionaries: Dictionaries<'a>,
) -> Parse<Value<'a>> {
    Ok(match kind {
        0x80 => Value::Zero,
        0x82 => Value::One,
        0x84 => Value::False,
        0x86 => Value::True,
        0x88 => Value::Int8(i8::from_le_bytes(cursor.array()?)),
        0x8a => Value::Int16(i16::from_le_bytes(cursor.array()?)),
        0x8c => Value::Int32(i32::from_le_bytes(cursor.array()?)),
        0x8e => Value::Int64(i64::from_le_bytes(cursor.array()?)),
        0x90 => Value::Float(f32::from_le_bytes(cursor.array()?)),
        0x92 => Value::Double(f64::from_le_bytes(cursor.array()?)),
        0x94 => Value::Decimal(decimal(cursor.array()?).ok_or(DecodeError::BadDecimal)?),
        0x96 => {
            let bits = u64::from_le_bytes(cursor.array()?);
            Value::DateTime(DateTime::from_bits(bits).ok_or(DecodeError::BadDateTime)?)
        }
        0x98 | 0x9a | 0x9c => {
            let size = length(kind - 0x98, cursor)?;
            Value::Chars(utf8(cursor.take(size)?)?)
        }
        0x9e | 0xa0 | 0xa2 => {
            let size = length(kind - 0x9e, cursor)?;
            Value::Bytes(cursor.take(size)?)
        }
        0xa4 => {
            let (list, at) = List::read(*cursor, dictionaries)?;
            cursor.at = at;
            Value::List(list)
        }
        0xa8 => Value::Empty,
        0xaa => Value::Dictionary(dictionaries.string(cursor.int31()?)?),
        0xac => Value::UniqueId(Uuid::from_bytes_le(cursor.array()?)),
        0xae => Value::TimeSpan(TimeSpan(i64::from_le_bytes(cursor.array()?))),
        0xb0 => Value::Uuid(Uuid::from_bytes_le(cursor.array()?)),
        0xb2 => Value::UInt64(u64::from_le_bytes(cursor.array()?)),
        0xb4 => match cursor.byte()? {
            0 => Value::Bool(false),
            1 => Value::Bool(true),
            other => return Err(DecodeError::BadBool(other).into()),
        },
        0xb6 | 0xb8 | 0xba => {
            let size = length(kind - 0xb6, cursor)?;
            if size % 2 == 1 {
                return Err(DecodeError::OddUtf16.into());
            }
            Value::Utf16(Utf16::new(cursor.take(size)?).ok_or(DecodeError::BadUtf16)?)
        }
        0xbc => {
            let letter = cursor.byte()?;
            if letter > 25 {
                return Err(DecodeError::BadQNamePrefix(letter).into());
            }
            let local = dictionaries.string(cursor.int31()?)?;
            Value::QName { letter: b'a' + letter, local }
        }
        _ => return Err(DecodeError::BadRecord(kind).into()),
    })
}

/// A length of one, two or four bytes.
#[inline(always)]
pub(super) fn length(width: u8, cursor: &mut Cursor<'_>) -> Parse<usize> {
    match width {
        0 => Ok(usize::from(cursor.byte()?)),
        2 => Ok(usize::from(u16::from_le_bytes(cursor.array()?))),
        _ => cursor.long_length(),
    }
}

/// [MC-NBFX] 2.3.1.11: reserved, scale, sign, then 32 high and 64 low bits.
// DIFFERS: .NET 8 reads reserved bits, other signs and scales above 28, and a bool of any byte; nobody writes them.
fn decimal(bytes: [u8; 16]) -> Option<Decimal> {
    let [0, 0, scale, sign @ (0 | 0x80), h0, h1, h2, h3, low @ ..] = bytes else { return None };
    let high = u32::from_le_bytes([h0, h1, h2, h3]);
    let digits = u128::from(high) << 64 | u128::from(u64::from_le_bytes(low));
    Decimal::new(sign == 0x80, digits, scale)
}

/// Bytes of one item of an array, by its type; `None`: no array has such items ([MC-NBFX] 2.2.3).
#[inline]
pub(super) fn item_size(kind: u8) -> Option<usize> {
    match kind {
        0xb5 => Some(1),
        0x8b => Some(2),
        0x8d | 0x91 => Some(4),
        0x8f | 0x93 | 0x97 | 0xaf => Some(8),
        0x95 | 0xb1 => Some(16),
        _ => None,
    }
}

/// Passes a value without looking at it, in an attribute, a list or content.
#[inline]
pub(super) fn skip(kind: u8, cursor: &mut Cursor<'_>) -> Parse<()> {
    let size = match kind {
        0x80 | 0x82 | 0x84 | 0x86 | 0xa8 => 0,
        0x88 | 0xb4 => 1,
        0x8a => 2,
        0x8c | 0x90 => 4,
        0x8e | 0x92 | 0x96 | 0xae | 0xb2 => 8,
        0x94 | 0xac | 0xb0 => 16,
        0x98 | 0x9a | 0x9c => length(kind - 0x98, cursor)?,
        0x9e | 0xa0 | 0xa2 => length(kind - 0x9e, cursor)?,
        0xb6 | 0xb8 | 0xba => length(kind - 0xb6, cursor)?,
        0xa4 => return List::skip(cursor),
        0xaa => {
            cursor.int31()?;
            0
        }
        0xbc => {
            cursor.byte()?;
            cursor.int31()?;
            0
        }
        _ => return Err(DecodeError::BadRecord(kind).into()),
    };
    cursor.take(size).map(|_| ())
}
