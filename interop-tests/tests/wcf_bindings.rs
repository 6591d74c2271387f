//! Ten exchanges on each binding of WCF Relay, over its own ports and over 443 alone: recorded listeners and senders, on gateways that open no
//! other doors. The rows are those of the relay page, section 0; `docs/compatibility.md` has the table.

use interop_tests::relay_play::{
    Carrier, Flow, FlowListener, FlowSender, HttpBinding, Mode, NetTcp, Requests, Road,
};

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
fn messages(road: Road, carrier: Carrier, flow: &Flow, listeners: usize) {
    let gateway = road.gateway();
    let mut listeners: Vec<_> = (0..listeners).map(|_| FlowListener::on(road, &gateway, flow)).collect();
    let mut sender = FlowSender::on(carrier, &gateway, flow);
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
fn net_tcp_relay_binding_in_hybrid_mode_stays_relayed_over_tcp() {
    net_tcp(Road::Tcp, Mode::Hybrid);
}

#[test]
fn net_tcp_relay_binding_in_hybrid_mode_stays_relayed_over_443_alone() {
    net_tcp(Road::WebSocket, Mode::Hybrid);
}

#[test]
fn net_oneway_relay_binding_over_tcp() {
    messages(Road::Tcp, Carrier::Tcp, &Flow::ONE_WAY, 1);
}

#[test]
fn net_oneway_relay_binding_over_443_alone() {
    messages(Road::WebSocket, Carrier::WebSocket, &Flow::ONE_WAY, 1);
}

#[test]
fn net_oneway_relay_binding_over_web_streams_on_443_alone() {
    messages(Road::WebStream, Carrier::WebStreamInTls, &Flow::ONE_WAY, 1);
}

#[test]
fn net_event_relay_binding_over_tcp() {
    messages(Road::Tcp, Carrier::Tcp, &Flow::EVENT, 2);
}

#[test]
fn net_event_relay_binding_over_443_alone() {
    messages(Road::WebSocket, Carrier::WebSocket, &Flow::EVENT, 2);
}

#[test]
fn net_event_relay_binding_over_web_streams_on_443_alone() {
    messages(Road::WebStream, Carrier::WebStreamInTls, &Flow::EVENT, 2);
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
