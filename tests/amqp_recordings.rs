//! AMQP against bytes that others made: the control links in `fixtures/relay`.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

#[path = "amqp_recordings/log.rs"]
mod log;
#[path = "amqp_recordings/recordings.rs"]
mod recordings;
#[path = "amqp_recordings/replay.rs"]
mod replay;

use log::{logged, written};
use recordings::{Direction, Recording, connections, recordings};
use replay::replay;
use viaduct::relay::listener_link::GoneReason;
use viaduct::wire::amqp::{
    AmqpLimits, Body, FRAME_HEAD, Item, Value, decode, encode_empty, encode_performative, encode_sasl,
};

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
    assert_eq!(counts[&Direction::ToListener], (38, 467, 259));
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

#[test]
fn every_recorded_listener_reaches_the_end_that_it_reached_against_the_toy_relay() {
    let mut ends = BTreeMap::new();
    for [listener, toy] in connections() {
        let name = listener.name;
        let replay = replay(&listener.bytes, &toy.bytes);
        assert_eq!(replay.said, replay.toy_said, "{name}");
        let end = match replay.gone.as_ref().expect("every link is gone at last") {
            GoneReason::Refused(error) => format!("refused, {}", error.condition),
            GoneReason::SentAway(Some(error)) => format!("sent away, {}", error.condition),
            GoneReason::Detached(None) => "detached".to_owned(),
            GoneReason::Disconnected => "disconnected".to_owned(),
            other => panic!("{name}: {other:?}"),
        };
        let deliveries = replay.events.iter().filter(|event| event.starts_with("accepted")).count();
        let renewals = replay.events.iter().filter(|event| *event == "renewed").count();
        let is_online = replay.events.iter().any(|event| event == "online");
        let end = format!(
            "{}{end}{}",
            if is_online { "online, " } else { "" },
            if replay.finished { ", closed" } else { "" }
        );
        *ends.entry((end, deliveries, renewals)).or_insert(0) += 1;
    }
    let ends: Vec<_> =
        ends.iter().map(|((end, sent, renewed), count)| (end.as_str(), *sent, *renewed, *count)).collect();
    // End, messages accepted, tokens renewed, recordings of it. Those that end disconnected were stopped while they were online, or
    // fell back to another port after SASL.
    let expected = [
        ("disconnected", 0, 0, 4),
        ("online, detached, closed", 0, 0, 10),
        ("online, detached, closed", 0, 2, 1),
        ("online, detached, closed", 2, 0, 4),
        ("online, detached, closed", 3, 0, 1),
        ("online, disconnected", 0, 0, 1),
        ("online, disconnected", 1, 0, 11),
        ("online, disconnected", 2, 0, 1),
        // 2.4.2 leaves the connection open when it was sent away.
        ("online, sent away, amqp:connection:forced", 0, 0, 1),
        ("online, sent away, amqp:connection:forced, closed", 0, 0, 2),
        ("online, sent away, com.microsoft:auth-failed, closed", 0, 0, 1),
        ("refused, com.microsoft:relay-not-found, closed", 0, 0, 1),
    ];
    assert_eq!(ends, expected);
}

#[test]
fn another_decoder_read_the_same_in_every_performative() {
    let mut compared = 0;
    for [listener, _] in connections() {
        let logged = logged(&listener.name);
        let mut read = Vec::new();
        pieces(&listener.bytes, |item, original, _| {
            if matches!(item, Item::Frame(frame) if !matches!(frame.body, Body::Empty)) {
                // The value as such: its type leaves nulls and defaults out.
                let value: Value = serde_amqp::from_slice(&original[FRAME_HEAD..]).unwrap();
                read.push(written(&value));
            }
        });
        if !logged.is_empty() {
            assert_eq!(read, logged, "{}", listener.name);
            compared += read.len();
        }
    }
    assert_eq!(compared, 292);
}
