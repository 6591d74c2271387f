//! From bytes to headers and frames.

use super::frame::{Body, FRAME_HEAD, Frame, FrameHead, FrameType};
use super::header::ProtocolHeader;
use super::sasl::SaslFrame;
use super::{AmqpLimits, DecodeError, Performative, shape};

/// What a stream of AMQP is made of.
#[derive(Debug)]
pub enum Item<'a> {
    /// A protocol header.
    Header(ProtocolHeader),
    /// A frame.
    Frame(Frame<'a>),
}

/// Reads one header or frame from the start of `input`, and says how many bytes it took. `Ok(None)`: read more and call
/// again with all of it; `input` never has to be longer than [`AmqpLimits::frame`].
///
/// No state is kept: a header's first four bytes are no size that a frame may have.
pub fn decode<'a>(input: &'a [u8], limits: &AmqpLimits) -> Result<Option<(Item<'a>, usize)>, DecodeError> {
    let prefix = &input[..input.len().min(ProtocolHeader::MAGIC.len())];
    if ProtocolHeader::MAGIC.starts_with(prefix) {
        let header = ProtocolHeader::decode(input)?;
        return Ok(header.map(|header| (Item::Header(header), ProtocolHeader::LEN)));
    }
    let Some(head) = FrameHead::decode(input, limits)? else { return Ok(None) };
    let Some((frame, _)) = input.split_at_checked(head.size as usize) else { return Ok(None) };
    // An extended header is for nobody to read yet. [AMQP 2.3.1]
    let body = &frame[usize::from(head.doff) * 4..];
    let body = match head.frame_type {
        FrameType::Amqp => performative(body, limits)?,
        FrameType::Sasl => Body::Sasl(sasl(body, limits)?),
    };
    Ok(Some((Item::Frame(Frame { channel: head.channel, body }), frame.len())))
}

fn performative<'a>(body: &'a [u8], limits: &AmqpLimits) -> Result<Body<'a>, DecodeError> {
    if body.is_empty() {
        return Ok(Body::Empty);
    }
    let (encoded, payload) = body.split_at(shape::described_len(body, limits)?);
    let performative: Performative =
        serde_amqp::from_slice(encoded).map_err(|error| DecodeError::Unreadable(error.to_string()))?;
    if !payload.is_empty() && !matches!(performative, Performative::Transfer(_)) {
        return Err(DecodeError::UnexpectedPayload(payload.len()));
    }
    Ok(Body::Performative(Box::new(performative), payload))
}

fn sasl(body: &[u8], limits: &AmqpLimits) -> Result<SaslFrame, DecodeError> {
    // [AMQP 5.3.1]: the size of a SASL frame is limited to the smallest max-frame-size.
    let size = body.len() + FRAME_HEAD;
    if size > SASL_FRAME {
        return Err(DecodeError::FrameTooLarge { size: size as u32, max: SASL_FRAME as u32 });
    }
    match shape::described_len(body, limits)? {
        len if len == body.len() => SaslFrame::read(body),
        len => Err(DecodeError::UnexpectedPayload(body.len() - len)),
    }
}

/// MIN-MAX-FRAME-SIZE. [AMQP 2.8.19]
const SASL_FRAME: usize = 512;
