//! One-way messages where nothing but 443 or 80 is open: recorded sessions and links inside WebSockets and web streams, and messages in
//! a POST by curl. Relay page 1.4, 1.5 and 3.5.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use interop_tests::relay_play::{Carrier, FlowListener, FlowSender};
use interop_tests::{Config, Gateway, NAMESPACE, Program, Running, Token, curl_at, wait_until};

const HOST: &str = "contoso.servicebus.windows.net";
const PATIENCE: Duration = Duration::from_secs(60);

fn gateway() -> Gateway {
    Gateway::start(Config::new().host(HOST))
}

#[test]
fn ten_messages_reach_a_listener_on_443_over_each_carrier() {
    let gateway = gateway();
    let mut listener = FlowListener::open_over_websocket(&gateway);
    let mut number = 0;
    for carrier in [Carrier::WebSocket, Carrier::WebStreamInTls, Carrier::WebStream] {
        let mut sender = FlowSender::open_over(&gateway, carrier);
        for _ in 0..9 {
            number += 1;
            sender.send(number);
            let (taken, delivery) = listener.take().expect("a message");
            listener.accept(delivery);
            assert_eq!((taken, sender.answer()), (number, (number, None)), "{carrier:?}");
        }
        // More than one frame of a WebSocket to a client, or of a web stream, may hold.
        number += 1;
        sender.send_long(number, 64_000);
        let (taken, delivery) = listener.take().expect("a message");
        listener.accept(delivery);
        assert_eq!((taken, sender.answer()), (number, (number, None)), "{carrier:?}");
        sender.end();
    }
}

#[test]
fn ten_messages_pass_a_proxy_that_knows_no_websocket() {
    let gateway = gateway();
    let mut listener = FlowListener::open_over_websocket(&gateway);
    let (_running, proxy) = tinyproxy(&gateway);
    let mut sender = FlowSender::open_over(&gateway, Carrier::WebStreamThrough(proxy));
    for number in 1..=10 {
        sender.send(number);
        let (taken, delivery) = listener.take().expect("a message");
        listener.accept(delivery);
        assert_eq!((taken, sender.answer()), (number, (number, None)));
    }
}

/// Debian's tinyproxy, and where it listens.
fn tinyproxy(gateway: &Gateway) -> (Running, SocketAddr) {
    // It cannot be told to take any free port; one that was free a moment ago is.
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it is bound");
    let file = gateway.directory().join("tinyproxy.conf");
    let text =
        format!("Port {}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 600\nMaxClients 20\n", free.port());
    std::fs::write(&file, text).expect("its configuration is written");
    let running =
        Program::new(Path::new("/usr/bin/tinyproxy")).args(["-d", "-c", &file.to_string_lossy()]).start();
    wait_until("tinyproxy listens", || TcpStream::connect(free).is_ok());
    (running, free)
}

/// SOAP 1.2 as WCF's `WSHttpBinding` writes it for a one-way contract, with the token in a header.
fn envelope(token: &str, text: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:a=\"http://www.w3.org/2005/08/addressing\"><s:Header>\
         <a:Action s:mustUnderstand=\"1\">http://tempuri.org/IOneWay/Do</a:Action>\
         <a:MessageID>urn:uuid:a2d52ad4-7a2a-4c1f-9c1b-1d6a5d6c3f1e</a:MessageID>\
         <a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>\
         <RelayAccessToken xmlns=\"http://schemas.microsoft.com/netservices/2009/05/servicebus/connect\">\
         <wsse:BinarySecurityToken wsu:Id=\"1\" ValueType=\"http://schemas.microsoft.com/netservices/2009/05/servicebus/sas\" \
         EncodingType=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary\" \
         xmlns:wsu=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\" \
         xmlns:wsse=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\">{token}</wsse:BinarySecurityToken>\
         </RelayAccessToken>\
         <a:To s:mustUnderstand=\"1\">sb://{HOST}/netoneway</a:To></s:Header>\
         <s:Body><Do xmlns=\"http://tempuri.org/\"><text>{text}</text></Do></s:Body></s:Envelope>"
    )
}

fn post(gateway: &Gateway, body: &str) -> String {
    curl_at(gateway, "/netoneway")
        .args([
            "-H",
            "Content-Type: application/soap+xml; charset=utf-8; action=\"http://tempuri.org/IOneWay/Do\"",
        ])
        .args(["-d", body])
        .run(PATIENCE)
}

fn base64(token: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(token)
}

#[test]
fn a_message_in_a_post_is_answered_with_202_when_a_listener_has_it() {
    let gateway = gateway();
    let token = Token::for_audience(&format!("http://{NAMESPACE}/netoneway/")).to_string();
    let good = base64(&token);
    assert!(post(&gateway, &envelope(&good, "nobody")).contains("\n404 "), "nobody listens");

    let mut listener = FlowListener::open_over_websocket(&gateway);
    std::thread::scope(|scope| {
        let posted = scope.spawn(|| post(&gateway, &envelope(&good, "delivered once")));
        let message = listener.take_other();
        let has = |text: &str| message.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(has("delivered once") && has("http://tempuri.org/IOneWay/Do"));
        assert!(!has(&good[..40]) && !has("BinarySecurityToken"), "no listener sees a token");
        assert_eq!(posted.join().expect("curl ends"), "\n202 0\n");
    });

    let forged = Token::for_audience(&format!("http://{NAMESPACE}/netoneway/"))
        .key("c29tZWJvZHkgZWxzZQ==")
        .to_string();
    let other_right =
        Token::for_audience(&format!("http://{NAMESPACE}/netoneway/")).policy("listen").to_string();
    for (body, status) in [
        (envelope(&base64(&forged), "x"), 401),
        (envelope(&base64(&other_right), "x"), 401),
        (envelope("", "x"), 400),
        ("<s:Envelope".to_owned(), 400),
        (envelope(&good, &"x".repeat(70_000)), 400),
    ] {
        let answer = post(&gateway, &body);
        assert!(answer.contains(&format!("\n{status} ")), "{status}: {answer}");
    }
    listener.expect_quiet(Duration::from_millis(300));
}
