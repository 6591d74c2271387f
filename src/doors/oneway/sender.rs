//! A sender: asks whether it may send, then sends (3.2). Each message is looked up and authorised anew, so that a key that was changed, a
//! token that ended and a relay that is gone count at once.

use std::sync::Arc;

use secrecy::SecretString;

use super::{
    fault::{fault, fault_of_message},
    session::Session,
};
use crate::{
    doors::admit::{self, Target, hold_back},
    entity::{RelayKind, ServiceAddress, WcfType},
    gateway::{
        core::{Core, Peer},
        live::{Entry, LiveConnection},
        post::Post,
    },
    relay::{Invitation, OneWayMessage, Refusal, RendezvousId, Shape, Spread, What},
    wire::{
        hybrid::TrackingId,
        relayed::{ConnectRequest, MessageError, OnewayMessage, OnewayPing, connect_reply, send_reply},
    },
};

/// A sender whose Connect was answered.
pub(super) struct Sender {
    address: ServiceAddress,
    /// The last that it showed.
    token: Option<SecretString>,
    /// Shown at the admin door, and counted, as long as the session lives.
    shown: Entry<LiveConnection>,
}

/// What became of a message.
pub(super) struct Answer {
    id: TrackingId,
    message_id: Option<String>,
    outcome: Result<(), Refusal>,
}

impl Session {
    pub(super) async fn handle_connect(&mut self, request: ConnectRequest) {
        let relates_to = request.message_id.clone();
        if self.listener.is_some() {
            return self.misplaced("a listener cannot send", relates_to.as_deref());
        }
        let id = self.core.tracking_id(request.tracking_id.as_deref());
        // Free its place first: a sender that asks again is one sender.
        self.sender = None;
        match self.connect(request, &id) {
            Ok(sender) => {
                tracing::debug!(tracking_id = %id, peer = %self.peer.address, relay = %sender.shown.relay, "one-way sender");
                self.core.metrics.sender_connections.success.inc();
                self.sender = Some(sender);
                self.replies.reply(|ids| connect_reply(relates_to.as_deref(), ids));
            }
            Err(refusal) => {
                tracing::info!(tracking_id = %id, peer = %self.peer.address, %refusal, "one-way sender refused");
                self.core.metrics.sender_connections.client_error.inc();
                hold_back(&self.core, &refusal, self.peer.address.ip()).await;
                self.replies.fault(fault(&refusal), &refusal.to_string(), &id, relates_to.as_deref());
            }
        }
    }

    fn connect(&self, request: ConnectRequest, id: &TrackingId) -> Result<Sender, Refusal> {
        let address = ServiceAddress::parse(&request.uri)?;
        let token = request.token.map(|token| token.text);
        let (target, authorized) = admit::wcf_sender(&self.core, &self.peer, &address, token.as_ref())?;
        spread(&target)?;
        let candidates = self.core.registrations.candidates(&target.key);
        if !candidates.iter().any(|candidate| candidate.shapes.has(Shape::OneWay)) {
            return Err(if candidates.is_empty() { Refusal::NoListener } else { Refusal::WrongShape });
        }
        let counted = target.count(&self.core)?;
        let shown = self.core.live.connection(&self.peer, &target, id, authorized, counted);
        Ok(Sender { address, token, shown })
    }

    /// A sign of life. A token in it takes the place of the one before; whether it is good shows with the next message, because an
    /// answer to a ping reaches no program. One before anything else is somebody who looks whether the port is open (1.2).
    pub(super) fn handle_ping(&mut self, ping: OnewayPing) {
        let Some(token) = ping.token.map(|token| token.text) else { return };
        if let Some(sender) = &mut self.sender {
            sender.token = Some(token);
        } else if let Some(listener) = &mut self.listener {
            listener.handle_token(&self.core, &token);
        }
    }

    pub(super) async fn handle_send(&mut self, message: OnewayMessage) {
        let id = self.core.tracking_id(None);
        let most = self.core.settings.load().limits.oneway_message;
        if message.message.len() > most {
            let error = MessageError::TooLarge { max: most };
            tracing::info!(tracking_id = %id, peer = %self.peer.address, %error, "message refused");
            self.core.metrics.oneway_messages.client_error.inc();
            let relates_to = message.message_id.as_deref();
            return self.replies.fault(error.fault(), &error.to_string(), &id, relates_to);
        }
        let Some(sender) = &self.sender else {
            return self
                .misplaced("no Connect was accepted on this connection", message.message_id.as_deref());
        };
        let message_id = message.message_id;
        match self.post(sender, message.message, &id) {
            Ok(post) => {
                self.postings.spawn(async move { Answer { id, message_id, outcome: post.outcome().await } });
            }
            Err(refusal) => {
                hold_back(&self.core, &refusal, self.peer.address.ip()).await;
                self.answer(Answer { id, message_id, outcome: Err(refusal) });
            }
        }
    }

    fn post(&self, sender: &Sender, message: Vec<u8>, id: &TrackingId) -> Result<Post, Refusal> {
        let (target, _) = admit::wcf_sender(&self.core, &self.peer, &sender.address, sender.token.as_ref())?;
        let spread = spread(&target)?;
        Ok(begin(&self.core, &self.peer, target, spread, message, id, &sender.shown))
    }

    /// Tells the sender what became of a message.
    pub(super) fn answer(&mut self, answer: Answer) {
        let Answer { id, message_id, outcome } = answer;
        let relates_to = message_id.as_deref();
        let counters = &self.core.metrics.oneway_messages;
        match outcome {
            Ok(()) => {
                tracing::debug!(tracking_id = %id, peer = %self.peer.address, "message delivered");
                counters.success.inc();
                self.replies.reply(|ids| send_reply(relates_to, ids));
            }
            Err(refusal) => {
                tracing::info!(tracking_id = %id, peer = %self.peer.address, %refusal, "message not delivered");
                counters.server_error.inc();
                self.replies.fault(fault_of_message(&refusal), &refusal.to_string(), &id, relates_to);
            }
        }
    }
}

/// Puts a message on its way, and counts it.
pub(super) fn begin(
    core: &Arc<Core>,
    peer: &Peer,
    target: Target,
    spread: Spread,
    message: Vec<u8>,
    id: &TrackingId,
    shown: &LiveConnection,
) -> Post {
    let bytes = message.len() as u64;
    let invitation = Invitation {
        id: id.to_string(),
        rendezvous: RendezvousId::new(0),
        dial: None,
        path: target.path.raw().to_owned(),
        query: None,
        remote: Some(peer.address),
        headers: Vec::new(),
        what: What::OneWay(OneWayMessage(message.into())),
    };
    shown.counters.a_to_b.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
    core.metrics.bytes_to_listener.inc_by(bytes);
    Post::begin(core, target.key, spread, invitation)
}

/// To how many listeners the messages of a relay go.
pub(super) fn spread(target: &Target) -> Result<Spread, Refusal> {
    match target.relay.kind {
        RelayKind::Wcf(WcfType::NetOneway) => Ok(Spread::One),
        RelayKind::Wcf(WcfType::NetEvent) => Ok(Spread::All),
        RelayKind::Wcf(WcfType::NetTcp | WcfType::Http) | RelayKind::Hybrid => Err(Refusal::WrongShape),
    }
}
