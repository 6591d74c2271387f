//! One frame. [AMQP 2.3]

use std::fmt;

use super::{AmqpLimits, DecodeError, Performative, SaslFrame};

/// Bytes of a frame's head.
pub const FRAME_HEAD: usize = 8;

/// The first eight bytes of a frame. [AMQP 2.3.1]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// Bytes of the whole frame, these included.
    pub size: u32,
    /// Where the body begins, in units of four bytes; 2 when there is no extended header.
    pub doff: u8,
    /// What the body is.
    pub frame_type: FrameType,
    /// The session's number on the sender's side. Without meaning in SASL frames.
    pub channel: u16,
}

/// What the body of a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameType {
    /// [AMQP 2.3.2]
    Amqp = 0,
    /// [AMQP 5.3.1]
    Sasl = 1,
}

impl FrameHead {
    /// Reads a head. `Ok(None)`: it is not all there.
    pub fn decode(input: &[u8], limits: &AmqpLimits) -> Result<Option<Self>, DecodeError> {
        let Some([a, b, c, d]) = input.first_chunk().copied() else { return Ok(None) };
        let size = u32::from_be_bytes([a, b, c, d]);
        if size > limits.frame {
            return Err(DecodeError::FrameTooLarge { size, max: limits.frame });
        }
        if (size as usize) < FRAME_HEAD {
            return Err(DecodeError::FrameTooSmall { size });
        }
        let Some([_, _, _, _, doff, frame_type, high, low]) = input.first_chunk::<FRAME_HEAD>().copied()
        else {
            return Ok(None);
        };
        if doff < 2 || u32::from(doff) * 4 > size {
            return Err(DecodeError::BadDataOffset(doff));
        }
        let frame_type = match frame_type {
            0 => FrameType::Amqp,
            1 => FrameType::Sasl,
            other => return Err(DecodeError::UnknownFrameType(other)),
        };
        Ok(Some(Self { size, doff, frame_type, channel: u16::from_be_bytes([high, low]) }))
    }

    /// As it goes on the wire.
    pub fn to_bytes(self) -> [u8; FRAME_HEAD] {
        let [a, b, c, d] = self.size.to_be_bytes();
        let [high, low] = self.channel.to_be_bytes();
        [a, b, c, d, self.doff, self.frame_type as u8, high, low]
    }
}

/// A frame of AMQP or SASL. Its `Debug` shows no content: attaches and flows carry tokens.
#[derive(Debug)]
pub struct Frame<'a> {
    /// The session's number on the sender's side; 0 in SASL frames.
    pub channel: u16,
    /// What it says.
    pub body: Body<'a>,
}

/// What a frame says.
pub enum Body<'a> {
    /// Nothing: a sign of life. [AMQP 2.4.5]
    Empty,
    /// A performative, and the payload of a transfer.
    Performative(Box<Performative>, &'a [u8]),
    /// A step of the SASL exchange.
    Sasl(SaslFrame),
}

/// The word by which the standard calls a performative.
pub fn performative_name(performative: &Performative) -> &'static str {
    match performative {
        Performative::Open(_) => "open",
        Performative::Begin(_) => "begin",
        Performative::Attach(_) => "attach",
        Performative::Flow(_) => "flow",
        Performative::Transfer(_) => "transfer",
        Performative::Disposition(_) => "disposition",
        Performative::Detach(_) => "detach",
        Performative::End(_) => "end",
        Performative::Close(_) => "close",
    }
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Performative(performative, payload) => {
                write!(f, "{} with {} bytes", performative_name(performative), payload.len())
            }
            Self::Sasl(sasl) => fmt::Debug::fmt(sasl, f),
        }
    }
}
