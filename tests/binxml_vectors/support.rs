//! What the tests of binary XML share: the vectors, and the text of a document as the vectors have it.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value as Json;
use viaduct::wire::binxml::{DecodeError, Dictionaries, Limits, Reader};
use viaduct::wire::xml::{Event, Name, Runtime};

pub(crate) fn json(name: &str) -> Json {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/binxml").join(format!("{name}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

pub(crate) fn vectors(name: &str) -> Vec<Json> {
    json(name).as_array().unwrap().clone()
}

pub(crate) fn bytes(hex: &Json) -> Vec<u8> {
    let hex = hex.as_str().unwrap().as_bytes();
    hex.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The text of a document: start and end tags always written, everything in the order of the records.
pub(crate) fn canonical(
    document: &[u8],
    dictionaries: Dictionaries<'_>,
    limits: &Limits,
    runtime: Runtime,
) -> Result<String, DecodeError> {
    let mut reader = Reader::new(document, dictionaries, limits.clone());
    let mut text = Text { runtime, ..Text::default() };
    while let Some(event) = reader.next_event()? {
        text.push(event);
    }
    Ok(text.finish())
}

/// Collects events into text.
#[derive(Default)]
pub(crate) struct Text {
    out: String,
    open: Vec<String>,
    in_tag: bool,
    runtime: Runtime,
}

impl Text {
    pub(crate) fn framework() -> Self {
        Self { runtime: Runtime::Framework, ..Self::default() }
    }

    pub(crate) fn push(&mut self, event: &Event<'_>) {
        if self.in_tag && !matches!(event, Event::Namespace { .. } | Event::Attribute { .. }) {
            self.out.push('>');
            self.in_tag = false;
        }
        match event {
            Event::Start(name) => {
                let name = qualified(name);
                write!(self.out, "<{name}").unwrap();
                self.open.push(name);
                self.in_tag = true;
            }
            Event::Namespace { prefix, uri } => {
                let colon = if prefix.is_empty() { "" } else { ":" };
                write!(self.out, " xmlns{colon}{prefix}=\"{}\"", escape(uri.text, true)).unwrap();
            }
            Event::Attribute { name, value } => {
                let mut text = String::new();
                value.write_text(self.runtime, &mut text).unwrap();
                write!(self.out, " {}=\"{}\"", qualified(name), escape(&text, true)).unwrap();
            }
            Event::Text(value) => {
                let mut text = String::new();
                value.write_text(self.runtime, &mut text).unwrap();
                self.out.push_str(&escape(&text, false));
            }
            Event::Comment(comment) => write!(self.out, "<!--{comment}-->").unwrap(),
            Event::End => write!(self.out, "</{}>", self.open.pop().unwrap()).unwrap(),
        }
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }
}

fn qualified(name: &Name<'_>) -> String {
    if name.prefix.is_empty() { name.local.to_string() } else { format!("{}:{}", name.prefix, name.local) }
}

fn escape(text: &str, attribute: bool) -> String {
    let mut out = String::new();
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if attribute => out.push_str("&quot;"),
            '\t' | '\n' if !attribute => out.push(char),
            '\0'..='\x1f' => write!(out, "&#x{:X};", char as u32).unwrap(),
            _ => out.push(char),
        }
    }
    out
}
