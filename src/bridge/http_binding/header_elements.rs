//! Which headers of a request the service is shown, as elements of `WEB` (7.4).

use http::{HeaderMap, HeaderName, header};

use super::header_name::spelled;
use super::names::{FAULT_REASON, HTTP_ADDRESS};
use super::refusal::HttpRefusal;
use super::wants::TokenPlace;
use crate::wire::hybrid::latin1_decode;
use crate::wire::xml::chars;

/// One header: a local name and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeaderElement {
    pub(super) name: String,
    pub(super) text: String,
}

/// The headers of a request that become elements, in their order.
///
/// # Errors
/// A value has a line break or another control character.
pub(super) fn header_elements(headers: &HeaderMap) -> Result<Vec<HeaderElement>, HttpRefusal> {
    let consumed = TokenPlace::of(headers);
    let named = named_by_connection(headers);
    let mut elements = Vec::with_capacity(headers.keys_len());
    for name in headers.keys() {
        if stays_here(name, consumed) || named.iter().any(|other| other == name.as_str()) {
            continue;
        }
        // HTTP/2 cuts cookies apart, and the library would join them with commas.
        if name == header::COOKIE {
            let cookies = headers.get_all(name).iter().map(|value| text(name, value.as_bytes()));
            let cookies = cookies.collect::<Result<Vec<_>, _>>()?.join("; ");
            elements.push(HeaderElement { name: spelled(name.as_str()), text: cookies });
            continue;
        }
        for value in headers.get_all(name) {
            elements
                .push(HeaderElement { name: spelled(name.as_str()), text: text(name, value.as_bytes())? });
        }
    }
    Ok(elements)
}

/// Whether a header is not for the service.
fn stays_here(name: &HeaderName, consumed: Option<TokenPlace>) -> bool {
    const NEVER: [&str; 9] = [
        "servicebusauthorization",
        "connection",
        "keep-alive",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        // For the relay itself: 7.4, reserved names.
        "x-process-at",
        // No header of HTTP/1.1, but one that some clients send.
        "close",
    ];
    let text = name.as_str();
    let is = |other: &str| text.eq_ignore_ascii_case(other);
    NEVER.iter().any(|never| is(never))
        || text.starts_with("proxy-")
        || (name == header::AUTHORIZATION && consumed == Some(TokenPlace::Authorization))
        // The relay's own elements in the same namespace: a sender must not pass them off as his headers.
        || is(HTTP_ADDRESS)
        || is(FAULT_REASON)
        // One such element makes the listener throw, and nothing is ever answered: 7.4.
        || !chars::is_ncname(text)
}

fn named_by_connection(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::CONNECTION).iter();
    let lists = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    lists.map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()).collect()
}

/// A value as characters: bytes above ASCII are those of ISO-8859-1, as .NET reads them.
fn text(name: &HeaderName, value: &[u8]) -> Result<String, HttpRefusal> {
    // Line breaks would be passed on as they are (7.4). Parsers of HTTP refuse them before; this does not depend on it.
    if value.iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f) {
        return Err(HttpRefusal::BadHeader { name: name.as_str().to_owned() });
    }
    Ok(latin1_decode(value))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn elements(lines: &[(&str, &[u8])]) -> Vec<(String, String)> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(value).unwrap(),
            );
        }
        header_elements(&headers).unwrap().into_iter().map(|element| (element.name, element.text)).collect()
    }

    fn pairs(lines: &[(&str, &str)]) -> Vec<(String, String)> {
        lines.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn end_to_end_headers_pass_and_those_of_the_connection_do_not() {
        let sent: &[(&str, &[u8])] = &[
            ("Host", b"contoso.example.net"),
            ("content-type", b"text/xml"),
            ("SoapAction", b"\"urn:a\""),
            ("Content-Length", b"5"),
            ("Expect", b"100-continue"),
            ("Connection", b"keep-alive, X-Hop"),
            ("X-Hop", b"1"),
            ("Keep-Alive", b"timeout=5"),
            ("Transfer-Encoding", b"chunked"),
            ("TE", b"trailers"),
            ("Trailer", b"X"),
            ("Upgrade", b"h2c"),
            ("Proxy-Connection", b"keep-alive"),
            ("Proxy-Authorization", b"Basic x"),
            ("X-PROCESS-AT", b"ServiceBus"),
            ("X-HTTP-METHOD-OVERRIDE", b"PUT"),
            ("X-Empty", b""),
            ("X-Accent", b"h\xe9"),
        ];
        assert_eq!(
            elements(sent),
            pairs(&[
                ("Host", "contoso.example.net"),
                ("Content-Type", "text/xml"),
                ("SOAPAction", "\"urn:a\""),
                ("Content-Length", "5"),
                ("Expect", "100-continue"),
                ("X-HTTP-Method-Override", "PUT"),
                ("X-Empty", ""),
                ("X-Accent", "h\u{e9}"),
            ])
        );
    }

    #[test]
    fn names_that_are_no_xml_names_are_left_out() {
        let sent: &[(&str, &[u8])] = &[("X!Bang", b"1"), ("1st", b"1"), ("-a", b"1"), ("X_ok.2", b"1")];
        assert_eq!(elements(sent), pairs(&[("X_ok.2", "1")]));
    }

    #[test]
    fn a_sender_cannot_pass_for_the_relay() {
        assert_eq!(elements(&[("HttpAddress", b"http://other/"), ("FAULTREASON", b"x")]), []);
    }

    #[test]
    fn a_token_that_was_used_stays_here_and_the_services_own_authorization_passes() {
        let token: &[u8] = b"SharedAccessSignature sr=a&sig=b&se=1&skn=c";
        assert_eq!(elements(&[("ServiceBusAuthorization", token)]), []);
        assert_eq!(elements(&[("Authorization", token)]), []);
        assert_eq!(elements(&[("Authorization", b"WRAP access_token=\"x\"")]), []);
        assert_eq!(elements(&[("Authorization", b"Basic eA==")]), pairs(&[("Authorization", "Basic eA==")]));
        assert_eq!(
            elements(&[("ServiceBusAuthorization", token), ("Authorization", b"Bearer x")]),
            pairs(&[("Authorization", "Bearer x")])
        );
    }

    #[test]
    fn several_lines_stay_several_and_cookies_become_one() {
        let sent: &[(&str, &[u8])] =
            &[("Accept", b"a"), ("Accept", b"b"), ("Cookie", b"a=1"), ("Cookie", b"b=2")];
        assert_eq!(elements(sent), pairs(&[("Accept", "a"), ("Accept", "b"), ("Cookie", "a=1; b=2")]));
    }

    #[test]
    fn line_breaks_are_refused() {
        for value in [&b"a\r\nb"[..], b"a\0", b"a\x7f"] {
            assert!(matches!(text(&header::HOST, value), Err(HttpRefusal::BadHeader { .. })));
        }
        assert_eq!(text(&header::HOST, b"a\tb").unwrap(), "a\tb");
    }
}
