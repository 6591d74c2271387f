//! What of a sender's envelope is looked at, and changed, without a tree: the places in its text up to the body.
//!
//! A SOAP 1.1 message gets an Action, because nothing on the listener's side reads `SOAPAction`; a SOAP 1.2 message without one gets that of its
//! Content-Type; a header with the relay's token is taken out (7.4). All other bytes stay.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quick_xml::escape::escape;
use secrecy::SecretString;

use super::limits::BindingLimits;
use super::names::{CONNECT, WSSE};
use super::refusal::HttpRefusal;
use crate::wire::soap::{Addressing, SoapVersion};
use crate::wire::xml::{Event, Name};

/// Reads one envelope from its events, root excluded, up to the start of its body.
pub(super) struct SoapHead {
    version: SoapVersion,
    /// The prefix of the root, as its sender wrote it.
    prefix: String,
    /// Elements open, the root included.
    depth: usize,
    header: Option<Header>,
    /// Where the header that is being read begins, if it is taken out.
    taking_out: Option<u64>,
    /// What is taken out, in order.
    cuts: Vec<Range<u64>>,
    /// Places of Actions of no addressing, which give way to ours.
    old_actions: Vec<Range<u64>>,
    old_action: Option<u64>,
    has_action: bool,
    token_text: Option<String>,
    in_token: bool,
    token: Option<SecretString>,
    most_token: usize,
}

struct Header {
    prefix: String,
    /// Where its start tag ends.
    tag_end: u64,
}

/// What an event was, so that its place can be noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing whose place counts.
    Nothing,
    /// The start tag of the header element.
    HeaderStart,
    /// A header begins that is taken out.
    TakenOut,
    /// An Action of no addressing begins.
    OldAction,
    /// A header has ended.
    BlockEnd,
    /// The body begins.
    Body,
}

impl SoapHead {
    /// An envelope whose root has this version and prefix.
    pub(super) fn new(version: SoapVersion, prefix: &str, limits: &BindingLimits) -> Self {
        Self {
            version,
            prefix: prefix.to_owned(),
            depth: 1,
            header: None,
            taking_out: None,
            cuts: Vec::new(),
            old_actions: Vec::new(),
            old_action: None,
            has_action: false,
            token_text: None,
            in_token: false,
            token: None,
            most_token: limits.soap_token,
        }
    }

    /// Takes the next event. Its place follows with [`Self::note`].
    ///
    /// # Errors
    /// This is no envelope with a body, or the token is too long.
    pub(super) fn event(&mut self, event: &Event<'_>) -> Result<Step, HttpRefusal> {
        match event {
            Event::Start(name) => {
                self.depth += 1;
                self.start(name)
            }
            Event::End => {
                self.depth -= 1;
                match self.depth {
                    0 => Err(HttpRefusal::NotAnEnvelope),
                    2 => {
                        self.block_end();
                        Ok(Step::BlockEnd)
                    }
                    _ => Ok(Step::Nothing),
                }
            }
            Event::Text(value) => {
                if self.depth <= 2 && !value.is_blank() {
                    return Err(HttpRefusal::NotAnEnvelope);
                }
                if let Some(text) = self.token_text.as_mut().filter(|_| self.in_token && self.depth == 4) {
                    text.push_str(&value.text());
                    if text.len() > self.most_token {
                        return Err(HttpRefusal::HeadersTooLarge { max: self.most_token });
                    }
                }
                Ok(Step::Nothing)
            }
            Event::Namespace { .. } | Event::Attribute { .. } | Event::Comment(_) => Ok(Step::Nothing),
        }
    }

    fn start(&mut self, name: &Name<'_>) -> Result<Step, HttpRefusal> {
        let soap = self.version.namespace();
        match self.depth {
            2 if name.is(soap, "Body") => Ok(Step::Body),
            2 if name.is(soap, "Header") && self.header.is_none() => {
                self.header = Some(Header { prefix: name.prefix.to_owned(), tag_end: 0 });
                Ok(Step::HeaderStart)
            }
            2 => Err(HttpRefusal::NotAnEnvelope),
            3 if name.is(CONNECT, "RelayAccessToken") => {
                self.token_text = Some(String::new());
                Ok(Step::TakenOut)
            }
            3 if name.local == "Action" => {
                let addressing = Addressing::of(name.namespace.text);
                self.has_action |= matches!(addressing, Some(Addressing::Ws10 | Addressing::August2004));
                Ok(if addressing == Some(Addressing::None) { Step::OldAction } else { Step::Nothing })
            }
            4 => {
                self.in_token = self.token_text.is_some() && name.is(WSSE, "BinarySecurityToken");
                Ok(Step::Nothing)
            }
            _ => Ok(Step::Nothing),
        }
    }

    /// Where the event stands in the text, in bytes.
    pub(super) fn note(&mut self, step: Step, span: &Range<u64>) {
        match step {
            Step::HeaderStart => {
                if let Some(header) = &mut self.header {
                    header.tag_end = span.end;
                }
            }
            Step::TakenOut => self.taking_out = Some(span.start),
            Step::OldAction => self.old_action = Some(span.start),
            Step::BlockEnd => {
                if let Some(start) = self.taking_out.take() {
                    self.cuts.push(start..span.end);
                }
                if let Some(start) = self.old_action.take() {
                    self.old_actions.push(start..span.end);
                }
            }
            Step::Nothing | Step::Body => {}
        }
    }

    fn block_end(&mut self) {
        self.in_token = false;
        let Some(mut text) = self.token_text.take() else { return };
        text.retain(|char| !char.is_ascii_whitespace());
        let token = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        if self.token.is_none() {
            self.token = token.map(SecretString::from);
        }
    }

    /// The version of the envelope.
    pub(super) fn version(&self) -> SoapVersion {
        self.version
    }

    /// The token that stood in a header, 8.2.
    pub(super) fn token(&self) -> Option<&SecretString> {
        self.token.as_ref()
    }

    /// Appends `text`, which holds the envelope up to the start of its body at `body` and perhaps more, with `action` in it where it is missing.
    /// Places count from `mark` on, the bytes of the byte order mark.
    pub(super) fn rewrite(
        &self,
        text: &[u8],
        mark: usize,
        body: u64,
        action: Option<&str>,
        out: &mut Vec<u8>,
    ) -> Result<(), HttpRefusal> {
        let mut edits: Vec<(Range<u64>, String)> =
            self.cuts.iter().map(|cut| (cut.clone(), String::new())).collect();
        if let Some(action) = action.filter(|_| self.wants_action()) {
            if self.version == SoapVersion::Soap11 {
                edits.extend(self.old_actions.iter().map(|old| (old.clone(), String::new())));
            }
            edits.push(self.insertion(text, mark, body, action)?);
        }
        edits.sort_by_key(|(range, _)| (range.start, range.end));
        let place = |at: u64| usize::try_from(at).ok().and_then(|at| at.checked_add(mark));
        let mut from = 0;
        for (range, new) in edits {
            let (start, end) = (place(range.start), place(range.end));
            let (Some(start), Some(end)) = (start, end) else { return Err(HttpRefusal::NotAnEnvelope) };
            out.extend_from_slice(text.get(from..start).ok_or(HttpRefusal::NotAnEnvelope)?);
            out.extend_from_slice(new.as_bytes());
            from = end;
        }
        out.extend_from_slice(text.get(from..).ok_or(HttpRefusal::NotAnEnvelope)?);
        Ok(())
    }

    /// With WS-Addressing the message's own Action is kept (7.4); in SOAP 1.1 such an Action does not count.
    fn wants_action(&self) -> bool {
        match self.version {
            SoapVersion::Soap11 => true,
            SoapVersion::Soap12 => !self.has_action,
        }
    }

    /// Where the Action goes, and what stands there then.
    fn insertion(
        &self,
        text: &[u8],
        mark: usize,
        body: u64,
        action: &str,
    ) -> Result<(Range<u64>, String), HttpRefusal> {
        let Some(header) = &self.header else {
            let header = qualified(&self.prefix, "Header");
            let action = self.action(&self.prefix, action);
            return Ok((body..body, format!("<{header}>{action}</{header}>")));
        };
        let action = self.action(&header.prefix, action);
        let end = usize::try_from(header.tag_end).ok().and_then(|end| end.checked_add(mark));
        let tag = end.and_then(|end| text.get(..end)).ok_or(HttpRefusal::NotAnEnvelope)?;
        if tag.ends_with(b"/>") {
            let name = qualified(&header.prefix, "Header");
            return Ok((header.tag_end - 2..header.tag_end, format!(">{action}</{name}>")));
        }
        Ok((header.tag_end..header.tag_end, action))
    }

    fn action(&self, prefix: &str, action: &str) -> String {
        let action = escape(action);
        match self.version {
            // mustUnderstand is optional (7.4), and without a prefix there is no attribute of the envelope's namespace.
            SoapVersion::Soap11 if prefix.is_empty() => {
                format!("<Action xmlns=\"{}\">{action}</Action>", Addressing::None.namespace())
            }
            SoapVersion::Soap11 => format!(
                "<Action {prefix}:mustUnderstand=\"1\" xmlns=\"{}\">{action}</Action>",
                Addressing::None.namespace()
            ),
            // A service without addressing would not understand it.
            SoapVersion::Soap12 => {
                format!("<Action xmlns=\"{}\">{action}</Action>", Addressing::Ws10.namespace())
            }
        }
    }
}

fn qualified(prefix: &str, local: &str) -> String {
    if prefix.is_empty() { local.to_owned() } else { format!("{prefix}:{local}") }
}
