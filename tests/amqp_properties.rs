//! AMQP under any bytes: no panic, no length, count or depth beyond the limits, and what was decoded means the same when encoded.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::collection::vec;
use proptest::prelude::*;
use viaduct::wire::amqp::types::performatives::End;
use viaduct::wire::amqp::{
    AmqpLimits, Body, DecodeError, FRAME_HEAD, Frame, Item, Performative, data_section, decode,
    encode_performative,
};

/// Values as peers encode them, sound or with a length, a count or a code that lies.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let fixed = prop_oneof![
        Just(vec![0x40]),
        Just(vec![0x41]),
        Just(vec![0x42]),
        Just(vec![0x43]),
        Just(vec![0x44]),
        Just(vec![0x45]),
        any::<u8>().prop_map(|byte| vec![0x50, byte]),
        any::<u8>().prop_map(|byte| vec![0x52, byte]),
        any::<u8>().prop_map(|byte| vec![0x56, byte & 3]),
        any::<[u8; 2]>().prop_map(|bytes| [&[0x60][..], &bytes].concat()),
        any::<[u8; 4]>().prop_map(|bytes| [&[0x70][..], &bytes].concat()),
        any::<[u8; 8]>().prop_map(|bytes| [&[0x80][..], &bytes].concat()),
        any::<[u8; 16]>().prop_map(|bytes| [&[0x98][..], &bytes].concat()),
    ];
    let variable = (prop_oneof![Just(0xa0u8), Just(0xa1), Just(0xa3)], "[a-z:-]{0,20}", any::<bool>());
    let variable = variable.prop_map(|(code, text, wide)| {
        let len = u8::try_from(text.len()).unwrap();
        let head = if wide { vec![code | 0x10, 0, 0, 0, len] } else { vec![code, len] };
        [&head[..], text.as_bytes()].concat()
    });
    let leaf = prop_oneof![3 => fixed, 2 => variable, 1 => vec(any::<u8>(), 0..6)];
    leaf.prop_recursive(6, 60, 8, |inner| {
        let many = (vec(inner.clone(), 0..8), any::<bool>(), any::<bool>(), -1i32..2).prop_map(compound);
        let descriptor = prop_oneof![(0x10u8..0x19), (0x1du8..0x2a), Just(0x40), Just(0x75)];
        let described = (descriptor, inner).prop_map(|(code, value)| [&[0, 0x53, code][..], &value].concat());
        prop_oneof![many, described]
    })
}

/// A list or map, its count off by `lie`.
fn compound((values, map, wide, lie): (Vec<Vec<u8>>, bool, bool, i32)) -> Vec<u8> {
    let count = u32::try_from((values.len() as i32 + lie).max(0)).unwrap();
    let body = values.concat();
    let code = 0xc0 | u8::from(map);
    if wide || body.len() > 250 {
        let size = u32::try_from(body.len() + 4).unwrap();
        [&[code | 0x10][..], &size.to_be_bytes(), &count.to_be_bytes(), &body].concat()
    } else {
        [&[code, body.len() as u8 + 1, count as u8][..], &body].concat()
    }
}

/// A performative's descriptor before a list of such values.
fn performative() -> impl Strategy<Value = Vec<u8>> {
    (0x10u8..0x19, vec(value(), 0..14), any::<bool>())
        .prop_map(|(code, values, wide)| [&[0, 0x53, code][..], &compound((values, false, wide, 0))].concat())
}

fn frame(frame_type: u8, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(FRAME_HEAD + body.len()).unwrap();
    [&size.to_be_bytes()[..], &[2, frame_type, 0, 0], body].concat()
}

fn limits() -> AmqpLimits {
    AmqpLimits { frame: 4096, ..AmqpLimits::default() }
}

fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Ok(Some((item, used))) = decode(bytes, &limits()) else { return Ok(()) };
    prop_assert!(used <= bytes.len() && used <= 4096);
    let Item::Frame(frame) = item else { return Ok(()) };
    let Body::Performative(performative, payload) = frame.body else { return Ok(()) };
    let mut again = Vec::new();
    encode_performative(&mut again, frame.channel, &performative, &[payload]);
    let larger = AmqpLimits { frame: 1 << 20, elements: 1 << 16, depth: 30 };
    let (item, used) = decode(&again, &larger).unwrap().unwrap();
    prop_assert_eq!(used, again.len());
    let Item::Frame(frame) = item else { panic!("a frame was encoded") };
    let Body::Performative(second, second_payload) = frame.body else { panic!("a performative was encoded") };
    // NaN is unlike itself, so the text is compared.
    prop_assert_eq!(format!("{performative:?}"), format!("{second:?}"));
    prop_assert_eq!(payload, second_payload);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        check(&bytes)?;
        check(&frame(0, &bytes))?;
        check(&frame(1, &bytes))?;
        let _ = data_section(&bytes, &limits());
    }

    #[test]
    fn any_values_in_a_performative_are_decoded_or_refused(body in performative(), tail in vec(any::<u8>(), 0..4)) {
        check(&frame(0, &body))?;
        check(&frame(0, &[&body[..], &tail].concat()))?;
    }

    #[test]
    fn a_changed_byte_is_decoded_or_refused(body in performative(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = frame(0, &body);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        check(&bytes)?;
    }

    #[test]
    fn a_frame_is_never_decoded_before_it_is_whole(body in performative()) {
        let bytes = frame(0, &body);
        for cut in 0..bytes.len() {
            prop_assert!(matches!(decode(&bytes[..cut], &limits()), Ok(None)), "{}", cut);
        }
    }
}

#[test]
fn lengths_that_lie_cost_nothing() {
    // Each would make a decoder without a guard allocate or loop for gigabytes.
    for body in [
        &b"\x00\x53\x10\xc0\x06\x01\xb1\xff\xff\xff\xff"[..],
        b"\x00\x53\x10\xd0\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x00\x53\x10\xd0\0\0\0\x05\x7f\xff\xff\xff\x40",
        b"\x00\x53\x40\xc0\x0b\x01\xf0\0\0\0\x05\x7f\xff\xff\xff\x40",
        b"\x00\x53\x10\xc0\x06\x01\xf1\xff\xff\xff\xff",
    ] {
        let error = decode(&frame(0, body), &limits()).unwrap_err();
        assert!(matches!(error, DecodeError::ValueTooLong | DecodeError::TooManyElements(_)), "{error}");
    }
}

#[test]
fn a_performative_that_its_definition_does_not_allow_is_refused() {
    for (what, body) in [
        ("open without container", &b"\x00\x53\x10\x45"[..]),
        ("open with a number as container", b"\x00\x53\x10\xc0\x03\x01\x52\x01"),
        ("begin without windows", b"\x00\x53\x11\xc0\x04\x02\x40\x52\x01"),
        ("attach with role null", b"\x00\x53\x12\xc0\x06\x03\xa1\x01a\x43\x40"),
        (
            "disposition with a state that is none",
            b"\x00\x53\x15\xc0\x09\x05\x41\x43\x40\x41\x00\x53\x75\x45",
        ),
        ("settle mode 7", b"\x00\x53\x12\xc0\x08\x04\xa1\x01a\x43\x41\x50\x07"),
        ("text that is no UTF-8", b"\x00\x53\x10\xc0\x04\x01\xa1\x01\xff"),
        ("unknown performative", b"\x00\x53\x19\x45"),
        ("a map instead of a list", b"\x00\x53\x17\xc1\x01\x00"),
        ("a performative's name misspelt", b"\x00\xa3\x0dname:end:list\x45"),
    ] {
        match decode(&frame(0, body), &limits()) {
            Err(DecodeError::Unreadable(_)) => {}
            other => panic!("{what}: {other:?}"),
        }
    }
}

#[test]
fn a_performative_may_have_its_name_for_a_number_and_fields_that_nobody_knows() {
    for body in [&b"\x00\xa3\x0damqp:end:list\x45"[..], b"\x00\x53\x17\xc0\x03\x02\x40\x40"] {
        let bytes = frame(0, body);
        let (item, _) = decode(&bytes, &limits()).unwrap().unwrap();
        let Item::Frame(Frame { body: Body::Performative(performative, _), .. }) = item else {
            panic!("{body:?}")
        };
        assert_eq!(*performative, Performative::End(End { error: None }));
    }
}

#[test]
fn a_value_is_as_small_as_the_limits_reckon() {
    // The most that one frame makes of memory: its bytes once more, and this for each value.
    assert!(size_of::<viaduct::wire::amqp::Value>() <= 100, "{}", size_of::<viaduct::wire::amqp::Value>());
}
