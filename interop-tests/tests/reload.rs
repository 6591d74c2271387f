//! SIGHUP: certificates, limits and declared relays change, and no connection is cut.

use std::fs;

use interop_tests::{Certificates, Gateway, Listener, NAMESPACE, Request, WebSocket, Wire, wait_until};

/// Sends SIGHUP and waits until the gateway has said that it read its configuration again.
fn reload(gateway: &Gateway) {
    gateway.hang_up();
    wait_until("the reload", || gateway.log().contains("configuration reloaded"));
}

#[test]
fn a_new_certificate_is_shown_and_what_is_joined_goes_on() {
    let gateway = Gateway::new();
    let mut listener = Listener::open(&gateway, "open");
    let mut waiting = gateway.connect();
    WebSocket::ask(&mut waiting, "/$hc/open", &[]);
    let (_, mut joined) = listener.accept();
    let mut sender = WebSocket::answered(waiting).expect("it was accepted");
    // Another authority: who trusts only the new one gets in only once it is shown.
    let other = tempfile::tempdir().expect("a directory");
    let new = Certificates::write(other.path(), &[NAMESPACE]);
    for (from, to) in [(&new.certificate, "server.pem"), (&new.key, "server.key")] {
        fs::copy(from, gateway.directory().join(to)).expect("the file is replaced");
    }

    reload(&gateway);

    let mut fresh = Wire::tls(gateway.door("https"), NAMESPACE, &new.authority);
    assert_eq!(Request::get("/nowhere").on(&mut fresh).status, 401);
    sender.send_text("still here");
    assert_eq!(joined.text(), "still here");
    joined.send_text("so am I");
    assert_eq!(sender.text(), "so am I");
    // The control channel is the old connection as well.
    let mut asking = Wire::tls(gateway.door("https"), NAMESPACE, &new.authority);
    Request::get("/open").send(&mut asking);
    assert_eq!(listener.next("request")["method"], "GET");
}

#[test]
fn a_relay_that_was_declared_meanwhile_is_there() {
    let gateway = Gateway::new();
    assert!(Listener::try_open(&gateway, "later", "1").is_err());
    let file = gateway.directory().join("viaduct.toml");
    let mut text = fs::read_to_string(&file).expect("the configuration");
    text.push_str("\n[[namespaces.relays]]\npath = \"later\"\nkind = \"hybrid\"\n");
    fs::write(&file, text).expect("the configuration is written");

    reload(&gateway);

    assert!(Listener::try_open(&gateway, "later", "1").is_ok());
}

#[test]
fn a_broken_configuration_changes_nothing() {
    let gateway = Gateway::new();
    let file = gateway.directory().join("viaduct.toml");
    let good = fs::read_to_string(&file).expect("the configuration");
    fs::write(&file, good.replace("[gateway]", "[gateway]\nnonsense = 1"))
        .expect("the configuration is written");

    gateway.hang_up();

    wait_until("the report", || gateway.log().contains("nonsense"));
    assert_eq!(Request::get("/nowhere").to(&gateway).status, 401);
}

#[test]
fn a_limit_on_waiting_senders_is_in_force_at_once() {
    let gateway = Gateway::new();
    let mut listener = Listener::open(&gateway, "open");
    let file = gateway.directory().join("viaduct.toml");
    let mut text = fs::read_to_string(&file).expect("the configuration");
    text.push_str("\n[limits]\npending_per_relay = 1\n");
    fs::write(&file, text).expect("the configuration is written");

    reload(&gateway);

    let mut waiting = gateway.connect();
    Request::get("/open/first").send(&mut waiting);
    listener.next("request");
    assert_eq!(Request::get("/open/second").to(&gateway).status, 429);
}
