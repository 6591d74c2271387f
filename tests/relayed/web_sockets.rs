//! What the library said over WebSockets.

use std::collections::BTreeMap;

use viaduct::wire::binxml::Dictionaries;
use viaduct::wire::relayed::{
    Answer, RelayedRequest, SubProtocol, decode_message, is_websocket_path, read_answer, upgrade_headers,
};
use viaduct::wire::websocket::{FrameDialect, MaskKeys, OpCode, Pause, Reframer};

use super::recorded::{binary, connections, frames, head, header};
use super::rendezvous::request;

#[test]
fn every_upgrade_is_told_and_answered_as_it_was() {
    let (mut upgrades, mut refused) = (BTreeMap::new(), 0);
    for recorded in connections("-443").iter().chain(&connections("-443-tls")) {
        if !recorded.sent.starts_with(b"GET /$servicebus") {
            continue;
        }
        let name = &recorded.name;
        let (asked, _) = head(&recorded.sent);
        let path = asked.split(' ').nth(1).unwrap();
        assert!(is_websocket_path(path), "{name}: {path}");
        let protocol = SubProtocol::choose(header(asked, "Sec-WebSocket-Protocol").unwrap()).unwrap();
        let (answered, _) = head(&recorded.received);
        if !answered.starts_with("HTTP/1.1 101") {
            refused += 1;
            continue;
        }
        let accept = header(answered, "Sec-WebSocket-Accept").unwrap();
        let mut own = "HTTP/1.1 101 Switching Protocols\r\n".to_owned();
        for (header, value) in upgrade_headers(protocol, accept) {
            own.push_str(&format!("{header}: {value}\r\n"));
        }
        assert_eq!(own + "\r\n", answered, "{name}");
        *upgrades.entry(protocol.name()).or_insert(0) += 1;
    }
    assert_eq!(upgrades, [("wsrelayedamqp", 6), ("wsrelayedconnection", 9)].into());
    assert_eq!(refused, 1);
}

#[test]
fn every_rendezvous_over_a_websocket_is_read_frame_by_frame() {
    let (mut connects, mut accepts, mut dropped) = (0, 0, 0);
    for recorded in connections("-443") {
        let name = &recorded.name;
        if !recorded.sent.starts_with(b"GET /$servicebus") {
            continue;
        }
        let (asked, sent) = head(&recorded.sent);
        let (answered, received) = head(&recorded.received);
        if !asked.contains("wsrelayedconnection") || !answered.contains("101") {
            continue;
        }
        let sent = frames(sent);
        if sent.is_empty() {
            // The client only tried whether there is a way.
            dropped += 1;
            continue;
        }
        for frame in &sent {
            assert!(frame.head.fin && frame.head.mask == Some([0; 4]), "{name}");
        }
        let stream = binary(&sent);
        let (message, size) = decode_message(&stream).unwrap().unwrap();
        assert_eq!((sent[0].payload.len(), sent[1].payload.len()), (4, size - 4), "{name}");
        match request(message, name) {
            RelayedRequest::Connect(_) => connects += 1,
            RelayedRequest::Accept(_) => accepts += 1,
        }
        let received = frames(received);
        let (answer, size) = {
            let stream = binary(&received);
            let (message, size) = decode_message(&stream).unwrap().unwrap();
            (read_answer(message, Dictionaries::STATIC).unwrap(), size)
        };
        assert!(matches!(answer, Answer::Accepted { .. }), "{name}");
        // The relay's two frames, and to the sender the service's acknowledgement in one of its own.
        assert_eq!((received[0].payload.len(), received[1].payload.len()), (4, size - 4), "{name}");
        if received[2].payload[0] == 0x0b {
            let answers = SubProtocol::Connection.dialect().with_first_byte_alone();
            let sent = run(None, Some(answers), &binary(&received[2..]));
            assert_eq!(frames(&sent)[0].payload, received[2].payload, "{name}");
        }
    }
    assert_eq!((connects, accepts, dropped), (2, 2, 5));
}

/// Frames of a client come out as one stream of bytes whatever its mask, and a stream of bytes goes to a client in frames
/// that it can take.
#[test]
fn the_dialect_takes_masks_of_zeros_and_makes_small_whole_frames() {
    let dialect = SubProtocol::Connection.dialect();
    let recorded = connections("004-443").into_iter().find(|one| one.name.contains("ws-nettcp")).unwrap();
    let (_, sent) = head(&recorded.sent);
    let expected = binary(&frames(sent));
    let clear = run(Some(dialect), None, sent);
    assert!(clear == expected);

    let stream: Vec<u8> = (0..100_000_u32).map(|number| number as u8).collect();
    let framed = run(None, Some(dialect), &stream);
    let out = frames(&framed);
    assert!(out.len() >= 100_000 / 8192);
    for frame in &out {
        assert!(frame.head.fin && frame.head.mask.is_none() && frame.head.opcode == OpCode::Binary);
        assert!((1..=8192).contains(&frame.head.len));
    }
    assert!(binary(&out) == stream);
}

/// Pushes a stream through a splice's direction.
fn run(from: Option<FrameDialect>, to: Option<FrameDialect>, stream: &[u8]) -> Vec<u8> {
    use viaduct::wire::websocket::HEADROOM;
    let mut reframer = Reframer::new(from, to, MaskKeys::new(7));
    let mut out = Vec::new();
    for part in stream.chunks(30_000) {
        let mut buffer = vec![0; HEADROOM + part.len()];
        buffer[HEADROOM..].copy_from_slice(part);
        let mut input = HEADROOM..buffer.len();
        loop {
            let step = reframer.reframe(&mut buffer, input, Pause::No);
            out.extend_from_slice(&buffer[step.output]);
            assert_eq!(step.event, None);
            if step.rest.is_empty() {
                break;
            }
            input = step.rest;
        }
    }
    out
}
