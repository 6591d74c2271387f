//! Reads the first bytes of a tunnelled stream out of a server's frames, and gives the rest back as frames.
//!
//! A connector has to see the preamble of a net.tcp session; everything after it belongs to the splice, which reads
//! frames. The border between the two can lie inside a frame.

use bytes::{Buf as _, BytesMut};

use crate::wire::websocket::{FrameError, FrameHead, OpCode, apply_mask};

/// The beginning of a stream that a gateway sends us in frames.
#[derive(Debug, Default)]
pub(crate) struct Peel {
    /// Bytes behind the last whole head that was read: the start of a head or of a control frame.
    raw: BytesMut,
    payload: BytesMut,
    /// Payload bytes of the current frame that have not come yet.
    left: u64,
    /// Whether the current message goes on after the current frame.
    open: bool,
}

/// What else was between the data frames.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    /// Nothing: read more if the payload does not suffice.
    Nothing,
    /// A ping; this frame answers it.
    Pong(Vec<u8>),
    /// The gateway closed its direction: no more payload comes.
    Closed,
}

impl Peel {
    /// Takes in what was read from the connection.
    pub(crate) fn push(&mut self, raw: &[u8]) {
        self.raw.extend_from_slice(raw);
    }

    /// Moves on to the next control frame, or to the end of what was read. Call it until it says `Nothing`.
    pub(crate) fn advance(&mut self, mask_key: [u8; 4]) -> Result<Beside, FrameError> {
        loop {
            let here = self.raw.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
            self.payload.extend_from_slice(&self.raw.split_to(here));
            self.left -= here as u64;
            if self.left > 0 {
                return Ok(Beside::Nothing);
            }
            let Some((head, size)) = FrameHead::decode(&self.raw)? else { return Ok(Beside::Nothing) };
            if head.mask.is_some() {
                return Err(FrameError::Masked);
            }
            match head.opcode {
                OpCode::Continuation if !self.open => return Err(FrameError::NothingToContinue),
                OpCode::Text | OpCode::Binary if self.open => return Err(FrameError::MessageNotEnded),
                OpCode::Continuation | OpCode::Text | OpCode::Binary => {
                    self.raw.advance(size);
                    self.left = head.len;
                    self.open = !head.fin;
                }
                OpCode::Close => return Ok(Beside::Closed),
                OpCode::Ping | OpCode::Pong => {
                    // At most 125 bytes: the head was checked.
                    let end = size + head.len as usize;
                    if self.raw.len() < end {
                        return Ok(Beside::Nothing);
                    }
                    let frame = self.raw.split_to(end);
                    if head.opcode == OpCode::Ping {
                        return Ok(Beside::Pong(client_frame(OpCode::Pong, &frame[size..], mask_key)));
                    }
                }
            }
        }
    }

    /// The bytes of the stream that have come and were not used yet.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// How many bytes it keeps.
    pub(crate) fn len(&self) -> usize {
        self.raw.len() + self.payload.len()
    }

    /// These many of them are used.
    pub(crate) fn consume(&mut self, used: usize) {
        self.payload.advance(used);
    }

    /// What is left, as a peer's frames whose end may still be on its way: the `early` of a leg.
    pub(crate) fn into_early(self) -> BytesMut {
        let rest = self.payload.len() as u64 + self.left;
        let mut early = BytesMut::new();
        if rest > 0 || self.open {
            // Stands for the frames (or the part of one) whose payload is left. An empty one that ends no message
            // opens the message which the next frame continues; the splice drops it.
            let head = FrameHead { fin: !self.open, opcode: OpCode::Binary, mask: None, len: rest };
            early.resize(head.encoded_len(), 0);
            head.encode(&mut early);
        }
        early.extend_from_slice(&self.payload);
        early.extend_from_slice(&self.raw);
        early
    }
}

/// One whole frame as a client sends it.
pub(crate) fn client_frame(opcode: OpCode, payload: &[u8], mask_key: [u8; 4]) -> Vec<u8> {
    let head = FrameHead { fin: true, opcode, mask: Some(mask_key), len: payload.len() as u64 };
    let size = head.encoded_len();
    let mut frame = vec![0; size];
    head.encode(&mut frame);
    frame.extend_from_slice(payload);
    apply_mask(&mut frame[size..], mask_key);
    frame
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(fin: bool, opcode: OpCode, payload: &[u8]) -> Vec<u8> {
        let head = FrameHead { fin, opcode, mask: None, len: payload.len() as u64 };
        let mut bytes = vec![0; head.encoded_len()];
        head.encode(&mut bytes);
        bytes.extend_from_slice(payload);
        bytes
    }

    /// Reads `take` bytes of the stream, then gives the rest back and reads it as frames again.
    fn peel(stream: &[u8], cuts: &[usize], take: usize) -> (Vec<u8>, Vec<u8>, usize) {
        let mut peel = Peel::default();
        let mut pongs = 0;
        let mut at = 0;
        for cut in cuts.iter().copied().chain([stream.len()]) {
            let cut = cut.clamp(at, stream.len());
            peel.push(&stream[at..cut]);
            at = cut;
            while let Beside::Pong(_) = peel.advance([1, 2, 3, 4]).unwrap() {
                pongs += 1;
            }
            if peel.payload().len() >= take {
                break;
            }
        }
        let first = peel.payload()[..take].to_vec();
        peel.consume(take);
        let mut again = Peel::default();
        again.push(&peel.into_early());
        again.push(&stream[at..]);
        while let Beside::Pong(_) = again.advance([0; 4]).unwrap() {
            pongs += 1;
        }
        (first, again.payload().to_vec(), pongs)
    }

    #[test]
    fn the_border_may_lie_inside_a_frame() {
        let stream =
            [frame(true, OpCode::Binary, b"preamble and more"), frame(true, OpCode::Text, b" text")].concat();
        let (first, rest, _) = peel(&stream, &[], 8);
        assert_eq!((&first[..], &rest[..]), (&b"preamble"[..], &b" and more text"[..]));
    }

    #[test]
    fn a_close_is_seen_and_left_for_the_splice() {
        let mut peel = Peel::default();
        peel.push(&frame(true, OpCode::Binary, b"ab"));
        peel.push(&frame(true, OpCode::Close, &[3, 232]));
        assert_eq!(peel.advance([0; 4]), Ok(Beside::Closed));
        assert_eq!(peel.payload(), b"ab");
        peel.consume(2);
        assert_eq!(&peel.into_early()[..], frame(true, OpCode::Close, &[3, 232]));
    }

    #[test]
    fn masked_or_misplaced_frames_are_refused() {
        let refused = |bytes: &[u8]| {
            let mut peel = Peel::default();
            peel.push(bytes);
            peel.advance([0; 4]).unwrap_err()
        };
        assert_eq!(refused(&client_frame(OpCode::Binary, b"x", [1, 2, 3, 4])), FrameError::Masked);
        assert_eq!(refused(&frame(true, OpCode::Continuation, b"x")), FrameError::NothingToContinue);
        let twice = [frame(false, OpCode::Binary, b"x"), frame(true, OpCode::Binary, b"y")].concat();
        assert_eq!(refused(&twice), FrameError::MessageNotEnded);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_however_it_is_cut(
            pieces in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..200), any::<bool>(), any::<bool>()), 1..8),
            cuts in prop::collection::vec(0..2000usize, 0..20),
            take in 0..400usize,
        ) {
            let (mut stream, mut plain, mut pings, mut open) = (Vec::new(), Vec::new(), 0, false);
            for (payload, fin, ping) in pieces {
                let opcode = if open { OpCode::Continuation } else { OpCode::Binary };
                stream.extend(frame(fin, opcode, &payload));
                plain.extend(payload);
                open = !fin;
                if ping {
                    stream.extend(frame(true, OpCode::Ping, b"?"));
                    pings += 1;
                }
            }
            let mut cuts = cuts;
            cuts.sort_unstable();
            let take = take.min(plain.len());
            let (first, rest, pongs) = peel(&stream, &cuts, take);
            prop_assert_eq!(&first[..], &plain[..take]);
            prop_assert_eq!(&rest[..], &plain[take..]);
            prop_assert_eq!(pongs, pings);
        }
    }
}
