//! A reply whose entity is octets in an element `Binary` (7.5).

use super::base64_stream::Base64Stream;
use super::refusal::HttpRefusal;
use super::reply_head::Known;
use crate::wire::xml::Event;

/// Lets the octets pass.
#[derive(Debug, Default)]
pub(super) struct RawReply {
    octets: Base64Stream,
    /// Elements open below the body.
    depth: usize,
    begun: bool,
}

impl RawReply {
    pub(super) fn known(&self) -> Option<Known> {
        self.begun.then_some(Known { content_type: "application/octet-stream", fault: false })
    }

    pub(super) fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        match event {
            Event::Start(name) if self.depth == 0 && !self.begun && name.is("", "Binary") => {
                (self.depth, self.begun) = (1, true);
                Ok(())
            }
            Event::Start(_) => Err(HttpRefusal::ReplyForm("another element where Binary belongs")),
            Event::End => {
                self.depth = 0;
                self.octets.finish()
            }
            Event::Text(value) if self.depth == 1 => self.octets.push(value, out),
            Event::Text(value) if value.is_blank() => Ok(()),
            Event::Text(_) => Err(HttpRefusal::ReplyForm("text beside Binary")),
            Event::Namespace { .. } | Event::Attribute { .. } | Event::Comment(_) => Ok(()),
        }
    }
}
