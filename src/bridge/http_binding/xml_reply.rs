//! A reply whose entity is an element, as text XML (7.5).

use super::refusal::HttpRefusal;
use super::reply_head::Known;
use crate::wire::soap::{Addressing, SoapVersion};
use crate::wire::xml::{Event, Scope, Str, TextStyle, TextWriter};

/// Writes the element alone, with the declarations that stood around it.
pub(super) struct XmlReply {
    writer: TextWriter,
    /// What is declared in the element itself.
    scope: Scope,
    /// What was declared around it, but for the envelope's own.
    around: Vec<(String, String)>,
    /// Prefixes used in the tag that is open, with what they stand for.
    used: Vec<(String, String)>,
    in_tag: bool,
    known: Option<Known>,
}

impl XmlReply {
    /// The element stands where `around` is declared.
    pub(super) fn new(around: &Scope) -> Self {
        let envelopes = [SoapVersion::Soap12.namespace(), Addressing::Ws10.namespace()];
        let others = around.visible().filter(|(_, uri)| !uri.is_empty() && !envelopes.contains(uri));
        Self {
            // Control characters are written as references, as .NET does: its own readers take them.
            writer: TextWriter::new(TextStyle { lenient: true, ..TextStyle::default() }),
            scope: Scope::new(),
            around: others.map(|(prefix, uri)| (prefix.to_owned(), uri.to_owned())).collect(),
            used: Vec::new(),
            in_tag: false,
            known: None,
        }
    }

    pub(super) fn known(&self) -> Option<Known> {
        self.known
    }

    pub(super) fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        match event {
            Event::Start(name) => {
                self.close_tag()?;
                self.known.get_or_insert(Known {
                    content_type: "application/xml; charset=utf-8",
                    fault: name.is(SoapVersion::Soap12.namespace(), "Fault"),
                });
                self.scope.open();
                self.in_tag = true;
                self.used.push((name.prefix.to_owned(), name.namespace.text.to_owned()));
            }
            Event::Namespace { prefix, uri } => {
                self.scope.declare(prefix, uri.text).map_err(HttpRefusal::ReplyText)?;
            }
            Event::Attribute { name, .. } if !name.prefix.is_empty() => {
                self.used.push((name.prefix.to_owned(), name.namespace.text.to_owned()));
            }
            Event::Attribute { .. } => {}
            Event::Text(_) | Event::Comment(_) | Event::End => self.close_tag()?,
        }
        self.writer.event(event).map_err(HttpRefusal::ReplyText)?;
        if matches!(event, Event::End) {
            self.scope.close();
        }
        self.writer.take(out);
        Ok(())
    }

    /// Declares in the open tag what it uses and nothing inside declares. On the outermost one also what stood around: a value may hold a prefix.
    fn close_tag(&mut self) -> Result<(), HttpRefusal> {
        if !std::mem::take(&mut self.in_tag) {
            return Ok(());
        }
        let Self { writer, scope, used, around, .. } = self;
        let used = used.drain(..).filter(|(prefix, _)| prefix != "xml");
        for (prefix, uri) in used.chain(around.drain(..)) {
            declare(writer, scope, &prefix, &uri)?;
        }
        Ok(())
    }
}

fn declare(writer: &mut TextWriter, scope: &mut Scope, prefix: &str, uri: &str) -> Result<(), HttpRefusal> {
    if scope.resolve(prefix) == Ok(uri) {
        return Ok(());
    }
    match scope.declare(prefix, uri) {
        Ok(()) => {
            writer.event(&Event::Namespace { prefix, uri: Str::plain(uri) }).map_err(HttpRefusal::ReplyText)
        }
        // The tag gives the prefix another meaning, so nothing in it can mean the one around.
        Err(_) => Ok(()),
    }
}
