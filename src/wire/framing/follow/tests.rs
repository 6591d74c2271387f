//! What may pass and what must not, follower by follower.

use super::*;
use crate::wire::follow::{FollowError, Follower, Passage};
use crate::wire::framing::FramingLimits;
use crate::wire::framing::{DecodeError, Policy, PreambleEvent, PreambleReader};

const DUPLEX: u8 = 2;
const SINGLETON: u8 = 1;
const CLEAR: &[u8] = &[0x0c];
const TLS: &[u8] = b"\x09\x13application/ssl-tls";
const NEGOTIATE: &[u8] = b"\x09\x15application/negotiate";
/// A preamble that names another path.
const OTHER: &[u8] = b"\x00\x01\x00\x01\x02\x02\x11net.tcp://h/other\x03\x08\x0c";
const ACK: &[u8] = &[0x0b];
const AGREED: &[u8] = &[0x0a];

fn pair(mode: u8, end: &[u8]) -> (InitiatorFollower, ReceiverFollower) {
    pair_with(mode, end, FramingLimits { envelope: 0, ..FramingLimits::default() })
}

fn pair_with(mode: u8, end: &[u8], limits: FramingLimits) -> (InitiatorFollower, ReceiverFollower) {
    let stream = [&[0, 1, 0, 1, mode], &b"\x02\x0dnet.tcp://h/e\x03\x08"[..], end].concat();
    let (mut reader, mut at) = (PreambleReader::new(), 0);
    loop {
        let (event, used) = reader.read(&stream[at..], &Policy::relay(limits)).unwrap().unwrap();
        at += used;
        if let PreambleEvent::Begun(session) = event {
            assert_eq!(at, stream.len());
            return followers(&session, &limits);
        }
    }
}

fn all(unseen: u64) -> Passage {
    Passage::All { unseen }
}

fn passes(follower: &mut impl Follower, bytes: &[u8]) {
    assert_eq!(follower.follow(bytes), all(0), "{bytes:02x?}");
}

fn refusal(follower: &mut impl Follower, bytes: &[u8]) -> (usize, FollowError) {
    match follower.follow(bytes) {
        Passage::Refused { at, error } => (at, error),
        other => panic!("{other:?}"),
    }
}

/// A handshake frame with a token of `size` bytes.
fn frame(kind: u8, size: u16) -> Vec<u8> {
    let [high, low] = size.to_be_bytes();
    let mut frame = vec![kind, 1, 0, high, low];
    frame.resize(5 + usize::from(size), 0xee);
    frame
}

/// A data frame of `size` protected bytes.
fn data(size: u32) -> Vec<u8> {
    let mut frame = size.to_le_bytes().to_vec();
    frame.resize(4 + size as usize, 0xdd);
    frame
}

/// A TLS record of `size` bytes.
fn tls(kind: u8, size: u16) -> Vec<u8> {
    let [high, low] = size.to_be_bytes();
    let mut record = vec![kind, 3, 3, high, low];
    record.resize(5 + usize::from(size), 0xcc);
    record
}

#[test]
fn a_payload_is_announced_and_not_shown() {
    let (mut initiator, mut receiver) = pair(DUPLEX, CLEAR);
    assert_eq!(initiator.follow(&[0x06, 0x05, 1, 2]), all(3));
    assert_eq!(initiator.follow(&[0x06, 0x80]), all(0));
    assert_eq!(initiator.follow(&[0x80, 0x04]), all(65_536));
    assert_eq!(initiator.follow(&[0x07]), Passage::Ended { at: 1 });
    assert_eq!(receiver.follow(&[0x0b, 0x06, 0xff, 0xff, 0xff, 0xff, 0x07, 1]), all(0x7fff_fffe));
}

#[test]
fn a_session_in_clear_ends_at_its_end_record() {
    let (mut initiator, mut receiver) = pair(DUPLEX, CLEAR);
    let stream = [&[0x06, 1, 0xaa, 0x07], OTHER].concat();
    assert_eq!(initiator.follow(&stream), Passage::Ended { at: 4 });
    assert_eq!(initiator.follow(OTHER), Passage::Ended { at: 0 });
    assert_eq!(receiver.follow(&[0x0b, 0x07, 0x0b]), Passage::Ended { at: 2 });
}

#[test]
fn a_streamed_session_is_followed_chunk_by_chunk() {
    let (mut initiator, mut receiver) = pair(SINGLETON, CLEAR);
    passes(&mut initiator, &[0x05, 3, 1, 2, 3]);
    assert_eq!(initiator.follow(&[0x83]), all(0));
    assert_eq!(initiator.follow(&[0x00]), all(3));
    passes(&mut initiator, &[0x00]);
    assert_eq!(initiator.follow(&[0x07, 0x00]), Passage::Ended { at: 1 });
    assert_eq!(receiver.follow(&[0x0b, 0x07]), Passage::Ended { at: 2 });
}

#[test]
fn a_preamble_without_an_end_before_it_is_refused_whole() {
    let (mut initiator, _receiver) = pair(DUPLEX, CLEAR);
    let (at, error) = refusal(&mut initiator, &[&[0x06, 1, 0xaa], OTHER].concat());
    assert_eq!(at, 3);
    assert!(matches!(error, FollowError::Framing(DecodeError::UnexpectedRecord { .. })));
    assert_eq!(refusal(&mut initiator, OTHER).0, 0);
    assert_eq!(initiator.eof(), Err(error));
}

#[test]
fn each_side_keeps_to_its_own_records() {
    let (mut initiator, mut receiver) = pair(DUPLEX, CLEAR);
    assert_eq!(refusal(&mut initiator, &[0x05]).0, 0);
    assert_eq!(refusal(&mut receiver, &[0x0a]).0, 0);
    let (mut initiator, mut receiver) = pair(SINGLETON, CLEAR);
    assert_eq!(refusal(&mut initiator, &[0x07]).0, 0);
    assert_eq!(refusal(&mut receiver, &[0x0b, 0x06, 1]).0, 1);
    let (_, mut receiver) = pair(DUPLEX, TLS);
    // The acknowledgement belongs into the layer.
    assert_eq!(refusal(&mut receiver, ACK).0, 0);
}

#[test]
fn an_envelope_over_the_limit_is_refused_by_its_size() {
    let limits = FramingLimits { envelope: 100, ..FramingLimits::default() };
    let (mut initiator, _) = pair_with(DUPLEX, CLEAR, limits);
    assert_eq!(initiator.follow(&[0x06, 100]), all(100));
    let error = DecodeError::EnvelopeTooLarge { size: 101, max: 100 };
    assert_eq!(refusal(&mut initiator, &[0x06, 101]), (0, FollowError::Framing(error)));
    let (mut initiator, _) = pair_with(SINGLETON, CLEAR, limits);
    assert_eq!(initiator.follow(&[0x05, 60]), all(60));
    let error = DecodeError::MessageTooLarge { size: 101, max: 100 };
    assert_eq!(refusal(&mut initiator, &[41]), (0, FollowError::Framing(error)));
}

#[test]
fn a_fault_passes_and_the_connection_then_closes() {
    let mut fault = Vec::new();
    super::super::encode::fault(super::super::FaultUri::ServerTooBusy, &mut fault);
    for end in [CLEAR, TLS, NEGOTIATE] {
        let (_, mut receiver) = pair(DUPLEX, end);
        passes(&mut receiver, &fault[..9]);
        passes(&mut receiver, &fault[9..]);
        assert_eq!(receiver.eof(), Ok(()));
        assert_eq!(refusal(&mut receiver, ACK).0, 0);
    }
}

#[test]
fn a_stream_may_end_between_records_and_not_inside_one() {
    let (mut initiator, mut receiver) = pair(DUPLEX, CLEAR);
    passes(&mut receiver, ACK);
    // Mono never sends End: the FIN is passed on and the initiator judges.
    assert_eq!(receiver.eof(), Ok(()));
    passes(&mut initiator, &[0x06, 1, 9]);
    assert_eq!(initiator.eof(), Ok(()));
    passes(&mut initiator, &[0x06, 0x80]);
    assert_eq!(initiator.eof(), Err(FollowError::UnexpectedEnd));
    let (mut initiator, _) = pair(SINGLETON, CLEAR);
    passes(&mut initiator, &[0x05, 1, 9]);
    assert_eq!(initiator.eof(), Err(FollowError::UnexpectedEnd));
}

#[test]
fn tls_records_pass_and_a_preamble_behind_them_does_not() {
    let (mut initiator, mut receiver) = pair(DUPLEX, TLS);
    passes(&mut initiator, &[tls(0x16, 200), tls(0x14, 1)].concat());
    assert_eq!(initiator.follow(&tls(0x17, 18_432)[..7]), all(18_430));
    assert_eq!(refusal(&mut initiator, OTHER), (0, FollowError::SecondSession));
    passes(&mut receiver, &[AGREED, &tls(0x16, 9), &tls(0x17, 0)].concat());
    assert_eq!(receiver.eof(), Ok(()));
    passes(&mut receiver, &[0x17, 3]);
    assert_eq!(receiver.eof(), Err(FollowError::UnexpectedEnd));
}

#[test]
fn of_a_preamble_behind_tls_in_the_same_read_nothing_passes() {
    let (mut initiator, _receiver) = pair(DUPLEX, TLS);
    let records = tls(0x17, 40);
    let at = records.len();
    assert_eq!(refusal(&mut initiator, &[&records, OTHER].concat()), (at, FollowError::SecondSession));
}

#[test]
fn what_is_no_tls_record_is_refused() {
    for bytes in [&[0x18, 3, 3, 0, 1][..], &[0x80, 0x2e, 1], &[0x16, 2], &[0x16, 3, 1, 0x48, 1], &[0x0c]] {
        let (mut initiator, _receiver) = pair(DUPLEX, TLS);
        assert_eq!(refusal(&mut initiator, bytes).0, 0, "{bytes:02x?}");
    }
}

/// Plays a handshake as NTLM does: two frames each way, both sides say Done.
fn handshake(initiator: &mut InitiatorFollower, receiver: &mut ReceiverFollower) {
    passes(receiver, AGREED);
    passes(initiator, &frame(0x16, 40));
    passes(receiver, &frame(0x16, 178));
    passes(initiator, &frame(0x14, 300));
    passes(receiver, &frame(0x14, 0));
}

#[test]
fn protected_data_frames_pass_and_a_preamble_behind_them_does_not() {
    let (mut initiator, mut receiver) = pair(DUPLEX, NEGOTIATE);
    handshake(&mut initiator, &mut receiver);
    passes(&mut initiator, &data(29));
    passes(&mut receiver, &data(29));
    assert_eq!(initiator.follow(&data(65_536)[..100]), all(65_440));
    assert_eq!(initiator.eof(), Ok(()));
    assert_eq!(refusal(&mut initiator, OTHER), (0, FollowError::SecondSession));
    for wrong in [&[4, 0, 0, 0][..], &[1, 0, 1, 0], &[0xff, 0xff, 0xff, 0xff]] {
        assert_eq!(refusal(&mut receiver, wrong).0, 0);
    }
}

#[test]
fn without_protection_framing_goes_on_in_clear() {
    let (mut initiator, mut receiver) = pair(DUPLEX, NEGOTIATE);
    handshake(&mut initiator, &mut receiver);
    passes(&mut initiator, &[0x0c]);
    passes(&mut receiver, ACK);
    assert_eq!(initiator.follow(&[0x06, 0x90, 0x4e, 1]), all(9_999));
    assert_eq!(receiver.follow(&[0x06, 2, 1, 2, 0x07]), Passage::Ended { at: 5 });
    let stream = [&[0x07], OTHER].concat();
    assert_eq!(initiator.follow(&stream), Passage::Ended { at: 1 });
}

#[test]
fn without_protection_an_empty_session_hides_no_other() {
    let bytes = [&[0x0c, 0x07], OTHER].concat();
    for piece in 1..=bytes.len() {
        let (mut initiator, mut receiver) = pair(DUPLEX, NEGOTIATE);
        handshake(&mut initiator, &mut receiver);
        let mut passed = 0;
        for bytes in bytes.chunks(piece) {
            match initiator.follow(bytes) {
                Passage::All { unseen } => passed += bytes.len() + unseen as usize,
                Passage::Ended { at } | Passage::Refused { at, .. } => {
                    passed += at;
                    break;
                }
            }
        }
        // At most one byte of the version record, which looks like the size of a data frame so far.
        assert!(passed <= 3, "{passed} in pieces of {piece}");
    }
}

#[test]
fn an_initiator_that_never_says_done_is_followed_by_the_receivers_word() {
    // Kerberos as .NET does it: the receiver's token completes the initiator, which sends no frame of its own any more.
    for late in [false, true] {
        let (mut initiator, mut receiver) = pair(DUPLEX, NEGOTIATE);
        passes(&mut receiver, AGREED);
        passes(&mut initiator, &frame(0x16, 1500));
        passes(&mut receiver, &frame(0x14, 120));
        if late {
            for byte in frame(0x14, 0) {
                passes(&mut initiator, &[byte]);
            }
        }
        passes(&mut initiator, &data(60));
        assert_eq!(refusal(&mut initiator, OTHER).0, 0);
    }
}

#[test]
fn data_that_look_like_a_frame_are_data_once_the_receiver_is_done() {
    let (mut initiator, mut receiver) = pair(DUPLEX, NEGOTIATE);
    passes(&mut initiator, &frame(0x16, 1500));
    passes(&mut receiver, &[AGREED, &frame(0x14, 120)].concat());
    // 0x0114 = 276: as a handshake frame this would have a token of 0x20 bytes, and a preamble would follow it.
    let mut crafted = data(0x114);
    crafted[4] = 0x20;
    crafted[4 + 1 + 0x20..][..OTHER.len()].copy_from_slice(OTHER);
    assert_eq!(initiator.follow(&crafted[..4]), all(0));
    assert_eq!(initiator.follow(&crafted[4..5]), all(275));
    assert_eq!(refusal(&mut initiator, OTHER), (0, FollowError::SecondSession));
}

#[test]
fn an_initiator_that_does_not_wait_gains_nothing() {
    // It hides a session from whoever takes its data for a second, long handshake frame: the receiver is done after the
    // first, reads one data frame of 0x0116 = 278 bytes, takes the layer off and would read the preamble behind it.
    let mut crafted = data(0x116);
    crafted[4] = 0xff;
    let attack = [frame(0x16, 40), crafted, OTHER.to_vec()].concat();
    let (mut initiator, _receiver) = pair(DUPLEX, NEGOTIATE);
    let (at, _) = refusal(&mut initiator, &attack);
    assert_eq!(at, attack.len() - OTHER.len());
    for piece in [1, 2, 3, 7, 64] {
        let (mut initiator, _receiver) = pair(DUPLEX, NEGOTIATE);
        let mut passed = 0;
        for bytes in attack.chunks(piece) {
            match initiator.follow(bytes) {
                Passage::All { unseen: 0 } => passed += bytes.len(),
                Passage::Refused { at, .. } => {
                    passed += at;
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(passed < at + 4, "pieces of {piece}");
    }
}

#[test]
fn an_initiator_that_does_not_wait_and_is_unprotected_gains_nothing_either() {
    for session in [&[0x0c, 0x07][..], &[0x0c, 0x06, 1, 0xaa, 0x07]] {
        let attack = [&frame(0x16, 0x40)[..], &frame(0x14, 0x40), session, OTHER].concat();
        let (mut initiator, _receiver) = pair(DUPLEX, NEGOTIATE);
        let (at, _) = refusal(&mut initiator, &attack);
        assert!(at <= attack.len() - OTHER.len());
        let (mut initiator, _receiver) = pair(DUPLEX, NEGOTIATE);
        let passed = attack.iter().take_while(|byte| initiator.follow(&[**byte]) == all(0)).count();
        assert!(passed <= attack.len() - OTHER.len() + 1);
    }
}

#[test]
fn a_short_session_that_does_not_wait_passes() {
    let (mut initiator, mut receiver) = pair(DUPLEX, NEGOTIATE);
    passes(&mut initiator, &[frame(0x16, 40), frame(0x14, 20), data(29), data(41)].concat());
    passes(&mut receiver, &[AGREED, &frame(0x16, 178), &frame(0x14, 0)].concat());
    passes(&mut initiator, &data(29));
    assert_eq!(refusal(&mut initiator, OTHER).0, 0);
}

#[test]
fn a_receiver_done_after_a_frame_that_was_none_stops_everything() {
    let (mut initiator, mut receiver) = pair(DUPLEX, NEGOTIATE);
    passes(&mut initiator, &[frame(0x16, 40), frame(0x14, 20)].concat());
    passes(&mut receiver, &[AGREED, &frame(0x14, 0)].concat());
    // Data began after the first frame, so the second is the beginning of a data frame of 276 bytes.
    passes(&mut initiator, &vec![1; 276 + 4 - 25]);
    assert_eq!(refusal(&mut initiator, OTHER).0, 0);
    let (mut initiator, mut receiver) = pair(DUPLEX, NEGOTIATE);
    passes(&mut receiver, &[AGREED, &frame(0x14, 0)].concat());
    assert_eq!(refusal(&mut initiator, &frame(0x16, 1)).0, 0);
}

#[test]
fn an_error_lets_the_handshake_begin_again() {
    let (mut initiator, mut receiver) = pair(DUPLEX, NEGOTIATE);
    passes(&mut receiver, AGREED);
    passes(&mut initiator, &frame(0x14, 40));
    passes(&mut receiver, &frame(0x15, 8));
    passes(&mut initiator, &frame(0x15, 8));
    passes(&mut initiator, &frame(0x16, 40));
    passes(&mut receiver, &frame(0x14, 4));
    passes(&mut initiator, &data(29));
    assert_eq!(refusal(&mut initiator, OTHER).0, 0);
}

#[test]
fn frames_without_end_and_without_answers_are_refused() {
    let (mut initiator, _receiver) = pair(DUPLEX, NEGOTIATE);
    let frames = frame(0x16, 300).repeat(3);
    passes(&mut initiator, &frames);
    let frames = frame(0x16, 1).repeat(8);
    assert!(matches!(initiator.follow(&frames), Passage::Refused { .. }));
}

#[test]
fn frames_ahead_are_counted_the_same_however_they_are_cut() {
    // Data after any but the last of these frames is impossible, which shows only once the next frame has begun.
    let frames = [frame(0x14, 0), frame(0x14, 0), frame(0x16, 0), frame(0x14, 0), frame(0x14, 0)].concat();
    let frames = [&frames[..], &[0, 0, 0x51, 0x40]].concat();
    let (mut initiator, _receiver) = pair(DUPLEX, NEGOTIATE);
    let (whole, _) = refusal(&mut initiator, &frames);
    let (mut initiator, _receiver) = pair(DUPLEX, NEGOTIATE);
    let passed = frames.iter().take_while(|byte| initiator.follow(&[**byte]) == all(0)).count();
    assert!(passed.abs_diff(whole) <= 1, "{passed} {whole}");
}
