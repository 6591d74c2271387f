//! What Windows before 10 and Server 2016 offers in TLS, said by `openssl s_client`, against both kinds of key: the table in
//! `docs/pointing-clients.md`.

use std::path::Path;
use std::time::Duration;

use interop_tests::{Gateway, Program, wait_until};

/// The suites of Server 2012 R2 that are not of DSS, RC4 or 3DES, in its order, with the curves that it knows.
const SERVER_2012_R2: &[&str] = &[
    "-tls1_2",
    "-cipher",
    "ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES128-SHA:DHE-RSA-AES256-GCM-SHA384:\
     DHE-RSA-AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-GCM-SHA256:AES256-SHA256:AES128-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
     ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA256",
    "-curves",
    "P-256:P-384",
];

/// Server 2016 knows these two in addition.
const SERVER_2016: &[&str] = &[
    "-tls1_2",
    "-cipher",
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256",
    "-curves",
    "P-256:P-384",
];

/// The suite that was agreed on, if one was.
fn agreed(gateway: &Gateway, offer: &[&str]) -> Option<String> {
    let said = handshake(gateway, offer);
    said.lines().find_map(|line| line.strip_prefix("Ciphersuite: ")).map(str::to_owned)
}

/// What `openssl` says of its handshake.
fn handshake(gateway: &Gateway, offer: &[&str]) -> String {
    let at = gateway.door("https").to_string();
    let mut running = Program::new("openssl")
        .args(["s_client", "-brief", "-connect", &at, "-servername", "localhost"])
        .args(offer.iter().copied())
        .start();
    running.wait(Duration::from_secs(20));
    running.errors()
}

#[test]
fn with_an_ecdsa_key_server_2012_r2_has_a_suite_in_common() {
    let gateway = Gateway::new();
    let suite = agreed(&gateway, SERVER_2012_R2).expect("a suite in common");
    // It ties each suite to a curve, this one to P-256: "Server Temp Key: ECDH, prime256v1, 256 bits".
    assert_eq!(suite, "ECDHE-ECDSA-AES128-GCM-SHA256");
    let said = handshake(&gateway, SERVER_2012_R2);
    assert!(said.lines().any(|line| line.contains("Temp Key") && line.contains("prime256v1")), "{said}");
    // What it offers for RSA keys is of no use here.
    let rsa_alone = ["-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA384:AES256-GCM-SHA384"];
    assert_eq!(agreed(&gateway, &rsa_alone), None);
}

#[test]
fn with_an_rsa_key_server_2012_r2_has_none_and_server_2016_has() {
    let gateway = Gateway::new();
    let directory = gateway.directory();
    rsa(&directory);
    gateway.hang_up();
    wait_until("the gateway shows the RSA key", || agreed(&gateway, SERVER_2016).is_some());
    assert_eq!(agreed(&gateway, SERVER_2012_R2), None);
}

#[test]
fn a_program_that_offers_tls_1_1_alone_is_refused() {
    let gateway = Gateway::new();
    assert_eq!(agreed(&gateway, &["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]), None);
}

// docs/pointing-clients.md gives these lines to whoever makes a certificate for 9351.
#[test]
fn the_certificate_that_the_page_tells_to_make_is_good() {
    let gateway = Gateway::new();
    let page = std::fs::read_to_string(interop_tests::repository().join("docs/pointing-clients.md"))
        .expect("the page");
    let recipe: Vec<&str> = page
        .split("\nopenssl ecparam ")
        .nth(1)
        .and_then(|rest| rest.split("\n```").next())
        .expect("a recipe")
        .lines()
        .collect();
    let recipe = format!("openssl ecparam {}", recipe.join("\n")).replace("relay.example.net", "localhost");
    let directory = tempfile::tempdir().expect("a temporary directory");
    // As `viaduct init` leaves them.
    Program::new(interop_tests::viaduct())
        .args([
            "init".to_owned(),
            directory.path().display().to_string(),
            "--port".to_owned(),
            "1".to_owned(),
        ])
        .run(Duration::from_secs(20));
    Program::new("sh").args(["-e", "-c", &recipe]).directory(directory.path()).run(Duration::from_secs(20));
    let made = |name: &str| directory.path().join(name);
    let to = gateway.directory();
    std::fs::copy(made("wcf.pem"), to.join("server.pem")).expect("the certificate");
    std::fs::copy(made("wcf.key"), to.join("server.key")).expect("the key");
    gateway.hang_up();
    let ask = || {
        let mut running = Program::new(interop_tests::viaduct())
            .args(["doctor", "--format", "json", "--connection-string", &gateway.connection_string("send")])
            .args(["--ca", &made("ca.pem").to_string_lossy()])
            .env("https_proxy", "")
            .start();
        (running.wait(Duration::from_secs(30)), running.output())
    };
    wait_until("the gateway shows the new certificate", || {
        ask().1.contains("for localhost, 203.0.113.7, until")
    });
    assert_eq!(ask().0, Some(0));
}

/// Puts a certificate with an RSA key in the place of the gateway's.
fn rsa(directory: &Path) {
    let file = |name: &str| directory.join(name).display().to_string();
    Program::new("openssl")
        .args(["req", "-x509", "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args([
            "-newkey",
            "rsa:2048",
            "-days",
            "30",
            "-keyout",
            &file("server.key"),
            "-out",
            &file("server.pem"),
        ])
        .run(Duration::from_secs(30));
}
