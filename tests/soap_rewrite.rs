//! To rewritten in recordings of others: the same infoset but for To.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "soap/recorded.rs"]
mod recorded;

use proptest::prelude::*;
use recorded::Recorded;
use viaduct::wire::binxml::{Dictionaries, Ids, Limits, OutgoingTable, Reader, SessionTable, Writer};
use viaduct::wire::soap::{
    Addressing, Envelope, HeaderReader, Headers, RewriteError, SessionRewriter, SoapLimits, SoapVersion,
    TextRewriter, ToRoute, rewrite_binary, rewrite_text,
};
use viaduct::wire::xml::{Charset, Event, Name, Runtime, Str, TextReader, TextToBinary, Value, XmlLimits};

const SHORT: &str = "net.tcp://h:1/s";
const LONG: &str = "net.tcp://a-host-with-a-long-name.example.net:12345/and/a/long/path/to/the/service";

/// What a document says: the same text for the same infoset, whatever its bytes. Declarations are left out, prefixes stay.
#[derive(Default)]
struct Infoset {
    out: String,
    text: String,
    headers: Option<HeaderReader>,
}

impl Infoset {
    fn event(&mut self, event: &Event<'_>) {
        let headers = self.headers.get_or_insert_with(|| HeaderReader::new(SoapLimits::default()));
        headers.event(event).unwrap();
        if let Event::Text(value) = event {
            self.text.push_str(&value.text());
            return;
        }
        if !self.text.is_empty() {
            self.out.push_str(&format!("{:?}\n", std::mem::take(&mut self.text)));
        }
        self.out.push_str(&match event {
            Event::Start(name) => format!("<{}:{} {{{}}}\n", name.prefix, name.local, name.namespace),
            Event::Attribute { name, value } => {
                format!("@{}:{} {{{}}} {:?}\n", name.prefix, name.local, name.namespace, value.text())
            }
            Event::Comment(text) => format!("comment {text:?}\n"),
            Event::End => ">\n".to_owned(),
            Event::Namespace { .. } | Event::Text(_) => String::new(),
        });
    }

    fn done(self) -> (Headers, String) {
        (self.headers.unwrap().into_headers().unwrap(), self.out)
    }
}

fn binary(document: &[u8], dictionaries: Dictionaries<'_>) -> (Headers, String) {
    let mut reader = Reader::new(document, dictionaries, Limits::default());
    let mut infoset = Infoset::default();
    while let Some(&event) = reader.next_event().unwrap() {
        infoset.event(&event);
    }
    infoset.done()
}

fn text(document: &[u8]) -> (Headers, String) {
    let mut reader = TextReader::new(XmlLimits::default());
    let mut infoset = Infoset::default();
    reader.push(document);
    reader.finish();
    while let Some(event) = reader.next().unwrap() {
        infoset.event(&event);
    }
    infoset.done()
}

/// The infosets of a direction's envelopes.
fn infosets(recorded: &Recorded, envelopes: &[Vec<u8>]) -> Vec<(Headers, String)> {
    let mut table = SessionTable::new();
    envelopes
        .iter()
        .map(|envelope| match recorded.encoding {
            Some(8) => {
                let at = table.read(envelope).unwrap();
                binary(&envelope[at..], Dictionaries::session(&table))
            }
            Some(7) => binary(envelope, Dictionaries::STATIC),
            _ => text(envelope),
        })
        .collect()
}

/// A direction's envelopes with To rewritten; the table that the service gets has at most `sent` bytes.
fn rewritten(recorded: &Recorded, route: &ToRoute, sent: usize) -> Vec<Vec<u8>> {
    let mut session = SessionRewriter::with_limits(route.clone(), 2048, sent);
    let rewrite = |envelope: &Vec<u8>| {
        let mut out = Vec::new();
        match recorded.encoding {
            Some(8) => session.rewrite(envelope, &mut out).map(|_| ()).unwrap(),
            Some(7) => rewrite_binary(envelope, route, &mut out).map(|_| ()).unwrap(),
            _ => rewrite_text(envelope, Charset::Utf8, route, &mut out).map(|_| ()).unwrap(),
        }
        out
    };
    recorded.envelopes.iter().map(rewrite).collect()
}

fn all() -> Vec<Recorded> {
    recorded::nettcp().into_iter().chain(recorded::http()).collect()
}

#[test]
fn every_recorded_envelope_has_its_headers() {
    let (mut total, mut addressed) = (0, 0);
    for recorded in all() {
        for (headers, _) in infosets(&recorded, &recorded.envelopes) {
            total += 1;
            assert!(headers.must_understand.is_empty(), "{}", recorded.name);
            if headers.addressing != Addressing::None {
                addressed += 1;
                assert!(headers.action.unwrap().text.starts_with("urn:relay-probe"), "{}", recorded.name);
            }
            if let (Some(8), true, Some(id)) = (recorded.encoding, recorded.sent, headers.message_id) {
                let to = headers.to.unwrap();
                assert!(to.text.starts_with("net.tcp://localhost:") || to.text.contains("anonymous"));
                assert!(id.text.starts_with("urn:uuid:"), "{}", recorded.name);
            }
        }
    }
    assert!(total > 200 && addressed > 150, "{total} {addressed}");
}

#[test]
fn a_rewritten_recording_says_the_same_but_for_to() {
    let mut changed = 0;
    for recorded in all().into_iter().filter(|recorded| recorded.sent) {
        let before = infosets(&recorded, &recorded.envelopes);
        for (service, sent) in [(SHORT, 2048), (LONG, 2048), (LONG, 120), (SHORT, 90), (LONG, 40), (SHORT, 0)]
        {
            let route = ToRoute::new("/probe", service, false).unwrap();
            let bytes = rewritten(&recorded, &route, sent);
            let after = infosets(&recorded, &bytes);
            assert_eq!(before.len(), after.len());
            for ((old, old_text), (new, new_text)) in before.iter().zip(&after) {
                let (Some(old_to), Some(new_to)) = (&old.to, &new.to) else {
                    assert_eq!(old_text, new_text, "{}", recorded.name);
                    continue;
                };
                if route.judge(&old_to.text).unwrap().is_some() {
                    changed += 1;
                    assert_eq!(new_to.text, service, "{}", recorded.name);
                    // Echoed addresses in bodies stay, so only the first place counts.
                    let expected = old_text.replacen(&old_to.text, service, 1);
                    assert_eq!(&expected, new_text, "{} {service} {sent}", recorded.name);
                } else {
                    assert_eq!(old_text, new_text, "{}", recorded.name);
                }
            }
            if recorded.encoding == Some(8) {
                let tables: usize = bytes.iter().map(|envelope| table_size(envelope)).sum();
                assert!(tables <= sent, "{}: a table of {tables} bytes", recorded.name);
            }
        }
    }
    assert!(changed > 300, "{changed}");
}

fn table_size(envelope: &[u8]) -> usize {
    viaduct::wire::int31::decode(envelope).unwrap().unwrap().0 as usize
}

#[test]
fn what_needs_no_change_stays_byte_for_byte() {
    for recorded in all() {
        let route = ToRoute::new("/elsewhere", SHORT, true).unwrap();
        assert_eq!(rewritten(&recorded, &route, 2048), recorded.envelopes, "{}", recorded.name);
    }
}

#[test]
fn microsofts_to_changes_in_the_table_of_the_first_message_alone() {
    // Framing page 8.1: To is the second entry, and later messages carry its id.
    let all = recorded::nettcp();
    let recorded = all.iter().find(|recorded| recorded.name == "ms-nettcp-none conn02 c2s").unwrap();
    let route = ToRoute::new("/probe", LONG, false).unwrap();
    let bytes = rewritten(recorded, &route, 2048);
    let old = b"\x1fnet.tcp://localhost:24004/probe";
    let mut first = recorded.envelopes[0].clone();
    let at = first.windows(old.len()).position(|window| window == old).unwrap();
    let entry = [&[LONG.len() as u8], LONG.as_bytes()].concat();
    first.splice(at..at + old.len(), entry.iter().copied());
    // The table grew by as much as the entry, and its size now takes two bytes.
    let size = 0x5a + LONG.len() - 0x1f;
    first.splice(0..1, [(size & 0x7f | 0x80) as u8, (size >> 7) as u8]);
    assert_eq!(bytes[0], first);
    assert_eq!(bytes[1..], recorded.envelopes[1..]);
}

#[test]
fn a_to_outside_the_path_is_refused_unless_any_will_do() {
    let refuse = ToRoute::new("/other", SHORT, false).unwrap();
    let mut refused = 0;
    for recorded in all().into_iter().filter(|recorded| recorded.sent) {
        let mut session = SessionRewriter::new(refuse.clone());
        let before = infosets(&recorded, &recorded.envelopes);
        for (envelope, (headers, _)) in recorded.envelopes.iter().zip(before).take(1) {
            let mut out = Vec::new();
            let result = match recorded.encoding {
                Some(8) => session.rewrite(envelope, &mut out).map(|_| ()),
                Some(7) => rewrite_binary(envelope, &refuse, &mut out).map(|_| ()),
                _ => rewrite_text(envelope, Charset::Utf8, &refuse, &mut out).map(|_| ()),
            };
            if headers.to.is_some() {
                refused += 1;
                assert_eq!(result, Err(RewriteError::OutsidePath), "{}", recorded.name);
                assert!(out.is_empty());
            }
        }
    }
    assert!(refused > 30, "{refused}");
}

/// An envelope in text around these headers.
fn envelope(headers: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' \
         xmlns:a='http://www.w3.org/2005/08/addressing' \
         xmlns:u='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd' \
         xmlns:d='http://www.w3.org/2000/09/xmldsig#'><s:Header>{headers}</s:Header><s:Body>é &amp;</s:Body></s:Envelope>"
    )
}

fn rewrite(message: &str, service: &str) -> Result<String, RewriteError> {
    let mut out = Vec::new();
    let route = ToRoute::new("/probe", service, false).unwrap();
    rewrite_text(message.as_bytes(), Charset::Utf8, &route, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn a_signed_to_is_refused_where_it_would_change_and_passes_where_not() {
    let signature =
        "<d:Signature><d:SignedInfo><d:Reference URI='#to'/></d:SignedInfo></d:Signature>".to_owned();
    let to = "<a:To u:Id='to'>net.tcp://relay/probe</a:To>";
    for headers in [format!("<x>{signature}</x>{to}"), format!("{to}<x>{signature}</x>")] {
        let message = envelope(&headers);
        assert_eq!(rewrite(&message, SHORT), Err(RewriteError::Signed));
        assert_eq!(rewrite(&message, "net.tcp://host/probe"), Ok(message));
    }
}

#[test]
fn a_signed_to_in_binary_is_refused_and_ends_the_session() {
    let signature = "<d:Signature><d:SignedInfo><d:Reference URI='#to'/></d:SignedInfo></d:Signature>";
    let message = envelope(&format!("<x>{signature}</x><a:To u:Id='to'>net.tcp://relay/probe</a:To>"));
    let mut converter = TextToBinary::new(Charset::Utf8, XmlLimits::default(), Ids::Static);
    let mut document = Vec::new();
    converter.push(message.as_bytes(), &mut document).unwrap();
    converter.finish(&mut document).unwrap();
    let route = ToRoute::new("/probe", SHORT, false).unwrap();
    let mut out = Vec::new();
    assert_eq!(rewrite_binary(&document, &route, &mut out), Err(RewriteError::Signed));
    document.insert(0, 0);
    let mut session = SessionRewriter::new(route);
    assert_eq!(session.rewrite(&document, &mut out), Err(RewriteError::Signed));
    // The strings of a refused message never reached the service.
    assert_eq!(session.rewrite(b"\x00", &mut out), Err(RewriteError::Signed));
    assert!(out.is_empty());
}

#[test]
fn an_entry_that_means_something_else_as_well_stays() {
    const TO: &str = "net.tcp://relay/probe";
    // A session whose messages use the string of To in their bodies: as text, as an attribute's value, as a namespace.
    let message = |table: &mut OutgoingTable, id: &str, in_body: bool| {
        let envelope = Envelope::request(SoapVersion::Soap12, Addressing::Ws10, "urn:a", id, TO);
        let mut writer = Writer::new(Ids::Session(table), Runtime::Net8);
        envelope.start(&mut writer).unwrap();
        envelope.body(&mut writer).unwrap();
        if in_body {
            let name = Name { namespace: Str::dictionary(TO), ..Name::local(Str::dictionary("b")) };
            writer.event(&Event::Start(name)).unwrap();
            let to = Value::Dictionary(Str::dictionary(TO));
            writer.event(&Event::Attribute { name: Name::local("k"), value: to }).unwrap();
            writer.event(&Event::Text(to)).unwrap();
            writer.event(&Event::End).unwrap();
        }
        envelope.end(&mut writer).unwrap();
        writer.finish().unwrap()
    };
    for bodies in [[true, false, true], [false, true, false], [false, false, true]] {
        for sent in [2048, 40, 5] {
            let mut table = OutgoingTable::new(2048);
            let envelopes: Vec<_> =
                bodies.iter().map(|body| message(&mut table, "urn:uuid:1", *body)).collect();
            let recorded = Recorded { name: String::new(), encoding: Some(8), sent: true, envelopes };
            let route = ToRoute::new("/probe", LONG, false).unwrap();
            let after = infosets(&recorded, &rewritten(&recorded, &route, sent));
            for ((_, old), (headers, new)) in infosets(&recorded, &recorded.envelopes).iter().zip(after) {
                assert_eq!(headers.to.unwrap().text, LONG);
                assert_eq!(old.replacen(TO, LONG, 1), new, "{bodies:?} {sent}");
            }
        }
    }
}

#[test]
fn only_the_to_for_the_last_receiver_is_rewritten_and_only_its_content() {
    let other = "<a:To s:role='urn:other'>net.tcp://relay/probe</a:To>";
    let own = |text: &str| format!("<a:To k=\"1\">{text}</a:To>");
    for around in [(other, ""), ("", other), (other, other)] {
        let wrap = |text: &str| envelope(&format!("{}{}{}", around.0, own(text), around.1));
        let message = wrap(" net.tcp://relay<!-- -->/pro<![CDATA[be]]>?a&amp;b\n");
        assert_eq!(rewrite(&message, SHORT), Ok(wrap(&format!("{SHORT}?a&amp;b"))));
    }
}

#[test]
fn a_to_that_is_no_text_is_refused() {
    assert_eq!(
        rewrite(&envelope("<a:To><x>net.tcp://relay/probe</x></a:To>"), SHORT),
        Err(RewriteError::NotAnAddress)
    );
    assert_eq!(rewrite(&envelope("<a:To/>"), SHORT), Err(RewriteError::OutsidePath));
    assert_eq!(
        rewrite("<s:Envelope", SHORT),
        Err(RewriteError::Xml(viaduct::wire::xml::XmlError::UnexpectedEof))
    );
}

#[test]
fn headers_without_an_end_are_not_kept_for_ever() {
    let route = ToRoute::new("/probe", SHORT, false).unwrap();
    let mut rewriter = TextRewriter::new(&route, Charset::Utf8);
    let message = envelope(&"<x>abcdefgh</x>".repeat(10));
    let (start, _) = message.split_once("</s:Header>").unwrap();
    let mut out = Vec::new();
    rewriter.push(start.as_bytes(), &mut out).unwrap();
    let refused = (0..1000).any(|_| rewriter.push(&[b' '; 1000], &mut out).is_err());
    assert!(refused && out.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn text_is_rewritten_the_same_however_it_comes(cut in 1usize..3000, utf16: bool, mark: bool) {
        let message = envelope("<a:Action>é日</a:Action><a:To>net.tcp://relay/probe/mex</a:To>");
        let message = message.replace("<?xml version=\"1.0\"?>", "") + &" ".repeat(2000);
        let charset = if utf16 { Charset::Utf16Be } else { Charset::Utf8 };
        let mut bytes = if mark { charset.mark().to_vec() } else { Vec::new() };
        charset.encode(&message, &mut bytes);
        let route = ToRoute::new("/probe", SHORT, false).unwrap();
        let mut rewriter = TextRewriter::new(&route, Charset::Utf8);
        let mut out = Vec::new();
        for piece in bytes.chunks(cut) {
            rewriter.push(piece, &mut out).unwrap();
        }
        rewriter.finish().unwrap();
        let mut expected = if mark { charset.mark().to_vec() } else { Vec::new() };
        charset.encode(&message.replace("net.tcp://relay/probe", SHORT), &mut expected);
        prop_assert_eq!(out, expected);
    }

    #[test]
    fn broken_messages_are_refused_and_never_panic(
        pick in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte: u8, cut: bool,
    ) {
        let all: Vec<_> = all().into_iter().filter(|recorded| recorded.sent && !recorded.envelopes.is_empty()).collect();
        let recorded = pick.get(&all);
        let mut envelope = recorded.envelopes[0].clone();
        envelope.truncate(2000);
        let at = at.index(envelope.len());
        if cut { envelope.truncate(at) } else { envelope[at] = byte }
        let route = ToRoute::new("/probe", LONG, false).unwrap();
        let mut out = Vec::new();
        let _ = SessionRewriter::with_limits(route.clone(), 2048, 60).rewrite(&envelope, &mut out);
        let _ = rewrite_binary(&envelope, &route, &mut out);
        let _ = rewrite_text(&envelope, Charset::Utf8, &route, &mut out);
    }
}
