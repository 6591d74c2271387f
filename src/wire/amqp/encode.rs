//! From frames to bytes.

use super::frame::{FRAME_HEAD, FrameHead, FrameType};
use super::{Performative, SaslFrame};

/// Appends a frame with a performative; `payload` is a transfer's, its parts one behind the other.
///
/// The caller keeps the frame below what the peer takes: see [`performative_bytes`].
pub fn encode_performative(out: &mut Vec<u8>, channel: u16, performative: &Performative, payload: &[&[u8]]) {
    frame(out, FrameType::Amqp, channel, &performative_bytes(performative), payload);
}

/// Appends a frame with a step of the SASL exchange.
pub fn encode_sasl(out: &mut Vec<u8>, sasl: &SaslFrame) {
    frame(out, FrameType::Sasl, 0, &sasl.to_bytes(), &[]);
}

/// Appends the frame that says nothing. [AMQP 2.4.5]
pub fn encode_empty(out: &mut Vec<u8>) {
    frame(out, FrameType::Amqp, 0, &[], &[]);
}

/// The encoded performative alone, as the body of a frame begins with it.
pub fn performative_bytes(performative: &Performative) -> Vec<u8> {
    serde_amqp::to_vec(performative).expect("strings, numbers and lists of them always serialise")
}

fn frame(out: &mut Vec<u8>, frame_type: FrameType, channel: u16, body: &[u8], payload: &[&[u8]]) {
    let size = FRAME_HEAD + body.len() + payload.iter().map(|part| part.len()).sum::<usize>();
    let size = u32::try_from(size).expect("the caller keeps frames below max-frame-size");
    out.reserve(size as usize);
    out.extend(FrameHead { size, doff: 2, frame_type, channel }.to_bytes());
    out.extend(body);
    for part in payload {
        out.extend(*part);
    }
}
