//! In which form a sender is told that something is wrong (7.1).

use http::HeaderMap;

use super::content_type::{Announced, ContentType};
use crate::wire::soap::SoapVersion;

/// What a sender reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SenderForm {
    /// An element `Error`: whoever is no SOAP client.
    Plain,
    /// A fault of this version.
    Soap(SoapVersion),
}

impl SenderForm {
    /// By the head of a request: `application/soap+xml` is SOAP 1.2, XML with a `SOAPAction` is SOAP 1.1.
    pub fn of(headers: &HeaderMap) -> Self {
        match ContentType::of(headers).kind {
            Announced::Soap => Self::Soap(SoapVersion::Soap12),
            Announced::Xml if headers.contains_key("soapaction") => Self::Soap(SoapVersion::Soap11),
            Announced::Xml | Announced::Json | Announced::Other => Self::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn a_soap_client_is_known_by_its_headers() {
        let of = |lines: &[(&'static str, &'static str)]| {
            let lines = lines
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            SenderForm::of(&lines.collect())
        };
        assert_eq!(
            of(&[("content-type", "application/soap+xml; charset=utf-8")]),
            SenderForm::Soap(SoapVersion::Soap12)
        );
        assert_eq!(
            of(&[("content-type", "text/xml"), ("soapaction", "\"\"")]),
            SenderForm::Soap(SoapVersion::Soap11)
        );
        assert_eq!(of(&[("content-type", "text/xml")]), SenderForm::Plain);
        assert_eq!(of(&[("content-type", "application/json"), ("soapaction", "x")]), SenderForm::Plain);
        assert_eq!(of(&[]), SenderForm::Plain);
    }
}
