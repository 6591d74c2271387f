//! The control channel of a listener, seen from the gateway.

use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::CloseCode};

use crate::{
    fake_gateway::{FakeGateway, KEY, next, response, tell},
    program::{PATIENCE, Viaduct},
    services::{TcpService, receive_head},
};

#[tokio::test]
async fn registers_with_a_token_an_id_and_its_shapes() {
    let gateway = FakeGateway::start().await;
    for (to, shapes) in [
        ("echo", "stream,exchange"),
        ("tcp://127.0.0.1:9", "stream"),
        ("http://127.0.0.1:9", "stream,exchange"),
    ] {
        let connector = gateway.listen(to);
        let arrival = gateway.arrival().await;
        let (path, query) = arrival.target().split_once('?').unwrap();
        assert_eq!(path, "/$hc/plant7/api");
        let query: Vec<&str> = query.split('&').collect();
        assert!(query.contains(&"sb-hc-action=listen"), "{query:?}");
        assert!(query.contains(&format!("sb-hc-viaduct-shapes={shapes}").as_str()), "{query:?}");
        let id = query.iter().find_map(|piece| piece.strip_prefix("sb-hc-id=")).unwrap();
        assert!(uuid::Uuid::parse_str(id).is_ok(), "{id}");
        let token = arrival.header("ServiceBusAuthorization").unwrap();
        let audience =
            format!("sr=http%3A%2F%2F{}%2Fplant7%2Fapi", gateway.authority().split(':').next().unwrap());
        assert!(token.to_lowercase().contains(&audience.to_lowercase()), "{token}");
        drop(connector);
    }
}

#[tokio::test]
async fn comes_back_at_once_when_the_channel_is_lost() {
    let gateway = FakeGateway::start().await;
    let (connector, control) = gateway.listening("echo").await;
    drop(control);
    let again = gateway.arrival().await.accept().await;
    connector.says("online again").await;
    drop(again);
}

#[tokio::test]
async fn a_relay_that_does_not_exist_is_asked_for_again_and_said_clearly() {
    let gateway = FakeGateway::start().await;
    let mut connector = gateway.listen("echo");
    gateway.arrival().await.refuse("404 Endpoint does not exist. TrackingId:1_G0").await;
    connector.says("create it, or correct the path").await;
    // The first wait after a 404 is ten seconds and up to a fifth more.
    let again = gateway.arrival().await;
    let _control = again.accept().await;
    connector.line("listening").await;
}

#[tokio::test]
async fn nothing_it_says_holds_a_key_or_a_token() {
    let gateway = FakeGateway::start().await;
    let connection_string = gateway.connection_string();
    let args = ["listen", "plant7/api", "--to", "echo", "--clear", "--log", "trace"];
    let connector = Viaduct::start(&args, &[("VIADUCT_CONNECTION_STRING", &connection_string)]);
    gateway
        .arrival()
        .await
        .refuse("401 InvalidSignature: The token has an invalid signature. TrackingId:1_G0")
        .await;
    connector.says("it needs the right Listen").await;
    let errors = connector.errors();
    assert!(!errors.contains(KEY) && !errors.contains("sig="), "{errors}");
}

#[tokio::test]
async fn a_rendezvous_elsewhere_or_by_another_scheme_is_not_dialled() {
    let (gateway, elsewhere) = (FakeGateway::start().await, FakeGateway::start().await);
    let (connector, mut control) = gateway.listening("echo").await;
    let strange = elsewhere.address("/plant7/api", "accept", "1");
    let with_tls = gateway.address("/plant7/api", "accept", "2").replace("ws://", "wss://");
    for (address, why) in [(&strange, "neither its own nor named by --gateways"), (&with_tls, "scheme")] {
        let accept =
            json!({"accept": {"address": address, "id": "x", "connectHeaders": {}, "remoteEndpoint": {}}});
        tell(&mut control, accept).await;
        connector.says(why).await;
    }
    tell(&mut control, json!({"request": {"address": strange}})).await;
    assert!(!elsewhere.is_dialled_within(Duration::from_millis(300)).await);
}

#[tokio::test]
async fn a_gateway_named_by_the_user_is_dialled() {
    let (gateway, other) = (FakeGateway::start().await, FakeGateway::start().await);
    let connection_string = gateway.connection_string();
    let gateways = other.authority();
    let args = ["listen", "plant7/api", "--to", "echo", "--clear", "--gateways", &gateways];
    let _connector = Viaduct::start(&args, &[("VIADUCT_CONNECTION_STRING", &connection_string)]);
    let mut control = gateway.arrival().await.accept().await;
    let address = other.address("/plant7/api", "accept", "1");
    tell(
        &mut control,
        json!({"accept": {"address": address, "id": "x", "connectHeaders": {}, "remoteEndpoint": {}}}),
    )
    .await;
    let rendezvous = other.arrival().await;
    assert_eq!(rendezvous.target(), "/$hc/plant7/api?sb-hc-action=accept&sb-hc-id=1");
    assert!(rendezvous.header("ServiceBusAuthorization").is_none(), "no token is needed there");
}

#[tokio::test]
async fn sigterm_lets_a_running_exchange_answer_and_closes_in_order() {
    let gateway = FakeGateway::start().await;
    let service = TcpService::start().await;
    let to = format!("http://127.0.0.1:{}/", service.port());
    let (mut connector, mut control) = gateway.listening(&to).await;
    let address = gateway.address("/plant7/api", "request", "r1");
    tell(
        &mut control,
        json!({"request": {"address": address, "id": "r1", "requestTarget": "/plant7/api",
        "method": "GET", "requestHeaders": {}, "body": false}}),
    )
    .await;
    let mut connection = service.accept().await;
    receive_head(&mut connection).await;
    connector.signal("TERM");
    connector.says("stopping").await;
    connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate").await.unwrap();
    let head = response(&mut control).await;
    assert_eq!((head["requestId"].as_str(), head["statusCode"].as_u64()), (Some("r1"), Some(200)));
    assert_eq!(next(&mut control).await, Message::binary("late"));
    let Message::Close(Some(close)) = next(&mut control).await else { panic!("no close") };
    assert_eq!(close.code, CloseCode::Normal);
    // Reading on sends the echo that the connector waits for.
    tokio::time::timeout(PATIENCE, async { while let Some(Ok(_)) = control.next().await {} }).await.unwrap();
    assert_eq!(connector.end().await, Some(0));
}

#[tokio::test]
async fn a_wrong_command_line_ends_with_2() {
    for (args, says) in [
        (&["listen", "a", "--to", "ftp://h"][..], "scheme"),
        (&["listen", "a", "--to", "echo"][..], "no connection string"),
        (
            &["listen", "a b", "--to", "echo", "--connection-string", "Endpoint=sb://h/"][..],
            "path of a relay",
        ),
        (
            &["listen", "a", "--to", "echo", "--connection-string", "Endpoint=sb://h/;EntityPath=b"][..],
            "for b alone",
        ),
    ] {
        let mut viaduct = Viaduct::start(args, &[]);
        assert_eq!(viaduct.end().await, Some(2), "{args:?}");
        viaduct.says(says).await;
    }
}
