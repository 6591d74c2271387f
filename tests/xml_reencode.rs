//! Text XML to binary XML and back: nothing of the infoset is lost, and memory stays small.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "soap/recorded.rs"]
#[allow(dead_code, reason = "shared with tests that ask who sent it")]
mod recorded;

use viaduct::wire::binxml::{Dictionaries, Ids, Limits, OutgoingTable, Reader, SessionTable, Writer};
use viaduct::wire::soap::{Addressing, Envelope, Fault, FaultCode, FaultReader, SoapVersion};
use viaduct::wire::xml::{
    BinaryToText, Charset, ReencodeError, Runtime, TextStyle, TextToBinary, XmlError, XmlLimits,
};

fn to_binary(text: &[u8], cut: usize) -> Result<Vec<u8>, ReencodeError> {
    let mut converter = TextToBinary::new(Charset::Utf8, XmlLimits::default(), Ids::Static);
    let mut out = Vec::new();
    for piece in text.chunks(cut) {
        converter.push(piece, &mut out)?;
    }
    converter.finish(&mut out)?;
    Ok(out)
}

fn to_text(document: &[u8], dictionaries: Dictionaries<'_>) -> Result<Vec<u8>, ReencodeError> {
    let mut out = Vec::new();
    BinaryToText::new(document, dictionaries, Limits::default(), TextStyle::default()).all(&mut out)?;
    Ok(out)
}

#[test]
fn recorded_binary_envelopes_are_the_same_text_after_a_turn_through_text() {
    let mut turned = 0;
    for recorded in recorded::nettcp() {
        if !matches!(recorded.encoding, Some(7 | 8)) {
            continue;
        }
        let mut table = SessionTable::new();
        for envelope in &recorded.envelopes {
            let at = if recorded.encoding == Some(8) { table.read(envelope).unwrap() } else { 0 };
            let text = to_text(&envelope[at..], Dictionaries::session(&table)).unwrap();
            let binary = to_binary(&text, 100).unwrap();
            assert_eq!(to_text(&binary, Dictionaries::STATIC).unwrap(), text, "{}", recorded.name);
            turned += 1;
        }
    }
    assert!(turned > 70, "{turned}");
}

#[test]
fn recorded_text_envelopes_are_the_same_after_a_turn_through_binary() {
    let mut turned = 0;
    for recorded in recorded::nettcp().into_iter().chain(recorded::http()) {
        if matches!(recorded.encoding, Some(7 | 8)) {
            continue;
        }
        for envelope in &recorded.envelopes {
            let binary = to_binary(envelope, 7).unwrap();
            assert_eq!(to_binary(envelope, 100_000).unwrap(), binary);
            let text = to_text(&binary, Dictionaries::STATIC).unwrap();
            assert_eq!(to_binary(&text, 1000).unwrap(), binary, "{}", recorded.name);
            turned += 1;
        }
    }
    assert!(turned > 90, "{turned}");
}

#[test]
fn a_long_document_is_turned_in_little_memory() {
    let mut converter = TextToBinary::new(Charset::Utf8, XmlLimits::default(), Ids::Static);
    let (mut out, mut total, mut most) = (Vec::new(), 0, 0);
    converter.push(b"<a xmlns='urn:a'>", &mut out).unwrap();
    let piece = format!("<b>{}</b>", "text &amp; more".repeat(200));
    for _ in 0..1000 {
        converter.push(piece.as_bytes(), &mut out).unwrap();
        most = most.max(out.len());
        total += out.len();
        out.clear();
    }
    converter.push(b"</a>", &mut out).unwrap();
    converter.finish(&mut out).unwrap();
    assert!(total > 2_000_000 && most < 64 * 1024, "{total} {most}");
}

#[test]
fn a_name_that_is_none_never_becomes_markup() {
    // Binary XML page, section 3: names and characters are judged where text is made.
    for (document, error) in [
        (&b"\x40\x03a><\x01"[..], XmlError::BadName),
        (b"\x40\x00\x01", XmlError::BadName),
        (b"\x40\x01a\x99\x01\x01", XmlError::BadCharacter('\u{1}')),
        (b"\x40\x01a\x02\x02--\x01", XmlError::BadComment),
    ] {
        let refused = to_text(document, Dictionaries::STATIC);
        assert!(matches!(refused, Err(ReencodeError::Text(found)) if found == error), "{document:?}");
    }
}

#[test]
fn bytes_in_pieces_are_one_base64_text() {
    // Binary XML page, 4.6.
    let text = to_text(b"\x40\x01a\x9e\x01a\x9e\x04bcde\x9f\x01f", Dictionaries::STATIC).unwrap();
    assert_eq!(text, b"<a>YWJjZGVm</a>");
    let text = to_text(b"\x40\x01a\x9e\x01a\x98\x01-\x9f\x01f", Dictionaries::STATIC).unwrap();
    assert_eq!(text, b"<a>YQ==-Zg==</a>");
}

#[test]
fn an_envelope_in_binary_begins_as_microsofts() {
    // Framing page 8.1, bytes 135 to 189 of the recording.
    let id = "urn:uuid:577b6e8b-046f-4b57-9d3e-000102030405";
    let envelope =
        Envelope::request(SoapVersion::Soap12, Addressing::Ws10, "urn:action", id, "net.tcp://h/p");
    let mut table = OutgoingTable::new(2048);
    let mut writer = Writer::new(Ids::Session(&mut table), Runtime::Net8);
    envelope.start(&mut writer).unwrap();
    envelope.body(&mut writer).unwrap();
    envelope.end(&mut writer).unwrap();
    let message = writer.finish().unwrap();
    let mut expected = b"\x19\x0aurn:action\x0dnet.tcp://h/p".to_vec();
    expected.extend_from_slice(
        b"\x56\x02\x0b\x01s\x04\x0b\x01a\x06\x56\x08\x44\x0a\x1e\x00\x82\xab\x01\x44\x1a\xad",
    );
    expected.extend_from_slice(b"\x8b\x6e\x7b\x57\x6f\x04\x57\x4b\x9d\x3e\x00\x01\x02\x03\x04\x05");
    expected
        .extend_from_slice(b"\x44\x2c\x44\x2a\xab\x14\x01\x44\x0c\x1e\x00\x82\xab\x03\x01\x56\x0e\x01\x01");
    assert_eq!(message, expected);
}

#[test]
fn a_fault_survives_binary_in_both_versions() {
    for version in [SoapVersion::Soap11, SoapVersion::Soap12] {
        let fault = Fault::new(FaultCode::Sender, "no <such> thing")
            .with_subcode("urn:codes", "Missing")
            .with_detail("<x xmlns:d='urn:d'><d:e>1</d:e></x>");
        let envelope = Envelope::reply(version, Addressing::August2004, "urn:a", None).to_anonymous();
        let mut writer = Writer::new(Ids::Static, Runtime::Net8);
        envelope.with_fault(&fault, &mut writer).unwrap();
        let document = writer.finish().unwrap();
        let mut reader = Reader::new(&document, Dictionaries::STATIC, Limits::default());
        let mut found = FaultReader::new(1000);
        while let Some(&event) = reader.next_event().unwrap() {
            found.event(&event).unwrap();
        }
        let found = found.into_fault().unwrap();
        assert_eq!((&found.reason, &found.subcodes), (&fault.reason, &fault.subcodes));
        assert!(found.detail.unwrap().contains("<d:e>1</d:e>"));
    }
}
