//! From the first byte to a session: headers, SASL, open, begin. And how it all ends: end, close. Relay page 2.1 and 2.2.

use std::time::{Duration, Instant};

use super::endpoint::{Names, Phase, Stage};
use super::session::Session;
use super::{GoneReason, LinkError, ListenerLink, PeerError, Violation};
use crate::wire::amqp::types::definitions::Error;
use crate::wire::amqp::types::performatives::{Begin, Open};
use crate::wire::amqp::types::sasl::{SaslCode, SaslMechanisms, SaslOutcome};
use crate::wire::amqp::{OrderedMap, Performative, ProtocolHeader, SaslFrame, Symbol, performative_name};

/// The mechanism of the library: none, for the token comes later. Relay page 2.1.
const MECHANISM: &str = "EXTERNAL";
/// The highest number of a session we announce; what the relay of the recordings did. Only one may begin.
const CHANNEL_MAX: u16 = 8_191;
/// MIN-MAX-FRAME-SIZE. [AMQP 2.8.19]
const LEAST_FRAME: u32 = 512;
/// A listener that wants signs of life more often than this is refused.
const LEAST_PEER_IDLE: u32 = 2_000;
/// Where an open says that it is none. Relay page 2.2.
const OPEN_ERROR: &str = "com.microsoft:open-error";

impl ListenerLink {
    pub(super) fn handle_header(&mut self, header: ProtocolHeader) -> Result<(), Violation> {
        match (self.phase, header) {
            (Phase::SaslHeader, ProtocolHeader::SASL) => {
                self.output.header(ProtocolHeader::SASL);
                let sasl_server_mechanisms = vec![Symbol::from(MECHANISM)].into();
                self.output.sasl(&SaslFrame::Mechanisms(SaslMechanisms { sasl_server_mechanisms }));
                self.phase = Phase::SaslInit;
                Ok(())
            }
            (Phase::AmqpHeader, ProtocolHeader::AMQP) => {
                self.output.header(ProtocolHeader::AMQP);
                self.phase = Phase::Open;
                Ok(())
            }
            (Phase::Closing | Phase::Done, _) => Ok(()),
            _ => Err(Violation::WrongHeader(header.id)),
        }
    }

    pub(super) fn handle_sasl(&mut self, sasl: SaslFrame) -> Result<(), Violation> {
        match (self.phase, sasl) {
            (Phase::SaslInit, SaslFrame::Init(init)) if init.mechanism.as_str() == MECHANISM => {
                self.send_outcome(SaslCode::Ok);
                self.phase = Phase::AmqpHeader;
                Ok(())
            }
            (Phase::SaslInit, SaslFrame::Init(_)) => Err(Violation::WrongMechanism),
            (Phase::Closing | Phase::Done, _) => Ok(()),
            (_, other) => Err(self.unexpected(other.name())),
        }
    }

    pub(super) fn handle_performative(
        &mut self,
        channel: u16,
        performative: Performative,
        payload: &[u8],
        now: Instant,
    ) -> Result<(), Violation> {
        match (self.phase, performative) {
            (Phase::Closing | Phase::HeldOpen, Performative::Close(_)) => {
                self.gone(GoneReason::Closed(None));
                self.phase = Phase::Done;
                Ok(())
            }
            (Phase::Closing | Phase::HeldOpen | Phase::Done, _) => Ok(()),
            (Phase::Open, Performative::Open(open)) => self.handle_open(open, now),
            (Phase::Running, performative) => match performative {
                Performative::Begin(begin) => self.handle_begin(&begin, channel),
                Performative::Close(close) => {
                    self.output.close(None);
                    self.phase = Phase::Done;
                    self.gone(GoneReason::Closed(close.error.map(PeerError::from)));
                    Ok(())
                }
                Performative::Open(_) => Err(self.unexpected("open")),
                // The library of 2.7.5 sends a detach even behind its close.
                _ if self.session.is_none() && self.stage == Stage::Leaving => Ok(()),
                _ if self.session.as_ref().is_none_or(|session| session.channel != channel) => {
                    Err(Violation::UnknownChannel(channel))
                }
                Performative::End(end) => {
                    self.output.end(None);
                    self.session = None;
                    self.leave(now);
                    self.gone(GoneReason::Ended(end.error.map(PeerError::from)));
                    Ok(())
                }
                Performative::Attach(attach) => self.handle_attach(attach, now),
                Performative::Detach(detach) => self.handle_detach(detach, now),
                Performative::Flow(flow) => self.handle_flow(flow),
                Performative::Transfer(transfer) => self.handle_transfer(&transfer, payload),
                Performative::Disposition(disposition) => self.handle_disposition(disposition),
            },
            (_, other) => Err(self.unexpected(performative_name(&other))),
        }
    }

    fn handle_open(&mut self, open: Open, now: Instant) -> Result<(), Violation> {
        if open.max_frame_size.0 < LEAST_FRAME {
            return Err(Violation::FrameSizeTooSmall(open.max_frame_size.0));
        }
        if let Some(idle) = open.idle_time_out.filter(|idle| *idle != 0) {
            if idle < LEAST_PEER_IDLE {
                return Err(Violation::IdleTooShort(idle));
            }
            self.empty_every = self.empty_every.min(Duration::from_millis(idle.into()) / 2);
        }
        self.max_frame = self.max_frame.min(open.max_frame_size.0);
        let Open { container_id, hostname, .. } = open;
        self.names = Some(Box::new(Names { container_id, hostname, ..Names::default() }));
        if self.refusal.is_some() {
            self.phase = Phase::HeldOpen;
            self.send_refusal_if_due(now);
        } else {
            self.output.open(self.open(None));
            self.phase = Phase::Running;
        }
        Ok(())
    }

    fn handle_begin(&mut self, begin: &Begin, channel: u16) -> Result<(), Violation> {
        if self.session.is_some() || self.stage != Stage::Absent {
            return Err(Violation::SecondSession);
        }
        if begin.remote_channel.is_some() {
            return Err(self.unexpected("begin that answers"));
        }
        let session = self.session.insert(Session::new(begin, channel));
        self.output.begin(session.begin());
        Ok(())
    }

    /// Refuses the open itself: the reason stands in a property of our own, a close follows. Relay page 2.2.
    pub(super) fn refuse_open(&mut self, error: Option<LinkError>, now: Instant) {
        self.output.open(self.open(error.as_ref()));
        self.phase = Phase::Running;
        self.send_close(error.as_ref().map(LinkError::to_amqp), now);
    }

    /// Sends a close, with all that must come before it, and waits for theirs.
    pub(super) fn send_close(&mut self, error: Option<Error>, now: Instant) {
        match self.phase {
            Phase::Running => self.output.close(error),
            Phase::Open | Phase::HeldOpen => {
                // Nothing may come before an open, a close neither. [AMQP 2.4.1]
                self.output.open(self.open(None));
                self.output.close(error);
            }
            Phase::SaslHeader | Phase::SaslInit | Phase::AmqpHeader => {
                self.phase = Phase::Done;
                return;
            }
            Phase::Closing | Phase::Done => return,
        }
        self.phase = Phase::Closing;
        self.deadline = now.checked_add(self.terms.closing);
    }

    /// Answers an offence in the way of the layer in which it happened.
    pub(super) fn misbehaved(&mut self, violation: Violation, now: Instant) {
        let error = violation.to_amqp();
        match self.phase {
            // What we speak, so that the other may see its mistake. [AMQP 2.2]
            Phase::SaslHeader => self.output.header(ProtocolHeader::SASL),
            Phase::AmqpHeader => self.output.header(ProtocolHeader::AMQP),
            Phase::SaslInit => self.send_outcome(SaslCode::Auth),
            Phase::Open | Phase::HeldOpen | Phase::Running | Phase::Closing | Phase::Done => {}
        }
        self.gone(GoneReason::Misbehaved(violation));
        self.send_close(Some(error), now);
    }

    /// From now on only the farewell is waited for.
    pub(super) fn leave(&mut self, now: Instant) {
        if self.stage != Stage::Leaving {
            self.stage = Stage::Leaving;
            self.names = None;
            self.deadline = now.checked_add(self.terms.closing);
        }
    }

    fn open(&self, error: Option<&LinkError>) -> Open {
        let properties = error.map(|error| {
            let mut properties = OrderedMap::new();
            properties.insert(Symbol::from(OPEN_ERROR), error.to_value());
            properties
        });
        Open {
            container_id: self.terms.container_id.to_string(),
            hostname: None,
            max_frame_size: self.terms.frames.frame.into(),
            channel_max: CHANNEL_MAX.into(),
            idle_time_out: Some(u32::try_from(self.terms.idle.as_millis()).unwrap_or(u32::MAX)),
            outgoing_locales: None,
            incoming_locales: None,
            offered_capabilities: None,
            desired_capabilities: None,
            properties,
        }
    }

    fn send_outcome(&mut self, code: SaslCode) {
        self.output.sasl(&SaslFrame::Outcome(SaslOutcome { code, additional_data: None }));
    }

    fn unexpected(&self, found: &'static str) -> Violation {
        let expected = match self.phase {
            Phase::SaslHeader | Phase::AmqpHeader => "a protocol header",
            Phase::SaslInit => "sasl-init",
            Phase::Open => "open",
            Phase::HeldOpen | Phase::Running | Phase::Closing | Phase::Done => "something of a session",
        };
        Violation::Unexpected { found, expected }
    }
}
