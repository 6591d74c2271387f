//! The body of a reply, in whatever form it comes.

use super::body_format::BodyFormat;
use super::json_reply::JsonReply;
use super::limits::BindingLimits;
use super::raw_reply::RawReply;
use super::refusal::HttpRefusal;
use super::reply_head::Known;
use super::wrapped_reply::WrappedReply;
use super::xml_reply::XmlReply;
use crate::wire::soap::SoapVersion;
use crate::wire::xml::{Event, Scope};

/// Turns what stands in the body into octets.
pub(super) enum ReplyBody {
    Wrapped(Box<WrappedReply>),
    Raw(RawReply),
    Xml(Box<XmlReply>),
    Json(JsonReply),
}

impl ReplyBody {
    /// A body of this form inside of `around`.
    pub(super) fn new(format: BodyFormat, around: &Scope, limits: &BindingLimits) -> Self {
        match format {
            BodyFormat::WrappedSoap11 | BodyFormat::WrappedSoap12 => {
                Self::Wrapped(Box::new(WrappedReply::new(format, limits.reply_head)))
            }
            BodyFormat::Raw => Self::Raw(RawReply::default()),
            BodyFormat::Json => Self::Json(JsonReply::new(limits.json_scalar)),
            BodyFormat::Default | BodyFormat::Xml => Self::Xml(Box::new(XmlReply::new(around))),
        }
    }

    /// What is known of the entity; `None`: nothing yet, or there is none.
    pub(super) fn known(&self) -> Option<Known> {
        match self {
            Self::Wrapped(wrapped) => wrapped.known(),
            Self::Raw(raw) => raw.known(),
            Self::Xml(xml) => xml.known(),
            Self::Json(json) => json.known(),
        }
    }

    /// Takes the next event from inside the body and appends what is certain of the entity.
    pub(super) fn event(
        &mut self,
        event: &Event<'_>,
        around: &Scope,
        out: &mut Vec<u8>,
    ) -> Result<(), HttpRefusal> {
        if let Event::Start(name) = event
            && name.is(SoapVersion::Soap12.namespace(), "Fault")
            && self.known().is_none()
        {
            // The service's channel failed, whatever form was announced (7.5).
            *self = Self::Xml(Box::new(XmlReply::new(around)));
        }
        match self {
            Self::Wrapped(wrapped) => match event {
                Event::Text(value) => wrapped.text(value, out),
                Event::Start(_) => Err(HttpRefusal::ReplyForm("an element where octets belong")),
                _ => Ok(()),
            },
            Self::Raw(raw) => raw.event(event, out),
            Self::Xml(xml) => xml.event(event, out),
            Self::Json(json) => json.event(event, out),
        }
    }

    /// The body is over.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        match self {
            Self::Wrapped(wrapped) => wrapped.finish(out),
            Self::Raw(_) | Self::Xml(_) | Self::Json(_) => Ok(()),
        }
    }
}
