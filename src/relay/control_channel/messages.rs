//! One-way messages at the listener's gateway: each is handed over once, and its sender's gateway learns what became of it.

use std::sync::Arc;
use std::time::Instant;

use super::{ChannelCommand, ControlChannel, UnknownRequest};
use crate::relay::outstanding::{Attempt, Handed, Message};
use crate::relay::{GatewayId, Invitation, RefuseReason, ToSenderGateway, What};

/// What became of a one-way message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageOutcome {
    /// The listener has it: its disposition says accepted. One that gives no dispositions has what was written to it.
    Accepted,
    /// The listener gave it back: its disposition says released, rejected or modified.
    NotTaken,
    /// The listener was handed no byte of it, and will not be.
    NotHanded,
    /// The listener was handed it and forgot it without saying why.
    Unknown,
}

impl ControlChannel {
    /// The first byte of a one-way message goes to the listener. From now on nobody else may get it, unless this one gives
    /// it back.
    pub fn handle_handed(&mut self, request_id: &str) {
        self.outstanding.begin_message(request_id);
    }

    /// What became of a one-way message.
    ///
    /// # Errors
    /// [`UnknownRequest`]: nobody waits for it any more.
    pub fn handle_outcome(
        &mut self,
        request_id: &str,
        outcome: MessageOutcome,
        now: Instant,
    ) -> Result<(), UnknownRequest> {
        let (Attempt { meeting, number: attempt }, handed) =
            self.outstanding.end_request(request_id).ok_or(UnknownRequest)?;
        let refused = |reason| ToSenderGateway::Refused { meeting, attempt, reason };
        let message = match outcome {
            MessageOutcome::Accepted => ToSenderGateway::Accepted { meeting, attempt },
            MessageOutcome::NotTaken => refused(RefuseReason::NotTaken),
            MessageOutcome::NotHanded => refused(RefuseReason::Busy),
            MessageOutcome::Unknown => refused(RefuseReason::ListenerGone),
        };
        self.commands.push_back(ChannelCommand::Tell { gateway: handed.reply_to, message });
        self.close_if_drained(now);
        Ok(())
    }

    /// Whether a message fits beside those that are outstanding. A listener with nothing to do takes any.
    pub(super) fn has_room_for(&self, what: &What) -> bool {
        let outstanding = self.outstanding.message_bytes();
        match what {
            What::OneWay(message) => {
                outstanding == 0 || outstanding.saturating_add(message.0.len()) <= self.terms.message_bytes
            }
            What::Stream | What::Exchange(_) => true,
        }
    }

    pub(super) fn deliver_message(
        &mut self,
        attempt: Attempt,
        reply_to: GatewayId,
        invitation: Arc<Invitation>,
        until: Option<Instant>,
    ) {
        let bytes = match &invitation.what {
            What::OneWay(message) => message.0.len(),
            What::Stream | What::Exchange(_) => 0,
        };
        // No other invitation of any sender is called so.
        let request_id = format!("{}/{}", attempt.meeting, attempt.number);
        let message = Some(Message { bytes, waits: true });
        let handed = Handed { reply_to, request_id: Some(request_id.clone()), message, until };
        self.outstanding.insert(attempt, handed);
        self.commands.push_back(ChannelCommand::Deliver { invitation, request_id });
    }

    /// A one-way message has ended without its outcome.
    pub(super) fn recall(&mut self, handed: Handed) {
        if let Handed { request_id: Some(request_id), message: Some(_), .. } = handed {
            self.commands.push_back(ChannelCommand::Recall { request_id });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::entity::{Limits, Timeouts, UnixTime};
    use crate::relay::testing::{gateway, message, registration};
    use crate::relay::{ChannelTerms, ListenerId, MeetingId, ToListenerGateway};

    const UNIX: UnixTime = UnixTime(1_000_000);

    fn channel(now: Instant) -> ControlChannel {
        let limits = Limits { oneway_outstanding: 100, ..Limits::default() };
        let terms = ChannelTerms::new(&limits, &Timeouts::default());
        ControlChannel::new(registration(1), None, terms, now, UNIX)
    }

    fn invite(meeting: u128, bytes: usize) -> ToListenerGateway {
        ToListenerGateway::Invite {
            meeting: MeetingId::new(meeting),
            attempt: 1,
            listener: ListenerId::new(1),
            reply_to: gateway("g0"),
            invitation: Arc::new(message(bytes)),
            within: Some(Duration::from_secs(10)),
        }
    }

    fn commands(channel: &mut ControlChannel) -> Vec<ChannelCommand> {
        std::iter::from_fn(|| channel.next_command()).collect()
    }

    fn name(command: &ChannelCommand) -> String {
        let ChannelCommand::Deliver { request_id, .. } = command else { panic!("{command:?}") };
        request_id.clone()
    }

    fn told(message: ToSenderGateway) -> ChannelCommand {
        ChannelCommand::Tell { gateway: gateway("g0"), message }
    }

    fn refused(meeting: u128, reason: RefuseReason) -> ChannelCommand {
        told(ToSenderGateway::Refused { meeting: MeetingId::new(meeting), attempt: 1, reason })
    }

    #[test]
    fn a_message_is_handed_over_once_and_its_outcome_told_once() {
        let now = Instant::now();
        let mut channel = channel(now);
        channel.handle_message(invite(7, 10), now);
        channel.handle_message(invite(7, 10), now);
        let deliver = commands(&mut channel);
        assert_eq!(deliver.len(), 1, "{deliver:?}");
        let name = name(&deliver[0]);
        channel.handle_handed(&name);
        channel.handle_outcome(&name, MessageOutcome::Accepted, now).unwrap();
        let accepted = ToSenderGateway::Accepted { meeting: MeetingId::new(7), attempt: 1 };
        assert_eq!(commands(&mut channel), [told(accepted)]);
        assert_eq!(channel.handle_outcome(&name, MessageOutcome::Accepted, now), Err(UnknownRequest));
        channel.handle_message(invite(7, 10), now);
        assert_eq!(commands(&mut channel), []);
    }

    #[test]
    fn a_message_that_is_given_back_or_was_never_handed_may_go_to_another_listener() {
        let now = Instant::now();
        let mut channel = channel(now);
        for (meeting, outcome, reason) in [
            (1, MessageOutcome::NotTaken, RefuseReason::NotTaken),
            (2, MessageOutcome::NotHanded, RefuseReason::Busy),
        ] {
            channel.handle_message(invite(meeting, 10), now);
            let name = name(&commands(&mut channel)[0]);
            channel.handle_outcome(&name, outcome, now).unwrap();
            assert_eq!(commands(&mut channel), [refused(meeting, reason)]);
        }
    }

    #[test]
    fn a_lost_link_tells_what_was_handed_from_what_was_not() {
        let now = Instant::now();
        let mut channel = channel(now);
        channel.handle_message(invite(1, 10), now);
        let handed = name(&commands(&mut channel)[0]);
        channel.handle_handed(&handed);
        channel.handle_message(invite(2, 10), now);
        commands(&mut channel);
        channel.handle_closed(now);
        let told: Vec<_> = commands(&mut channel)
            .into_iter()
            .filter(|command| matches!(command, ChannelCommand::Tell { .. }))
            .collect();
        assert_eq!(told, [refused(1, RefuseReason::ListenerGone), refused(2, RefuseReason::UnknownListener)]);
    }

    #[test]
    fn overflow_is_told_for_each_message_and_ends_with_the_first_outcome() {
        let now = Instant::now();
        let mut channel = channel(now);
        channel.handle_message(invite(1, 1_000), now);
        let first = name(&commands(&mut channel)[0]);
        for meeting in [2, 3] {
            channel.handle_message(invite(meeting, 1), now);
            assert_eq!(commands(&mut channel), [refused(meeting, RefuseReason::Busy)]);
        }
        channel.handle_outcome(&first, MessageOutcome::Accepted, now).unwrap();
        commands(&mut channel);
        for meeting in [4, 5] {
            channel.handle_message(invite(meeting, 50), now);
            name(&commands(&mut channel)[0]);
        }
        channel.handle_message(invite(6, 1), now);
        assert_eq!(commands(&mut channel), [refused(6, RefuseReason::Busy)]);
    }

    #[test]
    fn what_nobody_waits_for_any_more_is_recalled() {
        let now = Instant::now();
        let mut channel = channel(now);
        channel.handle_message(invite(1, 1), now);
        channel.handle_message(invite(2, 1), now);
        let names: Vec<String> = commands(&mut channel).iter().map(name).collect();
        let (meeting, listener) = (MeetingId::new(1), ListenerId::new(1));
        channel.handle_message(ToListenerGateway::Cancel { meeting, attempt: 1, listener }, now);
        assert_eq!(commands(&mut channel), [ChannelCommand::Recall { request_id: names[0].clone() }]);
        let due = channel.poll_timeout().unwrap();
        assert_eq!(due, now + Duration::from_secs(10));
        channel.handle_timeout(due, UNIX);
        assert_eq!(commands(&mut channel), [ChannelCommand::Recall { request_id: names[1].clone() }]);
        assert_eq!(channel.outstanding(), 0);
    }

    #[test]
    fn a_drain_waits_for_the_outcomes_of_messages() {
        let now = Instant::now();
        let mut channel = channel(now);
        channel.handle_message(invite(1, 1), now);
        let name = name(&commands(&mut channel)[0]);
        channel.handle_drain(now);
        assert_eq!(commands(&mut channel), [ChannelCommand::Withdraw]);
        channel.handle_outcome(&name, MessageOutcome::Accepted, now).unwrap();
        let closing = commands(&mut channel);
        assert!(
            matches!(closing[..], [ChannelCommand::Tell { .. }, ChannelCommand::Close(_)]),
            "{closing:?}"
        );
    }
}
