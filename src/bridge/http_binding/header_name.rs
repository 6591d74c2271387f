//! Names of HTTP headers in the spelling that listeners are shown.

/// Names whose usual spelling no rule gives.
const USUAL: [&str; 12] = [
    "SOAPAction",
    "ETag",
    "WWW-Authenticate",
    "DNT",
    "Content-MD5",
    "X-UA-Compatible",
    "X-XSS-Protection",
    "X-WSS-Auth",
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Request-ID",
    "X-Correlation-ID",
];

/// A name as HTTP/1.1 spells it: a capital after each hyphen.
///
/// The library compares `Content-Type` in exactly this case (7.4), and front ends of HTTP/2 write all names small.
pub(super) fn spelled(name: &str) -> String {
    if let Some(usual) = USUAL.iter().find(|usual| usual.eq_ignore_ascii_case(name)) {
        return (*usual).to_owned();
    }
    let mut capital = true;
    name.chars()
        .map(|char| {
            let next = if capital { char.to_ascii_uppercase() } else { char.to_ascii_lowercase() };
            capital = char == '-';
            next
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // fixtures/relay/v2.7.5/http-web-json-header-case.
    #[test]
    fn content_type_is_spelled_as_the_library_wants_it() {
        for sent in ["content-type", "CONTENT-TYPE", "Content-type"] {
            assert_eq!(spelled(sent), "Content-Type");
        }
        assert_eq!(spelled("soapaction"), "SOAPAction");
        assert_eq!(spelled("x-reply"), "X-Reply");
        assert_eq!(spelled("host"), "Host");
    }
}
