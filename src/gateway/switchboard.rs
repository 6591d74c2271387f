//! Who is here: the control channels and the meetings of this process, and how messages between the two gateways' sides
//! find them. In a cluster, messages for another gateway leave here through a codec.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::mpsc;

use crate::relay::{ListenerId, MeetingId, RefuseReason, ToListenerGateway, ToSenderGateway};

/// Messages waiting for one control channel's task; when it is full the sender's gateway is told `Busy`.
pub(crate) const CHANNEL_INBOX: usize = 1024;

/// Messages waiting for one meeting's task; a meeting is told a handful of things in its life, a posting one by each listener.
pub(crate) const MEETING_INBOX: usize = 16;

/// The channels and meetings of this process.
#[derive(Debug, Default)]
pub(crate) struct Switchboard {
    /// Keyed by listener: one entry for each live control channel.
    channels: Mutex<HashMap<ListenerId, mpsc::Sender<ToListenerGateway>>>,
    /// Keyed by meeting: one entry while a sender waits or its exchange runs.
    meetings: Mutex<HashMap<MeetingId, mpsc::Sender<ToSenderGateway>>>,
}

impl Switchboard {
    /// Enters a control channel.
    pub(crate) fn enter_channel(&self, listener: ListenerId) -> mpsc::Receiver<ToListenerGateway> {
        let (inbox, messages) = mpsc::channel(CHANNEL_INBOX);
        lock(&self.channels).insert(listener, inbox);
        messages
    }

    /// A control channel ended.
    pub(crate) fn leave_channel(&self, listener: ListenerId) {
        lock(&self.channels).remove(&listener);
    }

    /// Enters a meeting, or a posting to so many listeners.
    pub(crate) fn enter_meeting(
        &self,
        meeting: MeetingId,
        listeners: usize,
    ) -> mpsc::Receiver<ToSenderGateway> {
        let (inbox, messages) = mpsc::channel(MEETING_INBOX + listeners);
        lock(&self.meetings).insert(meeting, inbox);
        messages
    }

    /// A meeting ended.
    pub(crate) fn leave_meeting(&self, meeting: MeetingId) {
        lock(&self.meetings).remove(&meeting);
    }

    /// Hands a message to a listener's channel; what cannot be handed over is answered at once.
    pub(crate) fn tell_listener(&self, message: ToListenerGateway) -> Result<(), RefuseReason> {
        let listener = message.listener();
        let handed = match lock(&self.channels).get(&listener) {
            Some(inbox) => inbox.try_send(message.clone()).map_err(|_| RefuseReason::Busy),
            None => Err(RefuseReason::UnknownListener),
        };
        if let Err(reason) = handed
            && let Some((_, refused)) = message.refusal(reason)
        {
            self.tell_meeting(refused);
        }
        handed
    }

    /// Hands a message to a meeting; one for a meeting that is over is nobody's business any more.
    pub(crate) fn tell_meeting(&self, message: ToSenderGateway) {
        let meeting = message.meeting();
        if let Some(inbox) = lock(&self.meetings).get(&meeting)
            && inbox.try_send(message).is_err()
        {
            tracing::debug!(%meeting, "a meeting's inbox is full or closed");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
