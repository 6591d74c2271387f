//! Who may come in clear through `net_tcp`: loopback and `allow_clear_from`, nobody else. Design, sections 2 and 5.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use interop_tests::{Config, Connector, Gateway, OtherMachine, Service, Token, fault_record, preamble};

const ACK: &[u8] = b"\x0b";

#[test]
fn a_clear_sender_from_elsewhere_needs_a_range_that_allows_it() {
    let relay = |path: &str, clear: &str, anonymous: bool| {
        let needs_token = !anonymous;
        format!(
            "path = \"{path}\"\nkind = \"wcf\"\nwcf_type = \"NetTcp\"\nrequires_client_authorization = \
             {needs_token}\nallow_clear_from = [{clear}]\n"
        )
    };
    let config = Config::new()
        .door("net_tcp", "0.0.0.0:0")
        .relay(&relay("inside", "\"10.213.1.0/30\"", true))
        .relay(&relay("inside-private", "\"10.213.1.0/30\"", false))
        .relay(&relay("outside", "\"10.214.0.0/16\"", true))
        .relay(&relay("outside-private", "\"10.214.0.0/16\"", false));
    let gateway = Gateway::start(config);
    let machine = OtherMachine::new(1);
    let service = Service::start();
    let to = format!("net.tcp://localhost:{}/svc", service.port());
    let relays = ["inside", "inside-private", "outside", "outside-private"];
    let _connectors = relays.map(|relay| Connector::listen(&gateway, relay, &to));
    let port = gateway.port("net_tcp");
    // With a good token in the Via, whether it is asked for or not.
    let asked = |relay: &str| {
        let token = Token::for_path(relay).policy("send").to_string();
        preamble(&format!("net.tcp://localhost/{relay}/$sas/{}", URL_SAFE_NO_PAD.encode(token)))
    };

    for relay in ["inside", "inside-private"] {
        std::thread::scope(|scope| {
            let sending = scope.spawn(|| machine.send(port, &asked(relay), 1));
            service.connection().send(ACK);
            assert_eq!(sending.join().expect("the sender"), ACK, "{relay}");
        });
    }

    let denied = fault_record("EndpointAccessDenied");
    for relay in ["outside", "outside-private"] {
        assert_eq!(machine.send(port, &asked(relay), denied.len()), denied, "{relay}");
    }
    assert!(service.connection_within(Duration::from_millis(300)).is_none(), "the service was reached");
}
