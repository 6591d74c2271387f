//! Drives one posting: carries out what its rules decide, and tells them what happened.

use std::{sync::Arc, time::Instant};

use tokio::sync::mpsc;

use super::{
    clock::{random_u64, random_u128},
    core::Core,
    meet::sleep_until,
};
use crate::{
    entity::RelayKey,
    relay::{Invitation, MeetingId, Posting, PostingCommand, PostingTerms, Refusal, Spread, ToSenderGateway},
};

/// A one-way message on its way. Dropped before it ends, its sender counts as gone, and what was not handed over is taken back.
pub(crate) struct Post {
    core: Arc<Core>,
    relay: RelayKey,
    id: MeetingId,
    posting: Posting,
    inbox: mpsc::Receiver<ToSenderGateway>,
    outcome: Option<Result<(), Refusal>>,
}

impl Post {
    /// Asks the first listener, or all of them, before it returns: messages of one sender keep their order.
    pub(crate) fn begin(core: &Arc<Core>, relay: RelayKey, spread: Spread, invitation: Invitation) -> Self {
        let candidates = core.registrations.candidates(&relay);
        let id = MeetingId::new(random_u128());
        let inbox = core.switchboard.enter_meeting(id, candidates.len());
        let terms = PostingTerms {
            id,
            gateway: core.id.clone(),
            invitation: Arc::new(invitation),
            spread,
            wait: core.settings.load().timeouts.oneway,
        };
        let posting = Posting::new(terms, candidates, random_u64(), Instant::now());
        let mut post = Self { core: Arc::clone(core), relay, id, posting, inbox, outcome: None };
        post.carry_out();
        post
    }

    /// Waits until a listener has the message, or none will.
    pub(crate) async fn outcome(mut self) -> Result<(), Refusal> {
        loop {
            if let Some(outcome) = self.outcome.take() {
                return outcome;
            }
            let deadline = self.posting.poll_timeout();
            tokio::select! {
                Some(message) = self.inbox.recv() => {
                    if matches!(message, ToSenderGateway::Refused { .. }) {
                        self.posting.handle_candidates(self.core.registrations.candidates(&self.relay));
                    }
                    self.posting.handle_message(message, Instant::now());
                }
                () = sleep_until(deadline) => self.posting.handle_timeout(Instant::now()),
            }
            self.carry_out();
        }
    }

    fn carry_out(&mut self) {
        while let Some(command) = self.posting.next_command() {
            match command {
                PostingCommand::Tell { gateway, message } => self.core.tell(&gateway, message),
                PostingCommand::Acknowledge => self.outcome = Some(Ok(())),
                PostingCommand::Refuse(refusal) => self.outcome = Some(Err(refusal)),
            }
        }
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.posting.handle_sender_gone();
        self.carry_out();
        self.core.switchboard.leave_meeting(self.id);
    }
}
