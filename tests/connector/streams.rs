//! WebSocket senders, seen from the gateway and from the service.

use std::time::Duration;

use futures_util::SinkExt as _;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::UnixListener};
use tokio_tungstenite::tungstenite::{
    Message,
    handshake::derive_accept_key,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use crate::{
    fake_gateway::{FakeGateway, next, tell},
    services::{ENVELOPE_AND_END, TcpService, receive, receive_head, receive_to_end},
};

fn accept(gateway: &FakeGateway, path: &str, headers: Value) -> Value {
    let address = gateway.address(path, "accept", "s1");
    json!({"accept": {"address": address, "id": "s1", "connectHeaders": headers, "remoteEndpoint": {}}})
}

fn normal() -> Message {
    Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() }))
}

#[tokio::test]
async fn bytes_go_both_ways_and_each_side_ends_by_itself() {
    let gateway = FakeGateway::start().await;
    let service = TcpService::start().await;
    let (_connector, mut control) = gateway.listening(&format!("tcp://127.0.0.1:{}", service.port())).await;
    tell(&mut control, accept(&gateway, "/plant7/api", json!({"Sec-WebSocket-Protocol": "binary, base64"})))
        .await;
    let mut connection = service.accept().await;
    let arrival = gateway.arrival().await;
    assert_eq!(arrival.header("Sec-WebSocket-Protocol"), Some("binary"), "the first one offered");
    let mut rendezvous = arrival.accept().await;
    rendezvous.send(Message::text("to the ")).await.unwrap();
    rendezvous.send(Message::binary("service")).await.unwrap();
    rendezvous.send(normal()).await.unwrap();
    assert_eq!(receive_to_end(&mut connection).await, b"to the service");
    // The sender's end is no end for the service.
    connection.write_all(b"to the sender").await.unwrap();
    assert_eq!(next(&mut rendezvous).await, Message::binary("to the sender"));
    connection.shutdown().await.unwrap();
    let Message::Close(Some(close)) = next(&mut rendezvous).await else { panic!("no close") };
    assert_eq!(close.code, CloseCode::Normal);
}

#[tokio::test]
async fn a_unix_socket_is_a_service_too() {
    let gateway = FakeGateway::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("service.sock");
    let service = UnixListener::bind(&path).unwrap();
    let (_connector, mut control) = gateway.listening(&format!("unix:{}", path.display())).await;
    tell(&mut control, accept(&gateway, "/plant7/api", json!({}))).await;
    let (mut connection, _) = service.accept().await.unwrap();
    let mut rendezvous = gateway.arrival().await.accept().await;
    connection.write_all(b"hello").await.unwrap();
    assert_eq!(next(&mut rendezvous).await, Message::binary("hello"));
}

#[tokio::test]
async fn a_service_that_is_not_there_rejects_the_sender_in_words() {
    let gateway = FakeGateway::start().await;
    let port = TcpService::start().await.port();
    for to in [
        format!("tcp://127.0.0.1:{port}"),
        format!("net.tcp://127.0.0.1:{port}/svc"),
        "unix:/nowhere/x".to_owned(),
    ] {
        let (_connector, mut control) = gateway.listening(&to).await;
        tell(&mut control, accept(&gateway, "/plant7/api", json!({}))).await;
        let arrival = gateway.arrival().await;
        let target = arrival.target().to_owned();
        arrival.refuse("410 Gone").await;
        assert!(
            target.contains("&sb-hc-statusCode=502&sb-hc-statusDescription=the+listener+is+connected"),
            "{target}"
        );
        assert!(!target.contains(&port.to_string()), "{target}");
    }
}

#[tokio::test]
async fn a_websocket_reaches_an_http_service_at_its_path_with_its_protocol() {
    let gateway = FakeGateway::start().await;
    let service = TcpService::start().await;
    let (_connector, mut control) =
        gateway.listening(&format!("http://127.0.0.1:{}/base", service.port())).await;
    let headers = json!({"Sec-WebSocket-Key": "AAECAwQFBgcICQoLDA0ODw==", "Sec-WebSocket-Protocol": "chat, soap",
        "Sec-WebSocket-Extensions": "permessage-deflate", "Host": "relay", "X-Shift": "night"});
    let mut message = accept(&gateway, "/plant7/api/room%201", headers);
    let address = message["accept"]["address"].as_str().unwrap().replace('?', "?mode=fast&");
    message["accept"]["address"] = json!(address);
    tell(&mut control, message).await;
    let mut connection = service.accept().await;
    let head = receive_head(&mut connection).await;
    assert!(head.starts_with("GET /base/room%201?mode=fast HTTP/1.1\r\n"), "{head}");
    assert!(
        head.contains("\r\nX-Shift: night\r\n")
            && head.contains("\r\nSec-WebSocket-Protocol: chat, soap\r\n"),
        "{head}"
    );
    assert!(!head.contains("Extensions") && !head.contains("AAECAwQFBgcICQoLDA0ODw=="), "{head}");
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Protocol: soap\r\nSec-WebSocket-Accept: {}\r\n\r\n",
        derive_accept_key(key.as_bytes())
    );
    // The first frame, unmasked as a server sends it, comes with the answer.
    connection.write_all(&[answer.as_bytes(), b"\x81\x05early"].concat()).await.unwrap();
    let arrival = gateway.arrival().await;
    assert_eq!(arrival.header("Sec-WebSocket-Protocol"), Some("soap"), "the one the service chose");
    let mut rendezvous = arrival.accept().await;
    assert_eq!(next(&mut rendezvous).await, Message::text("early"));
    rendezvous.send(Message::text("hi")).await.unwrap();
    let frame = receive(&mut connection, 8).await;
    assert_eq!(frame[..2], [0x81, 0x82], "a masked text frame of two bytes");
    assert_eq!([frame[6] ^ frame[2], frame[7] ^ frame[3]], *b"hi");
}

#[tokio::test]
async fn an_http_service_that_refuses_the_websocket_refuses_the_sender() {
    let gateway = FakeGateway::start().await;
    let service = TcpService::start().await;
    let (_connector, mut control) = gateway.listening(&format!("http://127.0.0.1:{}", service.port())).await;
    tell(&mut control, accept(&gateway, "/plant7/api", json!({}))).await;
    let mut connection = service.accept().await;
    receive_head(&mut connection).await;
    connection.write_all(b"HTTP/1.1 403 Not for you\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    let arrival = gateway.arrival().await;
    assert!(
        arrival.target().ends_with("&sb-hc-statusCode=403&sb-hc-statusDescription=Not+for+you"),
        "{}",
        arrival.target()
    );
    arrival.refuse("410 Gone").await;
}

#[tokio::test]
async fn a_websocket_that_leaves_the_base_is_rejected_and_reaches_nobody() {
    let gateway = FakeGateway::start().await;
    let service = TcpService::start().await;
    let (_connector, mut control) =
        gateway.listening(&format!("http://127.0.0.1:{}/base", service.port())).await;
    for path in ["/plant7/api/..%2fx", "/plant7/api/%2e%2e/x", "/plant7/api/a%5cb", "/other"] {
        tell(&mut control, accept(&gateway, path, json!({}))).await;
        let arrival = gateway.arrival().await;
        assert!(arrival.target().contains("&sb-hc-statusCode=400&"), "{}", arrival.target());
        arrival.refuse("410 Gone").await;
    }
    assert!(!service.is_dialled_within(Duration::from_millis(200)).await);
}

#[tokio::test]
async fn echo_sends_messages_back_as_they_came() {
    let gateway = FakeGateway::start().await;
    let (_connector, mut control) = gateway.listening("echo").await;
    tell(&mut control, accept(&gateway, "/plant7/api", json!({}))).await;
    let mut rendezvous = gateway.arrival().await.accept().await;
    for message in [Message::text("text"), Message::binary(vec![7; 200_000]), Message::text("")] {
        rendezvous.send(message.clone()).await.unwrap();
        assert_eq!(next(&mut rendezvous).await, message);
    }
    rendezvous.send(normal()).await.unwrap();
    assert!(
        matches!(next(&mut rendezvous).await, Message::Close(Some(close)) if close.code == CloseCode::Normal)
    );
}

#[tokio::test]
async fn a_net_tcp_session_gets_the_services_via_and_nothing_after_its_end() {
    let gateway = FakeGateway::start().await;
    let service = TcpService::start().await;
    let (_connector, mut control) =
        gateway.listening(&format!("net.tcp://127.0.0.1:{}/Credit.svc", service.port())).await;
    tell(&mut control, accept(&gateway, "/plant7/api", json!({}))).await;
    let mut connection = service.accept().await;
    let mut rendezvous = gateway.arrival().await.accept().await;
    let sent = preamble("net.tcp://relay/plant7/api/v2");
    // One byte a message: the border of the preamble lies wherever it lies.
    for byte in &sent {
        rendezvous.send(Message::binary(vec![*byte])).await.unwrap();
    }
    let expected = preamble(&format!("net.tcp://127.0.0.1:{}/Credit.svc/v2", service.port()));
    assert_eq!(receive(&mut connection, expected.len()).await, expected);
    connection.write_all(b"\x0b").await.unwrap();
    assert_eq!(next(&mut rendezvous).await, Message::binary(vec![0x0b]));
    // An envelope, the end, and a preamble that nobody authorised.
    let rest = [ENVELOPE_AND_END, &preamble("net.tcp://relay/plant7/api/admin")].concat();
    rendezvous.send(Message::binary(rest)).await.unwrap();
    assert_eq!(receive(&mut connection, ENVELOPE_AND_END.len()).await, ENVELOPE_AND_END);
    connection.write_all(b"\x06\x02ho\x07").await.unwrap();
    assert_eq!(receive_to_end(&mut connection).await, b"", "the second preamble stays away");
    let mut got = Vec::new();
    while got.len() < 5 {
        got.extend(next(&mut rendezvous).await.into_data());
    }
    assert_eq!(got, b"\x06\x02ho\x07");
}

#[tokio::test]
async fn a_via_of_another_relay_gets_a_fault_and_reaches_nobody() {
    let gateway = FakeGateway::start().await;
    let service = TcpService::start().await;
    let (_connector, mut control) =
        gateway.listening(&format!("net.tcp://127.0.0.1:{}/Credit.svc", service.port())).await;
    for via in
        ["net.tcp://relay/other", "net.tcp://relay/plant7/api/..%2fx", "net.tcp://relay/plant7/api/../x"]
    {
        tell(&mut control, accept(&gateway, "/plant7/api", json!({}))).await;
        let mut connection = service.accept().await;
        let mut rendezvous = gateway.arrival().await.accept().await;
        rendezvous.send(Message::binary(preamble(via))).await.unwrap();
        let fault = next(&mut rendezvous).await.into_data();
        assert_eq!(fault[0], 0x08);
        assert!(fault.ends_with(b"/faults/EndpointNotFound"), "{fault:?}");
        assert_eq!(receive_to_end(&mut connection).await, b"", "{via}");
    }
}

/// Duplex, binary with session dictionary, up to the Preamble End. [MC-NMF] 2.2.3
fn preamble(via: &str) -> Vec<u8> {
    let length = u8::try_from(via.len()).ok().filter(|length| *length < 128).expect("a short via");
    [b"\x00\x01\x00\x01\x02\x02".as_slice(), &[length], via.as_bytes(), b"\x03\x08\x0c"].concat()
}
