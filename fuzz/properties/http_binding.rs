//! HTTP bindings of WCF Relay: an HTTP request on its way to a listener, and a listener's reply on its way back.

use viaduct::bridge::http_binding::{
    BindingLimits, HttpRefusal, HttpScheme, Reply, ReplyHead, ReplyPart, ReplyTerms, Request, Stamp, Terms,
    XmlBody,
};
use viaduct::entity::RelayPath;
use viaduct::wire::hybrid::TrackingId;

use super::cut::ways;
use super::options::{bit, choose, options};

/// What is held back of a request, its SOAP headers, and what turns them; the input itself, twice in base64.
pub const MEMORY: usize = 16 << 20;

/// Options: what the rest is and what is said of it, two sizes of pieces.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([kind, first, second], rest) = options(input);
    if bit(kind, 7) { reply(kind, [first, second], rest) } else { request(kind, [first, second], rest) }
}

/// Limits that inputs reach.
fn limits(kind: u8) -> BindingLimits {
    match bit(kind, 6) {
        true => BindingLimits { held: 64, soap_head: 512, request: 4096, json_depth: 4, ..small_reply() },
        false => BindingLimits::default(),
    }
}

fn small_reply() -> BindingLimits {
    BindingLimits { reply_head: 256, reply: 4096, json_scalar: 16, ..BindingLimits::default() }
}

const TYPES: [Option<&str>; 8] = [
    None,
    Some("text/xml; charset=utf-8"),
    Some("application/soap+xml; action=\"urn:a\""),
    Some("application/xml; charset=utf-16"),
    Some("application/json"),
    Some("text/xml; charset=iso-8859-1"),
    Some("application/octet-stream"),
    Some("text/xml; charset=x"),
];

fn request(kind: u8, sizes: [u8; 2], entity: &[u8]) {
    let outcomes = ways(entity.len(), sizes).map(|sizes| translated(kind, sizes, entity));
    let outcomes: Vec<_> = outcomes.collect();
    // Of two things that are wrong with one text, pieces show the first.
    let alike = |two: &[Result<String, HttpRefusal>]| match (&two[0], &two[1]) {
        (Err(one), Err(other)) if is_bad_text(one) => is_bad_text(other),
        (one, other) => one == other,
    };
    assert!(outcomes.windows(2).all(alike), "{outcomes:?}");
}

fn is_bad_text(refusal: &HttpRefusal) -> bool {
    matches!(refusal, HttpRefusal::BadText | HttpRefusal::NotWellFormed(_))
}

/// What became of a request, without the borders of its pieces.
fn translated(kind: u8, sizes: [u8; 2], entity: &[u8]) -> Result<String, HttpRefusal> {
    let mut head = http::Request::post("/a/b?c").header("Host", "h");
    if let Some(content_type) = choose(kind, TYPES) {
        head = head.header("Content-Type", content_type);
    }
    if bit(kind, 3) {
        head = head.header("SOAPAction", "\"urn:b\"");
    }
    let terms = Terms {
        via: "sb://h/a".to_owned(),
        host: "h".to_owned(),
        path: RelayPath::parse("/a/b").expect("a path"),
        scheme: HttpScheme::Https,
        xml: if bit(kind, 4) { XmlBody::Octets } else { XmlBody::Element },
        limits: limits(kind),
    };
    let mut request = Request::new(&head.body(()).expect("a head").into_parts().0, terms)?;
    let mut out = Vec::new();
    for piece in super::cut::cut(entity, sizes) {
        let before = out.len();
        if let Err(refusal) = request.push(piece, &mut out) {
            // What is wrong is not finished, so that no listener gets it; and it stays wrong.
            assert_eq!(out.len(), before);
            assert_eq!(request.finish(&mut out), Err(refusal.clone()));
            assert_eq!(out.len(), before);
            told(&refusal);
            return Err(refusal);
        }
    }
    request.finish(&mut out).inspect_err(told)?;
    assert!(out.starts_with(b"\x00\x01\x00\x01\x01\x02\x08sb://h/a\x03\x07\x0c\x05"), "{out:02x?}");
    assert!(out.ends_with(b"\x00\x07") && request.is_begun());
    assert_eq!(request.size(), entity.len() as u64);
    let token = request.soap_token().map(|token| token.is_some());
    Ok(format!("{:?} {:?} {token:?}", request.format(), request.form()))
}

/// Every refusal has words, in each form.
fn told(refusal: &HttpRefusal) {
    use viaduct::bridge::http_binding::SenderForm;
    let tracking_id = TrackingId::new(None, 1, 0);
    let response = refusal.answer(SenderForm::Plain, Stamp { tracking_id: &tracking_id, unix_seconds: 0 });
    assert!(response.status().as_u16() >= 400 && !response.body().is_empty());
}

fn reply(kind: u8, sizes: [u8; 2], bytes: &[u8]) {
    let outcomes: Vec<_> = ways(bytes.len(), sizes).map(|sizes| replied(kind, sizes, bytes)).collect();
    assert!(outcomes.windows(2).all(|two| two[0] == two[1]), "{outcomes:?}");
}

/// What the sender gets: the head and the entity of a reply that is whole.
fn replied(
    kind: u8,
    sizes: [u8; 2],
    bytes: &[u8],
) -> Result<(Option<ReplyHead>, Vec<u8>, bool), HttpRefusal> {
    let mut reply = Reply::new(ReplyTerms { wants_body: !bit(kind, 0), limits: limits(kind) });
    let (mut head, mut entity, mut over) = (None, Vec::new(), false);
    for piece in super::cut::cut(bytes, sizes) {
        let mut parts = Vec::new();
        let read = reply.push(piece, &mut parts);
        for part in parts {
            assert!(!over, "nothing comes behind the end");
            match part {
                ReplyPart::Accepted => assert!(head.is_none()),
                ReplyPart::Head(one) => assert!(head.replace(one).is_none(), "one head"),
                ReplyPart::Body(some) => {
                    assert!(head.is_some() && !some.is_empty());
                    entity.extend_from_slice(&some);
                }
                ReplyPart::End => over = true,
            }
        }
        if let Err(refusal) = read {
            told(&refusal);
            assert_eq!(reply.push(b"\x07", &mut Vec::new()), Err(refusal.clone()));
            return Err(refusal);
        }
    }
    assert_eq!(over, reply.is_whole());
    assert!(over || reply.eof(0).is_err());
    // Of one that is not whole, how much came depends on the pieces.
    let shown = if over { (head, entity) } else { (None, Vec::new()) };
    Ok((shown.0, shown.1, reply.is_ended()))
}
