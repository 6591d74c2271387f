//! Requests that never reach a listener, and replies that never reach a sender.

use secrecy::ExposeSecret as _;
use viaduct::bridge::http_binding::{
    BindingLimits, HttpRefusal, Reply, ReplyTerms, Request, SenderForm, Terms, XmlBody,
};
use viaduct::wire::relayed::{MAX_STRING, MessageError};
use viaduct::wire::soap::SoapVersion;

use super::envelope::{BODY, Sent};
use super::support::{HOST, head, receive, terms, translate};

const SOAP: &str =
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><a/></s:Body></s:Envelope>";

fn status(content_type: &str, body: &[u8]) -> u16 {
    let head = head("POST", "/basic", &[("host", HOST), ("content-type", content_type)]);
    let one = translate(&head, terms(&head), body, 1);
    let all = translate(&head, terms(&head), body, usize::MAX);
    assert_eq!(one.as_ref().err(), all.as_ref().err());
    one.map_or_else(|error| error.status().as_u16(), |_| 200)
}

// 7.4: what a listener would never answer.
#[test]
fn an_entity_that_no_listener_can_decode_is_a_400() {
    let cases: [(&str, &[u8], u16); 29] = [
        ("text/xml", SOAP.as_bytes(), 200),
        ("text/xml", b"", 200),
        ("text/xml", b"no xml", 400),
        ("text/xml", b" ", 400),
        ("text/xml", b"<a><b></a>", 400),
        ("text/xml", b"<a/><b/>", 400),
        ("text/xml", b"<a>", 400),
        ("text/xml", b"<p:a/>", 400),
        ("text/xml", b"<a>\xff</a>", 400),
        ("text/xml", b"<a>&unknown;</a>", 400),
        ("text/xml", b"<!DOCTYPE a [<!ENTITY x 'y'>]><a/>", 400),
        ("text/xml", b"<?xml version='1.0' encoding='utf-16'?><a/>", 400),
        ("text/xml; charset=klingon", b"<a/>", 415),
        ("application/soap+xml", b"<a/>", 400),
        ("application/soap+xml", b"<Envelope/>", 400),
        ("text/xml", b"<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'/>", 400),
        (
            "text/xml",
            b"<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Header/></e:Envelope>",
            400,
        ),
        (
            "text/xml",
            b"<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'>text<e:Body/></e:Envelope>",
            400,
        ),
        (
            "text/xml",
            b"<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Other/><e:Body/></e:Envelope>",
            400,
        ),
        (
            "text/xml",
            b"<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Body></e:Envelope>",
            400,
        ),
        ("application/json", b"{\"a\":1}", 200),
        ("application/json", b"{\"a\":1", 400),
        ("application/json", b"[1,]", 400),
        ("application/json", b" ", 400),
        ("application/json", b"\"\xff\"", 400),
        // Wrong twice: the first of both is told, in one piece and in many.
        ("application/json", b"<\x80", 400),
        ("text/xml", b"<<\x80", 400),
        ("application/octet-stream", b"\xff\0no xml", 200),
        ("text/json", b"{", 200),
    ];
    for (content_type, body, expected) in cases {
        assert_eq!(status(content_type, body), expected, "{content_type} {}", String::from_utf8_lossy(body));
    }
}

#[test]
fn nothing_of_a_short_malformed_entity_is_sent_and_no_end_of_a_long_one() {
    let head = head("POST", "/basic", &[("content-type", "text/xml"), ("soapaction", "\"a\"")]);
    for filling in [10, 1 << 20] {
        let body = SOAP.replace("<a/>", &format!("<a>{}</b>", "x".repeat(filling)));
        let mut request = Request::new(&head, terms(&head)).unwrap();
        let mut out = Vec::new();
        let pushed = body.as_bytes().chunks(5000).try_for_each(|piece| request.push(piece, &mut out));
        let error = pushed.unwrap_err();
        assert!(matches!(error, HttpRefusal::NotWellFormed(_)), "{error:?}");
        assert_eq!(out.is_empty(), filling == 10);
        let sent = out.len();
        // Every later call fails the same way and writes nothing.
        assert_eq!(request.push(b"more", &mut out), Err(error.clone()));
        assert_eq!(request.finish(&mut out), Err(error));
        assert_eq!(out.len(), sent);
    }
}

#[test]
fn limits_are_kept() {
    let head = head("POST", "/basic", &[("content-type", "text/xml")]);
    let limited = |limits: BindingLimits, body: &str| {
        let terms = Terms { limits, ..terms(&head) };
        translate(&head, terms, body.as_bytes(), 1000).map_err(|error| error.status().as_u16())
    };
    let request = BindingLimits { request: 50, ..BindingLimits::default() };
    assert_eq!(limited(request, SOAP).unwrap_err(), 413);
    let soap_head = BindingLimits { soap_head: 1000, ..BindingLimits::default() };
    let long = SOAP.replace("<s:Body>", &format!("<s:Header>{}</s:Header><s:Body>", "<h/>".repeat(1000)));
    assert_eq!(limited(soap_head.clone(), &long).unwrap_err(), 413);
    assert!(limited(BindingLimits::default(), &long).is_ok());
}

fn with_token(base64: &str) -> String {
    let token = format!(
        "<s:Header><h/><c:RelayAccessToken xmlns:c=\"http://schemas.microsoft.com/netservices/2009/05/servicebus/connect\">\
         <w:BinarySecurityToken xmlns:w=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\">{base64}\
         </w:BinarySecurityToken></c:RelayAccessToken><k/></s:Header><s:Body>"
    );
    SOAP.replace("<s:Body>", &token)
}

// 7.4, 8.2.
#[test]
fn a_token_in_a_soap_header_is_handed_out_and_taken_out() {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD.encode("SharedAccessSignature sr=a");
    let body = with_token(&base64);
    let head = head("POST", "/basic", &[("content-type", "text/xml")]);
    let mut request = Request::new(&head, terms(&head)).unwrap();
    assert_eq!(request.form(), SenderForm::Plain);
    let mut out = Vec::new();
    for piece in body.as_bytes().chunks(3) {
        request.push(piece, &mut out).unwrap();
        assert_eq!(request.soap_token().unwrap().is_some(), request.is_begun());
    }
    assert_eq!(request.soap_token().unwrap().unwrap().expose_secret(), "SharedAccessSignature sr=a");
    assert_eq!(request.form(), SenderForm::Soap(SoapVersion::Soap11));
    request.finish(&mut out).unwrap();
    let octets = Sent::read(&out).octets;
    assert_eq!(
        String::from_utf8(octets).unwrap(),
        SOAP.replace("<s:Body>", "<s:Header><h/><k/></s:Header><s:Body>")
    );
}

// Who needs no token does not mind a bad one, and the service does not see it.
#[test]
fn what_is_no_token_is_told_and_taken_out() {
    let head = head("POST", "/basic", &[("content-type", "text/xml")]);
    let twice = with_token("YQ==").replace("<k/>", "<c:RelayAccessToken xmlns:c=\"http://schemas.microsoft.com/netservices/2009/05/servicebus/connect\">b</c:RelayAccessToken><k/>");
    for (body, error) in [
        (with_token("!"), MessageError::BadToken),
        (with_token(&"A".repeat(100_000)), MessageError::TextTooLong { max: MAX_STRING }),
        (twice, MessageError::Twice("RelayAccessToken")),
    ] {
        let mut request = Request::new(&head, terms(&head)).unwrap();
        let mut out = Vec::new();
        request.push(body.as_bytes(), &mut out).unwrap();
        assert_eq!(request.soap_token().unwrap_err(), error);
        request.finish(&mut out).unwrap();
        assert!(!String::from_utf8_lossy(&Sent::read(&out).octets).contains("RelayAccessToken"));
    }
}

/// The text of the message that the service gets.
fn wrapped(headers: &[(&str, &str)], body: &str) -> String {
    let head = head("POST", "/basic", headers);
    let octets = Sent::read(&translate(&head, terms(&head), body.as_bytes(), 9).unwrap()).octets;
    String::from_utf8(octets).unwrap()
}

// 7.4, "Action for SOAP 1.1" and the paragraph behind it.
#[test]
fn an_action_is_put_in_wherever_the_header_stands() {
    let action = |prefix: &str| {
        let must = if prefix.is_empty() { String::new() } else { format!(" {prefix}:mustUnderstand=\"1\"") };
        format!(
            "<Action{must} xmlns=\"http://schemas.microsoft.com/ws/2005/05/addressing/none\">urn:a&amp;b</Action>"
        )
    };
    let (s, e) = (action("s"), action(""));
    let envelope = |inner: &str| {
        format!("<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">{inner}</s:Envelope>")
    };
    let bare = |inner: &str| {
        format!(
            "<?xml version=\"1.0\"?>\n<Envelope xmlns=\"http://schemas.xmlsoap.org/soap/envelope/\">{inner}</Envelope>"
        )
    };
    let old = "<Action xmlns=\"http://schemas.microsoft.com/ws/2005/05/addressing/none\">urn:old</Action>";
    let wsa = "<w:Action xmlns:w=\"http://www.w3.org/2005/08/addressing\">urn:wsa</w:Action>";
    let soap: &[(&str, &str)] = &[("content-type", "text/xml"), ("soapaction", " \"urn:a&b\" ")];
    for (before, after) in [
        (envelope("<s:Body/>"), envelope(&format!("<s:Header>{s}</s:Header><s:Body/>"))),
        (envelope("<s:Header /><s:Body/>"), envelope(&format!("<s:Header >{s}</s:Header><s:Body/>"))),
        (
            envelope("\n<s:Header id='1'>\n<h/></s:Header> <s:Body/>"),
            envelope(&format!("\n<s:Header id='1'>{s}\n<h/></s:Header> <s:Body/>")),
        ),
        (
            envelope(&format!("<s:Header>{old}</s:Header><s:Body/>")),
            envelope(&format!("<s:Header>{s}</s:Header><s:Body/>")),
        ),
        (
            envelope(&format!("<s:Header>{wsa}</s:Header><s:Body/>")),
            envelope(&format!("<s:Header>{s}{wsa}</s:Header><s:Body/>")),
        ),
        (bare("<Body/>"), bare(&format!("<Header>{e}</Header><Body/>"))),
        (bare("<Header/><Body/>"), bare(&format!("<Header>{e}</Header><Body/>"))),
        (
            format!("\u{feff}{}", bare("<Body/>")),
            format!("\u{feff}{}", bare(&format!("<Header>{e}</Header><Body/>"))),
        ),
    ] {
        assert_eq!(wrapped(soap, &before), after);
    }
    for nothing in
        [&[("content-type", "text/xml")][..], &[("content-type", "text/xml"), ("soapaction", "\"\"")]]
    {
        assert_eq!(wrapped(nothing, &envelope("<s:Body/>")), envelope("<s:Body/>"));
    }
}

#[test]
fn soap_12_takes_its_action_from_the_content_type_where_it_has_none() {
    let envelope = |inner: &str| {
        format!(
            "<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\">{inner}<e:Body/></e:Envelope>"
        )
    };
    let typed = &[("content-type", "application/soap+xml; charset=utf-8; action=\"urn:a\"")];
    let action = "<Action xmlns=\"http://www.w3.org/2005/08/addressing\">urn:a</Action>";
    assert_eq!(wrapped(typed, &envelope("")), envelope(&format!("<e:Header>{action}</e:Header>")));
    for own in ["http://www.w3.org/2005/08/addressing", "http://schemas.xmlsoap.org/ws/2004/08/addressing"] {
        let own = envelope(&format!("<e:Header><Action xmlns=\"{own}\">urn:own</Action></e:Header>"));
        assert_eq!(wrapped(typed, &own), own);
    }
    assert_eq!(wrapped(&[("content-type", "application/soap+xml")], &envelope("")), envelope(""));
}

// 7.4: the charset of Content-Type is not used by the listener.
#[test]
fn other_charsets_are_sent_as_utf8_and_announced_so() {
    let text = SOAP.replace("<a/>", "<a>h\u{e9}</a>");
    let latin: Vec<u8> = text.chars().map(|char| u8::try_from(u32::from(char)).unwrap()).collect();
    let wide: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, charset) in [(latin, "iso-8859-1"), (wide, "utf-16")] {
        let content_type = format!("text/xml; charset={charset}");
        let head = head("POST", "/basic", &[("content-type", &content_type)]);
        let sent = Sent::read(&translate(&head, terms(&head), &bytes, 5).unwrap());
        assert_eq!(String::from_utf8(sent.octets.clone()).unwrap(), text);
        assert_eq!(sent.http_headers()["Content-Type"], "text/xml; charset=utf-8");
    }
}

#[test]
fn xml_that_is_no_soap_is_an_element_or_octets_as_the_relay_is_set() {
    let head = head("POST", "/web", &[("content-type", "application/xml")]);
    let text = "<?xml version=\"1.0\"?><!-- c --><a xmlns=\"urn:a\" b=\"1\"><c>x</c></a><!-- d -->";
    let sent = Sent::read(&translate(&head, terms(&head), text.as_bytes(), 4).unwrap());
    assert_eq!(sent.header(BODY, "BodyFormat"), Some("Xml"));
    assert_eq!(sent.body, ["<{urn:a}a>", "@{}b=1", "<{urn:a}c>", "x", "</>", "</>"]);
    for text in [text, "<a><no end", "no xml at all"] {
        let octets = Terms { xml: XmlBody::Octets, ..terms(&head) };
        let sent = Sent::read(&translate(&head, octets, text.as_bytes(), 4).unwrap());
        assert_eq!(sent.header(BODY, "BodyFormat"), Some("Raw"));
        assert_eq!(sent.octets, text.as_bytes());
    }
    // SOAP stays SOAP.
    let octets = Terms { xml: XmlBody::Octets, ..terms(&head) };
    let sent = Sent::read(&translate(&head, octets, SOAP.as_bytes(), 4).unwrap());
    assert_eq!(sent.header(BODY, "BodyFormat"), Some("WrappedSoap11"));
}

#[test]
fn a_host_that_stands_in_the_target_is_a_header_all_the_same() {
    let head = head("GET", "https://user@contoso.example.net:8443/basic?a", &[]);
    let sent = Sent::read(&translate(&head, terms(&head), b"", 1).unwrap());
    assert_eq!(sent.http_headers()["Host"], "contoso.example.net:8443");
}

#[test]
fn nothing_that_is_kept_is_shown() {
    let head = head("POST", "/basic", &[("content-type", "text/xml"), ("authorization", "Basic geheim")]);
    let mut request = Request::new(&head, terms(&head)).unwrap();
    request.push(with_token("Z2VoZWlt").as_bytes(), &mut Vec::new()).unwrap();
    assert_eq!(request.soap_token().unwrap().unwrap().expose_secret(), "geheim");
    assert!(!format!("{request:?}").contains("geheim"));
}

#[test]
fn a_target_that_is_no_path_is_refused() {
    for target in ["*", "contoso.example.net:443"] {
        let head = head("OPTIONS", target, &[]);
        let refused = Request::new(&head, terms(&super::support::head("GET", "/a", &[])));
        assert_eq!(refused.unwrap_err(), HttpRefusal::BadTarget);
    }
}

#[test]
fn replies_that_break_the_protocol_are_a_502() {
    let cases: [&[u8]; 12] = [
        b"\x0b\x07",
        b"\x0b\x06\x01a",
        b"\x0a",
        b"\x00",
        b"\xff",
        b"HTTP/1.1 200 OK",
        b"\x0b\x05\xff\xff\xff\xff\xff",
        b"\x0b\x05\x03abc\x00\x07",
        b"\x0b\x05\x00\x07",
        // Another element, and an envelope of SOAP 1.1.
        b"\x0b\x05\x04\x40\x01a\x01\x00\x07",
        b"\x0b\x05\x09\x56\x02\x0b\x01s\x83\x86\x02\x01\x00\x07",
        // An envelope without a body.
        b"\x0b\x05\x07\x56\x02\x0b\x01s\x04\x01\x00\x07",
    ];
    for bytes in cases {
        for cut in [1, usize::MAX] {
            let received = receive(bytes, true, cut);
            let error = received.error.unwrap_or_else(|| panic!("{bytes:02x?}"));
            assert_eq!(error.status(), 502, "{bytes:02x?} {error}");
            assert_eq!((received.head, received.whole), (None, false));
        }
    }
}

#[test]
fn a_reply_larger_than_its_limit_is_a_502_that_says_so() {
    let limits = BindingLimits { reply: 100, ..BindingLimits::default() };
    let mut reply = Reply::new(ReplyTerms { wants_body: true, limits });
    let error = reply.push(b"\x0b\x05\x65", &mut Vec::new()).unwrap_err();
    assert_eq!(error, HttpRefusal::ReplyTooLarge { max: 100 });
    assert_eq!(reply.push(b"", &mut Vec::new()), Err(error));
}
