//! The envelopes of a session, out of the pieces in which they come ([MC-NMF] 2.2.4.1).

use bytes::{Buf, BytesMut};

use crate::wire::framing::{DecodeError, EndOfStream, InitiatorDecoder, Mode, Piece, Policy, Record};

/// What a peer sends after its preamble.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    /// A whole envelope, its string table in front.
    Envelope(Vec<u8>),
    /// It sends no more.
    End,
}

/// Reads envelopes. The policy says how large one may be; room is made as its bytes come.
#[derive(Debug)]
pub(super) struct Envelopes {
    decoder: InitiatorDecoder,
    envelope: Vec<u8>,
}

impl Envelopes {
    pub(super) fn new(policy: Policy) -> Self {
        Self { decoder: InitiatorDecoder::behind_preamble(Mode::Duplex, policy), envelope: Vec::new() }
    }

    /// Takes what comes next out of `input`; `None`: more bytes are needed.
    ///
    /// # Errors
    /// [`DecodeError`]; nothing can be read after it.
    pub(super) fn next(&mut self, input: &mut BytesMut) -> Result<Option<Incoming>, DecodeError> {
        while let Some((piece, used)) = self.decoder.next(input)? {
            let incoming = match piece {
                Piece::Payload { bytes, last } => {
                    self.envelope.extend_from_slice(bytes);
                    last.then(|| Incoming::Envelope(std::mem::take(&mut self.envelope)))
                }
                Piece::Record(Record::End) => Some(Incoming::End),
                // The head of an envelope; in this mode nothing else comes.
                Piece::Record(_) | Piece::Chunk(_) | Piece::Terminator | Piece::Opaque(_) => None,
            };
            input.advance(used);
            if incoming.is_some() {
                return Ok(incoming);
            }
        }
        Ok(None)
    }

    /// The bytes ended, and `rest` was not used.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEof`] where they may not end.
    pub(super) fn eof(&self, rest: &[u8]) -> Result<EndOfStream, DecodeError> {
        self.decoder.eof(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::framing::FramingLimits;

    fn policy() -> Policy {
        Policy { limits: FramingLimits { envelope: 4, ..FramingLimits::default() }, ..Policy::default() }
    }

    #[test]
    fn envelopes_are_put_together_however_they_come() {
        for piece in 1..=9 {
            let (mut envelopes, mut input, mut found) =
                (Envelopes::new(policy()), BytesMut::new(), Vec::new());
            for bytes in [0x06, 0x03, b'a', b'b', b'c', 0x06, 0x01, b'd', 0x07].chunks(piece) {
                input.extend_from_slice(bytes);
                while let Some(incoming) = envelopes.next(&mut input).unwrap() {
                    found.push(incoming);
                }
            }
            let envelope = |text: &str| Incoming::Envelope(text.into());
            assert_eq!(found, [envelope("abc"), envelope("d"), Incoming::End]);
        }
    }

    #[test]
    fn an_envelope_above_the_limit_is_refused_before_it_is_read() {
        let mut input = BytesMut::from(&[0x06, 0x05][..]);
        let refused = Envelopes::new(policy()).next(&mut input);
        assert_eq!(refused, Err(DecodeError::EnvelopeTooLarge { size: 5, max: 4 }));
    }

    #[test]
    fn bytes_may_end_behind_an_envelope_alone() {
        let mut envelopes = Envelopes::new(policy());
        let mut input = BytesMut::from(&[0x06, 0x01, b'a', 0x06][..]);
        envelopes.next(&mut input).unwrap();
        assert_eq!(envelopes.eof(&[]), Ok(EndOfStream::Tolerated));
        envelopes.next(&mut input).unwrap();
        assert!(envelopes.eof(&input).is_err());
    }
}
