//! What our reader sees in a document, in the lines of `dotnet-xml/infoset.cs`.

use std::fmt::Write as _;

use viaduct::wire::binxml::{DecodeError, Dictionaries, Limits, Reader};
use viaduct::wire::xml::{Event, Value};

/// Lines of a document: elements, attributes, declarations, texts, comments, ends.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Infoset {
    lines: String,
    /// Declarations of the tag, which are said after its attributes.
    declarations: String,
}

impl Infoset {
    /// What our reader sees.
    pub(crate) fn read(document: &[u8], dictionaries: Dictionaries<'_>) -> Result<String, DecodeError> {
        // .NET is asked without quotas as well.
        let limits = Limits { start_tag: usize::MAX, ..Limits::default() };
        let mut reader = Reader::new(document, dictionaries, limits);
        let mut infoset = Self::default();
        while let Some(event) = reader.next_event()? {
            infoset.push(event);
        }
        Ok(infoset.finish())
    }

    /// Adds what an event says.
    pub(crate) fn push(&mut self, event: &Event<'_>) {
        match event {
            Event::Namespace { prefix, uri } => line(&mut self.declarations, 'X', &[prefix, uri.text]),
            Event::Attribute { name, value } => {
                let parts = [name.prefix, name.local.text, name.namespace.text, &value.text()];
                line(&mut self.lines, 'A', &parts);
            }
            other => {
                self.lines.push_str(&std::mem::take(&mut self.declarations));
                match other {
                    Event::Start(name) => {
                        line(&mut self.lines, 'E', &[name.prefix, name.local.text, name.namespace.text]);
                    }
                    Event::Text(value) => line(&mut self.lines, 'T', &[&value.text()]),
                    Event::Comment(comment) => line(&mut self.lines, 'C', &[comment]),
                    _ => self.lines.push_str("/\n"),
                }
            }
        }
    }

    /// All of it.
    pub(crate) fn finish(self) -> String {
        self.lines + &self.declarations
    }
}

fn line(lines: &mut String, kind: char, parts: &[&str]) {
    lines.push(kind);
    for part in parts {
        lines.push('\t');
        for char in part.chars() {
            match char {
                '\t' => lines.push_str("\\t"),
                '\n' => lines.push_str("\\n"),
                '\r' => lines.push_str("\\r"),
                '\\' => lines.push_str("\\\\"),
                char => lines.write_char(char).unwrap(),
            }
        }
    }
    lines.push('\n');
}

/// What a document was made of: the same lines without declarations, where `?` stands for a prefix that the writer chose. Texts are joined.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Expected {
    lines: String,
    text: String,
    /// Bytes at the end of the text, whose base64 is made when no more of them can come.
    bytes: Vec<u8>,
}

impl Expected {
    pub(crate) fn start(&mut self, prefix: Option<&str>, local: &str, namespace: &str) {
        self.node('E', &[prefix.unwrap_or("?"), local, namespace]);
    }

    pub(crate) fn attribute(&mut self, prefix: Option<&str>, local: &str, namespace: &str, value: &str) {
        line(&mut self.lines, 'A', &[prefix.unwrap_or("?"), local, namespace, value]);
    }

    pub(crate) fn text(&mut self, text: &str) {
        if text.is_empty() {
            // It does not part the bytes before it from those behind it.
            return;
        }
        self.list(text);
    }

    /// A list parts bytes, whatever it says.
    pub(crate) fn list(&mut self, text: &str) {
        self.join_bytes();
        self.text.push_str(text);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn comment(&mut self, comment: &str) {
        self.node('C', &[comment]);
    }

    pub(crate) fn end(&mut self) {
        self.node('/', &[]);
    }

    fn join_bytes(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        self.text.push_str(&Value::Bytes(&bytes).text());
    }

    fn node(&mut self, kind: char, parts: &[&str]) {
        self.join_bytes();
        let text = std::mem::take(&mut self.text);
        if !text.is_empty() {
            line(&mut self.lines, 'T', &[&text]);
        }
        line(&mut self.lines, kind, parts);
    }

    /// Where an infoset says something else; nothing where it does not.
    pub(crate) fn difference(&self, infoset: &str) -> Option<String> {
        let found = joined(infoset);
        let chosen = |expected: &str, found: &str| match (expected.get(..3), found.split('\t').nth(1)) {
            (Some("E\t?" | "A\t?"), Some(prefix)) => expected.replacen('?', prefix, 1) == *found,
            _ => false,
        };
        first_difference(&self.lines, &found, |expected, found| expected == found || chosen(expected, found))
    }
}

/// An infoset without declarations, empty texts and white space around the root, texts of an element joined.
fn joined(infoset: &str) -> String {
    let (mut lines, mut text, mut depth) = (String::new(), String::new(), 0);
    for line in infoset.lines() {
        match line.split_at(1) {
            ("T", _) if depth == 0 => {}
            ("T", more) => text.push_str(&more[1..]),
            ("X", _) => {}
            (kind, _) => {
                depth += i32::from(kind == "E") - i32::from(kind == "/");
                if !text.is_empty() {
                    lines.push_str(&format!("T\t{}\n", std::mem::take(&mut text)));
                }
                lines.push_str(line);
                lines.push('\n');
            }
        }
    }
    lines
}

/// The first two lines that are not the same.
pub(crate) fn first_difference(a: &str, b: &str, same: impl Fn(&str, &str) -> bool) -> Option<String> {
    let (mut left, mut right) = (a.lines(), b.lines());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (Some(left), Some(right)) if same(left, right) => {}
            (left, right) => {
                return Some(format!(
                    "{:.300} | {:.300}",
                    left.unwrap_or_default(),
                    right.unwrap_or_default()
                ));
            }
        }
    }
}
