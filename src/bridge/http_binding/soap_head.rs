//! What of a sender's envelope is looked at, and changed, without a tree: the places in its text up to the body.
//!
//! A SOAP 1.1 message gets an Action, because nothing on the listener's side reads `SOAPAction`; a SOAP 1.2 message without one gets that of its
//! Content-Type; a header with the relay's token is taken out (7.4). All other bytes stay.

use std::ops::Range;

use quick_xml::escape::escape;

use super::refusal::HttpRefusal;
use crate::wire::relayed::{AccessToken, AccessTokenReader, CONNECT_NAMESPACE, MessageError};
use crate::wire::soap::{Addressing, SoapVersion};
use crate::wire::xml::{Event, Name};

/// What the headers hold of tokens: at most one, or what is wrong with it.
pub(super) type SoapToken = Result<Option<AccessToken>, MessageError>;

/// Reads one envelope from its events up to the start of its body.
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
    tokens: AccessTokenReader,
    /// What is wrong with a token: whoever needs none is not concerned.
    bad_token: Option<MessageError>,
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
    /// An envelope of this version begins with its root.
    pub(super) fn new(version: SoapVersion, root: &Name<'_>) -> Self {
        let mut head = Self {
            version,
            prefix: root.prefix.to_owned(),
            depth: 1,
            header: None,
            taking_out: None,
            cuts: Vec::new(),
            old_actions: Vec::new(),
            old_action: None,
            has_action: false,
            tokens: AccessTokenReader::default(),
            bad_token: None,
        };
        head.token_event(&Event::Start(*root));
        head
    }

    fn token_event(&mut self, event: &Event<'_>) {
        if self.bad_token.is_none() {
            self.bad_token = self.tokens.event(event).err();
        }
    }

    /// Takes the next event. Its place follows with [`Self::note`].
    ///
    /// # Errors
    /// This is no envelope with a body.
    pub(super) fn event(&mut self, event: &Event<'_>) -> Result<Step, HttpRefusal> {
        self.token_event(event);
        match event {
            Event::Start(name) => {
                self.depth += 1;
                self.start(name)
            }
            Event::End => {
                self.depth -= 1;
                match self.depth {
                    0 => Err(HttpRefusal::NotAnEnvelope),
                    2 => Ok(Step::BlockEnd),
                    _ => Ok(Step::Nothing),
                }
            }
            Event::Text(value) if self.depth <= 2 && !value.is_blank() => Err(HttpRefusal::NotAnEnvelope),
            Event::Text(_) | Event::Namespace { .. } | Event::Attribute { .. } | Event::Comment(_) => {
                Ok(Step::Nothing)
            }
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
            3 if name.is(CONNECT_NAMESPACE, "RelayAccessToken") => Ok(Step::TakenOut),
            3 if name.local == "Action" => {
                let addressing = Addressing::of(name.namespace.text);
                self.has_action |= matches!(addressing, Some(Addressing::Ws10 | Addressing::August2004));
                Ok(if addressing == Some(Addressing::None) { Step::OldAction } else { Step::Nothing })
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

    /// The version of the envelope.
    pub(super) fn version(&self) -> SoapVersion {
        self.version
    }

    /// The token that stood in a header, 8.2.
    pub(super) fn into_token(self) -> SoapToken {
        match self.bad_token {
            Some(error) => Err(error),
            None => Ok(self.tokens.into_token()),
        }
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
