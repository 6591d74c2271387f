//! The performatives of SASL. [AMQP 5.3.3]

use std::fmt;

use super::DecodeError;
use super::types::sasl::{SaslChallenge, SaslInit, SaslMechanisms, SaslOutcome, SaslResponse};

/// A step of the SASL exchange. Its `Debug` shows no content: it may be a password.
#[derive(Clone)]
pub enum SaslFrame {
    /// Server: what may be chosen from.
    Mechanisms(SaslMechanisms),
    /// Client: what was chosen.
    Init(SaslInit),
    /// Server: a question.
    Challenge(SaslChallenge),
    /// Client: the answer to it.
    Response(SaslResponse),
    /// Server: how it ended.
    Outcome(SaslOutcome),
}

impl SaslFrame {
    /// Reads a body that [`shape`](super::shape) has measured.
    pub(super) fn read(body: &[u8]) -> Result<Self, DecodeError> {
        fn to<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
            serde_amqp::from_slice(body).map_err(|error| DecodeError::Unreadable(error.to_string()))
        }
        match code(body) {
            Some(0x40) => to(body).map(Self::Mechanisms),
            Some(0x41) => to(body).map(Self::Init),
            Some(0x42) => to(body).map(Self::Challenge),
            Some(0x43) => to(body).map(Self::Response),
            Some(0x44) => to(body).map(Self::Outcome),
            _ => Err(DecodeError::UnknownSaslPerformative),
        }
    }

    /// The encoded performative.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let bytes = match self {
            Self::Mechanisms(body) => mechanisms(body).map_or_else(|| serde_amqp::to_vec(body), Ok),
            Self::Init(body) => serde_amqp::to_vec(body),
            Self::Challenge(body) => serde_amqp::to_vec(body),
            Self::Response(body) => serde_amqp::to_vec(body),
            Self::Outcome(body) => serde_amqp::to_vec(body),
        };
        bytes.expect("symbols and bytes always serialise, and the list of mechanisms is not empty")
    }

    /// The word by which the standard calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mechanisms(_) => "sasl-mechanisms",
            Self::Init(_) => "sasl-init",
            Self::Challenge(_) => "sasl-challenge",
            Self::Response(_) => "sasl-response",
            Self::Outcome(_) => "sasl-outcome",
        }
    }
}

impl fmt::Debug for SaslFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The encoded list of mechanisms in the short form, each with its length in one byte: so it is in every recording, and the
/// serialiser would take four.
fn mechanisms(body: &SaslMechanisms) -> Option<Vec<u8>> {
    let names = &body.sasl_server_mechanisms;
    let mut symbols = Vec::new();
    for name in names.iter() {
        symbols.push(u8::try_from(name.len()).ok()?);
        symbols.extend(name.as_bytes());
    }
    let count = u8::try_from(names.len()).ok().filter(|count| *count > 0)?;
    let list = u8::try_from(symbols.len() + 5).ok()?;
    Some([&[0, 0x53, 0x40, 0xc0, list, 1, 0xe0, list - 3, count, 0xa3][..], &symbols].concat())
}

/// The number of a descriptor: as such in one or eight bytes, or behind its symbol. [AMQP 1.3]
fn code(body: &[u8]) -> Option<u8> {
    const SYMBOLS: [(u8, &[u8]); 5] = [
        (0x40, b"\x00\xa3\x19amqp:sasl-mechanisms:list"),
        (0x41, b"\x00\xa3\x13amqp:sasl-init:list"),
        (0x42, b"\x00\xa3\x18amqp:sasl-challenge:list"),
        (0x43, b"\x00\xa3\x17amqp:sasl-response:list"),
        (0x44, b"\x00\xa3\x16amqp:sasl-outcome:list"),
    ];
    match body {
        [0, 0x53, code, ..] | [0, 0x80, 0, 0, 0, 0, 0, 0, 0, code, ..] => Some(*code),
        _ => SYMBOLS.iter().find(|(_, symbol)| body.starts_with(symbol)).map(|(code, _)| *code),
    }
}
