//! What a large entity costs in memory, each way. Alone in its process, because it looks at the memory of the whole process.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(target_os = "linux")]

use viaduct::bridge::http_binding::{
    BindingLimits, HttpScheme, Reply, ReplyPart, ReplyTerms, Request, Terms, XmlBody,
};
use viaduct::entity::RelayPath;
use viaduct::wire::framing::encode;

/// Bytes of an entity.
const TOTAL: usize = 256 << 20;

/// Bytes of a read.
const PIECE: usize = 64 << 10;

/// KiB that a translator may hold, the buffers of the reads on both sides included.
const ALLOWED_KIB: u64 = 1 << 10;

/// Resident memory of this process in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Carries `total` bytes and watches the memory. The first mebibyte pays for code and for the buffers of the allocator.
fn watched(total: usize, mut carry: impl FnMut()) {
    let mut before = None;
    for carried in (0..total).step_by(PIECE) {
        carry();
        if carried == 1 << 20 {
            before = Some(resident());
        }
        if carried % (8 << 20) == 0
            && let Some(before) = before
        {
            let now = resident();
            assert!(now < before + ALLOWED_KIB, "{before} KiB have become {now} KiB after {carried} bytes");
        }
    }
}

fn request(content_type: &str, first: &str, piece: &[u8], last: &str, total: usize) -> usize {
    let head = http::Request::post("/web").header("content-type", content_type).body(()).unwrap();
    let terms = Terms {
        via: "sb://contoso.example.net/web".to_owned(),
        host: "contoso.example.net".to_owned(),
        path: RelayPath::parse("/web").unwrap(),
        scheme: HttpScheme::Https,
        xml: XmlBody::Element,
        limits: BindingLimits::default(),
    };
    let mut request = Request::new(&head.into_parts().0, terms).unwrap();
    let (mut out, mut sent) = (Vec::new(), 0);
    request.push(first.as_bytes(), &mut out).unwrap();
    watched(total, || {
        request.push(piece, &mut out).unwrap();
        sent += out.len();
        out.clear();
    });
    request.push(last.as_bytes(), &mut out).unwrap();
    request.finish(&mut out).unwrap();
    sent + out.len()
}

// One test, so that nothing else runs in this process.
#[test]
fn two_hundred_and_fifty_six_mebibytes_pass_each_way_in_less_than_one() {
    let octets = vec![0xa5; PIECE];
    assert!(request("application/octet-stream", "", &octets, "", TOTAL) > TOTAL);
    // A reader looks at each character of these, so they are shorter.
    let text = "text and <b>more</b> text.\n".repeat(PIECE / 27);
    let soap = "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><a>";
    request("application/soap+xml", soap, text.as_bytes(), "</a></s:Body></s:Envelope>", TOTAL / 8);
    request("text/xml; charset=iso-8859-1", "<a>", text.as_bytes(), "</a>", TOTAL / 8);
    request("application/json", "[\"", "x y z 1 2 3\\n ".repeat(PIECE / 14).as_bytes(), "\"]", TOTAL / 8);

    assert_eq!(octets_of_a_reply(&octets[1..], TOTAL), TOTAL / PIECE * (PIECE - 1));
}

/// Carries a reply of octets in records of these bytes, and says how many came out.
fn octets_of_a_reply(octets: &[u8], total: usize) -> usize {
    let mut reply = Reply::new(ReplyTerms { wants_body: true, limits: BindingLimits::default() });
    let mut parts = Vec::new();
    let mut envelope = b"\x56\x02\x0b\x01s\x04\x56\x08\x40\x0aBodyFormat\x08\x40".to_vec();
    envelope.extend_from_slice(b"http://schemas.microsoft.com/netservices/2009/05/servicebus/body");
    envelope.extend_from_slice(b"\x99\x03Raw\x01\x56\x0e\x40\x06Binary");
    reply.push(b"\x0b\x05", &mut parts).unwrap();
    reply.push(&chunk(&envelope), &mut parts).unwrap();
    let size = u16::try_from(octets.len()).unwrap();
    let record = chunk(&[&[0xa0][..], &size.to_le_bytes(), octets].concat());
    let mut received = 0;
    watched(total, || {
        reply.push(&record, &mut parts).unwrap();
        for part in parts.drain(..) {
            if let ReplyPart::Body(data) = part {
                received += data.len();
            }
        }
    });
    reply.push(&chunk(&[0x01; 3]), &mut parts).unwrap();
    reply.push(b"\x00\x07", &mut parts).unwrap();
    assert!(reply.is_ended());
    received
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut framed = Vec::new();
    encode::chunk_size(u32::try_from(bytes.len()).unwrap(), &mut framed);
    framed.extend_from_slice(bytes);
    framed
}
