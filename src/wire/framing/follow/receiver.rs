//! The receiver's direction: its answer, its envelopes, its End.

use super::data::Data;
use super::handshake::{self, FrameKind, HEAD_LEN, HandshakeAnswers};
use super::tls::Tls;
use super::walk::{Layer, Step, Walk};
use crate::wire::follow::{FollowError, Follower, Passage};
use crate::wire::framing::heads::{Answers, Heads};
use crate::wire::framing::policy::FramingLimits;
use crate::wire::framing::preamble::{Protection, Session};
use crate::wire::framing::record::{Mode, Upgrade};

/// Follows what a receiver answers to one preamble. Its answers (`0A`, `0B`, a fault) pass unchanged.
#[derive(Debug)]
pub struct ReceiverFollower(Walk<ReceiverLayer>);

impl ReceiverFollower {
    pub(super) fn new(session: &Session, limits: &FramingLimits, answers: HandshakeAnswers) -> Self {
        let mode = session.preamble.mode;
        Self(Walk::new(match session.protection {
            Protection::Clear => ReceiverLayer::Clear(Heads::receiver(mode, Answers::Ack, *limits)),
            Protection::Upgraded(upgrade) => ReceiverLayer::Answer {
                heads: Heads::receiver(mode, Answers::Upgrade, *limits),
                upgrade,
                handshake: Handshake { answers, mode, limits: *limits },
            },
        }))
    }

    /// Whether somebody else could put an envelope or a fault here for the receiver: it acknowledged the preamble, and no
    /// record of its is under way, once every byte announced as unseen has come.
    pub fn takes_envelope(&self) -> bool {
        let clear = matches!(self.0.layer(), ReceiverLayer::Clear(heads) if heads.takes_envelope());
        clear && self.0.between_heads()
    }
}

impl Follower for ReceiverFollower {
    fn follow(&mut self, bytes: &[u8]) -> Passage {
        self.0.follow(bytes)
    }

    fn eof(&mut self) -> Result<(), FollowError> {
        self.0.eof()
    }
}

#[derive(Debug)]
enum ReceiverLayer {
    Clear(Heads),
    /// The answer to an Upgrade Request, then what was asked for.
    Answer {
        heads: Heads,
        upgrade: Upgrade,
        handshake: Handshake,
    },
    Tls(Tls),
    Handshake(Handshake),
    Data(Data),
}

#[derive(Debug, Clone)]
struct Handshake {
    answers: HandshakeAnswers,
    mode: Mode,
    limits: FramingLimits,
}

impl Layer for ReceiverLayer {
    fn head(&mut self, input: &[u8]) -> Result<Option<(usize, Step)>, FollowError> {
        match self {
            Self::Clear(heads) => heads.head(input),
            Self::Answer { heads, upgrade, handshake } => {
                let step = heads.head(input)?;
                if heads.upgraded() {
                    *self = match upgrade {
                        Upgrade::Tls => Self::Tls(Tls),
                        Upgrade::Negotiate => Self::Handshake(handshake.clone()),
                    };
                }
                Ok(step)
            }
            Self::Tls(tls) => tls.head(input),
            Self::Handshake(handshake) => {
                let Some((kind, token)) = handshake::head(input)? else {
                    return Ok(None);
                };
                handshake.answers.answered(kind);
                if kind == FrameKind::Done {
                    let clear = Heads::receiver(handshake.mode, Answers::Ack, handshake.limits);
                    *self = Self::Data(Data::new(clear));
                }
                Ok(Some((HEAD_LEN, Step::Payload(u64::from(token)))))
            }
            Self::Data(data) => data.head(input),
        }
    }

    fn eof(&self, partial: &[u8]) -> Result<(), FollowError> {
        match self {
            Self::Clear(heads) | Self::Answer { heads, .. } => Layer::eof(heads, partial),
            Self::Data(data) => data.eof(partial),
            Self::Tls(_) | Self::Handshake(_) if partial.is_empty() => Ok(()),
            Self::Tls(_) | Self::Handshake(_) => Err(FollowError::UnexpectedEnd),
        }
    }
}
