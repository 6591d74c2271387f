//! One-way messages where nothing but 443 or 80 is open: recorded sessions and links inside WebSockets and web streams, and messages in
//! a POST by curl. Relay page 1.4, 1.5 and 3.5.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use interop_tests::relay_play::{Carrier, FlowListener, FlowSender};
use interop_tests::{
    Config, Gateway, NAMESPACE, Program, Running, Token, curl, post_one_way, posted_envelope, wait_until,
};

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

fn envelope(token: &str, text: &str) -> String {
    posted_envelope(HOST, "netoneway", token, text)
}

fn post(gateway: &Gateway, body: &str) -> String {
    post_one_way(gateway, "netoneway", body).run(PATIENCE)
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

#[test]
fn a_one_way_sender_that_looks_for_http_gets_an_answer_from_both_doors() {
    // Nothing listens, and no relay is public: an answer of 2xx says that HTTP is a way (1.2).
    let gateway = gateway();
    for door in ["http", "https"] {
        let address = format!("{door}://localhost:{}/", gateway.port(door));
        let curl = Program::new(curl()).args(["--silent", "--fail", "--cacert"]).args([gateway.authority()]);
        let feed = curl.args([&address]).run(PATIENCE);
        assert!(feed.contains("<title>Publicly Listed Services</title>"), "{feed}");
    }
}
