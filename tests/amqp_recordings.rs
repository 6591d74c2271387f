//! AMQP against bytes that others made: the control links in `fixtures/relay`.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

#[path = "amqp_recordings/recordings.rs"]
mod recordings;

use recordings::{Direction, Recording, recordings};
use viaduct::wire::amqp::{AmqpLimits, Body, Item, decode, encode_empty, encode_performative, encode_sasl};

/// Takes a stream apart and gives each piece, with what our encoder makes of it, to `look`.
fn pieces(stream: &[u8], mut look: impl FnMut(&Item<'_>, &[u8], Vec<u8>)) {
    let limits = AmqpLimits::default();
    let mut at = 0;
    while at < stream.len() {
        let (item, used) =
            decode(&stream[at..], &limits).unwrap().expect("the recording ends between frames");
        let mut again = Vec::new();
        match &item {
            Item::Header(header) => again.extend(header.to_bytes()),
            Item::Frame(frame) => match &frame.body {
                Body::Empty => encode_empty(&mut again),
                Body::Performative(performative, payload) => {
                    encode_performative(&mut again, frame.channel, performative, &[payload]);
                }
                Body::Sasl(sasl) => encode_sasl(&mut again, sasl),
            },
        }
        look(&item, &stream[at..at + used], again);
        at += used;
    }
}

/// The performative and payload that `bytes` hold.
fn meaning(bytes: &[u8]) -> (String, Vec<u8>) {
    let (item, used) = decode(bytes, &AmqpLimits::default()).unwrap().unwrap();
    assert_eq!(used, bytes.len());
    match item {
        Item::Header(header) => (format!("{header:?}"), Vec::new()),
        Item::Frame(frame) => match frame.body {
            Body::Empty => (String::new(), Vec::new()),
            // The performative itself, not our `Debug`, which hides it.
            Body::Performative(performative, payload) => (format!("{performative:?}"), payload.to_vec()),
            Body::Sasl(sasl) => {
                let mut bytes = Vec::new();
                encode_sasl(&mut bytes, &sasl);
                (String::new(), bytes)
            }
        },
    }
}

#[test]
fn every_recorded_control_link_decodes_whole_and_means_the_same_when_encoded_again() {
    // Streams, headers and frames, and how many of these our encoder writes to the byte, by direction.
    let mut counts = BTreeMap::new();
    for Recording { name, direction, bytes } in recordings() {
        let (streams, pieces_of, identical) = counts.entry(direction).or_insert((0, 0, 0));
        pieces(&bytes, |_, original, again| {
            assert_eq!(meaning(original), meaning(&again), "{name}");
            *pieces_of += 1;
            *identical += usize::from(original == again);
        });
        *streams += 1;
    }
    // The library of the recordings writes every trailing null, and numbers below 256 in one byte; the toy relay leaves nulls out
    // and writes all numbers in four bytes; our encoder does the shorter of both.
    assert_eq!(counts[&Direction::ToRelay], (38, 384, 71));
    assert_eq!(counts[&Direction::ToListener], (34, 346, 63));
}

#[test]
fn a_recorded_stream_decodes_the_same_however_it_is_cut() {
    let limits = AmqpLimits::default();
    for Recording { name, bytes, .. } in recordings() {
        let mut at = 0;
        while at < bytes.len() {
            let (_, used) = decode(&bytes[at..], &limits).unwrap().unwrap();
            for cut in 0..used {
                assert!(decode(&bytes[at..at + cut], &limits).unwrap().is_none(), "{name}: {at} + {cut}");
            }
            at += used;
        }
    }
}
