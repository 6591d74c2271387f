//! The invitations that one listener was handed and that are not settled yet.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Instant;

use super::deadlines::Deadlines;
use super::{GatewayId, MeetingId};

/// How many ended attempts are remembered. An invitation that comes a second time, or after its own cancellation,
/// is known by them; links between gateways keep their order, so it can only be a recent one.
const REMEMBERED: usize = 512;

/// One invitation of one meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Attempt {
    pub(super) meeting: MeetingId,
    pub(super) number: u32,
}

/// What is known of an invitation that the listener was handed.
#[derive(Debug)]
pub(super) struct Handed {
    /// The sender's gateway.
    pub(super) reply_to: GatewayId,
    /// The name of an exchange or of a one-way message on this control channel; a stream has none.
    pub(super) request_id: Option<String>,
    /// Of a one-way message: what is known of it.
    pub(super) message: Option<Message>,
    /// When the sender will have given up.
    pub(super) until: Option<Instant>,
}

/// What is known of a one-way message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    pub(super) bytes: usize,
    /// The listener was not handed any of it so far.
    pub(super) waits: bool,
}

#[derive(Debug, Default)]
pub(super) struct Outstanding {
    handed: HashMap<Attempt, Handed>,
    /// The exchanges of `handed` by their request id, which a listener's `response` names.
    requests: HashMap<String, Attempt>,
    deadlines: Deadlines<Attempt>,
    /// The last attempts that ended, and the request ids they had, oldest first.
    ended: VecDeque<(Attempt, Option<String>)>,
    /// The attempts of `ended`, for look-up.
    ended_attempts: HashSet<Attempt>,
    /// Counts the request ids that had to be made unique.
    serial: u64,
    /// Of the one-way messages of `handed`.
    message_bytes: usize,
}

impl Outstanding {
    pub(super) fn len(&self) -> usize {
        self.handed.len()
    }

    /// How many bytes of one-way messages are among them.
    pub(super) fn message_bytes(&self) -> usize {
        self.message_bytes
    }

    /// How many of them are answered on the control channel: exchanges and one-way messages.
    pub(super) fn answerable(&self) -> usize {
        self.requests.len()
    }

    /// Whether any attempt ever ended here.
    pub(super) fn has_history(&self) -> bool {
        !self.ended.is_empty()
    }

    /// Whether the attempt is outstanding, or was not long ago.
    pub(super) fn knows(&self, attempt: Attempt) -> bool {
        self.handed.contains_key(&attempt) || self.ended_attempts.contains(&attempt)
    }

    /// A request id like `tracking_id` that no exchange of this listener has or had not long ago. Senders choose
    /// tracking ids, so two requests may bring the same one, and neither must get the other's response.
    pub(super) fn free_request_id(&mut self, tracking_id: &str) -> String {
        let mut id = tracking_id.to_owned();
        while self.requests.contains_key(&id)
            || self.ended.iter().any(|(_, ended)| ended.as_ref() == Some(&id))
        {
            self.serial += 1;
            // SDKs take the first 36 characters for the tracking id, so the rest may be anything.
            id = format!("{tracking_id}_{}", self.serial);
        }
        id
    }

    pub(super) fn insert(&mut self, attempt: Attempt, handed: Handed) {
        self.deadlines.add(handed.until, attempt);
        self.message_bytes += handed.message.map_or(0, |message| message.bytes);
        self.requests.extend(handed.request_id.clone().map(|id| (id, attempt)));
        self.handed.insert(attempt, handed);
    }

    /// The attempt ended, if it was ever begun; it is not begun any more.
    pub(super) fn end(&mut self, attempt: Attempt) -> Option<Handed> {
        let handed = self.handed.remove(&attempt);
        if let Some(handed) = &handed {
            self.deadlines.remove(handed.until, attempt);
            if let Some(id) = &handed.request_id {
                self.requests.remove(id);
            }
            self.message_bytes -= handed.message.map_or(0, |message| message.bytes);
        }
        if self.ended_attempts.insert(attempt) {
            // No other message will have the name of a one-way message.
            let exchange = handed.as_ref().filter(|handed| handed.message.is_none());
            let request_id = exchange.and_then(|handed| handed.request_id.clone());
            self.ended.push_back((attempt, request_id));
            if self.ended.len() > REMEMBERED {
                self.ended.pop_front().inspect(|(oldest, _)| _ = self.ended_attempts.remove(oldest));
            }
        }
        handed
    }

    /// Ends the exchange of that name.
    pub(super) fn end_request(&mut self, request_id: &str) -> Option<(Attempt, Handed)> {
        let attempt = *self.requests.get(request_id)?;
        self.end(attempt).map(|handed| (attempt, handed))
    }

    /// The listener is being handed the one-way message of that name.
    pub(super) fn begin_message(&mut self, request_id: &str) {
        let attempt = self.requests.get(request_id);
        if let Some(handed) = attempt.and_then(|attempt| self.handed.get_mut(attempt))
            && let Some(message) = &mut handed.message
        {
            message.waits = false;
        }
    }

    /// Ends those whose senders will have given up.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Handed> {
        let mut expired = Vec::new();
        while let Some(attempt) = self.deadlines.take_due(now) {
            expired.extend(self.end(attempt));
        }
        expired
    }

    /// Ends all, in the order of their meetings.
    pub(super) fn end_all(&mut self) -> Vec<(Attempt, Handed)> {
        let mut attempts: Vec<Attempt> = self.handed.keys().copied().collect();
        attempts.sort_unstable();
        attempts.into_iter().filter_map(|attempt| Some((attempt, self.end(attempt)?))).collect()
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.next()
    }
}
