//! The face in front of the service, spoken to as the connector speaks to it: plain HTTP on loopback.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{
    client_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use super::{
    face::{Face, PROTOCOL},
    service::CreditService,
};

async fn start() -> (CreditService, Face) {
    let service = CreditService::start().await.unwrap();
    let face = Face::start(service.address(), service.endpoint()).await.unwrap();
    (service, face)
}

/// One request on one connection: status, whole head, body.
async fn request(face: &Face, method: &str, path: &str, body: &str) -> (u16, String, Value) {
    let mut stream = TcpStream::connect(face.address()).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), head.to_owned(), serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn json_becomes_a_call_and_its_reply_json() {
    let (service, face) = start().await;
    let (status, head, body) = request(&face, "POST", "/GetScore", r#"{"applicantId":"P-1001-NOVAK"}"#).await;
    assert_eq!((status, body), (200, json!({ "GetScoreResult": 747 })));
    assert!(head.contains("content-type: application/json"), "{head}");
    let question =
        r#"{"request":{"Amount":99999999,"Applicant":{"ApplicantId":"P-1001-NOVAK"},"Currency":"EUR"}}"#;
    let (status, _, body) = request(&face, "POST", "/CheckCredit", question).await;
    assert_eq!((status, &body["CheckCreditResult"]["Decision"]), (200, &json!("Referred")));
    assert_eq!(service.calls(), 2);
}

#[tokio::test]
async fn what_the_service_refuses_is_a_problem() {
    let (service, face) = start().await;
    let (status, head, body) = request(&face, "POST", "/GetScore", r#"{"applicantId":"P-404"}"#).await;
    assert_eq!((status, &body["title"]), (422, &json!("ApplicantNotFoundFault")));
    assert!(head.contains("content-type: application/problem+json"), "{head}");
    let question = r#"{"request":{"Amount":0,"Applicant":{"ApplicantId":"A"},"Currency":"EUR"}}"#;
    let (status, _, body) = request(&face, "POST", "/CheckCredit", question).await;
    assert_eq!((status, &body["fault"]["data"]["Errors"][0]["Field"]), (422, &json!("Amount")));
    assert_eq!(service.calls(), 2);
}

#[tokio::test]
async fn what_is_no_call_never_reaches_the_service() {
    let (service, face) = start().await;
    for (method, path, body, status) in [
        ("POST", "/GetScore", "not json", 400),
        ("POST", "/GetScore", "", 400),
        ("POST", "/Nothing", "{}", 404),
        ("PUT", "/GetScore", "{}", 405),
        ("GET", "/", "", 405),
        ("POST", "/GetScore", &" ".repeat(64 * 1024 + 1), 413),
    ] {
        assert_eq!(request(&face, method, path, body).await.0, status, "{method} {path}");
    }
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn a_service_that_is_gone_is_a_502() {
    let (service, face) = start().await;
    let gone = service.address();
    drop(service);
    // The port is free once the service's task has ended.
    while TcpStream::connect(gone).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert_eq!(request(&face, "POST", "/GetScore", r#"{"applicantId":"A"}"#).await.0, 502);
}

#[tokio::test]
async fn a_websocket_is_one_session_and_survives_refusals() {
    let (service, face) = start().await;
    let mut request = format!("ws://{}/", face.address()).into_client_request().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", PROTOCOL.parse().unwrap());
    let stream = TcpStream::connect(face.address()).await.unwrap();
    let (mut socket, response) = client_async(request, stream).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], PROTOCOL);
    for (question, pointer, expected) in [
        (
            json!({ "op": "GetScore", "id": "1", "body": { "applicantId": "A" } }),
            "/body/GetScoreResult",
            json!(65),
        ),
        (
            json!({ "op": "GetScore", "id": "2", "body": { "applicantId": "P-404" } }),
            "/problem/status",
            json!(422),
        ),
        (json!({ "op": "GetScore", "id": "3" }), "/problem/status", json!(400)),
        (json!({ "op": "Nothing", "id": "4" }), "/problem/status", json!(404)),
        (json!({ "id": "5" }), "/problem/status", json!(400)),
        (
            json!({ "op": "GetScore", "id": "6", "body": { "applicantId": "B" } }),
            "/body/GetScoreResult",
            json!(66),
        ),
    ] {
        socket.send(Message::text(question.to_string())).await.unwrap();
        let answer = socket.next().await.unwrap().unwrap().into_text().unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer.pointer(pointer), Some(&expected), "{answer}");
    }
    assert_eq!(service.calls(), 3);
    socket.close(None).await.unwrap();
    while let Some(message) = socket.next().await {
        assert!(message.unwrap().is_close());
    }
}
