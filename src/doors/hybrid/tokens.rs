//! Where a SAS token may stand, and in which order the places are looked at (1.3).

use http::{HeaderMap, HeaderName, header};
use secrecy::SecretString;

const SERVICE_BUS_AUTHORIZATION: HeaderName = HeaderName::from_static("servicebusauthorization");

/// A token and where it stood.
#[derive(Debug)]
pub(crate) struct FoundToken {
    pub(crate) token: SecretString,
    /// It stood in `Authorization`, which then belongs to the relay and is not passed on (1.3).
    pub(crate) in_authorization: bool,
}

/// The token of a WebSocket: `ServiceBusAuthorization`, then `sb-hc-token`, then `Authorization` (1.3).
pub(crate) fn websocket_token(headers: &HeaderMap, in_query: Option<&SecretString>) -> Option<FoundToken> {
    in_header(headers, &SERVICE_BUS_AUTHORIZATION)
        .or_else(|| from_query(in_query))
        .or_else(|| in_header(headers, &header::AUTHORIZATION))
}

/// The token of an HTTP request: `sb-hc-token`, then `ServiceBusAuthorization`, then `Authorization` (1.3).
pub(crate) fn http_token(headers: &HeaderMap, in_query: Option<&SecretString>) -> Option<FoundToken> {
    from_query(in_query)
        .or_else(|| in_header(headers, &SERVICE_BUS_AUTHORIZATION))
        .or_else(|| in_header(headers, &header::AUTHORIZATION))
}

fn from_query(token: Option<&SecretString>) -> Option<FoundToken> {
    token.map(|token| FoundToken { token: token.clone(), in_authorization: false })
}

fn in_header(headers: &HeaderMap, name: &HeaderName) -> Option<FoundToken> {
    let token = headers.get(name)?.to_str().ok()?;
    Some(FoundToken { token: token.into(), in_authorization: *name == header::AUTHORIZATION })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use secrecy::ExposeSecret;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn a_websocket_looks_at_its_header_before_the_query() {
        let all = headers(&[("servicebusauthorization", "header"), ("authorization", "last")]);
        let query = SecretString::from("query");
        assert_eq!(websocket_token(&all, Some(&query)).unwrap().token.expose_secret(), "header");
        assert_eq!(http_token(&all, Some(&query)).unwrap().token.expose_secret(), "query");
        assert_eq!(http_token(&all, None).unwrap().token.expose_secret(), "header");
    }

    #[test]
    fn authorization_belongs_to_the_relay_only_when_nothing_else_was_given() {
        let last = headers(&[("authorization", "last")]);
        assert!(websocket_token(&last, None).unwrap().in_authorization);
        assert!(!http_token(&last, Some(&"query".into())).unwrap().in_authorization);
        assert!(http_token(&headers(&[]), None).is_none());
    }
}
