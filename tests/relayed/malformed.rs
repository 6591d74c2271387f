//! What nobody sends, and what it is refused as.

use viaduct::wire::binxml::{DecodeError, Dictionaries, Ids, OutgoingTable};
use viaduct::wire::relayed::{
    CONNECT_NAMESPACE, Delivered, INVITATION_NAMESPACE, Invitation, MAX_MESSAGE, MAX_STRING, MessageError,
    OnewayReader, OnewayRequest, RelayFault, RelayedRequest, read_text_message,
};
use viaduct::wire::soap::SoapError;
use viaduct::wire::xml::{Charset, TextToBinary, XmlLimits};

const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const SOAP_11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const WSA: &str = "http://www.w3.org/2005/08/addressing";
const WSA_2004: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";

/// An envelope as text.
fn text(soap: &str, addressing: &str, headers: &str, body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s='{soap}' xmlns:a='{addressing}' xmlns:c='{CONNECT_NAMESPACE}'>\
         <s:Header>{headers}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )
}

fn binary(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut converter = TextToBinary::new(Charset::Utf8, XmlLimits::default(), Ids::Static);
    converter.push(text.as_bytes(), &mut out).unwrap();
    converter.finish(&mut out).unwrap();
    out
}

fn envelope(headers: &str, body: &str) -> Vec<u8> {
    binary(&text(SOAP, WSA, headers, body))
}

const CONNECT: &str = "<a:Action>RelayedConnect</a:Action>";
const ACCEPT: &str = "<a:Action>RelayedAccept</a:Action>";

#[test]
fn requests_of_protocol_c() {
    let uri = "<c:Connect><c:Uri>sb://h/a</c:Uri></c:Connect>";
    let id = |id: &str| format!("<c:RelayedAccept><c:Id>{id}</c:Id></c:RelayedAccept>");
    let deep = format!("<c:Connect>{}{}</c:Connect>", "<c:x>".repeat(31), "</c:x>".repeat(31));
    let long = format!("<c:Connect><c:Uri>{}</c:Uri></c:Connect>", "x".repeat(MAX_STRING + 1));
    let token = |content: &str| format!("{CONNECT}<c:RelayAccessToken>{content}</c:RelayAccessToken>");
    let tracking = "<t:TrackingId xmlns:t='http://schemas.microsoft.com/servicebus/2010/08/protocol/'>";
    let tracking = |content: &str| format!("{CONNECT}{tracking}{content}</t:TrackingId>");
    let too_deep = MessageError::Binary(DecodeError::MaxDepth { max: 32 });
    for (name, message, error) in [
        ("nothing", vec![], DecodeError::NoRoot.into()),
        ("no action", envelope("", uri), MessageError::UnknownAction),
        (
            "an action of protocol B",
            envelope(&format!("<a:Action>{CONNECT_NAMESPACE}/Connect</a:Action>"), uri),
            MessageError::UnknownAction,
        ),
        ("a reply", envelope("<a:Action>RelayedConnectReply</a:Action>", ""), MessageError::UnknownAction),
        (
            "an action in other letters",
            envelope("<a:Action>relayedconnect</a:Action>", uri),
            MessageError::UnknownAction,
        ),
        (
            "two actions",
            envelope(&format!("{CONNECT}{CONNECT}"), uri),
            SoapError::DuplicateHeader("Action").into(),
        ),
        ("no body", binary(&format!("<s:Envelope xmlns:s='{SOAP}'/>")), SoapError::NoBody.into()),
        ("no envelope", binary("<x/>"), SoapError::NotAnEnvelope.into()),
        (
            "something behind the body",
            binary(&format!("<s:Envelope xmlns:s='{SOAP}'><s:Body/><s:Body/></s:Envelope>")),
            SoapError::BadStructure.into(),
        ),
        ("empty body", envelope(CONNECT, ""), MessageError::BadValue("the body")),
        ("another body", envelope(CONNECT, &id("x")), MessageError::BadValue("the body")),
        (
            "body of another namespace",
            envelope(CONNECT, "<Connect><Uri>sb://h</Uri></Connect>"),
            MessageError::BadValue("the body"),
        ),
        (
            "two elements in the body",
            envelope(CONNECT, &format!("{uri}{uri}")),
            MessageError::Twice("the body's element"),
        ),
        ("no uri", envelope(CONNECT, "<c:Connect/>"), MessageError::Missing("Uri")),
        (
            "empty uri",
            envelope(CONNECT, "<c:Connect><c:Uri> </c:Uri></c:Connect>"),
            MessageError::Missing("Uri"),
        ),
        (
            "uri too deep",
            envelope(CONNECT, "<c:Connect><c:x><c:Uri>sb://h</c:Uri></c:x></c:Connect>"),
            MessageError::Missing("Uri"),
        ),
        (
            "uri with elements",
            envelope(CONNECT, "<c:Connect><c:Uri>sb://h<c:x/></c:Uri></c:Connect>"),
            MessageError::Missing("Uri"),
        ),
        (
            "two uris",
            envelope(CONNECT, "<c:Connect><c:Uri>a</c:Uri><c:Uri>b</c:Uri></c:Connect>"),
            MessageError::Twice("Uri"),
        ),
        ("no guid", envelope(ACCEPT, &id("x")), MessageError::BadValue("Id")),
        ("no id", envelope(ACCEPT, "<c:RelayedAccept/>"), MessageError::Missing("Id")),
        (
            "nil id",
            envelope(ACCEPT, &id("00000000-0000-0000-0000-000000000000")),
            MessageError::Missing("Id"),
        ),
        ("soap 1.1", binary(&text(SOAP_11, WSA, CONNECT, uri)), MessageError::WrongVersion),
        ("addressing of 2004", binary(&text(SOAP, WSA_2004, CONNECT, uri)), MessageError::WrongVersion),
        ("deep", envelope(CONNECT, &deep), too_deep),
        ("long text", envelope(CONNECT, &long), MessageError::TextTooLong { max: MAX_STRING }),
        ("long message", vec![0; MAX_MESSAGE + 1], MessageError::TooLarge { max: MAX_MESSAGE }),
        (
            "long tracking id",
            envelope(&tracking(&"x".repeat(5000)), uri),
            MessageError::TextTooLong { max: 4096 },
        ),
        (
            "two tracking ids",
            envelope(&(tracking("1") + &tracking("2")[CONNECT.len()..]), uri),
            MessageError::Twice("TrackingId"),
        ),
        ("empty token", envelope(&token(""), uri), MessageError::BadToken),
        ("another token", envelope(&token("<x/>"), uri), MessageError::ForeignToken),
        ("ids of a session", b"\x42\x03\x01".to_vec(), DecodeError::NoSession(3).into()),
        (
            "text xml",
            text(SOAP, WSA, CONNECT, uri).into_bytes(),
            DecodeError::MisplacedAttribute(0x3c).into(),
        ),
    ] {
        match RelayedRequest::decode(&message) {
            Err(found) => assert_eq!(found, error, "{name}"),
            Ok(request) => panic!("{name}: {request:?}"),
        }
    }
}

#[test]
fn faults_say_whose_fault_it_is() {
    for (error, fault) in [
        (MessageError::TooLarge { max: 1 }, RelayFault::QuotaExceeded),
        (MessageError::BadToken, RelayFault::AuthorizationFailed),
        (MessageError::ForeignToken, RelayFault::AuthorizationFailed),
        (MessageError::UnknownAction, RelayFault::InvalidRequest),
        (MessageError::Missing("Uri"), RelayFault::InvalidRequest),
        (DecodeError::Eof.into(), RelayFault::InvalidRequest),
    ] {
        assert_eq!(error.fault(), fault, "{error}");
    }
}

/// A message of a session without strings.
fn message(headers: &str, body: &str) -> Vec<u8> {
    [&[0][..], &envelope(headers, body)].concat()
}

const ID: &str = "<a:MessageID>urn:uuid:528c9d42-eaab-4b79-a7ba-2cc7deb01eed</a:MessageID>";

#[test]
fn messages_of_protocol_b_are_refused_with_their_id_and_the_session_goes_on() {
    let action = |word: &str| format!("<a:Action>{CONNECT_NAMESPACE}/{word}</a:Action>{ID}");
    let listen = |body: &str| {
        message(&action("Listen"), &format!("<c:Listen>{body}<c:Uri>sb://h/</c:Uri></c:Listen>"))
    };
    let settings = |text: &str| {
        listen(&format!("<c:NameSettings><c:ServiceSettings>{text}</c:ServiceSettings></c:NameSettings>"))
    };
    let mut reader = OnewayReader::new();
    for (name, bytes, error) in [
        ("no action", message(ID, ""), MessageError::UnknownAction),
        ("no uri", message(&action("Connect"), "<c:Connect/>"), MessageError::Missing("Uri")),
        ("no body", message(&action("Connect"), ""), MessageError::BadValue("the body")),
        ("another body", message(&action("Listen"), "<c:Connect/>"), MessageError::BadValue("the body")),
        (
            "no discovery",
            settings("<c:Discovery>None</c:Discovery>"),
            MessageError::BadValue("NameSettings/ServiceSettings/Discovery"),
        ),
        (
            "no type",
            settings("<c:ListenerType>unicast</c:ListenerType>"),
            MessageError::BadValue("NameSettings/ServiceSettings/ListenerType"),
        ),
        (
            "no boolean",
            settings("<c:IsDynamic>yes</c:IsDynamic>"),
            MessageError::BadValue("NameSettings/ServiceSettings/IsDynamic"),
        ),
        (
            "long message",
            message(&action("x"), &"<c:x>y</c:x>".repeat(12_000)),
            MessageError::TooLarge { max: MAX_MESSAGE },
        ),
        (
            "a body cut short",
            {
                let mut bytes = message(&action("x"), "<x>y</x>");
                bytes.pop();
                bytes
            },
            DecodeError::Eof.into(),
        ),
    ] {
        let refused = reader.read(&bytes).unwrap_err();
        assert_eq!(refused.error, error, "{name}");
        assert_eq!(refused.message_id.as_deref(), Some(&ID[13..58]), "{name}");
        assert!(!refused.error.ends_session(), "{name}");
    }
    assert!(reader.read(&message(&action("OnewayPing"), "")).is_ok());
    // What the table of the session says is lost for good.
    for bytes in [&b"\x05ab"[..], &message(&action("OnewayPing"), "")] {
        let refused = reader.read(bytes).unwrap_err();
        assert_eq!(refused.error, MessageError::SessionLost(DecodeError::BadStringTable));
        assert!(refused.error.ends_session());
    }
}

#[test]
fn nil_and_missing_settings_are_not_said() {
    let nil = "xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'";
    let body = format!(
        "<c:Listen><c:NameSettings><c:ServiceSettings><c:IsDynamic {nil}/><c:Address><a:Address>x</a:Address></c:Address>\
         </c:ServiceSettings></c:NameSettings><c:Uri>sb://h/</c:Uri></c:Listen>"
    );
    let bytes = message(&format!("<a:Action>{CONNECT_NAMESPACE}/Listen</a:Action>"), &body);
    let OnewayRequest::Listen(listen) = OnewayReader::new().read(&bytes).unwrap() else {
        panic!("no listen")
    };
    assert_eq!(listen.settings, Default::default());
    assert_eq!((listen.message_id, listen.uri.as_str()), (None, "sb://h/"));
}

/// Two bytes that stand for two thousand: what a message becomes is limited as well as what it is.
#[test]
fn strings_of_the_session_do_not_make_a_small_message_large() {
    let mut table = OutgoingTable::default();
    let long = "x".repeat(2000);
    let mut writer =
        viaduct::wire::binxml::Writer::new(Ids::Session(&mut table), viaduct::wire::xml::Runtime::Framework);
    let start = viaduct::wire::xml::Str::plain;
    writer.start_element(Some("s"), start("Envelope"), start(SOAP)).unwrap();
    writer.start_element(Some("s"), start("Header"), start(SOAP)).unwrap();
    writer.start_element(Some("a"), start("Action"), start(WSA)).unwrap();
    writer.text("x").unwrap();
    writer.end_element().unwrap();
    writer.end_element().unwrap();
    writer.start_element(Some("s"), start("Body"), start(SOAP)).unwrap();
    for _ in 0..20_000 {
        let long = viaduct::wire::xml::Str::dictionary(&long);
        writer.value(&viaduct::wire::xml::Value::Dictionary(long)).unwrap();
    }
    writer.end_element().unwrap();
    writer.end_element().unwrap();
    let bytes = writer.finish().unwrap();
    assert!(bytes.len() < MAX_MESSAGE);
    let refused = OnewayReader::new().read(&bytes).unwrap_err();
    assert_eq!(refused.error, MessageError::TooLarge { max: MAX_MESSAGE });

    // The same in a list, which is one value, in a header and in the body.
    for in_header in [true, false] {
        let strings = [&[0xa1, 0x10][..], &[0xd0, 0x0f], long.as_bytes()].concat();
        let table = [&[0xd2, 0x0f][..], &strings[2..]].concat();
        let list = [&b"\xa4"[..], &b"\xaa\x01".repeat(20_000), b"\xa6"].concat();
        let head = b"\x56\x02\x0b\x01\x73\x04\x56\x08";
        let bytes = if in_header {
            [&table[..], head, b"\x40\x01x", &list, b"\x01\x01\x56\x0e\x01\x01"].concat()
        } else {
            [
                &table[..],
                head,
                b"\x0b\x01\x61\x06\x44\x0a\x99\x01x\x01\x56\x0e\x40\x01x",
                &list,
                b"\x01\x01\x01",
            ]
            .concat()
        };
        let refused = OnewayReader::new().read(&bytes).unwrap_err();
        assert_eq!(refused.error, MessageError::TooLarge { max: MAX_MESSAGE }, "{in_header}");
    }
}

#[test]
fn a_message_over_http_is_made_binary_without_its_token() {
    let token = "<c:RelayAccessToken>SharedAccessSignature sr=h</c:RelayAccessToken>";
    let headers = format!("<a:Action s:mustUnderstand='1'>urn:x</a:Action>{token}<a:To>sb://h/a</a:To>{ID}");
    let whole = text(SOAP, WSA, &headers, "<x i='1'>y</x>");
    let message = read_text_message(whole.as_bytes(), XmlLimits::default()).unwrap();
    assert_eq!((message.action.as_str(), message.to.as_deref()), ("urn:x", Some("sb://h/a")));
    assert!(message.token.is_some() && message.message_id.is_some());
    let without = binary(&whole.replace(token, ""));
    let infoset = |bytes: &[u8]| super::recorded::infoset(bytes, Dictionaries::STATIC);
    assert_eq!(infoset(&message.message), infoset(&without));

    for (name, envelope, error) in [
        ("soap 1.1", text(SOAP_11, WSA, &headers, ""), MessageError::WrongVersion),
        ("addressing of 2004", text(SOAP, WSA_2004, &headers, ""), MessageError::WrongVersion),
        ("no addressing", text(SOAP, "urn:other", &headers, ""), MessageError::UnknownAction),
        (
            "a ping",
            text(SOAP, WSA, &format!("<a:Action>{CONNECT_NAMESPACE}/OnewayPing</a:Action>"), ""),
            MessageError::UnknownAction,
        ),
        (
            "too large",
            text(SOAP, WSA, &headers, &"x".repeat(MAX_MESSAGE)),
            MessageError::TooLarge { max: MAX_MESSAGE },
        ),
    ] {
        let refused = read_text_message(envelope.as_bytes(), XmlLimits::default()).unwrap_err();
        assert_eq!(refused.error, error, "{name}");
    }
}

#[test]
fn what_a_listener_would_not_understand() {
    let send = "<a:Action>OnewaySend</a:Action>";
    for (message, error) in [
        (envelope("<a:Action>x</a:Action>", "AA=="), MessageError::UnknownAction),
        (envelope(send, ""), MessageError::Missing("the message")),
        (envelope(send, "<x/>"), MessageError::BadValue("the body")),
        (envelope(send, "*"), MessageError::BadValue("base64")),
    ] {
        assert_eq!(Delivered::decode(&message, Dictionaries::STATIC), Err(error));
    }
    let action = format!("<a:Action>{INVITATION_NAMESPACE}/RelayedConnect</a:Action>");
    let body = |fields: &str| {
        envelope(
            &action,
            &format!("<r:RelayedConnect xmlns:r='{INVITATION_NAMESPACE}'>{fields}</r:RelayedConnect>"),
        )
    };
    let id = "<r:Id>39aadc47-3295-4a41-a886-51ad9e0cca37</r:Id>";
    for (message, error) in [
        (body(""), MessageError::Missing("Id")),
        (body(&format!("{id}<r:IpAddress>-1</r:IpAddress>")), MessageError::BadValue("IpAddress")),
        (body(&format!("{id}<r:IpPort>65536</r:IpPort>")), MessageError::BadValue("IpPort")),
        (envelope(&action, "<x/>"), MessageError::BadValue("the body")),
        (envelope(send, ""), MessageError::UnknownAction),
    ] {
        assert_eq!(Invitation::decode(&message), Err(error));
    }
}
