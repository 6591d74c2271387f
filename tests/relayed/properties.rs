//! Any bytes, and recorded ones that were damaged.

use std::sync::LazyLock;

use proptest::prelude::*;
use viaduct::wire::binxml::Dictionaries;
use viaduct::wire::relayed::{
    Delivered, Invitation, MAX_MESSAGE, OnewayReader, OnewayRequest, Preamble, RelayedRequest,
    decode_message, read_answer,
};

use super::oneway::envelopes;
use super::recorded::{amqp_data, connection};

/// Recorded messages of every kind: without a session, and with one.
static MESSAGES: LazyLock<[Vec<Vec<u8>>; 2]> = LazyLock::new(messages);

fn messages() -> [Vec<Vec<u8>>; 2] {
    let sender = connection("v2.7.5/e2e-nettcp 003-9352");
    let listener = connection("v2.7.5/e2e-nettcp 004-9352");
    let fault = connection("v2.4.2/fault-nettcp-v2.4.2 001-9352");
    let mut plain = Vec::new();
    for stream in [&sender.sent, &listener.sent] {
        let (_, size) = Preamble::decode(stream).unwrap().unwrap();
        plain.push(decode_message(&stream[size..]).unwrap().unwrap().0.to_vec());
    }
    for stream in [&sender.received, &fault.received] {
        plain.push(decode_message(stream).unwrap().unwrap().0.to_vec());
    }
    let delivered = amqp_data(&connection("v2.7.5/e2e-nettcp 001-5671").received);
    plain.extend(delivered.iter().map(|data| Delivered::decode(data, Dictionaries::STATIC).unwrap().message));
    plain.extend(delivered);
    let oneway = connection("v2.7.5/e2e-oneway 003-9351");
    let listen = connection("v1.6.0/e2e-nettcp-v16 002-9351");
    let session = [oneway, listen].iter().flat_map(|one| envelopes(&one.sent, &[])[0].clone()).collect();
    [plain, session]
}

fn read_all(message: &[u8]) {
    let _ = RelayedRequest::decode(message);
    let _ = read_answer(message, Dictionaries::STATIC);
    let _ = Delivered::decode(message, Dictionaries::STATIC);
    let _ = Invitation::decode(message);
}

/// A message with a few bytes changed, left out or put in.
fn damaged(mut message: Vec<u8>, damage: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    for (at, how, byte) in damage {
        if message.is_empty() {
            break;
        }
        let at = at.index(message.len());
        match how % 3 {
            0 => message[at] = *byte,
            1 => {
                message.remove(at);
            }
            _ => message.insert(at, *byte),
        }
    }
    message
}

fn damage() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn damaged_messages_never_panic(which in any::<prop::sample::Index>(), damage in damage()) {
        let [plain, session] = &*MESSAGES;
        read_all(&damaged(which.get(plain).clone(), &damage));
        let mut reader = OnewayReader::new();
        let hit = which.index(session.len());
        for (number, envelope) in session.iter().enumerate() {
            let envelope = if number == hit { damaged(envelope.clone(), &damage) } else { envelope.clone() };
            match reader.read(&envelope) {
                Ok(OnewayRequest::Send(message)) => prop_assert!(message.message.len() <= MAX_MESSAGE),
                Ok(_) => {}
                Err(refused) if refused.error.ends_session() => break,
                Err(_) => {}
            }
        }
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_all(&bytes);
        let _ = OnewayReader::new().read(&bytes);
        let _ = Preamble::decode(&bytes);
        let _ = decode_message(&bytes);
    }

    /// More bytes never change what was read, and fewer never make an error of it.
    #[test]
    fn a_stream_is_read_the_same_however_it_is_cut(
        bytes in prop::collection::vec(prop_oneof![Just(0), Just(1), Just(5), Just(7), any::<u8>()], 0..64),
        prefix in prop::sample::select(vec![
            &b""[..], b"\x07\0\0\0connect", b"\x07\0\0\0connect\x04\0\0\0sb:/", b"\x05\0\0\0probe",
        ]),
    ) {
        let stream = [prefix, &bytes].concat();
        let mut first = None;
        for end in 0..=stream.len() {
            let answer = Preamble::decode(&stream[..end]);
            match (&first, answer) {
                (None, Ok(None)) => {}
                (None, answer) => first = Some(answer),
                (Some(first), answer) => prop_assert_eq!(first, &answer),
            }
        }
    }
}
