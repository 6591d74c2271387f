//! The door `net_tcp`: whom it lets in, and the faults of those it does not. Framing page 5; design, section 5.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use interop_tests::{Config, Connector, Gateway, Service, Token, Wire, fault_record, preamble};

const ACK: &[u8] = b"\x0b";

#[test]
fn a_token_in_the_vias_last_segments_lets_a_sender_in_and_goes_no_further() {
    let (gateway, service, _connector) = world(Config::new());
    let token = Token::for_path("wcf-private").policy("relay-send").to_string();

    for (marker, below) in [("$sas", ""), ("$SAS", "/below")] {
        let via =
            format!("net.tcp://localhost/wcf-private{below}/{marker}/{}", URL_SAFE_NO_PAD.encode(&token));
        for mut sender in [
            Wire::tcp(gateway.door("net_tcp")),
            Wire::tls(gateway.door("net_tcps"), "localhost", gateway.authority()),
        ] {
            sender.send(&preamble(&via));

            let mut connection = service.connection();
            let expected = preamble(&format!("net.tcp://localhost:{}/svc{below}", service.port()));
            assert_eq!(connection.receive(expected.len()), expected);
            connection.send(ACK);
            assert_eq!(sender.receive(1), ACK);
        }
    }
    let log = gateway.log();
    assert!(!log.contains("$sas") && !log.contains(&URL_SAFE_NO_PAD.encode(&token)), "{log}");
    assert!(!log.contains("SharedAccessSignature"), "{log}");
}

#[test]
fn a_token_that_is_missing_or_wrong_or_holds_more_than_send_is_refused() {
    let (gateway, service, _connector) = world(Config::new());
    let good = Token::for_path("wcf-private");
    for (name, token) in [
        ("none", None),
        ("not base64", Some("***".to_owned())),
        ("not a token", Some(URL_SAFE_NO_PAD.encode("hello"))),
        ("wrong key", Some(URL_SAFE_NO_PAD.encode(good.clone().policy("relay-send").key("x").to_string()))),
        ("expired", Some(URL_SAFE_NO_PAD.encode(good.clone().policy("relay-send").ends_at("1500000000")))),
        (
            "another path",
            Some(URL_SAFE_NO_PAD.encode(Token::for_path("wcf").policy("relay-send").to_string())),
        ),
        ("listen", Some(URL_SAFE_NO_PAD.encode(good.clone().policy("listen").to_string()))),
        // Such a token travels in clear: one that may do more than send is not taken.
        ("manage", Some(URL_SAFE_NO_PAD.encode(good.to_string()))),
    ] {
        let segments = token.map_or_else(String::new, |token| format!("/$sas/{token}"));
        let mut sender = Wire::tcp(gateway.door("net_tcp"));
        sender.send(&preamble(&format!("net.tcp://localhost/wcf-private{segments}")));

        let told = sender.receive_to_end();
        assert!(told.is_empty() || told[0] == 0x08, "{name}: {told:02x?}");
    }
    assert!(service.connection_within(Duration::from_millis(300)).is_none(), "the service was reached");
}

#[test]
fn faults_say_what_is_wrong() {
    let (gateway, _service, connector) = world(Config::new());
    let at = |path: &str| preamble(&format!("net.tcp://localhost/{path}"));
    let mode = |mode: u8| [b"\x00\x01\x00\x01", &[mode][..], &at("wcf")[5..]].concat();
    let unnamed = preamble("net.tcp://elsewhere.example/wcf");
    let token = URL_SAFE_NO_PAD.encode(gateway.send_token(""));
    let with_token = |path: &str| at(&format!("{path}/$sas/{token}"));

    for (name, bytes, fault) in [
        ("unknown relay", with_token("nowhere"), "EndpointNotFound"),
        ("a path that only begins alike", with_token("wcf2"), "EndpointNotFound"),
        // As everywhere, an unknown relay wants a token first.
        ("unknown relay, no token", at("nowhere"), "EndpointAccessDenied"),
        ("no token", at("wcf-private"), "EndpointAccessDenied"),
        ("a relay without a listener", at("wcf"), "EndpointNotFound"),
        ("a host that belongs to nobody", unnamed, "EndpointNotFound"),
        ("version 2", b"\x00\x02\x00".to_vec(), "UnsupportedVersion"),
        ("mode 9", mode(9), "UnsupportedMode"),
        ("a Via of 4000 bytes", at(&"x".repeat(4000)), "ViaTooLong"),
    ] {
        let mut sender = Wire::tcp(gateway.door("net_tcp"));
        // The gateway may have said its fault before all was sent.
        let _ = sender.try_send(&bytes);

        assert_eq!(sender.receive_to_end(), fault_record(fault), "{name}");
    }
    drop(connector);
}

#[test]
fn a_fault_of_the_service_reaches_the_client_unchanged() {
    let (gateway, service, _connector) = world(Config::new());
    let token = Token::for_path("wcf-private").policy("relay-send").to_string();
    let mut sender = Wire::tcp(gateway.door("net_tcp"));
    let via = format!("net.tcp://localhost/wcf-private/$sas/{}", URL_SAFE_NO_PAD.encode(token));
    sender.send(&preamble(&via));
    let mut connection = service.connection();
    let fault = fault_record("ServerTooBusy");

    connection.send(&fault);
    connection.finish();

    assert_eq!(sender.receive_to_end(), fault);
}

#[test]
fn a_relay_that_requires_transport_security_takes_no_clear_sender() {
    let relay = "path = \"sealed\"\nkind = \"wcf\"\nwcf_type = \"NetTcp\"\nrequires_client_authorization = \
                 false\nrequires_transport_security = true\n";
    let gateway = Gateway::start(Config::new().relay(relay));
    let service = Service::start();
    let to = format!("net.tcp://localhost:{}/svc", service.port());
    let _connector = Connector::listen(&gateway, "sealed", &to);

    let mut clear = Wire::tcp(gateway.door("net_tcp"));
    clear.send(&preamble("net.tcp://localhost/sealed"));
    assert_eq!(clear.receive_to_end(), fault_record("EndpointAccessDenied"));
    assert!(service.connection_within(Duration::from_millis(300)).is_none(), "the service was reached");

    let mut inside_tls = Wire::tls(gateway.door("net_tcps"), "localhost", gateway.authority());
    inside_tls.send(&preamble("net.tcp://localhost/sealed"));
    service.connection().send(ACK);
    assert_eq!(inside_tls.receive(1), ACK);
}

/// A gateway, a service and a connector of the relay `wcf-private` in front of it.
fn world(config: Config) -> (Gateway, Service, Connector) {
    let (gateway, service) = (Gateway::start(config), Service::start());
    let connector =
        Connector::listen(&gateway, "wcf-private", &format!("net.tcp://localhost:{}/svc", service.port()));
    (gateway, service, connector)
}
