//! Ten exchanges on each binding of WCF Relay, over its own ports and over 443 alone: recorded listeners and senders, on gateways that open no
//! other doors. The rows are those of the relay page, section 0; `docs/compatibility.md` has the table.

use std::time::Duration;

use base64::Engine as _;
use interop_tests::relay_play::{
    Flow, FlowListener, FlowSender, HttpBinding, Mode, NetTcp, OldListener, Requests, Road,
};
use interop_tests::{NAMESPACE, Token, post_one_way, posted_envelope};

/// How many exchanges there are.
const TEN: u32 = 10;

fn net_tcp(road: Road, mode: Mode) {
    let gateway = road.gateway();
    let mut pair = NetTcp::listen(&gateway, road, mode);
    for _ in 0..TEN {
        pair.exchange();
    }
}

/// Each message reaches each of so many listeners once, and is acknowledged.
fn messages(road: Road, flow: &Flow, listeners: usize) {
    let gateway = road.gateway();
    let mut listeners: Vec<_> = (0..listeners).map(|_| FlowListener::on(road, &gateway, flow)).collect();
    let mut sender = FlowSender::on(road.of_one_way(), &gateway, flow);
    for number in 1..=TEN {
        sender.send(number);
        for listener in &mut listeners {
            let (taken, delivery) = listener.take().expect("a message");
            listener.accept(delivery);
            assert_eq!(taken, number);
        }
        assert_eq!(sender.answer(), (number, None));
    }
    sender.end();
}

/// The same where a sender finds nothing but HTTP: each message is a POST of its own (relay page 3.5).
fn posts(path: &str, flow: &Flow, listeners: usize) {
    let gateway = Road::WebSocket.gateway();
    let mut listeners: Vec<_> =
        (0..listeners).map(|_| FlowListener::on(Road::WebSocket, &gateway, flow)).collect();
    let token = Token::for_audience(&format!("http://{NAMESPACE}/{path}/")).to_string();
    let token = base64::engine::general_purpose::STANDARD.encode(token);
    for number in 1..=TEN {
        let text = format!("posted as number {number}.");
        let envelope = posted_envelope("contoso.servicebus.windows.net", path, &token, &text);
        std::thread::scope(|scope| {
            let posted = scope.spawn(|| post_one_way(&gateway, path, &envelope).run(Duration::from_secs(60)));
            for listener in &mut listeners {
                let message = listener.take_other();
                assert!(message.windows(text.len()).any(|window| window == text.as_bytes()));
            }
            assert_eq!(posted.join().expect("curl ends"), "\n202 0\n");
        });
    }
}

fn requests(road: Road, binding: HttpBinding) {
    let gateway = road.gateway();
    let mut requests = Requests::listen(&gateway, road, binding);
    for _ in 0..TEN {
        requests.exchange();
    }
}

#[test]
fn net_tcp_relay_binding_over_tcp() {
    net_tcp(Road::Tcp, Mode::Relayed);
}

#[test]
fn net_tcp_relay_binding_over_443_alone() {
    net_tcp(Road::WebSocket, Mode::Relayed);
}

#[test]
fn net_tcp_relay_binding_over_web_streams_on_443_alone() {
    net_tcp(Road::WebStream, Mode::Relayed);
}

#[test]
fn net_tcp_relay_binding_over_web_streams_on_80() {
    net_tcp(Road::WebStreamOn80, Mode::Relayed);
}

#[test]
fn net_tcp_relay_binding_in_hybrid_mode_stays_relayed_over_tcp() {
    net_tcp(Road::Tcp, Mode::Hybrid);
}

#[test]
fn net_tcp_relay_binding_in_hybrid_mode_stays_relayed_over_443_alone() {
    net_tcp(Road::WebSocket, Mode::Hybrid);
}

#[test]
fn net_tcp_relay_binding_in_hybrid_mode_stays_relayed_over_web_streams_on_443_alone() {
    net_tcp(Road::WebStream, Mode::Hybrid);
}

#[test]
fn net_tcp_relay_binding_in_hybrid_mode_stays_relayed_over_web_streams_on_80() {
    net_tcp(Road::WebStreamOn80, Mode::Hybrid);
}

#[test]
fn net_oneway_relay_binding_over_tcp() {
    messages(Road::Tcp, &Flow::ONE_WAY, 1);
}

#[test]
fn net_oneway_relay_binding_over_443_alone() {
    messages(Road::WebSocket, &Flow::ONE_WAY, 1);
}

#[test]
fn net_oneway_relay_binding_in_posts_over_443_alone() {
    posts("netoneway", &Flow::ONE_WAY, 1);
}

#[test]
fn net_oneway_relay_binding_over_web_streams_on_443_alone() {
    messages(Road::WebStream, &Flow::ONE_WAY, 1);
}

#[test]
fn net_oneway_relay_binding_over_web_streams_on_80() {
    messages(Road::WebStreamOn80, &Flow::ONE_WAY, 1);
}

#[test]
fn net_event_relay_binding_over_tcp() {
    messages(Road::Tcp, &Flow::EVENT, 2);
}

#[test]
fn net_event_relay_binding_over_443_alone() {
    messages(Road::WebSocket, &Flow::EVENT, 2);
}

#[test]
fn net_event_relay_binding_in_posts_over_443_alone() {
    posts("event", &Flow::EVENT, 2);
}

#[test]
fn net_event_relay_binding_over_web_streams_on_443_alone() {
    messages(Road::WebStream, &Flow::EVENT, 2);
}

#[test]
fn net_event_relay_binding_over_web_streams_on_80() {
    messages(Road::WebStreamOn80, &Flow::EVENT, 2);
}

#[test]
fn basic_http_relay_binding_over_tcp() {
    requests(Road::Tcp, HttpBinding::BASIC);
}

#[test]
fn basic_http_relay_binding_over_443_alone() {
    requests(Road::WebSocket, HttpBinding::BASIC);
}

#[test]
fn basic_http_relay_binding_over_web_streams_on_443_alone() {
    requests(Road::WebStream, HttpBinding::BASIC);
}

#[test]
fn basic_http_relay_binding_over_web_streams_on_80() {
    requests(Road::WebStreamOn80, HttpBinding::BASIC);
}

#[test]
fn web_http_relay_binding_over_tcp() {
    requests(Road::Tcp, HttpBinding::WEB);
}

#[test]
fn web_http_relay_binding_over_443_alone() {
    requests(Road::WebSocket, HttpBinding::WEB);
}

#[test]
fn web_http_relay_binding_over_web_streams_on_443_alone() {
    requests(Road::WebStream, HttpBinding::WEB);
}

#[test]
fn web_http_relay_binding_over_web_streams_on_80() {
    requests(Road::WebStreamOn80, HttpBinding::WEB);
}

#[test]
fn ws2007_http_relay_binding_over_tcp() {
    requests(Road::Tcp, HttpBinding::WS2007);
}

#[test]
fn ws2007_http_relay_binding_over_443_alone() {
    requests(Road::WebSocket, HttpBinding::WS2007);
}

#[test]
fn ws2007_http_relay_binding_over_web_streams_on_443_alone() {
    requests(Road::WebStream, HttpBinding::WS2007);
}

#[test]
fn ws2007_http_relay_binding_over_web_streams_on_80() {
    requests(Road::WebStreamOn80, HttpBinding::WS2007);
}

/// Ten messages to a listener from before AMQP, which acknowledges nothing.
fn messages_to_an_old_listener(road: Road) {
    let gateway = road.gateway();
    let mut listener = OldListener::on(road.of_one_way(), &gateway);
    let mut sender = FlowSender::on(road.of_one_way(), &gateway, &Flow::ONE_WAY);
    for number in 1..=TEN {
        sender.send(number);
        assert_eq!((listener.take(), sender.answer()), (number, (number, None)));
    }
}

#[test]
fn net_oneway_relay_binding_of_1_6_over_tcp() {
    messages_to_an_old_listener(Road::Tcp);
}

#[test]
fn net_oneway_relay_binding_of_1_6_over_443_alone() {
    messages_to_an_old_listener(Road::WebSocket);
}

#[test]
fn net_oneway_relay_binding_of_1_6_over_web_streams_on_443_alone() {
    messages_to_an_old_listener(Road::WebStream);
}

#[test]
fn net_oneway_relay_binding_of_1_6_over_web_streams_on_80() {
    messages_to_an_old_listener(Road::WebStreamOn80);
}

const ALL: [Road; 4] = [Road::Tcp, Road::WebSocket, Road::WebStream, Road::WebStreamOn80];

#[test]
fn a_net_tcp_listener_on_each_carrier_is_joined_with_a_sender_on_each() {
    for listener in ALL {
        let gateway = Road::gateway_of_all();
        let mut pair = NetTcp::listen_for_all(&gateway, listener);
        for sender in ALL {
            pair.exchange_with(sender);
        }
    }
}

#[test]
fn a_long_request_and_a_long_reply_pass_to_an_http_listener_on_each_carrier() {
    for road in ALL {
        let gateway = road.gateway();
        let mut requests = Requests::listen(&gateway, road, HttpBinding::BASIC_AND_BIG);
        requests.exchange_long(1 << 20);
        requests.exchange_long(1 << 20);
    }
}
