//! TLS legs: handshakes, half-close, certificates by name, resumption.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use viaduct::io::{Alpn, Certificate, ClientTls, EndReason, Leg, ServerTls, Side, TlsStream, join};

use crate::pair::{RAW, connection, ended, options};

/// A certificate for `host` that is its own root.
fn certificate(host: &str, names: &[&str]) -> (Certificate, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(vec![host.to_owned()]).unwrap();
    let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    (Certificate::from_pem(names, chain.as_bytes(), key.as_bytes()).unwrap(), chain.into_bytes())
}

async fn handshake(
    server: &ServerTls,
    client: &ClientTls,
    name: &str,
) -> (std::io::Result<TlsStream>, std::io::Result<TlsStream>) {
    let (ours, theirs) = connection().await;
    tokio::join!(server.accept(ours), client.connect(name, theirs))
}

#[tokio::test]
async fn shows_the_certificate_for_the_name_and_another_after_a_reload() {
    let (one, one_root) = certificate("one.example", &["one.example"]);
    let (two, two_root) = certificate("two.example", &["*.example"]);
    let client = ClientTls::new(&[&one_root, &two_root]).unwrap();
    let server = ServerTls::new(vec![one, two], Alpn::Http11).unwrap();
    for name in ["one.example", "two.example"] {
        let (ours, theirs) = handshake(&server, &client, name).await;
        let ours = ours.unwrap();
        assert_eq!(ours.server_name(), Some(name));
        assert_eq!(theirs.unwrap().alpn(), Some(&b"http/1.1"[..]));
    }
    let (other, _) = certificate("other.example", &[]);
    server.reload(vec![other]).unwrap();
    let client = ClientTls::new(&[&one_root, &two_root]).unwrap();
    assert!(handshake(&server, &client, "one.example").await.1.is_err(), "its root is not trusted");
}

#[tokio::test]
async fn a_second_handshake_is_a_resumed_one() {
    let (one, root) = certificate("one.example", &[]);
    let server = ServerTls::new(vec![one], Alpn::None).unwrap();
    for only12 in [false, true] {
        // rustls's own buffered client tells which kind of handshake it was.
        let mut roots = rustls::RootCertStore::empty();
        for root in
            <rustls_pki_types::CertificateDer<'_> as rustls_pki_types::pem::PemObject>::pem_slice_iter(&root)
        {
            roots.add(root.unwrap()).unwrap();
        }
        let versions = if only12 { &[&rustls::version::TLS12][..] } else { &[&rustls::version::TLS13][..] };
        let config =
            rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
                .with_protocol_versions(versions)
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
        let mut kinds = Vec::new();
        for _ in 0..2 {
            let (ours, theirs) = connection().await;
            let name = rustls_pki_types::ServerName::try_from("one.example").unwrap();
            let (ours, theirs) = tokio::join!(server.accept(ours), connector.connect(name, theirs));
            let (mut ours, mut theirs) = (ours.unwrap(), theirs.unwrap());
            // The tickets of TLS 1.3 come with the first bytes.
            ours.write_all(b"x").await.unwrap();
            let mut byte = [0];
            theirs.read_exact(&mut byte).await.unwrap();
            kinds.push(theirs.get_ref().1.handshake_kind().unwrap());
            assert_eq!(ours.server_name(), Some("one.example"), "also when resumed");
        }
        assert_eq!(
            kinds,
            [rustls::HandshakeKind::Full, rustls::HandshakeKind::Resumed],
            "only 1.2: {only12}"
        );
    }
}

#[tokio::test]
async fn a_client_that_offers_http_2_alone_is_refused_and_one_without_alpn_is_not() {
    let (one, root) = certificate("one.example", &[]);
    let server = ServerTls::new(vec![one], Alpn::Http11).unwrap();
    let client = ClientTls::new(&[&root]).unwrap().without_alpn();
    let (ours, theirs) = handshake(&server, &client, "one.example").await;
    assert_eq!(ours.unwrap().alpn(), None);
    theirs.unwrap();
}

#[tokio::test]
async fn bytes_that_are_no_tls_are_an_error_and_not_a_wait() {
    let (one, _) = certificate("one.example", &[]);
    let server = ServerTls::new(vec![one], Alpn::Http11).unwrap();
    let (ours, mut theirs) = connection().await;
    theirs.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert!(server.accept(ours).await.is_err());
    let (ours, theirs) = connection().await;
    drop(theirs);
    assert!(server.accept(ours).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tls_leg_carries_much_both_ways_and_half_closes_by_close_notify() {
    let (one, root) = certificate("one.example", &[]);
    let server = ServerTls::new(vec![one], Alpn::None).unwrap();
    let client = ClientTls::new(&[&root]).unwrap();
    let (ours, theirs) = handshake(&server, &client, "one.example").await;
    let (raw_ours, raw) = connection().await;
    let joined =
        tokio::spawn(join(Leg::new(ours.unwrap().into(), RAW), Leg::new(raw_ours.into(), RAW), options()));
    let (mut tls_read, mut tls_write) = tokio::io::split(theirs.unwrap());
    let (mut raw_read, mut raw_write) = raw.into_split();
    let sent: Vec<u8> = (0..20u32 << 20).map(|i| (i >> 8) as u8 ^ i as u8).collect();
    let there = {
        let sent = sent.clone();
        tokio::spawn(async move {
            tls_write.write_all(&sent).await.unwrap();
            tls_write.shutdown().await.unwrap();
            tls_write
        })
    };
    let mut arrived = Vec::new();
    raw_read.read_to_end(&mut arrived).await.unwrap();
    assert!(arrived == sent);
    let _tls_write = there.await.unwrap();
    // After the peer's close_notify the other way goes on.
    let back = tokio::spawn(async move {
        raw_write.write_all(&sent).await.unwrap();
        raw_write.shutdown().await.unwrap();
        sent
    });
    let mut returned = Vec::new();
    tls_read.read_to_end(&mut returned).await.unwrap();
    assert!(returned == back.await.unwrap());
    assert_eq!(ended(joined).await.reason, EndReason::Closed);
}

#[tokio::test]
async fn a_tls_leg_that_ends_without_close_notify_is_lost() {
    let (one, root) = certificate("one.example", &[]);
    let server = ServerTls::new(vec![one], Alpn::None).unwrap();
    let client = ClientTls::new(&[&root]).unwrap();
    let (ours, theirs) = handshake(&server, &client, "one.example").await;
    let (raw_ours, mut raw) = connection().await;
    let joined =
        tokio::spawn(join(Leg::new(ours.unwrap().into(), RAW), Leg::new(raw_ours.into(), RAW), options()));
    let mut theirs = theirs.unwrap();
    theirs.write_all(b"half a message").await.unwrap();
    theirs.flush().await.unwrap();
    let mut got = [0; 14];
    raw.read_exact(&mut got).await.unwrap();
    drop(theirs);
    let end = tokio::time::timeout(Duration::from_secs(20), raw.read(&mut got)).await.unwrap();
    assert!(end.is_err(), "a reset, no end");
    assert_eq!(ended(joined).await.reason, EndReason::Lost(Side::A));
}

#[tokio::test]
async fn where_a_bare_end_is_allowed_it_is_an_end_between_two_records_and_a_loss_inside_one() {
    let (one, root) = certificate("one.example", &[]);
    let server = ServerTls::new(vec![one], Alpn::None).unwrap();
    let client = ClientTls::new(&[&root]).unwrap();
    for (last, reason) in [(&[][..], EndReason::Closed), (&[0x17, 3, 3, 0, 100, 1], EndReason::Lost(Side::A))]
    {
        let (ours, theirs) = handshake(&server, &client, "one.example").await;
        let (mut ours, mut theirs) = (ours.unwrap(), theirs.unwrap());
        ours.allow_bare_end();
        let (raw_ours, mut raw) = connection().await;
        let joined =
            tokio::spawn(join(Leg::new(ours.into(), RAW), Leg::new(raw_ours.into(), RAW), options()));
        theirs.write_all(b"all there is").await.unwrap();
        theirs.flush().await.unwrap();
        theirs.tcp().try_write(last).unwrap();
        socket2::SockRef::from(theirs.tcp()).shutdown(std::net::Shutdown::Write).unwrap();
        let mut got = [0; 12];
        raw.read_exact(&mut got).await.unwrap();
        let end = tokio::time::timeout(Duration::from_secs(20), raw.read(&mut got)).await.unwrap();
        if reason == EndReason::Closed {
            assert_eq!(end.unwrap(), 0);
            raw.write_all(b"the answer").await.unwrap();
            raw.shutdown().await.unwrap();
            let mut answer = Vec::new();
            theirs.read_to_end(&mut answer).await.unwrap();
            assert_eq!(answer, b"the answer");
        } else {
            assert!(end.is_err(), "a reset, no end");
        }
        assert_eq!(ended(joined).await.reason, reason);
    }
}
