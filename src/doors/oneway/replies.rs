//! What the gateway says in a session: answers, faults, envelopes for old listeners and the end (3.2, 8.4).

use crate::{
    gateway::clock::unix_now,
    io::Sending,
    wire::{
        binxml::{Ids, OutgoingTable, WriteError},
        framing::{FaultUri, Record, encode},
        hybrid::TrackingId,
        relayed::{FaultReason, RelayFault},
    },
};

/// The gateway's side of a session. Its messages have no strings in common: each stands for itself (3.1).
#[derive(Debug, Default)]
pub(super) struct Replies {
    pub(super) sending: Sending,
}

impl Replies {
    /// Queues a message that is written for a session.
    pub(super) fn reply(&mut self, write: impl FnOnce(Ids<'_>) -> Result<Vec<u8>, WriteError>) {
        let mut table = OutgoingTable::new(0);
        match write(Ids::Session(&mut table)) {
            Ok(message) => self.envelope(&[&message]),
            Err(error) => tracing::error!(%error, "a reply could not be written"),
        }
    }

    /// Queues a fault.
    pub(super) fn fault(&mut self, fault: RelayFault, text: &str, id: &TrackingId, relates_to: Option<&str>) {
        let reason = FaultReason { text, tracking_id: id.as_str(), unix_seconds: unix_now().0 };
        self.reply(|ids| fault.encode(&reason, relates_to, ids));
    }

    /// Queues a document without a session for a listener: its string table is empty.
    pub(super) fn document(&mut self, document: &[u8]) {
        self.envelope(&[&[0], document]);
    }

    /// Queues the end of our side.
    pub(super) fn end(&mut self) {
        let mut record = Vec::new();
        encode::record(&Record::End, &mut record);
        self.sending.push(&record);
    }

    /// Queues a fault of the framing.
    pub(super) fn framing_fault(&mut self, fault: FaultUri) {
        let mut record = Vec::new();
        encode::fault(fault, &mut record);
        self.sending.push(&record);
    }

    fn envelope(&mut self, parts: &[&[u8]]) {
        let size = parts.iter().map(|part| part.len()).sum::<usize>();
        let mut head = Vec::new();
        // A message of ours has at most a few bytes more than a sender's, far below 2^31.
        encode::record(&Record::SizedEnvelope { size: size as u32 }, &mut head);
        self.sending.push(&head);
        for part in parts {
            self.sending.push(part);
        }
    }
}
