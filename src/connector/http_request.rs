//! A `request` message turned into a request to the service. No I/O.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use super::{
    base_path::{BasePath, PathRefused, Suffix, clean_query},
    target::HttpTarget,
};
use crate::wire::hybrid::{self, Request, is_hop_by_hop, latin1_encode};

/// Everything of a request to the service but its body.
#[derive(Clone, Debug)]
pub(crate) struct ServiceRequest {
    /// As the sender wrote it.
    pub(crate) method: Method,
    /// Path and query at the service.
    pub(crate) uri: Uri,
    /// What passes, and the `Host` of the service.
    pub(crate) headers: HeaderMap,
}

/// A request that is not sent to the service; the sender gets the status and the text.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum RequestRefused {
    /// The path leaves the base, or is none of this relay.
    #[error("the request was not passed to the service: {0}")]
    Path(#[from] PathRefused),
    /// The gateway left something out or sent something that is no HTTP.
    #[error("the request was not passed to the service: its {0} is no HTTP")]
    NotHttp(&'static str),
}

impl RequestRefused {
    /// What the sender is told.
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }
}

/// Makes the request for the service. `raw_path` is the path of the message's rendezvous address, without `/$hc`.
pub(crate) fn service_request(
    message: &Request,
    raw_path: Option<&str>,
    relay: &str,
    target: &HttpTarget,
) -> Result<ServiceRequest, RequestRefused> {
    let method = message.method.as_deref().unwrap_or("GET");
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| RequestRefused::NotHttp("method"))?;
    let request_target = message.request_target.as_deref().ok_or(RequestRefused::NotHttp("target"))?;
    let (path, query) = match request_target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (request_target, None),
    };
    let suffix = Suffix::from_target(relay, path, raw_path)?;
    let uri = service_uri(&target.base, &suffix, query)?;
    let mut headers = HeaderMap::new();
    let host = HeaderValue::from_str(&target.host_header()).map_err(|_| RequestRefused::NotHttp("host"))?;
    headers.insert(header::HOST, host);
    if let Some(message) = &message.request_headers {
        for (name, value) in message.0.iter().filter(|(name, _)| passes(name)) {
            let (name, value) = header_line(name, value).ok_or(RequestRefused::NotHttp("header"))?;
            headers.try_append(name, value).map_err(|_| RequestRefused::NotHttp("header"))?;
        }
    }
    Ok(ServiceRequest { method, uri, headers })
}

/// Path and query at the service.
pub(crate) fn service_uri(
    base: &BasePath,
    suffix: &Suffix,
    query: Option<&str>,
) -> Result<Uri, RequestRefused> {
    let path = base.join(suffix);
    let text = match query {
        Some(query) => format!("{path}?{}", clean_query(query)),
        None => path,
    };
    text.parse().map_err(|_| RequestRefused::NotHttp("target"))
}

/// Whether a sender's header may reach the service. The gateway has removed most of the others already.
pub(crate) fn passes(name: &str) -> bool {
    !is_hop_by_hop(name)
        && ![header::HOST, header::CONTENT_LENGTH, header::EXPECT]
            .iter()
            .any(|own| name.eq_ignore_ascii_case(own.as_str()))
}

/// A header of a control message as HTTP; `None` when it cannot stand in a line.
pub(crate) fn header_line(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let value = HeaderValue::from_bytes(&latin1_encode(value)).ok()?;
    Some((name, value))
}

/// The head of the service's response as a `response` message.
pub(crate) fn response_message(request_id: &str, parts: &http::response::Parts) -> hybrid::Response {
    let named: Vec<&str> = parts
        .headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(str::trim))
        .collect();
    let mut headers: Vec<(String, Vec<String>)> = Vec::new();
    for name in parts.headers.keys() {
        if is_hop_by_hop(name.as_str()) || named.iter().any(|other| name.as_str().eq_ignore_ascii_case(other))
        {
            continue;
        }
        let values = parts.headers.get_all(name).iter().map(|value| hybrid::latin1_decode(value.as_bytes()));
        // Several cookies cannot be joined; anything else with several lines can (RFC 9110 5.3).
        let values: Vec<String> = if name == header::SET_COOKIE {
            values.collect()
        } else {
            vec![values.collect::<Vec<_>>().join(", ")]
        };
        headers.push((name.as_str().to_owned(), values));
    }
    let reason = parts.extensions.get::<hyper::ext::ReasonPhrase>();
    hybrid::Response {
        request_id: request_id.to_owned(),
        status_code: parts.status.as_u16(),
        status_description: reason.map(|reason| hybrid::latin1_decode(reason.as_bytes())),
        response_headers: headers,
        body: false,
    }
}

/// Whether a response to this request can hold a body at all (RFC 9110 6.4.1).
pub(crate) fn may_have_body(method: &Method, status: StatusCode) -> bool {
    method != Method::HEAD
        && !matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED)
}

/// An answer of the connector's own: what is wrong, in one line of text.
pub(crate) fn own_answer(
    request_id: &str,
    status: StatusCode,
    text: &str,
) -> (hybrid::Response, bytes::Bytes) {
    let head = hybrid::Response {
        request_id: request_id.to_owned(),
        status_code: status.as_u16(),
        status_description: status.canonical_reason().map(str::to_owned),
        response_headers: vec![("Content-Type".to_owned(), vec!["text/plain; charset=utf-8".to_owned()])],
        body: true,
    };
    (head, bytes::Bytes::from(format!("{text}\n")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::ListenTarget, connector::target::Target};

    fn target(text: &str) -> HttpTarget {
        let written: ListenTarget = text.parse().unwrap();
        let Ok(Target::Http(target)) = Target::new(&written) else { panic!("{text}") };
        target
    }

    fn message(json: &str) -> Request {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn addresses_the_service_below_its_base() {
        let message = message(
            r#"{"id":"1","requestTarget":"/plant7/api/jobs/a b?page=2&x='y'","method":"POST","requestHeaders":
                {"Host":"relay.example.net","X-A":"1","x-ü":"dropped?"},"body":true}"#,
        );
        assert_eq!(
            service_request(&message, None, "plant7/api", &target("http://svc:8080/base")).unwrap_err(),
            RequestRefused::NotHttp("header")
        );
        let message = Request {
            request_headers: Some(serde_json::from_str(
                r#"{"Host":"relay.example.net","Connection":"x","Content-Length":"9","X-A":"caf\u00e9, b"}"#).unwrap()),
            ..message
        };
        let request = service_request(&message, None, "plant7/api", &target("http://svc:8080/base")).unwrap();
        assert_eq!(request.method, Method::POST);
        assert_eq!(request.uri, "/base/jobs/a%20b?page=2&x='y'");
        assert_eq!(request.headers[header::HOST], "svc:8080");
        assert_eq!(request.headers["x-a"].as_bytes(), b"caf\xe9, b");
        assert_eq!(request.headers.len(), 2);
    }

    #[test]
    fn keeps_the_senders_spelling_when_the_address_has_it() {
        let message = message(r#"{"requestTarget":"/r/x~y","method":"GET","body":false}"#);
        let request = service_request(&message, Some("/r/x%7Ey"), "r", &target("http://svc/")).unwrap();
        assert_eq!(request.uri, "/x%7Ey");
    }

    #[test]
    fn refuses_to_leave_the_base() {
        for path in ["/r/../x", "/r/..%2fx", "/r/%5cx", "/r/a\\u0000", "/other"] {
            let message = message(&format!(r#"{{"requestTarget":"{path}","method":"GET","body":false}}"#));
            let refused = service_request(&message, None, "r", &target("http://svc/base")).unwrap_err();
            assert!(matches!(refused, RequestRefused::Path(_)), "{path}");
            assert_eq!(refused.status(), 400);
        }
    }

    #[test]
    fn a_method_or_header_that_would_end_a_line_is_refused() {
        let refused =
            |json: &str| service_request(&message(json), None, "r", &target("http://svc/")).unwrap_err();
        assert_eq!(
            refused(r#"{"requestTarget":"/r","method":"GET / HTTP/1.1\r\nX:"}"#),
            RequestRefused::NotHttp("method")
        );
        assert_eq!(
            refused(r#"{"requestTarget":"/r","method":"GET","requestHeaders":{"X":"a\r\nY: b"}}"#),
            RequestRefused::NotHttp("header")
        );
        assert_eq!(refused(r#"{"method":"GET"}"#), RequestRefused::NotHttp("target"));
    }

    #[test]
    fn a_response_keeps_reason_cookies_and_repeats() {
        let mut parts = http::Response::new(()).into_parts().0;
        parts.status = StatusCode::IM_A_TEAPOT;
        parts.extensions.insert(hyper::ext::ReasonPhrase::from_static(b"Short and stout"));
        for (name, value) in [
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("x-a", "1"),
            ("x-a", "2"),
            ("connection", "keep-alive, x-hop"),
            ("x-hop", "1"),
            ("transfer-encoding", "chunked"),
            ("content-length", "12"),
        ] {
            parts.headers.append(name, HeaderValue::from_static(value));
        }
        let head = response_message("7", &parts);
        assert_eq!((head.request_id.as_str(), head.status_code), ("7", 418));
        assert_eq!(head.status_description.as_deref(), Some("Short and stout"));
        let header = |name: &str| {
            head.response_headers.iter().find(|(other, _)| other == name).map(|(_, v)| v.clone())
        };
        assert_eq!(header("set-cookie"), Some(vec!["a=1".to_owned(), "b=2".to_owned()]));
        assert_eq!(header("x-a"), Some(vec!["1, 2".to_owned()]));
        assert_eq!(header("content-length"), Some(vec!["12".to_owned()]));
        assert!(
            header("x-hop").is_none()
                && header("connection").is_none()
                && header("transfer-encoding").is_none()
        );
    }

    #[test]
    fn head_and_empty_statuses_have_no_body() {
        assert!(!may_have_body(&Method::HEAD, StatusCode::OK));
        assert!(!may_have_body(&Method::GET, StatusCode::NO_CONTENT));
        assert!(!may_have_body(&Method::GET, StatusCode::NOT_MODIFIED));
        assert!(may_have_body(&Method::TRACE, StatusCode::OK));
    }
}
