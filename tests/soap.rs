//! Envelopes against recordings of others, and what is written against what is read.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "soap/recorded.rs"]
mod recorded;

use std::collections::BTreeMap;

use proptest::prelude::*;
use recorded::Recorded;
use viaduct::wire::soap::{
    Addressing, DISPATCHER, Envelope, Fault, FaultCode, FaultReader, HeaderReader, Headers, Place,
    QualifiedName, SoapError, SoapLimits, SoapVersion,
};
use viaduct::wire::xml::{TextReader, TextStyle, TextWriter, XmlLimits};

/// The headers, and the fault where the body is one.
fn read(bytes: &[u8]) -> Result<(Headers, Option<Fault>), SoapError> {
    let mut reader = TextReader::new(XmlLimits::default());
    reader.push(bytes);
    reader.finish();
    let mut headers = HeaderReader::new(SoapLimits::default());
    let mut fault = Some(FaultReader::new(64 * 1024));
    while let Some(event) = reader.next()? {
        headers.event(&event)?;
        match fault.as_mut().map(|fault| fault.event(&event).map(|_| ())) {
            Some(Err(SoapError::NotAFault)) => fault = None,
            Some(result) => result?,
            None => {}
        }
    }
    Ok((headers.into_headers().ok_or(SoapError::NoBody)?, fault.and_then(FaultReader::into_fault)))
}

fn is_text(recorded: &Recorded) -> bool {
    recorded.encoding.is_none_or(|encoding| encoding < 6)
}

#[test]
fn every_recorded_envelope_in_text_has_its_headers() {
    let mut counts = BTreeMap::new();
    for recorded in recorded::nettcp().iter().chain(&recorded::http()).filter(|recorded| is_text(recorded)) {
        let name = &recorded.name;
        for envelope in &recorded.envelopes {
            let (headers, fault) = read(envelope).unwrap_or_else(|error| panic!("{name}: {error}"));
            *counts.entry((headers.version == SoapVersion::Soap12, headers.addressing as u8)).or_insert(0) +=
                1;
            let version = if name.contains("text11") || name.contains("basichttp") {
                SoapVersion::Soap11
            } else {
                SoapVersion::Soap12
            };
            assert_eq!(headers.version, version, "{name}");
            let addressing = if name.contains("wsa2004") && !name.contains("http") {
                Addressing::August2004
            } else if name.contains("mono-tcp-") || name.contains("ms-wshttp") {
                Addressing::Ws10
            } else {
                headers.addressing
            };
            assert_eq!(headers.addressing, addressing, "{name}");
            assert!(headers.must_understand.is_empty() && !headers.has_security, "{name}");
            if headers.addressing != Addressing::None {
                let action = headers.action.as_ref().unwrap();
                assert!(action.text.starts_with("urn:relay-probe") && action.must_understand, "{name}");
            }
            if recorded.sent && headers.addressing == Addressing::Ws10 {
                let to = headers.to.as_ref().unwrap();
                assert!(to.text.ends_with("/probe") && to.must_understand && !to.signed, "{name}");
                let reply_to = headers.reply_to.as_ref().map(|field| field.text.as_str());
                // A one-way message has neither id nor ReplyTo.
                assert_eq!(reply_to.is_some(), headers.message_id.is_some(), "{name}");
                assert!(reply_to.is_none_or(|to| Some(to) == headers.addressing.anonymous()), "{name}");
            }
            let failed = !recorded.sent && envelope_text(envelope).contains("Fault>");
            assert_eq!(fault.is_some(), failed, "{name}");
        }
    }
    let total: usize = counts.values().sum();
    assert!(total >= 90 && counts.len() >= 5, "{total} {counts:?}");
}

fn envelope_text(bytes: &[u8]) -> String {
    // Good enough to look for ASCII in UTF-8 and UTF-16.
    bytes.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect()
}

#[test]
fn recorded_faults_say_what_they_say() {
    let all = recorded::nettcp();
    let fault = |name: &str| {
        let recorded = all.iter().find(|recorded| recorded.name == name).unwrap();
        read(&recorded.envelopes[0]).unwrap().1.unwrap()
    };
    for name in ["mono-tcp-text11-failtyped conn01 s2c", "mono-tcp-text12-failtyped conn01 s2c"] {
        let fault = fault(name);
        assert_eq!(fault.code, FaultCode::Sender, "{name}");
        assert_eq!(fault.subcodes, [QualifiedName::new("urn:relay-probe", "ProbeCode")], "{name}");
        assert_eq!((fault.reason.as_str(), fault.lang.as_str()), ("typed fault", ""), "{name}");
        let detail = fault.detail.unwrap();
        assert!(detail.contains("<Code>7</Code><Why>asked to</Why>"), "{detail}");
    }
    let internal = fault("mono-tcp-text12-failunhandled conn01 s2c");
    assert_eq!(internal.code, FaultCode::Receiver);
    assert_eq!(internal.subcodes[0].local, "InternalServiceFault");
}

fn written(write: impl FnOnce(&mut TextWriter)) -> Vec<u8> {
    let mut writer = TextWriter::new(TextStyle::default());
    write(&mut writer);
    writer.finish().unwrap();
    let mut out = Vec::new();
    writer.take(&mut out);
    out
}

#[test]
fn a_request_is_written_as_microsofts_client_writes_it() {
    // fixtures/http/ms-wshttp-none, the first request.
    let http = recorded::http();
    let recorded = http.iter().find(|recorded| recorded.name == "ms-wshttp-none conn01 c2s").unwrap();
    let (headers, _) = read(&recorded.envelopes[0]).unwrap();
    let text = |field: Option<viaduct::wire::soap::Field>| field.unwrap().text;
    let envelope = Envelope::request(
        headers.version,
        headers.addressing,
        &text(headers.action),
        &text(headers.message_id),
        &text(headers.to),
    );
    let bytes = written(|writer| {
        envelope.start(writer).unwrap();
        envelope.body(writer).unwrap();
        envelope.end(writer).unwrap();
    });
    let until_body = String::from_utf8(recorded.envelopes[0].clone()).unwrap();
    let (until_body, _) = until_body.split_once("<Echo").unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), format!("{until_body}</s:Body></s:Envelope>"));
}

#[test]
fn without_addressing_there_is_no_header_unless_somebody_has_one() {
    // fixtures/http/ms-basichttp: Microsoft's client writes none.
    let mut envelope = Envelope::reply(SoapVersion::Soap11, Addressing::None, "urn:a", None);
    let write = |envelope: &Envelope| {
        String::from_utf8(written(|writer| {
            envelope.start(writer).unwrap();
            envelope.body(writer).unwrap();
            envelope.end(writer).unwrap();
        }))
        .unwrap()
    };
    assert!(!write(&envelope).contains("Header"));
    envelope.further_headers = true;
    assert!(write(&envelope).contains("<s:Header></s:Header><s:Body>"));
}

/// An envelope in text, with these headers.
fn with_headers(headers: &str) -> Vec<u8> {
    format!(
        "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns:a='http://www.w3.org/2005/08/addressing' \
         xmlns:u='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd' \
         xmlns:o='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd' \
         xmlns:d='http://www.w3.org/2000/09/xmldsig#'><s:Header>{headers}</s:Header><s:Body/></s:Envelope>"
    )
    .into_bytes()
}

#[test]
fn a_signed_header_is_told_by_the_reference_to_its_id() {
    let security = |uri: &str| {
        format!(
            "<o:Security s:mustUnderstand='1'><d:Signature><d:SignedInfo><d:SignatureMethod Algorithm='x'/>\
             <d:Reference URI='cid:attachment'/><d:Reference {uri}><d:Transforms/></d:Reference></d:SignedInfo>\
             <d:KeyInfo><d:Reference URI='#_2'/></d:KeyInfo></d:Signature></o:Security>"
        )
    };
    let to = "<a:Action u:Id='_2'>urn:a</a:Action><a:To u:Id='_1'> urn:to </a:To>";
    for (uri, to_signed, action_signed) in [
        ("URI='#_1'", true, false),
        ("URI='#_3'", false, false),
        ("URI=''", true, true),
        ("", true, true),
        ("URI='#xpointer(/)'", true, true),
    ] {
        // The signature may stand before or behind what it signs.
        for order in [format!("{}{to}", security(uri)), format!("{to}{}", security(uri))] {
            let (headers, _) = read(&with_headers(&order)).unwrap();
            let (to, action) = (headers.to.unwrap(), headers.action.unwrap());
            assert_eq!(to.text, "urn:to");
            assert_eq!((to.signed, action.signed), (to_signed, action_signed), "{uri}");
            assert!(headers.has_security);
            assert_eq!(headers.must_understand[0].local, "Security");
        }
    }
}

#[test]
fn headers_that_must_be_understood_are_named_unless_they_are_for_others() {
    let (headers, _) = read(&with_headers(
        "<x:Lock xmlns:x='urn:x' s:mustUnderstand='true'/><x:Free xmlns:x='urn:x' s:mustUnderstand='0'/>\
         <x:Next xmlns:x='urn:x' s:mustUnderstand='1' s:role='http://www.w3.org/2003/05/soap-envelope/role/next'/>\
         <a:To s:role='urn:somebody'>urn:other</a:To><a:To>urn:mine</a:To>",
    ))
    .unwrap();
    assert_eq!(headers.must_understand, [QualifiedName::new("urn:x", "Lock")]);
    assert_eq!(headers.to.unwrap().text, "urn:mine");
}

#[test]
fn the_answered_message_is_told_from_other_relations() {
    let (headers, _) = read(&with_headers(
        "<a:RelatesTo RelationshipType='urn:forwarded'>urn:1</a:RelatesTo><a:RelatesTo>urn:2</a:RelatesTo>",
    ))
    .unwrap();
    assert_eq!(headers.relates_to.unwrap().text, "urn:2");
}

#[test]
fn what_is_no_envelope_is_refused_by_name() {
    let s = "xmlns:s='http://www.w3.org/2003/05/soap-envelope'";
    let cases = [
        ("<a/>".to_owned(), SoapError::NotAnEnvelope),
        ("<s:Envelope xmlns:s='urn:x'/>".to_owned(), SoapError::NotAnEnvelope),
        (format!("<s:Envelope {s}/>"), SoapError::NoBody),
        (format!("<s:Envelope {s}><s:Header/></s:Envelope>"), SoapError::NoBody),
        (format!("<s:Envelope {s}>x<s:Body/></s:Envelope>"), SoapError::BadStructure),
        (format!("<s:Envelope {s}><s:Header/><s:Header/><s:Body/></s:Envelope>"), SoapError::BadStructure),
        (format!("<s:Envelope {s}><s:Header>x</s:Header><s:Body/></s:Envelope>"), SoapError::BadStructure),
        (format!("<s:Envelope {s}><x/><s:Body/></s:Envelope>"), SoapError::BadStructure),
    ];
    let heads = |text: &[u8]| -> Result<(), SoapError> {
        let mut reader = TextReader::new(XmlLimits::default());
        reader.push(text);
        reader.finish();
        let mut headers = HeaderReader::new(SoapLimits { kept: 100, headers: 3 });
        while let Some(event) = reader.next()? {
            if headers.event(&event)? == Place::Body {
                return Ok(());
            }
        }
        Ok(())
    };
    for (text, error) in cases {
        assert_eq!(heads(text.as_bytes()), Err(error), "{text}");
    }
    let twice = with_headers("<a:To>1</a:To><a:To>2</a:To>");
    assert_eq!(heads(&twice), Err(SoapError::DuplicateHeader("To")));
    let long = with_headers(&format!("<a:To>{}</a:To>", "x".repeat(101)));
    assert_eq!(heads(&long), Err(SoapError::HeadersTooLarge { max: 100 }));
    assert_eq!(heads(&with_headers("<x/><x/><x/><x/>")), Err(SoapError::TooManyHeaders { max: 3 }));
}

#[test]
fn the_best_reason_is_taken_and_a_detail_stands_alone() {
    let text = "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns:x='urn:x'><s:Body><s:Fault>\
        <s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>x:A</s:Value><s:Subcode><s:Value>x:B</s:Value>\
        </s:Subcode></s:Subcode></s:Code><s:Reason><s:Text xml:lang='de'>nein</s:Text><s:Text xml:lang='en-GB'>no\
        </s:Text><s:Text xml:lang='en'>later</s:Text></s:Reason><s:Role>urn:role</s:Role>\
        <s:Detail x:k='1'><x:D type='x:T'/></s:Detail></s:Fault></s:Body></s:Envelope>";
    let fault = read(text.as_bytes()).unwrap().1.unwrap();
    assert_eq!((fault.reason.as_str(), fault.lang.as_str()), ("no", "en-GB"));
    assert_eq!(fault.subcodes, [QualifiedName::new("urn:x", "A"), QualifiedName::new("urn:x", "B")]);
    assert_eq!(fault.role.as_deref(), Some("urn:role"));
    assert_eq!(
        fault.detail.unwrap(),
        "<s:Detail x:k=\"1\" xmlns:x=\"urn:x\" xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\">\
         <x:D type=\"x:T\"></x:D></s:Detail>"
    );
}

#[test]
fn a_fault_has_the_action_of_its_code() {
    let fault = Fault::destination_unreachable(Addressing::Ws10, "no such address");
    assert_eq!(fault.action(Addressing::Ws10), Some("http://www.w3.org/2005/08/addressing/fault"));
    let fault = Fault::new(FaultCode::Receiver, "x").with_subcode(DISPATCHER, "InternalServiceFault");
    assert!(fault.action(Addressing::Ws10).unwrap().ends_with("/dispatcher/fault"));
    assert_eq!(fault.action(Addressing::None), None);
}

fn codes() -> impl Strategy<Value = FaultCode> {
    prop::sample::select(vec![
        FaultCode::Sender,
        FaultCode::Receiver,
        FaultCode::MustUnderstand,
        FaultCode::VersionMismatch,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn faults_survive_the_way(
        code in codes(),
        subcodes in prop::collection::vec("[A-Z][a-z]{0,8}", 0..3),
        reason in "[a-z<&é]{0,20}",
        detail: bool,
        soap12: bool,
    ) {
        let version = if soap12 { SoapVersion::Soap12 } else { SoapVersion::Soap11 };
        let mut fault = Fault::new(code, &reason);
        for subcode in &subcodes {
            fault = fault.with_subcode("urn:codes", subcode);
        }
        if detail {
            fault = fault.with_detail("<x xmlns:d='urn:d' d:a='1'><d:e>v</d:e><f/></x>");
        }
        let envelope = Envelope::reply(version, Addressing::Ws10, "urn:action", Some("urn:uuid:1")).to_anonymous();
        let bytes = written(|writer| envelope.with_fault(&fault, writer).unwrap());
        let (headers, found) = read(&bytes).unwrap();
        let found = found.unwrap();
        prop_assert_eq!(headers.relates_to.unwrap().text, "urn:uuid:1");
        prop_assert_eq!(&found.reason, &fault.reason);
        prop_assert_eq!(found.detail.is_some(), detail);
        if let Some(detail) = &found.detail {
            prop_assert!(detail.contains("<d:e>v</d:e><f></f>"), "{}", detail);
        }
        // SOAP 1.1 has room for one code.
        let kept = if soap12 { fault.subcodes.len() } else { fault.subcodes.len().min(1) };
        prop_assert_eq!(&found.subcodes, &fault.subcodes[..kept]);
        let expected = if soap12 || subcodes.is_empty() { code } else { FaultCode::Sender };
        prop_assert_eq!(found.code, expected);
    }

    #[test]
    fn any_envelope_is_read_or_refused(headers in "[<>/a:To='\"#sUIdReference]{0,60}") {
        let _ = read(&with_headers(&headers));
    }
}
