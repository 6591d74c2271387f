//! 1 GiB through a Python listener, each way, by `curl`: the gateway's own memory stays where it was. Hybrid page 11.5.

use std::fs::File;
use std::time::Duration;

use interop_tests::{Gateway, Program, curl_at, python_listener};

const PATIENCE: Duration = Duration::from_secs(240);
const GIBIBYTE: u64 = 1 << 30;

#[test]
fn a_gibibyte_up_passes_in_constant_memory() {
    let gateway = Gateway::new();
    let _listener = python_listener(&gateway, "open");
    let file = gateway.directory().join("gibibyte");
    File::create(&file).and_then(|file| file.set_len(GIBIBYTE)).expect("a sparse file");
    let file = file.to_string_lossy().into_owned();

    let upload = curl_at(&gateway, "/open/up").args(["-X", "POST", "-H", "Expect:", "-T", &file]);
    let output = in_constant_memory(&gateway, upload);

    // SHA-256 of 2^30 zeros.
    let digest = "49bc20df15e412a64472421e13fe86ff1c5165e18b2afccf160d4dc19fe68a14";
    assert_eq!(output, format!("{GIBIBYTE} {digest}\n200 75\n"));
}

#[test]
fn a_gibibyte_down_passes_in_constant_memory() {
    let gateway = Gateway::new();
    let mut listener = python_listener(&gateway, "open");
    let address = format!("https://localhost:{}/open/down?{GIBIBYTE}", gateway.port("https"));
    let authority = gateway.authority().to_string_lossy().into_owned();
    let command =
        format!("set -o pipefail; curl --silent --fail --cacert {authority} '{address}' | sha256sum");

    let output = in_constant_memory(&gateway, Program::new("/bin/bash").args(["-c", &command]));

    let sent = listener.line_starting("sent ", PATIENCE);
    let digest = output.split(' ').next().expect("a digest");
    assert_eq!(sent, format!("sent {GIBIBYTE} {digest}"));
}

/// Runs `transfer` and checks that the gateway's own memory grows by less than 16 MiB meanwhile.
fn in_constant_memory(gateway: &Gateway, transfer: Program) -> String {
    // What a first connection allocates for good is not growth.
    curl_at(gateway, "/open/echo").args(["-d", "warm"]).run(PATIENCE);
    let before = gateway.memory();
    let mut most = before;
    let mut running = transfer.start();

    let status = running.wait_watching(PATIENCE, || most = most.max(gateway.memory()));

    assert_eq!(status, Some(0), "{}\n{}", running.output(), running.errors());
    let growth = most - before;
    println!("gateway memory: {} KiB before, {} KiB more at most", before >> 10, growth >> 10);
    assert!(growth < 16 << 20, "{growth} bytes");
    running.output()
}
