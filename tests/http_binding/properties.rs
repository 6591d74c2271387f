//! Whatever comes: nothing panics, and the answer does not depend on how the bytes were cut.

use proptest::prelude::*;
use viaduct::bridge::http_binding::{Terms, XmlBody};

use super::envelope::Sent;
use super::recorded::{requests, scenarios};
use super::support::{head, receive, terms, translate};

const TYPES: [&str; 8] = [
    "text/xml",
    "text/xml; charset=iso-8859-1",
    "application/soap+xml; action=\"urn:a\"",
    "application/xml; charset=utf-16",
    "application/json",
    "application/json; charset=shift_jis",
    "application/octet-stream",
    "",
];

/// Bytes that are likely to come far: pieces of what is looked at, in any order.
fn entity() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">",
            "<s:Header>",
            "<s:Header/>",
            "</s:Header>",
            "<s:Body>",
            "</s:Body></s:Envelope>",
            "<Action xmlns=\"http://www.w3.org/2005/08/addressing\">a</Action>",
            "<c:RelayAccessToken xmlns:c=\"http://schemas.microsoft.com/netservices/2009/05/servicebus/connect\"/>",
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>",
            "\u{feff}",
            "<a>",
            "</a>",
            "<!-- c -->",
            "<![CDATA[x]]>",
            "&amp;",
            "{\"a\":[1,true,\"",
            "\"]}",
            "h\u{e9}",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// What the listener gets, without regard to how octets are spread over records.
fn meaning(bytes: &[u8]) -> Sent {
    let mut sent = Sent::read(bytes);
    sent.body.retain(|step| !step.is_empty());
    sent
}

proptest! {
    #[test]
    fn an_entity_means_the_same_however_it_is_cut(
        body in entity(), kind in 0..TYPES.len(), cut in 1usize..40, octets: bool,
    ) {
        let head = head("POST", "/basic/x?q", &[("content-type", TYPES[kind]), ("soapaction", "\"urn:s\"")]);
        let xml = if octets { XmlBody::Octets } else { XmlBody::Element };
        let terms = || Terms { xml, ..terms(&head) };
        let whole = translate(&head, terms(), &body, usize::MAX);
        let pieces = translate(&head, terms(), &body, cut);
        match (whole, pieces) {
            (Ok(whole), Ok(pieces)) => {
                let (mut whole, mut pieces) = (meaning(&whole), meaning(&pieces));
                // Text may come in several events.
                whole.body = joined(&whole.body);
                pieces.body = joined(&pieces.body);
                prop_assert_eq!(whole, pieces);
            }
            (whole, pieces) => prop_assert_eq!(whole, pieces),
        }
    }

    #[test]
    fn any_reply_is_the_same_however_it_is_cut(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 1usize..20) {
        let stream = [&[0x0b, 0x05][..], &bytes].concat();
        prop_assert_eq!(receive(&stream, true, cut).error, receive(&stream, true, usize::MAX).error);
    }

    // One byte of a recorded reply is another: it is understood or refused, and nothing comes behind the end.
    #[test]
    fn a_damaged_recording_does_no_harm(which in 0usize..16, at in any::<prop::sample::Index>(), byte: u8, cut in 1usize..2000) {
        let streams: Vec<Vec<u8>> = scenarios()
            .iter()
            .filter(|scenario| scenario.bytes("http.s2c").is_some())
            .filter_map(|scenario| scenario.bytes("rendezvous.s2c"))
            .collect();
        let mut stream = streams[which].clone();
        let at = at.index(stream.len());
        stream[at] = byte;
        let (pieces, whole) = (receive(&stream, true, cut), receive(&stream, true, usize::MAX));
        prop_assert_eq!((pieces.error, pieces.whole), (whole.error, whole.whole));
    }

    #[test]
    fn a_damaged_request_is_relayed_or_refused(which in 0usize..16, at in any::<prop::sample::Index>(), byte: u8, cut in 1usize..2000) {
        let all: Vec<_> = scenarios().iter().filter_map(|scenario| scenario.bytes("http.c2s")).collect();
        let (head, mut body) = requests(&all[which]).remove(0);
        if !body.is_empty() {
            let at = at.index(body.len());
            body[at] = byte;
        }
        match translate(&head, terms(&head), &body, cut) {
            Ok(bytes) => drop(Sent::read(&bytes)),
            Err(error) => prop_assert!(matches!(error.status().as_u16(), 400 | 413 | 415)),
        }
    }
}

fn joined(steps: &[String]) -> Vec<String> {
    let is_text = |step: &str| !step.starts_with(['<', '@']);
    let mut out: Vec<String> = Vec::new();
    for step in steps {
        match out.last_mut() {
            Some(last) if is_text(last) && is_text(step) => last.push_str(step),
            _ => out.push(step.clone()),
        }
    }
    out
}
