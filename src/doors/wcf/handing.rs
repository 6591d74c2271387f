//! What a listener's link is still to be handed, and the one-way messages that it was handed and has not answered (2.4).

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Instant,
};

use super::listen::Registered;
use crate::{
    gateway::{core::Core, switchboard::CHANNEL_INBOX},
    relay::{
        ControlChannel, Invitation, MessageOutcome, What,
        listener_link::{DeliveryId, ListenerLink, Outcome},
    },
};

/// Invitations and messages of one link, in the order in which their senders came.
#[derive(Default)]
pub(super) struct Handing {
    /// With its name in the rules. They bound how many there are, and how many bytes of messages.
    waiting: VecDeque<(Arc<Invitation>, String)>,
    /// The names of one-way messages by their deliveries.
    unsettled: HashMap<DeliveryId, String>,
}

impl Handing {
    /// Whether more may be asked for, also where the rules have no limit.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < CHANNEL_INBOX
    }

    pub(super) fn add(&mut self, invitation: Arc<Invitation>, request_id: String) {
        self.waiting.push_back((invitation, request_id));
    }

    /// Nobody waits for that message any more.
    pub(super) fn recall(&mut self, request_id: &str, link: &mut ListenerLink) {
        self.waiting.retain(|(_, waiting)| waiting != request_id);
        self.unsettled.retain(|delivery, name| {
            let recalled = name == request_id;
            if recalled {
                link.forget(*delivery);
            }
            !recalled
        });
    }

    /// Hands over what comes next, if the link takes it now.
    pub(super) fn hand_over(
        &mut self,
        core: &Core,
        registered: &mut Registered,
        link: &mut ListenerLink,
    ) -> bool {
        if !link.is_ready() {
            return false;
        }
        let Some((invitation, request_id)) = self.waiting.pop_front() else {
            if self.unsettled.is_empty() {
                // Nothing is kept for a link that is idle.
                *self = Self::default();
            }
            return false;
        };
        let now = Instant::now();
        let Registered { listening, invites } = registered;
        let sent = match invites.envelope(core, &listening.target.key.path, &invitation) {
            Ok(envelope) => link
                .send(envelope, now)
                .inspect_err(|error| {
                    tracing::debug!(%error, "an invitation could not be sent");
                })
                .ok(),
            Err(error) => {
                tracing::error!(%error, "an invitation could not be written");
                None
            }
        };
        match sent {
            // An invitation is answered by the listener that dials, not by its disposition.
            Some(_) if !matches!(invitation.what, What::OneWay(_)) => {}
            Some(delivery) => {
                listening.rules.handle_handed(&request_id);
                self.unsettled.insert(delivery, request_id);
            }
            None => _ = listening.rules.handle_outcome(&request_id, MessageOutcome::NotHanded, now),
        }
        true
    }

    /// The listener said what became of a delivery.
    pub(super) fn handle_delivered(
        &mut self,
        delivery: DeliveryId,
        outcome: &Outcome,
        rules: &mut ControlChannel,
    ) {
        let Some(request_id) = self.unsettled.remove(&delivery) else { return };
        let outcome = match outcome {
            Outcome::Accepted => MessageOutcome::Accepted,
            Outcome::Rejected(_) | Outcome::Released | Outcome::Modified => MessageOutcome::NotTaken,
            Outcome::Unstated => MessageOutcome::Unknown,
        };
        // One that comes too late is nobody's.
        let _ = rules.handle_outcome(&request_id, outcome, Instant::now());
    }
}
