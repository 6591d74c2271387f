//! Requests to an HTTP service, seen from the gateway and from the service.

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::Response;
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, time::timeout};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{CloseCode, Data, OpCode},
    },
};

use crate::{
    fake_gateway::{FakeGateway, Socket, next, response, tell},
    program::PATIENCE,
    services::{HttpService, Seen, TcpService, receive, receive_head},
};

/// The size named in the target, of a pattern; else what was asked.
fn answer(seen: &Seen) -> Response<Full<Bytes>> {
    let size = seen.target.rsplit("size=").next().and_then(|size| size.parse().ok());
    let body = match size {
        Some(size) => pattern(size),
        None => format!("{} {} {}", seen.method, seen.target, seen.body.len()).into_bytes(),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    let headers = response.headers_mut();
    headers.append("set-cookie", "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT".parse().unwrap());
    headers.append("set-cookie", "b=2".parse().unwrap());
    response
}

fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i % 251) as u8).collect()
}

fn request(gateway: &FakeGateway, id: &str, target: &str, method: &str, body: bool) -> Value {
    let path = target.split('?').next().unwrap();
    json!({"request": {"address": gateway.address(path, "request", id), "id": id, "requestTarget": target,
        "method": method, "requestHeaders": {"Host": "relay.example.net", "X-A": "caf\u{e9}"}, "body": body}})
}

#[tokio::test]
async fn a_small_response_takes_the_control_channel_with_its_cookies_apart() {
    let gateway = FakeGateway::start().await;
    let service = HttpService::start(answer).await;
    let (_connector, mut control) = gateway.listening(&service.url("/base")).await;
    tell(&mut control, request(&gateway, "1", "/plant7/api/jobs?page=2", "POST", true)).await;
    control.send(Message::binary("hello")).await.unwrap();
    let head = response(&mut control).await;
    assert_eq!((head["requestId"].as_str(), head["statusCode"].as_u64()), (Some("1"), Some(200)));
    assert_eq!(
        head["responseHeaders"]["set-cookie"],
        json!(["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"])
    );
    assert_eq!(head["body"], true);
    assert_eq!(next(&mut control).await, Message::binary("POST /base/jobs?page=2 5"));
    let seen = service.seen().unwrap();
    assert_eq!(seen.headers["host"].to_str().unwrap(), service.address.to_string());
    assert_eq!(seen.headers["x-a"].as_bytes(), b"caf\xe9");
}

#[tokio::test]
async fn a_body_of_64_kib_takes_the_control_channel_and_one_byte_more_a_rendezvous() {
    let gateway = FakeGateway::start().await;
    let service = HttpService::start(answer).await;
    let (_connector, mut control) = gateway.listening(&service.url("/")).await;
    tell(&mut control, request(&gateway, "1", "/plant7/api?size=65536", "GET", false)).await;
    assert_eq!(response(&mut control).await["requestId"], "1");
    assert_eq!(next(&mut control).await, Message::binary(pattern(65_536)));

    tell(&mut control, request(&gateway, "2", "/plant7/api?size=65537", "GET", false)).await;
    let arrival = gateway.arrival().await;
    assert_eq!(arrival.target(), "/$hc/plant7/api?sb-hc-action=request&sb-hc-id=2");
    let mut rendezvous = arrival.accept().await;
    let head = response(&mut rendezvous).await;
    assert_eq!((head["requestId"].as_str(), head["body"].as_bool()), (Some("2"), Some(true)));
    assert_eq!(next(&mut rendezvous).await, Message::binary(pattern(65_537)));
    close_in_order(&mut rendezvous).await;
}

#[tokio::test]
async fn a_response_that_is_not_whole_in_two_seconds_takes_a_rendezvous() {
    let gateway = FakeGateway::start().await;
    let service = TcpService::start().await;
    let (_connector, mut control) = gateway.listening(&format!("http://127.0.0.1:{}", service.port())).await;
    tell(&mut control, request(&gateway, "1", "/plant7/api", "GET", false)).await;
    let mut connection = service.accept().await;
    receive_head(&mut connection).await;
    connection
        .write_all(b"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        .await
        .unwrap();
    let mut rendezvous = gateway.arrival().await.accept().await;
    assert_eq!(response(&mut rendezvous).await["statusDescription"], "Fine");
    connection.write_all(b"3\r\ntwo\r\n0\r\n\r\n").await.unwrap();
    assert_eq!(next(&mut rendezvous).await, Message::binary("onetwo"));
    close_in_order(&mut rendezvous).await;
}

#[tokio::test]
async fn a_large_request_is_fetched_and_streams_both_ways() {
    const PIECES: usize = 100;
    let gateway = FakeGateway::start().await;
    let service = TcpService::start().await;
    let (_connector, mut control) =
        gateway.listening(&format!("http://127.0.0.1:{}/up", service.port())).await;
    tell(&mut control, json!({"request": {"address": gateway.address("/plant7/api/x", "request", "1")}}))
        .await;
    let mut rendezvous = gateway.arrival().await.accept().await;
    tell(&mut rendezvous, request(&gateway, "1", "/plant7/api/x", "PUT", true)).await;
    let piece = pattern(1000);
    for i in 0..PIECES {
        let opcode = if i == 0 { Data::Binary } else { Data::Continue };
        let frame = Frame::message(piece.clone(), OpCode::Data(opcode), false);
        rendezvous.send(Message::Frame(frame)).await.unwrap();
    }
    // The service gets the body while it is still being sent.
    let mut connection = service.accept().await;
    let mut read = Vec::new();
    while !read.windows(10).any(|ten| ten == &piece[..10]) {
        read.extend(receive(&mut connection, 1).await);
    }
    let head = String::from_utf8_lossy(&read).to_lowercase();
    assert!(
        head.starts_with("put /up/x http/1.1\r\n") && head.contains("transfer-encoding: chunked"),
        "{head}"
    );
    rendezvous.send(Message::Frame(Frame::message("", OpCode::Data(Data::Continue), true))).await.unwrap();
    let reading = tokio::spawn(async move {
        while !read.ends_with(b"\r\n0\r\n\r\n") {
            read.extend(receive(&mut connection, 1).await);
        }
        connection.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
        connection
    });
    assert_eq!(response(&mut rendezvous).await["statusCode"], 201);
    assert_eq!(next(&mut rendezvous).await, Message::binary("ok"));
    close_in_order(&mut rendezvous).await;
    reading.await.unwrap();
}

#[tokio::test]
async fn a_response_that_breaks_off_leaves_no_close_frame() {
    let gateway = FakeGateway::start().await;
    let service = TcpService::start().await;
    let (_connector, mut control) = gateway.listening(&format!("http://127.0.0.1:{}", service.port())).await;
    tell(&mut control, request(&gateway, "1", "/plant7/api", "GET", false)).await;
    let mut connection = service.accept().await;
    receive_head(&mut connection).await;
    connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\nbeginning").await.unwrap();
    let mut rendezvous = gateway.arrival().await.accept().await;
    assert_eq!(response(&mut rendezvous).await["statusCode"], 200);
    drop(connection);
    let end = timeout(PATIENCE, async {
        loop {
            match rendezvous.next().await {
                Some(Ok(Message::Close(_))) => return "close",
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return "broken",
            }
        }
    });
    assert_eq!(end.await.unwrap(), "broken");
}

#[tokio::test]
async fn a_request_whose_sender_left_ends_at_the_service_too() {
    let gateway = FakeGateway::start().await;
    let service = TcpService::start().await;
    let (_connector, mut control) = gateway.listening(&format!("http://127.0.0.1:{}", service.port())).await;
    tell(&mut control, request(&gateway, "1", "/plant7/api", "GET", false)).await;
    let mut connection = service.accept().await;
    receive_head(&mut connection).await;
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n";
    connection.write_all(head).await.unwrap();
    let mut rendezvous = gateway.arrival().await.accept().await;
    response(&mut rendezvous).await;
    rendezvous.close(None).await.unwrap();
    // The service has nothing more to say; it is told all the same.
    let mut rest = Vec::new();
    timeout(PATIENCE, tokio::io::AsyncReadExt::read_to_end(&mut connection, &mut rest))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn what_leaves_the_base_is_answered_400_and_reaches_nobody() {
    let gateway = FakeGateway::start().await;
    let service = HttpService::start(answer).await;
    let (_connector, mut control) = gateway.listening(&service.url("/base")).await;
    // A gateway that was taken over sends these; ours refuses them itself.
    for (n, path) in [
        "/../secret",
        "/..%2fsecret",
        "/%2e%2e/secret",
        "/..\\secret",
        "/%5c..%5csecret",
        "/..;/x",
        "/a\u{0}b",
    ]
    .iter()
    .enumerate()
    {
        let id = n.to_string();
        let mut message = request(&gateway, &id, &format!("/plant7/api{path}"), "GET", false);
        message["request"]["address"] = json!(gateway.address("/plant7/api", "request", &id));
        tell(&mut control, message).await;
        let head = response(&mut control).await;
        assert_eq!(
            (head["requestId"].as_str(), head["statusCode"].as_u64()),
            (Some(id.as_str()), Some(400)),
            "{path}"
        );
        let Message::Binary(text) = next(&mut control).await else { panic!("no text for {path}") };
        assert!(text.starts_with(b"the request was not passed to the service"), "{text:?}");
    }
    assert!(service.seen().is_none());
}

#[tokio::test]
async fn methods_and_statuses_without_a_body_have_none() {
    let gateway = FakeGateway::start().await;
    let service = HttpService::start(|seen| {
        let mut response = answer(seen);
        if seen.target.ends_with("204") {
            *response.status_mut() = http::StatusCode::NO_CONTENT;
            *response.body_mut() = Full::default();
        }
        response
    })
    .await;
    let (_connector, mut control) = gateway.listening(&service.url("/")).await;
    for (id, method, target, status, body) in [
        ("1", "HEAD", "/plant7/api", 200, false),
        ("2", "GET", "/plant7/api/204", 204, false),
        ("3", "TRACE", "/plant7/api", 200, true),
        ("4", "DELETE", "/plant7/api", 200, true),
        ("5", "BREW", "/plant7/api", 200, true),
    ] {
        tell(&mut control, request(&gateway, id, target, method, false)).await;
        let head = response(&mut control).await;
        assert_eq!(head["requestId"], id);
        assert_eq!(
            (head["statusCode"].as_u64(), head["body"].as_bool()),
            (Some(status), Some(body)),
            "{method}"
        );
        if body {
            assert!(next(&mut control).await.to_text().unwrap().starts_with(method));
        } else if method == "HEAD" {
            assert_eq!(head["responseHeaders"]["content-length"], "8");
        }
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_is_a_502_that_says_so_without_its_address() {
    let gateway = FakeGateway::start().await;
    let port = TcpService::start().await.port();
    let (_connector, mut control) = gateway.listening(&format!("http://127.0.0.1:{port}")).await;
    tell(&mut control, request(&gateway, "1", "/plant7/api", "GET", false)).await;
    assert_eq!(response(&mut control).await["statusCode"], 502);
    let text = next(&mut control).await.into_text().unwrap();
    assert!(text.contains("refuses connections") && !text.contains(&port.to_string()), "{text}");
}

#[tokio::test]
async fn a_listener_before_a_stream_service_answers_501() {
    let gateway = FakeGateway::start().await;
    let (_connector, mut control) = gateway.listening("tcp://127.0.0.1:9").await;
    tell(&mut control, request(&gateway, "1", "/plant7/api", "GET", false)).await;
    assert_eq!(response(&mut control).await["statusCode"], 501);
}

/// The connector closes with 1000; the gateway's echo ends it.
async fn close_in_order(rendezvous: &mut Socket) {
    let Message::Close(Some(close)) = next(rendezvous).await else { panic!("no close") };
    assert_eq!(close.code, CloseCode::Normal);
    while let Some(Ok(_)) = rendezvous.next().await {}
}
