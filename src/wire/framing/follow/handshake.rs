//! Handshake frames of NegotiateStream, [MS-NNS] 2.2.1, and whose turn it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::wire::follow::FollowError;

/// What a handshake frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// 0x14: the sender's last frame.
    Done,
    /// 0x15: the sender gives up; both may begin again.
    Error,
    /// 0x16: more frames follow.
    InProgress,
}

/// Bytes of a frame before its token.
pub(super) const HEAD_LEN: usize = 5;

/// Reads the head of a frame and the size of its token, which is big-endian. Readers ignore the version.
pub(super) fn head(input: &[u8]) -> Result<Option<(FrameKind, u16)>, FollowError> {
    let kind = match input.first() {
        None => return Ok(None),
        Some(0x14) => FrameKind::Done,
        Some(0x15) => FrameKind::Error,
        Some(0x16) => FrameKind::InProgress,
        Some(0x00) => return Err(FollowError::SecondSession),
        Some(other) => return Err(FollowError::Unexpected(*other)),
    };
    Ok(input.get(3..HEAD_LEN).map(|size| (kind, u16::from_be_bytes([size[0], size[1]]))))
}

/// Finds the ends of frames in a stream that is cut anywhere.
#[derive(Debug, Default)]
pub(super) struct FrameReader {
    head: Vec<u8>,
    token: Option<(FrameKind, u16)>,
}

impl FrameReader {
    /// Reads on and says how many bytes it took and which frame ended there. `Ok((all, None))`: the input ends inside one.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<(usize, Option<FrameKind>), FollowError> {
        let mut at = 0;
        loop {
            if let Some((kind, left)) = &mut self.token {
                let here = usize::from(*left).min(bytes.len() - at);
                at += here;
                // `here` is at most `left`.
                *left -= here as u16;
                let kind = *kind;
                if *left != 0 {
                    return Ok((at, None));
                }
                self.token = None;
                return Ok((at, Some(kind)));
            }
            let Some(byte) = bytes.get(at) else {
                return Ok((at, None));
            };
            self.head.push(*byte);
            at += 1;
            self.token = head(&self.head)?;
            if self.token.is_some() {
                self.head.clear();
            }
        }
    }

    /// Whether a frame may begin here.
    pub(super) fn between_frames(&self) -> bool {
        self.head.is_empty() && self.token.is_none()
    }
}

/// What the receiver has answered so far, told by its follower to the initiator's.
///
/// The handshake is strictly one frame each way in turn. A receiver that sends Done reads what comes next as data, also
/// when the initiator never sent a Done of its own (.NET's client sends none when the receiver's token completed it). So
/// the number of the receiver's frames says after which of the initiator's frames its data begin.
#[derive(Debug, Clone, Default)]
pub(super) struct HandshakeAnswers(Arc<AtomicU32>);

const DONE: u32 = 1 << 31;

impl HandshakeAnswers {
    /// The receiver sends a frame of this kind. Called before any byte of the frame can have reached the initiator.
    pub(super) fn answered(&self, kind: FrameKind) {
        // A handshake of two billion frames is none; the count stays below the flag.
        let count = (self.0.load(Ordering::Acquire) & !DONE).saturating_add(1).min(DONE - 1);
        let done = if kind == FrameKind::Done { DONE } else { 0 };
        self.0.store(count | done, Ordering::Release);
    }

    /// How many frames the receiver sent, and whether the last was Done.
    pub(super) fn load(&self) -> (u32, bool) {
        let value = self.0.load(Ordering::Acquire);
        (value & !DONE, value & DONE != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_ends_of_frames_however_they_are_cut() {
        let stream = [0x16, 1, 0, 0, 2, 0xaa, 0xbb, 0x14, 1, 0, 0, 0, 0x0c];
        let mut reader = FrameReader::default();
        assert_eq!(reader.read(&stream), Ok((7, Some(FrameKind::InProgress))));
        assert_eq!(reader.read(&stream[7..]), Ok((5, Some(FrameKind::Done))));
        assert!(reader.between_frames());
        assert_eq!(reader.read(&stream[12..]), Err(FollowError::Unexpected(0x0c)));

        let mut reader = FrameReader::default();
        let mut ends = Vec::new();
        for (i, byte) in stream[..12].iter().enumerate() {
            if let (1, Some(kind)) = reader.read(&[*byte]).unwrap() {
                ends.push((i + 1, kind));
            }
        }
        assert_eq!(ends, [(7, FrameKind::InProgress), (12, FrameKind::Done)]);
    }

    #[test]
    fn counts_answers_and_remembers_done() {
        let answers = HandshakeAnswers::default();
        assert_eq!(answers.load(), (0, false));
        answers.clone().answered(FrameKind::InProgress);
        answers.answered(FrameKind::Done);
        assert_eq!(answers.load(), (2, true));
    }
}
