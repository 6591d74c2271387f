//! Writing what was read.
//!
//! Who has read a document knows its declarations, so they are written where they stood among the others, also those that say what an outer one says;
//! whoever makes a document has the writer add what is missing.

use super::error::DecodeError;
use super::reader::Reader;
use super::write_error::WriteError;
use super::writer::Writer;
use crate::wire::xml::{Event, Name};

/// Why a document was not copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] DecodeError),
    /// What was read cannot be written there.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Writer<'_> {
    /// Writes what a reader has read: of binary XML or of text.
    ///
    /// # Errors
    /// The events are not those of one document.
    pub fn event(&mut self, event: &Event<'_>) -> Result<(), WriteError> {
        match event {
            Event::Start(name) => {
                self.before_element()?;
                self.read_tag(name)
            }
            Event::Namespace { prefix, uri } => {
                self.in_tag()?;
                self.scope.declared(prefix, *uri, self.depth)
            }
            Event::Attribute { name, value } => {
                self.in_tag()?;
                if !name.prefix.is_empty() {
                    self.scope.needed(name.prefix, name.namespace, self.depth)?;
                    self.open_attribute(name.prefix, name.local)?;
                } else {
                    self.start_attribute(None, name.local, name.namespace)?;
                }
                self.value(value)?;
                self.end_attribute()
            }
            // White space around the root: no writer of Microsoft's writes any.
            Event::Text(value) if self.depth == 0 => {
                if value.is_blank() {
                    Ok(())
                } else {
                    Err(WriteError::RootText)
                }
            }
            Event::Text(value) => self.value(value),
            Event::Comment(comment) => self.comment(comment),
            Event::End => self.end_element(),
        }
    }

    pub(super) fn read_tag(&mut self, name: &Name<'_>) -> Result<(), WriteError> {
        self.scope.open();
        self.scope.needed(name.prefix, name.namespace, self.depth + 1)?;
        self.open_tag(name.prefix, name.local)
    }

    /// Copies the next event of a reader, or all of an array; `false` at the end of the document.
    ///
    /// A reader shows an array as the elements it stands for. Copied it stays an array, as .NET's `WriteNode` leaves it one.
    ///
    /// # Errors
    /// The document cannot be read, or not be written here.
    pub fn copy(&mut self, reader: &mut Reader<'_>) -> Result<bool, CopyError> {
        let Some(event) = reader.next_event()? else { return Ok(false) };
        let event = *event;
        match (event, reader.begun_array()) {
            (Event::Start(name), Some(items)) => {
                self.begin_array(&name)?;
                while reader.is_in_tag() {
                    if let Some(event) = reader.next_event()? {
                        self.event(event)?;
                    }
                }
                self.end_array(&items)?;
                reader.skip_array();
            }
            _ => self.event(&event)?,
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::binxml::{ArrayItems, Dictionaries, Ids, Limits, OutgoingTable, SessionTable};
    use crate::wire::xml::{Runtime, Str, Value};

    fn copied(document: &[u8]) -> Vec<u8> {
        let mut reader = Reader::new(document, Dictionaries::STATIC, Limits::default());
        let mut writer = Writer::new(Ids::Static, Runtime::Net8);
        while writer.copy(&mut reader).unwrap() {}
        writer.finish().unwrap()
    }

    #[test]
    fn declarations_stay_in_their_order_and_where_they_say_nothing_new() {
        // .NET's writer puts a declaration that is asked for before the attribute that needs one, and repeats an outer one when it is written as an
        // attribute.
        for document in [
            &b"\x40\x01r\x26\x01x\x82\x09\x01q\x01u\x09\x01a\x01v\x01"[..],
            b"\x40\x01r\x26\x01x\x82\x09\x01a\x01v\x09\x01q\x01u\x01",
            b"\x40\x01r\x09\x01q\x01u\x40\x01s\x09\x01q\x01u\x01\x01",
            b"\x40\x01r\x08\x01u\x40\x01s\x08\x01u\x01\x01",
        ] {
            assert_eq!(copied(document), document);
        }
    }

    #[test]
    fn what_no_declaration_was_read_for_is_declared_after_those_that_were() {
        let name =
            |prefix: &'static str, uri| Name { prefix, local: Str::plain("n"), namespace: Str::plain(uri) };
        let mut writer = Writer::new(Ids::Static, Runtime::Net8);
        writer.event(&Event::Start(name("p", "u"))).unwrap();
        writer.event(&Event::Namespace { prefix: "q", uri: "v".into() }).unwrap();
        writer.event(&Event::End).unwrap();
        assert_eq!(writer.finish().unwrap(), b"\x6d\x01n\x09\x01q\x01v\x09\x01p\x01u\x01");
    }

    #[test]
    fn one_prefix_for_two_namespaces_in_a_tag_is_refused() {
        let name = Name { prefix: "p", local: Str::plain("n"), namespace: Str::plain("u") };
        let mut writer = Writer::new(Ids::Static, Runtime::Net8);
        writer.event(&Event::Start(name)).unwrap();
        let declared = writer.event(&Event::Namespace { prefix: "p", uri: "v".into() });
        assert_eq!(declared, Err(WriteError::PrefixRedeclared));
    }

    #[test]
    fn declarations_of_elements_that_ended_take_no_room() {
        let name = Name { prefix: "p", local: Str::plain("n"), namespace: Str::plain("u") };
        let mut writer = Writer::new(Ids::Static, Runtime::Net8);
        writer.event(&Event::Start(Name::local("r"))).unwrap();
        for _ in 0..1000 {
            writer.event(&Event::Start(name)).unwrap();
            writer.event(&Event::Namespace { prefix: "q", uri: "v".into() }).unwrap();
            writer.event(&Event::Namespace { prefix: "p", uri: "u".into() }).unwrap();
            writer.event(&Event::End).unwrap();
        }
        assert_eq!(writer.scope.kept(), 0);
    }

    #[test]
    fn an_array_stays_an_array_with_what_its_tag_has() {
        for document in [
            &b"\x40\x01r\x03\x40\x01i\x01\x8b\x03\x01\x00\x02\x00\x03\x00\x01"[..],
            b"\x40\x01r\x03\x5f\x01i\x04\x01k\x82\x09\x01b\x01u\x01\xb5\x02\x00\x01\x03\x40\x01i\x01\xb5\x01\x01\x99\x01t",
            b"\x40\x01r\x80\x03\x42\x0a\x01\x8d\x01\x07\x00\x00\x00\x01",
        ] {
            assert_eq!(copied(document), document);
        }
    }

    #[test]
    fn strings_of_a_session_get_ids_of_the_session_that_it_is_copied_to() {
        let mut first = OutgoingTable::default();
        let mut writer = Writer::new(Ids::Session(&mut first), Runtime::Framework);
        writer.start_element(Some(""), Str::dictionary("r"), Str::plain("")).unwrap();
        let items = ArrayItems::Int16(&[1, 2]);
        writer.array(Some(""), Str::dictionary("i"), Str::plain(""), items).unwrap();
        writer.value(&Value::Dictionary(Str::dictionary("text"))).unwrap();
        writer.end_element().unwrap();
        let message = writer.finish().unwrap();

        let (mut table, mut second) = (SessionTable::new(), OutgoingTable::default());
        let at = table.read(&message).unwrap();
        let mut reader = Reader::new(&message[at..], Dictionaries::session(&table), Limits::default());
        let mut writer = Writer::new(Ids::Session(&mut second), Runtime::Framework);
        while writer.copy(&mut reader).unwrap() {}
        assert_eq!(writer.finish().unwrap(), message);
    }
}
