//! What has to hold of the scrubber whatever comes: no secret survives, every length does, and so does everything that is no secret.

use proptest::prelude::*;

use super::{FILLER, Protocol, Scrubber};
use crate::inspect::Direction::{InitiatorToReceiver as There, ReceiverToInitiator as Back};
use crate::inspect::replay::{Framing, framing};
use crate::inspect::{Direction, InMemory, ReadError, Stream};
use crate::wire::framing::with_token;
use crate::wire::int31;
use crate::wire::websocket::{FrameHead, OpCode, apply_mask};

/// Tokens as clients make them: SAS of Azure's form, raw, and a simple web token of the access control service, whose parts are no words.
const SAS: &str = "SharedAccessSignature sr=http%3a%2f%2fcontoso.servicebus.windows.net%2fecho%2f&sig=Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE%3d&se=1700000000&skn=RootManageSharedAccessKey";
const SWT: &str = "Issuer%3downer%26Audience%3dhttp%253a%252f%252fcontoso%26ExpiresOn%3d1700000000%26HMACSHA256%3dc2lnbmF0dXJlc2lnbmF0dXJl";
const JWT: &str =
    "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL3JlbGF5In0.c2lnbmF0dXJl-c2lnbmF0dXJl_c2lnbmF0dXJl";
const RENDEZVOUS: &str = "f3a1c0de-5eed-4a11-9c0d-0123456789ab";

/// What must be nowhere in what is written.
const SECRETS: [&str; 9] = [
    "sig=Zm9v",
    "Zm9vYmFyYmF6cXV4",
    "sr=http%3a",
    "HMACSHA256%3dc2ln",
    "c2lnbmF0dXJl",
    "hunter2",
    "s3cr3t",
    "f3a1c0de",
    "dXNlcjpodW50ZXIy",
];

fn encoded(token: &str) -> String {
    percent_encoding::utf8_percent_encode(token, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn base64(token: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(token)
}

/// A connection: pieces in the order in which they came.
type Traffic = Vec<(Direction, Vec<u8>)>;

fn scrubbed(protocol: Protocol, traffic: &Traffic) -> Traffic {
    let mut scrubber = Scrubber::new(protocol);
    let mut out = traffic.clone();
    for (direction, bytes) in &mut out {
        scrubber.scrub(*direction, bytes);
    }
    out
}

fn text(traffic: &Traffic) -> String {
    traffic
        .iter()
        .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
        .collect::<Vec<_>>()
        .join("\n---\n")
}

fn assert_no_secret(shown: &str) {
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{secret} is in\n{shown}");
    }
}

fn frame(opcode: OpCode, fin: bool, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let head = FrameHead { fin, opcode, mask, len: payload.len() as u64 };
    let mut bytes = vec![0; head.encoded_len()];
    head.encode(&mut bytes);
    let mut payload = payload.to_vec();
    if let Some(key) = mask {
        apply_mask(&mut payload, key);
    }
    bytes.extend_from_slice(&payload);
    bytes
}

/// The payloads of frames, one after the other, and their heads.
fn payloads(mut bytes: &[u8]) -> (Vec<FrameHead>, Vec<u8>) {
    let (mut heads, mut all) = (Vec::new(), Vec::new());
    while let Ok(Some((head, size))) = FrameHead::decode(bytes) {
        let mut payload = bytes[size..size + head.len as usize].to_vec();
        if let Some(key) = head.mask {
            apply_mask(&mut payload, key);
        }
        all.extend_from_slice(&payload);
        heads.push(head);
        bytes = &bytes[size + head.len as usize..];
    }
    assert!(bytes.is_empty(), "whole frames");
    (heads, all)
}

/// Requests with a secret in each place where HTTP has room for one.
fn http() -> Traffic {
    let json = format!(
        "{{\"renewToken\":{{\"token\" : \"{}\"}},\"a\":1,\"Set-Cookie\":[\"id=s3cr3t\",\"b=s3cr3t\\\"x\"]}}",
        SAS.replace('&', "\\u0026")
    );
    let soap = format!(
        "<s:Header><RelayAccessToken xmlns=\"c\"><w:BinarySecurityToken Id='x'>{}</w:BinarySecurityToken></RelayAccessToken><T>RelayAccessToken</T><To>sb://h/a?sb-hc-token={}</To></s:Header>",
        base64(SAS),
        SAS.replace('&', "&amp;"),
    );
    let (one, other) = soap.split_at(soap.find("ZXM").unwrap_or(190));
    let there = format!(
        "GET /$hc/a?sb-hc-action=listen&sb-hc-token={token}&sb-hc-id=kept HTTP/1.1\r\nHost: h\r\nServiceBusAuthorization: {SAS}\r\nauthorization:Basic dXNlcjpodW50ZXIy\r\nCookie: a=s3cr3t;\r\n  b=hunter2\r\nAccept: kept\r\n\r\n\
         POST /b HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\nX-Other: Bearer {JWT}\r\n\r\n{json}\
         POST /c HTTP/1.1\r\nProxy-Authorization: WRAP access_token=\"{SWT}\"\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{one}\r\n{:x}\r\n{other}\r\n0\r\nCookie: hunter2\r\n\r\n\
         POST /d HTTP/1.1\r\nContent-Length: {}\r\n\r\nwrap_access_token={SWT}&wrap_access_token_expires_in=1200",
        json.len(),
        one.len(),
        other.len(),
        "wrap_access_token=&wrap_access_token_expires_in=1200".len() + SWT.len(),
        token = encoded(SAS),
    );
    let back = "HTTP/1.1 200 OK\r\nSet-Cookie: id=s3cr3t; Path=/\r\nContent-Length: 4\r\n\r\nkept".to_owned();
    vec![(There, there.into_bytes()), (Back, back.into_bytes())]
}

/// A listener's control channel, its frames cut and masked, and the address of a rendezvous.
fn websocket() -> Traffic {
    let request = format!(
        "GET /$hc/a?sb-hc-action=listen HTTP/1.1\r\nUpgrade: websocket\r\nServiceBusAuthorization: {SAS}\r\n\r\n"
    );
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n".to_owned();
    let accept = format!(
        "{{\"accept\":{{\"address\":\"wss://h/$hc/a?sb-hc-action=accept&sb-hc-id=kept&sb-hc-rendezvous={RENDEZVOUS}\",\"connectHeaders\":{{\"Authorization\":\"Basic dXNlcjpodW50ZXIy\",\"Host\":\"kept\",\"Cookie\":\"a=s3cr3t\"}}}}}}"
    );
    let renew = format!("{{\"renewToken\":{{\"token\":\"{SAS}\"}}}}");
    let (one, other) = renew.as_bytes().split_at(90);
    let there = [
        frame(OpCode::Text, false, Some([1, 2, 3, 4]), one),
        frame(OpCode::Ping, true, Some([9, 9, 9, 9]), b"kept"),
        frame(OpCode::Continuation, true, Some([5, 6, 7, 8]), other),
        frame(OpCode::Binary, true, Some([7, 7, 7, 7]), &[0xff; 300]),
    ];
    vec![
        (There, request.into_bytes()),
        (Back, answer.into_bytes()),
        (Back, frame(OpCode::Text, true, None, accept.as_bytes())),
        (There, there.concat()),
    ]
}

fn string(kind: u8, text: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    int31::encode(text.len() as u32, out);
    out.extend_from_slice(text);
}

/// A session whose Via, string table, To and security header hold a token, in one mode or the other.
fn net_tcp(is_streamed: bool, cut: usize) -> Traffic {
    let via = with_token("net.tcp://h/e", SAS);
    let mut there = vec![0, 1, 0, 1, if is_streamed { 1 } else { 2 }];
    string(2, via.as_bytes(), &mut there);
    there.extend_from_slice(&[3, if is_streamed { 7 } else { 8 }, 0x0c]);

    let mut envelope = Vec::new();
    if !is_streamed {
        let mut table = Vec::new();
        int31::encode(via.len() as u32, &mut table);
        table.extend_from_slice(via.as_bytes());
        int31::encode(table.len() as u32, &mut envelope);
        envelope.extend_from_slice(&table);
    }
    // <a>, then elements whose texts are tokens; .NET writes base64 in two records. 0x44 and `D` are one byte.
    let (first, rest) = SAS.as_bytes().split_at(SAS.len() / 3 * 3 - 3);
    envelope.extend_from_slice(b"\x40\x01a\x44\x02\x9e");
    envelope.push(first.len() as u8);
    envelope.extend_from_slice(first);
    envelope.extend_from_slice(&[0x9f, rest.len() as u8]);
    envelope.extend_from_slice(rest);
    envelope.extend_from_slice(b"\x44\x04\x9b");
    envelope.extend_from_slice(&(via.len() as u16).to_le_bytes());
    envelope.extend_from_slice(via.as_bytes());
    envelope.extend_from_slice(b"\x44\x06\x99\x04kept\x01");
    if is_streamed {
        there.push(5);
        for chunk in envelope.chunks(cut.max(1)) {
            int31::encode(chunk.len() as u32, &mut there);
            there.extend_from_slice(chunk);
        }
        there.push(0);
    } else {
        string(6, &envelope, &mut there);
    }
    there.push(7);
    vec![(There, there), (Back, b"\x0b\x07".to_vec())]
}

/// An attach of AMQP and SASL PLAIN, as a WebSocket or a raw connection carries them.
fn amqp() -> Traffic {
    let mut bytes = b"AMQP\0\x01\0\0\xa3\x11com.microsoft:swt\xa1".to_vec();
    bytes.push(SAS.len() as u8);
    bytes.extend_from_slice(SAS.as_bytes());
    // What follows the strings is a letter, `C`: zero as an uint.
    bytes.extend_from_slice(b"Ckept\xa3\x11com.microsoft:swt\xb1\0\0\0");
    bytes.push(SWT.len() as u8);
    bytes.extend_from_slice(SWT.as_bytes());
    bytes.extend_from_slice(b"Ckept\xa3\x05PLAIN\xa0\x0e\0user\0hunter2\0Ckept\xa1");
    bytes.push(SAS.len() as u8);
    bytes.extend_from_slice(SAS.as_bytes());
    bytes.extend_from_slice(b"Ckept");
    vec![(There, bytes)]
}

fn utf16() -> Traffic {
    let text = format!("<a>net.tcp://h/e/$sas/{}</a><b>kept {SAS}</b>", base64(SAS));
    let envelope: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut there = b"\0\x01\0\x01\x02\x02\rnet.tcp://h/e\x03\x04\x0c".to_vec();
    string(6, &envelope, &mut there);
    vec![(There, there)]
}

#[test]
fn no_secret_of_http_survives_and_what_is_none_does() {
    let traffic = http();
    let out = scrubbed(Protocol::Http, &traffic);
    let shown = text(&out);
    assert_no_secret(&shown);
    assert_eq!(shown.len(), text(&traffic).len());
    for kept in [
        "&sb-hc-id=kept HTTP/1.1\r\nHost: h\r\nServiceBusAuthorization: AAAA",
        "\r\nAccept: kept\r\n\r\nPOST /b",
        "\"},\"a\":1,\"Set-Cookie\":[\"AAAAAAAAA\",\"AAAAAAAA",
        "\"]}POST /c",
        "<T>RelayAccessToken</T>",
        "&wrap_access_token_expires_in=1200",
        "Content-Length: 4\r\n\r\nkept",
        "</To></s:Header>\r\n0\r\nCookie: AAAAAAA\r\n\r\nPOST /d",
    ] {
        assert!(shown.contains(kept), "{kept} is not in\n{shown}");
    }
}

#[test]
fn json_stays_json() {
    let body = "{\"renewToken\":{\"token\":\"SharedAccessSignature sr=a\\u0026sig=b\\\"c\"},\"x\":\"SharedAccessSignature sr=a\\u0026sig=b\"}";
    let head = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", body.len());
    let out = scrubbed(Protocol::Http, &vec![(There, format!("{head}{body}").into_bytes())]);
    let json: serde_json::Value = serde_json::from_slice(&out[0].1[head.len()..]).unwrap();
    assert!(json["renewToken"]["token"].as_str().unwrap().starts_with("AAAA"), "{json}");
}

#[test]
fn frames_stay_frames_and_their_secrets_go() {
    let traffic = websocket();
    let out = scrubbed(Protocol::Http, &traffic);
    assert_no_secret(&text(&out[..2].to_vec()));
    for index in [2, 3] {
        let (heads, bytes) = payloads(&out[index].1);
        assert_eq!(heads, payloads(&traffic[index].1).0);
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        assert_no_secret(&shown);
        assert!(shown.contains("kept"), "{shown}");
    }
    let (_, accept) = payloads(&out[2].1);
    let accept: serde_json::Value = serde_json::from_slice(&accept).unwrap();
    let address = accept["accept"]["address"].as_str().unwrap();
    assert_eq!(address.split("rendezvous=").nth(1), Some("A".repeat(RENDEZVOUS.len()).as_str()));
    assert_eq!(accept["accept"]["connectHeaders"]["Host"], "kept");
}

#[test]
fn records_stay_records_and_their_secrets_go() {
    for (is_streamed, cut) in [(false, 0), (true, 7), (true, 1000)] {
        let traffic = net_tcp(is_streamed, cut);
        let out = scrubbed(Protocol::NetTcp, &traffic);
        assert_no_secret(&text(&out));
        let memory =
            InMemory { i2r: Some(out[0].1.clone()), r2i: Some(out[1].1.clone()), ..InMemory::default() };
        let stream = Stream {
            name: "c".to_owned(),
            recording: Box::new(memory),
            mode: None,
            otherwise: crate::inspect::Protocol::Unknown,
        };
        let mut facts = Vec::new();
        framing(&stream, |fact| {
            facts.push(fact);
            Ok::<(), ReadError>(())
        })
        .unwrap();
        assert_eq!(facts[7], Framing::End("i2r".to_owned(), "clean".into()), "{facts:?}");
        // The bytes that are not filler are those that came.
        let changed = out[0].1.iter().zip(&traffic[0].1).filter(|(one, other)| one != other);
        assert!(changed.clone().all(|(one, _)| *one == FILLER));
        assert!(changed.count() > 2 * SAS.len());
        // What follows a token, a letter, is as it came.
        assert!(out[0].1.ends_with(&traffic[0].1[traffic[0].1.len() - 5..]));
    }
}

#[test]
fn strings_of_amqp_keep_their_lengths_and_what_follows_them() {
    let out = scrubbed(Protocol::NetTcp, &amqp());
    let shown = text(&out);
    assert_no_secret(&shown);
    assert_eq!(shown.matches("Ckept").count(), 4, "{shown}");
}

#[test]
fn text_in_utf_16_is_looked_into() {
    let traffic = utf16();
    let out = scrubbed(Protocol::NetTcp, &traffic);
    let shown = String::from_utf8_lossy(&out[0].1).replace('\0', "");
    assert_no_secret(&shown);
    assert!(shown.contains("</a><b>kept SharedAccessSignature AAAA"), "{shown}");
    assert!(shown.ends_with("AAAA</b>"), "{shown}");
}

#[test]
fn a_security_layer_is_left_alone() {
    let mut there = b"\0\x01\0\x01\x02\x02\rnet.tcp://h/e\x03\x08".to_vec();
    string(9, b"application/ssl-tls", &mut there);
    there.extend_from_slice(SAS.as_bytes());
    let traffic = vec![(There, there), (Back, [b"\x0a", SAS.as_bytes()].concat())];
    assert_eq!(scrubbed(Protocol::NetTcp, &traffic), traffic);
}

#[test]
fn what_is_scrubbed_stays_as_it_is() {
    for (protocol, traffic) in every() {
        let once = scrubbed(protocol, &traffic);
        assert_eq!(scrubbed(protocol, &once), once);
    }
}

fn every() -> Vec<(Protocol, Traffic)> {
    vec![
        (Protocol::Http, http()),
        (Protocol::Http, websocket()),
        (Protocol::NetTcp, net_tcp(false, 0)),
        (Protocol::NetTcp, net_tcp(true, 13)),
        (Protocol::NetTcp, amqp()),
        (Protocol::NetTcp, utf16()),
    ]
}

proptest! {
    #[test]
    fn the_cuts_make_no_difference(which in 0usize..6, cuts in proptest::collection::vec(1usize..40, 1..20)) {
        let (protocol, traffic) = every().swap_remove(which);
        let whole = scrubbed(protocol, &traffic);
        let mut scrubber = Scrubber::new(protocol);
        let mut cuts = cuts.iter().cycle();
        for ((direction, bytes), expected) in traffic.iter().zip(&whole) {
            let mut bytes = bytes.clone();
            let mut rest = &mut bytes[..];
            while !rest.is_empty() {
                let size = (*cuts.next().unwrap()).min(rest.len());
                let (now, later) = rest.split_at_mut(size);
                scrubber.scrub(*direction, now);
                rest = later;
            }
            prop_assert_eq!(&bytes, &expected.1);
        }
    }

    #[test]
    fn any_bytes_keep_their_length_and_only_filler_is_new(
        pieces in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..200)), 0..8), is_http: bool,
    ) {
        let protocol = if is_http { Protocol::Http } else { Protocol::NetTcp };
        let traffic: Traffic = pieces.into_iter().map(|(there, bytes)| (if there { There } else { Back }, bytes)).collect();
        for ((_, before), (_, after)) in traffic.iter().zip(scrubbed(protocol, &traffic)) {
            prop_assert_eq!(before.len(), after.len());
            let masked = before.iter().zip(&after).filter(|(one, other)| one != other);
            if protocol == Protocol::NetTcp {
                prop_assert!(masked.clone().all(|(_, new)| *new == FILLER));
            }
        }
    }
}
