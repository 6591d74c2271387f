//! What a Content-Type says that counts here.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use mediatype::{MediaType, ReadParams};

use crate::wire::hybrid::latin1_decode;

/// The Content-Type of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ContentType {
    /// What kind of entity it announces.
    pub(super) kind: Announced,
    /// The charset.
    pub(super) charset: Option<String>,
    /// The action of a SOAP 1.2 message.
    pub(super) action: Option<String>,
}

/// What kind of entity is announced (7.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Announced {
    /// `application/soap+xml`: an envelope.
    Soap,
    /// `text/xml`, `application/xml`: an envelope or something else.
    Xml,
    /// What the library takes for JSON.
    Json,
    /// Anything else, and nothing at all.
    Other,
}

impl ContentType {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let value = headers.get(CONTENT_TYPE).map(|value| latin1_decode(value.as_bytes()));
        let value = value.as_deref().unwrap_or_default().trim();
        let parsed = MediaType::parse(value).ok();
        let essence = value.split(';').next().unwrap_or_default().trim();
        let is = |other: &str| essence.eq_ignore_ascii_case(other);
        let kind = if begins_like_json(value) {
            Announced::Json
        } else if is("application/soap+xml") {
            Announced::Soap
        } else if is("text/xml") || is("application/xml") {
            Announced::Xml
        } else {
            Announced::Other
        };
        let param = |name: &str| {
            let name = mediatype::Name::new(name)?;
            Some(parsed.as_ref()?.get_param(name)?.unquoted_str().into_owned())
        };
        let filled = |text: &String| !text.is_empty();
        Self { kind, charset: param("charset").filter(filled), action: param("action").filter(filled) }
    }
}

/// The library converts a body when the type *begins* with this, whatever follows (7.4).
fn begins_like_json(value: &str) -> bool {
    const JSON: &str = "application/json";
    value.get(..JSON.len()).is_some_and(|head| head.eq_ignore_ascii_case(JSON))
}

/// The value with its charset, where it has one, replaced by UTF-8: the text was re-encoded.
pub(super) fn with_utf8(value: &str) -> String {
    let Ok(parsed) = MediaType::parse(value) else { return value.to_owned() };
    let is_utf8 =
        |charset: &str| charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8");
    match parsed.get_param(mediatype::names::CHARSET) {
        Some(charset) if !is_utf8(&charset.unquoted_str()) => {}
        _ => return value.to_owned(),
    }
    let mut out = value.split(';').next().unwrap_or_default().trim().to_owned();
    for (name, param) in parsed.params() {
        out.push_str("; ");
        out.push_str(name.as_str());
        out.push('=');
        out.push_str(if name == mediatype::names::CHARSET { "utf-8" } else { param.as_str() });
    }
    out
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(value: &str) -> ContentType {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        ContentType::of(&headers)
    }

    #[test]
    fn tells_soap_xml_and_json_from_octets() {
        for (value, kind) in [
            ("text/xml; charset=utf-8", Announced::Xml),
            ("Application/XML", Announced::Xml),
            ("application/soap+xml;action=\"urn:a;b\"", Announced::Soap),
            ("application/json", Announced::Json),
            ("APPLICATION/JSON; charset=utf-8", Announced::Json),
            // The library asks for the beginning alone.
            ("application/json-patch+json", Announced::Json),
            ("text/json", Announced::Other),
            ("application/vnd.x+json", Announced::Other),
            ("application/atom+xml", Announced::Other),
            ("multipart/related; type=\"application/xop+xml\"", Announced::Other),
            ("", Announced::Other),
            ("nonsense", Announced::Other),
        ] {
            assert_eq!(of(value).kind, kind, "{value}");
        }
        assert_eq!(ContentType::of(&HeaderMap::new()).kind, Announced::Other);
    }

    #[test]
    fn charset_and_action_are_read_without_quotes() {
        let soap = of("application/soap+xml; Charset=\"UTF-16\"; action=\"urn:a;b\"");
        assert_eq!((soap.charset.as_deref(), soap.action.as_deref()), (Some("UTF-16"), Some("urn:a;b")));
        assert_eq!(of("text/xml").charset, None);
        assert_eq!(of("application/soap+xml; action=\"\"").action, None);
    }

    #[test]
    fn a_charset_is_replaced_and_other_parameters_stay() {
        assert_eq!(with_utf8("text/xml; charset=iso-8859-1"), "text/xml; charset=utf-8");
        assert_eq!(
            with_utf8("application/soap+xml; action=\"urn:a\"; charset=utf-16"),
            "application/soap+xml; action=\"urn:a\"; charset=utf-8"
        );
        for same in ["text/xml", "text/xml;charset=UTF-8", "nonsense"] {
            assert_eq!(with_utf8(same), same);
        }
    }
}
