//! Frames that can go out as one.

use super::{FrameDialect, FrameHead, Merged, OpCode, Role, decode};

/// Looks which frames behind a first one lie whole in the buffer and can go out with it as one. Each head is looked at twice at most.
pub(super) fn merge(first: FrameHead, rest: &[u8], role: Role, to: FrameDialect) -> Option<Merged> {
    let largest = to.largest_frame as u64;
    let mut merged = Merged { len: first.len, fin: first.fin };
    let mut at = usize::try_from(first.len).ok()?;
    let mut count = 1;
    while !(merged.fin && to.borders) && at < rest.len() {
        // What is wrong with it is said when its turn comes.
        let Ok(Some((head, size))) = decode(&rest[at..], role) else {
            break;
        };
        let whole = head.len <= (rest.len() - at - size) as u64;
        if head.opcode.is_control() || !whole || merged.len + head.len > largest {
            break;
        }
        if (head.opcode == OpCode::Continuation) == merged.fin {
            break;
        }
        merged.len += head.len;
        merged.fin = head.fin;
        at += size + head.len as usize;
        count += 1;
    }
    (count > 1).then_some(merged)
}
