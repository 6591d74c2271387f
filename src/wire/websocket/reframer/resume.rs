//! A direction that was read as bytes for a while, and is then handed to another reader of its frames.

use super::{FrameHead, MaskKeys, Reframer, Role, apply_mask, rotate_mask};

impl Reframer {
    /// What another reader of the leg's frames has to be given before what still comes from it: `payload`, which came out of this one and was not used,
    /// as a frame, and the start of whatever frame this one is in. `keys` where the leg's frames are masked; nothing for a leg of bytes.
    pub fn resume(&self, payload: &[u8], keys: &mut MaskKeys) -> Vec<u8> {
        let Some(from) = self.from else { return payload.to_vec() };
        let mut out = Vec::new();
        // Behind the head of a message that is not ended there must be its beginning.
        if !payload.is_empty() || self.input.left > 0 || !self.input.fin {
            // What is yet to come is masked with the key as it stands now, so that the payload before it is masked with the same one turned back.
            let key = match self.input.left {
                0 => keys.next_key(),
                _ => rotate_mask(self.input.key, (4 - payload.len() % 4) % 4),
            };
            let head = FrameHead {
                fin: self.input.fin,
                opcode: self.input.kind,
                mask: (from.role == Role::Server).then_some(key),
                len: self.input.left + payload.len() as u64,
            };
            out.resize(head.encoded_len(), 0);
            head.encode(&mut out);
            let start = out.len();
            out.extend_from_slice(payload);
            apply_mask(&mut out[start..], head.mask.unwrap_or_default());
        }
        out.extend_from_slice(&self.held);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Event, HEADROOM, OpCode, Pause};
    use super::*;
    use crate::wire::websocket::{Close, FrameDialect};

    const DIALECT: FrameDialect = FrameDialect::wcf_server(8 << 10);

    fn frame(fin: bool, opcode: OpCode, key: [u8; 4], payload: &[u8]) -> Vec<u8> {
        let head = FrameHead { fin, opcode, mask: Some(key), len: payload.len() as u64 };
        let mut out = vec![0; head.encoded_len()];
        head.encode(&mut out);
        let start = out.len();
        out.extend_from_slice(payload);
        apply_mask(&mut out[start..], key);
        out
    }

    fn read(reframer: &mut Reframer, bytes: &[u8]) -> (Vec<u8>, Option<Event>) {
        let mut buf = vec![0; HEADROOM];
        buf.extend_from_slice(bytes);
        let step = reframer.reframe(&mut buf, HEADROOM..HEADROOM + bytes.len(), Pause::No);
        assert!(step.rest.is_empty());
        (buf[step.output].to_vec(), step.event)
    }

    #[test]
    fn another_reader_goes_on_wherever_the_first_one_stopped() {
        let mut sent = frame(true, OpCode::Binary, [0; 4], b"prefix and message");
        sent.extend(frame(false, OpCode::Text, [1, 2, 3, 4], b"in three "));
        sent.extend(frame(true, OpCode::Ping, [5; 4], b"still there?"));
        sent.extend(frame(false, OpCode::Continuation, [9, 8, 7, 6], b"parts, "));
        sent.extend(frame(true, OpCode::Continuation, [0, 0, 0, 1], b"the end"));
        let all = b"prefix and messagein three parts, the end";
        for cut in 0..sent.len() {
            let mut first = Reframer::new(Some(DIALECT), None, MaskKeys::new(1));
            let (had, event) = read(&mut first, &sent[..cut]);
            assert_eq!(event, None);
            for used in 0..=had.len() {
                let mut early = first.resume(&had[used..], &mut MaskKeys::new(2));
                early.extend_from_slice(&sent[cut..]);
                let mut second = Reframer::new(Some(DIALECT), None, MaskKeys::new(3));
                let (rest, event) = read(&mut second, &early);
                assert_eq!((&rest[..], event), (&all[used..], None), "cut at {cut}, {used} used");
            }
        }
    }

    #[test]
    fn nothing_is_made_up_between_two_messages_and_for_bytes() {
        let mut between = Reframer::new(Some(DIALECT), None, MaskKeys::new(1));
        read(&mut between, &frame(true, OpCode::Binary, [1; 4], b"all of it"));
        assert!(between.resume(b"", &mut MaskKeys::new(2)).is_empty());
        let bytes = Reframer::new(None, None, MaskKeys::new(1));
        assert_eq!(bytes.resume(b"left", &mut MaskKeys::new(2)), b"left");
    }

    #[test]
    fn the_first_byte_to_a_sender_stands_alone_and_the_rest_does_not() {
        let to = FrameDialect::wcf_server(4).with_first_byte_alone();
        let mut reframer = Reframer::new(None, Some(to), MaskKeys::new(1));
        let mut sent = Vec::new();
        for read in [&b"\x0bfirst"[..], b"more"] {
            let mut buf = vec![0; HEADROOM];
            buf.extend_from_slice(read);
            let mut input = HEADROOM..buf.len();
            while !input.is_empty() {
                let step = reframer.reframe(&mut buf, input, Pause::No);
                sent.extend_from_slice(&buf[step.output]);
                input = step.rest;
            }
        }
        assert_eq!(sent, b"\x82\x01\x0b\x82\x03fir\x82\x02st\x82\x04more");
        // Frames that could go out as one as well.
        let mut reframer = Reframer::new(Some(DIALECT), Some(to), MaskKeys::new(1));
        let mut frames = frame(true, OpCode::Binary, [1; 4], b"\x0b");
        frames.extend(frame(true, OpCode::Binary, [2; 4], b"a"));
        frames.extend(frame(true, OpCode::Binary, [3; 4], b"b"));
        assert_eq!(read(&mut reframer, &frames).0, b"\x82\x01\x0b\x82\x02ab");
        assert_eq!(read(&mut reframer, &frame(true, OpCode::Close, [0; 4], &Close::NORMAL.encode())).0, b"");
    }
}
