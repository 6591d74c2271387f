//! Requests and replies as values.

use http::request::Parts;
use viaduct::bridge::http_binding::{
    BindingLimits, HttpRefusal, HttpScheme, Reply, ReplyHead, ReplyPart, ReplyTerms, Request, Terms, XmlBody,
};
use viaduct::entity::RelayPath;

pub(crate) const HOST: &str = "contoso.servicebus.windows.net";

/// The head of a request.
pub(crate) fn head(method: &str, target: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = http::Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

/// Terms of a relay at the first segment of the path whose service has an endpoint of `http`.
pub(crate) fn terms(head: &Parts) -> Terms {
    let path = head.uri.path();
    let relay = path.trim_start_matches('/').split('/').next().unwrap();
    Terms {
        via: format!("sb://{HOST}/{relay}"),
        host: HOST.to_owned(),
        path: RelayPath::parse(path).unwrap(),
        scheme: HttpScheme::Http,
        xml: XmlBody::Element,
        limits: BindingLimits::default(),
    }
}

/// What the listener gets of a request whose entity comes in pieces of `cut` bytes.
pub(crate) fn translate(head: &Parts, terms: Terms, body: &[u8], cut: usize) -> Result<Vec<u8>, HttpRefusal> {
    let mut request = Request::new(head, terms)?;
    let mut out = Vec::new();
    for piece in body.chunks(cut.max(1)) {
        request.push(piece, &mut out)?;
    }
    request.finish(&mut out)?;
    Ok(out)
}

/// A response, or how far it came.
#[derive(Debug, PartialEq)]
pub(crate) struct Received {
    pub(crate) accepted: bool,
    pub(crate) head: Option<ReplyHead>,
    pub(crate) body: Vec<u8>,
    pub(crate) whole: bool,
    pub(crate) ended: bool,
    pub(crate) error: Option<HttpRefusal>,
}

/// What the sender gets of a reply that comes in pieces of `cut` bytes.
pub(crate) fn receive(bytes: &[u8], wants_body: bool, cut: usize) -> Received {
    let mut reply = Reply::new(ReplyTerms { wants_body, limits: BindingLimits::default() });
    let mut parts = Vec::new();
    let error = bytes.chunks(cut.max(1)).try_for_each(|piece| reply.push(piece, &mut parts)).err();
    let mut received = Received {
        accepted: false,
        head: None,
        body: Vec::new(),
        whole: false,
        ended: reply.is_ended(),
        error,
    };
    for part in parts {
        assert!(!received.whole, "nothing comes behind the end");
        match part {
            ReplyPart::Accepted => received.accepted = true,
            ReplyPart::Head(head) => assert!(received.head.replace(head).is_none()),
            ReplyPart::Body(data) => {
                assert!(received.head.is_some() && !data.is_empty());
                received.body.extend(data);
            }
            ReplyPart::End => received.whole = true,
        }
    }
    assert_eq!(received.whole, reply.is_whole());
    received
}
