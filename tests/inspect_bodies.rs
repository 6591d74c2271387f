//! `viaduct inspect` of what no recording has: chunks, compression, MTOM, hybrid channels; and of more than fits into memory.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead as _, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use serde_json::{Value, json};

fn inspect(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_viaduct"))
        .arg("inspect")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn text(input: &[u8]) -> String {
    String::from_utf8(inspect(&["-"], input).stdout).unwrap()
}

fn lines(args: &[&str], input: &[u8]) -> Vec<Value> {
    let output = inspect(&[args, &["--format", "json", "-"]].concat(), input);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The preamble of a session whose envelopes have this content type.
fn preamble(mode: u8, content_type: &str) -> Vec<u8> {
    let mut bytes = vec![0, 1, 0, 1, mode, 2, 13];
    bytes.extend_from_slice(b"net.tcp://h/e");
    bytes.extend_from_slice(&[4, content_type.len() as u8]);
    bytes.extend_from_slice(content_type.as_bytes());
    bytes.push(0x0c);
    bytes
}

fn size(mut value: usize, out: &mut Vec<u8>) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn sized(envelope: &[u8], out: &mut Vec<u8>) {
    out.push(6);
    size(envelope.len(), out);
    out.extend_from_slice(envelope);
}

/// `<s:Envelope>` with an attribute of the session's dictionary: `first` brings the string, the others use it.
const FIRST: &[u8] = b"\x04\x03abc\x56\x02\x0b\x01s\x04\x06\x01\x98\x01x\x01";
const LATER: &[u8] = b"\x00\x56\x02\x0b\x01s\x04\x06\x01\x98\x01y\x01";

#[test]
fn compressed_envelopes_are_shown_and_their_strings_stay_known() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let deflate = |bytes: &[u8]| {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    for (suffix, compress) in [("gzip", &gzip as &dyn Fn(&[u8]) -> Vec<u8>), ("deflate", &deflate)] {
        let mut sent = preamble(2, &format!("application/soap+msbinsession1+{suffix}"));
        sized(&compress(FIRST), &mut sent);
        sized(&compress(LATER), &mut sent);
        sized(b"\x01", &mut sent);
        sent.push(7);
        let found = lines(&[], &sent);
        let envelope = |value| {
            format!(
                "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" abc=\"{value}\"></s:Envelope>"
            )
        };
        assert_eq!(found[5]["envelope"], envelope("x"), "{suffix}");
        assert_eq!(found[6]["envelope"], envelope("y"), "{suffix}");
        assert!(
            found[7]["unreadable"].as_str().unwrap().starts_with("cannot be decompressed"),
            "{suffix}: {}",
            found[7]
        );
        assert_eq!(found[9]["end"], "clean");
        assert!(text(&sent).contains(&format!("· {suffix}: 17 bytes when decompressed")));
    }
}

const MTOM: &str = "--b\r\nContent-ID: <root>\r\nContent-Type: application/xop+xml; charset=utf-8; type=\"text/xml\"\r\n\r\n\
    <s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body/></s:Envelope>\r\n\
    --b\r\nContent-ID: <picture>\r\nContent-Transfer-Encoding: binary\r\n\r\n\x01\x02\x03\r\n--b--\r\n";

#[test]
fn mtom_is_shown_with_its_parts_over_net_tcp_and_over_http() {
    let package = format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/related;boundary=\"b\";start=\"<root>\"\r\n\r\n{MTOM}"
    );
    let mut framed = preamble(2, "multipart/related; type=\"application/xop+xml\"");
    sized(package.as_bytes(), &mut framed);
    framed.push(7);
    let post = format!(
        "POST /p HTTP/1.1\r\nContent-Type: multipart/related; boundary=b\r\nContent-Length: {}\r\n\r\n{MTOM}",
        MTOM.len()
    );
    for (found, at) in [(lines(&[], &framed), 5), (lines(&[], post.as_bytes()), 1)] {
        let line = &found[at];
        assert!(line["envelope"].as_str().unwrap().starts_with("<s:Envelope xmlns:s="), "{line}");
        assert_eq!(line["parts"][1]["headers"][0], json!(["Content-ID", "<picture>"]), "{line}");
        assert_eq!(line["parts"][1]["bytes"], 3, "{line}");
    }
    assert!(text(post.as_bytes()).contains("MIME part of 3 bytes, Content-ID: <picture>"));
}

#[test]
fn chunks_are_put_together_and_a_body_may_end_with_the_connection() {
    let request =
        b"POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Type: application/soap+msbin1\r\n\r\n\
        3;x=y\r\n\x56\x02\x0b\r\n5\r\n\x01s\x04\x01\x01\r\n0\r\nTrailer: 1\r\n\r\nGET /next HTTP/1.1\r\n\r\n";
    let found = lines(&[], request);
    assert_eq!(found[1]["record"], json!(["http-body", [3, 5]]));
    // One End too many: what is in it is no document.
    assert!(found[1]["unreadable"].as_str().unwrap().starts_with("no binary xml"), "{}", found[1]);
    assert_eq!(found[2]["record"], json!(["http-request", "GET", "/next"]));
    assert_eq!(found[3]["end"], "clean");
    let response = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"token\":\"abcdef\",\"a\":1}";
    let found = lines(&["--dir", "r2i"], response);
    assert_eq!(found[1]["text"], "{\"token\":\"…\",\"a\":1}");
    assert_eq!(found[2]["end"], "clean");
    let cut = lines(&[], b"POST /p HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc");
    assert_eq!((&cut[1]["record"], &cut[2]["end"]), (&json!(["http-body", 3]), &json!("error eof")));
}

#[test]
fn a_hybrid_channel_shows_its_control_messages_without_tokens() {
    let mut sent = b"GET /$hc/p?sb-hc-action=listen&sb-hc-token=SharedAccessSignature%20sr%3dAAAA%26sig%3dAAAA HTTP/1.1\r\n\
        Upgrade: websocket\r\nServiceBusAuthorization: SharedAccessSignature sr=AAAA\r\nCookie: AAAA\r\n\r\n"
        .to_vec();
    let message = b"{\"renewToken\":{\"token\":\"SharedAccessSignature sr=AAAA&sig=AAAA\"}}";
    sent.extend_from_slice(&[0x81, 0x80 | message.len() as u8, 0, 0, 0, 0]);
    sent.extend_from_slice(message);
    sent.extend_from_slice(&[0x88, 0x82, 1, 2, 3, 4, 0x03 ^ 1, 0xe8 ^ 2]);
    let found = lines(&[], &sent);
    assert_eq!(
        found[0]["record"],
        json!(["http-request", "GET", "/$hc/p?sb-hc-action=listen&sb-hc-token=…"])
    );
    assert_eq!(found[1]["record"], json!(["websocket-frame", "text", message.len()]));
    assert_eq!(found[1]["text"], "{\"renewToken\":{\"token\":\"…\"}}");
    assert_eq!(found[2]["text"], "1000 ");
    assert_eq!(found[3]["end"], "clean");
    for format in ["text", "json", "xml"] {
        let shown = String::from_utf8(inspect(&["--format", format, "-"], &sent).stdout).unwrap();
        assert!(!shown.contains("AAAA") && !shown.contains("41 41 41"), "{shown}");
    }
}

#[test]
fn a_token_in_an_envelope_is_never_shown() {
    let envelope = "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Header><t:RelayAccessToken xmlns:t=\"urn:t\">\
        <t:BinarySecurityToken>QUFB</t:BinarySecurityToken></t:RelayAccessToken></s:Header><s:Body>QUFB is fine here</s:Body></s:Envelope>";
    let mut sent = preamble(2, "application/soap+xml; charset=utf-8");
    sized(envelope.as_bytes(), &mut sent);
    for format in ["text", "json", "xml"] {
        let shown = String::from_utf8(inspect(&["--format", format, "-"], &sent).stdout).unwrap();
        assert_eq!(shown.matches("QUFB").count(), 1, "{shown}");
        assert!(shown.contains("BinarySecurityToken>…</t:"), "{shown}");
    }
}

#[test]
fn amqp_and_tls_are_named_and_counted() {
    let found = lines(&[], b"AMQP\x03\x01\x00\x00rest");
    assert_eq!((&found[0]["record"], &found[1]["end"]), (&json!(["opaque", 12]), &json!("open")));
    assert!(text(b"AMQP\x03\x01\x00\x00rest").contains("12 bytes that are not read: AMQP 1.0.0 with SASL"));
    assert!(text(b"\x16\x03\x01\x02\x00\x01\x00").contains("TLS, a ClientHello"));
}

/// Peak memory of a running process in KiB, as the kernel counts it.
fn peak(process: u32) -> u64 {
    let status =
        std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// A quarter of a gigabyte in one session: envelopes that are decoded, and one that is too large for that, in chunks.
#[test]
fn a_long_stream_through_standard_input_takes_little_memory() {
    for format in ["json", "text"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_viaduct"))
            .args(["inspect", "--format", format, "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (out, mut input) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        let (send, ends) = mpsc::channel();
        let reader = std::thread::spawn(move || {
            let (mut envelopes, mut last) = (0, String::new());
            for line in BufReader::new(out).lines() {
                last = line.unwrap();
                envelopes += usize::from(last.contains("xxxxxxxxxx"));
            }
            send.send((envelopes, last)).unwrap();
        });
        let mut session = preamble(2, "application/soap+msbinsession1");
        sized(FIRST, &mut session);
        input.write_all(&session).unwrap();
        let mut envelopes = Vec::new();
        let long = [b"\x00\x56\x02\x0b\x01s\x04\x9b\x00\xf0".as_slice(), &[b'x'; 0xf000]].concat();
        for _ in 0..8 {
            sized(&long, &mut envelopes);
        }
        for _ in 0..16 {
            input.write_all(&envelopes).unwrap();
        }
        input.write_all(&[6, 0x80, 0x80, 0x80, 0x78]).unwrap();
        let megabyte = vec![1; 1 << 20];
        for _ in 0..240 {
            input.write_all(&megabyte).unwrap();
        }
        input.write_all(&[7]).unwrap();
        // It has not ended: its input is still open.
        let peak = peak(child.id());
        drop(input);
        assert!(child.wait().unwrap().success());
        reader.join().unwrap();
        let (envelopes, last) = ends.recv().unwrap();
        assert!(envelopes == 128 && last.contains("clean"), "{envelopes} {last}");
        assert!(peak < 96 << 10, "{format}: {peak} KiB");
    }
}
