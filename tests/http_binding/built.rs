//! Replies that no recording has, built by a writer of their own.

use http::HeaderMap;
use proptest::prelude::*;
use viaduct::wire::binxml::{Ids, Writer};
use viaduct::wire::framing::encode;
use viaduct::wire::xml::{Event, Name, Runtime, Str, Value};

use super::envelope::{BODY, SOAP_12, WEB};
use super::support::{Received, receive};

const STATUS: &str = "http://schemas.microsoft.com/netservices/2009/05/servicebus/statuscode";

/// A reply with these headers (namespace, name, text) and whatever `body` writes, in chunks of `chunk` bytes.
pub(crate) fn reply(
    headers: &[(&str, &str, &str)],
    chunk: usize,
    body: impl FnOnce(&mut Writer<'static>),
) -> Vec<u8> {
    let mut writer = Writer::new(Ids::Static, Runtime::Net8);
    let soap = |local| Name { prefix: "s", local: Str::plain(local), namespace: Str::plain(SOAP_12) };
    writer.event(&Event::Start(soap("Envelope"))).unwrap();
    writer.event(&Event::Start(soap("Header"))).unwrap();
    for (namespace, name, text) in headers {
        element(&mut writer, name, namespace, text);
    }
    writer.event(&Event::End).unwrap();
    writer.event(&Event::Start(soap("Body"))).unwrap();
    body(&mut writer);
    writer.event(&Event::End).unwrap();
    writer.event(&Event::End).unwrap();
    let envelope = writer.finish().unwrap();
    let mut stream = vec![0x0b, 0x05];
    for chunk in envelope.chunks(chunk) {
        encode::chunk_size(u32::try_from(chunk.len()).unwrap(), &mut stream);
        stream.extend_from_slice(chunk);
    }
    stream.extend([0x00, 0x07]);
    stream
}

fn element(writer: &mut Writer<'static>, name: &str, namespace: &str, text: &str) {
    let name = Name { prefix: "", local: Str::plain(name), namespace: Str::plain(namespace) };
    writer.event(&Event::Start(name)).unwrap();
    writer.event(&Event::Text(Value::Chars(text))).unwrap();
    writer.event(&Event::End).unwrap();
}

/// Writes text XML as the body's content.
fn xml(writer: &mut Writer<'static>, text: &str) {
    let mut reader = viaduct::wire::xml::TextReader::new(viaduct::wire::xml::XmlLimits::default());
    reader.push(text.as_bytes());
    reader.finish();
    while let Some(event) = reader.next().unwrap() {
        writer.event(&event).unwrap();
    }
}

fn told(format: &str, body: impl FnOnce(&mut Writer<'static>)) -> (u16, Option<String>, String) {
    let received = receive(&reply(&[(BODY, "BodyFormat", format)], 7, body), true, 3);
    assert_eq!(received.error, None);
    let head = received.head.unwrap();
    let content_type = head.headers.get("content-type").map(|value| value.to_str().unwrap().to_owned());
    (head.status.as_u16(), content_type, String::from_utf8(received.body).unwrap())
}

fn json(text: &str) -> Result<String, u16> {
    let stream = reply(&[(BODY, "BodyFormat", "Json")], 5, |writer| xml(writer, text));
    let received = receive(&stream, true, 4);
    match received.error {
        Some(error) => Err(error.status().as_u16()),
        None => Ok(String::from_utf8(received.body).unwrap()),
    }
}

// 7.5: the mapping of .NET.
#[test]
fn xml_that_stands_for_json_becomes_json() {
    for (xml, text) in [
        (
            "<root type='object'><Count type='number'>1</Count><Name>7|a b</Name></root>",
            r#"{"Count":1,"Name":"7|a b"}"#,
        ),
        (
            "<root type='array'><item type='number'>-1.5e3</item><item type='null'/><item type='boolean'>true</item></root>",
            "[-1.5e3,null,true]",
        ),
        (
            "<root type='object'><a:item xmlns:a='item' item='na me&quot;' type='array'/></root>",
            r#"{"na me\"":[]}"#,
        ),
        ("<root type='object' __type='Foo:#ns'><a type='object'/></root>", r#"{"__type":"Foo:#ns","a":{}}"#),
        ("<root type='object' __type='Foo:#ns'/>", r#"{"__type":"Foo:#ns"}"#),
        ("<root>tab&#9;\"\\é</root>", r#""tab\t\"\\é""#),
        ("<root/>", r#""""#),
        ("<root type='string'></root>", r#""""#),
        ("<root type='number'>0</root>", "0"),
        ("<root type='number'>NaN</root>", "NaN"),
        ("<root type='null'/>", "null"),
        ("<root type='object'> <a>x</a> <!-- c --> </root>", r#"{"a":"x"}"#),
        (
            "<root type='array'><item type='array'><item>a</item></item><item type='object'><item type='number'>1</item></item></root>",
            r#"[["a"],{"item":1}]"#,
        ),
    ] {
        assert_eq!(json(xml).as_deref(), Ok(text), "{xml}");
    }
}

#[test]
fn octets_in_json_are_one_base64_wherever_their_records_end() {
    for cut in 1..=8 {
        // Records made by hand, because the writer ends them at multiples of three. Envelope, BodyFormat, root.
        let mut envelope = b"\x56\x02\x0b\x01s\x04\x56\x08\x40\x0aBodyFormat\x08\x40".to_vec();
        envelope.extend_from_slice(BODY.as_bytes());
        envelope.extend_from_slice(b"\x99\x04Json\x01\x56\x0e\x40\x04root");
        for piece in b"abcdefgh".chunks(cut) {
            envelope.extend([0x9e, u8::try_from(piece.len()).unwrap()]);
            envelope.extend_from_slice(piece);
        }
        envelope.extend([0x01; 3]);
        let mut stream = vec![0x0b, 0x05];
        encode::chunk_size(u32::try_from(envelope.len()).unwrap(), &mut stream);
        stream.extend_from_slice(&envelope);
        stream.extend([0x00, 0x07]);
        assert_eq!(receive(&stream, true, 3).body, b"\"YWJjZGVmZ2g=\"");
    }
}

#[test]
fn xml_that_stands_for_no_json_is_a_502() {
    for xml in [
        "<root type='thing'/>",
        "<root type='number'>1,\"injected\":2</root>",
        "<root type='number'></root>",
        "<root type='number'>{}</root>",
        "<root type='boolean'>yes</root>",
        "<root type='null'>x</root>",
        "<root type='object'>text</root>",
        "<root><a/></root>",
    ] {
        assert_eq!(json(xml), Err(502), "{xml}");
    }
    assert_eq!(json(&format!("<root type='number'>{}</root>", "1".repeat(2000))), Err(502));
}

#[test]
fn an_element_stands_alone_with_what_was_declared_around_it() {
    let (_, content_type, body) = told("Xml", |writer| xml(writer, "<a xmlns='urn:a'><b c='1'>&lt;</b></a>"));
    assert_eq!(content_type.as_deref(), Some("application/xml; charset=utf-8"));
    assert_eq!(body, "<a xmlns=\"urn:a\"><b c=\"1\">&lt;</b></a>");
    // The envelope's own prefix is declared where it is used, others on the outermost tag.
    let stream = reply(&[], 9, |writer| {
        writer.declare("i", Str::plain("urn:i")).unwrap();
        xml(writer, "<a><b/></a>");
    });
    assert_eq!(receive(&stream, true, 2).body, b"<a xmlns:i=\"urn:i\"><b></b></a>");
    let stream = reply(&[], 9, |writer| {
        writer.start_element(Some(""), Str::plain("a"), Str::plain("")).unwrap();
        writer.start_element(Some("s"), Str::plain("b"), Str::plain(SOAP_12)).unwrap();
        writer.end_element().unwrap();
        writer.end_element().unwrap();
    });
    let expected = format!("<a><s:b xmlns:s=\"{SOAP_12}\"></s:b></a>");
    assert_eq!(String::from_utf8(receive(&stream, true, 2).body).unwrap(), expected);
    // Any format that nobody knows is an element, too.
    assert_eq!(told("json", |writer| xml(writer, "<a/>")).2, "<a></a>");
}

// 7.5: by the root element where the service named no type.
#[test]
fn wrapped_text_has_the_type_and_the_status_of_its_root() {
    let soap = |namespace: &str, inner: &str| {
        format!(
            "\u{feff}<?xml version=\"1.0\"?><e:Envelope xmlns:e=\"{namespace}\"><e:Header><h/></e:Header><e:Body>{inner}</e:Body></e:Envelope>"
        )
    };
    let soap_11 = "http://schemas.xmlsoap.org/soap/envelope/";
    for (text, status, content_type) in [
        (soap(soap_11, "<a/>"), 200, "text/xml; charset=utf-8"),
        (soap(soap_11, "<e:Fault/>"), 500, "text/xml; charset=utf-8"),
        (soap(soap_11, "<Fault/>"), 200, "text/xml; charset=utf-8"),
        (soap(soap_11, "<a><e:Fault/></a>"), 200, "text/xml; charset=utf-8"),
        (soap(soap_11, ""), 200, "text/xml; charset=utf-8"),
        (soap(SOAP_12, "<e:Fault/>"), 500, "application/soap+xml; charset=utf-8"),
        ("<html>x</html>".to_owned(), 200, "application/xml; charset=utf-8"),
        ("<!DOCTYPE html><html/>".to_owned(), 200, "application/soap+xml; charset=utf-8"),
        ("x".repeat(100_000), 200, "application/soap+xml; charset=utf-8"),
    ] {
        let (told, kind, body) = told("WrappedSoap12", |writer| {
            for piece in text.as_bytes().chunks(1000) {
                writer.bytes(piece).unwrap();
            }
        });
        assert_eq!((told, kind.as_deref()), (status, Some(content_type)), "{text:.60}");
        assert_eq!(body, text);
    }
    // A root that does not come within the limit decides nothing, and all of it passes.
    let long = format!("<!--{}--><a/>", "x".repeat(100_000));
    assert_eq!(told("WrappedSoap11", |writer| writer.bytes(long.as_bytes()).unwrap()).2, long);
}

#[test]
fn octets_pass_and_may_be_none() {
    let binary = |bytes: &'static [u8]| {
        move |writer: &mut Writer<'static>| {
            writer.start_element(Some(""), Str::plain("Binary"), Str::plain("")).unwrap();
            writer.bytes(bytes).unwrap();
            writer.end_element().unwrap();
        }
    };
    let octets = Some("application/octet-stream".to_owned());
    assert_eq!(told("Raw", binary(b"a\0b")), (200, octets.clone(), "a\0b".to_owned()));
    assert_eq!(told("Raw", binary(b"")), (200, octets, String::new()));
    assert_eq!(told("Raw", |_| ()), (202, None, String::new()));
    assert_eq!(told("WrappedSoap11", |_| ()), (202, None, String::new()));
    assert_eq!(told("Default", |_| ()), (202, None, String::new()));
}

fn with_status(status: &str) -> Received {
    let headers = [(STATUS, "StatusCode", status), (WEB, "X-A", "1"), (WEB, "FaultReason", "My\r\nreason")];
    receive(&reply(&headers, 100, |writer| xml(writer, "<a/>")), true, 10)
}

#[test]
fn statuses_without_an_entity_drop_it() {
    for status in ["204", "304"] {
        let received = with_status(status);
        assert_eq!((received.body.len(), received.whole), (0, true), "{status}");
    }
    let received = with_status("418");
    assert_eq!(received.body, b"<a></a>");
    let head = received.head.unwrap();
    assert_eq!((head.status.as_u16(), head.reason.as_deref()), (418, Some(&b"My  reason"[..])));
    assert_eq!(with_status("700").head.unwrap().status.as_u16(), 700);
    assert_eq!(with_status("99").error.unwrap().status(), 502);
}

#[test]
fn a_fault_of_the_services_channel_is_a_500_whatever_was_announced() {
    let fault = format!("<s:Fault xmlns:s='{SOAP_12}'><s:Code/></s:Fault>");
    for format in ["Raw", "Json", "Default", "WrappedSoap11"] {
        let (status, _, body) = told(format, |writer| xml(writer, &fault));
        assert_eq!(status, 500, "{format}");
        assert!(body.contains("Fault"), "{body}");
    }
}

#[test]
fn headers_of_a_reply_have_a_limit() {
    let long = "x".repeat(1000);
    let headers: Vec<_> = (0..70).map(|_| (WEB, "X-A", long.as_str())).collect();
    let received = receive(&reply(&headers, 5000, |_| ()), true, 5000);
    assert_eq!(received.error.unwrap().status(), 502);
    assert_eq!(received.head.map(|head| head.headers), None::<HeaderMap>);
}

proptest! {
    #[test]
    fn a_reply_is_the_same_however_it_is_cut(
        text in "[a-z<&\u{e9}\u{1f600}]{0,300}", chunk in 1usize..200, cut in 1usize..50,
        format in prop::sample::select(vec!["Json", "Xml", "Raw", "WrappedSoap12", "Default"]),
    ) {
        let body = |writer: &mut Writer<'static>| match format {
            "Raw" => {
                writer.start_element(Some(""), Str::plain("Binary"), Str::plain("")).unwrap();
                writer.bytes(text.as_bytes()).unwrap();
                writer.end_element().unwrap();
            }
            "WrappedSoap12" => writer.bytes(text.as_bytes()).unwrap(),
            _ => element(writer, "root", "", &text),
        };
        let stream = reply(&[(BODY, "BodyFormat", format)], chunk, body);
        let whole = receive(&stream, true, usize::MAX);
        prop_assert!(whole.ended && whole.error.is_none());
        if let "Raw" | "WrappedSoap12" = format {
            prop_assert_eq!(&whole.body, text.as_bytes());
        }
        if format == "Json" {
            prop_assert_eq!(&serde_json::from_slice::<String>(&whole.body).unwrap(), &text);
        }
        prop_assert_eq!(receive(&stream, true, cut), whole);
    }
}
