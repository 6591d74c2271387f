//! Documents and values, whole and broken.

use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;
use viaduct::wire::binxml::static_string;
use viaduct::wire::xml::{DateTime, Decimal, TimeSpan, Value};

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// Ids of either dictionary, the last of them of none.
fn id() -> impl Strategy<Value = u8> + Clone {
    prop::sample::select(vec![0u8, 2, 1, 3, 5, 0x72])
}

/// Text records of every type.
fn text() -> BoxedStrategy<Vec<u8>> {
    let text = (0x80u8..0xbe, vec(any::<u8>(), 16), 0u8..9, id());
    text.prop_map(|(kind, bytes, size, id)| {
        let payload = match kind & !1 {
            0x80..=0x86 | 0xa4..=0xa8 => vec![],
            0x88 => bytes[..1].to_vec(),
            0xb4 => vec![id & 1],
            0x8a => bytes[..2].to_vec(),
            0x8c | 0x90 => bytes[..4].to_vec(),
            0x8e | 0x92 | 0xae | 0xb2 => bytes[..8].to_vec(),
            0x96 => [&bytes[..7], &[0x48]].concat(),
            0x94 => join(&[&[0, 0, size, 0], &bytes[..12]]),
            0xac | 0xb0 => bytes,
            0x98 => join(&[&[size], &b"text text"[..usize::from(size)]]),
            0x9a => join(&[&[size, 0], &b"text text"[..usize::from(size)]]),
            0x9c => join(&[&[size, 0, 0, 0], &b"text text"[..usize::from(size)]]),
            0x9e => join(&[&[size], &bytes[..usize::from(size)]]),
            0xa0 => join(&[&[size, 0], &bytes[..usize::from(size)]]),
            0xa2 => join(&[&[size, 0, 0, 0], &bytes[..usize::from(size)]]),
            0xb6 => join(&[&[4], &b"t\0e\0"[..]]),
            0xb8 => join(&[&[4, 0], &b"t\0e\0"[..]]),
            0xba => join(&[&[4, 0, 0, 0], &b"t\0e\0"[..]]),
            0xaa => vec![id],
            _ => vec![size, id],
        };
        [vec![kind], payload].concat()
    })
    .boxed()
}

/// Text records and lists, as values of attributes.
fn even_text() -> BoxedStrategy<Vec<u8>> {
    let value = text().prop_filter_map("list marks stand in lists", |mut text| {
        text[0] &= 0xfe;
        (!matches!(text[0], 0xa4 | 0xa6)).then_some(text)
    });
    let value = value.boxed();
    let list = vec(value.clone(), 0..4).prop_map(|items| [vec![0xa4], items.concat(), vec![0xa6]].concat());
    prop_oneof![8 => value, 1 => list].boxed()
}

/// Texts that may come in parts.
fn long() -> BoxedStrategy<Vec<u8>> {
    let long = (prop::sample::select(vec![0x9au8, 0xa0, 0xb8]), 2000usize..6000);
    long.prop_map(|(kind, size)| {
        let text: String = "t\u{e4}\u{20ac}\u{1f600}".chars().cycle().skip(size % 4).take(size).collect();
        let payload = match kind {
            0xb8 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            _ => text.into_bytes(),
        };
        [vec![kind], (payload.len() as u16).to_le_bytes().to_vec(), payload].concat()
    })
    .boxed()
}

fn array() -> BoxedStrategy<Vec<u8>> {
    let array =
        (vec(attribute(), 0..2), prop::sample::select(vec![(0xb5u8, 1), (0x8b, 2), (0x8d, 4)]), 1u8..9);
    array
        .prop_map(|(attributes, (kind, size), count)| {
            let items = vec![1; usize::from(count) * size];
            let attributes = attributes.into_iter().take(1).collect::<Vec<_>>().concat();
            [vec![0x03, 0x40, 1, b'i'], attributes, vec![0x01, kind, count], items].concat()
        })
        .boxed()
}

/// Attributes of every type.
fn attribute() -> BoxedStrategy<Vec<u8>> {
    let names: [&[u8]; 5] = [b"\x01a", b"\x01b", b"\x02ab", b"\x05xmlns", b"\x00"];
    let name = prop::sample::select(names.to_vec());
    let attribute = (0x04u8..0x40, name.clone(), name, id(), even_text());
    attribute
        .prop_map(|(kind, prefix, name, id, value)| {
            let head = match kind {
                0x08 => return join(&[&[kind], name]),
                0x09 => return join(&[&[kind], prefix, name]),
                0x0a => return vec![kind, id],
                0x0b => return join(&[&[kind], prefix, &[id]]),
                0x04 | 0x26.. => join(&[&[kind], name]),
                0x05 => join(&[&[kind], prefix, name]),
                0x07 => join(&[&[kind], prefix, &[id]]),
                _ => vec![kind, id],
            };
            [head, value].concat()
        })
        .boxed()
}

/// Records of every type, well formed by themselves and in any order.
fn record() -> impl Strategy<Value = Vec<u8>> {
    let element = (0x40u8..0x78, id()).prop_map(|(kind, id)| match kind {
        0x40 | 0x5e.. => vec![kind, 1, b'n'],
        0x41 => vec![kind, 1, b'a', 1, b'n'],
        0x43 => vec![kind, 1, b'a', id],
        _ => vec![kind, id],
    });
    prop_oneof![
        8 => element,
        8 => attribute(),
        8 => text(),
        4 => Just(vec![0x01]),
        1 => Just(b"\x02\x03c\xc3\xa4".to_vec()),
        2 => array(),
        1 => long(),
    ]
}

/// An element whose tags are balanced and whose prefixes `a` to `j` the root declares.
fn element() -> impl Strategy<Value = Vec<u8>> {
    let kinds: Vec<u8> =
        [vec![0x40, 0x41, 0x42, 0x43], (0x44..0x4e).collect(), (0x5e..0x68).collect()].concat();
    let start = (prop::sample::select(kinds), id()).prop_map(|(kind, id)| match kind {
        0x40 | 0x5e.. => vec![kind, 1, b'n'],
        0x41 => vec![kind, 1, b'a', 1, b'n'],
        0x43 => vec![kind, 1, b'b', id],
        _ => vec![kind, id],
    });
    let kinds: Vec<u8> = [vec![0x04, 0x05], (0x26..0x30).collect()].concat();
    let attribute = (prop::sample::select(kinds), even_text());
    let attributes = vec(attribute, 0..4).prop_map(|attributes| {
        let attributes = attributes.into_iter().zip(b'w'..).map(|((kind, value), name)| {
            let prefix: &[u8] = if kind == 0x05 { &[1, b'c'] } else { &[] };
            [&[kind], prefix, &[1, name], &value].concat()
        });
        attributes.collect::<Vec<_>>().concat()
    });
    let declarations: [&[u8]; 6] =
        [b"", b"\x08\x01d", b"\x08\x00", b"\x09\x01q\x01q", b"\x0b\x01a\x03", b"\x0a\x03"];
    let tag = (start, attributes, prop::sample::select(declarations.to_vec()), any::<bool>());
    let tag = tag.prop_map(|(start, attributes, declaration, first)| {
        let (a, b) = if first { (declaration, &attributes[..]) } else { (&attributes[..], declaration) };
        [&start[..], a, b].concat()
    });
    let end = text().prop_map(|mut text| {
        text[0] |= 1;
        if matches!(text[0], 0xa5 | 0xa7) { vec![0x01] } else { text }
    });
    let end = prop_oneof![1 => Just(vec![0x01]), 1 => end].boxed();
    let leaf = (tag.boxed(), end);
    let whole = leaf.clone().prop_map(|(tag, end)| [tag, end].concat());
    whole.prop_recursive(4, 24, 4, move |child| {
        let array = (prop::sample::select(vec![(0xb5u8, 1), (0x8b, 2), (0x8d, 4)]), 1u8..5).prop_map(
            |((kind, size), count)| {
                [
                    vec![0x03, 0x5f, 1, b'i', 0x04, 1, b'k', 0x82, 0x09, 1, b'z', 1, b'z', 0x01, kind, count],
                    vec![1; usize::from(count) * size],
                ]
                .concat()
            },
        );
        let content = prop_oneof![
            6 => child,
            4 => even_text(),
            1 => Just(b"\x02\x03c\xc3\xa4".to_vec()),
            1 => array,
            1 => long(),
        ];
        (leaf.clone(), vec(content, 0..5))
            .prop_map(|((tag, end), content)| [tag, content.concat(), end].concat())
    })
}

/// Documents of every degree of order.
pub(crate) fn document() -> impl Strategy<Value = Vec<u8>> {
    let root = |content: Vec<u8>| {
        let declarations = (b'a'..=b'j').flat_map(|letter| [0x09, 1, letter, 1, letter]);
        [vec![0x40, 1, b'r'], declarations.collect(), content, vec![0x01]].concat()
    };
    let free = vec(record(), 0..12).prop_map(|records| records.concat());
    let rooted = vec(record(), 0..8).prop_map(move |records| root(records.concat()));
    let ordered = vec(element(), 0..3).prop_map(move |elements| root(elements.concat())).boxed();
    let damaged =
        (ordered.clone(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut bytes, at, byte)| {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes
        });
    let cut_off = (ordered.clone(), any::<prop::sample::Index>()).prop_map(|(mut bytes, at)| {
        bytes.truncate(at.index(bytes.len()));
        bytes
    });
    prop_oneof![1 => free, 1 => rooted, 5 => ordered, 3 => damaged, 1 => cut_off, 1 => vec(any::<u8>(), 0..60)]
}

/// Values that a writer writes as they are.
pub(crate) fn value() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(Value::Int32),
        any::<i64>().prop_map(Value::Int64),
        any::<u64>().prop_map(Value::UInt64),
        any::<f32>().prop_map(Value::Float),
        any::<f64>().prop_map(Value::Double),
        any::<f32>().prop_map(|number| Value::Double(f64::from(number))),
        (any::<bool>(), 0..1u128 << 96, 0u8..=28).prop_map(|(negative, digits, scale)| Value::Decimal(
            Decimal::new(negative, digits, scale).unwrap()
        )),
        (0..=DateTime::MAX_TICKS, 0u64..4)
            .prop_map(|(ticks, kind)| Value::DateTime(DateTime::from_bits(kind << 62 | ticks).unwrap())),
        any::<i64>().prop_map(|ticks| Value::TimeSpan(TimeSpan(ticks))),
        any::<u128>().prop_map(|bits| Value::Uuid(Uuid::from_u128(bits))),
        any::<u128>().prop_map(|bits| Value::UniqueId(Uuid::from_u128(bits))),
        (0u16..487).prop_map(|index| Value::Dictionary(static_string(index).unwrap())),
        (0u16..487, b'a'..=b'z')
            .prop_map(|(index, letter)| Value::QName { letter, local: static_string(index).unwrap() }),
    ]
}
