//! Records of one session written with the ids of another.

use crate::wire::binxml::{DecodeError, RawString, RawText, Record, RecordType, Records};
use crate::wire::int31;

/// What an id becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Becomes<'a> {
    /// An id of the other session, or the same static one.
    Id(u32),
    /// Its string, inline.
    Inline(&'a str),
}

/// Appends the records of a piece of a document with their ids changed.
pub(super) fn recode<'a>(
    piece: &[u8],
    becomes: &impl Fn(u32) -> Result<Becomes<'a>, DecodeError>,
    out: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    let mut records = Records::new(piece);
    let mut start = records.position();
    while let Some(record) = records.next_record()? {
        let end = records.position();
        match record {
            Record::Element { kind, prefix, local: RawString::Id(id) } => {
                let (kind, local) = name(kind, becomes(id)?);
                Record::Element { kind, prefix, local }.encode(out);
            }
            Record::Attribute { kind, prefix, local, value } => {
                let (kind, local) = match local {
                    RawString::Id(id) => name(kind, becomes(id)?),
                    inline @ RawString::Inline(_) => (kind, inline),
                };
                // The value is a record of its own, and becomes one.
                let mut head = Vec::new();
                let empty = RawText { kind: RecordType::EMPTY_TEXT, payload: &[] };
                Record::Attribute { kind, prefix, local, value: empty }.encode(&mut head);
                out.extend_from_slice(&head[..head.len() - 1]);
                text(value, becomes, out)?;
            }
            Record::Xmlns { kind, prefix, uri: RawString::Id(id) } => {
                let (kind, uri) = match becomes(id)? {
                    Becomes::Id(id) => (kind, RawString::Id(id)),
                    Becomes::Inline(text) => (RecordType(kind.0 - 2), RawString::Inline(text)),
                };
                Record::Xmlns { kind, prefix, uri }.encode(out);
            }
            Record::Text(value) => text(value, becomes, out)?,
            _ => out.extend_from_slice(&piece[start..end]),
        }
        start = end;
    }
    Ok(())
}

/// How often an id stands in a document.
pub(super) fn uses(document: &[u8], id: u32) -> Result<usize, DecodeError> {
    let count = std::cell::Cell::new(0);
    let counting = |found| {
        if found == id {
            count.set(count.get() + 1);
        }
        Ok(Becomes::Id(found))
    };
    recode(document, &counting, &mut Vec::new())?;
    Ok(count.get())
}

/// The type and name of an element or attribute whose name was an id.
fn name<'a>(kind: RecordType, becomes: Becomes<'a>) -> (RecordType, RawString<'a>) {
    match becomes {
        Becomes::Id(id) => (kind, RawString::Id(id)),
        // [MC-NBFX] 2.2: a type with an id stands two above its inline one, one with a prefix letter 26 below.
        Becomes::Inline(text) => {
            let kind = match kind.0 {
                0x06 | 0x07 | 0x42 | 0x43 => kind.0 - 2,
                _ => kind.0 + 26,
            };
            (RecordType(kind), RawString::Inline(text))
        }
    }
}

fn text<'a>(
    value: RawText<'_>,
    becomes: &impl Fn(u32) -> Result<Becomes<'a>, DecodeError>,
    out: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    let end = value.kind.0 & 1;
    let even = RecordType(value.kind.0 - end);
    let letter = match even {
        RecordType::DICTIONARY_TEXT => None,
        RecordType::QNAME_DICTIONARY_TEXT => value.payload.first().copied(),
        RecordType::START_LIST_TEXT => {
            out.push(value.kind.0);
            recode(value.payload, becomes, out)?;
            out.push(RecordType::END_LIST_TEXT.0);
            return Ok(());
        }
        _ => {
            Record::Text(value).encode(out);
            return Ok(());
        }
    };
    if let Some(letter) = letter.filter(|letter| *letter > 25) {
        // Written inline it would be another prefix, and a malformed message a good one.
        return Err(DecodeError::BadQNamePrefix(letter));
    }
    let at = usize::from(letter.is_some());
    let (id, _) = int31::decode(&value.payload[at..]).ok().flatten().ok_or(DecodeError::BadInt31)?;
    match becomes(id)? {
        Becomes::Id(id) => {
            out.push(value.kind.0);
            out.extend(letter);
            int31::encode(id, out);
        }
        Becomes::Inline(string) => {
            let prefix = letter.map(|letter| format!("{}:", char::from(b'a' + letter)));
            let string = prefix.unwrap_or_default() + string;
            let kind = match string.len() {
                0..0x100 => RecordType::CHARS8_TEXT,
                0x100..0x1_0000 => RecordType::CHARS16_TEXT,
                _ => RecordType::CHARS32_TEXT,
            };
            let kind = RecordType(kind.0 + end);
            Record::Text(RawText { kind, payload: string.as_bytes() }).encode(out);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qualified_name_whose_prefix_is_no_letter_is_refused_however_its_string_is_written() {
        // <v>, then QNameDictionaryTextWithEndElement, the prefix 126 and the id 1.
        let document = [0x40, 0x01, b'v', 0xbd, 126, 0x01];
        for inline in [false, true] {
            let becomes = |id| Ok(if inline { Becomes::Inline("name") } else { Becomes::Id(id) });
            assert_eq!(recode(&document, &becomes, &mut Vec::new()), Err(DecodeError::BadQNamePrefix(126)));
        }
    }
}
