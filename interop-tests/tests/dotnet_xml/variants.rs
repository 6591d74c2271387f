//! The same document in forms that no writer chooses and every reader takes.

use viaduct::wire::binxml::{RawString, RawText, Record, RecordType, Records, find_static, static_string};

use crate::dice::Dice;

/// A document whose records are other ones of the same meaning, here and there.
pub(crate) fn recode(document: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut out = Vec::new();
    blank(dice, &mut out);
    let mut records = Records::new(document);
    let mut ahead = records.next_record().unwrap();
    let mut in_array = false;
    while let Some(record) = ahead {
        ahead = records.next_record().unwrap();
        match record {
            Record::Element { kind, prefix, local } => {
                let (kind, prefix, local) = name(kind, prefix, local, dice);
                Record::Element { kind, prefix, local }.encode(&mut out);
            }
            Record::Attribute { kind, prefix, local, value } => {
                let (kind, prefix, local) = name(kind, prefix, local, dice);
                let mut payload = Vec::new();
                let value = text(value, dice, &mut payload);
                Record::Attribute { kind, prefix, local, value }.encode(&mut out);
            }
            Record::Xmlns { kind, prefix, uri } if dice.once(3) => {
                let (by_id, uri) = other_string(uri);
                let kind = RecordType(kind.0 & 1 | if by_id { 0x0a } else { 0x08 });
                Record::Xmlns { kind, prefix, uri }.encode(&mut out);
            }
            Record::Text(value) => {
                let mut payload = Vec::new();
                let mut value = text(value, dice, &mut payload);
                if value.kind.ends_element() && dice.once(3) {
                    value.kind = RecordType(value.kind.0 & !1);
                    Record::Text(value).encode(&mut out);
                    Record::EndElement.encode(&mut out);
                } else if ahead == Some(Record::EndElement)
                    && !value.kind.ends_element()
                    && value.kind != RecordType::START_LIST_TEXT
                    && dice.once(2)
                {
                    value.kind = value.kind.with_end();
                    Record::Text(value).encode(&mut out);
                    ahead = records.next_record().unwrap();
                } else {
                    Record::Text(value).encode(&mut out);
                }
            }
            // Nothing may stand in the element of an array.
            Record::EndElement if !in_array && dice.once(8) => {
                out.push(RecordType::EMPTY_TEXT.with_end().0);
            }
            record => record.encode(&mut out),
        }
        in_array = match record {
            Record::Array => true,
            Record::EndElement => false,
            _ => in_array,
        };
    }
    blank(dice, &mut out);
    out
}

/// White space around the root.
fn blank(dice: &mut Dice, out: &mut Vec<u8>) {
    if dice.once(10) {
        out.extend_from_slice(&[RecordType::CHARS8_TEXT.0, 2, b' ', b'\n']);
    }
}

/// A prefix of one letter or none may be spelt out; a string of the static dictionary may stand inline, and the other way round.
fn name<'a>(
    kind: RecordType,
    prefix: &'a str,
    local: RawString<'a>,
    dice: &mut Dice,
) -> (RecordType, &'a str, RawString<'a>) {
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";
    if !dice.once(3) {
        return (kind, prefix, local);
    }
    let (first, letters) = if kind.is_element() { (0x40, 0x44) } else { (0x04, 0x0c) };
    let prefix = match kind.0.checked_sub(letters) {
        Some(form) => &LETTERS[usize::from(form) % 26..][..1],
        None => prefix,
    };
    let (by_id, local) = other_string(local);
    (RecordType(first + 1 + if by_id { 2 } else { 0 }), prefix, local)
}

/// Whether the string is an id now.
fn other_string(string: RawString<'_>) -> (bool, RawString<'_>) {
    match string {
        RawString::Id(id) if id % 2 == 0 => {
            (false, RawString::Inline(static_string((id / 2) as u16).unwrap().text))
        }
        RawString::Id(id) => (true, RawString::Id(id)),
        RawString::Inline(text) => match find_static(text).map(|found| found.origin) {
            Some(viaduct::wire::xml::Origin::Static(index)) => (true, RawString::Id(u32::from(index) * 2)),
            _ => (false, string),
        },
    }
}

/// Another record of the same text; its payload is made in `payload` where it is not the same.
fn text<'a>(text: RawText<'a>, dice: &mut Dice, payload: &'a mut Vec<u8>) -> RawText<'a> {
    let end = text.kind.0 & 1;
    let Some(kind) = other_text(RecordType(text.kind.0 & !1), text.payload, dice, payload) else {
        return text;
    };
    RawText { kind: RecordType(kind.0 | end), payload }
}

fn other_text(kind: RecordType, now: &[u8], dice: &mut Dice, payload: &mut Vec<u8>) -> Option<RecordType> {
    use RecordType as R;
    if dice.once(2) {
        return None;
    }
    match kind {
        R::ZERO_TEXT => integer(0, dice, payload),
        R::ONE_TEXT => integer(1, dice, payload),
        R::INT8_TEXT => integer(i64::from(i8::from_le_bytes(now.try_into().unwrap())), dice, payload),
        R::INT16_TEXT => integer(i64::from(i16::from_le_bytes(now.try_into().unwrap())), dice, payload),
        R::INT32_TEXT => integer(i64::from(i32::from_le_bytes(now.try_into().unwrap())), dice, payload),
        R::INT64_TEXT => integer(i64::from_le_bytes(now.try_into().unwrap()), dice, payload),
        R::FALSE_TEXT | R::TRUE_TEXT => {
            payload.push(u8::from(kind == R::TRUE_TEXT));
            Some(R::BOOL_TEXT)
        }
        R::EMPTY_TEXT => Some(dice.of(&[R::CHARS8_TEXT, R::BYTES8_TEXT, R::UNICODE_CHARS32_TEXT])),
        R::CHARS8_TEXT | R::CHARS16_TEXT | R::CHARS32_TEXT => {
            let wide = dice.once(2);
            if wide {
                let text = std::str::from_utf8(now).unwrap();
                payload.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
            } else {
                payload.extend_from_slice(now);
            }
            Some(sized(if wide { R::UNICODE_CHARS8_TEXT } else { R::CHARS8_TEXT }, payload.len(), dice))
        }
        R::UNICODE_CHARS8_TEXT | R::UNICODE_CHARS16_TEXT | R::UNICODE_CHARS32_TEXT => {
            payload.extend_from_slice(now);
            Some(sized(R::UNICODE_CHARS8_TEXT, payload.len(), dice))
        }
        R::BYTES8_TEXT | R::BYTES16_TEXT | R::BYTES32_TEXT => {
            payload.extend_from_slice(now);
            Some(sized(R::BYTES8_TEXT, payload.len(), dice))
        }
        _ => None,
    }
}

/// A whole number in any record that it fits.
fn integer(number: i64, dice: &mut Dice, payload: &mut Vec<u8>) -> Option<RecordType> {
    let (kind, size) = dice.of(&[
        (RecordType::INT8_TEXT, 1),
        (RecordType::INT16_TEXT, 2),
        (RecordType::INT32_TEXT, 4),
        (RecordType::INT64_TEXT, 8),
        (RecordType::UINT64_TEXT, 8),
    ]);
    let bits = 8 * size as u32;
    let fits = if kind == RecordType::UINT64_TEXT {
        number >= 0
    } else {
        number << (64 - bits) >> (64 - bits) == number
    };
    if fits {
        payload.extend_from_slice(&number.to_le_bytes()[..size]);
    }
    fits.then_some(kind)
}

/// The type for any width of length that is wide enough; `narrow` is the one of a byte.
fn sized(narrow: RecordType, size: usize, dice: &mut Dice) -> RecordType {
    let least = if size < 1 << 8 {
        0
    } else if size < 1 << 16 {
        1
    } else {
        2
    };
    RecordType(narrow.0 + 2 * (least + dice.below(3 - least)) as u8)
}
