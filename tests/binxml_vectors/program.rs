//! Runs the calls of a vector on the writer, and copies text XML node by node.

use quick_xml::events::{BytesStart, Event as Xml};
use quick_xml::name::ResolveResult;
use serde_json::Value as Json;
use uuid::Uuid;
use viaduct::wire::binxml::{ArrayItems, Writer, find_static};
use viaduct::wire::xml::{DateTime, Decimal, Str, TimeSpan, Value};

use super::support::bytes;

fn string(json: &Json) -> Str<'_> {
    let (kind, text) = json.as_str().unwrap().split_at(2);
    match kind {
        "t:" => Str::plain(text),
        "s:" => find_static(text).unwrap(),
        "x:" => Str::dictionary(text),
        other => panic!("string {other}"),
    }
}

fn array<const N: usize>(json: &Json) -> [u8; N] {
    bytes(json).try_into().unwrap()
}

fn decimal(json: &Json) -> Decimal {
    let bytes: [u8; 16] = array(json);
    let high = u32::from_le_bytes(bytes[4..8].try_into().unwrap());
    let low = u64::from_le_bytes(bytes[8..].try_into().unwrap());
    Decimal::new(bytes[3] != 0, u128::from(high) << 64 | u128::from(low), bytes[2]).unwrap()
}

fn value(kind: &str, json: &Json) -> Value<'static> {
    match kind {
        "int" => Value::Int32(json.as_i64().unwrap() as i32),
        "long" => Value::Int64(json.as_i64().unwrap()),
        "ulong" => Value::UInt64(json.as_u64().unwrap()),
        "bool" => Value::Bool(json == "true"),
        "float" => Value::Float(f32::from_le_bytes(array(json))),
        "double" => Value::Double(f64::from_le_bytes(array(json))),
        "decimal" => Value::Decimal(decimal(json)),
        "datetime" => Value::DateTime(DateTime::from_bits(json.as_u64().unwrap()).unwrap()),
        "timespan" => Value::TimeSpan(TimeSpan(json.as_i64().unwrap())),
        "guid" => Value::Uuid(Uuid::from_bytes_le(array(json))),
        "uniqueidg" => Value::UniqueId(Uuid::from_bytes_le(array(json))),
        other => panic!("value {other}"),
    }
}

fn write_array(writer: &mut Writer<'_>, op: &[Json]) {
    let (prefix, local, namespace) = (op[2].as_str(), string(&op[3]), string(&op[4]));
    let items = &op[5..];
    macro_rules! array {
        ($kind:ident, $item:expr) => {{
            let items: Vec<_> = items.iter().map($item).collect();
            writer.array(prefix, local, namespace, ArrayItems::$kind(&items)).unwrap();
        }};
    }
    match op[1].as_str().unwrap() {
        "bool" => array!(Bool, |item| item == "true"),
        "short" => array!(Int16, |item| item.as_i64().unwrap() as i16),
        "int" => array!(Int32, |item| item.as_i64().unwrap() as i32),
        "long" => array!(Int64, |item| item.as_i64().unwrap()),
        "float" => array!(Float, |item| f32::from_le_bytes(array(item))),
        "double" => array!(Double, |item| f64::from_le_bytes(array(item))),
        "decimal" => array!(Decimal, decimal),
        "datetime" => array!(DateTime, |item| DateTime::from_bits(item.as_u64().unwrap()).unwrap()),
        "timespan" => array!(TimeSpan, |item| TimeSpan(item.as_i64().unwrap())),
        "guid" => array!(Uuid, |item| Uuid::from_bytes_le(array(item))),
        other => panic!("array {other}"),
    }
}

/// One call of a vector.
pub(crate) fn run(writer: &mut Writer<'_>, op: &Json) {
    let op = op.as_array().unwrap();
    match op[0].as_str().unwrap() {
        "SE" => writer.start_element(op[1].as_str(), string(&op[2]), string(&op[3])).unwrap(),
        "EE" => writer.end_element().unwrap(),
        "SA" => writer.start_attribute(op[1].as_str(), string(&op[2]), string(&op[3])).unwrap(),
        "EA" => writer.end_attribute().unwrap(),
        "NS" => writer.declare(op[1].as_str().unwrap(), string(&op[2])).unwrap(),
        "S" => {
            let text = string(&op[1]);
            let plain = text.origin == viaduct::wire::xml::Origin::Plain;
            writer.value(&if plain { Value::Chars(text.text) } else { Value::Dictionary(text) }).unwrap();
        }
        "V" if op[1] == "uniqueid" => writer.unique_id(op[2].as_str().unwrap()).unwrap(),
        "V" => writer.value(&value(op[1].as_str().unwrap(), &op[2])).unwrap(),
        "B" => writer.bytes(&bytes(&op[1])).unwrap(),
        "C" => writer.comment(op[1].as_str().unwrap()).unwrap(),
        "QN" => writer.qname(string(&op[1]), string(&op[2])).unwrap(),
        "L" => {
            let items: Vec<_> =
                op[1..].chunks(2).map(|pair| value(pair[0].as_str().unwrap(), &pair[1])).collect();
            writer.list(&items).unwrap();
        }
        "ARR" => write_array(writer, op),
        other => panic!("call {other}"),
    }
}

/// Copies text XML as .NET's `WriteNode` does: a node for each piece of text that its reader makes. It makes one of a line end or character
/// reference, and of at most 256 bytes of other text.
pub(crate) fn copy(source: &str, writer: &mut Writer<'_>) {
    let mut reader = quick_xml::NsReader::from_str(source);
    loop {
        match reader.read_event().unwrap() {
            Xml::Start(tag) => start(&reader, &tag, writer),
            Xml::Empty(tag) => {
                start(&reader, &tag, writer);
                writer.end_element().unwrap();
            }
            Xml::End(_) => writer.end_element().unwrap(),
            Xml::Text(text) => {
                for (index, line) in text.split("\r\n").enumerate() {
                    if index > 0 {
                        writer.text("\n").unwrap();
                    }
                    for piece in line.as_bytes().chunks(256) {
                        writer.text(std::str::from_utf8(piece).unwrap()).unwrap();
                    }
                }
            }
            Xml::CData(text) => writer.text(&text).unwrap(),
            Xml::GeneralRef(reference) => {
                let char = reference.resolve_char_ref().unwrap().unwrap();
                writer.text(char.encode_utf8(&mut [0; 4])).unwrap();
            }
            Xml::Comment(comment) => writer.comment(&comment).unwrap(),
            Xml::Eof => return,
            other => panic!("{other:?}"),
        }
    }
}

fn start(reader: &quick_xml::NsReader<&[u8]>, tag: &BytesStart<'_>, writer: &mut Writer<'_>) {
    let text = str::to_owned;
    let namespace = |resolved: ResolveResult<'_>| match resolved {
        ResolveResult::Bound(namespace) => text(namespace.as_ref()),
        ResolveResult::Unbound => String::new(),
        ResolveResult::Unknown(prefix) => panic!("prefix {prefix:?}"),
    };
    let prefix = |name: quick_xml::name::QName<'_>| {
        name.prefix().map(|prefix| text(prefix.as_ref())).unwrap_or_default()
    };
    let (resolved, local) = reader.resolver().resolve_element(tag.name());
    let local = text(local.as_ref());
    let uri = namespace(resolved);
    writer.start_element(Some(&prefix(tag.name())), Str::plain(&local), Str::plain(&uri)).unwrap();
    for attribute in tag.attributes() {
        let attribute = attribute.unwrap();
        let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap();
        let (resolved, local) = reader.resolver().resolve_attribute(attribute.key);
        match attribute.key.as_namespace_binding() {
            Some(quick_xml::name::PrefixDeclaration::Default) => {
                writer.declare("", Str::plain(&value)).unwrap()
            }
            Some(quick_xml::name::PrefixDeclaration::Named(prefix)) => {
                writer.declare(&text(prefix), Str::plain(&value)).unwrap();
            }
            None => {
                let (uri, local) = (namespace(resolved), text(local.as_ref()));
                writer
                    .start_attribute(Some(&prefix(attribute.key)), Str::plain(&local), Str::plain(&uri))
                    .unwrap();
                writer.text(&value).unwrap();
                writer.end_attribute().unwrap();
            }
        }
    }
}
