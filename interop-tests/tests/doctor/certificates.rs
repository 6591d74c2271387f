//! Certificates and TLS that clients would not take, shown by small peers; what is fit for the rest and not for WCF.

use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use interop_tests::{Gateway, Program, Running};
use rcgen::{BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, IsCa, SanType};

use crate::consult::{Consult, Report};
use crate::peer::{self, Shows};

/// What is said about a gateway that shows this, to somebody who trusts its root.
fn shown(shows: &Shows) -> Report {
    let port = peer::gateway(shows, None);
    Consult::at("localhost", port).trusting(shows.root()).run()
}

fn changed(change: impl FnOnce(&mut CertificateParams)) -> Report {
    shown(&Shows::for_names(&["localhost"], change))
}

#[test]
fn times_are_told_apart() {
    let past = changed(|params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
    past.fails_only_by("certificate_expired");
    let future = changed(|params| params.not_before = rcgen::date_time_ymd(2500, 1, 1));
    future.fails_only_by("certificate_not_yet_valid");
}

#[test]
fn an_end_that_is_near_is_a_warning_and_no_failure() {
    // `init` makes no such certificate; openssl counts days from now.
    let directory = tempfile::tempdir().expect("a temporary directory");
    let server = openssl_server(directory.path(), "ec -pkeyopt ec_paramgen_curve:P-256", 10, &[]);
    let authority = directory.path().join("server.pem");
    let report = Consult::at("localhost", server.port).trusting(&authority).run();
    report.fault("certificate_ends_soon");
}

#[test]
fn unknown_self_signed_incomplete_and_unfit_chains_are_told_apart() {
    let (shows, stranger) = (Shows::localhost(), Shows::localhost());
    let port = peer::gateway(&shows, None);
    let report = Consult::at("localhost", port).trusting(stranger.root()).run();
    let seen = report.fails_only_by("certificate_issuer_unknown")["seen"].as_str().expect("words");
    assert!(seen.contains("CN=Example CA"), "{seen}");
    assert!(report.seen("key", "").starts_with("not asked"), "{}", report.said);
    // Nobody was named to trust.
    Consult::at("localhost", port).run().fails_only_by("certificate_issuer_unknown");

    shown(&Shows::self_signed(&["localhost"])).fails_only_by("certificate_self_signed");

    // caIssuers http:// [RFC 5280] 4.2.2.1
    let access = b"\x30\x15\x30\x13\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x02\x86\x07http://".to_vec();
    let incomplete = Shows::without_intermediate(&["localhost"], |params| {
        let oid = [1, 3, 6, 1, 5, 5, 7, 1, 1];
        params.custom_extensions = vec![CustomExtension::from_oid_content(&oid, access)];
    });
    let report = shown(&incomplete);
    let seen = report.fails_only_by("certificate_chain_incomplete")["seen"].as_str().expect("words");
    assert!(seen.contains("CN=Example Issuing CA"), "{seen}");

    changed(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))
        .fails_only_by("certificate_unfit");
    changed(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection])
        .fails_only_by("certificate_unfit");
}

#[test]
fn another_name_is_said_with_the_names_that_there_are() {
    let report = shown(&Shows::for_names(&["relay.example.net"], |_| {}));
    let seen = report.fails_only_by("certificate_name_mismatch")["seen"].as_str().expect("words");
    assert_eq!(seen, "it is for relay.example.net, not for localhost");
}

#[test]
fn two_faults_are_both_said() {
    let shows = Shows::for_names(&["relay.example.net"], |params| {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1)
    });
    let report = shown(&shows);
    report.fault("certificate_expired");
    report.fault("certificate_name_mismatch");
}

#[test]
fn a_gateway_that_shows_microsofts_certificate_is_azure() {
    let names = ["*.servicebus.windows.net", "servicebus.windows.net"];
    let shows = Shows::signed_by("Microsoft Corporation", &names, |_| {});
    let port = peer::gateway(&shows, None);
    let report = Consult::at("contoso.servicebus.windows.net", port)
        .trusting(shows.root())
        .with_hosts("127.0.0.1 contoso.servicebus.windows.net\n")
        .run();
    report.fails_only_by("name_is_azures");
}

// Relay page 1.3: the listener's library wants one dNSName on 9351, and its TLS names no host.
#[test]
fn two_dns_names_on_9351_are_a_fault_for_wcf_alone() {
    let one = Shows::localhost();
    let two = Shows::for_names(&["localhost", "relay.example.net"], |_| {});
    let (good, bad) = (oneway_tls(&one), oneway_tls(&two));
    let ask = |shows: &Shows, port: u16, more: &[&str]| {
        let https = peer::gateway(shows, None);
        Consult::at("localhost", https)
            .trusting(shows.root())
            .with(&["--port", &format!("oneway_tls={port}")])
            .with(more)
            .run()
    };
    let report = ask(&one, good, &["--wcf"]);
    assert!(
        report.seen("port", "oneway_tls").contains("net.tcp framing, inside it TLS 1.3"),
        "{}",
        report.said
    );
    assert!(!report.said.contains("certificate_dns_names"), "{}", report.said);
    let line = ask(&two, bad, &["--wcf"]).fault("certificate_dns_names").clone();
    assert_eq!(line["doors"], serde_json::json!(["oneway_tls"]));
    assert!(!ask(&two, bad, &[]).said.contains("certificate_dns_names"));
}

/// A door as 9351: net.tcp framing with an upgrade to TLS inside.
fn oneway_tls(shows: &Shows) -> u16 {
    let config = shows.config();
    peer::serve(move |mut socket| {
        let mut read = Vec::new();
        while !read.ends_with(b"application/ssl-tls") {
            let mut byte = [0];
            socket.read_exact(&mut byte)?;
            read.push(byte[0]);
        }
        socket.write_all(&[0x0a])?;
        let mut inside = peer::tls(&config, socket)?;
        let mut end = [0];
        inside.read_exact(&mut end)?;
        assert!(inside.conn.server_name().is_none(), "as WCF, without the host's name");
        inside.write_all(&[if end == [0x0c] { 0x0b } else { 0x08 }])?;
        inside.flush()
    })
}

#[test]
fn an_upgrade_that_is_not_granted_on_9351_is_said() {
    let shows = Shows::localhost();
    let https = peer::gateway(&shows, None);
    let port = peer::says(b"\x08\x00");
    let report = Consult::at("localhost", https)
        .trusting(shows.root())
        .with(&["--port", &format!("oneway_tls={port}")])
        .run();
    report.fault("tls_refused");
}

#[test]
fn wcf_over_443_may_want_the_address_in_the_certificate() {
    let with = Shows::for_names(&["localhost"], |params| {
        params.subject_alt_names.push(SanType::IpAddress("127.0.0.1".parse().expect("an address")));
    });
    let without = Shows::localhost();
    let ask = |shows: &Shows| {
        let port = peer::gateway(shows, None);
        Consult::at("localhost", port).trusting(shows.root()).with(&["--wcf=https"]).run()
    };
    assert_eq!(ask(&without).fault("certificate_no_address")["status"], "warning");
    assert!(!ask(&with).said.contains("certificate_no_address"));
}

#[test]
fn an_rsa_key_is_a_warning_for_wcf() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let server = openssl_server(directory.path(), "rsa:2048", 400, &[]);
    let ask = |more: &[&str]| {
        let authority = directory.path().join("server.pem");
        Consult::at("localhost", server.port).trusting(&authority).with(more).run()
    };
    assert_eq!(ask(&["--wcf=https"]).fault("certificate_rsa")["status"], "warning");
    assert!(!ask(&[]).said.contains("certificate_rsa"));
}

#[test]
fn a_key_that_is_too_short_and_a_tls_that_is_too_old_are_told_apart() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let weak = openssl_server(directory.path(), "rsa:1024", 400, &["-cipher", "DEFAULT@SECLEVEL=0"]);
    Consult::at("localhost", weak.port).run().fails_only_by("certificate_weak");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let old = ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"];
    let old = openssl_server(directory.path(), "rsa:2048", 400, &old);
    Consult::at("localhost", old.port).run().fails_only_by("tls_refused");
    // TLS 1.2 with the suites of Windows Server 2012 alone.
    let directory = tempfile::tempdir().expect("a temporary directory");
    let suites = ["-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA384:AES256-SHA256"];
    let suites = openssl_server(directory.path(), "rsa:2048", 400, &suites);
    Consult::at("localhost", suites.port).run().fails_only_by("tls_refused");
}

#[test]
fn a_gateway_is_looked_at_again_after_its_certificate_was_replaced() {
    let gateway = Gateway::new();
    let consult = || Consult::new(&gateway.connection_string("send")).trusting(gateway.authority()).run();
    consult().is_good();
    let other = interop_tests::Certificates::write(&gateway.directory().join("."), &["other.example.net"]);
    assert!(other.certificate.exists());
    gateway.hang_up();
    interop_tests::wait_until("the gateway shows the new certificate", || {
        consult().lines.iter().any(|line| line["fault"] == "certificate_name_mismatch")
    });
}

/// `openssl s_server` with a certificate for `localhost` that signed itself.
struct OpenSsl {
    port: u16,
    _running: Running,
}

fn openssl_server(directory: &Path, key: &str, days: u32, more: &[&str]) -> OpenSsl {
    let file = |name: &str| directory.join(name).display().to_string();
    let (certificate, private) = (file("server.pem"), file("server.key"));
    let days = days.to_string();
    Program::new("openssl")
        .args([
            "req",
            "-x509",
            "-nodes",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-newkey",
        ])
        .args(key.split(' '))
        .args(["-days", &days, "-keyout", &private, "-out", &certificate])
        .run(Duration::from_secs(30));
    let mut running = Program::new("openssl")
        .args(["s_server", "-accept", "127.0.0.1:0", "-www", "-cert", &certificate, "-key", &private])
        .args(more.iter().copied())
        .start();
    let line = running.line_starting("ACCEPT ", Duration::from_secs(10));
    let port = line.rsplit(':').next().and_then(|port| port.parse().ok()).expect("ACCEPT 127.0.0.1:port");
    OpenSsl { port, _running: running }
}
