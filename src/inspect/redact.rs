//! What is never shown of an envelope: the texts of its tokens and passwords.

use crate::wire::xml::{Event, Value};

/// Elements whose text is a secret: WS-Security's, and those of WCF Relay (page 8.2).
const SECRET: [&str; 5] =
    ["BinarySecurityToken", "Password", "RelayAccessToken", "CipherValue", "BinarySecret"];

/// Follows the events of one envelope, and says which texts are secrets.
#[derive(Debug, Default)]
pub(super) struct Redactor {
    depth: usize,
    /// How deep the outermost element with a secret stands.
    inside: Option<usize>,
    /// The secret that is being left out has been hinted at.
    is_hinted: bool,
    found: bool,
}

impl Redactor {
    /// The event as it may be shown; `None`: not at all.
    pub(super) fn shown<'e>(&mut self, event: &Event<'e>) -> Option<Event<'e>> {
        match event {
            Event::Start(name) => {
                self.depth += 1;
                if self.inside.is_none() && SECRET.contains(&name.local.text) {
                    self.inside = Some(self.depth);
                    self.is_hinted = false;
                }
            }
            Event::End => {
                if self.inside == Some(self.depth) {
                    self.inside = None;
                }
                self.depth = self.depth.saturating_sub(1);
            }
            Event::Text(value) if self.inside.is_some() && !value.is_blank() => {
                self.found = true;
                let again = std::mem::replace(&mut self.is_hinted, true);
                return (!again).then_some(Event::Text(Value::Chars("…")));
            }
            _ => {}
        }
        Some(*event)
    }

    /// Whether there was a secret.
    pub(super) fn found(&self) -> bool {
        self.found
    }
}
