//! The pair of links: wanted, accepted, refused, detached. Relay page 2.2 and 2.5.

use std::time::Instant;

use super::endpoint::{Held, Phase, Stage};
use super::pair::{Half, HalfState, Side};
use super::request::{address, stem};
use super::session::HANDLE_MAX;
use super::{GoneReason, LinkError, LinkEvent, ListenRequest, ListenerLink, PeerError, Violation};
use crate::wire::amqp::types::performatives::{Attach, Detach};

impl ListenerLink {
    pub(super) fn handle_attach(&mut self, attach: Attach, now: Instant) -> Result<(), Violation> {
        let side = Side::of(&attach);
        let handle = attach.handle.0;
        if handle > HANDLE_MAX {
            return Err(Violation::HandleTooLarge(handle));
        }
        if self.half(side).is_some() {
            return Err(Violation::SurplusLink);
        }
        if self.half(side.other()).as_ref().is_some_and(|other| other.handle == handle) {
            return Err(Violation::HandleInUse(handle));
        }
        let is_second = self.half(side.other()).is_some();
        if let Some(names) = self.names.as_ref().filter(|_| is_second) {
            if names.link != stem(&attach.name) {
                return Err(Violation::PairDiffers("name"));
            }
            if Some(&*names.address) != address(&attach) {
                return Err(Violation::PairDiffers("address"));
            }
        }
        match self.stage {
            Stage::Absent => self.handle_first_attach(attach, side),
            Stage::Wanted | Stage::Accepted | Stage::Online | Stage::Leaving => {
                *self.half(side) = Some(Half::new(attach));
            }
        }
        match self.stage {
            Stage::Accepted => self.answer_attaches(),
            // The first link has got its refusal, and this one gets the same.
            Stage::Leaving => self.refuse_attaches(),
            Stage::Wanted => self.send_refusal_if_due(now),
            Stage::Absent | Stage::Online => {}
        }
        Ok(())
    }

    /// All that is to be decided upon is in the first attach, and the listener may wait for its answer before it sends the second.
    fn handle_first_attach(&mut self, attach: Attach, side: Side) {
        let names = self.names.get_or_insert_default();
        names.link = stem(&attach.name).to_owned();
        names.address = address(&attach).unwrap_or_default().to_owned();
        let (container_id, hostname) = (std::mem::take(&mut names.container_id), names.hostname.take());
        let request = ListenRequest::read(&attach, container_id, hostname);
        *self.half(side) = Some(Half::new(attach));
        self.stage = Stage::Wanted;
        if self.refusal.is_some() {
            return;
        }
        match request {
            Ok(request) => self.say(LinkEvent::Wanted(Box::new(request))),
            Err(bad) => self.say(LinkEvent::Malformed(bad)),
        }
    }

    /// Answers each attach that waits, the listener's first one first.
    pub(super) fn answer_attaches(&mut self) {
        for side in [Side::Out, Side::In] {
            let Some(attach) = self.half(side).as_mut().and_then(Half::accept) else { continue };
            self.output.attach(attach);
            if side == Side::Out {
                self.grant_credit();
            }
        }
        let attached =
            |half: &Option<Half>| half.as_ref().is_some_and(|half| matches!(half.state, HalfState::Attached));
        if self.stage == Stage::Accepted && attached(&self.in_half) && attached(&self.out_half) {
            self.stage = Stage::Online;
            self.deadline = None;
            self.names = None;
            self.say(LinkEvent::Online);
        }
    }

    /// Gets rid of the listener: at once when it is attached, after a while when it only wants to be.
    pub(super) fn dismiss(&mut self, error: Option<LinkError>, now: Instant) {
        if self.refusal.is_some() {
            return;
        }
        match (self.phase, self.stage) {
            (Phase::Closing | Phase::Done, _) | (_, Stage::Leaving) => {}
            (Phase::Running, Stage::Accepted | Stage::Online) => {
                self.detach_attached(error.as_ref());
                self.gone(GoneReason::SentAway(error.clone()));
                // Should its second attach come still, it is answered alike.
                self.refusal = Some(Box::new(Held { error, until: now, sent: true }));
                self.leave(now);
            }
            _ => {
                let until = now.checked_add(self.terms.refusal).unwrap_or(now);
                self.refusal = Some(Box::new(Held { error, until, sent: false }));
                self.send_refusal_if_due(now);
            }
        }
    }

    pub(super) fn send_refusal_if_due(&mut self, now: Instant) {
        if self.refusal.as_ref().is_some_and(|held| !held.sent && held.until <= now) {
            self.send_refusal(now);
        }
    }

    /// The refusal has been held back long enough. Before there is anything to refuse it waits on.
    pub(super) fn send_refusal(&mut self, now: Instant) {
        let Some(held) = &mut self.refusal else { return };
        let error = held.error.clone();
        let said = match &error {
            Some(error) => GoneReason::Refused(error.clone()),
            None => GoneReason::SentAway(None),
        };
        match (self.phase, self.stage) {
            (Phase::HeldOpen, _) => {
                held.sent = true;
                self.gone(said);
                self.refuse_open(error, now);
            }
            (Phase::Running, Stage::Wanted | Stage::Accepted) => {
                held.sent = true;
                self.gone(said);
                self.detach_attached(error.as_ref());
                self.leave(now);
                self.refuse_attaches();
            }
            _ => {}
        }
    }

    fn refuse_attaches(&mut self) {
        let error = self.refusal.as_ref().and_then(|held| held.error.as_ref()).map(LinkError::to_amqp);
        for side in [Side::Out, Side::In] {
            let refused = self.half(side).as_mut().and_then(|half| half.refuse(error.clone()));
            if let Some((attach, detach)) = refused {
                self.output.attach(attach);
                self.output.detach(detach);
            }
        }
    }

    /// Both links, `:in` first: on it the listener looks for the reason.
    fn detach_attached(&mut self, error: Option<&LinkError>) {
        for side in [Side::In, Side::Out] {
            let Some(half) = self.half(side) else { continue };
            if matches!(half.state, HalfState::Attached) {
                half.state = HalfState::DetachSent;
                let detach = half.detach(error.map(LinkError::to_amqp));
                self.output.detach(detach);
            }
        }
    }

    pub(super) fn handle_detach(&mut self, detach: Detach, now: Instant) -> Result<(), Violation> {
        let side = self.side_of(detach.handle.0)?;
        let closed = detach.closed;
        let half = self.half(side).as_mut().ok_or(Violation::UnattachedHandle(detach.handle.0))?;
        let answer = half.detach(None);
        match half.refuse(None) {
            // It changed its mind before we had made up ours.
            Some((attach, detach)) => {
                half.state = HalfState::Detached;
                self.output.attach(attach);
                self.output.detach(detach);
            }
            None => {
                let answered = matches!(half.state, HalfState::DetachSent);
                half.state = HalfState::Detached;
                if !answered {
                    self.output.detach(Detach { closed, ..answer });
                }
            }
        }
        self.gone(GoneReason::Detached(detach.error.map(PeerError::from)));
        self.leave(now);
        Ok(())
    }

    /// The link that has this handle at present.
    pub(super) fn side_of(&mut self, handle: u32) -> Result<Side, Violation> {
        let has = |half: &Option<Half>| {
            half.as_ref()
                .is_some_and(|half| half.handle == handle && !matches!(half.state, HalfState::Detached))
        };
        match () {
            () if has(&self.in_half) => Ok(Side::In),
            () if has(&self.out_half) => Ok(Side::Out),
            () => Err(Violation::UnattachedHandle(handle)),
        }
    }
}
