//! The preamble of a session as its receiver reads it: a type for each step, [MC-NMF] 3.1.
//!
//! Each step has one method that reads the record it waits for and gives the next step, so an illegal order does not
//! compile:
//!
//! ```compile_fail,E0308
//! use viaduct::wire::framing::{AwaitVersion, Next, Policy};
//! // The mode comes after the version: a step that waits for the version never gives one that waits for the Via.
//! let Next::Step { step, .. } = AwaitVersion::new().next(&[0, 1, 0], &Policy::default()).unwrap() else { return };
//! let _: viaduct::wire::framing::AwaitVia = step;
//! ```
//!
//! ```
//! use viaduct::wire::framing::{AwaitVersion, Next, Policy};
//! let Next::Step { step, .. } = AwaitVersion::new().next(&[0, 1, 0], &Policy::default()).unwrap() else { return };
//! let _: viaduct::wire::framing::AwaitMode = step;
//! ```

use super::decode;
use super::encode;
use super::error::DecodeError;
use super::policy::Policy;
use super::record::{Encoding, Mode, Record, RecordType, Upgrade, Version};
use super::via::Via;

/// The answer of a step: the same step again until its record is complete, then the next one.
#[derive(Debug)]
pub enum Next<S, T> {
    /// The input ends inside the record: read more and call this step again with the longer input.
    More(S),
    /// The record was complete.
    Step {
        /// The next step.
        step: T,
        /// Bytes of the record.
        used: usize,
    },
}

/// What a preamble says before any upgrade: enough to find the service and to tell it the same.
#[derive(Debug, Clone)]
pub struct Preamble {
    /// Version of the framing.
    pub version: Version,
    /// What the session carries.
    pub mode: Mode,
    /// Where it goes.
    pub via: Via,
    /// How its envelopes are written.
    pub encoding: Encoding,
}

impl Preamble {
    /// Appends the records Version to Encoding with `uri` as the Via: what a gateway or a connector sends on.
    pub fn encode(&self, uri: &str, out: &mut Vec<u8>) {
        encode::record(&Record::Version(self.version), out);
        encode::record(&Record::Mode(self.mode), out);
        encode::via(uri, out);
        encode::encoding(&self.encoding, out);
    }
}

/// Who protects the bytes of a session after the preamble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protection {
    /// Nobody: framing records in clear.
    Clear,
    /// A security layer that was asked for inside the preamble; the rest of the preamble travels inside it.
    Upgraded(Upgrade),
}

/// A session whose preamble was read as far as anybody but its two ends can read it.
#[derive(Debug, Clone)]
pub struct Session {
    /// What its preamble says.
    pub preamble: Preamble,
    /// What follows it.
    pub protection: Protection,
}

impl Session {
    /// Appends the whole preamble with `uri` as the Via: up to its end, or up to the Upgrade Request.
    pub fn encode(&self, uri: &str, out: &mut Vec<u8>) {
        self.preamble.encode(uri, out);
        match (self.protection, self.preamble.mode) {
            (Protection::Upgraded(upgrade), _) => {
                encode::record(&Record::UpgradeRequest(upgrade.name()), out)
            }
            (Protection::Clear, Mode::Singleton | Mode::Duplex) => encode::record(&Record::PreambleEnd, out),
            (Protection::Clear, Mode::Simplex | Mode::SingletonSized) => {}
        }
    }
}

/// Waits for the Version Record, the first of a session.
#[derive(Debug)]
pub struct AwaitVersion(());

/// Waits for the Mode Record.
#[derive(Debug)]
pub struct AwaitMode {
    version: Version,
}

/// Waits for the Via Record.
#[derive(Debug)]
pub struct AwaitVia {
    version: Version,
    mode: Mode,
}

/// Waits for an encoding record.
#[derive(Debug)]
pub struct AwaitEncoding {
    version: Version,
    mode: Mode,
    via: Via,
}

/// What follows the encoding record.
#[derive(Debug)]
pub enum Opened {
    /// The preamble goes on with an upgrade or its end. Here a receiver decides whether it serves the Via at all, before
    /// it reads on (framing page 3.1, note a).
    AwaitEnd(AwaitEnd),
    /// Simplex and singleton sized: no upgrade, no end of the preamble and no answer.
    OneWay(Session),
}

/// Waits for an Upgrade Request or the Preamble End.
#[derive(Debug)]
pub struct AwaitEnd {
    preamble: Preamble,
}

impl AwaitVersion {
    /// A session begins.
    #[expect(clippy::new_without_default, reason = "a session is begun on purpose")]
    pub fn new() -> Self {
        Self(())
    }

    /// [MC-NMF] 2.2.3.1.
    ///
    /// # Errors
    /// [`DecodeError`]
    pub fn next(self, input: &[u8], policy: &Policy) -> Result<Next<Self, AwaitMode>, DecodeError> {
        Ok(match decode::record(input, &[RecordType::Version], &policy.limits)? {
            Some((Record::Version(version), used)) => Next::Step { step: AwaitMode { version }, used },
            _ => Next::More(self),
        })
    }
}

impl AwaitMode {
    /// [MC-NMF] 2.2.3.2.
    ///
    /// # Errors
    /// [`DecodeError`]
    pub fn next(self, input: &[u8], policy: &Policy) -> Result<Next<Self, AwaitVia>, DecodeError> {
        Ok(match decode::record(input, &[RecordType::Mode], &policy.limits)? {
            Some((Record::Mode(mode), used)) => {
                policy.check_mode(mode)?;
                Next::Step { step: AwaitVia { version: self.version, mode }, used }
            }
            _ => Next::More(self),
        })
    }
}

impl AwaitVia {
    /// [MC-NMF] 2.2.3.3.
    ///
    /// # Errors
    /// [`DecodeError`]
    pub fn next(self, input: &[u8], policy: &Policy) -> Result<Next<Self, AwaitEncoding>, DecodeError> {
        Ok(match decode::record(input, &[RecordType::Via], &policy.limits)? {
            Some((Record::Via(text), used)) => {
                let via = Via::parse(text.expose(), &policy.limits)?;
                Next::Step { step: AwaitEncoding { version: self.version, mode: self.mode, via }, used }
            }
            _ => Next::More(self),
        })
    }
}

impl AwaitEncoding {
    /// [MC-NMF] 2.2.3.4.
    ///
    /// # Errors
    /// [`DecodeError`]
    pub fn next(self, input: &[u8], policy: &Policy) -> Result<Next<Self, Opened>, DecodeError> {
        const EXPECTED: &[RecordType] = &[RecordType::KnownEncoding, RecordType::ExtensibleEncoding];
        let (encoding, used) = match decode::record(input, EXPECTED, &policy.limits)? {
            Some((Record::KnownEncoding(known), used)) => (Encoding::Known(known), used),
            Some((Record::ExtensibleEncoding(text), used)) => (Encoding::Extensible(text.to_owned()), used),
            _ => return Ok(Next::More(self)),
        };
        policy.check_encoding(&encoding)?;
        let preamble = Preamble { version: self.version, mode: self.mode, via: self.via, encoding };
        let step = match preamble.mode {
            Mode::Singleton | Mode::Duplex => Opened::AwaitEnd(AwaitEnd { preamble }),
            Mode::Simplex | Mode::SingletonSized => {
                Opened::OneWay(Session { preamble, protection: Protection::Clear })
            }
        };
        Ok(Next::Step { step, used })
    }
}

impl AwaitEnd {
    /// What the preamble said so far.
    pub fn preamble(&self) -> &Preamble {
        &self.preamble
    }

    /// [MC-NMF] 2.2.3.5 and 2.2.3.7. After an Upgrade Request nobody but the two ends can read the rest of the preamble, so
    /// it is the last step here too.
    ///
    /// # Errors
    /// [`DecodeError`]
    pub fn next(self, input: &[u8], policy: &Policy) -> Result<Next<Self, Session>, DecodeError> {
        const EXPECTED: &[RecordType] = &[RecordType::UpgradeRequest, RecordType::PreambleEnd];
        let (protection, used) = match decode::record(input, EXPECTED, &policy.limits)? {
            Some((Record::UpgradeRequest(name), used)) => (Protection::Upgraded(policy.upgrade(name)?), used),
            Some((Record::PreambleEnd, used)) => (Protection::Clear, used),
            _ => return Ok(Next::More(self)),
        };
        Ok(Next::Step { step: Session { preamble: self.preamble, protection }, used })
    }
}
