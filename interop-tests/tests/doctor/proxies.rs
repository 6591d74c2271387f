//! Proxies between here and the gateway: one that lets us through, those that do not, and one that opens TLS.

use std::io::{self, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use interop_tests::Gateway;

use crate::consult::Consult;
use crate::peer::{self, Shows};

/// A proxy that answers `CONNECT` with this, and then does nothing.
fn refusing(answer: &'static str) -> String {
    let port = peer::serve(move |mut socket| {
        peer::head(&mut socket)?;
        socket.write_all(answer.as_bytes())
    });
    format!("http://someone:pass-word@127.0.0.1:{port}")
}

/// A proxy that leads every `CONNECT` to one port of this machine.
fn leading_to(port: u16) -> String {
    let proxy = peer::serve(move |mut socket| {
        let asked = peer::head(&mut socket)?;
        assert!(asked.starts_with("CONNECT "), "{asked}");
        let mut there = TcpStream::connect(("127.0.0.1", port))?;
        socket.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        let (mut from, mut to) = (socket.try_clone()?, there.try_clone()?);
        std::thread::spawn(move || {
            let copied = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
            copied
        });
        io::copy(&mut there, &mut socket)?;
        socket.shutdown(Shutdown::Write)
    });
    format!("http://127.0.0.1:{proxy}")
}

#[test]
fn through_a_proxy_the_name_is_not_needed_here() {
    let gateway = Gateway::start(interop_tests::Config::new().host("relay.invalid"));
    let string = gateway.connection_string("send").replace("localhost", "relay.invalid");
    let report = Consult::new(&string)
        .trusting(gateway.authority())
        .through(&leading_to(gateway.port("https")))
        .with(&["hyco"])
        .run();
    report.is_good();
    assert!(report.seen("name", "").contains("looks it up"), "{}", report.said);
    assert!(report.seen("port", "https").contains("(through the proxy 127.0.0.1:"), "{}", report.said);
}

#[test]
fn a_refusal_of_the_proxy_is_told_in_its_words_and_its_password_is_not() {
    let gateway = Gateway::new();
    let ask = |answer| {
        Consult::new(&gateway.connection_string("send"))
            .trusting(gateway.authority())
            .through(&refusing(answer))
            .run()
    };
    let report = ask("HTTP/1.1 403 Not on the list\r\n\r\n");
    let seen = report.fails_only_by("proxy_refused")["seen"].as_str().expect("words");
    assert!(seen.contains("403 Not on the list"), "{seen}");
    let report = ask("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    let seen = report.fails_only_by("proxy_refused")["seen"].as_str().expect("words");
    assert!(seen.contains("407"), "{seen}");
}

#[test]
fn a_proxy_that_is_not_there_is_told_from_a_gateway_that_is_not() {
    let gateway = Gateway::new();
    let closed = || TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
    let ask = |proxy: &str| {
        Consult::new(&gateway.connection_string("send")).trusting(gateway.authority()).through(proxy)
    };
    ask(&format!("http://{}", closed())).run().fails_only_by("proxy_unreachable");
    // An exception leads past it.
    ask(&format!("http://{}", closed())).variable("no_proxy", "localhost").run().is_good();
}

#[test]
fn a_proxy_that_opens_tls_is_told_by_its_root() {
    let gateway = Gateway::new();
    let opens = Shows::signed_by("Example Inspection", &["localhost"], |_| {});
    let inside = peer::gateway(&opens, None);
    let report = Consult::new(&gateway.connection_string("send"))
        .trusting(gateway.authority())
        .through(&leading_to(inside))
        .run();
    let line = report.fails_only_by("certificate_intercepted");
    assert!(line["seen"].as_str().expect("words").contains("CN=Example Inspection"), "{line}");
    assert_eq!(line["at_fault"], "network");
}
