//! A fault from events.

use super::error::SoapError;
use super::fault::{Fault, FaultCode};
use super::headers::QualifiedName;
use super::version::SoapVersion;
use crate::wire::xml::{Event, Name, Scope, TextStyle, TextWriter, Value, XML_NAMESPACE};

/// Reads the fault in the body of one envelope, from all the envelope's events.
#[derive(Debug)]
pub struct FaultReader {
    max: usize,
    version: Option<SoapVersion>,
    scope: Scope,
    depth: usize,
    in_body: bool,
    /// What the elements below `Fault` are, outermost first.
    path: Vec<Part>,
    text: String,
    lang: String,
    code: Option<QualifiedName>,
    subcodes: Vec<QualifiedName>,
    /// The reason so far and its language.
    reason: Option<(String, String)>,
    role: Option<String>,
    detail: Option<Detail>,
    detail_text: Option<String>,
    done: Option<Fault>,
}

#[derive(Debug)]
struct Detail {
    writer: TextWriter,
    in_tag: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Code,
    Value,
    Subcode,
    Reason,
    Text,
    Role,
    Detail,
    Other,
}

impl FaultReader {
    /// An envelope begins whose fault takes at most `max` bytes of text.
    pub fn new(max: usize) -> Self {
        Self {
            max,
            version: None,
            scope: Scope::new(),
            depth: 0,
            in_body: false,
            path: Vec::new(),
            text: String::new(),
            lang: String::new(),
            code: None,
            subcodes: Vec::new(),
            reason: None,
            role: None,
            detail: None,
            detail_text: None,
            done: None,
        }
    }

    /// Takes the next event of the envelope; the fault is there once its last element has ended.
    ///
    /// # Errors
    /// [`SoapError::NotAFault`] when the body begins with something else; [`SoapError::FaultTooLarge`].
    pub fn event(&mut self, event: &Event<'_>) -> Result<Option<&Fault>, SoapError> {
        if self.done.is_none() {
            self.read(event)?;
        }
        Ok(self.done.as_ref())
    }

    /// The fault, once it was read.
    pub fn into_fault(self) -> Option<Fault> {
        self.done
    }

    fn read(&mut self, event: &Event<'_>) -> Result<(), SoapError> {
        match event {
            Event::Start(name) => {
                self.detail_event(event)?;
                self.scope.open();
                self.depth += 1;
                self.start(name)?;
            }
            Event::Namespace { prefix, uri } => {
                self.scope.declare(prefix, uri.text)?;
                if !self.detail.as_ref().is_some_and(|detail| detail.in_tag) {
                    self.detail_event(event)?;
                }
            }
            Event::Attribute { name, value } => {
                if name.is(XML_NAMESPACE, "lang") {
                    self.lang = value.text().into_owned();
                }
                if let Some(detail) = &mut self.detail {
                    detail.writer.event(event)?;
                }
            }
            Event::Text(value) => self.text(value, event)?,
            Event::Comment(_) => self.detail_event(event)?,
            Event::End => self.end(event)?,
        }
        Ok(())
    }

    /// Passes an event on to the detail, if this is inside one, after the declarations that it needs from outside.
    fn detail_event(&mut self, event: &Event<'_>) -> Result<(), SoapError> {
        let Some(detail) = &mut self.detail else { return Ok(()) };
        if std::mem::take(&mut detail.in_tag) {
            for (prefix, uri) in self.scope.visible() {
                if !(prefix.is_empty() && uri.is_empty()) {
                    detail.writer.event(&Event::Namespace { prefix, uri: uri.into() })?;
                }
            }
        }
        detail.writer.event(event)?;
        if detail.writer.written() > self.max {
            return Err(SoapError::FaultTooLarge { max: self.max });
        }
        Ok(())
    }

    fn start(&mut self, name: &Name<'_>) -> Result<(), SoapError> {
        let version = match (self.version, self.depth) {
            (Some(version), _) => version,
            (None, _) => {
                let version = SoapVersion::of(name.namespace.text).filter(|_| name.local == "Envelope");
                *self.version.insert(version.ok_or(SoapError::NotAnEnvelope)?)
            }
        };
        match self.depth {
            2 => self.in_body = name.is(version.namespace(), "Body"),
            3 if self.in_body && !name.is(version.namespace(), "Fault") => return Err(SoapError::NotAFault),
            4.. if self.in_body => {
                let part = self.part(name, version);
                if part == Part::Detail && self.detail.is_none() {
                    let mut writer = TextWriter::new(TextStyle::default());
                    writer.event(&Event::Start(*name))?;
                    self.detail = Some(Detail { writer, in_tag: true });
                }
                self.path.push(part);
                self.text.clear();
                self.lang.clear();
            }
            _ => {}
        }
        Ok(())
    }

    fn part(&self, name: &Name<'_>, version: SoapVersion) -> Part {
        let inside = self.path.last().copied();
        if version == SoapVersion::Soap11 {
            return match (inside, name.local.text) {
                (None, "faultcode") => Part::Value,
                (None, "faultstring") => Part::Text,
                (None, "faultactor") => Part::Role,
                (None, "detail") => Part::Detail,
                _ => Part::Other,
            };
        }
        if name.namespace != version.namespace() {
            return Part::Other;
        }
        match (inside, name.local.text) {
            (None, "Code") => Part::Code,
            (None, "Reason") => Part::Reason,
            (None, "Role") => Part::Role,
            (None, "Detail") => Part::Detail,
            (Some(Part::Code | Part::Subcode), "Value") => Part::Value,
            (Some(Part::Code | Part::Subcode), "Subcode") => Part::Subcode,
            (Some(Part::Reason), "Text") => Part::Text,
            _ => Part::Other,
        }
    }

    fn text(&mut self, value: &Value<'_>, event: &Event<'_>) -> Result<(), SoapError> {
        self.detail_event(event)?;
        if self.detail.is_none() && matches!(self.path.last(), Some(Part::Value | Part::Text | Part::Role)) {
            self.text.push_str(&value.text());
            if self.text.len() > self.max {
                return Err(SoapError::FaultTooLarge { max: self.max });
            }
        }
        Ok(())
    }

    fn end(&mut self, event: &Event<'_>) -> Result<(), SoapError> {
        self.detail_event(event)?;
        let part = self.path.pop();
        match part {
            Some(Part::Value) => self.value(),
            Some(Part::Text) => self.reason(),
            Some(Part::Role) => self.role = Some(self.text.trim().to_owned()),
            Some(Part::Detail) => {
                if let Some(mut detail) = self.detail.take() {
                    let mut bytes = Vec::new();
                    detail.writer.take(&mut bytes);
                    self.detail_text = Some(String::from_utf8_lossy(&bytes).into_owned());
                }
            }
            _ => {}
        }
        if self.depth == 3 && self.in_body {
            self.complete()?;
        }
        self.scope.close();
        self.depth -= 1;
        if self.depth == 0 && self.done.is_none() {
            return Err(SoapError::NotAFault);
        }
        Ok(())
    }

    /// A qualified name; its prefix counts where it stands.
    fn value(&mut self) {
        let text = self.text.trim();
        let (prefix, local) = text.split_once(':').unwrap_or(("", text));
        // Mono writes codes with prefixes that nothing declares.
        let name = QualifiedName::new(self.scope.resolve(prefix).unwrap_or_default(), local.trim_start());
        if self.path.last() == Some(&Part::Subcode) {
            self.subcodes.push(name);
        } else {
            self.code = Some(name);
        }
    }

    /// The first reason, unless a later one is in English. Bridging page 2.5.
    fn reason(&mut self) {
        let english = |lang: &str| lang.starts_with("en");
        let better = self.reason.as_ref().is_none_or(|(_, lang)| !english(lang) && english(&self.lang));
        if better {
            self.reason = Some((std::mem::take(&mut self.text), std::mem::take(&mut self.lang)));
        }
    }

    fn complete(&mut self) -> Result<(), SoapError> {
        let version = self.version.unwrap_or(SoapVersion::Soap12);
        let code = self.code.take().ok_or(SoapError::NotAFault)?;
        let mut subcodes = std::mem::take(&mut self.subcodes);
        let known = FaultCode::of(&code.local, version).filter(|_| code.namespace == version.namespace());
        // SOAP 1.1 has one code, and Mono writes its own in SOAP 1.2 as well: bridging page 2.5 says whose fault that is.
        let code = known.unwrap_or_else(|| {
            let receiver = code.local == "InternalServiceFault";
            subcodes.insert(0, code);
            if receiver { FaultCode::Receiver } else { FaultCode::Sender }
        });
        let (reason, lang) = self.reason.take().unwrap_or_default();
        let (role, detail) = (self.role.take(), self.detail_text.take());
        self.done = Some(Fault { code, subcodes, reason, lang, role, detail });
        Ok(())
    }
}
