//! What our reader sees in a document, in the lines of `dotnet-xml/infoset.cs`.

use std::fmt::Write as _;

use viaduct::wire::binxml::{DecodeError, Dictionaries, Limits, Reader};
use viaduct::wire::xml::Event;

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
        let mut reader = Reader::new(document, dictionaries, Limits::default());
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
