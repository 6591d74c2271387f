//! A plain WebSocket peer, written apart from the code under test: it knows whole frames in memory and nothing else.

/// A frame as the test sees it: unmasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) fin: bool,
    pub(crate) opcode: u8,
    pub(crate) payload: Vec<u8>,
}

pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

impl Frame {
    pub(crate) fn new(fin: bool, opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self { fin, opcode, payload: payload.into() }
    }

    pub(crate) fn close(code: u16, reason: &str) -> Self {
        let mut payload = code.to_be_bytes().to_vec();
        payload.extend_from_slice(reason.as_bytes());
        Self::new(true, CLOSE, payload)
    }

    /// The frame on the wire, RFC 6455 5.2, masked with `key` where there is one.
    pub(crate) fn encode(&self, key: Option<[u8; 4]>) -> Vec<u8> {
        let mut out = vec![self.opcode | if self.fin { 0x80 } else { 0 }];
        let mask = if key.is_some() { 0x80 } else { 0 };
        match self.payload.len() {
            len @ 0..=125 => out.push(mask | len as u8),
            len @ 126..=0xffff => {
                out.push(mask | 126);
                out.extend((len as u16).to_be_bytes());
            }
            len => {
                out.push(mask | 127);
                out.extend((len as u64).to_be_bytes());
            }
        }
        let key = key.inspect(|key| out.extend(key)).unwrap_or_default();
        out.extend(self.payload.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]));
        out
    }

    /// The frame at the start of `bytes` and its length on the wire, if it is there whole.
    pub(crate) fn decode(bytes: &[u8], masked: bool) -> Option<(Self, usize)> {
        let first = *bytes.first()?;
        let second = *bytes.get(1)?;
        assert_eq!(first & 0x70, 0, "reserved bits");
        assert_eq!(second & 0x80 != 0, masked, "mask bit");
        let (len, mut at) = match second & 0x7f {
            126 => (u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().unwrap())), 4),
            127 => (u64::from_be_bytes(bytes.get(2..10)?.try_into().unwrap()), 10),
            len => (u64::from(len), 2),
        };
        assert!(
            !(second & 0x7f == 126 && len < 126 || second & 0x7f == 127 && len < 65536),
            "length is not minimal"
        );
        let mut key = [0; 4];
        if masked {
            key = bytes.get(at..at + 4)?.try_into().unwrap();
            at += 4;
        }
        let end = at + len as usize;
        let payload = bytes.get(at..end)?.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]).collect();
        Some((Self { fin: first & 0x80 != 0, opcode: first & 0x0f, payload }, end))
    }

    pub(crate) fn decode_all(mut bytes: &[u8], masked: bool) -> Vec<Self> {
        let mut frames = Vec::new();
        while let Some((frame, len)) = Self::decode(bytes, masked) {
            frames.push(frame);
            bytes = &bytes[len..];
        }
        assert!(bytes.is_empty(), "ends inside a frame: {bytes:02x?}");
        frames
    }
}

/// What the data frames among `frames` say: kind and payload of each message, the last perhaps unfinished.
pub(crate) fn messages(frames: &[Frame]) -> Vec<(u8, Vec<u8>, bool)> {
    let mut messages: Vec<(u8, Vec<u8>, bool)> = Vec::new();
    for frame in frames.iter().filter(|frame| frame.opcode < CLOSE) {
        let open = messages.last().is_some_and(|(_, _, done)| !done);
        assert_eq!(open, frame.opcode == CONTINUATION, "fragments out of order: {frames:?}");
        if !open {
            messages.push((frame.opcode, Vec::new(), false));
        }
        let message = messages.last_mut().unwrap();
        message.1.extend_from_slice(&frame.payload);
        message.2 = frame.fin;
    }
    messages
}
