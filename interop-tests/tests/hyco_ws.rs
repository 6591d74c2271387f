//! A listener and a sender made with the npm package `hyco-ws`: text, 70,000 bytes, a sub-path, a sub-protocol.

use std::time::Duration;

use interop_tests::{Gateway, KEY, Program, node, repository};

#[test]
fn a_listener_and_a_sender_exchange_messages() {
    let gateway = Gateway::new();
    let output = Program::new(node())
        .args([
            "connect.js",
            &gateway.port("https").to_string(),
            "plant7/press",
            "RootManageSharedAccessKey",
            KEY,
        ])
        .directory(&repository().join("interop-tests/hyco-ws"))
        .env("NODE_EXTRA_CA_CERTS", &gateway.authority().to_string_lossy())
        .env("NODE_OPTIONS", "--dns-result-order=ipv4first --no-deprecation")
        .run(Duration::from_secs(60));

    assert_eq!(output, "ok text\nok close\nok 70,000 bytes\nok sub-path\nok sub-protocol\n");
}
