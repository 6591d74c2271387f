//! Clocks that differ; keys that are wrong, of the wrong policy, without the right; relays that are not there.

use interop_tests::{Config, Gateway, KEY, Listener, Token, WebSocket};

use crate::consult::{Consult, Report};
use crate::peer::{self, Shows};

#[test]
fn a_clock_that_is_behind_is_told_from_one_that_is_ahead() {
    let shows = Shows::localhost();
    let ask = |date| {
        let port = peer::gateway(&shows, date);
        Consult::at("localhost", port).trusting(shows.root()).run()
    };
    ask(Some("Thu, 01 Jan 2099 00:00:00 GMT")).fails_only_by("clock_behind");
    ask(Some("Sat, 01 Jan 2000 00:00:00 GMT")).fails_only_by("clock_ahead");
    assert_eq!(ask(None).fault("clock_unknown")["status"], "warning");
}

#[test]
fn a_certificate_that_only_our_clock_finds_bad_is_our_fault() {
    let shows = Shows::for_names(&["localhost"], |params| {
        params.not_before = rcgen::date_time_ymd(2090, 1, 1);
        params.not_after = rcgen::date_time_ymd(2100, 1, 1);
    });
    let port = peer::gateway(&shows, Some("Thu, 01 Jan 2099 00:00:00 GMT"));
    let report = Consult::at("localhost", port).trusting(shows.root()).run();
    report.fault("clock_behind");
    assert_eq!(report.fault("certificate_not_yet_valid")["at_fault"], "this machine");
}

/// What is said about a relay, to the holder of a connection string of this form.
fn ask(gateway: &Gateway, connection: &str, arguments: &[&str]) -> Report {
    let endpoint = format!("Endpoint=sb://localhost:{}/;{connection}", gateway.port("https"));
    Consult::new(&endpoint).trusting(gateway.authority()).with(arguments).run()
}

fn key(policy: &str, key: &str) -> String {
    format!("SharedAccessKeyName={policy};SharedAccessKey={key}")
}

#[test]
fn keys_policies_and_rights_are_told_apart() {
    let gateway = Gateway::new();
    let wrong = "d3Jvbmcta2V5LW9mLXRoZS1pbnRlcm9wLXRlc3RzISE=";
    ask(&gateway, &key("send", wrong), &["hyco"]).fails_only_by("key_wrong");
    let line = ask(&gateway, &key("sent", KEY), &["hyco"]).fails_only_by("key_wrong").clone();
    assert_eq!(line["seen"], "the gateway knows no policy sent with this key at hyco");
    ask(&gateway, &key("send", KEY), &["hyco", "--role", "listener"]).fails_only_by("key_right");
    ask(&gateway, &key("listen", KEY), &["hyco", "--role", "sender"]).fails_only_by("key_right");
    ask(&gateway, &key("listen", KEY), &["hyco", "--role", "listener"]).is_good();
    // A policy of one relay is good there alone.
    ask(&gateway, &key("relay-send", KEY), &["hyco"]).is_good();
    ask(&gateway, &key("relay-send", KEY), &[]).fails_only_by("key_wrong");
}

#[test]
fn without_a_key_only_an_anonymous_relay_is_good() {
    let gateway = Gateway::new();
    ask(&gateway, "", &["hyco"]).fails_only_by("key_missing");
    ask(&gateway, "", &["open", "--role", "listener"]).fails_only_by("key_missing");
    let report = ask(&gateway, "", &["open"]);
    report.is_good();
    assert_eq!(report.seen("key", ""), "there is none, and open asks senders for none");
    assert!(ask(&gateway, "", &[]).seen("key", "").contains("no relay was named"));
}

#[test]
fn tokens_that_were_made_elsewhere_are_judged() {
    let gateway = Gateway::new();
    let token = |token: &str| format!("SharedAccessSignature={token}");
    let good = Token::for_path("hyco").policy("send");
    ask(&gateway, &token(&good.to_string()), &["hyco"]).is_good();
    ask(&gateway, &token(&good.clone().ends_in(-600).to_string()), &["hyco"]).fails_only_by("token_expired");
    let other = Token::for_path("plant7/press").policy("send").to_string();
    ask(&gateway, &token(&other), &["hyco"]).fails_only_by("token_audience");
    ask(&gateway, &token("SharedAccessSignature sr=x"), &["hyco"]).fails_only_by("token_malformed");
}

#[test]
fn an_unknown_relay_is_a_failure_and_for_wcf_a_warning() {
    let gateway = Gateway::new();
    ask(&gateway, &key("send", KEY), &["nowhere"]).fails_only_by("relay_unknown");
    let report = ask(&gateway, &key("send", KEY), &["nowhere", "--wcf"]);
    assert_eq!(report.fault("relay_unknown")["status"], "warning");
}

#[test]
fn a_relay_that_is_off_and_a_quota_that_is_used_up_are_told() {
    let config = Config::new()
        .relay("path = \"off\"\nkind = \"hybrid\"\nenabled = false\n")
        .limit("connections_per_namespace", "1");
    let gateway = Gateway::start(config);
    ask(&gateway, &key("send", KEY), &["off"]).fails_only_by("relay_disabled");
    let mut listener = Listener::open(&gateway, "open");
    let mut sender = gateway.connect();
    WebSocket::ask(&mut sender, "/$hc/open", &[]);
    let _accepted = listener.accept().1;
    let _joined = WebSocket::answered(sender).expect("the one connection that may be");
    ask(&gateway, &key("send", KEY), &["hyco"]).fails_only_by("quota_exceeded");
}

#[test]
fn a_host_that_belongs_to_no_namespace_is_told() {
    let gateway = Gateway::new();
    let endpoint = format!("Endpoint=sb://127.0.0.1:{}/;{}", gateway.port("https"), key("send", KEY));
    let report = Consult::new(&endpoint).trusting(gateway.authority()).with(&["hyco"]).run();
    report.fails_only_by("host_unknown");
}

#[test]
fn other_refusals_are_known_by_their_words() {
    let shows = Shows::localhost();
    for (refusal, fault) in [
        ("409 Conflict", "relay_conflict"),
        ("401 Ip has been prevented to connect to the endpoint", "address_refused"),
        ("429 TooManyRequests: too many failed attempts", "throttled"),
        ("503 ServerBusy", "gateway_busy"),
        ("200 OK", "no_relay_there"),
    ] {
        let port = peer::refusing_gateway(&shows, refusal);
        let endpoint = format!("Endpoint=sb://localhost:{port}/;{}", key("send", KEY));
        Consult::new(&endpoint).trusting(shows.root()).with(&["hyco"]).run().fails_only_by(fault);
    }
}

#[test]
fn a_gateway_that_does_not_answer_a_handshake_is_told() {
    let shows = Shows::localhost();
    let config = shows.config();
    let port = peer::serve(move |socket| {
        let mut line = peer::tls(&config, socket)?;
        if peer::head(&mut line)?.contains("Upgrade: websocket") {
            return Ok(());
        }
        std::io::Write::write_all(&mut line, b"HTTP/1.1 400 x. TrackingId:1_G0\r\nContent-Length: 0\r\n\r\n")
    });
    let endpoint = format!("Endpoint=sb://localhost:{port}/;{}", key("send", KEY));
    Consult::new(&endpoint).trusting(shows.root()).with(&["hyco"]).run().fails_only_by("no_answer");
}
