//! Local doors, through a real gateway to real listeners.

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{client_async, tungstenite::Message};

use crate::{
    gateway::Gateway,
    program::{PATIENCE, Viaduct},
    services::{ENVELOPE_AND_END, HttpService, TcpService, receive, receive_head, receive_to_end},
};

async fn dial(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).await.unwrap()
}

#[tokio::test]
async fn bytes_of_a_tcp_door_reach_a_tcp_service_and_come_back() {
    let gateway = Gateway::start().await;
    let service = TcpService::start().await;
    let _listener = gateway.listen("raw", &format!("tcp://127.0.0.1:{}", service.port())).await;
    service.echo();
    let (mut door, port) = gateway.forward("tcp://127.0.0.1:0", "raw").await;
    let mut connection = dial(port).await;
    let sent: Vec<u8> = (0..3_000_000u32).map(|i| (i % 253) as u8).collect();
    let (mut read, mut write) = connection.split();
    let (got, ()) = tokio::join!(
        async {
            let mut got = Vec::new();
            timeout(PATIENCE, read.read_to_end(&mut got)).await.expect("an end").unwrap();
            got
        },
        async {
            write.write_all(&sent).await.unwrap();
            write.shutdown().await.unwrap();
        }
    );
    assert!(got == sent, "{} of {} bytes came back", got.len(), sent.len());
    door.signal("TERM");
    assert_eq!(door.end().await, Some(0));
}

#[tokio::test]
async fn a_tcp_door_without_a_listener_behind_its_relay_resets() {
    let gateway = Gateway::start().await;
    let (door, port) = gateway.forward("tcp://127.0.0.1:0", "raw").await;
    let mut connection = dial(port).await;
    let error = timeout(PATIENCE, connection.read_u8()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    door.says("There are no listeners connected").await;
}

#[tokio::test]
async fn requests_and_websockets_of_an_http_door_reach_the_relay_with_its_token() {
    let gateway = Gateway::start().await;
    let service = HttpService::start(|seen| {
        http::Response::builder()
            .status(218)
            .header("x-path", seen.target.as_str())
            .body(http_body_util::Full::new(seen.body.clone()))
            .unwrap()
    })
    .await;
    let _listener = gateway.listen("web", &service.url("/base")).await;
    let (_door, port) = gateway.forward("http://127.0.0.1:0", "web").await;
    let mut connection = dial(port).await;
    // Two requests on one connection; the client's own authorization is for the service.
    for n in 0..2 {
        let body = "x".repeat(70_000);
        let request = format!(
            "POST /jobs/{n}?page=2 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic abc\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        connection.write_all(request.as_bytes()).await.unwrap();
        let head = receive_head(&mut connection).await.to_lowercase();
        assert!(head.starts_with("http/1.1 218 "), "{head}");
        assert!(head.contains(&format!("x-path: /base/jobs/{n}?page=2\r\n")), "{head}");
        if head.contains("content-length") {
            assert_eq!(receive(&mut connection, body.len()).await, body.as_bytes());
        } else {
            let mut rest = Vec::new();
            while !rest.ends_with(b"\r\n0\r\n\r\n") {
                rest.extend(receive(&mut connection, 1).await);
            }
            assert_eq!(rest.iter().filter(|byte| **byte == b'x').count(), body.len());
        }
        let seen = service.seen().unwrap();
        assert_eq!(seen.headers["authorization"], "Basic abc");
        assert!(!seen.headers.contains_key("servicebusauthorization"));
    }
}

#[tokio::test]
async fn a_door_may_lead_below_a_relay() {
    let gateway = Gateway::start().await;
    let service = HttpService::start(|_| http::Response::new(http_body_util::Full::default())).await;
    let _listener = gateway.listen("web", &service.url("/base")).await;
    let (_door, port) = gateway.forward("http://127.0.0.1:0/local", "web/a%20b").await;
    let mut connection = dial(port).await;
    connection.write_all(b"GET /local/c HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let head = receive_head(&mut connection).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(service.seen().unwrap().target, "/base/a%20b/c");
    // The token it holds is for what is below the door alone, and so is the door.
    connection.write_all(b"GET /elsewhere HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert!(receive_head(&mut connection).await.starts_with("HTTP/1.1 400"));
    assert!(service.seen().is_none());
}

#[tokio::test]
async fn a_websocket_of_an_http_door_is_a_stream() {
    let gateway = Gateway::start().await;
    let _listener = gateway.listen("web", "echo").await;
    let (_door, port) = gateway.forward("http://127.0.0.1:0", "web").await;
    let url = format!("ws://127.0.0.1:{port}/room?mode=fast");
    let (mut socket, _) = timeout(PATIENCE, client_async(url, dial(port).await)).await.unwrap().unwrap();
    for message in [Message::text("hello"), Message::binary(vec![1; 100_000])] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap(), message);
    }
    socket.close(None).await.unwrap();
    while let Some(Ok(_)) = timeout(PATIENCE, socket.next()).await.unwrap() {}
}

#[tokio::test]
async fn each_session_of_a_net_tcp_door_is_a_connection_of_its_own() {
    let gateway = Gateway::start().await;
    let service = TcpService::start().await;
    let _listener =
        gateway.listen("credit", &format!("net.tcp://127.0.0.1:{}/Credit.svc", service.port())).await;
    let (_door, port) = gateway.forward("net.tcp://127.0.0.1:0/local", "credit").await;
    let mut client = dial(port).await;
    for suffix in ["", "/v2"] {
        client.write_all(&preamble(&format!("net.tcp://127.0.0.1:{port}/local{suffix}"))).await.unwrap();
        let mut connection = service.accept().await;
        let expected = preamble(&format!("net.tcp://127.0.0.1:{}/Credit.svc{suffix}", service.port()));
        assert_eq!(receive(&mut connection, expected.len()).await, expected);
        connection.write_all(b"\x0b").await.unwrap();
        assert_eq!(receive(&mut client, 1).await, b"\x0b");
        client.write_all(ENVELOPE_AND_END).await.unwrap();
        assert_eq!(receive(&mut connection, ENVELOPE_AND_END.len()).await, ENVELOPE_AND_END);
        connection.write_all(b"\x06\x02ho\x07").await.unwrap();
        assert_eq!(receive(&mut client, 5).await, b"\x06\x02ho\x07");
        assert_eq!(receive_to_end(&mut connection).await, b"", "nothing of the next session");
    }
}

#[tokio::test]
async fn a_net_tcp_door_says_with_a_fault_why_there_is_no_session() {
    let gateway = Gateway::start().await;
    let (_door, port) = gateway.forward("net.tcp://127.0.0.1:0/local", "credit").await;
    for (via, fault) in [("/local", "EndpointNotFound"), ("/elsewhere", "EndpointNotFound")] {
        let mut client = dial(port).await;
        client.write_all(&preamble(&format!("net.tcp://127.0.0.1:{port}{via}"))).await.unwrap();
        let told = receive_to_end(&mut client).await;
        assert_eq!(told[0], 0x08);
        assert!(String::from_utf8_lossy(&told).ends_with(&format!("/faults/{fault}")), "{told:?}");
    }
    // No preamble at all: closed without a word.
    let mut client = dial(port).await;
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert_eq!(receive_to_end(&mut client).await, b"");
}

#[tokio::test]
async fn port_808_is_left_to_windows_unless_told_otherwise() {
    let connection_string = "Endpoint=sb://localhost/";
    let args =
        ["forward", "net.tcp://127.0.0.1:808/x", "--to", "credit", "--connection-string", connection_string];
    let mut door = Viaduct::start(&args, &[]);
    assert_eq!(door.end().await, Some(2));
    door.says("Net.TCP Port Sharing Service").await;
}

/// Duplex, binary with session dictionary, up to the Preamble End. [MC-NMF] 2.2.3
fn preamble(via: &str) -> Vec<u8> {
    let length = u8::try_from(via.len()).ok().filter(|length| *length < 128).expect("a short via");
    [b"\x00\x01\x00\x01\x02\x02".as_slice(), &[length], via.as_bytes(), b"\x03\x08\x0c"].concat()
}
