//! Who waits for whom where nobody noted the order: the rules of the protocol say it.

use super::events::Happened;
use super::messages::{Messages, Sender};
use super::recording::Recording;
use super::via::anything;
use crate::inspect::Direction;
use crate::inspect::scrub::Protocol;
use crate::wire::framing::{InitiatorDecoder, Mode, Piece, ReceiverDecoder, Record};

/// A likely order: a preamble and its answer, then a message and its answer in turns where there are as many of both, else all that one side sends
/// and then all that the other does. HTTP: a request and its response.
pub(super) fn turns(recording: &Recording) -> Vec<(Direction, Happened)> {
    let (asked, answered) = match recording.protocol() {
        Protocol::NetTcp => {
            let (asked, modes) = initiator(&recording.c2s);
            (asked, receiver(&recording.s2c, &modes))
        }
        Protocol::Http => {
            let requests = Messages::of(Sender::Client, &recording.c2s, &[]);
            let responses = Messages::of(Sender::Server, &recording.s2c, &requests.methods);
            (requests.ends, responses.ends)
        }
    };
    let paired =
        if asked.len() == answered.len() { asked.len() } else { asked.len().min(answered.len()).min(1) };
    let pairs = asked.iter().zip(&answered).take(paired);
    pairs
        .flat_map(|(asked, answered)| {
            [(Direction::InitiatorToReceiver, *asked), (Direction::ReceiverToInitiator, *answered)]
        })
        .map(|(direction, end)| (direction, Happened::Bytes { end }))
        .collect()
}

/// Where each preamble and each envelope of an initiator ends, and the modes of its sessions.
fn initiator(sent: &[u8]) -> (Vec<usize>, Vec<Mode>) {
    let (mut ends, mut modes, mut at, mut is_sized) = (Vec::new(), Vec::new(), 0, false);
    let mut decoder = InitiatorDecoder::new(anything());
    while let Ok(Some((piece, used))) = decoder.next(&sent[at..]) {
        at += used;
        match piece {
            Piece::Record(Record::Mode(mode)) => modes.push(mode),
            Piece::Record(Record::SizedEnvelope { .. }) => is_sized = true,
            Piece::Record(Record::UnsizedEnvelope) => is_sized = false,
            Piece::Record(Record::PreambleEnd | Record::UpgradeRequest(_)) | Piece::Terminator => {
                ends.push(at)
            }
            Piece::Payload { last: true, .. } if is_sized => ends.push(at),
            _ => {}
        }
    }
    (ends, modes)
}

/// Where each answer of a receiver ends.
fn receiver(sent: &[u8], modes: &[Mode]) -> Vec<usize> {
    let (mut ends, mut at, mut is_sized, mut session) = (Vec::new(), 0, false, 0);
    let mode = |session: usize| modes.get(session).or(modes.last()).copied().unwrap_or(Mode::Duplex);
    let mut decoder = ReceiverDecoder::new(mode(0), anything().limits);
    decoder.set_next_mode(mode(1));
    while let Ok(Some((piece, used))) = decoder.next(&sent[at..]) {
        at += used;
        match piece {
            Piece::Record(Record::End) => {
                session += 1;
                decoder.set_next_mode(mode(session + 1));
            }
            Piece::Record(Record::SizedEnvelope { .. }) => is_sized = true,
            Piece::Record(Record::UnsizedEnvelope) => is_sized = false,
            Piece::Record(Record::PreambleAck | Record::UpgradeResponse | Record::Fault(_))
            | Piece::Terminator => ends.push(at),
            Piece::Payload { last: true, .. } if is_sized => ends.push(at),
            _ => {}
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(recording: &Recording) -> Vec<(&'static str, usize)> {
        let order = recording.order().into_iter();
        let bytes = order.filter_map(|(direction, happened)| match happened {
            Happened::Bytes { end } => Some((direction.file_name(), end)),
            _ => None,
        });
        bytes.collect()
    }

    #[test]
    fn a_duplex_session_goes_in_turns() {
        let recording = Recording {
            c2s: b"\0\x01\0\x01\x02\x02\rnet.tcp://h/e\x03\x08\x0c\x06\x02\0a\x06\x01b\x07".to_vec(),
            s2c: b"\x0b\x06\x03abc\x06\x01d\x07".to_vec(),
            ..Recording::default()
        };
        assert_eq!(
            ends(&recording),
            [("c2s", 23), ("s2c", 1), ("c2s", 27), ("s2c", 6), ("c2s", 30), ("s2c", 9)]
        );
    }

    #[test]
    fn without_as_many_answers_only_the_preamble_is_a_turn() {
        let recording = Recording {
            c2s: b"\0\x01\0\x01\x02\x02\rnet.tcp://h/e\x03\x08\x0c\x06\x02\0a\x07".to_vec(),
            s2c: b"\x0b".to_vec(),
            ..Recording::default()
        };
        assert_eq!(ends(&recording), [("c2s", 23), ("s2c", 1)]);
    }

    #[test]
    fn http_goes_request_by_request() {
        let recording = Recording {
            c2s: b"GET /a HTTP/1.1\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi".to_vec(),
            s2c: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP/1.1 204 No\r\n\r\n".to_vec(),
            ..Recording::default()
        };
        let (first, all) = (19, recording.c2s.len());
        let answered = recording.s2c.len();
        assert_eq!(
            ends(&recording),
            [("c2s", first), ("s2c", answered - 19), ("c2s", all), ("s2c", answered)]
        );
    }
}
