//! Binary XML, read by a reader of its own: a judge that shared code with the gateway would share its mistakes. [MC-NBFX] [MC-NBFS]

use std::collections::HashMap;
use std::fs;
use std::sync::OnceLock;

use super::nmf;
use crate::repository;

/// An element; its name and those of its attributes are resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) namespace: String,
    /// Local name, namespace and value, declarations left out.
    pub(super) attributes: Vec<(String, String, String)>,
    /// Prefixes declared on it, for texts that hold one.
    pub(super) declared: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Element(Element),
    Text(String),
    /// The base64 of a text document.
    Bytes(Vec<u8>),
}

impl Element {
    /// The child elements.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) | Node::Bytes(_) => None,
        })
    }

    /// The first child of this local name, whatever its namespace.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.elements().find(|element| element.name == name)
    }

    /// All text directly below it; bytes are no text.
    pub(super) fn text(&self) -> String {
        let texts = self.children.iter().map(|node| match node {
            Node::Text(text) => text.as_str(),
            Node::Element(_) | Node::Bytes(_) => "",
        });
        texts.collect()
    }

    /// All bytes directly below it.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let bytes = self.children.iter().map(|node| match node {
            Node::Bytes(bytes) => bytes.as_slice(),
            Node::Element(_) | Node::Text(_) => &[],
        });
        bytes.collect::<Vec<_>>().concat()
    }
}

/// Reads one document. `session` holds the strings of the session so far; nothing where there is no session.
pub(super) fn read(bytes: &[u8], session: &[String]) -> Element {
    let mut reader = Reader { bytes, at: 0, session, declared: Vec::new() };
    let code = reader.byte();
    let root = reader.element(code);
    assert_eq!(reader.at, bytes.len(), "something stands behind the document");
    root
}

/// Takes the string table in front of a document of a session. [MC-NBFSE] 2.1
pub(super) fn take_string_table<'a>(bytes: &'a [u8], session: &mut Vec<String>) -> &'a [u8] {
    let mut reader = Reader { bytes, at: 0, session: &[], declared: Vec::new() };
    let end = reader.int31();
    let end = reader.at + end;
    while reader.at < end {
        session.push(reader.string());
    }
    assert_eq!(reader.at, end, "the string table is as long as it says");
    &bytes[end..]
}

fn static_string(id: usize) -> &'static str {
    static STRINGS: OnceLock<HashMap<String, String>> = OnceLock::new();
    let strings = STRINGS.get_or_init(|| {
        let file = repository().join("fixtures/binxml/nbfs-dictionary.json");
        serde_json::from_slice(&fs::read(file).expect("the dictionary")).expect("JSON")
    });
    strings.get(&id.to_string()).unwrap_or_else(|| panic!("no string has the id {id}"))
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    session: &'a [String],
    /// Prefixes in scope, the innermost last.
    declared: Vec<(String, String)>,
}

impl Reader<'_> {
    fn element(&mut self, code: u8) -> Element {
        let (prefix, name) = self.element_name(code);
        let outer = self.declared.len();
        let mut attributes = Vec::new();
        let mut code = self.byte();
        while (0x04..=0x3f).contains(&code) {
            self.attribute(code, &mut attributes);
            code = self.byte();
        }
        let attributes = attributes
            .into_iter()
            .map(|(prefix, name, value)| {
                (name, if prefix.is_empty() { String::new() } else { self.namespace(&prefix) }, value)
            })
            .collect();
        let mut element = Element {
            name,
            namespace: self.namespace(&prefix),
            attributes,
            declared: self.declared[outer..].to_vec(),
            children: Vec::new(),
        };
        self.content(code, &mut element.children);
        self.declared.truncate(outer);
        element
    }

    fn content(&mut self, mut code: u8, children: &mut Vec<Node>) {
        loop {
            match code {
                0x01 => return,
                0x02 => drop(self.string()),
                0x40..=0x77 => {
                    let child = self.element(code);
                    children.push(Node::Element(child));
                }
                _ => {
                    // The lowest bit of a text record ends the element as well.
                    children.push(self.text_record(code & !1));
                    if code & 1 == 1 {
                        return;
                    }
                }
            }
            code = self.byte();
        }
    }

    fn element_name(&mut self, code: u8) -> (String, String) {
        match code {
            0x40 => (String::new(), self.string()),
            0x41 => (self.string(), self.string()),
            0x42 => (String::new(), self.dictionary()),
            0x43 => (self.string(), self.dictionary()),
            0x44..=0x5d => (letter(code - 0x44), self.dictionary()),
            0x5e..=0x77 => (letter(code - 0x5e), self.string()),
            _ => panic!("no element begins with {code:#04x} at {}: {:02x?}", self.at, self.bytes),
        }
    }

    fn attribute(&mut self, code: u8, into: &mut Vec<(String, String, String)>) {
        let (prefix, name) = match code {
            0x04 => (String::new(), self.string()),
            0x05 => (self.string(), self.string()),
            0x06 => (String::new(), self.dictionary()),
            0x07 => (self.string(), self.dictionary()),
            0x0c..=0x25 => (letter(code - 0x0c), self.dictionary()),
            0x26..=0x3f => (letter(code - 0x26), self.string()),
            _ => {
                let prefix = if code & 1 == 1 { self.string() } else { String::new() };
                let namespace = if code < 0x0a { self.string() } else { self.dictionary() };
                self.declared.push((prefix, namespace));
                return;
            }
        };
        let code = self.byte();
        let Node::Text(value) = self.text_record(code) else { panic!("an attribute of bytes") };
        into.push((prefix, name, value));
    }

    fn namespace(&self, prefix: &str) -> String {
        if prefix == "xml" {
            return "http://www.w3.org/XML/1998/namespace".to_owned();
        }
        let found = self.declared.iter().rev().find(|(declared, _)| declared == prefix);
        match found {
            Some((_, namespace)) => namespace.clone(),
            None if prefix.is_empty() => String::new(),
            None => panic!("the prefix {prefix} is not declared"),
        }
    }

    fn text_record(&mut self, code: u8) -> Node {
        Node::Text(match code {
            0x80 => "0".to_owned(),
            0x82 => "1".to_owned(),
            0x84 => "false".to_owned(),
            0x86 => "true".to_owned(),
            0x88 => i8::from_le_bytes(self.fixed()).to_string(),
            0x8a => i16::from_le_bytes(self.fixed()).to_string(),
            0x8c => i32::from_le_bytes(self.fixed()).to_string(),
            0x8e => i64::from_le_bytes(self.fixed()).to_string(),
            0x98 | 0x9a | 0x9c => {
                let length = self.length(code - 0x98);
                String::from_utf8(self.take(length)).expect("UTF-8")
            }
            0x9e | 0xa0 | 0xa2 => {
                let length = self.length(code - 0x9e);
                return Node::Bytes(self.take(length));
            }
            0xa8 => String::new(),
            0xaa => self.dictionary(),
            0xac => format!("urn:uuid:{}", self.uuid()),
            0xb0 => self.uuid(),
            0xb2 => u64::from_le_bytes(self.fixed()).to_string(),
            0xb4 => if self.byte() == 1 { "true" } else { "false" }.to_owned(),
            0xb6 | 0xb8 | 0xba => {
                let length = self.length(code - 0xb6);
                let units: Vec<u16> = self
                    .take(length)
                    .chunks_exact(2)
                    .map(|two| u16::from_le_bytes([two[0], two[1]]))
                    .collect();
                String::from_utf16(&units).expect("UTF-16")
            }
            _ => panic!("record {code:#04x} at {} of {:02x?}", self.at, self.bytes),
        })
    }

    /// A length of one, two or four bytes, for the three records of a kind.
    fn length(&mut self, width: u8) -> usize {
        match width {
            0 => usize::from(self.byte()),
            2 => usize::from(u16::from_le_bytes(self.fixed())),
            _ => u32::from_le_bytes(self.fixed()) as usize,
        }
    }

    fn uuid(&mut self) -> String {
        let b: [u8; 16] = self.fixed();
        // .NET writes the first three groups low byte first.
        let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
        let hex: String = order.iter().map(|at| format!("{:02x}", b[*at])).collect();
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    fn dictionary(&mut self) -> String {
        let id = self.int31();
        if id.is_multiple_of(2) {
            return static_string(id).to_owned();
        }
        let found = self.session.get(id / 2);
        found.unwrap_or_else(|| panic!("the session has no string {id}")).clone()
    }

    fn string(&mut self) -> String {
        let length = self.int31();
        String::from_utf8(self.take(length)).expect("UTF-8")
    }

    fn int31(&mut self) -> usize {
        let (value, width) = nmf::int31(&self.bytes[self.at..]).expect("a 31-bit number");
        self.at += width;
        value
    }

    fn byte(&mut self) -> u8 {
        self.fixed::<1>()[0]
    }

    fn fixed<const N: usize>(&mut self) -> [u8; N] {
        self.take(N).try_into().expect("so many were taken")
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let bytes = self.bytes.get(self.at..self.at + length);
        let bytes = bytes.unwrap_or_else(|| panic!("{length} bytes are not there: {:02x?}", self.bytes));
        self.at += length;
        bytes.to_vec()
    }
}

fn letter(index: u8) -> String {
    char::from(b'a' + index).to_string()
}
