//! The outer envelope of a reply, event by event (7.5).

use http::StatusCode;

use super::body_format::BodyFormat;
use super::limits::BindingLimits;
use super::names::{BODY, FAULT_REASON, HTTP_ADDRESS, STATUS, WEB};
use super::refusal::HttpRefusal;
use super::reply::ReplyPart;
use super::reply_body::ReplyBody;
use super::reply_head::HeadParts;
use super::terms::ReplyTerms;
use crate::wire::soap::SoapVersion;
use crate::wire::xml::{Event, Name, Scope, Value};

/// Bytes that a header counts besides its name and text.
const HEADER: usize = 32;

/// Reads one envelope and says what the sender gets.
pub(super) struct ReplyEnvelope {
    limits: BindingLimits,
    wants_body: bool,
    depth: usize,
    place: Place,
    had_header: bool,
    /// What the envelope and its body declare.
    scope: Scope,
    parts: HeadParts,
    /// Bytes of headers so far.
    kept: usize,
    field: Option<Field>,
    text: String,
    body: Option<ReplyBody>,
    head_sent: bool,
    /// The entity, until it is handed out.
    data: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In none of the others.
    Outside,
    Header,
    Body,
    /// Behind the body.
    After,
}

/// A header that is read; its Action and whatever else there is says nothing.
enum Field {
    Status,
    Format,
    Reason,
    Http(String),
}

impl ReplyEnvelope {
    pub(super) fn new(terms: ReplyTerms) -> Self {
        Self {
            limits: terms.limits,
            wants_body: terms.wants_body,
            depth: 0,
            place: Place::Outside,
            had_header: false,
            scope: Scope::new(),
            parts: HeadParts::default(),
            kept: 0,
            field: None,
            text: String::new(),
            body: None,
            head_sent: false,
            data: Vec::new(),
        }
    }

    /// Takes the next event.
    pub(super) fn event(&mut self, event: &Event<'_>) -> Result<(), HttpRefusal> {
        match event {
            Event::Start(name) => {
                self.depth += 1;
                if self.depth <= 2 {
                    self.scope.open();
                }
                match (self.depth, self.place) {
                    (1 | 2, _) => self.outline(name),
                    (3, Place::Header) => self.begin_field(name),
                    (_, Place::Body) => self.body(event),
                    _ => Ok(()),
                }
            }
            Event::Namespace { prefix, uri } if self.depth <= 2 => {
                self.scope.declare(prefix, uri.text).map_err(HttpRefusal::ReplyText)
            }
            Event::Attribute { .. } if self.depth <= 2 => Ok(()),
            Event::Text(value) => match self.place {
                Place::Body => self.body(event),
                Place::Header if self.field.is_some() && self.depth == 3 => self.keep(value),
                Place::Header => Ok(()),
                Place::Outside | Place::After if value.is_blank() => Ok(()),
                Place::Outside | Place::After => Err(NOT_AN_ENVELOPE),
            },
            Event::End => self.end(event),
            Event::Namespace { .. } | Event::Attribute { .. } | Event::Comment(_) => {
                if self.place == Place::Body { self.body(event) } else { Ok(()) }
            }
        }
    }

    fn outline(&mut self, name: &Name<'_>) -> Result<(), HttpRefusal> {
        let soap = SoapVersion::Soap12.namespace();
        if self.depth == 1 {
            return if name.is(soap, "Envelope") { Ok(()) } else { Err(NOT_AN_ENVELOPE) };
        }
        match self.place {
            Place::Outside if name.is(soap, "Header") && !self.had_header => {
                (self.place, self.had_header) = (Place::Header, true);
                Ok(())
            }
            Place::Outside if name.is(soap, "Body") => {
                self.place = Place::Body;
                Ok(())
            }
            _ => Err(NOT_AN_ENVELOPE),
        }
    }

    fn begin_field(&mut self, name: &Name<'_>) -> Result<(), HttpRefusal> {
        self.text.clear();
        let local = name.local.text;
        self.field = match name.namespace.text {
            STATUS if local == "StatusCode" => Some(Field::Status),
            BODY if local == "BodyFormat" => Some(Field::Format),
            WEB if local == FAULT_REASON => Some(Field::Reason),
            WEB if local == HTTP_ADDRESS => None,
            WEB => Some(Field::Http(local.to_owned())),
            _ => None,
        };
        self.count(HEADER + local.len())
    }

    fn keep(&mut self, value: &Value<'_>) -> Result<(), HttpRefusal> {
        let text = value.text();
        self.count(text.len())?;
        self.text.push_str(&text);
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<(), HttpRefusal> {
        self.kept += bytes;
        let max = self.limits.reply_head;
        if self.kept > max { Err(HttpRefusal::ReplyHeadTooLarge { max }) } else { Ok(()) }
    }

    fn body(&mut self, event: &Event<'_>) -> Result<(), HttpRefusal> {
        let Self { body, scope, parts, limits, data, .. } = self;
        let body = body.get_or_insert_with(|| {
            ReplyBody::new(parts.format.unwrap_or(BodyFormat::Default), scope, limits)
        });
        body.event(event, scope, data)
    }

    fn end(&mut self, event: &Event<'_>) -> Result<(), HttpRefusal> {
        let depth = self.depth;
        self.depth -= 1;
        match (depth, self.place) {
            (3, Place::Header) => self.end_field()?,
            (3.., Place::Body) => self.body(event)?,
            (2, Place::Body) => {
                if let Some(body) = &mut self.body {
                    body.finish(&mut self.data)?;
                }
                self.place = Place::After;
            }
            (2, _) => self.place = Place::Outside,
            (1, Place::After) => {}
            (1, _) => return Err(NOT_AN_ENVELOPE),
            _ => {}
        }
        if depth <= 2 {
            self.scope.close();
        }
        Ok(())
    }

    fn end_field(&mut self) -> Result<(), HttpRefusal> {
        match self.field.take() {
            Some(Field::Status) => self.parts.set_status(&self.text)?,
            Some(Field::Format) => self.parts.format = Some(BodyFormat::of(self.text.trim())),
            Some(Field::Reason) => self.parts.set_reason(&self.text),
            Some(Field::Http(name)) => self.parts.push(&name, &self.text),
            None => {}
        }
        Ok(())
    }

    /// Hands out what the sender gets of what was read so far; `last`: the envelope is over.
    pub(super) fn take(&mut self, last: bool, out: &mut Vec<ReplyPart>) {
        let known = self.body.as_ref().and_then(ReplyBody::known);
        if !self.head_sent && (known.is_some() || last) {
            self.head_sent = true;
            let head = self.parts.head(known);
            // These have no entity, whatever came (7.5).
            self.wants_body &= !matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
            out.push(ReplyPart::Head(head));
        }
        if self.head_sent {
            let data = std::mem::take(&mut self.data);
            if self.wants_body && !data.is_empty() {
                out.push(ReplyPart::Body(data));
            }
        }
    }
}

const NOT_AN_ENVELOPE: HttpRefusal = HttpRefusal::ReplyForm("no soap envelope");
