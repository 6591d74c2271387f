//! AMQP 1.0: headers and frames, as listeners of WCF relays send them.

use viaduct::wire::amqp::{
    AmqpLimits, Body, DecodeError, FrameHead, Item, ProtocolHeader, data_section, data_section_head, decode,
    encode_empty, encode_performative, encode_sasl,
};

use super::options::{bit, options};

/// A value takes about 100 bytes of memory, whatever it takes in a frame, and there are at most 512 of them.
pub const MEMORY: usize = 2 << 20;

/// Options: limits; bit 7: the rest is a message.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([option], bytes) = options(input);
    let limits = if bit(option, 0) {
        AmqpLimits { frame: 512, depth: 4, elements: 40 }
    } else {
        AmqpLimits::default()
    };
    if bit(option, 7) {
        message(bytes, &limits);
        return;
    }
    let mut rest = bytes;
    loop {
        let answer = decode(rest, &limits);
        for len in (0..rest.len().min(24)).chain(rest.len().saturating_sub(1)..rest.len()) {
            match (decode(&rest[..len], &limits), &answer) {
                (Ok(None), _) => {}
                (Ok(Some((_, used))), Ok(Some((_, all)))) => assert_eq!(used, *all),
                // What is wrong with a header shows as many of its bytes as there are.
                (Err(DecodeError::BadHeader(_)), Err(DecodeError::BadHeader(_))) => {}
                (Err(error), Err(all)) => assert_eq!(&error, all, "{len} bytes decide otherwise"),
                (prefix, all) => panic!("{len} bytes decide otherwise: {prefix:?} {all:?}"),
            }
        }
        match answer {
            Ok(Some((item, used))) => {
                assert!(used > 0 && used <= rest.len() && used <= limits.frame as usize);
                check_item(&item, &limits);
                rest = &rest[used..];
            }
            Ok(None) => return,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                let _ = error.condition();
                return;
            }
        }
    }
}

/// What was read is written, and read again as the same.
fn check_item(item: &Item<'_>, limits: &AmqpLimits) {
    let mut bytes = Vec::new();
    let frame = match item {
        Item::Header(header) => {
            assert_eq!(ProtocolHeader::decode(&header.to_bytes()), Ok(Some(*header)));
            return;
        }
        Item::Frame(frame) => frame,
    };
    let shown = format!("{frame:?}");
    assert!(!shown.is_empty());
    match &frame.body {
        Body::Empty => encode_empty(&mut bytes),
        Body::Performative(performative, payload) => {
            encode_performative(&mut bytes, frame.channel, performative, &[payload]);
        }
        Body::Sasl(sasl) => encode_sasl(&mut bytes, sasl),
    }
    // Fields that were left out are written as null, so that it may be longer than what is taken.
    let wide = AmqpLimits { frame: u32::MAX, depth: limits.depth, elements: u32::MAX };
    let head = FrameHead::decode(&bytes, &wide).expect("a head").expect("all of it");
    assert_eq!(head.size as usize, bytes.len());
    if matches!(&frame.body, Body::Sasl(_)) && bytes.len() > 512 {
        return;
    }
    let (again, used) = decode(&bytes, &wide).expect("what is written can be read").expect("all of it");
    assert_eq!(used, bytes.len());
    let Item::Frame(again) = again else { panic!("a header") };
    let mut written = Vec::new();
    match (&frame.body, &again.body) {
        (Body::Empty, Body::Empty) => return,
        (Body::Performative(_, payload), Body::Performative(performative, payload_again)) => {
            assert_eq!((payload, again.channel), (payload_again, frame.channel));
            encode_performative(&mut written, again.channel, performative, &[payload_again]);
        }
        (Body::Sasl(_), Body::Sasl(sasl)) => encode_sasl(&mut written, sasl),
        (one, other) => panic!("{one:?} {other:?}"),
    }
    assert_eq!(written, bytes);
}

fn message(bytes: &[u8], limits: &AmqpLimits) {
    let data = data_section(bytes, limits);
    if let Ok(Some(data)) = &data {
        assert!(data.len() <= bytes.len());
        let again = [&data_section_head(data.len() as u32)[..], data].concat();
        assert_eq!(data_section(&again, limits).as_ref(), Ok(&Some(data.clone())));
    }
}
