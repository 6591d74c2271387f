//! A listener that was registered is sent away, or one that does not finish. Relay page 2.2, 2.3, 2.5.

use interop_tests::relay_play::refused::{HOST, ListeningPeer, Question, RELAY, Shown, Told};
use interop_tests::{Config, Gateway, wait_until};

use crate::peer::NET_TCP;
use crate::situation::drain;
use crate::{log_says_once, logged_once, reload};

fn config() -> Config {
    Config::new()
        .host(HOST)
        .door("amqps", "127.0.0.1:0")
        .door("rendezvous", "127.0.0.1:0")
        .timeout("listener_refusal", "50ms")
}

fn registered(gateway: &Gateway) -> ListeningPeer {
    ListeningPeer::registered(gateway, &Question::default())
}

#[track_caller]
fn assert_told(told: &Told, code: &str, words: &str) {
    assert_eq!((&*told.code, &*told.words), (code, words));
}

#[test]
fn a_listener_whose_relay_is_no_more_is_sent_away_for_good() {
    let gateway = Gateway::start(config().namespace("dynamic_relays = \"on\"").namespace("locked = true"));
    let listener = registered(&gateway);

    reload(&gateway, "dynamic_relays = \"on\"", "dynamic_relays = \"off\"");

    let told = listener.sent_away().expect("a reason");
    assert_told(&told, "com.microsoft:relay-not-found", "the relay was deleted");
    log_says_once(&gateway, "WCF listener sent away");
}

#[test]
fn a_listener_whose_relay_is_switched_off_is_sent_away() {
    let relay = format!("path = \"{RELAY}\"\n{NET_TCP}locked = true\nenabled = true\n");
    let gateway = Gateway::start(config().relay(&relay));
    let listener = registered(&gateway);

    reload(&gateway, "enabled = true", "enabled = false");

    let told = listener.sent_away().expect("a reason");
    assert_told(&told, "com.microsoft:entity-disabled", "the relay was disabled");
    log_says_once(&gateway, "WCF listener sent away");
}

#[test]
fn a_listener_whose_gateway_drains_is_sent_away() {
    let gateway = Gateway::start(config());
    let listener = registered(&gateway);

    gateway.terminate();

    let told = listener.sent_away().expect("a reason");
    assert_told(&told, "amqp:connection:forced", "the gateway is shutting down");
    log_says_once(&gateway, "WCF listener sent away");
}

#[test]
fn a_listener_that_shows_no_new_token_is_sent_away_without_a_reason() {
    let gateway = Gateway::start(config());
    let listener = ListeningPeer::registered(&gateway, &Question::with(Shown::AboutToEnd));

    assert_eq!(listener.sent_away(), None);
    log_says_once(&gateway, "The token is expired");
}

#[test]
fn a_listener_of_one_link_is_sent_away_in_time() {
    let gateway = Gateway::start(config().timeout("handshake", "1s"));

    let told = ListeningPeer::ask_by_halves(&gateway).half_sent_away();

    assert_told(&told, "com.microsoft:timeout", "the listener was not attached in time");
    log_says_once(&gateway, "WCF listener was not attached in time");
}

#[test]
fn a_listener_is_refused_in_the_open_itself_while_the_gateway_drains() {
    let gateway = Gateway::start(config());
    let _under_way = drain(&gateway);
    let refused = || gateway.log().contains("WCF listener refused");

    let listener = ListeningPeer::ask_after(&gateway, || wait_until("the refusal", refused));

    let told = listener.refused_at_open();
    assert_told(&told, "com.microsoft:server-busy", "the gateway is draining");
    logged_once(&gateway, &told);
}
