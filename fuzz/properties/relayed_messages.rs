//! What the bindings of WCF Relay and their relay say to each other: protocols B and C, what a listener gets, web streams.

use viaduct::wire::binxml::{Dictionaries, Ids, OutgoingTable};
use viaduct::wire::relayed::web_stream::{FrameDecoder, StreamChunk, encode_frames};
use viaduct::wire::relayed::{
    Answer, Delivered, Invitation, OnewayReader, OnewayRequest, OnewaySend, Preamble, RelayedRequest,
    decode_message, message_prefix, read_answer, read_text_message,
};
use viaduct::wire::xml::XmlLimits;

use super::cut::cut;
use super::envelopes::envelopes;
use super::options::options;

/// Messages of the relay have at most 64 KiB and narrow limits.
pub const MEMORY: usize = 8 << 20;

/// Options: what the rest is, two sizes of pieces.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([kind, first, second], bytes) = options(input);
    match kind % 8 {
        0 => preamble(bytes),
        1 => request(bytes),
        2 => session(bytes),
        3 => delivered(bytes),
        4 => invitation(bytes),
        5 => answer(bytes),
        6 => web_stream(bytes, [first, second]),
        _ => text(bytes),
    }
}

fn preamble(bytes: &[u8]) {
    let answer = Preamble::decode(bytes);
    for len in 0..bytes.len().min(40) {
        match Preamble::decode(&bytes[..len]) {
            Ok(None) => {}
            decided => assert_eq!(decided, answer, "{len} bytes decide otherwise"),
        }
    }
    if let Ok(Some((preamble, used))) = answer {
        assert!(used <= bytes.len() && used <= Preamble::MAX);
        let mut encoded = Vec::new();
        preamble.encode(&mut encoded);
        assert_eq!(encoded, bytes[..used]);
    }
    if let Ok(Some((message, used))) = decode_message(bytes) {
        let prefix = message_prefix(message).expect("it was read");
        assert_eq!([&prefix[..], message].concat(), bytes[..used]);
    }
}

fn request(bytes: &[u8]) {
    let request = match RelayedRequest::decode(bytes) {
        Ok(request) => request,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    match request {
        RelayedRequest::Accept(accept) => {
            let Ok(RelayedRequest::Accept(again)) =
                RelayedRequest::decode(&accept.encode().expect("it fits"))
            else {
                panic!("{accept:?}")
            };
            assert_eq!(again, accept);
        }
        RelayedRequest::Connect(connect) => {
            let encoded = connect.encode().expect("it fits");
            // A longer form may be more than is taken.
            if let Ok(RelayedRequest::Connect(again)) = RelayedRequest::decode(&encoded) {
                assert_eq!((&again.uri, &again.tracking_id), (&connect.uri, &connect.tracking_id));
                assert_eq!(again.token.is_some(), connect.token.is_some());
                assert_eq!(again.encode(), Ok(encoded));
            }
        }
    }
}

fn session(bytes: &[u8]) {
    let mut reader = OnewayReader::new();
    let mut lost = false;
    for envelope in envelopes(bytes) {
        match reader.read(envelope) {
            Ok(OnewayRequest::Connect(connect)) => {
                assert!(!lost);
                again(&connect.encode(Ids::Session(&mut OutgoingTable::default())).expect("it fits"));
            }
            Ok(OnewayRequest::Ping(ping)) => {
                again(&ping.encode(Ids::Session(&mut OutgoingTable::default())).expect("it fits"));
            }
            Ok(OnewayRequest::Listen(listen)) => {
                let _ = listen.encode(Ids::Session(&mut OutgoingTable::default())).expect("it fits");
            }
            Ok(OnewayRequest::Send(message)) => {
                assert!(!message.message.is_empty());
                let envelope = OnewaySend { relay_via: "sb://h/p", message_id: "1", to: "sb://h/p" };
                let wrapped = envelope.encode(&message.message).expect("it fits");
                let delivered =
                    Delivered::decode(&wrapped, Dictionaries::STATIC).expect("it was just written");
                assert_eq!(delivered.message, message.message);
                assert_eq!((delivered.relay_via.as_deref(), &*delivered.to), (Some("sb://h/p"), "sb://h/p"));
            }
            Err(refused) => {
                assert!(!refused.to_string().is_empty());
                lost |= refused.error.ends_session();
            }
        }
    }
}

/// What was written begins a session in which it is read.
fn again(message: &[u8]) {
    if let Err(refused) = OnewayReader::new().read(message) {
        assert!(!refused.error.ends_session(), "{refused}");
    }
}

fn delivered(bytes: &[u8]) {
    let Ok(read) = Delivered::decode(bytes, Dictionaries::STATIC) else { return };
    assert!(!read.message.is_empty() && read.message.len() <= bytes.len());
    let envelope = OnewaySend {
        relay_via: read.relay_via.as_deref().unwrap_or("sb://h"),
        message_id: read.message_id.as_deref().unwrap_or("1"),
        to: &read.to,
    };
    let encoded = envelope.encode(&read.message).expect("it fits");
    let again = Delivered::decode(&encoded, Dictionaries::STATIC).expect("what is written can be read");
    assert_eq!((again.message, again.to), (read.message, read.to));
}

fn invitation(bytes: &[u8]) {
    let Ok(invitation) = Invitation::decode(bytes) else { return };
    let encoded = invitation.encode().expect("it fits");
    assert_eq!(Invitation::decode(&encoded), Ok(invitation));
}

fn answer(bytes: &[u8]) {
    match read_answer(bytes, Dictionaries::STATIC) {
        Ok(Answer::Accepted { action, .. }) => assert!(action.len() <= bytes.len()),
        Ok(Answer::Redirect { uri, .. }) => assert!(uri.len() <= bytes.len()),
        Ok(Answer::Fault { .. }) => {}
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The payload of frames is the same however they are cut, and comes back from frames.
fn web_stream(bytes: &[u8], sizes: [u8; 2]) {
    let whole = chunks([bytes].into_iter());
    assert_eq!(whole, chunks(cut(bytes, sizes)));
    let mut frames = Vec::new();
    encode_frames(bytes, &mut frames);
    let (payload, _, between) = chunks(cut(&frames, sizes));
    assert_eq!((&payload[..], between), (bytes, true));
}

/// The payload, whether the stream ended, and whether it rests between two frames.
fn chunks<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, Vec<String>, bool) {
    let (mut decoder, mut payload, mut others) = (FrameDecoder::new(), Vec::new(), Vec::new());
    for mut piece in pieces {
        while let Some((chunk, rest)) = decoder.next(piece) {
            assert!(rest.len() <= piece.len());
            match chunk {
                StreamChunk::Payload(bytes) => payload.extend_from_slice(bytes),
                other => others.push(format!("{} {other:?}", payload.len())),
            }
            piece = rest;
        }
    }
    (payload, others, decoder.between_frames())
}

fn text(bytes: &[u8]) {
    match read_text_message(bytes, XmlLimits::default()) {
        Ok(message) => assert!(!message.message.is_empty()),
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
}
