//! Control frames, RFC 6455 5.5.

use super::{FrameHead, MaskKeys, OpCode, Role, apply_mask};

/// Appends a control frame to `out`, masked where we are the client.
pub fn push_control(out: &mut Vec<u8>, role: Role, keys: &mut MaskKeys, opcode: OpCode, payload: &[u8]) {
    let mask = (role == Role::Client).then(|| keys.next_key());
    let head = FrameHead { fin: true, opcode, mask, len: payload.len() as u64 };
    let start = out.len();
    out.resize(start + head.encoded_len(), 0);
    head.encode(&mut out[start..]);
    let start = out.len();
    out.extend_from_slice(payload);
    if let Some(key) = mask {
        apply_mask(&mut out[start..], key);
    }
}
